package twin

import (
	"math/big"
)

// charge returns the units billed and the charge of the usage at a row, before
// the maximum charge and before rounding. Where the call's seconds lie in
// several bands, one of them may have no price.
func (p pricing) charge(r Rate) (billed int64, exact *big.Rat, bad choice) {
	b := p.measure(r)
	if b.free {
		return 0, new(big.Rat), choice{}
	}
	sum := decimal(r.ConnectionFee)
	switch {
	case b.feeOnly:
	case len(r.Tiers) > 0:
		sum = plus(sum, p.tierCharge(r, b))
	case r.Per == PerCall:
		sum = plus(sum, decimal(r.Price1))
	case p.Bands != nil && p.Bands.Split && kindOf(p.usage.Kind) == Voice:
		seconds, bad := p.splitCharge(b)
		if bad.reason != "" {
			return 0, nil, bad
		}
		sum = plus(sum, seconds)
	default:
		sum = plus(sum, p.priced(r, r.Price1, b.first))
		sum = plus(sum, p.priced(r, r.PriceN, b.rest))
	}
	if r.Access {
		sum = plus(sum, p.minutes(p.Access, b.billed))
	}
	sum = plus(sum, p.originSurcharges(b.billed))
	sum = times(sum, plus(whole(1), decimal(p.Surcharge)))
	return b.billed, larger(sum, orElseMoney(r.MinCharge, p.MinCharge)), choice{}
}

// capped returns a charge that is at most the maximum charge, where there is
// one.
func (p pricing) capped(r Rate, exact *big.Rat) *big.Rat {
	if most := orElseMoney(r.MaxCharge, p.MaxCharge); most.Sign() > 0 {
		return smaller(exact, most)
	}
	return exact
}

// priced returns what some units cost at a price of a row.
func (p pricing) priced(r Rate, price string, quantity *big.Rat) *big.Rat {
	return over(times(decimal(price), quantity), p.per(r))
}

// per returns how many units the prices of a row are for.
func (p pricing) per(r Rate) int64 {
	if r.Per != 0 {
		return r.Per
	}
	switch kindOf(p.usage.Kind) {
	case Voice:
		return 60
	case Data:
		return 1_000_000
	}
	return 1
}

// minutes returns what billed time costs at a price per minute; usage that is
// no call has no time.
func (p pricing) minutes(price string, billed int64) *big.Rat {
	if kindOf(p.usage.Kind) != Voice {
		return new(big.Rat)
	}
	return over(times(decimal(price), whole(billed)), 60)
}

func (p pricing) tierCharge(r Rate, b bill) *big.Rat {
	sum := new(big.Rat)
	for i, tier := range r.Tiers {
		switch {
		case tier.Event:
			sum = plus(sum, times(decimal(tier.Price), b.tiers[i]))
		case tier.Per != 0:
			sum = plus(sum, over(times(decimal(tier.Price), b.tiers[i]), tier.Per))
		default:
			sum = plus(sum, p.priced(r, tier.Price, b.tiers[i]))
		}
	}
	return sum
}

// originSurcharges returns what callers of the surcharged groups pay besides.
func (p pricing) originSurcharges(billed int64) *big.Rat {
	sum := new(big.Rat)
	for _, s := range p.Surcharges {
		_, from := p.inGroup(s.Origin)
		_, to := longest(s.To, p.number)
		if from && (to || len(s.To) == 0) {
			sum = plus(sum, decimal(s.PerCall))
			sum = plus(sum, p.minutes(s.PerMinute, billed))
		}
	}
	return sum
}
