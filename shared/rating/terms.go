package rating

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
)

// IncrementModel says how a quantity becomes a billed one. The first two
// differ when the first interval is not a multiple of the pulse: 26 s at 25/8
// is 33 or 32, 5 s at 10/30 is 10 or 30.
type IncrementModel uint8

// FirstThenPulse bills the first interval, then whole pulses (Sippy,
// JeraSoft, ConnexCS). WholeCallMultiple bills max(duration, first interval)
// rounded up to a multiple of the pulse (Kolmisoft: increment outranks
// minimum time). Continuous bills the first interval, then the time as it is,
// without pulses.
const (
	FirstThenPulse IncrementModel = iota + 1
	WholeCallMultiple
	Continuous
)

// GraceMode says what a grace period does to a call.
type GraceMode uint8

// GraceUnder, the zero value: a call shorter than the grace period costs
// nothing, not even the connection fee; any other is charged whole (Sippy).
// GraceUpTo: one as long as it is free too (JeraSoft). GraceDeducted: it is
// taken off every call (PBXware).
const (
	GraceUnder GraceMode = iota
	GraceUpTo
	GraceDeducted
)

// Presentation says which prices a card shows for a prefix, by where the call
// is from and goes to (ConnexCS: Force Presentation).
type Presentation uint8

// The presentations. The zero value has one price whatever the caller.
// Indeterminate is also the price of a call from or to abroad (ConnexCS: cost).
const (
	SingleRate Presentation = iota
	InterIntra
	InterIntraIndeterminate
	LocalEEAInternational
)

// Class is a column of a presentation.
type Class = numbering.Class

// AnyClass is the class of a rate that holds for all.
const AnyClass Class = 0

// columns returns the classes that rates of a presentation may have.
func (p Presentation) columns() []Class {
	switch p {
	case InterIntra:
		return []Class{numbering.Intrastate, numbering.Interstate}
	case InterIntraIndeterminate:
		return []Class{numbering.Intrastate, numbering.Interstate, numbering.Indeterminate}
	case LocalEEAInternational:
		return []Class{numbering.Local, numbering.EEACall, numbering.International}
	default:
		return nil
	}
}

// Terms are the rules of a card that hold for all its rates, and the names
// that its rates use. Quantities are in seconds (or messages, bytes, pieces).
type Terms struct {
	Currency          string         `doc:"-" json:"currency"`                                       // ISO 4217 code
	Decimals          int            `doc:"decimals" json:"decimals"`                                // of each charge: 0 to money.MaxDecimals
	Rounding          money.Rounding `doc:"rounding,omitempty" json:"rounding"`                      // of each charge, once
	DurationRounding  money.Rounding `doc:"duration_rounding,omitempty" json:"duration_rounding"`    // of a fraction of a second, before intervals
	KeepFractions     bool           `doc:"keep_fractions,omitempty" json:"keep_fractions,omitzero"` // a fraction of a second is not rounded
	Model             IncrementModel `doc:"model,omitempty" json:"model"`
	ChargeZeroSeconds bool           `doc:"charge_zero_seconds,omitempty" json:"charge_zero_seconds,omitzero"` // an answered call of 0 s pays fee and first interval; default free
	ShortDigits       int            `doc:"short_digits" json:"short_digits,omitzero"`                         // numbers of fewer digits match only a rate of their full length; 0 = off

	Grace     uint32      `doc:"grace,omitempty" json:"grace,omitzero"`
	GraceMode GraceMode   `doc:"grace_mode,omitempty" json:"grace_mode,omitzero"`
	Free      uint32      `doc:"free,omitempty" json:"free,omitzero"`             // not charged: after the first interval
	FreeFirst bool        `doc:"free_first,omitempty" json:"free_first,omitzero"` // before it
	Minimum   uint32      `doc:"minimum,omitempty" json:"minimum,omitzero"`       // minimum billed length
	MinCharge money.Price `doc:"min_charge,omitempty" json:"min_charge,omitzero"` // of a charged call
	MaxCharge money.Price `doc:"max_charge,omitempty" json:"max_charge,omitzero"` // of a call; 0 = none
	// Surcharge is the post-call surcharge: this fraction of the charge is
	// added to it, 0.10 being 10 % (Sippy).
	Surcharge money.Price `doc:"surcharge,omitempty" json:"surcharge,omitzero"`
	// Access is the access charge per minute that is added where a rate says
	// so: to the service charge of an 084, 087, 09 or 118 number (Ofcom).
	Access money.Price `doc:"access,omitempty" json:"access,omitzero"`

	Presentation Presentation `doc:"presentation,omitempty" json:"presentation,omitzero"`
	// DearerIndeterminate: with InterIntra, a call that is neither is charged
	// the dearer of the two; default inter.
	DearerIndeterminate bool `doc:"dearer_indeterminate,omitempty" json:"dearer_indeterminate,omitzero"`
	// EEAFrom and EEATo are the countries (ISO 3166) that an EEA call comes
	// from and goes to; none: the 30 states of the EEA.
	EEAFrom []string `doc:"eea_from,omitempty" json:"eea_from,omitempty"`
	EEATo   []string `doc:"eea_to,omitempty" json:"eea_to,omitempty"`
	ByLRN   bool     `doc:"by_lrn,omitempty" json:"by_lrn,omitzero"` // by the location routing number, where the record has one

	Bands      *band.Set         `doc:"bands,omitempty" json:"bands,omitempty"`
	Origins    []Origin          `doc:"origins,omitempty" json:"origins,omitempty"`
	Surcharges []OriginSurcharge `doc:"surcharges,omitempty" json:"surcharges,omitempty"`
}

