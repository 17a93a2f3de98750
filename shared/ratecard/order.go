package ratecard

import (
	"cmp"
	"slices"
)

// ranks puts all asks in the order of their texts, so that no order depends on
// what came first: by asks their ranks, and by rank the asks.
func (p *pool) ranks() (ranks, order []uint32) {
	order = make([]uint32, len(p.asks.list))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(p.asks.list[a], p.asks.list[b]) })
	ranks = make([]uint32, len(order))
	for i, at := range order {
		ranks[at] = uint32(i)
	}
	return ranks, order
}

// entry is a row, or a command, in the order of keys.
type entry struct {
	code uint64
	rank uint32 // of what it asks for
	at   uint32 // place
}

func (e *entry) sameKey(f *entry) bool { return e.code == f.code && e.rank == f.rank }

// cursor goes through things in the order of their codes. It keeps 4 bytes of
// each, or nothing where they are in that order.
type cursor struct {
	n       int // things, or places in order
	order   []uint32
	next    int
	entry   func(i int) (entry, bool) // of the i-th thing; false: pass over it
	compare func(a, b entry) int      // of things of one code
	buf     []entry
}

// newCursor returns a cursor of n things.
func newCursor(n int, entryOf func(i int) (entry, bool), compare func(a, b entry) int) *cursor {
	c := &cursor{n: n, entry: entryOf, compare: compare}
	inOrder, last := true, uint64(0)
	for i := 0; i < n && inOrder; i++ {
		e, ok := entryOf(i)
		inOrder, last = ok && e.code >= last, e.code
	}
	if inOrder {
		return c
	}
	if order := mergeRuns(n, entryOf); order != nil {
		c.order = order
		return c
	}
	list := make([]entry, 0, n)
	for i := range n {
		if e, ok := entryOf(i); ok {
			list = append(list, e)
		}
	}
	list = sortEntries(list)
	c.n, c.order = len(list), make([]uint32, len(list))
	for i := range list {
		c.order[i] = list[i].at
	}
	return c
}

// mergeRuns returns things in the order of their codes, those of one code as they
// are, if they come in two runs that are in that order: the rates that a card had,
// and those of a deck in the order of its prefixes. Else, or with a thing to pass
// over, it returns nil.
func mergeRuns(n int, entryOf func(i int) (entry, bool)) []uint32 {
	second, last := n, uint64(0)
	for i := range n {
		e, ok := entryOf(i)
		if !ok || e.code < last && second < n {
			return nil
		}
		if e.code < last {
			second = i
		}
		last = e.code
	}
	order := make([]uint32, 0, n)
	i, j := 0, second
	for i < second && j < n {
		a, _ := entryOf(i)
		for ; j < n; j++ {
			if b, _ := entryOf(j); b.code >= a.code {
				break
			}
			order = append(order, uint32(j))
		}
		order = append(order, uint32(i))
		i++
	}
	for ; i < second; i++ {
		order = append(order, uint32(i))
	}
	for ; j < n; j++ {
		order = append(order, uint32(j))
	}
	return order
}

// cursor returns a cursor of the rows, those of a code by what they ask for and
// instant. like is one of rows with the same codes in the same places, or nil.
func (r *Rates) cursor(ranks []uint32, like *cursor) *cursor {
	entryOf := func(i int) (entry, bool) {
		one := r.rows.at(i)
		return entry{one.code, ranks[r.pool.rests[one.rest].asks], uint32(i)}, true
	}
	compare := func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(r.fromOf(a), r.fromOf(b)), cmp.Compare(a.at, b.at))
	}
	if like != nil {
		return &cursor{n: like.n, order: like.order, entry: entryOf, compare: compare}
	}
	return newCursor(r.rows.len, entryOf, compare)
}

// fromOf returns when the row of an entry begins.
func (r *Rates) fromOf(e entry) int64 { return r.pool.from(r.rows.at(int(e.at))) }

func (c *cursor) at(i int) entry {
	if c.order != nil {
		i = int(c.order[i])
	}
	e, _ := c.entry(i)
	return e
}

// code returns the code of what comes next; false: nothing does.
func (c *cursor) code() (uint64, bool) {
	if c.next == c.n {
		return 0, false
	}
	return c.at(c.next).code, true
}

// take returns all things of a code, if they come next. They are valid until the
// next take.
func (c *cursor) take(code uint64) []entry {
	c.buf = c.buf[:0]
	for ; c.next < c.n; c.next++ {
		e := c.at(c.next)
		if e.code != code {
			break
		}
		c.buf = append(c.buf, e)
	}
	if len(c.buf) > 1 {
		slices.SortFunc(c.buf, c.compare)
	}
	return c.buf
}

// nextCode returns the lowest code of what comes next in either; false: nothing
// does.
func nextCode(x, y *cursor) (uint64, bool) {
	a, ok := x.code()
	b, other := y.code()
	if !ok || other && b < a {
		return b, other
	}
	return a, true
}

// firstOf returns the first key of two lists of one code, of which one may be
// empty.
func firstOf(x, y []entry) *entry {
	if len(x) == 0 || len(y) > 0 && y[0].rank < x[0].rank {
		return &y[0]
	}
	return &x[0]
}

// sameKeys returns how many entries at the beginning of a list have a key.
func sameKeys(list []entry, e *entry) (n int) {
	for n < len(list) && list[n].sameKey(e) {
		n++
	}
	return n
}

// sortEntries sorts entries by code, and leaves those of one code in their order.
// It may use the list for its work: what it returns is the sorted one. To sort a
// million takes a fifth of what comparing them takes: a byte at a time from the
// lowest, of the few that prefixes have.
func sortEntries(list []entry) []entry {
	var counts [8][256]int
	for i := range list {
		for b := range counts {
			counts[b][byte(list[i].code>>(8*b))]++
		}
	}
	other := make([]entry, len(list))
	for b := range counts {
		shift := 8 * b
		if len(list) == 0 || counts[b][byte(list[0].code>>shift)] == len(list) {
			continue
		}
		next := 0
		for v, n := range counts[b] {
			counts[b][v], next = next, next+n
		}
		for _, e := range list {
			to := &counts[b][byte(e.code>>shift)]
			other[*to] = e
			*to++
		}
		list, other = other, list
	}
	return list
}
