package ratecard

import (
	"cmp"
	"math"
	"slices"
)

// Since returns what of the rates counts from an instant on, for a revision that
// is live from then: what has ended by then is left out, and what has begun has
// no begin. at is in Unix nanoseconds.
func (r *Rates) Since(at int64) *Rates {
	out := &Rates{pool: r.pool}
	if r.rows.len == 0 {
		return out
	}
	// Of rows of one key that have begun the last one holds; an earlier one may
	// again, after it.
	ranks, _ := r.pool.ranks()
	var k slot
	type piece struct {
		row
		place uint32
	}
	var pieces []piece
	all := r.cursor(ranks, nil)
	for code, ok := all.code(); ok; code, ok = all.code() {
		for rows := all.take(code); len(rows) > 0; {
			n := sameKeys(rows, &rows[0])
			k.load(r, rows[:n])
			for _, s := range k.spans {
				if s.to <= at {
					continue
				}
				if s.from <= at {
					s.from = math.MinInt64
				}
				pieces = append(pieces, piece{r.pool.row(&s.packed), uint32(s.place)})
			}
			rows = rows[n:]
		}
	}
	slices.SortStableFunc(pieces, func(x, y piece) int { return cmp.Compare(x.place, y.place) })
	for _, p := range pieces {
		out.rows.add(p.row)
	}
	return out
}
