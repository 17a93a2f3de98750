package ledger_test

import (
	"errors"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/counting"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// folded returns what FoldStale folds.
func (h *house) folded() []string {
	h.t.Helper()
	var out []string
	err := h.FoldStale(h.ctx(), func(k ledger.Key, err error) {
		if err != nil {
			h.t.Errorf("%s: %v", k, err)
		}
		out = append(out, k.Month.String())
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) stale(month string) bool {
	h.t.Helper()
	stale, err := h.Stale(h.ctx(), key(month))
	if err != nil {
		h.t.Fatal(err)
	}
	return stale
}

func TestOnlyStaleMonthsThatTakeUsageAreFolded(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-10-10 00:00:00,60", "2,beta,,442079460000,2026-11-10 00:00:00,60", "3,beta,,442079460000,2026-12-10 00:00:00,60")
	h.close("2026-10")
	same(t, "the first time", h.folded(), "2026-11", "2026-12")
	same(t, "when all are current", h.folded())
	h.deliver("b.csv", "4,beta,,442079460000,2026-12-11 00:00:00,60")
	if h.stale("2026-11") || !h.stale("2026-12") {
		t.Error("want only December stale")
	}
	same(t, "after a file of December", h.folded(), "2026-12")
	if err := h.Draft(t.Context(), key("2026-11")); err != nil {
		t.Fatal(err)
	}
	h.setUp(h.image("0.12"))
	if !h.stale("2026-10") {
		t.Error("an issued month that would be billed otherwise now is not stale")
	}
	same(t, "after a change of the book", h.folded(), "2026-11", "2026-12")
	same(t, "and then", h.folded())
}

func TestWhatIsCurrentCostsNoFold(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	same(t, "folded", h.folded(), "2026-11")
	docs := counting.New(h.docs)
	h.buckets.Rated, h.buckets.Work = nil, nil // a fold would look for its result
	l := ledger.New(docs, h.buckets)
	if err := l.FoldStale(t.Context(), func(k ledger.Key, err error) { t.Errorf("%s was folded: %v", k, err) }); err != nil {
		t.Fatal(err)
	}
	if docs.Writes() > 0 || docs.Reads() > 5 {
		t.Errorf("%d documents read and %d written, want a few reads", docs.Reads(), docs.Writes())
	}
}

func TestAMonthThatCannotBeFoldedDoesNotStopTheOthers(t *testing.T) {
	h := newHouse(t)
	lost := h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	h.deliver("b.csv", "2,beta,,442079460000,2026-12-10 00:00:00,60")
	info, err := h.buckets.Rated.Stat(t.Context(), lost.Marker.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.buckets.Rated.Delete(t.Context(), info.Name, info.Generation); err != nil {
		t.Fatal(err)
	}
	errs := map[string]error{}
	if err := h.FoldStale(t.Context(), func(k ledger.Key, err error) { errs[k.Month.String()] = err }); err != nil {
		t.Fatal(err)
	}
	if len(errs) != 2 || !errors.Is(errs["2026-11"], objects.ErrNotFound) || errs["2026-12"] != nil {
		t.Errorf("folded with %v, want November refused and December folded", errs)
	}
}

func TestADraftTakesUsageAndIsClosed(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	for range 2 {
		if err := h.Draft(t.Context(), key("2026-11")); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := h.Period(t.Context(), key("2026-11")); err != nil || p.State != ledger.Draft {
		t.Errorf("the month is %s, %v", p.State, err)
	}
	h.deliver("b.csv", "2,beta,,442079460000,2026-11-11 00:00:00,60")
	h.close("2026-11")
	same(t, "invoices", h.bills("2026-11"), "2026-11-0001 acme 2026-11 recurring:f 5.00", "2026-11-0002 beta 2026-11 usage 0.1200")
	if err := h.Draft(t.Context(), key("2026-11")); !errors.Is(err, ledger.ErrState) {
		t.Errorf("a draft of an issued month: %v, want ErrState", err)
	}
	if err := h.Draft(t.Context(), key("2026-12")); !errors.Is(err, documents.ErrNotFound) {
		t.Errorf("a draft of no month: %v, want ErrNotFound", err)
	}
	h.sound()
}

func TestPeriodsAndBatchesAreListed(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-12-10 00:00:00,60", "2,beta,,442079460000,2026-11-10 00:00:00,60")
	h.deliver("b.csv", "3,beta,,442079460000,2026-12-11 00:00:00,60")
	waiting := h.receive("c.csv", "4,beta,,442079460000,2026-12-11 00:00:00,60")
	periods, err := h.Periods(t.Context())
	if err != nil || len(periods) != 2 || periods[0].Key != key("2026-11") || periods[1].Key != key("2026-12") {
		t.Errorf("periods %v, %v", periods, err)
	}
	for state, want := range map[ledger.State]int{ledger.Committed: 2, ledger.Received: 1, ledger.Failed: 0, "": 3} {
		got, cursor := map[string]bool{}, ""
		for range want + 1 {
			page, next, err := h.Batches(t.Context(), state, cursor, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range page {
				got[b.ID] = true
			}
			if cursor = next; next == "" {
				break
			}
		}
		if len(got) != want || cursor != "" || state == ledger.Received && !got[waiting] {
			t.Errorf("%d %q batches a page at a time, want %d", len(got), state, want)
		}
	}
	if _, _, err := h.Batches(t.Context(), "", "", 0); !errors.Is(err, documents.ErrInvalid) {
		t.Errorf("a page of 0: %v, want ErrInvalid", err)
	}
}
