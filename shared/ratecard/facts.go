package ratecard

import (
	"maps"
	"slices"

	"github.com/tollbook/tollbook/shared/rating"
)

// Origins returns the groups of callers that rates are for, by their names.
func (r *Rates) Origins() []string {
	if r.pool == nil {
		return nil
	}
	used, names := make([]bool, len(r.pool.rests)), map[string]bool{}
	for i := range r.rows.len {
		at := r.rows.at(i).rest
		if used[at] {
			continue
		}
		used[at] = true
		if name := r.pool.rests[at].Origin; name != "" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// BeginAfter counts the rates that begin after an instant, in Unix nanoseconds.
func (r *Rates) BeginAfter(at int64) (n int) {
	for i := range r.rows.len {
		if r.pool.from(r.rows.at(i)) > at {
			n++
		}
	}
	return n
}

// MarkUp is Build for rates that are packed: it returns what a customer card has
// of a provider's, r itself where that is the same. It calls bad for each rate that
// cannot be marked up; who was told of one has no rates to use.
func (r *Rates) MarkUp(m Markups, bad func(error)) (*Rates, error) {
	if m == (Markups{}) && !r.hasPricedBlocks() {
		return r, nil
	}
	return Collect(func(yield func(rating.Rate, error) bool) {
		for one, err := range Build(r.All(), m) {
			if err != nil {
				bad(err)
			} else if !yield(one, nil) {
				return
			}
		}
	})
}

// hasPricedBlocks reports whether a blocked rate has a price, which no customer's
// has.
func (r *Rates) hasPricedBlocks() bool {
	for i := range r.rows.len {
		row := r.rows.at(i)
		if of := &r.pool.rests[row.rest]; of.Blocked && (row.price1 != 0 || row.priceN != 0 || len(of.Tiers) > 0) {
			return true
		}
	}
	return false
}
