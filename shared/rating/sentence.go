package rating

import (
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// shown returns exact text for people: with at least the given decimals, and
// an endless one as such.
func shown(exact string, decimals int) string {
	if digits, again, endless := strings.Cut(exact, "("); endless {
		again = strings.TrimSuffix(again, ")")
		return digits + strings.Repeat(again, max(1, 3/len(again))) + "…"
	}
	if strings.Contains(exact, "/") {
		return exact
	}
	_, fraction, point := strings.Cut(exact, ".")
	if !point && decimals > 0 {
		exact += "."
	}
	return exact + strings.Repeat("0", max(0, decimals-len(fraction)))
}

// counts names what a kind of usage is counted in: one, and several.
var counts = [call.Kinds][2]string{{"s", "s"}, {"message", "messages"}, {"byte", "bytes"}, {"piece", "pieces"}}

// unit is what is counted, for that many of it.
func (t Trace) unit(n string) string {
	if n == "1" {
		return counts[t.Kind][0]
	}
	return counts[t.Kind][1]
}

// amount writes ticks with their unit.
func (t Trace) amount(ticks uint64) string {
	n := t.length(ticks)
	return n + " " + t.unit(n)
}

// Sentence says the same as the trace in words that the customer understands.
func (t Trace) Sentence() string {
	head := "Call"
	switch {
	case t.Duration == "" && t.Kind != call.Voice:
		head = "Usage"
	case t.Duration == "":
	case t.Kind == call.Voice:
		head += " of " + t.Duration + " s"
	default:
		head = t.Duration + " " + t.unit(t.Duration)
	}
	switch {
	case t.Dialled != "":
		head += fmt.Sprintf(" to %s, rated as %s", t.Dialled, t.Number)
	case t.Number != "":
		head += " to " + t.Number
	}
	switch {
	case t.Matched && t.Destination != "":
		head += fmt.Sprintf(" (%s, %s)", t.Destination, t.prefixText())
	case t.Matched:
		head += fmt.Sprintf(" (%s)", t.prefixText())
	}
	if t.Reason != "" {
		return fmt.Sprintf("%s: not charged, %s.", head, t.reasonText())
	}
	parts := append(t.lengthText(), t.timeTexts()...)
	for _, s := range t.Steps {
		if !s.isTime() {
			parts = append(parts, t.onceText(s))
		}
	}
	if !t.Free && len(t.Steps) == 0 {
		parts = append(parts, "nothing is charged for it")
	}
	return fmt.Sprintf("%s: %s%s; total %s %s.", head, strings.Join(parts, ", "), t.sumText(), t.Amount, t.Currency)
}

// lengthText says what became of the length before prices.
func (t Trace) lengthText() (parts []string) {
	add := func(format string, units uint64) {
		if units > 0 {
			n := fmt.Sprint(units)
			parts = append(parts, fmt.Sprintf(format, n+" "+t.unit(n)))
		}
	}
	if strings.Contains(t.Duration, ".") && t.ticks == 1 {
		parts = append(parts, fmt.Sprintf("counted as %d s", t.Seconds))
	}
	what := "a call"
	if t.Kind != call.Voice {
		what = "usage"
	}
	switch {
	case t.Grace > 0 && t.upToGrace:
		add(what+" of up to %s is free", t.Grace)
	case t.Grace > 0:
		add(what+" under %s is free", t.Grace)
	case t.Free && t.Kind == call.Voice:
		parts = append(parts, "a call of 0 s is free")
	case t.Free:
		parts = append(parts, "nothing was used")
	}
	add("the first %s are not counted", t.Deducted)
	add("at least %s are billed", t.Minimum)
	if t.FreeFirst > 0 {
		parts = append(parts, t.amount(t.freeTicks)+" free")
	}
	return parts
}

// sumText says what is done to the sum of the steps.
func (t Trace) sumText() string {
	var b strings.Builder
	if t.Sum != "" {
		fmt.Fprintf(&b, "; together %s", shown(t.Sum, t.Decimals))
	}
	if t.Surcharge > 0 {
		percent, err := t.Surcharge.Amount().Mul(money.New(100, 0))
		if err != nil {
			panic(err) // below 2^63 · 100
		}
		fmt.Fprintf(&b, ", plus %s %%", percent.Trim())
	}
	switch {
	case t.MaxCharge > 0:
		fmt.Fprintf(&b, ", but at most %s", shown(t.MaxCharge.String(), t.Decimals))
	case t.MinCharge > 0:
		fmt.Fprintf(&b, ", but at least %s", shown(t.MinCharge.String(), t.Decimals))
	}
	if exact := shown(t.Exact, t.Decimals); exact != t.Amount {
		fmt.Fprintf(&b, "; %s rounded %s to %s", exact, t.Rounding, decimalsText(t.Decimals))
	}
	return b.String()
}

func decimalsText(n int) string {
	switch n {
	case 0:
		return "whole units"
	case 1:
		return "1 decimal"
	}
	return fmt.Sprintf("%d decimals", n)
}

func (t Trace) prefixText() string {
	var text string
	switch {
	case t.Row.Service != "":
		text = "service " + t.Row.Service
	case t.Prefix == "":
		text = "any other number"
	default:
		text = "prefix " + t.Prefix
	}
	for _, of := range []struct{ what, name string }{
		{"", t.Class}, {"", t.Band}, {"callers: ", t.Row.Origin}, {"tag ", t.Row.Tag},
	} {
		if of.name != "" {
			text += ", " + of.what + of.name
		}
	}
	if t.Row.Local {
		text += ", local in " + t.Row.Area
	}
	return text
}

func (t Trace) reasonText() string {
	switch t.Reason {
	case call.NoRate:
		return "the card has no rate for it"
	case call.Blocked:
		return "calls like this are blocked"
	case call.ShortNumber:
		return fmt.Sprintf("the number has fewer than %d digits and there is no rate for exactly this number", t.ShortDigits)
	case call.BadDuration:
		if t.Duration != "" {
			return "the charge is too large to be written"
		}
		if t.Kind != call.Voice {
			return fmt.Sprintf("a quantity must be 0 to %d", int64(MaxQuantity))
		}
		return fmt.Sprintf("a duration must be 0 to %d s", call.MaxDuration)
	default:
		return string(t.Reason)
	}
}

// timeTexts says what each part of the time costs.
func (t Trace) timeTexts() (parts []string) {
	free := uint64(0)
	if t.FreeAfter > 0 {
		free = t.freeTicks
	}
	for _, s := range t.times(free > 0) {
		if free > 0 && s.Name == StepPulses {
			if s.billed == 0 {
				s.used += free
			} else {
				parts = append(parts, t.amount(free)+" free")
			}
			free = 0
		}
		parts = append(parts, t.timeText(s))
	}
	if free > 0 {
		parts = append(parts, t.amount(free)+" free")
	}
	for i := range parts {
		switch {
		case i > 0:
			parts[i] = "then " + parts[i]
		case len(parts) > 1:
			parts[i] = "first " + parts[i]
		}
	}
	return parts
}

// times returns the parts of the time. Neighbours of one price that are billed
// as they were are one part: a customer sees no first second.
func (t Trace) times(apart bool) (out []Step) {
	for _, s := range t.Steps {
		if !s.isTime() {
			continue
		}
		if n := len(out); n > 0 && !apart {
			if last := &out[n-1]; last.Price == s.Price && last.Per == s.Per && last.Band == s.Band && last.used == last.billed && s.used == s.billed {
				last.used, last.billed = last.used+s.used, last.billed+s.billed
				last.Exact = ratText(last.exact(t.ticks))
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// timeText says what a part of the time costs.
func (t Trace) timeText(s Step) string {
	var text string
	switch {
	case s.billed == 0:
		return t.amount(s.used) + " free"
	case s.used == 0:
		text = t.amount(s.billed) + " to fill the block"
	case s.used == s.billed:
		text = t.amount(s.used)
	default:
		text = fmt.Sprintf("%s billed as %s", t.amount(s.used), t.amount(s.billed))
	}
	if s.Band != "" {
		text += " (" + s.Band + ")"
	}
	return fmt.Sprintf("%s at %s = %s", text, t.perText(s), shown(s.Exact, t.Decimals))
}

// onceText says what is charged whatever the parts of the time.
func (t Trace) onceText(s Step) string {
	price, exact := shown(s.Price.String(), 2), shown(s.Exact, t.Decimals)
	switch s.Name {
	case StepFee:
		return "connection fee " + price
	case StepCall:
		if t.Kind != call.Voice {
			return price + " whatever the quantity"
		}
		return price + " whatever the length"
	case StepEvent:
		if s.Times > 1 {
			return fmt.Sprintf("%d times %s on the way = %s", s.Times, price, exact)
		}
		return "once " + price + " on the way"
	case StepOriginCall:
		return "surcharge for where it comes from " + price
	case StepAccess:
		return fmt.Sprintf("access charge %s = %s", t.perText(s), exact)
	default:
		return fmt.Sprintf("surcharge for where it comes from %s = %s", t.perText(s), exact)
	}
}

// perText says a price with what it is for.
func (t Trace) perText(s Step) string {
	price, n := shown(s.Price.String(), 2), fmt.Sprint(s.Per)
	switch {
	case s.Per == 60 && t.Kind == call.Voice:
		return price + "/min"
	case s.Per == 1 && t.Kind == call.Voice:
		return price + "/s"
	case s.Per == 1:
		return price + " each"
	}
	return fmt.Sprintf("%s per %s %s", price, n, t.unit(n))
}

func (s *Step) isTime() bool {
	return s.Name == StepFirst || s.Name == StepPulses || s.Name == StepTier
}

// length writes ticks as units.
func (t Trace) length(ticks uint64) string {
	decimals := 0
	if t.ticks > 1 {
		decimals = 9
	}
	return money.New(int64(ticks), decimals).Trim().String()
}
