package prefix

import (
	"encoding/binary"
	"fmt"
)

const (
	magic       = 'P' | 'F'<<8 | 'X'<<16 | '1'<<24
	headerWords = 6
	cellTag     = 1 << 31
	numberSpan  = headSpan * tailSpan // numbers of 15 digits
)

var pow10 = [MaxDigits + 1]uint64{1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
	10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000}

// Build returns the section of an index over entries. Their order does not
// matter: the same entries give the same bytes, or the same error. It reads
// entries only while it runs and does not change them.
//
// It fails when a prefix is not 0..MaxDigits digits or occurs twice, when a
// value is above MaxValue (the error names the lowest such prefix, in that
// order of kinds), or when there are more than MaxEntries.
func Build(entries []Entry) ([]byte, error) {
	items, err := itemsOf(entries)
	if err != nil {
		return nil, err
	}
	return BuildItems(items)
}

// BuildItems is Build for entries whose codes are known, in a third of its
// memory. It may overwrite items, and is quickest where they ascend by their
// codes.
func BuildItems(items []Item) ([]byte, error) {
	items, err := checked(items)
	if err != nil {
		return nil, err
	}
	section := build(items, rootDigits(items))
	x, err := Open(section)
	if err != nil {
		return nil, err
	}
	// Open trusts what it is given: a mistake of build is to end here.
	if err := x.check(); err != nil {
		return nil, fmt.Errorf("checking a prefix index that was built: %w", err)
	}
	return section, nil
}

// Item is an Entry under the code of its prefix.
type Item struct {
	Code        Code
	Value, Note uint32
}

func (it Item) match() Match { return newMatch(it.Value, it.Code.Digits()) }

func itemsOf(entries []Entry) ([]Item, error) {
	if len(entries) > MaxEntries {
		return nil, tooMany(len(entries))
	}
	items := make([]Item, len(entries))
	bad := -1
	for i := range entries {
		e := &entries[i]
		c, ok := CodeOf(e.Prefix)
		if !ok && (bad < 0 || e.Prefix < entries[bad].Prefix) {
			bad = i
		}
		items[i] = Item{c, e.Value, e.Note}
	}
	if bad >= 0 {
		return nil, fmt.Errorf("prefix %.32q: want 0 to %d digits", entries[bad].Prefix, MaxDigits)
	}
	return items, nil
}

// checked returns the items in ascending order, if an index can hold them.
func checked(items []Item) ([]Item, error) {
	if len(items) > MaxEntries {
		return nil, tooMany(len(items))
	}
	items = sortItems(items)
	for i := 1; i < len(items); i++ {
		if items[i].Code == items[i-1].Code {
			return nil, fmt.Errorf("prefix %q: given twice", items[i].Code)
		}
	}
	for i := range items {
		if items[i].Value > MaxValue {
			return nil, fmt.Errorf("prefix %q: value %d, want at most %d", items[i].Code, items[i].Value, MaxValue)
		}
	}
	return items, nil
}

func tooMany(entries int) error {
	return fmt.Errorf("prefix index of %d entries: want at most %d", entries, MaxEntries)
}

// sortItems returns items in ascending order of their codes; it may overwrite
// them. It sorts by one byte of the codes after the other, from the lowest,
// and leaves out those that all codes have the same: most decks are short.
func sortItems(items []Item) []Item {
	var counts [8][256]int
	ascending := true
	for i := range items {
		for b := range counts {
			counts[b][byte(items[i].Code>>(8*b))]++
		}
		ascending = ascending && (i == 0 || items[i-1].Code <= items[i].Code)
	}
	if ascending {
		return items
	}
	other := make([]Item, len(items))
	for b := range counts {
		at := &counts[b]
		if at[byte(items[0].Code>>(8*b))] == len(items) {
			continue
		}
		sum := 0
		for v, n := range at {
			at[v], sum = sum, sum+n
		}
		for i := range items {
			v := byte(items[i].Code >> (8 * b))
			other[at[v]] = items[i]
			at[v]++
		}
		items, other = other, items
	}
	return items
}

