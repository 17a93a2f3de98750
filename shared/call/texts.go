package call

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A column of texts is a byte and what it says follows.
//
//	0  every text is empty
//	1  they are the same: its length as a uvarint, and it
//	2  a dictionary: how many entries, each as above, then the column of their places
//	3  the column of lengths, then all texts
//	4  the column of lengths, then texts of digits and a to f, two in a byte, a 0
//	   behind an odd one
const (
	textsEmpty = iota
	textsSame
	textsListed
	textsPlain
	textsHex
)

// Eight bytes at a time, in one word.
const (
	each  = 0x0101010101010101
	zeros = '0' * each
)

// texts appends a column of n texts. Those of a list repeat.
func (e *ColumnEncoder) texts(dst []byte, c *Columns, spans []Span, repeat bool) []byte {
	if isEmpty(spans) {
		return append(dst, textsEmpty)
	}
	if first := c.Bytes(spans[0]); sameText(c, spans) {
		dst = binary.AppendUvarint(append(dst, textsSame), uint64(len(first)))
		return append(dst, first...)
	}
	if repeat {
		if listed, ok := e.listed(dst, c, spans); ok {
			return listed
		}
	}
	lengths, size := e.numbers[:len(spans)], 0
	for i, s := range spans {
		lengths[i] = int64(s.Len)
		size += int(s.Len)
	}
	from := len(dst)
	dst = appendNumbers(append(dst, textsHex), lengths, 0)
	dst = slices.Grow(dst, size+len(spans)+slack) // either way below
	if packed, ok := appendHex(dst, c.Text, spans); ok {
		return packed
	}
	dst[from] = textsPlain
	for _, s := range spans {
		dst = append(dst, c.Text[s.At:s.At+s.Len]...)
	}
	return dst
}

func isEmpty(spans []Span) bool {
	for _, s := range spans {
		if s.Len > 0 {
			return false
		}
	}
	return true
}

func sameText(c *Columns, spans []Span) bool {
	for _, s := range spans {
		if s != spans[0] && !bytes.Equal(c.Bytes(s), c.Bytes(spans[0])) {
			return false
		}
	}
	return true
}

// tableSize is above twice the entries that a list can have.
const tableSize = 2 * MaxRows

// listed appends a dictionary; false = the texts repeat too little for one.
func (e *ColumnEncoder) listed(dst []byte, c *Columns, spans []Span) ([]byte, bool) {
	clear(e.table[:])
	e.entries, e.words = e.entries[:0], e.words[:0]
	text := c.Text[:len(c.Text)+slack]
	places := e.numbers[:len(spans)]
	last := -1
	for i, s := range spans {
		if last >= 0 && s == spans[i-1] {
			places[i] = int64(last)
			continue
		}
		word, h := hash(text, s)
		at := h % tableSize
		for {
			if e.table[at] == 0 {
				if len(e.entries) >= 16+len(spans)/2 {
					return dst, false
				}
				e.entries, e.words = append(e.entries, s), append(e.words, word)
				e.table[at] = uint16(len(e.entries))
				break
			}
			other := e.table[at] - 1
			if e.words[other] == word && e.entries[other].Len == s.Len && (s.Len <= 8 || bytes.Equal(c.Bytes(e.entries[other]), c.Bytes(s))) {
				break
			}
			at = (at + 1) % tableSize
		}
		last = int(e.table[at]) - 1
		places[i] = int64(last)
	}
	dst = binary.AppendUvarint(append(dst, textsListed), uint64(len(e.entries)))
	for _, s := range e.entries {
		dst = binary.AppendUvarint(dst, uint64(s.Len))
		dst = append(dst, c.Bytes(s)...)
	}
	return appendNumbers(dst, places, 0), true
}

