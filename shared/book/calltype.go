package book

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/prefix"
)

// Direction narrows a rule to usage that the customer made or received; empty:
// to none of the two.
type Direction string

// The directions.
const (
	Outbound Direction = "outbound"
	Inbound  Direction = "inbound"
)

// holds reports whether d is for usage of a direction.
func (d Direction) holds(of call.Direction) bool { return d == "" || string(d) == of.String() }

func (d Direction) valid() bool { return d == "" || d == Outbound || d == Inbound }

// Itemise says how usage is listed on a customer's bill.
type Itemise string

// How usage is listed; empty is ItemiseYes.
const (
	ItemiseYes    Itemise = "yes"
	ItemiseMasked Itemise = "masked" // without the last digits of the number
	ItemiseNo     Itemise = "no"
)

// CallType is what usage means to a customer. Of those that hold at a record's
// instant, the one with the longest prefix decides; then one for its direction,
// one for its band, the latest From. Two that nothing tells apart are an error.
// After BillingPlatform UK, documentation.billingplatform.uk, Call
// Configuration; the order is that of rates, see infra/docs/pricing.md.
type CallType struct {
	ID   string `doc:"id" json:"id"`
	Name string `doc:"name,omitempty" json:"name,omitempty"` // for the customer
	// Prefixes of the called number, inbound usage's too, each of 0 to 15 digits;
	// the empty one is of every number and of none. A number of fewer than 7
	// digits needs one of all its digits, or the empty one: extension 100 is no
	// call to +1.
	Prefixes  []string  `doc:"prefixes" json:"prefixes"`
	Direction Direction `doc:"direction,omitempty" json:"direction,omitempty"` // empty: both
	// Band is the carrier's own, which a record has as its tag; empty: any.
	Band  string `doc:"band,omitempty" json:"band,omitempty"`
	Class string `doc:"class" json:"class"`                     // tariff class: what assignments and fallbacks go by
	Group string `doc:"group,omitempty" json:"group,omitempty"` // under which bills show it
	// RateAs is looked up on the card in place of the called number: digits, or
	// the name of a service; empty: the number.
	RateAs  string  `doc:"rate_as,omitempty" json:"rate_as,omitempty"`
	Itemise Itemise `doc:"itemise,omitempty" json:"itemise,omitempty"`
	// Weight is how much of a bundle usage draws, in percent; 0: 100.
	Weight uint32    `doc:"weight,omitempty" json:"weight,omitempty"`
	From   time.Time `doc:"from,omitempty" json:"from,omitzero"` // zero: since ever
	To     time.Time `doc:"to,omitempty" json:"to,omitzero"`     // it does not hold any more; zero: for ever
}

// shortNumber is how many digits a number has that is not one of a country.
const shortNumber = 7

// check reports what no look-up could make sense of.
func (t *CallType) check() error {
	switch {
	case len(t.Prefixes) == 0:
		return fmt.Errorf("call type %q has no prefixes: want one, perhaps the empty one", t.ID)
	case !t.Direction.valid():
		return fmt.Errorf("call type %q has direction %q: want outbound, inbound or none", t.ID, t.Direction)
	case !t.To.IsZero() && nanos(t.To) <= nanos(t.From):
		return fmt.Errorf("call type %q ends at %s, before it begins", t.ID, t.To.Format(time.RFC3339))
	}
	return nil
}

// preferred orders call types of one prefix: those for a direction first, then
// those for a band, then the latest. 0: nothing tells them apart.
func preferred(a, b *CallType) int {
	return cmp.Or(
		given(b.Direction != "")-given(a.Direction != ""), given(b.Band != "")-given(a.Band != ""), cmp.Compare(nanos(b.From), nanos(a.From)),
		cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Band, b.Band))
}

func given(is bool) int {
	if is {
		return 1
	}
	return 0
}

