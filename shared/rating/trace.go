package rating

import (
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// Trace says how a charge came about. Seconds are whole; exact amounts are
// decimal text, an endless digit in brackets: 0.01(6) is 1/60.
type Trace struct {
	Number           string         `json:"number"`
	Matched          bool           `json:"matched"` // a rate was found, perhaps a blocked one
	Prefix           string         `json:"prefix"`  // empty and matched: the catch-all
	Destination      string         `json:"destination"`
	Duration         string         `json:"duration"` // seconds as read
	DurationRounding money.Rounding `json:"duration_rounding"`
	Seconds          uint64         `json:"seconds"` // the duration, rounded
	Free             bool           `json:"free"`    // an answered call of 0 s, not charged
	Steps            []Step         `json:"steps,omitempty"`
	Exact            string         `json:"exact,omitempty"` // the sum of the steps
	Rounding         money.Rounding `json:"rounding"`
	Decimals         int            `json:"decimals"`
	Currency         string         `json:"currency"`
	ShortDigits      int            `json:"short_digits"`
	Reason           call.Reason    `json:"reason,omitempty"` // why there is no charge
	Billed           uint64         `json:"billed_seconds"`
	Amount           string         `json:"charge,omitempty"` // empty when there is none
	Flags            string         `json:"flags,omitempty"`
}

// Step is one summand of a charge.
type Step struct {
	Name    StepName    `json:"name"`
	Seconds uint64      `json:"seconds"`        // of the call
	Billed  uint64      `json:"billed_seconds"` // for them
	Price   money.Price `json:"price"`          // per minute; the fee per call
	Exact   string      `json:"exact"`          // billed × price / 60, or the fee
}

// StepName says which part of a rate a step applies.
type StepName string

// The steps of a charge, in the order they are listed.
const (
	StepFirst  StepName = "first_interval"
	StepPulses StepName = "pulses"
	StepFee    StepName = "connection_fee"
)

// Trace returns how Price comes to its answer for the same call.
func (c *Card) Trace(number string, d call.Duration) Trace {
	charge := c.Price(number, d)
	t := Trace{
		Number: number, Matched: charge.Index >= 0,
		Duration:         money.New(d.Nanos, 9).Trim().Text(int(d.Decimals)),
		DurationRounding: c.terms.DurationRounding,
		Rounding:         c.terms.Rounding, Decimals: c.terms.Decimals, Currency: c.terms.Currency,
		ShortDigits: c.terms.ShortDigits,
		Reason:      charge.Reason, Billed: charge.Billed, Flags: charge.Flags.String(),
	}
	if t.Matched {
		r := c.At(charge.Index)
		t.Prefix, t.Destination = r.Prefix, r.Destination
	}
	if charge.Reason != "" {
		return t
	}
	r := c.rate(charge.Index)
	b, err := c.terms.bill(r, d)
	if err != nil {
		panic(err) // Price has just billed the same
	}
	t.Seconds, t.Free, t.Exact, t.Amount = b.seconds, b.free, exactText(b.sixtieths), charge.Amount.String()
	if !b.free {
		t.Steps = stepsOf(r, b)
	}
	return t
}

// stepsOf lists what a bill adds up.
func stepsOf(r Rate, b bill) []Step {
	var steps []Step
	first := min(b.seconds, b.first)
	rest := b.seconds - first
	if b.first > 0 {
		steps = append(steps, Step{StepFirst, first, b.first, r.Price1, stepExact(r.Price1, b.first)})
	}
	if b.rest > 0 || rest > 0 {
		steps = append(steps, Step{StepPulses, rest, b.rest, r.PriceN, stepExact(r.PriceN, b.rest)})
	}
	if r.ConnectionFee > 0 {
		steps = append(steps, Step{StepFee, 0, 0, r.ConnectionFee, stepExact(r.ConnectionFee, 60)})
	}
	return steps
}

// stepExact returns the exact amount of a price per minute for some seconds.
func stepExact(p money.Price, seconds uint64) string {
	product, err := p.Amount().Mul(money.New(int64(seconds), 0))
	if err != nil {
		panic(err) // below 2^87, as bill has it, and no more decimals than the price
	}
	return exactText(product)
}

// exactText writes a/60 exactly. Past 14 decimals (the 12 of a price and two
// more) only the divisor's factor 3 is left, which repeats one digit for ever.
func exactText(a money.Amount) string {
	const decimals = money.PriceDecimals + 2
	q, err := a.MulDiv(1, 60, decimals+1, money.Down)
	if err != nil {
		panic(err) // a is below 2^87: see bill
	}
	s := q.String()
	digits, last := s[:len(s)-1], s[len(s)-1:]
	if last == "0" {
		return q.Trim().String()
	}
	return strings.TrimRight(digits, last) + "(" + last + ")"
}

// shown returns exact text for people: with at least the given decimals, and
// an endless one as such.
func shown(exact string, decimals int) string {
	if digits, last, endless := strings.Cut(exact, "("); endless {
		return digits + strings.Repeat(strings.TrimSuffix(last, ")"), 3) + "…"
	}
	_, fraction, point := strings.Cut(exact, ".")
	if !point && decimals > 0 {
		exact += "."
	}
	return exact + strings.Repeat("0", max(0, decimals-len(fraction)))
}

// Sentence says the same as the trace in words that the customer understands.
func (t Trace) Sentence() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Call of %s s to %s", t.Duration, t.Number)
	switch {
	case t.Matched && t.Destination != "":
		fmt.Fprintf(&b, " (%s, %s)", t.Destination, t.prefixText())
	case t.Matched:
		fmt.Fprintf(&b, " (%s)", t.prefixText())
	}
	b.WriteString(": ")
	if t.Reason != "" {
		fmt.Fprintf(&b, "not charged, %s.", t.reasonText())
		return b.String()
	}
	if strings.Contains(t.Duration, ".") {
		fmt.Fprintf(&b, "counted as %d s, ", t.Seconds)
	}
	switch {
	case t.Free:
		b.WriteString("a call of 0 s is free")
	case len(t.Steps) == 0:
		b.WriteString("nothing is charged for it")
	}
	for i, s := range t.Steps {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.stepText(i, s))
	}
	if sum := shown(t.Exact, t.Decimals); sum != t.Amount {
		fmt.Fprintf(&b, "; %s rounded %s to %d decimals", sum, t.Rounding, t.Decimals)
	}
	fmt.Fprintf(&b, "; total %s %s.", t.Amount, t.Currency)
	return b.String()
}

