package rating

import (
	"fmt"
	"math/bits"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// Charge is what a call costs, or why it has no price.
type Charge struct {
	Reason call.Reason  // empty: charged
	Index  int          // the rate, for Card.At; -1 = none
	Prefix int          // matched digits; 0 with an Index is the catch-all
	Billed uint64       // seconds
	Amount money.Amount // of the card's currency, with exactly Terms.Decimals decimals when charged
	Flags  call.Flags   // DefaultIncrement when the rate's pulse is assumed
}

// Price charges a call of length d to number by the longest matching prefix.
// A call that has no price has a Reason: NoRate; Blocked, with the prefix
// (a completed call there is never free); ShortNumber for a number of fewer
// than Terms.ShortDigits digits without a rate of its full length, since an
// extension 100 is not +1; BadDuration outside 0 to call.MaxDuration.
// It does not allocate.
func (c *Card) Price(number string, d call.Duration) Charge {
	if !validDuration(d) {
		return Charge{Reason: call.BadDuration, Index: -1}
	}
	i, ok := c.Lookup(number)
	digits := 0
	if ok {
		digits = keyDigits(c.key(i))
	}
	if len(number) < c.terms.ShortDigits && (digits == 0 || digits != len(number)) {
		return Charge{Reason: call.ShortNumber, Index: -1}
	}
	if !ok {
		return Charge{Reason: call.NoRate, Index: -1}
	}
	r := c.rate(i)
	if r.Blocked {
		return Charge{Reason: call.Blocked, Index: i, Prefix: digits}
	}
	b, err := c.terms.bill(r, d)
	if err != nil {
		// Open has verified terms and rate and the duration is in range: an
		// error here is a fault of this package, and no charge would be right.
		panic(err)
	}
	out := Charge{Index: i, Prefix: digits, Billed: b.first + b.rest, Amount: b.amount}
	if r.AssumedPulse {
		out.Flags = call.DefaultIncrement
	}
	return out
}

// Charge returns the billed seconds and the amount, with exactly t.Decimals
// decimals, of a call of length d at rate r; whether r is Blocked is not its
// question. The duration is rounded to whole seconds, the increment model
// makes them billed seconds, and
//
//	fee + price 1 · first/60 + price N · rest/60
//
// is exact until it is rounded, once. A call that rounds to 0 s is free unless
// t.ChargeZeroSeconds: then it pays fee and first interval (as by the letter
// of Sippy's formula, support.portsip.com/portsip-pbx-administration-guide/19-billing).
// It fails on terms or a rate that are not valid and on a duration outside 0
// to call.MaxDuration.
func (t Terms) Charge(r Rate, d call.Duration) (billed uint64, amount money.Amount, err error) {
	if err := t.Validate(); err != nil {
		return 0, money.Amount{}, fmt.Errorf("charging a call: %w", err)
	}
	if err := r.Validate(); err != nil {
		return 0, money.Amount{}, fmt.Errorf("charging a call: %w", err)
	}
	if !validDuration(d) {
		return 0, money.Amount{}, fmt.Errorf("charging a call: a duration of %d ns, want 0 to %d s", d.Nanos, call.MaxDuration)
	}
	b, err := t.bill(r, d)
	return b.first + b.rest, b.amount, err
}

func validDuration(d call.Duration) bool {
	return d.Nanos >= 0 && d.Nanos <= call.MaxDuration*nanosPerSecond
}

const nanosPerSecond = 1_000_000_000

// bill is a charge with what led to it.
type bill struct {
	seconds     uint64       // the duration, rounded
	free        bool         // an answered call of 0 s
	first, rest uint64       // billed seconds at price 1 and at price N
	sixtieths   money.Amount // the exact charge times 60
	amount      money.Amount
}

// bill is the one formula of a charge. Terms, rate and duration are valid.
//
// Nothing overflows: prices are below 2^63 in 10^-12; first+rest is below
// 10^7 + 10^6 s < 2^23.5 (the longer of call and first interval, and less than
// one pulse more), the fee counts as 60 s more; so 60 charges are below 2^87.
// At 20 decimals that is multiplied by 10^8 < 2^27: below 2^114, and MulDiv has
// 256 bits.
func (t Terms) bill(r Rate, d call.Duration) (b bill, err error) {
	if b.seconds, err = t.wholeSeconds(d); err != nil {
		return bill{}, err
	}
	if b.seconds == 0 && !t.ChargeZeroSeconds {
		b.free, b.sixtieths, b.amount = true, money.New(0, 0), money.New(0, t.Decimals)
		return b, nil
	}
	b.first, b.rest = t.Model.split(b.seconds, uint64(r.Interval1), uint64(r.IntervalN))
	hi, lo := bits.Mul64(uint64(r.ConnectionFee), 60)
	for _, part := range [...]struct {
		price   money.Price
		seconds uint64
	}{{r.Price1, b.first}, {r.PriceN, b.rest}} {
		partHi, partLo := bits.Mul64(uint64(part.price), part.seconds)
		var carry uint64
		lo, carry = bits.Add64(lo, partLo, 0)
		hi += partHi + carry
	}
	if b.sixtieths, err = money.FromBits(false, hi, lo, money.PriceDecimals); err != nil {
		return bill{}, fmt.Errorf("adding up a charge: %w", err)
	}
	if b.amount, err = b.sixtieths.MulDiv(1, 60, t.Decimals, t.Rounding); err != nil {
		return bill{}, fmt.Errorf("rounding a charge: %w", err)
	}
	return b, nil
}

// wholeSeconds rounds a duration by t.DurationRounding, before intervals.
func (t Terms) wholeSeconds(d call.Duration) (uint64, error) {
	if d.Nanos%nanosPerSecond == 0 {
		return uint64(d.Nanos / nanosPerSecond), nil
	}
	rounded, err := money.New(d.Nanos, 9).Round(0, t.DurationRounding)
	if err != nil {
		return 0, fmt.Errorf("rounding a duration: %w", err)
	}
	_, _, seconds, _ := rounded.Bits()
	return seconds, nil
}

// split returns the billed seconds of a call of d whole seconds: those at
// price 1 and those at price N.
//
// A pulse of 0 is one flat block: the first interval pays for the whole call,
// whatever its length, and the rest is not billed. With no first interval
// either, only the fee is charged (the price after it is 0): the seconds are
// billed as they were, at nothing.
//
// FirstThenPulse: JeraSoft's 26 s at 25/8 is 33 (docs.jerasoft.net, Rates
// Management). WholeCallMultiple: Kolmisoft's 5 s at 10/30 is 30
// (wiki.kolmisoft.com/index.php/What_is_increment); the first interval is
// still at price 1.
func (m IncrementModel) split(d, interval1, intervalN uint64) (first, rest uint64) {
	long := max(d, interval1)
	switch {
	case intervalN == 0 && interval1 == 0:
		return 0, d
	case intervalN == 0:
		return interval1, 0
	case m == WholeCallMultiple:
		return interval1, multiple(long, intervalN) - interval1
	default:
		return interval1, multiple(long-interval1, intervalN)
	}
}

// multiple returns n rounded up to a multiple of step.
func multiple(n, step uint64) uint64 { return (n + step - 1) / step * step }
