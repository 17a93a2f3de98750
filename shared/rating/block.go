package rating

import (
	"math/bits"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
)

// PriceBlock charges every place of a block, as Price does.
func (p *Pricer) PriceBlock(b *Block) {
	asks := p.card.Asks()
	for from := 0; from < len(b.Charges); from += blockSize {
		to := min(from+blockSize, len(b.Charges))
		if asks.Details {
			for i := from; i < to; i++ {
				u := b.Details(i)
				b.Charges[i] = p.Price(&u)
			}
			continue
		}
		p.chooseBlock(b, from, to)
		p.chargeBlock(b, from, to)
	}
}

// chooseBlock finds the rows of a block: one stage of all look-ups before the
// next, so that the misses of a stage do not wait for each other. A row is 1 +
// the place of its cost; 0: there is none.
func (p *Pricer) chooseBlock(b *Block, from, to int) {
	c, n := p.card, to-from
	keys, matches, rows := b.Numbers[from:to], p.matches[:n], p.rows[:n]
	if x := c.kinds[b.Kind]; x != nil {
		x.LookupAll(keys, matches)
	} else {
		clear(matches)
	}
	asking := 0
	for i, m := range matches {
		value, row := m.Value(), uint32(0)
		if m.OK() {
			row = value + 1
		}
		rows[i], p.levels[i], p.flags[i] = row, int8(m.Digits()), 0
		p.asking[asking&(blockSize-1)] = uint8(i)
		asking += int(value / choiceValue)
	}
	if asking > 0 {
		p.chooseAsking(b, from, to, p.asking[:asking])
	}
	for i, row := range rows {
		word := uint32(0)
		if at := row - 1; uint64(at) < uint64(len(c.rates)/4) {
			word = c.word(at)
		} else {
			rows[i] = 0 // none, or of a damaged image
		}
		p.words[i] = word
	}
}

// chooseAsking chooses of the rows of those places whose prefix has a list.
func (p *Pricer) chooseAsking(b *Block, from, to int, asking []uint8) {
	c, n := p.card, to-from
	keys, callers := b.Numbers[from:to], b.Callers
	if c.asks.origin || c.asks.class || c.asks.invalid {
		callers = callers[from:to]
	}
	for j, i := range asking {
		at := p.matches[i].Value() - choiceValue
		p.heads[j] = none
		if uint64(at) < uint64(len(c.rates)/4) {
			p.heads[j] = c.word(at)
		}
	}
	if c.asks.origin {
		c.origins.LookupAll(callers, p.origins[:n])
	}
	if c.asks.class {
		c.regions.OfAll(keys, p.to[:n])
	}
	if c.asks.class || c.asks.invalid {
		c.regions.OfAll(callers, p.from[:n])
	}
	p.ctx = context{}
	var l list
	for j, i := range asking {
		p.beginAt(b, from, int(i))
		m := p.matches[i]
		at := m.Value() - choiceValue
		ok := l.set(c, p.heads[j], at)
		p.heads[j] = none
		if !ok {
			p.rows[i] = 0
			continue
		}
		if row := p.best(&l, keys[i].Digits); row < l.rows {
			if in, ok := l.inside(row); ok {
				p.rows[i] = in + 1
			} else {
				p.heads[j] = l.at + uint32(row)
			}
			if p.ctx.nowhere {
				p.flags[i] = p.noted(l.cond(row))
			}
			continue
		}
		p.rows[i] = 0
		if r, ok := p.choose(m.Value(), m.Digits(), keys[i].Digits); ok {
			p.rows[i], p.levels[i] = r.at+1, int8(r.digits)
			p.flags[i] = p.noted(r.cond)
		}
	}
	for j, i := range asking {
		if at := p.heads[j]; at != none {
			p.rows[i] = c.word(at) + 1
		}
	}
}

