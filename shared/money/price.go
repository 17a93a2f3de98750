package money

import (
	"fmt"
	"math"
)

// PriceDecimals is the number of decimals a Price counts in.
const PriceDecimals = 12

// Price is an amount of a rate: currency units per minute, or per call for a
// connection fee, counted in 10^-12. Its range is ±9,223,372.036854775807.
// Twelve decimals hold every markup exactly (a markup that needs more is
// refused, never rounded).
type Price int64

// ParsePrice reads a decimal number of at most 12 decimals (trailing zeros
// beyond them are accepted).
func ParsePrice(s string) (Price, error) {
	a, err := Parse(s)
	if err != nil {
		return 0, err
	}
	return PriceOf(a)
}

// PriceOf returns a as a Price: ErrInexact when it needs more than 12
// decimals, ErrOverflow when it is out of range.
func PriceOf(a Amount) (Price, error) {
	a = a.trim()
	if a.decimals > PriceDecimals {
		return 0, fmt.Errorf("price %s: %w (at most %d)", a, ErrInexact, PriceDecimals)
	}
	w := a.magnitude(PriceDecimals)
	if w[1]|w[2]|w[3] != 0 || w[0] > math.MaxInt64 {
		return 0, fmt.Errorf("price %s: %w", a, ErrOverflow)
	}
	if a.neg {
		return -Price(w[0]), nil
	}
	return Price(w[0]), nil
}

// Amount returns p as an amount with 12 decimals.
func (p Price) Amount() Amount { return New(int64(p), PriceDecimals) }

// String returns p without trailing zeros.
func (p Price) String() string { return p.Amount().trim().String() }

// MarshalText writes p as String does.
func (p Price) MarshalText() ([]byte, error) { return p.Amount().trim().MarshalText() }

// UnmarshalText reads what ParsePrice reads.
func (p *Price) UnmarshalText(b []byte) error {
	v, err := ParsePrice(string(b))
	if err != nil {
		return err
	}
	*p = v
	return nil
}
