package rating_test

import (
	"testing"

	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
)

// TestBilledSecondsArePublished: the figures are those of the sources.
func TestBilledSecondsArePublished(t *testing.T) {
	const (
		cm       = "knowledgecenter.cm.com, How is SIP trunking billed"
		connexcs = "docs.connexcs.com/provider-ratecard"
		basics   = "docs.connexcs.com/billing-basics"
		jerasoft = "docs.jerasoft.net, Rates Management"
		morInc   = "wiki.kolmisoft.com/index.php/What_is_increment"
		morWhole = "wiki.kolmisoft.com/index.php/Wholesale_Tariff"
		byHand   = "by hand"
	)
	for _, tt := range []struct {
		source   string
		model    IncrementModel
		i1, in   uint32
		duration string
		want     uint64
	}{
		{cm, FirstThenPulse, 60, 1, "30", 60},
		{cm, FirstThenPulse, 60, 60, "30", 60},
		{cm, FirstThenPulse, 60, 60, "70", 120},
		{connexcs, FirstThenPulse, 30, 6, "1", 30},
		{connexcs, FirstThenPulse, 30, 6, "30", 30},
		{connexcs, FirstThenPulse, 30, 6, "35", 36},
		{connexcs, FirstThenPulse, 30, 6, "37", 42},
		{basics, FirstThenPulse, 60, 6, "10", 60},
		{basics, FirstThenPulse, 60, 6, "67", 72},
		{basics, FirstThenPulse, 30, 6, "7", 30},
		{"github.com/cgrates/cgrates/issues/118", FirstThenPulse, 30, 6, "32", 36},
		{"github.com/cgrates/cgrates/issues/118", FirstThenPulse, 30, 6, "75", 78},
		{"github.com/magnussolution/magnusbilling/wiki/EN--price_calculation", FirstThenPulse, 30, 6, "45", 48},
		{"sipnode.com/en/wiki/billing-introduction.php", FirstThenPulse, 60, 30, "61", 90},
		{"twilio.com changelog, billing changes", FirstThenPulse, 60, 60, "78", 120},
		{"support.vodafone.co.uk, more minutes than used", FirstThenPulse, 60, 1, "40", 60},
		{jerasoft, FirstThenPulse, 25, 8, "26", 33},
		{morInc, WholeCallMultiple, 10, 30, "5", 30},
		{morInc, WholeCallMultiple, 0, 60, "55", 60},
		{morInc, WholeCallMultiple, 0, 60, "65", 120},
		{morInc, WholeCallMultiple, 10, 1, "25", 25},
		{morWhole, WholeCallMultiple, 10, 1, "1", 10},
		{morWhole, WholeCallMultiple, 10, 1, "12", 12},
		{byHand, WholeCallMultiple, 25, 8, "26", 32},
		{byHand, WholeCallMultiple, 25, 8, "25", 32},
		{byHand, FirstThenPulse, 10, 30, "5", 10},
		{byHand, FirstThenPulse, 0, 6, "7", 12},
		{byHand, Continuous, 30, 6, "33", 33},
		{byHand, Continuous, 30, 6, "3", 30},
		{byHand, Continuous, 0, 0, "33", 33},
		{"a pulse of 0 is one flat block", FirstThenPulse, 60, 0, "7", 60},
		{"a pulse of 0 is one flat block", FirstThenPulse, 60, 0, "61", 60},
		{"a pulse of 0 is one flat block", WholeCallMultiple, 60, 0, "61", 60},
		{"nothing to round up to", FirstThenPulse, 0, 0, "61", 61},
		{"nothing to round up to", WholeCallMultiple, 0, 0, "61", 61},
		{"0 s is free", FirstThenPulse, 60, 60, "0", 0},
		{"0 s is free", WholeCallMultiple, 60, 60, "0", 0},
		{"0 s is free", Continuous, 60, 60, "0", 0},
		{"so is what is rounded to it", FirstThenPulse, 60, 60, "0.499999999", 0},
		{"half a second is one", FirstThenPulse, 60, 60, "0.5", 60},
		{"the longest", FirstThenPulse, 60, 60, "10000000", 10000020},
	} {
		terms := usual(func(terms *Terms) { terms.Model = tt.model })
		r := Rate{Interval1: tt.i1, IntervalN: tt.in}
		if got := priced(t, mustCard(t, terms, r), aCall(t, tt.duration)); got.Reason != "" || got.Billed != tt.want {
			t.Errorf("%s: %s s at %d/%d: %q, %d billed, want %d", tt.source, tt.duration, tt.i1, tt.in, got.Reason, got.Billed, tt.want)
		}
	}
}

