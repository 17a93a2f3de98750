package prefix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// blockEntries is how many entries are written as differences from the one
// before them. A block begins anew, so that one entry costs one block to read.
const blockEntries = 64

// An entry is nibbles: how many digits it shares with the one before it, the
// digits after them, an end that says what follows, then the note as a
// difference from the one before it and the value, each only if the end says
// so. Digits are below ten, so the end needs no length before it.
const (
	endEntry  = 10
	withNote  = 1 // the note differs from the one before it
	withValue = 2 // the padded digits find another, longer entry
	endLast   = endEntry + withNote + withValue
)

// appendDirectory appends the blocks and the directory; size is the bytes of
// the latter.
func appendDirectory(section []byte, items []Item) (_ []byte, size int) {
	blocks := len(section)
	section = append(section, make([]byte, 4*((len(items)+blockEntries-1)/blockEntries))...)
	begin := len(section)
	w := nibbleWriter{out: section}
	var before Code
	var note uint32
	for i, it := range items {
		if i%blockEntries == 0 {
			w.align()
			binary.LittleEndian.PutUint32(w.out[blocks+i/blockEntries*4:], uint32(len(w.out)-begin))
			before, note = 0, 0
		}
		shared := before.common(it.Code)
		w.put(uint8(shared))
		for d := shared; d < it.Code.Digits(); d++ {
			w.put(uint8(it.Code >> (60 - 4*d) & 15))
		}
		end := uint8(endEntry)
		if it.Note != note {
			end += withNote
		}
		// Entries with the same padded digits are neighbours; the last and
		// longest is what those digits find.
		deeper := i+1 < len(items) && items[i+1].Code>>4 == it.Code>>4
		if deeper {
			end += withValue
		}
		w.put(end)
		if it.Note != note {
			delta := int32(it.Note - note)
			w.number(uint32(delta<<1) ^ uint32(delta>>31))
		}
		if deeper {
			w.number(it.Value)
		}
		before, note = it.Code, it.Note
	}
	w.align()
	return w.out, len(w.out) - begin
}

// nibbleWriter appends half bytes, the lower half of each byte first.
type nibbleWriter struct {
	out  []byte
	half bool // the last byte has room
}

func (w *nibbleWriter) put(n uint8) {
	if w.half {
		w.out[len(w.out)-1] |= n << 4
	} else {
		w.out = append(w.out, n)
	}
	w.half = !w.half
}

func (w *nibbleWriter) align() { w.half = false }

// number appends v in groups of three bits, the lowest first; the fourth bit
// says that more follow.
func (w *nibbleWriter) number(v uint32) {
	for ; v > 7; v >>= 3 {
		w.put(uint8(v&7) | 8)
	}
	w.put(uint8(v))
}

// cursor reads the entries of a block. It trusts no byte.
type cursor struct {
	block []byte
	at    int // in nibbles

	code     Code
	note     uint32
	stored   uint32 // the value, if hasValue
	hasValue bool
	started  bool
}

func (c *cursor) nibble() (uint8, bool) {
	if c.at>>1 >= len(c.block) {
		return 0, false
	}
	n := c.block[c.at>>1] >> (c.at & 1 * 4) & 15
	c.at++
	return n, true
}

func (c *cursor) number() (uint32, bool) {
	v := uint64(0)
	for shift := 0; shift < 33; shift += 3 {
		n, ok := c.nibble()
		if !ok {
			return 0, false
		}
		v |= uint64(n&7) << shift
		if n < 8 {
			return uint32(v), v>>32 == 0
		}
	}
	return 0, false
}

// next goes to the next entry of the block; false means damage.
func (c *cursor) next() bool {
	shared, ok := c.nibble()
	digits := int(shared)
	if !ok || digits > c.code.Digits() {
		return false
	}
	next := c.code.cut(digits) &^ 15
	var n uint8
	for {
		if n, ok = c.nibble(); !ok {
			return false
		}
		if n >= endEntry {
			break
		}
		if digits == MaxDigits {
			return false
		}
		next |= Code(n) << (60 - 4*digits)
		digits++
	}
	if n > endLast {
		return false
	}
	next |= Code(digits)
	if c.started && next <= c.code {
		return false
	}
	c.started, c.code = true, next
	if n -= endEntry; n&withNote != 0 {
		z, ok := c.number()
		if !ok {
			return false
		}
		c.note += z>>1 ^ -(z & 1)
	}
	if c.hasValue = n&withValue != 0; c.hasValue {
		if c.stored, ok = c.number(); !ok {
			return false
		}
	}
	return true
}

