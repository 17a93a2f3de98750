package cells

import (
	"bytes"
	"time"

	"github.com/tollbook/tollbook/shared/period"
)

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
	if c.hour, text, ok = part(text, 1, 23); !ok || len(text) == 0 || text[0] != ':' {
		return &wantTime
	}
	if c.minute, text, ok = part(text[1:], 2, 59); !ok {
		return &wantTime
	}
	if len(text) > 0 && text[0] == ':' {
		if c.second, text, ok = part(text[1:], 2, 59); !ok {
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

// part reads a number of least to two digits, at most limit.
func part(text []byte, least, limit int) (n int, rest []byte, ok bool) {
	width := digits(text)
	if width < least || width > 2 {
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
