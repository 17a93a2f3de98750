package deck

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/tollbook/tollbook/shared/deck/cells"
)

// column is what the cells of one column of a deck without a header can be.
type column struct {
	filled, codes, prices, signs, letters int
}

// look counts a cell.
func (c *column) look(cell []byte) {
	text := cells.Unwrap(cell)
	if len(text) == 0 {
		return
	}
	c.filled++
	if strings.ContainsFunc(string(text), unicode.IsLetter) {
		c.letters++
	}
	if _, kind, err := cells.ParsePrice(text, cells.PriceRules{DecimalComma: strings.Contains(string(text), ",")}); err == nil && kind == cells.Price {
		c.prices++
		if strings.ContainsAny(string(text), ".,") {
			c.signs++
			return
		}
	}
	if _, _, err := cells.AppendCodes(nil, text, cells.CodeRules{}); err == nil {
		c.codes++
	}
}

// infer takes a deck without a header for what it can only be: one column of
// codes, one of prices, and at most one of names; of rates by name no codes, of a
// list of names no prices. Anything else a person has to say.
func infer(rows []headRow, as role) (*place, error) {
	// The width that most rows have: a title may stand above.
	widths := map[int]int{}
	width := 0
	for _, row := range rows {
		n := len(row.cells)
		if widths[n]++; widths[n] > widths[width] {
			width = n
		}
	}
	if width > maxColumns {
		return nil, &FileError{Problem: fmt.Sprintf("%d columns, want at most %d", width, maxColumns)}
	}
	columnsOf, first := make([]column, width), int64(0)
	for _, row := range rows {
		if len(row.cells) != width {
			continue
		}
		if first == 0 {
			first = row.line
		}
		for i, c := range row.cells {
			columnsOf[i].look(c)
		}
	}
	names := make([]string, width)
	for i := range names {
		names[i] = fmt.Sprintf("column %d", i+1)
	}
	l := newLayout(names)
	l.bare, l.role = true, as
	var said []string
	several := false
	claim := func(m meaning, i int, evidence string) {
		if l.has(m) {
			several = true
			return
		}
		l.claim(m, i)
		l.guess(names[i], columns[m].name, evidence)
	}
	for i, c := range columnsOf {
		switch {
		case c.filled == 0:
		case c.signs > 0 && c.prices == c.filled:
			said = append(said, names[i]+" has prices")
			claim(price, i, "every cell is a number, some with decimals")
		case c.codes == c.filled:
			said = append(said, names[i]+" has codes")
			claim(prefix, i, "every cell is a code of digits")
		case c.letters > 0 && c.prices == 0:
			said = append(said, names[i]+" has names")
			claim(destination, i, "its cells have letters")
		default:
			said = append(said, names[i]+" has several things")
		}
	}
	if several || l.has(prefix) == (as == namedRates) || l.has(price) == (as == namedCodes) || as != rateRows && !l.has(destination) {
		problem := fmt.Sprintf("no row among the first %d is a header: want one that names at least the prefix and the price, or a template that says which column is which", maxSearched)
		if len(said) > 0 {
			problem += "; " + strings.Join(said, ", ")
		}
		return nil, &FileError{Problem: problem, Headers: trimmed(rows[0].cells)}
	}
	return &place{line: first - 1, layout: l}, nil
}

// isRate reports whether a row has a code and a price where a layout has them.
func isRate(l *layout, fields [][]byte) bool {
	if len(fields) <= l.last {
		return false
	}
	if l.has(prefix) {
		if _, _, err := cells.AppendCodes(nil, fields[l.at[prefix]], cells.CodeRules{CountryRule: cells.Never}); err != nil {
			return false
		}
	}
	for _, m := range [...]meaning{price, price1, inter} {
		if l.has(m) {
			text := fields[l.at[m]]
			_, _, err := cells.ParsePrice(text, cells.PriceRules{DecimalComma: strings.Contains(string(text), ",")})
			return err == nil
		}
	}
	return false
}
