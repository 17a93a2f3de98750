package twin

import "math/big"

// bill is what of the usage is charged.
type bill struct {
	free    bool       // nothing at all, not even the fee
	feeOnly bool       // the free units cover all of it
	first   *big.Rat   // units at price 1
	rest    *big.Rat   // units at price N
	restAt  int64      // seconds from the instant to the first of the rest
	tiers   []*big.Rat // of each tier its units, or how often its event is charged
	billed  int64
}

// measure works out what of the usage a row charges.
func (p pricing) measure(r Rate) bill {
	q := p.counted()
	if q.Sign() == 0 && !p.ChargeZeroSeconds {
		return bill{free: true}
	}
	q, free := p.afterGrace(r, q)
	if free {
		return bill{free: true}
	}
	q = larger(q, whole(orElse(r.Minimum, p.Minimum)))

	freeUnits := orElse(r.Free, p.Free)
	if freeUnits > 0 && (p.FreeFirst || len(r.Tiers) > 0) {
		if q.Cmp(whole(freeUnits)) <= 0 {
			return bill{feeOnly: true, first: new(big.Rat), rest: new(big.Rat)}
		}
		q = minus(q, whole(freeUnits))
		freeUnits = 0
	}
	switch {
	case len(r.Tiers) > 0:
		return p.inTiers(r, q)
	case r.Per == PerCall:
		return bill{first: multiple(q, 1), rest: new(big.Rat), billed: units(q)}
	}
	return p.firstAndRest(r, q, freeUnits)
}

// counted returns the quantity in units of its kind: seconds of a call, with
// its fraction of a second rounded.
func (p pricing) counted() *big.Rat {
	if kindOf(p.usage.Kind) != Voice {
		return whole(p.usage.Quantity)
	}
	seconds := big.NewRat(p.usage.Quantity, 1_000_000_000)
	if p.KeepFractions {
		return seconds
	}
	return Round(seconds, 0, p.DurationRounding)
}

// afterGrace returns what is left of q after the grace period, and whether the
// usage is free.
func (p pricing) afterGrace(r Rate, q *big.Rat) (left *big.Rat, free bool) {
	length := orElse(r.Grace, p.Grace)
	if length == 0 || r.NoGrace {
		return q, false
	}
	compared := q.Cmp(whole(length))
	switch p.GraceMode {
	case GraceUnder:
		return q, compared < 0
	case GraceUpTo:
		return q, compared <= 0
	case GraceDeducted:
		return minus(q, whole(length)), compared <= 0
	}
	panic("twin: no grace mode " + p.GraceMode)
}

// firstAndRest bills the first interval, then what is after it and after the
// free units.
func (p pricing) firstAndRest(r Rate, q *big.Rat, freeUnits int64) bill {
	first := whole(r.Interval1)
	restAt := r.Interval1 + freeUnits
	rest := larger(minus(q, whole(restAt)), new(big.Rat)) // before pulses
	switch {
	case p.Model == Continuous:
	case r.IntervalN == 0 && r.Interval1 > 0: // one flat block, whatever the length
		rest = new(big.Rat)
	case r.IntervalN == 0: // as it was, at price N, which is 0
		rest, restAt = q, 0
	case p.Model == WholeCallMultiple:
		rest = minus(multiple(plus(first, rest), r.IntervalN), first)
	case p.Model == FirstThenPulse || p.Model == "":
		rest = multiple(rest, r.IntervalN)
	default:
		panic("twin: no increment model " + p.Model)
	}
	return bill{first: first, rest: rest, restAt: restAt, billed: units(plus(first, rest))}
}

// inTiers shares q out to the tiers of a row.
func (p pricing) inTiers(r Rate, q *big.Rat) bill {
	var out bill
	total := new(big.Rat)
	for _, tier := range r.Tiers {
		if tier.Event {
			out.tiers = append(out.tiers, eventTimes(tier, q))
			continue
		}
		part := p.tierUnits(tier, q)
		out.tiers = append(out.tiers, part)
		total = plus(total, part)
	}
	out.billed = units(total)
	return out
}

// tierUnits returns the units of q that lie in a tier: what is after its
// beginning, at most its length, rounded up but not past its end.
func (p pricing) tierUnits(tier Tier, q *big.Rat) *big.Rat {
	part := larger(minus(q, whole(tier.From-1)), new(big.Rat))
	step := tier.RoundUp
	if step == 0 && !(p.KeepFractions && p.Model == Continuous) {
		step = 1
	}
	if step > 0 {
		part = multiple(part, step)
	}
	if tier.Length > 0 {
		part = smaller(part, whole(tier.Length))
	}
	return part
}

// eventTimes returns how often an event is charged: when the usage reaches it,
// and after every so many units, within its length.
func eventTimes(tier Tier, q *big.Rat) *big.Rat {
	if q.Cmp(whole(tier.From)) < 0 {
		return new(big.Rat)
	}
	if tier.Every == 0 {
		return whole(1)
	}
	if tier.Length > 0 {
		q = smaller(q, whole(tier.From+tier.Length-1))
	}
	again := Round(over(minus(q, whole(tier.From)), tier.Every), 0, "down")
	return plus(again, whole(1))
}
