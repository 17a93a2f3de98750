// Package rating prices usage: a card image opened without parsing, the
// longest matching prefix, the row that holds for a record, its charge, and
// the trace of it. It does no I/O and reads no clock.
package rating

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/prefix"
)

// Limits of a card.
const (
	MaxPrefix      = prefix.MaxDigits // digits of a prefix: E.164 has no longer numbers
	MaxInterval    = 1_000_000        // seconds of an interval
	MaxUnits       = 1 << 30          // messages, bytes or pieces of an interval
	MaxRates       = 4_000_000        // rates of one card
	MaxDestination = 256              // bytes of a destination's name
	MaxName        = 64               // bytes of a service's, band's, group's, area's or tag's name
	MaxTiers       = 32               // tiers of one rate
)

// PerCall as Rate.Per: price 1 is charged once, however long the call is.
const PerCall = math.MaxUint32

// Rate is a row of a card: what usage of a prefix costs, and which usage it
// holds for. Several rows may have one prefix when they hold for different
// usage; a row that asks for nothing holds for all of its kind.
//
// Quantities are counted in the kind's unit: seconds of voice, messages, bytes
// of data, pieces of an event.
type Rate struct {
	Kind        call.Kind
	Prefix      string // digits; empty catches every number
	Service     string // instead of a prefix: usage that the record says is of this service (on-net, voicemail)
	Destination string // name, for people

	Price1        money.Price // of the first interval, for Per units
	PriceN        money.Price // after it
	Per           uint32      // units that the prices are for; 0 = a minute of voice, a piece, 1,000,000 bytes; or PerCall
	Interval1     uint32      // the first block, billed whole; 0 = none
	IntervalN     uint32      // the pulse after it; 0 only with PriceN 0, or where the card has none
	ConnectionFee money.Price // once per charged call
	Minimum       uint32      // minimum billed length; 0: the card's
	MinCharge     money.Price // of a charged call; 0: the card's
	MaxCharge     money.Price // 0: the card's
	Grace         uint32      // 0: the card's
	NoGrace       bool        // none here, whatever the card has
	Free          uint32      // units that are not charged; 0: the card's
	Access        bool        // the card's access charge is added
	Tiers         []Tier      // what the quantity costs, instead of prices and intervals
	Blocked       bool        // completed usage here is unrated: blocked
	AssumedPulse  bool        // the deck has no increments: the default was used

	From, To  int64  // Unix nanoseconds, half-open; 0 = open. Of several rows the one with the latest From holds
	Class     Class  // of the card's presentation; AnyClass holds for all
	Band      string // of the card's bands; empty holds in all
	Origin    string // group of callers' numbers, of the card's Origins; empty holds for all
	Area      string // the prefix belongs to this area
	Local     bool   // holds only for callers in the same Area
	Tag       string // holds only for records with this tag
	MinDigits uint8  // of the called number; 0 = any
	MaxDigits uint8  // 0 = any
}

// Tier is a detail of an advanced rate: what a part of the quantity costs
// (Kolmisoft's advanced rates, wiki.kolmisoft.com/index.php?title=Advanced_Rates).
type Tier struct {
	From    uint32      `json:"from"`            // the first unit it is for, from 1
	Length  uint32      `json:"length,omitzero"` // units; 0 = to the end
	Event   bool        `json:"event,omitzero"`  // charged once when the call reaches From, not by the quantity
	Every   uint32      `json:"every,omitzero"`  // of an event: again after so many units, within Length; 0 = once
	RoundUp uint32      `json:"round,omitzero"`  // units in From..From+Length are billed in multiples of it, not past the end; 0 = 1
	Price   money.Price `json:"price"`           // for Per units, or of each event
	Per     uint32      `json:"per,omitzero"`    // 0 = as Rate.Per
}

// DefaultPer is what a price of a kind is for when nothing is said, in its unit.
func DefaultPer(k call.Kind) uint32 {
	switch k {
	case call.Voice:
		return 60
	case call.Data:
		return 1_000_000
	default:
		return 1
	}
}

func maxInterval(k call.Kind) uint32 {
	if k == call.Voice {
		return MaxInterval
	}
	return MaxUnits
}

