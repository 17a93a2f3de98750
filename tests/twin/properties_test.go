package twin_test

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/tollbook/tollbook/tests/twin"
	"github.com/tollbook/tollbook/tests/twin/draw"
	"pgregory.net/rapid"
)

// The properties hold whatever the card, so the twin is not only as right as
// whoever worked out its cases.

// drawn is a card with usage, by a seed that rapid shrinks to a small one.
func drawn(t *rapid.T) (draw.Card, twin.Usage) {
	s := draw.New(rapid.Uint64().Draw(t, "seed"))
	c := s.Card()
	return c, s.Usage(c)
}

// plain is a rate of intervals alone.
func plain(t *rapid.T) twin.Rate {
	price := rapid.SampledFrom([]string{"0", "0.06", "1", "0.0137"})
	length := rapid.SampledFrom([]int64{1, 6, 8, 10, 25, 30, 60})
	return twin.Rate{
		Price1: price.Draw(t, "price 1"), PriceN: price.Draw(t, "price N"), ConnectionFee: price.Draw(t, "fee"),
		Interval1: rapid.SampledFrom([]int64{0, 1, 6, 8, 10, 25, 30, 60}).Draw(t, "interval 1"), IntervalN: length.Draw(t, "interval N"),
	}
}

func lasting(t *rapid.T) twin.Usage {
	return call(fmt.Sprintf("%d/10", rapid.IntRange(0, 2000).Draw(t, "tenths of a second")))
}

func charge(terms twin.Terms, r twin.Rate, u twin.Usage) twin.Result {
	return twin.Price(terms, []twin.Rate{r}, u)
}

// TestLongerIsNotCheaper: at any card a longer call is billed and charged no
// less, if both have a price.
func TestLongerIsNotCheaper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, u := drawn(t)
		longer := u
		longer.Quantity += rapid.Int64Range(0, 100_000_000_000).Draw(t, "more")
		a, b := twin.Price(c.Terms, c.Rates, u), twin.Price(c.Terms, c.Rates, longer)
		if a.Reason != "" || b.Reason != "" {
			return
		}
		if b.Billed < a.Billed || b.Exact.Cmp(a.Exact) < 0 {
			t.Fatalf("%+v for %d, %+v for %d", a, u.Quantity, b, longer.Quantity)
		}
	})
}

// TestBounds: a charge lies within its limits, is not negative, and differs
// from its rounded text by less than one of its last decimal.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, u := drawn(t)
		got := twin.Price(c.Terms, c.Rates, u)
		if got.Reason != "" {
			if got.Exact != nil || got.Amount != "" || got.Billed != 0 {
				t.Fatalf("%+v", got)
			}
			return
		}
		r := c.Rates[got.Index]
		least, most := limit(r.MinCharge, c.Terms.MinCharge), limit(r.MaxCharge, c.Terms.MaxCharge)
		free := got.Billed == 0 && got.Exact.Sign() == 0
		if got.Billed < 0 || got.Exact.Sign() < 0 || most.Sign() > 0 && got.Exact.Cmp(most) > 0 ||
			!free && got.Exact.Cmp(least) < 0 && (most.Sign() == 0 || got.Exact.Cmp(most) < 0) {
			t.Fatalf("%+v is not within %s and %s", got, least, most)
		}
		amount, _ := new(big.Rat).SetString(got.Amount)
		unit := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Terms.Decimals)), nil))
		if off := amount.Sub(amount, got.Exact); off.Abs(off).Cmp(unit) >= 0 {
			t.Fatalf("%+v is off by %s", got, off)
		}
	})
}

func limit(row, card string) *big.Rat {
	for _, text := range []string{row, card} {
		if x, ok := new(big.Rat).SetString(text); ok && x.Sign() > 0 {
			return x
		}
	}
	return new(big.Rat)
}

// TestOrderOfRows: a card means the same in whatever order its rows stand.
func TestOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, u := drawn(t)
		got := twin.Price(c.Terms, c.Rates, u)
		turned := slices.Clone(c.Rates)
		slices.Reverse(turned)
		again := twin.Price(c.Terms, turned, u)
		if again.Index >= 0 {
			again.Index = len(turned) - 1 - again.Index
		}
		tie := c.Terms.DearerIndeterminate && got.Class != twin.Interstate && got.Class != twin.Intrastate
		if again.Amount != got.Amount || again.Reason != got.Reason || again.Index != got.Index && !tie {
			t.Fatalf("%+v, but %+v of the rows in another order", got, again)
		}
	})
}

// TestUnusedRows: rows that are not for a number, kind, tag or time change
// nothing.
func TestUnusedRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, u := drawn(t)
		got := twin.Price(c.Terms, c.Rates, u)
		more := slices.Clone(c.Rates)
		for _, r := range c.Rates {
			r.Tag, r.Area, r.Local = "nobody has this", "", false
			more = append(more, r)
		}
		if again := twin.Price(c.Terms, more, u); again.Reason != got.Reason || again.Amount != got.Amount || again.Index != got.Index {
			t.Fatalf("%+v, but %+v with rows for nobody", got, again)
		}
	})
}

