package cdr

import (
	"math"
	"time"

	"github.com/tollbook/tollbook/shared/period"
)

const (
	secondsPerDay = 24 * 60 * 60
	// lastUnix is the first second after period.MaxYear, UTC.
	lastUnix = 7_258_118_400
)

// stamp is a time as written: Unix seconds and nanoseconds of its wall clock
// if it is local, else of the instant.
type stamp struct {
	seconds int64
	nanos   int64
	local   bool
}

// parseTime reads one of
//
//	2006-01-02 15:04:05          local, also with / for - and T for the space
//	2006-01-02 15:04:05.123456   up to 9 decimals
//	2006-01-02T15:04:05Z         also +01:00, +0100, and a space before these
//	1136214245 1136214245.123    Unix seconds: 10 digits, up to 9 decimals
//	1136214245123                Unix milliseconds: 13 digits
//	1136214245123456             Unix microseconds: 16 digits
//
// of a year from 1970 to 2199 that exists in the calendar. A date that begins
// with the day or the month is refused: 02/01/2006 means two things.
func parseTime(b []byte) (stamp, bool) {
	if len(b) > 4 && (b[4] == '-' || b[4] == '/') {
		return parseCivil(b)
	}
	return parseUnix(b)
}

func parseUnix(b []byte) (stamp, bool) {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	perSecond := int64(1)
	switch {
	case n == 10:
	case n == 13 && len(b) == 13:
		perSecond = 1e3
	case n == 16 && len(b) == 16:
		perSecond = 1e6
	default:
		return stamp{}, false
	}
	v := digits(b[:n])
	nanos, rest, ok := fraction(b[n:])
	seconds := v / perSecond
	if !ok || len(rest) > 0 || seconds >= lastUnix {
		return stamp{}, false
	}
	return stamp{seconds: seconds, nanos: nanos + v%perSecond*(1e9/perSecond)}, true
}

func parseCivil(b []byte) (stamp, bool) {
	const shape = "dddd-dd-dd dd:dd:dd"
	if len(b) < len(shape) {
		return stamp{}, false
	}
	for i, c := range b[:len(shape)] {
		switch shape[i] {
		case 'd':
			if !isDigit(c) {
				return stamp{}, false
			}
		case '-':
			if c != b[4] {
				return stamp{}, false
			}
		case ' ':
			if c != ' ' && c != 'T' {
				return stamp{}, false
			}
		case ':':
			if c != ':' {
				return stamp{}, false
			}
		}
	}
	year, month, day := digits(b[0:4]), digits(b[5:7]), digits(b[8:10])
	hour, minute, second := digits(b[11:13]), digits(b[14:16]), digits(b[17:19])
	if year < period.MinYear || year > period.MaxYear || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 59 {
		return stamp{}, false
	}
	nanos, rest, ok := fraction(b[len(shape):])
	if !ok {
		return stamp{}, false
	}
	s := stamp{unixDay(year, month, day)*secondsPerDay + hour*3600 + minute*60 + second, nanos, true}
	if len(rest) == 0 {
		return s, true
	}
	offset, ok := parseOffset(rest)
	s.seconds, s.local = s.seconds-offset, false
	return s, ok
}

// parseOffset reads Z, +01:00 or +0100, after a space or not, as seconds east
// of UTC. No zone is further than 15 hours from it.
func parseOffset(b []byte) (int64, bool) {
	if b[0] == ' ' {
		b = b[1:]
	}
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) == 6 && b[3] == ':' {
		b = []byte{b[0], b[1], b[2], b[4], b[5]}
	}
	if len(b) != 5 || (b[0] != '+' && b[0] != '-') {
		return 0, false
	}
	for _, c := range b[1:] {
		if !isDigit(c) {
			return 0, false
		}
	}
	hours, minutes := digits(b[1:3]), digits(b[3:5])
	offset := hours*3600 + minutes*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, hours <= 15 && minutes <= 59
}

// fraction reads "" or a point and 1 to 9 digits as nanoseconds; rest follows.
func fraction(b []byte) (nanos int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	n := 1
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	if n < 2 || n > 10 {
		return 0, b, false
	}
	nanos = digits(b[1:n])
	for i := n; i < 10; i++ {
		nanos *= 10
	}
	return nanos, b[n:], true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// digits returns the value of up to 18 digits.
func digits(b []byte) int64 {
	v := int64(0)
	for _, c := range b {
		v = v*10 + int64(c-'0')
	}
	return v
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// unixDay returns the days from 1970-01-01 to a Gregorian date.
func unixDay(year, month, day int64) int64 {
	// Years that begin in March have their leap day at the end, and the days
	// before a month are then a line through (153·m + 2) / 5.
	if month < 3 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719_468
}

// noTime reports whether a time is left out: empty, 0, or made of zeros such
// as 0000-00-00 00:00:00.
func noTime(b []byte) bool {
	for _, c := range b {
		switch c {
		case '0', '-', ':', '.', ' ':
		default:
			return false
		}
	}
	return true
}

// clock turns wall-clock times of a zone into instants, as period.Resolve
// does. Far from any change of the clocks it remembers the offset.
type clock struct {
	zone     *time.Location
	from, to int64 // wall-clock seconds between which offset holds
	offset   int64
}

// unix returns the instant's Unix nanoseconds.
func (c *clock) unix(s stamp) (int64, period.Seam) {
	if !s.local {
		return s.seconds*1e9 + s.nanos, period.Plain
	}
	if s.seconds >= c.from && s.seconds < c.to {
		return (s.seconds-c.offset)*1e9 + s.nanos, period.Plain
	}
	at, seam := period.Resolve(time.Unix(s.seconds, s.nanos).UTC(), c.zone)
	c.remember(at)
	return at.UnixNano(), seam
}

// remember keeps the offset at an instant and for how long it holds. Resolve
// looks a day around and offsets are below a day: two days from a change it
// only sees the one offset.
func (c *clock) remember(at time.Time) {
	const margin = 2 * secondsPerDay
	at = at.In(c.zone)
	_, offset := at.Zone()
	c.offset = int64(offset)
	c.from, c.to = math.MinInt64, math.MaxInt64
	start, end := at.ZoneBounds()
	if !start.IsZero() {
		c.from = start.Unix() + c.offset + margin
	}
	if !end.IsZero() {
		c.to = end.Unix() + c.offset - margin
	}
}
