package band_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/band"
)

// zones are ordinary ones and those whose clocks did something rare: half-hour
// changes, a skipped midnight, a skipped day, midnight shown twice, offsets
// with seconds, transitions of three hours, winter time as the exception.
var zones = []string{
	"UTC", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe",
	"America/St_Johns", "America/Goose_Bay", "Pacific/Kiritimati", "Pacific/Kwajalein", "Africa/Monrovia", "Antarctica/Casey",
	"America/Danmarkshavn", "Europe/Dublin", "Asia/Beirut", "Asia/Gaza", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Chatham",
}

// twin is the band of an instant by what a clock in the zone shows: slow, and
// obviously right.
func twin(s band.Set, at time.Time, zone *time.Location) (name string, held bool) {
	local := at.In(zone)
	year, month, day := local.Date()
	return walk(s, year, month, day, twinKind(s, local), local.Hour()*3600+local.Minute()*60+local.Second())
}

func twinKind(s band.Set, local time.Time) band.Day {
	year, month, day := local.Date()
	for _, wanted := range []int{year, 0} {
		for _, d := range s.Dates {
			if d.On.Year == wanted && d.On.Month == month && d.On.Day == day {
				return d.As
			}
		}
	}
	if local.Weekday() == time.Sunday {
		return band.Sunday
	}
	return band.Day(local.Weekday()) // Monday is 1 for both
}

func walk(s band.Set, year int, month time.Month, day int, kind band.Day, second int) (name string, held bool) {
	left := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day() - day // days after it in its month
	for _, w := range s.Windows {
		if (len(w.Days) == 0 || slices.Contains(w.Days, kind)) &&
			(len(w.Months) == 0 || slices.Contains(w.Months, int(month))) &&
			(len(w.MonthDays) == 0 || slices.Contains(w.MonthDays, day) || slices.Contains(w.MonthDays, -1-left)) &&
			(len(w.Years) == 0 || slices.Contains(w.Years, year)) &&
			int(w.From) <= second && second < int(w.To) {
			return w.Band, true
		}
	}
	return "", false
}

// evenly draws a source of evenly spread numbers: rapid's own prefer the small ones.
func evenly(t *rapid.T) *rand.Rand { return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)) }

// anyInstant is from 1970 to 2199, mostly near a change of the zone's clocks or
// the end of a year.
func anyInstant(even *rand.Rand, zone *time.Location) time.Time {
	year := 1970 + even.IntN(40+190*even.IntN(2))
	v := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(48+even.IntN(360*24)) * time.Hour)
	switch from, _ := v.In(zone).ZoneBounds(); {
	case even.IntN(5) == 0:
		v = time.Date(year, 12, 31, even.IntN(24), 0, 0, 0, time.UTC)
	case even.IntN(4) > 0 && from.Year() >= 1970:
		v = from.Add(time.Duration(even.IntN(2*86400)-86400) * time.Second)
	}
	return v.Add(time.Duration(even.IntN(2)) * 500 * time.Millisecond).UTC()
}

// some returns a few of the values, or none.
func some[T any](even *rand.Rand, values ...T) []T {
	if even.IntN(2) == 0 {
		return nil
	}
	even.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	return slices.Clone(values[:1+even.IntN(len(values))])
}

// anySet has windows about a day and its neighbours, and one behind them that
// always holds.
func anySet(even *rand.Rand, about time.Time) band.Set {
	times := []band.TimeOfDay{0, 1, 1800, 3600, 5400, 7200, 8100, 9000, 10800, 7 * 3600, 19 * 3600, 23 * 3600, 86399, band.EndOfDay, band.TimeOfDay(even.IntN(86400))}
	s := band.Set{Split: even.IntN(2) == 0, Names: []string{"a", "b", "c", "d"}}
	for range even.IntN(8) {
		from, to := times[even.IntN(len(times))], times[even.IntN(len(times))]
		if from > to {
			from, to = to, from
		} else if from == to {
			from, to = 0, band.EndOfDay
		}
		s.Windows = append(s.Windows, band.Window{
			Band: s.Names[even.IntN(3)], From: from, To: to,
			Days:      some(even, band.Monday, band.Tuesday, band.Wednesday, band.Thursday, band.Friday, band.Saturday, band.Sunday, band.Holiday),
			Months:    some(even, int(about.Month()), int(about.Month())%12+1),
			MonthDays: some(even, about.Day(), about.Day()%31+1, -1, -2, 1, -about.Day()),
			Years:     some(even, min(max(about.Year(), 1970), 2199), 2026, 2000),
		})
		last := &s.Windows[len(s.Windows)-1]
		for _, list := range []*[]int{&last.Months, &last.MonthDays, &last.Years} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
	}
	s.Windows = append(s.Windows, band.Window{Band: "d", To: band.EndOfDay})
	seen := map[band.On]bool{}
	for i := range even.IntN(6) {
		y, m, d := about.AddDate(0, 0, even.IntN(5)-2).Date()
		on := band.On{Year: y * (i % 2), Month: m, Day: d}
		if !seen[on] && (y >= 1970 && y <= 2199) {
			seen[on] = true
			s.Dates = append(s.Dates, band.Date{On: on, As: band.Day(1 + even.IntN(8))})
		}
	}
	return s
}

