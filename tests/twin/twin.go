// Package twin is the slow, obviously right version of what usage costs:
// rational numbers, a walk over all rows, plain values in and out. It is test
// code and imports nothing of the product, so that a mistake there has to be
// made here a second time to go unseen.
//
// To follow one charge, read Price, then select.go (which row), quantity.go
// (what is billed) and charge.go (what it costs).
package twin

import "math/big"

// Why usage has no price.
const (
	NoRate      = "no_rate"      // no row holds
	Blocked     = "blocked"      // the row that holds is blocked
	ShortNumber = "short_number" // a short number without a row of its full length
)

// What a price says besides.
const (
	FlagDefaultIncrement = "default_increment" // the row's intervals are assumed
	FlagNoLRN            = "no_lrn"            // the card rates by LRN and the record has none
	FlagNoCallerCountry  = "no_caller_country" // international only because nobody knows where the caller is
)

// Usage is one record.
type Usage struct {
	Kind           string // voice (or empty), sms, data, event
	Number, Caller string
	LRN, CallerLRN string
	Service, Tag   string
	Instant        int64  // Unix nanoseconds
	Quantity       int64  // voice: nanoseconds; else whole messages, bytes or pieces
	Zone           string // the customer's, IANA; empty = UTC
	NumberRegion   string // of the number that is rated (the LRN, if that is): US-NY, GB, World; empty = unknown
	CallerRegion   string // of the caller's that is
}

// Result is what the usage costs, or why it has no price.
type Result struct {
	Reason string   // empty: it has a price
	Index  int      // of the row; -1 = none
	Prefix int      // digits of the row's prefix
	Class  string   // of the call, where the card asks for it
	Flags  []string // in the order of the constants
	Billed int64    // seconds, messages, bytes, pieces
	Exact  *big.Rat // nil without a price
	Amount string   // Exact, rounded: with exactly Decimals decimals
}

// pricing is one record on its way to a price.
type pricing struct {
	Terms
	rates  []Rate
	usage  Usage
	number string // that is rated
	caller string
	class  string
	days   map[[3]int]clock // by year, month and day where the bands are
}

func newPricing(t Terms, rates []Rate, u Usage) pricing {
	p := pricing{Terms: t, rates: rates, usage: u, number: u.Number, caller: u.Caller, days: map[[3]int]clock{}}
	if t.ByLRN && u.LRN != "" {
		p.number = u.LRN
	}
	if t.ByLRN && u.CallerLRN != "" {
		p.caller = u.CallerLRN
	}
	p.class = classOf(t, u.CallerRegion, u.NumberRegion)
	return p
}

// Price says what usage costs at a card of these terms and rates.
func Price(t Terms, rates []Rate, u Usage) Result {
	p := newPricing(t, rates, u)
	row := p.rowIn(p.bandAfter(0))
	out := Result{Reason: row.reason, Index: row.index, Class: p.class}
	if row.reason == "" {
		var exact *big.Rat
		var bad choice
		out.Billed, exact, bad = p.charge(rates[row.index])
		if bad.reason != "" {
			out.Reason, out.Index, out.Billed = bad.reason, bad.index, 0
		} else {
			out.Exact = p.capped(rates[row.index], exact)
			out.Amount = Round(out.Exact, t.Decimals, t.Rounding).FloatString(t.Decimals)
		}
	}
	if out.Index >= 0 {
		out.Prefix = len(rates[out.Index].Prefix)
	}
	if out.Reason == "" && rates[out.Index].AssumedPulse {
		out.Flags = append(out.Flags, FlagDefaultIncrement)
	}
	if t.ByLRN && u.LRN == "" && (row.index < 0 || rates[row.index].Service == "") {
		out.Flags = append(out.Flags, FlagNoLRN)
	}
	if out.Reason == "" && t.Presentation == LocalEEAInternational && country(u.CallerRegion) == "" && rates[out.Index].Class != AnyClass {
		out.Flags = append(out.Flags, FlagNoCallerCountry)
	}
	return out
}

// kindOf lets an empty kind be voice.
func kindOf(kind string) string {
	if kind == "" {
		return Voice
	}
	return kind
}

// isNumber reports whether the first 15 characters of s are digits: what is
// not matches no prefix, not even the empty one.
func isNumber(s string) bool {
	for _, c := range []byte(s[:min(len(s), MaxPrefix)]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
