package rating

import (
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// Charge is what usage costs, or why it has no price.
type Charge struct {
	Reason call.Reason  // empty: charged
	Prefix int          // matched digits; 0 and a Row: the catch-all, or a service
	Billed uint64       // units
	Amount money.Amount // of the card's currency, with exactly Terms.Decimals decimals when charged
	Flags  call.Flags   // what was odd about the price
	Row    Row          // that it was priced by; 0 = none
}

// Row names what rows of a card cost: equal rows have one.
type Row uint32

// account adds up a charge exactly: in 10^-12 of a currency unit, in parts of
// den units of so many ticks. It lists its steps where somebody asked for them.
type account struct {
	den, ticks uint64
	sum        money.Exact
	steps      *[]Step
}

// add charges billed ticks at a price for per units; used is how much of them
// the usage took.
func (a *account) add(name StepName, band string, price, per, used, billed uint64) {
	a.sum.Add(price, billed, a.den/per)
	if a.steps != nil {
		*a.steps = append(*a.steps, Step{Name: name, Band: band, used: used, billed: billed, Price: money.Price(price), Per: per})
	}
}

// once charges a price n times, whatever the length.
func (a *account) once(name StepName, price, n uint64) {
	if price == 0 || n == 0 {
		return
	}
	a.sum.Add(price, n*a.ticks, a.den)
	if a.steps != nil {
		*a.steps = append(*a.steps, Step{Name: name, Times: n, Price: money.Price(price)})
	}
}

// full is the charge of any row by every rule: exact until it is rounded, once.
// quick is the same for rows that use few of them. It sets what tiers make of
// the billed units. A reason says that there is no charge after all.
//
// Nothing overflows: prices are below 2^63, ticks below 2^60 and den at most
// 2^60, so a product has 183 bits; the sum of some hundred of them, times
// 10^12 of the surcharge, has less than 256.
func (p *Pricer) full(r *cost, m *measure, u *Usage, steps *[]Step) (money.Amount, call.Reason, error) {
	t := p.card.terms
	a := account{den: p.card.meta.Den[r.shape.kind], ticks: t.ticks(r.shape.kind), steps: steps}
	if m.nothing {
		return money.New(0, t.Decimals), "", nil
	}
	if reason := p.parts(&a, r, m, u); reason != "" {
		return money.Amount{}, reason, nil
	}
	limit := func(price uint64) (e money.Exact) {
		e.Add(price, a.den, a.ticks)
		return e
	}
	sum, decimals := a.sum, money.PriceDecimals
	least, most := limit(orPrice(r.shape.minCharge, t.MinCharge)), limit(orPrice(r.shape.maxCharge, t.MaxCharge))
	if t.Surcharge > 0 {
		decimals += money.PriceDecimals
		err := errors.Join(sum.Mul(one+uint64(t.Surcharge)), least.Mul(one), most.Mul(one))
		if err != nil {
			return money.Amount{}, "", fmt.Errorf("adding the surcharge: %w", err)
		}
	}
	if sum.Cmp(least) < 0 {
		sum = least
	}
	if !most.IsZero() && sum.Cmp(most) > 0 {
		sum = most
	}
	amount, err := sum.Round(a.den*a.ticks, decimals, t.Decimals, t.Rounding)
	if err != nil {
		return money.Amount{}, "", fmt.Errorf("rounding a charge: %w", err)
	}
	return amount, "", nil
}

// one is 1 as a price.
const one = 1_000_000_000_000

func orPrice(own uint64, cards money.Price) uint64 {
	if own != 0 {
		return own
	}
	return uint64(cards)
}

// parts adds what a charge consists of before the surcharge on all of it.
func (p *Pricer) parts(a *account, r *cost, m *measure, u *Usage) call.Reason {
	s, t := &r.shape, p.card.terms
	switch {
	case m.onlyFee:
	case s.tiers > 0:
		p.addTiers(a, r, m)
	case s.flags&shapePerCall != 0:
		a.once(StepCall, r.price1, 1)
	case t.Bands != nil && t.Bands.Split && s.kind == call.Voice && p.asked.asks():
		if reason := p.addSplit(a, r, m, u); reason != "" {
			return reason
		}
	default:
		m.stretches(func(name StepName, _, used, billed uint64) {
			price := r.price1
			if name == StepPulses {
				price = r.priceN
			}
			a.add(name, "", price, uint64(s.per), used, billed)
		})
	}
	a.once(StepFee, s.fee, 1)
	if s.flags&shapeAccess != 0 {
		a.add(StepAccess, "", uint64(t.Access), 60, m.billed*a.ticks, m.billed*a.ticks)
	}
	if len(t.Surcharges) > 0 {
		p.addSurcharges(a, m, u)
	}
	return ""
}

// stretches yields the two parts of a length that have a price each: where
// they begin, what was counted of them and what is billed for that.
func (m *measure) stretches(yield func(name StepName, from, used, billed uint64)) {
	used := min(m.counted, m.first)
	if m.first > 0 {
		yield(StepFirst, 0, used, m.first)
	}
	from := m.first + m.skipped
	if used = m.counted - min(m.counted, from); m.rest > 0 || used > 0 {
		yield(StepPulses, from, used, m.rest)
	}
}

func (p *Pricer) addTiers(a *account, r *cost, m *measure) {
	continuous, total := p.card.terms.Model == Continuous, uint64(0)
	for i := range r.shape.tiers {
		t := p.card.tierOf(r, i)
		n := t.ticks(m.first, a.ticks, continuous)
		if t.Event {
			a.once(StepEvent, uint64(t.Price), n)
			continue
		}
		total += n
		if n > 0 {
			used := min(n, m.first-uint64(t.From-1)*a.ticks)
			a.add(StepTier, "", uint64(t.Price), uint64(t.Per), used, n)
		}
	}
	m.billed = (total + a.ticks - 1) / a.ticks
}

func (p *Pricer) addSurcharges(a *account, m *measure, u *Usage) {
	t := p.card.terms
	p.begin(u)
	number, _ := p.rated(u)
	for i := range t.Surcharges {
		s := &t.Surcharges[i]
		if p.ctx.rank(t, p.card.surcharged[i]) == 0 || !s.goesTo(number) {
			continue
		}
		if s.PerMinute > 0 && u.Kind == call.Voice {
			a.add(StepOrigin, "", uint64(s.PerMinute), 60, m.billed*a.ticks, m.billed*a.ticks)
		}
		a.once(StepOriginCall, uint64(s.PerCall), 1)
	}
}
