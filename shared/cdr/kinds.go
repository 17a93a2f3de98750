package cdr

import (
	"bytes"

	"github.com/tollbook/tollbook/shared/call"
)

const (
	wantKind  = "voice, sms, data or event"
	wantUnits = "a whole number from 0 to 10000000000000000"
)

// readKind reads what was used: voice, where the row does not say.
func (r *Reader) readKind(row *Row, fields [][]byte) {
	c, _ := r.cell(fields, kind)
	if len(c) == 0 {
		return
	}
	k, err := call.ParseKind(string(bytes.ToLower(c)))
	if err != nil {
		row.reject(call.BadKind, r.name(kind), c, wantKind)
	}
	row.Record.Kind = k
}

// readUnits reads how much was used of another kind than voice.
func (r *Reader) readUnits(row *Row, fields [][]byte) {
	c, _ := r.cell(fields, units)
	n, ok := wholeNumber(c)
	if !ok || n > call.MaxUnits {
		row.reject(call.BadUnits, r.name(units), c, wantUnits)
		return
	}
	row.Record.Units = n
}

// numberless reports whether usage of a kind may have no called number: a data
// session, an event.
func numberless(k call.Kind) bool { return k == call.Data || k == call.Event }

// readRouting reads what else may choose a rate, where the file has it. A
// routing number that is none would price the row by another number than the
// switch meant.
func (r *Reader) readRouting(row *Row, fields [][]byte) {
	for _, t := range [...]struct {
		column meaning
		to     *string
		number bool
	}{
		{lrn, &row.Record.LRN, true}, {callerLRN, &row.Record.ALRN, true}, {service, &row.Record.Service, false}, {tag, &row.Record.Tag, false},
	} {
		c, _ := r.cell(fields, t.column)
		if c = r.bounded(row, t.column, c); len(c) == 0 {
			continue
		}
		if t.number {
			digits, kind := r.feed.Numbers.Append(nil, c)
			if want := wantOf(kind, c); want != "" {
				row.reject(call.BadNumber, r.name(t.column), c, want)
			}
			c = digits
		}
		*t.to = string(c)
	}
}
