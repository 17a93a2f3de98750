package impact_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/impact"
	"github.com/tollbook/tollbook/shared/money"
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

func TestARevisionOfACustomerCardIsComparedByItself(t *testing.T) {
	w, second := worked(t)
	w.live("carrier", second, noon) // so that retail has a second revision
	r := w.report(impact.Query{Card: "retail", Revision: 2, Months: november})
	same(t, "accounts", texts(r.Accounts),
		"acme: charges of 6: 0.3375 → 0.315 (-0.0225), 390 → 360 s, unrated 1 → 1; margin of 5, 4: 0.1225 → 0.1925")
	if r.Rows.Compared != 6 || len(r.Cards) != 1 || r.Cards[0].Card != "retail" {
		t.Errorf("rows %+v by %+v", r.Rows, r.Cards)
	}
}

func TestADeckThatSaysTheSameCostsTheSame(t *testing.T) {
	w, _ := worked(t)
	r := w.report(impact.Query{Card: "carrier", Revision: 1, Months: november, Rebuilt: true})
	if c := r.Total.Cost; !c.Difference.IsZero() || c.OldUnrated != c.NewUnrated || c.OldSeconds != c.NewSeconds || r.Total.Margin.Old != r.Total.Margin.New {
		t.Errorf("total %s, want no difference", text(r.Total))
	}
	if len(r.NegativeAccounts) > 0 || len(r.NegativeDestinations) > 0 {
		t.Errorf("negative: %q, %q", texts(r.NegativeAccounts), texts(r.NegativeDestinations))
	}
}

// What begins next week shows as of then, and in the notices before.
func TestRatesThatBeginLaterShowAsOfThen(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.live("carrier", w.deck("carrier", firstDeck), time.Time{})
	second := w.deck("carrier", "prefix,destination,price,increments,effective from\n44,UK,0.02,1/1,\n44,United Kingdom,0.03,1/1,2026-12-08\n")
	w.records("switch", "1,acme,442079460000,2026-11-10 10:00:00,60,n")
	q := impact.Query{Card: "carrier", Revision: second, Months: november}
	r := w.report(q)
	same(t, "now", texts(r.Destinations), "UK: cost of 1: 0.02 → 0.02 (0), 60 → 60 s, unrated 0 → 0; margin of 1, 1: 0.01 → 0.01")
	if len(r.Notices) != 1 || !strings.Contains(r.Notices[0], "after 2026-11, the last of them on 2026-12-08T00:00:00Z") {
		t.Errorf("notices %q, want the rate that begins later", r.Notices)
	}
	q.AsOf = time.Date(2026, 12, 8, 0, 0, 0, 0, time.UTC)
	r = w.report(q)
	same(t, "then", texts(r.Destinations), "United Kingdom: cost of 1: 0.02 → 0.03 (0.01), 60 → 60 s, unrated 0 → 0; margin of 1, 1: 0.01 → 0")
	if len(r.Notices) > 0 || !r.AsOf.Equal(q.AsOf) {
		t.Errorf("as of %s, notices %q", r.AsOf, r.Notices)
	}
}

func TestACardThatCannotBeBuiltIsSaidAndItsChargesStay(t *testing.T) {
	w, _ := worked(t)
	third := w.deck("carrier", "prefix,destination,price,increments\n44,UK,0.000000000001,1/1\n") // half of it is none
	r := w.report(impact.Query{Card: "carrier", Revision: third, Months: november, Rebuilt: true})
	failed := 0
	for _, c := range r.Cards {
		if c.Failure != "" {
			failed++
		}
	}
	if len(r.Cards) != 4 || failed != 2 || len(r.Notices) != 2 || !strings.Contains(strings.Join(r.Notices, "\n"), "Card retail cannot be built") {
		t.Errorf("cards %+v, notices %q; want retail and wholesale among them, which cannot be built", r.Cards, r.Notices)
	}
	if r.Total.Charges.Charges != 0 || r.Total.Cost.Charges != 6 {
		t.Errorf("total %s, want costs alone", text(r.Total))
	}
}

