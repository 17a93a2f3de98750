package twin

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the same zones on every machine
)

// bandAfter returns the band that the usage is in so many seconds after its
// instant; empty where the card has no bands.
func (p pricing) bandAfter(seconds int64) string {
	if p.Bands == nil {
		return ""
	}
	zone := p.Bands.Zone
	if zone == "" {
		zone = p.usage.Zone
	}
	return p.Bands.At(time.Unix(seconds, p.usage.Instant).In(location(zone)))
}

// At returns the band at a local time.
func (b Bands) At(local time.Time) string {
	day := b.dayOf(local)
	clock := local.Format("15:04:05")
	for _, w := range b.Windows {
		if w.holdsOn(local, day) && full(w.From) <= clock && clock < full(w.To) {
			return w.Band
		}
	}
	panic(fmt.Sprintf("twin: no window holds at %s", local))
}

// dayOf returns the day that a date counts as: as the date of that year says,
// else as the date of every year does, else its day of the week.
func (b Bands) dayOf(local time.Time) string {
	for _, format := range []string{"2006-01-02", "01-02"} {
		for _, d := range b.Dates {
			if d.On == local.Format(format) {
				return d.As
			}
		}
	}
	return strings.ToLower(local.Format("Mon"))
}

// holdsOn reports whether a window is for a day. Months and the days of the
// month are those of the calendar, whatever day it counts as.
func (w Window) holdsOn(local time.Time, day string) bool {
	last := time.Date(local.Year(), local.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	fromEnd := local.Day() - last - 1 // the last day is -1
	return (len(w.Days) == 0 || slices.Contains(w.Days, day)) &&
		(len(w.Months) == 0 || slices.Contains(w.Months, int(local.Month()))) &&
		(len(w.MonthDays) == 0 || slices.Contains(w.MonthDays, local.Day()) || slices.Contains(w.MonthDays, fromEnd)) &&
		(len(w.Years) == 0 || slices.Contains(w.Years, local.Year()))
}

// full writes a time of day with its seconds, so that text compares as time.
func full(clock string) string {
	if len(clock) == len("15:04") {
		return clock + ":00"
	}
	return clock
}

var zones sync.Map // name → *time.Location: reading one from its file takes longer than a charge

func location(name string) *time.Location {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("twin: zone: %v", err))
	}
	zones.Store(name, zone)
	return zone
}
