package rating_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin"
)

// TestAmountsArePublished: the figures are those of the sources.
func TestAmountsArePublished(t *testing.T) {
	p := func(s string) money.Price { return price(t, s) }
	flat := func(perMinute string, i1, in uint32, fee string) Rate {
		return Rate{Price1: p(perMinute), PriceN: p(perMinute), Interval1: i1, IntervalN: in, ConnectionFee: p(fee)}
	}
	per := func(units uint32, r Rate) Rate { r.Per = units; return r }
	up, whole := usual(func(t *Terms) { t.Rounding = money.Up }), usual(func(t *Terms) { t.Model = WholeCallMultiple })
	surcharged := usual(func(t *Terms) { t.Surcharge = p("0.1") })
	sippy := Rate{Price1: p("0.60"), PriceN: p("0.30"), Interval1: 30, IntervalN: 6, ConnectionFee: p("0.05"), Free: 10}
	const tests = "github.com/cgrates/cgrates, engine/calldesc_test.go and general_tests: "
	for _, tt := range []worked{
		{"docs.connexcs.com/billing-basics", usual(), flat("0.015", 30, 6, "0"), "7", 30, "0.00750"},
		{"github.com/cgrates/cgrates/issues/118", up, flat("0.006", 30, 6, "0"), "32", 36, "0.0036"},
		{"github.com/cgrates/cgrates/issues/118", up, flat("0.006", 30, 6, "0"), "57", 60, "0.0060"},
		{"github.com/cgrates/cgrates/issues/118", up, flat("0.006", 30, 6, "0"), "75", 78, "0.0078"},
		{"docs.jerasoft.net/display/VCS320/Rates+Management", usual(), flat("1", 30, 1, "0.3"), "31", 31, "0.816667"},
		{"docs.jerasoft.net/display/VCS320/Rates+Management", usual(), flat("1", 30, 1, "0.3"), "60", 60, "1.3"},
		{"github.com/magnussolution/magnusbilling/wiki/EN--price_calculation", usual(), flat("0.05", 30, 6, "0"), "45", 48, "0.04"},
		{"wiki.kolmisoft.com/index.php/Wholesale_Tariff", whole, flat("1", 0, 1, "0"), "15", 15, "0.2500"},
		{"wiki.kolmisoft.com/index.php/Wholesale_Tariff", whole, flat("1", 0, 10, "0"), "15", 20, "0.3333"},
		{"wiki.kolmisoft.com/index.php/Wholesale_Tariff", whole, flat("1", 0, 20, "0"), "15", 20, "0.3333"},
		{"wiki.kolmisoft.com/index.php/What_is_increment", whole, flat("1", 0, 60, "0"), "15", 60, "1.0"},
		{"sipnode.com/en/wiki/billing-introduction.php", usual(), flat("0.15", 60, 30, "0.10"), "43", 60, "0.25"},
		{"sipnode.com (its sum, 0.3750, is a slip)", usual(), flat("0.15", 60, 30, "0.10"), "61", 90, "0.325"},
		{"46labs, 35 increments at 0.00137 (its 0.04765 is a slip)", usual(), per(6, flat("0.00137", 6, 6, "0")), "205", 210, "0.04795"},
		{"support.portsip.com, 19-billing: fee, first block, 1 s after the free ones, surcharge", surcharged, sippy, "41", 36, "0.4180"},
		{"support.portsip.com, 19-billing: free seconds after the first block", surcharged, sippy, "40", 30, "0.3850"},
		{"github.com/irontec/ivozprovider/issues/692", usual(), flat("0.05", 1, 1, "0"), "600", 600, "0.50"},
		{"tri-line.net: 60 s at 1p with 5p minimum", usual(), changed(flat("1", 0, 1, "0"), func(r *Rate) { r.Price1, r.MinCharge = 0, p("5") }), "60", 60, "5.0000"},
		{tests + "two prices", up, Rate{Price1: p("0.2"), PriceN: p("0.1"), Interval1: 60, IntervalN: 1, ConnectionFee: p("0.4")}, "130", 130, "0.7167"},
		{tests + "rounded up to a cent", up, Rate{PriceN: p("0.05"), IntervalN: 1, ConnectionFee: p("0.15")}, "180", 180, "0.30"},
		{tests + "60 then 1", usual(), per(1, flat("1", 60, 1, "0")), "85", 85, "85.0000"},
		{tests + "60 then 1, one unit", usual(), per(1, flat("1", 60, 1, "0")), "1", 60, "60.0000"},
		{tests + "above the maximum is free", usual(), Rate{PriceN: p("1"), Per: 1, IntervalN: 1, MaxCharge: p("10")}, "1800", 1800, "10.0000"},
		{tests + "a price per second", up, Rate{PriceN: p("0.01"), Per: 1, IntervalN: 1, ConnectionFee: p("0.1")}, "45", 45, "0.5500"},
		{tests + "a fee and no more", up, flat("0", 1, 1, "0.1"), "645", 645, "0.1000"},
		{tests + "a fee as a price per call", up, per(PerCall, Rate{Price1: p("0.1")}), "645", 645, "0.1000"},
		{tests + "0.002 for 10 units", up, per(10, Rate{PriceN: p("0.002"), IntervalN: 10}), "20", 20, "0.0040"},
		{tests + "up to a tenth", up, flat("1.98", 1, 1, "0"), "10", 10, "0.4"},
	} {
		tt.check(t)
	}
}

