package numbering

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/prefix"
)

func openEmbedded(t testing.TB) *Regions {
	t.Helper()
	r, err := OpenRegions(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func key(t failer, number string) prefix.Key {
	t.Helper()
	k, ok := prefix.KeyOf(number)
	if !ok {
		t.Fatalf("%q is not digits", number)
	}
	return k
}

func TestANumberHasTheRegionOfItsLongestPrefix(t *testing.T) {
	r := openEmbedded(t)
	for number, want := range map[string]string{
		"12125550123": "US-NY", "13155550123": "US-NY", "19145550123": "US-NY", "12245550123": "US-IL", "13125550123": "US-IL",
		"17875550123": "US-PR", "19395550123": "US-PR", "16715550123": "US-GU", "13405550123": "US-VI", "16845550123": "US-AS", "16705550123": "US-MP",
		"12025550123": "US-DC", "15055550123": "US-NM", "12045550123": "CA", "14165550123": "CA", "12425550123": "BS", "18765550123": "JM", "18095550123": "DO",
		"18005550123": "", "18335550123": "", "19005550123": "", "15005550123": "", "15215550123": "", "17105550123": "", "19995550123": "", "10005550123": "",
		"442079460000": "GB", "441481723456": "GG", "441534723456": "JE", "441624723456": "IM", "447700900123": "GB", "447797712345": "JE", "447624123456": "IM",
		"390612345678": "IT", "390669812345": "VA", "379000000000": "VA", "74951234567": "RU", "77172123456": "KZ", "4721123456": "NO", "4779123456": "SJ",
		"212522123456": "MA", "212528812345": "EH", "262262123456": "RE", "262269123456": "YT", "29021234": "SH", "2908123": "TA", "358181234567": "AX", "358912345678": "FI",
		"59994151234": "CW", "5997151234": "BQ", "61891641234": "CX", "61891621234": "CC", "61291234567": "AU", "590590271234": "BL",
		"38344123456": "XK", "80012345678": "001", "870773123456": "001", "88213123456": "001", "3212345678": "BE",
		"": "", "100": "", "442079": "", "2080000000": "EG", "2109999999": "", "9999999999": "",
		"1212555012345678": "US-NY", "4420794600001234567890": "GB",
	} {
		id := r.Of(key(t, number))
		if got := id.Name(); got != want {
			t.Errorf("%s: %q, want %q", number, got, want)
		}
		if got, want := id.Country(), strings.TrimSuffix(want, want[min(len(want), 2):]); want != "00" && got != want {
			t.Errorf("%s: country %q, want %q", number, got, want)
		}
	}
}

func TestEveryStateAndTerritoryHasAnAreaCode(t *testing.T) {
	found := map[string]bool{}
	for _, line := range strings.Split(string(Embedded()), "\n") {
		if _, region, ok := strings.Cut(line, "\tUS-"); ok {
			found[region] = true
		}
	}
	for _, s := range states {
		if !found[s.code] {
			t.Errorf("no area code of %s", s.code)
		}
	}
	if want := len(states) + len(territories); len(found) != want {
		t.Errorf("%d states and territories, want %d", len(found), want)
	}
}

// published is what the library says of a full number: "" = not valid.
func published(n *phonenumbers.PhoneNumber) string {
	if !phonenumbers.IsValidNumber(n) {
		return ""
	}
	if n.GetCountryCode() == 1 {
		return phonenumbers.GetRegionCodeForNumber(n)
	}
	if s := phonenumbers.GetNationalSignificantNumber(n); n.GetCountryCode() == 212 && (strings.HasPrefix(s, "5288") || strings.HasPrefix(s, "5289")) {
		return "EH"
	}
	return phonenumbers.GetRegionCodeForNumber(n)
}

func checkNumber(t failer, r *Regions, n *phonenumbers.PhoneNumber) (valid bool) {
	t.Helper()
	digits := strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+")
	want := published(n)
	if want == "" || len(digits) < ShortDigits || digits[0] == '1' && len(digits) != 11 {
		return false // Canada's 310-1234 is dialled without an area code
	}
	id := r.Of(key(t, digits))
	got := id.Country()
	if territory := territories[want]; territory != "" {
		got, want = id.Name(), territory
	}
	if n.GetCountryCode() == 1 && id == 0 && phonenumbers.GetNumberType(n) != phonenumbers.FIXED_LINE_OR_MOBILE {
		return true // toll-free, premium, personal: no region
	}
	if got != want {
		t.Fatalf("%s: %q, want %q", digits, id.Name(), want)
	}
	return true
}

var kinds = []phonenumbers.PhoneNumberType{
	phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.TOLL_FREE, phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST,
	phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER, phonenumbers.PAGER, phonenumbers.UAN,
}

func examples(t testing.TB) (all []*phonenumbers.PhoneNumber) {
	t.Helper()
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range kinds {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil {
				all = append(all, n)
			}
		}
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		all = append(all, phonenumbers.GetExampleNumberForNonGeoEntity(code))
	}
	return all
}

func TestTheLibrarysExamplesHaveTheRegionThatItGivesThem(t *testing.T) {
	r, checked := openEmbedded(t), 0
	for _, n := range examples(t) {
		if checkNumber(t, r, n) {
			checked++
		}
	}
	if checked < 1000 {
		t.Errorf("only %d numbers checked", checked)
	}
}

func TestValidNumbersNearTheExamplesHaveTheRegionThatTheLibraryGivesThem(t *testing.T) {
	r := openEmbedded(t)
	var shared []string
	for _, n := range examples(t) {
		if code := int(n.GetCountryCode()); code != 800 && len(phonenumbers.GetRegionCodesForCountryCode(code)) > 1 {
			shared = append(shared, phonenumbers.Format(n, phonenumbers.E164))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		number := []byte(rapid.SampledFrom(shared).Draw(t, "example"))
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			number[rapid.IntRange(1, len(number)-1).Draw(t, "at")] = '0' + byte(rapid.IntRange(0, 9).Draw(t, "digit"))
		}
		if n, err := phonenumbers.Parse(string(number), ""); err == nil {
			checkNumber(t, r, n)
		}
	})
}

