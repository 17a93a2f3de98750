package ratecard

import (
	"cmp"
	"math"
	"slices"
)

// restate finds the rows of a download that say, under the Id of a rate, what the
// card has under it: such a row changes nothing, even where its time is past or
// another rate lies within it. Its instant alone would not tell: rates that have
// been followed by others would take effect once more, now.
func (a *applier) restate(rows, steps []entry) {
	for _, e := range steps {
		s := a.steps.at(int(e.at))
		if !s.is(itself) || s.status != undone {
			continue
		}
		i, ok := slices.BinarySearchFunc(rows, s.row.from, func(row entry, from int64) int { return cmp.Compare(a.card.fromOf(row), from) })
		if !ok {
			continue
		}
		place := int32(rows[i].at)
		row := a.row(place)
		c, ok := a.merge(s, &row)
		if !ok {
			continue // a problem now
		}
		to := row.to
		if s.keeps()&FieldTo == 0 {
			to = s.row.to
		}
		if c == row.content && to == row.to {
			s.place, s.status = place, unchanged
		}
	}
}

// isItself reports whether a command has the Id that its own rate would have: the
// prefix and the instant are still those of the rate that was downloaded.
func isItself(c *Command) bool {
	switch c.Action {
	case Put, Set, SetOrAdd:
	default:
		return false
	}
	n, ok := parseID(c.ID)
	if !ok {
		return false
	}
	from := c.Rate.From
	if from == 0 {
		from = math.MinInt64
	}
	return n == idOf(nil, c.Rate.Prefix, string(appendAsks(nil, &c.Rate)), from)
}
