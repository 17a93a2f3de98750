package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

var asked = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// feed sets the format and the zone of the feed.
func (h *house) feed(format cdr.Format, zone string) {
	h.t.Helper()
	err := h.Apply(h.ctx(), ledger.Setup{Feeds: []book.Feed{{Source: cdr.Feed{ID: "feed", Format: format, Zone: zone}, Cycle: "m"}}})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) redo(id string) ledger.Batch {
	h.t.Helper()
	if err := h.Redo(h.ctx(), id, asked); err != nil {
		h.t.Fatal(err)
	}
	b, err := h.Process(h.ctx(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

// In Tokyo, 9 hours ahead of UTC, this is still November.
const atTurn = "1,beta,,442079460000,2026-12-01 04:00:00,60"

func TestARedoMovesRowsToTheMonthsTheyBelongTo(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv", atTurn, "2,beta,,442079460000,2026-12-05 00:00:00,30")
	h.feed(cdr.Generic, "Asia/Tokyo")
	if err := h.Redo(t.Context(), b.ID, asked); err != nil {
		t.Fatal(err)
	}
	same(t, "December while the redo is planned", h.pending("2026-12"), "acme recurring:f 5.00", "beta usage 0.0900")
	if b := h.batch(b.ID); b.State != ledger.Committed || b.Rev != 1 || b.RedoState != ledger.Planned || b.Redo.Rev != 2 {
		t.Errorf("while the redo is planned: %+v", b)
	}
	for range 2 { // the second time changes nothing
		if b, err := h.Process(t.Context(), b.ID); err != nil || b.State != ledger.Committed || b.Rev != 2 || b.RedoState != "" {
			t.Fatalf("after the redo: %+v, %v", b, err)
		}
	}
	same(t, "November", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.0600")
	same(t, "December", h.pending("2026-12"), "acme recurring:f 5.00", "beta usage 0.0300")
	h.sound()
	h.close("2026-11")
	h.close("2026-12")
	h.sound()
}

func TestARedoAfterTheMonthsWereIssuedIsAnAdjustmentOfBoth(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv", atTurn, "2,beta,,442079460000,2026-12-05 00:00:00,30")
	if err := h.OpenPeriod(t.Context(), key("2026-11"), "UTC"); err != nil {
		t.Fatal(err)
	}
	h.close("2026-11")
	h.close("2026-12")
	h.feed(cdr.Generic, "Asia/Tokyo")
	if b := h.redo(b.ID); len(b.Superseded) != 1 || b.Superseded[0].Rev != 1 {
		t.Errorf("the revision that was issued is not kept: %+v", b.Superseded)
	}
	same(t, "pending of November", h.pending("2026-11"), "beta usage 0.0600")
	same(t, "pending of December", h.pending("2026-12"), "beta usage -0.0600")
	h.sound()
	if err := h.Rows(t.Context(), b.ID, func(*call.Row, *ledger.Key) error { return nil }); !errors.Is(err, ledger.ErrState) {
		t.Errorf("the rows of a revision that no invoice carries yet: %v, want ErrState", err)
	}
	h.close("2027-01")
	same(t, "January's invoices", h.bills("2027-01"),
		"2027-01-0001 acme 2027-01 recurring:f 5.00", "2027-01-0002 beta 2026-11 usage 0.0600", "2027-01-0002 beta 2026-12 usage -0.0600")
	h.sound()

	// Back again, and then out: each time the one before is taken back.
	h.feed(cdr.Generic, "UTC")
	h.redo(b.ID)
	same(t, "pending of November after another redo", h.pending("2026-11"), "beta usage -0.0600")
	h.close("2027-02")
	if err := h.Withdraw(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "pending of December after the withdrawal", h.pending("2026-12"), "beta usage -0.0900")
	h.close("2027-03")
	h.sound()
}

func TestARedoThatFailsLeavesTheCommittedRevision(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	h.feed(cdr.Asterisk, "UTC")
	h.redo(b.ID) // no row has 16 columns
	same(t, "after a redo that rejects every row", h.pending("2026-11"), "acme recurring:f 5.00")

	h.feed(cdr.Generic, "UTC")
	h.redo(b.ID)
	files := h.breakFiles(fmt.Errorf("gone: %w", documents.ErrNotFound))
	if err := h.Redo(t.Context(), b.ID, asked); err != nil {
		t.Fatal(err)
	}
	rev := h.batch(b.ID).Redo.Rev
	for n := 1; n < ledger.MaxAttempts; n++ {
		if _, err := h.Process(t.Context(), b.ID); !errors.Is(err, documents.ErrNotFound) {
			t.Fatal(err)
		}
	}
	got, err := h.Process(t.Context(), b.ID)
	if err != nil || got.State != ledger.Committed || got.RedoState != ledger.Failed || !strings.Contains(got.Redo.Failure, "gone") || got.Failure != "" {
		t.Fatalf("after the last attempt at the redo: %+v, %v; want only the redo failed", got, err)
	}
	same(t, "pending", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.0600")
	files.err = nil
	h.sound()
	if got := h.redo(b.ID); got.RedoState != "" || got.Rev != rev+1 {
		t.Errorf("a redo asked for again: rev %d, %q; want rev %d committed", got.Rev, got.RedoState, rev+1)
	}

	// A file that is lost fails its redo at once.
	info, err := h.buckets.CDRs.Stat(t.Context(), "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.buckets.CDRs.Delete(t.Context(), "a.csv", info.Generation); err != nil {
		t.Fatal(err)
	}
	if got := h.redo(b.ID); got.State != ledger.Committed || got.RedoState != ledger.Failed || !strings.Contains(got.Redo.Failure, "lost") {
		t.Errorf("the redo of a lost file: %s, %s, %q", got.State, got.RedoState, got.Redo.Failure)
	}
}

// refusing is a store that commits nothing.
type refusing struct{ documents.Store }

func (refusing) RunTx(context.Context, func(context.Context, documents.Tx) error) error {
	return errors.New("refused")
}

func TestARedoAskedForAgainReadsTheFileAgain(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv", atTurn)
	if err := h.Redo(t.Context(), b.ID, asked); err != nil {
		t.Fatal(err)
	}
	l := ledger.New(refusing{h.docs}, h.buckets)
	for range ledger.MaxAttempts { // each does the work, none commits it
		if got, err := l.Process(t.Context(), b.ID); err == nil && got.RedoState != ledger.Failed {
			t.Fatalf("%+v", got)
		}
	}
	h.feed(cdr.Generic, "Asia/Tokyo")
	if got := h.redo(b.ID); got.RedoState != "" {
		t.Fatalf("the redo is %s: %s", got.RedoState, got.Redo.Failure)
	}
	same(t, "November", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.0600")
	h.sound()
}

func TestARedoThatIsPlannedIsPlannedAnewOnlyForAnotherBook(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv", atTurn)
	for range 2 {
		if err := h.Redo(t.Context(), b.ID, asked); err != nil {
			t.Fatal(err)
		}
		if got := h.batch(b.ID).Redo.Rev; got != 2 {
			t.Errorf("the redo is of rev %d, want 2", got)
		}
	}
	h.feed(cdr.Generic, "Asia/Tokyo")
	if got := h.redo(b.ID); got.Rev != 3 {
		t.Errorf("after a change of the feed: rev %d, want 3", got.Rev)
	}
	same(t, "November", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.0600")
}

func TestAWithdrawalTakesAPlannedRedoWithIt(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	if err := h.Redo(t.Context(), b.ID, asked); err != nil {
		t.Fatal(err)
	}
	if err := h.Withdraw(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Process(t.Context(), b.ID); err != nil || got.State != ledger.Withdrawn || got.RedoState != "" {
		t.Errorf("after the withdrawal: %s, redo %q, %v", got.State, got.RedoState, err)
	}
	same(t, "pending", h.pending("2026-11"), "acme recurring:f 5.00")
	h.sound()
}

func TestOnlyACommittedBatchIsRedone(t *testing.T) {
	h := newHouse(t)
	withdrawn := h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60").ID
	if err := h.Withdraw(t.Context(), withdrawn); err != nil {
		t.Fatal(err)
	}
	received := h.receive("b.csv", "2,beta,,442079460000,2026-11-10 00:00:00,60")
	planned := h.receive("c.csv", "3,beta,,442079460000,2026-11-10 00:00:00,60")
	if err := h.Plan(t.Context(), planned); err != nil {
		t.Fatal(err)
	}
	lost, err := h.Receive(t.Context(), ledger.Arrival{Bucket: "cdrs", Object: "d.csv", Generation: "gone", Feed: "feed", At: asked})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := h.Process(t.Context(), lost); err != nil || b.State != ledger.Failed {
		t.Fatal(b, err)
	}
	for _, id := range []string{withdrawn, received, planned, lost} {
		if err := h.Redo(t.Context(), id, asked); !errors.Is(err, ledger.ErrState) {
			t.Errorf("redo of a %s batch: %v, want ErrState", h.batch(id).State, err)
		}
	}
}

func TestAPlannedRedoHoldsTheClose(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	if err := h.Redo(t.Context(), b.ID, asked); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context(), key("2026-11"), asked.Add(time.Hour)); !errors.Is(err, ledger.ErrHeld) || !strings.Contains(err.Error(), b.ID) {
		t.Fatalf("close: %v, want it held by batch %s", err, b.ID)
	}
	if err := h.Waive(t.Context(), key("2026-11"), b.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context(), key("2026-11"), asked.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Process(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "pending: the redo found the same", h.pending("2026-11"))
	h.sound()
}

func TestARedoOverTooManyMonthsSaysWhatToDo(t *testing.T) {
	h := newHouse(t)
	var rows []string
	for m := range ledger.MaxPeriods {
		month := key("2026-01").Month.Add(m)
		rows = append(rows, month.String()+",beta,,442079460000,"+month.String()+"-02 00:00:00,60")
	}
	b := h.deliver("a.csv", rows...)
	if got := h.redo(b.ID); got.RedoState != ledger.Failed || got.Rev != 1 || !strings.Contains(got.Redo.Failure, "withdraw it") {
		t.Errorf("redo of 60 months: %q, %q", got.RedoState, got.Redo.Failure)
	}
	h.sound()
}

func TestAReopenedMonthIsNotBilledTwoRevisions(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60", "2,beta,,442079460000,2026-12-10 00:00:00,60")
	h.closePartly("2026-11", 2)
	h.redo(b.ID) // late: the first revision is taken back in December
	if err := h.Reopen(t.Context(), key("2026-11")); err != nil {
		t.Fatal(err)
	}
	if err := h.Apply(t.Context(), ledger.Setup{Accounts: []book.Account{{ID: "gamma", Cycle: "m", Currency: "GBP"}}}); err != nil {
		t.Fatal(err)
	}
	if got := h.redo(b.ID); got.Rev != 3 {
		t.Fatalf("rev %d, want 3", got.Rev)
	}
	h.sound()
	h.close("2026-11")
	same(t, "November's invoices", h.bills("2026-11"), "2026-11-0001 acme 2026-11 recurring:f 5.00", "2026-11-0002 beta 2026-11 usage 0.0600")
	h.close("2026-12")
	same(t, "December's invoices", h.bills("2026-12"), "2026-12-0001 acme 2026-12 recurring:f 5.00", "2026-12-0002 beta 2026-12 usage 0.0600")
	h.sound()
}

// interrupt is a store that runs something once, just before its n-th
// transaction.
type interrupt struct {
	documents.Store
	left int
	run  func()
}

func (s *interrupt) RunTx(ctx context.Context, f func(context.Context, documents.Tx) error) error {
	if s.left--; s.left == 0 {
		s.run()
	}
	return s.Store.RunTx(ctx, f)
}

func TestWhatAReopenedMonthTookMeanwhileIsOnItsInvoices(t *testing.T) {
	for name, at := range map[string]int{"while it is frozen": 2, "while its numbers are taken": 3} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
			l := ledger.New(&interrupt{h.docs, at, func() {
				if err := h.Reopen(t.Context(), key("2026-11")); err != nil {
					t.Error(err)
				}
				h.deliver("b.csv", "2,who,,442079460000,2026-11-10 00:00:00,60", "3,beta,,442079460000,2026-11-10 00:00:00,60")
				h.closePartly("2026-11", at-1)
			}}, h.buckets)
			if err := l.Close(t.Context(), key("2026-11"), time.Now()); err != nil {
				t.Fatal(err)
			}
			same(t, "invoices", h.bills("2026-11"), "2026-11-0001 acme 2026-11 recurring:f 5.00", "2026-11-0002 beta 2026-11 usage 0.1200")
			same(t, "pending", h.pending("2026-11"))
			h.sound()
		})
	}
}