// Validate reports the first thing in r that no card can hold. What depends on
// the card's terms is checked when the card is built.
func (r *Rate) Validate() error {
	if err := r.validateMatch(); err != nil {
		return err
	}
	limit := maxInterval(r.Kind)
	switch {
	case r.Price1 < 0 || r.PriceN < 0 || r.ConnectionFee < 0 || r.MinCharge < 0 || r.MaxCharge < 0:
		return errors.New("a price is negative, want 0 or more")
	case r.MaxCharge > 0 && r.MaxCharge < r.MinCharge:
		return fmt.Errorf("the maximum charge %s is below the minimum charge %s", r.MaxCharge, r.MinCharge)
	case r.Interval1 > limit || r.IntervalN > limit || r.Minimum > limit || r.Grace > limit || r.Free > limit:
		return fmt.Errorf("an interval is over %d", limit)
	case r.Per > limit && r.Per != PerCall:
		return fmt.Errorf("a price is for %d, want at most %d", r.Per, limit)
	case r.NoGrace && r.Grace > 0:
		return errors.New("a grace period and none at once")
	}
	if len(r.Tiers) > 0 {
		return r.validateTiers()
	}
	switch {
	case r.Per == PerCall && r.PriceN != 0:
		return errors.New("a price per call is price 1: want price N 0")
	case r.Per == PerCall:
		return nil
	case r.IntervalN == 0 && r.Interval1 == 0 && r.Price1 != 0:
		return errors.New("both intervals are 0: price 1 would never be charged")
	}
	return nil
}

func (r *Rate) validateMatch() error {
	if len(r.Prefix) > MaxPrefix {
		return fmt.Errorf("prefix %s has %d digits, want at most %d", r.Prefix, len(r.Prefix), MaxPrefix)
	}
	for i := range len(r.Prefix) {
		if c := r.Prefix[i]; c < '0' || c > '9' {
			return fmt.Errorf("prefix %q: want digits only", r.Prefix)
		}
	}
	if len(r.Service)+len(r.Band)+len(r.Origin)+len(r.Area)+len(r.Tag) > 0 { // few have any
		for _, name := range [...]string{r.Service, r.Band, r.Origin, r.Area, r.Tag} {
			if len(name) > MaxName || !utf8.ValidString(name) {
				return fmt.Errorf("the name %q: want at most %d bytes of UTF-8", name, MaxName)
			}
		}
	}
	switch {
	case !r.Kind.Valid():
		return fmt.Errorf("no such kind of usage: %d", r.Kind)
	case len(r.Destination) > MaxDestination:
		return fmt.Errorf("the destination's name has %d bytes, want at most %d", len(r.Destination), MaxDestination)
	case !utf8.ValidString(r.Destination):
		return fmt.Errorf("the destination's name %q is not UTF-8", r.Destination)
	case r.Service != "" && r.Prefix != "":
		return fmt.Errorf("service %q and prefix %s: want one of them", r.Service, r.Prefix)
	case r.From != 0 && r.To != 0 && r.From >= r.To:
		return errors.New("it ends before it begins")
	case r.Local && r.Area == "":
		return errors.New("a local rate without an area")
	case r.Local && r.Origin != "":
		return errors.New("a local rate has an area, not an origin")
	case r.MaxDigits != 0 && r.MaxDigits < r.MinDigits:
		return fmt.Errorf("%d to %d digits", r.MinDigits, r.MaxDigits)
	}
	return nil
}

// validateTiers reports minute tiers that leave a gap or lie on each other, so
// that every unit has one price.
func (r *Rate) validateTiers() error {
	if len(r.Tiers) > MaxTiers {
		return fmt.Errorf("%d tiers, want at most %d", len(r.Tiers), MaxTiers)
	}
	if r.Price1 != 0 || r.PriceN != 0 || r.Interval1 != 0 || r.IntervalN != 0 || r.Per == PerCall {
		return errors.New("a rate with tiers has its prices and intervals in them")
	}
	limit, next, open := maxInterval(r.Kind), uint32(1), true
	for i, t := range r.Tiers {
		switch {
		case t.From == 0 || t.From > limit || t.Length > limit || t.Every > limit || t.RoundUp > limit || t.Per > limit:
			return fmt.Errorf("tier %d: want 1 to %d", i+1, limit)
		case t.Price < 0:
			return fmt.Errorf("tier %d: the price is negative", i+1)
		case t.Event && (t.RoundUp != 0 || t.Per != 0 || t.Every == 0 && t.Length != 0):
			return fmt.Errorf("tier %d: an event is charged once, or every so many units", i+1)
		case t.Event:
			continue
		case t.Every != 0:
			return fmt.Errorf("tier %d: only an event is charged again", i+1)
		case !open:
			return fmt.Errorf("tier %d: the tier before it goes to the end", i+1)
		case t.From != next:
			return fmt.Errorf("tier %d begins at %d, want %d: a gap or two prices for one unit", i+1, t.From, next)
		}
		next, open = t.From+t.Length, t.Length != 0
	}
	if open && next != 1 {
		return fmt.Errorf("the tiers end at %d: want a last one to the end", next-1)
	}
	return nil
}
