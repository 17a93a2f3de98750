package ratecard

import "math"

// Since returns what of the rates counts from an instant on, for a revision that
// is live from then: what has ended by then is left out, and what has begun has
// no begin. at is in Unix nanoseconds; math.MinInt64 leaves out nothing. They come
// by prefix, what they are for and instant, so that equal rates are equal in any
// order.
func (r *Rates) Since(at int64) *Rates {
	out := &Rates{pool: r.pool, rows: make([]packed, 0, len(r.rows))}
	// Of rows of one key that have begun the last one holds; an earlier one may
	// again, after it.
	ranks, _ := r.pool.ranks()
	var k slot
	rows := r.sorted(ranks)
	for len(rows) > 0 {
		n := sameKeys(rows, &rows[0])
		k.load(r.rows, rows[:n])
		for _, s := range k.spans {
			if s.to <= at {
				continue
			}
			if s.from <= at {
				s.from = math.MinInt64
			}
			out.rows = append(out.rows, s.packed)
		}
		rows = rows[n:]
	}
	return out
}
