package deck

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/tollbook/tollbook/shared/delimited"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// deck turns rows into rates.
type deck struct {
	*layout
	decimals
	report             Report
	bad                func(RowError)
	default1, defaultN uint32
	assumed            bool // nobody gave the defaults
	seen               map[uint64]first
	notes              notes

	// Of the row at hand.
	line   int64
	fields [][]byte
	failed bool
}

// first is where a prefix was first, and what its row said. One of these per
// rate is all that a deck costs in memory.
type first struct {
	line   int64
	digest [16]byte
}

func newDeck(l *layout, ev decimals, o Options, bad func(RowError)) *deck {
	d := &deck{layout: l, decimals: ev, bad: bad, default1: o.Interval1, defaultN: o.IntervalN, seen: make(map[uint64]first)}
	if o == (Options{}) {
		d.default1, d.defaultN, d.assumed = defaultInterval, defaultInterval, true
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

// row returns the rate of a row; ok is false when the row is bad or says what
// an earlier one said.
func (d *deck) row(row delimited.Row) (r rating.Rate, ok bool) {
	d.line, d.fields, d.failed = row.Line, row.Fields, false
	d.report.Rows++
	d.width()
	if !d.failed {
		r = d.rate()
	}
	if !d.failed {
		ok = d.isNew(r)
	}
	if d.failed {
		d.report.Bad++
		return rating.Rate{}, false
	}
	if ok {
		d.notes.increments(d, r)
	}
	return r, ok
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

// cell returns the cell of a meaning, nothing if there is no such column.
func (d *deck) cell(m meaning) []byte {
	if !d.has(m) {
		return nil
	}
	return d.fields[d.at[m]]
}

func (d *deck) blank(m meaning) bool { return len(unwrap(d.cell(m))) == 0 }

func (d *deck) rate() (r rating.Rate) {
	var want string
	r.Prefix, want = parsePrefix(d.cell(prefix))
	d.expect(prefix, want)
	r.Destination, want = parseName(d.cell(destination))
	d.expect(destination, want)
	if !d.blank(blocked) {
		r.Blocked, want = parseBlocked(d.cell(blocked))
		d.expect(blocked, want)
	}
	if !d.blank(status) {
		if blockedStatus(d.cell(status)) {
			r.Blocked = true
		} else {
			d.notes.status(d.cell(status))
		}
	}
	d.prices(&r)
	r.ConnectionFee = d.fee()
	d.intervals(&r)
	return r
}

// prices reads price 1 and price N. A price of -1 or the word Blocked blocks
// the prefix (Kolmisoft: Blocked Rates); a blocked rate has no
// price.
func (d *deck) prices(r *rating.Rate) {
	one, rest := price1, priceN
	if d.has(price) {
		one, rest = price, price
	}
	var said1, saidN priceCell
	r.Price1, said1 = d.price(one)
	if r.PriceN, saidN = r.Price1, said1; rest != one {
		r.PriceN, saidN = d.price(rest)
	}
	stop := said1 == stops || saidN == stops
	if stop && (said1 == priced || saidN == priced) {
		d.expect(rest, fmt.Sprintf("a price as in column %s, or blocked in both", clip(d.header(one))))
	}
	r.Blocked = r.Blocked || stop
	if r.Blocked {
		r.Price1, r.PriceN = 0, 0
		return
	}
	const missing = "a price, or the word blocked"
	if said1 == unsaid {
		d.expect(one, missing)
	}
	if saidN == unsaid && rest != one {
		d.expect(rest, missing)
	}
}

// priceCell is what a price cell says.
type priceCell int

const (
	unsaid priceCell = iota
	priced
	stops // the prefix is blocked
)

func (d *deck) price(m meaning) (money.Price, priceCell) {
	if d.blank(m) {
		return 0, unsaid
	}
	if blockedWord(d.cell(m)) {
		return 0, stops
	}
	p, want := d.parsePrice(d.cell(m))
	if p == blockedPrice {
		return 0, stops
	}
	if p < 0 {
		want = "0 or more, or -1 to block the prefix"
	}
	d.expect(m, want)
	return p, priced
}

// fee reads the connection fee; an empty cell is none.
func (d *deck) fee() money.Price {
	if d.blank(connectionFee) {
		return 0
	}
	p, want := d.parsePrice(d.cell(connectionFee))
	if p < 0 {
		want = "0 or more"
	}
	d.expect(connectionFee, want)
	return p
}

// intervals reads interval 1 and interval N from whichever columns give them,
// the rest from the defaults. Interval N may be 0 only where price N is: one
// flat block.
func (d *deck) intervals(r *rating.Rate) {
	source, lack1, lackN := intervalN, false, false
	switch {
	case d.has(interval):
		source = interval
		r.Interval1 = d.seconds(interval, r.Blocked)
		r.IntervalN = r.Interval1
	case d.has(increments):
		source = increments
		r.Interval1, r.IntervalN = d.pair(increments, r.Blocked)
	case d.has(billingIncrement) && bytes.ContainsAny(d.cell(billingIncrement), "/+"):
		source = billingIncrement
		r.Interval1, r.IntervalN = d.pair(billingIncrement, r.Blocked)
		if d.has(interval1) {
			d.expect(billingIncrement, fmt.Sprintf("one number, as column %s gives the first interval", clip(d.header(interval1))))
		}
	default:
		if d.has(billingIncrement) {
			source = billingIncrement
		}
		r.Interval1, lack1 = d.default1, !d.has(interval1)
		if !lack1 {
			r.Interval1 = d.seconds(interval1, r.Blocked)
		}
		r.IntervalN, lackN = d.defaultN, !d.has(source)
		if !lackN {
			r.IntervalN = d.seconds(source, r.Blocked)
		}
	}
	r.AssumedPulse = d.assumed && (lack1 || lackN)
	d.notes.defaults(lack1, lackN)
	if r.IntervalN == 0 && (r.PriceN != 0 || r.Interval1 == 0 && r.Price1 != 0) && !d.failed {
		d.expect(source, "1 or more seconds, unless price N is 0 and the first interval is not")
	}
}

// seconds reads an interval; a blocked rate may leave it out.
func (d *deck) seconds(m meaning, optional bool) uint32 {
	if optional && d.blank(m) {
		return 0
	}
	n, want := parseSeconds(d.cell(m))
	d.expect(m, want)
	return n
}

// pair reads both intervals; a blocked rate may leave them out.
func (d *deck) pair(m meaning, optional bool) (first, next uint32) {
	if optional && d.blank(m) {
		return 0, 0
	}
	first, next, err := ParseIncrements(string(unwrap(d.cell(m))))
	if err != nil {
		d.expect(m, wantIncrements)
	}
	return first, next
}

// isNew remembers the rate of a prefix. The same row again is merged; another
// rate for the prefix is an error, since nothing says which one holds.
func (d *deck) isNew(r rating.Rate) bool {
	// The digits behind a 1, so that 07 and 7 differ: at most 17 digits.
	key := uint64(1)
	for i := range len(r.Prefix) {
		key = key*10 + uint64(r.Prefix[i]-'0')
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", r))
	now := first{line: d.line, digest: [16]byte(sum[:])}
	before, ok := d.seen[key]
	switch {
	case !ok:
		d.seen[key] = now
		return true
	case before.digest == now.digest:
		d.report.Merged++
		d.notes.merged(d.line, before.line)
	default:
		d.expect(prefix, fmt.Sprintf("one rate for a prefix: line %d has another for %s", before.line, r.Prefix))
	}
	return false
}
