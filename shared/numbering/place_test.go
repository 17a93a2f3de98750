package numbering

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// placeOf reads "mobile GB", "mixed GB+" and "unknown -".
func placeOf(t failer, s string) Place {
	t.Helper()
	name, region, _ := strings.Cut(s, " ")
	kind, err := ParseType(name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	p := Place{Type: kind}
	if p.Region, p.Main, err = parsePlaceRegion(region); err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

func TestAPrefixIsWhatAllNumbersUnderItAre(t *testing.T) {
	places := EmbeddedPlaces()
	for prefix, want := range map[string]string{
		"": "mixed -", "4": "mixed -", "21": "mixed -", "0": "unknown -", "999": "unknown -", "21099": "unknown -",
		"44": "mixed GB+", "447": "mixed GB+", "4420": "fixed GB", "4474": "mobile GB+", "4470": "personal GB", "4476": "mixed GB+",
		"44800": "toll_free GB", "44843": "premium GB", "4484": "premium GB", "448": "mixed GB", "445": "mixed GB", "4456": "voip GB", "443": "uan GB",
		"441481": "fixed GG", "44148": "fixed GB+", "441624": "fixed IM", "447781": "mobile GG", "4477": "mobile GB+",
		"49": "mixed DE", "4930": "fixed DE", "4915": "mobile DE", "33": "mixed FR", "336": "mobile FR", "393": "mobile IT", "39333": "mobile IT",
		"1": "mixed US+", "1212": "fixed_or_mobile US-NY", "121": "fixed_or_mobile US", "1212555": "fixed_or_mobile US-NY", "1204": "fixed_or_mobile CA",
		"1800": "toll_free US+", "1900": "premium US+", "1242": "mixed BS", "1787": "fixed_or_mobile US-PR", "1100": "unknown -",
		"7": "mixed RU+", "77": "mixed KZ", "79": "mobile RU", "7701": "mobile KZ", "212": "mixed MA+", "2125288": "fixed EH",
		"379": "unknown VA", "39": "mixed IT+", "3906698": "fixed VA", "390669": "fixed IT+",
		"800": "toll_free 001", "808": "shared_cost 001", "870": "mixed 001", "878": "voip 001", "979": "premium 001", "888": "uan 001",
		"4420794600001234567890": "fixed GB", "4455555555": "uan GB", "4453": "unknown GB",
		"x": "unknown -", "44x": "unknown -", "4420x": "unknown -", "44207946x": "unknown -", "+44": "unknown -", "４４": "unknown -",
	} {
		if got, want := places.Of(prefix), placeOf(t, want); got != want {
			t.Errorf("%q: %v %q %q, want %v %q %q", prefix, got.Type, got.Region.Name(), got.Main.Name(), want.Type, want.Region.Name(), want.Main.Name())
		}
	}
}

func TestAPlaceHasTheNameThatAListShows(t *testing.T) {
	for prefix, want := range map[string]string{
		"49": "Germany", "1212": "New York", "121": "United States", "44": "United Kingdom and others", "1800": "United States and others",
		"870": "international networks", "4": "several countries", "999": "", "379": "Vatican City",
	} {
		if got := EmbeddedPlaces().Of(prefix).EnglishName(); got != want {
			t.Errorf("%s: %q, want %q", prefix, got, want)
		}
	}
}

func TestAnAreaCodeHasTheStateOfTheTableOfRegions(t *testing.T) {
	places, states := EmbeddedPlaces(), 0
	for _, line := range strings.Split(string(Embedded()), "\n") {
		if p, region, _ := strings.Cut(line, "\t"); strings.HasPrefix(p, "1") {
			if got := places.Of(p).Region.Name(); got != region {
				t.Errorf("%s: %q, want %q", p, got, region)
			}
			states++
		}
	}
	if states < 400 {
		t.Errorf("only %d area codes", states)
	}
}

// libraryTypes are the library's types as ours.
var libraryTypes = map[phonenumbers.PhoneNumberType]Type{
	phonenumbers.UNKNOWN: Unknown, phonenumbers.FIXED_LINE: Fixed, phonenumbers.MOBILE: Mobile, phonenumbers.FIXED_LINE_OR_MOBILE: FixedOrMobile,
	phonenumbers.TOLL_FREE: TollFree, phonenumbers.PREMIUM_RATE: Premium, phonenumbers.SHARED_COST: SharedCost, phonenumbers.VOIP: VoIP,
	phonenumbers.PERSONAL_NUMBER: Personal, phonenumbers.PAGER: Pager, phonenumbers.UAN: UAN, phonenumbers.VOICEMAIL: Voicemail,
}

// tally counts full numbers, and those of which the table knows the type.
type tally struct{ numbers, exact int }

// checkPlaces holds what the table says of a number and all its prefixes
// against what the library says of the number. It skips what is not valid.
func (c *tally) checkPlaces(t failer, places *Places, regions *Regions, n *phonenumbers.PhoneNumber) {
	t.Helper()
	if !phonenumbers.IsValidNumber(n) {
		return
	}
	digits := phonenumbers.Format(n, phonenumbers.E164)[1:]
	region, kind := regions.Of(key(t, digits)), libraryTypes[phonenumbers.GetNumberType(n)]
	if country := published(n); len(digits) >= ShortDigits && n.GetCountryCode() != 1 && region.Name() != country {
		t.Fatalf("%s: the tables know %q, the library %q", digits, region.Name(), country)
	}
	full := places.Of(digits)
	if len(digits) < ShortDigits {
		region, _ = ParseRegion(published(n))
	}
	if full.Region != region {
		t.Fatalf("%s: %q, want %q", digits, full.Region.Name(), region.Name())
	}
	c.numbers++
	if full.Type == kind {
		c.exact++
	}
	for i := range digits {
		p := places.Of(digits[:i])
		if p.Region != 0 && p.Region != region && p.Region != region.country() {
			t.Fatalf("%s: the prefix %s is %q, the number %q", digits, digits[:i], p.Region.Name(), region.Name())
		}
		if p.Region != 0 && p.Main != p.Region.country() {
			t.Fatalf("%s: %q in %q", digits[:i], p.Region.Name(), p.Main.Name())
		}
		if p.Type != Mixed && p.Type != kind && kind != Voicemail {
			t.Fatalf("%s: the prefix %s is %v, the number %v", digits, digits[:i], p.Type, kind)
		}
		if p.Type == Voicemail && kind != Voicemail {
			t.Fatalf("%s: the prefix %s is %v, the number %v", digits, digits[:i], p.Type, kind)
		}
	}
}

func TestNumbersOfEveryRegionAndTypeAreWhatTheLibrarySays(t *testing.T) {
	places, regions := EmbeddedPlaces(), openEmbedded(t)
	rng := rand.New(rand.NewPCG(1, 2))
	var all tally
	var numbers []string
	for _, n := range examples(t) {
		numbers = append(numbers, phonenumbers.Format(n, phonenumbers.E164))
	}
	slices.Sort(numbers) // the library's order is that of a map
	for _, number := range numbers {
		n, err := phonenumbers.Parse(number, "")
		if err != nil {
			t.Fatal(err)
		}
		var c tally
		c.checkPlaces(t, places, regions, n)
		if c.numbers == 0 && n.GetCountryCode() != 1 {
			t.Errorf("%s: not a valid number", number)
		}
		for range 30 {
			varied := []byte(number)
			for i := len(varied) - 1 - rng.IntN(len(varied)-2); i < len(varied); i++ {
				varied[i] = '0' + byte(rng.IntN(10))
			}
			if n, err := phonenumbers.Parse(string(varied), ""); err == nil {
				c.checkPlaces(t, places, regions, n)
			}
		}
		all.numbers += c.numbers
		all.exact += c.exact
	}
	t.Logf("%d numbers, %d of the library's type", all.numbers, all.exact)
	if all.numbers < 10_000 || all.exact*100 < all.numbers*95 {
		t.Errorf("of %d numbers only %d have the library's type", all.numbers, all.exact)
	}
}

func TestNumbersOfEveryPlanAreWhatTheLibrarySays(t *testing.T) {
	places, regions := EmbeddedPlaces(), openEmbedded(t)
	rng := rand.New(rand.NewPCG(3, 4))
	var sum tally
	all := plans(t)
	for _, code := range slices.Sorted(maps.Keys(all)) {
		plan := all[code]
		var c tally
		for range 40 {
			number := plan.random(rng)
			n := plan.library(t, number)
			if !phonenumbers.IsValidNumber(n) {
				t.Errorf("%s is a number of the plan, and not of the library", number)
			}
			c.checkPlaces(t, places, regions, n)
		}
		if c.numbers == 0 {
			t.Errorf("no number of +%s", code)
		}
		sum.numbers += c.numbers
		sum.exact += c.exact
	}
	t.Logf("%d numbers, %d of the library's type", sum.numbers, sum.exact)
	if sum.exact*100 < sum.numbers*95 {
		t.Errorf("of %d numbers only %d have the library's type", sum.numbers, sum.exact)
	}
}

// library returns a number of a plan as the library has it. Its Parse may take
// digits for the national prefix.
func (p *plan) library(t *testing.T, number string) *phonenumbers.PhoneNumber {
	t.Helper()
	code, err := strconv.ParseInt(p.code, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	digits := number[len(p.code):]
	national, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	n := &phonenumbers.PhoneNumber{CountryCode: proto.Int32(int32(code)), NationalNumber: proto.Uint64(national)}
	if zeros := len(digits) - len(strings.TrimLeft(digits[:len(digits)-1], "0")) - 1; zeros > 0 {
		n.ItalianLeadingZero, n.NumberOfLeadingZeros = proto.Bool(true), proto.Int32(int32(zeros))
	}
	if got := phonenumbers.GetNationalSignificantNumber(n); got != digits {
		t.Fatalf("%s: the library has %s", number, got)
	}
	return n
}

// random returns a valid number of a plan.
func (p *plan) random(rng *rand.Rand) string {
	for s := p.start(); ; {
		var next []spot
		for digit := range 10 {
			if n := p.step(s, digit); p.extent(n).live() {
				next = append(next, n)
			}
		}
		if p.number(s).live() && (len(next) == 0 || rng.IntN(2) == 0) {
			return s.prefix
		}
		s = next[rng.IntN(len(next))]
	}
}

func TestAMixedPrefixOfFiveDigitsHasNumbersOfSeveralTypes(t *testing.T) {
	places, mixed := EmbeddedPlaces(), 0
	for _, plan := range plans(t) {
		plan.each(plan.start(), exactDigits, func(s spot) {
			if places.Of(s.prefix).Type != Mixed {
				return
			}
			mixed++
			found := map[Type]bool{}
			for kind := range Mixed {
				if number := plan.example(s, kind); number != "" {
					found[libraryTypes[phonenumbers.GetNumberType(plan.library(t, number))]] = true
				}
			}
			if delete(found, Unknown); len(found) < 2 {
				t.Errorf("%s: all numbers are %v", s.prefix, found)
			}
		})
	}
	if mixed < 1000 {
		t.Errorf("only %d mixed prefixes", mixed)
	}
}

// each calls f with all prefixes of at most so many digits that have numbers.
func (p *plan) each(s spot, digits int, f func(spot)) {
	if !p.extent(s).live() {
		return
	}
	f(s)
	for digit := 0; digit < 10 && len(s.prefix) < digits; digit++ {
		p.each(p.step(s, digit), digits, f)
	}
}

// example returns a number of a type under a prefix, "" if there is none.
func (p *plan) example(s spot, kind Type) string {
	if p.extent(s).types&(1<<kind) == 0 {
		return ""
	}
	if p.number(s).types == 1<<kind {
		return s.prefix
	}
	for digit := range 10 {
		if number := p.example(p.step(s, digit), kind); number != "" {
			return number
		}
	}
	return ""
}

func TestAPlaceIsFoundByTheLongestPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`[0-3]{1,6}`)
		kinds := rapid.IntRange(0, int(Mixed))
		regions := rapid.SampledFrom([]string{"", "GB", "US-NY", "001", "GB+", "-"})
		type row struct{ kind, region string }
		rows := map[string]row{}
		for range rapid.IntRange(1, 30).Draw(t, "rows") {
			rows[digits.Draw(t, "prefix")] = row{Type(kinds.Draw(t, "type")).String(), regions.Draw(t, "region")}
		}
		prefixes := make([]string, 0, len(rows))
		for p := range rows {
			prefixes = append(prefixes, p)
		}
		slices.Sort(prefixes)
		table := bytes.NewBufferString("# places 1\n# version x\n")
		want := map[string]Place{"": {Type: Mixed}}
		longest := func(p string) Place {
			for n := len(p); ; n-- {
				if place, ok := want[p[:n]]; ok {
					return place
				}
			}
		}
		for _, p := range prefixes {
			place := longest(p)
			place.Type, _ = ParseType(rows[p].kind)
			fmt.Fprintf(table, "%s\t%s", p, rows[p].kind)
			if region := rows[p].region; region != "" {
				place.Region, place.Main, _ = parsePlaceRegion(region)
				fmt.Fprintf(table, "\t%s", region)
			}
			table.WriteByte('\n')
			want[p] = place
		}
		places, err := OpenPlaces(table.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			p := rapid.StringMatching(`[0-3]{0,8}`).Draw(t, "number")
			if got := places.Of(p); got != longest(p) {
				t.Fatalf("%q: %v, want %v in\n%s", p, got, longest(p), table)
			}
		}
	})
}

