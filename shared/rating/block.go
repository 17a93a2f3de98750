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
	if len(c.choices) == 0 {
		p.onlyRows(matches)
		return
	}
	if c.asks.origin {
		c.origins.LookupAll(b.Callers[from:to], p.origins[:n])
	}
	if c.asks.class || c.asks.invalid {
		c.regions.OfAll(keys, p.to[:n])
		c.regions.OfAll(b.Callers[from:to], p.from[:n])
	}
	p.warm(matches)
	for i, m := range matches {
		value := m.Value()
		rows[i], p.levels[i], p.flags[i] = value+1, int8(m.Digits()), 0
		if value >= choiceValue {
			p.beginAt(b, from, i)
			r, ok := p.choose(value, m.Digits(), keys[i].Digits)
			rows[i], p.levels[i], p.flags[i] = r.at+1, int8(r.digits), p.noted(&r)
			if !ok {
				rows[i] = 0
			}
		} else if !m.OK() {
			rows[i] = 0
		}
	}
	for i, row := range rows {
		word := uint64(0)
		if at := row - 1; uint64(at) < uint64(len(c.rates)/8) {
			word = c.word(at)
		} else {
			rows[i] = 0 // none, or of a damaged image
		}
		p.words[i] = word
	}
}

// onlyRows is the rest of chooseBlock for a card of which no row asks for
// anything: the value of a match is the place of its row.
func (p *Pricer) onlyRows(matches []prefix.Match) {
	c := p.card
	rows, levels, words := p.rows[:len(matches)], p.levels[:len(matches)], p.words[:len(matches)]
	for i, m := range matches {
		row, word := uint32(0), uint64(0)
		if at := m.Value(); m.OK() && uint64(at) < uint64(len(c.rates)/8) {
			row, word = at+1, c.word(at)
		}
		rows[i], levels[i], words[i] = row, int8(m.Digits()), word
	}
}

// warm reads the beginning of each list of rows, so that choose, which reads
// them one after the other, finds them in the cache.
func (p *Pricer) warm(matches []prefix.Match) {
	c := p.card
	for _, m := range matches {
		if at := choiceSize * int(m.Value()&(choiceValue-1)); m.Value() >= choiceValue && at < len(c.choices) {
			p.warmed += c.choices[at]
		}
	}
}

// beginAt works out the context of a place of a block.
func (p *Pricer) beginAt(b *Block, from, i int) {
	c, x := p.card, &p.ctx
	*x = context{}
	if c.asks.instant {
		x.instant = b.Instants[from+i]
	}
	if c.asks.origin && b.Callers[from+i].Digits > 0 {
		x.ranks = c.ranksOf(p.origins[i])
	}
	if c.asks.class || c.asks.invalid {
		caller := numbering.RegionID(0)
		if numbering.ValidCaller(b.Callers[from+i]) {
			caller = p.from[i]
		}
		x.invalid = caller == 0
		c.classify(x, caller, p.to[i])
	}
	if c.terms.Bands != nil {
		x.band = p.bandAt(x.instant, b.Zone)
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
		if billed, units, ok := c.quick(s, w, quantity); ok {
			out.Billed, out.Amount = billed, unitsOf(units, t.Decimals)
			continue
		}
		u := Usage{Kind: b.Kind, Zone: b.Zone, Quantity: quantities[i]}
		*out = p.chargeFully(*out, w, s, quantity, &u, 0, nil)
	}
}
