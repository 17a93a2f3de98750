package ledger

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// maxRates bounds the rates that a run holds; a card of more is held alone.
const maxRates = 1_000_000

// card opens a card image once; nil when it is damaged, which is then named.
func (c *checker) card(ctx context.Context, image string) (*ownCard, error) {
	if card, ok := c.cards[image]; ok {
		return card, nil
	}
	if c.rates > maxRates {
		for name, card := range c.cards {
			if card != nil { // what is damaged is named once
				delete(c.cards, name)
			}
		}
		c.rates = 0
	}
	c.cards[image] = nil
	info, err := c.ledger.buckets.Cards.Stat(ctx, image)
	if err != nil {
		return nil, c.blame("image", image, err)
	}
	data, err := loadHashed(ctx, c.ledger.buckets.Cards, refOf(info))
	if err != nil {
		return nil, c.blame("image", image, err)
	}
	opened, err := rating.Open(data)
	if err != nil {
		c.add("image", image, "%v", err)
		return nil, nil
	}
	c.rates += opened.Len()
	if c.cards[image], err = ownCardOf(opened); err != nil {
		c.add("image", image, "%v", err)
	}
	return c.cards[image], nil
}

// ownPrice is what usage costs, or why it has no price.
type ownPrice struct {
	reason   call.Reason
	prefix   int
	billed   uint64
	charge   *big.Int // 10^-20
	decimals int
	flags    call.Flags // that come of the price
}

// price charges usage by every rule of its card.
func (card *ownCard) price(of rating.Usage) (ownPrice, error) {
	u, err := card.usage(of)
	if err != nil {
		return ownPrice{}, err
	}
	now := ""
	if u.bands != nil {
		now, _ = u.bands.at(u.second(), u.zone)
	}
	var out ownPrice
	byService := u.Service != "" && u.best(ownPlace{kind: u.Kind, service: u.Service}, now) != nil
	if card.terms.ByLRN && of.LRN == "" && !byService {
		out.flags = call.NoLRN
	}
	r, digits, reason := u.row(now)
	if out.prefix, out.reason = digits, reason; reason != "" {
		return out, nil
	}
	billed, exact, digits, reason := u.charge(r)
	if reason != "" {
		out.prefix, out.reason = digits, reason
		return out, nil
	}
	out.charge, out.decimals = roundUnits(exact, card.terms.Decimals, card.terms.Rounding), card.terms.Decimals
	if new(big.Int).Quo(out.charge, tenTo(money.MaxDecimals-out.decimals)).BitLen() > 128 {
		return ownPrice{reason: call.BadDuration}, nil // no amount holds it
	}
	if out.billed = billed.Uint64(); r.AssumedPulse {
		out.flags |= call.DefaultIncrement
	}
	if u.nowhere && r.Class != rating.AnyClass {
		out.flags |= call.NoCallerCountry
	}
	return out, nil
}

// price returns what a book makes of a row, and under which image: that of the
// assigned card, or of a fallback that has a price where the card has no rate.
// ok is false when a damaged card leaves it open.
func (c *checker) price(ctx context.Context, b *ownBook, r *call.Row) (p ownPrice, image string, ok bool, err error) {
	chosen := b.choose(&r.Record, r.Role)
	p.reason = chosen.reason
	for i, name := range chosen.images {
		if name == "" {
			continue
		}
		card, err := c.card(ctx, name)
		if err != nil || card == nil {
			return ownPrice{}, name, false, err
		}
		by, err := card.price(ownUsageOf(&r.Record, chosen.rateAs, b.zones[b.accounts[r.Account].Cycle]))
		if err != nil {
			c.add("image", name, "%v", err)
			return ownPrice{}, name, false, nil
		}
		if image != "" && by.reason != "" {
			break // it is as the first card left it
		}
		if i > 0 {
			by.flags |= call.FallbackCard
		}
		switch {
		case chosen.rateAs != "":
			by.prefix, by.flags = 0, by.flags|call.RatedAs
		case card.terms.ByLRN && r.LRN != "":
			by.flags |= call.ByLRN
		}
		if p, image = by, name; p.reason != call.NoRate && p.reason != call.ShortNumber {
			break
		}
	}
	return p, image, true, nil
}

// ownUsageOf returns what of a record a card prices.
func ownUsageOf(r *call.Record, rateAs string, zone *time.Location) rating.Usage {
	u := rating.Usage{
		Kind: r.Kind, Number: r.BNumber, Caller: r.ANumber, LRN: r.LRN, CallerLRN: r.ALRN, Service: r.Service, Tag: r.Tag,
		Instant: r.Instant, Quantity: int64(r.Units), Zone: zone,
	}
	if r.Kind == call.Voice {
		u.Quantity = r.Duration.Nanos
	}
	if rateAs != "" {
		u.Number, u.LRN, u.Service = rateAs, rateAs, rateAs
	}
	return u
}

// pricing compares what a row says it costs with p, priced under image.
func (c *checker) pricing(kind, where string, r *call.Row, image string, p ownPrice, wantImage string) bool {
	want := call.Rated
	if p.reason != "" {
		want, p.charge = call.Unrated, new(big.Int)
	}
	switch {
	case image != wantImage:
		c.add(kind, where, "priced under card image %q, want %q", image, wantImage)
	case r.Status != want || r.Reason != p.reason:
		c.add(kind, where, "%s, want %s", statusText(r.Status, r.Reason), statusText(want, p.reason))
	case r.Prefix != p.prefix:
		c.add(kind, where, "a prefix of %d digits, want %d", r.Prefix, p.prefix)
	case r.Billed != p.billed:
		c.add(kind, where, "%d billed, want %d", r.Billed, p.billed)
	case !same(r.Charge, p.charge) || r.Charge.Decimals() != p.decimals:
		c.add(kind, where, "charge %s, want %s with %d decimals", r.Charge, show(p.charge), p.decimals)
	default:
		return true
	}
	return false
}

func statusText(s call.Status, reason call.Reason) string {
	if reason == "" {
		return s.String()
	}
	return fmt.Sprintf("%s (%s)", s, reason)
}
