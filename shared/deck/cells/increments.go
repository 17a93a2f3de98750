package cells

import (
	"bytes"
	"fmt"
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/period"
)

// IncrementRules say how the increment cells of a deck are read.
type IncrementRules struct {
	Order Order
	Third Third
}

// Order is which number of two comes first (JeraSoft has it as a setting:
// min/int or int/min).
type Order uint8

// The orders: first interval and then the next ones (60/1 bills the first minute whole,
// then each second), or the other way.
const (
	FirstNext Order = iota
	NextFirst
)

// Third is what a third number means, which differs between carriers: with
// Unset it is an error that says to choose.
type Third uint8

// The meanings: a grace period in seconds (Kolmisoft: initial, increment,
// grace), or nothing that is billed by.
const (
	Unset Third = iota
	Grace
	Ignored
)

// Increments are the intervals that a call is billed in, in seconds.
type Increments struct {
	First, Next, Grace uint32
	HasGrace           bool // the cell gives a grace period
}

// maxIncrements is how many bytes an increments cell may have.
const maxIncrements = 64

const likeIncrements = "first interval and pulse in seconds, such as 60/1 or 60+1"

var (
	wantIncrements = Want{likeIncrements + `, one number for both, "per second" or "per minute"`}
	wantThird      = Want{"two numbers, or the meaning of a third to be chosen for the deck: a grace period, or to be ignored"}
	wantUnits      = Want{"a unit behind every number, such as 1 min/1 sec, or seconds without units"}
	wantNoDate     = Want{likeIncrements + ": a spreadsheet has made a date of it; format the column as text and export again"}
)

// ParseIncrements reads 60/1, 60+1, 60-1, 60:1, 30/6/6, 6 (both intervals), "60
// sec/1 sec", "1 min/6 sec", "per second" and "per minute", with units in the
// languages of ParseChange. Each number is 0 to limit seconds (or what else is
// counted).
func ParseIncrements(cell []byte, r IncrementRules, limit uint64) (Increments, error) {
	var t incrementText
	text := Unwrap(cell)
	if len(text) == 0 || len(text) > maxIncrements {
		return Increments{}, &wantIncrements
	}
	if err := t.scan(text); err != nil {
		return Increments{}, err
	}
	limit = min(limit, math.MaxUint32)
	for _, n := range t.value[:t.n] {
		if n > limit {
			return Increments{}, want("whole seconds, 0 to %d", limit)
		}
	}
	first, next := uint32(t.value[0]), uint32(t.value[1])
	if t.n == 1 {
		next = first
	}
	if r.Order == NextFirst {
		first, next = next, first
	}
	out := Increments{First: first, Next: next}
	if t.n == 3 {
		switch r.Third {
		case Grace:
			out.Grace, out.HasGrace = uint32(t.value[2]), true
		case Ignored:
		default:
			return Increments{}, &wantThird
		}
	}
	return out, nil
}

// incrementText is a cell of increments taken apart.
type incrementText struct {
	value [3]uint64
	n     int
}

func (t *incrementText) scan(text []byte) error {
	if madeDate(text) {
		return &wantNoDate
	}
	minutes, bare := false, false // some numbers are in minutes; some have no unit
	for {
		n, unit, rest, err := element(text)
		if err != nil {
			return err
		}
		if t.n == len(t.value) {
			return &wantIncrements
		}
		minutes, bare = minutes || unit == 60, bare || unit == 0
		if unit == 60 {
			n *= 60
		}
		t.value[t.n] = n
		t.n++
		if len(rest) == 0 {
			break
		}
		c, size := utf8.DecodeRune(rest)
		if c != '/' && c != '+' && c != ':' && !dash(c) {
			return &wantIncrements
		}
		text = rest[size:]
	}
	if minutes && bare {
		return &wantUnits // 1/1 min may be one second, or one minute
	}
	return nil
}

// element reads a number, a unit, or both; unit is 0 without one.
func element(text []byte) (n, unit uint64, rest []byte, err error) {
	text = bytes.TrimLeftFunc(text, blank)
	width := digits(text)
	if width > 0 {
		n = 1 << 40 // as more digits are: above any limit
		if short := bytes.TrimLeft(text[:width], "0"); len(short) <= 10 {
			n = value(short)
		}
		text = text[width:]
		text = text[decimalZeros(text):]
	}
	for {
		text = bytes.TrimLeftFunc(text, blank)
		size := len(text) - len(bytes.TrimLeftFunc(text, unicode.IsLetter))
		if size == 0 {
			break
		}
		var f folded
		if !f.fold(text[:size]) {
			return 0, 0, nil, &wantIncrements
		}
		switch word := string(f.text()); {
		case unit == 0 && second(word):
			unit = 1
		case unit == 0 && minute(word):
			unit = 60
		case width == 0 && unit == 0 && per(word):
		case monthOf(word) != 0:
			return 0, 0, nil, &wantNoDate
		default:
			return 0, 0, nil, &wantIncrements
		}
		text = text[size:]
		if len(text) > 0 && text[0] == '.' {
			text = text[1:] // sec.
		}
	}
	if width == 0 {
		if unit == 0 {
			return 0, 0, nil, &wantIncrements
		}
		n = 1
	}
	return n, unit, text, nil
}

// madeDate reports whether a spreadsheet has read 1/1 or 6/6 as a day of the
// year, and stored that: 2026-01-01, or 01/01/2026.
func madeDate(text []byte) bool {
	var d dateText
	if len(text) < len("1/1/2026") || d.scan(text) != nil || d.month != 0 {
		return false
	}
	year := d.num[2]
	if d.width[0] == 4 {
		year = d.num[0]
	}
	return year >= period.MinYear && year <= period.MaxYear
}

func second(word string) bool {
	switch word {
	case "s", "sec", "secs", "second", "seconds", "sek", "sekunde", "sekunden", "sekundentakt", "sekundengenau",
		"seconde", "secondes", "seg", "segs", "segundo", "segundos", "secondo", "secondi":
		return true
	}
	return false
}

func minute(word string) bool {
	switch word {
	case "min", "mins", "minute", "minutes", "minuten", "minutentakt", "minutengenau", "minuto", "minutos", "minuti":
		return true
	}
	return false
}

// per reports whether a word stands in front of a unit: per second.
func per(word string) bool {
	switch word {
	case "per", "pro", "je", "par", "por", "al", "a", "la", "the", "each", "every":
		return true
	}
	return false
}

// String returns the increments as 60/1, or 60/1/10 with a grace period.
func (i Increments) String() string {
	if i.HasGrace {
		return fmt.Sprintf("%d/%d/%d", i.First, i.Next, i.Grace)
	}
	return fmt.Sprintf("%d/%d", i.First, i.Next)
}
