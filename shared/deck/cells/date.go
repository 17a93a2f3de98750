package cells

import (
	"bytes"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/period"
)

// maxDate is how many bytes a date may have: more is no date.
const maxDate = 64

var (
	wantDate   = Want{"a date such as 2026-11-30 or 30-Nov-2026, with or without a time such as 18:00 or 18:00:00+01:00, or ASAP"}
	wantSerial = Want{"a date: a bare number is how a spreadsheet counts days; format the column as a date and export again"}
	wantYear   = Want{"a year from 1970 to 2199"}
	wantTime   = Want{"a time such as 18:00, 18:00:30 or 6:00 PM behind the date, with Z or an offset such as +01:00, or none"}
)

// ParseDate reads a date, with or without a time: 2026-09-23, 2026/9/23,
// 20260923, 23/09/2026, 23.09.2026, 3/31/25, 23-Sep-2026, 23 September 2026,
// Sep 23, 2026 (months in six languages), 2026-09-23T12:30:00Z. A year of two
// digits is 2000 to 2079 or 1980 to 1999. at is in UTC; what says no offset is
// local time of zone (nil: UTC), a date alone the first instant of that day. Times
// that a change of the clocks doubles or leaves out are as period.Resolve has
// them. asap is true, and at zero, for ASAP, now, immediately and their like.
//
// order says which of two numbers before the year is the day: that of
// DateEvidence, or of a template. Where it says neither, a cell is read that
// can only be read one way. YearFirst also makes 26-09-23 the 23rd of
// September 2026.
func ParseDate(cell []byte, order DateOrder, zone *time.Location) (at time.Time, asap bool, err error) {
	text, _ := unwrap(cell)
	if len(text) == 0 || len(text) > maxDate {
		return time.Time{}, false, &wantDate
	}
	if !digit(text[0]) && asapWord(text) {
		return time.Time{}, true, nil
	}
	var d dateText
	if err := d.scan(text); err != nil {
		return time.Time{}, false, err
	}
	date, err := d.date(order)
	if err != nil {
		return time.Time{}, false, err
	}
	var c clock
	if err := c.scan(d.rest); err != nil {
		return time.Time{}, false, err
	}
	if at, err = c.on(date, zone); err != nil {
		return time.Time{}, false, err
	}
	return at, false, nil
}

func asapWord(text []byte) bool {
	var f folded
	if !f.fold(text) {
		return false
	}
	switch string(f.text()) {
	case "asap", "a s a p", "now", "immediate", "immediately", "with immediate effect", "at once",
		"sofort", "ab sofort", "umgehend", "immediat", "immediatement", "des que possible",
		"inmediato", "inmediata", "inmediatamente", "de inmediato", "immediato", "immediata", "immediatamente", "subito",
		"imediato", "imediata", "imediatamente", "de imediato":
		return true
	}
	return false
}

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

// date puts the parts in order.
func (d *dateText) date(order DateOrder) (period.Date, error) {
	year, month, day := 0, 0, 0 // which of the numbers
	switch {
	case d.words == 2:
		return period.Date{}, &wantDate
	case d.month != 0 && d.words == 0: // Sep 23 2026
		day, year = 0, 1
	case d.month != 0 && (d.width[0] > 2 || order == YearFirst && d.width[1] <= 2): // 2026-Sep-23
		year, day = 0, 1
	case d.month != 0:
		day, year = 0, 1
	case d.yearFirst(order):
		year, month, day = 0, 1, 2
	default:
		year = 2
		switch d.order(order) {
		case DayFirst:
			day, month = 0, 1
		case MonthFirst:
			month, day = 0, 1
		default:
			return period.Date{}, want("the order of day and month to be known: this is day %d of month %d, or month %[1]d and day %[2]d; write 30-Nov-2026 or 2026-11-30, or say the order of the deck's dates", d.num[0], d.num[1])
		}
	}
	out := period.Date{Year: d.num[year], Month: d.month, Day: d.num[day]}
	if out.Month == 0 {
		out.Month = time.Month(d.num[month])
		if d.width[month] > 2 {
			return period.Date{}, &wantDate
		}
	}
	switch w := d.width[year]; {
	case w == 2 && out.Year < 80:
		out.Year += 2000
	case w == 2:
		out.Year += 1900
	case w < 4:
		return period.Date{}, &wantDate
	}
	switch {
	case out.Year < period.MinYear || out.Year > period.MaxYear:
		return period.Date{}, &wantYear
	case d.width[day] > 2:
		return period.Date{}, &wantDate
	case out.Month < 1 || out.Month > 12:
		if d.month == 0 && year == 2 {
			return period.Date{}, want("%s, as elsewhere in the file: there is no month %d", order, out.Month)
		}
		return period.Date{}, want("a month from 1 to 12, not %d", out.Month)
	case out.Day < 1 || out.Day > (period.Month{Year: out.Year, Month: out.Month}).Days():
		return period.Date{}, want("a day that %s %d has: there is no %d", out.Month, out.Year, out.Day)
	}
	return out, nil
}

