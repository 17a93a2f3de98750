package ratecard

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

func TestTheRatesOfANumberAreThoseOfItsLongestPrefix(t *testing.T) {
	inter := changed(is("447", "4", 0, 0), func(r *rating.Rate) { r.Class = numbering.Interstate })
	service := changed(is("", "9", 0, 0), func(r *rating.Rate) { r.Service = "voicemail" })
	card := []rating.Rate{is("44", "1", 0, 0), is("447", "2", 0, 0), inter, is("447", "3", 8, 0), is("4477", "5", 12, 0), is("4478", "6", 0, 9), is("", "7", 0, 0), service}
	for _, c := range []struct {
		number string
		exact  bool
		want   []string
	}{
		{"447700900123", false, []string{"447 3 [8,)", "447 4 [,) interstate"}}, {"447800900123", false, []string{"447 3 [8,)", "447 4 [,) interstate"}},
		{"442079460958", false, []string{"44 1 [,)"}}, {"33123456789", false, []string{" 7 [,)"}},
		{"44", true, []string{"44 1 [,)"}}, {"4477", true, nil}, {"", true, []string{" 7 [,)"}}, {"447700900123", true, nil},
	} {
		got, err := Find(Rows(card), c.number, c.exact, hour(now))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, show(got)); d != "" {
			t.Errorf("%s, exact %t (-want +got)\n%s", c.number, c.exact, d)
		}
	}
	if _, err := Find(rows(card, errSource), "44", false, 0); !errors.Is(err, errSource) {
		t.Errorf("rates that fail: %v", err)
	}
}

// Whatever a card has: what is found for a number is what its slow version has at
// that hour under the longest prefix with anything.
func TestWhatIsFoundIsWhatHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		number := rapid.SampledFrom([]string{"44123456789", "45123456789", "44223456789", "1"}).Draw(t, "number")
		when := rapid.IntRange(1, cells-1).Draw(t, "hour")
		want := map[string]string{}
		longest := -1
		for k, row := range slow(card) {
			r := row[when]
			if r == nil || !strings.HasPrefix(number, r.Prefix) || len(r.Prefix) < longest {
				continue
			}
			if len(r.Prefix) > longest {
				clear(want)
				longest = len(r.Prefix)
			}
			want[k] = r.Price1.String()
		}
		found, err := Find(Rows(card), number, false, hour(when))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, r := range found {
			got[slowKey(&r)] = r.Price1.String()
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})
}
