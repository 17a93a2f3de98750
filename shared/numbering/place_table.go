package numbering

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tollbook/tollbook/shared/prefix"
)

//go:embed places.tsv
var embeddedPlaces []byte

// EmbeddedPlaces returns the table of places that this program was built with.
// It is opened by the first call, in a few milliseconds.
func EmbeddedPlaces() *Places { return openEmbeddedPlaces() }

var openEmbeddedPlaces = sync.OnceValue(func() *Places {
	p, err := OpenPlaces(embeddedPlaces)
	if err != nil {
		panic(err) // the program was built wrong: a test opens the table
	}
	return p
})

const (
	placesMagic = "# places 1"
	maxNodes    = leaf // prefixes that others begin with
	maxPlaces   = leaf // different ones
)

// OpenPlaces opens a table of places: "# places 1", "# version " and what the
// table was made of, lines of comment that begin with #, then rows of prefix,
// tab, type (see ParseType), and where the region is not that of the next
// shorter prefix of the table, tab, region, each line ended by a newline. It
// keeps no reference to the table. An error names the line.
//
// A prefix may end in several digits in brackets: 44[12] is 441 and 442. A
// region is as ParseRegion reads it, "GB+" for several countries with GB as
// Main, or "-" for none. Rows ascend by their first prefix.
func OpenPlaces(table []byte) (*Places, error) {
	if len(table) > MaxTable {
		return nil, fmt.Errorf("open a table of places of %d bytes: want at most %d", len(table), MaxTable)
	}
	b := placesBuilder{tree: Places{places: []Place{{Type: Mixed}}}, ids: map[Place]uint16{{Type: Mixed}: 0}}
	b.node(0) // of all numbers
	rows, rest := 0, string(table)
	for n := 1; rest != ""; n++ {
		line, after, ended := strings.Cut(rest, "\n")
		if rest = after; !ended {
			return nil, fmt.Errorf("open a table of places: line %d is cut off", n)
		}
		switch {
		case n == 1 && line != placesMagic:
			return nil, fmt.Errorf("open a table of places: line 1: want %q", placesMagic)
		case n == 2:
			version, ok := strings.CutPrefix(line, tableVersion)
			if !ok || version == "" {
				return nil, fmt.Errorf("open a table of places: line 2: want %q and a version", tableVersion)
			}
			b.tree.version = strings.Clone(version)
		case strings.HasPrefix(line, "#"):
		default:
			if err := b.row(line); err != nil {
				return nil, fmt.Errorf("open a table of places: line %d: %w", n, err)
			}
			rows++
		}
	}
	if rows == 0 {
		return nil, errors.New("open a table of places: it has no rows")
	}
	b.tree.nodes = slices.Clone(b.tree.nodes)
	return &b.tree, nil
}

type placesBuilder struct {
	tree  Places
	given []uint16 // for each node, a bit for each next digit that had a row
	ids   map[Place]uint16
	last  string // the first prefix of the row before
}

func (b *placesBuilder) row(line string) error {
	cell, rest, ok := strings.Cut(line, "\t")
	if !ok {
		return errors.New("want a prefix, a tab and a type")
	}
	stem, ends, ok := parsePrefixes(cell)
	if !ok {
		return fmt.Errorf("prefix %.32q: want 1 to %d digits, or several last ones, ascending, in brackets such as 44[12]", cell, prefix.MaxDigits)
	}
	first := stem + ends[:1]
	if first <= b.last {
		return fmt.Errorf("prefix %s comes after %s: want them ascending", first, b.last)
	}
	b.last = first
	name, region, given := strings.Cut(rest, "\t")
	kind, err := ParseType(name)
	if err != nil {
		return err
	}
	at, err := b.stem(stem)
	if err != nil {
		return err
	}
	node := &b.tree.nodes[at]
	place := b.tree.places[node.place]
	place.Type = kind
	if given {
		if place.Region, place.Main, err = parsePlaceRegion(region); err != nil {
			return err
		}
	}
	id, err := b.place(place)
	if err != nil {
		return err
	}
	for _, digit := range []byte(ends) {
		bit := uint16(1) << (digit - '0')
		if b.given[at]&bit != 0 {
			return fmt.Errorf("prefix %s%c: given twice", stem, digit)
		}
		b.given[at] |= bit
		node.next[digit-'0'] = leaf | id
	}
	return nil
}

// stem returns the node of digits.
func (b *placesBuilder) stem(digits string) (uint16, error) {
	at := uint16(0)
	for _, digit := range []byte(digits) {
		next := b.tree.nodes[at].next[digit-'0']
		if next&leaf != 0 {
			if len(b.tree.nodes) == maxNodes {
				return 0, fmt.Errorf("more than %d prefixes that others begin with", maxNodes)
			}
			next = b.node(next &^ leaf)
			b.tree.nodes[at].next[digit-'0'] = next
		}
		at = next
	}
	return at, nil
}

// node makes a node of a place, which longer prefixes have, too.
func (b *placesBuilder) node(place uint16) uint16 {
	n := placeNode{place: place}
	for digit := range n.next {
		n.next[digit] = leaf | place
	}
	b.tree.nodes = append(b.tree.nodes, n)
	b.given = append(b.given, 0)
	return uint16(len(b.tree.nodes) - 1)
}

// place returns where a place is in the list of them.
func (b *placesBuilder) place(p Place) (uint16, error) {
	if id, ok := b.ids[p]; ok {
		return id, nil
	}
	if len(b.tree.places) == maxPlaces {
		return 0, fmt.Errorf("more than %d different places", maxPlaces)
	}
	id := uint16(len(b.tree.places))
	b.ids[p] = id
	b.tree.places = append(b.tree.places, p)
	return id, nil
}

// parsePrefixes reads "442" as 44 and 2, "44[12]" as 44 and 12.
func parsePrefixes(cell string) (stem, ends string, ok bool) {
	stem, ends, several := strings.Cut(cell, "[")
	if several {
		ends, several = strings.CutSuffix(ends, "]")
		if !several || len(ends) < 2 {
			return "", "", false
		}
	} else if stem != "" {
		stem, ends = cell[:len(cell)-1], cell[len(cell)-1:]
	}
	for i := 1; i < len(ends); i++ {
		if ends[i] <= ends[i-1] {
			return "", "", false
		}
	}
	return stem, ends, ends != "" && len(stem) < prefix.MaxDigits && digitsOnly(stem) && digitsOnly(ends)
}

// parsePlaceRegion reads the region of a row.
func parsePlaceRegion(cell string) (region, main RegionID, err error) {
	if cell == "-" {
		return 0, 0, nil
	}
	name, shared := strings.CutSuffix(cell, "+")
	if region, err = ParseRegion(name); err != nil {
		return 0, 0, err
	}
	if shared && region != region.country() {
		return 0, 0, fmt.Errorf("region %.16q: want a country before the +", cell)
	}
	if shared {
		return 0, region, nil
	}
	return region, region.country(), nil
}
