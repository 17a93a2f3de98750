package ratecard

import (
	"math"
	"slices"
)

// maxVersions bounds the rates of one prefix that follow each other.
const maxVersions = 10_000

// span is a time in which one rate holds.
type span struct {
	packed
	place int32  // of the card's row that it is, or is a part of; -1: it is new
	line  uint32 // of the row that made it
}

// slot is all time of one key: spans in order that do not overlap.
type slot struct {
	spans   []span
	changed bool
	stack   []span // of flatten
}

// load makes spans of rows of a key, by their begins. Where rows overlap the
// one that began last holds, and the one before it again after its end.
func (k *slot) load(rates *Rates, places []entry) {
	k.spans, k.stack, k.changed = k.spans[:0], k.stack[:0], false
	at := int64(math.MinInt64)
	upTo := func(end int64) {
		for len(k.stack) > 0 && at < end {
			top := k.stack[len(k.stack)-1]
			if top.to > at {
				top.from, top.to = max(at, top.from), min(top.to, end)
				k.spans = append(k.spans, top)
				at = top.to
			}
			if k.stack[len(k.stack)-1].to <= at {
				k.stack = k.stack[:len(k.stack)-1]
			}
		}
	}
	for _, e := range places {
		r := rates.pool.expand(rates.rows.at(int(e.at)))
		upTo(r.from)
		at = r.from
		k.stack = append(k.stack, span{packed: r, place: int32(e.at)})
	}
	upTo(math.MaxInt64)
}

// find returns the place of the span that holds at an instant; -1: none does.
func (k *slot) find(at int64) int {
	i := k.after(at) - 1
	if i >= 0 && at < k.spans[i].to {
		return i
	}
	return -1
}

// after returns the place of the first span that begins after an instant.
func (k *slot) after(at int64) int {
	i := 0
	for i < len(k.spans) && k.spans[i].from <= at {
		i++
	}
	return i
}

// end returns when a rate from an instant on has to end, at the latest: where
// the next one begins.
func (k *slot) end(at int64) int64 {
	if i := k.after(at); i < len(k.spans) {
		return k.spans[i].from
	}
	return math.MaxInt64
}

// put lets a content hold in from..to, where no other span begins. With stay, the
// span that holds at from is changed whole instead.
func (k *slot) put(c content, from, to int64, stay bool, line uint32) status {
	i := k.find(from)
	switch {
	case i < 0:
		k.insert(k.after(from), span{packed{content: c, from: from, to: to}, -1, line})
		return added
	case k.spans[i].content == c && k.spans[i].to == to:
		return unchanged
	case k.spans[i].content == c, k.spans[i].from == from, stay:
		k.spans[i].content, k.spans[i].to = c, to
	default:
		k.spans[i].to = from
		k.insert(i+1, span{packed{content: c, from: from, to: to}, -1, line})
	}
	k.changed = true
	return updated
}

func (k *slot) insert(i int, s span) {
	k.spans = slices.Insert(k.spans, i, s)
	k.changed = true
}

// cancel removes a span that has not begun: the one that it would have taken
// over from goes on.
func (k *slot) cancel(i int) {
	if i > 0 && k.spans[i-1].to == k.spans[i].from {
		k.spans[i-1].to = k.spans[i].to
	}
	k.remove(i)
}

func (k *slot) remove(i int) {
	k.spans = slices.Delete(k.spans, i, i+1)
	k.changed = true
}

// stop ends all at an instant: what begins then or later goes. It returns how
// many spans ended or went.
func (k *slot) stop(at int64) (n int) {
	for i := len(k.spans) - 1; i >= 0 && k.spans[i].to > at; i-- {
		n++
		if k.spans[i].from >= at {
			k.remove(i)
			continue
		}
		k.spans[i].to, k.changed = at, true
	}
	return n
}
