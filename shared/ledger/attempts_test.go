package ledger_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// broken is a bucket whose objects cannot be opened, for a reason.
type broken struct {
	objects.Bucket
	err error
}

func (b *broken) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	if b.err != nil {
		return nil, b.err
	}
	return b.Bucket.OpenRange(ctx, name, generation, offset, length)
}

// breakFiles makes the files that came in unreadable until its err is nil.
func (h *house) breakFiles(err error) *broken {
	b := &broken{h.buckets.CDRs, err}
	h.buckets.CDRs = b
	h.Ledger = ledger.New(h.docs, h.buckets)
	return b
}

func (h *house) batch(id string) ledger.Batch {
	h.t.Helper()
	b, err := h.Batch(h.ctx(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

func (h *house) sound() {
	h.t.Helper()
	if problems, err := h.Fsck(h.ctx()); err != nil || len(problems) > 0 {
		h.t.Errorf("fsck: %v, %v", problems, err)
	}
}

func TestTheFifthAttemptFailsABatchUntilAPersonRetriesIt(t *testing.T) {
	h := newHouse(t)
	refused := errors.New("access refused to +44 20 7946 0000")
	files := h.breakFiles(refused)
	id := h.receive("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	for n := int64(1); n < ledger.MaxAttempts; n++ {
		if _, err := h.Process(t.Context(), id); !errors.Is(err, refused) {
			t.Fatalf("attempt %d: %v, want the reason", n, err)
		}
		if b := h.batch(id); b.State != ledger.Planned || b.Attempts != n || !strings.Contains(b.LastError, "access refused") || strings.Contains(b.LastError, "7946") {
			t.Errorf("after attempt %d the batch is %s with %d attempts, %q; want it planned, the reason without a number", n, b.State, b.Attempts, b.LastError)
		}
	}
	b, err := h.Process(t.Context(), id)
	if err != nil || b.State != ledger.Failed || !strings.Contains(b.Failure, "5 attempts") || !strings.Contains(b.Failure, "access refused") {
		t.Fatalf("after the last attempt: %s, %q, %v; want it failed with the reason", b.State, b.Failure, err)
	}
	h.sound()
	if err := h.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if b := h.batch(id); b.State != ledger.Planned || b.Attempts != 0 || b.LastError != "" {
		t.Errorf("after a retry: %s, %d attempts, %q; want it to begin from 0", b.State, b.Attempts, b.LastError)
	}
	if _, err := h.Process(t.Context(), id); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	files.err = nil
	if b, err := h.Process(t.Context(), id); err != nil || b.State != ledger.Committed || b.Attempts != 0 || b.LastError != "" {
		t.Errorf("when it works again: %+v, %v; want it committed and no attempts kept", b, err)
	}
	h.sound()
}

func TestWhatTimeMendsCountsNoAttempt(t *testing.T) {
	for _, passing := range []error{
		objects.ErrTransient, documents.ErrTransient, documents.ErrConflict, documents.ErrCommitUnknown, context.Canceled, context.DeadlineExceeded,
	} {
		h := newHouse(t)
		h.breakFiles(passing)
		id := h.receive("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
		for range ledger.MaxAttempts + 1 {
			if _, err := h.Process(t.Context(), id); !errors.Is(err, passing) {
				t.Fatalf("%v, want %v", err, passing)
			}
		}
		if b := h.batch(id); b.State != ledger.Planned || b.Attempts != 0 {
			t.Errorf("%v: the batch is %s with %d attempts, want it planned with none", passing, b.State, b.Attempts)
		}
	}
}

func TestSixtyMonthsThatAreNotOpenYetFitIntoOneFile(t *testing.T) {
	h := newHouse(t)
	var rows []string
	for m := range ledger.MaxPeriods {
		month := key("2026-01").Month.Add(m)
		rows = append(rows, month.String()+",beta,,442079460000,"+month.String()+"-02 00:00:00,60")
	}
	if b := h.deliver("a.csv", rows...); b.State != ledger.Committed || len(b.Periods) != ledger.MaxPeriods {
		t.Errorf("the batch is %s in %d periods, %s", b.State, len(b.Periods), b.Failure)
	}
}

// onlyBroken is a bucket in which one object cannot be opened.
type onlyBroken struct {
	objects.Bucket
	name string
	err  error
}

func (b onlyBroken) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	if name == b.name {
		return nil, b.err
	}
	return b.Bucket.OpenRange(ctx, name, generation, offset, length)
}

// lister is a bucket that is empty to look at and kills whoever opens a file.
type lister struct{ objects.Bucket }

func (lister) List(context.Context, string, string, int) ([]objects.Info, error) { return nil, nil }
