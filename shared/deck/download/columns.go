package download

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// holds says what the cells of a column are.
type holds uint8

const (
	text   holds = iota // letters, as they are
	name                // a person's: it may look like a formula
	code                // digits that are no number
	number              // exact decimals
)

// column is one column of a download.
type column struct {
	header string // in CSV and workbooks
	field  string // in the open rate card
	holds  holds
	// used reports whether a rate needs the column; nil: every download has it.
	used func(*rating.Rate) bool
	// cell appends the text of a rate, nothing for none.
	cell func([]byte, *rating.Rate) []byte
}

// columns are all columns, in their order: those of Sippy's tariff uploads first
// (support.sippysoft.com, Tariffs: upload actions). The package deck reads each.
var columns = []column{
	{"Action", "action", text, nil, func(b []byte, _ *rating.Rate) []byte { return b }},
	{"Id", "id", text, nil, func(b []byte, r *rating.Rate) []byte { return append(b, ratecard.ID(r)...) }},
	{"Prefix", "prefix", code, nil, func(b []byte, r *rating.Rate) []byte {
		if r.Prefix == "" && r.Service == "" {
			return append(b, '*')
		}
		return append(b, r.Prefix...)
	}},
	named("Service", "service", func(r *rating.Rate) *string { return &r.Service }),
	always(named("Destination", "name", func(r *rating.Rate) *string { return &r.Destination })),
	{"Kind", "kind", text, func(r *rating.Rate) bool { return r.Kind != call.Voice }, func(b []byte, r *rating.Rate) []byte { return append(b, r.Kind.String()...) }},
	{"Interval 1", "initial_interval", number, nil, func(b []byte, r *rating.Rate) []byte { return strconv.AppendUint(b, uint64(r.Interval1), 10) }},
	{"Interval N", "billing_interval", number, nil, func(b []byte, r *rating.Rate) []byte { return strconv.AppendUint(b, uint64(r.IntervalN), 10) }},
	priced("Price 1", "price_1", func(r *rating.Rate) money.Price { return r.Price1 }),
	priced("Price N", "price_n", func(r *rating.Rate) money.Price { return r.PriceN }),
	{"Price Unit", "price_unit", text, nil, appendPer},
	{"Connection Fee", "connection_fee", number, nil, func(b []byte, r *rating.Rate) []byte { return appendPrice(b, r.ConnectionFee) }},
	{"Forbidden", "forbidden", number, nil, func(b []byte, r *rating.Rate) []byte { return appendFlag(b, r.Blocked) }},
	{"Grace Period Seconds", "grace_period_seconds", number, nil, func(b []byte, r *rating.Rate) []byte {
		if r.NoGrace {
			return append(b, '0')
		}
		return appendUnits(b, r.Grace)
	}},
	{"Effective From", "effective_date", text, nil, func(b []byte, r *rating.Rate) []byte { return appendInstant(b, r.From) }},
	{"Effective To", "expiry_date", text, nil, func(b []byte, r *rating.Rate) []byte { return appendInstant(b, r.To) }},
	{"Minimum Seconds", "minimum_seconds", number, func(r *rating.Rate) bool { return r.Minimum != 0 }, func(b []byte, r *rating.Rate) []byte { return appendUnits(b, r.Minimum) }},
	{"Minimum Charge", "minimum_charge", number, func(r *rating.Rate) bool { return r.MinCharge != 0 }, func(b []byte, r *rating.Rate) []byte { return appendPrice(b, r.MinCharge) }},
	{"Maximum Charge", "maximum_charge", number, func(r *rating.Rate) bool { return r.MaxCharge != 0 }, func(b []byte, r *rating.Rate) []byte { return appendPrice(b, r.MaxCharge) }},
	{"Free Seconds", "free_seconds", number, func(r *rating.Rate) bool { return r.Free != 0 }, func(b []byte, r *rating.Rate) []byte { return appendUnits(b, r.Free) }},
	flagged("Access Charge", "access_charge", func(r *rating.Rate) bool { return r.Access }),
	{"Call Class", "call_class", text, func(r *rating.Rate) bool { return r.Class != rating.AnyClass }, func(b []byte, r *rating.Rate) []byte {
		if r.Class == rating.AnyClass {
			return b
		}
		return append(b, r.Class.String()...)
	}},
	named("Band", "band", func(r *rating.Rate) *string { return &r.Band }),
	named("Origin", "origin", func(r *rating.Rate) *string { return &r.Origin }),
	named("Area", "area", func(r *rating.Rate) *string { return &r.Area }),
	flagged("Local Callers Only", "local_callers_only", func(r *rating.Rate) bool { return r.Local }),
	named("Tag", "tag", func(r *rating.Rate) *string { return &r.Tag }),
	{"Minimum Digits", "minimum_digits", number, func(r *rating.Rate) bool { return r.MinDigits != 0 }, func(b []byte, r *rating.Rate) []byte { return appendUnits(b, uint32(r.MinDigits)) }},
	{"Maximum Digits", "maximum_digits", number, func(r *rating.Rate) bool { return r.MaxDigits != 0 }, func(b []byte, r *rating.Rate) []byte { return appendUnits(b, uint32(r.MaxDigits)) }},
	{"Price Tiers", "price_tiers", text, func(r *rating.Rate) bool { return len(r.Tiers) > 0 }, func(b []byte, r *rating.Rate) []byte { return rating.AppendTiers(b, r.Tiers) }},
	flagged("Assumed Intervals", "assumed_intervals", func(r *rating.Rate) bool { return r.AssumedPulse }),
}

