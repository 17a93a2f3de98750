// Package cdrrating is the function that rates files of call records: one that
// came in, one that a person wants rated again, and a slice of a large one.
package cdrrating

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// Config is what the function is made of.
type Config struct {
	Ledger *ledger.Ledger
	Jobs   *jobs.Jobs
	CDRs   objects.Bucket // <feed>/<any name>
	Orders objects.Bucket
	Prefix string // of bucket names in events
	Events events.Config
}

// New returns the function.
func New(c Config) (http.Handler, error) {
	f := function{c}
	return events.New(c.Events, events.Router{ObjectFinalized: events.ByBucket(c.Prefix, map[string]func(context.Context, events.ObjectFinalized) error{
		"cdrs":             f.file,
		"orders-cdrrating": f.order,
	})})
}

// FeedOf returns the feed of a file: its first folder.
func FeedOf(object string) (feed string, ok bool) {
	if report.Is(object) || objects.CheckName(object) != nil {
		return "", false
	}
	feed, _, ok = strings.Cut(object, "/")
	if !ok {
		feed = "" // of no feed: it fails with a reason that says so
	}
	return feed, true
}

type function struct{ Config }

// file rates a file and says beside it what became of it.
func (f function) file(ctx context.Context, e events.ObjectFinalized) error {
	feed, ok := FeedOf(e.Name)
	if !ok {
		if report.Is(e.Name) {
			return nil
		}
		// A folder that a console made, say: nobody can read it.
		return &events.BadInput{Err: fmt.Errorf("%q cannot name a file of records", e.Name)}
	}
	id, err := f.Ledger.Receive(ctx, ledger.Arrival{Bucket: "cdrs", Object: e.Name, Generation: e.Generation, Size: e.Size, Feed: feed, At: e.At})
	if err != nil {
		return err
	}
	b, err := f.Ledger.Process(ctx, id)
	if err != nil {
		return err
	}
	return f.report(ctx, b)
}

// report writes the report of a batch that is at its end. One whose slices are
// ordered gets it from the last of them.
func (f function) report(ctx context.Context, b ledger.Batch) error {
	if unfinished(b) {
		return nil
	}
	return WriteReport(ctx, f.Ledger, f.CDRs, b)
}

func unfinished(b ledger.Batch) bool {
	return b.State == ledger.Planned || b.RedoState == ledger.Planned
}

func (f function) order(ctx context.Context, e events.ObjectFinalized) error {
	order, err := events.ReadOrder(ctx, f.Orders, e)
	if err != nil {
		return err
	}
	if order.Kind == ledger.SliceOrder {
		b, err := f.Ledger.ProcessSlice(ctx, order)
		if err != nil {
			return err
		}
		return f.report(ctx, b)
	}
	return f.Jobs.Run(ctx, order.ID, func(ctx context.Context, job jobs.Job) (string, error) {
		switch job.Kind {
		case jobs.Retry:
			err = f.Ledger.Retry(ctx, job.Target)
		case jobs.Redo:
			err = f.Ledger.Redo(ctx, job.Target, job.AskedAt)
		default:
			err = fmt.Errorf("cdrrating does no %s: %w", job.Kind, ledger.ErrState)
		}
		if errors.Is(err, ledger.ErrState) || errors.Is(err, documents.ErrNotFound) {
			return "", &events.BadInput{Err: err}
		}
		if err != nil {
			return "", err
		}
		b, err := f.Ledger.Process(ctx, job.Target)
		if err != nil {
			return "", err
		}
		if err := f.report(ctx, b); err != nil {
			return "", err
		}
		switch {
		case unfinished(b):
			return fmt.Sprintf("batch %s is planned, and large: it is rated in slices, and its report is written beside its file when all are done", b.ID), nil
		case b.State == ledger.Failed:
			return "", &events.BadInput{Err: fmt.Errorf("batch %s failed: %s", b.ID, b.Failure)}
		case b.RedoState == ledger.Failed:
			return "", &events.BadInput{Err: fmt.Errorf("batch %s stays as it was, the redo failed: %s", b.ID, b.Redo.Failure)}
		}
		return fmt.Sprintf("batch %s is %s: %d rows = %d rated + %d unrated + %d rejected + %d ignored",
			b.ID, b.State, b.Counts.Rows, b.Counts.Accepted, b.Counts.Unrated, b.Counts.Rejected, b.Counts.Ignored), nil
	})
}

// maxProblems bounds the rows that a report lists; the counts count all.
const maxProblems = 1000

// Problem is a row that is not charged, or a charge of it that is not made, as a
// report has it.
type Problem struct {
	Line   int64  `json:"line"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Column string `json:"column,omitempty"`
	Value  string `json:"value,omitempty"`
	Want   string `json:"want,omitempty"`
	Role   string `json:"role,omitempty"` // of a charge, if not of who pays
}

// Report is what lies beside a file of records.
type Report struct {
	Batch ledger.Batch `json:"batch"`
	// Copies are the names of files with the same bytes that came in under
	// another name or again: what they charge, this one does not.
	Copies   []string  `json:"copies"`
	Problems []Problem `json:"problems"` // the first 1,000, by line
}

// WriteReport says beside a batch's file what became of it.
func WriteReport(ctx context.Context, l *ledger.Ledger, cdrs objects.Bucket, b ledger.Batch) error {
	r := Report{Batch: b, Copies: []string{}, Problems: []Problem{}}
	if b.State == ledger.Committed {
		copies, err := l.Copies(ctx, b)
		if err != nil {
			return err
		}
		for _, c := range copies {
			r.Copies = append(r.Copies, c.Object)
		}
		err = l.Problems(ctx, b.ID, 0, func(row *call.Row) (bool, error) {
			problem := Problem{
				Line: row.Line, Status: row.Status.String(), Reason: string(row.Reason),
				Column: row.Column, Value: row.Value, Want: row.Want,
			}
			if row.Role != call.Payer {
				problem.Role = row.Role.Name(row.Level)
			}
			r.Problems = append(r.Problems, problem)
			return len(r.Problems) < maxProblems, nil
		})
		if err != nil {
			return err
		}
	}
	return report.Write(ctx, cdrs, b.Object, r)
}
