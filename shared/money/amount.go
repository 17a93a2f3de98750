// Package money holds exact amounts: fixed point, 128 bits wide, 0 to 20
// decimals, no floating point and no allocation. Every operation is exact or
// fails; the only places where digits are dropped are Round and MulDiv, and
// they are told how.
package money

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
)

// MaxDecimals is the finest unit an Amount can count in: 10^-20, the finest
// cost precision that billing systems offer (Sippy: 0 to 20 decimals).
const MaxDecimals = 20

// ErrOverflow says that a result does not fit into 128 bits. Nothing wraps.
var ErrOverflow = errors.New("amount out of range")

// Amount is an exact decimal number: a sign, a 128-bit count and the number of
// decimals it counts in (1.50 is 150 with 2 decimals). The zero value is 0.
// Amounts of different decimals may be equal: compare with Cmp or Equal.
type Amount struct {
	hi, lo   uint64
	decimals uint8
	neg      bool
}

// New returns units * 10^-decimals.
func New(units int64, decimals int) Amount {
	if decimals < 0 || decimals > MaxDecimals {
		panic(fmt.Sprintf("money.New: %d decimals, want 0 to %d", decimals, MaxDecimals))
	}
	if units < 0 {
		return Amount{lo: uint64(-units), decimals: uint8(decimals), neg: true}
	}
	return Amount{lo: uint64(units), decimals: uint8(decimals)}
}

// Units is New for a count that is not negative. It panics above MaxDecimals.
func Units(units uint64, decimals uint8) Amount {
	if decimals > MaxDecimals {
		panic("money.Units: too many decimals")
	}
	return Amount{lo: units, decimals: decimals}
}

// FromBits returns the amount of the 128-bit count hi:lo, as Bits gave it.
// Decimals above MaxDecimals are an error: the bytes were not an amount.
func FromBits(neg bool, hi, lo uint64, decimals uint8) (Amount, error) {
	if decimals > MaxDecimals {
		return Amount{}, fmt.Errorf("amount with %d decimals, want at most %d", decimals, MaxDecimals)
	}
	if hi == 0 && lo == 0 && neg {
		return Amount{}, errors.New("amount is minus zero")
	}
	return Amount{hi: hi, lo: lo, decimals: decimals, neg: neg}, nil
}

// Bits returns the sign, the 128-bit count and the decimals, for storage.
func (a Amount) Bits() (neg bool, hi, lo uint64, decimals uint8) {
	return a.neg, a.hi, a.lo, a.decimals
}

// Decimals returns how many decimals a is counted in.
func (a Amount) Decimals() int { return int(a.decimals) }

// IsZero reports whether a is 0.
func (a Amount) IsZero() bool { return a.hi == 0 && a.lo == 0 }

// Sign returns -1, 0 or +1.
func (a Amount) Sign() int {
	switch {
	case a.IsZero():
		return 0
	case a.neg:
		return -1
	default:
		return 1
	}
}

// Neg returns -a.
func (a Amount) Neg() Amount {
	if !a.IsZero() {
		a.neg = !a.neg
	}
	return a
}

// magnitude returns |a| in units of 10^-decimals as a wide integer.
func (a Amount) magnitude(decimals uint8) wide {
	// 2^128 * 10^20 < 2^256: this cannot overflow.
	w, _ := wideOf(a.hi, a.lo).mulPow10(int(decimals - a.decimals))
	return w
}

func fromWide(neg bool, w wide, decimals uint8) (Amount, error) {
	if w[2]|w[3] != 0 {
		return Amount{}, ErrOverflow
	}
	if w[0]|w[1] == 0 {
		neg = false
	}
	return Amount{hi: w[1], lo: w[0], decimals: decimals, neg: neg}, nil
}

