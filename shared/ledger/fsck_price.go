package ledger

import (
	"context"
	"fmt"
	"math/big"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
)

// ownCard is a card image as a plain map.
type ownCard struct {
	terms rating.Terms
	rates map[string]ownRate
}

type ownRate struct {
	price1, priceN, fee  int64 // 10^-12
	interval1, intervalN int64 // seconds
	blocked, assumed     bool
}

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
	if c.cards[image], err = newOwnCard(opened); err != nil {
		c.add("image", image, "%v", err)
	}
	return c.cards[image], nil
}

func newOwnCard(opened *rating.Card) (*ownCard, error) {
	card := &ownCard{terms: opened.Terms(), rates: make(map[string]ownRate, opened.Len())}
	for r, err := range opened.All() {
		if err != nil {
			return nil, err
		}
		card.rates[r.Prefix] = ownRate{
			price1: int64(r.Price1), priceN: int64(r.PriceN), fee: int64(r.ConnectionFee),
			interval1: int64(r.Interval1), intervalN: int64(r.IntervalN), blocked: r.Blocked, assumed: r.AssumedPulse,
		}
	}
	return card, nil
}

// ownPrice is what a call costs, or why it has no price.
type ownPrice struct {
	reason   call.Reason
	prefix   int
	billed   int64
	charge   *big.Int // 10^-20
	decimals int
	assumed  bool
}

// price charges a call to number of so many nanoseconds.
func (card *ownCard) price(number string, nanos int64) ownPrice {
	if len(number) < card.terms.ShortDigits {
		if _, ok := card.rates[number]; !ok || number == "" {
			return ownPrice{reason: call.ShortNumber}
		}
	}
	for n := min(len(number), rating.MaxPrefix); n >= 0; n-- {
		r, ok := card.rates[number[:n]]
		if !ok {
			continue
		}
		if r.blocked {
			return ownPrice{reason: call.Blocked, prefix: n}
		}
		out := ownPrice{prefix: n, decimals: card.terms.Decimals, assumed: r.assumed}
		out.billed, out.charge = r.charge(card.terms, nanos)
		return out
	}
	return ownPrice{reason: call.NoRate}
}

// charge is the formula as it is published (Sippy, PortSIP), in fractions.
func (r ownRate) charge(t rating.Terms, nanos int64) (billed int64, charge *big.Int) {
	d := roundRat(big.NewRat(nanos, 1_000_000_000), t.DurationRounding).Int64()
	if d == 0 && !t.ChargeZeroSeconds {
		return 0, new(big.Int)
	}
	first, rest := r.interval1, int64(0)
	switch {
	case r.intervalN == 0 && r.interval1 == 0:
		rest = d
	case r.intervalN == 0:
	case t.Model == rating.WholeCallMultiple:
		rest = pulses(max(d, first), r.intervalN) - first
	case d > first:
		rest = pulses(d-first, r.intervalN)
	}
	const unit = 1_000_000_000_000
	total := big.NewRat(r.fee, unit)
	for _, p := range [...][2]int64{{r.price1, first}, {r.priceN, rest}} {
		total.Add(total, new(big.Rat).Mul(big.NewRat(p[0], unit), big.NewRat(p[1], 60)))
	}
	return first + rest, roundUnits(total, t.Decimals, t.Rounding)
}

// pulses returns the length of the whole pulses that hold n seconds.
func pulses(n, pulse int64) int64 {
	whole := n - n%pulse
	if whole < n {
		whole += pulse
	}
	return whole
}

// price returns what a book makes of a row, and under which image. ok is false
// when a damaged card leaves it open.
func (c *checker) price(ctx context.Context, b *ownBook, r *call.Row) (p ownPrice, image string, ok bool, err error) {
	image, reason := b.image(r.Account, r.At())
	if image == "" {
		return ownPrice{reason: reason}, "", true, nil
	}
	card, err := c.card(ctx, image)
	if err != nil || card == nil {
		return ownPrice{}, image, false, err
	}
	return card.price(r.BNumber, r.Duration.Nanos), image, true, nil
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
	case r.Billed != uint64(p.billed):
		c.add(kind, where, "%d s billed, want %d", r.Billed, p.billed)
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
