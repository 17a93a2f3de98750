package period_test

import (
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/period"
	"pgregory.net/rapid"
)

func TestResolve(t *testing.T) {
	const (
		plain     = period.Plain
		ambiguous = period.Ambiguous
		skipped   = period.Skipped
	)
	for _, c := range []struct {
		zone, wall, want string
		seam             period.Seam
	}{
		{"UTC", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z", plain},
		{"Europe/London", "2026-01-15T12:00:00", "2026-01-15T12:00:00Z", plain},
		{"Europe/London", "2026-07-15T12:00:00", "2026-07-15T11:00:00Z", plain},

		{"Europe/London", "2026-03-29T00:59:59", "2026-03-29T00:59:59Z", plain},
		{"Europe/London", "2026-03-29T01:00:00", "2026-03-29T01:00:00Z", skipped},
		{"Europe/London", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z", skipped}, // 02:30 BST
		{"Europe/London", "2026-03-29T01:59:59", "2026-03-29T01:59:59Z", skipped},
		{"Europe/London", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z", plain},

		{"Europe/London", "2026-10-25T00:59:59", "2026-10-24T23:59:59Z", plain},
		{"Europe/London", "2026-10-25T01:00:00", "2026-10-25T00:00:00Z", ambiguous},
		{"Europe/London", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z", ambiguous},
		{"Europe/London", "2026-10-25T01:59:59", "2026-10-25T00:59:59Z", ambiguous},
		{"Europe/London", "2026-10-25T02:00:00", "2026-10-25T02:00:00Z", plain},

		{"America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z", skipped},
		{"America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", ambiguous},
		{"Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z", skipped}, // half an hour: 02:45
		{"Australia/Lord_Howe", "2026-10-04T02:30:00", "2026-10-03T15:30:00Z", plain},
		{"Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z", ambiguous},
		{"Australia/Lord_Howe", "2026-04-05T01:29:59", "2026-04-04T14:29:59Z", plain},
		{"America/Sao_Paulo", "2017-10-15T00:30:00", "2017-10-15T03:30:00Z", skipped},
		{"Pacific/Apia", "2011-12-29T23:59:59", "2011-12-30T09:59:59Z", plain},
		{"Pacific/Apia", "2011-12-30T00:00:00", "2011-12-30T10:00:00Z", skipped}, // the day that was left out: 31 December
		{"Pacific/Apia", "2011-12-30T23:59:59", "2011-12-31T09:59:59Z", skipped},
		{"Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00Z", plain},
		{"Asia/Kathmandu", "2026-01-01T00:00:00", "2025-12-31T18:15:00Z", plain},
		{"Africa/Monrovia", "1971-01-01T00:00:00", "1971-01-01T00:44:30Z", plain},
		{"Europe/London", "2150-07-01T12:00:00", "2150-07-01T11:00:00Z", plain},
	} {
		t.Run(c.zone+" "+c.wall, func(t *testing.T) {
			got, seam := period.Resolve(at(t, c.wall+"Z"), zone(t, c.zone))
			if !got.Equal(at(t, c.want)) || seam != c.seam {
				t.Errorf("got %s (%d), want %s (%d)", got.UTC().Format(time.RFC3339), seam, c.want, c.seam)
			}
		})
	}
}

// What a clock showed resolves to when it showed it: to that instant or, where
// it showed the same twice, to the earlier of the two. What no clock showed
// moves forward by the gap. Parts of a second are kept.
func TestResolveProperties(t *testing.T) {
	seen := map[period.Seam]int{}
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, anyZone().Draw(t, "zone"))
		for range 40 {
			instant := anyInstant(loc).Draw(t, "at")
			wall := wallOf(instant, loc)
			got, seam := period.Resolve(wall, loc)
			if seam == period.Skipped || !wallOf(got, loc).Equal(wall) || got.After(instant) || seam == period.Plain && !got.Equal(instant) {
				t.Fatalf("%s shows %s: resolved to %s (%d)", instant, wall, got, seam)
			}

			// The hands moved a little: perhaps to where no clock showed them.
			wall = wall.Add(time.Duration(evenly(t).IntN(4*3600)-2*3600) * time.Second)
			got, seam = period.Resolve(wall, loc)
			seen[seam]++
			first, last := showings(wall, loc)
			switch {
			case first.IsZero():
				gap := wallOf(got, loc).Sub(wall)
				start, _ := got.In(loc).ZoneBounds()
				if want := wallOf(start, loc).Sub(wallOf(start.Add(-1), loc)) - 1; seam != period.Skipped || gap != want {
					t.Fatalf("%s never shown: resolved to %s (%d), moved by %s, want %s", wall, got, seam, gap, want)
				}
			case !got.Equal(first) || (seam == period.Ambiguous) != last.After(first) || seam == period.Skipped:
				t.Fatalf("%s shown at %s and last at %s: resolved to %s (%d)", wall, first, last, got, seam)
			}
		}
	})
	for _, seam := range []period.Seam{period.Plain, period.Ambiguous, period.Skipped} {
		if seen[seam] < 10 {
			t.Errorf("seam %d was met %d times: the property says little", seam, seen[seam])
		}
	}
}

// showings returns the first and last instant at which a clock in the zone
// showed wall, by trying every offset that was in force within two days.
func showings(wall time.Time, loc *time.Location) (first, last time.Time) {
	for probe := wall.Add(-48 * time.Hour); !probe.After(wall.Add(48 * time.Hour)); probe = probe.Add(time.Hour) {
		_, offset := probe.In(loc).Zone()
		instant := wall.Add(-time.Duration(offset) * time.Second)
		if !wallOf(instant, loc).Equal(wall) {
			continue
		}
		if first.IsZero() || instant.Before(first) {
			first = instant
		}
		if instant.After(last) {
			last = instant
		}
	}
	return first, last
}

func TestStartOfDay(t *testing.T) {
	for _, c := range []struct{ zone, date, want string }{
		{"UTC", "2026-02-12", "2026-02-12T00:00:00Z"},
		{"Europe/London", "2026-07-07", "2026-07-06T23:00:00Z"},
		{"America/Sao_Paulo", "2017-10-15", "2017-10-15T03:00:00Z"}, // midnight skipped: the day begins at 01:00
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"}, // 23:00 to 24:00 of the 17th twice
		{"Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z"},
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"},   // 00:00 to 01:00 twice
		{"America/St_Johns", "2009-11-01", "2009-11-01T02:30:00Z"}, // midnight, a minute, an hour of the day before, midnight
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"}, // no such day: empty
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
		{"Antarctica/Casey", "2020-10-04", "2020-10-03T16:00:00Z"},
		{"America/Danmarkshavn", "1996-01-01", "1996-01-01T03:00:00Z"}, // begins at 03:00
		{"America/Asuncion", "2023-10-01", "2023-10-01T04:00:00Z"},     // midnight skipped, in a month's first day
	} {
		t.Run(c.zone+" "+c.date, func(t *testing.T) {
			if got := period.StartOfDay(date(t, c.date), zone(t, c.zone)); !got.Equal(at(t, c.want)) {
				t.Errorf("got %s, want %s", got.UTC().Format(time.RFC3339), c.want)
			}
		})
	}
}

// StartOfDay is the first instant that has the date: found here by walking
// minute by minute over days on which clocks changed.
func TestStartOfDayAgainstWalk(t *testing.T) {
	for _, c := range []struct {
		zone, from string
		days       int
	}{
		{"Europe/London", "2026-03-27T00:00:00Z", 4},
		{"Europe/London", "2026-10-23T00:00:00Z", 4},
		{"America/Sao_Paulo", "2017-10-13T00:00:00Z", 4},
		{"America/Sao_Paulo", "2018-02-16T00:00:00Z", 4},
		{"America/St_Johns", "2009-10-30T00:00:00Z", 4},
		{"America/St_Johns", "2010-03-12T00:00:00Z", 4},
		{"America/Havana", "2026-10-30T00:00:00Z", 4},
		{"Asia/Beirut", "2026-03-27T00:00:00Z", 4},
		{"Australia/Lord_Howe", "2026-10-02T00:00:00Z", 4},
		{"Pacific/Apia", "2011-12-28T00:00:00Z", 5},
		{"Pacific/Kwajalein", "1993-08-19T00:00:00Z", 5},
		{"Antarctica/Casey", "2020-10-02T00:00:00Z", 4},
		{"America/Danmarkshavn", "1995-12-30T00:00:00Z", 4},
	} {
		loc, start := zone(t, c.zone), at(t, c.from)
		first := map[period.Date]time.Time{}
		for instant := start; instant.Before(start.Add(time.Duration(c.days) * 24 * time.Hour)); instant = instant.Add(time.Minute) {
			if d := dateOf(instant, loc); first[d].IsZero() {
				first[d] = instant
			}
		}
		delete(first, dateOf(start, loc)) // the walk began inside it
		for d, want := range first {
			if got := period.StartOfDay(d, loc); !got.Equal(want) {
				t.Errorf("%s %v: got %s, want %s", c.zone, d, got, want)
			}
		}
	}
}

func TestStartOfDayProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, anyZone().Draw(t, "zone"))
		for range 20 {
			instant := anyInstant(loc).Draw(t, "at")
			d := dateOf(instant, loc)
			start := period.StartOfDay(d, loc)
			if start.After(instant) || dateOf(start, loc) != d || dateOf(start.Add(-1), loc) == d {
				t.Fatalf("%s lies in %v, which starts at %s", instant.In(loc), d, start.In(loc))
			}
		}
	})
}