// TestDurationsAreRounded: docs.connexcs.com/billing-basics (60.x) and
// support.sippysoft.com/support/solutions/articles/164282 (half-up and up).
func TestDurationsAreRounded(t *testing.T) {
	for _, tt := range []struct {
		duration string
		method   money.Rounding
		want     uint64
	}{
		{"60.0", money.HalfDown, 60}, {"60.0", money.HalfUp, 60}, {"60.0", money.Up, 60}, {"60.0", money.Down, 60},
		{"60.1", money.Down, 60}, {"60.9", money.Down, 60}, {"60.1", money.Up, 61}, {"60.4", money.Up, 61}, {"60.5", money.Up, 61},
		{"1.0", money.HalfUp, 1}, {"1.4", money.HalfUp, 1}, {"1.5", money.HalfUp, 2}, {"1.0", money.Up, 1}, {"1.1", money.Up, 2},
		{"60.1", money.HalfUp, 60}, {"60.4", money.HalfUp, 60}, {"60.5", money.HalfUp, 61}, {"60.9", money.HalfUp, 61},
		{"60.5", money.HalfDown, 60}, {"60.6", money.HalfDown, 61}, {"60.500000001", money.HalfDown, 61}, {"60.499999999", money.HalfUp, 60},
		{"0.000000001", money.Up, 1}, {"0.999999999", money.Down, 0}, {"9999999.999999999", money.HalfUp, 10000000},
	} {
		terms := usual(func(terms *Terms) { terms.DurationRounding = tt.method })
		if got := priced(t, mustCard(t, terms, Rate{IntervalN: 1}), aCall(t, tt.duration)); got.Billed != tt.want {
			t.Errorf("%s s %v: %d, want %d", tt.duration, tt.method, got.Billed, tt.want)
		}
	}
}

