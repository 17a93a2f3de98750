package rating

import (
	"github.com/tollbook/tollbook/shared/call"
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
	if x.groups = c.groupsOf(origin, x.invalid); c.packed == nil {
		x.ranks = c.ranksOf(origin)
	}
	if c.terms.Bands != nil {
		x.band = p.bandAt(b.Instants[from+i], b.Zone)
	}
}

// chargeBlock charges the rows that chooseBlock found.
func (p *Pricer) chargeBlock(b *Block, from, to int) {
	c, t := p.card, p.card.terms
	charges, quantities, keys := b.Charges[from:to], b.Quantities[from:to], b.Numbers[from:to]
	for i := range charges {
		out, digits, row := &charges[i], int(p.levels[i]), p.rows[i]
		*out = Charge{}
		if !validQuantity(quantities[i]) {
			out.Reason = call.BadDuration
			continue
		}
		if c.short(keys[i].Digits, digits, row != 0) {
			out.Reason = call.ShortNumber
			continue
		}
		w, ok := words{}, false
		if row != 0 {
			w, ok = c.costFrom(p.words[i], row-1)
		}
		if !ok {
			out.Reason = call.NoRate
			continue
		}
		s := &c.quicks[w.shape]
		out.Prefix, out.Row = digits, Row(row)
		if s.blocked {
			out.Reason = call.Blocked
			continue
		}
		out.Flags = s.flags | p.flags[i]
		quantity := t.rounded(b.Kind, quantities[i])
		if billed, units, ok := c.quick(s, &w, quantity); ok {
			out.Billed, out.Amount = billed, unitsOf(units, t.Decimals)
			continue
		}
		u := Usage{Kind: b.Kind, Zone: b.Zone, Quantity: quantities[i]}
		*out = p.chargeFully(*out, w, s, quantity, &u, 0, nil)
	}
}
