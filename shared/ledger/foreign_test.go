package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/period"
)

// newTwoCycles is a house with a second cycle, n, of New York's months:
// accounts gamma and delta, on the same card.
func newTwoCycles(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	h.addCycle()
	return h
}

func (h *house) addCycle() {
	h.t.Helper()
	from := period.Month{Year: 2026, Month: 1}
	err := h.Apply(h.ctx(), ledger.Setup{
		Cycles:      []book.Cycle{{ID: "n", Zone: "America/New_York"}},
		Accounts:    []book.Account{{ID: "gamma", Cycle: "n", Currency: "GBP"}, {ID: "delta", Cycle: "n", Currency: "GBP"}},
		Assignments: []book.Assignment{{Account: "gamma", From: from, Card: "c"}, {Account: "delta", From: from, Card: "c"}},
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func in(cycle, month string) ledger.Key {
	k := key(month)
	k.Cycle = cycle
	return k
}

// versions delivers records with a version behind each.
func (h *house) versions(name string, rows ...string) ledger.Batch {
	h.t.Helper()
	text := strings.TrimSuffix(header, "\n") + ",version\n" + strings.Join(rows, "\n") + "\n"
	info, err := h.buckets.CDRs.Create(h.ctx(), name, strings.NewReader(text))
	if err != nil {
		h.t.Fatal(err)
	}
	id, err := h.Receive(h.ctx(), ledger.Arrival{Bucket: "cdrs", Object: name, Generation: info.Generation, Feed: "feed", At: asked})
	if err != nil {
		h.t.Fatal(err)
	}
	b, err := h.Process(h.ctx(), id)
	if err != nil || b.State != ledger.Committed {
		h.t.Fatalf("%s is %s: %v", name, b.State, err)
	}
	return b
}

// bill closes a month of a cycle and returns "account month line amount" of
// its invoices, but those of acme.
func (h *house) bill(k ledger.Key) []string {
	h.t.Helper()
	if err := h.OpenPeriod(h.ctx(), k, map[string]string{"m": "UTC", "n": "America/New_York", "s": "UTC"}[k.Cycle]); err != nil {
		h.t.Fatal(err)
	}
	if err := h.Close(h.ctx(), k, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		h.t.Fatal(err)
	}
	heads, err := h.Invoices(h.ctx(), k)
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
			if inv.Account != "acme" {
				out = append(out, fmt.Sprintf("%s %s %s %s", inv.Account, l.Period, l.Key, l.Exact))
			}
		}
	}
	return out
}

func (h *house) left(k ledger.Key) []string {
	h.t.Helper()
	found, err := h.Pending(h.ctx(), k)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, d := range found {
		if d.Account != "acme" {
			out = append(out, fmt.Sprintf("%s %s %s", d.Account, d.Key, d.Exact))
		}
	}
	return out
}

func (h *house) proved() {
	h.t.Helper()
	problems, err := h.Fsck(h.ctx())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, p := range problems {
		h.t.Error(p)
	}
}

// One call of a minute, first thought to be beta's (cycle m), then gamma's
// (cycle n).
const (
	ofBeta  = "1,beta,,442079460000,2026-11-10 00:00:00,60,1"
	ofGamma = "1,gamma,,442079460000,2026-11-10 00:00:00,60,2"
)

var novM, decM, novN, decN = in("m", "2026-11"), in("m", "2026-12"), in("n", "2026-11"), in("n", "2026-12")

func TestACallIsChargedOnceThoughItsAccountWasCorrectedIntoAnotherCycle(t *testing.T) {
	for name, files := range map[string][][]string{
		"one after the other":      {{ofBeta}, {ofGamma}},
		"the correction first":     {{ofGamma}, {ofBeta}},
		"in one file":              {{ofBeta, ofGamma}},
		"each delivered twice":     {{ofBeta}, {ofGamma}, {ofGamma, ofBeta}},
		"corrected back and forth": {{ofBeta, "1,gamma,,442079460000,2026-11-10 00:00:00,60,0"}, {ofGamma}},
	} {
		for _, order := range [][]ledger.Key{{novM, novN}, {novN, novM}} {
			t.Run(name+", "+order[0].Cycle+" first", func(t *testing.T) {
				h := newTwoCycles(t)
				for i, rows := range files {
					h.versions(fmt.Sprintf("%d.csv", i), rows...)
				}
				var bills []string
				for _, k := range order {
					bills = append(bills, h.bill(k)...)
				}
				same(t, "bills", bills, "gamma 2026-11 usage 0.0600")
				h.proved()
			})
		}
	}
}

func TestAnOlderVersionInAnotherCycleChangesNothing(t *testing.T) {
	h := newTwoCycles(t)
	h.versions("b.csv", ofGamma)
	same(t, "November of n", h.bill(novN), "gamma 2026-11 usage 0.0600")
	h.versions("a.csv", ofBeta)
	same(t, "pending of n", h.left(novN))
	same(t, "November of m", h.bill(novM))
	same(t, "December of n", h.bill(decN))
	h.proved()
}

func TestAnIssuedChargeIsCreditedWhenTheCallTurnsOutToBeAnotherCycles(t *testing.T) {
	h := newTwoCycles(t)
	h.versions("a.csv", ofBeta)
	same(t, "November of m", h.bill(novM), "beta 2026-11 usage 0.0600")
	h.versions("b.csv", ofGamma)
	same(t, "pending of m", h.left(novM), "beta usage -0.0600")
	h.proved()
	same(t, "November of n", h.bill(novN), "gamma 2026-11 usage 0.0600")
	same(t, "December of m", h.bill(decM), "beta 2026-11 usage -0.0600")
	same(t, "pending of m", h.left(novM))
	same(t, "December of n", h.bill(decN))
	h.proved()
}

func TestWhereBothMonthsAreIssuedBothAreAdjusted(t *testing.T) {
	for _, order := range [][]ledger.Key{{decM, decN}, {decN, decM}} {
		t.Run(order[0].Cycle+" first", func(t *testing.T) {
			h := newTwoCycles(t)
			h.versions("a.csv", ofBeta)
			same(t, "November of m", h.bill(novM), "beta 2026-11 usage 0.0600")
			same(t, "November of n", h.bill(novN))
			h.versions("b.csv", ofGamma)
			want := map[ledger.Key]string{decM: "beta 2026-11 usage -0.0600", decN: "gamma 2026-11 usage 0.0600"}
			for _, k := range order {
				same(t, k.String(), h.bill(k), want[k])
			}
			same(t, "pending", append(h.left(novM), h.left(novN)...))
			h.proved()
		})
	}
}

func TestACorrectionThatIsWithdrawnGivesTheChargeBack(t *testing.T) {
	for name, redo := range map[string]bool{"withdrawn": false, "read again": true} {
		t.Run(name, func(t *testing.T) {
			h := newTwoCycles(t)
			h.versions("a.csv", ofBeta)
			b := h.versions("b.csv", ofGamma)
			same(t, "November of m", h.bill(novM)) // it relies on b.csv, whose own month still takes usage
			if redo {
				// Read in New York's time, it is another call, five hours later.
				h.feed(cdr.Generic, "America/New_York")
				h.redo(b.ID)
			} else if err := h.Withdraw(t.Context(), b.ID); err != nil {
				t.Fatal(err)
			}
			same(t, "pending of m", h.left(novM), "beta usage 0.0600")
			h.proved()
			at := asked.AddDate(0, 1, 0)
			for range 2 { // what was read again is proved of what was read first, too
				if _, err := h.Sweep(t.Context(), at, byFolder); err != nil {
					t.Fatal(err)
				}
				at = at.AddDate(0, 0, 8)
			}
			var ofN []string
			if redo {
				ofN = []string{"gamma 2026-11 usage 0.0600"}
			}
			same(t, "November of n", h.bill(novN), ofN...)
			same(t, "December of m", h.bill(decM), "beta 2026-11 usage 0.0600")
			h.proved()
		})
	}
}

func TestWhatComesFromAnotherCycleWhileAMonthIsClosedStaysLateWhenItIsReopened(t *testing.T) {
	reopened := func(h *house) {
		t.Helper()
		if err := h.Reopen(t.Context(), novM); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a correction", func(t *testing.T) {
		h := newTwoCycles(t)
		h.versions("a.csv", ofBeta)
		h.closePartly("2026-11", 2)
		h.versions("b.csv", ofGamma)
		reopened(h)
		same(t, "November of m", h.bill(novM), "beta 2026-11 usage 0.0600")
		same(t, "December of m", h.bill(decM), "beta 2026-11 usage -0.0600")
		h.proved()
	})
	t.Run("the correction read again, and again", func(t *testing.T) {
		h := newTwoCycles(t)
		h.versions("a.csv", ofBeta)
		b := h.versions("b.csv", ofGamma)
		h.closePartly("2026-11", 2)
		h.feed(cdr.Generic, "America/New_York")
		h.redo(b.ID)
		reopened(h)
		h.redo(b.ID)
		same(t, "November of m", h.bill(novM)) // by the first reading, and by no other
		h.proved()
		same(t, "December of m", h.bill(decM), "beta 2026-11 usage 0.0600")
		same(t, "November of n", h.bill(novN), "gamma 2026-11 usage 0.0600")
		h.proved()
	})
}

