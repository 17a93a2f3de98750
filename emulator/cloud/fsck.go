package cloud

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tollbook/tollbook/shared/ledger"
)

func problemLine(p ledger.Problem) string { return p.Kind + "\t" + p.Where + "\t" + p.Detail }

// runFsck proves again what try left in a folder, or everything that an
// installation has, from the records to the invoices.
func runFsck(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var out, data string
	f := flag.NewFlagSet("fsck", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&out, "out", "", "the `folder` of the results of try to check")
	f.StringVar(&data, "data", "", "or the `folder` of the installation to check")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return &refusal{err}
	}
	if (out == "") == (data == "") || f.NArg() > 0 {
		return refuse("want fsck --out DIR, or fsck --data DIR")
	}
	where, check := out, tryProblems
	if data != "" {
		where, check = data, upProblems
	}
	problems, err := check(ctx, where)
	if err != nil {
		return fmt.Errorf("checking %s: %w", where, err)
	}
	if len(problems) == 0 {
		_, err := fmt.Fprintf(stdout, "%s is clean: every row, charge, bundle and invoice was worked out again and is the same\n", where)
		return err
	}
	for _, p := range problems {
		if _, err := fmt.Fprintln(stdout, p); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s is damaged: %d problems", where, len(problems))
}

func tryProblems(ctx context.Context, out string) (problems []string, err error) {
	if _, err := os.Stat(filepath.Join(out, stateDir, "inputs.json")); err != nil {
		return nil, refuse("%s holds no results of try", out)
	}
	s, err := openStores(filepath.Join(out, stateDir))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.docs.Close()) }()
	found, err := ledger.New(s.docs, s.buckets).Fsck(ctx)
	for _, p := range found {
		problems = append(problems, problemLine(p))
	}
	return problems, err
}
