package rating

import (
	"time"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
)

// blockSize is how many look-ups go through a stage before the next: a miss of
// one does not wait for that of another.
const blockSize = 256

// Pricer prices usage by a card. It keeps what it has worked out of clocks and
// is not safe for concurrent use: each worker has its own. Pricing allocates
// nothing once its zones have been seen.
type Pricer struct {
	card    *Card
	clocks  map[*time.Location]*band.Clock
	zone    *time.Location // of clock
	clock   *band.Clock
	matches [blockSize]prefix.Match
	words   [blockSize]uint64
	ctx     context
	// What a split call looks up again for each band.
	value   uint32
	digits  int
	length  uint8
	service bool  // of the record: no number is too short for it
	bad     found // the row in another band that has no price
}

// NewPricer returns a pricer of the card.
func (c *Card) NewPricer() *Pricer { return &Pricer{card: c, clocks: map[*time.Location]*band.Clock{}} }

// Card returns the card that it prices by.
func (p *Pricer) Card() *Card { return p.card }

// found is the row that a charge is by.
type found struct {
	at, plain      uint32 // in rates, in Card.plain
	shape          shape
	price1, priceN uint64 // 10^-12
	digits         int
	name           uint32
	named          bool // name is known
	service        bool // by the record's service
	cond           uint32
}

// Price charges usage. What has no price has a Reason: NoRate; Blocked, with
// the prefix (completed usage there is never free); ShortNumber for a number
// of fewer than Terms.ShortDigits digits without a rate of its full length,
// since an extension 100 is not +1; BadDuration outside 0 to MaxQuantity.
func (p *Pricer) Price(u *Usage) Charge { return p.price(u, nil) }

// price is Price; trace, if there is one, is told how it came about.
func (p *Pricer) price(u *Usage, trace *Trace) Charge {
	if !validQuantity(u.Quantity) {
		return Charge{Reason: call.BadDuration}
	}
	x := p.card.kinds[u.Kind]
	number, flags := p.rated(u)
	key, isNumber := prefix.KeyOf(number)
	if v, note, ok := p.card.service(u); ok {
		p.begin(u)
		p.service = true
		r, ok := p.look(v, 0, key.Digits)
		if ok {
			if r.service = true; !r.named {
				r.name, r.named = note, true
			}
			return p.charge(&r, u, flags, trace)
		}
	}
	p.service = false
	if x == nil || !isNumber {
		return Charge{Reason: p.reasonOf(key, isNumber), Flags: flags}
	}
	c := p.byNumber(u, key, x.Lookup(key), trace)
	c.Flags |= flags
	return c
}

func (p *Pricer) reasonOf(key prefix.Key, ok bool) call.Reason {
	if ok && int(key.Digits) < p.card.terms.ShortDigits {
		return call.ShortNumber
	}
	return call.NoRate
}

// byNumber charges usage of a number whose longest prefix is found.
func (p *Pricer) byNumber(u *Usage, key prefix.Key, m prefix.Match, trace *Trace) Charge {
	if !m.OK() {
		return Charge{Reason: p.reasonOf(key, true)}
	}
	if m.Value()&choiceValue != 0 {
		p.begin(u)
	}
	r, ok := p.look(m.Value(), m.Digits(), key.Digits)
	if p.short(&r, ok) {
		return Charge{Reason: call.ShortNumber}
	}
	if !ok {
		return Charge{Reason: call.NoRate}
	}
	return p.charge(&r, u, 0, trace)
}

// short reports whether a number is too short for the row that was found.
func (p *Pricer) short(r *found, ok bool) bool {
	return !p.service && int(p.length) < p.card.terms.ShortDigits && (!ok || r.digits != int(p.length) || r.digits == 0)
}

