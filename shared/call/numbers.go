package call

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// A column of numbers is a byte and what it says follows. The low half:
//
//	0  every number is 0
//	1  they are the same: a varint
//	2  the least as a varint, a width, then what each is above it in so many bits
//	3  the first, the least step and a width, then what each step is above it
//	4  the least as a varint, then what each is above it as a uvarint
//
// The high half is how often all were divided by 1000, 0 to 3: times that are
// whole seconds need no nanoseconds. Numbers without a sign are stored as if
// they had one: all sums wrap around, and back. Bits are packed from the lowest
// of the first byte on; no width is above 56 but 64.
const (
	numbersZero = iota
	numbersSame
	numbersPacked
	numbersSteps
	numbersVaried
)

// maxThousands is how often numbers are divided by 1000 at most.
const maxThousands = 3

// slack is how many bytes are behind a block's columns, so that eight bytes
// can be read from anywhere in them.
const slack = 8

// manner says what to try for a column of numbers.
type manner uint8

const (
	asTimes manner = 1 << iota // whole seconds, as a rule
	asSteps                    // in order, as a rule
)

// appendNumbers appends a column. It changes v when they are times.
func appendNumbers(dst []byte, v []int64, how manner) []byte {
	if len(v) == 0 {
		return append(dst, numbersZero)
	}
	if isSame(v) {
		return appendSame(dst, v[0])
	}
	kind := byte(0)
	if how&asTimes != 0 {
		kind = divide(v) << 4
	}
	least, most := v[0], v[0]
	for _, n := range v {
		least, most = min(least, n), max(most, n)
	}
	width := widthOf(uint64(most - least))
	if how&asSteps != 0 {
		if least1, most1 := steps(v); widthOf(uint64(most1-least1)) < width {
			width = widthOf(uint64(most1 - least1))
			dst = binary.AppendVarint(append(dst, kind|numbersSteps), v[0])
			dst = append(binary.AppendVarint(dst, least1), byte(width))
			return packSteps(dst, v, least1, width)
		}
	}
	// Numbers of which a few are large are shorter each in as many bytes as it needs.
	if width > 8 && varied(v, least) < packedSize(len(v), width) {
		dst = binary.AppendVarint(append(dst, kind|numbersVaried), least)
		for _, n := range v {
			dst = binary.AppendUvarint(dst, uint64(n-least))
		}
		return dst
	}
	dst = append(binary.AppendVarint(append(dst, kind|numbersPacked), least), byte(width))
	return pack(dst, v, least, width)
}

func isSame[T comparable](v []T) bool {
	for _, n := range v {
		if n != v[0] {
			return false
		}
	}
	return true
}

// appendSame appends a column of one number.
func appendSame(dst []byte, n int64) []byte {
	if n == 0 {
		return append(dst, numbersZero)
	}
	return binary.AppendVarint(append(dst, numbersSame), n)
}

// steps returns the least and the most of the steps between numbers. Steps may
// wrap around, and do so again when they are added.
func steps(v []int64) (least, most int64) {
	least, most = math.MaxInt64, math.MinInt64
	last := v[0]
	for _, n := range v[1:] {
		least, most = min(least, n-last), max(most, n-last)
		last = n
	}
	return least, most
}

var powers = [maxThousands + 1]int64{1, 1e3, 1e6, 1e9}

// divide divides all of v by 1000 as often as all can be, and says how often.
// Division by a constant is a multiplication: hence one loop for each.
func divide(v []int64) byte {
	i := 0
	for i < len(v) && v[i]%1e9 == 0 {
		i++
	}
	if i == len(v) {
		for i := range v {
			v[i] /= 1e9
		}
		return 3
	}
	i = 0
	for i < len(v) && v[i]%1e6 == 0 {
		i++
	}
	if i == len(v) {
		for i := range v {
			v[i] /= 1e6
		}
		return 2
	}
	for _, n := range v {
		if n%1e3 != 0 {
			return 0
		}
	}
	for i := range v {
		v[i] /= 1e3
	}
	return 1
}

// widthOf returns the bits that n needs, or 64 where that is more than 56.
func widthOf(n uint64) int {
	if w := bits.Len64(n); w <= 56 {
		return w
	}
	return 64
}

