package deck

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/shared/table"
)

// deck turns rows into entries.
type deck struct {
	*layout
	evidence
	options            Options
	report             Report
	bad                func(RowError)
	default1, defaultN uint32
	defaultFrom        int64     // of rows that say none: what the notice says
	assumed            bool      // nobody gave the defaults
	padded             bool      // empty cells at the end of rows are not in the file
	facts              cardFacts // of JSON: what it says beside its rows
	card               openCard
	seen               firsts
	seed               maphash.Seed
	isKey              []bool // by column: it has codes, prices or what is to be done
	cached             lastCells
	alike              alike
	notes              notes
	plan               plan // nil: codes stay as they are
	joined

	// Of the row at hand.
	line    int64
	fields  [][]byte
	failed  bool
	torn    bool // what its error message said last time
	codes   []string
	ranged  []byte        // a range of two cells
	spans   []span        // when each of the codes belongs to the row's name; none: at all times
	rates   []rating.Rate // without prefixes
	entries []Entry
	keys    []firstKey // of what is new of them
	unit    Unit       // of their prices
	closed  bool
	action  cells.Action
	common  *common // what it says but code, name and price; nil: it was read whole
	// The deck has no interval 1, no interval N for it.
	lack1, lackN bool
}

// lastCell is what a cell said the last time: the next row often has the same.
type lastCell[T any] struct {
	cell  []byte
	value T
	ok    bool
}

// lastCells are those of a sheet: another one may mean something else by the same.
type lastCells struct {
	name    lastCell[string]
	dates   [meanings]lastCell[int64]
	fees    [meanings]lastCell[money.Price]
	seconds [meanings]lastCell[uint32]
}

// is reports whether the cell is what it was.
func (l *lastCell[T]) is(cell []byte) bool { return l.ok && bytes.Equal(l.cell, cell) }

func (l *lastCell[T]) keep(cell []byte, value T) T {
	l.cell, l.value, l.ok = append(l.cell[:0], cell...), value, true
	return value
}

func newDeck(f *table.File, p *place, ev evidence, o Options) (*deck, error) {
	d := &deck{
		layout: p.layout, evidence: ev, options: o, default1: o.Interval1, defaultN: o.IntervalN, seed: maphash.MakeSeed(),
	}
	if o.Interval1 == 0 && o.IntervalN == 0 {
		d.default1, d.defaultN, d.assumed = defaultInterval, defaultInterval, true
	}
	if d.has(grace) && strings.Contains(squeeze(d.header(grace)), "seconds") {
		d.graceSeconds = true
	}
	if d.exact {
		d.codeRules.Strip = []string{"+"} // a prefix of a card may begin with 00
	}
	d.isKey = make([]bool, len(d.headers))
	for _, m := range [...]meaning{prefix, price, price1, priceN, inter, intra, service, action, id} {
		if d.has(m) {
			d.isKey[d.at[m]] = true
		}
	}
	d.begin(f, p)
	d.alike.begin(d)
	if err := d.readNotice(p); err != nil {
		return nil, err
	}
	if d.exact {
		d.card.precision = -1
		return d, nil // each row says it itself
	}
	return d, d.readCard(p)
}

// readNotice takes what stands above the header for what rows leave out.
func (d *deck) readNotice(p *place) error {
	r := &d.report
	if r.Currency = d.template.Currency; r.Currency == "" {
		if err := d.readFacts(p); err != nil {
			return err
		}
	}
	if r.Currency == "" && p.notice.currency != "" {
		r.Currency = p.notice.currency
		r.Guesses = append(r.Guesses, Guess{"currency", r.Currency, fmt.Sprintf("line %d, above the header, says so", p.notice.line)})
	}
	if r.Currency == "" {
		d.guessCurrency()
	}
	if p.notice.from == "" || p.has(from) {
		return nil
	}
	at, asap, err := cells.ParseDate([]byte(p.notice.from), d.dateOrder, d.zone)
	if _, _, other := cells.ParseDate([]byte(p.notice.from), cells.DayFirst, d.zone); err != nil && other != nil {
		r.Notices = append(r.Notices, fmt.Sprintf("Line %d, above the header, speaks of when something takes effect, and %q is no date: it was passed over.", p.notice.fromLine, clip(p.notice.from)))
		return nil
	}
	if err != nil { // of two dates it may be either
		return p.fail(fmt.Sprintf("line %d, above the header, has the date %q from which the rates hold: %v; or a template with date_order dmy or mdy", p.notice.fromLine, clip(p.notice.from), err))
	}
	if !asap {
		d.defaultFrom = at.UnixNano()
		r.Guesses = append(r.Guesses, Guess{"effective from", at.Format(time.RFC3339), fmt.Sprintf("line %d, above the header, has this date, and the rows have none", p.notice.fromLine)})
	}
	return nil
}

// broken counts a row that could not be read.
func (d *deck) broken(e *table.RowError) {
	d.report.Rows++
	d.report.Bad++
	out := RowError{Line: e.Line, Sheet: d.sheet, Value: e.Value, Want: e.Want, Torn: true}
	if e.Column > 0 && e.Column <= len(d.headers) {
		out.Column = clip(d.headers[e.Column-1])
	}
	d.bad(out)
}

