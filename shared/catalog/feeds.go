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

// payers checks how a feed tells who pays, and who else is charged.
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
		{"charges", fmt.Sprint(v.Source.Charges), cdr.Feed{Charges: v.Source.Charges}},
	} {
		one.set.ID, one.set.Format, one.set.Zone = "feed", format, "UTC"
		if err := one.set.Validate(); err != nil {
			r.add(one.field, one.found, "it to be right: "+strings.TrimPrefix(err.Error(), "feed feed: "))
		}
	}
	r.trunks("trunks", v.Trunks)
	r.trunks("suppliers", v.Suppliers)
	if len(v.Suppliers) > 0 && !slices.Contains(v.Source.Charges, cdr.Supplier) {
		r.add("suppliers", fmt.Sprint(len(v.Suppliers)), fmt.Sprintf("none, or %s among the charges", cdr.Supplier))
	}
}

func (r *Refusal) trunks(field string, trunks []book.Trunk) {
	if len(trunks) > maxTrunks {
		r.add(field, fmt.Sprint(len(trunks)), fmt.Sprintf("at most %d", maxTrunks))
	}
	seen := map[string]bool{}
	for i, t := range trunks {
		r.text(fmt.Sprintf("%s[%d].trunk", field, i), t.Trunk, 1)
		r.owners(fmt.Sprintf("%s[%d].owners", field, i), t.Owners)
		if seen[t.Trunk] {
			r.add(fmt.Sprintf("%s[%d].trunk", field, i), t.Trunk, "each trunk once")
		}
		seen[t.Trunk] = true
	}
}

// feedAccounts returns the accounts that a feed names as who pays, sorted.
func feedAccounts(v book.Feed) []string {
	named := map[string]bool{}
	for _, m := range v.Source.Identify {
		if id, ok := m.Account(); ok {
			named[id] = true
		}
	}
	for _, id := range trunkAccounts(v.Trunks) {
		named[id] = true
	}
	return slices.Sorted(maps.Keys(named))
}

// trunkAccounts returns the accounts that trunks name, sorted.
func trunkAccounts(trunks []book.Trunk) []string {
	named := map[string]bool{}
	for _, t := range trunks {
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
