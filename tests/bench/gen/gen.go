// Package gen makes the data of the benchmark: a rate deck shaped like a
// wholesale carrier's, and call records that fall on it. The same seed gives
// the same bytes on every machine: no floating point, and a random source whose
// algorithm is fixed.
package gen

import (
	"math/bits"
	"math/rand/v2"
)

// source draws the numbers of one purpose, so that a change of one leaves the
// others as they are.
type source struct{ *rand.PCG }

// The purposes.
const (
	forDeck = iota + 1
	forPrices
	forOrder
	forRecords
	forCards
	forUSDeck
)

func newSource(seed, purpose uint64) source { return source{rand.NewPCG(seed, purpose)} }

// below returns a number in [0, n): the high half of a product, whose bias of
// less than n/2^64 nothing here can see.
func (s source) below(n uint64) uint64 {
	high, _ := bits.Mul64(s.Uint64(), n)
	return high
}
