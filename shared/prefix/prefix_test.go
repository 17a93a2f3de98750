package prefix

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustOpen(t testing.TB, entries []Entry) *Index {
	t.Helper()
	section, err := Build(entries)
	if err != nil {
		t.Fatal(err)
	}
	x, err := Open(section)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// list makes an entry of each prefix, with its place as the value.
func list(prefixes ...string) []Entry {
	entries := make([]Entry, len(prefixes))
	for i, p := range prefixes {
		entries[i] = Entry{Prefix: p, Value: uint32(i), Note: uint32(i / 2)}
	}
	return entries
}

func TestTheLongestPrefixWins(t *testing.T) {
	children := []string{"44"}
	for d := '0'; d <= '9'; d++ {
		children = append(children, "44"+string(d))
	}
	for _, c := range []struct {
		name     string
		prefixes []string
		want     map[string]string // number: prefix, "-" for none
	}{
		{"no prefixes", nil, map[string]string{"": "-", "44": "-"}},
		{"only the catch-all", []string{""}, map[string]string{"": "", "0": "", "442079460000": "", "99999999999999999999": ""}},
		{"nested", []string{"4", "44", "4420", "442079460"}, map[string]string{
			"442079460000": "442079460", "442079461000": "4420", "4421": "44", "45": "4", "5": "-", "3": "-", "": "-",
		}},
		{"a catch-all below nested ones", []string{"", "44", "4420"}, map[string]string{
			"4420": "4420", "4421": "44", "5": "", "": "", "4": "",
		}},
		{"a prefix that its children cover whole", children, map[string]string{
			"44": "44", "440": "440", "4499999": "449", "4": "-", "45": "-",
		}},
		{"zeros", []string{"1", "10", "1000", "1000000", "0", "00"}, map[string]string{
			"1": "1", "10": "10", "100": "10", "1000": "1000", "10000": "1000", "100000": "1000", "1000000": "1000000",
			"10000000": "1000000", "0": "0", "00": "00", "000": "00", "01": "0", "2": "-", "": "-",
		}},
		{"numbers shorter than what their padding matches", []string{"700000", "7000000000"}, map[string]string{
			"7": "-", "70000": "-", "700000": "700000", "700000000": "700000", "7000000000": "7000000000",
		}},
		{"15 digits", []string{"8", "123456789012345", "12345678901234"}, map[string]string{
			"123456789012345": "123456789012345", "12345678901234500000": "123456789012345", "12345678901234600000": "12345678901234",
			"12345678901234": "12345678901234", "1234567890123": "-", "88888888888888888888": "8",
		}},
		{"the ends of the numbers", []string{"000000000000000", "999999999999999"}, map[string]string{
			"000000000000000": "000000000000000", "999999999999999": "999999999999999", "9999999999999999": "999999999999999",
			"00000000000000": "-", "99999999999999": "-", "999999999999998": "-", "000000000000001": "-",
		}},
		{"starts that are not round", []string{"12", "1234567", "12345671234567", "1234567123456"}, map[string]string{
			"12345671234567": "12345671234567", "12345671234568": "1234567123456", "1234567123457": "1234567", "1234568": "12",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries := list(c.prefixes...)
			x := mustOpen(t, entries)
			for number, want := range c.want {
				k, ok := KeyOf(number)
				if !ok {
					t.Fatalf("%q has no key", number)
				}
				all := make([]Match, 1)
				x.LookupAll([]Key{k}, all)
				for _, m := range []Match{x.Lookup(k), all[0]} {
					got := "-"
					if m.OK() {
						got = c.prefixes[m.Value()]
						if m.Digits() != len(got) {
							t.Errorf("%q: %d digits of %q", number, m.Digits(), got)
						}
					}
					if got != want {
						t.Errorf("%q matches %q, want %q", number, got, want)
					}
				}
			}
		})
	}
}

func TestABlockLongerThanAStageIsLookedUpWhole(t *testing.T) {
	entries, _, x := openDeck(t, 1000)
	text := numbers(entries, "hit", 3*block+7)
	checkLookup(t, x, entries, text)
}

func TestNothingFoundIsNotTheValueZero(t *testing.T) {
	x := mustOpen(t, []Entry{{Prefix: "", Value: 0}, {Prefix: "1", Value: MaxValue}})
	for number, want := range map[string]string{"": "0 digits, value 0", "12": "1 digits, value 67108863"} {
		k, _ := KeyOf(number)
		if got := say(x.Lookup(k)); got != want {
			t.Errorf("%q: %s, want %s", number, got, want)
		}
	}
	if m := Match(0); m.OK() || m.Value() != 0 || m.Digits() != -1 {
		t.Errorf("no match: %v, value %d, %d digits", m.OK(), m.Value(), m.Digits())
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []Entry
		want    string
	}{
		{"a prefix given twice, the lowest first", list("9", "44", "9", "44"), `prefix "44": given twice`},
		{"the catch-all given twice", list("", "1", ""), `prefix "": given twice`},
		{"a letter", list("44", "4x"), `prefix "4x": want 0 to 15 digits`},
		{"a plus", list("+44"), `prefix "+44": want 0 to 15 digits`},
		{"a space", list("44 "), `prefix "44 ": want 0 to 15 digits`},
		{"digits of another script", list("٤٤"), `prefix "٤٤": want 0 to 15 digits`},
		{"16 digits", list("1234567890123456"), `prefix "1234567890123456": want 0 to 15 digits`},
		{"a long text, shown in part", list(strings.Repeat("7", 99)), `prefix "` + strings.Repeat("7", 32) + `": want 0 to 15 digits`},
		{"a value out of range", []Entry{{Prefix: "44", Value: MaxValue + 1}}, `prefix "44": value 67108864, want at most 67108863`},
		{"too many", make([]Entry, MaxEntries+1), "prefix index of 4000001 entries: want at most 4000000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			section, err := Build(c.entries)
			if section != nil || fmt.Sprint(err) != c.want {
				t.Errorf("Build = %d bytes, %v, want %s", len(section), err, c.want)
			}
		})
	}
}

