// Package prefix is the compiled longest-prefix index: digits to a value.
//
// Build makes an immutable run of bytes, a section, that holds no addresses.
// Open reads it where it lies, so a card of a million prefixes is ready as
// soon as its bytes are. A look-up is one load from a table of the first
// digits and, where prefixes go deeper, one binary search; look-ups in blocks
// let the cache misses of many numbers overlap.
//
// A section, little-endian:
//
//	header     magic, digits of the root, entries, words of the cells,
//	           bytes of the directory, highest value: 6 x uint32
//	root       one word for each value of the first 0..6 digits: a Match, or
//	           1<<31 + the word of the cells at which its cell begins
//	cells      for each slot of the root that needs one, in the root's order:
//	           its intervals of the digits after the root's, and their Matches
//	blocks     where each block of 64 entries begins in the directory
//	directory  the entries in ascending order, in nibbles
//
// The root and the cells hold the longest match of every number that is as
// long as that match; the directory holds the entries as they were given.
package prefix

// Limits of an index. ITU-T E.164 gives a number at most 15 digits, so no
// prefix has more.
const (
	MaxDigits  = 15
	MaxValue   = 1<<26 - 1
	MaxEntries = 4_000_000
)

// Entry is one prefix and what it stands for.
type Entry struct {
	Prefix string // 0..MaxDigits digits; empty matches every number
	Value  uint32 // 0..MaxValue: what a look-up gives
	Note   uint32 // not used by look-ups
}

// Match is what a look-up found; zero is nothing. Matches are equal when their
// values and the lengths of their prefixes are.
type Match uint32

// A match is its value, and the digits of its prefix plus one, which keeps
// zero free. The top bit is always clear: the root uses it to mark a cell.
const (
	digitsBits = 5
	digitsMask = 1<<digitsBits - 1
)

func newMatch(value uint32, digits int) Match {
	return Match(value<<digitsBits | uint32(digits+1))
}

// OK reports whether a prefix matched.
func (m Match) OK() bool { return m != 0 }

// Value returns the value of the longest matching prefix, 0 if there is none.
func (m Match) Value() uint32 { return uint32(m) >> digitsBits }

// Digits returns how many digits the longest matching prefix has, 0..MaxDigits;
// -1 if there is none.
func (m Match) Digits() int { return int(m&digitsMask) - 1 }
