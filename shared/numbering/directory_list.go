package numbering

import (
	"iter"
	"math"
)

// All returns who owns what, in the order of the numbers' digits and then of
// the numbers and instants: of ranges inside each other only what is left of
// each. To is math.MaxInt64 where it is open.
func (d *Directory) All() iter.Seq[Owned] {
	return func(yield func(Owned) bool) {
		for g := range d.groups {
			t := &d.groups[g]
			for i := range count(t.level[0]) {
				first := DirectoryKey{value: start(t.level[0], i), group: uint8(g)}
				last, h := first, word(d.histories, int(t.base)+i)
				if h&single == 0 {
					last.value = lastOf(t, g, i)
				}
				for o := range d.owned(int(h &^ single)) {
					if o.First = first.digits(); last == first {
						o.Last = o.First
					} else {
						o.Last = last.digits()
					}
					if !yield(o) {
						return
					}
				}
			}
		}
	}
}

// lastOf returns the last number of the run that begins with entry i.
func lastOf(t *tier, group, i int) uint64 {
	switch {
	case i+1 < count(t.level[0]):
		return start(t.level[0], i+1) - 1
	case group >= maxDigits64-1:
		return 1e19 - 1
	}
	most := uint64(10)
	for range group {
		most *= 10
	}
	return most - 1
}

// owned returns the stretches of a history that have an owner, without their
// numbers.
func (d *Directory) owned(h int) iter.Seq[Owned] {
	return func(yield func(Owned) bool) {
		for i := h; ; i++ {
			from, owner := d.event(i)
			end := owner&lastEvent != 0
			if account := owner &^ lastEvent; account != nobody {
				o := Owned{Account: d.Account(account), From: from, To: math.MaxInt64}
				if !end {
					o.To, _ = d.event(i + 1)
				}
				if (end || o.To > from) && !yield(o) {
					return
				}
			}
			if end {
				return
			}
		}
	}
}
