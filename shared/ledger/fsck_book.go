package ledger

import (
	"context"
	"slices"
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
	types    map[string][]*book.CallType // by prefix
}

type ownAccount struct {
	book.Account
	supplier    bool
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
		cards: map[string]book.Card{}, plans: map[string]bundle.Plan{}, types: map[string][]*book.CallType{},
	}
	for _, cycle := range decoded.Cycles {
		if b.zones[cycle.ID], err = time.LoadLocation(cycle.Zone); err != nil {
			return nil, err // NewIndex could
		}
	}
	for _, a := range decoded.Accounts {
		b.accounts[a.ID] = &ownAccount{Account: a, supplier: b.suppliers(a.Cycle)}
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
	for i := range decoded.CallTypes {
		for _, prefix := range decoded.CallTypes[i].Prefixes {
			b.types[prefix] = append(b.types[prefix], &decoded.CallTypes[i])
		}
	}
	c.books[ref.Name] = b
	return b, nil
}

// suppliers reports whether a cycle is of suppliers.
func (b *ownBook) suppliers(cycle string) bool {
	return slices.ContainsFunc(b.book.Cycles, func(c book.Cycle) bool { return c.ID == cycle && c.Kind == book.Suppliers })
}

// place returns the period that a charge for usage falls in.
func (b *ownBook) place(feed *book.Feed, account string, role call.Role, at time.Time) Key {
	cycle := feed.Cycle
	if a := b.accounts[account]; a != nil && a.supplier == (role == call.Supplier) {
		cycle = a.Cycle
	}
	return Key{cycle, period.Of(at, b.zones[cycle])}
}
