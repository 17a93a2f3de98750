package rating

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
)

// BuildImage returns the image of a card with these terms and rates, for Open.
// The same rates in any order give the same bytes. It fails on the first error
// that rates yields, on terms or a rate that are not valid, on two rates of
// one prefix (naming the lowest such prefix), and over MaxRates.
func BuildImage(terms Terms, rates iter.Seq2[Rate, error]) ([]byte, error) {
	if err := terms.Validate(); err != nil {
		return nil, fmt.Errorf("building a card: %w", err)
	}
	b := builder{records: newTable[[recordSize]byte](), names: newTable[string]()}
	for r, err := range rates {
		if err != nil {
			return nil, fmt.Errorf("building a card: reading rate %d: %w", len(b.entries)+1, err)
		}
		if err := b.add(r); err != nil {
			return nil, fmt.Errorf("building a card: rate %d, prefix %q: %w", len(b.entries)+1, r.Prefix, err)
		}
	}
	if err := b.sort(); err != nil {
		return nil, fmt.Errorf("building a card: %w", err)
	}
	return b.image(terms), nil
}

// entry is one prefix of a card being built.
type entry struct {
	key          uint64
	record, name uint32
}

type builder struct {
	entries []entry
	records table[[recordSize]byte]
	names   table[string]
}

func (b *builder) add(r Rate) error {
	if len(b.entries) == MaxRates {
		return fmt.Errorf("the card has more than %d rates", MaxRates)
	}
	if err := r.Validate(); err != nil {
		return err
	}
	key, _ := keyOf(r.Prefix) // Validate has seen that it is digits
	b.entries = append(b.entries, entry{key: key, record: b.records.id(encodeRecord(r)), name: b.names.id(r.Destination)})
	return nil
}

// sort puts the entries in order of prefix, and records and names in the order
// in which the entries use them, so that the order of arrival is forgotten.
func (b *builder) sort() error {
	slices.SortFunc(b.entries, func(x, y entry) int { return cmp.Compare(x.key, y.key) })
	records, names := newTable[[recordSize]byte](), newTable[string]()
	for i := range b.entries {
		e := &b.entries[i]
		if i > 0 && b.entries[i-1].key == e.key {
			return fmt.Errorf("prefix %q is there more than once, want one rate for each prefix", keyText(e.key))
		}
		e.record = records.id(b.records.values[e.record])
		e.name = names.id(b.names.values[e.name])
	}
	b.records, b.names = records, names
	return nil
}

// image writes the sections. Everything it counts is below 2^32: entries are
// at most MaxRates, and so many names of MaxDestination bytes are 2^30 bytes.
func (b *builder) image(terms Terms) []byte {
	c := counts{entries: uint32(len(b.entries)), records: uint32(len(b.records.values)), names: uint32(len(b.names.values))}
	for _, name := range b.names.values {
		c.text += uint32(len(name))
	}
	l := c.layout()
	out := make([]byte, l.size)
	encodeHeader(out, terms, c)
	parent := uint32(0) // 1 + an entry; 0 = none
	for i, e := range b.entries {
		// Entries that begin like e stand just before it: its parent is the
		// entry before, or the nearest of that one's parents that is a prefix.
		for parent != 0 && !isPrefix(b.entries[parent-1].key, e.key) {
			parent = binary.LittleEndian.Uint32(out[l.parents+4*uint64(parent-1):])
		}
		at := 4 * uint64(i)
		binary.LittleEndian.PutUint64(out[l.keys+2*at:], e.key)
		binary.LittleEndian.PutUint32(out[l.parents+at:], parent)
		binary.LittleEndian.PutUint32(out[l.rates+at:], e.record)
		binary.LittleEndian.PutUint32(out[l.names+at:], e.name)
		parent = uint32(i) + 1
	}
	for i, record := range b.records.values {
		copy(out[l.records+recordSize*uint64(i):], record[:])
	}
	end := uint32(0)
	for i, name := range b.names.values {
		copy(out[l.text+uint64(end):], name)
		end += uint32(len(name))
		binary.LittleEndian.PutUint32(out[l.ends+4*uint64(i):], end)
	}
	binary.LittleEndian.PutUint32(out[l.crc:], checksum(out[:l.crc]))
	return out
}

// table numbers distinct values in the order they are first seen.
type table[T comparable] struct {
	ids    map[T]uint32
	values []T
}

func newTable[T comparable]() table[T] { return table[T]{ids: make(map[T]uint32)} }

func (t *table[T]) id(v T) uint32 {
	id, ok := t.ids[v]
	if !ok {
		id = uint32(len(t.values))
		t.ids[v] = id
		t.values = append(t.values, v)
	}
	return id
}
