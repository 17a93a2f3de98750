// Package draw makes up cards and usage to compare two ways of pricing by:
// every rule of a card mixed with every other, from so few names, prefixes and
// instants that they often meet. One seed always draws the same.
//
// A card is one that can be built: within the limits of rates and terms, and
// without two rows that hold alike, whatever the usage. No charge comes near
// 2^127 of its last decimal.
package draw

import (
	"math/rand/v2"

	"github.com/tollbook/tollbook/tests/twin"
)

// Card is what usage is priced by.
type Card struct {
	Terms twin.Terms
	Rates []twin.Rate
}

// Source draws. It is not safe for concurrent use: each worker has its own.
type Source struct{ *rand.Rand }

// New returns the source of a seed.
func New(seed uint64) *Source { return &Source{rand.New(rand.NewPCG(seed, 0))} }

// one returns one of some values; a value that is there twice comes up twice
// as often.
func one[T any](s *Source, values ...T) T { return values[s.IntN(len(values))] }

// oneIn is true once in n times.
func (s *Source) oneIn(n int) bool { return s.IntN(n) == 0 }

// maybe returns one of some values once in n times, else the zero value.
func maybe[T any](s *Source, n int, values ...T) T {
	if s.oneIn(n) {
		return one(s, values...)
	}
	var zero T
	return zero
}

// some returns a few of the values, in their order.
func some[T any](s *Source, values ...T) []T {
	var out []T
	for _, v := range values {
		if s.oneIn(3) {
			out = append(out, v)
		}
	}
	return out
}

// Card draws a card.
func (s *Source) Card() Card {
	c := &card{
		Source: s,
		kinds:  []string{twin.Voice, twin.Voice, one(s, kinds...)},
		areas:  map[string]string{},
		odd:    map[string]bool{},
		seen:   map[string]bool{},
	}
	c.drawPrefixes()
	c.drawTerms()
	for range 1 + s.IntN(14) {
		c.drawRate()
	}
	return Card{c.terms, c.rates}
}

var (
	kinds    = []string{twin.Voice, twin.SMS, twin.Data, twin.Event}
	services = []string{"onnet", "voicemail"}
	tags     = []string{"gold", "night"}
)

// card is one on its way.
type card struct {
	*Source
	kinds    []string
	prefixes []string
	areas    map[string]string // of a prefix: one area each, so that no caller is as far in two
	odd      map[string]bool   // of a prefix of a split card, by its service or digits
	seen     map[string]bool   // selectors that a row has
	extreme  bool              // prices up to the greatest
	terms    twin.Terms
	rates    []twin.Rate
}

// drawPrefixes chooses a few that nest.
func (c *card) drawPrefixes() {
	stem := one(c.Source, stems...)
	for range 1 + c.IntN(4) {
		switch c.IntN(6) {
		case 0:
			c.prefixes = append(c.prefixes, "")
		case 1:
			c.prefixes = append(c.prefixes, one(c.Source, stems...))
		case 2:
			c.prefixes = append(c.prefixes, one(c.Source, shortNumbers...))
		case 3:
			c.prefixes = append(c.prefixes, c.extended(stem, twin.MaxPrefix))
		default:
			c.prefixes = append(c.prefixes, stem[:1+c.IntN(len(stem))])
		}
	}
	for _, prefix := range c.prefixes {
		if prefix != "" && c.oneIn(2) {
			c.areas[prefix] = one(c.Source, "north", "south")
		}
	}
}

// price draws a price that is not negative.
func (c *card) price() string {
	if c.extreme && c.oneIn(3) {
		return one(c.Source, "9223372.036854775807", "9223372.036854775806", "4611686.018427387904")
	}
	return one(c.Source, "0", "0", "0.01", "0.02", "0.06", "0.001", "0.005", "0.0137", "0.25", "1", "2", "0.123456789012", "0.000000000001")
}
