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
// instant; empty where the card has no bands. A day's times are worked out
// once: a call has many seconds and few days.
func (p pricing) bandAfter(seconds int64) string {
	if p.Bands == nil {
		return ""
	}
	zone := p.Bands.Zone
	if zone == "" {
		zone = p.usage.Zone
	}
	local := time.Unix(seconds, p.usage.Instant).In(location(zone))
	year, month, day := local.Date()
	date := [...]int{year, int(month), day}
	if _, known := p.days[date]; !known {
		p.days[date] = p.Bands.on(local)
	}
	return p.days[date].at(local)
}

// At returns the band at a local time.
func (b Bands) At(local time.Time) string { return b.on(local).at(local) }

// stretch is a time of one day that is in a band: seconds on the clock, from
// the first (included) to the last (not).
type stretch struct {
	from, to int
	band     string
}

// clock is a day's times. The first that holds names the band.
type clock []stretch

// on returns the times of a local day.
func (b Bands) on(local time.Time) (day clock) {
	as := b.dayOf(local)
	for _, w := range b.Windows {
		if w.holdsOn(local, as) {
			day = append(day, stretch{seconds(w.From), seconds(w.To), w.Band})
		}
	}
	return day
}

func (c clock) at(local time.Time) string {
	hour, minute, second := local.Clock()
	now := hour*3600 + minute*60 + second
	for _, s := range c {
		if s.from <= now && now < s.to {
			return s.band
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
