package twin

import "math"

// Kinds of usage.
const (
	Voice = "voice" // in seconds
	SMS   = "sms"   // in messages
	Data  = "data"  // in bytes
	Event = "event" // in pieces
)

// MaxPrefix is the most digits that a prefix has.
const MaxPrefix = 15

// PerCall as Rate.Per: price 1 is charged once, however long the call is.
const PerCall = math.MaxUint32

// Increment models. Empty is FirstThenPulse.
const (
	FirstThenPulse    = "first_then_pulse"    // the first interval, then whole pulses
	WholeCallMultiple = "whole_call_multiple" // the whole call in pulses, at least the first interval
	Continuous        = "continuous"          // the first interval, then the time as it is
)

// Grace modes.
const (
	GraceUnder    = ""         // shorter than the grace period is free
	GraceUpTo     = "up_to"    // as long as it, too
	GraceDeducted = "deducted" // it is taken off every call
)

// Presentations: which classes a card has prices for.
const (
	SingleRate              = ""
	InterIntra              = "inter_intra"
	InterIntraIndeterminate = "inter_intra_indeterminate"
	LocalEEAInternational   = "local_eea_international"
)

// Classes of a call. A row of AnyClass holds for all.
const (
	AnyClass      = ""
	Intrastate    = "intra"
	Interstate    = "inter"
	Indeterminate = "indeterminate"
	Local         = "local"
	EEA           = "eea"
	International = "international"
)

// Rate is a row of a card. Prices are decimal text, empty being 0; quantities
// are in the unit of the kind. Where a field has a default on the card, 0 asks
// for that.
type Rate struct {
	Kind, Prefix, Service, Destination string

	Price1, PriceN       string // for Per units: the first interval, and after it
	Per                  int64  // 0 = 60 s, a message, 1,000,000 bytes, a piece; or PerCall
	Interval1, IntervalN int64
	ConnectionFee        string
	Minimum              int64
	MinCharge, MaxCharge string
	Grace                int64
	NoGrace              bool
	Free                 int64
	Access               bool
	Tiers                []Tier
	Blocked              bool
	AssumedPulse         bool

	From, To             int64 // Unix nanoseconds, half-open; 0 = open
	Class, Band, Origin  string
	Area                 string
	Local                bool
	Tag                  string
	MinDigits, MaxDigits int
}

// Tier is what a part of the quantity costs.
type Tier struct {
	From    int64 // the first unit, from 1
	Length  int64 // 0 = to the end
	Event   bool
	Every   int64
	RoundUp int64
	Price   string
	Per     int64 // 0 = as Rate.Per
}

// Terms are the rules of a card. Roundings are half-up, half-down, up or down.
type Terms struct {
	Currency          string
	Decimals          int
	Rounding          string
	DurationRounding  string
	KeepFractions     bool
	Model             string
	ChargeZeroSeconds bool
	ShortDigits       int

	Grace                                   int64
	GraceMode                               string
	Free                                    int64
	FreeFirst                               bool
	Minimum                                 int64
	MinCharge, MaxCharge, Surcharge, Access string

	Presentation        string
	DearerIndeterminate bool
	EEAFrom, EEATo      []string
	ByLRN               bool

	Bands      *Bands
	Origins    []Origin
	Surcharges []OriginSurcharge
}

// Origin is a group of callers' numbers.
type Origin struct {
	Name     string
	Prefixes []string
	Invalid  bool // callers without a number that could be one
}

// OriginSurcharge is added to the charge of a call from a group.
type OriginSurcharge struct {
	Origin             string
	To                 []string // prefixes of the number; none = all
	PerMinute, PerCall string
}

// Bands are parts of the week. The first window that holds names the band.
type Bands struct {
	Zone    string // empty: the customer's
	Split   bool
	Names   []string
	Windows []Window
	Dates   []Date
}

// Window holds at a local time of day from From (included) to To (not), on the
// days that every list it has holds.
type Window struct {
	Band      string
	Days      []string // mon to sun, holiday
	From, To  string   // HH:MM or HH:MM:SS, to 24:00
	Months    []int
	MonthDays []int // from the month's end: -1 is its last day
	Years     []int
}

// Date is a day that counts as another.
type Date struct {
	On string // 2026-12-25, or 12-25 of every year
	As string // mon to sun, holiday
}
