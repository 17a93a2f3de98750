package rating

import (
	"errors"
	"fmt"
	"iter"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/prefix"
)

// rateOf returns what a row costs, without what it is for.
func (c *Card) rateOf(k *cost) Rate {
	r := c.rateOfShape(&k.shape)
	r.Price1, r.PriceN = money.Price(k.price1), money.Price(k.priceN)
	for i := range r.Tiers {
		r.Tiers[i].Price = c.tierOf(k, uint32(i)).Price
	}
	return r
}

// rateOfShape is rateOf without prices.
func (c *Card) rateOfShape(s *shape) Rate {
	r := Rate{
		Kind: s.kind, Per: s.per,
		Interval1: s.interval1, IntervalN: s.intervalN, ConnectionFee: money.Price(s.fee),
		Minimum: s.minimum, MinCharge: money.Price(s.minCharge), MaxCharge: money.Price(s.maxCharge),
		Grace: s.grace, NoGrace: s.flags&shapeNoGrace != 0, Free: s.free, Access: s.flags&shapeAccess != 0,
		Blocked: s.flags&shapeBlocked != 0, AssumedPulse: s.flags&shapeAssumed != 0,
	}
	if s.per == DefaultPer(s.kind) {
		r.Per = 0
	}
	if s.flags&shapePerCall != 0 {
		r.Per = PerCall
	}
	for i := range s.tiers {
		t := c.tier(s.tierAt + i)
		if t.Per == s.per {
			t.Per = 0
		}
		r.Tiers = append(r.Tiers, t)
	}
	return r
}

// ask adds to a rate what its row asks for.
func (c *Card) ask(r *Rate, i uint32) {
	d := c.cond(i)
	r.From, r.To, r.Class, r.MinDigits, r.MaxDigits, r.Local = d.from, d.to, d.class, d.minDigits, d.maxDigits, d.local
	if d.band > 0 {
		r.Band = c.terms.Bands.Names[d.band-1]
	}
	if d.origin > 0 {
		r.Origin = c.terms.Origins[d.origin-1].Name
	}
	if d.area > 0 {
		r.Area = c.meta.Areas[d.area-1]
	}
	if d.tag > 0 {
		r.Tag = c.meta.Tags[d.tag-1]
	}
}

var errDamaged = errors.New("the card image is damaged")

// All yields every rate as the card was built from it, by kind and in the
// order of prefixes, the services of all kinds first. An error ends it.
func (c *Card) All() iter.Seq2[Rate, error] {
	return func(yield func(Rate, error) bool) {
		for _, s := range c.meta.Services {
			if !c.rowsOf(s.Value, s.Note, func(r Rate) Rate { r.Service = s.Name; return r }, yield) {
				return
			}
		}
		for _, x := range c.kinds {
			if x == nil {
				continue
			}
			for e, err := range x.All() {
				if err != nil {
					yield(Rate{}, fmt.Errorf("listing the rates of a card: %w", err))
					return
				}
				if !c.rowsOf(e.Value, e.Note, func(r Rate) Rate { r.Prefix = e.Prefix; return r }, yield) {
					return
				}
			}
		}
	}
}

// rowsOf yields the rows of one prefix.
func (c *Card) rowsOf(value, note uint32, named func(Rate) Rate, yield func(Rate, error) bool) bool {
	if value < choiceValue {
		r, ok := c.costOf(value)
		if !ok {
			yield(Rate{}, errDamaged)
			return false
		}
		out := named(c.rateOf(&r))
		out.Destination = c.names.at(note)
		return yield(out, nil)
	}
	l, ok := c.list(value - choiceValue)
	for i := 0; ok && i < l.rows; i++ {
		var r cost
		r, ok = c.costOf(l.rate(i))
		if ok = ok && uint64(l.cond(i)) < uint64(len(c.conds)/condSize); !ok {
			break
		}
		out := named(c.rateOf(&r))
		c.ask(&out, l.cond(i))
		name, ok := l.name(i)
		if !ok {
			name = note
		}
		out.Destination = c.names.at(name)
		if !yield(out, nil) {
			return false
		}
	}
	if !ok {
		yield(Rate{}, errDamaged)
	}
	return ok
}

// Len returns the number of prefixes and services.
func (c *Card) Len() int {
	n := len(c.meta.Services)
	for _, x := range c.kinds {
		if x != nil {
			n += x.Len()
		}
	}
	return n
}

// Destination returns the name of a prefix of the card; of several rows that
// of the first.
func (c *Card) Destination(k call.Kind, digits string) string {
	if x := c.kinds[k]; x != nil {
		if _, e, ok := x.Find(digits); ok {
			return c.names.at(e.Note)
		}
	}
	return ""
}

// Longest returns the longest prefix of a kind's rates that number begins with.
func (c *Card) Longest(k call.Kind, number string) (longest string, ok bool) {
	x := c.kinds[k]
	if x == nil {
		return "", false
	}
	key, ok := prefix.KeyOf(number)
	if !ok {
		return "", false
	}
	m := x.Lookup(key)
	return number[:max(0, m.Digits())], m.OK()
}
