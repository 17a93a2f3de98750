package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/jobs"
)

func exportSetup(ctx context.Context, a *admin, args []string) error {
	setup, err := a.deps.Catalog().Export(ctx)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error {
		_, err := setup.WriteTo(w)
		return err
	}
	if len(args) == 0 {
		return write(a.out)
	}
	return create(args[0], write)
}

func importSetup(ctx context.Context, a *admin, args []string) error {
	return read(args[0], func(r io.Reader) error {
		setup, err := catalog.ReadSetup(args[0], r)
		if err == nil {
			err = a.deps.Catalog().Import(ctx, setup)
		}
		if err != nil {
			return refuseIf(err, catalog.ErrRefused)
		}
		if _, err := a.deps.Jobs().Ask(ctx, jobs.Compile, "", "", time.Now()); err != nil {
			return fmt.Errorf("asking for the cards to be built: %w", err)
		}
		return a.printf("imported %s\n", setup.Counts())
	})
}

func backup(ctx context.Context, a *admin, args []string) error {
	return create(args[0], func(w io.Writer) error { return a.deps.Docs.Export(ctx, w) })
}

func restore(ctx context.Context, a *admin, args []string) error {
	return read(args[0], func(r io.Reader) error {
		// A restore beside other documents would mix two histories.
		err := a.deps.Docs.Export(ctx, full{})
		if errors.Is(err, errFull) {
			return refuse("the installation has documents; a backup is restored into one that has none")
		}
		if err != nil {
			return err
		}
		if err := a.deps.Docs.Import(ctx, r); err != nil {
			return fmt.Errorf("%w; what was read so far is written: start again with an empty installation", err)
		}
		return nil
	})
}

var errFull = errors.New("no room")

// full takes nothing: whoever writes to it has something.
type full struct{}

func (full) Write(p []byte) (int, error) { return 0, errFull }

// create makes a file that must not exist, whole or not at all.
func create(path string, write func(io.Writer) error) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return refuse("%s exists and is not replaced", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tollbook-*")
	if err != nil {
		return refuseIf(fmt.Errorf("creating %s: %w", path, err), fs.ErrNotExist, fs.ErrPermission)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	out := bufio.NewWriter(f)
	if err := errors.Join(write(out), out.Flush(), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("creating %s: %w", path, err)
	}
	// A link, not a renaming: a file that appeared meanwhile stays.
	if err := os.Link(f.Name(), path); err != nil {
		return fmt.Errorf("creating %s: %w", path, err)
	}
	return nil
}

func read(path string, take func(io.Reader) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return &refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := take(bufio.NewReader(f)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
