package ratecard

import (
	"fmt"
	"time"
)

// Activation makes a revision live from an instant on.
type Activation struct {
	Revision   int       `doc:"revision" json:"revision"`
	From       time.Time `doc:"from" json:"from,omitzero"` // zero = the card's beginning
	RecordedAt time.Time `doc:"recorded_at" json:"recorded_at"`
}

// Log is a card's activations in the order they were recorded. It only grows.
type Log []Activation

// At returns the revision that is live at an instant: the activation with the
// latest From that is not after it; of equal ones the later entry. ok is false
// only for an empty log.
func (l Log) At(instant time.Time) (revision int, ok bool) {
	var best time.Time
	for _, a := range l {
		if !a.From.IsZero() && a.From.After(instant) {
			continue
		}
		// The beginning is before every instant, also before the year 1.
		if !ok || best.IsZero() || (!a.From.IsZero() && !a.From.Before(best)) {
			best, revision, ok = a.From, a.Revision, true
		}
	}
	return revision, ok
}

// During returns the revision that is live at an instant, as At does, and from
// when until when it is so without a change: a zero time is without end.
func (l Log) During(instant time.Time) (revision int, from, to time.Time, ok bool) {
	for _, a := range l {
		switch {
		case a.From.After(instant):
			if to.IsZero() || a.From.Before(to) {
				to = a.From
			}
		case a.From.After(from):
			from = a.From
		}
	}
	revision, ok = l.At(instant)
	return revision, from, to, ok
}

// Append returns the log with a at its end; l is left as it is. The first
// entry is live from the card's beginning, so it and only it has no From. An
// entry recorded before the last one is an error: the log never rewrites what
// was known.
func (l Log) Append(a Activation) (Log, error) {
	switch {
	case a.Revision < 1:
		return nil, fmt.Errorf("activating revision %d: want 1 or more", a.Revision)
	case a.RecordedAt.IsZero():
		return nil, fmt.Errorf("activating revision %d: want the instant it was recorded", a.Revision)
	case len(l) == 0 && !a.From.IsZero():
		return nil, fmt.Errorf("activating revision %d from %s: the first activation of a card is from its beginning, want no instant",
			a.Revision, a.From.Format(time.RFC3339Nano))
	case len(l) > 0 && a.From.IsZero():
		return nil, fmt.Errorf("activating revision %d from the card's beginning: revision %d is, want an instant",
			a.Revision, l[0].Revision)
	}
	if n := len(l); n > 0 && a.RecordedAt.Before(l[n-1].RecordedAt) {
		return nil, fmt.Errorf("activating revision %d: recorded %s, before the last entry of %s",
			a.Revision, a.RecordedAt.Format(time.RFC3339Nano), l[n-1].RecordedAt.Format(time.RFC3339Nano))
	}
	return append(l[:len(l):len(l)], a), nil
}
