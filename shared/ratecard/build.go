package ratecard

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// Build returns the customer card's rates: the provider's, in their order,
// with their prices marked up. A blocked rate stays, blocked and without a
// price, so that it still wins as the longest match (ConnexCS status Blocked).
//
// What a markup changes, and what it leaves:
//
//	                                  25%   +0.01   =0.05
//	price 1, price N, price per call  yes   yes     yes
//	tiers of the quantity             yes   yes     yes
//	events of tiers                   yes   no      no
//	fee, access, min and max charge   no    no      no
//
// With a markup of their own for events that one counts for events of tiers and
// for connection fees over 0, whatever its kind; amounts are for one of them.
//
// The amounts are for a minute of voice, or for a call, a message, a piece,
// 1,000,000 bytes, whichever the price is for: a price for another length is
// made one for these first. Events are left by amounts because they are what a
// fee is in a rate with tiers (Kolmisoft makes events of connection fees). A
// price that is never charged is not marked up: price N of one flat block, say.
// Everything else passes unchanged: names, intervals, and what a row holds for.
//
// A markup that fails yields an error naming the prefix, and Build goes on, so
// that all of them can be listed; an error of rows ends it.
func Build(rows iter.Seq2[rating.Rate, error], m Markups) iter.Seq2[rating.Rate, error] {
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

func markUp(r rating.Rate, m Markups) (rating.Rate, error) {
	if r.Blocked {
		r.Price1, r.PriceN, r.Tiers = 0, 0, nil
		return r, nil
	}
	err := m.rate(&r)
	if err != nil {
		if r.Service != "" {
			return rating.Rate{}, fmt.Errorf("service %q, %w", r.Service, err)
		}
		return rating.Rate{}, fmt.Errorf("prefix %q, %w", r.Prefix, err)
	}
	return r, nil
}

// rate marks the prices of r up.
func (m Markups) rate(r *rating.Rate) (err error) {
	if m.Events != (Markup{}) && r.ConnectionFee > 0 {
		if r.ConnectionFee, err = m.Events.Apply(r.ConnectionFee); err != nil {
			return fmt.Errorf("connection fee: %w", err)
		}
	}
	if len(r.Tiers) > 0 {
		return m.tiers(r)
	}
	charged1 := r.Per == rating.PerCall || r.Interval1 > 0 || r.IntervalN > 0
	chargedN := r.Per != rating.PerCall && (r.IntervalN > 0 || r.PriceN > 0)
	if !charged1 && !chargedN {
		return nil // only the connection fee is ever charged
	}
	if m.Prices.isAmount() && r.Per != rating.PerCall {
		if err := usualUnit(r.Kind, r.Per, &r.Price1, &r.PriceN); err != nil {
			return err
		}
		r.Per = 0
	}
	if charged1 {
		if r.Price1, err = m.Prices.Apply(r.Price1); err != nil {
			return fmt.Errorf("price 1: %w", err)
		}
	}
	if chargedN {
		if r.PriceN, err = m.Prices.Apply(r.PriceN); err != nil {
			return fmt.Errorf("price N: %w", err)
		}
	}
	return nil
}

func (m Markups) tiers(r *rating.Rate) (err error) {
	r.Tiers = slices.Clone(r.Tiers) // the provider's stay as they are
	for i := range r.Tiers {
		t := &r.Tiers[i]
		markup := m.Prices
		if t.Event {
			markup = m.tierEvents()
		} else if m.Prices.isAmount() {
			if err := usualUnit(r.Kind, cmp.Or(t.Per, r.Per), &t.Price); err != nil {
				return fmt.Errorf("tier %d: %w", i+1, err)
			}
			t.Per = 0
		}
		if t.Price, err = markup.Apply(t.Price); err != nil {
			return fmt.Errorf("tier %d: %w", i+1, err)
		}
	}
	if m.Prices.isAmount() {
		r.Per = 0
	}
	return nil
}

// usualUnit turns prices for per units (0: as usual) into prices for what an
// amount is added to, exactly.
func usualUnit(k call.Kind, per uint32, prices ...*money.Price) error {
	usual := rating.DefaultPer(k)
	if per == 0 || per == usual {
		return nil
	}
	for _, p := range prices {
		down, errDown := p.Amount().MulDiv(uint64(usual), uint64(per), money.PriceDecimals, money.Down)
		up, errUp := p.Amount().MulDiv(uint64(usual), uint64(per), money.PriceDecimals, money.Up)
		if err := errors.Join(errDown, errUp); err != nil {
			return fmt.Errorf("price %s for %d: %w", *p, per, err)
		}
		if !up.Equal(down) {
			return fmt.Errorf("price %s for %d is no price for %d: %w", *p, per, usual, money.ErrInexact)
		}
		exact, err := money.PriceOf(down)
		if err != nil {
			return fmt.Errorf("price %s for %d: %w", *p, per, err)
		}
		*p = exact
	}
	return nil
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
