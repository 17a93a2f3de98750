package catalog

import (
	"hash/maphash"
	"slices"

	"github.com/tollbook/tollbook/shared/ratecard"
)

// ratedBy returns whether a card has a rate of a prefix that is only for callers of a
// group and has not ended by an instant: a deck that has no surcharge for them puts the
// price for all in its place. It looks through the rates when it is first asked, and
// takes 8 bytes for each such rate. Of two keys with one hash both are rated: then a
// group gets a rate that says what the one for all does.
func ratedBy(current *ratecard.Rates, at int64) func(prefix, group string) bool {
	if current.Len() == 0 {
		return nil
	}
	type key struct{ prefix, group string }
	seed, asked := maphash.MakeSeed(), false
	var rated []uint64
	return func(prefix, group string) bool {
		if !asked {
			asked = true
			for r, err := range current.All() {
				if err == nil && r.Origin != "" && (r.To == 0 || r.To > at) {
					rated = append(rated, maphash.Comparable(seed, key{r.Prefix, r.Origin}))
				}
			}
			slices.Sort(rated)
		}
		_, ok := slices.BinarySearch(rated, maphash.Comparable(seed, key{prefix, group}))
		return ok
	}
}