// TestAmountsByHand: rounding, units of prices, limits, surcharges, access.
func TestAmountsByHand(t *testing.T) {
	p := func(s string) money.Price { return price(t, s) }
	terms := func(change func(*Terms)) Terms { return usual(change) }
	rounded := func(m money.Rounding) Terms { return usual(func(t *Terms) { t.Rounding = m }) }
	second := Rate{Price1: p("60"), PriceN: p("60"), IntervalN: 1, ConnectionFee: p("0.5"), Interval1: 1}
	tie := Rate{PriceN: p("0.7407"), Interval1: 0, IntervalN: 10}
	access := terms(func(t *Terms) { t.Access = p("0.06") })
	block := Rate{Price1: p("60"), PriceN: p("30"), Interval1: 30, IntervalN: 6, ConnectionFee: p("0.5")}
	for _, tt := range []worked{
		{"half-down, a tie", rounded(money.HalfDown), tie, "10", 10, "0.1234"},
		{"half-up, a tie", rounded(money.HalfUp), tie, "10", 10, "0.1235"},
		{"half-down, over a tie", rounded(money.HalfDown), changed(tie, func(r *Rate) { r.PriceN += 6 }), "10", 10, "0.1235"},
		{"half-up, under a tie", rounded(money.HalfUp), changed(tie, func(r *Rate) { r.PriceN -= 6 }), "10", 10, "0.1234"},
		{"down", rounded(money.Down), Rate{PriceN: p("0.79"), IntervalN: 1}, "15", 15, "0.1"},
		{"up, a little over", rounded(money.Up), Rate{PriceN: p("0.600000000004"), IntervalN: 1}, "15", 15, "0.1501"},
		{"up, exact", rounded(money.Up), Rate{PriceN: p("0.6"), IntervalN: 1}, "15", 15, "0.1500"},
		{"20 decimals", usual(), Rate{PriceN: p("0.000000000001"), IntervalN: 1}, "1", 1, "0.00000000000001666667"},
		{"no decimals", usual(), Rate{PriceN: p("0.5"), IntervalN: 60}, "60", 60, "1"},
		{"rounded once, at the end", usual(), Rate{Price1: p("0.24"), PriceN: p("0.24"), Interval1: 1, IntervalN: 1, ConnectionFee: p("0.004")}, "2", 2, "0.01"},
		{"a third of a price", usual(), Rate{PriceN: p("1"), Per: 3, IntervalN: 1}, "1", 1, "0.3333"},
		{"two prices, whole call", terms(func(t *Terms) { t.Model = WholeCallMultiple }), Rate{Price1: p("6"), PriceN: p("3"), Interval1: 10, IntervalN: 30}, "5", 30, "2.0000"},
		{"one flat block", usual(), Rate{Price1: p("0.6"), Interval1: 30}, "3600", 30, "0.3000"},

		{"per call, with a fee", usual(), Rate{Price1: p("0.7"), Per: PerCall, Interval1: 60, IntervalN: 60, ConnectionFee: p("0.5")}, "7", 7, "1.2000"},
		{"per call, of a fraction", terms(func(t *Terms) { t.KeepFractions = true }), Rate{Price1: p("0.7"), Per: PerCall}, "7.2", 8, "0.7000"},
		{"per call, within the free units", terms(func(t *Terms) { t.Free, t.FreeFirst = 10, true }), Rate{Price1: p("0.7"), Per: PerCall, ConnectionFee: p("0.5")}, "10", 0, "0.5000"},
		{"per call, over the free units", terms(func(t *Terms) { t.Free, t.FreeFirst = 10, true }), Rate{Price1: p("0.7"), Per: PerCall}, "12", 2, "0.7000"},

		{"the card's minimum", terms(func(t *Terms) { t.MinCharge = p("3") }), second, "1", 1, "3.0000"},
		{"the row's minimum goes before it", terms(func(t *Terms) { t.MinCharge = p("3") }), changed(second, func(r *Rate) { r.MinCharge = p("2") }), "1", 1, "2.0000"},
		{"over the minimum", terms(func(t *Terms) { t.MinCharge = p("3") }), second, "4", 4, "4.5000"},
		{"the card's maximum", terms(func(t *Terms) { t.MaxCharge = p("3") }), second, "9", 9, "3.0000"},
		{"the row's maximum goes before it", terms(func(t *Terms) { t.MaxCharge = p("3") }), changed(second, func(r *Rate) { r.MaxCharge = p("4") }), "9", 9, "4.0000"},
		{"the row's maximum wins over the card's minimum", terms(func(t *Terms) { t.MinCharge = p("3") }), changed(second, func(r *Rate) { r.MaxCharge = p("2") }), "1", 1, "2.0000"},
		{"limits look at the surcharged sum", terms(func(t *Terms) { t.Surcharge, t.MinCharge, t.MaxCharge = p("0.5"), p("1"), p("6") }), second, "3", 3, "5.2500"},
		{"the minimum is not surcharged", terms(func(t *Terms) { t.Surcharge, t.MinCharge = p("0.5"), p("3") }), second, "1", 1, "3.0000"},
		{"the maximum caps the surcharge", terms(func(t *Terms) { t.Surcharge, t.MaxCharge = p("0.5"), p("5") }), second, "3", 3, "5.0000"},
		{"the maximum is rounded, too", terms(func(t *Terms) { t.Rounding, t.MaxCharge = money.Up, p("4.1") }), second, "9", 9, "5"},
		{"a surcharge of 1 %", terms(func(t *Terms) { t.Surcharge = p("0.01") }), Rate{PriceN: p("1"), IntervalN: 60}, "60", 60, "1.0100"},
		{"a surcharge of 12 decimals", terms(func(t *Terms) { t.Surcharge = 1 }), Rate{PriceN: p("1"), IntervalN: 60}, "60", 60, "1.000000000001"},

		// The access charge (Ofcom): a minute's price on all that is billed.
		{"access", access, changed(block, func(r *Rate) { r.Access = true }), "1", 30, "30.5300"},
		{"no access", access, block, "1", 30, "30.5000"},
		{"access to a price per call", access, Rate{Price1: p("0.7"), Per: PerCall, Access: true}, "30", 30, "0.7300"},
		{"access of tiers", access, Rate{Access: true, Tiers: []Tier{{From: 1, RoundUp: 10, Price: p("6")}}}, "3", 10, "1.0100"},
		{"no access charge within grace", usual(func(t *Terms) { t.Access, t.Grace = p("0.06"), 5 }), changed(block, func(r *Rate) { r.Access = true }), "4", 0, "0.0000"},
	} {
		tt.check(t)
	}
}

