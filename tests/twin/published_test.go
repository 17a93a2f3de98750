package twin_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/tollbook/tollbook/tests/twin"
)

const (
	connexcs    = "https://docs.connexcs.com/billing-basics/"
	provider    = "https://docs.connexcs.com/provider-ratecard/"
	increment   = "https://wiki.kolmisoft.com/index.php/What_is_increment"
	wholesale   = "https://wiki.kolmisoft.com/index.php/Wholesale_Tariff"
	cm          = "https://knowledgecenter.cm.com/knowledge-center/communications-platform/sip-trunking/pricing/how-is-sip-trunking-billed"
	sippy       = "https://support.portsip.com/portsip-pbx-administration-guide/19-billing"
	jerasoft    = "https://docs.jerasoft.net/display/VCS320/Rates+Management"
	jerasoft258 = "https://docs.jerasoft.net/pages/diffpagesbyversion.action?pageId=52658223&selectedPageVersions=1&selectedPageVersions=2"
	cgrates     = "https://github.com/cgrates/cgrates/blob/master/"
	issue118    = "https://github.com/cgrates/cgrates/issues/118"
)

// The terms that most of the cases have.
var (
	four = twin.Terms{Decimals: 4, Rounding: "half-up", DurationRounding: "half-up"}
	six  = twin.Terms{Decimals: 6, Rounding: "half-up", DurationRounding: "half-up"}
	up4  = twin.Terms{Decimals: 4, Rounding: "up", DurationRounding: "half-up"}
)

func with(t twin.Terms, change func(*twin.Terms)) twin.Terms {
	change(&t)
	return t
}

// call is one of that many seconds, on Monday 15 June 2026 at noon UTC.
func call(seconds string) twin.Usage {
	return twin.Usage{Kind: twin.Voice, Number: "12125550100", Caller: "13155550100", Instant: instant("2026-06-15T12:00:00Z"), Quantity: nanos(seconds)}
}

func nanos(seconds string) int64 {
	x, ok := new(big.Rat).SetString(seconds)
	if !ok {
		panic(seconds)
	}
	return x.Mul(x, big.NewRat(1e9, 1)).Num().Int64()
}

