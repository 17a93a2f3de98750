package ratecard

import "github.com/tollbook/tollbook/shared/money"

// row is a rate as it is kept. Rates of one pool are the same when their rows are
// equal. It has no pointers: the garbage collector passes over millions of them.
type row struct {
	code   uint64 // of the prefix, see codeOf
	price1 money.Price
	priceN uint32 // 0: price 1, else 1 + its place in pool.prices
	rest   uint32 // place in pool.rests
	name   uint32 // place in pool.names.list
	times  uint32 // place in pool.times
}

// times is when a rate holds, as packed has it.
type times struct{ from, to int64 }

// row returns a rate as it is kept.
func (p *pool) row(r *packed) row {
	out := row{code: r.code, price1: r.price1, rest: r.rest, name: r.name, times: p.times.place(times{r.from, r.to})}
	if r.priceN != r.price1 {
		out.priceN = 1 + p.prices.place(r.priceN)
	}
	return out
}

// expand returns a row as it is worked on.
func (p *pool) expand(r *row) packed {
	t := p.times.list[r.times]
	out := packed{content{r.price1, r.price1, r.rest, r.name}, r.code, t.from, t.to}
	if r.priceN > 0 {
		out.priceN = p.prices.list[r.priceN-1]
	}
	return out
}

// from returns when a row begins.
func (p *pool) from(r *row) int64 { return p.times.list[r.times].from }

// numbers numbers values in the order in which they are first seen.
type numbers[T comparable] struct {
	places map[T]uint32
	list   []T
	last   uint32 // that was asked for
}

func newNumbers[T comparable]() numbers[T] { return numbers[T]{places: map[T]uint32{}} }

func (n *numbers[T]) place(v T) uint32 {
	if len(n.list) > 0 && n.list[n.last] == v {
		return n.last
	}
	at, ok := n.places[v]
	if !ok {
		at = uint32(len(n.list))
		n.places[v] = at
		n.list = append(n.list, v)
	}
	n.last = at
	return at
}
