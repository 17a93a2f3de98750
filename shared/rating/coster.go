package rating

import (
	"fmt"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// A Coster says what quantities cost at one rate after another, as Terms.Charge
// does, without an image for each. It is not safe for concurrent use.
type Coster struct {
	terms Terms
	card  Card
	p     Pricer
}

// NewCoster returns a Coster of these terms. It fails on terms that are not
// valid.
func NewCoster(t Terms) (*Coster, error) {
	if err := t.Validate(); err != nil {
		return nil, fmt.Errorf("charging by terms: %w", err)
	}
	t.ShortDigits, t.Presentation, t.Bands, t.Origins, t.Surcharges = 0, SingleRate, nil, nil, nil
	c := &Coster{terms: t}
	c.card.terms = &c.terms
	c.p.card = &c.card
	return c, nil
}

// Charge writes to amounts, of the same length, what each of the quantities (as
// Usage.Quantity) costs at r, whatever the rate asks for; whether it is Blocked
// is not its question. It fails on a rate that is not valid and on a quantity
// outside 0 to MaxQuantity.
func (c *Coster) Charge(r *Rate, quantities []int64, amounts []money.Amount) error {
	if len(r.Tiers) > 0 {
		return c.byImage(r, quantities, amounts)
	}
	if r.Class != AnyClass { // which these terms have no column for
		one := *r
		one.Class = AnyClass
		r = &one
	}
	if err := r.Validate(); err != nil {
		return fmt.Errorf("charging usage: %w", err)
	}
	if err := c.terms.checkTogether(r); err != nil {
		return fmt.Errorf("charging usage: %w", err)
	}
	b := builder{den: [call.Kinds]uint64{1, 1, 1, 1}}
	if c.terms.Access > 0 {
		b.den[call.Voice] = 60
	}
	s, err := b.shape(r, shapeOf(r))
	if err != nil {
		return fmt.Errorf("charging usage: %w", err)
	}
	c.card.meta.Den = b.den
	k, l := cost{shape: s.shape, price1: uint64(r.Price1), priceN: uint64(r.PriceN)}, c.terms.lengthsOf(&s.shape)
	var before measure
	for i, q := range quantities {
		if !validQuantity(q) {
			return fmt.Errorf("charging usage: a quantity of %d, want 0 to %d", q, int64(MaxQuantity))
		}
		m := c.terms.measure(&l, c.terms.rounded(r.Kind, q), c.terms.ticks(r.Kind))
		m.quantity, m.counted = 0, 0 // of them only steps are told
		if i > 0 && m == before {
			amounts[i] = amounts[i-1]
			continue
		}
		before = m
		if amounts[i], _, err = c.p.full(&k, &m, &Usage{Kind: r.Kind, Quantity: q}, nil); err != nil {
			return fmt.Errorf("charging usage: %w", err)
		}
	}
	return nil
}

// byImage is Charge for a rate with tiers, which lie in an image.
func (c *Coster) byImage(r *Rate, quantities []int64, amounts []money.Amount) (err error) {
	for i, q := range quantities {
		if _, amounts[i], err = c.terms.Charge(*r, q); err != nil {
			return err
		}
	}
	return nil
}
