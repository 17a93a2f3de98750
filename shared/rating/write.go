package rating

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/prefix"
)

// writer holds the sections of an image being written.
type writer struct {
	scale, bits        int
	rates, shapes      []byte
	tiers, choices     []byte
	conds              []byte
	nameEnds, nameText []byte
	at                 []uint32    // of a row's cost: its place in rates
	shape              [2][]uint32 // new places: of shapes with a narrow price 1, and with a wide one
	cond, name         []uint32    // new places
}

// number stores costs, conds and names in the order in which the sorted rows
// use them.
func (b *builder) number() (*writer, error) {
	w := &writer{
		scale: max(b.decimals, min(b.terms.Decimals, money.PriceDecimals)),
		bits:  max(1, bits.Len(uint(2*len(b.shapes.values)))), // each shape may be there twice
		shape: [2][]uint32{unset(len(b.shapes.values)), unset(len(b.shapes.values))},
		at:    unset(len(b.costs.values)), cond: unset(len(b.conds.values)), name: unset(len(b.names.values)),
	}
	w.addCond(0, b.conds.values[0]) // it asks for nothing
	for _, r := range b.rows {
		if w.cond[r.cond] == none {
			w.addCond(r.cond, b.conds.values[r.cond])
		}
		if w.name[r.name] == none {
			w.name[r.name] = uint32(len(w.nameEnds) / 4)
			w.nameText = append(w.nameText, b.names.values[r.name]...)
			w.nameEnds = binary.LittleEndian.AppendUint32(w.nameEnds, uint32(len(w.nameText)))
		}
		if w.at[r.cost] == none {
			c := b.costs.values[r.cost]
			w.at[r.cost] = w.addCost(c, b.shapes.values[c.shape])
		}
	}
	if len(w.rates)/8 > choiceValue || len(w.nameText) > maxSection {
		return nil, fmt.Errorf("%d words of rates and %d bytes of names are too many", len(w.rates)/8, len(w.nameText))
	}
	return w, nil
}

const none = ^uint32(0)

func unset(n int) []uint32 { return slices.Repeat([]uint32{none}, n) }

func (w *writer) addCond(i uint32, c cond) {
	w.cond[i] = uint32(len(w.conds) / condSize)
	w.conds = append(w.conds, make([]byte, condSize)...)
	c.encode(w.conds[len(w.conds)-condSize:])
}

// addShape returns the place of a shape, which it stores if it is new.
func (w *writer) addShape(i uint32, s shaped, wide int) uint32 {
	place := &w.shape[wide][i]
	if *place != none {
		return *place
	}
	*place = uint32(len(w.shapes) / shapeSize)
	if s.shape.tiers > 0 {
		s.tierAt = uint32(len(w.tiers) / tierSize)
		w.tiers = append(w.tiers, s.tiers...)
	}
	if wide > 0 {
		s.flags |= shapeWide
	}
	s.fee /= pow10[money.PriceDecimals-w.scale]
	w.shapes = append(w.shapes, make([]byte, shapeSize)...)
	s.encode(w.shapes[len(w.shapes)-shapeSize:])
	return *place
}

// addCost writes the words of a row's cost and returns the place of the first.
func (w *writer) addCost(c costed, s shaped) uint32 {
	at, cut := uint32(len(w.rates)/8), pow10[money.PriceDecimals-w.scale]
	price1, priceN := c.price1/cut, c.priceN/cut
	le := binary.LittleEndian
	if price1>>(64-w.bits) != 0 {
		w.rates = le.AppendUint64(w.rates, uint64(w.addShape(c.shape, s, 1)))
		w.rates = le.AppendUint64(w.rates, price1)
	} else {
		w.rates = le.AppendUint64(w.rates, price1<<w.bits|uint64(w.addShape(c.shape, s, 0)))
	}
	if s.flags&shapeTwo != 0 {
		w.rates = le.AppendUint64(w.rates, priceN)
	}
	return at
}