// TestOtherKindsAreCountedAsTheyAre: messages, bytes and pieces have their own
// units, and no minutes.
func TestOtherKindsAreCountedAsTheyAre(t *testing.T) {
	p := func(s string) money.Price { return price(t, s) }
	perMinute := usual(func(t *Terms) {
		t.Origins = []Origin{{Name: "all", Prefixes: []string{""}}}
		t.Surcharges = []OriginSurcharge{{Origin: "all", PerMinute: p("6"), PerCall: p("0.01")}}
	})
	fractions := usual(func(t *Terms) { t.KeepFractions = true })
	for _, tt := range []worked{
		{"3 messages", perMinute, Rate{Kind: call.SMS, PriceN: p("0.05"), IntervalN: 1}, "3", 3, "0.1600"},
		{"3 messages in twos", usual(), Rate{Kind: call.SMS, PriceN: p("0.05"), IntervalN: 2}, "3", 4, "0.2000"},
		{"messages have no fractions", fractions, Rate{Kind: call.SMS, PriceN: p("0.05"), IntervalN: 2}, "3", 4, "0.2000"},
		{"no message", usual(), Rate{Kind: call.SMS, PriceN: p("0.05"), IntervalN: 1, ConnectionFee: p("1")}, "0", 0, "0.0000"},
		{"7 pieces, 0.5 for ten", usual(), Rate{Kind: call.Event, PriceN: p("0.5"), IntervalN: 1, Per: 10}, "7", 7, "0.3500"},
		{"1.5 MB at 2 a megabyte", usual(), Rate{Kind: call.Data, PriceN: p("2"), IntervalN: 1}, "1500000", 1_500_000, "3.0000"},
		{"one byte in megabytes", usual(), Rate{Kind: call.Data, PriceN: p("2"), IntervalN: 1_000_000}, "1", 1_000_000, "2.0000"},
		{"a binary megabyte", usual(), Rate{Kind: call.Data, PriceN: p("2"), IntervalN: 1024, Per: 1 << 20}, "1048577", 1_049_600, "2.0020"},
	} {
		tt.check(t)
	}
	u := Usage{Kind: call.Data, Number: "12125550100", Quantity: MaxQuantity}
	got := priced(t, mustCard(t, usual(), Rate{Kind: call.Data, PriceN: p("0.000001"), IntervalN: 1_000_000}), u)
	if got.Billed != MaxQuantity || got.Amount.String() != "10000.0000" {
		t.Errorf("the most bytes: %+v", got)
	}
	if got := priced(t, mustCard(t, usual(), Rate{IntervalN: 1}), u); got.Reason != call.NoRate {
		t.Errorf("data by a row of voice: %+v", got)
	}
}

