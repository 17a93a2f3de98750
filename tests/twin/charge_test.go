package twin_test

import (
	"math/big"
	"testing"

	"github.com/tollbook/tollbook/tests/twin"
)

// TestRules: what the published cases leave out, worked out by hand. A price of
// 60 a minute makes a second cost 1.
func TestRules(t *testing.T) {
	const hand = "by hand"
	rule := func(change func(*twin.Terms)) twin.Terms { return with(four, change) }
	zero := rule(func(t *twin.Terms) { t.ChargeZeroSeconds = true })
	fractions := rule(func(t *twin.Terms) { t.KeepFractions = true })
	exact := with(fractions, func(t *twin.Terms) { t.Model = twin.Continuous })
	multiple := rule(func(t *twin.Terms) { t.Model = twin.WholeCallMultiple })
	continuous := rule(func(t *twin.Terms) { t.Model = twin.Continuous })
	under := rule(func(t *twin.Terms) { t.Grace = 5 })
	upTo := with(under, func(t *twin.Terms) { t.GraceMode = twin.GraceUpTo })
	deducted := with(under, func(t *twin.Terms) { t.GraceMode = twin.GraceDeducted })
	after := rule(func(t *twin.Terms) { t.Free = 10 })
	before := with(after, func(t *twin.Terms) { t.FreeFirst = true })
	fee := twin.Rate{Price1: "60", PriceN: "60", IntervalN: 1, ConnectionFee: "0.5"}
	block := twin.Rate{Price1: "60", PriceN: "30", Interval1: 30, IntervalN: 6, ConnectionFee: "0.5"}
	row := func(r twin.Rate, change func(*twin.Rate)) twin.Rate { change(&r); return r }
	tiers := func(tiers ...twin.Tier) twin.Rate { return twin.Rate{ConnectionFee: "0.5", Tiers: tiers} }
	steps := tiers(twin.Tier{From: 1, Length: 10, Price: "60"}, twin.Tier{From: 11, Length: 10, RoundUp: 6, Price: "30"}, twin.Tier{From: 21, RoundUp: 60, Price: "6"})
	for _, tt := range []priced{
		// Nothing, and next to nothing.
		{"0 s is free", hand, four, block, "0.4", 0, "0.0000"},
		{"0 s, charged", hand, zero, block, "0.4", 30, "30.5000"},
		{"0 s, charged, without a first interval", hand, zero, fee, "0", 0, "0.5000"},
		{"0 s has no minimum charge", hand, four, row(block, func(r *twin.Rate) { r.MinCharge = "5" }), "0", 0, "0.0000"},
		{"0.4 s is more than nothing", hand, fractions, fee, "0.4", 1, "1.5000"},

		// Grace.
		{"under grace", hand, under, fee, "4", 0, "0.0000"},
		{"not under grace", hand, under, fee, "5", 5, "5.5000"},
		{"up to grace", hand, upTo, fee, "5", 0, "0.0000"},
		{"over it", hand, upTo, fee, "6", 6, "6.5000"},
		{"no longer than what is deducted", hand, deducted, fee, "5", 0, "0.0000"},
		{"deducted", hand, deducted, fee, "6", 1, "1.5000"},
		{"the row's own grace", hand, under, row(fee, func(r *twin.Rate) { r.Grace = 7 }), "6", 0, "0.0000"},
		{"no grace for the row", hand, under, row(fee, func(r *twin.Rate) { r.NoGrace = true }), "4", 4, "4.5000"},
		{"grace of a fraction", hand, with(under, func(t *twin.Terms) { t.KeepFractions = true }), fee, "4.999999999", 0, "0.0000"},

		// The minimum length comes after grace and before the intervals.
		{"the card's minimum", hand, rule(func(t *twin.Terms) { t.Minimum = 10 }), fee, "3", 10, "10.5000"},
		{"the row's minimum", hand, rule(func(t *twin.Terms) { t.Minimum = 10 }), row(fee, func(r *twin.Rate) { r.Minimum = 20 }), "3", 20, "20.5000"},
		{"over the minimum", hand, rule(func(t *twin.Terms) { t.Minimum = 10 }), fee, "11", 11, "11.5000"},
		{"a minimum does not end grace", hand, with(under, func(t *twin.Terms) { t.Minimum = 10 }), fee, "4", 0, "0.0000"},
		{"the minimum in pulses", hand, four, row(block, func(r *twin.Rate) { r.Minimum = 31 }), "3", 36, "33.5000"},

		// Free units.
		{"after the first interval, within", hand, after, block, "40", 30, "30.5000"},
		{"after the first interval, beyond", hand, after, block, "41", 36, "33.5000"},
		{"the first interval is not free", hand, after, block, "1", 30, "30.5000"},
		{"before it, within", hand, before, block, "10", 0, "0.5000"},
		{"before it, beyond", hand, before, block, "11", 30, "30.5000"},
		{"the row's own free units", hand, before, row(fee, func(r *twin.Rate) { r.Free = 20 }), "25", 5, "5.5000"},
		{"after the first interval, in multiples of the whole", hand, with(after, func(t *twin.Terms) { t.Model = twin.WholeCallMultiple }),
			twin.Rate{Price1: "60", PriceN: "30", Interval1: 25, IntervalN: 8}, "36", 32, "28.5000"}, // 25 + 1 → 32: 25 + 7/2
		{"free units and the minimum charge", hand, before, row(block, func(r *twin.Rate) { r.MinCharge = "5" }), "10", 0, "5.0000"},

		// Increment models.
		{"multiple of the pulse below the first interval", hand, multiple, twin.Rate{Price1: "6", PriceN: "3", Interval1: 10, IntervalN: 30}, "5", 30, "2.0000"},
		{"continuous", hand, continuous, block, "33", 33, "32.0000"},
		{"continuous below the first interval", hand, continuous, block, "3", 30, "30.5000"},
		{"continuous without pulses", hand, continuous, row(block, func(r *twin.Rate) { r.IntervalN = 0 }), "33", 33, "32.0000"},
		{"one flat block", hand, four, twin.Rate{Price1: "60", Interval1: 30}, "500", 30, "30.0000"},
		{"billed as it was", hand, four, twin.Rate{ConnectionFee: "0.1"}, "500", 500, "0.1000"},
		{"billed as it was, whatever is free", hand, after, twin.Rate{ConnectionFee: "0.1"}, "500", 500, "0.1000"},
		{"billed as it was, rounded up", hand, fractions, twin.Rate{ConnectionFee: "0.1"}, "500.2", 501, "0.1000"},
		{"a fraction in pulses", hand, fractions, block, "30.1", 36, "33.5000"},
		{"a fraction as it is", hand, exact, block, "30.1", 31, "30.5500"},
		{"a third of a price", hand, four, twin.Rate{PriceN: "1", Per: 3, IntervalN: 1}, "1", 1, "0.3333"},

		// A price per call.
		{"per call", hand, four, twin.Rate{Price1: "0.7", Per: twin.PerCall, Interval1: 60, IntervalN: 60, ConnectionFee: "0.5"}, "7", 7, "1.2000"},
		{"per call, of a fraction", hand, exact, twin.Rate{Price1: "0.7", Per: twin.PerCall}, "7.2", 8, "0.7000"},
		{"per call, within the free units", hand, before, twin.Rate{Price1: "0.7", Per: twin.PerCall, ConnectionFee: "0.5"}, "10", 0, "0.5000"},

		// Tiers.
		{"in the first tier", hand, four, steps, "7", 7, "7.5000"},
		{"in the second, in sixes", hand, four, steps, "13", 16, "13.5000"},
		{"the second to its end, no further", hand, four, steps, "18", 20, "15.5000"},
		{"in the third, in minutes", hand, four, steps, "21", 80, "21.5000"},
		{"tiers after free units", hand, after, steps, "17", 7, "7.5000"},
		{"tiers within free units", hand, after, steps, "10", 0, "0.5000"},
		{"tiers of a minimum length", hand, rule(func(t *twin.Terms) { t.Minimum = 13 }), steps, "1", 16, "13.5000"},
		{"a tier of a fraction, in seconds", hand, fractions, steps, "6.1", 7, "7.5000"},
		{"a tier of a fraction, as it is", hand, exact, steps, "6.1", 7, "6.6000"},
		{"tiers of 0 s", hand, zero, steps, "0", 0, "0.5000"},
		{"a tier's own price unit", hand, four, tiers(twin.Tier{From: 1, Price: "1", Per: 10}), "15", 15, "2.0000"},
		{"the row's price unit", hand, four, twin.Rate{Per: 1, Tiers: []twin.Tier{{From: 1, Price: "0.1"}}}, "15", 15, "1.5000"},
		{"an event that is reached", hand, four, tiers(twin.Tier{From: 10, Event: true, Price: "2"}), "10", 0, "2.5000"},
		{"an event that is not", hand, four, tiers(twin.Tier{From: 10, Event: true, Price: "2"}), "9", 0, "0.5000"},
		{"an event every 5 s", hand, four, tiers(twin.Tier{From: 10, Event: true, Every: 5, Price: "2"}), "20", 0, "6.5000"},                     // at 10, 15, 20
		{"an event every 5 s, for 10", hand, four, tiers(twin.Tier{From: 10, Length: 10, Event: true, Every: 5, Price: "2"}), "99", 0, "4.5000"}, // 10, 15

		// Limits of the charge.
		{"the card's minimum", hand, rule(func(t *twin.Terms) { t.MinCharge = "3" }), fee, "1", 1, "3.0000"},
		{"the row's minimum goes before it", hand, rule(func(t *twin.Terms) { t.MinCharge = "3" }), row(fee, func(r *twin.Rate) { r.MinCharge = "2" }), "1", 1, "2.0000"},
		{"the card's maximum", hand, rule(func(t *twin.Terms) { t.MaxCharge = "3" }), fee, "9", 9, "3.0000"},
		{"the row's maximum goes before it", hand, rule(func(t *twin.Terms) { t.MaxCharge = "3" }), row(fee, func(r *twin.Rate) { r.MaxCharge = "4" }), "9", 9, "4.0000"},
		{"limits look at the surcharged sum", hand, rule(func(t *twin.Terms) { t.Surcharge, t.MinCharge, t.MaxCharge = "0.5", "4", "6" }), fee, "3", 3, "5.2500"},
		{"the maximum caps the surcharge", hand, rule(func(t *twin.Terms) { t.Surcharge, t.MaxCharge = "0.5", "5" }), fee, "3", 3, "5.0000"},
		{"the maximum is rounded, too", hand, rule(func(t *twin.Terms) { t.Decimals, t.Rounding, t.MaxCharge = 0, "up", "4.1" }), fee, "9", 9, "5"},
		{"rounded once, at the end", hand, rule(func(t *twin.Terms) { t.Decimals = 2 }), twin.Rate{Price1: "0.24", PriceN: "0.24", Interval1: 1, IntervalN: 1, ConnectionFee: "0.004"}, "2", 2, "0.01"},

		// The access charge (Ofcom), per minute of what is billed.
		{"access", hand, rule(func(t *twin.Terms) { t.Access = "0.06" }), row(block, func(r *twin.Rate) { r.Access = true }), "1", 30, "30.5300"},
		{"no access", hand, rule(func(t *twin.Terms) { t.Access = "0.06" }), block, "1", 30, "30.5000"},
		{"access to a price per call", hand, rule(func(t *twin.Terms) { t.Access = "0.06" }), twin.Rate{Price1: "0.7", Per: twin.PerCall, Access: true}, "30", 30, "0.7300"},
	} {
		got := twin.Price(tt.terms, []twin.Rate{tt.rate}, call(tt.seconds))
		if got.Reason != "" || got.Billed != tt.billed || got.Amount != tt.amount {
			t.Errorf("%s: %q, %d billed, %s; want %d, %s", tt.name, got.Reason, got.Billed, got.Amount, tt.billed, tt.amount)
		}
	}
}

