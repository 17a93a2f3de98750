package rating

import (
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/prefix"
)

// Destination returns the name of the row that holds for usage: empty where
// none does, or where it has none.
func (p *Pricer) Destination(u *Usage) string {
	p.ask(u)
	r, reason := p.row()
	switch {
	case reason != "":
		return ""
	case r.named:
		return p.card.names.at(r.name)
	}
	number, _ := p.rated(u)
	return p.card.Destination(u.Kind, number[:r.digits])
}

// Name tells the destinations of a card apart: usage of one Name has one
// destination. The zero Name is that of usage that no row holds for.
type Name struct {
	key   prefix.Key // the prefix that names it
	kind  call.Kind
	row   uint32 // 1 + its place among the names, of a row with a name of its own
	found bool
}

// PriceNamed is Price with the Name of the row that holds for the usage, for
// those who add up by destinations: many charges have one Name.
func (p *Pricer) PriceNamed(u *Usage) (Charge, Name) {
	c, r, ok := p.priceRow(u, nil)
	if !ok {
		return c, Name{}
	}
	n := Name{kind: u.Kind, found: true}
	if r.named {
		n.row = r.name + 1
		return c, n
	}
	number, _ := p.rated(u)
	n.key, _ = prefix.KeyOf(number[:r.digits])
	return c, n
}

// Destination returns the destination of a Name that a pricer of the card gave
// for usage; it takes the usage since a Name is no text.
func (n Name) Destination(p *Pricer, u *Usage) string {
	switch {
	case !n.found:
		return ""
	case n.row > 0:
		return p.card.names.at(n.row - 1)
	}
	number, _ := p.rated(u)
	return p.card.Destination(u.Kind, number[:n.key.Digits])
}
