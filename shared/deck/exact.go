package deck

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/shared/table"
)

// readExact makes the entries of a row of a download.
func (d *deck) readExact() {
	var r rating.Rate
	d.readAction()
	d.matchExactly(&r)
	d.readStatus(&r)
	d.termsExactly(&r)
	priced := d.costExactly(&r)
	d.rates = append(d.rates[:0], r)
	if d.failed {
		return
	}
	d.entries = d.entries[:0]
	for _, code := range d.codes {
		e := Entry{Line: d.line, Rate: r, Closed: d.closed, Unpriced: !priced, Action: d.action, ID: string(cells.Unwrap(d.cell(id)))}
		e.Rate.Prefix = code
		if err := e.Rate.Validate(); err != nil && priced {
			d.fail(RowError{Value: d.text(), Want: "a rate that can be charged: " + err.Error()})
			return
		}
		d.entries = append(d.entries, e)
	}
}

// matchExactly reads which usage a row is for.
func (d *deck) matchExactly(r *rating.Rate) {
	if !d.blank(kind) {
		k, err := call.ParseKind(strings.ToLower(string(cells.Unwrap(d.cell(kind)))))
		if r.Kind = k; err != nil {
			d.expect(kind, "voice, sms, data or event")
		}
	}
	r.Service = d.exactName(service, rating.MaxName)
	if isAnyNumber(cells.Unwrap(d.cell(prefix))) {
		d.codes = append(d.codes[:0], "")
	} else {
		d.readCodes(r.Service != "")
	}
	r.Destination = d.exactName(destination, rating.MaxDestination)
	r.Band, r.Origin = d.exactName(band, rating.MaxName), d.exactName(origin, rating.MaxName)
	r.Area, r.Tag = d.exactName(area, rating.MaxName), d.exactName(tag, rating.MaxName)
	r.Local = d.flag(localOnly)
	r.MinDigits, r.MaxDigits = d.digits(minDigits), d.digits(maxDigits)
	if !d.blank(class) {
		c, err := rating.ParseClass(strings.ToLower(string(cells.Unwrap(d.cell(class)))))
		if r.Class = c; err != nil {
			d.expect(class, "intrastate, interstate, indeterminate, international, eea, local, or nothing for all calls")
		}
	}
	r.From, r.To = d.exactInstant(from), d.exactInstant(to)
	if r.From != 0 && r.To != 0 && r.From >= r.To {
		d.expect(to, "an instant after "+time.Unix(0, r.From).UTC().Format(time.RFC3339Nano))
	}
	if !d.blank(currencyCode) {
		d.readCurrency()
	}
}

// termsExactly reads what a row has beside prices and intervals.
func (d *deck) termsExactly(r *rating.Rate) {
	d.rates = append(d.rates[:0], *r) // the limits of its cells depend on the kind
	r.ConnectionFee, r.MinCharge, r.MaxCharge = d.fee(connectionFee), d.fee(minCharge), d.fee(maxCharge)
	r.Minimum, r.Free = d.secondsOr(minimum, 0), d.secondsOr(free, 0)
	if !d.blank(grace) {
		r.Grace = d.seconds(grace, false)
		r.NoGrace = r.Grace == 0
	}
	r.Access, r.AssumedPulse = d.flag(access), d.flag(assumed)
}

// costExactly reads prices and intervals, or tiers; it reports whether the row
// has any. A blocked rate keeps the prices that it has.
func (d *deck) costExactly(r *rating.Rate) (priced bool) {
	one, rest := price1, priceN
	if d.has(price) {
		one, rest = price, price
	}
	if !d.blank(tiers) {
		if !d.blank(one) || !d.blank(rest) {
			d.expect(tiers, "nothing, or no price beside it: the prices are in the tiers")
		}
		var err error
		if r.Tiers, err = rating.ParseTiers(string(cells.Unwrap(d.cell(tiers)))); err != nil {
			d.expect(tiers, strings.TrimPrefix(err.Error(), "want "))
		}
	} else if d.blank(one) && d.blank(rest) && !d.wantsPrices() {
		return false
	} else {
		var said1, saidN priceCell
		r.Price1, said1 = d.price(one)
		r.PriceN, saidN = d.price(rest)
		r.Blocked = r.Blocked || said1 == stops || saidN == stops
		switch {
		case r.Blocked:
		case said1 == unsaid:
			d.expect(one, "a price, or the word blocked, or price tiers in a column of their own")
		case saidN == unsaid:
			d.expect(rest, missing)
		}
	}
	r.Per = d.exactUnit(r.Kind)
	optional := r.Blocked || len(r.Tiers) > 0 || r.Per == rating.PerCall
	r.Interval1, r.IntervalN = d.seconds(interval1, optional), d.seconds(intervalN, optional)
	if r.Per == perIncrement {
		if r.Per = r.IntervalN; r.Per == 0 {
			d.expect(intervalN, "1 or more, as the price is for an increment")
		}
	}
	return true
}

// perIncrement stands for interval N until that is read.
const perIncrement = rating.PerCall - 1

// exactUnit reads how many units prices are for: nothing is what they are for in
// the row's kind of usage when nothing is said.
func (d *deck) exactUnit(k call.Kind) uint32 {
	if d.blank(unit) {
		return 0
	}
	text := strings.ToLower(string(cells.Unwrap(d.cell(unit))))
	switch text {
	case "call":
		return rating.PerCall
	case "increment":
		return perIncrement
	case "minute":
		if k == call.Voice {
			return 0
		}
	case "second":
		if k == call.Voice {
			return 1
		}
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 || n > d.limit() {
		d.expect(unit, fmt.Sprintf("call, increment, how many units the prices are for, 1 to %d, and of voice minute or second", d.limit()))
	}
	return uint32(n)
}

// flag reads a yes or no; an empty cell is no.
func (d *deck) flag(m meaning) bool {
	on, err := cells.ParseFlag(d.cell(m))
	d.check(m, err)
	return on
}

// digits reads a number of digits; an empty cell is any.
func (d *deck) digits(m meaning) uint8 {
	if d.blank(m) {
		return 0
	}
	n, err := strconv.ParseUint(string(cells.Unwrap(d.cell(m))), 10, 8)
	if err != nil {
		d.expect(m, "how many digits the called number has, 0 to 255")
	}
	return uint8(n)
}

// exactName reads a name of at most most bytes. In text it is as a person would
// write it, unless an apostrophe says that it is to be taken to the byte.
func (d *deck) exactName(m meaning, most int) string {
	if !d.has(m) {
		return ""
	}
	name, marked := unmarked(d.cell(m))
	if !marked && d.report.Format != string(table.JSON) {
		s, err := cells.ParseName(name, most)
		d.check(m, err)
		return s
	}
	if d.report.Format == string(table.JSON) {
		name = d.cell(m)
	}
	if len(name) > most || !utf8.Valid(name) {
		d.expect(m, fmt.Sprintf("a name of at most %d bytes in UTF-8", most))
	}
	return string(name)
}

// exactInstant reads an instant to the nanosecond, or a date as decks have it.
func (d *deck) exactInstant(m meaning) int64 {
	if at, err := time.Parse(time.RFC3339Nano, string(cells.Unwrap(d.cell(m)))); err == nil && time.Unix(0, at.UnixNano()).Equal(at) {
		return at.UnixNano()
	}
	return d.instant(m)
}