// TestUnitOfPrice: 0.06 for 60 s is 0.001 for a second.
func TestUnitOfPrice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minute, u := plain(t), lasting(t)
		minute.Price1, minute.PriceN = "0.06", "0.12"
		second := minute
		second.Price1, second.PriceN, second.Per = "0.001", "0.002", 1
		if a, b := charge(four, minute, u), charge(four, second, u); a.Exact.Cmp(b.Exact) != 0 || a.Billed != b.Billed {
			t.Fatalf("%+v a minute, %+v a second", a, b)
		}
	})
}

// TestModels: the models agree where they must, and none bills less than the
// call or less than one that rounds less.
func TestModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, u := plain(t), lasting(t)
		terms := four
		terms.Free, terms.FreeFirst = rapid.SampledFrom([]int64{0, 5, 20}).Draw(t, "free"), rapid.Bool().Draw(t, "free first")
		results := map[string]twin.Result{}
		for _, model := range []string{twin.FirstThenPulse, twin.WholeCallMultiple, twin.Continuous} {
			terms.Model = model
			results[model] = charge(terms, r, u)
		}
		pulses, multiple, exact := results[twin.FirstThenPulse], results[twin.WholeCallMultiple], results[twin.Continuous]
		if r.Interval1%r.IntervalN == 0 && (pulses.Exact.Cmp(multiple.Exact) != 0 || pulses.Billed != multiple.Billed) {
			t.Fatalf("%d/%d: %+v, %+v", r.Interval1, r.IntervalN, pulses, multiple)
		}
		if exact.Exact.Cmp(pulses.Exact) > 0 || exact.Billed > pulses.Billed || exact.Billed > multiple.Billed {
			t.Fatalf("continuous %+v, in pulses %+v, in multiples %+v", exact, pulses, multiple)
		}
		if multiple.Billed%r.IntervalN != 0 || terms.Free == 0 && exact.Billed > 0 && exact.Billed < u.Quantity/1_000_000_000 {
			t.Fatalf("multiple %+v, continuous %+v", multiple, exact)
		}
	})
}

// TestGraceModes: under grace all modes are free; as long as it, all but
// under; and a call that is longer costs what the rest of it costs, where
// grace is deducted, else what it costs without.
func TestGraceModes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, u := plain(t), lasting(t)
		grace := rapid.Int64Range(1, 100).Draw(t, "grace")
		without := charge(four, r, u)
		rounded := u.Quantity
		if part := rounded % 1_000_000_000; part >= 500_000_000 {
			rounded += 1_000_000_000 - part
		} else {
			rounded -= part
		}
		seconds := rounded / 1_000_000_000
		for _, mode := range []string{twin.GraceUnder, twin.GraceUpTo, twin.GraceDeducted} {
			terms, want := four, without
			terms.Grace, terms.GraceMode = grace, mode
			switch {
			case seconds < grace || seconds == grace && mode != twin.GraceUnder:
				want = twin.Result{Exact: new(big.Rat)}
			case mode == twin.GraceDeducted:
				want = charge(four, r, call(fmt.Sprint(seconds-grace)))
			}
			if got := charge(terms, r, u); got.Billed != want.Billed || got.Exact.Cmp(want.Exact) != 0 {
				t.Fatalf("grace %q of %d s at %d s: %+v, want %+v", mode, grace, seconds, got, want)
			}
		}
	})
}

// TestSplitOfOnePrice: where all bands cost the same, splitting changes nothing.
func TestSplitOfOnePrice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, u := plain(t), lasting(t)
		terms := four
		terms.Model = rapid.SampledFrom([]string{twin.FirstThenPulse, twin.WholeCallMultiple, twin.Continuous}).Draw(t, "model")
		terms.KeepFractions, terms.Free = rapid.Bool().Draw(t, "fractions"), rapid.Int64Range(0, 3).Draw(t, "free")
		bands := vodafone("Europe/London")
		bands.Split = true
		split := terms
		split.Bands = &bands
		u.Instant = instant("2026-06-15T18:00:00Z") - rapid.Int64Range(0, 200_000_000_000).Draw(t, "before the evening")
		rates := []twin.Rate{r, r, r}
		for i, name := range bands.Names {
			rates[i].Band = name
		}
		if a, b := charge(terms, r, u), twin.Price(split, rates, u); a.Exact.Cmp(b.Exact) != 0 || a.Billed != b.Billed {
			t.Fatalf("%+v, split %+v", a, b)
		}
	})
}

// TestTiersAsIntervals: a rate of 30/6 is a tier of 30 s in one piece and one
// to the end in sixes (Kolmisoft's retail from wholesale), and its fee an
// event.
func TestTiersAsIntervals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, u := plain(t), lasting(t)
		u.Quantity += 1_000_000_000 // an event is charged from the first second on
		tiers := twin.Rate{Tiers: []twin.Tier{{From: 1, Event: true, Price: r.ConnectionFee}}}
		if r.Interval1 > 0 {
			tiers.Tiers = append(tiers.Tiers, twin.Tier{From: 1, Length: r.Interval1, RoundUp: r.Interval1, Price: r.Price1})
		}
		tiers.Tiers = append(tiers.Tiers, twin.Tier{From: r.Interval1 + 1, RoundUp: r.IntervalN, Price: r.PriceN})
		if a, b := charge(four, r, u), charge(four, tiers, u); a.Exact.Cmp(b.Exact) != 0 || a.Billed != b.Billed {
			t.Fatalf("%+v, in tiers %+v", a, b)
		}
	})
}
