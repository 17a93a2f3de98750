// Package cells reads what one cell of a rate deck says: codes, dates,
// increments, prices, actions, words for a change, flags and names, in the
// notations that carriers use. Every function is pure. What a cell leaves open
// (the order of day and month, the decimal sign) the whole file decides: the
// evidence is gathered first, and given to the reading of each cell. What
// stays open is an error that gives both readings; nothing is guessed.
package cells

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Want is the error of every parser here: what would be right in the cell.
// The caller knows row, column and value, and names them.
type Want struct{ Text string }

// Error returns the text behind the word want.
func (w *Want) Error() string { return "want " + w.Text }

func want(format string, args ...any) error { return &Want{fmt.Sprintf(format, args...)} }

// Unwrap takes off what people and spreadsheets put around a value to keep its
// digits: spaces of every kind, ="…", and a leading apostrophe. The result is a
// part of cell.
func Unwrap(cell []byte) []byte {
	text, _ := unwrap(cell)
	return text
}

// unwrap reports too whether there was more to take off than spaces.
func unwrap(cell []byte) (text []byte, wrapped bool) {
	text = trim(cell)
	if len(text) == 0 || text[0] != '=' && text[0] != '\'' {
		return text, false
	}
	if inner, ok := bytes.CutPrefix(text, []byte(`="`)); ok {
		if inner, ok = bytes.CutSuffix(inner, []byte(`"`)); ok {
			text, wrapped = trim(inner), true
		}
	}
	if inner, ok := bytes.CutPrefix(text, []byte("'")); ok {
		text, wrapped = trim(inner), true
	}
	return text, wrapped
}

// trim takes off spaces at both ends. Most cells have none, and cost two looks.
func trim(b []byte) []byte {
	if n := len(b); n > 0 && b[0] > ' ' && b[0] < utf8.RuneSelf && b[n-1] > ' ' && b[n-1] < utf8.RuneSelf {
		return b
	}
	return bytes.TrimFunc(b, blank)
}

// blank reports whether c is a space of any kind: NBSP and those that a
// document leaves behind, of no width, are.
func blank(c rune) bool {
	switch c {
	case '\u200b', '\u2060', '\ufeff':
		return true
	}
	return unicode.IsSpace(c)
}

// dash reports whether c is one of the characters that word processors put for
// a hyphen.
func dash(c rune) bool {
	switch c {
	case '-', '\u2010', '\u2011', '\u2012', '–', '—', '\u2212':
		return true
	}
	return false
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// digits returns how many digits b begins with.
func digits(b []byte) int {
	n := 0
	for n < len(b) && digit(b[n]) {
		n++
	}
	return n
}

// number reads digits; those of a number above 999,999,999 end as -1.
func number(b []byte) int {
	n := 0
	for _, c := range b {
		if n = 10*n + int(c-'0'); n > 999_999_999 {
			return -1
		}
	}
	return n
}

// scientific reports whether b begins with a number such as 1.4E+10 or 1,4e10,
// and is nothing else.
func scientific(b []byte) bool {
	mantissa := len(b) - len(bytes.TrimLeft(b, "0123456789.,"))
	if mantissa == 0 || mantissa == len(b) || b[mantissa]|0x20 != 'e' {
		return false
	}
	exponent := bytes.TrimLeft(b[mantissa+1:], "+-")
	return len(exponent) > 0 && digits(exponent) == len(exponent)
}

// clip keeps an error short whatever the cell was.
func clip(b []byte) string {
	const most = 48
	if len(b) <= most {
		return string(b)
	}
	return string(bytes.ToValidUTF8(b[:most], nil)) + "…"
}
