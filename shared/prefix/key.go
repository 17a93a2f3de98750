package prefix

import "math/bits"

// A key's digits: the first headDigits are its head, the next tailDigits its
// tail.
const (
	headDigits = 6
	tailDigits = 9
	headSpan   = 1_000_000
	tailSpan   = 1_000_000_000
)

// Key is a number as look-ups take it: its first 15 digits. Only KeyOf makes
// keys; what another key matches is not defined.
type Key struct {
	Head   uint32 // the first 6 digits, padded with zeros on the right
	Tail   uint32 // the next 9, padded likewise
	Digits uint8  // how many digits the number has; 255 = 255 or more
}

const (
	zeros   = 0x3030303030303030 // eight times '0'
	each    = 0x0101010101010101
	highs   = 0xF0 * each
	topByte = 0xFF << 56
)

// KeyOf returns the key of a number of any length; the empty one has a key,
// too. ok is false when one of the first 15 characters is not a digit 0..9;
// those after it are counted, but not looked at.
func KeyOf[T string | []byte](number T) (key Key, ok bool) {
	n := len(number)
	var a, b uint64 // characters 0..7 and 8..15, the first in the lowest byte
	switch {
	case uint(n-8) < 8: // as nearly all have
		a = load(number[:8])
		// The last eight characters hold those from the ninth on: shift the
		// others out and fill up with zeros.
		b = load(number[n-8:])>>(8*uint(16-n)) | zeros<<(8*uint(n-8))
	case n > MaxDigits:
		a = load(number[:8])
		b = load(number[8:16])&^topByte | zeros&topByte
	default:
		a, b = zeros, zeros
		for i := range n {
			a = a&^(0xFF<<(8*i)) | uint64(number[i])<<(8*i)
		}
	}
	if ((a^zeros)|((a+6*each)^zeros)|(b^zeros)|((b+6*each)^zeros))&highs != 0 {
		return Key{}, false // not digits: the upper half of each is 3, and stays 3 when 6 is added
	}
	// Both parts without a division: the first six behind two zeros, the next
	// eight, and the fifteenth.
	const two = 16
	head, tail := a<<two|zeros>>(64-two), a>>(64-two)|b<<two
	return Key{
		Head:   uint32(value8(head)),
		Tail:   uint32(value8(tail)*10 + b>>(64-two)&0xF),
		Digits: uint8(min(n, 255)),
	}, true
}

func load[T string | []byte](b T) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// value8 returns the number that eight digits, the first in the lowest byte,
// write: pairs, then pairs of pairs, then both fours at once.
func value8(w uint64) uint64 {
	w -= zeros
	w = w*10 + w>>8
	const pairs = 0x000000FF000000FF
	return ((w&pairs)*(100+1_000_000<<32) + (w>>16&pairs)*(1+10_000<<32)) >> 32
}

// A Code is a prefix as one comparable number: its digits as nibbles from the
// top, zeros after them, and in the lowest nibble how many there are. Codes
// order as the prefixes do as strings. Only CodeOf makes codes.
type Code uint64

// Digits returns how many digits the prefix has, 0..MaxDigits.
func (c Code) Digits() int { return int(c & 15) }

// Begins reports whether the digits of o begin with those of c.
func (c Code) Begins(o Code) bool { return c.common(o) == c.Digits() }

// CodeOf returns the code of a prefix; ok is false when it is not one.
func CodeOf(prefix string) (c Code, ok bool) {
	if len(prefix) > MaxDigits {
		return 0, false
	}
	for i := range len(prefix) {
		d := prefix[i] - '0'
		if d > 9 {
			return 0, false
		}
		c |= Code(d) << (60 - 4*i)
	}
	return c | Code(len(prefix)), true
}

// cut returns the first n digits of c, which has as many or more.
func (c Code) cut(n int) Code {
	return c&^(1<<(64-4*n)-1) | Code(n)
}

// common returns how many digits c and o begin with that are the same.
func (c Code) common(o Code) int {
	same := bits.LeadingZeros64(uint64(c^o)&^15) / 4
	return min(same, c.Digits(), o.Digits())
}

// padded returns the code's digits as a number of 15, zeros after them.
func (c Code) padded() uint64 {
	w := uint64(c) &^ 15
	w = w&0x0F0F0F0F0F0F0F0F + 10*(w>>4&0x0F0F0F0F0F0F0F0F)
	w = w&0x00FF00FF00FF00FF + 100*(w>>8&0x00FF00FF00FF00FF)
	w = w&0x0000FFFF0000FFFF + 10_000*(w>>16&0x0000FFFF0000FFFF)
	return (w&0xFFFFFFFF + 100_000_000*(w>>32)) / 10
}

func (c Code) key() Key {
	p := c.padded()
	return Key{Head: uint32(p / tailSpan), Tail: uint32(p % tailSpan), Digits: uint8(c.Digits())}
}

// code returns the digits of a key, at most MaxDigits.
func (k Key) code() Code {
	var c Code
	p := uint64(k.Head)*tailSpan + uint64(k.Tail)
	for shift := 4; shift <= 60; shift += 4 {
		c |= Code(p%10) << shift
		p /= 10
	}
	return c.cut(min(int(k.Digits), MaxDigits))
}

// String returns the prefix.
func (c Code) String() string {
	var b [MaxDigits]byte
	for i := range c.Digits() {
		b[i] = '0' + byte(c>>(60-4*i)&15)
	}
	return string(b[:c.Digits()])
}
