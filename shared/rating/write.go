package rating

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/prefix"
)

// writer holds the sections of an image being written.
type writer struct {
	scale, bits   int
	rates, shapes []byte
	tiers, conds  []byte
	patterns      []byte
	shape, cond   []uint32 // new places
	costs, lists  placeSet // in rates
	seenPatterns  map[string]uint32

	// Of the rows at hand.
	prices []uint64
	words  []byte
	list   newList
}

// number stores conds in the order in which the sorted rows use them.
func (b *builder) number(order []place) *writer {
	w := &writer{
		scale: max(b.decimals, min(b.terms.Decimals, money.PriceDecimals)),
		bits:  max(1, bits.Len(uint(len(b.shapes.values)))),
		shape: unset(len(b.shapes.values)), cond: unset(len(b.conds.values)),
		seenPatterns: map[string]uint32{},
	}
	w.addCond(0, b.conds.values[0]) // it asks for nothing
	for _, p := range order {
		if i := b.rows.at(p.row).cond; w.cond[i] == none {
			w.addCond(i, b.conds.values[i])
		}
	}
	return w
}

const none = ^uint32(0)

func unset(n int) []uint32 { return slices.Repeat([]uint32{none}, n) }

func (w *writer) addCond(i uint32, c cond) {
	w.cond[i] = uint32(len(w.conds) / condSize)
	w.conds = append(w.conds, make([]byte, condSize)...)
	c.encode(w.conds[len(w.conds)-condSize:])
}

// addShape returns the place of a shape, which it stores if it is new.
func (w *writer) addShape(i uint32, s *shaped) uint32 {
	place := &w.shape[i]
	if *place != none {
		return *place
	}
	*place = uint32(len(w.shapes) / shapeSize)
	stored := s.shape
	if stored.tiers > 0 {
		stored.tierAt = uint32(len(w.tiers) / tierSize)
		w.tiers = append(w.tiers, s.tiers...)
	}
	stored.fee /= pow10[money.PriceDecimals-w.scale]
	w.shapes = append(w.shapes, make([]byte, shapeSize)...)
	stored.encode(w.shapes[len(w.shapes)-shapeSize:])
	return *place
}

// appendCost appends the words of what a row costs, in the shortest form that
// takes its prices. The first word says how many there are.
func (w *writer) appendCost(words []byte, b *builder, r *row) []byte {
	cut, le := pow10[money.PriceDecimals-w.scale], binary.LittleEndian
	rest := &b.rests.values[r.rest]
	s := &b.shapes.values[rest.shape]
	prices := append(w.prices[:0], r.price1/cut)
	switch {
	case s.shape.tiers > 0:
		prices = prices[:0]
		for i := 0; i < len(rest.tiers); i += 8 {
			prices = append(prices, le.Uint64([]byte(rest.tiers[i:i+8]))/cut)
		}
	case s.flags&shapeTwo != 0:
		prices = append(prices, r.priceN/cut)
	}
	w.prices = prices
	first, form := w.addShape(rest.shape, s)<<formBits, uint32(formBeside)
	switch {
	case slices.Max(prices) > math.MaxUint32:
		form = formWide
	case prices[0]>>(32-formBits-w.bits) != 0:
		form = formApart
	default:
		first, prices = first|uint32(prices[0])<<(formBits+w.bits), prices[1:]
	}
	words = le.AppendUint32(words, first|form)
	for _, p := range prices {
		if form == formWide {
			words = le.AppendUint64(words, p)
		} else {
			words = le.AppendUint32(words, uint32(p))
		}
	}
	return words
}

// findCost returns the place of words in rates; none: they are not there. The
// hash is theirs.
func (w *writer) findCost(words []byte, hash uint64) uint32 {
	return w.costs.find(hash, func(at uint32) bool { return bytes.HasPrefix(w.rates[4*at:], words) })
}

// addCost stores what a row costs, as far as that is new, and returns its place.
func (w *writer) addCost(b *builder, r *row) uint32 {
	w.words = w.appendCost(w.words[:0], b, r)
	hash := hashOf(w.words)
	at := w.findCost(w.words, hash)
	if at == none {
		at = w.wordsEnd()
		w.rates = append(w.rates, w.words...)
		w.costs.add(hash, at)
	}
	return at
}