// varied returns the bytes that v takes as uvarints above the least.
func varied(v []int64, least int64) (size int) {
	for _, n := range v {
		size += (bits.Len64(uint64(n-least)|1) + 6) / 7
	}
	return size
}

// pack appends what each of v is above base, in width bits.
func pack(dst []byte, v []int64, base int64, width int) []byte {
	dst, p := packRoom(dst, len(v), width)
	if width == 64 {
		for i, n := range v {
			binary.LittleEndian.PutUint64(p[8*i:], uint64(n-base))
		}
		return dst
	}
	to := packer{p: p}
	// Several numbers go in at once where they fit.
	if width <= 14 {
		for ; len(v) >= 4; v = v[4:] {
			to.put(uint64(v[0]-base)|uint64(v[1]-base)<<width|uint64(v[2]-base)<<(2*width)|uint64(v[3]-base)<<(3*width), 4*width)
		}
	}
	if width <= 28 {
		for ; len(v) >= 2; v = v[2:] {
			to.put(uint64(v[0]-base)|uint64(v[1]-base)<<width, 2*width)
		}
	}
	for _, x := range v {
		to.put(uint64(x-base), width)
	}
	return dst
}

// packer puts bits behind one another.
type packer struct {
	p    []byte
	at   int
	held uint64 // bits not yet whole bytes
	n    int    // of them, below 8
}

// put appends the lowest bits of x, of which the others are zero; 0 to 56 of them.
func (to *packer) put(x uint64, width int) {
	to.held |= x << to.n
	to.n += width
	binary.LittleEndian.PutUint64(to.p[to.at:], to.held)
	to.at += to.n >> 3
	to.held >>= to.n &^ 7
	to.n &= 7
}

// packSteps is pack for the step of each of v but the first.
func packSteps(dst []byte, v []int64, base int64, width int) []byte {
	dst, p := packRoom(dst, len(v)-1, width)
	to, last := packer{p: p}, v[0]
	for _, x := range v[1:] {
		to.put(uint64(x-last-base), width) // width is below 64: v itself needs more bits
		last = x
	}
	return dst
}

// packRoom makes dst longer by what n numbers take, and returns that part with
// slack behind it.
func packRoom(dst []byte, n, width int) (all, room []byte) {
	size, from := packedSize(n, width), len(dst)
	dst = slices.Grow(dst, size+slack)
	return dst[:from+size], dst[from : from+size+slack]
}

func packedSize(n, width int) int { return (n*width + 7) / 8 }

// numbers reads a column into v.
func (d *columnReader) numbers(v []int64) {
	head := d.byte()
	thousands := head >> 4
	if thousands > maxThousands {
		d.fail()
	}
	switch head & 15 {
	case numbersZero:
		clear(v)
	case numbersSame:
		fill(v, d.varint())
	case numbersPacked:
		base := d.varint()
		d.packed(v, base)
	case numbersSteps:
		if first := d.varint(); len(v) > 0 {
			least := d.varint()
			v[0] = first
			d.packed(v[1:], least)
			if d.err == nil {
				for i := 1; i < len(v); i++ {
					v[i] += v[i-1]
				}
			}
		}
	case numbersVaried:
		base := d.varint()
		for i := range v {
			v[i] = base + int64(d.uvarint())
		}
	default:
		d.fail()
	}
	if thousands > 0 && d.err == nil {
		by := powers[thousands]
		for i := range v {
			v[i] *= by
		}
	}
}

func fill[T any](v []T, n T) {
	for i := range v {
		v[i] = n
	}
}

// packed reads a width, then so many bits for each of v, above base.
func (d *columnReader) packed(v []int64, base int64) {
	width := int(d.byte())
	if d.err != nil || width > 56 && width != 64 {
		d.fail()
		return
	}
	p := d.take(packedSize(len(v), width))
	if d.err != nil {
		return
	}
	p = p[:len(p)+slack] // take leaves as much
	if width == 64 {
		for i := range v {
			v[i] = base + int64(binary.LittleEndian.Uint64(p[8*i:]))
		}
		return
	}
	mask, at := uint64(1)<<width-1, 0
	for i := range v {
		v[i] = base + int64(binary.LittleEndian.Uint64(p[at>>3:])>>(at&7)&mask)
		at += width
	}
}
