package money_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/tollbook/tollbook/shared/money"
	"pgregory.net/rapid"
)

// The twin: the same operations on math/big.Rat, slow and plain.

var methods = []money.Rounding{money.HalfUp, money.HalfDown, money.Up, money.Down}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// rat returns the number that a stands for.
func rat(a money.Amount) *big.Rat {
	neg, hi, lo, decimals := a.Bits()
	n := new(big.Int).Add(new(big.Int).Lsh(new(big.Int).SetUint64(hi), 64), new(big.Int).SetUint64(lo))
	if neg {
		n.Neg(n)
	}
	return new(big.Rat).SetFrac(n, pow10(int(decimals)))
}

// roundRat returns r in whole units of 10^-decimals, as the words of each
// method say it.
func roundRat(r *big.Rat, decimals int, method money.Rounding) *big.Int {
	scaled := new(big.Rat).Mul(r, new(big.Rat).SetInt(pow10(decimals)))
	size := new(big.Rat).Abs(scaled)
	whole := new(big.Int).Quo(size.Num(), size.Denom())
	cut := new(big.Rat).Sub(size, new(big.Rat).SetInt(whole))
	half := cut.Cmp(big.NewRat(1, 2))
	if method == money.Up && cut.Sign() > 0 || method == money.HalfUp && half >= 0 || method == money.HalfDown && half > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	if scaled.Sign() < 0 {
		whole.Neg(whole)
	}
	return whole
}

// mismatch compares a result with the exact one, counted in decimals: equal, or
// reported as overflow when and only when it does not fit.
func mismatch(got money.Amount, err error, want *big.Rat, decimals int) error {
	units := roundRat(want, decimals, money.Down)
	if units.BitLen() > 128 {
		if !errors.Is(err, money.ErrOverflow) || got != (money.Amount{}) {
			return fmt.Errorf("got %v, %v; want overflow", got, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("got error %w, want %s", err, want.FloatString(decimals))
	}
	if got.Decimals() != decimals || rat(got).Cmp(want) != 0 {
		return fmt.Errorf("got %s in %d decimals, want %s", got, got.Decimals(), want.FloatString(decimals))
	}
	if neg, hi, lo, _ := got.Bits(); neg && hi|lo == 0 {
		return errors.New("got minus zero")
	}
	return nil
}

func mismatchMulDiv(a money.Amount, num, den uint64, decimals int, method money.Rounding) error {
	exact := rat(a)
	exact.Mul(exact, new(big.Rat).SetFrac(new(big.Int).SetUint64(num), new(big.Int).SetUint64(den)))
	want := new(big.Rat).SetFrac(roundRat(exact, decimals, method), pow10(decimals))
	got, err := a.MulDiv(num, den, decimals, method)
	if err := mismatch(got, err, want, decimals); err != nil {
		return fmt.Errorf("%s (%d decimals) * %d / %d to %d %s: %w", a, a.Decimals(), num, den, decimals, method, err)
	}
	return nil
}

// amountOf returns n * 10^-decimals; ok is false when n is wider than 128 bits.
func amountOf(n *big.Int, decimals int) (a money.Amount, ok bool) {
	if n.BitLen() > 128 {
		return money.Amount{}, false
	}
	size := new(big.Int).Abs(n)
	lo := new(big.Int).And(size, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	hi := new(big.Int).Rsh(size, 64).Uint64()
	a, err := money.FromBits(n.Sign() < 0, hi, lo, uint8(decimals))
	if err != nil {
		panic(err)
	}
	return a, true
}

// extremes are the counts where carries, borrows and limits are.
func extremes() []*big.Int {
	var out []*big.Int
	for _, n := range []*big.Int{
		big.NewInt(0), big.NewInt(5),
		new(big.Int).Lsh(big.NewInt(1), 64), pow10(19), pow10(20), pow10(38),
		new(big.Int).Lsh(big.NewInt(1), 127), new(big.Int).Lsh(big.NewInt(1), 128),
	} {
		for d := int64(-1); d <= 1; d++ {
			if m := new(big.Int).Add(n, big.NewInt(d)); m.Sign() >= 0 && m.BitLen() <= 128 {
				out = append(out, m)
			}
		}
	}
	return out
}

// anyAmount draws amounts of all sizes, often at the edges.
func anyAmount() *rapid.Generator[money.Amount] {
	word := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, 5, 10, 1 << 63, 1e19, math.MaxUint64 - 1, math.MaxUint64}))
	return rapid.Custom(func(t *rapid.T) money.Amount {
		hi, lo := word.Draw(t, "hi"), word.Draw(t, "lo")
		if rapid.Bool().Draw(t, "small") {
			hi = 0
		}
		neg := rapid.Bool().Draw(t, "neg") && hi|lo != 0
		a, err := money.FromBits(neg, hi, lo, uint8(rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals")))
		if err != nil {
			t.Fatal(err)
		}
		return a
	})
}

func eachExtreme(t *testing.T, decimals []int, f func(money.Amount)) {
	t.Helper()
	for _, n := range extremes() {
		for _, d := range decimals {
			a, ok := amountOf(n, d)
			if !ok {
				t.Fatalf("%s is no amount", n)
			}
			f(a)
		}
	}
}