// Origin is a group of callers' numbers.
type Origin struct {
	Name     string   `doc:"name" json:"name"`
	Prefixes []string `doc:"prefixes,omitempty" json:"prefixes,omitempty"` // digits
	Invalid  bool     `doc:"invalid,omitempty" json:"invalid,omitzero"`    // callers whose number is missing, cannot be one, or is of no known region (see numbering.ValidCaller)
}

// OriginSurcharge is added to the charge of a call from a group of callers.
type OriginSurcharge struct {
	Origin    string      `doc:"origin" json:"origin"`                            // name of the group
	To        []string    `doc:"to,omitempty" json:"to,omitempty"`                // prefixes of called numbers; none = all
	PerMinute money.Price `doc:"per_minute,omitempty" json:"per_minute,omitzero"` // of billed time
	PerCall   money.Price `doc:"per_call,omitempty" json:"per_call,omitzero"`
}

// Limits of terms.
const (
	MaxOrigins        = 250
	MaxOriginPrefixes = 100_000 // of all groups together
	MaxSurcharges     = 250
)

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
func (t *Terms) Validate() error {
	switch {
	case len(t.Currency) != 3:
		return fmt.Errorf("currency %q: want a three-letter code", t.Currency)
	case t.Decimals < 0 || t.Decimals > money.MaxDecimals:
		return fmt.Errorf("%d decimals: want 0 to %d", t.Decimals, money.MaxDecimals)
	case !t.Rounding.Valid() || !t.DurationRounding.Valid():
		return errors.New("terms without a rounding method")
	case t.Model < FirstThenPulse || t.Model > Continuous:
		return errors.New("terms without an increment model")
	case t.ShortDigits < 0 || t.ShortDigits > MaxPrefix:
		return fmt.Errorf("short numbers under %d digits: want 0 to %d", t.ShortDigits, MaxPrefix)
	case t.GraceMode > GraceDeducted:
		return fmt.Errorf("no such grace mode: %d", t.GraceMode)
	case t.Presentation > LocalEEAInternational:
		return fmt.Errorf("no such presentation: %d", t.Presentation)
	case t.MinCharge < 0 || t.MaxCharge < 0 || t.Access < 0 || t.Surcharge < 0:
		return errors.New("a charge of the terms is negative, want 0 or more")
	case t.MaxCharge > 0 && t.MaxCharge < t.MinCharge:
		return fmt.Errorf("the maximum charge %s is below the minimum charge %s", t.MaxCharge, t.MinCharge)
	case max(t.Grace, t.Free, t.Minimum) > MaxInterval:
		return fmt.Errorf("a length of the terms is over %d s", MaxInterval)
	}
	for _, list := range [...][]string{t.EEAFrom, t.EEATo} {
		if _, err := countries(list); err != nil {
			return fmt.Errorf("the EEA: %w", err)
		}
	}
	if t.Bands != nil {
		if err := t.Bands.Validate(); err != nil {
			return fmt.Errorf("bands: %w", err)
		}
	}
	return t.validateOrigins()
}

func (t *Terms) validateOrigins() error {
	if len(t.Origins) > MaxOrigins || len(t.Surcharges) > MaxSurcharges {
		return fmt.Errorf("%d groups of origins and %d surcharges, want at most %d and %d", len(t.Origins), len(t.Surcharges), MaxOrigins, MaxSurcharges)
	}
	total := 0
	for i, o := range t.Origins {
		if o.Name == "" || len(o.Name) > MaxName {
			return fmt.Errorf("origin group %d: want a name of 1 to %d bytes", i+1, MaxName)
		}
		if slices.ContainsFunc(t.Origins[:i], func(b Origin) bool { return b.Name == o.Name }) {
			return fmt.Errorf("origin group %q is there twice", o.Name)
		}
		for _, p := range o.Prefixes {
			if !isDigits(p) || len(p) > MaxPrefix {
				return fmt.Errorf("origin group %q: prefix %q: want at most %d digits", o.Name, p, MaxPrefix)
			}
		}
		total += len(o.Prefixes)
	}
	if total > MaxOriginPrefixes {
		return fmt.Errorf("%d prefixes of origins, want at most %d", total, MaxOriginPrefixes)
	}
	for i, s := range t.Surcharges {
		if !slices.ContainsFunc(t.Origins, func(o Origin) bool { return o.Name == s.Origin }) {
			return fmt.Errorf("surcharge %d: there is no origin group %q", i+1, s.Origin)
		}
		if s.PerMinute < 0 || s.PerCall < 0 {
			return fmt.Errorf("surcharge %d is negative", i+1)
		}
		for _, p := range s.To {
			if !isDigits(p) || len(p) > MaxPrefix {
				return fmt.Errorf("surcharge %d: prefix %q: want at most %d digits", i+1, p, MaxPrefix)
			}
		}
	}
	return nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