// beginAt works out the context of a place of a block.
func (p *Pricer) beginAt(b *Block, from, i int) {
	c, x := p.card, &p.ctx
	if c.asks.instant {
		x.stamp = stamp(b.Instants[from+i])
	}
	origin := prefix.Match(0)
	if c.asks.origin && b.Callers[from+i].Digits > 0 {
		origin = p.origins[i]
	}
	if c.asks.class || c.asks.invalid {
		caller := numbering.RegionID(0)
		if numbering.ValidCaller(b.Callers[from+i]) {
			caller = p.from[i]
		}
		x.invalid = caller == 0
		c.classify(x, caller, p.to[i])
	}
	if c.asks.groups {
		if x.groups = c.groupsOf(origin, x.invalid); c.packed == nil {
			x.ranks = c.ranksOf(origin)
		}
	}
	if c.terms.Bands != nil {
		x.band = p.bandAt(b.Instants[from+i], b.Zone)
	}
}

// chargeBlock charges the rows that chooseBlock found. Most rows have one price
// and two intervals, or tiers, and most calls some length: those are charged here,
// as quick would, and chargePlace charges the others.
func (p *Pricer) chargeBlock(b *Block, from, to int) {
	c, t := p.card, p.card.terms
	charges, quantities, keys := b.Charges[from:to], b.Quantities[from:to], b.Numbers[from:to]
	plains, decimals := c.plains, uint8(t.Decimals)
	whole := b.Kind == call.Voice && !t.KeepFractions // seconds are, as nearly all are as they come
	for i := range charges {
		word, row := p.words[i], p.rows[i]
		shape := word >> formBits & c.mask
		if row == 0 || uint64(shape) >= uint64(len(plains)) ||
			int(keys[i].Digits) < t.ShortDigits || uint64(quantities[i])-1 >= MaxQuantity {
			p.chargePlace(b, from+i, i)
			continue
		}
		s, price, quantity := &plains[shape], uint64(word>>c.beside), uint64(quantities[i])
		if seconds := quantity / nanosPerSecond; whole && seconds*nanosPerSecond == quantity {
			quantity = seconds
		} else {
			quantity = t.rounded(b.Kind, quantities[i])
		}
		var billed, units uint64
		ok := false
		switch {
		case quantity == 0:
		case s.tiers:
			billed, units, ok = c.chargeTiers(word, row-1, quantity)
		case s.ok && word&formMask == formBeside && price <= c.top:
			first, rest := t.Model.split(quantity, s.interval1, s.intervalN, 0)
			billed = first + rest
			hi, lo := bits.Mul64(price, billed)
			lo, carry := bits.Add64(lo, s.feePer, 0)
			over, lo := bits.Mul64(lo, s.times)
			units = lo / s.den
			units += roundsUp(lo-units*s.den, s.den, t.Rounding)
			ok = hi|carry|over == 0
		}
		if !ok {
			p.chargePlace(b, from+i, i)
			continue
		}
		// One field after the other: a Charge would be put together elsewhere, and
		// copied before what was written is there to be read.
		out := &charges[i]
		if out.Reason != "" {
			out.Reason = ""
		}
		out.Prefix, out.Billed, out.Amount = int(p.levels[i]), billed, money.Units(units, decimals)
		out.Flags, out.Row = s.flags|p.flags[i], Row(row)
	}
}

// chargePlace charges one place of a block, the i-th of those that chooseBlock
// chose for, whatever its row asks for.
func (p *Pricer) chargePlace(b *Block, place, i int) {
	c, t := p.card, p.card.terms
	out, digits, row := &b.Charges[place], int(p.levels[i]), p.rows[i]
	*out = Charge{}
	if !validQuantity(b.Quantities[place]) {
		out.Reason = call.BadDuration
		return
	}
	if c.short(b.Numbers[place].Digits, digits, row != 0) {
		out.Reason = call.ShortNumber
		return
	}
	w, ok := words{}, false
	if row != 0 {
		w, ok = c.costFrom(p.words[i], row-1)
	}
	if !ok {
		out.Reason = call.NoRate
		return
	}
	s := &c.quicks[w.shape]
	out.Prefix, out.Row = digits, Row(row)
	if s.blocked {
		out.Reason = call.Blocked
		return
	}
	out.Flags = s.flags | p.flags[i]
	quantity := t.rounded(b.Kind, b.Quantities[place])
	if billed, units, ok := c.quick(s, &w, quantity); ok {
		out.Billed, out.Amount = billed, money.Units(units, uint8(t.Decimals))
		return
	}
	u := Usage{Kind: b.Kind, Zone: b.Zone, Quantity: b.Quantities[place]}
	*out = p.chargeFully(*out, w, s, quantity, &u, 0, nil)
}
