package money

import (
	"fmt"
	"math/bits"
)

// Exact is a sum of products on its way to one rounding: not negative, 256
// bits wide, counted in 10^-decimals of a den-th; both are said when it is
// rounded. The zero value is 0.
type Exact struct{ w wide }

// Add adds a*b*c. It cannot overflow: a product has at most 192 bits, and
// nobody adds up 2^64 of them.
func (e *Exact) Add(a, b, c uint64) {
	hi, lo := bits.Mul64(a, b)
	p, _ := wideOf(hi, lo).mul(c)
	e.add(p)
}

func (e *Exact) add(p wide) {
	var carry uint64
	for i := range e.w {
		e.w[i], carry = bits.Add64(e.w[i], p[i], carry)
	}
}

// Mul multiplies the sum by m: ErrOverflow when that is out of range.
func (e *Exact) Mul(m uint64) error {
	w, ok := e.w.mul(m)
	if !ok {
		return ErrOverflow
	}
	e.w = w
	return nil
}

// Plus returns the sum of both, which fits as Add's does.
func (e Exact) Plus(f Exact) Exact {
	e.add(f.w)
	return e
}

// Cmp returns -1, 0 or +1 as e is less than, equal to or greater than f, both
// counted alike.
func (e Exact) Cmp(f Exact) int {
	for i := len(e.w) - 1; i >= 0; i-- {
		if e.w[i] != f.w[i] {
			if e.w[i] < f.w[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// IsZero reports whether e is 0.
func (e Exact) IsZero() bool { return e.w == wide{} }

// Words returns the 256-bit count, least significant word first.
func (e Exact) Words() [4]uint64 { return e.w }

// Round returns e*10^-from/den, rounded once, by method, to the given decimals
// (0 to MaxDecimals). ErrOverflow when that is out of range; no such decimals,
// no such method and a zero den are errors too.
func (e Exact) Round(den uint64, from, decimals int, method Rounding) (Amount, error) {
	if decimals < 0 || decimals > MaxDecimals {
		return Amount{}, fmt.Errorf("rounding to %d decimals: want 0 to %d", decimals, MaxDecimals)
	}
	if !method.Valid() {
		return Amount{}, fmt.Errorf("rounding with %v", method)
	}
	if den == 0 {
		return Amount{}, fmt.Errorf("division of an amount by zero")
	}
	return roundWide(false, e.w, den, from-decimals, uint8(decimals), method)
}
