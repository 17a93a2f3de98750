package rating

import (
	"encoding/binary"
	"math"

	"github.com/tollbook/tollbook/shared/money"
)

// The first word of a row's cost has the form, the shape and, in one form, the
// first price: price 1, or that of the first tier. The other prices follow: as
// many as the row has tiers, else price N where it differs.
const (
	formBeside   = iota // the first price beside the shape, the others in a word each
	formApart           // all prices in a word each
	formWide            // all prices in two words each
	formBits     = 2
	formMask     = 1<<formBits - 1
	maxShapeBits = 26
)

// words is a row's cost as it lies in rates: prices in the card's unit.
type words struct {
	shape          uint32
	first, at      uint32 // the first word, and its place
	price1, priceN uint64 // 0 where the row has tiers
}

// cost is what a row costs, in 10^-12.
type cost struct {
	shape          shape
	price1, priceN uint64
	tiers          words // which has the prices of tiers
}

func (c *Card) word(at uint32) uint32 { return binary.LittleEndian.Uint32(c.rates[4*int(at):]) }

// costAt reads the words at a place in rates; false: the image is damaged.
func (c *Card) costAt(at uint32) (w words, ok bool) {
	if uint64(at) >= uint64(len(c.rates)/4) {
		return w, false
	}
	return c.costFrom(c.word(at), at)
}

// costFrom is costAt for the first word, which has been read.
func (c *Card) costFrom(first, at uint32) (w words, ok bool) {
	w = words{shape: first >> formBits & c.mask, first: first, at: at}
	if uint64(w.shape) >= uint64(len(c.quicks)) {
		return w, false
	}
	s := &c.quicks[w.shape]
	if s.single && first&formMask == formBeside {
		w.price1 = uint64(first >> c.beside)
		w.priceN = w.price1
		return w, w.price1 <= c.top
	}
	return c.morePrices(w, s)
}

// morePrices is costFrom where prices are in words of their own.
func (c *Card) morePrices(w words, s *quick) (words, bool) {
	if sizeOf(w.first, int(s.prices)) > len(c.rates)/4-int(w.at) {
		return w, false
	}
	highest := uint64(0)
	for i := range s.prices {
		w.priceN = c.price(&w, i)
		if highest = max(highest, w.priceN); i == 0 {
			w.price1 = w.priceN
		}
	}
	if s.tiers > 0 {
		w.price1, w.priceN = 0, 0
	}
	return w, highest <= c.top
}

// sizeOf returns how many words a cost of so many prices has; of a form that is
// none, more than there are.
func sizeOf(first uint32, prices int) int {
	switch first & formMask {
	case formBeside:
		return prices
	case formApart:
		return 1 + prices
	case formWide:
		return 1 + 2*prices
	default:
		return math.MaxInt32
	}
}

// price returns one of the prices of a cost, in the card's unit. All of them are
// within rates.
func (c *Card) price(w *words, i uint32) uint64 {
	at := 4 * int(w.at+i)
	switch w.first & formMask {
	case formBeside:
		if i == 0 {
			return uint64(w.first >> c.beside)
		}
		return uint64(binary.LittleEndian.Uint32(c.rates[at:]))
	case formApart:
		return uint64(binary.LittleEndian.Uint32(c.rates[at+4:]))
	default:
		return binary.LittleEndian.Uint64(c.rates[at+4+4*int(i):])
	}
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
	up := c.up()
	return cost{c.shape(w.shape), w.price1 * up, w.priceN * up, w}
}

// up is what the card's unit is in 10^-12.
func (c *Card) up() uint64 { return pow10[money.PriceDecimals-c.meta.Scale] }

// tierOf returns a tier of a row, with its price.
func (c *Card) tierOf(k *cost, i uint32) Tier {
	t := c.tier(k.shape.tierAt + i)
	t.Price = money.Price(c.price(&k.tiers, i) * c.up())
	return t
}
