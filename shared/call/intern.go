package call

import (
	"encoding/binary"
	"math/bits"
)

// Interner numbers texts in the order in which they are first seen: accounts
// of a file, say, of which there are few beside its records. It allocates for
// a text it has not seen, and for nothing else. It is not safe for concurrent
// use.
type Interner struct {
	slots []uint32 // 1 + the number of a text; 0 = free
	shift uint8
	texts []string
}

// minSlots keeps small tables from growing at once: a power of two.
const minSlots = 1 << 10

// ID returns the number of a text, from 0.
func (n *Interner) ID(text []byte) uint32 {
	if len(n.slots) == 0 {
		n.grow(minSlots)
	}
	mask := uint64(len(n.slots) - 1)
	for i := hashText(text) >> n.shift; ; i = (i + 1) & mask {
		id := n.slots[i]
		if id == 0 {
			break
		}
		if n.texts[id-1] == string(text) {
			return id - 1
		}
	}
	if 2*len(n.texts) >= len(n.slots) {
		n.grow(2 * len(n.slots))
	}
	n.texts = append(n.texts, string(text))
	n.put(uint32(len(n.texts)))
	return uint32(len(n.texts) - 1)
}

// Text returns the text of a number that ID gave.
func (n *Interner) Text(id uint32) string { return n.texts[id] }

// Len returns how many texts there are.
func (n *Interner) Len() int { return len(n.texts) }

func (n *Interner) grow(slots int) {
	n.slots = make([]uint32, slots)
	n.shift = uint8(64 - bits.TrailingZeros(uint(slots)))
	for id := range n.texts {
		n.put(uint32(id + 1))
	}
}

// put enters a number into the first free slot of its text.
func (n *Interner) put(id uint32) {
	mask := uint64(len(n.slots) - 1)
	i := hashText([]byte(n.texts[id-1])) >> n.shift
	for n.slots[i] != 0 {
		i = (i + 1) & mask
	}
	n.slots[i] = id
}

// hashText mixes a text eight bytes at a time. Whoever makes texts collide on
// purpose slows a table down, and changes no answer.
func hashText(b []byte) uint64 {
	const mix = 0x9E3779B97F4A7C15 // 2^64 / golden ratio
	h := uint64(len(b)) * mix
	for ; len(b) >= 8; b = b[8:] {
		h = fold(h^binary.LittleEndian.Uint64(b), mix)
	}
	var rest uint64
	for i, c := range b {
		rest |= uint64(c) << (8 * i)
	}
	return fold(h^rest, mix)
}

func fold(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo*y
}
