package prefix

import (
	"encoding/binary"
	"errors"
)

// A cell is the intervals of one slot of the root: of the 9 digits after the
// root's, the first interval begins at 0, each further one at its start, and
// each has a Match. There are two forms, told apart by the top bit of their
// first word:
//
// A narrow one has starts that are 4 digits and zeros, and keeps the 4 digits.
// It begins with 16-bit lanes: the number of intervals, the starts in
// ascending order, and up to three pads that fill up groups of four lanes,
// which are compared at once. The Matches follow.
//
// A wide one is the number of intervals, with the top bit set, the starts in
// ascending order and the Matches, a word each.
const (
	wideTag     = 1 << 31
	narrowUnit  = 100_000 // what a start of a narrow cell counts
	narrowSpan  = tailSpan / narrowUnit
	lanes       = 4
	laneBits    = 16
	eachLane    = 0x0001000100010001
	laneTops    = 0x8000 * eachLane
	pads        = 0x7FFF_7FFE_7FFD_7FFC // above every start, and ascending
	cellMinimum = 2                     // intervals; a slot with one is in the root
)

// appendCell appends the cell with these starts, and values from zero on.
func appendCell(b []byte, starts []uint32, values []Match) []byte {
	narrow := true
	for _, s := range starts {
		narrow = narrow && s%narrowUnit == 0
	}
	n := len(values)
	if narrow {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
		for _, s := range starts {
			b = binary.LittleEndian.AppendUint16(b, uint16(s/narrowUnit))
		}
		for lane := n; lane%lanes > 0; lane++ {
			b = binary.LittleEndian.AppendUint16(b, uint16(uint64(pads)>>(laneBits*(lane%lanes))))
		}
	} else {
		b = binary.LittleEndian.AppendUint32(b, wideTag|uint32(n))
		for _, s := range starts {
			b = binary.LittleEndian.AppendUint32(b, s)
		}
	}
	for _, m := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(m))
	}
	return b
}

// findInCell returns the word of the Match that holds for the 9 digits after
// the root's, in the cell that begins at a word of cells with these 4 bytes.
// The cell must have passed checkCell.
func findInCell(cells []byte, cell int, first, rest uint32) int {
	if first&wideTag != 0 {
		return findWide(cells, cell, int(first&^wideTag), rest)
	}
	groups := int(first&0xFFFF+lanes-1) / lanes
	rest = min(rest/narrowUnit, narrowSpan-1)
	group := 0
	for n := groups; n > 1; {
		half := n >> 1
		start := binary.LittleEndian.Uint16(cells[4*cell+8*(group+half):])
		group += half &^ int((int64(rest)-int64(start))>>63) // as in findWide
		n -= half
	}
	// A lane keeps its top bit when the digits are not less than its start.
	// Nothing is borrowed from a neighbour: starts and pads have 15 bits. The
	// group's first lane is reached: it was looked at, or is the number of
	// intervals, in the place of the start 0.
	starts := binary.LittleEndian.Uint64(cells[4*cell+8*group:]) &^ (1<<laneBits - 1)
	reached := ((uint64(rest)*eachLane | laneTops) - starts) & laneTops >> (laneBits - 1)
	return cell + 2*groups + lanes*group + int(reached*eachLane>>(3*laneBits)) - 1
}

// findWide is findInCell for a wide cell of n intervals.
func findWide(cells []byte, cell, n int, rest uint32) int {
	values := cell + n
	base := cell
	for n > 1 {
		half := n >> 1
		start := binary.LittleEndian.Uint32(cells[4*(base+half):])
		// Adds half if start <= rest. Which way it goes cannot be foretold, so
		// a jump would cost more than the step.
		base += half &^ int((int64(rest)-int64(start))>>63)
		n -= half
	}
	return values + base - cell
}

var errCell = errors.New("a cell that is not as Build writes it")

// checkCell returns the words of the cell with which cells begin, and where
// its Matches begin; false: errCell. The Matches it does not
// look at.
func checkCell(cells []byte) (values, size int, ok bool) {
	if len(cells) < 8 {
		return 0, 0, false
	}
	first := word(cells, 0)
	if first&wideTag != 0 {
		n := int(first &^ wideTag)
		if n < cellMinimum || n > len(cells)/8 {
			return 0, 0, false
		}
		before := uint32(0)
		for starts := cells[4 : 4*n]; len(starts) >= 4; starts = starts[4:] {
			start := binary.LittleEndian.Uint32(starts)
			if start <= before || start >= tailSpan {
				return 0, 0, false
			}
			before = start
		}
		return n, 2 * n, true
	}
	n := int(first & 0xFFFF)
	groups := (n + lanes - 1) / lanes
	if n < cellMinimum || n > narrowSpan || 2*groups+n > len(cells)/4 {
		return 0, 0, false
	}
	// Each lane must be above the one before it; the first one is as 0 here.
	var broken, group, before uint64
	for i := range groups {
		group = binary.LittleEndian.Uint64(cells[8*i:])
		if i == 0 {
			group &^= 0xFFFF
			before = group << laneBits
			broken = ^(group | laneTops - before - eachLane&^0xFFFF)
		} else {
			broken |= ^(group | laneTops - (group<<laneBits | before>>(3*laneBits)) - eachLane)
		}
		broken |= group
		before = group
	}
	if used := n % lanes; used > 0 && group>>(laneBits*used) != uint64(pads)>>(laneBits*used) {
		return 0, 0, false
	}
	if broken&laneTops != 0 {
		return 0, 0, false
	}
	return 2 * groups, 2*groups + n, true
}
