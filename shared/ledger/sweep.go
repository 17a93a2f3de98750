package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
)

// What one sweep does at most; the next one goes on where it stopped.
const (
	sweepPages   = 20                   // pages of a bucket's names
	sweepPage    = documents.MaxGetMany // names of a page
	sweepBatches = 50                   // batches brought on, of each kind
)

// unfinishedAfter is how long a batch, or a redo, is left to the event that
// brought it.
const unfinishedAfter = 15 * time.Minute

// Swept is what one sweep did.
type Swept struct {
	Received int // files whose event was lost
	Skipped  int // files that are no feed's
	Resumed  int // batches and redos that were brought on
	Failed   int // of these, those that have now failed
	Noted    int // parts found that nothing refers to
	Deleted  int // parts that nothing has referred to for unreferencedFor
	// Ended are the batches that were brought to their end, as they stand.
	Ended []Batch
}

// sweepHead is where the next sweep goes on: the name after which it lists each
// bucket, empty for its beginning.
type sweepHead struct {
	Files string `doc:"files,omitempty"`
	Parts string `doc:"parts,omitempty"`
	Notes string `doc:"notes,omitempty"`

	Segments    string `doc:"segments,omitempty"`
	Checkpoints string `doc:"checkpoints,omitempty"`
}

var headSweep = documents.Path{Collection: "heads", ID: "sweep"}

// Sweep finds what was left behind, a bounded part of it each time, and brings
// it on: files in the cdrs bucket without a batch (at becomes their arrival),
// batches and redos unfinished since 15 minutes before at, and parts that
// nothing refers to. feedOf names a file's feed; ok is false for a file that is
// none's. Files whose generation was overwritten before a sweep saw it are not
// found.
//
// An unfinished batch that was left alone so long counts an attempt before it
// is tried, so that one which kills its process ends as failed. What fails does
// not stop the rest: the error joins all of them, and Swept says what was done.
// Any number of sweeps may run at once.
func (l *Ledger) Sweep(ctx context.Context, at time.Time, feedOf func(object string) (feed string, ok bool)) (Swept, error) {
	s := &sweep{ledger: l, at: at}
	steps := []func(context.Context) error{s.readHead, func(ctx context.Context) error { return s.files(ctx, feedOf) }, s.parts, s.notes, s.segments, s.checkpoints, s.writeHead, s.unfinished}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			s.failed = append(s.failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := errors.Join(s.failed...); err != nil {
		return s.Swept, fmt.Errorf("sweeping: %w", err)
	}
	return s.Swept, nil
}

// sweep is one run.
type sweep struct {
	Swept
	ledger  *Ledger
	at      time.Time
	head    sweepHead
	version documents.Version
	fresh   []string // batches received by this run
	failed  []error
}

func (s *sweep) readHead(ctx context.Context) error {
	version, err := s.ledger.get(ctx, headSweep, &s.head)
	if err != nil && !errors.Is(err, documents.ErrNotFound) {
		s.head = sweepHead{}
		return err
	}
	s.version = version
	return nil
}

// writeHead keeps where the next sweep goes on. If another sweep was faster,
// its head is as good.
func (s *sweep) writeHead(ctx context.Context) error {
	err := s.ledger.publish(ctx, headSweep, s.head, s.version)
	if errors.Is(err, documents.ErrConflict) || errors.Is(err, documents.ErrExists) {
		return nil
	}
	return err
}

// files receives the files that have no batch.
func (s *sweep) files(ctx context.Context, feedOf func(string) (string, bool)) error {
	for range sweepPages {
		page, err := s.ledger.buckets.CDRs.List(ctx, "", s.head.Files, sweepPage)
		if err != nil {
			return fmt.Errorf("listing files: %w", err)
		}
		var paths []documents.Path
		for _, info := range page {
			paths = append(paths, batchPath(BatchID("cdrs", info.Name, info.Generation)))
		}
		found, err := s.ledger.docs.GetMany(ctx, paths)
		if err != nil {
			return fmt.Errorf("looking for the batches of files: %w", err)
		}
		for i, info := range page {
			if found[i].Exists() {
				continue
			}
			feed, ok := feedOf(info.Name)
			if !ok {
				s.Skipped++
				continue
			}
			id, err := s.ledger.Receive(ctx, Arrival{Bucket: "cdrs", Object: info.Name, Generation: info.Generation, Size: info.Size, Feed: feed, At: s.at})
			if err != nil {
				return err // the page is listed again
			}
			s.Received++
			s.fresh = append(s.fresh, id)
		}
		if len(page) < sweepPage {
			s.head.Files = ""
			return nil
		}
		s.head.Files = page[len(page)-1].Name
	}
	return nil
}

// unfinished brings on what this run received, and what was left too long.
func (s *sweep) unfinished(ctx context.Context) error {
	before, left := s.at.Add(-unfinishedAfter), []string{}
	for _, q := range []documents.Query{
		{Name: "batches_by_state", Equal: map[string]any{"state": string(Received)}, To: before},
		{Name: "batches_by_state", Equal: map[string]any{"state": string(Planned)}, To: before},
		{Name: "batches_by_redo", Equal: map[string]any{"redo_state": string(Planned)}, To: before},
	} {
		q.Limit = sweepBatches
		page, err := s.ledger.docs.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("looking for unfinished batches: %w", err)
		}
		for _, doc := range page.Docs {
			left = append(left, doc.Path.ID)
		}
	}
	// All are listed before any is tried: one that gets from received to planned
	// and no further was tried once.
	for _, id := range s.fresh[:min(len(s.fresh), sweepBatches)] {
		s.bring(ctx, id, 1)
	}
	for _, id := range left {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.resume(ctx, id)
	}
	return nil
}

// resume counts an attempt for the one that left a batch unfinished, and tries
// again if that was not the last: this try's own error then counts no second.
func (s *sweep) resume(ctx context.Context, id string) {
	counted := false
	b, err := s.ledger.step(ctx, id, func(b *Batch) (bool, error) {
		todo, ok := b.todo()
		counted = ok && b.tried(todo.Rev, 1, "")
		return counted, nil
	})
	if err != nil {
		s.failed = append(s.failed, fmt.Errorf("counting an attempt at batch %s: %w", id, err))
		return
	}
	if !counted {
		return // it was finished meanwhile
	}
	if _, ok := b.todo(); !ok {
		s.Resumed++
		s.Failed++
		s.Ended = append(s.Ended, b)
		return
	}
	s.bring(ctx, id, 0)
}

// bring processes a batch; attempts is what its error counts.
func (s *sweep) bring(ctx context.Context, id string, attempts int64) {
	s.Resumed++
	b, err := s.ledger.process(ctx, id, attempts)
	if err != nil {
		s.failed = append(s.failed, err)
	}
	if _, ok := b.todo(); err == nil && !ok {
		s.Ended = append(s.Ended, b)
	}
	if b.State == Failed || b.RedoState == Failed {
		s.Failed++
	}
}
