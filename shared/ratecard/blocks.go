package ratecard

import (
	"cmp"
	"slices"
)

// blocks is a list that is not copied as it grows.
type blocks[T any] struct {
	list [][]T
	len  int
}

const blockLen = 1 << 12

func (b *blocks[T]) at(i int) *T { return &b.list[i/blockLen][i%blockLen] }

func (b *blocks[T]) add(v T) {
	if b.len%blockLen == 0 {
		size := blockLen
		if b.len == 0 {
			size = 16 // most lists are short
		}
		b.list = append(b.list, make([]T, 0, size))
	}
	last := &b.list[len(b.list)-1]
	*last = append(*last, v)
	b.len++
}

// ordered goes through a list in an order.
type ordered[T any] struct {
	of    *blocks[T]
	order []uint32 // places; nil: as it is
	next  int
}

// peek returns what comes next; false: nothing does.
func (o *ordered[T]) peek() (*T, bool) {
	if o.next == o.of.len {
		return nil, false
	}
	if o.order == nil {
		return o.of.at(o.next), true
	}
	return o.of.at(int(o.order[o.next])), true
}

// sortedBy goes through a list by a number, and what has the same in its order.
func sortedBy[T any](of *blocks[T], number func(*T) uint32) *ordered[T] {
	out := &ordered[T]{of: of}
	ascending := true
	for i := 1; i < of.len && ascending; i++ {
		ascending = number(of.at(i-1)) <= number(of.at(i))
	}
	if ascending {
		return out
	}
	out.order = make([]uint32, of.len)
	for i := range out.order {
		out.order[i] = uint32(i)
	}
	slices.SortFunc(out.order, func(x, y uint32) int {
		return cmp.Or(cmp.Compare(number(of.at(int(x))), number(of.at(int(y)))), cmp.Compare(x, y))
	})
	return out
}
