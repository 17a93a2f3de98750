package band

import (
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/period"
)

// Day is a day of the week, or a holiday. As text: mon, tue, wed, thu, fri, sat,
// sun, holiday. The zero value is none of them.
type Day int

// The days.
const (
	Monday Day = iota + 1
	Tuesday
	Wednesday
	Thursday
	Friday
	Saturday
	Sunday
	Holiday
)

var dayNames = [...]string{Monday: "mon", Tuesday: "tue", Wednesday: "wed", Thursday: "thu", Friday: "fri", Saturday: "sat", Sunday: "sun", Holiday: "holiday"}

var errDayName = errors.New("want mon, tue, wed, thu, fri, sat, sun or holiday")

func errDay(d Day) error { return fmt.Errorf("day %d: %w", int(d), errDayName) }

func (d Day) valid() bool { return d >= Monday && d <= Holiday }

// weekday returns the Day of a day of the week.
func weekday(d time.Weekday) Day { return Monday + Day(d+6)%7 }

// String returns the day's text.
func (d Day) String() string {
	if !d.valid() {
		return fmt.Sprintf("Day(%d)", int(d))
	}
	return dayNames[d]
}

// MarshalText writes the day's text.
func (d Day) MarshalText() ([]byte, error) {
	if !d.valid() {
		return nil, errDay(d)
	}
	return []byte(dayNames[d]), nil
}

// UnmarshalText reads the day's text.
func (d *Day) UnmarshalText(b []byte) error {
	for i := Monday; i <= Holiday; i++ {
		if string(b) == dayNames[i] {
			*d = i
			return nil
		}
	}
	return fmt.Errorf("day %.20q: %w", b, errDayName)
}

// TimeOfDay is what a clock on the wall shows, in seconds after 00:00: 0 to
// EndOfDay. As text HH:MM, or HH:MM:SS where there are seconds.
type TimeOfDay int

// EndOfDay is 24:00, where a window ends that lasts to the end of the day.
const EndOfDay TimeOfDay = secondsPerDay

// ParseTimeOfDay reads HH:MM or HH:MM:SS, 00:00 to 24:00.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if s == "24:00" || s == "24:00:00" {
		return EndOfDay, nil
	}
	layout := "15:04:05"
	if len(s) == len("15:04") {
		layout = "15:04"
	}
	t, err := time.Parse(layout, s)
	// Parse takes one digit for the hour, and a fraction behind the seconds.
	if err != nil || len(s) != len(layout) {
		return 0, fmt.Errorf("time %.20q: want HH:MM or HH:MM:SS, 00:00 to 24:00", s)
	}
	return TimeOfDay(t.Hour()*60*60 + t.Minute()*60 + t.Second()), nil
}

// String returns HH:MM, or HH:MM:SS where there are seconds.
func (t TimeOfDay) String() string {
	if t < 0 || t > EndOfDay {
		return fmt.Sprintf("TimeOfDay(%d)", int(t))
	}
	hour, minute, second := t/(60*60), t/60%60, t%60
	if second != 0 {
		return fmt.Sprintf("%02d:%02d:%02d", int(hour), int(minute), int(second))
	}
	return fmt.Sprintf("%02d:%02d", int(hour), int(minute))
}

// MarshalText writes HH:MM, or HH:MM:SS where there are seconds.
func (t TimeOfDay) MarshalText() ([]byte, error) {
	if t < 0 || t > EndOfDay {
		return nil, fmt.Errorf("%d seconds after midnight: want 0 to %d", int(t), int(EndOfDay))
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads what ParseTimeOfDay does.
func (t *TimeOfDay) UnmarshalText(b []byte) error {
	v, err := ParseTimeOfDay(string(b))
	if err != nil {
		return err
	}
	*t = v
	return nil
}

// On is a date of one year, or with Year 0 of every year (29 February: of every
// leap year). As text YYYY-MM-DD or MM-DD.
type On struct {
	Year  int // period.MinYear to period.MaxYear, or 0
	Month time.Month
	Day   int
}

// leapYear stands for the years of a date of every year.
const leapYear = 2000

func (o On) valid() bool {
	year := o.Year
	if year == 0 {
		year = leapYear
	} else if year < period.MinYear || year > period.MaxYear {
		return false
	}
	if o.Month < time.January || o.Month > time.December {
		return false
	}
	return o.Day >= 1 && o.Day <= period.Month{Year: year, Month: o.Month}.Days()
}

// String returns YYYY-MM-DD or MM-DD.
func (o On) String() string {
	if o.Year == 0 {
		return fmt.Sprintf("%02d-%02d", int(o.Month), o.Day)
	}
	return period.Date(o).String()
}

// MarshalText writes YYYY-MM-DD or MM-DD.
func (o On) MarshalText() ([]byte, error) {
	if !o.valid() {
		return nil, fmt.Errorf("%d-%d-%d: no such date", o.Year, int(o.Month), o.Day)
	}
	return []byte(o.String()), nil
}

// UnmarshalText reads YYYY-MM-DD or MM-DD.
func (o *On) UnmarshalText(b []byte) error {
	s, yearly := string(b), len(b) == len("12-25")
	if yearly {
		s = fmt.Sprintf("%04d-%s", leapYear, b)
	}
	d, err := period.ParseDate(s)
	v := On(d)
	if yearly {
		v.Year = 0
	}
	// ParseDate takes the year 0, which here would be every year.
	if err != nil || !yearly && d.Year == 0 || !v.valid() {
		return fmt.Errorf("date %.20q: want YYYY-MM-DD, %d to %d, or MM-DD", b, period.MinYear, period.MaxYear)
	}
	*o = v
	return nil
}
