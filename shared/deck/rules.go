package deck

import (
	"fmt"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/rating"
)

// match reads which usage a row is for.
func (d *deck) match(r *rating.Rate) {
	if !d.blank(kind) {
		k, err := call.ParseKind(strings.ToLower(string(unwrap(d.cell(kind)))))
		if r.Kind = k; err != nil {
			d.expect(kind, "voice, sms, data or event")
		}
	}
	r.Service = d.name(service)
	if r.Service == "" || !d.blank(prefix) {
		var want string
		r.Prefix, want = parsePrefix(d.cell(prefix))
		d.expect(prefix, want)
	}
	var want string
	r.Destination, want = parseName(d.cell(destination))
	d.expect(destination, want)
	r.Band, r.Origin, r.Tag, r.Area = d.name(band), d.name(origin), d.name(tag), d.name(area)
	r.From, r.To = d.instant(from), d.instant(to)
	if r.From != 0 && r.To != 0 && r.From >= r.To {
		d.expect(to, "an instant after "+time.Unix(0, r.From).UTC().Format(time.RFC3339))
	}
}

// classes adds a rate for each class of calls that has a price. Where the row
// has a price for all calls too, a class may be left out.
func (d *deck) classes(r rating.Rate) {
	all := len(d.rates) > 0
	if r.Blocked {
		if !all {
			d.rates = append(d.rates, r)
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
		one := r
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
func (d *deck) local(r rating.Rate) {
	r.Local = true
	switch {
	case r.Blocked:
		return
	case !d.blank(localPrice):
		d.single(&r, localPrice)
	case !d.blank(local1) || !d.blank(localN):
		var said1, saidN priceCell
		r.Price1, said1 = d.price(local1)
		r.PriceN, saidN = d.price(localN)
		if said1 != priced || saidN != priced {
			d.expect(localN, "a price, as in column "+clip(d.header(local1)))
		}
	default:
		return
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
	if voice && !d.has(connectionFee) {
		r.ConnectionFee = d.options.ConnectionFee
	}
	r.MinCharge, r.MaxCharge = d.fee(minCharge), d.fee(maxCharge)
	r.Minimum, r.Free = d.secondsOr(minimum, 0), d.secondsOr(free, 0)
	r.Grace, r.NoGrace = d.grace(voice)
	if !d.blank(access) {
		on, want := parseBlocked(d.cell(access))
		if r.Access = on; want != "" {
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
	switch strings.ToLower(string(unwrap(d.cell(unit)))) {
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
	p, want := d.parsePrice(d.cell(m))
	if p < 0 {
		want = "0 or more"
	}
	d.expect(m, want)
	return p
}

// name reads a name that the card knows.
func (d *deck) name(m meaning) string {
	if !d.has(m) {
		return ""
	}
	s, want := parseName(unwrap(d.cell(m)))
	if want == "" && len(s) > rating.MaxName {
		want = fmt.Sprintf("a name of at most %d bytes", rating.MaxName)
	}
	d.expect(m, want)
	return s
}

// instant reads a date or an instant as Unix nanoseconds; an empty cell is 0.
func (d *deck) instant(m meaning) int64 {
	if d.blank(m) {
		return 0
	}
	at, err := parseInstant(string(unwrap(d.cell(m))))
	if err != nil {
		d.expect(m, "a date such as 2026-11-30, or an instant such as 2026-11-30T18:00:00Z; without a zone it is UTC")
	}
	return at
}

func parseInstant(s string) (int64, error) {
	switch strings.ToLower(s) {
	case "asap", "now", "immediate", "immediately":
		return 0, nil // as soon as the deck's revision is live
	}
	for _, layout := range [...]string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > period.MinYear && t.Year() <= period.MaxYear {
			return t.UnixNano(), nil
		}
	}
	return 0, fmt.Errorf("%.40q is no date", s)
}

// limit is the longest interval of the row's kind of usage.
func (d *deck) limit() uint64 {
	if d.rates[0].Kind != call.Voice {
		return rating.MaxUnits
	}
	return rating.MaxInterval
}
