// Package band says which band of a price an instant lies in: Peak, Off-peak,
// Weekend, by weekly windows of local time. A set of bands covers every second
// of every day, so that an instant is in exactly one of them.
package band

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/period"
)

// Limits of a Set.
const (
	MaxNames   = 8    // bands
	MaxName    = 64   // bytes of a band's name
	MaxWindows = 200  // windows
	MaxDates   = 2000 // days that count as another
)

// Set is the bands of a card and when each of them holds. Equal sets have equal
// JSON; Validate says whether one can be used.
type Set struct {
	// Zone is the IANA name of the time zone of the windows; empty: the customer's.
	Zone string `doc:"zone,omitempty" json:"zone,omitzero"`
	// Split prices each second of a call by the band that it lies in; otherwise
	// the band at the call's instant prices all of it.
	Split bool `doc:"split,omitempty" json:"split,omitzero"`
	// Names of the bands, 1 to MaxNames, each once. A band is known by its
	// position here. One that no window names never holds.
	Names []string `doc:"names" json:"names"`
	// Windows, 1 to MaxWindows. The first that holds wins, so they may overlap,
	// and the last is often one that always holds.
	Windows []Window `doc:"windows" json:"windows"`
	// Dates, at most MaxDates, are days that count as another day. A date of one
	// year goes before the same date of every year.
	Dates []Date `doc:"dates,omitempty" json:"dates,omitempty"`
}

// Window is a part of the day on some days. It holds at a local time when every
// list that it has holds the day; a list that is empty holds every day.
type Window struct {
	Band string `doc:"band" json:"band"` // one of the set's names
	// Days of the week, or holiday. A day that counts as another is that other
	// day only, so a window of days without Holiday does not hold on a holiday;
	// one without any days does.
	Days []Day `doc:"days,omitempty" json:"days,omitempty"`
	// From and To are what a clock on the wall shows: From included, To not, From
	// before To. A window over midnight is written as two. An hour that the clocks
	// show twice is in the same windows both times.
	From      TimeOfDay `doc:"from" json:"from"`
	To        TimeOfDay `doc:"to" json:"to"`
	Months    []int     `doc:"months,omitempty" json:"months,omitempty"`         // 1 to 12
	MonthDays []int     `doc:"month_days,omitempty" json:"month_days,omitempty"` // 1 to 31, or from the month's end: -1 is its last day
	Years     []int     `doc:"years,omitempty" json:"years,omitempty"`           // period.MinYear to period.MaxYear
}

// Date says that a day counts as another day: Christmas as a holiday, a bank
// holiday as a Sunday. Months, MonthDays and Years still see the date itself.
type Date struct {
	On On  `doc:"on" json:"on"`
	As Day `doc:"as" json:"as"`
}

// Validate reports the first thing in s by which an instant could not be given
// its band: a bound that is passed, an unknown name or zone, or a local time
// that no window holds. Every day of the week is looked at in every place that
// it may have in a calendar, in each year that a window names and in the others;
// holidays are, if a date counts as one.
func (s Set) Validate() error {
	w, err := s.compile()
	if err != nil {
		return err
	}
	return w.gap()
}

// compile checks everything but that the day is covered.
func (s Set) compile() (*week, error) {
	if s.Zone != "" {
		if _, err := location(s.Zone); err != nil {
			return nil, err
		}
	}
	bands, err := s.bands()
	if err != nil {
		return nil, err
	}
	if len(s.Windows) == 0 || len(s.Windows) > MaxWindows {
		return nil, fmt.Errorf("%d windows: want 1 to %d", len(s.Windows), MaxWindows)
	}
	if len(s.Dates) > MaxDates {
		return nil, fmt.Errorf("%d dates: want at most %d", len(s.Dates), MaxDates)
	}
	w := newWeek(s.Windows)
	for i, v := range s.Windows {
		band, known := bands[v.Band]
		if !known {
			return nil, fmt.Errorf("window %d: band %s: want one of %q", i+1, clip(v.Band), s.Names)
		}
		if err := v.check(); err != nil {
			return nil, fmt.Errorf("window %d (%s): %w", i+1, v.Band, err)
		}
		w.add(i, v, band)
	}
	for i, d := range s.Dates {
		if !d.On.valid() {
			return nil, fmt.Errorf("date %d: %d-%d-%d: want a day of a year from %d to %d, or of every year",
				i+1, d.On.Year, d.On.Month, d.On.Day, period.MinYear, period.MaxYear)
		}
		if !d.As.valid() {
			return nil, fmt.Errorf("date %d (%s): %w", i+1, d.On, errDay(d.As))
		}
		if _, twice := w.dates[d.On]; twice {
			return nil, fmt.Errorf("date %d: %s is there twice", i+1, d.On)
		}
		w.dates[d.On] = d.As
	}
	return w, nil
}

// bands returns the positions of the names.
func (s Set) bands() (map[string]uint8, error) {
	if len(s.Names) == 0 || len(s.Names) > MaxNames {
		return nil, fmt.Errorf("%d names of bands: want 1 to %d", len(s.Names), MaxNames)
	}
	bands := make(map[string]uint8, len(s.Names))
	for i, name := range s.Names {
		if name == "" || len(name) > MaxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
			return nil, fmt.Errorf("name %d: %s: want 1 to %d bytes of text without spaces around it", i+1, clip(name), MaxName)
		}
		if _, twice := bands[name]; twice {
			return nil, fmt.Errorf("name %d: %q is there twice", i+1, name)
		}
		bands[name] = uint8(i)
	}
	return bands, nil
}

func (v Window) check() error {
	if v.From < 0 || v.To > EndOfDay {
		return fmt.Errorf("%d to %d seconds after midnight: want 0 to %d", v.From, v.To, EndOfDay)
	}
	if v.From >= v.To {
		return fmt.Errorf("from %s to %s: want a later end (the end of a day is 24:00; over midnight, write two windows)", v.From, v.To)
	}
	days := make([]int, 0, int(Holiday))
	for _, d := range v.Days {
		if !d.valid() {
			return errDay(d)
		}
		days = append(days, int(d))
	}
	return errors.Join(
		once("days", days, int(Monday), int(Holiday), false),
		once("months", v.Months, 1, 12, false),
		once("month_days", v.MonthDays, 1, 31, true),
		once("years", v.Years, period.MinYear, period.MaxYear, false),
	)
}

// once refuses values outside [from, to], or outside [-to, -from] besides, and
// those that a list holds twice, which also bounds its length.
func once(list string, values []int, from, to int, negative bool) error {
	seen := make(map[int]bool)
	for _, v := range values {
		size := v
		if negative && v < 0 {
			size = -v
		}
		switch {
		case (size < from || size > to) && negative:
			return fmt.Errorf("%s: %d: want %d to %d, or %d to %d from the end", list, v, from, to, -to, -from)
		case size < from || size > to:
			return fmt.Errorf("%s: %d: want %d to %d", list, v, from, to)
		case seen[v]:
			return fmt.Errorf("%s: %d is there twice", list, v)
		}
		seen[v] = true
	}
	return nil
}

// location refuses what LoadLocation reads as the machine's own zone, and what
// is too long to be repeated in its error.
func location(name string) (*time.Location, error) {
	if name == "Local" || len(name) > MaxName {
		return nil, fmt.Errorf("zone %s: want an IANA name such as Europe/London", clip(name))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone %s: want an IANA name such as Europe/London: %w", clip(name), err)
	}
	return zone, nil
}

// clip quotes s, cut where it is longer than any name.
func clip(s string) string { return fmt.Sprintf("%.*q", MaxName+1, s) }
