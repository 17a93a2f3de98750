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
	top               uint32

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
// It fails unless everything that look-ups read is as Build writes it: no
// bytes that it takes make a look-up panic, or give a value above Highest. The
// directory is checked when it is read.
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
	if err := x.check(); err != nil {
		return nil, err
	}
	return x, nil
}

// check reads the root and the cells, which follow each other in its order.
func (x *Index) check() error {
	var seen matches
	cells, root := x.cells, x.root
	next := uint32(cellTag) // what a slot with the cell at hand has
	for i := 0; len(root) >= 4; i, root = i+1, root[4:] {
		w := binary.LittleEndian.Uint32(root)
		if w&cellTag == 0 {
			seen = seen.with(w)
			continue
		}
		if w != next {
			return fmt.Errorf("slot %d of the root: its cell is not where the one before it ends", i)
		}
		values, size, ok := checkCell(cells, uint64(x.scale)*tailSpan)
		if !ok {
			return fmt.Errorf("slot %d of the root: %w", i, errCell)
		}
		seen = seen.withAll(cells[4*values : 4*size])
		cells = cells[4*size:]
		next += uint32(size)
	}
	if len(cells) > 0 {
		return errors.New("cells that no slot of the root names")
	}
	return seen.check(x.top)
}

// matches gathers what is wrong with words that should be matches, without a
// jump for each. It is passed by value: in registers, a word takes a third of
// the time that it takes in memory.
type matches struct{ wrong, highest uint32 }

func (s matches) with(w uint32) matches {
	// The digits plus one, less one, are below 16; or all is zero, and less one
	// all ones. What else begins with ones is above the highest.
	return matches{s.wrong | (w-1)&^((w-1)>>27), max(s.highest, w)}
}

// withAll is with for words, two at a time.
func (s matches) withAll(words []byte) matches {
	for ; len(words) >= 8; words = words[8:] {
		two := binary.LittleEndian.Uint64(words)
		s = s.with(uint32(two)).with(uint32(two >> 32))
	}
	if len(words) >= 4 {
		s = s.with(binary.LittleEndian.Uint32(words))
	}
	return s
}

func (s matches) check(top uint32) error {
	if s.wrong&16 != 0 || s.highest > top<<digitsBits|digitsMask {
		return errors.New("it holds what is not a match")
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
	if tooShort(k, m) {
		return x.exact(k)
	}
	return m
}

// padded returns the longest match of the number with zeros after it, which
// is the number's own unless the match is longer than the number is.
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
	return Match(word(x.cells, x.findInCell(cell, word(x.cells, cell), k)))
}

func tooShort(k Key, m Match) bool { return uint32(m&digitsMask) > uint32(k.Digits)+1 }

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
		first[j] = word(x.cells, int(out[i]&^cellTag))
	}
	for j, i := range deep[:n] {
		found[j] = uint32(x.findInCell(int(out[i]&^cellTag), first[j], keys[i]))
	}
	for j, i := range deep[:n] {
		out[i] = Match(word(x.cells, int(found[j])))
	}
	for i, m := range out {
		if tooShort(keys[i], m) {
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
		if same == c.code.digits() {
			value, ok := x.value(c)
			if !ok {
				return 0
			}
			return newMatch(value, same)
		}
		number = number.cut(same)
	}
}
