package ledger

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// world is a small ledger with everything in it that fsck looks at: two months
// issued, the second with a correction of the first, and an open one.
type world struct {
	*Ledger
	t                                *testing.T
	docs                             documents.Store
	rated, cards, bills, cdrs        *sabotage
	first, copies, wrong, late, last Batch
	sep, oct, nov                    Key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	docs, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	open := func() *sabotage {
		return &sabotage{Bucket: objects.NewMemory(), altered: map[string][]byte{}, lost: map[string]bool{}}
	}
	w := &world{t: t, docs: docs, rated: open(), cards: open(), bills: open(), cdrs: open()}
	w.Ledger = New(docs, objects.Buckets{
		Decks: objects.NewMemory(), CDRs: w.cdrs, Cards: w.cards, Rated: w.rated, Bills: w.bills, Work: objects.NewMemory(),
	})
	month := func(m time.Month) Key { return Key{"monthly", period.Month{Year: 2026, Month: m}} }
	w.sep, w.oct, w.nov = month(9), month(10), month(11)
	w.setUp("0.06")
	w.first = w.deliver("first.csv",
		"a1,alice,4420,441110001,2026-09-01 10:00:00,61,", "a2,alice,4420,447700900,2026-09-02 10:00:00,100,",
		"a3,alice,4420,447700900,2026-09-03 10:00:00,95.5,", "b1,bob,4430,441110002,2026-09-04 10:00:00,59,",
		"b2,bob,4430,190055500,2026-09-04 11:00:00,30,", "b3,bob,4430,100,2026-09-04 12:00:00,30,",
		"x1,carol,4430,441110002,2026-09-05 10:00:00,30,", "x2,bob,4430,441110002,not a time,30,",
		"x3,bob,4430,441110002,2026-09-05 10:00:00,30,NO ANSWER",
		"a4,alice,4420,441110001,2026-10-01 10:00:00,200,", "b4,bob,4430,441110002,2026-09-30 23:30:00,17,",
		",bob,4430,441110002,2026-09-06 10:00:00,20,", ",bob,4430,441110002,2026-09-06 10:00:00,20,")
	w.copies = w.deliver("copies.csv",
		"a1,alice,4420,441110001,2026-09-01 10:00:00,61,", "b1,bob,4430,441110002,2026-09-04 10:00:00,62,",
		"b5,bob,4430,447700901,2026-09-07 10:00:00,7,", ",bob,4430,441110002,2026-09-06 10:00:00,20,")
	w.wrong = w.deliver("wrong.csv", "w1,bob,4430,441110009,2026-09-08 10:00:00,600,", "w2,bob,4430,441110009,2026-10-08 10:00:00,600,")
	w.setUp("0.09") // the open months see other prices than the batches did
	w.close(w.sep)
	w.late = w.deliver("late.csv", "l1,alice,4420,441110003,2026-09-01 09:00:00,40,", "l2,bob,4430,441110003,2026-10-09 09:00:00,41,")
	if err := w.Withdraw(t.Context(), w.wrong.ID); err != nil {
		t.Fatal(err)
	}
	w.close(w.oct)
	w.last = w.deliver("last.csv", "n1,alice,4420,441110003,2026-11-01 09:00:00,40,", "n2,bob,4430,441110003,2026-10-20 09:00:00,41,")
	if _, err := w.Fold(t.Context(), w.nov); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) setUp(price string) {
	w.t.Helper()
	p := must(money.ParsePrice(price))(w.t)
	image := must(rating.BuildImage(rating.DefaultTerms("GBP"), func(yield func(rating.Rate, error) bool) {
		_ = yield(rating.Rate{Prefix: "44", Price1: p, PriceN: p, Interval1: 1, IntervalN: 1}, nil) &&
			yield(rating.Rate{Prefix: "447", Price1: 3 * p, PriceN: 2 * p, Interval1: 30, IntervalN: 6, ConnectionFee: p, AssumedPulse: true}, nil) &&
			yield(rating.Rate{Prefix: "19", Interval1: 1, IntervalN: 1, Blocked: true}, nil)
	}))(w.t)
	name := must(w.StoreImage(w.t.Context(), image))(w.t)
	from := w.sep.Month
	err := w.Apply(w.t.Context(), Setup{
		Cycles:      []book.Cycle{{ID: "monthly", Zone: "Europe/London"}},
		Accounts:    []book.Account{{ID: "alice", Cycle: "monthly", Currency: "GBP"}, {ID: "bob", Cycle: "monthly", Currency: "GBP"}},
		Cards:       []book.Card{{ID: "card", Log: ratecard.Log{{Revision: 1, RecordedAt: time.Unix(0, 0).UTC()}}, Images: map[string]string{"1": name}}},
		Assignments: []book.Assignment{{Account: "alice", From: from, Card: "card"}, {Account: "bob", From: from, Card: "card"}},
		Plans:       []bundle.Plan{{ID: "plan", Minutes: 2}},
		Features: []bundle.Feature{{
			ID: "bundle", Account: "alice", Plan: "plan", Name: "Two minutes", Start: period.Date{Year: 2026, Month: 8, Day: 20}, Recurring: money.MustParse("5"),
		}, {
			ID: "line", Account: "bob", Name: "Line", Start: period.Date{Year: 2026, Month: 9, Day: 12}, Recurring: money.MustParse("9.99"), Count: 2,
		}},
		Feeds: []book.Feed{{Source: cdr.Feed{ID: "switch", Format: cdr.Generic, Zone: "UTC"}, Cycle: "monthly"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) deliver(name string, rows ...string) Batch {
	w.t.Helper()
	text := "call_id,account,a_number,b_number,start_time,duration,disposition\n" + strings.Join(rows, "\n") + "\n"
	info := must(w.cdrs.Create(w.t.Context(), name, strings.NewReader(text)))(w.t)
	id := must(w.Receive(w.t.Context(), Arrival{Bucket: "cdrs", Object: name, Generation: info.Generation, Feed: "switch", At: time.Unix(1_000_000_000, 0)}))(w.t)
	b := must(w.Process(w.t.Context(), id))(w.t)
	if b.State != Committed {
		w.t.Fatalf("%s is %s: %s", name, b.State, b.Failure)
	}
	return b
}

func (w *world) close(key Key) {
	w.t.Helper()
	if err := w.Close(w.t.Context(), key, time.Unix(2_000_000_000, 0)); err != nil {
		w.t.Fatal(err)
	}
}