// callTypes finds the call type of a record.
type callTypes struct {
	index *prefix.Index // its values are places in lists
	lists []typesOf
	any   int // list of the empty prefix, -1: none
}

// typesOf is the call types of one prefix, the preferred first.
type typesOf struct {
	digits  int
	types   []timedType
	shorter int // list of the longest prefix that this one begins with, -1: none
}

type timedType struct {
	*CallType
	from, to int64 // unix ns
}

// Ambiguous returns two call types that nothing tells apart, and the prefix
// that both have: build errors of a book.
func Ambiguous(types []CallType) (a, b *CallType, prefix string, found bool) {
	byPrefix := typesByPrefix(types)
	for _, p := range slices.Sorted(maps.Keys(byPrefix)) {
		for i, list := 1, byPrefix[p]; i < len(list); i++ {
			if preferred(list[i-1], list[i]) == 0 {
				return list[i-1], list[i], p, true
			}
		}
	}
	return nil, nil, "", false
}

// typesByPrefix returns the call types of each prefix, the preferred first.
func typesByPrefix(types []CallType) map[string][]*CallType {
	out := map[string][]*CallType{}
	for i := range types {
		for _, p := range types[i].Prefixes {
			out[p] = append(out[p], &types[i])
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b *CallType) int { return cmp.Or(preferred(a, b), cmp.Compare(a.ID, b.ID)) })
	}
	return out
}

// newCallTypes indexes call types; nil: there are none.
func newCallTypes(types []CallType) (*callTypes, error) {
	if len(types) == 0 {
		return nil, nil
	}
	for i := range types {
		if err := types[i].check(); err != nil {
			return nil, err
		}
	}
	if a, b, p, found := Ambiguous(types); found {
		return nil, fmt.Errorf("call types %q and %q are both for prefix %q, with the same direction, band and beginning", a.ID, b.ID, p)
	}
	byPrefix := typesByPrefix(types)
	prefixes := slices.Sorted(maps.Keys(byPrefix)) // a prefix before those that begin with it
	out, at := &callTypes{any: -1}, map[string]int{}
	entries := make([]prefix.Entry, len(prefixes))
	for i, p := range prefixes {
		entries[i] = prefix.Entry{Prefix: p, Value: uint32(i)}
		list := typesOf{digits: len(p), shorter: -1}
		for n := len(p) - 1; n >= 0 && list.shorter < 0; n-- {
			if j, ok := at[p[:n]]; ok {
				list.shorter = j
			}
		}
		for _, t := range byPrefix[p] {
			to := int64(math.MaxInt64)
			if !t.To.IsZero() {
				to = nanos(t.To)
			}
			list.types = append(list.types, timedType{t, nanos(t.From), to})
		}
		if at[p] = i; p == "" {
			out.any = i
		}
		out.lists = append(out.lists, list)
	}
	section, err := prefix.Build(entries)
	if err != nil {
		return nil, fmt.Errorf("call types: %w", err)
	}
	if out.index, err = prefix.Open(section); err != nil {
		return nil, fmt.Errorf("call types: %w", err)
	}
	return out, nil
}

// of returns the call type of a record; nil: none holds.
func (c *callTypes) of(r *call.Record) *CallType {
	if c == nil {
		return nil
	}
	at, short, digits := c.any, false, 0
	if key, ok := prefix.KeyOf(r.BNumber); ok && key.Digits > 0 {
		m := c.index.Lookup(key)
		if !m.OK() {
			return nil
		}
		at, digits = int(m.Value()), int(key.Digits)
		short = digits < shortNumber
	}
	for ; at >= 0; at = c.lists[at].shorter {
		list := &c.lists[at]
		if short && list.digits != digits && list.digits != 0 {
			continue
		}
		for i := range list.types {
			t := &list.types[i]
			if t.from <= r.Instant && r.Instant < t.to && t.Direction.holds(r.Direction) && (t.Band == "" || t.Band == r.Tag) {
				return t.CallType
			}
		}
	}
	return nil
}