// TestKinds: what is no call is counted as it is and priced by its own unit.
func TestKinds(t *testing.T) {
	terms := with(four, func(t *twin.Terms) {
		t.Access, t.Origins = "6", []twin.Origin{{Name: "all", Prefixes: []string{""}}}
		t.Surcharges = []twin.OriginSurcharge{{Origin: "all", PerMinute: "6", PerCall: "0.01"}}
	})
	for _, tt := range []struct {
		kind     string
		quantity int64
		rate     twin.Rate
		billed   int64
		amount   string
	}{
		{twin.SMS, 3, twin.Rate{PriceN: "0.05", IntervalN: 1, Access: true}, 3, "0.1600"},
		{twin.SMS, 3, twin.Rate{PriceN: "0.05", IntervalN: 2}, 4, "0.2100"},
		{twin.Event, 7, twin.Rate{PriceN: "0.5", IntervalN: 1, Per: 10}, 7, "0.3600"},
		{twin.Data, 1_500_000, twin.Rate{PriceN: "2", IntervalN: 1}, 1_500_000, "3.0100"},
		{twin.Data, 10_000_000_000_000_000, twin.Rate{PriceN: "0.000001", IntervalN: 1_000_000}, 10_000_000_000_000_000, "10000.0100"},
		{twin.Data, 1, twin.Rate{PriceN: "2", IntervalN: 1_000_000}, 1_000_000, "2.0100"},
		{twin.SMS, 0, twin.Rate{PriceN: "0.05", IntervalN: 1, ConnectionFee: "1"}, 0, "0.0000"},
	} {
		u := call("0")
		u.Kind, u.Quantity, tt.rate.Kind = tt.kind, tt.quantity, tt.kind
		got := twin.Price(terms, []twin.Rate{tt.rate}, u)
		if got.Reason != "" || got.Billed != tt.billed || got.Amount != tt.amount {
			t.Errorf("%d %s: %+v, want %d, %s", tt.quantity, tt.kind, got, tt.billed, tt.amount)
		}
	}
}

