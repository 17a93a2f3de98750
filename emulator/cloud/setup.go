package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/tollbook/tollbook/emulator/local"
	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/catalog"
)

// runImport loads a setup text into an installation, whether it is up or not.
func runImport(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	data, files, err := parseSetupArgs("import", args, stderr)
	if err != nil || len(files) == 0 {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errors.Join(err, refuse("want import [--data DIR] FILE"))
	}
	f, err := os.Open(files[0])
	if err != nil {
		return &refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	setup, err := catalog.ReadSetup(files[0], f)
	if err != nil {
		return refuse("%s: %w", files[0], err)
	}
	var text bytes.Buffer
	if _, err := setup.WriteTo(&text); err != nil {
		return err
	}
	_, err = ask(ctx, data, http.MethodPost, "/setup", &text)
	if errors.Is(err, errNotUp) {
		err = withStores(data, func(s functions.Stores) error {
			if err := s.Catalog().Import(ctx, setup); err != nil {
				return err
			}
			return makeFolders(ctx, data, s.Catalog())
		})
	}
	if errors.Is(err, catalog.ErrRefused) {
		err = &refusal{err}
	}
	if err != nil {
		return fmt.Errorf("importing %s: %w", files[0], err)
	}
	_, err = fmt.Fprintf(stdout, "imported %s\n", setup.Counts())
	return err
}

// runExport writes an installation's setup as text.
func runExport(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	data, files, err := parseSetupArgs("export", args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := ask(ctx, data, http.MethodGet, "/setup", nil)
	if errors.Is(err, errNotUp) {
		err = withInstallation(data, func(s functions.Stores) error {
			setup, err := s.Catalog().Export(ctx)
			if err != nil {
				return err
			}
			var out bytes.Buffer
			_, err = setup.WriteTo(&out)
			text = out.Bytes()
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("exporting the setup: %w", err)
	}
	write := func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
	if len(files) == 1 {
		return writeFile(files[0], write)
	}
	return write(stdout)
}

func parseSetupArgs(name string, args []string, stderr io.Writer) (data string, files []string, err error) {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&data, "data", defaultData, "the `folder` of the installation")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return "", nil, err
		}
		return "", nil, &refusal{err}
	}
	if f.NArg() > 1 {
		return "", nil, refuse("unexpected %q: want %s [--data DIR] FILE", f.Arg(1), name)
	}
	return data, f.Args(), nil
}

// withStores opens the embedded stores of an installation that is not up.
func withStores(data string, do func(functions.Stores) error) (err error) {
	manifest, err := functions.LoadManifest()
	if err != nil {
		return err
	}
	s, err := functions.OpenFolders(data, manifest)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Docs.Close()) }()
	return do(s)
}

// withInstallation opens an installation that is there.
func withInstallation(data string, do func(functions.Stores) error) error {
	if _, err := os.Stat(filepath.Join(data, "documents.db")); err != nil {
		return refuse("%s holds no installation", data)
	}
	return withStores(data, do)
}

// upProblems asks an installation, up or not, for what a check of everything
// finds.
func upProblems(ctx context.Context, data string) (problems []string, err error) {
	answer, err := ask(ctx, data, http.MethodPost, "/fsck", nil)
	if errors.Is(err, errNotUp) {
		err = withInstallation(data, func(s functions.Stores) error {
			found, err := s.Catalog().Fsck(ctx)
			for _, p := range found {
				problems = append(problems, problemLine(p))
			}
			return err
		})
		return problems, err
	}
	if err != nil {
		return nil, err
	}
	var checked local.Checked
	if err := json.Unmarshal(answer, &checked); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	for _, p := range checked.Problems {
		problems = append(problems, problemLine(p))
	}
	return problems, nil
}
