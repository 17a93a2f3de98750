package twin_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/tollbook/tollbook/tests/twin"
	"pgregory.net/rapid"
)

// TestCutOff: 1 a second at most 10 ends after 10 s, as in
// github.com/cgrates/cgrates/blob/master/engine/calldesc_test.go#L735.
func TestCutOff(t *testing.T) {
	second := twin.Rate{Price1: "1", PriceN: "1", Per: 1, IntervalN: 1, MaxCharge: "10"}
	change := func(f func(*twin.Rate)) twin.Rate { r := second; f(&r); return r }
	zero := with(four, func(t *twin.Terms) { t.ChargeZeroSeconds = true })
	surcharged := with(four, func(t *twin.Terms) { t.Surcharge = "0.5" })
	capped := with(four, func(t *twin.Terms) { t.MaxCharge = "7" })
	for _, tt := range []struct {
		name    string
		terms   twin.Terms
		rate    twin.Rate
		limit   int64
		seconds int64
		ok      bool
	}{
		{"a second each", four, second, 1800, 10, true},
		{"with a fee", four, change(func(r *twin.Rate) { r.ConnectionFee = "1" }), 1800, 9, true},
		{"in pulses", four, change(func(r *twin.Rate) { r.IntervalN = 6 }), 1800, 6, true},
		{"with a surcharge", surcharged, second, 1800, 6, true},
		{"a little above is above", four, change(func(r *twin.Rate) { r.ConnectionFee = "0.000001" }), 1800, 9, true},
		{"the card's maximum", capped, change(func(r *twin.Rate) { r.MaxCharge = "" }), 1800, 7, true},
		{"not within the limit", four, second, 9, 9, true},
		{"not even one second", four, change(func(r *twin.Rate) { r.ConnectionFee = "11" }), 1800, 0, true},
		{"not even none", zero, change(func(r *twin.Rate) { r.ConnectionFee = "11" }), 1800, -1, true},
		{"no maximum", four, change(func(r *twin.Rate) { r.MaxCharge = "" }), 1800, 0, false},
		{"no rate", four, change(func(r *twin.Rate) { r.Prefix = "44" }), 1800, 0, false},
		{"no call", four, change(func(r *twin.Rate) { r.Kind = twin.SMS }), 1800, 0, false},
	} {
		u := call("5000")
		u.Kind = tt.rate.Kind
		seconds, ok := twin.CutOff(tt.terms, []twin.Rate{tt.rate}, u, tt.limit)
		if seconds != tt.seconds || ok != tt.ok {
			t.Errorf("%s: %d, %v; want %d, %v", tt.name, seconds, ok, tt.seconds, tt.ok)
		}
	}
}

// TestCutOffIsTheLast: a call of the cut-off's length is not above the maximum,
// and one of a second more would be.
func TestCutOffIsTheLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, u := plain(t), lasting(t)
		r.MaxCharge = "2"
		n, ok := twin.CutOff(four, []twin.Rate{r}, u, 150)
		if !ok || n < 0 {
			t.Fatalf("%d, %v", n, ok)
		}
		uncapped := r
		uncapped.MaxCharge = ""
		most := big.NewRat(2, 1)
		if charge(four, uncapped, call(fmt.Sprint(n))).Exact.Cmp(most) > 0 || n < 150 && charge(four, uncapped, call(fmt.Sprint(n+1))).Exact.Cmp(most) <= 0 {
			t.Fatalf("%d s at %+v", n, r)
		}
	})
}
