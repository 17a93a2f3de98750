package twin

import (
	"fmt"
	"math/big"
)

// The arithmetic, none of which changes what it is given.

func whole(n int64) *big.Rat            { return big.NewRat(n, 1) }
func plus(a, b *big.Rat) *big.Rat       { return new(big.Rat).Add(a, b) }
func minus(a, b *big.Rat) *big.Rat      { return new(big.Rat).Sub(a, b) }
func times(a, b *big.Rat) *big.Rat      { return new(big.Rat).Mul(a, b) }
func over(a *big.Rat, n int64) *big.Rat { return new(big.Rat).Quo(a, whole(n)) }

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

// multiple returns x, rounded up to a multiple of n.
func multiple(x *big.Rat, n int64) *big.Rat {
	return times(Round(over(x, n), 0, "up"), whole(n))
}

// units returns x, rounded up, as a plain number.
func units(x *big.Rat) int64 { return multiple(x, 1).Num().Int64() }

// decimal reads decimal text, empty being 0; a test that writes none is broken.
func decimal(s string) *big.Rat {
	if s == "" {
		return new(big.Rat)
	}
	x, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(fmt.Sprintf("twin: %q is not a number", s))
	}
	return x
}

// orElse returns the row's value, or the card's where the row has none.
func orElse(row, card int64) int64 {
	if row != 0 {
		return row
	}
	return card
}

// orElseMoney is the same of money.
func orElseMoney(row, card string) *big.Rat {
	if x := decimal(row); x.Sign() != 0 {
		return x
	}
	return decimal(card)
}

// Round rounds x to so many decimals: up is away from zero, down toward it,
// and the halves differ on exact ties only.
func Round(x *big.Rat, decimals int, method string) *big.Rat {
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	scaled := new(big.Rat).Mul(new(big.Rat).Abs(x), scale)
	full := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	cut := new(big.Rat).Sub(scaled, new(big.Rat).SetInt(full))
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
		full.Add(full, big.NewInt(1))
	}
	out := new(big.Rat).SetInt(full)
	out.Quo(out, scale)
	if x.Sign() < 0 {
		out.Neg(out)
	}
	return out
}
