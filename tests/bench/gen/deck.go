package gen

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// MinPrefixes and MaxPrefixes bound a deck.
const (
	MinPrefixes = 2_000
	MaxPrefixes = 2_000_000
)

// maxDigits is the length of the longest prefix.
const maxDigits = 9

// maxNetworks is how many networks a deck has, if a fifth of it is as many.
const maxNetworks = 20_000

var pow10 = [...]uint64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// prefix is digits that do not begin with 0.
type prefix struct {
	value  uint64
	digits int
}

func newPrefix(s string) prefix {
	p := prefix{digits: len(s)}
	for _, c := range []byte(s) {
		p.value = p.value*10 + uint64(c-'0')
	}
	return p
}

func (p prefix) append(dst []byte) []byte { return strconv.AppendUint(dst, p.value, 10) }

// padded returns the prefix with zeros up to maxDigits: the order of prefixes
// as text, those of equal padding by length.
func (p prefix) padded() uint64 { return p.value * pow10[maxDigits-p.digits] }

// Rate is a price: amounts in millionths of the currency, per minute and per
// call; intervals in seconds.
type Rate struct {
	PerMinute, Fee       uint64
	Interval1, IntervalN uint64
}

// entry is a prefix of a deck.
type entry struct {
	prefix
	network int32 // -1-country for a country's own prefix
	Rate
}

// Deck is a generated deck: about 250 country codes, up to 20,000 networks, and
// ranges of 5 to 9 digits below these and each other, sorted by prefix.
type Deck struct {
	entries  []entry
	networks []int32  // → country
	codes    []string // of the countries; of a US deck, 1 and the area codes
	us       bool
}

// lengths is how many prefixes of 5 to 9 digits a deck of a million has, in
// thousands: the mix of a wholesale A-Z deck that is broken out by ranges.
var lengths = [maxDigits + 1]int{5: 51, 6: 145, 7: 237, 8: 282, 9: 276}

// networkLengths is the mix of the networks themselves, in hundredths.
var networkLengths = [maxDigits + 1]uint64{3: 6, 4: 46, 5: 30, 6: 18}

// NewDeck returns the deck of n prefixes, MinPrefixes to MaxPrefixes, of a seed.
func NewDeck(seed uint64, n int) (*Deck, error) {
	if n < MinPrefixes || n > MaxPrefixes {
		return nil, fmt.Errorf("a deck of %d prefixes: want %d to %d", n, MinPrefixes, MaxPrefixes)
	}
	g := &growing{source: newSource(seed, forDeck), taken: make(map[prefix]bool, n)}
	g.entries = make([]entry, 0, n)
	g.codes = countryCodes
	g.addCountries()
	g.addNetworks(min(maxNetworks, n/5))
	g.addRanges(n)
	return g.finish(seed), nil
}

// finish prices and sorts the deck.
func (g *growing) finish(seed uint64) *Deck {
	g.price(newSource(seed, forPrices))
	d := g.Deck
	slices.SortFunc(d.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.padded(), b.padded()), cmp.Compare(a.digits, b.digits))
	})
	return &d
}

// growing is a deck that is being made.
type growing struct {
	Deck
	source
	taken   map[prefix]bool
	parents []int32 // of each entry: its place in entries, -1 = none
	count   [maxDigits + 1]int
}

func (g *growing) add(p prefix, network, parent int32) bool {
	if g.taken[p] {
		return false
	}
	g.taken[p] = true
	g.entries = append(g.entries, entry{prefix: p, network: network})
	g.parents = append(g.parents, parent)
	g.count[p.digits]++
	return true
}

func (g *growing) addCountries() {
	for i, code := range g.codes {
		g.add(newPrefix(code), int32(-1-i), -1)
	}
}

// extend returns p with random digits behind it, up to a length.
func (g *growing) extend(p prefix, digits int) prefix {
	more := pow10[digits-p.digits]
	return prefix{p.value*more + g.below(more), digits}
}

