package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

// failing is a store whose transactions are refused from the n-th on.
type failing struct {
	documents.Store
	left int
}

func (f *failing) RunTx(ctx context.Context, run func(context.Context, documents.Tx) error) error {
	if f.left--; f.left < 0 {
		return documents.ErrTransient
	}
	return f.Store.RunTx(ctx, run)
}

// closePartly closes a month up to its n-th transaction: the flip, the freeze,
// the numbers, the end.
func (h *house) closePartly(month string, transactions int) {
	h.t.Helper()
	l := ledger.New(&failing{h.docs, transactions}, h.buckets)
	if err := l.Close(h.ctx(), key(month), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, documents.ErrTransient) {
		h.t.Fatalf("closing %s: %v, want it to break off", month, err)
	}
}

func TestAMonthIsReopenedUntilItsInvoicesHaveNumbers(t *testing.T) {
	for name, transactions := range map[string]int{"closing": 1, "closed": 2} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
			h.close("2026-11")
			h.deliver("late.csv", "2,beta,,442079460000,2026-11-11 00:00:00,60", "3,beta,,442079460000,2026-12-01 00:00:00,60")
			h.closePartly("2026-12", transactions)
			if p, err := h.Period(t.Context(), key("2026-12")); err != nil || string(p.State) != name {
				t.Fatalf("the month is %s, %v, want %s", p.State, err, name)
			}
			for range 2 { // the second time changes nothing
				if err := h.Reopen(t.Context(), key("2026-12")); err != nil {
					t.Fatal(err)
				}
			}
			same(t, "pending of November", h.pending("2026-11"), "beta usage 0.0600")
			h.deliver("more.csv", "4,beta,,442079460000,2026-12-02 00:00:00,60")
			h.close("2026-12")
			same(t, "December's invoices", h.bills("2026-12"),
				"2026-12-0001 acme 2026-12 recurring:f 5.00", "2026-12-0002 beta 2026-12 usage 0.1200", "2026-12-0002 beta 2026-11 usage 0.0600")
			if problems, err := h.Fsck(t.Context()); err != nil || len(problems) > 0 {
				t.Errorf("fsck: %v, %v", problems, err)
			}
		})
	}
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	h.closePartly("2026-11", 3)
	if err := h.Reopen(t.Context(), key("2026-11")); !errors.Is(err, ledger.ErrState) {
		t.Errorf("reopening a month whose invoices have numbers: %v, want ErrState", err)
	}
}

func TestAPersonWaivesAnUnfinishedBatch(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	id := h.receive("b.csv", "2,beta,,442079460000,2026-11-10 00:00:00,60")
	cutoff := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	if err := h.Waive(t.Context(), key("2026-11"), "no such batch"); !errors.Is(err, documents.ErrInvalid) && !errors.Is(err, documents.ErrNotFound) {
		t.Errorf("waiving a batch that is not there: %v", err)
	}
	for range 2 {
		if err := h.Waive(t.Context(), key("2026-11"), id); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(t.Context(), key("2026-11"), cutoff); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Process(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	same(t, "November's invoices", h.bills("2026-11"), "2026-11-0001 acme 2026-11 recurring:f 5.00", "2026-11-0002 beta 2026-11 usage 0.0600")
	same(t, "pending", h.pending("2026-11"), "beta usage 0.0600")
	if err := h.Waive(t.Context(), key("2026-11"), id); err != nil {
		t.Errorf("waiving again after the close: %v, want nothing to change", err)
	}
}

func TestAFailedFileIsRetriedWhenItsFeedIsMended(t *testing.T) {
	h := newHouse(t)
	info, err := h.buckets.CDRs.Create(t.Context(), "x.csv", strings.NewReader(header+"1,beta,,442079460000,2026-11-10 00:00:00,60\n"))
	if err != nil {
		t.Fatal(err)
	}
	id, err := h.Receive(t.Context(), ledger.Arrival{Bucket: "cdrs", Object: "x.csv", Generation: info.Generation, Feed: "new", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := h.Process(t.Context(), id); err != nil || b.State != ledger.Failed || b.Failure == "" {
		t.Fatalf("batch of an unknown feed: %+v, %v; want it failed with the reason", b, err)
	}
	err = h.Apply(t.Context(), ledger.Setup{Feeds: []book.Feed{{Source: cdr.Feed{ID: "new", Format: cdr.Generic, Zone: "UTC"}, Cycle: "m"}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is planned already
		if err := h.Retry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := h.Process(t.Context(), id); err != nil || b.State != ledger.Committed || b.Failure != "" {
		t.Fatalf("after the retry: %+v, %v; want it committed", b, err)
	}
	if err := h.Retry(t.Context(), id); !errors.Is(err, ledger.ErrState) {
		t.Errorf("retrying a committed batch: %v, want ErrState", err)
	}
	h.close("2026-11")
	if problems, err := h.Fsck(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("fsck: %v, %v", problems, err)
	}
}
