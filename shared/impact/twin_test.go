package impact_test

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/impact"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// twinLine is a line of a report, added up in fractions.
type twinLine struct {
	cost, charges [2]twinSide // before and after
	margin        [2]big.Rat
	records       [2]int64
}

type twinSide struct {
	n, unrated int64
	seconds    uint64
	amount     big.Rat
}

// twinCharge is a charge of a record as an export of its month has it.
type twinCharge struct {
	role        call.Role
	level       uint8
	account     string
	destination string
	rated       bool
	fallback    bool
	reason      call.Reason
	amount      *big.Rat
	seconds     uint64
}

// charges returns every charge of months that counts, by record and role.
func (w *world) charges(months []period.Month) map[string]map[string]twinCharge {
	w.Helper()
	out := map[string]map[string]twinCharge{}
	periods, err := w.Periods(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, p := range periods {
		if !slices.Contains(months, p.Month) {
			continue
		}
		x, err := w.Extract(w.Context(), p.Key.String())
		if err != nil {
			w.Fatal(err)
		}
		err = x.Each(w.Context(), func(e *export.Record) error {
			r := e.Row
			if r.Status != call.Rated && r.Status != call.Unrated {
				return nil
			}
			record := fmt.Sprintf("%s %d", e.Batch, r.Line)
			if out[record] == nil {
				out[record] = map[string]twinCharge{}
			}
			out[record][r.Role.Name(r.Level)] = twinCharge{
				r.Role, r.Level, strings.Clone(r.Account), strings.Clone(e.Destination), r.Status == call.Rated, r.Flags.Has(call.FallbackCard), r.Reason, rat(r.Charge), r.Billed,
			}
			return nil
		})
		if err != nil {
			w.Fatal(err)
		}
	}
	return out
}

func rat(a money.Amount) *big.Rat {
	r, ok := new(big.Rat).SetString(a.String())
	if !ok {
		panic(a)
	}
	return r
}

// compared reports whether carrier makes a charge of the world, or would; with the
// fallback also what cole's card leaves.
func (c twinCharge) compared(rebuilt, fallback bool) bool {
	switch {
	case c.role == call.Supplier:
		return c.account == "north"
	case !rebuilt:
		return false
	case c.account == "cole": // whose card is another carrier's
		return c.fallback || fallback && !c.rated && (c.reason == call.NoRate || c.reason == call.ShortNumber)
	}
	return slices.Contains([]string{"acme", "bolt", "dora", "shop"}, c.account)
}

// twin adds up what records came to before and after, charge by charge.
func twin(before, after map[string]map[string]twinCharge, rebuilt, fallback bool) (total *twinLine, destinations, accounts map[string]*twinLine) {
	total, destinations, accounts = &twinLine{}, map[string]*twinLine{}, map[string]*twinLine{}
	line := func(of map[string]*twinLine, name string) *twinLine {
		if of[name] == nil {
			of[name] = &twinLine{}
		}
		return of[name]
	}
	for record, charges := range before {
		var mainRole, place string // of who pays us; where the margin counts
		level, inScope, costCounts := -1, false, false
		for role, was := range charges {
			if was.role != call.Supplier && int(was.level) > level {
				mainRole, level = role, int(was.level)
			}
		}
		now := func(role string) twinCharge {
			if is := after[record][role]; is.role == call.Supplier || rebuilt {
				return is
			}
			return charges[role]
		}
		roles := []string{}
		for role := range charges {
			roles = append(roles, role)
		}
		slices.Sort(roles) // payer, resellers, supplier
		for _, role := range roles {
			was, is := charges[role], now(role)
			if !was.compared(rebuilt, fallback) {
				continue
			}
			destination := cmp.Or(is.destination, was.destination)
			if !costCounts && (was.role == call.Supplier || !inScope) {
				place, costCounts = destination, was.role == call.Supplier
			}
			inScope = true
			account := was.account
			if was.role == call.Supplier {
				account = charges[mainRole].account
			}
			for _, l := range []*twinLine{total, line(destinations, destination), line(accounts, account)} {
				sides := &l.charges
				if was.role == call.Supplier {
					sides = &l.cost
				}
				for i, c := range []twinCharge{was, is} {
					sides[i].n++
					if !c.rated {
						sides[i].unrated++
						continue
					}
					sides[i].seconds += c.seconds
					sides[i].amount.Add(&sides[i].amount, c.amount)
				}
			}
		}
		if !inScope {
			continue
		}
		for i, of := range []func(string) twinCharge{func(role string) twinCharge { return charges[role] }, now} {
			sold, bought := of(mainRole), of("supplier")
			if !sold.rated || !bought.rated {
				continue
			}
			margin := new(big.Rat).Sub(sold.amount, bought.amount)
			for _, l := range []*twinLine{total, line(destinations, place), line(accounts, charges[mainRole].account)} {
				l.records[i]++
				l.margin[i].Add(&l.margin[i], margin)
			}
		}
	}
	return total, destinations, accounts
}

func (l *twinLine) text(name string) string {
	side := func(s [2]twinSide) string {
		return fmt.Sprintf("%d: %s %s, %d %d s, %d %d", s[0].n, s[0].amount.RatString(), s[1].amount.RatString(), s[0].seconds, s[1].seconds, s[0].unrated, s[1].unrated)
	}
	return fmt.Sprintf("%s | %s | %s | %d %d: %s %s", name, side(l.cost), side(l.charges), l.records[0], l.records[1], l.margin[0].RatString(), l.margin[1].RatString())
}

func lineText(l *impact.Line) string {
	side := func(c impact.Change) string {
		return fmt.Sprintf("%d: %s %s, %d %d s, %d %d", c.Charges, rat(c.Old).RatString(), rat(c.New).RatString(), c.OldSeconds, c.NewSeconds, c.OldUnrated, c.NewUnrated)
	}
	m := l.Margin
	return fmt.Sprintf("%s | %s | %s | %d %d: %s %s", l.Name, side(l.Cost), side(l.Charges), m.OldRecords, m.NewRecords, rat(m.Old).RatString(), rat(m.New).RatString())
}

// holdTo holds a report to the twin's lines.
func holdTo(t tester, r impact.Report, before, after map[string]map[string]twinCharge, fallback bool) {
	t.Helper()
	total, destinations, accounts := twin(before, after, r.Rebuilt, fallback)
	same(t, "total", []string{lineText(&r.Total)}, total.text(""))
	for _, c := range []struct {
		what string
		got  []impact.Line
		want map[string]*twinLine
	}{{"destinations", r.Destinations, destinations}, {"accounts", r.Accounts, accounts}} {
		var got, want []string
		for i := range c.got {
			got = append(got, lineText(&c.got[i]))
		}
		for name, l := range c.want {
			want = append(want, l.text(name))
		}
		slices.Sort(got)
		slices.Sort(want)
		same(t, c.what, got, want...)
	}
}

// drawDeck draws a deck of the world's prefixes, named by n, some rows with dates.
func drawDeck(t *rapid.T, n int) string {
	var b strings.Builder
	b.WriteString("prefix,destination,price,increments,connection fee,effective from,effective to\n")
	for _, p := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"44", "4420", "4477", "49", "1", "1212", "33"}), 1, 6, rapid.ID).Draw(t, "prefixes") {
		// An export names a prefix as its first row does: here all do.
		name := rapid.SampledFrom([]string{"", fmt.Sprint("place ", p), fmt.Sprintf("place %s of %d", p, n), "one name"}).Draw(t, "name")
		dates := [][]string{{""}, {""}, {"", "2026-11-10"}, {"", "2026-10-20", "2026-11-10"}}
		if n < 2 { // before a later row, the name would be that of the deck before
			dates = append(dates, []string{"2026-11-05"})
		}
		for _, from := range rapid.SampledFrom(dates).Draw(t, "from") {
			to := ""
			if from == "" && rapid.IntRange(0, 5).Draw(t, "ends") == 0 {
				to = "2026-11-20"
			}
			price := rapid.SampledFrom([]string{"0", "0.01", "0.0234", "0.05", "0.1", "-1"}).Draw(t, "price")
			fmt.Fprintf(&b, "%s,%s,%s,%s,%s,%s,%s\n", p, name, price, rapid.SampledFrom([]string{"1/1", "60/60", "30/6", "60/1"}).Draw(t, "increments"),
				rapid.SampledFrom([]string{"0", "0.005"}).Draw(t, "fee"), from, to)
		}
	}
	return b.String()
}

