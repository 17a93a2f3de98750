package numbering

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

const namesHead = `# The English names of the regions: region, tab, name. Made of the Unicode CLDR (Unicode License; by
# golang.org/x/text/language/display), with the names in names_test.go that changed since or are said shorter, and for the
# US states of the names in regions_gen_test.go.
# A test regenerates this file: UPDATE=1 go test ./shared/numbering -run TestTheNamesAreCurrent
`

// renamed are names that changed since the library's CLDR, or are said
// shorter.
var renamed = map[string]string{
	"CZ": "Czechia", "MK": "North Macedonia", "SZ": "Eswatini", "TR": "Türkiye",
	"CD": "Congo (DRC)", "CG": "Congo (Republic)", "HK": "Hong Kong", "MM": "Myanmar", "MO": "Macao", "PS": "Palestine",
	"001": "international networks", "US-DC": "District of Columbia", "US-WA": "Washington",
}

func TestTheNamesAreCurrent(t *testing.T) {
	names := map[string]string{}
	english := display.Regions(language.English)
	country := func(code string) string {
		return strings.ReplaceAll(english.Name(language.MustParseRegion(code)), "’", "'")
	}
	for code := range phonenumbers.GetSupportedRegions() {
		names[code] = country(code)
	}
	for code, state := range territories {
		names[state] = country(code)
	}
	for _, s := range states {
		names["US-"+s.code] = s.name
	}
	for region, name := range renamed {
		names[region] = name
	}
	var want bytes.Buffer
	want.WriteString(namesHead)
	regions := make([]string, 0, len(names))
	for region := range names {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	for _, region := range regions {
		fmt.Fprintf(&want, "%s\t%s\n", region, names[region])
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("names.tsv", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want.String(), "\n"), strings.Split(embeddedNames, "\n")); diff != "" {
		t.Errorf("names.tsv is not what the library gives (-want +got); UPDATE=1 rewrites it:\n%s", diff)
	}
}

func TestARegionHasAnEnglishName(t *testing.T) {
	for region, want := range map[string]string{
		"DE": "Germany", "GB": "United Kingdom", "US": "United States", "XK": "Kosovo", "CI": "Côte d'Ivoire", "SZ": "Eswatini", "TA": "Tristan da Cunha",
		"US-NY": "New York", "US-WA": "Washington", "US-DC": "District of Columbia", "US-PR": "Puerto Rico", "001": "international networks",
		"QQ": "QQ", "US-QQ": "US-QQ",
	} {
		id, err := ParseRegion(region)
		if err != nil {
			t.Fatal(err)
		}
		if got := id.EnglishName(); got != want {
			t.Errorf("%s: %q, want %q", region, got, want)
		}
	}
	if got := RegionID(0).EnglishName(); got != "" {
		t.Errorf("no region: %q", got)
	}
}

func TestEveryRegionOfTheTablesHasAName(t *testing.T) {
	check := func(id RegionID) {
		if name := id.EnglishName(); id != 0 && (name == id.Name() || name == "") {
			t.Errorf("%s has no name", id.Name())
		}
	}
	for _, line := range strings.Split(string(Embedded()), "\n") {
		if _, region, ok := strings.Cut(line, "\t"); ok {
			id, err := ParseRegion(region)
			if err != nil {
				t.Fatal(err)
			}
			check(id)
		}
	}
	for _, p := range EmbeddedPlaces().places {
		check(p.Region)
		check(p.Main)
	}
}
