package rating

import (
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
	at            []uint32 // of a row's cost: its place in rates
	shape, cond   []uint32 // new places
	seenLists     map[string]uint32
	seenPatterns  map[string]uint32
}

// number stores conds in the order in which the sorted rows use them.
func (b *builder) number() *writer {
	w := &writer{
		scale: max(b.decimals, min(b.terms.Decimals, money.PriceDecimals)),
		bits:  max(1, bits.Len(uint(len(b.shapes.values)))),
		shape: unset(len(b.shapes.values)), at: unset(len(b.costs.values)), cond: unset(len(b.conds.values)),
		seenLists: map[string]uint32{}, seenPatterns: map[string]uint32{},
	}
	w.addCond(0, b.conds.values[0]) // it asks for nothing
	for _, r := range b.rows {
		if w.cond[r.cond] == none {
			w.addCond(r.cond, b.conds.values[r.cond])
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
func (w *writer) addShape(i uint32, s shaped) uint32 {
	place := &w.shape[i]
	if *place != none {
		return *place
	}
	*place = uint32(len(w.shapes) / shapeSize)
	if s.shape.tiers > 0 {
		s.tierAt = uint32(len(w.tiers) / tierSize)
		w.tiers = append(w.tiers, s.tiers...)
	}
	s.fee /= pow10[money.PriceDecimals-w.scale]
	w.shapes = append(w.shapes, make([]byte, shapeSize)...)
	s.encode(w.shapes[len(w.shapes)-shapeSize:])
	return *place
}

// wordsOf returns the words of a row's cost, in the shortest form that takes its
// prices.
func (w *writer) wordsOf(c costed, s shaped) []byte {
	cut, le := pow10[money.PriceDecimals-w.scale], binary.LittleEndian
	prices := []uint64{c.price1 / cut, c.priceN / cut}
	if s.flags&shapeTwo == 0 {
		prices = prices[:1]
	}
	if s.shape.tiers > 0 {
		prices = prices[:0]
		for b := []byte(c.tiers); len(b) > 0; b = b[8:] {
			prices = append(prices, le.Uint64(b)/cut)
		}
	}
	first, form := w.addShape(c.shape, s)<<formBits, uint32(formBeside)
	switch {
	case slices.Max(prices) > math.MaxUint32:
		form = formWide
	case prices[0]>>(32-formBits-w.bits) != 0:
		form = formApart
	default:
		first, prices = first|uint32(prices[0])<<(formBits+w.bits), prices[1:]
	}
	words := le.AppendUint32(nil, first|form)
	for _, p := range prices {
		if form == formWide {
			words = le.AppendUint64(words, p)
		} else {
			words = le.AppendUint32(words, uint32(p))
		}
	}
	return words
}

// addCosts stores what rows cost, as far as that is new.
func (w *writer) addCosts(b *builder, rows []row) {
	for _, r := range rows {
		if w.at[r.cost] == none {
			c := b.costs.values[r.cost]
			w.at[r.cost] = uint32(len(w.rates) / 4)
			w.rates = append(w.rates, w.wordsOf(c, b.shapes.values[c.shape])...)
		}
	}
}

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
func (w *writer) place(b *builder) (indexes [call.Kinds][]prefix.Entry, services []service, err error) {
	type parent struct {
		code uint64
		link
	}
	var above []parent
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
		shorter := link{value: none}
		if n := len(above); n > 0 {
			shorter = above[n-1].link
		}
		var value uint32
		if rows := b.rows[i:end]; end > i+1 || r.cond != 0 {
			value = w.addList(b, rows, shorter)
		} else {
			w.addCosts(b, rows)
			value = w.at[r.cost]
		}
		if len(w.rates)/4 > choiceValue {
			return indexes, nil, fmt.Errorf("what its rows cost has more than %d words", choiceValue)
		}
		if r.service > 0 {
			services = append(services, service{Kind: r.kind, Name: b.services.values[r.service-1], Value: value, Note: r.name})
		} else {
			indexes[r.kind] = append(indexes[r.kind], prefix.Entry{Prefix: textOf(r.code), Value: value, Note: r.name})
			above = append(above, parent{r.code, link{digits, value}})
		}
		i = end
	}
	return indexes, services, nil
}

// link leads from a list of rows to those of the next shorter prefix.
type link struct {
	digits, value uint32 // value none: there is none
}

// A list of rows in rates is the place of its pattern, the value of the next
// shorter prefix if there is one, the place of each row's cost or, if all are
// new and as long, these costs themselves, and the rows' names if they differ:
// else they have the prefix's, or the service's, which is kept with that. Its
// pattern is a head and the rows' conds.
const (
	patternRows   = 1<<22 - 1 // of the head: how many rows
	patternDigits = 22        // the shorter prefix has: 4 bits from here
	patternLinked = 1 << 26   // there is one
	patternNames  = 1 << 27   // each row has a name of its own
	patternWidth  = 28        // words of each cost in the list: 4 bits from here; 0: their places
	maxWidth      = 15
	maxInList     = 8 // rows with their costs
)

// addList stores the rows of a prefix, one list for all prefixes with the same.
func (w *writer) addList(b *builder, rows []row, shorter link) uint32 {
	head, linked, le := uint32(len(rows)), shorter.value != none, binary.LittleEndian
	if linked {
		head |= patternLinked | shorter.digits<<patternDigits
	}
	if slices.ContainsFunc(rows, func(r row) bool { return r.name != rows[0].name }) {
		head |= patternNames
	}
	width, costs := w.newCosts(b, rows)
	if width == 0 {
		w.addCosts(b, rows)
	}
	at := uint32(len(w.rates) / 4)
	list := make([]byte, 4)
	if linked {
		list = le.AppendUint32(list, shorter.value)
	}
	conds, places, names := le.AppendUint32(nil, head|width<<patternWidth), []byte(nil), []byte(nil)
	for i, r := range rows {
		if width > 0 {
			w.at[r.cost] = at + uint32(len(list)/4) + width*uint32(i)
		}
		conds = le.AppendUint32(conds, w.cond[r.cond])
		places = le.AppendUint32(places, w.at[r.cost])
		if head&patternNames != 0 {
			names = le.AppendUint32(names, r.name)
		}
	}
	// The same rows are the same list, whether their costs are in it or not.
	key := string(slices.Concat(le.AppendUint32(nil, head), conds[4:], list[4:], places, names))
	if seen, ok := w.seenLists[key]; ok {
		return seen
	}
	pattern, ok := w.seenPatterns[string(conds)]
	if !ok {
		pattern = uint32(len(w.patterns) / 4)
		w.seenPatterns[string(conds)] = pattern
		w.patterns = append(w.patterns, conds...)
	}
	le.PutUint32(list, pattern)
	if width > 0 {
		places = costs
	}
	w.rates = append(w.rates, slices.Concat(list, places, names)...)
	w.seenLists[key] = choiceValue | at
	return choiceValue | at
}

// newCosts returns the costs of a few rows if none of them is stored and all
// have as many words; else width is 0.
func (w *writer) newCosts(b *builder, rows []row) (width uint32, costs []byte) {
	if len(rows) > maxInList {
		return 0, nil
	}
	for i, r := range rows {
		if w.at[r.cost] != none || slices.ContainsFunc(rows[:i], func(x row) bool { return x.cost == r.cost }) {
			return 0, nil
		}
		c := b.costs.values[r.cost]
		words := w.wordsOf(c, b.shapes.values[c.shape])
		if n := uint32(len(words) / 4); n > maxWidth || i > 0 && n != width {
			return 0, nil
		} else {
			width, costs = n, append(costs, words...)
		}
	}
	return width, costs
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
