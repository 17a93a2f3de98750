package gen

import "fmt"

// maxExchanges is how many exchanges a US deck has below an area code, of the
// 800 that there can be.
const maxExchanges = 600

// NewUSDeck returns the deck of n prefixes, MinPrefixes to MaxPrefixes, of a
// carrier for the US: area codes, exchanges (1 NPA NXX) below them, and
// thousands of numbers below these: one in five prefixes, more where there are
// no more exchanges.
func NewUSDeck(seed uint64, n int) (*Deck, error) {
	if n < MinPrefixes || n > MaxPrefixes {
		return nil, fmt.Errorf("a deck of %d prefixes: want %d to %d", n, MinPrefixes, MaxPrefixes)
	}
	g := &growing{source: newSource(seed, forUSDeck), taken: make(map[prefix]bool, n)}
	g.entries, g.us = make([]entry, 0, n), true
	for _, area := range areaCodes {
		g.codes = append(g.codes, "1"+area)
	}
	g.addCountries()
	areas := len(g.entries)
	exchanges := areas + min((n-areas)*4/5, maxExchanges*areas)
	for len(g.entries) < exchanges {
		area := int32(g.below(uint64(areas)))
		p := prefix{g.entries[area].value*1000 + 200 + g.below(800), 7}
		if g.add(p, int32(len(g.networks)), area) {
			g.networks = append(g.networks, area)
		}
	}
	for len(g.entries) < n {
		parent := areas + int(g.below(uint64(exchanges-areas)))
		p := g.entries[parent]
		g.add(g.extend(p.prefix, 8), p.network, int32(parent))
	}
	return g.finish(seed), nil
}

// numbersInUS draws a call to a number of the deck: 3 of 10 from its own area
// code, 6 from any of the US, and 1 from abroad.
func (t *Traffic) numbersInUS() (caller, called uint64) {
	called = t.number()
	switch from := t.below(10); {
	case from < 3:
		caller = called / 1e7 * 1e7
	case from < 9:
		caller = newPrefix("1"+areaCodes[t.below(uint64(len(areaCodes)))]).value * 1e7
	default:
		return 2e10 + t.below(8e10), called
	}
	return caller + 2e6 + t.below(8e6), called
}
