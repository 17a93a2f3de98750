package cloud

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/ledger"
)

// checkParquet refuses a path that no file can be written to, or that is one of
// the two that are read, before any work is done.
func (a *tryArgs) checkParquet() error {
	if a.parquet == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(a.parquet)); err != nil || !info.IsDir() {
		return refuse("--parquet %s: there is no folder %s", a.parquet, filepath.Dir(a.parquet))
	}
	there, err := os.Stat(a.parquet)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil || !there.Mode().IsRegular() {
		return refuse("--parquet %s: it is no file", a.parquet)
	}
	for _, in := range []string{a.deck, a.cdrs} {
		if info, err := os.Stat(in); err == nil && os.SameFile(info, there) {
			return refuse("--parquet %s: it is a file that is read", a.parquet)
		}
	}
	return nil
}

// writeParquet writes the records of every month billed, in one file.
func (t *try) writeParquet(ctx context.Context, b ledger.Batch) error {
	if t.parquet == "" {
		return nil
	}
	t.progress.phase("writing "+t.parquet, b.Counts.Accepted+b.Counts.Unrated)
	var months []*ledger.Extract
	decimals, rows := t.Decimals, int64(0)
	for _, m := range t.found.months {
		x, err := t.ledger.Extract(ctx, ledger.Key{Cycle: cycleID, Month: m}.String())
		if err != nil {
			return err
		}
		months, decimals, rows = append(months, x), max(decimals, x.Decimals), rows+x.Counts.Rows
	}
	if want := b.Counts.Accepted + b.Counts.Unrated; rows != want {
		return fmt.Errorf("%d records in the months of a batch with %d: %w", rows, want, ledger.ErrDamaged)
	}
	return writeFile(t.parquet, func(out io.Writer) error {
		buffered := bufio.NewWriterSize(out, 256<<10)
		w, err := export.New(export.Parquet, buffered, decimals)
		if err != nil {
			return err
		}
		for _, x := range months {
			err := x.Each(ctx, func(r *export.Record) error {
				t.progress.add(1)
				return w.Write(r)
			})
			if err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		return buffered.Flush()
	})
}