func name(s band.Set, b uint8) string { return s.Names[b] }

// Every second of an hour or two and every minute of two days is in the band
// that the twin finds, and no change lies between an answer and its until.
func TestAtAgreesWithAWalkByTheWallClock(t *testing.T) {
	switches := 0
	rapid.Check(t, func(t *rapid.T) {
		even := evenly(t)
		zone := location(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		begin := anyInstant(even, zone)
		s := anySet(even, begin)
		c, err := s.Clock(zone)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		for _, run := range []struct {
			begin time.Time
			step  time.Duration
			n     int
		}{{begin.Add(-time.Hour), time.Second, 7200}, {begin.Add(-24 * time.Hour), time.Minute, 2 * 24 * 60}} {
			var until int64
			var held string
			for i := range run.n {
				at := run.begin.Add(time.Duration(i) * run.step)
				if at.Unix() < 0 || at.Year() > 2199 {
					continue
				}
				want, _ := twin(s, at, zone)
				if at.UnixNano() < until && want != held {
					t.Fatalf("%s in %s: %s until %s, but the twin has %s at %s\n%+v", run.begin, zone, held, time.Unix(0, until).UTC(), want, at, s)
				}
				got, next := c.At(at.UnixNano())
				if name(s, got) != want || next <= at.UnixNano() {
					t.Fatalf("%s in %s (%s): got %s until %s, want %s\n%+v", at, zone, at.In(zone), name(s, got), time.Unix(0, next).UTC(), want, s)
				}
				if held != "" && want != held {
					switches++
				}
				held, until = want, next
			}
		}
	})
	if switches < 100 {
		t.Errorf("%d changes of band were met: the property says little", switches)
	}
}

// A clock that is asked for more days than it keeps, in no order, forgets and
// finds again.
func TestAClockAgreesOverManyDaysInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		even := evenly(t)
		zone := location(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		begin := anyInstant(even, zone)
		s := anySet(even, begin)
		c, err := s.Clock(zone)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		for range 2000 {
			at := begin.Add(time.Duration(even.IntN(400*86400)-200*86400) * time.Second)
			if at.Unix() < 0 || at.Year() > 2199 {
				continue
			}
			got, _ := c.At(at.UnixNano())
			if want, _ := twin(s, at, zone); name(s, got) != want {
				t.Fatalf("%s in %s: got %s, want %s\n%+v", at, zone, name(s, got), want, s)
			}
		}
	})
}

func TestACutIsTheSumOfItsSeconds(t *testing.T) {
	several := 0
	rapid.Check(t, func(t *rapid.T) {
		even := evenly(t)
		zone := location(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		begin := anyInstant(even, zone)
		s := anySet(even, begin)
		c, err := s.Clock(zone)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		// Mostly over what may be a change.
		seconds := 1 + even.IntN([]int{100, 20_000}[even.IntN(2)])
		_, until := c.At(begin.UnixNano())
		begin = time.Unix(0, until-even.Int64N(int64(seconds)*1e9)).UTC()
		if begin.Year() < 1970 || begin.Add(time.Duration(seconds)*time.Second).Year() > 2199 {
			return
		}
		var want, got []string
		for k := range seconds {
			name, _ := twin(s, begin.Add(time.Duration(k)*time.Second), zone)
			want = append(want, name)
		}
		last := -1
		c.Cut(begin.UnixNano(), uint64(seconds), func(b uint8, n uint64) bool {
			if int(b) == last || n == 0 {
				t.Fatalf("%d seconds of %s after band %d", n, name(s, b), last)
			}
			last = int(b)
			got = append(got, slices.Repeat([]string{name(s, b)}, int(n))...)
			return true
		})
		if len(slices.Compact(slices.Clone(want))) > 1 {
			several++
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d seconds from %s in %s (-want +got):\n%s\n%+v", seconds, begin, zone, diff, s)
		}
	})
	if several < 5 {
		t.Errorf("%d calls lay in several bands: the property says little", several)
	}
}

// twinGap walks all days that a calendar may show, at the seconds where a gap
// can begin.
func twinGap(s band.Set) bool {
	seconds := map[int]bool{0: true}
	years := map[int]bool{2201: true, 2204: true} // stand for those that no window can name
	kinds := band.Sunday
	for _, w := range s.Windows {
		if w.To < band.EndOfDay {
			seconds[int(w.To)] = true
		}
		for _, y := range w.Years {
			years[y] = true
		}
	}
	for _, d := range s.Dates {
		if d.As == band.Holiday {
			kinds = band.Holiday
		}
	}
	for year := range years {
		for day := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
			for kind := band.Monday; kind <= kinds; kind++ {
				for second := range seconds {
					if _, held := walk(s, year, day.Month(), day.Day(), kind, second); !held {
						return true
					}
				}
			}
		}
	}
	return false
}

