package cells

import (
	"bytes"
	"math"
	"math/bits"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"

	"github.com/tollbook/tollbook/shared/money"
)

// PriceRules say how the price cells of a deck are read.
type PriceRules struct {
	DecimalComma bool // as PriceEvidence found, or as a template says
	Hundredths   bool // prices are in pence, cents: a hundredth, exactly
}

// PriceKind is what a price cell says.
type PriceKind uint8

// The kinds: a price, that the prefix is blocked, nothing.
const (
	Price PriceKind = iota
	Blocked
	Empty
)

const (
	maxPrice    = 64 // bytes of a number: more is none that a person wrote
	maxMark     = 12 // bytes of a currency
	maxExponent = 20 // of a power of ten
)

var (
	wantPrice     = Want{"a price such as 0.0123, with a currency before or behind it or none, or the word blocked"}
	wantOneSign   = Want{"one decimal sign and no thousands separators"}
	wantPoint     = Want{"a decimal point as in the rest of the file: one decimal sign in the whole file"}
	wantComma     = Want{"a decimal comma as in the rest of the file: one decimal sign in the whole file"}
	wantPositive  = Want{"0 or more, or -1 to block the prefix; what a carrier pays for calls (origination) stands as a positive price in a card that it is charged by"}
	wantWhole     = Want{"currency units, or hundredths (pence, cents) to be chosen for the whole deck"}
	wantHundredth = Want{"pence or cents, as chosen for the whole deck"}
)

// ParsePrice reads a price per minute, or a fee, of 0 to 9,223,372.036854775807:
// 0.0123, 0,0123 €, $0.0123, USD 0.01, 4.5E-2 (to the digit: no binary fraction
// is between). -1 and the word blocked block the prefix (Kolmisoft: Blocked
// Rates); -1 does in hundredths, too. An empty cell is Empty, for the caller to
// judge. Any other negative price is an error, and so is one of more than 12
// decimals: nothing is rounded.
func ParsePrice(cell []byte, r PriceRules) (money.Price, PriceKind, error) {
	if p, ok := plainPrice(cell, r); ok {
		return p, Price, nil
	}
	return anyPrice(cell, r)
}

func anyPrice(cell []byte, r PriceRules) (money.Price, PriceKind, error) {
	text, _ := unwrap(cell)
	if len(text) == 0 {
		return 0, Empty, nil
	}
	var t priceText
	if !t.scan(text) {
		var f folded
		if f.fold(text) && blockedWord(f.text()) {
			return 0, Blocked, nil
		}
		return 0, 0, t.problem(text)
	}
	for _, mark := range t.marks() {
		switch kind := markOf(mark); {
		case len(mark) == 0:
		case kind == noMark:
			return 0, 0, &wantPrice
		case kind == hundredth && !r.Hundredths:
			return 0, 0, &wantWhole
		case kind == symbol && r.Hundredths:
			return 0, 0, &wantHundredth
		}
	}
	switch {
	case t.points+t.commas > 1:
		return 0, 0, &wantOneSign
	case r.DecimalComma && t.points > 0:
		return 0, 0, &wantComma
	case !r.DecimalComma && t.commas > 0:
		return 0, 0, &wantPoint
	}
	return t.value(r.Hundredths)
}

// plainPrice reads a cell of digits with one decimal sign or none, as nearly all
// are; false: it is none of these, or too large for this way.
func plainPrice(cell []byte, r PriceRules) (money.Price, bool) {
	const mostDigits = 18 // of a number that 64 bits hold
	if len(cell) == 0 || len(cell) > mostDigits || r.Hundredths || !digit(cell[0]) || !digit(cell[len(cell)-1]) {
		return 0, false
	}
	sign := signOf(r.DecimalComma)
	units, point := uint64(0), -1
	for i, c := range cell {
		switch {
		case digit(c):
			units = 10*units + uint64(c-'0')
		case c == sign && point < 0:
			point = i
		default:
			return 0, false
		}
	}
	decimals := 0
	if point >= 0 {
		decimals = len(cell) - 1 - point
	}
	if decimals > money.PriceDecimals {
		return 0, false
	}
	high, low := bits.Mul64(units, powers[money.PriceDecimals-decimals])
	return money.Price(low), high == 0 && low <= math.MaxInt64
}

func signOf(comma bool) byte {
	if comma {
		return ','
	}
	return '.'
}

// powers are those of ten.
var powers = func() (out [money.PriceDecimals + 1]uint64) {
	out[0] = 1
	for i := range money.PriceDecimals {
		out[i+1] = 10 * out[i]
	}
	return out
}()

// priceText is a price cell taken apart.
type priceText struct {
	before, after  []byte // currencies
	number         []byte // digits and decimal signs
	points, commas int
	negative       bool
	exponent       int
}