// drawRecords draws files of records, of which some come again, and drops them.
func drawRecords(t *rapid.T, w *world) {
	var all []string
	for i := range rapid.IntRange(1, 25).Draw(t, "records") {
		day := rapid.SampledFrom([]string{"2026-10-15 10:00:00", "2026-10-31 23:30:00", "2026-11-01 00:30:00", "2026-11-09 23:59:59", "2026-11-10 00:00:00", "2026-11-25 12:00:00", "2026-12-01 00:00:00"}).Draw(t, "at")
		all = append(all, fmt.Sprintf("%d,%s,%s,%s,%d,%s", i, rapid.SampledFrom([]string{"acme", "acme", "bolt", "bolt", "cole", "dora", "shop", "who"}).Draw(t, "account"),
			rapid.SampledFrom([]string{"442079460000", "447700900123", "4930123456", "12125550100", "33123456789", "442", "81312345678"}).Draw(t, "number"),
			day, rapid.SampledFrom([]int{0, 1, 30, 59, 61, 3600}).Draw(t, "seconds"), rapid.SampledFrom([]string{"n", "n", "n", "s", "", "unknown"}).Draw(t, "trunk")))
	}
	cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
	w.records("switch", all[:cut]...)
	w.records(rapid.SampledFrom([]string{"switch", "edge"}).Draw(t, "feed"), all[cut:]...)
	if rapid.Bool().Draw(t, "again") {
		w.records("switch", all[cut/2:cut]...)
	}
}

// Whatever was carried: the new amounts are those of the months once the revision
// is live since ever, and everything is added up as the twin does.
func TestItIsWhatMakingTheRevisionLiveComesTo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, t.TempDir())
		fallback := rapid.Bool().Draw(rt, "fallback")
		if fallback {
			w.setUp(fallbackText)
		}
		first, second := drawDeck(rt, 1), drawDeck(rt, 2)
		if first == second {
			rt.Skip("one deck twice")
		}
		w.live("carrier", w.deck("carrier", first), time.Time{})
		w.live("other", w.deck("other", drawDeck(rt, 0)), time.Time{})
		next := w.deck("carrier", second)
		drawRecords(rt, w)
		months := rapid.SliceOfNDistinct(rapid.SampledFrom([]period.Month{month("2026-10"), month("2026-11"), month("2026-12")}), 3, 3, rapid.ID).Draw(rt, "months")
		before := w.charges(months)
		cost := w.report(impact.Query{Card: "carrier", Revision: next, Months: months})
		all := w.report(impact.Query{Card: "carrier", Revision: next, Months: months, Rebuilt: true})
		w.live("carrier", next, begin)
		after := w.charges(months)
		holdTo(rt, cost, before, after, fallback)
		holdTo(rt, all, before, after, fallback)
	})
}
