package twin

import (
	"math/big"
	"testing"
)

// The figures are worked out by hand, so that the twin itself is held to
// something.
func TestCharge(t *testing.T) {
	usual := Terms{Decimals: 4, Rounding: "half-up", DurationRounding: "half-up"}
	whole, zero := usual, usual
	whole.WholeCall = true
	zero.ChargeZero = true
	rate := Rate{Price1: "0.6", PriceN: "0.3", Fee: "0.05", Interval1: 30, IntervalN: 6}
	for _, tt := range []struct {
		name    string
		terms   Terms
		rate    Rate
		seconds string
		billed  int64
		amount  string
	}{
		{"first block only", usual, rate, "7", 30, "0.3500"},
		{"one pulse more", usual, rate, "31", 36, "0.3800"},
		{"half a second more is a second", usual, rate, "30.5", 36, "0.3800"},
		{"25/8 at 26 s", usual, Rate{Price1: "1", PriceN: "1", Fee: "0", Interval1: 25, IntervalN: 8}, "26", 33, "0.5500"},
		{"25/8 at 26 s, whole call", whole, Rate{Price1: "1", PriceN: "1", Fee: "0", Interval1: 25, IntervalN: 8}, "26", 32, "0.5333"},
		{"10/30 at 5 s, whole call", whole, Rate{Price1: "6", PriceN: "3", Fee: "0", Interval1: 10, IntervalN: 30}, "5", 30, "2.0000"},
		{"0 s", usual, rate, "0.4", 0, "0.0000"},
		{"0 s, charged", zero, rate, "0.4", 30, "0.3500"},
		{"flat block", usual, Rate{Price1: "0.6", PriceN: "0", Fee: "0", Interval1: 30}, "500", 30, "0.3000"},
		{"fee only", usual, Rate{Price1: "0", PriceN: "0", Fee: "0.1"}, "500", 500, "0.1000"},
	} {
		if billed, amount := Charge(tt.terms, tt.rate, tt.seconds); billed != tt.billed || amount != tt.amount {
			t.Errorf("%s: %d s, %s; want %d s, %s", tt.name, billed, amount, tt.billed, tt.amount)
		}
	}
}

func TestPrice(t *testing.T) {
	rates := []Rate{
		{Prefix: "", Price1: "9", PriceN: "9", Fee: "0", Interval1: 60, IntervalN: 60},
		{Prefix: "44", Price1: "1", PriceN: "1", Fee: "0", Interval1: 60, IntervalN: 60},
		{Prefix: "449", Blocked: true},
		{Prefix: "112", Price1: "0", PriceN: "0", Fee: "0"},
	}
	terms := Terms{Decimals: 2, Rounding: "up", DurationRounding: "up", ShortDigits: 7}
	for _, tt := range []struct {
		number string
		want   Result
	}{
		{"442079460000", Result{Index: 1, Billed: 60, Amount: "1.00"}},
		{"449012345678", Result{Reason: "blocked", Index: 2}},
		{"332079460000", Result{Index: 0, Billed: 60, Amount: "9.00"}},
		{"112", Result{Index: 3, Billed: 5, Amount: "0.00"}},
		{"441", Result{Reason: "short_number", Index: -1}},
		{"", Result{Reason: "short_number", Index: -1}},
	} {
		if got := Price(terms, rates, tt.number, "5"); got != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.number, got, tt.want)
		}
	}
	if got := Price(terms, rates[1:], "332079460000", "5"); got.Reason != "no_rate" || got.Index != -1 {
		t.Errorf("without a catch-all: %+v, want no_rate", got)
	}
}

func TestRound(t *testing.T) {
	for _, tt := range []struct{ x, method, want string }{
		{"0.12345", "half-up", "0.1235"}, {"0.12345", "half-down", "0.1234"}, {"0.123451", "half-down", "0.1235"},
		{"0.12341", "up", "0.1235"}, {"0.12349", "down", "0.1234"}, {"0.1234", "up", "0.1234"},
		{"-0.12345", "half-up", "-0.1235"}, {"-0.12341", "up", "-0.1235"}, {"-0.12349", "down", "-0.1234"},
	} {
		x, _ := new(big.Rat).SetString(tt.x)
		if got := Round(x, 4, tt.method).FloatString(4); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.x, tt.method, got, tt.want)
		}
	}
}
