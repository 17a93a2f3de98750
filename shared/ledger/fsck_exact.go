package ledger

import (
	"math/big"
	"strings"

	"github.com/tollbook/tollbook/shared/money"
)

// Fsck computes with whole numbers of 10^-20, the finest unit that an amount
// counts in, and with fractions: nothing of the money package but its storage.

// units returns an amount in 10^-20.
func units(a money.Amount) *big.Int {
	neg, hi, lo, decimals := a.Bits()
	u := new(big.Int).SetUint64(hi)
	u.Lsh(u, 64).Or(u, new(big.Int).SetUint64(lo))
	if neg {
		u.Neg(u)
	}
	return u.Mul(u, tenTo(money.MaxDecimals-int(decimals)))
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// roundUnits rounds a fraction of a currency unit to decimals, by method, and
// returns it in 10^-20.
func roundUnits(r *big.Rat, decimals int, method money.Rounding) *big.Int {
	u := roundRat(new(big.Rat).Mul(r, new(big.Rat).SetInt(tenTo(decimals))), method)
	return u.Mul(u, tenTo(money.MaxDecimals-decimals))
}

// roundRat rounds a fraction to a whole number.
func roundRat(r *big.Rat, method money.Rounding) *big.Int {
	size := new(big.Int).Abs(r.Num())
	whole, rest := new(big.Int).QuoRem(size, r.Denom(), new(big.Int))
	half := new(big.Int).Lsh(rest, 1).Cmp(r.Denom())
	up := false
	switch method {
	case money.HalfUp:
		up = half >= 0
	case money.HalfDown:
		up = half > 0
	case money.Up:
		up = rest.Sign() > 0
	}
	if up {
		whole.Add(whole, big.NewInt(1))
	}
	if r.Sign() < 0 {
		whole.Neg(whole)
	}
	return whole
}

// unitsRat returns units as a fraction.
func unitsRat(u *big.Int) *big.Rat { return new(big.Rat).SetFrac(u, tenTo(money.MaxDecimals)) }

// same reports whether a stored amount is u.
func same(a money.Amount, u *big.Int) bool { return units(a).Cmp(u) == 0 }

// show writes units as a decimal number.
func show(u *big.Int) string {
	s := unitsRat(u).FloatString(money.MaxDecimals)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// The arithmetic of fractions; none of it changes what it is given.

func whole[N uint32 | uint64 | int | int64](n N) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).SetUint64(uint64(n)))
}
func plus(a, b *big.Rat) *big.Rat  { return new(big.Rat).Add(a, b) }
func minus(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }
func over(a, b *big.Rat) *big.Rat  { return new(big.Rat).Quo(a, b) }

func larger(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) >= 0 {
		return a
	}
	return b
}

func smaller(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) <= 0 {
		return a
	}
	return b
}

// rounded returns a as a whole number.
func rounded(a *big.Rat, method money.Rounding) *big.Rat {
	return new(big.Rat).SetInt(roundRat(a, method))
}

// multiple returns a rounded up to a multiple of n.
func multiple(a *big.Rat, n uint32) *big.Rat {
	return times(rounded(over(a, whole(n)), money.Up), whole(n))
}
