package money

import "math/bits"

// wide is an unsigned 256-bit integer, least significant word first: the room
// that every product and quotient below needs before it is rounded once.
type wide [4]uint64

func wideOf(hi, lo uint64) wide { return wide{lo, hi} }

// mul returns w*m; ok is false when the product does not fit.
func (w wide) mul(m uint64) (out wide, ok bool) {
	var carry uint64
	for i, limb := range w {
		hi, lo := bits.Mul64(limb, m)
		var c uint64
		out[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	return out, carry == 0
}

// div returns the quotient and the remainder of w/d; d is not zero.
func (w wide) div(d uint64) (q wide, rem uint64) {
	for i := len(w) - 1; i >= 0; i-- {
		q[i], rem = bits.Div64(rem, w[i], d)
	}
	return q, rem
}

// add returns w+n for sums that fit: every caller has room to spare.
func (w wide) add(n uint64) (out wide) {
	carry := uint64(0)
	out[0], carry = bits.Add64(w[0], n, 0)
	for i := 1; i < len(w); i++ {
		out[i], carry = bits.Add64(w[i], 0, carry)
	}
	return out
}

// mulPow10 returns w*10^n for n >= 0.
func (w wide) mulPow10(n int) (wide, bool) {
	ok := true
	for n > 0 && ok {
		step := min(n, maxPow10)
		w, ok = w.mul(pow10[step])
		n -= step
	}
	return w, ok
}

const maxPow10 = 19

// pow10[n] is 10^n.
var pow10 = [maxPow10 + 1]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}
