package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
)

// Arrival is one generation of a file that came in, as its event says.
type Arrival struct {
	Bucket     string // "cdrs"
	Object     string
	Generation string
	Feed       string
	At         time.Time // when it came in: the event's time
}

// Receive notes an arrival and returns its batch's id. The same generation
// again is the same batch.
func (l *Ledger) Receive(ctx context.Context, a Arrival) (string, error) {
	b := Batch{
		ID:     BatchID(a.Bucket, a.Object, a.Generation),
		Bucket: a.Bucket, Object: a.Object, Generation: a.Generation, Feed: a.Feed,
		State: Received, ReceivedAt: a.At.UTC().Round(time.Microsecond),
	}
	fields, err := documents.Encode(b)
	if err != nil {
		return "", fmt.Errorf("batch %s: %w", b.ID, err)
	}
	if _, err := l.docs.Create(ctx, batchPath(b.ID), fields); err != nil && !errors.Is(err, documents.ErrExists) {
		return "", fmt.Errorf("noting the arrival of %s: %w", a.Object, err)
	}
	return b.ID, nil
}

// Batch returns a batch as it stands.
func (l *Ledger) Batch(ctx context.Context, id string) (Batch, error) {
	var b Batch
	_, err := l.get(ctx, batchPath(id), &b)
	return b, err
}

// Process brings a received or planned batch to its end: planned, worked,
// committed, or failed when it can never be read. Any number of calls, at
// once or after a crash, come to the same end.
func (l *Ledger) Process(ctx context.Context, id string) (Batch, error) {
	if err := l.Plan(ctx, id); err != nil {
		return Batch{}, err
	}
	b, err := l.Batch(ctx, id)
	if err != nil || b.State != Planned {
		return b, err
	}
	marker, err := l.work(ctx, b)
	var never *unreadableError
	if errors.As(err, &never) {
		if err := l.fail(ctx, id, never.Error()); err != nil {
			return Batch{}, err
		}
		return l.Batch(ctx, id)
	}
	if err != nil {
		return Batch{}, fmt.Errorf("working on batch %s: %w", id, err)
	}
	if err := l.commit(ctx, b, marker); err != nil {
		return Batch{}, err
	}
	return l.Batch(ctx, id)
}

// unreadableError says why a file can never be read: no retry will help.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// Plan pins the book for a received batch. A batch that is further along is
// left as it is.
func (l *Ledger) Plan(ctx context.Context, id string) error {
	b, err := l.Batch(ctx, id)
	if err != nil || b.State != Received {
		return err
	}
	ref, err := l.pinBook(ctx)
	if err != nil {
		return fmt.Errorf("planning batch %s: %w", id, err)
	}
	return l.step(ctx, id, func(b *Batch) error {
		if b.State != Received {
			return nil // someone else planned it; their book is as good
		}
		b.State, b.Rev, b.Book = Planned, 1, ref
		return nil
	})
}

// fail ends a batch that cannot be read, with the reason for a person.
func (l *Ledger) fail(ctx context.Context, id, why string) error {
	return l.step(ctx, id, func(b *Batch) error {
		if b.State != Received && b.State != Planned {
			return nil
		}
		b.State, b.Failure = Failed, why
		return nil
	})
}

// Retry plans a failed batch again, with the book as it is now: a person has
// mended what it failed for. It is the next revision of the batch's work.
func (l *Ledger) Retry(ctx context.Context, id string) error {
	ref, err := l.pinBook(ctx)
	if err != nil {
		return fmt.Errorf("planning batch %s again: %w", id, err)
	}
	return l.step(ctx, id, func(b *Batch) error {
		if b.State == Planned {
			return nil
		}
		if b.State != Failed {
			return fmt.Errorf("batch %s is %s, not failed: %w", id, b.State, ErrState)
		}
		b.State, b.Rev, b.Book, b.Failure = Planned, b.Rev+1, ref, ""
		return nil
	})
}

// maxConflicts bounds how often a compare-and-set is tried again: each
// conflict means that someone else got on.
const maxConflicts = 20

// step changes a batch by compare-and-set. change sees the batch as it stands
// and may leave it.
func (l *Ledger) step(ctx context.Context, id string, change func(*Batch) error) error {
	for range maxConflicts {
		var b Batch
		version, err := l.get(ctx, batchPath(id), &b)
		if err != nil {
			return err
		}
		was := b.State
		if err := change(&b); err != nil {
			return err
		}
		if b.State == was {
			return nil
		}
		err = l.replace(ctx, batchPath(id), b, version)
		if !errors.Is(err, documents.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("batch %s: %w", id, documents.ErrConflict)
}