// wordsEnd is the place of the next word of rates.
func (w *writer) wordsEnd() uint32 { return uint32(len(w.rates) / 4) }

// pow10[n] is 10^n.
var pow10 = func() (p [money.MaxDecimals]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// place gives every prefix its value: its only row, if that asks for nothing,
// or the list of its rows. It stores these and what they cost, as sorted.
func (w *writer) place(b *builder, order []place) (indexes [call.Kinds][]prefix.Item, services []service, err error) {
	type parent struct {
		code prefix.Code
		link
	}
	var above []parent
	for i := 0; i < len(order); {
		r, end := b.rows.at(order[i].row), endOfKey(order, i)
		of := b.groups.values[r.group]
		if i == 0 || order[i-1].group != order[i].group {
			above = above[:0]
			if of.service == 0 {
				indexes[of.kind] = make([]prefix.Item, 0, prefixesFrom(order, i))
			}
		}
		for len(above) > 0 && !above[len(above)-1].code.Begins(r.code) {
			above = above[:len(above)-1]
		}
		shorter := link{value: none}
		if n := len(above); n > 0 {
			shorter = above[n-1].link
		}
		var value uint32
		if end > i+1 || r.cond != 0 {
			value = w.addList(b, order[i:end], shorter)
		} else {
			value = w.addCost(b, r)
		}
		if len(w.rates)/4 > choiceValue {
			return indexes, nil, fmt.Errorf("what its rows cost has more than %d words", choiceValue)
		}
		if of.service > 0 {
			services = append(services, service{Kind: of.kind, Name: b.services.values[of.service-1], Value: value, Note: r.name})
		} else {
			indexes[of.kind] = append(indexes[of.kind], prefix.Item{Code: r.code, Value: value, Note: r.name})
			above = append(above, parent{r.code, link{uint32(r.code.Digits()), value}})
		}
		i = end
	}
	return indexes, services, nil
}

// prefixesFrom returns how many keys the group of the i-th place has from it on.
func prefixesFrom(order []place, i int) (n int) {
	for first := i; i < len(order) && order[i].group == order[first].group; i++ {
		if i == first || order[i].code != order[i-1].code {
			n++
		}
	}
	return n
}

// origins compiles the groups of callers' numbers and the areas: a prefix
// index, and for each prefix the groups that it is in with the digits that
// matched, its own and those of shorter prefixes.
func (b *builder) origins() (index, ranks []byte, err error) {
	type member struct {
		code  prefix.Code
		group uint32
	}
	var members []member
	for i, o := range b.terms.Origins {
		for _, p := range o.Prefixes {
			code, _ := prefix.CodeOf(p)
			members = append(members, member{code, uint32(i + 1)})
		}
	}
	for code, area := range b.inArea {
		members = append(members, member{code, uint32(len(b.terms.Origins)) + 1 + area})
	}
	if len(members) == 0 {
		return nil, nil, nil
	}
	slices.SortFunc(members, func(x, y member) int {
		return cmp.Or(cmp.Compare(x.code, y.code), cmp.Compare(x.group, y.group))
	})
	members = slices.Compact(members)
	type level struct {
		code   prefix.Code
		groups map[uint32]uint32 // → digits
	}
	var above []level
	var items []prefix.Item
	le := binary.LittleEndian
	for i := 0; i < len(members); {
		code := members[i].code
		for len(above) > 0 && !above[len(above)-1].code.Begins(code) {
			above = above[:len(above)-1]
		}
		groups := map[uint32]uint32{}
		if n := len(above); n > 0 {
			for g, d := range above[n-1].groups {
				groups[g] = d
			}
		}
		for ; i < len(members) && members[i].code == code; i++ {
			groups[members[i].group] = uint32(code.Digits())
		}
		above = append(above, level{code, groups})
		items = append(items, prefix.Item{Code: code, Value: uint32(len(ranks) / 4)})
		ranks = le.AppendUint32(ranks, uint32(len(groups)))
		for _, g := range slices.Sorted(maps.Keys(groups)) {
			ranks = le.AppendUint32(ranks, g<<8|groups[g])
		}
		if len(ranks)/4 > prefix.MaxValue {
			return nil, nil, fmt.Errorf("the groups of origins and the areas have too many prefixes in each other")
		}
	}
	index, err = prefix.BuildItems(items)
	return index, ranks, err
}
