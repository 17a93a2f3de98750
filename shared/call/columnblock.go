package call

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/tollbook/tollbook/shared/money"
)

// A column block holds up to MaxRows rows of one shard, column by column. Its
// head is a BlockHeader with the magic "TBB2"; its payload is the columns, in
// this order, then eight zero bytes:
//
//	texts    feed, call id, leg, account, a number, b number, a raw, b raw
//	numbers  instant, nanos, decimals, version, flags, line, status, image,
//	         prefix, billed, batch, covered
//	amounts  charge, due
//	reasons
//	texts    column, value, want
//
// A column that every row leaves empty is one byte. The same rows give the same
// bytes, wherever their texts lie.

// MaxColumnBlock bounds a column block's payload in bytes; a larger one is
// refused. Rows that are within the limits of a record fit.
const MaxColumnBlock = 16 << 20

const columnMagic = 0x32424254 // "TBB2"

// ColumnEncoder encodes column blocks. Its zero value is ready; it is used by
// one goroutine at a time and keeps its memory.
type ColumnEncoder struct {
	numbers  []int64
	table    [tableSize]uint16 // places of entries, counted from one
	entries  []Span
	words    []uint64 // the last of each entry
	reasons  map[Reason]int64
	distinct []Reason
}

// Append appends a block of the rows to dst. All of them belong to the shard.
// More than MaxRows rows or MaxColumnBlock bytes are an error.
func (e *ColumnEncoder) Append(dst []byte, kind BlockKind, shard uint8, r *Rows) ([]byte, error) {
	n := r.Len()
	if n > MaxRows {
		return dst, fmt.Errorf("a block of %d rows, want at most %d", n, MaxRows)
	}
	e.numbers = slices.Grow(e.numbers[:0], n)[:n]
	from := len(dst)
	dst = append(dst, make([]byte, BlockHeaderSize)...)
	c := &r.Columns
	c.Text = slices.Grow(c.Text, slack) // so that whole words can be read from anywhere in it
	for k, s := range c.texts() {
		dst = e.texts(dst, c, *s, k == 0 || k == 2 || k == 3)
	}
	dst = appendNumbers(dst, e.copied(c.Instant), asTimes|asSteps)
	dst = appendNumbers(dst, e.copied(c.Nanos), asTimes)
	dst = appendWidened(e, dst, c.Decimals)
	dst = appendWidened(e, dst, c.Version)
	dst = appendWidened(e, dst, c.Flags)
	dst = appendNumbers(dst, c.Line, asSteps)
	dst = appendWidened(e, dst, r.Status)
	dst = appendWidened(e, dst, r.Image)
	dst = appendWidened(e, dst, r.Prefix)
	dst = appendWidened(e, dst, r.Billed)
	dst = appendWidened(e, dst, r.Batch)
	dst = appendWidened(e, dst, r.Covered)
	dst = e.amounts(dst, r.Charge)
	dst = e.amounts(dst, r.Due)
	dst = e.reasonColumn(dst, r.Reason)
	for k, s := range [...][]Span{r.Column, r.Value, r.Want} {
		dst = e.texts(dst, c, s, k != 1)
	}
	dst = append(dst, make([]byte, slack)...)
	size := len(dst) - from - BlockHeaderSize
	if size > MaxColumnBlock {
		return dst[:from], fmt.Errorf("a block of %d bytes, want at most %d", size, MaxColumnBlock)
	}
	head := dst[from:]
	binary.LittleEndian.PutUint32(head[0:], columnMagic)
	head[4], head[5] = byte(kind), shard
	binary.LittleEndian.PutUint32(head[8:], uint32(n))
	binary.LittleEndian.PutUint32(head[12:], uint32(size))
	sum := crc32.Update(crc32.Checksum(head[:16], castagnoli), castagnoli, head[BlockHeaderSize:])
	binary.LittleEndian.PutUint32(head[16:], sum)
	return dst, nil
}

// copied returns a copy of a column, which may be changed.
func (e *ColumnEncoder) copied(v []int64) []int64 {
	copy(e.numbers, v)
	return e.numbers
}