// Cmp returns -1, 0 or +1 as a is less than, equal to or greater than b.
func (a Amount) Cmp(b Amount) int {
	if as, bs := a.Sign(), b.Sign(); as != bs {
		if as < bs {
			return -1
		}
		return 1
	}
	d := max(a.decimals, b.decimals)
	x, y := a.magnitude(d), b.magnitude(d)
	if a.neg {
		x, y = y, x
	}
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] != y[i] {
			if x[i] < y[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// Equal reports whether a and b are the same number.
func (a Amount) Equal(b Amount) bool { return a.Cmp(b) == 0 }

// Add returns a+b, counted in the finer of the two units.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.decimals == b.decimals && a.neg == b.neg { // as most are
		lo, carry := bits.Add64(a.lo, b.lo, 0)
		hi, over := bits.Add64(a.hi, b.hi, carry)
		if over != 0 {
			return Amount{}, ErrOverflow
		}
		return Amount{hi: hi, lo: lo, decimals: a.decimals, neg: a.neg}, nil
	}
	d := max(a.decimals, b.decimals)
	x, y := a.magnitude(d), b.magnitude(d)
	var out wide
	if a.neg == b.neg {
		var c uint64
		for i := range x {
			out[i], c = bits.Add64(x[i], y[i], c)
		}
		return fromWide(a.neg, out, d)
	}
	neg := a.neg
	var borrow uint64
	for i := range x {
		out[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	if borrow != 0 {
		neg = b.neg
		borrow = 0
		for i := range x {
			out[i], borrow = bits.Sub64(y[i], x[i], borrow)
		}
	}
	return fromWide(neg, out, d)
}

// Sub returns a-b, counted in the finer of the two units.
func (a Amount) Sub(b Amount) (Amount, error) { return a.Add(b.Neg()) }

// Mul returns the exact product, in as many decimals as it needs of those the
// factors count in: ErrInexact when that is more than MaxDecimals, ErrOverflow
// when it is out of range.
func (a Amount) Mul(b Amount) (Amount, error) {
	a, b = a.trim(), b.trim()
	// 128 bits times 128 bits is at most 256: nothing below carries out.
	w, _ := wideOf(a.hi, a.lo).mul(b.lo)
	high, _ := wideOf(a.hi, a.lo).mul(b.hi)
	var c uint64
	for i := 1; i < len(w); i++ {
		w[i], c = bits.Add64(w[i], high[i-1], c)
	}
	decimals := int(a.decimals) + int(b.decimals)
	for decimals > MaxDecimals || w[2]|w[3] != 0 && decimals > 0 {
		q, rem := w.div(10)
		if rem != 0 {
			break
		}
		w, decimals = q, decimals-1
	}
	if decimals > MaxDecimals {
		return Amount{}, ErrInexact
	}
	return fromWide(a.neg != b.neg, w, uint8(decimals))
}

// ErrInexact says that a result that must be exact has more decimals than fit.
var ErrInexact = errors.New("amount has too many decimals to be exact")

// trim returns the same number counted in its coarsest unit.
func (a Amount) trim() Amount {
	w := wideOf(a.hi, a.lo)
	for a.decimals > 0 {
		q, rem := w.div(10)
		if rem != 0 {
			break
		}
		w = q
		a.decimals--
	}
	a.hi, a.lo = w[1], w[0]
	return a
}

// Trim returns the same number without trailing zero decimals.
func (a Amount) Trim() Amount { return a.trim() }

// Round returns a counted in the given decimals (0 to MaxDecimals). Digits
// beyond them are dropped by the method; missing ones are zeros.
func (a Amount) Round(decimals int, method Rounding) (Amount, error) {
	return a.MulDiv(1, 1, decimals, method)
}

// MulDiv returns a*num/den rounded once, by method, to the given decimals
// (0 to MaxDecimals): pro rata, shares, per-minute prices. The product is
// exact before the one rounding. ErrOverflow when the result is out of range;
// no such decimals, no such method and a zero den are errors too.
func (a Amount) MulDiv(num, den uint64, decimals int, method Rounding) (Amount, error) {
	if decimals < 0 || decimals > MaxDecimals {
		return Amount{}, fmt.Errorf("rounding to %d decimals: want 0 to %d", decimals, MaxDecimals)
	}
	if !method.Valid() {
		return Amount{}, fmt.Errorf("rounding with %v", method)
	}
	if den == 0 {
		return Amount{}, errors.New("division of an amount by zero")
	}
	w, _ := wideOf(a.hi, a.lo).mul(num) // 192 bits at most
	return roundWide(a.neg, w, den, int(a.decimals)-decimals, uint8(decimals), method)
}

// roundWide returns w/den with drop decimals cut off (added, if negative),
// rounded once by a valid method.
func roundWide(neg bool, w wide, den uint64, drop int, decimals uint8, method Rounding) (Amount, error) {
	w, ok := w.mulPow10(max(0, -drop))
	if !ok {
		return Amount{}, ErrOverflow // over 2^256: no den brings that under 2^128
	}
	// The divisions cut digits off one after the other, the finest first. How
	// the whole cut compares with one half is what the last division says,
	// except that an earlier remainder makes its tie more than a half. (It
	// changes nothing else: all divisors after the first are even.)
	q, rem := w.div(den)
	half, inexact := vsHalf(rem, den), rem != 0
	for step := 0; drop > 0; drop -= step {
		step = min(drop, maxPow10)
		q, rem = q.div(pow10[step])
		if half = vsHalf(rem, pow10[step]); half == 0 && inexact {
			half = 1
		}
		inexact = inexact || rem != 0
	}
	if method.bump(half, inexact) {
		q = q.add(1) // something was cut off, so q has room
	}
	return fromWide(neg, q, decimals)
}

// vsHalf compares rem/d with one half, for rem < d.
func vsHalf(rem, d uint64) int { return cmp.Compare(rem, d-rem) }
