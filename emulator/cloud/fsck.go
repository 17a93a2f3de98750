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

// runFsck proves a folder's results again, from the records to the invoices.
func runFsck(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	var out string
	f := flag.NewFlagSet("fsck", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&out, "out", "", "the `folder` of the results to check")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return &refusal{err}
	}
	if out == "" || f.NArg() > 0 {
		return refuse("want fsck --out DIR")
	}
	if _, err := os.Stat(filepath.Join(out, stateDir, "inputs.json")); err != nil {
		return refuse("%s holds no results of try", out)
	}
	s, err := openStores(filepath.Join(out, stateDir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.docs.Close()) }()
	problems, err := ledger.New(s.docs, s.buckets).Fsck(ctx)
	if err != nil {
		return fmt.Errorf("checking %s: %w", out, err)
	}
	if len(problems) == 0 {
		_, err := fmt.Fprintf(stdout, "%s is clean: every row, charge, bundle and invoice was worked out again and is the same\n", out)
		return err
	}
	for _, p := range problems {
		if _, err := fmt.Fprintf(stdout, "%s\t%s\t%s\n", p.Kind, p.Where, p.Detail); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s is damaged: %d problems", out, len(problems))
}
