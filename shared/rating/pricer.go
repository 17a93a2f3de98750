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
	asked  asking // of the record; a split call asks again in each band
	bad    chosen // the row in another band that has no price
	// Stages of a block.
	matches, origins [blockSize]prefix.Match
	from, to         [blockSize]numbering.RegionID
	rows             [blockSize]uint32
	levels           [blockSize]int8
	words            [blockSize]uint32
	flags            [blockSize]call.Flags
	asking           [blockSize]uint8  // places whose rows ask for something
	heads            [blockSize]uint32 // of those: the first word of the list, then where in it the place of a cost is
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
	c, _, _ := p.priceRow(u, trace)
	return c
}

// priceRow is price with the row that holds for the usage; false: none does.
func (p *Pricer) priceRow(u *Usage, trace *Trace) (Charge, chosen, bool) {
	if !validQuantity(u.Quantity) {
		return Charge{Reason: call.BadDuration}, chosen{}, false
	}
	flags := p.ask(u)
	r, reason := p.row()
	if reason != "" {
		return Charge{Reason: reason, Flags: flags}, chosen{}, false
	}
	if r.service {
		flags = 0 // no number counts
	}
	return p.charge(r, u, flags, trace), r, true
}

// ask works out what the row for a record is looked for by.
func (p *Pricer) ask(u *Usage) (flags call.Flags) {
	number, flags := p.rated(u)
	key, isNumber := prefix.KeyOf(number)
	p.asked = asking{digits: key.Digits, isNumber: isNumber}
	p.asked.service, p.asked.note, p.asked.hasService = p.card.service(u)
	if x := p.card.kinds[u.Kind]; x != nil && isNumber {
		p.asked.match = x.Lookup(key)
	}
	if p.asked.asks() {
		p.begin(u)
	}
	return flags
}

// asking is what a row is looked for by, beside the context.
type asking struct {
	service, note uint32 // rows of the record's service
	hasService    bool
	match         prefix.Match // rows of the number
	digits        uint8        // of the number
	isNumber      bool
}

// asks reports whether the row may be another in another context.
func (a *asking) asks() bool { return a.hasService || a.match.Value() >= choiceValue }

// row returns the row that holds for the record: of its service, else of its
// number.
func (p *Pricer) row() (r chosen, reason call.Reason) {
	a := &p.asked
	if a.hasService {
		if r, ok := p.choose(a.service, 0, a.digits); ok {
			if r.service = true; !r.named {
				r.name, r.named = a.note, true
			}
			return r, ""
		}
	}
	ok := a.match.OK()
	if ok {
		r, ok = p.choose(a.match.Value(), a.match.Digits(), a.digits)
	}
	switch {
	case a.isNumber && p.card.short(a.digits, r.digits, ok):
		return r, call.ShortNumber
	case !ok:
		return r, call.NoRate
	}
	return r, ""
}

// short reports whether a number is too short for a row of so many digits.
func (c *Card) short(number uint8, digits int, ok bool) bool {
	return int(number) < c.terms.ShortDigits && (!ok || digits != int(number) || digits == 0)
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
	if p.asked.asks() {
		out.Flags |= p.noted(r.cond)
	}
	t := p.card.terms
	quantity := t.rounded(u.Kind, u.Quantity)
	if trace == nil { // which is told by full
		if billed, units, ok := p.card.quick(s, &w, quantity); ok {
			out.Billed, out.Amount = billed, money.Units(units, uint8(t.Decimals))
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
		if trace != nil {
			if bad, ok := p.card.costOf(p.bad.at); ok {
				trace.chosen, trace.cost = p.bad, bad
			}
		}
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
