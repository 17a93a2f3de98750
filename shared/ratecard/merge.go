package ratecard

import (
	"fmt"
	"math"

	"github.com/tollbook/tollbook/shared/rating"
)

const day = 24 * 3600 * 1_000_000_000 // nanoseconds

// notice holds a change against the notice period. It returns from when on the
// change is to hold if that is to be later.
func (a *applier) notice(s *step, was *packed, c content, at int64) (later int64, st status) {
	if a.classifier == nil || was == nil || was.content == c {
		return at, undone
	}
	ch, err := a.classifier.classify(a.pool, was, &packed{content: c, code: was.code})
	if err != nil {
		return at, a.problem(s, "", prefixOf(s.row.code), "a rate that the card's terms can charge: "+err.Error())
	}
	earliest, short := a.o.short(ch.class, at)
	if !short {
		return at, undone
	}
	switch a.o.OnShortNotice {
	case ShiftShort:
		return earliest, undone
	case RejectShort:
		return at, a.problem(s, "effective_from", a.date(s.row.from), fmt.Sprintf("%s or later: %s needs notice of %s", a.date(earliest), ch.class, days(a.o.days(ch.class))))
	}
	a.notes.short.add(s.line)
	return at, undone
}

// short returns whether a change at an instant comes sooner than it may, and
// when it may come.
func (n *Notice) short(c ChangeClass, at int64) (earliest int64, short bool) {
	d := n.days(c)
	if d == 0 {
		return 0, false
	}
	earliest = n.Received + int64(d)*day
	return earliest, at < earliest
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// merge returns what a command says, and where it says nothing what the rate
// says that it changes or follows; nil: there is none.
func (a *applier) merge(s *step, was *packed) (content, bool) {
	c := s.row.content
	switch {
	case s.keep == 0:
		return c, true
	case was == nil:
		if s.keeps()&fieldPrices != 0 && !a.pool.rests[c.rest].Blocked && len(a.pool.rests[c.rest].Tiers) == 0 {
			a.problem(s, "price_1", "", "a price: there is no rate before it that has one")
			return c, false
		}
		return c, true
	}
	if s.keeps()&FieldName != 0 {
		c.name = was.name
	}
	if s.keeps()&FieldPrice1 != 0 {
		c.price1 = was.price1
	}
	if s.keeps()&FieldPriceN != 0 {
		c.priceN = was.priceN
	}
	tiers := a.pool.rests[was.rest].Tiers
	if s.keeps()&fieldsInRest == 0 && (s.keeps()&fieldPrices != fieldPrices || len(tiers) == 0) {
		return c, true
	}
	r := a.pool.rate(&packed{content: c, code: s.row.code, from: math.MinInt64, to: math.MaxInt64})
	keepRest(&r, &a.pool.rests[was.rest].Rate, s.keeps())
	if s.keeps()&fieldPrices == fieldPrices {
		r.Tiers = tiers
	}
	err := r.Validate()
	if err == nil {
		var p packed
		if p, err = a.pool.pack(&r); err == nil {
			return p.content, true
		}
	}
	a.problem(s, "", prefixOf(s.row.code), "what goes together with the rest of the rate it changes: "+err.Error())
	return c, false
}

func keepRest(r, was *rating.Rate, keep Fields) {
	for f := Fields(1); f <= keep; f <<= 1 {
		switch keep & f {
		case FieldUnit:
			r.Per = was.Per
		case FieldIntervals:
			r.Interval1, r.IntervalN, r.AssumedPulse = was.Interval1, was.IntervalN, was.AssumedPulse
		case FieldFee:
			r.ConnectionFee = was.ConnectionFee
		case FieldMinimum:
			r.Minimum = was.Minimum
		case FieldLimits:
			r.MinCharge, r.MaxCharge = was.MinCharge, was.MaxCharge
		case FieldGrace:
			r.Grace, r.NoGrace = was.Grace, was.NoGrace
		case FieldFree:
			r.Free = was.Free
		case FieldAccess:
			r.Access = was.Access
		case FieldBlocked:
			r.Blocked = was.Blocked
		case FieldArea:
			r.Area = was.Area
		}
	}
}
