package ledger

import (
	"context"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// ownBook is a pinned book with look-ups of fsck's own.
type ownBook struct {
	book     *book.Book
	index    *book.Index // only to read feeds by
	zones    map[string]*time.Location
	accounts map[string]*ownAccount
	cards    map[string]book.Card
	plans    map[string]bundle.Plan
}

type ownAccount struct {
	book.Account
	assignments []book.Assignment
	features    []bundle.Feature
}

// book loads a pinned book once; nil when it is damaged, which is then named.
func (c *checker) book(ctx context.Context, ref Ref) (*ownBook, error) {
	if b, ok := c.books[ref.Name]; ok {
		return b, nil
	}
	c.books[ref.Name] = nil
	data, err := loadHashed(ctx, c.ledger.buckets.Rated, ref)
	if err != nil {
		return nil, c.blame("book", ref.Name, err)
	}
	decoded, err := book.Decode(data)
	if err != nil {
		c.add("book", ref.Name, "%v", err)
		return nil, nil
	}
	index, err := book.NewIndex(decoded)
	if err != nil {
		c.add("book", ref.Name, "%v", err)
		return nil, nil
	}
	b := &ownBook{
		book: decoded, index: index, zones: map[string]*time.Location{}, accounts: map[string]*ownAccount{},
		cards: map[string]book.Card{}, plans: map[string]bundle.Plan{},
	}
	for _, cycle := range decoded.Cycles {
		if b.zones[cycle.ID], err = time.LoadLocation(cycle.Zone); err != nil {
			return nil, err // NewIndex could
		}
	}
	for _, a := range decoded.Accounts {
		b.accounts[a.ID] = &ownAccount{Account: a}
	}
	for _, a := range decoded.Assignments {
		b.accounts[a.Account].assignments = append(b.accounts[a.Account].assignments, a)
	}
	for _, f := range decoded.Features {
		b.accounts[f.Account].features = append(b.accounts[f.Account].features, f)
	}
	for _, card := range decoded.Cards {
		b.cards[card.ID] = card
	}
	for _, p := range decoded.Plans {
		b.plans[p.ID] = p
	}
	c.books[ref.Name] = b
	return b, nil
}

// place returns the period that usage falls in.
func (b *ownBook) place(feed *book.Feed, account string, at time.Time) Key {
	cycle := feed.Cycle
	if a := b.accounts[account]; a != nil {
		cycle = a.Cycle
	}
	return Key{cycle, period.Of(at, b.zones[cycle])}
}

// image returns the card image for an account's usage at an instant.
func (b *ownBook) image(account string, at time.Time) (string, call.Reason) {
	a := b.accounts[account]
	if a == nil {
		return "", call.NoAccount
	}
	month, card, since := period.Of(at, b.zones[a.Cycle]), "", period.Month{}
	for _, s := range a.assignments {
		if s.From.Compare(month) <= 0 && (card == "" || s.From.Compare(since) >= 0) {
			card, since = s.Card, s.From
		}
	}
	revision, from := 0, time.Time{} // the zero time is the card's beginning
	for _, live := range b.cards[card].Log {
		if !live.From.After(at) && !live.From.Before(from) {
			revision, from = live.Revision, live.From
		}
	}
	if image := b.cards[card].Images[strconv.Itoa(revision)]; image != "" {
		return image, ""
	}
	return "", call.NoCard
}
