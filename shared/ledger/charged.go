package ledger

import (
	"context"
	"fmt"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
)

// ChargedMonth is what the records of a period are charged, for those who ask
// what other prices would make of them. What it was made of is immutable.
type ChargedMonth struct {
	Key    Key
	Counts MonthCounts // of what Each gives

	ledger *Ledger
	result *Result
}

// Charge is one charge of a record, as its month has it.
type Charge struct {
	*call.Row        // valid during the call; its Batch is a place for ChargedMonth.Batch
	Image     string // the card image that it was priced under; empty: by none
}

// ChargedMonth returns the charges of a period: of what was issued for it, or,
// before it is closed, of a fold of what is known now.
func (l *Ledger) ChargedMonth(ctx context.Context, key Key) (*ChargedMonth, error) {
	r, err := l.issuedOrFolded(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("the charges of %s: %w", key, err)
	}
	r.Accounts = nil // several months may be held
	return &ChargedMonth{Key: key, Counts: r.Counts, ledger: l, result: r}, nil
}

// issuedOrFolded returns what a period was issued by, or a fold of it now.
func (l *Ledger) issuedOrFolded(ctx context.Context, key Key) (*Result, error) {
	p, err := l.Period(ctx, key)
	if err != nil {
		return nil, err
	}
	if p.Basis.IsZero() {
		return l.Fold(ctx, key)
	}
	return l.result(ctx, p.Basis)
}

// BookName names the book by which the month is priced: equal ones are one book.
func (m *ChargedMonth) BookName() string { return m.result.Book.Name }

// Book returns the book by which the month is priced: the caller's own copy.
func (m *ChargedMonth) Book(ctx context.Context) (*book.Book, error) {
	b, err := m.ledger.loadBook(ctx, m.result.Book)
	if err != nil {
		return nil, fmt.Errorf("the book of %s: %w", m.Key, err)
	}
	return b, nil
}

// Batches returns how many places of batches there are.
func (m *ChargedMonth) Batches() int { return len(m.result.Manifest.Entries) }

// Batch returns the batch at a place, and its revision.
func (m *ChargedMonth) Batch(place int) (id string, rev int64) {
	e := m.result.Manifest.Entries[place]
	return e.Batch, e.Rev
}

// Each calls f with every charge of the month once, whatever became of it:
// duplicates, superseded and unrated ones, too.
func (m *ChargedMonth) Each(ctx context.Context, f func(*Charge) error) error {
	var counts MonthCounts
	var c Charge
	rows := m.ledger.outcomes(ctx, m.result)
	for range m.Counts.Rows {
		r, err := rows.next()
		if err != nil {
			return err
		}
		if int64(r.Batch) >= int64(m.Batches()) {
			return fmt.Errorf("part %s: a row names a batch that is not there: %w", rows.part.ref.Name, ErrDamaged)
		}
		counts.count(r.Status)
		c.Row = r
		if c.Image, err = rows.part.image(r); err != nil {
			return err
		}
		if err := f(&c); err != nil {
			return err
		}
	}
	if counts != m.Counts {
		return fmt.Errorf("%s should have the charges %+v and has %+v: %w", m.Key, m.Counts, counts, ErrDamaged)
	}
	return nil
}

// Pricers are the cards of stored images, opened once each as long as all of
// them fit into a bound. They are for one goroutine.
type Pricers struct{ p *pricer }

// NewPricers returns the cards of stored images.
func (l *Ledger) NewPricers() Pricers { return Pricers{newPricer(nil, l.buckets.Cards)} }

// Of returns the pricer of an image. It is not to be kept: the next call may
// let it go.
func (p Pricers) Of(ctx context.Context, image string) (*rating.Pricer, error) {
	return p.p.card(ctx, image)
}
