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
	slots []internSlot
	shift uint8
	texts []string
}

// internSlot is a place of the table. A text of up to 8 bytes is known by its
// slot alone: a second miss, of the text itself, would cost more than all else.
type internSlot struct {
	head uint64 // the first 8 bytes of the text, zeros behind it
	size uint32 // bytes of the text
	id   uint32 // 1 + its number; 0 = free
}

const (
	headSize = 8
	// minSlots keeps small tables from growing at once: a power of two.
	minSlots = 1 << 10
)

// ID returns the number of a text, from 0. It may read up to 8 bytes within
// the text's capacity, though it does not heed those behind the text.
func (n *Interner) ID(text []byte) uint32 {
	if id, ok := n.Find(text); ok {
		return id
	}
	return n.add(text)
}

// Find returns the number of a text that ID has seen, as ID does. Any number of
// goroutines may find texts while none adds one.
func (n *Interner) Find(text []byte) (id uint32, ok bool) {
	if len(n.slots) == 0 {
		return 0, false
	}
	head := headOf(text)
	mask := uint64(len(n.slots) - 1)
	for i := hashText(head, text) >> n.shift; ; i = (i + 1) & mask {
		s := &n.slots[i&mask]
		if s.id == 0 {
			return 0, false
		}
		if s.head == head && int(s.size) == len(text) && (len(text) <= headSize || n.texts[s.id-1] == string(text)) {
			return s.id - 1, true
		}
	}
}

// Text returns the text of a number that ID gave.
func (n *Interner) Text(id uint32) string { return n.texts[id] }

// Len returns how many texts there are.
func (n *Interner) Len() int { return len(n.texts) }

func (n *Interner) add(text []byte) uint32 {
	// Where few slots are taken nearly every text is in its first one: a guess
	// of the processor that fails costs as much as the rest of a look-up.
	if 4*len(n.texts) >= len(n.slots) {
		n.grow(max(minSlots, 2*len(n.slots)))
	}
	n.texts = append(n.texts, string(text))
	n.put(len(n.texts))
	return uint32(len(n.texts) - 1)
}

func (n *Interner) grow(slots int) {
	n.slots = make([]internSlot, slots)
	n.shift = uint8(64 - bits.TrailingZeros(uint(slots)))
	for id := range n.texts {
		n.put(id + 1)
	}
}

// put enters a number into the first free slot of its text.
func (n *Interner) put(id int) {
	text := []byte(n.texts[id-1])
	head, mask := headOf(text), uint64(len(n.slots)-1)
	i := hashText(head, text) >> n.shift
	for n.slots[i].id != 0 {
		i = (i + 1) & mask
	}
	n.slots[i] = internSlot{head, uint32(len(text)), uint32(id)}
}

// headOf returns the first 8 bytes of a text, zeros where it is shorter. Where
// it may read all 8 it does, since nobody can foretell how many there are.
func headOf(b []byte) (head uint64) {
	if cap(b) >= headSize {
		return binary.LittleEndian.Uint64(b[:headSize]) & (1<<(8*min(len(b), headSize)) - 1)
	}
	for i, c := range b {
		head |= uint64(c) << (8 * i)
	}
	return head
}

// hashText mixes a text eight bytes at a time. Whoever makes texts collide on
// purpose slows a table down, and changes no answer.
func hashText(head uint64, b []byte) uint64 {
	if len(b) > headSize {
		return hashLong(head, b)
	}
	return (head ^ uint64(len(b))) * mix
}

const mix = 0x9E3779B97F4A7C15 // 2^64 / golden ratio

// hashLong is apart so that hashText is short enough to have no call of its own.
//
//go:noinline
func hashLong(head uint64, b []byte) uint64 {
	h := (head ^ uint64(len(b))) * mix
	for len(b) > headSize {
		b = b[headSize:]
		h = fold(h^headOf(b), mix)
	}
	return h
}

func fold(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo*y
}