// TestLengthsByHand: grace, minimum, free units, fractions and tiers. A price
// of 60 a minute makes a second cost 1.
func TestLengthsByHand(t *testing.T) {
	p := func(s string) money.Price { return price(t, s) }
	zero := usual(func(t *Terms) { t.ChargeZeroSeconds = true })
	fractions := usual(func(t *Terms) { t.KeepFractions = true })
	exact := usual(func(t *Terms) { t.KeepFractions, t.Model = true, Continuous })
	under := usual(func(t *Terms) { t.Grace = 5 })
	upTo := usual(func(t *Terms) { t.Grace, t.GraceMode = 5, GraceUpTo })
	deducted := usual(func(t *Terms) { t.Grace, t.GraceMode = 5, GraceDeducted })
	ten := usual(func(t *Terms) { t.Minimum = 10 })
	after := usual(func(t *Terms) { t.Free = 10 })
	before := usual(func(t *Terms) { t.Free, t.FreeFirst = 10, true })
	afterWhole := usual(func(t *Terms) { t.Free, t.Model = 10, WholeCallMultiple })
	fee := Rate{Price1: p("60"), PriceN: p("60"), IntervalN: 1, ConnectionFee: p("0.5")}
	block := Rate{Price1: p("60"), PriceN: p("30"), Interval1: 30, IntervalN: 6, ConnectionFee: p("0.5")}
	tiers := func(tiers ...Tier) Rate { return Rate{ConnectionFee: p("0.5"), Tiers: tiers} }
	steps := tiers(Tier{From: 1, Length: 10, Price: p("60")}, Tier{From: 11, Length: 10, RoundUp: 6, Price: p("30")}, Tier{From: 21, RoundUp: 60, Price: p("6")})
	// wiki.kolmisoft.com/index.php?title=Advanced_Rates
	free15 := Rate{Tiers: []Tier{{From: 1, Length: 15, RoundUp: 1}, {From: 16, RoundUp: 1, Price: p("0.01")}}}
	for _, tt := range []worked{
		{"0 s is free", usual(), block, "0.4", 0, "0.0000"},
		{"0 s, charged (support.portsip.com, 19-billing, by the letter)", zero, block, "0.4", 30, "30.5000"},
		{"0 s, charged, without a first interval", zero, fee, "0", 0, "0.5000"},
		{"0 s has no minimum charge", usual(), changed(block, func(r *Rate) { r.MinCharge = p("5") }), "0", 0, "0.0000"},
		{"no fee for 0 s under a grace period of 1 s", usual(func(t *Terms) { t.ChargeZeroSeconds, t.Grace = true, 1 }), block, "0", 0, "0.0000"},
		{"0.4 s is more than nothing", fractions, fee, "0.4", 1, "1.5000"},

		{"under grace", under, fee, "4", 0, "0.0000"},
		{"not under grace", under, fee, "5", 5, "5.5000"},
		{"up to grace (docs.jerasoft.net, Rates Management)", upTo, fee, "5", 0, "0.0000"},
		{"over it", upTo, fee, "6", 6, "6.5000"},
		{"no longer than what is deducted", deducted, fee, "5", 0, "0.0000"},
		{"deducted", deducted, fee, "6", 1, "1.5000"},
		{"15 s less 10 (voipon.co.uk, PBXware service plan)", usual(func(t *Terms) { t.Grace, t.GraceMode = 10, GraceDeducted }), fee, "15", 5, "5.5000"},
		{"the row's own grace", under, changed(fee, func(r *Rate) { r.Grace = 7 }), "6", 0, "0.0000"},
		{"no grace for the row", under, changed(fee, func(r *Rate) { r.NoGrace = true }), "4", 4, "4.5000"},
		{"grace of a fraction", usual(func(t *Terms) { t.Grace, t.KeepFractions = 5, true }), fee, "4.999999999", 0, "0.0000"},
		{"no minimum charge within grace", usual(func(t *Terms) { t.Grace, t.MinCharge = 5, p("1") }), fee, "4", 0, "0.0000"},

		{"the card's minimum", ten, fee, "3", 10, "10.5000"},
		{"the row's minimum", ten, changed(fee, func(r *Rate) { r.Minimum = 20 }), "3", 20, "20.5000"},
		{"over the minimum", ten, fee, "11", 11, "11.5000"},
		{"a minimum does not end grace", usual(func(t *Terms) { t.Minimum, t.Grace = 10, 5 }), fee, "4", 0, "0.0000"},
		{"a minimum after what grace deducts", usual(func(t *Terms) { t.Minimum, t.Grace, t.GraceMode = 10, 5, GraceDeducted }), fee, "7", 10, "10.5000"},
		{"the minimum in pulses", usual(), changed(block, func(r *Rate) { r.Minimum = 31 }), "3", 36, "33.5000"},

		{"after the first interval, within", after, block, "40", 30, "30.5000"},
		{"after the first interval, beyond", after, block, "41", 36, "33.5000"},
		{"the first interval is not free", after, block, "1", 30, "30.5000"},
		{"before it, within", before, block, "10", 0, "0.5000"},
		{"before it, beyond", before, block, "11", 30, "30.5000"},
		{"5 s of 15 (github.com/inextrix/ASTPP/issues/151)", usual(func(t *Terms) { t.Free, t.FreeFirst = 5, true }), fee, "15", 10, "10.5000"},
		{"the row's own free units", before, changed(fee, func(r *Rate) { r.Free = 20 }), "25", 5, "5.5000"},
		{"multiples of what is not free", afterWhole, Rate{Price1: p("60"), PriceN: p("30"), Interval1: 25, IntervalN: 8}, "36", 32, "28.5000"}, // 25 + 1 → 32: 25 + 7/2
		{"free units and the minimum charge", before, changed(block, func(r *Rate) { r.MinCharge = p("5") }), "10", 0, "5.0000"},
		{"free units of one flat block", after, Rate{Price1: p("60"), Interval1: 30}, "70", 30, "30.0000"},
		{"free units of what has a fee only", after, Rate{ConnectionFee: p("0.1")}, "70", 70, "0.1000"},

		{"a fraction in pulses", fractions, block, "30.1", 36, "33.5000"},
		{"a fraction as it is", exact, block, "30.1", 31, "30.5500"},
		{"9.1 s at 0.005 (docs.connexcs.com/billing-basics)", exact, Rate{PriceN: p("0.005")}, "9.1", 10, "0.0008"},
		{"a fraction billed as it was", fractions, Rate{ConnectionFee: p("0.1")}, "500.2", 501, "0.1000"},
		{"the smallest fraction", exact, Rate{PriceN: p("60"), Per: 1}, "0.000000001", 1, "0.000000060000"},

		{"in the first tier", usual(), steps, "7", 7, "7.5000"},
		{"to its end", usual(), steps, "10", 10, "10.5000"},
		{"in the second, in sixes", usual(), steps, "13", 16, "13.5000"},
		{"the second to its end, no further", usual(), steps, "18", 20, "15.5000"},
		{"in the third, in minutes", usual(), steps, "21", 80, "21.5000"},
		{"tiers after free units, wherever those are", after, steps, "17", 7, "7.5000"},
		{"tiers within free units", after, steps, "10", 0, "0.5000"},
		{"tiers of a minimum length", ten, steps, "1", 10, "10.5000"},
		{"tiers under grace", under, steps, "4", 0, "0.0000"},
		{"a tier of a fraction, in seconds", fractions, steps, "6.1", 7, "7.5000"},
		{"a tier of a fraction, as it is", exact, steps, "6.1", 7, "6.6000"},
		{"a tier of a fraction that is rounded up all the same", exact, tiers(Tier{From: 1, RoundUp: 6, Price: p("60")}), "6.1", 12, "12.5000"},
		{"tiers of 0 s", zero, steps, "0", 0, "0.5000"},
		{"a tier's own unit", usual(), tiers(Tier{From: 1, Price: p("1"), Per: 10}), "15", 15, "2.0000"},
		{"the row's unit", usual(), Rate{Per: 1, Tiers: []Tier{{From: 1, Price: p("0.1")}}}, "15", 15, "1.5000"},
		{"15 s of 15 free", usual(), free15, "15", 15, "0.0000"},
		{"75 s, 15 of them free", usual(), free15, "75", 75, "0.0100"},
		{"an event that is reached", usual(), tiers(Tier{From: 10, Event: true, Price: p("2")}), "10", 0, "2.5000"},
		{"an event that is not", usual(), tiers(Tier{From: 10, Event: true, Price: p("2")}), "9", 0, "0.5000"},
		{"an event that is nearly reached", exact, tiers(Tier{From: 10, Event: true, Price: p("2")}), "9.9", 0, "0.5000"},
		{"an event every 5 s", usual(), tiers(Tier{From: 10, Event: true, Every: 5, Price: p("2")}), "20", 0, "6.5000"},                     // at 10, 15, 20
		{"an event every 5 s, for 10", usual(), tiers(Tier{From: 10, Length: 10, Event: true, Every: 5, Price: p("2")}), "99", 0, "4.5000"}, // at 10, 15
		{"an event among tiers", usual(), tiers(Tier{From: 2, Event: true, Price: p("2")}, Tier{From: 1, Price: p("60")}), "3", 3, "5.5000"},
	} {
		tt.check(t)
	}
}
