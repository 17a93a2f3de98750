package money

import (
	"errors"
	"fmt"
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
	var buf [64]byte
	i := len(buf)
	for pad := min(decimals, MaxDecimals) - int(a.decimals); pad > 0; pad-- {
		i--
		buf[i] = '0'
	}
	i = a.digits(buf[:i], i < len(buf))
	if a.neg {
		i--
		buf[i] = '-'
	}
	return append(dst, buf[i:]...)
}

// pairs is 00 to 99.
var pairs = func() (p [200]byte) {
	for i := range 100 {
		p[2*i], p[2*i+1] = byte('0'+i/10), byte('0'+i%10)
	}
	return p
}()

// digits writes a's digits and its point to the end of buf, and returns where
// they begin. An amount without decimals has a point when zeros follow.
func (a Amount) digits(buf []byte, zeros bool) int {
	i, point, written := len(buf), int(a.decimals), 0
	put := func(digit uint64) {
		if written == point && (point > 0 || zeros) {
			i--
			buf[i] = '.'
		}
		i--
		buf[i] = byte('0' + digit)
		written++
	}
	w := wideOf(a.hi, a.lo)
	for w[1] != 0 {
		var digit uint64
		w, digit = w.div(10)
		put(digit)
	}
	// Most amounts fit into one word, which is much faster to divide, the more
	// so by a hundred at a time.
	low := w[0]
	for ; low >= 100 && written+2 <= point; low /= 100 {
		i -= 2
		copy(buf[i:], pairs[2*(low%100):2*(low%100)+2])
		written += 2
	}
	for ; low != 0 || written <= point; low /= 10 {
		put(low % 10)
	}
	return i
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
