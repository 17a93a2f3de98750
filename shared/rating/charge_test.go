package rating_test

import (
	"iter"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
)

func listed(rates []Rate) iter.Seq2[Rate, error] {
	return func(yield func(Rate, error) bool) {
		for _, r := range rates {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// testingT is a test, a benchmark, a fuzz target or a property.
type testingT interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func mustCard(t testingT, terms Terms, rates ...Rate) *Card {
	t.Helper()
	image, err := BuildImage(terms, listed(rates))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(image)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func price(t testing.TB, s string) money.Price {
	t.Helper()
	p, err := money.ParsePrice(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seconds reads a duration as a feed writes it.
func seconds(t testing.TB, s string) call.Duration {
	t.Helper()
	a, err := money.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	nanos, err := a.Round(9, money.Down)
	if err != nil {
		t.Fatal(err)
	}
	_, _, lo, _ := nanos.Bits()
	return call.Duration{Nanos: int64(lo), Decimals: uint8(a.Decimals())}
}

// The published cases of billed seconds.
func TestBilledSeconds(t *testing.T) {
	const (
		cm       = "CM.com, How is SIP trunking billed"
		connexcs = "docs.connexcs.com/provider-ratecard"
		basics   = "docs.connexcs.com/billing-basics"
		jerasoft = "docs.jerasoft.net, Rates Management"
		morInc   = "wiki.kolmisoft.com/index.php/What_is_increment"
		morWhole = "wiki.kolmisoft.com/index.php/Wholesale_Tariff"
		decided  = "our decision where sources leave room"
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
		{"magnusbilling wiki, price calculation", FirstThenPulse, 30, 6, "45", 48},
		{"sipnode.com wiki, billing introduction", FirstThenPulse, 60, 30, "61", 90},
		{"twilio.com changelog, billing changes", FirstThenPulse, 60, 60, "78", 120},
		{"support.vodafone.co.uk, more minutes than used", FirstThenPulse, 60, 1, "40", 60},
		{jerasoft, FirstThenPulse, 25, 8, "26", 33},
		{decided, WholeCallMultiple, 25, 8, "26", 32},
		{decided, FirstThenPulse, 10, 30, "5", 10},
		{morInc, WholeCallMultiple, 10, 30, "5", 30},
		{morInc, WholeCallMultiple, 0, 60, "55", 60},
		{morInc, WholeCallMultiple, 0, 60, "65", 120},
		{morInc, WholeCallMultiple, 10, 1, "25", 25},
		{morWhole, WholeCallMultiple, 10, 1, "1", 10},
		{morWhole, WholeCallMultiple, 10, 1, "12", 12},
		{decided, FirstThenPulse, 0, 6, "7", 12},   // no first block
		{decided, FirstThenPulse, 60, 0, "7", 60},  // one flat block
		{decided, FirstThenPulse, 60, 0, "61", 60}, // whatever the length
		{decided, WholeCallMultiple, 60, 0, "61", 60},
		{decided, FirstThenPulse, 0, 0, "61", 61}, // fee only: nothing to round up to
		{decided, WholeCallMultiple, 0, 0, "61", 61},
		{decided, FirstThenPulse, 60, 60, "0", 0},
		{decided, WholeCallMultiple, 60, 60, "0", 0},
		{decided, FirstThenPulse, 60, 60, "0.3", 0}, // rounds to 0 s: free
		{decided, FirstThenPulse, 60, 60, "0.5", 60},
	} {
		terms := DefaultTerms("GBP")
		terms.Model = tt.model
		got, _, err := terms.Charge(Rate{Interval1: tt.i1, IntervalN: tt.in}, seconds(t, tt.duration))
		if err != nil || got != tt.want {
			t.Errorf("%s: %s s at %d/%d: billed %d (%v), want %d", tt.source, tt.duration, tt.i1, tt.in, got, err, tt.want)
		}
	}
}

// The published cases of whole charges.
func TestAmounts(t *testing.T) {
	sippy := Rate{Price1: price(t, "0.60"), PriceN: price(t, "0.30"), Interval1: 30, IntervalN: 6, ConnectionFee: price(t, "0.05")}
	flat := func(perMinute string, i1, in uint32, fee string) Rate {
		p := price(t, perMinute)
		return Rate{Price1: p, PriceN: p, Interval1: i1, IntervalN: in, ConnectionFee: price(t, fee)}
	}
	const first, whole = FirstThenPulse, WholeCallMultiple
	for _, tt := range []struct {
		source   string
		model    IncrementModel
		rate     Rate
		duration string
		rounding money.Rounding
		want     string // its decimals are those of the card
	}{
		{"docs.connexcs.com/billing-basics", first, flat("0.015", 30, 6, "0"), "7", money.HalfUp, "0.00750"},
		{"github.com/cgrates/cgrates/issues/118", first, flat("0.006", 30, 6, "0"), "32", money.Up, "0.0036"},
		{"github.com/cgrates/cgrates/issues/118", first, flat("0.006", 30, 6, "0"), "57", money.Up, "0.0060"},
		{"github.com/cgrates/cgrates/issues/118", first, flat("0.006", 30, 6, "0"), "75", money.Up, "0.0078"},
		{"docs.jerasoft.net/display/VCS320/Rates+Management", first, flat("1", 30, 1, "0.3"), "31", money.HalfUp, "0.816667"},
		{"docs.jerasoft.net/display/VCS320/Rates+Management", first, flat("1", 30, 1, "0.3"), "60", money.HalfUp, "1.3"},
		{"magnusbilling wiki, price calculation", first, flat("0.05", 30, 6, "0"), "45", money.HalfUp, "0.04"},
		{"wiki.kolmisoft.com/index.php/Wholesale_Tariff", whole, flat("1", 0, 1, "0"), "15", money.HalfUp, "0.2500"},
		{"wiki.kolmisoft.com/index.php/Wholesale_Tariff", whole, flat("1", 0, 10, "0"), "15", money.HalfUp, "0.3333"},
		{"wiki.kolmisoft.com/index.php/Wholesale_Tariff", whole, flat("1", 0, 20, "0"), "15", money.HalfUp, "0.3333"},
		{"wiki.kolmisoft.com/index.php/What_is_increment", whole, flat("1", 0, 60, "0"), "15", money.HalfUp, "1.0"},
		{"sipnode.com wiki, billing introduction", first, flat("0.15", 60, 30, "0.10"), "43", money.HalfUp, "0.25"},
		{"sipnode.com wiki (its sum, 0.3750, is a slip)", first, flat("0.15", 60, 30, "0.10"), "61", money.HalfUp, "0.325"},
		{"46labs, 35 increments at 0.00137 (its 0.04765 is a slip)", first, flat("0.0137", 6, 6, "0"), "205", money.HalfUp, "0.04795"},
		{"CGRateS general_tests/tutorial_it_test.go, exact", first,
			Rate{Price1: price(t, "0.2"), PriceN: price(t, "0.1"), Interval1: 60, IntervalN: 1, ConnectionFee: price(t, "0.4")}, "130", money.Up, "0.7167"},
		{"CGRateS general_tests/session_rounding_it_test.go", first, flat("1.98", 1, 1, "0"), "10", money.Up, "0.4"},
		{"CGRateS general_tests/tutorial2_it_test.go, fee only", first, flat("0", 1, 1, "0.1"), "645", money.Up, "0.1000"},
		{"github.com/irontec/ivozprovider/issues/692", first, flat("0.05", 1, 1, "0"), "600", money.HalfUp, "0.50"},
		{"PortSIP guide 19 (Sippy's formula), no free seconds", first, sippy, "31", money.HalfUp, "0.3800"},
		{"decided: two prices, 10/30, whole call", whole,
			Rate{Price1: price(t, "6"), PriceN: price(t, "3"), Interval1: 10, IntervalN: 30}, "5", money.HalfUp, "2.0000"},
		{"decided: one flat block", first, Rate{Price1: price(t, "0.6"), Interval1: 30}, "3600", money.HalfUp, "0.3000"},
		{"decided: half-down, a tie", first, flat("0.7407", 10, 10, "0"), "10", money.HalfDown, "0.1234"},
		{"decided: half-up, a tie", first, flat("0.7407", 10, 10, "0"), "10", money.HalfUp, "0.1235"},
		{"decided: half-down, over a tie", first, flat("0.740700000006", 10, 10, "0"), "10", money.HalfDown, "0.1235"},
		{"decided: down", first, flat("0.79", 1, 1, "0"), "15", money.Down, "0.1"},
		{"decided: 20 decimals", first, flat("0.000000000001", 1, 1, "0"), "1", money.HalfUp, "0.00000000000001666667"},
	} {
		want := money.MustParse(tt.want)
		terms := DefaultTerms("GBP")
		terms.Model, terms.Rounding, terms.Decimals = tt.model, tt.rounding, want.Decimals()
		if _, got, err := terms.Charge(tt.rate, seconds(t, tt.duration)); err != nil || got != want {
			t.Errorf("%s: %s s: %v (%v), want %s", tt.source, tt.duration, got, err, tt.want)
		}
	}
}

// docs.connexcs.com (60.x) and support.sippysoft.com 164282 (half-up and up).
func TestDurationRounding(t *testing.T) {
	for _, tt := range []struct {
		duration string
		method   money.Rounding
		want     uint64
	}{
		{"60.0", money.HalfDown, 60}, {"60.0", money.HalfUp, 60}, {"60.0", money.Up, 60},
		{"60.1", money.Down, 60}, {"60.9", money.Down, 60}, {"60.1", money.Up, 61}, {"60.4", money.Up, 61}, {"60.5", money.Up, 61},
		{"1.0", money.HalfUp, 1}, {"1.4", money.HalfUp, 1}, {"1.5", money.HalfUp, 2}, {"1.0", money.Up, 1}, {"1.1", money.Up, 2},
		{"60.1", money.HalfUp, 60}, {"60.4", money.HalfUp, 60}, {"60.5", money.HalfUp, 61}, {"60.9", money.HalfUp, 61},
		{"60.5", money.HalfDown, 60}, {"60.6", money.HalfDown, 61}, {"60.500000001", money.HalfDown, 61},
		{"0.000000001", money.Up, 1}, {"0.999999999", money.Down, 0}, {"9999999.999999999", money.HalfUp, 10000000},
	} {
		terms := DefaultTerms("GBP")
		terms.DurationRounding = tt.method
		if got, _, err := terms.Charge(Rate{IntervalN: 1}, seconds(t, tt.duration)); err != nil || got != tt.want {
			t.Errorf("%s s %v: %d (%v), want %d", tt.duration, tt.method, got, err, tt.want)
		}
	}
}

func TestZeroSecondCalls(t *testing.T) {
	sippy := Rate{Price1: price(t, "0.60"), PriceN: price(t, "0.30"), Interval1: 30, IntervalN: 6, ConnectionFee: price(t, "0.05")}
	for _, tt := range []struct {
		name     string
		charged  bool
		model    IncrementModel
		rate     Rate
		duration string
		billed   uint64
		amount   string
	}{
		{"free by default", false, FirstThenPulse, sippy, "0", 0, "0.0000"},
		{"0.3 s rounds to 0", false, FirstThenPulse, sippy, "0.3", 0, "0.0000"},
		{"fee and first interval by the letter", true, FirstThenPulse, sippy, "0", 30, "0.3500"},
		{"whole-call multiple", true, WholeCallMultiple, sippy, "0.3", 30, "0.3500"},
		{"no first interval", true, FirstThenPulse, Rate{PriceN: price(t, "1"), IntervalN: 60, ConnectionFee: price(t, "0.05")}, "0", 0, "0.0500"},
	} {
		terms := DefaultTerms("GBP")
		terms.Model, terms.ChargeZeroSeconds = tt.model, tt.charged
		billed, amount, err := terms.Charge(tt.rate, seconds(t, tt.duration))
		if err != nil || billed != tt.billed || amount != money.MustParse(tt.amount) {
			t.Errorf("%s: %d s, %v (%v); want %d s, %s", tt.name, billed, amount, err, tt.billed, tt.amount)
		}
	}
}

// The largest price, interval and duration fit, at every number of decimals.
func TestExtremesFit(t *testing.T) {
	const top = money.Price(math.MaxInt64)
	r := Rate{Price1: top, PriceN: top, ConnectionFee: top, Interval1: MaxInterval - 1, IntervalN: MaxInterval}
	terms := DefaultTerms("GBP")
	terms.Decimals = money.MaxDecimals
	// 999,999 s and 10 pulses: 9223372.036854775807 * (1 + 10999999/60), by Python's decimal
	billed, amount, err := terms.Charge(r, call.Duration{Nanos: call.MaxDuration * 1e9})
	const want = "1690960609739.21180514621021666667"
	if err != nil || billed != 10_999_999 || amount.String() != want {
		t.Errorf("%d s, %v (%v); want 10999999 s, %s", billed, amount, err, want)
	}
}

func TestChargeRefuses(t *testing.T) {
	good, rate := DefaultTerms("GBP"), Rate{IntervalN: 1}
	for _, tt := range []struct {
		name  string
		terms Terms
		rate  Rate
		nanos int64
		want  string
	}{
		{"terms", Terms{Currency: "GBP"}, rate, 0, "rounding"},
		{"rate", good, Rate{PriceN: 1}, 0, "interval N"},
		{"negative duration", good, rate, -1, "-1 ns"},
		{"too long", good, rate, call.MaxDuration*1e9 + 1, "10000000 s"},
	} {
		if _, _, err := tt.terms.Charge(tt.rate, call.Duration{Nanos: tt.nanos}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

func TestPrice(t *testing.T) {
	minute := func(prefix string) Rate {
		return Rate{Prefix: prefix, Price1: price(t, "0.1"), PriceN: price(t, "0.1"), Interval1: 60, IntervalN: 60}
	}
	assumed := minute("33")
	assumed.AssumedPulse = true
	kolmisoft := []Rate{minute("370"), {Prefix: "370619", Blocked: true}}
	rates := append([]Rate{minute("1"), minute("12"), minute("112"), assumed, {Prefix: "999", Blocked: true}, minute("1234567890123456")}, kolmisoft...)
	catchAll := append([]Rate{minute("")}, rates...)
	const nothing = -1
	for _, tt := range []struct {
		name, number string
		rates        []Rate
		reason       call.Reason
		prefix       string // of the rate shown
		flags        call.Flags
	}{
		{"seed 003: the longest prefix", "1234567890", rates, "", "12", 0},
		{"wiki.kolmisoft.com/index.php/Blocked_Rates", "37061234567", rates, "", "370", 0},
		{"wiki.kolmisoft.com/index.php/Blocked_Rates", "37061912345", rates, call.Blocked, "370619", 0},
		{"between two entries", "1199999999", rates, "", "1", 0},
		{"all digits of the longest prefix", "1234567890123456", rates, "", "1234567890123456", 0},
		{"more digits than a prefix can have", "12345678901234567890", rates, "", "1234567890123456", 0},
		{"not that last digit", "1234567890123457", rates, "", "12", 0},
		{"assumed increments", "3312345678", rates, "", "33", call.DefaultIncrement},
		{"no rate", "4412345678", rates, call.NoRate, "", 0},
		{"below all", "0012345678", rates, call.NoRate, "", 0},
		{"above all", "9912345678", rates, call.NoRate, "", 0},
		{"catch-all", "4412345678", catchAll, "", "", 0},
		{"a short number of its own", "112", rates, "", "112", 0},
		{"a blocked short number of its own", "999", rates, call.Blocked, "999", 0},
		{"an extension is not +1", "100", rates, call.ShortNumber, "", 0},
		{"six digits", "123456", rates, call.ShortNumber, "", 0},
		{"seven digits", "1234567", rates, "", "12", 0},
		{"a short number no prefix matches", "555", rates, call.ShortNumber, "", 0},
		{"a short number and a catch-all", "555", catchAll, call.ShortNumber, "", 0},
		{"no number and a catch-all", "", catchAll, call.ShortNumber, "", 0},
		{"not a number", "12x4567890", rates, call.NoRate, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := mustCard(t, DefaultTerms("GBP"), tt.rates...)
			got := c.Price(tt.number, call.Duration{Nanos: 61e9})
			want := Charge{Reason: tt.reason, Index: nothing, Prefix: len(tt.prefix), Flags: tt.flags}
			if tt.reason == "" || tt.prefix != "" {
				for i := range c.Len() {
					if c.At(i).Prefix == tt.prefix {
						want.Index = i
					}
				}
			}
			if tt.reason == "" {
				want.Billed, want.Amount = 120, money.MustParse("0.2000")
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(money.Amount{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.number, diff)
			}
		})
	}
}

func TestPriceRefusesBadDurations(t *testing.T) {
	c := mustCard(t, DefaultTerms("GBP"), Rate{IntervalN: 1})
	for _, nanos := range []int64{-1, call.MaxDuration*1e9 + 1, math.MinInt64, math.MaxInt64} {
		if got := c.Price("442079460000", call.Duration{Nanos: nanos}); got != (Charge{Reason: call.BadDuration, Index: -1}) {
			t.Errorf("%d ns: %+v, want bad_duration", nanos, got)
		}
	}
}

func TestShortNumbersOff(t *testing.T) {
	terms := DefaultTerms("GBP")
	terms.ShortDigits = 0
	c := mustCard(t, terms, Rate{Prefix: "1", IntervalN: 1})
	if got := c.Price("100", call.Duration{}); got.Reason != "" || got.Prefix != 1 {
		t.Errorf("100: %+v, want prefix 1", got)
	}
}

func TestPricingDoesNotAllocate(t *testing.T) {
	terms := DefaultTerms("GBP")
	terms.Decimals = money.MaxDecimals
	c := mustCard(t, terms, Rate{IntervalN: 1, PriceN: 7}, Rate{Prefix: "44", IntervalN: 6, PriceN: 12345, AssumedPulse: true}, Rate{Prefix: "449", Blocked: true})
	for _, number := range []string{"442079460000", "449079460000", "332079460000", "100"} {
		if n := testing.AllocsPerRun(100, func() { c.Lookup(number) }); n != 0 {
			t.Errorf("Lookup(%s) allocates %v times", number, n)
		}
		for _, nanos := range []int64{0, 61e9, 61_500_000_001} {
			if n := testing.AllocsPerRun(100, func() { c.Price(number, call.Duration{Nanos: nanos}) }); n != 0 {
				t.Errorf("Price(%s, %d ns) allocates %v times", number, nanos, n)
			}
		}
	}
}

// Run with -race: one card serves many goroutines.
func TestManyGoroutines(t *testing.T) {
	c := mustCard(t, DefaultTerms("GBP"), Rate{Prefix: "44", IntervalN: 60, PriceN: price(t, "0.1")})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if got := c.Price("442079460000", call.Duration{Nanos: 61e9}); got.Billed != 120 {
					t.Errorf("billed %d, want 120", got.Billed)
				}
			}
		})
	}
	wg.Wait()
}
