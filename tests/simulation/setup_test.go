package simulation

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/cdr"
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
		s.Cycles = append(s.Cycles, book.Cycle{ID: id, Zone: w.settings.Zones[id]})
	}
	for _, id := range sorted(w.settings.Feeds) {
		if m, ok := w.mends[id]; !ok {
			s.Feeds = append(s.Feeds, w.feed(id, "UTC"))
		} else if m.zone != "" {
			s.Feeds = append(s.Feeds, w.feed(id, m.zone))
		}
	}
	for _, id := range sorted(w.settings.Cards) {
		n := len(w.settings.Cards[id])
		for _, c := range w.changes {
			if c.account == "" && c.card == id {
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
		s.Accounts = append(s.Accounts, book.Account{ID: id, Cycle: a.Cycle, Currency: w.currencies[id], Parent: a.Parent})
		for _, month := range sorted(a.Cards) {
			if !w.comes(id, month) {
				s.Assignments = append(s.Assignments, assignment(id, month, a.Cards[month]))
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
	return l.Apply(ctx, s)
}

func (w *world) feed(id, zone string) book.Feed {
	source := cdr.Feed{ID: id, Format: cdr.Generic, Zone: zone}
	if w.settings.Resold[id] {
		source.Charges = []cdr.Further{cdr.Resellers}
	}
	return book.Feed{Source: source, Cycle: w.settings.Feeds[id], Unquoted: w.unquoted[id]}
}

// mend sets a feed up as it should have been.
func (w *world) mend(ctx context.Context, l *ledger.Ledger, feed string) error {
	return l.Apply(ctx, ledger.Setup{Feeds: []book.Feed{w.feed(feed, "UTC")}})
}

func (w *world) comes(account, month string) bool {
	for _, c := range w.changes {
		if c.account == account && c.month == month {
			return true
		}
	}
	return false
}

func assignment(account, month, card string) book.Assignment {
	return book.Assignment{Account: account, From: must(period.ParseMonth(month)), Card: card}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// apply makes one of the changes that come later.
func (w *world) apply(ctx context.Context, l *ledger.Ledger, c change) error {
	if c.account != "" {
		return l.Apply(ctx, ledger.Setup{Assignments: []book.Assignment{assignment(c.account, c.month, c.card)}})
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
