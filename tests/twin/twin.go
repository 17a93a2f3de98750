// Package twin is the slow, obviously right version of one charge: rational
// numbers, a walk over a list of prefixes, plain values in and out. It is test
// code and imports nothing of the product, so that a mistake there has to be
// made here a second time to go unseen.
package twin

import (
	"fmt"
	"math/big"
	"strings"
)

// Rate is what a prefix costs: prices per minute and a fee per call as decimal
// text, intervals in seconds.
type Rate struct {
	Prefix               string
	Price1, PriceN, Fee  string
	Interval1, IntervalN int64
	Blocked              bool
}

// Terms are the rules of a card. Roundings are half-up, half-down, up or down.
type Terms struct {
	Decimals         int
	Rounding         string
	DurationRounding string
	WholeCall        bool // bill the whole call in multiples of the pulse
	ChargeZero       bool // an answered call of 0 s is charged
	ShortDigits      int  // numbers of fewer digits match only as a whole
}

// Result is a charge: Reason is empty when there is one.
type Result struct {
	Reason string // no_rate, blocked, short_number
	Index  int    // into the rates; -1 = none
	Billed int64  // seconds
	Amount string // with exactly Decimals decimals; empty when there is none
}

// Longest returns the index of the longest prefix that number begins with, or
// -1.
func Longest(prefixes []string, number string) int {
	best := -1
	for i, p := range prefixes {
		if strings.HasPrefix(number, p) && (best < 0 || len(p) > len(prefixes[best])) {
			best = i
		}
	}
	return best
}

// Price charges a call of that many seconds (decimal text) to number.
func Price(t Terms, rates []Rate, number, seconds string) Result {
	prefixes := make([]string, len(rates))
	for i, r := range rates {
		prefixes[i] = r.Prefix
	}
	i := Longest(prefixes, number)
	short := len(number) < t.ShortDigits
	switch {
	case short && (i < 0 || prefixes[i] == "" || prefixes[i] != number):
		return Result{Reason: "short_number", Index: -1}
	case i < 0:
		return Result{Reason: "no_rate", Index: -1}
	case rates[i].Blocked:
		return Result{Reason: "blocked", Index: i}
	}
	billed, amount := Charge(t, rates[i], seconds)
	return Result{Index: i, Billed: billed, Amount: amount}
}

// Charge returns the billed seconds and the amount of a call at a rate.
func Charge(t Terms, r Rate, seconds string) (billed int64, amount string) {
	d := Round(number(seconds), 0, t.DurationRounding).Num().Int64()
	if d == 0 && !t.ChargeZero {
		return 0, new(big.Rat).FloatString(t.Decimals)
	}
	first, rest := r.Interval1, int64(0)
	switch {
	case r.IntervalN == 0 && r.Interval1 == 0:
		rest = d
	case r.IntervalN == 0:
		// one flat block
	case t.WholeCall:
		rest = pulses(longer(d, first), r.IntervalN)*r.IntervalN - first
	case d > first:
		rest = pulses(d-first, r.IntervalN) * r.IntervalN
	}
	sum := number(r.Fee)
	sum.Add(sum, minutes(r.Price1, first))
	sum.Add(sum, minutes(r.PriceN, rest))
	return first + rest, Round(sum, t.Decimals, t.Rounding).FloatString(t.Decimals)
}

// minutes returns a price per minute for some seconds.
func minutes(price string, seconds int64) *big.Rat {
	p := number(price)
	return p.Mul(p, big.NewRat(seconds, 60))
}

// pulses returns how many whole pulses cover that many seconds.
func pulses(seconds, pulse int64) int64 {
	n := seconds / pulse
	if seconds%pulse > 0 {
		n++
	}
	return n
}

func longer(a, b int64) int64 {
	if a > b {
		return a
	}
	return b
}

// Round rounds x to so many decimals: up is away from zero, down toward it,
// and the halves differ on exact ties only.
func Round(x *big.Rat, decimals int, method string) *big.Rat {
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	scaled := new(big.Rat).Mul(new(big.Rat).Abs(x), scale)
	whole := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	cut := new(big.Rat).Sub(scaled, new(big.Rat).SetInt(whole))
	half := big.NewRat(1, 2)
	var raise bool
	switch method {
	case "up":
		raise = cut.Sign() > 0
	case "down":
		raise = false
	case "half-up":
		raise = cut.Cmp(half) >= 0
	case "half-down":
		raise = cut.Cmp(half) > 0
	default:
		panic(fmt.Sprintf("twin: no rounding method %q", method))
	}
	if raise {
		whole.Add(whole, big.NewInt(1))
	}
	out := new(big.Rat).SetInt(whole)
	out.Quo(out, scale)
	if x.Sign() < 0 {
		out.Neg(out)
	}
	return out
}

// number reads decimal text; a test that writes none is broken.
func number(s string) *big.Rat {
	x, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(fmt.Sprintf("twin: %q is not a number", s))
	}
	return x
}
