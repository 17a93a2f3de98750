package rating

import (
	"fmt"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

const nanosPerSecond = 1_000_000_000

// MaxQuantity bounds messages, bytes and pieces of one record.
const MaxQuantity = call.MaxDuration * nanosPerSecond

// Quantities are counted in ticks: whole units, or nanoseconds where the terms
// keep fractions of a second.

// ticks returns how many ticks a unit has.
func (t *Terms) ticks(k call.Kind) uint64 {
	if t.KeepFractions && k == call.Voice {
		return nanosPerSecond
	}
	return 1
}

// rounded returns a quantity in ticks: of voice it is given in nanoseconds.
// It is within 0 to MaxQuantity.
func (t *Terms) rounded(k call.Kind, quantity int64) uint64 {
	q := uint64(quantity)
	if k != call.Voice || t.KeepFractions {
		return q
	}
	seconds, fraction := q/nanosPerSecond, q%nanosPerSecond
	const half = nanosPerSecond / 2
	switch {
	case fraction == 0, t.DurationRounding == money.Down,
		t.DurationRounding == money.HalfUp && fraction < half,
		t.DurationRounding == money.HalfDown && fraction <= half:
		return seconds
	default:
		return seconds + 1
	}
}

// measure is what a quantity becomes on the way to its charge, in ticks.
type measure struct {
	quantity    uint64 // rounded
	counted     uint64 // less grace and free units that come first, and at least the minimum
	nothing     bool   // nothing at all is charged
	grace       bool   // and that because of the grace period
	onlyFee     bool   // all of it is free units
	first, rest uint64 // billed at price 1 and at price N
	skipped     uint64 // free, between the two
	billed      uint64 // whole units
}

// lengths is what of a row and its card decides the billed ticks.
type lengths struct {
	interval1, intervalN uint64
	minimum, grace, free uint64
	perCall, tiers       bool
	simple, tiersOnly    bool // two intervals, or tiers, and nothing else
}

// lengthsOf returns the lengths of a shape, the card's where it has none.
func (t *Terms) lengthsOf(s *shape) lengths {
	u := t.ticks(s.kind)
	l := lengths{
		interval1: uint64(s.interval1) * u, intervalN: uint64(s.intervalN) * u,
		minimum: or(s.minimum, t.Minimum) * u, free: or(s.free, t.Free) * u,
		perCall: s.flags&shapePerCall != 0, tiers: s.tiers > 0,
	}
	if s.flags&shapeNoGrace == 0 {
		l.grace = or(s.grace, t.Grace) * u
	}
	only := l.minimum|l.grace|l.free == 0
	l.simple, l.tiersOnly = only && !l.perCall && !l.tiers, only && l.tiers
	return l
}

func or(own, cards uint32) uint64 {
	if own != 0 {
		return uint64(own)
	}
	return uint64(cards)
}

// measure applies grace, minimum, free units and the increment model, in this
// order (support.portsip.com/portsip-pbx-administration-guide/19-billing has
// Sippy's formula, docs.jerasoft.net Rates Management JeraSoft's grace). A unit
// has u ticks.
func (t *Terms) measure(l *lengths, q, u uint64) (m measure) {
	m.quantity = q
	if q == 0 && !t.ChargeZeroSeconds {
		m.nothing = true
		return m
	}
	if l.grace > 0 {
		if q < l.grace || q == l.grace && t.GraceMode != GraceUnder {
			m.nothing, m.grace = true, true
			return m
		}
		if t.GraceMode == GraceDeducted {
			q -= l.grace
		}
	}
	q = max(q, l.minimum)
	free := l.free
	if free > 0 && (t.FreeFirst || l.tiers) {
		if q <= free {
			m.onlyFee = true
			return m
		}
		q, free = q-free, 0
	}
	m.counted = q
	switch {
	case l.tiers:
		m.first = q
	case l.perCall:
		m.first = multiple(q, u)
	default:
		m.first, m.rest = t.Model.split(q, l.interval1, l.intervalN, free)
		if l.interval1|l.intervalN != 0 || t.Model == Continuous {
			m.skipped = free
		}
	}
	m.billed = m.first + m.rest
	if u > 1 {
		m.billed = (m.billed + u - 1) / u
	}
	return m
}

// split returns the billed ticks of a call of q: those at price 1 and those at
// price N. free ticks after the first interval are not billed.
//
// A pulse of 0 is one flat block: the first interval pays for the whole call,
// whatever its length, and the rest is not billed. With no first interval
// either, only the fee is charged (the price after it is 0): the time is
// billed as it was, at nothing.
//
// FirstThenPulse: JeraSoft's 26 s at 25/8 is 33 (docs.jerasoft.net, Rates
// Management). WholeCallMultiple: Kolmisoft's 5 s at 10/30 is 30
// (wiki.kolmisoft.com/index.php/What_is_increment); the first interval is
// still at price 1.
func (m IncrementModel) split(q, interval1, intervalN, free uint64) (first, rest uint64) {
	over := q - min(q, interval1+free)
	switch {
	case m == Continuous:
		return interval1, over
	case intervalN == 0 && interval1 == 0:
		return 0, q
	case intervalN == 0:
		return interval1, 0
	case m == WholeCallMultiple:
		return interval1, multiple(interval1+over, intervalN) - interval1
	default:
		return interval1, multiple(over, intervalN)
	}
}

// multiple returns n rounded up to a multiple of step.
func multiple(n, step uint64) uint64 { return (n + step - 1) / step * step }

// ticks returns what a tier takes of a quantity: billed ticks, or how often
// its event happens.
func (t *Tier) ticks(q, u uint64, continuous bool) uint64 {
	before := uint64(t.From-1) * u
	if q <= before {
		return 0
	}
	last := q - before
	length := uint64(t.Length) * u
	if length > 0 {
		last = min(last, length)
	}
	if t.Event {
		// It happens when the call reaches a whole unit: unit From, and then
		// each From + n·Every.
		reached := (before + last) / u
		if reached < uint64(t.From) {
			return 0
		}
		if t.Every == 0 {
			return 1
		}
		return (reached-uint64(t.From))/uint64(t.Every) + 1
	}
	if t.RoundUp == 0 && continuous {
		return last
	}
	last = multiple(last, uint64(max(t.RoundUp, 1))*u)
	if length > 0 {
		last = min(last, length)
	}
	return last
}

// validQuantity reports whether a quantity can be priced.
func validQuantity(quantity int64) bool { return quantity >= 0 && quantity <= MaxQuantity }

// checkTogether reports what of a rate does not go with the terms.
func (t *Terms) checkTogether(r *Rate) error {
	switch {
	case r.IntervalN == 0 && r.PriceN != 0 && t.Model != Continuous && len(r.Tiers) == 0:
		return fmt.Errorf("interval N is 0, want 1 or more unless price N is 0")
	case r.Class != AnyClass && !has(t.Presentation.columns(), r.Class):
		return fmt.Errorf("a price of class %q: the card's presentation has none", r.Class)
	case r.Access && r.Kind != call.Voice:
		return fmt.Errorf("an access charge on %s, want voice", r.Kind)
	}
	return nil
}

func has[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}