func (x *Index) blockCount() int { return len(x.blocks) / 4 }

// open returns a cursor before the first entry of block b, and how many
// entries the block has.
func (x *Index) open(b int) (c cursor, entries int, ok bool) {
	begin, end := uint64(word(x.blocks, b)), uint64(len(x.directory))
	if b+1 < x.blockCount() {
		end = uint64(word(x.blocks, b+1))
	}
	if begin > end || end > uint64(len(x.directory)) {
		return cursor{}, 0, false
	}
	return cursor{block: x.directory[begin:end]}, min(blockEntries, x.entries-b*blockEntries), true
}

// value returns the value of the entry that a cursor is on; false means
// damage.
func (x *Index) value(c cursor) (uint32, bool) {
	m := x.padded(c.code.key())
	found := m.Digits() == c.code.Digits()
	switch {
	case found == c.hasValue:
		return 0, false // it would be written twice, or nowhere
	case found:
		return m.Value(), m.Value() <= x.top
	default:
		return c.stored, c.stored <= x.top
	}
}

func (x *Index) entry(c cursor) (Entry, bool) {
	value, ok := x.value(c)
	if !ok {
		return Entry{}, false
	}
	return Entry{Prefix: c.code.String(), Value: value, Note: c.note}, true
}

var errDamaged = errors.New("the directory is damaged")

// At returns the entry at place i, 0..Len()-1, in ascending order of prefixes
// as strings, so that a prefix comes before all it begins. It fails when there
// is no such place or the section is damaged there.
func (x *Index) At(i int) (Entry, error) {
	if i < 0 || i >= x.entries {
		return Entry{}, fmt.Errorf("entry %d of a prefix index of %d", i, x.entries)
	}
	c, _, ok := x.open(i / blockEntries)
	for range i%blockEntries + 1 {
		ok = ok && c.next()
	}
	if ok {
		if e, ok := x.entry(c); ok {
			return e, nil
		}
	}
	return Entry{}, fmt.Errorf("entry %d of a prefix index: %w", i, errDamaged)
}

// Find returns the entry with exactly this prefix and its place. Where the
// section is damaged it finds nothing.
func (x *Index) Find(prefix string) (i int, e Entry, ok bool) {
	want, ok := CodeOf(prefix)
	if !ok {
		return 0, Entry{}, false
	}
	i, c, ok := x.seek(want)
	if !ok || c.code != want {
		return 0, Entry{}, false
	}
	if e, ok = x.entry(c); !ok {
		return 0, Entry{}, false
	}
	return i, e, true
}

// seek returns a cursor on the last entry that is not after want, and the
// entry's place. ok is false when there is none, or damage is in the way.
func (x *Index) seek(want Code) (i int, at cursor, ok bool) {
	low, high := 0, x.blockCount() // the block is low..high-1, or there is none
	for low < high {
		middle := int(uint(low+high) >> 1)
		c, _, ok := x.open(middle)
		if !ok || !c.next() {
			return 0, cursor{}, false
		}
		if c.code <= want {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 {
		return 0, cursor{}, false
	}
	c, entries, ok := x.open(low - 1)
	if !ok || !c.next() {
		return 0, cursor{}, false
	}
	i, at = (low-1)*blockEntries, c
	for range entries - 1 {
		if !c.next() {
			return 0, cursor{}, false
		}
		if c.code > want {
			break
		}
		i, at = i+1, c
	}
	return i, at, true
}

// All yields the entries in the order of At. It ends at the first error.
func (x *Index) All() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		var last Code
		for i := 0; i < x.entries; {
			c, entries, ok := x.open(i / blockEntries)
			for range entries {
				ok = ok && c.next() && (i == 0 || c.code > last)
				var e Entry
				if ok {
					e, ok = x.entry(c)
				}
				if !ok {
					break
				}
				if !yield(e, nil) {
					return
				}
				last = c.code
				i++
			}
			if !ok {
				yield(Entry{}, fmt.Errorf("entry %d of a prefix index: %w", i, errDamaged))
				return
			}
		}
	}
}