// TestSurchargeOfCallers: 0.25 a minute for callers from outside, and for ones
// whose number is none (knowledgecenter.cm.com/kc/which-calls-are-surcharged-with-special-rates).
func TestSurchargeOfCallers(t *testing.T) {
	terms := with(four, func(t *twin.Terms) {
		t.Origins = []twin.Origin{{Name: "outside", Prefixes: []string{"1", "91"}, Invalid: true}, {Name: "dear", Prefixes: []string{"1315"}}}
		t.Surcharges = []twin.OriginSurcharge{{Origin: "outside", To: []string{"31", "43"}, PerMinute: "0.25"}, {Origin: "dear", PerCall: "0.1"}}
	})
	for _, tt := range []struct{ caller, region, number, amount string }{
		{"919876543210", "IN", "31612345678", "0.2700"},
		{"33123456789", "FR", "31612345678", "0.0200"},
		{"919876543210", "IN", "33612345678", "0.0200"},
		{"", "", "31612345678", "0.2700"},
		{"3312", "FR", "31612345678", "0.2700"},
		{"3312345678901234", "FR", "31612345678", "0.2700"},
		{"99912345678", "", "31612345678", "0.2700"},
		{"13155550100", "US-NY", "31612345678", "0.3700"},
		{"13155550100", "US-NY", "33612345678", "0.1200"},
	} {
		u := call("60")
		u.Caller, u.CallerRegion, u.Number = tt.caller, tt.region, tt.number
		if got := twin.Price(terms, []twin.Rate{flat("0.02", 60, 60)}, u); got.Amount != tt.amount {
			t.Errorf("%s to %s: %s, want %s", tt.caller, tt.number, got.Amount, tt.amount)
		}
	}
}

// TestExact: the charge before rounding is kept.
func TestExact(t *testing.T) {
	got := twin.Price(four, []twin.Rate{flat("1", 0, 1)}, call("10"))
	if want := big.NewRat(1, 6); got.Exact.Cmp(want) != 0 || got.Amount != "0.1667" {
		t.Errorf("%s, %s; want %s", got.Exact, got.Amount, want)
	}
}