// TestExtremesFit: the largest prices, intervals and durations.
func TestExtremesFit(t *testing.T) {
	const top = money.Price(math.MaxInt64)
	r := Rate{Price1: top, PriceN: top, ConnectionFee: top, Interval1: MaxInterval - 1, IntervalN: MaxInterval}
	// 999,999 s and 10 pulses: 9223372.036854775807 · (1 + 10999999/60), by Python's decimal
	worked{"20 decimals", usual(), r, "10000000", 10_999_999, "1690960609739.21180514621021666667"}.check(t)
	worked{"4 decimals", usual(), r, "10000000", 10_999_999, "1690960609739.2118"}.check(t)
	// Times 1 + 9223372.036854775807, likewise.
	surcharged := usual(func(t *Terms) { t.Surcharge = top })
	worked{"surcharged", surcharged, r, "10000000", 10_999_999, "15596360494252157375.2735"}.check(t)

	// 2^128 units of the 20th decimal do not hold it.
	surcharged.Decimals = 20
	u := aCall(t, "10000000")
	if got := priced(t, mustCard(t, surcharged, r), u); got != (Charge{Reason: call.BadDuration}) {
		t.Errorf("a charge over 2^128: %+v", got)
	}
}

// TestOneDivisionRoundsOnce: as integers without bounds do, up to the last unit
// that fits.
func TestOneDivisionRoundsOnce(t *testing.T) {
	const top = math.MaxUint64
	words := []uint64{0, 1, 2, 3, 59, 60, 61, 1 << 32, 1<<63 - 1, 1 << 63, top - 1, top}
	for _, hi := range words {
		for _, lo := range words {
			for _, den := range words[1:] {
				n := new(big.Int).SetUint64(hi)
				n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(lo))
				exact := new(big.Rat).SetFrac(n, new(big.Int).SetUint64(den))
				for _, method := range []money.Rounding{money.HalfUp, money.HalfDown, money.Up, money.Down} {
					want := twin.Round(exact, 0, method.String()).Num()
					units, ok := Divide(hi, lo, den, method)
					if fits := want.IsUint64(); ok && (!fits || units != want.Uint64()) || !ok && fits && want.Uint64() < top {
						t.Fatalf("%d:%d / %d %v: %d, %v; want %v", hi, lo, den, method, units, ok, want)
					}
				}
			}
		}
	}
}

// TestSurchargesOfCallers: 0.25 a minute for callers from outside, and for ones
// whose number is none (knowledgecenter.cm.com, which calls are surcharged
// with special rates).
func TestSurchargesOfCallers(t *testing.T) {
	terms := usual(func(terms *Terms) {
		terms.Origins = []Origin{{Name: "outside", Prefixes: []string{"1", "91"}, Invalid: true}, {Name: "dear", Prefixes: []string{"1315"}}}
		terms.Surcharges = []OriginSurcharge{
			{Origin: "outside", To: []string{"31", "43"}, PerMinute: price(t, "0.25")}, {Origin: "dear", PerCall: price(t, "0.1")},
		}
	})
	c := mustCard(t, terms, Rate{Price1: price(t, "0.02"), PriceN: price(t, "0.02"), Interval1: 60, IntervalN: 60})
	for _, tt := range []struct{ caller, number, amount string }{
		{"919876543210", "31612345678", "0.2700"},
		{"33123456789", "31612345678", "0.0200"},
		{"919876543210", "33612345678", "0.0200"},
		{"", "31612345678", "0.2700"},
		{"anonymous", "31612345678", "0.2700"},
		{"3312", "31612345678", "0.2700"},
		{"3312345678901234", "31612345678", "0.2700"},
		{"99912345678", "31612345678", "0.2700"},
		{"13155550100", "31612345678", "0.3700"},
		{"13155550100", "33612345678", "0.1200"},
	} {
		u := aCall(t, "60")
		u.Caller, u.Number = tt.caller, tt.number
		if got := priced(t, c, u); got.Amount.String() != tt.amount {
			t.Errorf("from %q to %s: %v, want %s", tt.caller, tt.number, got.Amount, tt.amount)
		}
	}
}

