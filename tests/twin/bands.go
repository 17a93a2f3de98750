package twin

import (
	"fmt"
	"slices"
	"strconv"
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
	hour, minute, second := local.Clock()
	clock := hour*3600 + minute*60 + second
	for _, w := range b.Windows {
		if w.holdsOn(local, day) && seconds(w.From) <= clock && clock < seconds(w.To) {
			return w.Band
		}
	}
	panic(fmt.Sprintf("twin: no window holds at %s", local))
}

// dayOf returns the day that a date counts as: as the date of that year says,
// else as the date of every year does, else its day of the week.
func (b Bands) dayOf(local time.Time) string {
	if len(b.Dates) == 0 {
		return weekday(local)
	}
	for _, on := range []string{local.Format("2006-01-02"), local.Format("01-02")} {
		for _, d := range b.Dates {
			if d.On == on {
				return d.As
			}
		}
	}
	return weekday(local)
}

func weekday(local time.Time) string { return strings.ToLower(local.Weekday().String()[:3]) }

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

// seconds reads HH:MM or HH:MM:SS as seconds on the clock.
func seconds(clock string) int {
	parts := []int{0, 0, 0}
	for i, text := range strings.Split(clock, ":") {
		n, err := strconv.Atoi(text)
		if err != nil {
			panic("twin: " + clock + " is no time of day")
		}
		parts[i] = n
	}
	return parts[0]*3600 + parts[1]*60 + parts[2]
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
