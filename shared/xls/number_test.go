package xls_test

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/xls"
)

func TestNumberShowsFifteenDigits(t *testing.T) {
	tenth, fifth := 0.1, 0.2
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "0"},
		{4.9500000000000002e-2, "0.0495"},
		{tenth + fifth, "0.3"},
		{49152, "49152"},
		{1.4e10, "14000000000"},
		{-0.5, "-0.5"},
		{-1, "-1"},
		{1.0 / 3, "0.333333333333333"},
		{2.0 / 3, "0.666666666666667"},
		{200.0 / 3, "66.6666666666667"},
		{9.999999999999999, "10"},
		{0.9999999999999999, "1"},
		{999_999_999_999_999, "999999999999999"},
		{9_999_999_999_999_999, "10000000000000000"},
		{447_700_900_123_456_789, "447700900123457000"},
		{123_456_789_012_344.5, "123456789012345"}, // a tie: away from zero
		{-123_456_789_012_344.5, "-123456789012345"},
		{123_456_789_012_345.5, "123456789012346"},
		{1234.5, "1234.5"},
		{1e20, "100000000000000000000"},
		{999_999_999_999_999_999_999, "1e+21"},
		{1e21, "1e+21"},
		{1e300, "1e+300"},
		{-1e300, "-1e+300"},
		{1e-20, "0.00000000000000000001"},
		{9e-21, "9e-21"},
		{5e-324, "5e-324"},
		{math.NaN(), "NaN"},
		{math.Inf(1), "+Inf"},
		{math.Inf(-1), "-Inf"},
	} {
		if got := xls.Number(c.v); got != c.want {
			t.Errorf("Number(%v) = %q, want %q", c.v, got, c.want)
		}
	}
}

// Whoever types a number of up to 15 digits gets it back.
func TestWhatWasTypedComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := strconv.Itoa(rapid.IntRange(1, 999_999_999_999_999).Draw(t, "digits"))
		digits = strings.TrimRight(digits, "0")
		scale := rapid.IntRange(0, 18).Draw(t, "scale")
		want := digits
		if scale > 0 {
			for len(want) <= scale {
				want = "0" + want
			}
			want = want[:len(want)-scale] + "." + want[len(want)-scale:]
		}
		v, err := strconv.ParseFloat(want, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := xls.Number(v); got != want {
			t.Errorf("%q came back as %q", want, got)
		}
	})
}

// twin rounds v to 15 significant digits, halves away from zero, in rationals.
func twin(v float64) *big.Rat {
	r := new(big.Rat).SetFloat64(v)
	size := new(big.Rat).Abs(r)
	ten, unit := big.NewRat(10, 1), big.NewRat(1, 1)
	top := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(15), nil))
	for new(big.Rat).Quo(size, unit).Cmp(top) >= 0 {
		unit.Mul(unit, ten)
	}
	for new(big.Rat).Mul(new(big.Rat).Quo(size, unit), ten).Cmp(top) < 0 {
		unit.Quo(unit, ten)
	}
	q := new(big.Rat).Add(new(big.Rat).Quo(size, unit), big.NewRat(1, 2))
	whole := new(big.Int).Quo(q.Num(), q.Denom())
	out := new(big.Rat).Mul(new(big.Rat).SetInt(whole), unit)
	if r.Sign() < 0 {
		out.Neg(out)
	}
	return out
}

func TestNumberIsRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-1e15, 1e15).Draw(t, "v")
		switch rapid.IntRange(0, 2).Draw(t, "shape") {
		case 1: // whole and beyond 15 digits
			v = math.Trunc(v * 1000)
		case 2: // exactly between two decimals, often
			v = math.Trunc(v) + 0.5
		}
		if size := math.Abs(v); size < 1e-20 {
			return
		}
		text := xls.Number(v)
		got, ok := new(big.Rat).SetString(text)
		if !ok || got.Cmp(twin(v)) != 0 {
			t.Fatalf("Number(%v) = %q, want %s", v, text, twin(v).FloatString(25))
		}
		if strings.ContainsAny(text, "eE+") || strings.Contains(text, ".") && strings.HasSuffix(text, "0") {
			t.Errorf("Number(%v) = %q is not plain", v, text)
		}
	})
}
