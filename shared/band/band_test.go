package band_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of this Go release, whatever the machine has

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/band"
)

// uk is how a UK operator prices by time: Daytime from 7 to 19 on weekdays, the
// rest of them Evening, and all of the Weekend.
const uk = `{
	"names": ["Daytime", "Evening", "Weekend"],
	"windows": [
		{"band": "Daytime", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "07:00", "to": "19:00"},
		{"band": "Evening", "days": ["mon", "tue", "wed", "thu", "fri"], "from": "00:00", "to": "24:00"},
		{"band": "Weekend", "days": ["sat", "sun"], "from": "00:00", "to": "24:00"}
	]
}`

// halves is a set of a day in two parts.
func halves(at string) string {
	return `{"names": ["early", "late"], "windows": [
		{"band": "early", "from": "00:00", "to": "` + at + `"},
		{"band": "late", "from": "` + at + `", "to": "24:00"}
	]}`
}

func read(t testing.TB, text string) band.Set {
	t.Helper()
	var s band.Set
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func location(t interface{ Fatal(...any) }, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func clock(t testing.TB, s band.Set, zone string) *band.Clock {
	t.Helper()
	c, err := s.Clock(location(t, zone))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func instant(t testing.TB, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

// changes lists the band at from and each change of it before to.
func changes(t testing.TB, s band.Set, zone, from, to string) []string {
	t.Helper()
	c := clock(t, s, zone)
	var out []string
	last := -1
	for at, end := instant(t, from), instant(t, to); at < end; {
		b, until := c.At(at)
		if until <= at {
			t.Fatalf("at %d the next look is at %d", at, until)
		}
		if int(b) != last {
			out = append(out, time.Unix(0, at).UTC().Format(time.RFC3339)+" "+s.Names[b])
		}
		at, last = until, int(b)
	}
	return out
}

func TestEachInstantHasItsBand(t *testing.T) {
	season := `{"names": ["Offer", "Season", "Month end", "Base"], "windows": [
		{"band": "Offer", "years": [2026], "months": [7], "month_days": [4], "from": "00:00", "to": "24:00"},
		{"band": "Season", "months": [7, 8], "from": "08:00", "to": "20:00"},
		{"band": "Month end", "month_days": [-1], "from": "00:00", "to": "24:00"},
		{"band": "Base", "from": "00:00", "to": "24:00"}
	]}`
	for _, c := range []struct {
		name, set, zone, from, to string
		want                      []string
	}{
		{"a week of weekdays and a weekend", uk, "Europe/London", "2026-11-05T00:00:00Z", "2026-11-10T00:00:00Z", []string{
			"2026-11-05T00:00:00Z Evening", "2026-11-05T07:00:00Z Daytime", "2026-11-05T19:00:00Z Evening",
			"2026-11-06T07:00:00Z Daytime", "2026-11-06T19:00:00Z Evening", "2026-11-07T00:00:00Z Weekend",
			"2026-11-09T00:00:00Z Evening", "2026-11-09T07:00:00Z Daytime", "2026-11-09T19:00:00Z Evening",
		}},
		{"local time, not UTC", uk, "America/New_York", "2026-07-10T04:00:00Z", "2026-07-11T05:00:00Z", []string{
			"2026-07-10T04:00:00Z Evening", "2026-07-10T11:00:00Z Daytime", "2026-07-10T23:00:00Z Evening", "2026-07-11T04:00:00Z Weekend",
		}},
		{"months, days of the month from both ends and years", season, "UTC", "2026-07-03T21:00:00Z", "2026-07-05T09:00:00Z", []string{
			"2026-07-03T21:00:00Z Base", "2026-07-04T00:00:00Z Offer", "2026-07-05T00:00:00Z Base", "2026-07-05T08:00:00Z Season",
		}},
		{"another year", season, "UTC", "2027-07-04T00:00:00Z", "2027-07-05T00:00:00Z", []string{
			"2027-07-04T00:00:00Z Base", "2027-07-04T08:00:00Z Season", "2027-07-04T20:00:00Z Base",
		}},
		{"the last day of February", season, "UTC", "2027-02-27T00:00:00Z", "2027-03-02T00:00:00Z", []string{
			"2027-02-27T00:00:00Z Base", "2027-02-28T00:00:00Z Month end", "2027-03-01T00:00:00Z Base",
		}},
		{"the last day of a leap year's February", season, "UTC", "2028-02-28T00:00:00Z", "2028-03-02T00:00:00Z", []string{
			"2028-02-28T00:00:00Z Base", "2028-02-29T00:00:00Z Month end", "2028-03-01T00:00:00Z Base",
		}},
		{"clocks forward in London", halves("01:30"), "Europe/London", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", []string{
			"2026-03-28T23:00:00Z late", "2026-03-29T00:00:00Z early", "2026-03-29T01:00:00Z late", // 01:00 becomes 02:00
		}},
		{"clocks back in London", halves("01:30"), "Europe/London", "2026-10-24T22:30:00Z", "2026-10-25T12:00:00Z", []string{
			"2026-10-24T22:30:00Z late", "2026-10-24T23:00:00Z early", "2026-10-25T00:30:00Z late",
			"2026-10-25T01:00:00Z early", "2026-10-25T01:30:00Z late", // 02:00 becomes 01:00
		}},
		{"clocks forward in New York", halves("03:00"), "America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T03:00:00Z", []string{
			"2026-03-08T05:00:00Z early", "2026-03-08T07:00:00Z late",
		}},
		{"clocks back in New York", halves("01:00"), "America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T06:00:00Z", []string{
			"2026-11-01T04:00:00Z early", "2026-11-01T05:00:00Z late", "2026-11-02T05:00:00Z early",
		}},
		{"half an hour back on Lord Howe", halves("01:45"), "Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05T13:00:00Z", []string{
			"2026-04-04T13:00:00Z early", "2026-04-04T14:45:00Z late", "2026-04-04T15:00:00Z early", "2026-04-04T15:15:00Z late",
		}},
		{"half an hour forward on Lord Howe", halves("02:15"), "Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T12:00:00Z", []string{
			"2026-10-03T13:30:00Z early", "2026-10-03T15:30:00Z late",
		}},
		{"the Friday that Apia left out", uk, "Pacific/Apia", "2011-12-29T17:00:00Z", "2012-01-01T10:00:00Z", []string{
			"2011-12-29T17:00:00Z Daytime", "2011-12-30T05:00:00Z Evening", "2011-12-30T10:00:00Z Weekend",
		}},
		{"an offset with seconds", halves("07:00"), "Africa/Monrovia", "1971-06-01T01:00:00Z", "1971-06-02T01:00:00Z", []string{
			"1971-06-01T01:00:00Z early", "1971-06-01T07:44:30Z late", "1971-06-02T00:44:30Z early",
		}},
		{"midnight shown twice", halves("00:00:30"), "America/St_Johns", "2009-11-01T02:00:00Z", "2009-11-01T12:00:00Z", []string{
			"2009-11-01T02:00:00Z late", "2009-11-01T02:30:00Z early", "2009-11-01T02:30:30Z late", // 00:01 becomes 23:01
			"2009-11-01T03:30:00Z early", "2009-11-01T03:30:30Z late",
		}},
		{"the last day of a leap year", halves("12:00"), "Europe/London", "2096-12-31T00:00:00Z", "2097-01-01T13:00:00Z", []string{
			"2096-12-31T00:00:00Z early", "2096-12-31T12:00:00Z late", "2097-01-01T00:00:00Z early", "2097-01-01T12:00:00Z late",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, changes(t, read(t, c.set), c.zone, c.from, c.to)); diff != "" {
				t.Errorf("bands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADateCountsAsAnotherDay(t *testing.T) {
	set := strings.TrimSuffix(uk, "}") + `, "dates": [
		{"on": "12-25", "as": "sun"},
		{"on": "2026-12-28", "as": "sun"},
		{"on": "2027-12-25", "as": "mon"}
	]}`
	// 25 December 2026 is a Friday; Monday 28 stands in for Saturday's Boxing Day.
	want := []string{
		"2026-12-24T12:00:00Z Daytime", "2026-12-24T19:00:00Z Evening", "2026-12-25T00:00:00Z Weekend",
		"2026-12-29T00:00:00Z Evening", "2026-12-29T07:00:00Z Daytime",
	}
	if diff := cmp.Diff(want, changes(t, read(t, set), "Europe/London", "2026-12-24T12:00:00Z", "2026-12-29T19:00:00Z")); diff != "" {
		t.Errorf("Christmas 2026 (-want +got):\n%s", diff)
	}
	// The date of one year goes before that of every year.
	want = []string{"2027-12-25T00:00:00Z Evening", "2027-12-25T07:00:00Z Daytime", "2027-12-25T19:00:00Z Evening"}
	if diff := cmp.Diff(want, changes(t, read(t, set), "Europe/London", "2027-12-25T00:00:00Z", "2027-12-26T00:00:00Z")); diff != "" {
		t.Errorf("Christmas 2027 (-want +got):\n%s", diff)
	}
}

func TestAHolidayIsNoDayOfTheWeek(t *testing.T) {
	set := read(t, `{"names": ["week", "free", "night"], "windows": [
		{"band": "night", "from": "00:00", "to": "06:00"},
		{"band": "week", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"},
		{"band": "free", "days": ["holiday"], "from": "06:00", "to": "24:00"}
	], "dates": [{"on": "2026-12-25", "as": "holiday"}]}`)
	want := []string{
		"2026-12-24T12:00:00Z week", "2026-12-25T00:00:00Z night", "2026-12-25T06:00:00Z free", "2026-12-26T00:00:00Z night", "2026-12-26T06:00:00Z week",
	}
	if diff := cmp.Diff(want, changes(t, set, "UTC", "2026-12-24T12:00:00Z", "2026-12-26T12:00:00Z")); diff != "" {
		t.Errorf("bands (-want +got):\n%s", diff)
	}
}

func TestTheSetsZoneGoesBeforeTheCustomers(t *testing.T) {
	set, at := read(t, uk), instant(t, "2026-11-05T12:30:00Z") // 07:30 in New York
	for _, c := range []struct{ own, customer, want string }{
		{"", "Europe/London", "Daytime"},
		{"", "Asia/Tokyo", "Evening"},
		{"America/New_York", "Asia/Tokyo", "Daytime"},
		{"Asia/Tokyo", "Europe/London", "Evening"},
	} {
		set.Zone = c.own
		if b, _ := clock(t, set, c.customer).At(at); set.Names[b] != c.want {
			t.Errorf("set in %q, customer in %s: got %s, want %s", c.own, c.customer, set.Names[b], c.want)
		}
	}
	if _, err := set.Clock(nil); err != nil {
		t.Errorf("a set with a zone, a customer without: %v", err)
	}
	set.Zone = ""
	if _, err := set.Clock(nil); err == nil {
		t.Error("no zone at all: got a clock")
	}
}

func TestAClockKeepsTheSetItWasMadeOf(t *testing.T) {
	set := read(t, uk)
	c := clock(t, set, "Europe/London")
	set.Windows[0] = band.Window{Band: "Weekend", From: 0, To: 1}
	if b, _ := c.At(instant(t, "2026-11-05T12:00:00Z")); b != 0 {
		t.Errorf("Thursday noon: got band %d, want 0", b)
	}
}

func TestAnAnswerHoldsUntilTheBandChangesOrTheDayEndsInUTC(t *testing.T) {
	c := clock(t, read(t, uk), "America/New_York")
	for _, v := range []struct{ at, until string }{ // in this order: the second lies just before the first
		{"2026-11-05T12:00:00Z", "2026-11-06T00:00:00Z"},
		{"2026-11-05T11:59:59.999999999Z", "2026-11-05T12:00:00Z"},
		{"2026-11-06T00:00:00Z", "2026-11-06T12:00:00Z"}, // Evening both before and after local midnight
		{"2026-11-07T00:00:00Z", "2026-11-07T05:00:00Z"}, // then the weekend
		{"2026-11-07T05:00:00Z", "2026-11-08T00:00:00Z"},
	} {
		if _, until := c.At(instant(t, v.at)); until != instant(t, v.until) {
			t.Errorf("%s: got until %s, want %s", v.at, time.Unix(0, until).UTC().Format(time.RFC3339Nano), v.until)
		}
	}
}

func TestInstantsOutsideTheYearsHaveTheNearestBand(t *testing.T) {
	c := clock(t, read(t, halves("12:00")), "UTC")
	for _, v := range []struct {
		at    int64
		band  uint8
		until int64
	}{
		{math.MinInt64, 0, instant(t, "1970-01-01T12:00:00Z")},
		{-1, 0, instant(t, "1970-01-01T12:00:00Z")},
		{0, 0, instant(t, "1970-01-01T12:00:00Z")},
		{instant(t, "2199-12-31T23:59:59.999999999Z"), 1, instant(t, "2200-01-01T00:00:00Z")},
		{instant(t, "2200-01-01T00:00:00Z"), 1, math.MaxInt64},
		{math.MaxInt64, 1, math.MaxInt64},
	} {
		if b, until := c.At(v.at); b != v.band || until != v.until {
			t.Errorf("At(%d): got %d until %d, want %d until %d", v.at, b, until, v.band, v.until)
		}
	}
}

type piece struct {
	Band    uint8
	Seconds uint64
}

func cut(c *band.Clock, start int64, seconds uint64) (pieces []piece) {
	c.Cut(start, seconds, func(b uint8, n uint64) bool {
		pieces = append(pieces, piece{b, n})
		return true
	})
	return pieces
}

func TestACallIsCutWhereTheBandChanges(t *testing.T) {
	for _, c := range []struct {
		name, set, zone, start string
		seconds                uint64
		want                   []piece
	}{
		{"within a band", uk, "Europe/London", "2026-11-05T12:00:00Z", 60, []piece{{0, 60}}},
		{"up to the change", uk, "Europe/London", "2026-11-05T18:59:00Z", 60, []piece{{0, 60}}},
		{"a second past it", uk, "Europe/London", "2026-11-05T18:59:00Z", 61, []piece{{0, 60}, {1, 1}}},
		{"the second that begins before the change", uk, "Europe/London", "2026-11-05T18:59:58.5Z", 4, []piece{{0, 2}, {1, 2}}},
		{"over a whole band", uk, "Europe/London", "2026-11-05T06:59:59Z", 12*3600 + 2, []piece{{1, 1}, {0, 12 * 3600}, {1, 1}}},
		{"over midnight in one band", uk, "Europe/London", "2026-11-07T23:00:00Z", 7200, []piece{{2, 7200}}},
		{"the repeated hour", halves("01:30"), "Europe/London", "2026-10-25T00:00:00Z", 7200, []piece{{0, 1800}, {1, 1800}, {0, 1800}, {1, 1800}}},
		{"no seconds", uk, "Europe/London", "2026-11-05T12:00:00Z", 0, nil},
		{"before 1970", halves("12:00"), "UTC", "1969-12-31T23:59:50Z", 12*3600 + 20, []piece{{0, 12*3600 + 10}, {1, 10}}},
		{"past 2199", halves("12:00"), "UTC", "2199-12-31T11:59:59Z", 1_000_000, []piece{{0, 1}, {1, 999_999}}},
		{"without end", halves("12:00"), "UTC", "2199-12-31T12:00:00Z", math.MaxUint64, []piece{{1, math.MaxUint64}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, cut(clock(t, read(t, c.set), c.zone), instant(t, c.start), c.seconds)); diff != "" {
				t.Errorf("pieces (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCuttingStopsWhenItIsTold(t *testing.T) {
	c := clock(t, read(t, uk), "Europe/London")
	calls := 0
	c.Cut(instant(t, "2026-11-05T06:00:00Z"), 48*3600, func(uint8, uint64) bool {
		calls++
		return calls < 2
	})
	if calls != 2 {
		t.Errorf("yield was called %d times, want 2", calls)
	}
}

func TestAClockAllocatesNothingOnceWarm(t *testing.T) {
	c := clock(t, read(t, uk), "Europe/London")
	begin := instant(t, "2026-01-01T00:00:00Z")
	year := func() { // more days than a clock keeps
		for hour := range int64(366 * 24) {
			c.At(begin + hour*int64(time.Hour))
		}
	}
	year()
	if n := testing.AllocsPerRun(2, year); n != 0 {
		t.Errorf("At: %v allocations in a year of hours", n)
	}
	var total uint64
	if n := testing.AllocsPerRun(10, func() {
		c.Cut(begin, 7*24*3600, func(_ uint8, seconds uint64) bool {
			total += seconds
			return true
		})
	}); n != 0 {
		t.Errorf("Cut: %v allocations in a week", n)
	}
}