func TestABlockOfNumbersHasTheRegionsOfEach(t *testing.T) {
	r := openEmbedded(t)
	rng := rand.New(rand.NewPCG(1, 2))
	all := examples(t)
	keys := make([]prefix.Key, 1000)
	for i := range keys {
		digits := phonenumbers.Format(all[rng.IntN(len(all))], phonenumbers.E164)[1:]
		keys[i] = key(t, digits[:rng.IntN(len(digits)+1)])
	}
	got, want := make([]RegionID, len(keys)), make([]RegionID, len(keys))
	for i, k := range keys {
		want[i] = r.Of(k)
		got[i] = World
	}
	r.OfAll(keys, got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := testing.AllocsPerRun(10, func() { r.OfAll(keys, got); _ = r.Of(keys[0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestATableSaysWhatItWasMadeOf(t *testing.T) {
	r := openEmbedded(t)
	if r.Version() != "phonenumbers v1.8.1" {
		t.Errorf("version %q", r.Version())
	}
	other, err := OpenRegions(append(Embedded(), "99\tZZ\n"...))
	if err != nil {
		t.Fatal(err)
	}
	if other.Hash() == r.Hash() {
		t.Error("another table has the same hash")
	}
	if got := other.Of(key(t, "9912345")).Name(); got != "ZZ" {
		t.Errorf("region %q", got)
	}
}

func TestATableThatIsNotOneIsRefused(t *testing.T) {
	const head = "# regions 1\n# version x\n"
	for table, want := range map[string]string{
		"":                                  "open a table of regions: it has no rows",
		"# regions 2\n":                     `open a table of regions: line 1: want "# regions 1"`,
		"# regions 1\n1\tUS\n":              `open a table of regions: line 2: want "# version " and a version`,
		head + "# none\n":                   "open a table of regions: it has no rows",
		head + "1\tUS":                      "open a table of regions: line 3 is cut off",
		head + "1 US\n":                     "open a table of regions: line 3: want a prefix, a tab and a region",
		head + "\n":                         "open a table of regions: line 3: want a prefix, a tab and a region",
		head + "1\tus\n":                    `open a table of regions: line 3: region "us": want a country such as GB, a US state such as US-NY, or 001`,
		head + "1\tUS-\n":                   `open a table of regions: line 3: region "US-": want a country such as GB, a US state such as US-NY, or 001`,
		head + "1\tUS\n1\tCA\n":             "prefix",
		head + "1x\tUS\n":                   "prefix",
		head + "1234567890123456\tUS\n":     "prefix",
		head + strings.Repeat("#\n", 1<<19): "open a table of regions of 1048600 bytes: want at most 1048576",
	} {
		_, err := OpenRegions([]byte(table))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", table, err, want)
		}
	}
	var many bytes.Buffer
	many.WriteString(head)
	for i := range maxTableRows + 1 {
		fmt.Fprintf(&many, "%d\tUS\n", 100_000+i)
	}
	if _, err := OpenRegions(many.Bytes()); err == nil || !strings.HasSuffix(err.Error(), "more than 50000 rows") {
		t.Error(err)
	}
}

func TestARegionsNameIsReadAsWritten(t *testing.T) {
	for _, name := range []string{"AA", "GB", "US", "ZZ", "US-NY", "US-AA", "ZZ-ZZ", "001"} {
		id, err := ParseRegion(name)
		if err != nil || id.Name() != name || id >= 1<<20 {
			t.Errorf("%s: %d %q %v", name, id, id.Name(), err)
		}
	}
	for _, name := range []string{"", "G", "gb", "GBR", "US-", "US-N", "US-NYC", "US_NY", "US-ny", "002", "É"} {
		if id, err := ParseRegion(name); err == nil {
			t.Errorf("%q: %d", name, id)
		}
	}
	for _, id := range []RegionID{0, 1, 1023, World | 1, World + 1024, 1<<32 - 1, 5<<10 | 1023} {
		if name := id.Name(); name != "" && name != "001" && id != World {
			t.Errorf("%d is no region, named %q", id, name)
		}
	}
}

func FuzzOpenRegions(f *testing.F) {
	f.Add([]byte("# regions 1\n# version x\n# none\n1\tUS\n1212\tUS-NY\n800\t001\n"), "12125550123")
	f.Add([]byte("# regions 1\n# version x\n1\tUS\n1\tCA\n"), "1")
	f.Add([]byte(""), "x")
	f.Fuzz(func(t *testing.T, table []byte, number string) {
		r, err := OpenRegions(table)
		k, ok := prefix.KeyOf(number)
		if err != nil || !ok {
			return
		}
		out := [1]RegionID{World}
		r.OfAll([]prefix.Key{k}, out[:])
		if id := r.Of(k); id != out[0] || id != 0 && id.Name() == "" || r.Version() == "" {
			t.Errorf("%s: %d, in a block %d", number, id, out[0])
		}
	})
}
