package rating_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin"
	"pgregory.net/rapid"
)

// digits draws few different digits, so that prefixes nest.
func digits(most int) *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(fmt.Sprintf("[12]{0,%d}", most)),
		rapid.StringMatching(fmt.Sprintf("4420[0-9]{0,%d}", most-4)),
		rapid.StringMatching(fmt.Sprintf("[0-9]{0,%d}", most)),
	)
}

func prices() *rapid.Generator[money.Price] {
	return rapid.Map(rapid.OneOf(
		rapid.SampledFrom([]int64{0, 1, 500_000_000_000, math.MaxInt64}),
		rapid.Map(rapid.Int64Range(0, 10_000_000), func(v int64) int64 { return v * 1_000_000 }),
		rapid.Int64Range(0, math.MaxInt64),
	), func(v int64) money.Price { return money.Price(v) })
}

func intervals() *rapid.Generator[uint32] {
	return rapid.OneOf(rapid.SampledFrom([]uint32{0, 1, 6, 8, 10, 25, 30, 60, MaxInterval}), rapid.Uint32Range(0, MaxInterval))
}

func durations() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.SampledFrom([]int64{0, 300_000_000, 500_000_000, 1e9, 60e9, 60_500_000_000, 61e9, call.MaxDuration * 1e9}),
		rapid.Map(rapid.Int64Range(0, 7200), func(s int64) int64 { return s * 1e9 }),
		rapid.Map(rapid.Int64Range(0, 7200_0), func(s int64) int64 { return s * 1e8 }),
		rapid.Int64Range(0, call.MaxDuration*1e9),
	)
}

func roundings() *rapid.Generator[money.Rounding] {
	return rapid.SampledFrom([]money.Rounding{money.HalfUp, money.HalfDown, money.Up, money.Down})
}

func anyTerms(t *rapid.T) Terms {
	return Terms{
		Currency: "GBP", Decimals: rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals"),
		Rounding: roundings().Draw(t, "rounding"), DurationRounding: roundings().Draw(t, "duration rounding"),
		Model:             rapid.SampledFrom([]IncrementModel{FirstThenPulse, WholeCallMultiple}).Draw(t, "model"),
		ChargeZeroSeconds: rapid.Bool().Draw(t, "charge zero"), ShortDigits: rapid.SampledFrom([]int{0, 7, MaxPrefix}).Draw(t, "short"),
	}
}

func anyRate(t *rapid.T, prefix string) Rate {
	r := Rate{
		Prefix: prefix, Destination: "to " + prefix,
		Price1: prices().Draw(t, "price 1"), PriceN: prices().Draw(t, "price N"), ConnectionFee: prices().Draw(t, "fee"),
		Interval1: intervals().Draw(t, "interval 1"), IntervalN: intervals().Draw(t, "interval N"),
		Blocked: rapid.IntRange(0, 5).Draw(t, "blocked") == 5, AssumedPulse: rapid.Bool().Draw(t, "assumed"),
	}
	if r.IntervalN == 0 {
		r.PriceN = 0
	}
	if r.IntervalN == 0 && r.Interval1 == 0 {
		r.Price1 = 0
	}
	return r
}

// theTwin says the same terms and rates in the twin's words.
func theTwin(terms Terms, rates []Rate) (twin.Terms, []twin.Rate) {
	tt := twin.Terms{
		Decimals: terms.Decimals, Rounding: terms.Rounding.String(), DurationRounding: terms.DurationRounding.String(),
		WholeCall: terms.Model == WholeCallMultiple, ChargeZero: terms.ChargeZeroSeconds, ShortDigits: terms.ShortDigits,
	}
	var tr []twin.Rate
	for _, r := range rates {
		tr = append(tr, twin.Rate{
			Prefix: r.Prefix, Price1: r.Price1.String(), PriceN: r.PriceN.String(), Fee: r.ConnectionFee.String(),
			Interval1: int64(r.Interval1), IntervalN: int64(r.IntervalN), Blocked: r.Blocked,
		})
	}
	return tt, tr
}

