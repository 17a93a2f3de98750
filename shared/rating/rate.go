// Package rating prices usage: a card image opened without parsing, the
// longest matching prefix, the charge of a record, and its trace. It does no
// I/O and reads no clock.
package rating

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/money"
)

// Limits of a card.
const (
	MaxPrefix      = 16        // digits of a prefix
	MaxInterval    = 1_000_000 // seconds of an interval
	MaxRates       = 4_000_000 // rates of one card
	MaxDestination = 256       // bytes of a destination's name
)

// Rate is what one prefix costs.
type Rate struct {
	Prefix        string      // digits; empty catches every number
	Destination   string      // name, for people
	Price1        money.Price // per minute, of the first interval
	PriceN        money.Price // per minute, after it
	Interval1     uint32      // seconds: the first block, billed whole; 0 = none
	IntervalN     uint32      // seconds: the pulse after it; 0 only with PriceN 0
	ConnectionFee money.Price // once per charged call
	Blocked       bool        // a completed call here is unrated: blocked
	AssumedPulse  bool        // the deck has no increments: the default was used
}

// Validate reports the first thing in r that a card cannot hold.
func (r Rate) Validate() error {
	if len(r.Prefix) > MaxPrefix {
		return fmt.Errorf("prefix %s has %d digits, want at most %d", r.Prefix, len(r.Prefix), MaxPrefix)
	}
	for i := range len(r.Prefix) {
		if c := r.Prefix[i]; c < '0' || c > '9' {
			return fmt.Errorf("prefix %q: want digits only", r.Prefix)
		}
	}
	switch {
	case len(r.Destination) > MaxDestination:
		return fmt.Errorf("the destination's name has %d bytes, want at most %d", len(r.Destination), MaxDestination)
	case !utf8.ValidString(r.Destination):
		return fmt.Errorf("the destination's name %q is not UTF-8", r.Destination)
	case r.Price1 < 0 || r.PriceN < 0 || r.ConnectionFee < 0:
		return errors.New("a price is negative, want 0 or more")
	case r.Interval1 > MaxInterval || r.IntervalN > MaxInterval:
		return fmt.Errorf("an interval is over %d seconds", MaxInterval)
	case r.IntervalN == 0 && r.PriceN != 0:
		return errors.New("interval N is 0, want 1 or more unless price N is 0")
	case r.IntervalN == 0 && r.Interval1 == 0 && r.Price1 != 0:
		return errors.New("both intervals are 0: price 1 would never be charged")
	}
	return nil
}

// IncrementModel says how a duration becomes billed seconds. The two models
// differ when the first interval is not a multiple of the pulse: 26 s at 25/8
// is 33 or 32, 5 s at 10/30 is 10 or 30.
type IncrementModel uint8

// FirstThenPulse bills the first interval, then whole pulses (Sippy,
// JeraSoft, ConnexCS). WholeCallMultiple bills max(duration, first interval)
// rounded up to a multiple of the pulse (Kolmisoft: increment outranks
// minimum time).
const (
	FirstThenPulse IncrementModel = iota + 1
	WholeCallMultiple
)

// Terms are the rules of a card that hold for all its rates.
type Terms struct {
	Currency          string         // ISO 4217 code
	Decimals          int            // of each call's charge: 0 to money.MaxDecimals
	Rounding          money.Rounding // of each call's charge, once
	DurationRounding  money.Rounding // of a fraction of a second, before intervals
	Model             IncrementModel
	ChargeZeroSeconds bool // an answered call of 0 s pays fee and first interval; default free
	ShortDigits       int  // numbers of fewer digits match only a rate of their full length; 0 = off
}

// DefaultShortDigits keeps an extension such as 100 from being priced as +1.
const DefaultShortDigits = 7

// DefaultTerms returns the usual terms in a currency: 4 decimals, half-up,
// durations half-up to the second (Sippy's default), first block then pulses.
func DefaultTerms(currency string) Terms {
	return Terms{
		Currency: currency, Decimals: 4, Rounding: money.HalfUp, DurationRounding: money.HalfUp,
		Model: FirstThenPulse, ShortDigits: DefaultShortDigits,
	}
}

// Validate reports the first thing in t that is not a rule.
func (t Terms) Validate() error {
	switch {
	case len(t.Currency) != 3:
		return fmt.Errorf("currency %q: want a three-letter code", t.Currency)
	case t.Decimals < 0 || t.Decimals > money.MaxDecimals:
		return fmt.Errorf("%d decimals: want 0 to %d", t.Decimals, money.MaxDecimals)
	case !t.Rounding.Valid() || !t.DurationRounding.Valid():
		return errors.New("terms without a rounding method")
	case t.Model != FirstThenPulse && t.Model != WholeCallMultiple:
		return errors.New("terms without an increment model")
	case t.ShortDigits < 0 || t.ShortDigits > MaxPrefix:
		return fmt.Errorf("short numbers under %d digits: want 0 to %d", t.ShortDigits, MaxPrefix)
	}
	return nil
}