func TestARecordWithoutAnIDIsChargedOnceThoughItsNumberMovesToAnotherCycle(t *testing.T) {
	const number = "442071230001"
	row := ",," + number + ",442079460000,2026-11-10 00:00:00,60,"
	h := newTwoCycles(t)
	owner := func(account string) {
		t.Helper()
		err := h.Apply(t.Context(), ledger.Setup{Numbers: []book.Number{{Number: number, Owners: []book.Owner{{Account: account}}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	owner("beta")
	first := h.versions("a.csv", row, row)
	owner("gamma")
	h.versions("b.csv", row, row, row)
	bill := func(k ledger.Key, account string) (calls uint64) {
		t.Helper()
		res, err := h.Fold(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range res.Accounts {
			for _, l := range a.Lines {
				if a.Account == account {
					calls += l.Calls
				}
			}
		}
		return calls
	}
	// As many as the file with most of them has, whoever they are charged to.
	if beta, gamma := bill(novM, "beta"), bill(novN, "gamma"); beta+gamma != 3 || gamma == 0 {
		t.Errorf("beta is charged %d calls, gamma %d: want 3 in all", beta, gamma)
	}
	h.redo(first.ID)
	if beta, gamma := bill(novM, "beta"), bill(novN, "gamma"); beta != 0 || gamma != 3 {
		t.Errorf("when the first file was read again, beta is charged %d calls, gamma %d: want 0 and 3", beta, gamma)
	}
	h.proved()
}

func TestAnAccountThatMovesToANewCycleIsNotChargedAgain(t *testing.T) {
	h := newHouse(t)
	h.versions("a.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60,", ",beta,,442079460000,2026-11-11 00:00:00,60,")
	h.addCycle()
	if err := h.Apply(t.Context(), ledger.Setup{Accounts: []book.Account{{ID: "beta", Cycle: "n", Currency: "GBP"}}}); err != nil {
		t.Fatal(err)
	}
	h.versions("b.csv", "1,beta,,442079460000,2026-11-10 00:00:00,60,", ",beta,,442079460000,2026-11-11 00:00:00,60,", "2,beta,,442079460000,2026-11-12 00:00:00,60,")
	bills := append(h.bill(novM), h.bill(novN)...)
	slices.Sort(bills)
	sum := 0
	for _, b := range bills {
		sum += map[string]int{"beta 2026-11 usage 0.0600": 1, "beta 2026-11 usage 0.1200": 2, "beta 2026-11 usage 0.1800": 3}[b]
	}
	if sum != 3 {
		t.Errorf("beta's three calls are billed as %q", bills)
	}
	h.proved()
}

func TestOnlyFilesOfTheSameHoursTouchAnotherCyclesMonth(t *testing.T) {
	h := newTwoCycles(t)
	h.versions("a.csv", ofBeta)
	h.bill(novM)
	stale := func() bool {
		t.Helper()
		is, err := h.Stale(t.Context(), novM)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	// Still November in New York, but not in m.
	h.versions("b.csv", "7,gamma,,442079460000,2026-12-01 04:59:59,60,")
	page, err := h.docs.Query(t.Context(), documents.Query{Name: "entries_by_period", Equal: map[string]any{"period": novM.String()}, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if stale() || len(page.Docs) != 1 {
		t.Errorf("November of m has %d entries, and is touched by a file of December's hours", len(page.Docs))
	}
	h.versions("c.csv", "8,gamma,,442079460000,2026-11-30 23:59:59.999999999,60,")
	if !stale() {
		t.Error("November of m does not see a file of its last nanosecond")
	}
	h.proved()
}

func TestAFileCostsDocumentsByTheOtherCycles(t *testing.T) {
	h, docs := newCountedHouse(t)
	h.addCycle()
	h.deliver("first.csv", "0,beta,,442079460000,2026-11-01 12:00:00,1")
	h.bill(novN)
	for i, rows := range []int{1, 1000} {
		var lines []string
		for r := range rows {
			lines = append(lines, fmt.Sprintf("%d-%d,beta,,442079460000,2026-11-02 12:00:00,1", i, r))
		}
		before := docs.Operations()
		h.deliver(fmt.Sprintf("%d.csv", i), lines...)
		// The other cycle's month, the next one that carries the difference, and
		// that it does: the first time, it is opened and noted, and all is read again.
		if got, most := docs.Operations()-before, int64(8+2+3+[]int{10, 0}[i]); got > most {
			t.Errorf("%d rows: %d documents, want at most %d", rows, got, most)
		}
	}
}
