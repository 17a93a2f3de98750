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
//	texts    feed, call id, leg, account, a number, b number, a raw, b raw,
//	         lrn, caller's lrn, service, tag, trunk, account as read
//	numbers  instant, nanos, decimals, kind, units, direction, version, flags,
//	         line, status, image, prefix, billed, batch, covered
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
		dst = e.texts(dst, c, *s, k == 0 || k == 2 || k == 3 || k >= 10)
	}
	dst = appendNumbers(dst, e.copied(c.Instant), asTimes|asSteps)
	dst = appendNumbers(dst, e.copied(c.Nanos), asTimes)
	dst = appendWidened(e, dst, c.Decimals)
	dst = appendWidened(e, dst, c.Kind)
	dst = appendWidened(e, dst, c.Units)
	dst = appendWidened(e, dst, c.Direction)
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