// anyPartition covers the days by windows that each lack what others have, and
// then loses something, or not.
func anyPartition(even *rand.Rand) band.Set {
	noon := band.TimeOfDay(even.IntN(86399) + 1)
	always := band.Window{Band: "a", To: band.EndOfDay}
	windows := []band.Window{always}
	part := func(edit func(yes, no *band.Window)) {
		i := even.IntN(len(windows))
		yes, no := windows[i], windows[i]
		edit(&yes, &no)
		windows[i] = yes
		windows = append(windows, no)
	}
	for range 1 + even.IntN(4) {
		switch even.IntN(5) {
		case 0:
			part(func(yes, no *band.Window) {
				if yes.From < noon && noon < yes.To {
					yes.To, no.From = noon, noon
				}
			})
		case 1:
			part(func(yes, no *band.Window) {
				yes.Days = []band.Day{band.Saturday, band.Sunday, band.Holiday}[:2+even.IntN(2)]
				no.Days = []band.Day{band.Monday, band.Tuesday, band.Wednesday, band.Thursday, band.Friday, band.Holiday}[:5+even.IntN(2)]
			})
		case 2:
			part(func(yes, no *band.Window) {
				yes.Months, no.Months = []int{2, 12}, []int{1, 3, 4, 5, 6, 7, 8, 9, 10, 11}
			})
		case 3:
			part(func(yes, no *band.Window) {
				yes.MonthDays, no.MonthDays = []int{-1, -2, -3}, nil
				for d := 1; d <= 25+even.IntN(4); d++ {
					no.MonthDays = append(no.MonthDays, d)
				}
			})
		case 4:
			part(func(yes, no *band.Window) { yes.Years = []int{2026, 2028}[:1+even.IntN(2)] })
		}
	}
	if even.IntN(3) == 0 {
		i := even.IntN(len(windows))
		windows = slices.Delete(windows, i, i+1)
	}
	if len(windows) == 0 {
		windows = []band.Window{always}
	}
	even.Shuffle(len(windows), func(i, j int) { windows[i], windows[j] = windows[j], windows[i] })
	s := band.Set{Names: []string{"a"}, Windows: windows}
	if even.IntN(2) == 0 {
		s.Dates = []band.Date{{On: band.On{Month: 12, Day: 25}, As: band.Holiday}}
	}
	return s
}

func TestValidateAgreesWithAWalkOverTheCalendar(t *testing.T) {
	met := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		s := anyPartition(evenly(t))
		gap := twinGap(s)
		met[gap]++
		if err := s.Validate(); (err != nil) != gap {
			t.Fatalf("the twin finds a gap: %v, Validate: %v\n%+v", gap, err, s)
		}
	})
	if met[true] < 10 || met[false] < 10 {
		t.Errorf("%d sets with a gap and %d without were met: the property says little", met[true], met[false])
	}
}

// FuzzSet: a text is no set, or is refused, or is written as one that reads the
// same and whose clock agrees with the twin.
func FuzzSet(f *testing.F) {
	f.Add(uk, int64(1_793_880_000), "Europe/London")
	f.Add(halves("01:30"), int64(1_792_886_400), "Europe/London")
	f.Add(`{"zone":"Pacific/Apia","split":true,"names":["x","y"],"windows":[{"band":"x","days":["holiday"],"from":"00:00","to":"24:00"},`+
		`{"band":"y","from":"00:00","to":"24:00"}],"dates":[{"on":"12-31","as":"holiday"},{"on":"2011-12-29","as":"sun"}]}`, int64(1_325_239_200), "UTC")
	f.Add(window(`{"band": "a", "from": "00:00", "to": "24:00", "month_days": [-1]}`, `{"band": "a", "from": "00:00", "to": "24:00"}`), int64(1_861_833_600), "Australia/Lord_Howe")
	f.Add(window(`{"band": "a", "from": "00:00", "to": "23:59:59", "years": [2026], "months": [2]}`), int64(0), "")
	f.Fuzz(func(t *testing.T, text string, second int64, zone string) {
		var s band.Set
		if json.Unmarshal([]byte(text), &s) != nil {
			return
		}
		customer, err := time.LoadLocation(zone)
		if err != nil {
			return
		}
		invalid := s.Validate()
		c, err := s.Clock(customer)
		if (invalid == nil) != (err == nil) {
			t.Fatalf("Validate: %v, Clock: %v", invalid, err)
		}
		if err != nil {
			if len(err.Error()) > 4000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		first, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again band.Set
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, first)
		}
		if second, err := json.Marshal(again); err != nil || string(second) != string(first) {
			t.Fatalf("written %s, then %s (%v)", first, second, err)
		}
		if s.Zone != "" {
			customer = location(t, s.Zone)
		}
		second = min(max(second, 0), 7_258_118_399)
		for _, at := range []int64{second, max(second-3601, 0), second / 2} {
			b, until := c.At(at * 1e9)
			want, held := twin(s, time.Unix(at, 0), customer)
			if !held || name(s, b) != want || until <= at*1e9 {
				t.Fatalf("at %d: got %s until %d, want %s (%v)", at, name(s, b), until, want, held)
			}
		}
	})
}
