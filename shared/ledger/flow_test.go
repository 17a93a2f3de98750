package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// house is a ledger with two accounts on one card: 44 costs 0.06 a minute by
// the second, 4470 is blocked; acme has 1 minute a month and pays 5.00 for it.
type house struct {
	*ledger.Ledger
	t       testing.TB
	docs    documents.Store
	buckets objects.Buckets
	more    int // accounts account-0 and so on, charged as beta is
}

func newHouse(t testing.TB) *house {
	t.Helper()
	docs, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), ledger.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	buckets := objects.MemoryBuckets()
	h := &house{Ledger: ledger.New(docs, buckets), t: t, docs: docs, buckets: buckets}
	h.setUp(h.image("0.06"))
	return h
}

func (h *house) image(price string) string {
	h.t.Helper()
	p, err := money.ParsePrice(price)
	if err != nil {
		h.t.Fatal(err)
	}
	image, err := rating.BuildImage(rating.DefaultTerms("GBP"), func(yield func(rating.Rate, error) bool) {
		_ = yield(rating.Rate{Prefix: "44", Price1: p, PriceN: p, Interval1: 1, IntervalN: 1}, nil) &&
			yield(rating.Rate{Prefix: "4470", Interval1: 1, IntervalN: 1, Blocked: true}, nil)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	name, err := h.StoreImage(h.ctx(), image)
	if err != nil {
		h.t.Fatal(err)
	}
	return name
}

func (h *house) ctx() context.Context { return h.t.Context() }

func (h *house) setUp(image string) {
	h.t.Helper()
	recorded := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	month := period.Month{Year: 2026, Month: 1}
	setup := ledger.Setup{
		Cycles:   []book.Cycle{{ID: "m", Zone: "UTC"}},
		Accounts: []book.Account{{ID: "acme", Cycle: "m", Currency: "GBP"}, {ID: "beta", Cycle: "m", Currency: "GBP"}},
		Cards:    []book.Card{{ID: "c", Log: ratecard.Log{{Revision: 1, RecordedAt: recorded}}, Images: map[string]string{"1": image}}},
		Assignments: []book.Assignment{
			{Account: "acme", From: month, Card: "c"}, {Account: "beta", From: month, Card: "c"},
		},
		Plans: []bundle.Plan{{ID: "p", Minutes: 1}},
		Features: []bundle.Feature{
			{ID: "f", Account: "acme", Plan: "p", Name: "Minute", Start: period.Date{Year: 2026, Month: 11, Day: 1}, Recurring: money.MustParse("5.00")},
		},
		Feeds: []book.Feed{{Source: cdr.Feed{ID: "feed", Format: cdr.Generic, Zone: "UTC"}, Cycle: "m"}},
	}
	for i := range h.more {
		id := fmt.Sprintf("account-%d", i)
		setup.Accounts = append(setup.Accounts, book.Account{ID: id, Cycle: "m", Currency: "GBP"})
		setup.Assignments = append(setup.Assignments, book.Assignment{Account: id, From: month, Card: "c"})
	}
	if err := h.Apply(h.ctx(), setup); err != nil {
		h.t.Fatal(err)
	}
}

const header = "call_id,account,a_number,b_number,start_time,duration\n"

// deliver drops a file of records and brings its batch to its end.
func (h *house) deliver(name string, rows ...string) ledger.Batch {
	h.t.Helper()
	b, err := h.Process(h.ctx(), h.receive(name, rows...))
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

func (h *house) receive(name string, rows ...string) string {
	h.t.Helper()
	return h.receiveText(name, header+strings.Join(rows, "\n")+"\n")
}

func (h *house) receiveText(name, text string) string {
	h.t.Helper()
	info, err := h.buckets.CDRs.Create(h.ctx(), name, strings.NewReader(text))
	if err != nil {
		h.t.Fatal(err)
	}
	id, err := h.Receive(h.ctx(), ledger.Arrival{
		Bucket: "cdrs", Object: name, Generation: info.Generation, Feed: "feed", At: time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func key(month string) ledger.Key {
	m, err := period.ParseMonth(month)
	if err != nil {
		panic(err)
	}
	return ledger.Key{Cycle: "m", Month: m}
}

func (h *house) close(month string) {
	h.t.Helper()
	if err := h.Close(h.ctx(), key(month), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		h.t.Fatal(err)
	}
}

// bills returns "number account month line amount" of a period's invoices.
func (h *house) bills(month string) []string {
	h.t.Helper()
	heads, err := h.Invoices(h.ctx(), key(month))
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, head := range heads {
		inv, err := h.Invoice(h.ctx(), head)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, l := range inv.Lines {
			out = append(out, fmt.Sprintf("%s %s %s %s %s", inv.Number, inv.Account, l.Period, l.Key, l.Exact))
		}
	}
	return out
}

func (h *house) pending(month string) []string {
	h.t.Helper()
	found, err := h.Pending(h.ctx(), key(month))
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, d := range found {
		out = append(out, fmt.Sprintf("%s %s %s", d.Account, d.Key, d.Exact))
	}
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

func TestAMonthFromFileToInvoice(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv",
		"1,acme,,442079460000,2026-11-01 00:00:00,40",
		"2,acme,,442079460000,2026-11-02 00:00:00,40", // 20 s of it are left in the bundle
		"3,beta,,442079460000,2026-11-30 23:59:59,90",
		"4,beta,,447000000000,2026-11-03 00:00:00,10", // blocked
		"5,who,,442079460000,2026-11-03 00:00:00,10",  // no such account
		"6,beta,,442079460000,never,10",
	)
	if diff := cmp.Diff(ledger.Counts{Rows: 6, Accepted: 3, Unrated: 2, Rejected: 1}, b.Counts); diff != "" || b.State != ledger.Committed {
		t.Errorf("batch is %s, counts (-want +got)\n%s", b.State, diff)
	}
	same(t, "pending before the close", h.pending("2026-11"),
		"acme recurring:f 5.00", "acme usage 0.0200", "beta usage 0.0900")
	h.close("2026-11")
	same(t, "invoices", h.bills("2026-11"),
		"2026-11-0001 acme 2026-11 bundled 0.0000", "2026-11-0001 acme 2026-11 recurring:f 5.00", "2026-11-0001 acme 2026-11 usage 0.0200",
		"2026-11-0002 beta 2026-11 usage 0.0900")
	same(t, "pending after it", h.pending("2026-11"))
	h.close("2026-11") // again: nothing new
	if heads, err := h.Invoices(t.Context(), key("2026-11")); err != nil || len(heads) != 2 {
		t.Errorf("%d invoices after a second close, %v", len(heads), err)
	}
}

func TestEveryRowComesBackInTheOrderOfItsFile(t *testing.T) {
	h := newHouse(t)
	b := h.deliver("a.csv",
		"2,beta,,442079460000,2026-12-02 00:00:00,60",
		"x,beta,,442079460000,never,60",
		"1,beta,,442079460000,2026-11-02 00:00:00,60",
		"1,beta,,442079460000,2026-11-02 00:00:00,60",
		"1,beta,,442079460000,2026-11-02 00:00:00,61",
	)
	h.close("2026-11")
	h.close("2026-12")
	var got []string
	err := h.Rows(t.Context(), b.ID, func(r *call.Row, k *ledger.Key) error {
		month := "-"
		if k != nil {
			month = k.Month.String()
		}
		got = append(got, fmt.Sprintf("%d %s %s%s %s", r.Line, month, r.Status, r.Reason, r.Due))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Of line 4, its copy 5 and the conflicting 6, the greatest content hash wins: line 4's.
	same(t, "rows", got, "2 2026-12 rated 0.0600", "3 - rejectedbad_time 0", "4 2026-11 rated 0.0600", "5 2026-11 duplicate 0", "6 2026-11 superseded 0")
}

func TestALateFileIsPendingAndThenCorrected(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,acme,,442079460000,2026-11-10 00:00:00,60", "2,beta,,442079460000,2026-11-10 00:00:00,60")
	h.close("2026-11")
	// It drew from the bundle first, had it been there in time.
	late := h.deliver("late.csv", "0,acme,,442079460000,2026-11-09 00:00:00,30", "9,beta,,442079460000,2026-12-01 00:00:00,60")
	same(t, "pending of November", h.pending("2026-11"), "acme usage 0.0300")
	h.close("2026-12")
	same(t, "December's invoices", h.bills("2026-12"),
		"2026-12-0001 acme 2026-12 recurring:f 5.00", "2026-12-0001 acme 2026-11 usage 0.0300", "2026-12-0002 beta 2026-12 usage 0.0600")
	same(t, "pending after it", h.pending("2026-11"))

	// Withdrawn after both months were issued: everything of it goes back.
	if err := h.Withdraw(t.Context(), late.ID); err != nil {
		t.Fatal(err)
	}
	same(t, "pending of November after the withdrawal", h.pending("2026-11"), "acme usage -0.0300")
	same(t, "pending of December after the withdrawal", h.pending("2026-12"), "beta usage -0.0600")
	h.close("2027-01")
	same(t, "January's invoices", h.bills("2027-01"),
		"2027-01-0001 acme 2027-01 recurring:f 5.00", "2027-01-0001 acme 2026-11 usage -0.0300", "2027-01-0002 beta 2026-12 usage -0.0600")
}

func TestAWithdrawnFileLeavesAnOpenMonth(t *testing.T) {
	h := newHouse(t)
	a := h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	h.deliver("b.csv", "2,beta,,442079460000,2026-11-10 00:00:00,60")
	for range 2 { // the second time changes nothing
		if err := h.Withdraw(t.Context(), a.ID); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "pending", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.0600")
	if b, err := h.Process(t.Context(), a.ID); err != nil || b.State != ledger.Withdrawn {
		t.Errorf("processing it again: %s, %v; want it to stay withdrawn", b.State, err)
	}
}

func TestTheSameFileTwiceIsChargedOnce(t *testing.T) {
	h := newHouse(t)
	rows := []string{"1,beta,,442079460000,2026-11-10 00:00:00,60", ",beta,,442079460000,2026-11-11 00:00:00,60", ",beta,,442079460000,2026-11-11 00:00:00,60"}
	h.deliver("a.csv", rows...)
	h.deliver("copy.csv", rows...)
	// Rows without an id: two in each file are two calls, not four.
	same(t, "pending", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.1800")
}

func TestAFileThatCanNeverBeReadFails(t *testing.T) {
	h := newHouse(t)
	info, err := h.buckets.CDRs.Create(t.Context(), "x.csv", strings.NewReader("what,is,this\n1,2,3\n"))
	if err != nil {
		t.Fatal(err)
	}
	id, err := h.Receive(t.Context(), ledger.Arrival{Bucket: "cdrs", Object: "x.csv", Generation: info.Generation, Feed: "feed", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.Process(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if b.State != ledger.Failed || !strings.Contains(b.Failure, "called number") {
		t.Errorf("batch is %s, %q; want it failed with what is missing", b.State, b.Failure)
	}
}

func TestAnUnfinishedBatchHoldsTheClose(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	id := h.receive("b.csv", "2,beta,,442079460000,2026-11-10 00:00:00,60")
	cutoff := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	if err := h.Close(t.Context(), key("2026-11"), cutoff); !errors.Is(err, ledger.ErrHeld) || !strings.Contains(err.Error(), id) {
		t.Fatalf("close: %v, want it held by batch %s", err, id)
	}
	if _, err := h.Process(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	h.close("2026-11")
	if got := h.bills("2026-11"); !slices.Contains(got, "2026-11-0002 beta 2026-11 usage 0.1200") {
		t.Errorf("invoices %q, want both files on them", got)
	}
}

func TestMonthsAreIssuedInOrder(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-10-10 00:00:00,60", "2,beta,,442079460000,2026-11-10 00:00:00,60")
	if err := h.Close(t.Context(), key("2026-11"), time.Now()); !errors.Is(err, ledger.ErrState) || !strings.Contains(err.Error(), "2026-10") {
		t.Errorf("closing November before October: %v, want October named", err)
	}
}

func TestARetryPricesAsTheFirstTryDid(t *testing.T) {
	h := newHouse(t)
	id := h.receive("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	if err := h.Plan(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	h.setUp(h.image("0.12")) // the card changes between the plan and the work
	b, err := h.Process(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if planned, err := h.Batch(t.Context(), id); err != nil || planned.Book != b.Book {
		t.Errorf("the batch was worked by another book than it was planned by, %v", err)
	}
	// The fold resolves the card again: it is the book now that bills.
	same(t, "pending", h.pending("2026-11"), "acme recurring:f 5.00", "beta usage 0.1200")
	h.close("2026-11")
	h.setUp(h.image("0.18"))
	same(t, "pending after a change of the past", h.pending("2026-11"), "beta usage 0.0600")
}

// Rounded to pence first, 0.495 would become a whole yen, and a Kuwaiti fil be lost.
func TestARecurringChargeIsRoundedOnceToItsCurrency(t *testing.T) {
	for _, tc := range []struct{ currency, price, want string }{
		{"GBP", "1.0111", "0.49"}, // 0.48924…
		{"JPY", "1.023", "0"},     // 0.495: less than half a yen
		{"KWD", "1.023", "0.495"},
	} {
		h := newHouse(t)
		err := h.Apply(t.Context(), ledger.Setup{
			Accounts: []book.Account{{ID: "yen", Cycle: "m", Currency: tc.currency}},
			Features: []bundle.Feature{{ID: "g", Account: "yen", Start: period.Date{Year: 2026, Month: 12, Day: 17}, Recurring: money.MustParse(tc.price)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.OpenPeriod(t.Context(), key("2026-12"), "UTC"); err != nil {
			t.Fatal(err)
		}
		got := "0"
		for _, line := range h.pending("2026-12") {
			if rest, ok := strings.CutPrefix(line, "yen recurring:g "); ok {
				got = rest
			}
		}
		if got != tc.want {
			t.Errorf("15 of 31 days of %s %s: %s, want %s", tc.currency, tc.price, got, tc.want)
		}
	}
}

func TestADraftIsPublishedOnce(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	first, err := h.Fold(t.Context(), key("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Fold(t.Context(), key("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("a second fold of the same inputs differs (-first +second)\n%s", diff)
	}
	want := ledger.MonthCounts{Rows: 1, Charged: 1}
	if diff := cmp.Diff(want, first.Counts); diff != "" {
		t.Errorf("counts (-want +got)\n%s", diff)
	}
}

func TestAnInvoiceThatWasTamperedWithIsRefused(t *testing.T) {
	h := newHouse(t)
	h.deliver("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60")
	h.close("2026-11")
	heads, err := h.Invoices(t.Context(), key("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	head := heads[0]
	head.JSON.Size--
	if _, err := h.Invoice(t.Context(), head); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("error %v, want ErrDamaged", err)
	}
}