func named(header, field string, of func(*rating.Rate) *string) column {
	return column{header, field, name, func(r *rating.Rate) bool { return *of(r) != "" }, func(b []byte, r *rating.Rate) []byte { return append(b, *of(r)...) }}
}

func always(c column) column {
	c.used = nil
	return c
}

// priced is a price; a rate with tiers has none.
func priced(header, field string, of func(*rating.Rate) money.Price) column {
	return column{header, field, number, nil, func(b []byte, r *rating.Rate) []byte {
		if len(r.Tiers) > 0 {
			return b
		}
		return appendPrice(b, of(r))
	}}
}

func flagged(header, field string, of func(*rating.Rate) bool) column {
	return column{header, field, number, of, func(b []byte, r *rating.Rate) []byte { return appendFlag(b, of(r)) }}
}

func appendFlag(b []byte, on bool) []byte {
	if on {
		return append(b, '1')
	}
	return append(b, '0')
}

func appendPrice(b []byte, p money.Price) []byte { return p.Amount().Trim().AppendText(b, 0) }

func appendUnits(b []byte, n uint32) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendUint(b, uint64(n), 10)
}

func appendInstant(b []byte, at int64) []byte {
	if at == 0 {
		return b
	}
	return time.Unix(0, at).UTC().AppendFormat(b, time.RFC3339Nano)
}

// appendPer writes what prices are for: a word where there is one for it.
func appendPer(b []byte, r *rating.Rate) []byte {
	switch {
	case r.Per == rating.PerCall:
		return append(b, "call"...)
	case r.Kind == call.Voice && r.Per == 0:
		return append(b, "minute"...)
	case r.Kind == call.Voice && r.Per == 1:
		return append(b, "second"...)
	}
	return appendUnits(b, r.Per)
}

// appendName appends a name so that no spreadsheet computes it (OWASP: CSV
// injection) and that a reader who tidies names has it back: behind an apostrophe
// it is as it is, to the byte.
func appendName(b, name []byte) []byte {
	if len(name) == 0 {
		return b
	}
	switch c, _ := utf8.DecodeRune(name); c {
	case '\'', '=', '+', '-', '@', '＝', '＋', '－', '＠':
		b = append(b, '\'')
	default:
		if tidy, err := cells.ParseName(name, len(name)); err != nil || tidy != string(name) {
			b = append(b, '\'')
		}
	}
	return append(b, name...)
}

// check reports what no file can hold of a rate.
func check(r *rating.Rate) error {
	if err := r.Validate(); err != nil {
		return err
	}
	for _, c := range columns {
		if c.holds != name {
			continue
		}
		if s := string(c.cell(nil, r)); strings.ContainsFunc(s, unicode.IsControl) {
			return fmt.Errorf("%s %.80q: want no control characters", strings.ToLower(c.header), s)
		}
	}
	return nil
}
