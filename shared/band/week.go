package band

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/period"
)

const secondsPerDay = 24 * 60 * 60

// windows is a set of windows by their position in the Set.
type windows [(MaxWindows + 63) / 64]uint64

func (s *windows) add(i int)     { s[i/64] |= 1 << (i % 64) }
func (s windows) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }
func (s windows) and(o windows) windows {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}
func (s windows) or(o windows) windows {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

// week is a Set made ready: which windows a day of a kind, month, day of the
// month and year leaves, so that those of a day are found by a few ands.
type week struct {
	parts  []part // of the day, one of each window, in their order
	byFrom []int  // their positions by when they begin

	kinds    [Holiday + 1]windows
	months   [12 + 1]windows
	days     [31 + 1]windows // counted from the month's first
	back     [31 + 1]windows // counted from its last
	years    map[int]windows // the years that a window names
	unnamed  windows         // any other year
	dates    map[On]Day
	dayTells bool // a window asks for months or days of the month
}

// part is the part of a day that a window holds.
type part struct {
	from, to TimeOfDay
	band     uint8
}

func newWeek(all []Window) *week {
	w := &week{
		parts:  make([]part, len(all)),
		byFrom: make([]int, len(all)),
		years:  make(map[int]windows),
		dates:  make(map[On]Day),
	}
	for i, v := range all {
		w.byFrom[i] = i
		for _, year := range v.Years {
			w.years[year] = windows{}
		}
	}
	slices.SortStableFunc(w.byFrom, func(a, b int) int { return cmp.Compare(all[a].From, all[b].From) })
	return w
}

// add enters window i, which has been checked.
func (w *week) add(i int, v Window, band uint8) {
	w.parts[i] = part{v.From, v.To, band}
	w.dayTells = w.dayTells || len(v.Months)+len(v.MonthDays) > 0
	for kind := Monday; kind <= Holiday; kind++ {
		if len(v.Days) == 0 || slices.Contains(v.Days, kind) {
			w.kinds[kind].add(i)
		}
	}
	for month := 1; month <= 12; month++ {
		if len(v.Months) == 0 || slices.Contains(v.Months, month) {
			w.months[month].add(i)
		}
	}
	for day := 1; day <= 31; day++ {
		if len(v.MonthDays) == 0 || slices.Contains(v.MonthDays, day) {
			w.days[day].add(i)
		}
		if slices.Contains(v.MonthDays, -day) {
			w.back[day].add(i)
		}
	}
	if len(v.Years) == 0 {
		w.unnamed.add(i)
	}
	for year, holding := range w.years {
		if len(v.Years) == 0 || slices.Contains(v.Years, year) {
			holding.add(i)
			w.years[year] = holding
		}
	}
}

// place returns the windows that hold on a day of a month that is so many days
// long, whatever the year and the day of the week.
func (w *week) place(month time.Month, day, length int) windows {
	return w.months[month].and(w.days[day].or(w.back[length-day+1]))
}

// on returns the windows that hold on a local day, given as days after 1
// January 1970.
func (w *week) on(number int64) windows {
	day := time.Unix(number*secondsPerDay, 0).UTC()
	y, m, d := day.Date()
	kind, dated := w.dates[On{y, m, d}]
	if !dated {
		kind, dated = w.dates[On{0, m, d}]
	}
	if !dated {
		kind = weekday(day.Weekday())
	}
	year, named := w.years[y]
	if !named {
		year = w.unnamed
	}
	return w.kinds[kind].and(year).and(w.place(m, d, period.Month{Year: y, Month: m}.Days()))
}

// at returns the band at a second of a day on which these windows hold, and
// until when nothing changes: the end of the window, or where an earlier one of
// the list begins.
func (w *week) at(holding windows, second TimeOfDay) (band uint8, until TimeOfDay) {
	until = EndOfDay
	for i, p := range w.parts {
		switch {
		case !holding.has(i) || p.to <= second:
		case p.from <= second:
			return p.band, min(until, p.to)
		default:
			until = min(until, p.from)
		}
	}
	// A wrong price would be worse: no clock is made of a set with a gap.
	panic("band: no window holds")
}

// gap reports the first local time that no window holds: in the years that no
// window names, then in those that one does.
func (w *week) gap() error {
	last := Sunday
	for _, kind := range w.dates {
		last = max(last, kind)
	}
	places := map[bool][]place{false: w.places(leapYear + 1), true: w.places(leapYear)}
	seen := make(map[year]bool)
	for _, y := range w.calendar() {
		alike := year{holding: y.holding, leap: y.leap}
		if seen[alike] {
			continue
		}
		seen[alike] = true
		for _, p := range places[y.leap] {
			for kind := Monday; kind <= last; kind++ {
				from, to := w.uncovered(w.kinds[kind].and(y.holding).and(p.holding))
				if from < to {
					return fmt.Errorf("no window holds on %s from %s to %s", w.describe(kind, p.month, p.day, y.name), from, to)
				}
			}
		}
	}
	return nil
}

// year is the windows that hold in a year.
type year struct {
	holding windows
	leap    bool
	name    int // 0: no window names it
}

// calendar returns the years that no window names, and those that one does.
func (w *week) calendar() []year {
	years := []year{{holding: w.unnamed}, {holding: w.unnamed, leap: true}}
	for _, name := range slices.Sorted(maps.Keys(w.years)) {
		years = append(years, year{w.years[name], period.Month{Year: name, Month: time.February}.Days() == 29, name})
	}
	return years
}

// place is the windows that hold on a day of a year.
type place struct {
	holding windows
	month   time.Month
	day     int
}

// places returns the days of a year, only the first of those that the windows
// do not tell apart.
func (w *week) places(sample int) []place {
	var places []place
	seen := make(map[windows]bool)
	for m := time.January; m <= time.December; m++ {
		length := period.Month{Year: sample, Month: m}.Days()
		for d := 1; d <= length; d++ {
			if holding := w.place(m, d, length); !seen[holding] {
				seen[holding] = true
				places = append(places, place{holding, m, d})
			}
		}
	}
	return places
}

// uncovered returns the first part of a day that none of the windows holds;
// from equals to where there is none.
func (w *week) uncovered(holding windows) (from, to TimeOfDay) {
	for _, i := range w.byFrom {
		if !holding.has(i) {
			continue
		}
		if w.parts[i].from > from {
			return from, w.parts[i].from
		}
		from = max(from, w.parts[i].to)
	}
	return from, EndOfDay
}

// describe names a day by what the windows ask for.
func (w *week) describe(kind Day, month time.Month, day, year int) string {
	var b strings.Builder
	b.WriteString(kind.String())
	if w.dayTells {
		fmt.Fprintf(&b, ", %s", On{0, month, day})
	}
	switch {
	case year != 0:
		fmt.Fprintf(&b, ", in %d,", year)
	case len(w.years) > 0:
		b.WriteString(", in a year that no window names,")
	}
	return b.String()
}
