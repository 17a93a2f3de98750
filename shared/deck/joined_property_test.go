package deck

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Rates joined to a list by their names are those of a deck that has the list's
// codes in its rows, however list and deck spell the names.
func TestAJoinedDeckIsOneWithCodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spell := func(name, label string) string {
			switch rapid.IntRange(0, 3).Draw(t, label) {
			case 0:
				return strings.ToUpper(name)
			case 1:
				return strings.ReplaceAll(name, " ", " - ")
			case 2:
				return strings.ReplaceAll(name, "e", "é")
			}
			return name
		}
		n := rapid.IntRange(1, 8).Draw(t, "names")
		list, byName, byCode := "name;code;effective from\n", "destination;price;origin\n", "destination;code;price;origin;effective from\n"
		for i := range n {
			name := fmt.Sprintf("Place %c mobile", 'a'+i)
			listed, priced := spell(name, "list"), spell(name, "deck")
			codes := rapid.IntRange(1, 3).Draw(t, "codes")
			var rows []string
			for k := range codes {
				from := rapid.SampledFrom([]string{"", "2026-12-01"}).Draw(t, "from")
				rows = append(rows, fmt.Sprintf("%d%d;%s", 40+i, k, from))
				list += fmt.Sprintf("%s;%s\n", listed, rows[k])
			}
			for _, origin := range rapid.SampledFrom([][]string{{""}, {"", "EEA"}}).Draw(t, "origins") {
				byName += fmt.Sprintf("%s;0.%d;%s\n", priced, i+1, origin)
				for _, row := range rows {
					code, from, _ := strings.Cut(row, ";")
					byCode += fmt.Sprintf("%s;%s;0.%d;%s;%s\n", priced, code, i+1, origin, from)
				}
			}
		}
		read := func(text string, o Options) (out []string) {
			if _, err := ReadFile(strings.NewReader(text), int64(len(text)), o, func(e Entry) error {
				out = append(out, period(e))
				return nil
			}, func(e RowError) { t.Fatalf("%v in\n%s\n%s", e, text, list) }); err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			return out
		}
		l, _, err := ReadDestinations(strings.NewReader(list), int64(len(list)), nil, func(e RowError) { t.Fatal(e) })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(read(byCode, Options{}), read(byName, Options{Destinations: l})); diff != "" {
			t.Errorf("(-codes +names):\n%s\n%s\n%s", diff, list, byName)
		}
	})
}

// Whatever a list is, reading it ends, and every row of it is counted.
func FuzzReadDestinations(f *testing.F) {
	for _, text := range []string{
		"Name,Code\nUK,44\n", "Destination;Dial codes\nUK;44, 45-47\n;x\n", "Country code;Area codes;Name\n44;20;UK\n",
		"code1,code2,route,destination\n9381,9399,1,proper\n", "Name\tCode\tEffective\tStatus\nA\t1\t2026-01-01\tclosed\n", "UK;44\n", "Src Code,Src Code Name\n1,X\n", `[{"name":"UK","codes":["44"]}]`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		bad := int64(0)
		l, rep, err := ReadDestinations(strings.NewReader(text), int64(len(text)), nil, func(RowError) { bad++ })
		if err != nil {
			return
		}
		if rep.Names != int64(l.Len()) || rep.Bad > bad || rep.Used+rep.Notes+rep.Bad > rep.Rows {
			t.Errorf("%+v, %d errors", rep, bad)
		}
		for _, s := range l.sets {
			if got, err := l.find(s.name); err != nil || got != s {
				t.Errorf("%q is not found: %v", s.name, err)
			}
		}
	})
}