// row returns the entries of a row; ok is false when the row is bad, is no rate,
// or says what an earlier one said. They are valid until the next row.
func (d *deck) row(row table.Row) (entries []Entry, ok bool) {
	d.line, d.fields, d.failed = row.Line, row.Cells, false
	d.report.Rows++
	if d.torn {
		d.report.Bad++
		d.bad(stillTorn(row.Line))
		return nil, false
	}
	if d.isNote() {
		d.report.Notes++
		d.notes.note(d.line)
		return nil, false
	}
	d.width()
	if !d.failed {
		d.read()
	}
	if !d.failed && d.action == cells.None && d.has(action) {
		d.report.Idle++
		return nil, false
	}
	if !d.failed {
		ok = d.isNew()
	}
	if d.failed {
		d.report.Bad++
		return nil, false
	}
	if ok && d.wantsPrices() {
		d.notes.increments(d, d.rates[0])
	}
	return d.entries, ok
}

// isNote reports whether a row is text below or between the rates: it has nothing
// where a rate has its code and its prices, and fewer cells than a rate.
func (d *deck) isNote() bool {
	filled, key := 0, false
	named := -1
	if d.byName() {
		named = d.at[destination]
	}
	for i, f := range d.fields {
		if blankCell(f) {
			continue
		}
		filled++
		if key = key || i < len(d.isKey) && d.isKey[i]; key && filled > 1 {
			return false // as most are
		}
	}
	if named >= 0 && named < len(d.fields) && filled > 1 && len(bytes.TrimSpace(d.fields[named])) > 0 {
		return false // a destination without its price
	}
	// A sentence in the first cell is no code even where that is the codes' column.
	if key && filled == 1 && d.at[prefix] == 0 && len(bytes.TrimSpace(d.fields[0])) > 0 && !bytes.ContainsAny(d.fields[0], "0123456789") {
		key = false
	}
	return !key && filled <= 2 && filled < len(d.headers)
}

// blankCell reports whether a cell has nothing but white space.
func blankCell(cell []byte) bool {
	if len(cell) > 0 && cell[0] > ' ' && cell[0] < utf8.RuneSelf {
		return false // as most are
	}
	return len(bytes.TrimSpace(cell)) == 0
}

// width holds the row against the header. Cells may be missing only behind the
// last column that is read: older Excels leave out empty ones. One too many is
// never forgiven, not even an empty one: it is what a decimal comma without
// quotes looks like, and the price would be wrong.
func (d *deck) width() {
	if len(d.fields) > d.last && len(d.fields) <= len(d.headers) {
		return
	}
	if d.padded && len(d.fields) <= d.last {
		for len(d.fields) <= d.last {
			d.fields = append(d.fields, nil)
		}
		return
	}
	want := fmt.Sprintf("%d cells as in the header, this row has %d", len(d.headers), len(d.fields))
	if len(d.fields) > len(d.headers) {
		want += "; a cell with the delimiter in it needs quotes"
	}
	d.fail(RowError{Value: d.text(), Want: want, Torn: true})
}

func (d *deck) text() string {
	delimiter := d.report.Delimiter
	if delimiter == "" {
		delimiter = ","
	}
	var text []byte
	for i, f := range d.fields {
		if i > 0 {
			text = append(text, delimiter...)
		}
		if text = append(text, f...); len(text) > maxShown {
			break
		}
	}
	return clip(string(text))
}

func (d *deck) fail(e RowError) {
	e.Line, e.Sheet = d.line, d.sheet
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

// check is expect for what reading the cell came to.
func (d *deck) check(m meaning, err error) {
	var want *cells.Want
	switch {
	case errors.As(err, &want):
		d.expect(m, want.Text)
	case err != nil:
		d.expect(m, err.Error())
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

func (d *deck) blank(m meaning) bool { return !d.has(m) || len(cells.Unwrap(d.cell(m))) == 0 }

// wantsPrices reports whether the row says what its rate costs.
func (d *deck) wantsPrices() bool { return d.action != cells.Delete && !d.closed }

// read makes the entries of the row: for each code one for all calls, one for
// each class that has a price, one for local calls.
func (d *deck) read() {
	d.common = nil
	if d.exact {
		d.readExact()
		return
	}
	if d.readAlike() {
		d.enter(true)
		return
	}
	var r rating.Rate
	d.readAction()
	d.match(&r)
	d.readStatus(&r)
	d.rates = d.rates[:0]
	priced := d.wantsPrices() || !d.blank(price) || !d.blank(price1) || !d.blank(inter)
	if priced {
		d.costs(&r)
	}
	if len(d.rates) == 0 {
		d.rates = append(d.rates, r)
	}
	if d.enter(priced); priced && !d.failed {
		d.keepAlike()
	}
}

// enter makes the entries of the row of its codes and rates; priced: it says what
// they cost.
func (d *deck) enter(priced bool) {
	if d.failed {
		return
	}
	d.entries = d.entries[:0]
	for at, code := range d.codes {
		for i := range d.rates {
			d.entries = append(d.entries, Entry{Line: d.line, Rate: d.rates[i], Closed: d.closed, Unpriced: !priced, Action: d.action})
			e := &d.entries[len(d.entries)-1]
			e.Rate.Prefix = code
			if len(d.spans) > 0 && !d.within(e, d.spans[at]) {
				d.entries = d.entries[:len(d.entries)-1]
				continue
			}
			if d.has(id) {
				e.ID = string(cells.Unwrap(d.cell(id)))
			}
			if err := e.Rate.Validate(); err != nil && priced {
				d.fail(RowError{Value: d.text(), Want: "a rate that can be charged: " + err.Error()})
				return
			}
		}
	}
}

// costs reads what the row's rates cost.
func (d *deck) costs(r *rating.Rate) {
	if d.has(price) || d.has(price1) {
		d.rates = append(d.rates, *r)
		d.prices(&d.rates[0])
	}
	d.classes(r)
	d.local(r)
	if len(d.rates) == 0 {
		return
	}
	d.terms()
	d.intervals()
	d.precise()
}
