package twin

import (
	"slices"
	"strings"
)

// World is the region of the codes that no country has: international
// freephone, satellite and global networks.
const World = "001"

// classOf returns the class of a call between two regions, where the card asks
// for one.
func classOf(t Terms, caller, called string) string {
	switch t.Presentation {
	case SingleRate:
		return AnyClass
	case InterIntra, InterIntraIndeterminate:
		return jurisdiction(caller, called)
	case LocalEEAInternational:
		return distance(t, caller, called)
	}
	panic("twin: no presentation " + t.Presentation)
}

// jurisdiction is the matrix of docs.connexcs.com/routing-usa/:
//
//	caller \ called   a state       another state   not the US
//	a state           intrastate    interstate      international
//	anything else     indeterminate indeterminate   international
func jurisdiction(caller, called string) string {
	switch {
	case country(called) != "US":
		return International
	case !isState(caller) || !isState(called):
		return Indeterminate
	case caller == called:
		return Intrastate
	}
	return Interstate
}

// distance is Local within a country, EEA between two countries of the card's
// lists, else International (docs.connexcs.com/customer-ratecard/).
func distance(t Terms, caller, called string) string {
	from, to := country(caller), country(called)
	switch {
	case from != "" && from == to:
		return Local
	case slices.Contains(listOr(t.EEAFrom, eea), from) && slices.Contains(listOr(t.EEATo, eea), to):
		return EEA
	}
	return International
}

// columns returns the classes in whose rows a call is looked up. With two, the
// dearer row counts, and the first on a tie.
func columns(t Terms, class string) []string {
	decided := class == Intrastate || class == Interstate
	switch {
	case t.Presentation == InterIntra && !decided && t.DearerIndeterminate:
		return []string{Interstate, Intrastate}
	case t.Presentation == InterIntra && !decided:
		return []string{Interstate}
	case t.Presentation == InterIntraIndeterminate && !decided:
		return []string{Indeterminate}
	}
	return []string{class}
}

// country returns the country of a region: US of US-NY; none of World.
func country(region string) string {
	if region == World {
		return ""
	}
	name, _, _ := strings.Cut(region, "-")
	return name
}

func isState(region string) bool { return strings.HasPrefix(region, "US-") }

func listOr(list, usual []string) []string {
	if len(list) > 0 {
		return list
	}
	return usual
}

// eea is the 27 states of the EU, Iceland, Liechtenstein and Norway.
var eea = strings.Fields("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO")
