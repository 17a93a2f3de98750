package simulation

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/oracle"
	"github.com/tollbook/tollbook/tests/twin"
	"github.com/tollbook/tollbook/tests/twin/product"
)

// setup tells the product what the oracle is told, without the changes that
// are still to come.
func (w *world) setup(ctx context.Context, l *ledger.Ledger) error {
	var s ledger.Setup
	for _, id := range sorted(w.settings.Zones) {
		c := book.Cycle{ID: id, Zone: w.settings.Zones[id]}
		if w.settings.Suppliers[id] {
			c.Kind = book.Suppliers
		}
		s.Cycles = append(s.Cycles, c)
	}
	for _, id := range sorted(w.settings.Feeds) {
		if m, ok := w.mends[id]; !ok {
			s.Feeds = append(s.Feeds, w.feed(id, w.settings.Feeds[id], "UTC"))
		} else if m.zone != "" {
			s.Feeds = append(s.Feeds, w.feed(id, w.first.feed(w.settings, id), m.zone))
		}
	}
	s.Numbers = numbersOf(w.first.known(w.settings))
	for _, id := range sorted(w.settings.Cards) {
		n := len(w.settings.Cards[id])
		for _, c := range w.changes {
			if c.card == id {
				n = c.revision - 1
			}
		}
		card, err := w.card(ctx, l, id, n)
		if err != nil {
			return err
		}
		s.Cards = append(s.Cards, card)
	}
	for _, id := range sorted(w.settings.Accounts) {
		a := w.settings.Accounts[id]
		s.Accounts = append(s.Accounts, book.Account{ID: id, Cycle: a.Cycle, Currency: a.Currency, Parent: a.Parent})
		for i := range a.Cards {
			if !w.comes(func(c change) bool { return c.assignment == &a.Cards[i] }) {
				s.Assignments = append(s.Assignments, assignmentOf(id, a.Cards[i]))
			}
		}
		for _, f := range a.Features {
			feature, plan := featureOf(id, f)
			s.Features = append(s.Features, feature)
			if f.Grants {
				s.Plans = append(s.Plans, plan)
			}
		}
	}
	for i, t := range w.settings.CallTypes {
		if !w.comes(func(c change) bool { return c.callType == &w.settings.CallTypes[i] }) {
			s.CallTypes = append(s.CallTypes, callTypeOf(t))
		}
	}
	for i, f := range w.settings.Fallbacks {
		if !w.comes(func(c change) bool { return c.fallback == &w.settings.Fallbacks[i] }) {
			s.Fallbacks = append(s.Fallbacks, fallbackOf(f))
		}
	}
	return l.Apply(ctx, s)
}

// mend sets a feed up as it should have been, and the numbers.
func (w *world) mend(ctx context.Context, l *ledger.Ledger, feed string) error {
	return l.Apply(ctx, ledger.Setup{Feeds: []book.Feed{w.feed(feed, w.settings.Feeds[feed], "UTC")}, Numbers: numbersOf(w.settings.Numbers)})
}

// comes reports whether one of the changes that come later is such.
func (w *world) comes(is func(change) bool) bool { return slices.ContainsFunc(w.changes, is) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// apply makes one of the changes that come later.
func (w *world) apply(ctx context.Context, l *ledger.Ledger, c change) error {
	switch {
	case c.assignment != nil:
		return l.Apply(ctx, ledger.Setup{Assignments: []book.Assignment{assignmentOf(c.account, *c.assignment)}})
	case c.callType != nil:
		return l.Apply(ctx, ledger.Setup{CallTypes: []book.CallType{callTypeOf(*c.callType)}})
	case c.fallback != nil:
		return l.Apply(ctx, ledger.Setup{Fallbacks: []book.Fallback{fallbackOf(*c.fallback)}})
	}
	card, err := w.card(ctx, l, c.card, c.revision)
	if err != nil {
		return err
	}
	return l.Apply(ctx, ledger.Setup{Cards: []book.Card{card}})
}

// card stores the images of a card's first n revisions.
func (w *world) card(ctx context.Context, l *ledger.Ledger, id string, n int) (book.Card, error) {
	card := book.Card{ID: id, Images: map[string]string{}}
	recorded := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, rev := range w.settings.Cards[id][:n] {
		image, err := rating.BuildImage(termsOf(w.currencies[id], rev.Terms), ratesOf(rev.Rates))
		if err != nil {
			return card, err
		}
		name, err := l.StoreImage(ctx, image)
		if err != nil {
			return card, err
		}
		card.Images[strconv.Itoa(i+1)] = name
		a := ratecard.Activation{Revision: i + 1, RecordedAt: recorded.AddDate(0, 0, i)}
		if rev.From != math.MinInt64 {
			a.From = time.Unix(0, rev.From).UTC()
		}
		if card.Log, err = card.Log.Append(a); err != nil {
			return card, err
		}
	}
	return card, nil
}

func termsOf(currency string, t twin.Terms) rating.Terms {
	t.Currency = currency
	return must(product.Terms(t))
}

func ratesOf(rates []twin.Rate) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		for _, r := range rates {
			if !yield(product.Rate(r)) {
				return
			}
		}
	}
}

func featureOf(account string, f oracle.Feature) (bundle.Feature, bundle.Plan) {
	plan := bundle.Plan{ID: fmt.Sprintf("plan-%s-%s", account, f.ID), Minutes: uint64(f.Minutes), RoundBy: uint32(f.RoundBy)}
	out := bundle.Feature{
		ID: f.ID, Account: account, Count: uint64(f.Count), Multiplier: uint64(f.Multiplier), Start: must(period.ParseDate(f.Start)),
		Recurring: must(money.Parse(f.Recurring)), ProrateAllowance: f.Prorate,
	}
	if f.End != "" {
		out.End = must(period.ParseDate(f.End))
	}
	if f.Grants {
		out.Plan = plan.ID
	}
	return out, plan
}