func (g *growing) addNetworks(n int) {
	var total uint64
	for _, code := range countryCodes {
		total += weight(code)
	}
	for len(g.networks) < n {
		country, at := 0, g.below(total)
		for w := weight(countryCodes[0]); at >= w; w = weight(countryCodes[country]) {
			at -= w
			country++
		}
		digits, share := 3, g.below(100)
		for ; share >= networkLengths[digits]; digits++ {
			share -= networkLengths[digits]
		}
		code := g.entries[country].prefix
		if digits <= code.digits {
			continue
		}
		if g.add(g.extend(code, digits), int32(len(g.networks)), int32(country)) {
			g.networks = append(g.networks, int32(country))
		}
	}
}

// addRanges fills the deck up to n, the short ranges first: each lies below a
// network or a shorter range.
func (g *growing) addRanges(n int) {
	first := len(countryCodes)
	room, share := n, 0
	for digits, part := range lengths {
		if share += part; part == 0 {
			room -= g.count[digits]
		}
	}
	for digits := 5; digits <= maxDigits; digits++ {
		// The networks of a small deck may be more than the mix has of their
		// length: the longer ranges then share what is left.
		want := max(room*lengths[digits]/share, g.count[digits])
		room, share = room-want, share-lengths[digits]
		above := len(g.entries)
		for g.count[digits] < want {
			parent := first + int(g.below(uint64(above-first)))
			p := g.entries[parent]
			if p.digits < digits && p.digits >= digits-4 {
				g.add(g.extend(p.prefix, digits), p.network, int32(parent))
			}
		}
	}
}

// price gives every prefix a rate: that of what it lies below in 156 of 1000
// cases, else one of a million: about 577,000 different ones in a deck of a
// million prefixes, 81,000 in one of 100,000. Real decks repeat theirs more.
func (g *growing) price(s source) {
	for i := range g.entries { // what is above comes before
		if parent := g.parents[i]; parent >= 0 && s.below(1000) < 156 {
			g.entries[i].Rate = g.entries[parent].Rate
			continue
		}
		g.entries[i].Rate = drawRate(s)
	}
}

// intervals are the usual increments, first and next.
var intervals = [...][2]uint64{{1, 1}, {60, 60}, {30, 6}, {60, 1}, {6, 6}}

// drawRate draws from 206,000 prices times 5 increments; one price in eight
// has a connection fee, which follows from the price.
func drawRate(s source) Rate {
	n := s.below(206_000)
	r := Rate{PerMinute: 1_000 + 7*n}
	if n%8 == 0 {
		r.Fee = 2_500 * (1 + n/8%20)
	}
	step := intervals[s.below(uint64(len(intervals)))]
	r.Interval1, r.IntervalN = step[0], step[1]
	return r
}

// Len returns the number of prefixes.
func (d *Deck) Len() int { return len(d.entries) }

// Shape says what a deck looks like.
type Shape struct {
	Lengths [maxDigits + 1]int // prefixes of each number of digits
	Rates   int                // different rates
}

// Shape counts the deck.
func (d *Deck) Shape() Shape {
	var s Shape
	rates := map[Rate]bool{}
	for _, e := range d.entries {
		s.Lengths[e.digits]++
		rates[e.Rate] = true
	}
	s.Rates = len(rates)
	return s
}

// Card returns a deck of n of the prefixes: every country code, and others
// evenly spread, with prices of its own. Different numbers give cards that
// differ in prefixes and prices, and every number that d rates, each rates.
func (d *Deck) Card(seed uint64, number, n int) (*Deck, error) {
	if n < MinPrefixes || n > d.Len() {
		return nil, fmt.Errorf("a card of %d prefixes from a deck of %d: want at least %d", n, d.Len(), MinPrefixes)
	}
	c := &Deck{entries: make([]entry, 0, n), networks: d.networks, codes: d.codes}
	s := newSource(seed, forCards+uint64(number)<<8)
	others, want := uint64(d.Len()-len(countryCodes)), uint64(n-len(countryCodes))
	at := s.below(others) // the phase: which of each few are taken
	for _, e := range d.entries {
		if e.network >= 0 {
			if at += want; at < others {
				continue
			}
			at -= others
		}
		e.Rate = drawRate(s)
		c.entries = append(c.entries, e)
	}
	return c, nil
}
