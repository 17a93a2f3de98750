package rating_test

import (
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
	. "github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin"
	"github.com/tollbook/tollbook/tests/twin/draw"
	"github.com/tollbook/tollbook/tests/twin/product"
)

// drawn is a random card with usage of it, some of it of other kinds, of no
// kind of number, and out of range.
func drawn(t testing.TB, seed uint64, records int) (draw.Card, *Card, []Usage) {
	t.Helper()
	s := draw.New(seed)
	d := s.Card()
	c, err := product.Card(d.Terms, d.Rates)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	usage := make([]Usage, records)
	for i := range usage {
		if usage[i], err = product.Usage(s.Usage(d)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		switch s.IntN(100) {
		case 0:
			usage[i].Quantity = MaxQuantity + 1
		case 1:
			usage[i].Quantity = -1
		}
	}
	return d, c, usage
}

// blocksOf puts usage into blocks, of one kind and zone each; usage whose
// number is none cannot be in one.
func blocksOf(usage []Usage) map[string]*Block {
	blocks, of := map[string]*Block{}, map[string][]Usage{}
	for _, u := range usage {
		number, ok := prefix.KeyOf(u.Number)
		if !ok {
			continue
		}
		caller, _ := prefix.KeyOf(u.Caller)
		name := fmt.Sprint(u.Kind, u.Zone)
		b := blocks[name]
		if b == nil {
			b = &Block{Kind: u.Kind, Zone: u.Zone, Details: func(i int) Usage { return of[name][i] }}
			blocks[name] = b
		}
		of[name] = append(of[name], u)
		b.Numbers, b.Callers = append(b.Numbers, number), append(b.Callers, caller)
		b.Quantities, b.Instants, b.Charges = append(b.Quantities, u.Quantity), append(b.Instants, u.Instant), append(b.Charges, Charge{Billed: 77})
	}
	return blocks
}

// TestBlocksArePricedAsTheirRecords, on random cards of all rules and kinds.
func TestBlocksArePricedAsTheirRecords(t *testing.T) {
	inBlocks := 0
	for seed := range uint64(120) {
		_, c, usage := drawn(t, seed, 200)
		p, q := c.NewPricer(), c.NewPricer()
		for _, b := range blocksOf(usage) {
			details, asks := b.Details, c.Asks()
			if !asks.Details {
				b.Details = nil
				inBlocks++
			}
			if !asks.Instants {
				b.Instants = nil
			}
			if !asks.Callers {
				b.Callers = nil
			}
			p.PriceBlock(b)
			for i, got := range b.Charges {
				u := details(i)
				if diff := cmp.Diff(q.Price(&u), got, amounts); diff != "" {
					t.Fatalf("seed %d: %+v (-alone +in a block):\n%s", seed, u, diff)
				}
			}
		}
	}
	if inBlocks < 30 {
		t.Errorf("%d blocks went without details", inBlocks)
	}
}

// TestFewGroupsOfCallersAreAsMany: what is in one word chooses the rows that a
// list chooses, and so does a word of each of nearly as many groups as it has
// room for, and one more.
func TestFewGroupsOfCallersAreAsMany(t *testing.T) {
	asked := 0
	for seed := range uint64(150) {
		_, c, usage := drawn(t, seed, 60)
		packed, listed := c.NewPricer(), c.Unpacked().NewPricer()
		for _, u := range usage {
			if len(c.Terms().Origins) > 0 {
				asked++
			}
			if diff := cmp.Diff(listed.Price(&u), packed.Price(&u), amounts); diff != "" {
				t.Fatalf("seed %d: %+v (-listed +packed):\n%s", seed, u, diff)
			}
		}
	}
	if asked < 500 {
		t.Errorf("%d calls were priced by cards with groups", asked)
	}
	for groups := 1; groups <= 9; groups++ {
		terms := usual(func(t *Terms) { t.ShortDigits = 0 })
		rates := []Rate{{Prefix: "4", ConnectionFee: price(t, "100")}}
		for i := range groups {
			name := fmt.Sprint("group ", i)
			terms.Origins = append(terms.Origins, Origin{Name: name, Prefixes: []string{fmt.Sprint(30 + i), "99"}, Invalid: i == groups-1})
			rates = append(rates, Rate{Prefix: "4", Origin: name, ConnectionFee: price(t, fmt.Sprint(i))})
		}
		c := mustCard(t, terms, rates...)
		callers := map[string]int{"": groups - 1, "9912345678": 0, "2012345678": 100}
		for i := range groups {
			callers[fmt.Sprintf("%d612345678", 30+i)] = i
		}
		for caller, fee := range callers {
			u := Usage{Kind: call.Voice, Number: "4412345678", Caller: caller, Quantity: 60e9}
			if got := c.NewPricer().Price(&u); got.Amount.String() != fmt.Sprintf("%d.0000", fee) {
				t.Errorf("%d groups, from %q: %+v, want %d", groups, caller, got, fee)
			}
		}
	}
}

// TestAnInvalidCallerInAGroupByItsNumber: that it is invalid puts it into no
// group higher than its number does.
func TestAnInvalidCallerInAGroupByItsNumber(t *testing.T) {
	terms := usual(func(t *Terms) {
		t.Origins = []Origin{{Name: "invalid or of 36", Prefixes: []string{"36"}, Invalid: true}, {Name: "361", Prefixes: []string{"361"}}}
	})
	c := mustCard(t, terms, Rate{Prefix: "44", Origin: "invalid or of 36", ConnectionFee: price(t, "1")}, Rate{Prefix: "44", Origin: "361", ConnectionFee: price(t, "2")})
	for caller, fee := range map[string]string{"": "1.0000", "36": "1.0000", "361": "2.0000", "362": "1.0000"} {
		u := Usage{Kind: call.Voice, Number: "4412345678", Caller: caller, Quantity: 60e9}
		if got := c.NewPricer().Price(&u); got.Amount.String() != fee {
			t.Errorf("from %q: %+v, want %s", caller, got, fee)
		}
	}
}

// TestNoRecordOfABlockHasTheContextOfAnother: the dearer of two prices is for the
// calls that are neither, not for those after them.
func TestNoRecordOfABlockHasTheContextOfAnother(t *testing.T) {
	terms := usual(func(t *Terms) { t.Presentation, t.DearerIndeterminate = InterIntra, true })
	row := func(class numbering.Class, perMinute string) Rate {
		return Rate{Prefix: "1212", Class: class, Price1: price(t, perMinute), PriceN: price(t, perMinute), Interval1: 60, IntervalN: 60}
	}
	c := mustCard(t, terms, row(numbering.Interstate, "3"), row(numbering.Intrastate, "2"))
	b := Block{}
	for _, caller := range []string{"", "13155550100", "442079460000", "12245550100", "13155550100"} {
		number, _ := prefix.KeyOf("12125550100")
		from, _ := prefix.KeyOf(caller)
		b.Numbers, b.Callers, b.Quantities, b.Charges = append(b.Numbers, number), append(b.Callers, from), append(b.Quantities, 60e9), append(b.Charges, Charge{})
	}
	c.NewPricer().PriceBlock(&b)
	for i, want := range []int64{3, 2, 3, 3, 2} {
		if got := b.Charges[i].Amount; got != money.New(want*10_000, 4) {
			t.Errorf("place %d costs %v, want %d", i, got, want)
		}
	}
}

// TestLongBlocks: a block has as many places as it likes.
func TestLongBlocks(t *testing.T) {
	c := mustCard(t, usual(), Rate{Prefix: "44", PriceN: price(t, "0.6"), IntervalN: 1}, Rate{Prefix: "447", From: 1, PriceN: price(t, "1.2"), IntervalN: 1})
	for _, n := range []int{0, 1, 255, 256, 257, 1000} {
		b := Block{Charges: make([]Charge, n)}
		for i := range n {
			key, _ := prefix.KeyOf([]string{"442079460000", "447700900123", "332079460000"}[i%3])
			b.Numbers, b.Quantities, b.Instants = append(b.Numbers, key), append(b.Quantities, int64(i)*1e9), append(b.Instants, 5)
		}
		c.NewPricer().PriceBlock(&b)
		for i, got := range b.Charges {
			want := money.New(int64(i)*int64(i%3+1)*100, 4)
			if i%3 == 2 {
				want = money.Amount{}
			}
			if got.Amount != want || (got.Reason == call.NoRate) != (i%3 == 2) {
				t.Fatalf("place %d of %d: %+v, want %v", i, n, got, want)
			}
		}
	}
}

// TestTracesAddUp: of random cards and usage a trace says what the charge
// does, its steps add up to the sum, what is done to that to the exact charge,
// and this rounds to the amount.
func TestTracesAddUp(t *testing.T) {
	surcharged, limited, split := 0, 0, 0
	for seed := range uint64(120) {
		d, c, usage := drawn(t, seed, 60)
		p := c.NewPricer()
		for _, u := range usage {
			charge, tr := p.Price(&u), p.Trace(&u)
			sameTrace(t, p, u, charge)
			if s := tr.Sentence(); s == "" || strings.Contains(s, "%!") || strings.Contains(s, "panic") {
				t.Fatalf("seed %d: sentence %q", seed, s)
			}
			if charge.Reason != "" {
				if tr.Exact != "" || tr.Sum != "" || tr.Steps != nil {
					t.Fatalf("seed %d: trace %+v of no charge", seed, tr)
				}
				continue
			}
			sum := new(big.Rat)
			for _, s := range tr.Steps {
				sum.Add(sum, exactRat(t, s.Exact))
				if s.Band != "" {
					split++
				}
			}
			if tr.Sum != "" && exactRat(t, tr.Sum).Cmp(sum) != 0 {
				t.Fatalf("seed %d: the steps add up to %v: %+v", seed, sum, tr)
			}
			if tr.Surcharge > 0 && !tr.Free {
				surcharged++
				sum.Mul(sum, new(big.Rat).Add(big.NewRat(1, 1), big.NewRat(int64(tr.Surcharge), 1e12)))
			}
			if tr.MinCharge > 0 || tr.MaxCharge > 0 {
				limited++
				sum.SetFrac64(int64(max(tr.MinCharge, tr.MaxCharge)), 1e12)
				if tr.MaxCharge > 0 {
					sum.SetFrac64(int64(tr.MaxCharge), 1e12)
				}
			}
			if exact := exactRat(t, tr.Exact); exact.Cmp(sum) != 0 {
				t.Fatalf("seed %d: exactly %v, the steps make %v: %+v", seed, exact, sum, tr)
			}
			if rounded := twin.Round(sum, tr.Decimals, tr.Rounding.String()).FloatString(tr.Decimals); tr.Amount != rounded {
				t.Fatalf("seed %d: %s, the steps make %s: %+v", seed, tr.Amount, rounded, tr)
			}
			if tr.Matched && tr.Row.Destination != tr.Destination || tr.Destination != "to "+tr.Service+tr.Prefix {
				t.Fatalf("seed %d: %q is not the row's name: %+v of %+v", seed, tr.Destination, tr.Row, d.Rates)
			}
		}
	}
	if surcharged < 100 || limited < 100 || split < 100 {
		t.Errorf("%d surcharged, %d limited, %d steps of bands: too few to say much", surcharged, limited, split)
	}
}

// exactRat reads the exact text of a trace: 0.01(6), 1/60 or a decimal number.
func exactRat(t testing.TB, s string) *big.Rat {
	t.Helper()
	head, again, endless := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	x, ok := new(big.Rat).SetString(strings.TrimSuffix(head, "."))
	if !ok {
		t.Fatalf("exact amount %q", s)
	}
	if endless {
		_, fraction, _ := strings.Cut(head, ".")
		digits, ok := new(big.Int).SetString(again, 10)
		if !ok {
			t.Fatalf("exact amount %q", s)
		}
		ten := big.NewInt(10)
		nines := new(big.Int).Exp(ten, big.NewInt(int64(len(again))), nil)
		nines.Sub(nines, big.NewInt(1)).Mul(nines, new(big.Int).Exp(ten, big.NewInt(int64(len(fraction))), nil))
		x.Add(x, new(big.Rat).SetFrac(digits, nines))
	}
	return x
}

// ruleCards are cards that need one rule each, and usage that they are for.
func ruleCards(t testing.TB) map[string]*Card {
	p := func(s string) money.Price { return price(t, s) }
	plain := Rate{Prefix: "1212", Price1: p("0.6"), PriceN: p("0.3"), Interval1: 30, IntervalN: 6, ConnectionFee: p("0.01")}
	dear := changed(plain, func(r *Rate) { r.Price1 *= 2 })
	with := func(change func(*Rate)) Rate { return changed(dear, change) }
	bands := func(split bool) Terms {
		return usual(func(terms *Terms) { terms.Bands = eveningBands(t); terms.Bands.Split = split })
	}
	groups := func(terms *Terms) {
		terms.Origins = []Origin{{Name: "us", Prefixes: []string{"1"}}, {Name: "bad", Invalid: true}}
	}
	out := map[string]*Card{}
	for name, of := range map[string]struct {
		terms Terms
		rates []Rate
	}{
		"plain":        {usual(), []Rate{plain}},
		"assumed":      {usual(), []Rate{with(func(r *Rate) { r.AssumedPulse = true })}},
		"blocked":      {usual(), []Rate{with(func(r *Rate) { r.Blocked = true })}},
		"20 decimals":  {usual(func(t *Terms) { t.Decimals = 20 }), []Rate{plain}},
		"dates":        {usual(), []Rate{plain, with(func(r *Rate) { r.From = 1 })}},
		"tags":         {usual(), []Rate{plain, with(func(r *Rate) { r.Tag = "gold" })}},
		"services":     {usual(), []Rate{plain, with(func(r *Rate) { r.Prefix, r.Service = "", "onnet" })}},
		"classes":      {usual(func(t *Terms) { t.Presentation = InterIntra }), []Rate{plain, with(func(r *Rate) { r.Class = numbering.Intrastate })}},
		"dearer":       {usual(func(t *Terms) { t.Presentation, t.DearerIndeterminate = InterIntra, true }), []Rate{plain, with(func(r *Rate) { r.Class = numbering.Interstate })}},
		"EEA":          {usual(func(t *Terms) { t.Presentation = LocalEEAInternational }), []Rate{plain, with(func(r *Rate) { r.Class = numbering.Local })}},
		"bands, start": {bands(false), []Rate{plain, with(func(r *Rate) { r.Band = "Day" })}},
		"bands, split": {bands(true), []Rate{plain, with(func(r *Rate) { r.Band = "Day" })}},
		"tiers":        {usual(), []Rate{{Tiers: []Tier{{From: 1, Length: 60, Price: p("0.6")}, {From: 30, Event: true, Every: 7, Price: p("0.01")}, {From: 61, RoundUp: 6, Price: p("0.3")}}}}},
		"per call":     {usual(), []Rate{{Per: PerCall, Price1: p("0.1")}}},
		"minimum":      {usual(func(t *Terms) { t.Minimum, t.MinCharge, t.MaxCharge = 10, p("0.02"), p("0.5") }), []Rate{plain}},
		"grace":        {usual(func(t *Terms) { t.Grace, t.GraceMode = 5, GraceDeducted }), []Rate{plain}},
		"free":         {usual(func(t *Terms) { t.Free, t.FreeFirst = 5, true }), []Rate{plain}},
		"surcharge":    {usual(func(t *Terms) { t.Surcharge = p("0.1") }), []Rate{plain}},
		"access":       {usual(func(t *Terms) { t.Access = p("0.1") }), []Rate{with(func(r *Rate) { r.Access = true })}},
		"fractions":    {usual(func(t *Terms) { t.KeepFractions, t.Model = true, Continuous }), []Rate{plain}},
		"origins":      {usual(groups), []Rate{plain, with(func(r *Rate) { r.Origin = "us" }), with(func(r *Rate) { r.Origin = "bad" })}},
		"area":         {usual(), []Rate{with(func(r *Rate) { r.Area, r.Local = "ny", true }), with(func(r *Rate) { r.Area, r.Prefix = "ny", "1315" })}},
		"callers": {usual(groups, func(t *Terms) {
			t.Surcharges = []OriginSurcharge{{Origin: "us", To: []string{"12"}, PerMinute: p("0.1"), PerCall: p("0.1")}}
		}), []Rate{plain}},
		"LRN": {usual(func(t *Terms) { t.ByLRN = true }), []Rate{plain}},
	} {
		out[name] = mustCard(t, of.terms, of.rates...)
	}
	return out
}

// someUsage is of one zone, and begins before Evening.
func someUsage(t testing.TB, n int) (usage []Usage) {
	for i := range n {
		u := aCall(t, "0")
		u.Instant, u.Quantity, u.Zone = instant(t, "2026-06-15T18:58:00Z")+int64(i)*1e9, int64(i%700)*1_100_000_000, time.UTC
		u.Tag, u.Service = []string{"", "gold"}[i%2], []string{"", "", "onnet"}[i%3]
		u.Caller = []string{"13155550100", "", "442079460000", "12245550100", "13155550100"}[i%5]
		u.Number = []string{"12125550100", "13155550100", "12125550199", "332079460000", "12125550100", "12125550111", "112"}[i%7]
		u.LRN = []string{"", "12125550000"}[i/3%2]
		usage = append(usage, u)
	}
	return usage
}

// TestPricingAllocatesNothing, whatever the rule, alone and in blocks, once the
// zones have been seen.
func TestPricingAllocatesNothing(t *testing.T) {
	usage := someUsage(t, 500)
	for name, c := range ruleCards(t) {
		p := c.NewPricer()
		i := 0
		if n := testing.AllocsPerRun(len(usage), func() { p.Price(&usage[i%len(usage)]); i++ }); n != 0 {
			t.Errorf("%s: Price allocates %v times", name, n)
		}
		for _, b := range blocksOf(usage) {
			if n := testing.AllocsPerRun(3, func() { p.PriceBlock(b) }); n != 0 {
				t.Errorf("%s: PriceBlock of %d allocates %v times", name, len(b.Charges), n)
			}
		}
	}
}

// TestOpeningAllocatesLittle: how much does not depend on how many rates there
// are.
func TestOpeningAllocatesLittle(t *testing.T) {
	allocs := func(n int) float64 {
		rates := make([]Rate, n)
		for i := range rates {
			rates[i] = Rate{Prefix: fmt.Sprint(100_000 + i), IntervalN: 1, PriceN: money.Price(i) * 1_000_000, Destination: fmt.Sprint(i)}
		}
		image, err := BuildImage(usual(), listed(rates...))
		if err != nil {
			t.Fatal(err)
		}
		return testing.AllocsPerRun(5, func() {
			if _, err := Open(image); err != nil {
				t.Fatal(err)
			}
		})
	}
	if small, large := allocs(10), allocs(20_000); large > small+2 || small > 120 {
		t.Errorf("10 rates: %v allocations; 20,000: %v", small, large)
	}
}

// TestManyGoroutines: one card serves them all, each with a pricer of its own.
// Run with -race.
func TestManyGoroutines(t *testing.T) {
	usage := someUsage(t, 300)
	for name, c := range ruleCards(t) {
		want := make([]Charge, len(usage))
		for i := range usage {
			want[i] = c.NewPricer().Price(&usage[i])
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				p := c.NewPricer()
				for i, u := range usage {
					if got := p.Price(&u); got != want[i] {
						t.Errorf("%s: %+v is %+v, want %+v", name, u, got, want[i])
						return
					}
				}
				for _, b := range blocksOf(usage) {
					p.PriceBlock(b)
				}
				for _, u := range usage[:20] {
					tr := p.Trace(&u)
					_ = tr.Sentence()
				}
				for _, err := range c.All() {
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestAsks: what a card does not ask for, a batch need not have.
func TestAsks(t *testing.T) {
	want := map[string]Asks{
		"dates": {Instants: true}, "tags": {Details: true}, "services": {Details: true}, "classes": {Callers: true}, "dearer": {Callers: true}, "EEA": {Callers: true},
		"bands, start": {Instants: true}, "bands, split": {Instants: true, Details: true}, "origins": {Callers: true}, "area": {Callers: true},
		"callers": {Callers: true, Details: true}, "LRN": {Details: true},
	}
	cards := ruleCards(t)
	cards["an end"] = mustCard(t, usual(), Rate{To: 5})
	want["an end"] = Asks{Instants: true}
	cards["invalid callers"] = mustCard(t, usual(func(t *Terms) { t.Origins = []Origin{{Name: "bad", Invalid: true}} }), Rate{Origin: "bad"})
	want["invalid callers"] = Asks{Callers: true}
	for name, c := range cards {
		if got := c.Asks(); got != want[name] {
			t.Errorf("%s: %+v, want %+v", name, got, want[name])
		}
	}
}