func instant(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

// flat is a row of one price.
func flat(price string, first, pulse int64) twin.Rate {
	return twin.Rate{Price1: price, PriceN: price, Interval1: first, IntervalN: pulse}
}

// priced is a charge that is known from elsewhere.
type priced struct {
	name, source string
	terms        twin.Terms
	rate         twin.Rate
	seconds      string
	billed       int64
	amount       string
}

// TestPublishedCharges: the figures are those of the sources, or worked out by
// hand from their rules.
func TestPublishedCharges(t *testing.T) {
	whole := with(four, func(t *twin.Terms) { t.Model = twin.WholeCallMultiple })
	upTo2 := with(six, func(t *twin.Terms) { t.Grace, t.GraceMode = 2, twin.GraceUpTo })
	setup := twin.Rate{Price1: "1", PriceN: "1", Interval1: 30, IntervalN: 1, ConnectionFee: "0.3"}
	sipnode := twin.Rate{Price1: "0.15", PriceN: "0.15", Interval1: 60, IntervalN: 30, ConnectionFee: "0.10", Grace: 3}
	afterFree := twin.Rate{Price1: "0.60", PriceN: "0.30", Interval1: 30, IntervalN: 6, ConnectionFee: "0.05", Free: 10}
	surcharged := with(four, func(t *twin.Terms) { t.Surcharge = "0.1" })
	zero := with(four, func(t *twin.Terms) { t.ChargeZeroSeconds, t.Grace = true, 1 })
	tutorial := twin.Rate{Price1: "0.2", PriceN: "0.1", Interval1: 60, IntervalN: 1, ConnectionFee: "0.4"}
	free15 := twin.Rate{Tiers: []twin.Tier{{From: 1, Length: 15, RoundUp: 1, Price: "0"}, {From: 16, RoundUp: 1, Price: "0.01"}}}
	for _, tt := range []priced{
		{"the first block is billed whole", cm, four, flat("1", 60, 1), "30", 60, "1.0000"},
		{"minutes", cm, four, flat("1", 60, 60), "70", 120, "2.0000"},
		{"30/6, 1 s", provider, four, flat("1", 30, 6), "1", 30, "0.5000"},
		{"30/6, 30 s", provider, four, flat("1", 30, 6), "30", 30, "0.5000"},
		{"30/6, 35 s", provider, four, flat("1", 30, 6), "35", 36, "0.6000"},
		{"30/6, 37 s", provider, four, flat("1", 30, 6), "37", 42, "0.7000"},
		{"60/6, 67 s", connexcs, four, flat("1", 60, 6), "67", 72, "1.2000"},
		{"25/8, 26 s", jerasoft258, four, flat("1", 25, 8), "26", 33, "0.5500"},
		{"25/8, 26 s, in multiples of the pulse", jerasoft258, whole, flat("1", 25, 8), "26", 32, "0.5333"},
		{"the increment outranks the minimum time", increment, whole, flat("1", 10, 30), "5", 30, "0.5000"},
		{"minimum time 10, 1 s", wholesale, whole, flat("1", 10, 1), "1", 10, "0.1667"},
		{"minimum time 10, 12 s", wholesale, whole, flat("1", 10, 1), "12", 12, "0.2000"},
		{"increment 10", wholesale, whole, flat("1", 0, 10), "15", 20, "0.3333"},
		{"increment 20", wholesale, whole, flat("1", 0, 20), "15", 20, "0.3333"},
		{"increment 60", increment, whole, flat("1", 0, 60), "65", 120, "2.0000"},
		{"30/6, 7 s", connexcs, six, flat("0.015", 30, 6), "7", 30, "0.007500"},
		{"45 s at 30/6", "https://github.com/magnussolution/magnusbilling/wiki/EN--price_calculation", four, flat("0.05", 30, 6), "45", 48, "0.0400"},
		{"a price of an increment of 6 s", "https://46labs.atlassian.net/wiki/pages/diffpages.action?originalId=110624775&pageId=121634872",
			six, twin.Rate{Price1: "0.00137", PriceN: "0.00137", Per: 6, Interval1: 6, IntervalN: 6}, "205", 210, "0.047950"},
		{"setup fee", jerasoft, upTo2, setup, "31", 31, "0.816667"},
		{"setup fee, a minute", jerasoft, upTo2, setup, "60", 60, "1.300000"},
		{"as long as the grace period is free", jerasoft, upTo2, setup, "2", 0, "0.000000"},
		{"over the grace period", "http://www.sipnode.com/en/wiki/billing-introduction.php", four, sipnode, "43", 60, "0.2500"},
		{"two blocks", "http://www.sipnode.com/en/wiki/billing-introduction.php", four, sipnode, "61", 90, "0.3250"},
		{"fee, first block, 1 s after the free ones, surcharge", sippy, surcharged, afterFree, "41", 36, "0.4180"},
		{"free seconds after the first block", sippy, surcharged, afterFree, "40", 30, "0.3850"},
		{"no fee for 0 s under a grace period of 1 s", sippy, zero, afterFree, "0", 0, "0.0000"},
		{"a surcharge of 1 %", sippy, with(four, func(t *twin.Terms) { t.Surcharge = "0.01" }), flat("1", 60, 60), "60", 60, "1.0100"},
		{"grace that is deducted", "https://voipon.co.uk/ippbx/pbxware_admin_manual/addedit_service_plan.htm",
			with(four, func(t *twin.Terms) { t.Grace, t.GraceMode = 10, twin.GraceDeducted }), flat("60", 0, 1), "15", 5, "5.0000"},
		{"included seconds before the first block", "https://github.com/inextrix/ASTPP/issues/151",
			with(four, func(t *twin.Terms) { t.Free, t.FreeFirst = 5, true }), flat("60", 0, 1), "15", 10, "10.0000"},
		{"minimum cost, in pence", "http://ww.tri-line.net/pages/diffpages.action?originalId=13436705&pageId=13437211",
			four, twin.Rate{Price1: "1", PriceN: "1", IntervalN: 1, MinCharge: "5"}, "60", 60, "5.0000"},
		{"every second of ten minutes", "https://github.com/irontec/ivozprovider/issues/692", four, flat("0.05", 1, 1), "600", 600, "0.5000"},
		{"a duration as it is", connexcs, with(up4, func(t *twin.Terms) { t.KeepFractions, t.Model = true, twin.Continuous }), flat("0.005", 0, 0), "9.1", 10, "0.0008"},
		{"15 s of 15 free", "https://wiki.kolmisoft.com/index.php?title=Advanced_Rates&diff=4226&oldid=3531", four, free15, "15", 15, "0.0000"},
		{"75 s, 15 of them free", "https://wiki.kolmisoft.com/index.php?title=Advanced_Rates&diff=4226&oldid=3531", four, free15, "75", 75, "0.0100"},

		{"60 then 1", cgrates + "engine/calldesc_test.go#L443", four, twin.Rate{Price1: "1", PriceN: "1", Per: 1, Interval1: 60, IntervalN: 1}, "85", 85, "85.0000"},
		{"60 then 1, one unit", cgrates + "engine/calldesc_test.go#L1600", four, twin.Rate{Price1: "1", PriceN: "1", Per: 1, Interval1: 60, IntervalN: 1}, "1", 60, "60.0000"},
		{"above the maximum is free", cgrates + "engine/calldesc_test.go#L1125", four, twin.Rate{Price1: "1", PriceN: "1", Per: 1, IntervalN: 1, MaxCharge: "10"}, "1800", 1800, "10.0000"},
		{"two prices", cgrates + "general_tests/tutorial_it_test.go#L140", up4, tutorial, "130", 130, "0.7167"},
		{"rounded up to a cent", cgrates + "engine/calldesc_test.go#L1050", with(four, func(t *twin.Terms) { t.Decimals, t.Rounding = 2, "up" }),
			twin.Rate{PriceN: "0.05", IntervalN: 1, ConnectionFee: "0.15"}, "180", 180, "0.30"},
		{"a price per second", cgrates + "general_tests/tutorial2_it_test.go#L135", up4, twin.Rate{PriceN: "0.01", Per: 1, IntervalN: 1, ConnectionFee: "0.1"}, "45", 45, "0.5500"},
		{"first minute whole", cgrates + "general_tests/tutorial2_it_test.go#L166", up4, twin.Rate{Price1: "1.2", PriceN: "1.2", Interval1: 60, IntervalN: 1, ConnectionFee: "0.2"}, "45", 60, "1.4000"},
		{"a fee and no more", cgrates + "general_tests/tutorial2_it_test.go#L290", up4, twin.Rate{IntervalN: 1, ConnectionFee: "0.1"}, "645", 645, "0.1000"},
		{"a fee as a price per call", cgrates + "general_tests/tutorial2_it_test.go#L290", up4, twin.Rate{Price1: "0.1", Per: twin.PerCall}, "645", 645, "0.1000"},
		{"0.002 for 10 units", cgrates + "general_tests/datachrg1_test.go#L102", up4, twin.Rate{PriceN: "0.002", Per: 10, IntervalN: 10}, "20", 20, "0.0040"},
		{"up to a tenth", cgrates + "general_tests/session_rounding_it_test.go#L123", with(up4, func(t *twin.Terms) { t.Decimals = 1 }), twin.Rate{PriceN: "0.033", Per: 1, IntervalN: 1}, "10", 10, "0.4"},
		{"30/6, 32 s", issue118, up4, flat("0.006", 30, 6), "32", 36, "0.0036"},
		{"30/6, 57 s", issue118, up4, flat("0.006", 30, 6), "57", 60, "0.0060"},
		{"30/6, 75 s", issue118, up4, flat("0.006", 30, 6), "75", 78, "0.0078"},
	} {
		got := twin.Price(tt.terms, []twin.Rate{tt.rate}, call(tt.seconds))
		if got.Reason != "" || got.Billed != tt.billed || got.Amount != tt.amount {
			t.Errorf("%s (%s): %q, %d billed, %s; want %d, %s", tt.name, tt.source, got.Reason, got.Billed, got.Amount, tt.billed, tt.amount)
		}
	}
}

// TestPublishedDurationRounding: ConnexCS's table (docs.connexcs.com/billing-basics/)
// and Sippy's (support.sippysoft.com/support/solutions/articles/164282-cdr-call-duration-rounding-methods).
func TestPublishedDurationRounding(t *testing.T) {
	for _, tt := range []struct {
		seconds, method string
		billed          int64
	}{
		{"60.0", "half-down", 60}, {"60.0", "half-up", 60}, {"60.0", "up", 60}, {"60.1", "down", 60}, {"60.1", "up", 61},
		{"60.4", "up", 61}, {"60.5", "half-up", 61}, {"60.5", "half-down", 60}, {"60.6", "half-down", 61},
		{"1.0", "half-up", 1}, {"1.4", "half-up", 1}, {"1.5", "half-up", 2}, {"60.1", "half-up", 60}, {"60.4", "half-up", 60}, {"60.9", "half-up", 61},
		{"1.0", "up", 1}, {"1.1", "up", 2}, {"1.4", "up", 2}, {"60.5", "up", 61},
	} {
		terms := with(four, func(t *twin.Terms) { t.DurationRounding = tt.method })
		if got := twin.Price(terms, []twin.Rate{flat("1", 0, 1)}, call(tt.seconds)); got.Billed != tt.billed {
			t.Errorf("%s s %s: %d, want %d", tt.seconds, tt.method, got.Billed, tt.billed)
		}
	}
}

// TestPublishedCostRounding is for the twin's rounding of money.
func TestPublishedCostRounding(t *testing.T) {
	for _, tt := range []struct {
		x        string
		decimals int
		method   string
		want     string
	}{
		// cgrates.readthedocs.io/en/latest/rals.html
		{"0.19", 1, "down", "0.1"}, {"0.11", 1, "up", "0.2"},
		// docs.connexcs.com/billing-basics/
		{"0.00175", 3, "up", "0.002"}, {"0.00175", 4, "up", "0.0018"}, {"0.123451", 4, "half-down", "0.1235"}, {"0.12345", 4, "half-down", "0.1234"},
		// docs.portaone.com/docs/mr112-subscription-fee
		{"16.85306", 2, "up", "16.86"}, {"-16.85306", 2, "up", "-16.86"}, {"-0.12349", 4, "down", "-0.1234"},
		// support.sippysoft.com/support/solutions/articles/3000027118
		{"1.0123456789012345678811", 20, "half-up", "1.01234567890123456788"}, {"1.0123456789012345678899", 20, "half-up", "1.01234567890123456789"},
		{"1.0123456789012345678811", 2, "half-up", "1.01"}, {"1.0153456789012345678899", 2, "half-up", "1.02"},
	} {
		x, _ := new(big.Rat).SetString(tt.x)
		if got := twin.Round(x, tt.decimals, tt.method).FloatString(tt.decimals); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.x, tt.method, got, tt.want)
		}
	}
}
