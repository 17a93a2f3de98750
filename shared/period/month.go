// Package period knows months, days and local time: half-open local-date
// periods in a named zone, and what a wall-clock time means there.
package period

import (
	"fmt"
	"time"
)

// Month is a calendar month. Its instants depend on a zone: see Bounds.
type Month struct {
	Year  int
	Month time.Month
}

// The years a Month may have: usage outside them is a broken clock.
const (
	MinYear = 1970
	MaxYear = 2199
)

// ParseMonth reads YYYY-MM.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return Month{}, fmt.Errorf("month %.20q: want YYYY-MM", s)
	}
	if t.Year() < MinYear || t.Year() > MaxYear {
		return Month{}, fmt.Errorf("month %.20q: want a year from %d to %d", s, MinYear, MaxYear)
	}
	return Month{t.Year(), t.Month()}, nil
}

// Of returns the month that an instant falls in, in a zone, the one
// whose Bounds hold it: the instant decides, and a call is never split.
func Of(at time.Time, zone *time.Location) Month {
	y, m, d := at.In(zone).Date()
	month := Month{y, m}
	if d == month.Days() {
		// Where clocks go back over a midnight that had passed (Newfoundland
		// until 2011, at 00:01), the old date shows again in the new month.
		if _, to := month.Bounds(zone); !at.Before(to) {
			return month.Next()
		}
	}
	return month
}

// String returns YYYY-MM.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, int(m.Month)) }

// Next returns the month after m.
func (m Month) Next() Month { return m.Add(1) }

// Add returns the month n months after m (before it for a negative n).
func (m Month) Add(n int) Month {
	i := m.Year*12 + int(m.Month) - 1 + n
	year, month := i/12, i%12
	if month < 0 {
		year, month = year-1, month+12
	}
	return Month{year, time.Month(month + 1)}
}

// Compare returns -1, 0 or +1 as m is before, the same as or after o.
func (m Month) Compare(o Month) int {
	a, b := m.Year*12+int(m.Month), o.Year*12+int(o.Month)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// Bounds returns the first instant of m in the zone and the first instant
// after it: half-open, so consecutive months have no gap and no overlap.
func (m Month) Bounds(zone *time.Location) (from, to time.Time) {
	n := m.Next()
	return StartOfDay(Date{m.Year, m.Month, 1}, zone), StartOfDay(Date{n.Year, n.Month, 1}, zone)
}

// Days returns how many days m has.
func (m Month) Days() int {
	return time.Date(m.Year, m.Month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// First returns the first day of m, Last its last.
func (m Month) First() Date { return Date{m.Year, m.Month, 1} }

// Last returns the last day of m.
func (m Month) Last() Date { return Date{m.Year, m.Month, m.Days()} }

// MarshalText writes YYYY-MM.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads YYYY-MM.
func (m *Month) UnmarshalText(b []byte) error {
	v, err := ParseMonth(string(b))
	if err != nil {
		return err
	}
	*m = v
	return nil
}
