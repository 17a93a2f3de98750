package sweeper

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/impact"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/period"
)

// impact writes what past usage would have cost by a revision or a deck: a report, and
// every destination and account.
func (f function) impact(ctx context.Context, job jobs.Job) (string, []jobs.File, error) {
	q := impact.Query{Card: job.Asks.Card, Revision: job.Asks.Revision, Deck: job.Asks.Deck, AsOf: job.Asks.AsOf, Rebuilt: job.Asks.Rebuilt}
	for _, s := range job.Asks.Months {
		m, err := period.ParseMonth(s)
		if err != nil {
			return "", nil, &events.BadInput{Err: err}
		}
		q.Months = append(q.Months, m)
	}
	var noted error // how far it is matters to nobody once it is done
	c, err := impact.Compare(ctx, impact.Stores{Ledger: f.Ledger, Catalog: f.Catalog, Job: job.ID, At: job.AskedAt}, q, func(progress string) {
		if noted == nil {
			noted = f.Jobs.Note(ctx, job.ID, progress)
		}
	})
	for _, never := range []error{catalog.ErrRefused, ledger.ErrState} {
		if errors.Is(err, never) {
			return "", nil, &events.BadInput{Err: err}
		}
	}
	if err := errors.Join(err, noted); err != nil {
		return "", nil, err
	}
	var files []jobs.File
	for _, file := range []struct {
		name  string
		write func(io.Writer) (int64, error)
	}{
		{"impact.json", func(w io.Writer) (int64, error) { return 1, c.WriteJSON(w) }},
		{"destinations.csv", c.WriteDestinations},
		{"accounts.csv", c.WriteAccounts},
	} {
		rows := int64(0)
		ref, err := f.Ledger.StoreJobFile(ctx, job.ID, job.AskedAt, file.name, func(w io.Writer) (err error) {
			rows, err = file.write(w)
			return err
		})
		if err != nil {
			return "", nil, fmt.Errorf("storing the impact of %s: %w", job.Target, err)
		}
		files = append(files, jobs.File{Object: ref.Name, Generation: ref.Generation, Bytes: ref.Size, Rows: rows})
	}
	return fmt.Sprintf("%s; the files are kept until %s", c.Report.Sentence(), job.AskedAt.Add(ledger.ExportsKept).Format("2006-01-02")), files, nil
}
