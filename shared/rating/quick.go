package rating

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// quick is a shape made ready for charges that need no more than 128 bits and
// one division: all prices in the card's unit, all lengths with the card's.
type quick struct {
	ok, blocked   bool
	single        bool // a row has one price, and no tiers
	flags         call.Flags
	lengths       lengths
	feePer        uint64 // fee × per
	per, den      uint64
	times         uint64 // (1 + surcharge) / the last decimal of a charge in the card's unit, as far as den does not have it
	least, most   uint64 // of a charge, rounded
	tierAt, tiers uint32
	prices        uint32 // that a row has
}

// plain is what blocks read of a shape whose rows have one price, and of which
// nothing but two intervals, a price and a fee counts: a fraction of a quick, so
// that those of a card stay in the first cache.
type plain struct {
	interval1, intervalN uint64
	feePer, times, den   uint64
	flags                call.Flags
	ok                   bool
	tiers                bool // it is not plain: see chargeTiers
}

func (q *quick) plain() plain {
	return plain{
		interval1: q.lengths.interval1, intervalN: q.lengths.intervalN, feePer: q.feePer, times: q.times, den: q.den, flags: q.flags,
		ok:    q.ok && !q.blocked && q.single && q.lengths.simple && q.least == 0 && q.most == math.MaxUint64,
		tiers: q.ok && !q.blocked && q.lengths.tiersOnly,
	}
}

// quickTier is a tier made ready for lengths in whole units.
type quickTier struct {
	event                        bool
	before, length, round, every uint64 // length: MaxUint64 to the end; round: 1 or more
}

func (c *Card) stepOf(i uint32) quickTier {
	t := c.tier(i)
	q := quickTier{event: t.Event, before: uint64(t.From) - 1, length: uint64(t.Length), round: uint64(max(t.RoundUp, 1)), every: uint64(t.Every)}
	if t.Length == 0 {
		q.length = math.MaxUint64
	}
	return q
}

// take returns what the tier takes of a quantity, as Tier.ticks does.
func (t *quickTier) take(q uint64) uint64 {
	if q <= t.before {
		return 0
	}
	n := min(q-t.before, t.length)
	switch {
	case !t.event && t.round > 1:
		return min(multiple(n, t.round), t.length)
	case !t.event:
		return n
	case t.every > 0:
		return (n-1)/t.every + 1
	default:
		return 1
	}
}

// quickOf prepares a shape. It is not ok when its charge needs more: then full
// charges it.
func (c *Card) quickOf(i uint32) quick {
	t, s := c.terms, c.shape(i)
	q := quick{
		blocked: s.flags&shapeBlocked != 0, per: uint64(s.per), times: 1, most: math.MaxUint64,
		tierAt: s.tierAt, tiers: s.tiers, prices: 1, lengths: t.lengthsOf(&s),
	}
	if s.tiers > 0 {
		q.prices = s.tiers
	} else if s.flags&shapeTwo != 0 {
		q.prices = 2
	}
	q.single = s.tiers == 0 && q.prices == 1
	if s.flags&shapeAssumed != 0 {
		q.flags = call.DefaultIncrement
	}
	split := t.Bands != nil && t.Bands.Split && s.kind == call.Voice
	if t.ticks(s.kind) != 1 || split || s.flags&(shapeAccess|shapePerCall) != 0 || len(t.Surcharges) > 0 {
		return q
	}
	for j := range s.tiers {
		if tier := c.tier(s.tierAt + j); !tier.Event && tier.Per != s.per {
			return q
		}
	}
	var over, over2, over3 uint64
	over, q.feePer = bits.Mul64(s.fee/c.up(), q.per)
	// Of the card's unit, 10^-Scale, to the last decimal of a charge.
	up, down := max(t.Decimals-c.meta.Scale, 0), max(c.meta.Scale-t.Decimals, 0)
	if t.Surcharge > 0 {
		// (10^12 + s) / 10^12, in lowest powers of ten.
		k := decimalsOf(uint64(t.Surcharge))
		q.times = (one + uint64(t.Surcharge)) / pow10[money.PriceDecimals-k]
		up, down = up-min(up, k), down+k-min(up, k)
	}
	if up >= len(pow10) || down >= len(pow10) {
		return q
	}
	over2, q.times = bits.Mul64(q.times, pow10[up])
	over3, q.den = bits.Mul64(q.per, pow10[down])
	if over|over2|over3 != 0 {
		return q
	}
	// Rounding keeps the order of amounts, so limits can be rounded first.
	for _, limit := range []struct {
		price uint64
		into  *uint64
	}{{orPrice(s.minCharge, t.MinCharge), &q.least}, {orPrice(s.maxCharge, t.MaxCharge), &q.most}} {
		if limit.price == 0 {
			continue
		}
		a, err := money.Price(limit.price).Amount().Round(t.Decimals, t.Rounding)
		_, hi, lo, _ := a.Bits()
		if err != nil || hi != 0 {
			return q
		}
		*limit.into = lo
	}
	q.ok = true
	return q
}