// TestPriceAsTwin: a card of any rates under any terms prices any call as the
// twin does, and its trace adds up to the same.
func TestPriceAsTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := anyTerms(t)
		prefixes := rapid.SliceOfNDistinct(digits(MaxPrefix), 0, 40, rapid.ID).Draw(t, "prefixes")
		var rates []Rate
		for _, p := range prefixes {
			rates = append(rates, anyRate(t, p))
		}
		c := mustCard(t, terms, rates...)
		for range 5 {
			number := digits(call.MaxNumber).Draw(t, "number")
			if len(prefixes) > 0 && rapid.Bool().Draw(t, "below a prefix") {
				number = rapid.SampledFrom(prefixes).Draw(t, "prefix") + rapid.StringMatching("[0-9]{0,10}").Draw(t, "tail")
			}
			checkPrice(t, c, rates, number, durations().Draw(t, "nanos"))
		}
	})
}

// FuzzPriceAsTwin is the same on what the fuzzer writes: prefixes between
// commas, all of one rate, and prefixes after a bang are blocked.
func FuzzPriceAsTwin(f *testing.F) {
	f.Add(",44,447,!449,1,12", "447700900123", int64(61e9), int64(1e11), int64(1e11), int64(5e10), uint32(60), uint32(60), uint8(4), uint8(0), uint8(7))
	f.Add("370,!370619", "37061912345", int64(0), int64(0), int64(0), int64(0), uint32(0), uint32(0), uint8(20), uint8(255), uint8(0))
	f.Add("1,112", "112", int64(call.MaxDuration*1e9), int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64),
		uint32(MaxInterval), uint32(MaxInterval), uint8(20), uint8(0b11_1010), uint8(7))
	f.Fuzz(func(t *testing.T, prefixes, number string, nanos, price1, priceN, fee int64, i1, in uint32, decimals, options, short uint8) {
		terms := Terms{
			Currency: "GBP", Decimals: int(decimals), ShortDigits: int(short),
			Rounding: money.Rounding(options&3) + money.HalfUp, DurationRounding: money.Rounding(options>>2&3) + money.HalfUp,
			Model: IncrementModel(options>>4&1) + FirstThenPulse, ChargeZeroSeconds: options>>5&1 == 1,
		}
		var rates []Rate
		for _, p := range strings.Split(prefixes, ",") {
			p, blocked := strings.CutPrefix(p, "!")
			rates = append(rates, Rate{
				Prefix: p, Blocked: blocked, Price1: money.Price(price1), PriceN: money.Price(priceN), ConnectionFee: money.Price(fee),
				Interval1: i1, IntervalN: in, AssumedPulse: options>>6&1 == 1,
			})
		}
		image, err := BuildImage(terms, listed(rates))
		if err != nil || strings.Trim(number, "0123456789") != "" || nanos < 0 || nanos > call.MaxDuration*1e9 {
			return // refused, or not a call that a feed yields
		}
		c, err := Open(image)
		if err != nil {
			t.Fatal(err)
		}
		checkPrice(t, c, rates, number, nanos)
	})
}

