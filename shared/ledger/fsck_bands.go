package ledger

import (
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/band"
)

// ownBands tells the band of a second by going through the windows.
type ownBands struct {
	set    *band.Set
	bounds []band.TimeOfDay // at which a window begins or ends, and the day
}

func ownBandsOf(set *band.Set) *ownBands {
	b := &ownBands{set: set, bounds: []band.TimeOfDay{band.EndOfDay}}
	for _, w := range set.Windows {
		b.bounds = append(b.bounds, w.From, w.To)
	}
	slices.Sort(b.bounds)
	return b
}

// lastSecond is the last that bands are told for: 2199-12-31T23:59:59Z.
const lastSecond = 7_258_118_399

// at returns the band at a Unix second, and for how many seconds from then on
// it is surely the same, 1 or more.
func (b *ownBands) at(second int64, zone *time.Location) (name string, same int64) {
	second = min(max(second, 0), lastSecond)
	local := time.Unix(second, 0).In(zone)
	now := band.TimeOfDay(local.Hour()*3600 + local.Minute()*60 + local.Second())
	next := b.bounds[slices.IndexFunc(b.bounds, func(t band.TimeOfDay) bool { return t > now })]
	same = int64(next - now)
	_, offset := local.Zone()
	if _, later := time.Unix(second+same, 0).In(zone).Zone(); later != offset {
		same = 1 // the clocks change before that
	}
	for _, w := range b.set.Windows {
		if w.From <= now && now < w.To && b.onDay(w, local) {
			return w.Band, same
		}
	}
	return "", same
}

// onDay reports whether a window holds on a day, whatever the time. A day that
// counts as another has still its own date.
func (b *ownBands) onDay(w band.Window, local time.Time) bool {
	year, month, day := local.Date()
	last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	kind := (band.Day(local.Weekday())+6)%7 + band.Monday
	for _, yearly := range [...]bool{true, false} { // a date of one year wins
		for _, d := range b.set.Dates {
			if d.On.Month == month && d.On.Day == day && (yearly && d.On.Year == 0 || d.On.Year == year) {
				kind = d.As
			}
		}
	}
	has := func(list []int, values ...int) bool {
		return len(list) == 0 || slices.ContainsFunc(values, func(v int) bool { return slices.Contains(list, v) })
	}
	return (len(w.Days) == 0 || slices.Contains(w.Days, kind)) &&
		has(w.Years, year) && has(w.Months, int(month)) && has(w.MonthDays, day, day-last-1)
}
