package rating

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
)

// link leads from a list of rows to those of the next shorter prefix.
type link struct {
	digits, value uint32 // value none: there is none
}

// A list of rows in rates is the place of its pattern, the value of the next
// shorter prefix if there is one, the place of each row's cost or, if all are
// new and as long, these costs themselves, and the rows' names if they differ:
// else they have the prefix's, or the service's, which is kept with that. Its
// pattern is a head and the rows' conds.
const (
	patternRows   = 1<<22 - 1 // of the head: how many rows
	patternDigits = 22        // the shorter prefix has: 4 bits from here
	patternLinked = 1 << 26   // there is one
	patternNames  = 1 << 27   // each row has a name of its own
	patternWidth  = 28        // words of each cost in the list: 4 bits from here; 0: their places
	maxWidth      = 15
	maxInList     = 8 // rows with their costs
)

// newList is a list that may be stored, but for its pattern's place.
type newList struct {
	head    uint32 // of its pattern, without the width
	width   uint32 // words of each cost in it; 0: their places
	pattern []byte // head with the width, and conds
	front   []byte // behind the pattern's place: the link
	costs   []byte // those in it
	places  []uint32
	names   []byte
}

// addList stores the rows of a prefix, one list for all prefixes with the same,
// and returns its value.
func (w *writer) addList(b *builder, rows []place, shorter link) uint32 {
	le, l := binary.LittleEndian, &w.list
	*l = newList{head: uint32(len(rows)), pattern: l.pattern[:0], front: l.front[:0], costs: l.costs[:0], places: l.places[:0], names: l.names[:0]}
	if shorter.value != none {
		l.head |= patternLinked | shorter.digits<<patternDigits
		l.front = le.AppendUint32(l.front, shorter.value)
	}
	name := b.rows.at(rows[0].row).name
	if slices.ContainsFunc(rows, func(p place) bool { return b.rows.at(p.row).name != name }) {
		l.head |= patternNames
	}
	w.newCosts(b, rows)
	at := w.wordsEnd()
	l.pattern = le.AppendUint32(l.pattern, l.head|l.width<<patternWidth)
	for i, p := range rows {
		r := b.rows.at(p.row)
		l.pattern = le.AppendUint32(l.pattern, w.cond[r.cond])
		if l.head&patternNames != 0 {
			l.names = le.AppendUint32(l.names, r.name)
		}
		if l.width > 0 {
			l.places = append(l.places, at+1+uint32(len(l.front)/4)+l.width*uint32(i))
		}
	}
	// The same rows are the same list, whether their costs are in it or not. New
	// costs are in no list that there is.
	hash := l.hash()
	if l.width == 0 {
		if seen := w.lists.find(hash, w.isList); seen != none {
			return choiceValue | seen
		}
	}
	w.storeList()
	w.lists.add(hash, at)
	return choiceValue | at
}

// storeList stores the list at hand.
func (w *writer) storeList() {
	le, l := binary.LittleEndian, &w.list
	of, ok := w.seenPatterns[string(l.pattern)]
	if !ok {
		of = uint32(len(w.patterns) / 4)
		w.seenPatterns[string(l.pattern)] = of
		w.patterns = append(w.patterns, l.pattern...)
	}
	w.rates = append(le.AppendUint32(w.rates, of), l.front...)
	w.rates = append(w.rates, l.costs...)
	for i, place := range l.places {
		if l.width > 0 {
			w.costs.add(hashOf(l.cost(i)), place)
			continue
		}
		w.rates = le.AppendUint32(w.rates, place)
	}
	w.rates = append(w.rates, l.names...)
}

// newCosts puts the costs of the rows into the list at hand if none of them is
// stored and all have as many words; else it stores what is new of them.
func (w *writer) newCosts(b *builder, rows []place) {
	l := &w.list
	if w.areNew(b, rows) {
		return
	}
	l.width, l.costs = 0, l.costs[:0]
	for _, p := range rows {
		l.places = append(l.places, w.addCost(b, b.rows.at(p.row)))
	}
}

