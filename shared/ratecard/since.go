package ratecard

import (
	"iter"
	"math"
)

// keys yields the time of each key, in their order; valid until the next.
func (r *Rates) keys() iter.Seq[*slot] {
	return func(yield func(*slot) bool) {
		if r.rows.len == 0 {
			return
		}
		ranks, _ := r.pool.ranks()
		var k slot
		all := r.cursor(ranks, nil)
		for code, ok := all.code(); ok; code, ok = all.code() {
			for rows := all.take(code); len(rows) > 0; {
				n := sameKeys(rows, &rows[0])
				k.load(r, rows[:n])
				if rows = rows[n:]; !yield(&k) {
					return
				}
			}
		}
	}
}

// Since returns what of the rates counts from an instant on, for a revision that
// is live from then: what has ended by then is left out, and what has begun has
// no begin. at is in Unix nanoseconds; math.MinInt64 leaves out nothing. They come
// by prefix, what they are for and instant, so that equal rates are equal in any
// order.
func (r *Rates) Since(at int64) *Rates {
	out := &Rates{pool: r.pool}
	for k := range r.keys() {
		// Of rows that have begun the last one holds; an earlier one may again, after it.
		for _, s := range k.spans {
			if s.to <= at {
				continue
			}
			if s.from <= at {
				s.from = math.MinInt64
			}
			out.rows.add(r.pool.row(&s.packed))
		}
	}
	return out
}
