package prefix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Index is an open section. It is immutable and safe for concurrent use.
type Index struct {
	root, cells       []byte // words
	blocks, directory []byte
	entries           int
	top, limit        uint32 // the highest value, and what no Match reaches

	// The root takes the first digits of a head, that is head / scale. A
	// division by a variable is slow: it is a multiplication and a shift here.
	scale      uint32 // 10^(headDigits - digits of the root)
	span       uint32 // 10^(tailDigits - headDigits + digits of the root)
	reciprocal uint64
	shift      uint8
}

var errShort = errors.New("its parts are not as long as its header says")

// Open returns the index that a section holds. It keeps the section, which
// must not change afterwards, and copies nothing of it.
//
// It reads the header alone: whoever stores a section keeps its checksum, too.
// What else there is, is checked when it is read: no bytes that Open takes make a
// look-up panic, or give a value above Highest.
func Open(section []byte) (*Index, error) {
	x, err := open(section)
	if err != nil {
		return nil, fmt.Errorf("opening a prefix index: %w", err)
	}
	return x, nil
}

func open(section []byte) (*Index, error) {
	if len(section) < 4*headerWords {
		return nil, errShort
	}
	if word(section, 0) != magic {
		return nil, errors.New("it does not begin as one")
	}
	digits, entries, words, directory := word(section, 1), word(section, 2), word(section, 3), word(section, 4)
	x := &Index{entries: int(entries), top: word(section, 5)}
	if digits > headDigits || entries > MaxEntries || x.top > MaxValue {
		return nil, fmt.Errorf("%d digits in the root, %d entries, values to %d: out of range", digits, entries, x.top)
	}
	x.limit = (x.top + 1) << digitsBits
	rest := section[4*headerWords:]
	take := func(n uint64) []byte {
		if rest == nil || n > uint64(len(rest)) {
			rest = nil
			return nil
		}
		part := rest[:n:n]
		rest = rest[n:]
		return part
	}
	x.root = take(4 * pow10[digits])
	x.cells = take(4 * uint64(words))
	x.blocks = take(4 * uint64((entries+blockEntries-1)/blockEntries))
	x.directory = take(uint64(directory))
	if rest == nil || len(rest) > 0 {
		return nil, errShort
	}
	x.scale, x.span = uint32(pow10[headDigits-digits]), uint32(pow10[tailDigits-headDigits+digits])
	// With shift = 30 + the bits of scale-1, (n * ceil(2^shift / scale)) >> shift
	// is n / scale for all n < 2^30, which heads and tails are: the error of the
	// reciprocal is less than scale / 2^shift, too little to reach the next one.
	x.shift = uint8(30 + bits.Len32(x.scale-1))
	x.reciprocal = (1<<x.shift + uint64(x.scale) - 1) / uint64(x.scale)
	return x, nil
}

// check fails unless the cells follow each other in the order of the root, and
// each has ascending starts and as many Matches as it says.
func (x *Index) check() error {
	cells, next := x.cells, uint32(cellTag) // the cell at hand, and what its slot has
	var deep [block]uint8                   // slots with a cell: nobody can foretell which
	for from := 0; 4*from < len(x.root); from += block {
		slots, n := x.root[4*from:min(4*(from+block), len(x.root))], 0
		if len(slots) == 4 { // the only one
			n = int(word(slots, 0) >> 31)
		}
		for i := 0; len(slots) >= 8; i, slots = i+2, slots[8:] {
			two := binary.LittleEndian.Uint64(slots)
			deep[n&(block-1)] = uint8(i)
			n += int(two >> 31 & 1)
			deep[n&(block-1)] = uint8(i + 1)
			n += int(two >> 63)
		}
		for _, i := range deep[:n] {
			slot := from + int(i)
			if word(x.root, slot) != next {
				return fmt.Errorf("slot %d of the root: its cell is not where the one before it ends", slot)
			}
			size, ok := checkCell(cells, uint64(x.scale)*tailSpan)
			if !ok {
				return fmt.Errorf("slot %d of the root: %w", slot, errCell)
			}
			cells = cells[4*size:]
			next += uint32(size)
		}
	}
	if len(cells) > 0 {
		return errors.New("cells that no slot of the root names")
	}
	return nil
}

func word(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }

// Len returns how many entries the index holds.
func (x *Index) Len() int { return x.entries }

// Highest returns a value that no look-up's and no entry's is above: the
// highest one of those that Build was given, 0 for none.
func (x *Index) Highest() uint32 { return x.top }

// Lookup returns the longest prefix that the number begins with.
func (x *Index) Lookup(k Key) Match {
	m := x.padded(k)
	if x.holds(k, m) {
		return m
	}
	return x.exact(k)
}

