package prefix

import (
	"encoding/binary"
	"errors"
	"sort"
)

// A cell is the intervals of one slot of the root: of the 9 digits after the
// root's, the first interval begins at 0, each further one at its start, and
// each has a Match. There are three forms, told apart by the top bits of their
// first word:
//
// A narrow one has starts that are 4 digits and zeros, and keeps the 4 digits.
// It begins with 16-bit lanes: the number of intervals, the starts in
// ascending order, and up to three pads that fill up groups of four lanes,
// which are compared at once. The Matches follow.
//
// A wide one is the number of intervals, with the top bit set, the starts in
// ascending order and the Matches, a word each.
//
// A deep one has both top bits set, and starts that are all digits after the
// root's, 15 with them, in two words each: some prefix has more than the 9.
const (
	wideTag     = 1 << 31
	deepTag     = 1<<31 | 1<<30
	narrowUnit  = 100_000 // what a start of a narrow cell counts
	narrowSpan  = tailSpan / narrowUnit
	lanes       = 4
	laneBits    = 16
	eachLane    = 0x0001000100010001
	laneTops    = 0x8000 * eachLane
	pads        = 0x7FFF_7FFE_7FFD_7FFC // above every start, and ascending
	cellMinimum = 2                     // intervals; a slot with one is in the root
)

// appendCell appends the cell with these starts, of numbers of 15 digits of
// which so many are a unit of the 9 digits, and values from zero on.
func appendCell(b []byte, starts []uint64, unit uint64, values []Match) []byte {
	narrow, wide := true, true
	for _, s := range starts {
		narrow, wide = narrow && s%(narrowUnit*unit) == 0, wide && s%unit == 0
	}
	n := len(values)
	switch {
	case narrow:
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
		for _, s := range starts {
			b = binary.LittleEndian.AppendUint16(b, uint16(s/unit/narrowUnit))
		}
		for lane := n; lane%lanes > 0; lane++ {
			b = binary.LittleEndian.AppendUint16(b, uint16(uint64(pads)>>(laneBits*(lane%lanes))))
		}
	case wide:
		b = binary.LittleEndian.AppendUint32(b, wideTag|uint32(n))
		for _, s := range starts {
			b = binary.LittleEndian.AppendUint32(b, uint32(s/unit))
		}
	default:
		b = binary.LittleEndian.AppendUint32(b, deepTag|uint32(n))
		for _, s := range starts {
			b = binary.LittleEndian.AppendUint64(b, s)
		}
	}
	for _, m := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(m))
	}
	return b
}

// findInCell returns the word of the Match that holds for the digits of a key
// after the root's, in the cell that begins at a word of cells with these 4
// bytes. Of a damaged section it may be any word, or none.
func (x *Index) findInCell(cell int, first uint32, k Key) int {
	cells, slot := x.cells, x.slot(k)
	rest := x.rest(k, slot)
	switch {
	case first&deepTag == deepTag:
		return findDeep(cells, cell, int(first&^deepTag), x.below(k, slot))
	case first&wideTag != 0:
		return findWide(cells, cell, int(first&^wideTag), rest)
	}
	groups := groupsOf(first)
	if !x.hasGroups(cell, groups) {
		return noWord
	}
	rest = min(rest/narrowUnit, narrowSpan-1)
	return cell + 2*groups + findNarrow(cells[4*cell:4*cell+8*groups], rest)
}

// noWord is not in any section: headers count words in 32 bits.
const noWord = 1<<32 - 1

// hasGroups reports whether so many groups of lanes, one or more, lie behind a
// word of the cells.
func (x *Index) hasGroups(cell, groups int) bool {
	return uint(8*groups-1) < uint(len(x.cells)-4*cell)
}

// groupsOf returns how many groups of lanes a narrow cell has, by its first word.
func groupsOf(first uint32) int { return int(first&0xFFFF+lanes-1) / lanes }

