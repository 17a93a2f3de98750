package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/objects"
)

const (
	// ExportFileRows is how many records a file of an export has at most.
	ExportFileRows = 1_000_000
	// MaxExportFiles is how many files an export has at most.
	MaxExportFiles = 500
	// ExportsKept is how long the files of an export are kept.
	ExportsKept = 7 * 24 * time.Hour

	exportsPrefix = "exports/"
	exportDay     = "2006-01-02"
	// exportRules names the way extracts are written: another makes other bytes.
	exportRules = "export 2"
)

// ExportFile is a file of an export.
type ExportFile struct {
	Ref
	Rows int64
}

// StoreExtract writes an extract as files of the work bucket, for a job that was
// asked for at an instant, and returns them in order. A repeat finds what is
// there. The files are deleted ExportsKept later.
func (l *Ledger) StoreExtract(ctx context.Context, x *Extract, f export.Format, job string, at time.Time) (_ []ExportFile, err error) {
	if x.FileRows < 1 || x.Counts.Rows > x.FileRows*MaxExportFiles {
		return nil, fmt.Errorf("%s has %d records, want at most %d in each of %d files: %w", x.Of, x.Counts.Rows, x.FileRows, MaxExportFiles, ErrState)
	}
	hash := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d", exportRules, x.source, f, x.FileRows))
	prefix := jobPrefix(job, at) + hex.EncodeToString(hash[:8]) + "/" + exportName(x.Of)
	var files []ExportFile
	var open *exportFile
	end := func() error {
		if open == nil {
			return nil
		}
		file, err := open.end()
		open = nil
		files = append(files, file)
		return err
	}
	begin := func() (err error) {
		open, err = l.beginFile(ctx, fmt.Sprintf("%s-%04d%s", prefix, len(files)+1, f.Suffix()), f, x.Decimals)
		return err
	}
	defer func() {
		if open != nil {
			open.abandon(err)
		}
	}()
	if err := begin(); err != nil {
		return nil, err
	}
	err = x.Each(ctx, func(r *export.Record) error {
		if open.rows == x.FileRows {
			if err := errors.Join(end(), begin()); err != nil {
				return err
			}
		}
		open.rows++
		return open.out.Write(r)
	})
	if err != nil {
		return nil, err
	}
	return files, end()
}

// exportName returns what files about a batch or period are named.
func exportName(of string) string {
	const most = 100
	name := strings.NewReplacer(":", "-", "%", "_").Replace(of)
	return name[:min(len(name), most)]
}

// exportFile is a file that is being written.
type exportFile struct {
	out  export.Writer
	pipe *io.PipeWriter
	rows int64
	done chan struct{} // closed when what follows is known
	info objects.Info
	err  error
}

func (l *Ledger) beginFile(ctx context.Context, name string, f export.Format, decimals int) (*exportFile, error) {
	r, w := io.Pipe()
	out, err := export.New(f, w, decimals)
	if err != nil {
		return nil, err
	}
	e := &exportFile{out: out, pipe: w, done: make(chan struct{})}
	go func() {
		defer close(e.done)
		e.info, e.err = l.buckets.Work.Create(ctx, name, r)
		if errors.Is(e.err, objects.ErrExists) {
			// An attempt before this one made it, of the same records.
			if _, e.err = io.Copy(io.Discard, r); e.err == nil {
				e.info, e.err = l.buckets.Work.Stat(ctx, name)
			}
		}
		if e.err != nil {
			e.err = fmt.Errorf("storing %s: %w", name, e.err)
		}
		r.CloseWithError(e.err)
	}()
	return e, nil
}

// end makes the file whole.
func (e *exportFile) end() (ExportFile, error) {
	if err := e.out.Close(); err != nil {
		e.abandon(err)
		return ExportFile{}, err
	}
	e.pipe.Close()
	<-e.done
	return ExportFile{refOf(e.info), e.rows}, e.err
}

// abandon leaves nothing of the file.
func (e *exportFile) abandon(why error) {
	e.pipe.CloseWithError(why)
	<-e.done
}

// DeleteExports deletes the files of exports that are kept no longer at an
// instant, as many as a sweep does, and returns how many.
func (l *Ledger) DeleteExports(ctx context.Context, at time.Time) (int, error) {
	first := exportsPrefix + at.UTC().Add(-ExportsKept).Format(exportDay) // of those that stay
	deleted := 0
	for range sweepPages {
		page, err := l.buckets.Work.List(ctx, exportsPrefix, "", sweepPage)
		if err != nil {
			return deleted, fmt.Errorf("listing exports: %w", err)
		}
		for _, info := range page {
			if info.Name >= first {
				return deleted, nil
			}
			if err := l.buckets.Work.Delete(ctx, info.Name, info.Generation); err != nil {
				return deleted, fmt.Errorf("deleting an export: %w", err)
			}
			deleted++
		}
		if len(page) < sweepPage {
			break
		}
	}
	return deleted, nil
}
