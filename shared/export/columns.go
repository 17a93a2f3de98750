package export

import (
	"fmt"
	"math"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// kind is what a column holds.
type kind uint8

const (
	text    kind = iota
	term         // a text that few others are beside
	number       // a whole number
	small        // a whole number below 2^31
	instant      // microseconds since 1970, UTC
	seconds      // counted in nanoseconds
	amount
)

type column struct {
	name     string
	kind     kind
	required bool // the others may be empty
}

// The places of the columns. Programs know them by name: one may be added at
// the end, none changed.
const (
	callID = iota
	feed
	leg
	account
	usage
	aNumber
	bNumber
	start
	startNanos
	duration
	units
	status
	reason
	prefix
	destination
	billed
	charge
	currency
	covered
	due
	flags
	month
	batch
	line
	image
	role
	width
)

var columns = [width]column{
	callID:      {"call_id", text, false},
	feed:        {"feed", term, false},
	leg:         {"leg", text, false},
	account:     {"account", term, false},
	usage:       {"kind", term, true},
	aNumber:     {"a_number", text, false},
	bNumber:     {"b_number", text, false},
	start:       {"start", instant, true},
	startNanos:  {"start_nanos", small, true},
	duration:    {"duration", seconds, true},
	units:       {"units", number, false},
	status:      {"status", term, true},
	reason:      {"reason", term, false},
	prefix:      {"prefix", term, false},
	destination: {"destination", term, false},
	billed:      {"billed", number, false},
	charge:      {"charge", amount, false},
	currency:    {"currency", term, false},
	covered:     {"covered", number, false},
	due:         {"due", amount, false},
	flags:       {"flags", term, false},
	month:       {"period", term, false},
	batch:       {"batch", term, false},
	line:        {"line", number, true},
	image:       {"card_image", term, false},
	role:        {"role", term, true},
}

// Columns returns the names of the columns, in order.
func Columns() []string {
	out := make([]string, width)
	for i, c := range columns {
		out[i] = c.name
	}
	return out
}

// value is what a record has in a column; by its kind, one of the fields.
type value struct {
	set    bool // not empty
	text   string
	number int64
	amount money.Amount
}

// values is a record, column by column.
type values struct {
	cells [width]value
	flags []byte // reused
	names map[call.Flags]string
}

func newValues() *values { return &values{names: map[call.Flags]string{}} }

func (v *values) text(column int, s string) {
	v.cells[column] = value{set: s != "" || columns[column].required, text: s}
}

func (v *values) number(column int, n int64) { v.cells[column] = value{set: true, number: n} }

// count sets a column to a number that a row holds unsigned.
func (v *values) count(column int, n uint64) error {
	if n > math.MaxInt64 {
		return fmt.Errorf("%s is %d, want at most %d", columns[column].name, n, int64(math.MaxInt64))
	}
	v.number(column, int64(n))
	return nil
}

// maxNames bounds the sets of flags whose names are kept: most files have a few.
const maxNames = 1024

func (v *values) flagNames(f call.Flags) string {
	if f == 0 {
		return ""
	}
	s, ok := v.names[f]
	if !ok {
		v.flags = f.Append(v.flags[:0])
		s = string(v.flags)
		if len(v.names) < maxNames {
			v.names[f] = s
		}
	}
	return s
}

// read takes a record apart.
func (v *values) read(rec *Record) error {
	r := rec.Row
	v.cells = [width]value{}
	for _, t := range [...]struct {
		column int
		text   string
	}{
		{callID, r.CallID}, {feed, r.Feed}, {leg, r.Leg}, {account, r.Account}, {usage, r.Kind.String()},
		{aNumber, r.ANumber}, {bNumber, r.BNumber}, {status, r.Status.String()}, {reason, string(r.Reason)},
		{prefix, r.PrefixDigits()}, {destination, rec.Destination}, {flags, v.flagNames(r.Flags)},
		{month, rec.Period}, {batch, rec.Batch}, {image, rec.Image}, {role, r.Role.Name(r.Level)},
	} {
		v.text(t.column, t.text)
	}
	micros := r.Instant / 1000
	if r.Instant%1000 < 0 {
		micros--
	}
	v.number(start, micros)
	v.number(startNanos, r.Instant-micros*1000)
	v.number(duration, r.Duration.Nanos)
	v.number(line, r.Line)
	if r.Kind != call.Voice {
		if err := v.count(units, r.Units); err != nil {
			return err
		}
	}
	if r.Status != call.Rated {
		return nil
	}
	v.text(currency, rec.Currency)
	v.cells[charge] = value{set: true, amount: r.Charge}
	if err := v.count(billed, r.Billed); err != nil || !rec.Folded {
		return err
	}
	v.cells[due] = value{set: true, amount: r.Due}
	return v.count(covered, r.Covered)
}
