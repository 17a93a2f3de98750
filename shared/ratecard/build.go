package ratecard

import (
	"fmt"
	"iter"

	"github.com/tollbook/tollbook/shared/rating"
)

// Build returns the customer card's rates: the provider's, in their order,
// with price 1 and price N marked up. Names, intervals and the connection fee
// pass unchanged. A blocked rate stays, blocked and without a price, so that
// it still wins as the longest match (ConnexCS status Blocked). A rate of one
// flat block (interval N 0) has no price N to mark up.
//
// A markup that fails yields an error naming the prefix, and Build goes on, so
// that all of them can be listed; an error of rows ends it.
func Build(rows iter.Seq2[rating.Rate, error], m Markup) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		for r, err := range rows {
			if err != nil {
				yield(rating.Rate{}, fmt.Errorf("reading the provider's rates: %w", err))
				return
			}
			if !yield(markUp(r, m)) {
				return
			}
		}
	}
}

func markUp(r rating.Rate, m Markup) (rating.Rate, error) {
	if r.Blocked {
		r.Price1, r.PriceN = 0, 0
		return r, nil
	}
	if r.Interval1 == 0 && r.IntervalN == 0 {
		return r, nil // only the connection fee is ever charged
	}
	var err error
	if r.Price1, err = m.Apply(r.Price1); err != nil {
		return rating.Rate{}, fmt.Errorf("prefix %q, price 1: %w", r.Prefix, err)
	}
	if r.IntervalN == 0 {
		return r, nil
	}
	if r.PriceN, err = m.Apply(r.PriceN); err != nil {
		return rating.Rate{}, fmt.Errorf("prefix %q, price N: %w", r.Prefix, err)
	}
	return r, nil
}

// Rows yields rates that are at hand.
func Rows(rates []rating.Rate) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		for _, r := range rates {
			if !yield(r, nil) {
				return
			}
		}
	}
}
