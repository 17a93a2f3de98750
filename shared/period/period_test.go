package period_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of this Go release, whatever the machine has

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/period"
	"pgregory.net/rapid"
)

// zones are ordinary ones and those whose clocks did something rare: half-hour
// changes, a skipped midnight, a skipped day, midnight shown twice, offsets
// with seconds, transitions of three hours, winter time as the exception.
var zones = []string{
	"UTC", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe",
	"America/St_Johns", "America/Goose_Bay", "Pacific/Kiritimati", "Pacific/Kwajalein", "Africa/Monrovia", "Antarctica/Casey",
	"Antarctica/Vostok", "America/Danmarkshavn", "Europe/Dublin", "Asia/Beirut", "Asia/Gaza", "Africa/Cairo", "Africa/Casablanca", "Asia/Tehran",
	"America/Havana", "Atlantic/Azores", "Antarctica/Troll", "Pacific/Chatham", "Pacific/Niue", "Asia/Amman", "America/Asuncion",
}

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func at(t interface{ Fatal(...any) }, s string) time.Time {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func date(t interface{ Fatal(...any) }, s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wallOf returns what a clock in the zone shows, as Resolve wants it.
func wallOf(instant time.Time, zone *time.Location) time.Time {
	_, offset := instant.In(zone).Zone()
	return instant.UTC().Add(time.Duration(offset) * time.Second)
}

func dateOf(instant time.Time, zone *time.Location) period.Date {
	y, m, d := instant.In(zone).Date()
	return period.Date{Year: y, Month: m, Day: d}
}

// anyInstant draws instants from 1970 to 2199: most of them within two days
// or two hours of a change of the clocks, as far as the zone has one near.
func anyInstant(zone *time.Location) *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		even := evenly(t)
		year := time.Date(1970+even.IntN(40+190*even.IntN(2)), 1, 1, 0, 0, 0, 0, time.UTC)
		v := year.Add(time.Duration(48+even.IntN(363*24)) * time.Hour)
		if from, _ := v.In(zone).ZoneBounds(); even.IntN(4) > 0 && from.Year() >= 1970 {
			hours := []int{2, 48}[even.IntN(2)]
			v = from.Add(time.Duration(even.IntN(hours*7200)-hours*3600) * time.Second)
		}
		return v.Add(time.Duration(even.IntN(2)) * 500 * time.Millisecond).UTC()
	})
}

// evenly draws a source of evenly spread numbers: rapid's own prefer the small ones,
// which here is 1970.
func evenly(t *rapid.T) *rand.Rand { return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)) }

func anyZone() *rapid.Generator[string] { return rapid.SampledFrom(zones) }