// quick charges a rounded quantity by a row: false, if that takes full.
func (c *Card) quick(s *quick, w *words, q uint64) (billed, units uint64, ok bool) {
	if !s.ok {
		return 0, 0, false
	}
	t := c.terms
	var hi, lo uint64
	switch {
	case s.lengths.simple && q > 0:
		first, rest := t.Model.split(q, s.lengths.interval1, s.lengths.intervalN, 0)
		billed = first + rest
		hi, lo = s.sum(w, first, rest)
	case s.lengths.tiersOnly && q > 0:
		if billed, hi, lo, ok = c.sumTiers(s, w, q); !ok {
			return 0, 0, false
		}
	default:
		m := t.measure(&s.lengths, q, 1)
		if m.nothing {
			return 0, 0, true
		}
		billed = m.billed
		switch {
		case s.tiers > 0 && m.onlyFee:
			lo = s.feePer
		case s.tiers > 0:
			if billed, hi, lo, ok = c.sumTiers(s, w, m.first); !ok {
				return 0, 0, false
			}
		default:
			hi, lo = s.sum(w, m.first, m.rest)
		}
	}
	if s.times > 1 {
		h, l := bits.Mul64(lo, s.times)
		over, h2 := bits.Mul64(hi, s.times)
		var carry uint64
		hi, carry = bits.Add64(h, h2, 0)
		if lo = l; over|carry != 0 {
			return 0, 0, false
		}
	}
	units, ok = divide(hi, lo, s.den, t.Rounding)
	return billed, min(max(units, s.least), s.most), ok
}

// sum is fee + price 1 × first + price N × rest, times per. Prices are below
// 2^64 and lengths below 2^55: it fits. What is zero is added like the rest: to
// ask would cost more, since nobody can foretell the answer.
func (s *quick) sum(w *words, first, rest uint64) (hi, lo uint64) {
	h1, l1 := bits.Mul64(w.price1, first)
	hN, lN := bits.Mul64(w.priceN, rest)
	lo, carry1 := bits.Add64(l1, lN, 0)
	lo, carry2 := bits.Add64(lo, s.feePer, 0)
	return h1 + hN + carry1 + carry2, lo
}

// sumTiers is fee + the tiers, times per, of a counted quantity.
func (c *Card) sumTiers(s *quick, w *words, q uint64) (billed, hi, lo uint64, ok bool) {
	lo = s.feePer
	for i := range s.tiers {
		t := &c.steps[s.tierAt+i]
		n := t.take(q)
		if t.event {
			over := uint64(0)
			if over, n = bits.Mul64(n, s.per); over != 0 {
				return 0, 0, 0, false
			}
		} else {
			billed += n
		}
		h, l := bits.Mul64(c.price(w, i), n)
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		if hi, carry = bits.Add64(hi, h, carry); carry != 0 {
			return 0, 0, 0, false
		}
	}
	return billed, hi, lo, true
}

// chargeTiers is quick for a row of tiers and nothing else, whose first word has
// been read: false, if that takes more, or the image is damaged.
func (c *Card) chargeTiers(first, at uint32, q uint64) (billed, units uint64, ok bool) {
	s := &c.quicks[first>>formBits&c.mask]
	size := 4 * sizeOf(first, int(s.tiers))
	if size > len(c.rates)-4*int(at) {
		return 0, 0, false
	}
	words, lo, over := c.rates[4*int(at):][:size], s.feePer, uint64(0)
	form, price := first&formMask, uint64(first>>c.beside)
	if form != formBeside {
		words = words[4:]
	}
	for i := range c.steps[s.tierAt:][:s.tiers] {
		switch {
		case form == formWide:
			price = binary.LittleEndian.Uint64(words[8*i:])
		case form == formApart || i > 0:
			price = uint64(binary.LittleEndian.Uint32(words[4*i:]))
		}
		step := &c.steps[int(s.tierAt)+i]
		n, high := step.take(q), uint64(0)
		if step.event {
			high, n = bits.Mul64(n, s.per)
		} else {
			billed += n
		}
		h, l := bits.Mul64(price, n)
		sum, carry := bits.Add64(lo, l, 0)
		_, above := bits.Sub64(c.top, price, 0)
		lo, over = sum, over|high|h|carry|above
	}
	h, sum := bits.Mul64(lo, s.times)
	if over|h != 0 {
		return 0, 0, false
	}
	units = sum / s.den
	units += roundsUp(sum-units*s.den, s.den, c.terms.Rounding)
	return billed, min(max(units, s.least), s.most), true
}

// divide returns hi:lo / den, rounded once; false: it does not fit.
func divide(hi, lo, den uint64, method money.Rounding) (units uint64, ok bool) {
	if hi >= den {
		return 0, false
	}
	var rem uint64
	if hi == 0 {
		units, rem = lo/den, lo%den
	} else {
		units, rem = bits.Div64(hi, lo, den)
	}
	return units + roundsUp(rem, den, method), units != math.MaxUint64
}

// roundsUp returns 1 where rem / den is rounded up, else 0. Each is 1 when what
// is taken off is the greater: a jump would be taken as often as not.
func roundsUp(rem, den uint64, method money.Rounding) (up uint64) {
	switch method {
	case money.HalfUp:
		_, up = bits.Sub64(den-rem-1, rem, 0)
	case money.HalfDown:
		_, up = bits.Sub64(den-rem, rem, 0)
	case money.Up:
		_, up = bits.Sub64(0, rem, 0)
	}
	return up
}
