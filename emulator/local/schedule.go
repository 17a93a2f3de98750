package local

import (
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/events"
)

// MaxJump is how far the clock can be moved at once, and how far back a
// schedule that was not served is made up for.
const MaxJump = 400 * 24 * time.Hour

// schedule is a function's cron expression and where it stands. The Cloud's
// lock guards it.
type schedule struct {
	function string
	cron     cron.Schedule
	since    time.Time // instants up to here are done
	running  bool      // an instant is on its way
}

// newSchedule returns the schedule of a manifest's entry; nil: it has none.
func newSchedule(e functions.Entry, since time.Time) (*schedule, error) {
	if e.Schedule == "" {
		return nil, nil
	}
	parsed, err := cron.ParseStandard(e.Schedule)
	if err != nil {
		return nil, fmt.Errorf("the schedule of %s: %w", e.Name, err)
	}
	return &schedule{function: e.Name, cron: parsed, since: since.UTC()}, nil
}

// next returns the first instant after since; false: there is none.
func (s *schedule) next() (time.Time, bool) {
	at := s.cron.Next(s.since)
	return at, !at.IsZero()
}

// due returns the instants after since and up to to, oldest first, of each UTC
// day only the last: a run brings everything to the state due at its instant,
// so those between may be left out.
func (s *schedule) due(to time.Time) []time.Time {
	at := s.since
	if oldest := to.Add(-MaxJump); at.Before(oldest) {
		at = oldest.UTC()
	}
	var due []time.Time
	for {
		at = s.cron.Next(at)
		if at.IsZero() || at.After(to) {
			return due
		}
		if n := len(due); n > 0 && day(due[n-1]) == day(at) {
			due[n-1] = at
		} else {
			due = append(due, at)
		}
	}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// firing is an instant and the schedules that are due at it.
type firing struct {
	at        time.Time
	schedules []*schedule
}

// firings merges what is due of all schedules, in order of time, and at one
// instant in the order of the manifest.
func firings(schedules []*schedule, to time.Time) []firing {
	var all []firing
	for _, s := range schedules {
		for _, at := range s.due(to) {
			all = append(all, firing{at, []*schedule{s}})
		}
	}
	slices.SortStableFunc(all, func(a, b firing) int { return a.at.Compare(b.at) })
	var merged []firing
	for _, f := range all {
		if n := len(merged); n > 0 && merged[n-1].at.Equal(f.at) {
			merged[n-1].schedules = append(merged[n-1].schedules, f.schedules...)
		} else {
			merged = append(merged, f)
		}
	}
	return merged
}

// newFiring makes the delivery of a schedule's instant.
func newFiring(function string, at time.Time) (*delivery, error) {
	e, err := events.NewScheduled(events.Scheduled{Job: function, At: at})
	if err != nil {
		return nil, fmt.Errorf("firing the schedule of %s: %w", function, err)
	}
	return &delivery{event: e, key: keyOf(function, "", "", instant(at)), ran: at}, nil
}
