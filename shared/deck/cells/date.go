package cells

import (
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/period"
)

// maxDate is how many bytes a date may have: more is no date.
const maxDate = 64

var (
	wantDate   = Want{"a date such as 2026-11-30 or 30-Nov-2026, with or without a time such as 18:00 or 18:00:00+01:00, or ASAP"}
	wantSerial = Want{"a date: a bare number is how a spreadsheet counts days; format the column as a date and export again"}
	wantYear   = Want{fmt.Sprintf("a year from %d to %d", period.MinYear, period.MaxYear)}
	wantTime   = Want{"a time such as 18:00, 18:00:30 or 6:00 PM behind the date, with Z or an offset such as +01:00, or none"}
)

// ParseDate reads a date, with or without a time: 2026-09-23, 2026/9/23,
// 20260923, 23/09/2026, 23.09.2026, 3/31/25, 23-Sep-2026, 23 September 2026,
// Sep 23, 2026 (months in six languages), 2026-09-23T12:30:00Z. A year of two
// digits is 2000 to 2079 or 1980 to 1999; any is from period.MinYear to
// period.MaxYear. at is in UTC; what says no offset is local time of zone (nil:
// UTC), a date alone the first instant of that day. Times that a change of the
// clocks doubles or leaves out are as period.Resolve has them. asap is true, and
// at zero, for ASAP, now, immediately and their like.
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