// appendWidened appends a column of other numbers.
func appendWidened[T ~uint8 | ~uint32 | ~uint64](e *ColumnEncoder, dst []byte, v []T) []byte {
	if len(v) > 0 && isSame(v) {
		return appendSame(dst, int64(v[0]))
	}
	for i, n := range v {
		e.numbers[i] = int64(n)
	}
	return appendNumbers(dst, e.numbers, 0)
}

// amounts appends 0 where every amount is the zero value, else 1 and three
// columns: decimals with the sign below them, the high and the low words.
func (e *ColumnEncoder) amounts(dst []byte, v []money.Amount) []byte {
	heads, highs, lows := uint64(0), uint64(0), uint64(0)
	for i, a := range v {
		neg, hi, lo, decimals := a.Bits()
		head := int64(decimals) << 1
		if neg {
			head |= 1
		}
		e.numbers[i] = head
		heads, highs, lows = heads|uint64(head), highs|hi, lows|lo
	}
	if heads|highs|lows == 0 {
		return append(dst, 0)
	}
	dst = appendNumbers(append(dst, 1), e.numbers, 0)
	if highs == 0 {
		dst = appendSame(dst, 0)
	} else {
		for i, a := range v {
			_, hi, _, _ := a.Bits()
			e.numbers[i] = int64(hi)
		}
		dst = appendNumbers(dst, e.numbers, 0)
	}
	for i, a := range v {
		_, _, lo, _ := a.Bits()
		e.numbers[i] = int64(lo)
	}
	return appendNumbers(dst, e.numbers, 0)
}

// reasonColumn appends 0 where every reason is empty, else 1, the different
// reasons and the column of their places.
func (e *ColumnEncoder) reasonColumn(dst []byte, v []Reason) []byte {
	if !slices.ContainsFunc(v, func(r Reason) bool { return r != "" }) {
		return append(dst, 0)
	}
	if e.reasons == nil {
		e.reasons = map[Reason]int64{}
	}
	clear(e.reasons)
	e.distinct = e.distinct[:0]
	for i, r := range v {
		place, ok := e.reasons[r]
		if !ok {
			place = int64(len(e.distinct))
			e.reasons[r] = place
			e.distinct = append(e.distinct, r)
		}
		e.numbers[i] = place
	}
	dst = binary.AppendUvarint(append(dst, 1), uint64(len(e.distinct)))
	for _, r := range e.distinct {
		dst = appendString(dst, string(r))
	}
	return appendNumbers(dst, e.numbers, 0)
}

// ParseColumnBlock checks the column block at the start of b and returns its
// head and its payload, a part of b: what gathering blocks of a shard needs.
// Any damage is ErrBlock.
func ParseColumnBlock(b []byte) (BlockHeader, []byte, error) {
	h, payload, err := parseHead(b, columnMagic, MaxColumnBlock)
	if err == nil && h.Rows > MaxRows {
		return BlockHeader{}, nil, fmt.Errorf("%w: it has %d rows", ErrBlock, h.Rows)
	}
	return h, payload, err
}

// ColumnDecoder decodes column blocks. Its zero value is ready; it is used by
// one goroutine at a time and keeps its memory.
type ColumnDecoder struct {
	n       []int64    // as many as rows
	words   [2][]int64 // as many
	entries []Span
	reasons []Reason
}

