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

// spots is room for all that a window may have, and for what is written behind
// it since writing costs less than asking whether to.
const spots = window + 2*64

// splitter finds delimiters, a window at a time.
type splitter struct {
	at    []uint32 // offsets of delimiters and control characters; the first is the byte before from
	n     int      // of them
	next  int      // the first one not yet used; the one before is the byte before its line
	ends  []uint32 // which of at are no commas: of plain text, the ends of lines
	lines int      // of ends
	end   int      // the first one that is not before next
	from  int      // where the window begins
	other bool     // there are bytes that are not ASCII
}

func (s *splitter) reset() {
	if s.at == nil {
		s.at, s.ends = make([]uint32, spots), make([]uint32, spots)
	}
	s.n, s.next, s.lines, s.end, s.from = 1, 1, 0, 0, -1
}

// seek goes on with the line at pos, which the window may not reach.
func (s *splitter) seek(pos int) {
	for s.next < s.n && int(s.at[s.next]) < pos {
		s.next++
	}
	for s.end < s.lines && int(s.ends[s.end]) < s.next {
		s.end++
	}
	s.at[s.next-1] = uint32(pos - 1)
}

// index finds the delimiters of the window that begins with the line at from.
// The byte before offset 0 wraps around, and back when one is added.
func (s *splitter) index(text []byte, from int, comma byte) {
	s.from, s.next, s.end = from, 1, 0
	s.at[0] = uint32(from - 1)
	blocks := (min(window, len(text)-64-from) + 63) / 64
	s.n, s.lines, s.other = findDelimiters((*[spots]uint32)(s.at), (*[spots]uint32)(s.ends), text[:from+64*blocks], from, comma)
}

// findWords finds delimiters in the text from an offset on, a number of blocks
// of 64 bytes, eight bytes at a time; comma is an ASCII character. It appends their offsets to the one that
// at has, and to ends which of at are no commas. It returns how many each then
// has, and whether there are bytes that are not ASCII.
func findWords(at, ends *[spots]uint32, text []byte, from int, comma byte) (n, lines int, other bool) {
	commas := uint64(comma) * each
	n = 1
	for ; from < len(text); from += 64 {
		b := (*[64]byte)(text[from:])
		w0, w1 := binary.LittleEndian.Uint64(b[0:8]), binary.LittleEndian.Uint64(b[8:16])
		w2, w3 := binary.LittleEndian.Uint64(b[16:24]), binary.LittleEndian.Uint64(b[24:32])
		w4, w5 := binary.LittleEndian.Uint64(b[32:40]), binary.LittleEndian.Uint64(b[40:48])
		w6, w7 := binary.LittleEndian.Uint64(b[48:56]), binary.LittleEndian.Uint64(b[56:64])
		if (w0|w1|w2|w3|w4|w5|w6|w7)&high != 0 {
			other = true
			n = place(at, n, uint32(from), delimiters(b, commas))
			continue
		}
		// Bit i of byte b is for byte b of word i: turned around, they are in order.
		f := ^(others(w0, commas)>>7 | others(w1, commas)>>6 | others(w2, commas)>>5 | others(w3, commas)>>4 |
			others(w4, commas)>>3 | others(w5, commas)>>2 | others(w6, commas)>>1 | others(w7, commas))
		n = place(at, n, uint32(from), turn(f))
	}
	for i := 1; i < n; i++ {
		ends[lines%spots] = uint32(i)
		lines += (int(text[at[i]]^comma) + 0xFF) >> 8 // 1, but 0 for the comma
	}
	return n, lines, other
}

// others sets the high bit of each byte of w, all ASCII, that is neither the
// comma nor a control character. No sum carries into the next byte.
func others(w, commas uint64) uint64 {
	return ((w ^ commas) + low7) & (w + 0x60*each) & high
}

// delimiters has a bit for each byte of b that is the comma or a control
// character, whatever the other bytes are.
func delimiters(b *[64]byte, commas uint64) (found uint64) {
	for i := 0; i < len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		ascii := ^w & high
		// The eight high bits become the top byte of the product, in order.
		found |= ((ascii &^ others(w&low7, commas)) >> 7 * 0x0102040810204080 >> 56) << i
	}
	return found
}

// turn transposes a matrix of eight by eight bits (Hacker's Delight, 7-3).
func turn(f uint64) uint64 {
	t := (f ^ f>>7) & 0x00AA00AA00AA00AA
	f ^= t ^ t<<7
	t = (f ^ f>>14) & 0x0000CCCC0000CCCC
	f ^= t ^ t<<14
	t = (f ^ f>>28) & 0x00000000F0F0F0F0
	return f ^ t ^ t<<28
}

// place appends the offsets of the bits of found to the n entries of at. Most
// blocks have a few: those are written whether there are as many or not, which
// spares the processor guessing how many.
func place(at *[spots]uint32, n int, from uint32, found uint64) int {
	count := bits.OnesCount64(found)
	room := (*[64]uint32)(at[n:])
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
