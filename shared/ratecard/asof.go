package ratecard

import (
	"iter"
	"maps"
	"slices"

	"github.com/tollbook/tollbook/shared/rating"
)

// AsOf yields the rates that hold at an instant, in Unix nanoseconds, as rates
// that hold at any instant that usage has: what has ended by then and what has not begun is left
// out. Of rows of one prefix the one that began last still goes before the others,
// so that what holds at the instant holds always. It goes through rates twice.
func AsOf(rates iter.Seq2[rating.Rate, error], at int64) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		begun := map[int64]int64{}
		for r, err := range rates {
			if err != nil {
				yield(rating.Rate{}, err)
				return
			}
			if r.From != 0 && holds(&r, at) {
				begun[r.From] = 0
			}
		}
		// Each begin becomes one at the very beginning of 1970, in the same order.
		for i, from := range slices.Sorted(maps.Keys(begun)) {
			begun[from] = 1 + int64(i)
		}
		for r, err := range rates {
			if err != nil {
				yield(rating.Rate{}, err)
				return
			}
			if !holds(&r, at) {
				continue
			}
			r.From, r.To = begun[r.From], 0
			if !yield(r, nil) {
				return
			}
		}
	}
}

// holds reports whether a row holds at an instant, as far as its dates go.
func holds(r *rating.Rate, at int64) bool {
	return (r.From == 0 || r.From <= at) && (r.To == 0 || at < r.To)
}
