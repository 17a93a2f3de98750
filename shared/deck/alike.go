package deck

import (
	"hash/maphash"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// Most rows of a deck differ from others in their code, their name and their price
// only. What all other cells say is worked out once for all rows in which they are
// the same, to the byte.

// alike are the rows of a sheet by what they say beside code, name and price.
type alike struct {
	columns []int // of the other cells that are read; nil: each row is read whole
	known   map[string]*common
	key     []byte // of the row at hand; empty: it has none
}

// common is what a row says that was read whole, without code, name and price.
type common struct {
	rate         rating.Rate
	unit         Unit
	said         uint64 // see restOf
	asks         uint32 // see firstKey
	lack1, lackN bool
}

const (
	maxAlike     = 1 << 10 // of them at once
	maxAlikeCell = 1<<8 - 1
)

// unlike are columns whose cells make more of a row than one rate for each code, or
// of which something is counted.
var unlike = [...]meaning{action, id, inter, intra, indeterminate, localPrice, local1, localN, service, band, origin, originPrefix, tiers}

// begin looks whether the rows of a sheet may be alike.
func (a *alike) begin(d *deck) {
	*a = alike{}
	if d.exact || d.byName() || d.named(unlike[:]...) || !d.has(price) && !d.has(price1) {
		return
	}
	a.columns, a.known = []int{}, map[string]*common{}
	for m, at := range d.at {
		switch meaning(m) {
		case prefix, destination, price, price1, priceN:
		default:
			if at >= 0 {
				a.columns = append(a.columns, at)
			}
		}
	}
}

// find returns what a row has in common with one before it; nil: nothing that is
// known.
func (a *alike) find(fields [][]byte) *common {
	a.key = a.key[:0]
	if a.columns == nil {
		return nil
	}
	for _, at := range a.columns {
		cell := fields[at]
		if len(cell) > maxAlikeCell {
			a.key = a.key[:0]
			return nil
		}
		a.key = append(append(a.key, byte(len(cell))), cell...)
	}
	return a.known[string(a.key)]
}

// readAlike makes the entries of a row by what it has in common with one before it;
// false: it has to be read whole.
func (d *deck) readAlike() bool {
	of := d.alike.find(d.fields)
	if of == nil {
		return false
	}
	one, rest := price1, priceN
	if d.has(price) {
		one, rest = price, price
	}
	p1, ok := d.plainPrice(one)
	pN := p1
	if ok && rest != one {
		pN, ok = d.plainPrice(rest)
	}
	if !ok {
		return false
	}
	d.action, d.closed, d.unit, d.spans = cells.None, false, of.unit, d.spans[:0]
	d.rates = append(d.rates[:0], of.rate)
	r := &d.rates[0]
	r.Destination, r.Price1, r.PriceN = d.destination(), p1, pN
	d.readCodes(false)
	d.notes.defaults(of.lack1, of.lackN)
	d.precise()
	d.common = of
	return true
}

// plainPrice reads a cell that has a price; false: it has none.
func (d *deck) plainPrice(m meaning) (money.Price, bool) {
	p, kind, err := cells.ParsePrice(d.cell(m), d.priceRules)
	return p, err == nil && kind == cells.Price
}

// keepAlike keeps what the row at hand says for those that are alike, if that does
// not depend on its price.
func (d *deck) keepAlike() {
	a := &d.alike
	if len(a.key) == 0 || len(d.rates) != 1 {
		return
	}
	r := d.rates[0]
	if r.Kind != call.Voice || r.Blocked || d.closed || d.unit == Call || r.IntervalN == 0 {
		return
	}
	r.Prefix, r.Destination, r.Price1, r.PriceN = "", "", 0, 0
	if len(a.known) >= maxAlike {
		clear(a.known)
	}
	a.known[string(a.key)] = &common{r, d.unit, d.restOf(&r), d.seen.place(&r), d.lack1, d.lackN}
}

// restOf returns a number for all that a row says of a rate, but its prefix, its
// name and its prices: different ones differ.
func (d *deck) restOf(r *rating.Rate) uint64 {
	one := saidOf(r)
	one.destination, one.price1, one.priceN = "", 0, 0
	one.closed, one.action = d.closed, d.action
	return maphash.Comparable(d.seed, one)
}

// digestOf returns a number for all that the row at hand says of one of its rates,
// but its prefix.
func (d *deck) digestOf(r *rating.Rate) uint64 {
	var rest uint64
	if d.common != nil {
		rest = d.common.said
	} else {
		rest = d.restOf(r)
	}
	return maphash.Comparable(d.seed, [...]uint64{rest, maphash.String(d.seed, r.Destination), uint64(r.Price1), uint64(r.PriceN)})
}
