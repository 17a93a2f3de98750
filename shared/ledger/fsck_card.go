package ledger

import (
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
)

// ownCard is a card image as plain maps.
type ownCard struct {
	terms   rating.Terms
	rows    map[ownPlace][]*rating.Rate // prefix, service and name are not in them
	areas   map[string]string           // prefix → area
	groups  map[ownMember]bool
	bands   *ownBands          // nil: the card has none
	regions *numbering.Regions // nil: the card does not ask for any
	eea     [2]numbering.Countries
}

// ownPlace is what rows are found by: a service, or a prefix.
type ownPlace struct {
	kind            call.Kind
	service, prefix string
}

// ownMember is a prefix of a group of callers.
type ownMember struct{ group, prefix string }

// ownCardOf reads the rows of a card. Those that cost the same for the same
// usage, whatever their prefix, are held once.
func ownCardOf(opened *rating.Card) (*ownCard, error) {
	card := &ownCard{
		terms: opened.Terms(), rows: make(map[ownPlace][]*rating.Rate, opened.Len()), areas: map[string]string{}, groups: map[ownMember]bool{},
		regions: opened.Regions(), eea: [2]numbering.Countries{numbering.EEA(), numbering.EEA()},
	}
	held := map[string]*rating.Rate{}
	for r, err := range opened.All() {
		if err != nil {
			return nil, err
		}
		at := ownPlace{r.Kind, r.Service, r.Prefix}
		if r.Area != "" && r.Service == "" {
			card.areas[r.Prefix] = r.Area
		}
		r.Prefix, r.Service, r.Destination = "", "", ""
		key := fmt.Sprintf("%q", []any{r})
		if held[key] == nil {
			held[key] = &r
		}
		card.rows[at] = append(card.rows[at], held[key])
	}
	for _, o := range card.terms.Origins {
		for _, p := range o.Prefixes {
			card.groups[ownMember{o.Name, p}] = true
		}
	}
	for i, names := range [...][]string{card.terms.EEAFrom, card.terms.EEATo} {
		if len(names) == 0 {
			continue
		}
		var err error
		if card.eea[i], err = numbering.CountriesOf(names...); err != nil {
			return nil, err
		}
	}
	if card.terms.Bands != nil {
		card.bands = ownBandsOf(card.terms.Bands)
	}
	return card, nil
}

// ownUsage is usage on its way to a row of a card.
type ownUsage struct {
	*ownCard
	rating.Usage
	number, caller string         // that the card goes by
	columns        []rating.Class // that it is looked up in; of two, the dearer row counts
	invalid        bool           // the caller's number
	nowhere        bool           // the caller is in no country
	zone           *time.Location // of the bands
}

func (card *ownCard) usage(of rating.Usage) (*ownUsage, error) {
	u := &ownUsage{ownCard: card, Usage: of, number: of.Number, caller: of.Caller, zone: of.Zone, columns: []rating.Class{rating.AnyClass}}
	if card.terms.ByLRN && of.LRN != "" {
		u.number = of.LRN
	}
	if card.terms.ByLRN && of.CallerLRN != "" {
		u.caller = of.CallerLRN
	}
	if b := card.terms.Bands; b != nil && b.Zone != "" {
		var err error
		if u.zone, err = time.LoadLocation(b.Zone); err != nil {
			return nil, fmt.Errorf("the zone of a card's bands: %w", err)
		}
	}
	if u.zone == nil {
		u.zone = time.UTC
	}
	if card.regions != nil {
		from := numbering.RegionID(0)
		if validCaller(u.caller) {
			from = card.region(u.caller)
		}
		u.invalid, u.columns = from == 0, card.columns(from, card.region(u.number))
		u.nowhere = card.terms.Presentation == rating.LocalEEAInternational && nowhere(from)
	}
	return u, nil
}

func (card *ownCard) region(number string) numbering.RegionID {
	key, ok := prefix.KeyOf(number)
	if !ok {
		return 0
	}
	return card.regions.Of(key)
}

// isNumber reports whether the first 15 characters are digits.
func isNumber(s string) bool {
	for _, c := range []byte(s[:min(len(s), rating.MaxPrefix)]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// validCaller reports whether a number has 7 to 15 digits, in +1 11 with an
// area code and an exchange that begin with 2 to 9.
func validCaller(n string) bool {
	if !isNumber(n) || len(n) < 7 || len(n) > 15 {
		return false
	}
	return n[0] != '1' || len(n) == 11 && n[1] >= '2' && n[4] >= '2'
}

// nowhere reports whether a region is in no country.
func nowhere(id numbering.RegionID) bool {
	return id.Country() == "" || id.Country() == numbering.World.Country()
}

// columns returns the classes that a call between two regions is priced by.
func (card *ownCard) columns(from, to numbering.RegionID) []rating.Class {
	const us = "US"
	isState := func(id numbering.RegionID) bool { return id.Country() == us && id.Name() != us }
	class, known := numbering.Indeterminate, false
	if isState(from) && isState(to) {
		known = true
		if class = numbering.Interstate; from == to {
			class = numbering.Intrastate
		}
	}
	switch card.terms.Presentation {
	case rating.InterIntra:
		switch {
		case known:
			return []rating.Class{class}
		case card.terms.DearerIndeterminate:
			return []rating.Class{numbering.Interstate, numbering.Intrastate}
		}
		return []rating.Class{numbering.Interstate}
	case rating.InterIntraIndeterminate:
		return []rating.Class{class}
	case rating.LocalEEAInternational:
		switch country := from.Country(); {
		case nowhere(from):
			return []rating.Class{numbering.International}
		case country == to.Country():
			return []rating.Class{numbering.Local}
		case card.eea[0].Has(from) && card.eea[1].Has(to):
			return []rating.Class{numbering.EEACall}
		}
		return []rating.Class{numbering.International}
	}
	return []rating.Class{rating.AnyClass}
}
