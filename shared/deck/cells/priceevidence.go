package cells

import (
	"fmt"
	"slices"
)

// maxCurrencies is how many different ones PriceEvidence keeps: a file of more
// has no currency.
const maxCurrencies = 8

// Currency is what stands beside prices in a file: "$", "USD".
type Currency struct {
	Text string // as in the file
	Line int64  // where it was seen first
}

// PriceEvidence gathers what the price cells of a file say about its decimal
// sign and its currency. The zero value has seen none.
type PriceEvidence struct {
	points, commas         int64 // cells that can only have a decimal point; comma
	firstPoint, firstComma int64 // their first lines
	currencies             []Currency
}

// See takes a price cell as evidence; line is where it stands. Of two kinds of
// signs the last is the decimal sign, and a sign that is there twice is not.
func (e *PriceEvidence) See(line int64, cell []byte) {
	if sign, ok := plainSign(cell); ok {
		e.seeSign(line, sign)
		return
	}
	text := Unwrap(cell)
	var t priceText
	if len(text) == 0 || !t.scan(text) {
		return
	}
	for _, m := range t.marks() {
		e.seeCurrency(line, m)
	}
	last := byte(0)
	for _, c := range t.number {
		if !digit(c) {
			last = c
		}
	}
	switch {
	case last == 0 || t.points > 1 && t.commas > 1:
	case t.points == 0 && t.commas > 1 || last == '.' && t.points == 1:
		e.seeSign(line, '.')
	default:
		e.seeSign(line, ',')
	}
}

// seeSign counts a cell with a decimal sign; 0: it has none.
func (e *PriceEvidence) seeSign(line int64, sign byte) {
	switch sign {
	case '.':
		if e.points++; e.firstPoint == 0 {
			e.firstPoint = line
		}
	case ',':
		if e.commas++; e.firstComma == 0 {
			e.firstComma = line
		}
	}
}

// plainSign returns the sign between the digits of a cell that has nothing else, 0
// for none; false: it has something else.
func plainSign(cell []byte) (sign byte, ok bool) {
	if len(cell) == 0 || len(cell) > maxPrice || !digit(cell[0]) || !digit(cell[len(cell)-1]) {
		return 0, false
	}
	for _, c := range cell {
		switch {
		case digit(c):
		case sign == 0 && (c == '.' || c == ','):
			sign = c
		default:
			return 0, false
		}
	}
	return sign, true
}

func (e *PriceEvidence) seeCurrency(line int64, text []byte) {
	if kind := markOf(text); kind != symbol && kind != code || len(e.currencies) == maxCurrencies {
		return
	}
	if !slices.ContainsFunc(e.currencies, func(c Currency) bool { return c.Text == string(text) }) {
		e.currencies = append(e.currencies, Currency{string(text), line})
	}
}

// Currencies returns what stood beside prices, in the order of the file: at most
// 8. ParsePrice passes over them, so whoever knows the deck's currency
// compares.
func (e *PriceEvidence) Currencies() []Currency { return slices.Clone(e.currencies) }

// DecimalComma reports whether the file has decimal commas, and why. Where the
// cells disagree the few are the errors; of equally many, the commas.
func (e *PriceEvidence) DecimalComma() (comma bool, why string) {
	switch {
	case e.points+e.commas == 0:
		return false, "no price has a decimal sign"
	case e.commas > e.points:
		return true, signs(e.commas, "comma", e.firstComma, e.points, "point", e.firstPoint)
	}
	return false, signs(e.points, "point", e.firstPoint, e.commas, "comma", e.firstComma)
}

func signs(more int64, sign string, first, less int64, other string, firstOther int64) string {
	why := fmt.Sprintf("prices with a decimal %s: %d, the first in line %d", sign, more, first)
	if less > 0 {
		why += fmt.Sprintf("; with a decimal %s: %d, the first in line %d", other, less, firstOther)
	}
	return why
}
