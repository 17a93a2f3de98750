package deck

import (
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/delimited"
	"github.com/tollbook/tollbook/shared/rating"
)

// deck turns rows into rates.
type deck struct {
	*layout
	evidence
	options            Options
	report             Report
	bad                func(RowError)
	default1, defaultN uint32
	assumed            bool // nobody gave the defaults
	seen               map[key]first
	notes              notes

	// Of the row at hand.
	line   int64
	fields [][]byte
	failed bool
	rates  []rating.Rate
	unit   Unit // of their prices
}

// first is where a prefix was first, and what its row said. One of these per
// rate is all that a deck costs in memory.
type first struct {
	line   int64
	digest [16]byte
}

func newDeck(l *layout, ev evidence, o Options, bad func(RowError)) *deck {
	d := &deck{
		layout: l, evidence: ev, options: o, bad: bad, default1: o.Interval1, defaultN: o.IntervalN, seen: make(map[key]first),
	}
	if o.Interval1 == 0 && o.IntervalN == 0 {
		d.default1, d.defaultN, d.assumed = defaultInterval, defaultInterval, true
	}
	if l.has(grace) && strings.Contains(squeeze(l.header(grace)), "seconds") {
		d.graceSeconds = true
	}
	d.report.DecimalComma = ev.comma()
	d.report.Ignored = append([]string{}, l.ignored...) // in JSON a list, never null
	d.report.Notices = []string{}
	d.report.Columns = make(map[string]string)
	for m, at := range l.at {
		if at >= 0 {
			d.report.Columns[columns[m].name] = l.headers[at]
		}
	}
	return d
}

// row returns the rates of a row; ok is false when the row is bad or says what
// an earlier one said. They are valid until the next row.
func (d *deck) row(row delimited.Row) (rates []rating.Rate, ok bool) {
	d.line, d.fields, d.failed = row.Line, row.Fields, false
	d.report.Rows++
	d.width()
	if !d.failed {
		d.read()
	}
	if !d.failed {
		ok = d.isNew(d.rates)
	}
	if d.failed {
		d.report.Bad++
		return nil, false
	}
	if ok {
		d.notes.increments(d, d.rates[0])
	}
	return d.rates, ok
}

// width holds the row against the header. Cells may be missing only behind the
// last column that is read: older Excels leave out empty ones. One too many is
// never forgiven, not even an empty one: it is what a decimal comma without
// quotes looks like, and the price would be wrong.
func (d *deck) width() {
	if len(d.fields) > d.last && len(d.fields) <= len(d.headers) {
		return
	}
	want := fmt.Sprintf("%d cells as in the header, this row has %d", len(d.headers), len(d.fields))
	if len(d.fields) > len(d.headers) {
		want += "; a cell with the delimiter in it needs quotes"
	}
	d.fail(RowError{Value: d.text(), Want: want})
}

func (d *deck) text() string {
	var text []byte
	for i, f := range d.fields {
		if i > 0 {
			text = append(text, d.report.Delimiter...)
		}
		if text = append(text, f...); len(text) > maxShown {
			break
		}
	}
	return clip(string(text))
}

func (d *deck) fail(e RowError) {
	e.Line = d.line
	d.failed = true
	d.bad(e)
}

// expect fails the row for what a column should hold; want is empty when it
// holds it.
func (d *deck) expect(m meaning, want string) {
	if want != "" {
		d.fail(RowError{Column: clip(d.header(m)), Value: clip(string(d.cell(m))), Want: want})
	}
}

// want fails the row for what a column should hold, if the deck has it.
func (d *deck) want(m meaning, want string) {
	if !d.has(m) {
		d.fail(RowError{Value: d.text(), Want: want})
		return
	}
	d.expect(m, want)
}

// cell returns the cell of a meaning, nothing if there is no such column.
func (d *deck) cell(m meaning) []byte {
	if !d.has(m) {
		return nil
	}
	return d.fields[d.at[m]]
}

func (d *deck) blank(m meaning) bool { return len(unwrap(d.cell(m))) == 0 }

// read makes the rates of the row: one for all calls, one for each class that
// has a price, one for local calls.
func (d *deck) read() {
	var r rating.Rate
	d.match(&r)
	if !d.blank(blocked) {
		on, want := parseBlocked(d.cell(blocked))
		r.Blocked = on
		d.expect(blocked, want)
	}
	if !d.blank(status) {
		if blockedStatus(d.cell(status)) {
			r.Blocked = true
		} else {
			d.notes.status(d.cell(status))
		}
	}
	d.rates = d.rates[:0]
	if d.has(price) || d.has(price1) {
		all := r
		d.prices(&all)
		d.rates = append(d.rates, all)
	}
	d.classes(r)
	d.local(r)
	d.terms()
	d.intervals()
	for i := range d.rates {
		if d.failed {
			return
		}
		if err := d.rates[i].Validate(); err != nil {
			d.fail(RowError{Value: d.text(), Want: "a rate that can be charged: " + err.Error()})
		}
	}
}
