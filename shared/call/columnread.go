package call

import (
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/money"
)

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
	in := columnReader{ColumnDecoder: d, decoder: decoder{b: payload[:len(payload)-slack]}}
	rows.resize(n)
	c := &rows.Columns
	for _, s := range c.texts() {
		in.texts(c, *s)
	}
	in.numbers(c.Instant)
	in.numbers(c.Nanos)
	narrowed(&in, c.Decimals)
	narrowed(&in, c.Kind)
	narrowed(&in, c.Units)
	narrowed(&in, c.Direction)
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
	if in.err != nil {
		return h, fmt.Errorf("%w: a column is not one", ErrBlock)
	}
	return h, nil
}

// columnReader reads columns one after the other and keeps the first error.
// Behind b, its slice has slack bytes more.
type columnReader struct {
	*ColumnDecoder
	decoder
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