// Read reads the column block at the start of b into rows, which it resets. Any
// damage is ErrBlock; then rows are of no use. It reads what anybody may have
// written: memory is bounded by the rows and twice the block's size.
func (d *ColumnDecoder) Read(b []byte, rows *Rows) (BlockHeader, error) {
	rows.Reset()
	h, payload, err := ParseColumnBlock(b)
	if err != nil {
		return h, err
	}
	if len(payload) < slack {
		return h, fmt.Errorf("%w: it is cut off", ErrBlock)
	}
	n := int(h.Rows)
	for _, s := range [...]*[]int64{&d.n, &d.words[0], &d.words[1]} {
		*s = slices.Grow((*s)[:0], n)[:n]
	}
	in := columnReader{ColumnDecoder: d, b: payload[:len(payload)-slack]}
	rows.resize(n)
	c := &rows.Columns
	for _, s := range c.texts() {
		in.texts(c, *s)
	}
	in.numbers(c.Instant)
	in.numbers(c.Nanos)
	narrowed(&in, c.Decimals)
	narrowed(&in, c.Version)
	narrowed(&in, c.Flags)
	in.numbers(c.Line)
	narrowed(&in, rows.Status)
	narrowed(&in, rows.Image)
	narrowed(&in, rows.Prefix)
	narrowed(&in, rows.Billed)
	narrowed(&in, rows.Batch)
	narrowed(&in, rows.Covered)
	in.amounts(rows.Charge)
	in.amounts(rows.Due)
	in.reasonColumn(rows.Reason)
	for _, s := range [...][]Span{rows.Column, rows.Value, rows.Want} {
		in.texts(c, s)
	}
	if in.err == nil && len(in.b) > 0 {
		in.fail()
	}
	return h, in.err
}

// columnReader reads columns one after the other and keeps the first error.
// Behind b, its slice has slack bytes more.
type columnReader struct {
	*ColumnDecoder
	b   []byte
	err error
}

func (d *columnReader) fail() {
	if d.err == nil {
		d.err = fmt.Errorf("%w: a column is not one", ErrBlock)
	}
	d.b = nil
}

func (d *columnReader) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

// take returns the next n bytes; n is not negative.
func (d *columnReader) take(n int) []byte {
	if n > len(d.b) {
		d.fail()
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *columnReader) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *columnReader) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// narrowed reads a column of numbers that fit their type.
func narrowed[T ~uint8 | ~uint32 | ~uint64](d *columnReader, v []T) {
	if len(d.b) > 0 && d.b[0] == numbersZero {
		d.b = d.b[1:]
		clear(v)
		return
	}
	if len(d.b) > 0 && d.b[0] == numbersSame {
		d.b = d.b[1:]
		n := d.varint()
		if fill(v, T(n)); int64(T(n)) != n {
			d.fail()
		}
		return
	}
	d.numbers(d.n)
	wrong := false
	for i, n := range d.n {
		v[i] = T(n)
		wrong = wrong || int64(T(n)) != n
	}
	if wrong {
		d.fail()
	}
}

func (d *columnReader) amounts(v []money.Amount) {
	if some := d.byte(); some != 1 {
		if some != 0 {
			d.fail()
		}
		clear(v)
		return
	}
	heads, hi, lo := d.words[0], d.words[1], d.n
	d.numbers(heads)
	d.numbers(hi)
	d.numbers(lo)
	if d.err != nil {
		return
	}
	for i := range v {
		if heads[i]>>1 > money.MaxDecimals || heads[i] < 0 {
			d.fail()
			return
		}
		a, err := money.FromBits(heads[i]&1 != 0, uint64(hi[i]), uint64(lo[i]), uint8(heads[i]>>1))
		if err != nil {
			d.fail()
			return
		}
		v[i] = a
	}
}

func (d *columnReader) reasonColumn(v []Reason) {
	if some := d.byte(); some != 1 {
		if some != 0 {
			d.fail()
		}
		clear(v)
		return
	}
	n := d.uvarint()
	if n > MaxRows {
		d.fail()
		return
	}
	d.reasons = d.reasons[:0]
	for range n {
		size := d.uvarint()
		if size > uint64(len(d.b)) {
			d.fail()
			return
		}
		d.reasons = append(d.reasons, reasonOf(d.take(int(size))))
	}
	d.numbers(d.n)
	if d.err != nil {
		return
	}
	for i, place := range d.n {
		if uint64(place) >= uint64(len(d.reasons)) {
			d.fail()
			return
		}
		v[i] = d.reasons[place]
	}
}

// reasonOf returns a reason without a copy of its text if it is known.
func reasonOf(b []byte) Reason {
	for i := range Reasons {
		if string(Reasons[i].Reason) == string(b) {
			return Reasons[i].Reason
		}
	}
	return Reason(b)
}