// TestCutOff: 1 a second, at most 10, ends after 10 s (as in
// github.com/cgrates/cgrates/blob/master/engine/calldesc_test.go, L735).
func TestCutOff(t *testing.T) {
	p := func(s string) money.Price { return price(t, s) }
	second := Rate{Price1: p("1"), PriceN: p("1"), Per: 1, Interval1: 1, IntervalN: 1, MaxCharge: p("10")}
	with := func(change func(*Rate)) Rate { return changed(second, change) }
	bands := eveningBands(t)
	evening := usual(func(terms *Terms) { terms.Bands = bands })
	for _, tt := range []struct {
		name  string
		terms Terms
		rate  Rate
		most  uint64
		want  uint64
	}{
		{"a second each", usual(), second, 1800, 10},
		{"with a fee", usual(), with(func(r *Rate) { r.ConnectionFee = p("1") }), 1800, 9},
		{"in pulses", usual(), with(func(r *Rate) { r.IntervalN = 6 }), 1800, 7},
		{"with a surcharge", usual(func(t *Terms) { t.Surcharge = p("0.5") }), second, 1800, 6},
		{"a little above is above", usual(), with(func(r *Rate) { r.ConnectionFee = p("0.000001") }), 1800, 9},
		{"the card's maximum", usual(func(t *Terms) { t.MaxCharge = p("7") }), with(func(r *Rate) { r.MaxCharge = 0 }), 1800, 7},
		{"not within the limit", usual(), second, 9, 9},
		{"not even one second", usual(), with(func(r *Rate) { r.ConnectionFee = p("11") }), 1800, 0},
		{"no maximum", usual(), with(func(r *Rate) { r.MaxCharge = 0 }), 1800, 1800},
		{"no maximum, no limit", usual(), with(func(r *Rate) { r.MaxCharge = 0 }), math.MaxUint64, call.MaxDuration},
		{"blocked", usual(), with(func(r *Rate) { r.Blocked = true }), 1800, 1800},
		{"no rate", usual(), with(func(r *Rate) { r.Prefix = "44" }), 1800, 1800},
		{"messages", usual(), with(func(r *Rate) { r.Kind = call.SMS }), 1800, 10},
		// At noon it is 7 hours to the band in which nothing has a price.
		{"before it has no price", evening, with(func(r *Rate) { r.Band = "Day" }), 90_000, 10},
		{"it has no price before", evening, with(func(r *Rate) { r.Band, r.MaxCharge = "Day", p("30000") }), 90_000, 90_000},
	} {
		u := aCall(t, "5000")
		u.Kind = tt.rate.Kind
		if got := mustCard(t, tt.terms, tt.rate).NewPricer().CutOff(u, tt.most); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestChargeRefuses: Terms.Charge says what of terms, rate or quantity it
// cannot charge.
func TestChargeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name     string
		terms    Terms
		rate     Rate
		quantity int64
		want     string
	}{
		{"terms", Terms{Currency: "GBP"}, Rate{IntervalN: 1}, 0, "rounding"},
		{"rate", usual(), Rate{PriceN: 1}, 0, "interval N"},
		{"a negative quantity", usual(), Rate{IntervalN: 1}, -1, "a quantity of -1"},
		{"too long", usual(), Rate{IntervalN: 1}, MaxQuantity + 1, "10000000000000001"},
		{"no room", usual(func(t *Terms) { t.Decimals, t.Surcharge = 20, math.MaxInt64 }), Rate{PriceN: math.MaxInt64, IntervalN: 1}, MaxQuantity, "bad_duration"},
	} {
		if _, _, err := tt.terms.Charge(tt.rate, tt.quantity); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
	// Whether it is blocked, and for whom, is not its question.
	r := Rate{Blocked: true, From: 1, Tag: "gold", Band: "Night", Class: 1, Origin: "abroad", PriceN: price(t, "0.6"), IntervalN: 1}
	if billed, amount, err := usual().Charge(r, 7e9); err != nil || billed != 7 || amount.String() != "0.0700" {
		t.Errorf("%d, %v, %v; want 7, 0.0700", billed, amount, err)
	}
}