// A supplier's charge lies in the supplier's month, the customer's in theirs.
func TestAChargeWhoseRecordIsOfAnotherMonthIsInTheLineOfNoAccount(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.live("carrier", w.deck("carrier", firstDeck), time.Time{})
	second := w.deck("carrier", secondDeck)
	w.records("switch", "1,dora,442079460000,2026-10-31 23:30:00,60,n", "2,dora,442079460000,2026-10-31 22:30:00,60,n") // both October's in UTC, the first November's in Berlin
	r := w.report(impact.Query{Card: "carrier", Revision: second, Months: []period.Month{month("2026-10")}})
	same(t, "accounts", texts(r.Accounts),
		": cost of 1: 0.02 → 0.04 (0.02), 60 → 60 s, unrated 0 → 0",
		"dora: cost of 1: 0.02 → 0.04 (0.02), 60 → 60 s, unrated 0 → 0; margin of 1, 1: 0.01 → -0.01")
	if len(r.Notices) != 1 || !strings.Contains(r.Notices[0], "in these months: 1.") {
		t.Errorf("notices %q, want one of the record", r.Notices)
	}
}

func TestWhatIsAskedIsChecked(t *testing.T) {
	w, second := worked(t)
	for _, months := range [][]period.Month{nil, {november[0], november[0]}, make([]period.Month, impact.MaxMonths+1)} {
		if _, err := w.compare(impact.Query{Card: "carrier", Revision: second, Months: months}); !errors.Is(err, catalog.ErrRefused) {
			t.Errorf("%d months: error %v, want a refusal", len(months), err)
		}
	}
	if _, err := w.compare(impact.Query{Card: "carrier", Revision: 9, Months: november}); !errors.Is(err, catalog.ErrRefused) {
		t.Errorf("a revision that is not there: error %v, want a refusal", err)
	}
}

// The lines that are shown and the rest come to the total, and the file has them all.
func TestTheGreatestDifferencesAreShownAndTheRestIsOneLine(t *testing.T) {
	w := newWorld(t, t.TempDir())
	var first, second strings.Builder
	var rows []string
	const places = impact.Shown + 30
	for i := range places {
		fmt.Fprintf(&first, "44%03d,\"=Place %d\",0.02,1/1\n", i, i)
		fmt.Fprintf(&second, "44%03d,\"=Place %d\",%s,1/1\n", i, i, []string{"0.01", "0.03"}[i%2])
		rows = append(rows, fmt.Sprintf("%d,acme,44%03d9460000,2026-11-10 10:00:00,%d,n", i, i, 60*(i+1)))
	}
	const header = "prefix,destination,price,increments\n"
	w.live("carrier", w.deck("carrier", header+first.String()), time.Time{})
	revision := w.deck("carrier", header+second.String())
	w.records("switch", rows...)
	c, err := w.compare(impact.Query{Card: "carrier", Revision: revision, Months: november})
	if err != nil {
		t.Fatal(err)
	}
	r := c.Report
	if n := len(r.Destinations); n != impact.Shown+1 || r.Destinations[0].Name != "=Place 129" || r.Destinations[n-1].Name != "(rest)" || r.Destinations[n-1].Cost.Charges != 30 {
		t.Fatalf("%d lines, the first %s", n, text(r.Destinations[0]))
	}
	var sum money.Amount
	for _, l := range r.Destinations {
		if sum, err = sum.Add(l.Cost.Difference); err != nil {
			t.Fatal(err)
		}
	}
	if !sum.Equal(r.Total.Cost.Difference) || sum.String() != "0.650000" {
		t.Errorf("the lines come to %s, the total is %s", sum, r.Total.Cost.Difference)
	}
	var file strings.Builder
	n, err := c.WriteDestinations(&file)
	if err != nil || n != places || strings.Count(file.String(), "\n") != places+1 || !strings.Contains(file.String(), "\n'=Place 129,1,7800,7800,2.600000,3.900000,1.300000,0,0,") {
		t.Errorf("%d lines (%v) in\n%.400s", n, err, file.String())
	}
	if !strings.Contains(r.Sentence(), "130 of 260 charges compared; cost 170.300000 → 170.950000 GBP (+0.650000); margin") {
		t.Errorf("in one line: %s", r.Sentence())
	}
}
