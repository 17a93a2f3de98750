package deck

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

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
	if said1 == unsaid {
		d.expect(one, missing)
	}
	if saidN == unsaid && rest != one {
		d.expect(rest, missing)
	}
}

const missing = "a price, or the word blocked"

// priceCell is what a price cell says.
type priceCell int

const (
	unsaid priceCell = iota
	priced
	stops // the prefix is blocked
)

func (d *deck) price(m meaning) (money.Price, priceCell) {
	p, kind, err := cells.ParsePrice(d.cell(m), d.priceRules)
	if err != nil {
		d.check(m, err)
		return 0, priced
	}
	switch kind {
	case cells.Empty:
		return 0, unsaid
	case cells.Blocked:
		return 0, stops
	}
	return p, priced
}

// intervals reads interval 1 and interval N from whichever columns give them,
// the rest from the defaults. Interval N may be 0 only where price N is: one
// flat block. A price for an increment becomes one for so many seconds.
func (d *deck) intervals() {
	if d.unit == Call {
		return
	}
	optional := !slices.ContainsFunc(d.rates, func(r rating.Rate) bool { return !r.Blocked })
	source, lack1, lackN := intervalN, false, false
	var first, next uint32
	voice := d.rates[0].Kind == call.Voice
	switch {
	case d.has(interval):
		source = interval
		first = d.seconds(interval, optional)
		next = first
	case d.has(increments):
		source = increments
		first, next = d.pair(increments, optional)
	case d.has(billingIncrement) && bytes.ContainsAny(d.cell(billingIncrement), "/+"):
		source = billingIncrement
		first, next = d.pair(billingIncrement, optional)
		if d.has(interval1) {
			d.expect(billingIncrement, fmt.Sprintf("one number, as column %s gives the first interval", clip(d.header(interval1))))
		}
	default:
		if d.has(billingIncrement) {
			source = billingIncrement
		}
		first, next, lack1, lackN = d.default1, d.defaultN, d.leaves(interval1), d.leaves(source)
		if !voice {
			first, next = 1, 1 // every message, byte and piece
		}
		if !lack1 {
			first = d.seconds(interval1, optional)
		}
		if !lackN {
			next = d.seconds(source, optional)
		}
	}
	if d.lack1, d.lackN = lack1, lackN; voice {
		d.notes.defaults(lack1, lackN)
	}
	for i := range d.rates {
		r := &d.rates[i]
		r.Interval1, r.IntervalN = first, next
		r.AssumedPulse = voice && d.assumed && (lack1 || lackN)
		if r.Local {
			r.Interval1 = d.secondsOr(localInterval1, r.Interval1)
			r.IntervalN = d.secondsOr(localIntervalN, r.IntervalN)
		}
		if r.IntervalN == 0 && (r.PriceN != 0 || r.Interval1 == 0 && r.Price1 != 0) && !d.failed {
			d.want(source, "1 or more seconds, unless price N is 0 and the first interval is not")
		}
		if d.unit == Increment && !r.Blocked {
			if r.Per = r.IntervalN; r.Per == 0 {
				d.want(source, "1 or more seconds, as the price is for an increment")
			}
		}
	}
}

// seconds reads an interval; a blocked rate may leave it out.
func (d *deck) seconds(m meaning, optional bool) uint32 {
	if optional && d.blank(m) {
		return 0
	}
	last := &d.cached.seconds[m]
	if last.is(d.cell(m)) && uint64(last.value) <= d.limit() {
		return last.value
	}
	n, err := strconv.ParseUint(string(cells.Unwrap(d.cell(m))), 10, 32)
	if err != nil || n > d.limit() {
		d.expect(m, fmt.Sprintf("whole seconds, 0 to %d", d.limit()))
		return 0
	}
	return last.keep(d.cell(m), uint32(n))
}

// secondsOr reads an interval that may be left out.
func (d *deck) secondsOr(m meaning, otherwise uint32) uint32 {
	if d.blank(m) {
		return otherwise
	}
	return d.seconds(m, false)
}

// pair reads both intervals; a blocked rate may leave them out.
func (d *deck) pair(m meaning, optional bool) (first, next uint32) {
	if optional && d.blank(m) {
		return 0, 0
	}
	got, err := cells.ParseIncrements(d.cell(m), d.evidence.increments, d.limit())
	d.check(m, err)
	if got.HasGrace {
		for i := range d.rates {
			d.rates[i].Grace, d.rates[i].NoGrace = got.Grace, got.Grace == 0
		}
	}
	return got.First, got.Next
}
