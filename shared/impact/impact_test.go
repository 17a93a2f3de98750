package impact_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/impact"
	"github.com/tollbook/tollbook/shared/period"
)

const firstDeck = "prefix,destination,price,increments\n44,UK,0.02,1/1\n4477,UK mobile,0.10,60/60\n49,Germany,0.03,1/1\n"

// secondDeck costs twice as much to the UK, has its mobiles blocked, and sells
// what the first does not.
const secondDeck = "prefix,destination,price,increments\n44,UK,0.04,1/1\n4477,UK mobile,-1,60/60\n49,Germany,0.03,1/1\n1,USA,0.01,1/1\n"

// worked is five calls of November that north took, one of them delivered twice,
// one that south took, and one of cole's.
func worked(t testing.TB) (*world, int) {
	t.Helper()
	w := newWorld(t, t.TempDir())
	w.live("carrier", w.deck("carrier", firstDeck), time.Time{})
	w.live("other", w.deck("other", "prefix,destination,price,increments\n44,UK,0.01,1/1\n"), time.Time{})
	second := w.deck("carrier", secondDeck)
	const first = "1,acme,442079460000,2026-11-10 10:00:00,60,n" // costs 0.02, and would 0.04; acme pays 0.03
	w.records("switch", first,
		"2,acme,442079460001,2026-11-10 11:00:00,120,n", // 0.04, 0.08; 0.06
		"3,acme,447700900123,2026-11-10 12:00:00,30,n",  // 0.10, blocked; 0.15
		"4,acme,4930123456,2026-11-10 13:00:00,90,n",    // 0.045, 0.045; 0.0675
		"5,acme,12125550100,2026-11-10 14:00:00,30,n",   // no rate, 0.005; acme has none, either
		"6,acme,442079460001,2026-11-10 15:00:00,60,s",  // another supplier's
		"7,cole,442079460001,2026-11-10 16:00:00,60,n",  // 0.02, 0.04; cole pays 0.02
	)
	w.records("switch", first)
	return w, second
}

// text is what of a line is not zero.
func text(l impact.Line) string {
	var out []string
	for _, c := range []struct {
		name string
		impact.Change
	}{{"cost", l.Cost}, {"charges", l.Charges}} {
		if c.Charges > 0 {
			out = append(out, fmt.Sprintf("%s of %d: %s → %s (%s), %d → %d s, unrated %d → %d",
				c.name, c.Change.Charges, c.Old.Trim(), c.New.Trim(), c.Difference.Trim(), c.OldSeconds, c.NewSeconds, c.OldUnrated, c.NewUnrated))
		}
	}
	if m := l.Margin; m.OldRecords+m.NewRecords > 0 {
		out = append(out, fmt.Sprintf("margin of %d, %d: %s → %s", m.OldRecords, m.NewRecords, m.Old.Trim(), m.New.Trim()))
	}
	return l.Name + ": " + strings.Join(out, "; ")
}

func texts(lines []impact.Line) []string {
	var out []string
	for _, l := range lines {
		out = append(out, text(l))
	}
	return out
}

// tester is a test, or one try of a property.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
}

func same(t tester, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

var november = []period.Month{month("2026-11")}

func TestWhatASuppliersDeckWouldHaveCost(t *testing.T) {
	w, second := worked(t)
	r := w.report(impact.Query{Card: "carrier", Revision: second, Months: november})
	same(t, "total", []string{text(r.Total)}, ": cost of 6: 0.225 → 0.21 (-0.015), 390 → 360 s, unrated 1 → 1; margin of 5, 4: 0.1025 → -0.0275")
	same(t, "destinations", texts(r.Destinations),
		"UK mobile: cost of 1: 0.1 → 0 (-0.1), 60 → 0 s, unrated 0 → 1; margin of 1, 0: 0.05 → 0",
		"UK: cost of 3: 0.08 → 0.16 (0.08), 240 → 240 s, unrated 0 → 0; margin of 3, 3: 0.03 → -0.05",
		"USA: cost of 1: 0 → 0.005 (0.005), 0 → 30 s, unrated 1 → 0",
		"Germany: cost of 1: 0.045 → 0.045 (0), 90 → 90 s, unrated 0 → 0; margin of 1, 1: 0.0225 → 0.0225")
	same(t, "accounts", texts(r.Accounts),
		"acme: cost of 5: 0.205 → 0.17 (-0.035), 330 → 300 s, unrated 1 → 1; margin of 4, 3: 0.1025 → -0.0075",
		"cole: cost of 1: 0.02 → 0.04 (0.02), 60 → 60 s, unrated 0 → 0; margin of 1, 1: 0 → -0.02")
	same(t, "destinations whose margin turns", texts(r.NegativeDestinations), text(r.Destinations[1]))
	same(t, "accounts whose margin turns", texts(r.NegativeAccounts), text(r.Accounts[1]), text(r.Accounts[0]))
	if want := (impact.Rows{Charges: 16, Compared: 6, Others: 8, NotCounted: 2}); r.Rows != want {
		t.Errorf("rows %+v, want %+v", r.Rows, want)
	}
	if len(r.Cards) != 1 || r.Cards[0].Card != "cost" || len(r.Notices) > 0 {
		t.Errorf("compared by %+v, with notices %q", r.Cards, r.Notices)
	}
}

func TestWhatCustomersWouldPayIfTheirCardsWereRebuilt(t *testing.T) {
	w, second := worked(t)
	r := w.report(impact.Query{Card: "carrier", Revision: second, Months: november, Rebuilt: true})
	same(t, "destinations", texts(r.Destinations),
		"UK mobile: cost of 1: 0.1 → 0 (-0.1), 60 → 0 s, unrated 0 → 1; charges of 1: 0.15 → 0 (-0.15), 60 → 0 s, unrated 0 → 1; margin of 1, 0: 0.05 → 0",
		"UK: cost of 3: 0.08 → 0.16 (0.08), 240 → 240 s, unrated 0 → 0; charges of 3: 0.12 → 0.24 (0.12), 240 → 240 s, unrated 0 → 0; margin of 4, 4: 0.05 → 0.09",
		"USA: cost of 1: 0 → 0.005 (0.005), 0 → 30 s, unrated 1 → 0; charges of 1: 0 → 0.0075 (0.0075), 0 → 30 s, unrated 1 → 0; margin of 0, 1: 0 → 0.0025",
		"Germany: cost of 1: 0.045 → 0.045 (0), 90 → 90 s, unrated 0 → 0; charges of 1: 0.0675 → 0.0675 (0), 90 → 90 s, unrated 0 → 0; margin of 1, 1: 0.0225 → 0.0225")
	same(t, "accounts whose margin turns", texts(r.NegativeAccounts),
		"cole: cost of 1: 0.02 → 0.04 (0.02), 60 → 60 s, unrated 0 → 0; margin of 1, 1: 0 → -0.02")
}
