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

// sorted returns the rows by prefix, what they ask for and instant.
func (r *Rates) sorted(ranks []uint32) []entry {
	out := make([]entry, len(r.rows))
	for i := range r.rows {
		out[i] = entry{r.rows[i].code, ranks[r.pool.rests[r.rows[i].rest].asks], uint32(i)}
	}
	return sortEntries(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(r.rows[a.at].from, r.rows[b.at].from), cmp.Compare(a.at, b.at))
	})
}

// sortEntries sorts entries by code, and those of one code by compare. It may
// use the list for its work: what it returns is the sorted one. To sort a million
// takes a fifth of what comparing them takes: a byte at a time from the lowest,
// of the few that prefixes have.
func sortEntries(list []entry, compare func(a, b entry) int) []entry {
	var counts [8][256]int
	inOrder := true
	for i := range list {
		code := list[i].code
		inOrder = inOrder && (i == 0 || list[i-1].code <= code)
		for b := range counts {
			counts[b][byte(code>>(8*b))]++
		}
	}
	if !inOrder {
		other := make([]entry, len(list))
		for b := range counts {
			shift := 8 * b
			if counts[b][byte(list[0].code>>shift)] == len(list) {
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
	}
	for i := 0; i < len(list); {
		n := 1
		for i+n < len(list) && list[i+n].code == list[i].code {
			n++
		}
		if n > 1 {
			slices.SortFunc(list[i:i+n], compare)
		}
		i += n
	}
	return list
}