// hash returns the last word of a text of text, which has slack bytes more, and
// a number that spreads texts over a table.
func hash(text []byte, s Span) (word, h uint64) {
	at, n := int(s.At), int(s.Len)
	for h = uint64(n); n > 8; at, n = at+8, n-8 {
		h = (h ^ binary.LittleEndian.Uint64(text[at:])) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	word = binary.LittleEndian.Uint64(text[at:]) & (uint64(1)<<(8*n) - 1)
	h = (h ^ word) * 0x9E3779B97F4A7C15
	return word, h >> 40
}

// appendHex appends texts of the digits and a to f, two to a byte; false =
// there is another character. dst has room for it, and text has slack bytes of
// capacity.
func appendHex(dst, text []byte, spans []Span) ([]byte, bool) {
	text = text[:len(text)+slack]
	out := dst[len(dst):cap(dst)]
	used := 0
	for _, s := range spans {
		at, n, k := int(s.At), int(s.Len), used
		wrong := uint64(0)
		for ; n >= 8; k, at, n = k+4, at+8, n-8 {
			half, bad := halves(binary.LittleEndian.Uint64(text[at:]))
			wrong |= bad
			binary.LittleEndian.PutUint32(out[k:], paired(half))
		}
		if n > 0 {
			keep := uint64(1)<<(8*n) - 1
			half, bad := halves(binary.LittleEndian.Uint64(text[at:])&keep | zeros&^keep)
			wrong |= bad
			binary.LittleEndian.PutUint32(out[k:], paired(half))
		}
		if wrong != 0 {
			return dst, false
		}
		used += (int(s.Len) + 1) / 2
	}
	return dst[:len(dst)+used], true
}

// halves returns what eight characters are worth, each in its byte; wrong is
// not zero where one is no digit and not a to f.
func halves(w uint64) (half, wrong uint64) {
	// A letter has bit 6, and its low half is 9 below its value.
	half = w&(0x0F*each) + w>>6&each*9
	return half, half&(0xF0*each) | (spelled(half) ^ w)
}

// paired puts eight values of four bits into four bytes, the first in the high half.
func paired(half uint64) uint32 {
	x := (half<<4 | half>>8) & 0x00FF00FF00FF00FF
	x = (x | x>>8) & 0x0000FFFF0000FFFF
	return uint32(x | x>>16)
}

// parted is the reverse of paired.
func parted(p uint32) uint64 {
	x := uint64(p)
	x = (x | x<<16) & 0x0000FFFF0000FFFF
	x = (x | x<<8) & 0x00FF00FF00FF00FF
	return x>>4&(0x0F*each) | x&(0x0F*each)<<8
}

// spelled returns the characters of eight values of 0 to 15, each in a byte.
func spelled(half uint64) uint64 {
	return half + zeros + (half+6*each)>>4&each*('a'-'0'-10)
}

// texts reads a column into spans.
func (d *columnReader) texts(c *Columns, spans []Span) {
	switch d.byte() {
	case textsEmpty:
		clear(spans)
	case textsSame:
		s := d.text(c)
		fill(spans, s)
	case textsListed:
		d.listed(c, spans)
	case textsPlain:
		size := d.lengths(c, spans, func(n int64) int64 { return n })
		c.Text = append(c.Text, d.take(int(size))...)
	case textsHex:
		d.hex(c, spans)
	default:
		d.fail()
	}
}

// text reads one text into c.
func (d *columnReader) text(c *Columns) Span {
	n := d.uvarint()
	if n == 0 || n > uint64(len(d.b)) {
		if n > 0 {
			d.fail()
		}
		return Span{}
	}
	at := len(c.Text)
	c.Text = append(c.Text, d.take(int(n))...)
	return Span{uint32(at), uint32(n)}
}

func (d *columnReader) listed(c *Columns, spans []Span) {
	n := d.uvarint()
	if n > MaxRows {
		d.fail()
		return
	}
	d.entries = d.entries[:0]
	for range n {
		d.entries = append(d.entries, d.text(c))
	}
	places := d.n[:len(spans)]
	d.numbers(places)
	for i, p := range places {
		if uint64(p) >= uint64(len(d.entries)) {
			d.fail()
			return
		}
		spans[i] = d.entries[p]
	}
}

// lengths reads the column of lengths and says where in c each text will be.
// It returns what they take in the block, by the size of each.
func (d *columnReader) lengths(c *Columns, spans []Span, size func(int64) int64) (total int64) {
	lengths := d.n[:len(spans)]
	d.numbers(lengths)
	at := int64(len(c.Text))
	for i, n := range lengths {
		// Beyond what is left in the block, and so long before any sum wraps.
		if n < 0 || n > 2*int64(len(d.b)) || total > int64(len(d.b)) {
			d.fail()
			return 0
		}
		spans[i] = Span{}
		if n > 0 {
			spans[i] = Span{uint32(at), uint32(n)}
		}
		at += n
		total += size(n)
	}
	if total > int64(len(d.b)) {
		d.fail()
		return 0
	}
	return total
}

func (d *columnReader) hex(c *Columns, spans []Span) {
	size := d.lengths(c, spans, func(n int64) int64 { return (n + 1) / 2 })
	p := d.take(int(size))
	if d.err != nil {
		return
	}
	p = p[:len(p)+slack] // take leaves as much
	at := len(c.Text)
	c.Text = slices.Grow(c.Text, 2*int(size)+2*slack) // for whole words behind the last
	text := c.Text[:cap(c.Text)]
	for _, s := range spans {
		for k, n := 0, 0; n < int(s.Len); k, n = k+8, n+16 {
			x := binary.LittleEndian.Uint64(p[k:])
			out := text[at+n : at+n+16]
			binary.LittleEndian.PutUint64(out, spelled(parted(uint32(x))))
			binary.LittleEndian.PutUint64(out[8:], spelled(parted(uint32(x>>32))))
		}
		p = p[(int(s.Len)+1)/2:]
		at += int(s.Len)
	}
	c.Text = text[:at]
}