// scan reports whether the cell is one number, with or without a sign, a power
// of ten, and something before or behind it that is no number.
func (t *priceText) scan(text []byte) bool {
	text, signed := t.sign(text)
	start := bytes.IndexAny(text, "0123456789.,+-")
	if start < 0 {
		return false
	}
	if start > 0 {
		if i := bytes.Index(text[:start], []byte("\u2212")); i >= 0 {
			start = i
		}
		if t.before, text = trim(text[:start]), text[start:]; !signed {
			text, _ = t.sign(text)
		}
	}
	n := 0
	for ; n < len(text); n++ {
		switch c := text[n]; {
		case digit(c):
			continue
		case c == '.':
			t.points++
			continue
		case c == ',':
			t.commas++
			continue
		}
		break
	}
	t.number = text[:n]
	if n == 0 || n > maxPrice || n == t.points+t.commas || !digit(t.number[n-1]) {
		return false
	}
	text, ok := t.power(text[n:])
	t.after = trim(text)
	return ok && len(t.before) <= maxMark && len(t.after) <= maxMark && !bytes.ContainsAny(t.after, "0123456789.,+-")
}

func (t *priceText) sign(text []byte) ([]byte, bool) {
	c, size := utf8.DecodeRune(text)
	if c != '-' && c != '+' && c != '\u2212' {
		return text, false
	}
	t.negative = c != '+'
	return text[size:], true
}

// power reads the power of ten behind a number. An E that no digits follow is
// that of a currency.
func (t *priceText) power(text []byte) (rest []byte, ok bool) {
	if len(text) < 2 || text[0]|0x20 != 'e' {
		return text, true
	}
	rest, sign := text[1:], 1
	if rest[0] == '-' || rest[0] == '+' {
		if rest[0] == '-' {
			sign = -1
		}
		rest = rest[1:]
	}
	width := digits(rest)
	if width == 0 {
		return text, true
	}
	n := number(rest[:width])
	if n < 0 || n > maxExponent {
		return rest, false
	}
	t.exponent = sign * n
	return rest[width:], true
}

// problem says what is wrong with a cell that scan refused.
func (t *priceText) problem(text []byte) error {
	switch {
	case t.exponent != 0 || len(t.number) > 0 && scientific(text):
		return want("a power of ten from -%d to %[1]d", maxExponent)
	case len(t.number) > 0 && digits(bytes.TrimLeftFunc(t.after, func(c rune) bool { return blank(c) || c == '\'' || c == '’' })) > 0:
		return &wantOneSign
	}
	return &wantPrice
}

// marks returns what stands before and behind the number; either may be empty.
func (t *priceText) marks() [2][]byte { return [2][]byte{t.before, t.after} }

// value returns the number in units of 10^-12, exactly. Zeros at the end count
// only in the power of ten, so that any number that fits is read, however many
// it has.
func (t *priceText) value(hundredths bool) (money.Price, PriceKind, error) {
	var units uint64
	overflow := false
	zeros, decimals, behind := 0, 0, false
	for _, c := range t.number {
		if !digit(c) {
			behind = true
			continue
		}
		if behind {
			decimals++
		}
		if c == '0' {
			if units > 0 || overflow {
				zeros++
			}
			continue
		}
		var ok bool
		if units, ok = shift(units, zeros+1); ok {
			units, ok = add(units, uint64(c-'0'))
		}
		overflow = overflow || !ok
		zeros = 0
	}
	if units == 0 && !overflow {
		return 0, Price, nil
	}
	power := zeros - decimals + t.exponent
	if t.negative {
		if units == 1 && power == 0 && !overflow {
			return 0, Blocked, nil
		}
		return 0, 0, &wantPositive
	}
	if hundredths {
		power -= 2
	}
	if power += money.PriceDecimals; power < 0 {
		return 0, 0, want("at most %d decimals", money.PriceDecimals)
	}
	units, ok := shift(units, power)
	if overflow || !ok || units > math.MaxInt64 {
		return 0, 0, want("at most %s", money.Price(math.MaxInt64))
	}
	return money.Price(units), Price, nil
}

// shift returns n * 10^power; false when that is above 64 bits.
func shift(n uint64, power int) (uint64, bool) {
	for range power {
		high, low := bits.Mul64(n, 10)
		if high != 0 {
			return 0, false
		}
		n = low
	}
	return n, true
}

func add(a, b uint64) (uint64, bool) {
	sum, carry := bits.Add64(a, b, 0)
	return sum, carry == 0
}

// mark is what stands beside a number.
type mark uint8

const (
	noMark    mark = iota
	symbol         // $, £, US$: of a currency's unit
	code           // USD, by ISO 4217
	hundredth      // pence, ct
)

// markOf tells currencies from what is none. Letters may stand before a symbol:
// US$, HK$.
func markOf(text []byte) mark {
	if len(text) == 0 || len(text) > maxMark {
		return noMark
	}
	if c, size := utf8.DecodeLastRune(text); c != '¢' && unicode.Is(unicode.Sc, c) {
		for _, letter := range text[:len(text)-size] {
			if letter < 'A' || letter > 'Z' || len(text)-size > 3 {
				return noMark
			}
		}
		return symbol
	}
	if len(text) == 3 && currency.IsValid(string([]byte{upper(text[0]), upper(text[1]), upper(text[2])})) {
		return code
	}
	var f folded
	if string(text) == "¢" {
		return hundredth
	}
	if f.fold(text) {
		switch string(f.text()) {
		case "p", "pence", "penny", "c", "ct", "cts", "cent", "cents", "centimos", "centesimi", "centavos", "centimes":
			return hundredth
		}
	}
	return noMark
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}
