package cdr

import (
	"bytes"
	"fmt"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/delimited"
	"github.com/tollbook/tollbook/shared/period"
)

const (
	wantTime    = "a time from 1970 to 2199 such as 2026-11-30 23:59:59, 2026-11-30T23:59:59+01:00 or Unix time"
	wantSeconds = "seconds from 0 to 10000000, with at most 9 decimals"
	wantMillis  = "whole milliseconds from 0 to 10000000000"
	wantVersion = "a whole number from 0 to 18446744073709551615"
	wantShorter = "at most 256 bytes"
)

// read makes a row of its fields. Whether a call was answered is decided
// first: what is wrong with an unanswered call is of no interest. Usage of
// another kind than voice is answered, and has units in place of a duration.
func (r *Reader) read(in delimited.Row) Row {
	row := Row{Line: in.Line, Record: call.Record{Feed: r.feed.ID}}
	if !r.columnsFit(in.Fields) {
		row.reject(call.BadColumns, "", fmt.Appendf(nil, "%d columns", len(in.Fields)), r.wantColumns())
		return row
	}
	r.readKind(&row, in.Fields)
	voice, billed := row.Record.Kind == call.Voice, billing{}
	if voice {
		billed = r.billed(in.Fields)
		if row.Status == 0 && !r.answered(in.Fields, billed) {
			row.Status, row.Reason = call.Ignored, call.NotAnswered
		}
	}
	r.readTexts(&row, in.Fields)
	r.readRouting(&row, in.Fields)
	r.readPayer(&row, in.Fields)
	r.readInstant(&row, in.Fields)
	if voice {
		r.readDuration(&row, in.Fields, billed)
	} else {
		r.readUnits(&row, in.Fields)
	}
	if v, ok := r.cell(in.Fields, version); ok && len(v) > 0 {
		if row.Record.Version, ok = wholeNumber(v); !ok {
			row.reject(call.BadVersion, r.name(version), v, wantVersion)
		}
	}
	return row
}

func (r *Reader) columnsFit(fields [][]byte) bool {
	for i := r.layout.max; i < len(fields); i++ {
		if len(bytes.TrimSpace(fields[i])) > 0 {
			return false
		}
	}
	return len(fields) >= r.layout.min && len(fields) != r.layout.never
}

func (r *Reader) wantColumns() string {
	if r.layout.min == r.layout.max {
		return fmt.Sprintf("%d columns, as the header row has", r.layout.min)
	}
	return fmt.Sprintf("%d to %d columns", r.layout.min, r.layout.max)
}

// cell returns what a row has for a meaning, without the spaces around it;
// false = the file has no such column.
func (r *Reader) cell(fields [][]byte, m meaning) ([]byte, bool) {
	i := r.layout.at[m]
	if i < 0 || i >= len(fields) {
		return nil, false
	}
	return bytes.TrimSpace(fields[i]), true
}

// name returns what the file calls a meaning's column.
func (r *Reader) name(m meaning) string {
	if i := r.layout.at[m]; i >= 0 {
		return r.layout.names[i]
	}
	return Columns[m].Name
}

// billing is the answered time of a row.
type billing struct {
	from  meaning // the column it is from
	cell  []byte
	value call.Duration
	ok    bool
}

// billed reads the answered time: billmsec outranks billsec outranks duration,
// which includes ringing where there is another.
func (r *Reader) billed(fields [][]byte) billing {
	if c, ok := r.cell(fields, billmsec); ok {
		d, ok := parseMilliseconds(c)
		return billing{billmsec, c, d, ok}
	}
	from := billsec
	c, ok := r.cell(fields, billsec)
	if !ok {
		from = duration
		c, _ = r.cell(fields, duration)
	}
	d, ok := parseSeconds(c)
	return billing{from, c, d, ok}
}

// answered decides whether a call was answered. Asterisk: its disposition is
// ANSWERED. FreeSWITCH: it has something as its answer time, be it a bad one. Generic: neither the
// disposition nor an answer time left out says otherwise; an answer time left
// out and a disposition of unknown meaning say so when nothing was billed
// (0, or nothing written for an answer time left out). NORMAL_CLEARING, for
// one, ends answered and unanswered calls alike.
func (r *Reader) answered(fields [][]byte, billed billing) bool {
	said, hasSaid := r.cell(fields, disposition)
	answer, hasAnswer := r.cell(fields, answerTime)
	switch r.feed.Format {
	case Asterisk:
		return bytes.EqualFold(said, []byte("ANSWERED"))
	case FreeSWITCH:
		return len(answer) > 0
	}
	zero := billed.ok && billed.value.Nanos == 0
	if hasAnswer && noTime(answer) && (zero || len(billed.cell) == 0) {
		return false
	}
	if !hasSaid {
		return true
	}
	switch judge(said) {
	case answered:
		return true
	case notAnswered:
		return false
	default:
		return !zero
	}
}