// charge is the charge of usage by a row.
func (p *Pricer) charge(r *found, u *Usage, flags call.Flags, trace *Trace) Charge {
	out := Charge{Prefix: r.digits, Flags: flags, Row: Row(r.at + 1)}
	if trace != nil {
		trace.found = *r
	}
	if r.shape.flags&shapeBlocked != 0 {
		out.Reason = call.Blocked
		return out
	}
	if r.shape.flags&shapeAssumed != 0 {
		out.Flags |= call.DefaultIncrement
	}
	t, quantity := p.card.terms, uint64(0)
	if quantity = t.rounded(u.Kind, u.Quantity); quantity > 0 && trace == nil {
		if s := &p.card.plain[r.plain]; s.den != 0 {
			up := pow10[money.PriceDecimals-p.card.meta.Scale]
			first, rest := t.Model.split(quantity, s.interval1, s.intervalN, 0)
			if units, ok := p.card.fast(s, r.price1/up, r.priceN/up, first, rest); ok {
				out.Billed, out.Amount = first+rest, unitsOf(units, t.Decimals)
				return out
			}
		}
	}
	m := t.measure(&r.shape, quantity)
	var steps *[]Step
	if trace != nil {
		steps = &trace.Steps
	}
	amount, reason, err := p.full(r, &m, u, steps)
	if err != nil {
		// Open has verified the card and the quantity is in range: what is left
		// is a charge of more than 2^128 units of its last decimal.
		return Charge{Reason: call.BadDuration}
	}
	if reason != "" {
		out = Charge{Reason: reason, Flags: flags}
		if reason == call.Blocked {
			out.Prefix, out.Row = p.bad.digits, Row(p.bad.at+1)
		}
		return out
	}
	out.Amount, out.Billed = amount, m.billed
	if trace != nil {
		trace.measure = m
	}
	return out
}

func unitsOf(units uint64, decimals int) money.Amount {
	a, err := money.FromBits(false, 0, units, uint8(decimals))
	if err != nil {
		panic(err) // not negative, and the terms' decimals are valid
	}
	return a
}

// look is choose, and keeps what it was asked for.
func (p *Pricer) look(value uint32, digits int, length uint8) (found, bool) {
	p.value, p.digits, p.length = value, digits, length
	return p.choose(value, digits, length)
}

// PriceBlock charges every place of a block, as Price does.
func (p *Pricer) PriceBlock(b *Block) {
	n := len(b.Numbers)
	for from := 0; from < n; from += blockSize {
		p.priceBlock(b, from, min(from+blockSize, n))
	}
}

func (p *Pricer) priceBlock(b *Block, from, to int) {
	c := p.card
	charges := b.Charges[from:to]
	_, details := c.Asks()
	x := c.kinds[b.Kind]
	if details || x == nil || b.Kind != call.Voice {
		for i := range charges {
			u := p.usage(b, from+i)
			charges[i] = p.Price(&u)
		}
		return
	}
	keys, quantities := b.Numbers[from:to], b.Quantities[from:to]
	matches, words := p.matches[:len(keys)], p.words[:len(keys)]
	x.LookupAll(keys, matches)
	for i, m := range matches {
		at, word := m.Value(), uint64(0)
		if m.OK() && at < choiceValue && int(at) < len(c.rates)/8 {
			word = c.word(at)
		}
		words[i] = word
	}
	for i, m := range matches {
		word, key := words[i], keys[i]
		if s := word & c.mask; m.OK() && m.Value() < choiceValue && s < uint64(len(c.plain)) && validQuantity(quantities[i]) {
			if c.pricePlain(&charges[i], &c.plain[s], word>>c.meta.ShapeBits, m, key, quantities[i]) {
				continue
			}
		}
		u := p.usage(b, from+i)
		if !validQuantity(u.Quantity) {
			charges[i] = Charge{Reason: call.BadDuration}
			continue
		}
		charges[i] = p.byNumber(&u, key, m, nil)
	}
}

// usage returns a place of a block.
func (p *Pricer) usage(b *Block, i int) Usage {
	u := Usage{Kind: b.Kind, Zone: b.Zone, Quantity: b.Quantities[i]}
	if b.Details != nil {
		u = b.Details(i)
	}
	if b.Instants != nil {
		u.Instant = b.Instants[i]
	}
	return u
}

// pricePlain charges a call by a row that asks for nothing and uses few rules;
// false: it is for all of them.
func (c *Card) pricePlain(out *Charge, s *plainShape, price1 uint64, m prefix.Match, key prefix.Key, quantity int64) bool {
	t := c.terms
	seconds := t.rounded(call.Voice, quantity)
	if s.den == 0 || seconds == 0 || int(key.Digits) < t.ShortDigits {
		return false
	}
	priceN := price1
	if s.two {
		at := m.Value() + 1
		if int(at) >= len(c.rates)/8 {
			return false
		}
		priceN = c.word(at)
	}
	first, rest := t.Model.split(seconds, s.interval1, s.intervalN, 0)
	units, ok := c.fast(s, price1, priceN, first, rest)
	if !ok {
		return false
	}
	*out = Charge{Prefix: m.Digits(), Billed: first + rest, Amount: unitsOf(units, t.Decimals), Flags: s.flags, Row: Row(m.Value() + 1)}
	return true
}

func (p *Pricer) regionOf(number string) numbering.RegionID {
	key, ok := prefix.KeyOf(number)
	if !ok {
		return 0
	}
	return p.card.regions.Of(key)
}