func TestAKeyIsTheFirst15Digits(t *testing.T) {
	for number, want := range map[string]Key{
		"":                       {},
		"7":                      {700000, 0, 1},
		"1234567":                {123456, 700000000, 7},
		"12345678":               {123456, 780000000, 8},
		"123456789":              {123456, 789000000, 9},
		"123456789012345":        {123456, 789012345, 15},
		"1234567890123459":       {123456, 789012345, 16},
		"123456789012345x":       {123456, 789012345, 16},
		"123456789012345/abc":    {123456, 789012345, 19},
		"000000000000000":        {0, 0, 15},
		"999999999999999":        {999999, 999999999, 15},
		strings.Repeat("1", 254): {111111, 111111111, 254},
		strings.Repeat("1", 255): {111111, 111111111, 255},
		strings.Repeat("1", 999): {111111, 111111111, 255},
	} {
		if k, ok := KeyOf(number); !ok || k != want {
			t.Errorf("KeyOf(%q) = %v, %t, want %v", number, k, ok, want)
		}
		if k, ok := KeyOf([]byte(number)); !ok || k != want {
			t.Errorf("KeyOf(bytes of %q) = %v, %t, want %v", number, k, ok, want)
		}
	}
}

func TestANumberWithAnotherCharacterHasNoKey(t *testing.T) {
	for digits := 1; digits <= 20; digits++ {
		for at := range min(digits, MaxDigits) {
			for b := range 256 {
				number := []byte(strings.Repeat("9", digits))
				number[at] = byte(b)
				if _, ok := KeyOf(number); ok != (b >= '0' && b <= '9') {
					t.Fatalf("KeyOf(%q) = %t", number, ok)
				}
			}
		}
	}
}