// rootDigits chooses how many digits the root has: about a slot for each prefix.
func rootDigits(items []Item) int {
	digits, longest := 0, 0
	for i := range items {
		longest = max(longest, items[i].Code.Digits())
	}
	// Codes of countries need no cells.
	if len(items) >= 16 && longest <= 3 {
		return longest
	}
	for digits < headDigits && pow10[digits+1] <= 2*uint64(len(items)) {
		digits++
	}
	return digits
}

func build(items []Item, root int) []byte {
	size := 4 * (headerWords + int(pow10[root]))
	t := tree{values: []Match{0}, section: make([]byte, size, size+16*len(items)), width: pow10[MaxDigits-root], unit: pow10[headDigits-root]}
	t.add(items)
	words := (len(t.section) - size) / 4
	section, directory := appendDirectory(t.section, items)
	top := uint32(0)
	for i := range items {
		top = max(top, items[i].Value)
	}
	for i, w := range [headerWords]uint32{magic, uint32(root), uint32(len(items)), uint32(words), uint32(directory), top} {
		binary.LittleEndian.PutUint32(section[4*i:], w)
	}
	return section
}

// tree writes the root and the cells from the points at which the longest
// match changes, in ascending order.
type tree struct {
	section []byte // header, root, and the cells so far
	width   uint64 // numbers of 15 digits in a slot
	unit    uint64 // numbers of 15 digits that begin with the same 9 digits after the root's

	point uint64 // not written yet: the match from point on is next
	next  Match
	last  Match // the match before point

	slot   uint64   // being written
	starts []uint64 // from the slot's begin, in numbers of 15 digits
	values []Match  // from the slot's begin, then from each start on
}

func (t *tree) add(items []Item) {
	type open struct {
		end   uint64
		match Match
	}
	// Prefixes nest, so those that hold a number are a stack, the longest on
	// top; below all is the empty match.
	stack := []open{{end: numberSpan}}
	closeTo := func(point uint64) {
		for len(stack) > 1 && stack[len(stack)-1].end <= point {
			end := stack[len(stack)-1].end
			stack = stack[:len(stack)-1]
			t.change(end, stack[len(stack)-1].match)
		}
	}
	for _, it := range items {
		begin := it.Code.padded()
		closeTo(begin)
		stack = append(stack, open{begin + pow10[MaxDigits-it.Code.Digits()], it.match()})
		t.change(begin, it.match())
	}
	closeTo(numberSpan)
	t.change(numberSpan, 0)
	t.flush()
	for s := t.slot + 1; s < numberSpan/t.width; s++ {
		t.setRoot(s, uint32(t.last))
	}
}

// change makes m the longest match from point on. Of several changes at one
// point the last one holds.
func (t *tree) change(point uint64, m Match) {
	if point > t.point {
		t.write()
		t.point = point
	}
	t.next = m
}

// write puts the pending change into its slot.
func (t *tree) write() {
	if t.next == t.last {
		return
	}
	if slot := t.point / t.width; slot > t.slot {
		t.flush()
		for s := t.slot + 1; s < slot; s++ {
			t.setRoot(s, uint32(t.last))
		}
		t.slot, t.starts, t.values = slot, t.starts[:0], append(t.values[:0], t.last)
	}
	if offset := t.point - t.slot*t.width; offset == 0 {
		t.values[0] = t.next
	} else {
		t.starts = append(t.starts, offset)
		t.values = append(t.values, t.next)
	}
	t.last = t.next
}

// flush ends the slot being written.
func (t *tree) flush() {
	if len(t.starts) == 0 {
		t.setRoot(t.slot, uint32(t.values[0]))
		return
	}
	t.setRoot(t.slot, cellTag|uint32(len(t.section)/4-headerWords-int(numberSpan/t.width)))
	t.section = appendCell(t.section, t.starts, t.unit, t.values)
}

func (t *tree) setRoot(slot uint64, w uint32) {
	binary.LittleEndian.PutUint32(t.section[4*(headerWords+slot):], w)
}
