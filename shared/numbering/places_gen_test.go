package numbering

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"

	"github.com/tollbook/tollbook/shared/prefix"
)

// The table of places is made here, as that of regions is.

const placesHead = placesMagic + `
` + tableVersion + `%s
# What the valid numbers are that begin with a prefix, in E.164 without plus: prefix (44[12] is 441 and 442), tab, type, and
# where it is not that of the next shorter prefix here, tab, region: a country (ISO 3166-1), a US state or territory
# (ISO 3166-2), 001 for the codes that all countries share, GB+ for several countries of which GB is named, - for none.
# Made of the metadata of github.com/nyaruka/phonenumbers, which is that of Google's libphonenumber (Apache-2.0), and of
# regions.tsv, which says the states of +1. Exact to five digits; longer prefixes as far as each next digit tells something.
# A test regenerates this file: UPDATE=1 go test ./shared/numbering -run TestTheTableOfPlacesIsCurrent
`

// exactDigits are the digits of prefixes that have a row wherever their place
// is not that of the next shorter one.
const exactDigits = 5

func TestTheTableOfPlacesIsCurrent(t *testing.T) {
	w := placesWriter{regions: openEmbedded(t), plans: plans(t)}
	for digit := range 10 {
		w.codes(t, strconv.Itoa(digit), Place{Type: Mixed})
	}
	var want bytes.Buffer
	fmt.Fprintf(&want, placesHead, "phonenumbers "+requiredVersion(t))
	for _, r := range w.grouped() {
		if want.WriteString(r.stem); len(r.ends) == 1 {
			want.WriteString(r.ends)
		} else {
			want.WriteString("[" + r.ends + "]")
		}
		want.WriteString("\t" + r.place.Type.String())
		if r.place.Region != r.inherited.Region || r.place.Main != r.inherited.Main {
			want.WriteString("\t" + regionCell(r.place))
		}
		want.WriteByte('\n')
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("places.tsv", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(strings.Split(want.String(), "\n"), strings.Split(string(embeddedPlaces), "\n")); diff != "" {
		t.Errorf("places.tsv is not what the library gives (-want +got); UPDATE=1 rewrites it:\n%s", diff)
	}
}

func regionCell(p Place) string {
	switch {
	case p.Region != 0:
		return p.Region.Name()
	case p.Main != 0:
		return p.Main.Name() + "+"
	}
	return "-"
}

// plans returns the plan of each calling code.
func plans(t *testing.T) map[string]*plan {
	t.Helper()
	regions := openEmbedded(t)
	own := map[int]map[string]RegionID{1: {}, 212: {}}
	for npa := range 1000 {
		p := strconv.Itoa(1000 + npa)
		own[1][p] = regionOf(t, regions, p)
	}
	for _, r := range byHand {
		if code := 212; strings.HasPrefix(r.prefix, strconv.Itoa(code)) {
			own[code][r.prefix] = regionOf(t, regions, r.prefix)
		}
	}
	all := map[string]*plan{}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		all[strconv.Itoa(code)] = newPlan(t, code, own[code])
	}
	return all
}

// regionOf returns the region that the table of regions gives to the numbers
// under a prefix that none of its rows is longer than.
func regionOf(t *testing.T, regions *Regions, p string) RegionID {
	t.Helper()
	return regions.Of(key(t, p+"0000000"[:max(0, ShortDigits-len(p))]))
}

// placesWriter makes the rows of the table of places.
type placesWriter struct {
	regions *Regions
	plans   map[string]*plan
	rows    []placesRow
}

// placesRow is a row for prefixes that differ in their last digit.
type placesRow struct {
	stem, ends       string
	place, inherited Place
}

// codes adds the rows of what calling codes begin with, and of what is under it.
func (w *placesWriter) codes(t *testing.T, p string, inherited Place) {
	t.Helper()
	if plan := w.plans[p]; plan != nil {
		w.numbers(t, plan, plan.start(), inherited)
		return
	}
	for code := range w.plans {
		if strings.HasPrefix(code, p) {
			for digit := range 10 {
				w.codes(t, p+strconv.Itoa(digit), inherited)
			}
			return
		}
	}
	w.add(p, w.hole(t, p, inherited), inherited)
}

func (w *placesWriter) numbers(t *testing.T, plan *plan, s spot, inherited Place) {
	t.Helper()
	e := plan.extent(s)
	if !e.live() {
		w.add(s.prefix, w.hole(t, s.prefix, inherited), inherited)
		return
	}
	place := plan.place(e)
	w.add(s.prefix, place, inherited)
	if e.alike() || len(s.prefix) == prefix.MaxDigits || len(s.prefix) >= exactDigits && !e.several && !plan.tells(s, e) {
		return
	}
	for digit := range 10 {
		w.numbers(t, plan, plan.step(s, digit), place)
	}
}

// tells reports whether the next digit of a prefix says more of its numbers.
func (p *plan) tells(s spot, e extent) bool {
	for digit := range 10 {
		if next := p.extent(p.step(s, digit)); next.live() && (next.types != e.types || next.region != e.region) {
			return true
		}
	}
	return false
}

// hole returns the place of a prefix of no valid numbers.
func (w *placesWriter) hole(t *testing.T, p string, inherited Place) Place {
	t.Helper()
	place := inherited
	if place.Type == Mixed {
		place.Type = Unknown
	}
	if place.Region == 0 {
		place.Region = regionOf(t, w.regions, p)
		place.Main = place.Region.country()
	}
	return place
}

func (w *placesWriter) add(p string, place, inherited Place) {
	if place != inherited {
		w.rows = append(w.rows, placesRow{p[:len(p)-1], p[len(p)-1:], place, inherited})
	}
}

// grouped returns the rows in the order of the table.
func (w *placesWriter) grouped() []placesRow {
	slices.SortFunc(w.rows, func(a, b placesRow) int { return cmp.Compare(a.stem+a.ends, b.stem+b.ends) })
	type siblings struct {
		stem  string
		place Place
	}
	at := map[siblings]int{}
	var all []placesRow
	for _, r := range w.rows {
		key := siblings{r.stem, r.place}
		if i, ok := at[key]; ok {
			all[i].ends += r.ends
			continue
		}
		at[key] = len(all)
		all = append(all, r)
	}
	return all
}
