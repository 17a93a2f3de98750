package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// swept is an instant 15 minutes and more after every arrival of a house.
var swept = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// byFolder says that a file's folder is its feed.
func byFolder(object string) (string, bool) {
	feed, _, ok := strings.Cut(object, "/")
	return feed, ok
}

func (h *house) sweep(at time.Time, want ledger.Swept) {
	h.t.Helper()
	got, err := h.Sweep(h.ctx(), at, byFolder)
	if err != nil {
		h.t.Fatal(err)
	}
	if len(got.Ended) != want.Resumed {
		h.t.Errorf("%d batches came to their end, want all of %d", len(got.Ended), want.Resumed)
	}
	got.Ended = nil
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Error(diff)
	}
}

// parts returns how many parts of batches there are.
func (h *house) parts() int {
	h.t.Helper()
	infos, err := h.buckets.Rated.List(h.ctx(), "parts/", "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(infos)
}

func TestASweepFindsFilesWhoseEventWasLost(t *testing.T) {
	h := newHouse(t)
	h.deliver("feed/told.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	for name, rows := range map[string]string{"feed/lost.csv": "2,beta,,442079460000,2026-11-10 00:00:00,30", "readme.txt": "not a record"} {
		if _, err := h.buckets.CDRs.Create(t.Context(), name, strings.NewReader(header+rows+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	h.sweep(swept, ledger.Swept{Received: 1, Skipped: 1, Resumed: 1})
	same(t, "pending", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.0900")
	h.sweep(swept, ledger.Swept{Skipped: 1})
	found, _, err := h.Batches(t.Context(), ledger.Committed, "", 10)
	if err != nil || len(found) != 2 || found[1].Object != "feed/lost.csv" || !found[1].ReceivedAt.Equal(swept) {
		t.Errorf("batches %+v, %v; want the lost one to have come in with the sweep", found, err)
	}
}

func TestASweepFinishesWhatWasLeftAlone(t *testing.T) {
	h := newHouse(t)
	received := h.receive("feed/a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	planned := h.receive("feed/b.csv", "2,beta,,442079460000,2026-11-10 00:00:00,60")
	if err := h.Plan(t.Context(), planned); err != nil {
		t.Fatal(err)
	}
	redone := h.deliver("feed/c.csv", "3,beta,,442079460000,2026-11-10 00:00:00,60").ID
	if err := h.Redo(t.Context(), redone, swept.Add(-15*time.Minute)); err != nil {
		t.Fatal(err)
	}
	arrived := h.batch(received).ReceivedAt
	h.sweep(arrived.Add(15*time.Minute), ledger.Swept{}) // a quarter of an hour is for the event
	h.sweep(arrived.Add(15*time.Minute+time.Second), ledger.Swept{Resumed: 2})
	h.sweep(swept, ledger.Swept{})
	h.sweep(swept.Add(time.Second), ledger.Swept{Resumed: 1})
	for _, id := range []string{received, planned, redone} {
		if b := h.batch(id); b.State != ledger.Committed || b.RedoState != "" {
			t.Errorf("%s is %s, its redo %q", b.Object, b.State, b.RedoState)
		}
	}
	same(t, "pending", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.1800")
}

// dies expects f to panic, as if its process died.
func (h *house) dies(f func()) {
	h.t.Helper()
	defer func() {
		if recover() == nil {
			h.t.Error("it came back")
		}
	}()
	f()
}

func TestABatchThatKillsItsProcessEndsAsFailed(t *testing.T) {
	h := newHouse(t)
	id := h.receive("feed/a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	whole := h.Ledger
	h.buckets.CDRs = nil // opening a file is a panic
	poisoned := ledger.New(h.docs, h.buckets)
	h.dies(func() { _, _ = poisoned.Process(t.Context(), id) })
	sweepOnly := func(at time.Time) {
		l := ledger.New(h.docs, objects.Buckets{CDRs: lister{}, Rated: h.buckets.Rated, Cards: h.buckets.Cards, Work: h.buckets.Work})
		_, _ = l.Sweep(t.Context(), at, byFolder)
	}
	for n := int64(1); n < ledger.MaxAttempts; n++ {
		h.dies(func() { sweepOnly(swept) })
		if b := h.batch(id); b.State != ledger.Planned || b.Attempts != n {
			t.Fatalf("after %d sweeps the batch is %s with %d attempts", n, b.State, b.Attempts)
		}
	}
	sweepOnly(swept) // it does not die: the batch is not touched any more
	if b := h.batch(id); b.State != ledger.Failed || !strings.Contains(b.Failure, "crash") {
		t.Errorf("the batch is %s, %q; want it failed", b.State, b.Failure)
	}
	if err := whole.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if b, err := whole.Process(t.Context(), id); err != nil || b.State != ledger.Committed {
		t.Errorf("after a retry: %s, %v", b.State, err)
	}
}

func TestAnErrorInASweepIsOneAttemptAndStopsNoOther(t *testing.T) {
	h := newHouse(t)
	refused := errors.New("refused")
	bad := h.receive("feed/a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	whole := h.buckets.CDRs
	good := h.deliver("feed/b.csv", "2,beta,,442079460000,2026-11-10 00:00:00,60").ID
	if err := h.Redo(t.Context(), good, swept.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	h.buckets.CDRs = onlyBroken{whole, "feed/a.csv", refused}
	h.Ledger = ledger.New(h.docs, h.buckets)
	got, err := h.Sweep(t.Context(), swept, byFolder)
	if !errors.Is(err, refused) || got.Resumed != 2 || len(got.Ended) != 1 || got.Ended[0].ID != good {
		t.Errorf("swept %+v, %v; want both tried and the reason", got, err)
	}
	if b := h.batch(bad); b.State != ledger.Planned || b.Attempts != 1 || !strings.Contains(b.LastError, "refused") {
		t.Errorf("the batch is %s with %d attempts, %q; want one", b.State, b.Attempts, b.LastError)
	}
	if b := h.batch(good); b.Rev != 2 {
		t.Errorf("the other's redo was not brought on: %+v", b)
	}
}

func TestAPartIsDeletedSevenDaysAfterNothingRefersToIt(t *testing.T) {
	h := newHouse(t)
	row := func(id string) string { return id + ",beta,,442079460000,2026-11-10 00:00:00,60" }
	h.deliver("feed/kept.csv", row("1"))
	withdrawn := h.deliver("feed/withdrawn.csv", row("2")).ID
	redone := h.deliver("feed/redone.csv", row("3")).ID
	if err := h.Withdraw(t.Context(), withdrawn); err != nil {
		t.Fatal(err)
	}
	h.redo(redone)
	if n := h.parts(); n != 4 {
		t.Fatalf("%d parts, want 4", n)
	}
	h.sweep(swept, ledger.Swept{Noted: 2})
	const week = 7 * 24 * time.Hour
	h.sweep(swept.Add(week-time.Second), ledger.Swept{})
	h.sweep(swept.Add(week), ledger.Swept{Deleted: 2})
	h.sweep(swept.Add(week), ledger.Swept{})
	if n := h.parts(); n != 2 {
		t.Errorf("%d parts, want the 2 that count", n)
	}
	if left, err := h.buckets.Work.List(t.Context(), "unreferenced/", "", 10); err != nil || len(left) > 0 {
		t.Errorf("notes are left: %v, %v", left, err)
	}
	h.sound()
	h.close("2026-11")

	// What an issued month relies on is kept, also when it was redone or withdrawn since.
	h.redo(redone)
	if err := h.Withdraw(t.Context(), redone); err != nil {
		t.Fatal(err)
	}
	h.sweep(swept.Add(2*week), ledger.Swept{Noted: 1}) // the redo's own, which no invoice carries
	h.sweep(swept.Add(3*week), ledger.Swept{Deleted: 1})
	h.sound()
}

func TestPartsOfUnfinishedWorkAreNotNoted(t *testing.T) {
	h := newHouse(t)
	id := h.receive("feed/a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	committed := h.deliver("feed/b.csv", "2,beta,,442079460000,2026-11-10 00:00:00,60").ID
	if err := h.Redo(t.Context(), committed, swept); err != nil {
		t.Fatal(err)
	}
	// The work is done, and every commit refused: what is there counts later.
	l := ledger.New(&failing{h.docs, 0}, h.buckets)
	for _, b := range []string{id, committed} {
		if _, err := l.Process(t.Context(), b); err == nil {
			t.Fatal("the commit was not refused")
		}
	}
	if n := h.parts(); n != 3 {
		t.Fatalf("%d parts, want 3", n)
	}
	h.sweep(h.batch(id).ReceivedAt, ledger.Swept{})
}
