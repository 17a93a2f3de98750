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
	card   *Card
	clocks map[*time.Location]*band.Clock
	zone   *time.Location // of clock
	clock  *band.Clock
	ctx    context
	// What a split call looks up again for each band.
	value   uint32
	digits  int
	length  uint8
	service bool   // of the record: no number is too short for it
	bad     chosen // the row in another band that has no price
	// Stages of a block.
	matches, origins [blockSize]prefix.Match
	from, to         [blockSize]numbering.RegionID
	rows             [blockSize]uint32
	levels           [blockSize]int8
	words            [blockSize]uint64
	warmed           byte
}

// NewPricer returns a pricer of the card.
func (c *Card) NewPricer() *Pricer { return &Pricer{card: c, clocks: map[*time.Location]*band.Clock{}} }

// Card returns the card that it prices by.
func (p *Pricer) Card() *Card { return p.card }

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
	number, flags := p.rated(u)
	key, isNumber := prefix.KeyOf(number)
	if v, note, ok := p.card.service(u); ok {
		p.begin(u)
		p.service = true
		if r, ok := p.look(v, 0, key.Digits); ok {
			if r.service = true; !r.named {
				r.name, r.named = note, true
			}
			return p.charge(r, u, flags, trace)
		}
	}
	p.service, p.length = false, key.Digits
	x := p.card.kinds[u.Kind]
	if x == nil || !isNumber {
		return Charge{Reason: p.none(isNumber), Flags: flags}
	}
	m := x.Lookup(key)
	if !m.OK() {
		return Charge{Reason: p.none(true), Flags: flags}
	}
	if m.Value() >= choiceValue {
		p.begin(u)
	}
	r, ok := p.look(m.Value(), m.Digits(), key.Digits)
	if p.short(r.digits, ok) {
		return Charge{Reason: call.ShortNumber, Flags: flags}
	}
	if !ok {
		return Charge{Reason: call.NoRate, Flags: flags}
	}
	return p.charge(r, u, flags, trace)
}

// none says why a number without any row has no price.
func (p *Pricer) none(isNumber bool) call.Reason {
	if isNumber && p.short(0, false) {
		return call.ShortNumber
	}
	return call.NoRate
}

// look is choose, and keeps what it was asked for.
func (p *Pricer) look(value uint32, digits int, length uint8) (chosen, bool) {
	p.value, p.digits, p.length = value, digits, length
	return p.choose(value, digits, length)
}

// short reports whether a number is too short for a row of so many digits.
func (p *Pricer) short(digits int, ok bool) bool {
	return int(p.length) < p.card.terms.ShortDigits && !p.service && (!ok || digits != int(p.length) || digits == 0)
}

// charge is the charge of usage by a row.
func (p *Pricer) charge(r chosen, u *Usage, flags call.Flags, trace *Trace) Charge {
	w, ok := p.card.costAt(r.at)
	if !ok {
		return Charge{Reason: call.NoRate, Flags: flags} // of a damaged image
	}
	s := &p.card.quicks[w.shape]
	out := Charge{Prefix: r.digits, Flags: flags | s.flags, Row: Row(r.at + 1)}
	if trace != nil {
		trace.chosen, trace.cost = r, p.card.exact(w)
	}
	if s.blocked {
		out.Reason, out.Flags = call.Blocked, flags
		return out
	}
	t := p.card.terms
	quantity := t.rounded(u.Kind, u.Quantity)
	if trace == nil { // which is told by full
		if billed, units, ok := p.card.quick(s, w, quantity); ok {
			out.Billed, out.Amount = billed, unitsOf(units, t.Decimals)
			return out
		}
	}
	return p.chargeFully(out, w, s, quantity, u, flags, trace)
}

// chargeFully is charge by every rule.
func (p *Pricer) chargeFully(out Charge, w words, s *quick, quantity uint64, u *Usage, flags call.Flags, trace *Trace) Charge {
	k := p.card.exact(w)
	m := p.card.terms.measure(&s.lengths, quantity, p.card.terms.ticks(u.Kind))
	var steps *[]Step
	if trace != nil {
		steps = &trace.Steps
	}
	amount, reason, err := p.full(&k, &m, u, steps)
	switch {
	case err != nil:
		// Open has verified the card and the quantity is in range: what is left
		// is a charge of more than 2^128 units of its last decimal.
		return Charge{Reason: call.BadDuration}
	case reason == call.Blocked:
		return Charge{Reason: reason, Flags: flags, Prefix: p.bad.digits, Row: Row(p.bad.at + 1)}
	case reason != "":
		return Charge{Reason: reason, Flags: flags}
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
