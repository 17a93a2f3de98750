package catalog

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/cdr"
)

// maxTrunks bounds the trunks of a feed: it is one document.
const maxTrunks = 2000

// payers checks how a feed tells who pays.
func (r *Refusal) payers(v book.Feed) {
	format := v.Source.Format
	if format != cdr.Asterisk && format != cdr.FreeSWITCH {
		format = cdr.Generic // a wrong one is named elsewhere
	}
	for _, one := range []struct {
		field, found string
		set          cdr.Feed
	}{
		{"numbers", "", cdr.Feed{Numbers: v.Source.Numbers}},
		{"direction", string(v.Source.Direction), cdr.Feed{Direction: v.Source.Direction}},
		{"identify", fmt.Sprint(v.Source.Identify), cdr.Feed{Identify: v.Source.Identify}},
	} {
		one.set.ID, one.set.Format, one.set.Zone = "feed", format, "UTC"
		if err := one.set.Validate(); err != nil {
			r.add(one.field, one.found, "it to be right: "+strings.TrimPrefix(err.Error(), "feed feed: "))
		}
	}
	if len(v.Trunks) > maxTrunks {
		r.add("trunks", fmt.Sprint(len(v.Trunks)), fmt.Sprintf("at most %d", maxTrunks))
	}
	seen := map[string]bool{}
	for i, t := range v.Trunks {
		r.text(fmt.Sprintf("trunks[%d].trunk", i), t.Trunk, 1)
		r.owners(fmt.Sprintf("trunks[%d].owners", i), t.Owners)
		if seen[t.Trunk] {
			r.add(fmt.Sprintf("trunks[%d].trunk", i), t.Trunk, "each trunk once")
		}
		seen[t.Trunk] = true
	}
}

// feedAccounts returns the accounts that a feed names, sorted.
func feedAccounts(v book.Feed) []string {
	named := map[string]bool{}
	for _, m := range v.Source.Identify {
		if id, ok := m.Account(); ok {
			named[id] = true
		}
	}
	for _, t := range v.Trunks {
		for _, o := range t.Owners {
			named[o.Account] = true
		}
	}
	delete(named, "") // nobody
	return slices.Sorted(maps.Keys(named))
}

// storedTrunks returns trunks as a document keeps them.
func storedTrunks(trunks []book.Trunk) []book.Trunk {
	out := slices.Clone(trunks)
	slices.SortFunc(out, func(a, b book.Trunk) int { return cmp.Compare(a.Trunk, b.Trunk) })
	for i := range out {
		out[i].Owners = storedOwners(out[i].Owners)
	}
	return out
}
