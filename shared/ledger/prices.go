package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
)

// blockPricer prices blocks of rows, those of one card and kind together. It
// gives what pricer gives row by row.
type blockPricer struct {
	cards  *cards
	of     int // the generation of cards
	open   map[cardKey]*blockCard
	priced []call.Priced // the answers, by row

	used       []*blockCard // in this block
	rows       *call.Columns
	text       string // of rows; empty unless it was asked for
	keys       []prefix.Key
	callers    []prefix.Key
	quantities []int64
	instants   []int64
	at         []int32 // rows that are priced together
	charges    []rating.Charge
}

type cardKey struct {
	image string
	zone  *time.Location
}

// blockCard is a card as it prices usage of customers of one zone.
type blockCard struct {
	cardKey
	pricer *rating.Pricer
	byLRN  bool
	rows   [call.Kinds][]int32 // of the block, by kind
	queued bool
	part   int    // the part in whose table the image is
	at     uint32 // its place there
}

// forget lets cards go where others were opened in their place.
func (p *blockPricer) forget() bool {
	g := p.cards.generation()
	if g == p.of {
		return false
	}
	p.of = g
	clear(p.open)
	return true
}

// card opens the card of a route.
func (p *blockPricer) card(ctx context.Context, r book.Route) (*blockCard, error) {
	key := cardKey{r.Image, r.Zone}
	c := p.open[key]
	if c == nil {
		card, err := p.cards.card(ctx, r.Image)
		if err != nil {
			return nil, err
		}
		c = &blockCard{cardKey: key, pricer: card.NewPricer(), byLRN: card.Terms().ByLRN}
		p.open[key] = c
	}
	return c, sameCurrency(c.pricer.Card(), r.Currency)
}

// place returns the place of the card's image in the table of a part.
func (c *blockCard) place(part int, out *partWriter) uint32 {
	if c.part != part {
		c.part, c.at = part, out.image(c.image)
	}
	return c.at
}

// price prices the rows that have a state, and notes the places of images in the
// table of a part; rows of no state are left alone.
func (p *blockPricer) price(rows *call.Columns, states []*accountState, part int, out *partWriter) {
	p.rows, p.text = rows, ""
	p.priced = slices.Grow(p.priced[:0], len(states))[:len(states)]
	p.used = p.used[:0]
	for i, s := range states {
		switch {
		case s == nil:
		case s.card == nil:
			p.priced[i] = call.Priced{Status: call.Unrated, Reason: s.why}
		default:
			if !s.card.queued {
				s.card.queued = true
				p.used = append(p.used, s.card)
			}
			kind := rows.Kind[i]
			s.card.rows[kind] = append(s.card.rows[kind], int32(i))
		}
	}
	for _, c := range p.used {
		c.queued = false
		c.place(part, out)
		for kind := range c.rows {
			if len(c.rows[kind]) > 0 {
				p.priceCard(c, call.Kind(kind))
				c.rows[kind] = c.rows[kind][:0]
			}
		}
	}
}

// priceCard prices the rows of a card and a kind.
func (p *blockPricer) priceCard(c *blockCard, kind call.Kind) {
	asks := c.pricer.Card().Asks()
	p.keys, p.callers, p.quantities, p.instants, p.at = p.keys[:0], p.callers[:0], p.quantities[:0], p.instants[:0], p.at[:0]
	for _, i := range c.rows[kind] {
		key, ok := prefix.KeyOf(p.rows.Bytes(p.rows.BNumber[i]))
		if !ok {
			u := p.usage(int(i), c.zone)
			charge := c.pricer.Price(&u)
			p.set(int(i), c, &charge)
			continue
		}
		p.keys, p.at, p.quantities = append(p.keys, key), append(p.at, i), append(p.quantities, quantityOf(kind, p.rows.Nanos[i], p.rows.Units[i]))
		if asks.Instants {
			p.instants = append(p.instants, p.rows.Instant[i])
		}
		if asks.Callers {
			caller, _ := prefix.KeyOf(p.rows.Bytes(p.rows.ANumber[i])) // of none: the key of no number
			p.callers = append(p.callers, caller)
		}
	}
	p.charges = slices.Grow(p.charges[:0], len(p.at))[:len(p.at)]
	c.pricer.PriceBlock(&rating.Block{
		Kind: kind, Zone: c.zone, Numbers: p.keys, Quantities: p.quantities, Instants: p.instants, Callers: p.callers, Charges: p.charges,
		Details: func(k int) rating.Usage { return p.usage(int(p.at[k]), c.zone) },
	})
	for k, i := range p.at {
		p.set(int(i), c, &p.charges[k])
	}
}

// usage is what of a row a card prices.
func (p *blockPricer) usage(i int, zone *time.Location) rating.Usage {
	if p.text == "" {
		p.text = string(p.rows.Text)
	}
	text := func(s call.Span) string { return p.text[s.At : s.At+s.Len] }
	r := p.rows
	return rating.Usage{
		Kind: r.Kind[i], Number: text(r.BNumber[i]), Caller: text(r.ANumber[i]), LRN: text(r.LRN[i]), CallerLRN: text(r.ALRN[i]),
		Service: text(r.Service[i]), Tag: text(r.Tag[i]), Instant: r.Instant[i], Quantity: quantityOf(r.Kind[i], r.Nanos[i], r.Units[i]), Zone: zone,
	}
}

// set notes what a card charges for a row.
func (p *blockPricer) set(i int, c *blockCard, charge *rating.Charge) {
	out := &p.priced[i]
	if charge.Reason != "" {
		*out = call.Priced{Status: call.Unrated, Reason: charge.Reason, Flags: charge.Flags, Image: c.at, Prefix: charge.Prefix}
	} else {
		out.Status, out.Role, out.Level, out.Reason = call.Rated, call.Payer, 0, ""
		out.Flags, out.Image, out.Prefix, out.Billed, out.Charge = charge.Flags, c.at, charge.Prefix, charge.Billed, charge.Amount
	}
	if c.byLRN && p.rows.LRN[i].Len > 0 {
		out.Flags |= call.ByLRN
	}
}

// quantityOf returns what of a record is billed.
func quantityOf(kind call.Kind, nanos int64, units uint64) int64 {
	if kind == call.Voice {
		return nanos
	}
	return int64(min(units, rating.MaxQuantity+1))
}

// sameCurrency holds the currency of a card against that of an account.
func sameCurrency(card *rating.Card, currency string) error {
	if c := card.Terms().Currency; c != currency {
		return fmt.Errorf("it is billed in %s, but its card is in %s: %w", currency, c, ErrState)
	}
	return nil
}
