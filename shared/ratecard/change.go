package ratecard

import (
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/tollbook/tollbook/shared/rating"
)

// Moment says from when on rates are changed. Instants are Unix nanoseconds.
type Moment struct {
	At   int64 // as in Options; what has ended by then is left alone
	From int64 // from then on, later than At; 0 or At: the rates change as a whole, from their own begin
}

// Change yields the commands that change rates, for Apply with the same At: what
// change makes of each rate that it returns true for, for all the time from the
// moment on in which that rate holds. A rate that holds before and after is left
// as it was before it. The lines of commands are the places of the rates, from 1.
// An error of change ends it.
func (r *Rates) Change(m Moment, change func(*rating.Rate) (bool, error)) iter.Seq2[Command, error] {
	return func(yield func(Command, error) bool) {
		at := m.At
		if at == 0 {
			at = math.MinInt64
		}
		from := m.From
		if from == 0 {
			from = at
		}
		if from < at {
			yield(Command{}, errors.New("changing rates from an instant that is past: want none, or a later one"))
			return
		}
		for k := range r.keys() {
			for i := range k.spans {
				s := &k.spans[i]
				if s.to <= from {
					continue
				}
				rate := r.pool.rate(&s.packed)
				ok, err := change(&rate)
				if err != nil {
					yield(Command{}, fmt.Errorf("changing rates: prefix %q: %w", prefixOf(s.code), err))
					return
				}
				// Set finds by its instant what holds then; without one it changes
				// what holds at At as a whole.
				rate.From, rate.To = 0, 0
				switch {
				case s.from > from:
					rate.From = s.from
				case m.From != 0:
					rate.From = m.From
				}
				if s.to != math.MaxInt64 {
					rate.To = s.to
				}
				if ok && !yield(Command{Line: int64(s.place) + 1, Action: Set, Rate: rate}, nil) {
					return
				}
			}
		}
	}
}

// Rate marks up the prices of a rate as Build does; a blocked rate has none and
// is left as it is.
func (m Markups) Rate(r *rating.Rate) error {
	if r.Blocked {
		return nil
	}
	return m.rate(r)
}

// Commands yields commands that are at hand.
func Commands(list []Command) iter.Seq2[Command, error] {
	return func(yield func(Command, error) bool) {
		for _, c := range list {
			if !yield(c, nil) {
				return
			}
		}
	}
}