// pow10[n] is 10^n.
var pow10 = func() (p [money.MaxDecimals]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// choice is a row of a prefix with what it asks for, or the end of a list.
type choice struct{ head, rate, name uint32 }

// endChoice marks the end: the digits and the value of the next shorter
// prefix follow, none if there is none.
const endChoice = 1 << 31

// place gives every prefix its value: its only row, if that asks for nothing,
// or the list of its rows.
func (w *writer) place(b *builder) (indexes [call.Kinds][]prefix.Entry, services []service, err error) {
	type parent struct {
		code   uint64
		digits uint32
		value  uint32
	}
	var above []parent
	seen := map[string]uint32{}
	for i := 0; i < len(b.rows); {
		r, end := b.rows[i], i+1
		for end < len(b.rows) && b.rows[end].kind == r.kind && b.rows[end].service == r.service && b.rows[end].code == r.code {
			end++
		}
		digits := uint32(codeDigits(r.code))
		if i == 0 || b.rows[i-1].kind != r.kind || b.rows[i-1].service != r.service {
			above = above[:0]
		}
		for len(above) > 0 && !beginsWith(r.code, above[len(above)-1].code) {
			above = above[:len(above)-1]
		}
		link := choice{head: endChoice, rate: none}
		if n := len(above); n > 0 {
			link = choice{head: endChoice | above[n-1].digits, rate: above[n-1].value}
		}
		value := w.at[r.cost]
		if end > i+1 || r.cond != 0 {
			if value, err = w.list(b.rows[i:end], link, seen); err != nil {
				return indexes, nil, err
			}
		}
		note := w.name[r.name]
		if r.service > 0 {
			services = append(services, service{Kind: r.kind, Name: b.services.values[r.service-1], Value: value, Note: note})
		} else {
			indexes[r.kind] = append(indexes[r.kind], prefix.Entry{Prefix: textOf(r.code), Value: value, Note: note})
			above = append(above, parent{r.code, digits, value})
		}
		i = end
	}
	return indexes, services, nil
}

// list stores the rows of a prefix, one list for all prefixes with the same.
func (w *writer) list(rows []row, link choice, seen map[string]uint32) (uint32, error) {
	var list []byte
	put := func(c choice) {
		for _, v := range [...]uint32{c.head, c.rate, c.name} {
			list = binary.LittleEndian.AppendUint32(list, v)
		}
	}
	for _, r := range rows {
		put(choice{w.cond[r.cond], w.at[r.cost], w.name[r.name]})
	}
	put(link)
	at, ok := seen[string(list)]
	if !ok {
		at = uint32(len(w.choices) / choiceSize)
		seen[string(list)] = at
		w.choices = append(w.choices, list...)
	}
	if len(w.choices)/choiceSize > choiceValue {
		return 0, fmt.Errorf("more than %d rows that ask for something", choiceValue)
	}
	return choiceValue | at, nil
}

func codeDigits(code uint64) int { return (67 - bits.TrailingZeros64(code)) / 4 }

// beginsWith reports whether the digits of code begin with those of p.
func beginsWith(code, p uint64) bool {
	n := codeDigits(p)
	return n == 0 || (code^p)>>(64-4*n) == 0
}

// origins compiles the groups of callers' numbers and the areas: a prefix
// index, and for each prefix the groups that it is in with the digits that
// matched, its own and those of shorter prefixes.
func (b *builder) origins() (index, ranks []byte, err error) {
	type member struct {
		code  uint64
		group uint32
	}
	var members []member
	for i, o := range b.terms.Origins {
		for _, p := range o.Prefixes {
			members = append(members, member{codeOf(p), uint32(i + 1)})
		}
	}
	for code, area := range b.inArea {
		members = append(members, member{code, uint32(len(b.terms.Origins)) + 1 + area})
	}
	if len(members) == 0 {
		return nil, nil, nil
	}
	slices.SortFunc(members, func(x, y member) int {
		if x.code != y.code {
			if x.code < y.code {
				return -1
			}
			return 1
		}
		return int(x.group) - int(y.group)
	})
	members = slices.Compact(members)
	type level struct {
		code   uint64
		groups map[uint32]uint32 // → digits
	}
	var above []level
	var entries []prefix.Entry
	le := binary.LittleEndian
	for i := 0; i < len(members); {
		code := members[i].code
		for len(above) > 0 && !beginsWith(code, above[len(above)-1].code) {
			above = above[:len(above)-1]
		}
		groups := map[uint32]uint32{}
		if n := len(above); n > 0 {
			for g, d := range above[n-1].groups {
				groups[g] = d
			}
		}
		for ; i < len(members) && members[i].code == code; i++ {
			groups[members[i].group] = uint32(codeDigits(code))
		}
		above = append(above, level{code, groups})
		entries = append(entries, prefix.Entry{Prefix: textOf(code), Value: uint32(len(ranks) / 4)})
		ranks = le.AppendUint32(ranks, uint32(len(groups)))
		for _, g := range slices.Sorted(maps.Keys(groups)) {
			ranks = le.AppendUint32(ranks, g<<8|groups[g])
		}
		if len(ranks)/4 > prefix.MaxValue {
			return nil, nil, fmt.Errorf("the groups of origins and the areas have too many prefixes in each other")
		}
	}
	index, err = prefix.Build(entries)
	return index, ranks, err
}
