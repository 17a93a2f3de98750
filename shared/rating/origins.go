package rating

import (
	"fmt"
	"slices"
)

// WithOrigins returns the terms with more groups of callers: those that the rates of
// a deck are for. A group of the terms' own stays as it is. The error names the first
// group that the two give different prefixes; the terms are then those with their own.
func (t Terms) WithOrigins(groups []Origin) (_ Terms, err error) {
	own := t.Origins
	t.Origins = slices.Clone(own)
	for _, g := range groups {
		i := slices.IndexFunc(own, func(o Origin) bool { return o.Name == g.Name })
		switch {
		case i < 0:
			t.Origins = append(t.Origins, g)
		case err == nil && !own[i].same(g):
			err = fmt.Errorf("origin group %q: the terms and the deck have other prefixes for it, want one of them renamed", g.Name)
		}
	}
	return t, err
}

// same reports whether two groups have the same callers.
func (o Origin) same(p Origin) bool {
	a, b := slices.Clone(o.Prefixes), slices.Clone(p.Prefixes)
	slices.Sort(a)
	slices.Sort(b)
	return o.Name == p.Name && o.Invalid == p.Invalid && slices.Equal(slices.Compact(a), slices.Compact(b))
}

// SameOrigins reports whether two lists have the same groups in the same order.
func SameOrigins(a, b []Origin) bool { return slices.EqualFunc(a, b, Origin.same) }