func TestParseMonth(t *testing.T) {
	for in, want := range map[string]period.Month{
		"2026-11": {Year: 2026, Month: time.November}, "1970-01": {Year: 1970, Month: time.January}, "2199-12": {Year: 2199, Month: time.December},
	} {
		if got, err := period.ParseMonth(in); err != nil || got != want || got.String() != in {
			t.Errorf("ParseMonth(%s): got %v, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "2026", "2026-1", "2026-00", "2026-13", "2026-11-01", "26-11", "2026/11", "2026-11 ", " 2026-11", "202611", "+026-11", "-026-11",
		"1969-12", "2200-01", "0000-00", "Nov 2026", "２０２６-11", strings.Repeat("2026-11", 1000),
	} {
		if got, err := period.ParseMonth(in); err == nil || got != (period.Month{}) || len(err.Error()) > 200 {
			t.Errorf("ParseMonth(%.30q): got %v, %v, want a short error", in, got, err)
		}
	}
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]period.Date{
		"2026-02-12": {Year: 2026, Month: time.February, Day: 12}, "2024-02-29": {Year: 2024, Month: time.February, Day: 29},
	} {
		if got, err := period.ParseDate(in); err != nil || got != want || got.String() != in {
			t.Errorf("ParseDate(%s): got %v, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "2026-02", "2026-02-30", "2025-02-29", "2026-00-10", "2026-13-01", "2026-2-1", "12/02/2026", "2026-02-12T00:00:00Z", "2026-02-12 ",
		strings.Repeat("9", 1_000_000),
	} {
		if got, err := period.ParseDate(in); err == nil || got != (period.Date{}) || len(err.Error()) > 200 {
			t.Errorf("ParseDate(%.30q): got %v, %v, want a short error", in, got, err)
		}
	}
}

func TestJSON(t *testing.T) {
	type doc struct {
		Month period.Month
		Date  period.Date
	}
	want := doc{period.Month{Year: 2026, Month: time.July}, period.Date{Year: 2026, Month: time.July, Day: 7}}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"Month":"2026-07","Date":"2026-07-07"}`, string(data)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	var got doc
	if err := json.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("read back: got %v, %v", got, err)
	}
	for _, bad := range []string{`{"Month":"2026-13"}`, `{"Date":"2026-02-30"}`, `{"Month":202607}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil || got != want {
			t.Errorf("%s: got %v, %v, want an error and no change", bad, got, err)
		}
	}
}

func TestMonthArithmetic(t *testing.T) {
	for _, c := range []struct {
		from period.Month
		n    int
		want period.Month
	}{
		{period.Month{Year: 2026, Month: 11}, 1, period.Month{Year: 2026, Month: 12}},
		{period.Month{Year: 2026, Month: 12}, 1, period.Month{Year: 2027, Month: 1}},
		{period.Month{Year: 2026, Month: 1}, -1, period.Month{Year: 2025, Month: 12}},
		{period.Month{Year: 2026, Month: 5}, 0, period.Month{Year: 2026, Month: 5}},
		{period.Month{Year: 2026, Month: 5}, -29, period.Month{Year: 2023, Month: 12}},
		{period.Month{Year: 0, Month: 1}, -1, period.Month{Year: -1, Month: 12}},
		{period.Month{Year: 0, Month: 12}, -12, period.Month{Year: -1, Month: 12}},
		{period.Month{Year: -1, Month: 12}, 1, period.Month{Year: 0, Month: 1}},
		{period.Month{Year: -1, Month: 1}, -1, period.Month{Year: -2, Month: 12}},
	} {
		if got := c.from.Add(c.n); got != c.want || got.Add(-c.n) != c.from {
			t.Errorf("%v + %d months: got %v, want %v", c.from, c.n, got, c.want)
		}
		if c.n == 1 && c.from.Next() != c.want {
			t.Errorf("%v.Next(): got %v", c.from, c.from.Next())
		}
		wantCompare := 0
		if c.n != 0 {
			wantCompare = c.n / max(c.n, -c.n)
		}
		if got := c.want.Compare(c.from); got != wantCompare {
			t.Errorf("%v compared with %v: got %d", c.want, c.from, got)
		}
	}
}

func TestMonthDays(t *testing.T) {
	for in, want := range map[string]int{"2026-02": 28, "2024-02": 29, "2000-02": 29, "2100-02": 28, "2026-12": 31, "2026-11": 30} {
		m, err := period.ParseMonth(in)
		if err != nil {
			t.Fatal(err)
		}
		if m.Days() != want || m.Last().Day != want || m.First().Day != 1 || m.Last().MonthOf() != m || m.First().MonthOf() != m {
			t.Errorf("%s: %d days, %v to %v, want %d", in, m.Days(), m.First(), m.Last(), want)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct{ zone, month, from, to string }{
		{"UTC", "2026-02", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"Europe/London", "2026-03", "2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z"},
		{"Europe/London", "2026-10", "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z"},
		{"America/New_York", "2026-11", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"}, // the clocks change on the 1st
		{"America/Sao_Paulo", "2017-10", "2017-10-01T03:00:00Z", "2017-11-01T02:00:00Z"},
		{"Asia/Kathmandu", "2026-01", "2025-12-31T18:15:00Z", "2026-01-31T18:15:00Z"},
		{"Pacific/Apia", "2011-12", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z"},       // 30 days: the 30th is missing
		{"Pacific/Kiritimati", "1994-12", "1994-12-01T10:00:00Z", "1994-12-31T10:00:00Z"}, // the 31st is missing
		{"Pacific/Kiritimati", "1995-01", "1994-12-31T10:00:00Z", "1995-01-31T10:00:00Z"},
		{"America/Danmarkshavn", "1996-01", "1996-01-01T03:00:00Z", "1996-02-01T00:00:00Z"}, // begins at 03:00
		{"Australia/Lord_Howe", "2026-04", "2026-03-31T13:00:00Z", "2026-04-30T13:30:00Z"},
		{"Australia/Lord_Howe", "2026-10", "2026-09-30T13:30:00Z", "2026-10-31T13:00:00Z"},
		{"America/St_Johns", "2009-11", "2009-11-01T02:30:00Z", "2009-12-01T03:30:00Z"}, // midnight twice: the first
	} {
		t.Run(c.zone+" "+c.month, func(t *testing.T) {
			m, err := period.ParseMonth(c.month)
			if err != nil {
				t.Fatal(err)
			}
			loc := zone(t, c.zone)
			from, to := m.Bounds(loc)
			if !from.Equal(at(t, c.from)) || !to.Equal(at(t, c.to)) {
				t.Errorf("got %s to %s, want %s to %s", from.UTC(), to.UTC(), c.from, c.to)
			}
			for instant, want := range map[time.Time]period.Month{
				from.Add(-1): m.Add(-1), from: m, to.Add(-1): m, to: m.Next(),
			} {
				if got := period.Of(instant, loc); got != want {
					t.Errorf("%s lies in %v, want %v", instant, got, want)
				}
			}
		})
	}
}

// Newfoundland put its clocks back at 00:01, so on 1 November 2009 its clocks
// showed 31 October again: that hour belongs to the month that had begun.
func TestOfWhereAMonthShowsAgain(t *testing.T) {
	loc := zone(t, "America/St_Johns")
	nov := period.Month{Year: 2009, Month: time.November}
	for s, want := range map[string]period.Month{
		"2009-11-01T02:29:59Z": nov.Add(-1), // 31 October, 23:59:59, the first time
		"2009-11-01T02:30:30Z": nov,         // 1 November, 00:00:30
		"2009-11-01T02:31:00Z": nov,         // 31 October, 23:01
		"2009-11-01T03:29:59Z": nov,         // 31 October, 23:59:59
		"2009-11-01T03:30:00Z": nov,         // 1 November, 00:00 again
	} {
		if got := period.Of(at(t, s), loc); got != want {
			t.Errorf("%s (%s there) lies in %v, want %v", s, at(t, s).In(loc), got, want)
		}
	}
}

// Months tile time: each begins where the one before ends, and an instant
// lies in exactly the month that Of says.
func TestMonthsTileTime(t *testing.T) {
	for _, name := range zones {
		loc := zone(t, name)
		_, end := period.Month{Year: period.MinYear, Month: 1}.Bounds(loc)
		for m := (period.Month{Year: period.MinYear, Month: 2}); m.Year <= period.MaxYear; m = m.Next() {
			from, to := m.Bounds(loc)
			if !from.Equal(end) || !to.After(from) {
				t.Fatalf("%s: %v runs from %s to %s, the month before ended at %s", name, m, from, to, end)
			}
			if period.Of(from, loc) != m || period.Of(to.Add(-1), loc) != m {
				t.Fatalf("%s: the ends of %v lie in %v and %v", name, m, period.Of(from, loc), period.Of(to.Add(-1), loc))
			}
			end = to
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, anyZone().Draw(t, "zone"))
		for range 10 {
			instant := anyInstant(loc).Draw(t, "at")
			m := period.Of(instant, loc)
			if from, to := m.Bounds(loc); instant.Before(from) || !instant.Before(to) {
				t.Fatalf("%s in %v, which runs from %s to %s", instant, m, from, to)
			}
		}
	})
}

// Billingbooth, Zuora, co-desk: inclusive days over the days of that period.
func TestProRataDays(t *testing.T) {
	for _, c := range []struct {
		name, month, start, end string
		days, of                int
	}{
		{"from 12 February 2026", "2026-02", "2026-02-12", "", 17, 28},
		{"co-desk: from 20 January", "2026-01", "2026-01-20", "", 12, 31},
		{"Zuora: 15 to 31 January", "2026-01", "2026-01-15", "2026-01-31", 17, 31},
		{"Billingbooth: from 15 October", "2026-10", "2026-10-15", "", 17, 31},
		{"Lago: from 10 July", "2026-07", "2026-07-10", "", 22, 31},
		{"the whole month", "2026-02", "2025-01-01", "2027-01-01", 28, 28},
		{"one day", "2026-02", "2026-02-28", "2026-02-28", 1, 28},
		{"until the 1st", "2026-02", "2025-06-01", "2026-02-01", 1, 28},
		{"leap day", "2024-02", "2024-02-29", "", 1, 29},
		{"starts later", "2026-02", "2026-03-01", "", 0, 28},
		{"ended before", "2026-02", "2025-01-01", "2026-01-31", 0, 28},
		{"ends before it starts", "2026-02", "2026-02-20", "2026-02-10", 0, 28},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := period.ParseMonth(c.month)
			if err != nil {
				t.Fatal(err)
			}
			var end period.Date
			if c.end != "" {
				end = date(t, c.end)
			}
			if got := m.Overlap(date(t, c.start), end); got != c.days || m.Days() != c.of {
				t.Errorf("got %d of %d days, want %d of %d", got, m.Days(), c.days, c.of)
			}
		})
	}
}

func TestDaysInclusive(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"2026-10-15", "2026-10-31", 17}, {"2026-10-15", "2026-10-15", 1}, {"2026-10-16", "2026-10-15", 0},
		{"2024-02-28", "2024-03-01", 3}, {"2026-03-28", "2026-03-30", 3}, {"1970-01-01", "1969-12-31", 0},
		{"0001-01-01", "9999-12-31", 3652059},
	} {
		if got := period.DaysInclusive(date(t, c.a), date(t, c.b)); got != c.want {
			t.Errorf("%s to %s: got %d days, want %d", c.a, c.b, got, c.want)
		}
		if got, want := date(t, c.a).Compare(date(t, c.b)), strings.Compare(c.a, c.b); got != want {
			t.Errorf("%s compared with %s: got %d, want %d", c.a, c.b, got, want)
		}
	}
}

func FuzzParseMonth(f *testing.F) {
	for _, s := range []string{"", "2026-11", "2026-13", "1969-12", "2200-01", "2026-11-01", "+026-11"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := period.ParseMonth(s)
		if err == nil && (m.String() != s || m.Month < 1 || m.Month > 12 || m.Year < period.MinYear || m.Year > period.MaxYear) {
			t.Errorf("%q: got %v", s, m)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"", "2026-02-12", "2026-02-30", "0000-01-01", "9999-12-31", "2026-02-12.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := period.ParseDate(s)
		if err == nil && (d.String() != s || d.Day < 1 || d.Day > d.MonthOf().Days()) {
			t.Errorf("%q: got %v", s, d)
		}
	})
}