func (t Trace) prefixText() string {
	if t.Prefix == "" {
		return "any other number"
	}
	return "prefix " + t.Prefix
}

func (t Trace) reasonText() string {
	switch t.Reason {
	case call.NoRate:
		return "no prefix of the card matches this number"
	case call.Blocked:
		return "this prefix is blocked"
	case call.ShortNumber:
		return fmt.Sprintf("the number has fewer than %d digits and there is no rate for exactly this number", t.ShortDigits)
	case call.BadDuration:
		return fmt.Sprintf("a duration must be 0 to %d s", call.MaxDuration)
	default:
		return string(t.Reason)
	}
}

// stepText says one step; i is its place in the list.
func (t Trace) stepText(i int, s Step) string {
	price := shown(s.Price.String(), 2)
	if s.Name == StepFee {
		return "connection fee " + price
	}
	word := ""
	switch {
	case s.Name == StepPulses && i > 0:
		word = "then "
	case i+1 < len(t.Steps) && t.Steps[i+1].Name == StepPulses:
		word = "first "
	}
	switch {
	case s.Billed == 0:
		return fmt.Sprintf("%s%d s free", word, s.Seconds)
	case s.Seconds == 0:
		word = fmt.Sprintf("%s%d s more to a whole block", word, s.Billed)
	case s.Seconds == s.Billed:
		word = fmt.Sprintf("%s%d s", word, s.Seconds)
	default:
		word = fmt.Sprintf("%s%d s billed as %d s", word, s.Seconds, s.Billed)
	}
	return fmt.Sprintf("%s at %s/min = %s", word, price, shown(s.Exact, t.Decimals))
}
