package local

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
)

func anOpenClock(t testing.TB, path string, floor time.Time) *clock {
	t.Helper()
	c, err := openClock(path, time.Time{}, floor)
	must(t, err)
	return c
}

func TestTheClockRunsAndKeepsWhereItWasMovedToOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "clock.json")
		c := anOpenClock(t, path, time.Time{})
		began := time.Now().UTC()
		if !c.now().Equal(began) || !c.began().Equal(began) {
			t.Errorf("a new clock shows %s and began at %s, real time is %s", c.now(), c.began(), began)
		}
		to := began.Add(30 * 24 * time.Hour)
		must(t, c.hold(to))
		time.Sleep(time.Hour)
		if !c.now().Equal(to) {
			t.Errorf("a held clock shows %s, want %s", c.now(), to)
		}
		must(t, c.release())
		time.Sleep(time.Minute)
		if want := to.Add(time.Minute); !c.now().Equal(want) {
			t.Errorf("it shows %s, want %s", c.now(), want)
		}
		// No close: the process was killed; and it was off for a day.
		time.Sleep(24 * time.Hour)
		again := anOpenClock(t, path, time.Time{})
		if want := to.Add(24*time.Hour + time.Minute); !again.now().Equal(want) {
			t.Errorf("after a restart it shows %s, want %s", again.now(), want)
		}
		if !again.began().Equal(began) {
			t.Errorf("after a restart it began at %s, want %s", again.began(), began)
		}
	})
}

func TestTheClockNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "clock.json")
		c := anOpenClock(t, path, time.Time{})
		now := c.now()
		must(t, c.hold(now.Add(-time.Hour)))
		if !c.now().Equal(now) {
			t.Errorf("held in the past it shows %s, want %s", c.now(), now)
		}
		must(t, c.release())
		// Real time was set back by a day.
		c.mu.Lock()
		c.saved.offset -= 24 * time.Hour
		c.mu.Unlock()
		if !c.now().Equal(now) {
			t.Errorf("it shows %s, want %s", c.now(), now)
		}
		must(t, c.close())
		if again := anOpenClock(t, path, time.Time{}); again.now().Before(now) {
			t.Errorf("after a restart it shows %s, before %s", again.now(), now)
		}
		// A schedule fired at an instant that the clock was killed before keeping.
		if again := anOpenClock(t, path, now.Add(time.Hour)); again.now().Before(now.Add(time.Hour)) {
			t.Errorf("it shows %s, before the last firing", again.now())
		}
	})
}

func TestAClockThatCannotBeReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clock.json")
	for _, text := range []string{"", "{", `{"offset":"a week"}`} {
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := openClock(path, time.Time{}, time.Time{}); err == nil {
			t.Errorf("%q is read as a clock", text)
		}
	}
}

func aSchedule(t testing.TB, function, cron string, since time.Time) *schedule {
	t.Helper()
	s, err := newSchedule(functions.Entry{Name: function, Schedule: cron}, since)
	must(t, err)
	return s
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func texts(times []time.Time) (out []string) {
	for _, t := range times {
		out = append(out, t.Format(time.RFC3339))
	}
	return out
}

func TestOfEachDayOnlyTheLastDueInstantFires(t *testing.T) {
	for name, test := range map[string]struct {
		cron, since, to string
		want            []string
	}{
		"nothing yet":        {"0 * * * *", "2026-11-20T10:00:00Z", "2026-11-20T10:59:59Z", nil},
		"the target is due":  {"0 * * * *", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z", []string{"2026-11-20T11:00:00Z"}},
		"some of a day":      {"*/10 * * * *", "2026-11-20T10:00:00Z", "2026-11-20T15:05:00Z", []string{"2026-11-20T15:00:00Z"}},
		"into the next days": {"5,35 * * * *", "2026-11-20T10:05:00Z", "2026-11-22T00:10:00Z", []string{"2026-11-20T23:35:00Z", "2026-11-21T23:35:00Z", "2026-11-22T00:05:00Z"}},
		"to midnight":        {"0 * * * *", "2026-11-29T10:00:00Z", "2026-12-01T00:00:00Z", []string{"2026-11-29T23:00:00Z", "2026-11-30T23:00:00Z", "2026-12-01T00:00:00Z"}},
		"monthly":            {"30 2 1 * *", "2026-11-20T10:00:00Z", "2027-02-01T02:29:00Z", []string{"2026-12-01T02:30:00Z", "2027-01-01T02:30:00Z"}},
		"never":              {"0 0 30 2 *", "2026-11-20T10:00:00Z", "2026-12-01T00:00:00Z", nil},
	} {
		if diff := cmp.Diff(test.want, texts(aSchedule(t, "f", test.cron, at(test.since)).due(at(test.to)))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if n := len(aSchedule(t, "f", "*/10 * * * *", at("2020-01-01T00:00:00Z")).due(at("2026-12-01T00:00:00Z"))); n != 401 {
		t.Errorf("%d days are made up for, want those of the last 400 times 24 hours", n)
	}
}

func TestSchedulesFireInOrderOfTimeAndAtOneInstantAsTheManifestHasThem(t *testing.T) {
	since := at("2026-11-29T12:00:00Z")
	all := []*schedule{aSchedule(t, "late", "50 23 * * *", since), aSchedule(t, "hourly", "0 * * * *", since), aSchedule(t, "midnight", "0 0 * * *", since)}
	var got []string
	for _, f := range firings(all, at("2026-12-01T00:00:00Z")) {
		line := f.at.Format(time.RFC3339)
		for _, s := range f.schedules {
			line += " " + s.function
		}
		got = append(got, line)
	}
	want := []string{
		"2026-11-29T23:00:00Z hourly", "2026-11-29T23:50:00Z late", "2026-11-30T00:00:00Z midnight",
		"2026-11-30T23:00:00Z hourly", "2026-11-30T23:50:00Z late", "2026-12-01T00:00:00Z hourly midnight",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestInstantsAreDatesOrOfRFC3339(t *testing.T) {
	for text, want := range map[string]string{
		"2026-12-01":                "2026-12-01T00:00:00Z",
		"2026-12-01T08:30:00Z":      "2026-12-01T08:30:00Z",
		"2026-12-01T08:30:00+02:00": "2026-12-01T06:30:00Z",
	} {
		if got, err := ParseInstant(text); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s is read as %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "tomorrow", "2026-13-01", "2026-12-01 08:30", "1.12.2026"} {
		if _, err := ParseInstant(text); err == nil {
			t.Errorf("%q is read as an instant", text)
		}
	}
}
