package cells

import (
	"bytes"
	"time"
	"unicode"
	"unicode/utf8"
)

// dateText is a date taken apart: its numbers as written, and what follows.
type dateText struct {
	num   [3]int // -1: above 999,999,999
	width [3]int // digits of each
	n     int
	month time.Month // in words; 0 when it is a number
	words int        // how many numbers stand before the month in words
	rest  []byte     // behind the date, as it is
}

// scan finds the three parts of a date, of which one may be a month in words.
func (d *dateText) scan(text []byte) error {
	separator, gap := byte(0), false // the one sign between numbers; whether anything stands behind the last
	rest := text
	for d.n < 3 && (d.month == 0 || d.n < 2) {
		if len(rest) == 0 {
			return d.short(text)
		}
		if n := digits(rest); n > 0 {
			d.num[d.n], d.width[d.n] = number(rest[:n]), n
			d.n++
			rest = rest[n:]
			gap = false
			if d.n == 1 && n == 8 && d.month == 0 {
				return d.compact(rest)
			}
			continue
		}
		c, size := utf8.DecodeRune(rest)
		switch {
		case blank(c):
			gap = true
		case c == '/' || c == '.' || c == ',' || dash(c):
			sign := byte(c)
			if dash(c) {
				sign = '-'
			}
			switch {
			case d.month != 0:
			case d.n == 0 && sign != ',' && sign != '.', d.n > 0 && separator != 0 && separator != sign:
				return &wantDate
			case d.n > 0:
				separator = sign
			}
			gap = true
		case unicode.IsLetter(c):
			size = len(rest) - len(bytes.TrimLeftFunc(rest, func(c rune) bool { return unicode.IsLetter(c) || c >= 0x300 && c <= 0x36f }))
			if !d.word(rest[:size], gap) {
				return &wantDate
			}
			gap = true
		default:
			return &wantDate
		}
		rest = rest[size:]
	}
	d.rest = rest
	return nil
}

// short is the error of a cell that ends too early.
func (d *dateText) short(text []byte) error {
	if n := digits(text); d.n == 1 && n == 5 || d.n == 2 && n == 5 && text[n] == '.' {
		return &wantSerial
	}
	return &wantDate
}

// compact takes 20260923 apart.
func (d *dateText) compact(rest []byte) error {
	n := d.num[0]
	d.num, d.width, d.n, d.rest = [3]int{n / 10_000, n / 100 % 100, n % 100}, [3]int{4, 2, 2}, 3, rest
	return nil
}

// word takes a word of a date: a month, a day of the week in front, the ending
// of an ordinal (23rd), or de between the parts.
func (d *dateText) word(word []byte, gap bool) bool {
	var f folded
	if !f.fold(word) {
		return false
	}
	name := string(f.text())
	if d.n == 1 && !gap {
		switch name {
		case "st", "nd", "rd", "th", "er", "o", "a":
			return true
		}
	}
	switch name {
	case "de", "del", "do", "of", "the", "den", "le":
		return true
	}
	if d.month == 0 {
		if m := monthOf(name); m != 0 {
			d.month, d.words = m, d.n
			return true
		}
	}
	return d.n == 0 && d.month == 0 && weekday(name)
}

// months are the names of the months, folded; a name may be cut to three
// letters or more, as long as it begins those of one month only.
var months = [12][]string{
	{"january", "januar", "janvier", "janeiro", "enero", "gennaio"},
	{"february", "februar", "fevrier", "fevereiro", "febrero", "febbraio"},
	{"march", "marz", "maerz", "mars", "marzo", "marco", "mrz"},
	{"april", "avril", "abril", "aprile"},
	{"may", "mai", "mayo", "maggio", "maio"},
	{"june", "juni", "juin", "junio", "junho", "giugno"},
	{"july", "juli", "juillet", "julio", "julho", "luglio"},
	{"august", "aout", "agosto"},
	{"september", "septembre", "septiembre", "settembre", "setembro", "setiembre"},
	{"october", "oktober", "octobre", "octubre", "outubro", "ottobre"},
	{"november", "novembre", "noviembre", "novembro"},
	{"december", "dezember", "decembre", "diciembre", "dezembro", "dicembre"},
}

func monthOf(name string) time.Month {
	if len(name) < 3 {
		return 0
	}
	found := time.Month(0)
	for m, names := range months {
		for _, full := range names {
			if full[0] == name[0] && len(name) <= len(full) && full[:len(name)] == name {
				if found != 0 && found != time.Month(m+1) {
					return 0
				}
				found = time.Month(m + 1)
			}
		}
	}
	return found
}

// weekday reports whether a word names a day of the week: only in English, as
// other systems write it (RFC 1123).
func weekday(name string) bool {
	for _, full := range [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		if len(name) >= 3 && len(name) <= len(full) && full[:len(name)] == name {
			return true
		}
	}
	return false
}
