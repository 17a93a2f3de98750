package numbering

import (
	_ "embed"
	"strings"
	"sync"
)

// The names are few and change seldom: a table of 5 kB, against a megabyte of
// all languages' names in a library.
//
//go:embed names.tsv
var embeddedNames string

var names = sync.OnceValue(func() map[RegionID]string {
	all := map[RegionID]string{}
	for line := range strings.Lines(embeddedNames) {
		region, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if id, err := ParseRegion(region); ok && err == nil {
			all[id] = name
		}
	}
	return all
})

// EnglishName returns the region's name in English: "Germany", "New York" for
// US-NY, "international networks" for World; "" for 0; the code (see Name) for
// a region that neither libphonenumber nor the table of regions has. The names
// are those of the Unicode CLDR, as a country is called today; they are the
// same on every host.
func (id RegionID) EnglishName() string {
	if name, ok := names()[id]; ok {
		return name
	}
	return id.Name()
}
