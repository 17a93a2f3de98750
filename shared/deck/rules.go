package deck

import (
	"fmt"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

// readAction reads what the row asks for.
func (d *deck) readAction() {
	d.action, d.closed = cells.None, false
	if d.has(action) {
		var err error
		d.action, err = cells.ParseAction(d.cell(action))
		d.check(action, err)
	}
	if !d.blank(discontinued) {
		on, err := cells.ParseFlag(d.cell(discontinued))
		d.check(discontinued, err)
		d.closed = on
	}
}

// readStatus reads the carrier's words for what becomes of the rate.
func (d *deck) readStatus(r *rating.Rate) {
	if !d.blank(blocked) {
		on, err := cells.ParseFlag(d.cell(blocked))
		d.check(blocked, err)
		r.Blocked = on
	}
	for _, m := range [...]meaning{status, change} {
		if d.blank(m) {
			continue
		}
		switch cells.ParseChange(d.cell(m)) {
		case cells.ChangeBlocked:
			r.Blocked = true
		case cells.Closed:
			d.closed = true
		case cells.Other:
			if isSurchargeWord(d.cell(m)) {
				d.expect(m, "rows whose price is all that is paid: a surcharge stands in a column of its own, beside the price that it is added to")
			} else if !strings.EqualFold(string(cells.Unwrap(d.cell(m))), "active") {
				d.notes.status(d.header(m), d.cell(m))
			}
		}
	}
}

// match reads which usage a row is for.
func (d *deck) match(r *rating.Rate) {
	r.Kind = d.card.kind
	if !d.blank(kind) {
		k, err := call.ParseKind(strings.ToLower(string(cells.Unwrap(d.cell(kind)))))
		if r.Kind = k; err != nil {
			d.expect(kind, "voice, sms, data or event")
		}
	}
	r.Service = d.name(service)
	r.Destination = d.destination()
	if d.spans = d.spans[:0]; d.byName() && r.Service == "" {
		d.codesOfName(r.Destination)
	} else {
		d.readCodes(r.Service != "")
	}
	r.Band, r.Origin, r.Tag, r.Area = d.band(), d.origin(), d.name(tag), d.name(area)
	r.From, r.To = d.instant(from), d.instant(to)
	if r.From == 0 && d.leaves(from) {
		r.From = d.defaultFrom
	}
	if r.To == 0 && d.leaves(to) && !d.closed {
		r.To = d.card.to
	}
	if r.From != 0 && r.To != 0 && r.From >= r.To {
		d.want(to, "an instant after "+time.Unix(0, r.From).UTC().Format(time.RFC3339))
	}
	if !d.blank(currencyCode) {
		d.readCurrency()
	}
}

// readCodes reads the prefixes that the row is for; service: it may have none.
func (d *deck) readCodes(service bool) {
	d.codes = d.codes[:0]
	if d.blank(prefix) && (service || d.action == cells.Delete && !d.blank(id)) {
		d.codes = append(d.codes, "")
		return
	}
	rules := d.codeRules
	if d.has(countryCode) {
		rules.CountryCode = cells.Unwrap(d.cell(countryCode))
	}
	text := d.cell(prefix)
	if !d.blank(codeTo) {
		text = append(append(append(d.ranged[:0], cells.Unwrap(text)...), '-'), cells.Unwrap(d.cell(codeTo))...)
		d.ranged = text
	}
	var note cells.CodeNote
	var err error
	d.codes, note, err = cells.AppendCodes(d.codes, text, rules)
	if d.notes.codes(d.line, note); err != nil {
		if d.blank(prefix) {
			err = &cells.Want{Text: "digits: a row without a prefix would price every number"}
		}
		d.check(prefix, err)
	}
}

// destination is the name of the column for it, else that of the country, with
// that of the network where there is one.
func (d *deck) destination() string {
	read := func(m meaning) string {
		if !d.has(m) {
			return ""
		}
		if m == destination && d.cached.name.is(d.cell(m)) {
			return d.cached.name.value
		}
		name, err := cells.ParseName(d.cell(m), rating.MaxDestination)
		if d.check(m, err); err == nil && m == destination {
			d.cached.name.keep(d.cell(m), name)
		}
		return name
	}
	if d.has(destination) {
		if name := read(destination); name != "" || !d.has(country) {
			return name
		}
	}
	land, net := read(country), read(network)
	switch {
	case net == "" || strings.HasPrefix(net, land) && land != "":
		return land + strings.TrimPrefix(net, land)
	case land == "":
		return net
	case len(land)+1+len(net) > rating.MaxDestination:
		d.expect(network, fmt.Sprintf("a name of at most %d bytes, with the country", rating.MaxDestination))
	}
	return land + " " + net
}

// readCurrency holds the currency of a row against that of the rows before.
func (d *deck) readCurrency() {
	code := strings.ToUpper(string(cells.Unwrap(d.cell(currencyCode))))
	switch {
	case !currency.IsValid(code):
		d.expect(currencyCode, "a code of ISO 4217, such as GBP")
	case d.report.Currency == "":
		d.report.Currency = code
	case d.report.Currency != code:
		d.expect(currencyCode, fmt.Sprintf("%s as the rest of the file: a deck has one currency", d.report.Currency))
	}
}

// classes adds a rate for each class of calls that has a price. Where the row
// has a price for all calls too, a class may be left out.
func (d *deck) classes(r *rating.Rate) {
	all := len(d.rates) > 0
	if r.Blocked {
		if !all {
			d.rates = append(d.rates, *r)
		}
		return
	}
	for _, column := range [...]struct {
		meaning
		class rating.Class
	}{{inter, numbering.Interstate}, {intra, numbering.Intrastate}, {indeterminate, numbering.Indeterminate}} {
		m := column.meaning
		if !d.has(m) || all && d.blank(m) {
			continue
		}
		one := *r
		one.Class = column.class
		d.single(&one, m)
		d.rates = append(d.rates, one)
	}
}

// single reads price 1 and price N from one column.
func (d *deck) single(r *rating.Rate, m meaning) {
	p, said := d.price(m)
	switch {
	case said == stops:
		r.Blocked = true
		p = 0
	case said == unsaid:
		d.expect(m, missing)
	}
	r.Price1, r.PriceN = p, p
}

// local adds a rate for callers of the same area, where the row has a price for
// them.
func (d *deck) local(of *rating.Rate) {
	if of.Blocked || d.blank(localPrice) && d.blank(local1) && d.blank(localN) {
		return
	}
	r := *of
	r.Local = true
	switch {
	case !d.blank(localPrice):
		d.single(&r, localPrice)
	default:
		var said1, saidN priceCell
		r.Price1, said1 = d.price(local1)
		r.PriceN, saidN = d.price(localN)
		if said1 != priced || saidN != priced {
			d.expect(localN, "a price, as in column "+clip(d.header(local1)))
		}
	}
	if r.Area == "" {
		d.expect(area, "the area that the local price is for")
	}
	d.rates = append(d.rates, r)
}

// terms reads what a row has beside prices and intervals.
func (d *deck) terms() {
	var r rating.Rate
	voice := d.rates[0].Kind == call.Voice
	d.unit = d.readUnit(voice)
	r.ConnectionFee = d.fee(connectionFee)
	if voice && d.card.is && d.blank(connectionFee) {
		r.ConnectionFee = d.card.connection
	} else if voice && !d.has(connectionFee) {
		r.ConnectionFee = d.options.ConnectionFee
	}
	r.MinCharge, r.MaxCharge = d.fee(minCharge), d.fee(maxCharge)
	r.Minimum, r.Free = d.secondsOr(minimum, 0), d.secondsOr(free, 0)
	r.Grace, r.NoGrace = d.grace(voice)
	if !d.blank(access) {
		on, err := cells.ParseFlag(d.cell(access))
		if r.Access = on; err != nil {
			d.expect(access, "1 or 0, yes or no, true or false")
		}
	}
	for i := range d.rates {
		to := &d.rates[i]
		to.ConnectionFee, to.MinCharge, to.MaxCharge = r.ConnectionFee, r.MinCharge, r.MaxCharge
		to.Minimum, to.Free, to.Grace, to.NoGrace, to.Access = r.Minimum, r.Free, r.Grace, r.NoGrace, r.Access
		switch {
		case to.Blocked:
		case d.unit == Second:
			to.Per = 1
		case d.unit == Call:
			if to.Per = rating.PerCall; d.has(priceN) && to.PriceN != 0 && to.Class == rating.AnyClass && !to.Local {
				d.expect(priceN, "0: a price per call is price 1")
			}
			to.PriceN = 0
		}
	}
}

// grace reads the grace period: in seconds, or as a switch where the column has
// nothing but 0 and 1.
func (d *deck) grace(voice bool) (seconds uint32, none bool) {
	if voice {
		seconds = d.options.Grace
	}
	if d.blank(grace) {
		return seconds, false
	}
	n := d.seconds(grace, false)
	switch {
	case n == 0:
		return 0, true
	case !d.graceSeconds:
		return seconds, false
	}
	return n, false
}

// readUnit reads what the row's prices are for.
func (d *deck) readUnit(voice bool) Unit {
	u := d.options.Per
	if !voice {
		u = ""
	}
	if d.blank(unit) {
		return u
	}
	switch strings.ToLower(string(cells.Unwrap(d.cell(unit)))) {
	case "minute", "min":
		u = Minute
	case "second", "sec":
		u = Second
	case "increment", "pulse":
		u = Increment
	case "call":
		u = Call
	default:
		d.expect(unit, "minute, second, increment or call")
	}
	if !voice && (u == Minute || u == Second) {
		d.expect(unit, "increment or call: only voice is counted in seconds")
	}
	return u
}

// fee reads an amount; an empty cell is none.
func (d *deck) fee(m meaning) money.Price {
	if d.blank(m) {
		return 0
	}
	last := &d.cached.fees[m]
	if last.is(d.cell(m)) {
		return last.value
	}
	p, kind, err := cells.ParsePrice(d.cell(m), d.priceRules)
	if err == nil && kind != cells.Price {
		err = &cells.Want{Text: "0 or more"}
	}
	if err == nil {
		return last.keep(d.cell(m), p)
	}
	d.check(m, err)
	return p
}

// name reads a name that the card knows.
func (d *deck) name(m meaning) string {
	if !d.has(m) {
		return ""
	}
	s, err := cells.ParseName(cells.Unwrap(d.cell(m)), rating.MaxName)
	d.check(m, err)
	return s
}

// instant reads a date or an instant as Unix nanoseconds; an empty cell, and one
// that says at once, is 0.
func (d *deck) instant(m meaning) int64 {
	if d.blank(m) {
		return 0
	}
	last := &d.cached.dates[m]
	if last.is(d.cell(m)) {
		return last.value
	}
	at, asap, err := cells.ParseDate(d.cell(m), d.dateOrder, d.zone)
	switch {
	case err != nil:
		d.check(m, err)
		return 0
	case asap:
		return last.keep(d.cell(m), 0)
	}
	return last.keep(d.cell(m), at.UnixNano())
}

// limit is the longest interval of the row's kind of usage.
func (d *deck) limit() uint64 {
	if d.rates[0].Kind != call.Voice {
		return rating.MaxUnits
	}
	return rating.MaxInterval
}
