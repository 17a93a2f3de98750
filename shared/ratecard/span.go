package ratecard

import (
	"slices"
	"time"
)

// Span is a time in which one revision is live, half-open; zero times are open.
type Span struct {
	Revision int
	From, To time.Time
}

// Has reports whether an instant lies in the span.
func (s Span) Has(instant time.Time) bool {
	return !instant.Before(s.From) && (s.To.IsZero() || instant.Before(s.To))
}

// Spans returns the times in which revisions are live, in order. They cover all
// time, so what At returns is the revision of the span that has the instant;
// none for an empty log. Of one revision no two touch.
func (l Log) Spans() []Span {
	begins := make([]time.Time, 0, len(l))
	for _, a := range l {
		begins = append(begins, a.From)
	}
	slices.SortFunc(begins, time.Time.Compare)
	begins = slices.CompactFunc(begins, time.Time.Equal)
	out := make([]Span, 0, len(begins))
	last := map[time.Time]int{} // of one instant the later entry counts
	for _, a := range l {
		last[a.From.UTC()] = a.Revision
	}
	for _, from := range begins {
		revision := last[from.UTC()]
		if n := len(out); n > 0 {
			if out[n-1].Revision == revision {
				continue
			}
			out[n-1].To = from
		}
		out = append(out, Span{Revision: revision, From: from})
	}
	return out
}
