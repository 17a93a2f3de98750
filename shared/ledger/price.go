package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/rating"
)

// pricer prices rows by one book, one by one. It keeps the cards it has opened;
// without a book it is good for that alone.
type pricer struct {
	book    *book.Index
	cards   *cards
	pricers map[string]*rating.Pricer // by image
	of      int                       // the cards' generation
}

func newPricer(ix *book.Index, bucket objects.Bucket) *pricer {
	return &pricer{book: ix, cards: newCards(bucket), pricers: map[string]*rating.Pricer{}}
}

func (p *pricer) card(ctx context.Context, image string) (*rating.Pricer, error) {
	if c, ok := p.pricers[image]; ok {
		return c, nil
	}
	card, err := p.cards.card(ctx, image)
	if err != nil {
		return nil, err
	}
	if g := p.cards.generation(); g != p.of {
		clear(p.pricers)
		p.of = g
	}
	p.pricers[image] = card.NewPricer()
	return p.pricers[image], nil
}

// price sets what the book makes of a row that was read, and returns the card
// image it was priced under: none when no card prices the account.
func (p *pricer) price(ctx context.Context, r *call.Row) (image string, err error) {
	r.Status, r.Reason, r.Prefix, r.Billed = call.Unrated, "", 0, 0
	r.Charge, r.Due, r.Covered = money.Amount{}, money.Amount{}, 0
	r.Flags &^= call.DefaultIncrement | call.NoLRN | call.NoCallerCountry | call.ByLRN
	image, r.Reason = p.book.Image(r.Account, r.At())
	if image == "" {
		return "", nil
	}
	card, err := p.card(ctx, image)
	if err != nil {
		return "", err
	}
	account, _ := p.book.Account(r.Account)
	if err := sameCurrency(card.Card(), account.Currency); err != nil {
		return "", fmt.Errorf("account %q: %w", r.Account, err)
	}
	zone, _ := p.book.Zone(r.Account)
	u := UsageOf(&r.Record, zone)
	c := card.Price(&u)
	r.Prefix, r.Reason, r.Flags = c.Prefix, c.Reason, r.Flags|c.Flags
	if r.LRN != "" && card.Card().Terms().ByLRN {
		r.Flags |= call.ByLRN
	}
	if c.Reason == "" {
		r.Status, r.Billed, r.Charge = call.Rated, c.Billed, c.Amount
	}
	return image, nil
}

// UsageOf returns what of a record a card prices, for a customer in a zone.
func UsageOf(r *call.Record, zone *time.Location) rating.Usage {
	return rating.Usage{
		Kind: r.Kind, Number: r.BNumber, Caller: r.ANumber, LRN: r.LRN, CallerLRN: r.ALRN, Service: r.Service, Tag: r.Tag,
		Instant: r.Instant, Quantity: quantityOf(r.Kind, r.Duration.Nanos, r.Units), Zone: zone,
	}
}

// StoreImage stores a card image under its hash and returns its name.
func (l *Ledger) StoreImage(ctx context.Context, image []byte) (string, error) {
	ref, err := put(ctx, l.buckets.Cards, "images", image)
	return ref.Name, err
}

// StoreRates stores the rates of a revision under their hash and returns the
// name.
func (l *Ledger) StoreRates(ctx context.Context, rates []byte) (string, error) {
	ref, err := put(ctx, l.buckets.Cards, "rates", rates)
	return ref.Name, err
}
