package prefix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// longest is the twin: the longest entry that the number begins with, found by
// looking at every one.
func longest(entries []Entry, number string) (best Entry, ok bool) {
	for _, e := range entries {
		if strings.HasPrefix(number, e.Prefix) && (!ok || len(e.Prefix) > len(best.Prefix)) {
			best, ok = e, true
		}
	}
	return best, ok
}

// checkLookup holds both forms of a look-up against the twin.
func checkLookup(t interface {
	Helper()
	Errorf(string, ...any)
}, x *Index, entries []Entry, numbers []string) {
	t.Helper()
	keys := make([]Key, len(numbers))
	for i, n := range numbers {
		k, ok := KeyOf(n)
		if !ok {
			t.Errorf("KeyOf(%q) refuses digits", n)
		}
		keys[i] = k
	}
	out := make([]Match, len(keys))
	x.LookupAll(keys, out)
	for i, n := range numbers {
		want := "nothing"
		if e, ok := longest(entries, n); ok {
			want = fmt.Sprintf("%d digits, value %d", len(e.Prefix), e.Value)
		}
		if got := say(x.Lookup(keys[i])); got != want {
			t.Errorf("Lookup(%q) = %s, want %s", n, got, want)
		}
		if got := say(out[i]); got != want {
			t.Errorf("LookupAll, %q: %s, want %s", n, got, want)
		}
	}
}

func say(m Match) string {
	if !m.OK() {
		return "nothing"
	}
	return fmt.Sprintf("%d digits, value %d", m.Digits(), m.Value())
}

// drawEntries draws prefixes that nest: most begin with one drawn before.
func drawEntries(t *rapid.T) []Entry {
	alphabet := []rune(rapid.SampledFrom([]string{"01", "0", "09", "0123456789", "0001", "89"}).Draw(t, "alphabet"))
	most := rapid.SampledFrom([]int{3, 7, 10, MaxDigits}).Draw(t, "longest")
	values := rapid.SampledFrom([]uint32{1, 3, MaxValue}).Draw(t, "highest value")
	digits := func(most int) string {
		return rapid.StringOfN(rapid.SampledFrom(alphabet), 0, most, -1).Draw(t, "digits")
	}
	seen := map[string]bool{}
	var entries []Entry
	for range rapid.IntRange(0, 150).Draw(t, "tries") {
		p := ""
		if len(entries) > 0 && rapid.IntRange(0, 3).Draw(t, "nest") > 0 {
			p = entries[rapid.IntRange(0, len(entries)-1).Draw(t, "in")].Prefix
		}
		p += digits(min(most-len(p), 5))
		if seen[p] {
			continue
		}
		seen[p] = true
		entries = append(entries, Entry{
			Prefix: p,
			Value:  rapid.Uint32Range(0, values).Draw(t, "value"),
			Note:   rapid.OneOf(rapid.Just(uint32(7)), rapid.Uint32()).Draw(t, "note"),
		})
	}
	return entries
}

// drawNumbers draws numbers about the entries: each prefix itself, cut short,
// and with digits after it.
func drawNumbers(t *rapid.T, entries []Entry) []string {
	numbers := []string{"", "0", "999999999999999999999"}
	tail := rapid.OneOf(rapid.StringMatching(`[0-9]{0,12}`), rapid.StringMatching(`0{0,20}`))
	for _, e := range entries {
		tails := tail.Draw(t, "tail")
		numbers = append(numbers, e.Prefix, e.Prefix+tails, e.Prefix[:rapid.IntRange(0, len(e.Prefix)).Draw(t, "cut")]+tails)
	}
	return numbers
}

func TestAnyLookupGivesTheLongestPrefixThatTheNumberBeginsWith(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		numbers := drawNumbers(t, entries)
		items, err := sorted(entries)
		if err != nil {
			t.Fatal(err)
		}
		for root := range 5 { // a root of a million slots for every draw would take minutes
			x, err := Open(build(items, root))
			if err != nil {
				t.Fatalf("root of %d digits: %v", root, err)
			}
			checkLookup(t, x, entries, numbers)
		}
	})
}

func TestTheDirectoryGivesBackWhatWasBuilt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		section, err := Build(entries)
		if err != nil {
			t.Fatal(err)
		}
		x, err := Open(section)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return cmp.Compare(a.Prefix, b.Prefix) })
		var all []Entry
		for e, err := range x.All() {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
		if diff := gocmp.Diff(want, all); diff != "" {
			t.Errorf("All (-want +got):\n%s", diff)
		}
		if x.Len() != len(want) {
			t.Errorf("Len = %d, want %d", x.Len(), len(want))
		}
		for i, w := range want {
			if e, err := x.At(i); err != nil || e != w {
				t.Errorf("At(%d) = %v, %v, want %v", i, e, err, w)
			}
			if at, e, ok := x.Find(w.Prefix); !ok || at != i || e != w {
				t.Errorf("Find(%q) = %d, %v, %t, want %d, %v", w.Prefix, at, e, ok, i, w)
			}
			if w.Value > x.Highest() {
				t.Errorf("Highest = %d, below the %d of %q", x.Highest(), w.Value, w.Prefix)
			}
		}
		for _, absent := range drawNumbers(t, entries) {
			_, there := slices.BinarySearchFunc(want, absent, func(e Entry, p string) int { return cmp.Compare(e.Prefix, p) })
			if _, _, ok := x.Find(absent); ok != there {
				t.Errorf("Find(%q) = %t, want %t", absent, ok, there)
			}
		}
	})
}

func TestTheOrderOfEntriesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		// Some draws have what Build refuses: the error must not depend on
		// the order, either.
		for range rapid.IntRange(0, 2).Draw(t, "bad") {
			entries = append(entries, rapid.SampledFrom([]Entry{
				{Prefix: "4x"}, {Prefix: "1234567890123456"}, {Prefix: "11", Value: MaxValue + 1}, {Prefix: "00"}, {Prefix: "00"}, {Prefix: "+4"},
			}).Draw(t, "one"))
		}
		before := slices.Clone(entries)
		first, firstErr := Build(entries)
		if !slices.Equal(entries, before) {
			t.Error("Build reordered its argument")
		}
		second, secondErr := Build(rapid.Permutation(entries).Draw(t, "order"))
		if !slices.Equal(first, second) {
			t.Error("another order gives other bytes")
		}
		if fmt.Sprint(firstErr) != fmt.Sprint(secondErr) {
			t.Errorf("another order gives another error: %v, %v", firstErr, secondErr)
		}
	})
}
