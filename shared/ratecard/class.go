package ratecard

import (
	"cmp"
	"fmt"
	"math/bits"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// ChangeClass is what becomes of a rate (docs.jerasoft.net, Import, has new,
// increased, decreased and unchanged).
type ChangeClass string

// The classes. A price rises when usage of one of the sample lengths costs more,
// before the charge is rounded: whichever of price, intervals, fee or terms made
// it so. It falls when none costs more and one costs less.
const (
	New          ChangeClass = "new"
	Increase     ChangeClass = "increase"
	Decrease     ChangeClass = "decrease"
	Closed       ChangeClass = "closed"
	Blocked      ChangeClass = "blocked"
	Unblocked    ChangeClass = "unblocked"
	TermsChanged ChangeClass = "terms_changed" // something else, and no sample costs another amount
	NameOnly     ChangeClass = "name_only"
	Unchanged    ChangeClass = "unchanged"
)

// Classes are all of them, in the order in which they are shown.
var Classes = [...]ChangeClass{New, Increase, Decrease, Closed, Blocked, Unblocked, TermsChanged, NameOnly, Unchanged}

// samples are the lengths at which prices are compared: seconds of voice, of
// other kinds of usage what a price is for.
var samples = [...]int64{1, 6, 30, 60, 180}

// Move is the sample whose cost changes most, in proportion.
type Move struct {
	Quantity int64        `json:"quantity,omitzero"` // seconds of voice, messages, bytes or pieces; 0: no cost changes
	Was      money.Amount `json:"was,omitzero"`      // before rounding
	Is       money.Amount `json:"is,omitzero"`
}

// over compares how far two costs rise: is ÷ was. A rise from nothing is the
// greatest.
func (m *Move) over(o *Move) int {
	_, a, b, _ := m.Is.Bits()
	_, c, d, _ := o.Was.Bits()
	_, e, f, _ := o.Is.Bits()
	_, g, h, _ := m.Was.Bits()
	left, right := mul128(a, b, c, d), mul128(e, f, g, h)
	for i := range left {
		if left[i] != right[i] {
			return cmp.Compare(left[i], right[i])
		}
	}
	return 0
}

// mul128 multiplies two numbers of 128 bits; the highest word is first.
func mul128(aHi, aLo, bHi, bLo uint64) (out [4]uint64) {
	var carry uint64
	out[2], out[3] = bits.Mul64(aLo, bLo)
	hi, lo := bits.Mul64(aHi, bLo)
	out[2], carry = bits.Add64(out[2], lo, 0)
	out[1], carry = bits.Add64(hi, 0, carry)
	out[0] = carry
	hi, lo = bits.Mul64(aLo, bHi)
	out[2], carry = bits.Add64(out[2], lo, 0)
	out[1], carry = bits.Add64(out[1], hi, carry)
	out[0] += carry
	hi, lo = bits.Mul64(aHi, bHi)
	out[1], carry = bits.Add64(out[1], lo, 0)
	out[0] += hi + carry
	return out
}

// classifier compares rates by their costs.
type classifier struct {
	coster *rating.Coster
	known  []known // by a hash of the key
}

type known struct {
	key   costKey
	costs [len(samples)]money.Amount
	ok    bool
}

// costKey is all that the cost of a rate without tiers depends on.
type costKey struct {
	price1, priceN money.Price
	rest           uint32
}

// knownBits bounds the costs that are kept, 2^knownBits: decks have few prices,
// many times.
const knownBits = 13

func (k *costKey) hash() uint64 {
	const odd = 0x9E3779B97F4A7C15
	return ((uint64(k.price1)*odd+uint64(k.priceN))*odd + uint64(k.rest)) * odd >> (64 - knownBits)
}

func newClassifier(t rating.Terms) (*classifier, error) {
	t.Decimals = money.MaxDecimals
	coster, err := rating.NewCoster(t)
	if err != nil {
		return nil, fmt.Errorf("comparing prices: %w", err)
	}
	return &classifier{coster: coster, known: make([]known, 1<<knownBits)}, nil
}

// costs returns what the samples cost.
func (c *classifier) costs(p *pool, r *packed) (out [len(samples)]money.Amount, err error) {
	k := costKey{r.price1, r.priceN, r.rest}
	place := &c.known[k.hash()]
	if place.ok && place.key == k {
		return place.costs, nil
	}
	rate := p.rests[r.rest].Rate
	rate.Price1, rate.PriceN = r.price1, r.priceN
	unit := int64(rating.DefaultPer(rate.Kind))
	if rate.Kind == call.Voice {
		unit = 1_000_000_000
	}
	var quantities [len(samples)]int64
	for i, n := range samples {
		quantities[i] = n * unit
	}
	if err := c.coster.Charge(&rate, quantities[:], out[:]); err != nil {
		return out, fmt.Errorf("prefix %q: %w", prefixOf(r.code), err)
	}
	*place = known{k, out, true}
	return out, nil
}

// change is what makes one rate of another.
type change struct {
	class ChangeClass
	mixed bool // an increase at some lengths, a decrease at others
	move  Move
}

// classify compares the rates of a key at an instant; nil: there is none.
func (c *classifier) classify(p *pool, was, is *packed) (out change, err error) {
	switch {
	case was == nil && is == nil:
		return change{class: Unchanged}, nil
	case was == nil:
		return change{class: New}, nil
	case is == nil:
		return change{class: Closed}, nil
	case was.content == is.content:
		return change{class: Unchanged}, nil
	}
	before, after := &p.rests[was.rest].Rate, &p.rests[is.rest].Rate
	alike := was.rest == is.rest && was.price1 == is.price1 && was.priceN == is.priceN
	switch {
	case before.Blocked && !after.Blocked:
		return change{class: Unblocked}, nil
	case !before.Blocked && after.Blocked:
		return change{class: Blocked}, nil
	case alike:
		return change{class: NameOnly}, nil
	case before.Blocked: // no price counts
		return change{class: TermsChanged}, nil
	}
	old, err := c.costs(p, was)
	if err != nil {
		return change{}, err
	}
	now, err := c.costs(p, is)
	if err != nil {
		return change{}, err
	}
	unit := int64(1)
	if before.Kind != call.Voice {
		unit = int64(rating.DefaultPer(before.Kind))
	}
	var up, down Move
	for i, n := range samples {
		m := Move{n * unit, old[i], now[i]}
		switch m.Is.Cmp(m.Was) {
		case 1:
			if up.Quantity == 0 || m.over(&up) > 0 {
				up = m
			}
		case -1:
			if down.Quantity == 0 || m.over(&down) < 0 {
				down = m
			}
		}
	}
	switch {
	case up.Quantity > 0:
		return change{Increase, down.Quantity > 0, up}, nil
	case down.Quantity > 0:
		return change{class: Decrease, move: down}, nil
	}
	return change{class: TermsChanged}, nil
}
