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

// Change returns the commands that change rates, for Apply with the same At: what
// change makes of each rate that it returns true for, for all the time from the
// moment on in which that rate holds. A rate that holds before and after is left
// as it was before it. The lines of commands are the places of the rates, from 1.
// An error of rates or of change ends it.
func Change(rates iter.Seq2[rating.Rate, error], m Moment, change func(*rating.Rate) (bool, error)) ([]Command, error) {
	fail := func(err error) ([]Command, error) { return nil, fmt.Errorf("changing rates: %w", err) }
	at := m.At
	if at == 0 {
		at = math.MinInt64
	}
	from := m.From
	switch {
	case from == 0:
		from = at
	case from < at:
		return fail(errors.New("from an instant that is past: want none, or a later one"))
	}
	p := newPool()
	card, err := p.collect(rates, 0)
	if err != nil {
		return fail(err)
	}
	ranks, _ := p.ranks()
	var k slot
	var out []Command
	for rows := card.sorted(ranks); len(rows) > 0; {
		n := sameKeys(rows, &rows[0])
		k.load(card.rows, rows[:n])
		rows = rows[n:]
		for i := range k.spans {
			s := &k.spans[i]
			if s.to <= from {
				continue
			}
			r := p.rate(&s.packed)
			ok, err := change(&r)
			if err != nil {
				return fail(fmt.Errorf("prefix %q: %w", prefixOf(s.code), err))
			}
			if !ok {
				continue
			}
			// Set finds by its instant what holds then; without one it changes what
			// holds at At as a whole.
			r.From, r.To = 0, 0
			switch {
			case s.from > from:
				r.From = s.from
			case m.From != 0:
				r.From = m.From
			}
			if s.to != math.MaxInt64 {
				r.To = s.to
			}
			out = append(out, Command{Line: int64(s.place) + 1, Action: Set, Rate: r})
		}
	}
	return out, nil
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
