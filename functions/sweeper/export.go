package sweeper

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
)

// export writes the records of a batch or a month as files.
func (f function) export(ctx context.Context, job jobs.Job) (string, []jobs.File, error) {
	x, err := f.Ledger.Extract(ctx, job.Target)
	var stored []ledger.ExportFile
	if err == nil {
		stored, err = f.Ledger.StoreExtract(ctx, x, export.Format(job.Format), job.ID, job.AskedAt)
	}
	for _, never := range []error{ledger.ErrState, documents.ErrNotFound, documents.ErrInvalid} {
		if errors.Is(err, never) {
			return "", nil, &events.BadInput{Err: err}
		}
	}
	if err != nil {
		return "", nil, err
	}
	files := make([]jobs.File, len(stored))
	for i, s := range stored {
		files[i] = jobs.File{Object: s.Name, Generation: s.Generation, Bytes: s.Size, Rows: s.Rows}
	}
	c := x.Counts
	return fmt.Sprintf("%d records = %d charged + %d unrated + %d duplicate + %d superseded; the files are kept until %s", c.Rows, c.Charged, c.Unrated,
		c.Duplicate, c.Superseded, job.AskedAt.Add(ledger.ExportsKept).Format("2006-01-02")), files, nil
}
