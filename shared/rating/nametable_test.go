package rating_test

import (
	"slices"
	"strings"
	"testing"

	. "github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

// TestNamesAreThoseGiven, whatever they share with their neighbours.
func TestNamesAreThoseGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"", "a", "Zone ", "Zürich", "é", "è", "\x00", strings.Repeat("n", MaxDestination/2)})
		drawn := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return part.Draw(t, "begin") + part.Draw(t, "end")
		}), 0, 60).Draw(t, "names")
		slices.Sort(drawn)
		names, err := Names(drawn)
		if err != nil || !slices.Equal(names, append(drawn, "")) {
			t.Errorf("%q, error %v; want %q and an empty one", names, err, drawn)
		}
	})
}
