package numbering

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestADirectoryListsWhoOwnsWhat(t *testing.T) {
	d := openDirectory(t,
		Owned{"442079460000", "442079460999", "acme", 100, 0},
		Owned{"442079460100", "442079460199", "site", 200, 300},
		Owned{"442079461000", "442079461000", "solo", math.MinInt64, 200},
		Owned{"90", "99", "end", 1, 0},
		Owned{"89999999999999999999", "90000000000000000000", "seam", 5, 0},
		Owned{"99999999999999999990", "99999999999999999999", "last", 5, 0},
	)
	const open = math.MaxInt64
	want := []Owned{
		{"90", "99", "end", 1, open},
		{"442079460000", "442079460099", "acme", 100, open},
		{"442079460100", "442079460199", "acme", 100, 200},
		{"442079460100", "442079460199", "site", 200, 300},
		{"442079460100", "442079460199", "acme", 300, open},
		{"442079460200", "442079460999", "acme", 100, open},
		{"442079461000", "442079461000", "solo", math.MinInt64, 200},
		{"89999999999999999999", "89999999999999999999", "seam", 5, open},
		{"90000000000000000000", "90000000000000000000", "seam", 5, open},
		{"99999999999999999990", "99999999999999999999", "last", 5, open},
	}
	if diff := cmp.Diff(want, slices.Collect(d.All())); diff != "" {
		t.Error(diff)
	}
	for range d.All() {
		break // and not all of them
	}
}

func TestADirectoryAnswersAsItsListDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.SampledFrom([]int{1, 2, 12, 19, 20}).Draw(t, "digits")
		var owned []Owned
		for _, o := range rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Owned { return drawOwned(t, digits) }), 0, 8).Draw(t, "owned") {
			if !slices.ContainsFunc(owned, func(p Owned) bool { return clash(p, o) }) {
				owned = append(owned, o)
			}
		}
		d := openDirectory(t, owned...)
		list := slices.Collect(d.All())
		for range 20 {
			number, instant := numbersOf(digits).Draw(t, "number"), rapid.Int64Range(-20, 120).Draw(t, "instant")
			found := ""
			for _, o := range list {
				if len(o.First) == len(number) && o.First <= number && number <= o.Last && o.From <= instant && instant < o.To {
					if found != "" {
						t.Fatalf("%s at %d is listed as %s's and %s's", number, instant, found, o.Account)
					}
					found = o.Account
				}
			}
			if want := ownerOf(d, number, instant); found != want {
				t.Fatalf("%s at %d is listed as %q's, want %q", number, instant, found, want)
			}
		}
	})
}