func TestARowIsForAllItsLastDigits(t *testing.T) {
	places, err := OpenPlaces([]byte("# places 1\n# version x\n44\tmixed\tGB+\n44[17]\tmobile\tGB\n4412\tfixed\tJE\n445\tvoip\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Place{}
	for _, p := range []string{"4", "44", "441", "4411", "4412", "447", "445", "443"} {
		got[p] = places.Of(p)
	}
	if diff := cmp.Diff(map[string]Place{
		"4": {Type: Mixed}, "44": placeOf(t, "mixed GB+"), "441": placeOf(t, "mobile GB"), "4411": placeOf(t, "mobile GB"),
		"4412": placeOf(t, "fixed JE"), "447": placeOf(t, "mobile GB"), "445": placeOf(t, "voip GB+"), "443": placeOf(t, "mixed GB+"),
	}, got); diff != "" {
		t.Error(diff)
	}
	if places.Version() != "x" || EmbeddedPlaces().Version() != "phonenumbers v1.8.1" {
		t.Errorf("versions %q, %q", places.Version(), EmbeddedPlaces().Version())
	}
}

func TestATableOfPlacesThatIsNotOneIsRefused(t *testing.T) {
	const head, open = "# places 1\n# version x\n", "open a table of places: "
	const prefixes = "want 1 to 15 digits, or several last ones, ascending, in brackets such as 44[12]"
	for table, want := range map[string]string{
		"":                                  open + "it has no rows",
		"# regions 1\n":                     open + `line 1: want "# places 1"`,
		"# places 1\n1\tmixed\n":            open + `line 2: want "# version " and a version`,
		head + "# none\n":                   open + "it has no rows",
		head + "1\tmixed":                   open + "line 3 is cut off",
		head + "1 mixed\n":                  open + "line 3: want a prefix, a tab and a type",
		head + "\n":                         open + "line 3: want a prefix, a tab and a type",
		head + "1\tFixed\n":                 open + `line 3: type of number "Fixed": want one such as fixed, mobile or toll_free`,
		head + "1\tfixed\tus\n":             open + `line 3: region "us": want a country such as GB, a US state such as US-NY, or 001`,
		head + "1\tfixed\t\n":               open + `line 3: region "": want a country such as GB, a US state such as US-NY, or 001`,
		head + "1\tfixed\tUS-NY+\n":         open + `line 3: region "US-NY+": want a country before the +`,
		head + "1\tfixed\tUS\tNY\n":         open + `line 3: region "US\tNY"`,
		head + "\tmixed\n":                  open + `line 3: prefix "": ` + prefixes,
		head + "x\tmixed\n":                 open + `line 3: prefix "x": ` + prefixes,
		head + "4[12\tmixed\n":              open + `line 3: prefix "4[12": ` + prefixes,
		head + "4[1]\tmixed\n":              open + `line 3: prefix "4[1]": ` + prefixes,
		head + "4[21]\tmixed\n":             open + `line 3: prefix "4[21]": ` + prefixes,
		head + "4[11]\tmixed\n":             open + `line 3: prefix "4[11]": ` + prefixes,
		head + "4[1x]\tmixed\n":             open + `line 3: prefix "4[1x]": ` + prefixes,
		head + "4[12]3\tmixed\n":            open + `line 3: prefix "4[12]3": ` + prefixes,
		head + "1234567890123456\tmixed\n":  open + `line 3: prefix "1234567890123456": ` + prefixes,
		head + "1\tfixed\n1\tmobile\n":      open + "line 4: prefix 1 comes after 1: want them ascending",
		head + "12\tfixed\n1\tmobile\n":     open + "line 4: prefix 1 comes after 12: want them ascending",
		head + "4[13]\tfixed\n43\tmobile\n": open + "line 4: prefix 43: given twice",
		head + strings.Repeat("#\n", 1<<19): "open a table of places of 1048599 bytes: want at most 1048576",
	} {
		_, err := OpenPlaces([]byte(table))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", table, err, want)
		}
	}
	for want, row := range map[string]func(i int) string{
		"more than 32768 prefixes that others begin with": func(i int) string { return fmt.Sprintf("%d\tfixed\n", 1_000_000+10*i) },
		"more than 32768 different places": func(i int) string {
			return fmt.Sprintf("%d\tfixed\t%s-%s\n", 100_000+i, letters(RegionID(1+i/676)), letters(RegionID(1+i%676)))
		},
	} {
		var many bytes.Buffer
		many.WriteString(head)
		for i := range 1 << 15 {
			many.WriteString(row(i))
		}
		if _, err := OpenPlaces(many.Bytes()); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAPlaceIsFoundWithoutAllocation(t *testing.T) {
	places := EmbeddedPlaces()
	if n := testing.AllocsPerRun(10, func() { _ = places.Of("4477001234567890") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestATypesNameIsReadAsWritten(t *testing.T) {
	for kind := range Mixed + 1 {
		if got, err := ParseType(kind.String()); err != nil || got != kind {
			t.Errorf("%v: %v %v", kind, got, err)
		}
	}
	if got := (Mixed + 1).String(); got != "unknown" {
		t.Errorf("no type: %q", got)
	}
	if _, err := ParseType("Mobile"); err == nil || err.Error() != `type of number "Mobile": want one such as fixed, mobile or toll_free` {
		t.Error(err)
	}
}

func FuzzOpenPlaces(f *testing.F) {
	f.Add([]byte("# places 1\n# version x\n# none\n44\tmixed\tGB+\n44[17]\tmobile\tGB\n4412\tfixed\tJE\n999\tunknown\t-\n"), "4412555")
	f.Add([]byte("# places 1\n# version x\n1212\tfixed_or_mobile\tUS-NY\n1[38]\ttoll_free\n"), "1")
	f.Add([]byte("# places 1\n# version x\n4[13]\tfixed\n43\tmobile\n"), "x")
	f.Fuzz(func(t *testing.T, table []byte, number string) {
		places, err := OpenPlaces(table)
		if err != nil {
			return
		}
		p := places.Of(number)
		if !digitsOnly(number) {
			if p != (Place{}) {
				t.Errorf("%q is no prefix: %v", number, p)
			}
			return
		}
		if p.Type > Mixed || p.Region != 0 && (p.Region.Name() == "" || p.Main != p.Region.country()) || p.Main != p.Main.country() || places.Version() == "" {
			t.Errorf("%s: %v", number, p)
		}
		if number == "" && p != (Place{Type: Mixed}) {
			t.Errorf("all numbers: %v", p)
		}
	})
}
