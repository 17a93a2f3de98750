package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/objects"
)

// Arrival is one generation of a file that came in, as its event says.
type Arrival struct {
	Bucket     string // "cdrs"
	Object     string
	Generation string
	Size       int64 // bytes; 0 = not said
	Feed       string
	At         time.Time // when it came in: the event's time
}

// Receive notes an arrival and returns its batch's id. The same generation
// again is the same batch.
func (l *Ledger) Receive(ctx context.Context, a Arrival) (string, error) {
	b := Batch{
		ID:     BatchID(a.Bucket, a.Object, a.Generation),
		Bucket: a.Bucket, Object: a.Object, Generation: a.Generation, Size: a.Size, Feed: a.Feed,
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

// Process brings what is unfinished of a batch to its end: a received or
// planned one is planned, worked and committed; the planned redo of a committed
// one takes its place. Any number of calls, at once or after a crash, come to
// the same end. It returns the batch as it then stands, failed for instance: a
// file that can never be read fails at once. One that is rated in slices is
// still planned when these are ordered: ProcessSlice brings it on.
//
// An error that time may mend (of a busy store, an ended context) only asks for
// another call. Any other is counted on the batch; with the MaxAttempts-th the
// batch, or the redo, has failed, and no error is returned.
func (l *Ledger) Process(ctx context.Context, id string) (Batch, error) {
	return l.process(ctx, id, 1)
}

// process is Process; attempts is what an error of this one counts.
func (l *Ledger) process(ctx context.Context, id string, attempts int64) (Batch, error) {
	b, err := l.plan(ctx, id)
	todo, ok := b.todo()
	if b.ID == "" || !ok {
		return b, err
	}
	if err == nil {
		var done Batch
		if done, err = l.finish(ctx, todo); err == nil {
			return done, nil
		}
	}
	return l.noEnd(ctx, todo, err, func(b *Batch) bool { return b.tried(todo.Rev, attempts, reasonOf(err)) })
}

// noEnd notes that work on a revision came to no end, for a cause: tried counts
// it, unless time may mend it or nothing will. It returns what Process does.
func (l *Ledger) noEnd(ctx context.Context, todo Batch, cause error, tried func(*Batch) bool) (Batch, error) {
	err := fmt.Errorf("processing batch %s: %w", todo.ID, cause)
	if passes(err) {
		return Batch{}, err
	}
	var never *unreadableError
	b, noted := l.step(ctx, todo.ID, func(b *Batch) (bool, error) {
		if errors.As(err, &never) {
			return b.fail(todo.Rev, never.Error()), nil
		}
		return tried(b), nil
	})
	if noted != nil {
		return Batch{}, errors.Join(err, noted)
	}
	if now, ok := b.todo(); !ok || now.Rev != todo.Rev {
		return b, nil // failed; or someone else brought it on
	}
	return b, err
}

// finish works a planned revision and commits it, or orders its slices.
func (l *Ledger) finish(ctx context.Context, todo Batch) (Batch, error) {
	marker, err := l.work(ctx, todo)
	switch {
	case err != nil:
		return Batch{}, err
	case marker.IsZero():
		return l.Batch(ctx, todo.ID)
	}
	return l.commit(ctx, todo, marker)
}

// unreadableError says why a file can never be read: no retry will help.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// passes reports whether time may mend an error: it says nothing of the batch.
func passes(err error) bool {
	for _, passing := range []error{
		documents.ErrTransient, documents.ErrConflict, documents.ErrCommitUnknown, objects.ErrTransient, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// maxReason bounds the reason that a batch keeps, in bytes.
const maxReason = 1000

// reasonOf returns an error's text as a batch keeps it: without what could be
// a telephone number.
func reasonOf(err error) string {
	why := events.Redact(err.Error())
	return strings.ToValidUTF8(why[:min(len(why), maxReason)], "")
}

// Plan pins the book for a received batch. A batch that is further along is
// left as it is.
func (l *Ledger) Plan(ctx context.Context, id string) error {
	_, err := l.plan(ctx, id)
	return err
}

func (l *Ledger) plan(ctx context.Context, id string) (Batch, error) {
	return l.step(ctx, id, func(b *Batch) (bool, error) {
		if b.State != Received {
			return false, nil // someone else planned it; their book is as good
		}
		ref, err := l.pinBook(ctx)
		if err != nil {
			return false, fmt.Errorf("planning batch %s: %w", id, err)
		}
		b.State, b.Rev, b.Book = Planned, 1, ref
		return true, nil
	})
}

// Retry plans a failed batch again, with the book as it is now: a person has
// mended what it failed for. It is the next revision of the batch's work, and
// its attempts are counted from 0.
func (l *Ledger) Retry(ctx context.Context, id string) error {
	_, err := l.step(ctx, id, func(b *Batch) (bool, error) {
		if b.State == Planned {
			return false, nil
		}
		if b.State != Failed {
			return false, fmt.Errorf("batch %s is %s, not failed: %w", id, b.State, ErrState)
		}
		ref, err := l.pinBook(ctx)
		if err != nil {
			return false, fmt.Errorf("planning batch %s again: %w", id, err)
		}
		b.State, b.Rev, b.Book, b.Failure, b.Attempts, b.LastError = Planned, b.Rev+1, ref, "", 0, ""
		return true, nil
	})
	return err
}

// Redo plans a committed batch's next revision with the book as it is now,
// beside the committed one, which stays visible: its feed was mended, a number
// moved. At is when it was asked for. Process works the revision, and its
// commit lets it take the other's place in one transaction: in every period
// the old entry is removed where its Into still takes usage, else taken back
// by one into the next period that does, and the new one enters as any commit
// does. So rows may move to other months, and what was issued stays: old and
// new both become adjustments.
//
// A redo that fails is noted on the batch with its reason (RedoState, Redo),
// and the committed revision stays. A redo can be asked for again, then or
// later; asked for while one is planned, it is planned anew if the book has
// changed since. A planned redo holds the close as a planned batch does, and
// can be waived. Withdraw takes out both revisions. ErrState: the batch is not
// committed, or was redone MaxRevisions times after months were issued.
func (l *Ledger) Redo(ctx context.Context, id string, at time.Time) error {
	_, err := l.step(ctx, id, func(b *Batch) (bool, error) {
		if b.State != Committed {
			return false, fmt.Errorf("batch %s is %s, not committed: %w", id, b.State, ErrState)
		}
		if len(b.Superseded) >= MaxRevisions {
			return false, fmt.Errorf("issued months rely on %d revisions of batch %s already: %w", MaxRevisions, id, ErrState)
		}
		ref, err := l.pinBook(ctx)
		if err != nil {
			return false, fmt.Errorf("planning the redo of batch %s: %w", id, err)
		}
		if b.RedoState == Planned && b.Redo.Book == ref {
			return false, nil
		}
		b.RedoState, b.RedoAt, b.Redo = Planned, at.UTC().Round(time.Microsecond), Redo{Rev: max(b.Rev, b.Redo.Rev) + 1, Book: ref}
		return true, nil
	})
	return err
}

// maxConflicts bounds how often a compare-and-set is tried again: each
// conflict means that someone else got on.
const maxConflicts = 20

// step changes a batch by compare-and-set and returns it as it then stands, or
// as it was read when change failed. change sees the batch as it stands and
// says whether it changed it.
func (l *Ledger) step(ctx context.Context, id string, change func(*Batch) (bool, error)) (Batch, error) {
	for range maxConflicts {
		var b Batch
		version, err := l.get(ctx, batchPath(id), &b)
		if err != nil {
			return Batch{}, err
		}
		changed, err := change(&b)
		if err != nil || !changed {
			return b, err
		}
		if err = l.replace(ctx, batchPath(id), b, version); err == nil {
			return b, nil
		}
		if !errors.Is(err, documents.ErrConflict) {
			return Batch{}, err
		}
	}
	return Batch{}, fmt.Errorf("batch %s: %w", id, documents.ErrConflict)
}