// padded returns the longest match of the number with zeros after it, which
// is the number's own unless the match is longer than the number is. In a
// damaged section it may be no Match at all.
func (x *Index) padded(k Key) Match {
	slot := x.slot(k)
	if slot >= len(x.root)/4 {
		return 0
	}
	w := word(x.root, slot)
	if w&cellTag == 0 {
		return Match(w)
	}
	cell := int(w &^ cellTag)
	return x.matchAt(x.findInCell(cell, x.cellWord(cell), k))
}

// cellWord returns a word of the cells; 0 where there is none.
func (x *Index) cellWord(i int) uint32 {
	if uint(i) < uint(len(x.cells)/4) {
		return word(x.cells, i)
	}
	return 0
}

// matchAt returns the word of a Match in a cell.
func (x *Index) matchAt(i int) Match { return Match(x.cellWord(i)) }

// holds reports whether a word found for a number's padded digits is the Match of
// a prefix that is not longer than the number, or none.
func (x *Index) holds(k Key, m Match) bool {
	// Less one, the digits plus one are the digits, and a 0 there is 31. A word
	// that is 0 is above the limit then.
	less := uint32(m) - 1
	return less < x.limit && less&digitsMask <= min(uint32(k.Digits), MaxDigits) || m == 0
}

// slot returns the first digits of a number, as many as the root has.
func (x *Index) slot(k Key) int { return int(uint64(k.Head) * x.reciprocal >> (x.shift & 63)) }

// rest returns the 9 digits after the root's.
func (x *Index) rest(k Key, slot int) uint32 {
	high := k.Head - uint32(slot)*x.scale
	return high*x.span + uint32(uint64(k.Tail)*x.reciprocal>>(x.shift&63))
}

// below returns all digits after the root's, of 15.
func (x *Index) below(k Key, slot int) uint64 {
	return uint64(k.Head-uint32(slot)*x.scale)*tailSpan + uint64(k.Tail)
}

// block is how many look-ups go through a stage before the next one begins:
// enough to keep every miss that a core can have in flight, few enough to
// stay in its first cache.
const block = 256

// LookupAll sets out[i] to the longest match of keys[i], as Lookup does, at a
// fraction of its cost for an index that is larger than the caches. out must
// be as long as keys or longer.
func (x *Index) LookupAll(keys []Key, out []Match) {
	out = out[:len(keys)]
	for len(keys) > 0 {
		n := min(len(keys), block)
		x.lookupBlock(keys[:n], out[:n])
		keys, out = keys[n:], out[n:]
	}
}

// lookupBlock takes one step of all look-ups before the next step of any: the
// loads of a step do not wait for each other.
func (x *Index) lookupBlock(keys []Key, out []Match) {
	out = out[:len(keys)]
	for i, k := range keys {
		w := uint32(0)
		if slot := x.slot(k); slot < len(x.root)/4 {
			w = word(x.root, slot)
		}
		out[i] = Match(w)
	}
	var (
		deep  [block]uint8 // those that go on to a cell
		first [block]uint32
		found [block]uint32
	)
	n := 0
	for i, w := range out {
		deep[n&(block-1)] = uint8(i)
		n += int(w >> 31)
	}
	for j, i := range deep[:n] {
		first[j] = x.cellWord(int(out[i] &^ cellTag))
	}
	for j, i := range deep[:n] {
		cell, first, k := int(out[i]&^cellTag), first[j], keys[i]
		groups := groupsOf(first)
		if first&wideTag != 0 || !x.hasGroups(cell, groups) {
			found[j] = uint32(x.findInCell(cell, first, k))
			continue
		}
		rest := min(x.rest(k, x.slot(k))/narrowUnit, narrowSpan-1)
		found[j] = uint32(cell + 2*groups + findNarrow(x.cells[4*cell:4*cell+8*groups], rest))
	}
	for j, i := range deep[:n] {
		out[i] = x.matchAt(int(found[j]))
	}
	for i, m := range out {
		if !x.holds(keys[i], m) {
			out[i] = x.exact(keys[i])
		}
	}
}

// exact returns the longest match of a number that is shorter than the match
// of its padded digits. It reads the directory; where that is damaged, nothing
// matches.
func (x *Index) exact(k Key) Match {
	number := k.code()
	for {
		_, c, ok := x.seek(number)
		if !ok {
			return 0
		}
		// The last entry up to the number is its longest prefix, or shares
		// fewer digits with it than any prefix may have that is still to find.
		same := number.common(c.code)
		if same == c.code.Digits() {
			value, ok := x.value(c)
			if !ok {
				return 0
			}
			return newMatch(value, same)
		}
		number = number.cut(same)
	}
}
