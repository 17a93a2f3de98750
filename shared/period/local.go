package period

import (
	"fmt"
	"time"
)

// Date is a calendar day without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("date %.20q: want YYYY-MM-DD", s)
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// String returns YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// MonthOf returns the month that d lies in.
func (d Date) MonthOf() Month { return Month{d.Year, d.Month} }

// Compare returns -1, 0 or +1 as d is before, the same as or after o.
func (d Date) Compare(o Date) int {
	return d.utc().Compare(o.utc())
}

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(b []byte) error {
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Seam says what a clock change did to a local time.
type Seam uint8

// Plain is an ordinary local time. Ambiguous happened twice (autumn): the
// earlier instant is taken. Skipped never happened (spring): it moves forward
// by the gap, 01:30 to 02:30 in London.
const (
	Plain Seam = iota
	Ambiguous
	Skipped
)

// Resolve returns the instant of a wall-clock time in a zone. The wall clock
// is given as a time.Time in UTC whose fields are read, not its instant.
func Resolve(wall time.Time, zone *time.Location) (time.Time, Seam) {
	// Offsets are under a day and no zone has had two transitions within days
	// of each other since 1970, so the offsets in force a day before and a day
	// after are the only candidates.
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(zone).Zone()
	first := wall.Add(-time.Duration(before) * time.Second)
	if before == after {
		return first, Plain
	}
	second := wall.Add(-time.Duration(after) * time.Second)
	firstFits, secondFits := offsetAt(first, zone) == before, offsetAt(second, zone) == after
	switch {
	case firstFits && secondFits:
		return first, Ambiguous // clocks went back: the earlier offset is the earlier instant
	case firstFits:
		return first, Plain
	case secondFits:
		return second, Plain
	default:
		// Read with the offset before the gap, the instant lies behind the gap
		// by as much as the wall clock lay inside it.
		return first, Skipped
	}
}

func offsetAt(t time.Time, zone *time.Location) int {
	_, offset := t.In(zone).Zone()
	return offset
}

// StartOfDay returns the first instant of a date in a zone: local midnight,
// or where the clocks skip midnight, the first moment after it.
func StartOfDay(d Date, zone *time.Location) time.Time {
	t, seam := Resolve(d.utc(), zone)
	if seam != Skipped {
		return t
	}
	// Midnight plus the gap may lie past the day's first instant: the day
	// begins where the new offset does.
	start, _ := t.In(zone).ZoneBounds()
	return start.UTC()
}

// DaysInclusive returns the number of days from a to b, both counted; 0 when b
// is before a. Part periods are billed by inclusive days over the days of that
// calendar period (Billingbooth, Zuora: 15 to 31 October is 17 of 31).
func DaysInclusive(a, b Date) int {
	if b.Compare(a) < 0 {
		return 0
	}
	// Not Sub: a time.Duration ends at 292 years.
	return int((b.utc().Unix()-a.utc().Unix())/(24*60*60)) + 1
}

// Overlap returns how many days of m lie in [start, end], both inclusive. A
// zero end is open.
func (m Month) Overlap(start, end Date) int {
	from, to := m.First(), m.Last()
	if start.Compare(from) > 0 {
		from = start
	}
	if end != (Date{}) && end.Compare(to) < 0 {
		to = end
	}
	return DaysInclusive(from, to)
}
