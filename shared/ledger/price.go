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
	open    func(context.Context) (*book.Index, error) // the book, of one that names what was priced
	cards   *cards
	pricers map[string]*rating.Pricer // by image
	of      int                       // the cards' generation
}

func newPricer(ix *book.Index, bucket objects.Bucket) *pricer {
	return newPricerOf(ix, newCards(bucket))
}

func newPricerOf(ix *book.Index, c *cards) *pricer {
	return &pricer{book: ix, cards: c, pricers: map[string]*rating.Pricer{}}
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

// priceFlags are the flags that pricing sets.
const priceFlags = choiceFlags | call.DefaultIncrement | call.NoLRN | call.NoCallerCountry | call.ByLRN

// choiceFlags are those of them that the choice of a card sets.
const choiceFlags = call.FallbackCard | call.RatedAs

// price sets what the book makes of a row that was read, and returns the card
// image it was priced under: none when no card prices the account. Where a
// fallback has no price either, the row is as the card before it left it.
func (p *pricer) price(ctx context.Context, r *call.Row) (image string, err error) {
	r.Status, r.Reason, r.Prefix, r.Billed = call.Unrated, "", 0, 0
	r.Charge, r.Due, r.Covered = money.Amount{}, money.Amount{}, 0
	r.Flags &^= priceFlags
	c, why := p.book.ChooseAs(&r.Record, r.Role)
	if r.Reason = why; why != "" {
		return "", nil
	}
	if err := p.priceBy(ctx, r, c); err != nil {
		return "", err
	}
	next, ok := c.After(r.Reason)
	if !ok {
		return c.Image, nil
	}
	other := *r
	if err := p.priceBy(ctx, &other, next); err != nil || other.Status != call.Rated {
		return c.Image, err
	}
	*r = other
	return next.Image, nil
}

// priceBy sets what a card makes of a row.
func (p *pricer) priceBy(ctx context.Context, r *call.Row, by book.Choice) error {
	card, err := p.card(ctx, by.Image)
	if err != nil {
		return err
	}
	account, _ := p.book.Account(r.Account)
	if err := sameCurrency(card.Card(), account.Currency); err != nil {
		return fmt.Errorf("account %q, card %q: %w", r.Account, by.Card, err)
	}
	zone, _ := p.book.Zone(r.Account)
	u := UsageOf(&r.Record, by.RateAs, zone)
	c := card.Price(&u)
	r.Prefix, r.Reason, r.Flags = c.Prefix, c.Reason, r.Flags&^priceFlags|by.Flags|c.Flags
	switch {
	case by.RateAs != "":
		r.Prefix = 0 // it is none of the called number
	case r.LRN != "" && card.Card().Terms().ByLRN:
		r.Flags |= call.ByLRN
	}
	if c.Reason == "" {
		r.Status, r.Billed, r.Charge = call.Rated, c.Billed, c.Amount
	}
	return nil
}

// stands returns the image under which a row that was priced before would be
// priced now; ok reports that its price is the same, without a look at the
// card. What is rated as other is priced again: the row does not say as what.
func (p *pricer) stands(r *call.Row, image string) (now string, ok bool) {
	c, _ := p.book.ChooseAs(&r.Record, r.Role)
	ok = c.Image == image && image != "" && c.Flags == r.Flags&choiceFlags && c.RateAs == ""
	if _, more := c.After(r.Reason); more {
		ok = false
	}
	return c.Image, ok
}

// newNamer returns a pricer that names what was priced by a book. It opens the
// book only when it has to: one of older rules cannot be read.
func (l *Ledger) newNamer(ref Ref) *pricer {
	p := newPricer(nil, l.buckets.Cards)
	p.open = func(ctx context.Context) (*book.Index, error) { return l.openBook(ctx, ref) }
	return p
}

// destination returns the name that a card gives where a row was matched. The
// zone is the customer's; nil: as the book has it, of what was rated as other.
func (p *pricer) destination(ctx context.Context, image string, r *call.Row, zone *time.Location) (string, error) {
	card, err := p.card(ctx, image)
	if err != nil {
		return "", err
	}
	rateAs := ""
	if r.Flags.Has(call.RatedAs) {
		if p.book == nil {
			if p.book, err = p.open(ctx); err != nil {
				return "", fmt.Errorf("what usage was rated as: %w", err)
			}
		}
		c, _ := p.book.ChooseAs(&r.Record, r.Role)
		if rateAs = c.RateAs; zone == nil {
			zone, _ = p.book.Zone(r.Account)
		}
	}
	u := UsageOf(&r.Record, rateAs, zone)
	return card.Destination(&u), nil
}

// UsageOf returns what of a record a card prices, for a customer in a zone. What
// it is to be rated as, if anything, is looked up in place of the number, its
// routing number and the service.
func UsageOf(r *call.Record, rateAs string, zone *time.Location) rating.Usage {
	u := rating.Usage{
		Kind: r.Kind, Number: r.BNumber, Caller: r.ANumber, LRN: r.LRN, CallerLRN: r.ALRN, Service: r.Service, Tag: r.Tag,
		Instant: r.Instant, Quantity: quantityOf(r.Kind, r.Duration.Nanos, r.Units), Zone: zone,
	}
	if rateAs != "" {
		u.Number, u.LRN, u.Service = rateAs, rateAs, rateAs
	}
	return u
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
