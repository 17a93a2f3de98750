package billing

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/delimited"
	"github.com/tollbook/tollbook/shared/money"
)

// DetailColumns is the header of the usage detail. What is billed of usage of
// another kind than voice is in its units. The role says for what the account is
// charged: payer, callee, reseller:LEVEL or supplier.
var DetailColumns = [...]string{
	"call_id", "a_number", "b_number", "start", "duration", "prefix", "destination",
	"billed_seconds", "charge", "covered_seconds", "due", "flags", "kind", "units",
	"role",
}

// Usage is one charged call of an invoice, or other usage.
type Usage struct {
	CallID, ANumber, BNumber string
	Instant                  int64         // Unix nanoseconds
	Duration                 call.Duration // of voice
	Kind                     call.Kind
	Units                    uint64 // of any other kind
	Prefix, Destination      string
	BilledSeconds            uint64
	Charge                   money.Amount // before bundles
	CoveredSeconds           uint64       // paid by bundles
	Due                      money.Amount
	Flags                    call.Flags
	Role                     call.Role // for what the account is charged
	Level                    uint8     // of a reseller
}

// Detail writes the usage of an invoice as CSV, row by row. Text that a
// spreadsheet would run as a formula (it begins with = + - @ TAB or CR) gets a
// leading apostrophe.
type Detail struct {
	csv    *csv.Writer
	zone   *time.Location
	fields [len(DetailColumns)]string
	rows   int
	err    error // the first one; nothing is written after it
}

// NewDetail begins the usage detail of an account whose instants are shown in
// zone. The header is written even when no row follows.
func NewDetail(w io.Writer, zone *time.Location) *Detail {
	d := &Detail{csv: csv.NewWriter(w), zone: zone, fields: DetailColumns}
	d.write()
	return d
}

// Write adds a row. The start has as many decimals of a second as the instant
// needs, the duration those of its source.
func (d *Detail) Write(u Usage) error {
	d.rows++
	duration, units := string(u.Duration.Append(nil)), ""
	if u.Kind != call.Voice {
		duration, units = "", strconv.FormatUint(u.Units, 10)
	}
	d.fields = [...]string{
		plainText(u.CallID), plainText(u.ANumber), plainText(u.BNumber),
		time.Unix(0, u.Instant).In(d.zone).Format(time.RFC3339Nano),
		duration, plainText(u.Prefix), plainText(u.Destination),
		strconv.FormatUint(u.BilledSeconds, 10), u.Charge.String(),
		strconv.FormatUint(u.CoveredSeconds, 10), u.Due.String(), u.Flags.String(),
		u.Kind.String(), units, u.Role.Name(u.Level),
	}
	d.write()
	return d.err
}

func (d *Detail) write() {
	if d.err != nil {
		return
	}
	if err := d.csv.Write(d.fields[:]); err != nil {
		d.err = fmt.Errorf("usage detail: row %d: %w", d.rows, err)
	}
}

// Flush writes what is buffered; call it after the last row.
func (d *Detail) Flush() error {
	d.csv.Flush()
	if err := d.csv.Error(); err != nil && d.err == nil {
		d.err = fmt.Errorf("usage detail: after row %d: %w", d.rows, err)
	}
	return d.err
}

// plainText keeps a spreadsheet from reading s as a formula.
func plainText(s string) string {
	if delimited.Formula(s) {
		return "'" + s
	}
	return s
}