func (w *writer) areNew(b *builder, rows []place) bool {
	l := &w.list
	if len(rows) > maxInList {
		return false
	}
	for i, p := range rows {
		begin := len(l.costs)
		l.costs = w.appendCost(l.costs, b, b.rows.at(p.row))
		words := l.costs[begin:]
		n := uint32(len(words) / 4)
		if i == 0 {
			l.width = n
		}
		if n > maxWidth || n != l.width || w.findCost(words, hashOf(words)) != none {
			return false
		}
		for j := range i {
			if bytes.Equal(l.cost(j), words) {
				return false
			}
		}
	}
	return true
}

// cost returns the words of a cost in the list.
func (l *newList) cost(i int) []byte { return l.costs[4*int(l.width)*i:][:4*l.width] }

// hash is that of all but the width.
func (l *newList) hash() uint64 {
	hash := uint64(l.head) * odd
	for _, part := range [...][]byte{l.pattern[4:], l.front, l.names} {
		hash = hash*odd ^ hashOf(part)
	}
	for _, place := range l.places {
		hash = hash*odd ^ uint64(place)
	}
	return hash * odd
}

// isList reports whether the list that is stored at a place is the one at hand.
func (w *writer) isList(at uint32) bool {
	l := &w.list
	pattern := w.patterns[4*at32(w.rates, at):]
	head := at32(pattern, 0)
	if head&(1<<patternWidth-1) != l.head || !bytes.HasPrefix(pattern[4:], l.pattern[4:]) {
		return false
	}
	rest := w.rates[4*at+4:]
	if !bytes.HasPrefix(rest, l.front) {
		return false
	}
	rest = rest[len(l.front):]
	width := head >> patternWidth
	first := at + 1 + uint32(len(l.front)/4)
	for i, place := range l.places {
		have := first + width*uint32(i)
		if width == 0 {
			have = at32(rest, uint32(i))
		}
		if have != place {
			return false
		}
	}
	return bytes.HasPrefix(rest[4*len(l.places)*int(max(width, 1)):], l.names)
}

// odd mixes hashes.
const odd = 0x9E3779B97F4A7C15

// hashOf returns a hash of words.
func hashOf(words []byte) (hash uint64) {
	for ; len(words) >= 4; words = words[4:] {
		hash = (hash ^ uint64(at32(words, 0))) * odd
		hash ^= hash >> 32
	}
	return hash
}

// placeSet finds places in rates by hashes of what is there. What it keeps of a
// place has 8 bytes.
type placeSet struct {
	slots []uint64 // the upper half of the hash, and the place; emptySlot
	len   int
}

const emptySlot = math.MaxUint64

// find returns the place of a hash for which same holds; none: there is none.
func (s *placeSet) find(hash uint64, same func(at uint32) bool) uint32 {
	if len(s.slots) == 0 {
		return none
	}
	for i := s.first(hash); ; i = s.after(i) {
		slot := s.slots[i]
		if slot == emptySlot {
			return none
		}
		if slot>>32 == hash>>32 && same(uint32(slot)) {
			return uint32(slot)
		}
	}
}

// first is where the search for a hash begins, after where it goes on.
func (s *placeSet) first(hash uint64) int { return int(hash >> 32 * uint64(len(s.slots)) >> 32) }

func (s *placeSet) after(i int) int { return (i + 1) & (len(s.slots) - 1) }

// add adds a place that it does not have.
func (s *placeSet) add(hash uint64, at uint32) {
	if 4*(s.len+1) > 3*len(s.slots) {
		old := s.slots
		s.slots = slices.Repeat([]uint64{emptySlot}, max(16, 2*len(old)))
		for _, slot := range old {
			if slot != emptySlot {
				s.put(slot)
			}
		}
	}
	s.put(hash&^math.MaxUint32 | uint64(at))
	s.len++
}

func (s *placeSet) put(slot uint64) {
	i := s.first(slot)
	for s.slots[i] != emptySlot {
		i = s.after(i)
	}
	s.slots[i] = slot
}