// checkPrice holds the look-up, the charge and the trace of a call to the twin.
func checkPrice(t testingT, c *Card, rates []Rate, number string, nanos int64) {
	twinTerms, twinRates := theTwin(c.Terms(), rates)
	want := twin.Price(twinTerms, twinRates, number, fmt.Sprintf("%d/1000000000", nanos))
	d := call.Duration{Nanos: nanos, Decimals: 9}
	got := c.Price(number, d)
	checkLookup(t, c, rates, number)
	if string(got.Reason) != want.Reason || (got.Index >= 0) != (want.Index >= 0) {
		t.Fatalf("%s: %+v, the twin has %+v", number, got, want)
	}
	if want.Index >= 0 {
		if r := c.At(got.Index); r != rates[want.Index] || got.Prefix != len(r.Prefix) {
			t.Fatalf("%s: %+v is rate %+v, the twin has %+v", number, got, r, rates[want.Index])
		}
	}
	if want.Reason == "" {
		if got.Billed != uint64(want.Billed) || got.Amount.String() != want.Amount {
			t.Fatalf("%s: %d s, %v; the twin has %d s, %s", number, got.Billed, got.Amount, want.Billed, want.Amount)
		}
		if assumed := rates[want.Index].AssumedPulse; got.Flags.Has(call.DefaultIncrement) != assumed {
			t.Fatalf("%s: flags %v, assumed pulse %v", number, got.Flags, assumed)
		}
	}
	checkTrace(t, c.Terms(), c.Trace(number, d), got)
}

func checkLookup(t testingT, c *Card, rates []Rate, number string) {
	var prefixes []string
	for _, r := range rates {
		prefixes = append(prefixes, r.Prefix)
	}
	i, ok := c.Lookup(number)
	want := twin.Longest(prefixes, number)
	if ok != (want >= 0) || ok && c.At(i).Prefix != prefixes[want] || !ok && i != -1 {
		t.Fatalf("Lookup(%s) = %d, %v; the twin has %d of %q", number, i, ok, want, prefixes)
	}
}

// checkTrace holds a trace to the charge: the steps add up to the exact sum,
// which rounds to the amount.
func checkTrace(t testingT, terms Terms, tr Trace, charge Charge) {
	if tr.Reason != charge.Reason || tr.Billed != charge.Billed || len(tr.Prefix) != charge.Prefix || tr.Flags != charge.Flags.String() {
		t.Fatalf("trace %+v of charge %+v", tr, charge)
	}
	if tr.Sentence() == "" || strings.Contains(tr.Sentence(), "%!") {
		t.Fatalf("sentence %q", tr.Sentence())
	}
	if charge.Reason != "" {
		if tr.Amount != "" || tr.Exact != "" || tr.Steps != nil {
			t.Fatalf("trace %+v of no charge", tr)
		}
		return
	}
	sum, billed := new(big.Rat), uint64(0)
	for _, s := range tr.Steps {
		exact := exactRat(t, s.Exact)
		due := new(big.Rat).SetInt64(int64(s.Billed))
		if s.Name == StepFee {
			due.SetInt64(60)
		}
		due.Mul(due, big.NewRat(int64(s.Price), 60_000_000_000_000))
		if exact.Cmp(due) != 0 {
			t.Fatalf("step %+v: exactly %v", s, due)
		}
		sum.Add(sum, exact)
		billed += s.Billed
	}
	if sum.Cmp(exactRat(t, tr.Exact)) != 0 || billed != charge.Billed {
		t.Fatalf("steps add up to %v and %d s: %+v", sum, billed, tr)
	}
	rounded := twin.Round(sum, terms.Decimals, terms.Rounding.String()).FloatString(terms.Decimals)
	if tr.Amount != rounded || charge.Amount.String() != rounded {
		t.Fatalf("trace %s, charge %v, the steps %s", tr.Amount, charge.Amount, rounded)
	}
}

// exactRat reads the exact text of a trace, 0.01(6) being 1/60.
func exactRat(t testingT, s string) *big.Rat {
	head, last, endless := strings.Cut(s, "(")
	x, ok := new(big.Rat).SetString(strings.TrimSuffix(head, "."))
	if !ok {
		t.Fatalf("exact amount %q", s)
	}
	if endless {
		_, fraction, _ := strings.Cut(head, ".")
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(fraction))), nil)
		x.Add(x, new(big.Rat).SetFrac(big.NewInt(int64(last[0]-'0')), scale.Mul(scale, big.NewInt(9))))
	}
	return x
}
