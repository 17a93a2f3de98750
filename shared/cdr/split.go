package cdr

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes at a time, in one word.
const (
	each   = 0x0101010101010101
	low7   = 0x7F * each
	high   = 0x80 * each
	zeros  = '0' * each
	nibble = 0xF0 * each
)

// window is how many bytes are searched for delimiters together: they and
// what was found stay in the first cache.
const window = 8 << 10

// splitter finds delimiters, a window at a time.
type splitter struct {
	at   []uint32 // offsets of delimiters and control characters; the first is the byte before from
	n    int      // of them
	next int      // the first one not yet used; the one before is the byte before its line
	from int      // where the window begins
	high bool     // there are bytes that are not ASCII
}

func (s *splitter) reset() {
	if s.at == nil {
		s.at = make([]uint32, window+2*64)
	}
	s.n, s.next, s.from = 1, 1, -1
}

// seek goes on with the line at pos, which the window may not reach.
func (s *splitter) seek(pos int) {
	for s.next < s.n && int(s.at[s.next]) < pos {
		s.next++
	}
	s.at[s.next-1] = uint32(pos - 1)
}

// index finds the delimiters of the window that begins with the line at from.
// The byte before offset 0 wraps around, and back when one is added.
func (s *splitter) index(text []byte, from int, comma byte) {
	s.from, s.next = from, 1
	s.at[0] = uint32(from - 1)
	to := min(from+window, len(text)-64)
	commas := uint64(comma) * each
	n, seen := 1, uint64(0)
	for ; from < to; from += 64 {
		block := text[from : from+64 : from+64]
		found := uint64(0)
		for i := 0; i < 64; i += 8 {
			w := binary.LittleEndian.Uint64(block[i : i+8])
			seen |= w
			x := w ^ commas
			// A byte's high bit becomes set unless it is the comma, and unless
			// it is a control character; no sum carries into the next byte.
			other := (x&low7 + low7) | x
			graphic := (w&low7 + 0x60*each) | w
			hits := ^(other & graphic) & high
			// The eight high bits become the top byte of the product, in order.
			found |= (hits >> 7 * 0x0102040810204080 >> 56) << i
		}
		n = place(s.at, n, uint32(from), found)
	}
	s.n, s.high = n, seen&high != 0
}

// place appends the offsets of the bits of found to the n entries of at. Most
// blocks have a few: those are written whether there are as many or not, which
// spares the processor guessing how many.
func place(at []uint32, n int, from uint32, found uint64) int {
	count := bits.OnesCount64(found)
	room := at[n : n+64 : n+64]
	for i := 0; i < 8; i++ {
		room[i] = from + uint32(bits.TrailingZeros64(found))
		found &= found - 1
	}
	for i := 8; i < count; i++ {
		room[i&63] = from + uint32(bits.TrailingZeros64(found))
		found &= found - 1
	}
	return n + count
}