// yearFirst reports whether three numbers begin with the year.
func (d *dateText) yearFirst(order DateOrder) bool {
	return d.width[0] > 2 || d.width[0] == 2 && d.width[2] <= 2 && (d.num[0] > 31 || order == YearFirst)
}

// order returns that of day and month, where the year is last: the one given,
// else the only one that these numbers have.
func (d *dateText) order(given DateOrder) DateOrder {
	switch first, second := d.num[0], d.num[1]; {
	case given == DayFirst || given == MonthFirst:
		return given
	case first == second, first > 12 && second <= 12:
		return DayFirst
	case first <= 12 && second > 12:
		return MonthFirst
	case first > 12:
		return DayFirst // and no month either way
	}
	return Unknown
}

// clock is the time behind a date.
type clock struct {
	said               bool // there is one
	hour, minute       int
	second, nanosecond int
	fixed              bool // an offset from UTC is given
	offset             int  // seconds east
}

func (c *clock) scan(text []byte) error {
	if len(text) > 1 && (text[0] == 'T' || text[0] == 't') && digit(text[1]) {
		text = text[1:]
	} else {
		rest := bytes.TrimLeftFunc(text, func(r rune) bool { return blank(r) || r == ',' })
		if len(rest) == 0 {
			if len(trim(text)) > 0 {
				return &wantTime
			}
			return nil
		}
		if len(rest) == len(text) {
			return &wantDate
		}
		text = rest
	}
	c.said = true
	var ok bool
	if c.hour, text, ok = part(text, 1, 2, 23); !ok || len(text) == 0 || text[0] != ':' {
		return &wantTime
	}
	if c.minute, text, ok = part(text[1:], 2, 2, 59); !ok {
		return &wantTime
	}
	if len(text) > 0 && text[0] == ':' {
		if c.second, text, ok = part(text[1:], 2, 2, 59); !ok {
			return &wantTime
		}
		if len(text) > 0 && text[0] == '.' {
			n := digits(text[1:])
			if n == 0 || n > 9 {
				return &wantTime
			}
			c.nanosecond = number(text[1 : 1+n])
			for range 9 - n {
				c.nanosecond *= 10
			}
			text = text[1+n:]
		}
	}
	text = trim(text)
	if len(text) >= 2 && text[1]|0x20 == 'm' && (text[0]|0x20 == 'a' || text[0]|0x20 == 'p') {
		if c.hour < 1 || c.hour > 12 {
			return &wantTime
		}
		if c.hour %= 12; text[0]|0x20 == 'p' {
			c.hour += 12
		}
		text = trim(text[2:])
	}
	return c.zone(text)
}

// zone reads Z, UTC, GMT, +01:00, +0100 or +01.
func (c *clock) zone(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	c.fixed = true
	switch string(text) {
	case "Z", "z", "UTC", "GMT":
		return nil
	}
	sign := 1
	switch text[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return &wantTime
	}
	text = text[1:]
	if len(text) == 5 && text[2] == ':' {
		text = append(append(make([]byte, 0, 4), text[:2]...), text[3:]...)
	}
	if digits(text) != len(text) || len(text) != 2 && len(text) != 4 {
		return &wantTime
	}
	hours, minutes := number(text[:2]), number(text[2:])
	if hours > 23 || minutes > 59 {
		return &wantTime
	}
	c.offset = sign * (hours*3600 + minutes*60)
	return nil
}

// part reads a number of least to most digits, at most limit.
func part(text []byte, least, most, limit int) (n int, rest []byte, ok bool) {
	width := digits(text)
	if width < least || width > most {
		return 0, text, false
	}
	n = number(text[:width])
	return n, text[width:], n <= limit
}

// on returns the instant of the clock on a date.
func (c *clock) on(d period.Date, zone *time.Location) (time.Time, error) {
	wall := time.Date(d.Year, d.Month, d.Day, c.hour, c.minute, c.second, c.nanosecond, time.UTC)
	at := wall
	switch {
	case c.fixed:
		at = wall.Add(-time.Duration(c.offset) * time.Second)
	case zone == nil || zone == time.UTC:
	case c.said:
		at, _ = period.Resolve(wall, zone)
	default:
		at = period.StartOfDay(d, zone)
	}
	if at = at.UTC(); at.Year() < period.MinYear || at.Year() > period.MaxYear {
		return time.Time{}, &wantYear
	}
	return at, nil
}
