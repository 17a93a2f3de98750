package money

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
)

var errSyntax = errors.New("want digits with an optional sign and at most one decimal point, such as -12.5")

// Parse reads a plain decimal number: an optional sign, digits, and at most
// MaxDecimals digits after a point. Exponents, thousands separators and
// spaces are refused. The decimals written are kept: 1.50 has two.
func Parse(s string) (Amount, error) {
	rest, neg := s, false
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		neg = rest[0] == '-'
		rest = rest[1:]
	}
	var w wide
	digits, decimals, point := 0, 0, false
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			return Amount{}, fmt.Errorf("amount %q: %w", clip(s), errSyntax)
		}
		digits++
		if point {
			decimals++
		}
		if decimals > MaxDecimals {
			return Amount{}, fmt.Errorf("amount %q: more than %d decimals", clip(s), MaxDecimals)
		}
		w, _ = w.mul(10)
		w = w.add(uint64(c - '0'))
		if w[2]|w[3] != 0 {
			return Amount{}, fmt.Errorf("amount %q: %w", clip(s), ErrOverflow)
		}
	}
	if digits == 0 || rest[len(rest)-1] == '.' {
		return Amount{}, fmt.Errorf("amount %q: %w", clip(s), errSyntax)
	}
	return fromWide(neg, w, uint8(decimals))
}

// MustParse is Parse for constants; it panics on a bad one.
func MustParse(s string) Amount {
	a, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// clip keeps an error message short whatever the input was.
func clip(s string) string {
	if len(s) > 48 {
		return s[:48] + "…"
	}
	return s
}

// String returns a with exactly its own decimals.
func (a Amount) String() string { return string(a.AppendText(nil, 0)) }

// Text returns a with at least the given decimals (0 to MaxDecimals), padded
// with zeros. It never drops a digit: decimals that a counts in are all shown.
func (a Amount) Text(decimals int) string { return string(a.AppendText(nil, decimals)) }

// AppendText appends what Text returns to dst.
func (a Amount) AppendText(dst []byte, decimals int) []byte {
	if a.decimals == 4 && decimals <= 4 && !a.neg && a.hi == 0 && a.lo < 1e8 && cap(dst)-len(dst) >= shortRoom {
		return appendShort(dst, uint32(a.lo))
	}
	if a.neg {
		dst = append(dst, '-')
	}
	if a.hi == 0 && a.decimals <= maxPow10 {
		dst = appendUnits(dst, a.lo, int(a.decimals))
	} else {
		dst = a.appendWide(dst)
	}
	pad := min(decimals, MaxDecimals) - int(a.decimals)
	if pad > 0 && a.decimals == 0 {
		dst = append(dst, '.')
	}
	for ; pad > 0; pad-- {
		dst = append(dst, '0')
	}
	return dst
}

// shortRoom is how many bytes appendShort writes to.
const shortRoom = 12

// appendShort appends units * 10^-4, for less than 10^8 units, as most charges
// are, where there is room. Four digits are written with zeros before them, which
// are shifted out: nobody can foretell how many there are.
func appendShort(dst []byte, units uint32) []byte {
	whole := units / 10_000
	fraction := units - 10_000*whole
	n := len(dst)
	b := dst[n : n+shortRoom]
	digits := fourDigits(whole)
	zeros := min(bits.TrailingZeros32(digits^0x30303030)/8, 3)
	binary.LittleEndian.PutUint32(b, digits>>(8*zeros))
	end := 4 - zeros
	binary.LittleEndian.PutUint64(b[end:], '.'|uint64(fourDigits(fraction))<<8)
	return dst[:n+end+5]
}

// fourDigits returns the digits of a number of up to four, the first in the lowest
// byte.
func fourDigits(v uint32) uint32 {
	hundreds := v * 5243 >> 19 // v / 100, for v below 10,000
	low := v - 100*hundreds
	both := hundreds | low<<16
	tens := (both * 103 >> 10) & 0x000F000F // each / 10, for each below 100
	return (tens | (both-10*tens)<<8) + 0x30303030
}

// appendUnits appends units * 10^-decimals, for 0 to maxPow10 decimals: nearly
// every amount is as small. Digits are written where they stay, two at a time.
func appendUnits(dst []byte, units uint64, decimals int) []byte {
	whole := units / pow10[decimals]
	if whole < 10 {
		dst = append(dst, byte('0'+whole))
	} else {
		dst = strconv.AppendUint(dst, whole, 10)
	}
	if decimals == 0 {
		return dst
	}
	fraction := units - whole*pow10[decimals]
	end := len(dst) + 1 + decimals
	dst = append(slices.Grow(dst, 1+maxPow10), '.')[:end]
	for ; decimals > 1; decimals -= 2 {
		rest := fraction / 100
		pair := 2 * (fraction - 100*rest)
		dst[end-2], dst[end-1] = pairs[pair], pairs[pair+1]
		fraction, end = rest, end-2
	}
	if decimals > 0 {
		dst[end-1] = byte('0' + fraction)
	}
	return dst
}

// pairs is 00 to 99.
var pairs = func() (p [200]byte) {
	for i := range 100 {
		p[2*i], p[2*i+1] = byte('0'+i/10), byte('0'+i%10)
	}
	return p
}()

// appendWide appends |a| digit by digit.
func (a Amount) appendWide(dst []byte) []byte {
	var buf [64]byte
	i := len(buf)
	for w, written := wideOf(a.hi, a.lo), 0; w != (wide{}) || written <= int(a.decimals); written++ {
		if written > 0 && written == int(a.decimals) {
			i--
			buf[i] = '.'
		}
		var digit uint64
		w, digit = w.div(10)
		i--
		buf[i] = byte('0' + digit)
	}
	return append(dst, buf[i:]...)
}

// MarshalText writes a as String does: in JSON an amount is a string.
func (a Amount) MarshalText() ([]byte, error) { return a.AppendText(nil, 0), nil }

// UnmarshalText reads what Parse reads.
func (a *Amount) UnmarshalText(b []byte) error {
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*a = v
	return nil
}