// findNarrow returns the last lane of the groups of a narrow cell that does not
// begin above the digits in units of narrowUnit. It stays a call: there its few
// variables have registers.
//
//go:noinline
func findNarrow(groups []byte, rest uint32) (lane int) {
	// Three steps do for 8 groups, which nearly all cells have or fewer. Those
	// that are not needed change nothing, and cost less than to guess how many are.
	group, n := halve(groups, 0, len(groups)/8, rest)
	group, n = halve(groups, group, n, rest)
	group, n = halve(groups, group, n, rest)
	for n > 1 {
		group, n = halve(groups, group, n, rest)
	}
	// A lane keeps its top bit when the digits are not less than its start.
	// Nothing is borrowed from a neighbour: starts and pads have 15 bits. The
	// group's first lane is reached: it was looked at, or is the number of
	// intervals, in the place of the start 0.
	starts := binary.LittleEndian.Uint64(groups[8*group:8*group+8:8*group+8]) &^ (1<<laneBits - 1)
	reached := ((uint64(rest)*eachLane | laneTops) - starts) & laneTops >> (laneBits - 1)
	return lanes*group + int(reached*eachLane>>(3*laneBits)) - 1
}

// halve returns the half of n groups from one on that has the last which does not
// begin above the digits.
func halve(groups []byte, group, n int, rest uint32) (int, int) {
	half := n >> 1
	at := 8 * (group + half)
	start := binary.LittleEndian.Uint16(groups[at : at+2 : at+2])
	return group + half&^int((int64(rest)-int64(start))>>63), n - half // as in findWide
}

// findWide is findInCell for the 9 digits in a wide cell of n intervals.
func findWide(cells []byte, cell, n int, rest uint32) int {
	if n < cellMinimum || n > (len(cells)-4*cell)/8 {
		return noWord
	}
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

// findDeep is findInCell for all the digits in a deep cell of n intervals.
func findDeep(cells []byte, cell, n int, below uint64) int {
	if n < cellMinimum || 12*n-4 > len(cells)-4*cell {
		return noWord
	}
	starts := cells[4*cell+4:]
	interval := sort.Search(n-1, func(i int) bool { return binary.LittleEndian.Uint64(starts[8*i:]) > below })
	return cell + 2*n - 1 + interval
}

var errCell = errors.New("a cell that is not as Build writes it")

// checkCell returns how many words the cell has with which cells begin; false:
// errCell. The Matches it does not look at. The slot has width numbers of 15
// digits.
func checkCell(cells []byte, width uint64) (size int, ok bool) {
	if len(cells) < 8 {
		return 0, false
	}
	first := word(cells, 0)
	if first&wideTag == 0 {
		n := int(first & 0xFFFF)
		groups := (n + lanes - 1) / lanes
		size = 2*groups + n
		return size, n >= cellMinimum && n <= narrowSpan && size <= len(cells)/4 && areStarts(cells[:8*groups], n)
	}
	if first&deepTag == deepTag {
		n := int(first &^ deepTag)
		if n < cellMinimum || 12*n-4 > len(cells) {
			return 0, false
		}
		before := uint64(0)
		for starts := cells[4 : 8*n-4]; len(starts) >= 8; starts = starts[8:] {
			start := binary.LittleEndian.Uint64(starts)
			if start <= before || start >= width {
				return 0, false
			}
			before = start
		}
		return 3*n - 1, true
	}
	n := int(first &^ wideTag)
	if n < cellMinimum || n > len(cells)/8 {
		return 0, false
	}
	before := uint32(0)
	for starts := cells[4 : 4*n]; len(starts) >= 4; starts = starts[4:] {
		start := binary.LittleEndian.Uint32(starts)
		if start <= before || start >= tailSpan {
			return 0, false
		}
		before = start
	}
	return 2 * n, true
}

// areStarts reports whether the groups of a narrow cell of n intervals have
// ascending starts, and pads behind them.
func areStarts(groups []byte, n int) bool {
	// Each lane must be above the one before it, but for the first: it has the
	// number of intervals in the place of the start 0.
	var wrong, group uint64
	for first := uint64(1<<laneBits - 1); len(groups) >= 8; groups = groups[8:] {
		before := group >> (3 * laneBits)
		group = binary.LittleEndian.Uint64(groups) &^ first
		above := (group | laneTops) - (group<<laneBits | before) - eachLane
		wrong |= group | ^(above | first)
		first = 0
	}
	return wrong&laneTops|(group^pads)&padLanes[n%lanes] == 0
}

// padLanes are the lanes of a last group that are pads, by those that are not.
var padLanes = [lanes]uint64{1: 1<<64 - 1<<16, 2: 1<<64 - 1<<32, 3: 1<<64 - 1<<48}
