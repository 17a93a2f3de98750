package ratecard

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/rating"
)

func TestFactsOfRates(t *testing.T) {
	rates, err := Collect(Rows([]rating.Rate{
		{Prefix: "1", Origin: "B", From: 5}, {Prefix: "1", Origin: "A"}, {Prefix: "2"}, {Prefix: "3", Origin: "B", From: 7},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"A", "B"}, rates.Origins()); diff != "" {
		t.Errorf("origins (-want +got)\n%s", diff)
	}
	for at, want := range map[int64]int{0: 2, 5: 1, 6: 1, 7: 0} {
		if got := rates.BeginAfter(at); got != want {
			t.Errorf("%d begin after %d, want %d", got, at, want)
		}
	}
	var none Rates
	if none.Origins() != nil || none.BeginAfter(0) != 0 {
		t.Error("no rates have origins or begin")
	}
}

// Packed rates are marked up as others are, and rates that are sold as they are
// bought are not made again, but for blocked ones: they have no price.
func TestMarkUpProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawAlike(t)
		prices, err := ParseMarkup(rapid.SampledFrom([]string{"", "", "25%", "+0.01", "-0.01", "=0.05", "-100%"}).Draw(t, "markup"))
		if err != nil {
			t.Fatal(err)
		}
		markups := Markups{Prices: prices}
		packed, err := Collect(Rows(drawn))
		if err != nil {
			t.Skip(err)
		}
		type sold struct {
			Rates []rating.Rate
			Bad   []string
		}
		var want, got sold
		for r, err := range Build(packed.All(), markups) {
			if err != nil {
				want.Bad = append(want.Bad, err.Error())
				continue
			}
			want.Rates = append(want.Rates, r)
		}
		out, err := packed.MarkUp(markups, func(err error) { got.Bad = append(got.Bad, err.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range out.All() {
			if err != nil {
				t.Fatal(err)
			}
			got.Rates = append(got.Rates, r)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		if blocked := !cmp.Equal(drawn, want.Rates, cmpopts.EquateEmpty()); markups == (Markups{}) && (out == packed) == blocked {
			t.Fatalf("made again: %v, but %v for a blocked rate with a price", out != packed, blocked)
		}
	})
}
