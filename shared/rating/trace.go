package rating

import (
	"math/big"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// Trace says how a charge came about. Exact amounts are decimal text, endless
// digits in brackets: 0.01(6) is 1/60.
type Trace struct {
	Kind             call.Kind      `json:"kind"`
	Number           string         `json:"number"`            // that was rated
	Dialled          string         `json:"dialled,omitempty"` // the called one, where its routing number was rated
	Matched          bool           `json:"matched"`           // a rate was found, perhaps a blocked one
	Prefix           string         `json:"prefix"`            // empty and matched: the catch-all, or the service
	Service          string         `json:"service,omitempty"`
	Destination      string         `json:"destination"`
	Row              Rate           `json:"-"`               // the rate that was found
	Class            string         `json:"class,omitempty"` // the column of the card's presentation
	Band             string         `json:"band,omitempty"`  // at the call's instant
	Duration         string         `json:"duration"`        // as read: seconds, or messages, bytes, pieces
	DurationRounding money.Rounding `json:"duration_rounding"`
	Seconds          uint64         `json:"seconds"`             // the duration, rounded
	Free             bool           `json:"free"`                // nothing is charged: of 0 s, or within the grace period
	Grace            uint64         `json:"grace,omitzero"`      // period within which it lies
	Deducted         uint64         `json:"deducted,omitzero"`   // grace period that was taken off
	Minimum          uint64         `json:"minimum,omitzero"`    // length that it was raised to
	FreeFirst        uint64         `json:"free_first,omitzero"` // units that were not charged: the first
	FreeAfter        uint64         `json:"free_after,omitzero"` // and those after the first interval
	Steps            []Step         `json:"steps,omitempty"`
	Sum              string         `json:"sum,omitempty"`       // of the steps, where something is done to it
	Surcharge        money.Price    `json:"surcharge,omitzero"`  // fraction of the sum that is added
	MinCharge        money.Price    `json:"min_charge,omitzero"` // it was raised to this
	MaxCharge        money.Price    `json:"max_charge,omitzero"` // it was cut to this
	Exact            string         `json:"exact,omitempty"`     // the charge before it is rounded
	Rounding         money.Rounding `json:"rounding"`
	Decimals         int            `json:"decimals"`
	Currency         string         `json:"currency"`
	ShortDigits      int            `json:"short_digits"`
	Reason           call.Reason    `json:"reason,omitempty"` // why there is no charge
	Billed           uint64         `json:"billed_seconds"`
	Amount           string         `json:"charge,omitempty"` // empty when there is none
	Flags            string         `json:"flags,omitempty"`

	chosen  chosen
	cost    cost
	measure measure
	ticks   uint64

	freeTicks uint64
	upToGrace bool // the grace period's last moment is free, too
}

// Step is one summand of a charge. Lengths are in seconds (or messages, bytes,
// pieces), rounded up. Those of the call are what is left of it for prices:
// without what is free or deducted, and at least the minimum.
type Step struct {
	Name    StepName    `json:"name"`
	Band    string      `json:"band,omitempty"`
	Seconds uint64      `json:"seconds"`        // of the call
	Billed  uint64      `json:"billed_seconds"` // for them
	Times   uint64      `json:"times,omitzero"` // that the price is charged, whatever the length
	Price   money.Price `json:"price"`          // for Per of them; a fee once
	Per     uint64      `json:"per,omitzero"`
	Exact   string      `json:"exact"` // billed × price / per, or times × price

	used, billed uint64 // ticks
}

// StepName says which part of a rate a step applies.
type StepName string

// The steps of a charge.
const (
	StepFirst      StepName = "first_interval"
	StepPulses     StepName = "pulses"
	StepTier       StepName = "tier"
	StepEvent      StepName = "event"
	StepCall       StepName = "price_per_call"
	StepFee        StepName = "connection_fee"
	StepAccess     StepName = "access_charge"
	StepOrigin     StepName = "origin_surcharge"
	StepOriginCall StepName = "origin_surcharge_per_call"
)

// Trace returns how Price comes to its answer for the same usage.
func (p *Pricer) Trace(u *Usage) Trace {
	terms := p.card.terms
	t := Trace{
		Kind: u.Kind, DurationRounding: terms.DurationRounding, Rounding: terms.Rounding,
		Decimals: terms.Decimals, Currency: terms.Currency, ShortDigits: terms.ShortDigits, ticks: terms.ticks(u.Kind),
	}
	if t.Number, _ = p.rated(u); t.Number != u.Number {
		t.Dialled = u.Number
	}
	decimals := 0
	if u.Kind == call.Voice {
		decimals = 9
	}
	if validQuantity(u.Quantity) {
		t.Duration = money.New(u.Quantity, decimals).Trim().String()
	}
	charge := p.price(u, &t)
	t.Reason, t.Billed, t.Flags = charge.Reason, charge.Billed, charge.Flags.String()
	if t.Matched = charge.Row != 0; t.Matched {
		p.tell(&t, u)
	}
	if charge.Reason != "" {
		t.Steps = nil
		return t
	}
	t.Amount = charge.Amount.String()
	t.measured(terms)
	t.addUp(p.card)
	return t
}

// measured says what became of the length before it was priced.
func (t *Trace) measured(terms *Terms) {
	m, l := &t.measure, terms.lengthsOf(&t.cost.shape)
	t.Seconds, t.Free = t.whole(m.quantity), m.nothing
	switch {
	case m.grace:
		t.Grace, t.upToGrace = l.grace/t.ticks, terms.GraceMode != GraceUnder
	case m.nothing:
	default:
		q := m.quantity
		if terms.GraceMode == GraceDeducted {
			q, t.Deducted = q-l.grace, l.grace/t.ticks
		}
		if q < l.minimum {
			q, t.Minimum = l.minimum, l.minimum/t.ticks
		}
		if terms.FreeFirst || l.tiers {
			t.freeTicks = min(q, l.free)
			t.FreeFirst = t.whole(t.freeTicks)
		} else if m.counted > m.first {
			t.freeTicks = min(m.counted-m.first, m.skipped)
			t.FreeAfter = t.whole(t.freeTicks)
		}
	}
}

// whole returns ticks as units, rounded up.
func (t *Trace) whole(ticks uint64) uint64 { return (ticks + t.ticks - 1) / t.ticks }

// tell names the row that was found.
func (p *Pricer) tell(t *Trace, u *Usage) {
	c, f := p.card, &t.chosen
	t.Row = c.rateOf(&t.cost)
	c.ask(&t.Row, f.cond)
	t.Class, t.Band = t.Row.Class.String(), t.Row.Band
	if t.Row.Class == AnyClass {
		t.Class = ""
	}
	if t.Service = ""; f.service {
		t.Service = u.Service
	} else {
		t.Prefix = t.Number[:min(f.digits, len(t.Number))]
	}
	t.Row.Prefix, t.Row.Service = t.Prefix, t.Service
	if f.named {
		t.Destination = c.names.at(f.name)
	} else {
		t.Destination = c.Destination(u.Kind, t.Prefix)
	}
	t.Row.Destination = t.Destination
}

// addUp sums the steps as rationals, and says what is done to the sum.
func (t *Trace) addUp(c *Card) {
	sum := new(big.Rat)
	for i := range t.Steps {
		s := &t.Steps[i]
		s.Seconds, s.Billed = t.whole(s.used), t.whole(s.billed)
		exact := s.exact(t.ticks)
		s.Exact = ratText(exact)
		sum.Add(sum, exact)
	}
	if t.Free {
		t.Exact = "0"
		return
	}
	before := ratText(sum)
	if t.Surcharge = c.terms.Surcharge; t.Surcharge > 0 {
		factor := new(big.Rat).Add(big.NewRat(1, 1), priceRat(t.Surcharge))
		sum.Mul(sum, factor)
	}
	least := money.Price(orPrice(t.cost.shape.minCharge, c.terms.MinCharge))
	most := money.Price(orPrice(t.cost.shape.maxCharge, c.terms.MaxCharge))
	if l := priceRat(least); sum.Cmp(l) < 0 {
		sum, t.MinCharge = l, least
	}
	if m := priceRat(most); most > 0 && sum.Cmp(m) > 0 {
		sum, t.MaxCharge = m, most
	}
	if t.Exact = ratText(sum); t.Exact != before {
		t.Sum = before
	}
}

// exact returns what the step adds to the charge.
func (s *Step) exact(ticks uint64) *big.Rat {
	exact := priceRat(s.Price)
	if s.Times > 0 {
		return exact.Mul(exact, natural(s.Times))
	}
	return exact.Mul(exact, new(big.Rat).Quo(natural(s.billed), natural(s.Per*ticks)))
}

func natural(n uint64) *big.Rat { return new(big.Rat).SetInt(new(big.Int).SetUint64(n)) }

func priceRat(p money.Price) *big.Rat { return big.NewRat(int64(p), one) }

// ratText writes a fraction exactly: as a decimal number, with the digits that
// repeat for ever in brackets, or as a fraction when there are too many.
func ratText(r *big.Rat) string {
	const most = 60
	whole, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	var b strings.Builder
	b.WriteString(whole.String())
	if rest.Sign() == 0 {
		return b.String()
	}
	b.WriteByte('.')
	seen := map[string]int{}
	ten, digit := big.NewInt(10), new(big.Int)
	var digits []byte
	for rest.Sign() != 0 {
		at, again := seen[rest.String()]
		if again {
			return b.String() + string(digits[:at]) + "(" + string(digits[at:]) + ")"
		}
		if len(digits) == most {
			return r.String()
		}
		seen[rest.String()] = len(digits)
		digit.QuoRem(rest.Mul(rest, ten), r.Denom(), rest)
		digits = append(digits, byte('0'+digit.Int64()))
	}
	return b.String() + string(digits)
}
