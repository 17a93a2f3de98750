package deck

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/shared/table"
)

// plan says which codes go into shorter ones: 4400 to 4409, when all ten cost the
// same, are 440 (JeraSoft: optimise codes). Every number costs what it did that is
// not itself a code or the beginning of one.
type plan map[uint64]uint64 // code → the shorter one that it becomes; 0: it goes without

// place returns the code that a rate of a prefix has by the plan; false: none.
func (p plan) place(prefix string) (string, bool) {
	code := digitsOf(prefix)
	for {
		shorter, ok := p[code]
		switch {
		case !ok:
			return codeText(code), true
		case shorter == 0:
			return "", false
		}
		code = shorter
	}
}

// node is a code with the sum of what its rates say.
type node struct {
	code   uint64
	hi, lo uint64
}

func (n node) says(m node) bool { return n.hi == m.hi && n.lo == m.lo }

// nodeOf returns what one entry adds to its code. A withdrawn one is like no other:
// it is for a rate that a card may have by that code.
func nodeOf(e *Entry) node {
	says := struct {
		said
		prefix string
	}{said: saidOf(&e.Rate)}
	if e.Closed {
		says.prefix = e.Rate.Prefix
	}
	return node{digitsOf(e.Rate.Prefix), maphash.Comparable(nodeSeeds[0], says), maphash.Comparable(nodeSeeds[1], says)}
}

var nodeSeeds = [...]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// optimise plans which codes of a deck go into shorter ones, from the longest on.
// Where the shorter code has rates of its own, all that they say must be the same.
func optimise(nodes []node) plan {
	var levels [rating.MaxPrefix + 1][]node
	slices.SortFunc(nodes, func(a, b node) int { return cmp.Compare(a.code, b.code) })
	for i := 0; i < len(nodes); {
		one := nodes[i]
		for i++; i < len(nodes) && nodes[i].code == one.code; i++ {
			var carry uint64
			one.lo, carry = bits.Add64(one.lo, nodes[i].lo, 0)
			one.hi, _ = bits.Add64(one.hi, nodes[i].hi, carry)
		}
		n := len(codeText(one.code))
		levels[n] = append(levels[n], one)
	}
	out := plan{}
	for n := rating.MaxPrefix; n > 1; n-- {
		var made []node
		for rest := levels[n]; len(rest) >= 10; {
			parent := rest[0].code / 10
			if rest[0].code%10 != 0 || rest[9].code != rest[0].code+9 || slices.ContainsFunc(rest[1:10], func(m node) bool { return !m.says(rest[0]) }) {
				rest = rest[1:]
				continue
			}
			one := node{parent, rest[0].hi, rest[0].lo}
			at, ok := slices.BinarySearchFunc(levels[n-1], parent, func(m node, code uint64) int { return cmp.Compare(m.code, code) })
			if !ok || levels[n-1][at].says(one) {
				for _, m := range rest[:10] {
					out[m.code] = 0
				}
				if !ok {
					out[rest[0].code] = parent
					made = append(made, one)
				}
			}
			rest = rest[10:]
		}
		levels[n-1] = append(levels[n-1], made...)
		slices.SortFunc(levels[n-1], func(a, b node) int { return cmp.Compare(a.code, b.code) })
	}
	return out
}

// planCodes reads the deck for what its codes say, if the template asks for fewer.
func (d *deck) planCodes(f *table.File, p *place, t *Template) error {
	if !t.Optimise {
		return nil
	}
	if d.has(action) {
		return d.layout.fail(fmt.Sprintf("the template optimises codes, and column %q says what is done to each: want the one or the other", clip(d.header(action))))
	}
	quiet, err := newDeck(f, p, d.evidence, d.options)
	if err != nil {
		return err
	}
	quiet.bad = func(RowError) {}
	var nodes []node
	if err := quiet.readAll(f, p, t, func(e Entry) error {
		if e.Action != cells.None || e.Rate.Prefix == "" {
			return nil
		}
		nodes = append(nodes, nodeOf(&e))
		return nil
	}); err != nil {
		return err
	}
	d.plan = optimise(nodes)
	return nil
}