func TestALookupAllocatesNothing(t *testing.T) {
	entries, section, x := openDeck(t, 1000)
	text := numbers(entries, "hit", 600)
	for i := range text {
		text[i] = text[i][:i%13] // many of them shorter than what they match
	}
	keys, out := make([]Key, len(text)), make([]Match, len(text))
	for name, f := range map[string]func(){
		"KeyOf": func() {
			for i, n := range text {
				keys[i], _ = KeyOf(n)
			}
		},
		"LookupAll": func() { x.LookupAll(keys, out) },
		"Lookup": func() {
			for i, k := range keys {
				out[i] = x.Lookup(k)
			}
		},
	} {
		if n := testing.AllocsPerRun(10, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	if n := testing.AllocsPerRun(10, func() {
		if _, err := Open(section); err != nil {
			t.Error(err)
		}
	}); n > 1 {
		t.Errorf("Open allocates %v times, want once, for the index", n)
	}
}

func TestADeckTakesFewBytes(t *testing.T) {
	const size = 100_000
	_, section, x := openDeck(t, size)
	if perEntry := len(section) / size; perEntry >= 20 {
		t.Errorf("%d bytes a prefix, want fewer than 20", perEntry)
	}
	if perEntry := float64(len(x.blocks)+len(x.directory)) / size; perEntry > 3 {
		t.Errorf("%.2f bytes a prefix in the directory, want at most 3", perEntry)
	}
}

func TestALargeDeckIsReadBackAndLookedUpRight(t *testing.T) {
	const size = 100_000
	entries, _, x := openDeck(t, size)
	byPrefix := make(map[string]Entry, size)
	for _, e := range entries {
		byPrefix[e.Prefix] = e
	}
	for _, kind := range []string{"hit", "miss"} {
		text := numbers(entries, kind, 50_000)
		keys, out := make([]Key, len(text)), make([]Match, len(text))
		for i := range text {
			text[i] = text[i][:1+i%12]
			keys[i], _ = KeyOf(text[i])
		}
		x.LookupAll(keys, out)
		for i, n := range text {
			want := "nothing"
			for l := len(n); l >= 0; l-- {
				if e, ok := byPrefix[n[:l]]; ok {
					want = fmt.Sprintf("%d digits, value %d", l, e.Value)
					break
				}
			}
			if got := say(out[i]); got != want {
				t.Fatalf("%s: %s, want %s", n, got, want)
			}
			if m := x.Lookup(keys[i]); m != out[i] {
				t.Fatalf("%s: Lookup = %s, LookupAll = %s", n, say(m), say(out[i]))
			}
		}
	}
	n, last := 0, ""
	for e, err := range x.All() {
		if err != nil {
			t.Fatal(err)
		}
		if e != byPrefix[e.Prefix] || n > 0 && e.Prefix <= last {
			t.Fatalf("entry %d after %q = %v, want %v", n, last, e, byPrefix[e.Prefix])
		}
		n, last = n+1, e.Prefix
	}
	if n != size {
		t.Errorf("All gives %d entries, want %d", n, size)
	}
}

func TestAllStopsWhenItsReaderDoes(t *testing.T) {
	x := mustOpen(t, list("1", "2", "3"))
	var got []string
	for e := range x.All() {
		if got = append(got, e.Prefix); len(got) == 2 {
			break
		}
	}
	if diff := cmp.Diff([]string{"1", "2"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPlaceThatIsNotThereIsAnError(t *testing.T) {
	x := mustOpen(t, list("1", "2"))
	for _, i := range []int{-1, 2, MaxEntries} {
		if e, err := x.At(i); err == nil || errors.Is(err, errDamaged) {
			t.Errorf("At(%d) = %v, %v", i, e, err)
		}
	}
	for _, p := range []string{"", "3", "x", "1x", "1234567890123456"} {
		if i, e, ok := x.Find(p); ok {
			t.Errorf("Find(%q) = %d, %v", p, i, e)
		}
	}
}

func TestTheHighestValueIsThatOfTheEntries(t *testing.T) {
	for want, entries := range map[uint32][]Entry{0: nil, 7: {{Prefix: "1", Value: 7}, {Prefix: "10", Value: 3}}} {
		if got := mustOpen(t, entries).Highest(); got != want {
			t.Errorf("Highest = %d, want %d", got, want)
		}
	}
}

func TestTheRootGrowsWithTheDeck(t *testing.T) {
	long, countries := strings.Repeat("1", MaxDigits), []Entry{{Prefix: "44"}}
	for i := range 15 {
		countries = append(countries, Entry{Prefix: fmt.Sprint(350 + i)})
	}
	for _, c := range []struct {
		entries []Entry
		want    int
	}{{nil, 0}, {list("1"), 0}, {list("1", long), 0}, {countries, 3}, {append(countries, list("4420")...), 1}, {deck(1000), 3}, {deck(20_000), 4}, {deck(100_000), 5}} {
		if n := len(mustOpen(t, c.entries).root) / 4; n != int(pow10[c.want]) {
			t.Errorf("%d entries: a root of %d slots, want 10^%d", len(c.entries), n, c.want)
		}
	}
}

func TestNeighboursWithOneValueTakeNoRoom(t *testing.T) {
	var entries []Entry
	for n := range 1000 {
		entries = append(entries, Entry{Prefix: fmt.Sprintf("%03d", n), Value: 7})
	}
	items, err := sorted(entries)
	if err != nil {
		t.Fatal(err)
	}
	x, err := Open(build(items, 0))
	if err != nil {
		t.Fatal(err)
	}
	if len(x.cells) != 0 {
		t.Errorf("%d bytes of cells, want none", len(x.cells))
	}
}

func TestAWideCellIsFoundAsANarrowOneIs(t *testing.T) {
	// The same intervals, but one that begins at a start that is not round.
	entries := list("1", "12", "121", "1215", "122", "1299", "199", "19999", "2", "5")
	narrow := mustOpen(t, entries)
	wide := mustOpen(t, append(slices.Clone(entries), Entry{Prefix: "155555555", Value: 99}))
	if narrow.cells[3]&0x80 != 0 || wide.cells[3]&0x80 == 0 {
		t.Fatal("want a narrow and a wide cell")
	}
	for n := range 20_000 {
		k, _ := KeyOf(fmt.Sprint(10_000 + n))
		if a, b := narrow.Lookup(k), wide.Lookup(k); a != b {
			t.Fatalf("%d: %s, %s", 10_000+n, say(a), say(b))
		}
	}
}
