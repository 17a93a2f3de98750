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

// units names what a kind of usage is counted in.
var units = [call.Kinds]string{"s", "messages", "bytes", "pieces"}

// Sentence says the same as the trace in words that the customer understands.
func (t Trace) Sentence() string {
	var b strings.Builder
	switch t.Kind {
	case call.Voice:
		fmt.Fprintf(&b, "Call of %s s", t.Duration)
	default:
		fmt.Fprintf(&b, "Usage of %s %s", t.Duration, units[t.Kind])
	}
	fmt.Fprintf(&b, " to %s", t.Number)
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
	if strings.Contains(t.Duration, ".") && t.ticks == 1 {
		fmt.Fprintf(&b, "counted as %d s, ", t.Seconds)
	}
	switch {
	case t.Free && t.Grace > 0:
		fmt.Fprintf(&b, "within the first %d %s nothing is charged", t.Grace, units[t.Kind])
	case t.Free:
		fmt.Fprintf(&b, "a call of 0 s is free")
	case len(t.Steps) == 0:
		b.WriteString("nothing is charged for it")
	}
	for i, s := range t.Steps {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.stepText(i, s))
	}
	b.WriteString(t.sumText())
	fmt.Fprintf(&b, "; total %s %s.", t.Amount, t.Currency)
	return b.String()
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
		fmt.Fprintf(&b, ", but at most %s", t.MaxCharge)
	case t.MinCharge > 0:
		fmt.Fprintf(&b, ", but at least %s", t.MinCharge)
	}
	if exact := shown(t.Exact, t.Decimals); exact != t.Amount {
		fmt.Fprintf(&b, "; %s rounded %s to %d decimals", exact, t.Rounding, t.Decimals)
	}
	return b.String()
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
		{"", t.Class}, {"", t.Band}, {"from ", t.Row.Origin}, {"tag ", t.Row.Tag},
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
	price, unit := shown(s.Price.String(), 2), units[t.Kind]
	switch s.Name {
	case StepFee:
		return "connection fee " + price
	case StepCall:
		return price + " per call"
	case StepEvent:
		if s.Times > 1 {
			return fmt.Sprintf("%d times %s = %s", s.Times, price, shown(s.Exact, t.Decimals))
		}
		return "once " + price
	case StepOriginCall:
		return "surcharge for the caller's country " + price
	}
	per := fmt.Sprintf("%s per %d %s", price, s.Per, unit)
	if s.Per == 60 && t.Kind == call.Voice {
		per = price + "/min"
	} else if s.Per == 1 && t.Kind != call.Voice {
		per = price + " each"
	}
	switch s.Name {
	case StepAccess:
		return fmt.Sprintf("access charge %s = %s", per, shown(s.Exact, t.Decimals))
	case StepOrigin:
		return fmt.Sprintf("surcharge for the caller's country %s = %s", per, shown(s.Exact, t.Decimals))
	}
	word := ""
	switch {
	case i > 0 && t.Steps[i-1].isTime():
		word = "then "
	case i+1 < len(t.Steps) && t.Steps[i+1].isTime():
		word = "first "
	}
	used, billed := t.length(s.used), t.length(s.billed)
	switch {
	case s.billed == 0:
		return fmt.Sprintf("%s%s %s free", word, used, unit)
	case s.used == 0:
		word = fmt.Sprintf("%s%s %s more to a whole block", word, billed, unit)
	case s.used == s.billed:
		word = fmt.Sprintf("%s%s %s", word, used, unit)
	default:
		word = fmt.Sprintf("%s%s %s billed as %s %s", word, used, unit, billed, unit)
	}
	if s.Band != "" {
		word += " (" + s.Band + ")"
	}
	return fmt.Sprintf("%s at %s = %s", word, per, shown(s.Exact, t.Decimals))
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
