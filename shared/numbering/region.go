// Package numbering says what a telephone number is: how a switch's text
// becomes digits in E.164, which country or US state a number belongs to, what
// the numbers under a prefix of a deck are, how far apart two numbers are for
// charging, and whose number it is at an instant.
package numbering

import "fmt"

// RegionID is a country, a US state, or the world's shared codes. It says what
// it is by itself, so that an id kept in one card image means the same in
// another. 0 is unknown. Ids are below 1<<20.
type RegionID uint32

// World is the region of the codes that no country has: international
// freephone, satellite and global networks (UN M.49 code 001).
const World RegionID = (26*26 + 1) << subdivisionBits

const (
	subdivisionBits = 10
	countries       = 26*26 + 2 // 0, AA to ZZ, World
)

// ParseRegion reads "GB" (ISO 3166-1), "US-NY" (ISO 3166-2; two letters) or
// "001". It does not know which codes are in use.
func ParseRegion(name string) (RegionID, error) {
	if name == "001" {
		return World, nil
	}
	country, ok := pair(name)
	if ok && len(name) == 2 {
		return country << subdivisionBits, nil
	}
	if ok && len(name) == 5 && name[2] == '-' {
		if state, ok := pair(name[3:]); ok {
			return country<<subdivisionBits | state, nil
		}
	}
	return 0, fmt.Errorf("region %.16q: want a country such as GB, a US state such as US-NY, or 001", name)
}

// pair numbers two capital letters from 1.
func pair(s string) (RegionID, bool) {
	if len(s) < 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return 0, false
	}
	return RegionID(s[0]-'A')*26 + RegionID(s[1]-'A') + 1, true
}

// Name returns "GB", "US-NY", "001" or, for an unknown region, "".
func (id RegionID) Name() string {
	state := id & (1<<subdivisionBits - 1)
	switch {
	case state == 0:
		return id.Country()
	case state > 26*26 || !id.isCountry():
		return ""
	}
	return id.Country() + "-" + letters(state)
}

// Country returns the country of a region: "US" for "US-NY", "001" for World,
// "" for an unknown one.
func (id RegionID) Country() string {
	switch country := id >> subdivisionBits; {
	case country == 0 || country >= countries:
		return ""
	case country == World>>subdivisionBits:
		return "001"
	default:
		return letters(country)
	}
}

func letters(n RegionID) string {
	return string([]byte{'A' + byte((n-1)/26), 'A' + byte((n-1)%26)})
}

// country returns the region without its state.
func (id RegionID) country() RegionID { return id >> subdivisionBits << subdivisionBits }

// isCountry reports whether the region is a country or in one.
func (id RegionID) isCountry() bool { return id.country() != 0 && id.country() < World }

// Countries is a set of countries. The zero value is empty.
type Countries struct{ bits [(countries + 63) / 64]uint64 }

// CountriesOf returns the set of the named countries (ISO 3166-1, two capital
// letters), or an error naming the first that is none.
func CountriesOf(names ...string) (Countries, error) {
	var set Countries
	for _, name := range names {
		id, err := ParseRegion(name)
		if err != nil || len(name) != 2 {
			return Countries{}, fmt.Errorf("country %.16q: want two capital letters (ISO 3166-1) such as GB", name)
		}
		set.add(id)
	}
	return set, nil
}

func (s *Countries) add(id RegionID) {
	country := id >> subdivisionBits
	s.bits[country/64] |= 1 << (country % 64)
}

// Has reports whether the region is a country of the set, or in one.
func (s *Countries) Has(id RegionID) bool {
	country := id >> subdivisionBits
	return country < countries && s.bits[country/64]&(1<<(country%64)) != 0
}

// Empty reports whether the set has no country.
func (s *Countries) Empty() bool { return *s == Countries{} }

// eea are the members of the European Union, and Iceland, Liechtenstein and
// Norway. Regions with a code of their own (AX, SJ, GP …) are not in the list.
var eea = [...]string{
	"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
	"IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO",
}

// EEA returns the 30 states of the European Economic Area. The United Kingdom
// is not one of them.
func EEA() Countries {
	var set Countries
	for _, name := range eea {
		id, _ := pair(name)
		set.add(id << subdivisionBits)
	}
	return set
}