// readTexts reads ids, account and numbers into one string, cut up.
func (r *Reader) readTexts(row *Row, fields [][]byte) {
	id, _ := r.cell(fields, callID)
	if r.feed.Format == Asterisk && len(fields) == 17 && !isUniqueID(id) {
		id = nil // the 17th column is the user field
	}
	legID, _ := r.cell(fields, leg)
	payer, _ := r.cell(fields, account)
	id, legID = r.bounded(row, callID, id), r.bounded(row, leg, legID)
	if payer = r.bounded(row, account, payer); len(payer) == 0 {
		payer = []byte(Unassigned)
	}
	a, b := r.bounded(row, aNumber, r.raw(fields, aNumber)), r.bounded(row, bNumber, r.raw(fields, bNumber))

	buf := append(r.text[:0], id...)
	idEnd := len(buf)
	buf = append(buf, legID...)
	legEnd := len(buf)
	buf = append(buf, payer...)
	payerEnd := len(buf)
	buf, aKind := r.feed.Numbers.Append(buf, a)
	aEnd := len(buf)
	buf, bKind := r.feed.Numbers.Append(buf, b)
	bEnd := len(buf)
	if want := wantOf(bKind, b); want != "" && (want != wantNumber || !numberless(row.Record.Kind)) {
		row.reject(call.BadNumber, r.name(bNumber), b, want)
	}
	if r.ruled {
		row.Record.Flags |= callerFlags(aKind, a) | calledFlags(bKind)
	}
	if !bytes.Equal(a, buf[payerEnd:aEnd]) {
		buf = append(buf, a...)
	}
	aRawEnd := len(buf)
	if !bytes.Equal(b, buf[aEnd:bEnd]) {
		buf = append(buf, b...)
	}
	r.text = buf
	all := string(buf)
	rec := &row.Record
	rec.CallID, rec.Leg, rec.Account = all[:idEnd], all[idEnd:legEnd], all[legEnd:payerEnd]
	rec.ANumber, rec.BNumber = all[payerEnd:aEnd], all[aEnd:bEnd]
	rec.ARaw, rec.BRaw = all[bEnd:aRawEnd], all[aRawEnd:]
	if rec.CallID == "" {
		rec.Flags |= call.NoCallID
	}
}

// raw returns a cell as it was read.
func (r *Reader) raw(fields [][]byte, m meaning) []byte {
	if i := r.layout.at[m]; i >= 0 && i < len(fields) {
		return fields[i]
	}
	return nil
}

// bounded returns text, or nothing if it is longer than a record may carry.
func (r *Reader) bounded(row *Row, m meaning, text []byte) []byte {
	if len(text) <= call.MaxField {
		return text
	}
	row.reject(call.TooLong, r.name(m), text, wantShorter)
	return nil
}

// readInstant reads the answer time if the row gives it, else the start.
func (r *Reader) readInstant(row *Row, fields [][]byte) {
	from := answerTime
	c, _ := r.cell(fields, answerTime)
	if noTime(c) && (r.feed.Format != FreeSWITCH || len(c) == 0) {
		if start, ok := r.cell(fields, startTime); ok {
			from, c = startTime, start
		}
	}
	s, ok := parseTime(c)
	if !ok {
		row.reject(call.BadTime, r.name(from), c, wantTime)
		return
	}
	at, seam := r.clock.unix(s)
	row.Record.Instant = at
	switch seam {
	case period.Ambiguous:
		row.Record.Flags |= call.TimeAmbiguous
	case period.Skipped:
		row.Record.Flags |= call.TimeSkipped
	}
}

// readDuration takes the billed time, and flags one above the total.
func (r *Reader) readDuration(row *Row, fields [][]byte, billed billing) {
	if !billed.ok {
		want := wantSeconds
		if billed.from == billmsec {
			want = wantMillis
		}
		row.reject(call.BadDuration, r.name(billed.from), billed.cell, want)
	}
	row.Record.Duration = billed.value
	c, hasBilled := r.cell(fields, billsec)
	t, hasTotal := r.cell(fields, duration)
	if !hasBilled || !hasTotal {
		return
	}
	b, ok := parseSeconds(c)
	total, okTotal := parseSeconds(t)
	if ok && okTotal && b.Nanos > total.Nanos {
		row.Record.Flags |= call.BillsecOverTotal
	}
}
