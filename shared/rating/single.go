package rating

import (
	"fmt"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// Charge returns the billed units and the amount, with exactly t.Decimals
// decimals, of a quantity (as Usage.Quantity) at rate r, whatever the rate asks
// for; whether it is Blocked is not its question. It fails on terms or a rate
// that are not valid and on a quantity outside 0 to MaxQuantity.
func (t Terms) Charge(r Rate, quantity int64) (billed uint64, amount money.Amount, err error) {
	if !validQuantity(quantity) {
		return 0, money.Amount{}, fmt.Errorf("charging usage: a quantity of %d, want 0 to %d", quantity, int64(MaxQuantity))
	}
	r = Rate{
		Kind: r.Kind, Price1: r.Price1, PriceN: r.PriceN, Per: r.Per, Interval1: r.Interval1, IntervalN: r.IntervalN,
		ConnectionFee: r.ConnectionFee, Minimum: r.Minimum, MinCharge: r.MinCharge, MaxCharge: r.MaxCharge,
		Grace: r.Grace, NoGrace: r.NoGrace, Free: r.Free, Access: r.Access, Tiers: r.Tiers,
	}
	t.ShortDigits, t.Presentation, t.Bands, t.Origins, t.Surcharges = 0, SingleRate, nil, nil, nil
	image, err := BuildImage(t, func(yield func(Rate, error) bool) { yield(r, nil) })
	if err != nil {
		return 0, money.Amount{}, fmt.Errorf("charging usage: %w", err)
	}
	c, err := Open(image)
	if err != nil {
		return 0, money.Amount{}, fmt.Errorf("charging usage: %w", err)
	}
	out := c.NewPricer().Price(&Usage{Kind: r.Kind, Quantity: quantity})
	if out.Reason != "" {
		return 0, money.Amount{}, fmt.Errorf("charging usage: %s", out.Reason)
	}
	return out.Billed, out.Amount, nil
}

// CutOff returns the longest length, in whole units up to most, that costs no
// more than the maximum charge of its rate before that is applied: where usage
// would be ended if the maximum ended it (CGRateS: MaxCostStrategy disconnect).
// It is most where there is no maximum, or no price.
func (p *Pricer) CutOff(u Usage, most uint64) uint64 {
	unit := uint64(1)
	if u.Kind == call.Voice {
		unit = nanosPerSecond
	}
	of := func(n uint64) (reason call.Reason, cut bool) {
		u.Quantity = int64(n * unit)
		t := p.Trace(&u)
		return t.Reason, t.MaxCharge != 0
	}
	most = min(most, MaxQuantity/unit)
	low, high := uint64(0), most+1
	for low+1 < high { // a longer call never costs less, nor has it a price again
		middle := low + (high-low)/2
		if reason, cut := of(middle); reason != "" || cut {
			high = middle
		} else {
			low = middle
		}
	}
	if high > most {
		return most
	}
	if reason, _ := of(high); reason != "" {
		return most
	}
	return low
}
