package rating

import (
	"encoding/binary"

	"github.com/tollbook/tollbook/shared/money"
)

// words is a row's cost as it lies in rates: prices in the card's unit.
type words struct {
	shape          uint32
	price1, priceN uint64
}

// cost is what a row costs, in 10^-12.
type cost struct {
	shape          shape
	price1, priceN uint64
}

func (c *Card) word(at uint32) uint64 { return binary.LittleEndian.Uint64(c.rates[8*int(at):]) }

// costAt reads the words at a place in rates; false: the image is damaged.
func (c *Card) costAt(at uint32) (w words, ok bool) {
	if uint64(at) >= uint64(len(c.rates)/8) {
		return w, false
	}
	return c.costFrom(c.word(at), at)
}

// costFrom is costAt for the first word, which has been read.
func (c *Card) costFrom(first uint64, at uint32) (w words, ok bool) {
	w.shape, w.price1 = uint32(first&c.mask), first>>c.meta.ShapeBits
	if uint64(w.shape) >= uint64(len(c.quicks)) {
		return w, false
	}
	s := &c.quicks[w.shape]
	if s.wide {
		if at++; uint64(at) >= uint64(len(c.rates)/8) {
			return w, false
		}
		w.price1 = c.word(at)
	}
	w.priceN = w.price1
	if s.two {
		if at++; uint64(at) >= uint64(len(c.rates)/8) {
			return w, false
		}
		w.priceN = c.word(at)
	}
	return w, max(w.price1, w.priceN) <= c.top
}

// costOf is costAt with the shape, in 10^-12.
func (c *Card) costOf(at uint32) (cost, bool) {
	w, ok := c.costAt(at)
	if !ok {
		return cost{}, false
	}
	return c.exact(w), true
}

func (c *Card) exact(w words) cost {
	up := pow10[money.PriceDecimals-c.meta.Scale]
	return cost{c.shape(w.shape), w.price1 * up, w.priceN * up}
}
