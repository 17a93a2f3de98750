package ratecard

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/rating"
)

func TestMask(t *testing.T) {
	named := func(prefix, name string, to int) rating.Rate {
		return changed(is(prefix, "1", 0, to), func(r *rating.Rate) { r.Destination = name })
	}
	card := []rating.Rate{named("1", "Albania", 5), named("2", "Albania mobile", 0), named("3", "albania", 0), named("4", "Algeria", 0), named("5", "", 20)}
	double := func(r *rating.Rate) { r.Price1, r.PriceN = 2*r.Price1, 2*r.PriceN }
	for mask, want := range map[string]string{"albania": "3", "Albania%": "23", "AL%": "234", " % ": "2345", "lbania": "", "alb": ""} {
		m, err := ParseMask(mask)
		if err != nil {
			t.Fatal(err)
		}
		next, result := changeBy(t, card, Moment{At: hour(now)}, func(r *rating.Rate) (bool, error) {
			double(r)
			return m.Matches(r.Destination), nil
		})
		got := ""
		for _, r := range next {
			if r.Price1 == price("2") {
				got += r.Prefix
			}
		}
		if got != want || result.Updated != int64(len(want)) || len(next) != len(card) {
			t.Errorf("%q changes %q, want %q: %+v", mask, got, want, result)
		}
	}
	for _, mask := range []string{"", " ", "a%b", "%%"} {
		if _, err := ParseMask(mask); err == nil {
			t.Errorf("%q is a mask", mask)
		}
	}
	if _, _, err := Apply(Rows(card), DeleteAll(rows(card, errSource)), Options{}); !errors.Is(err, errSource) {
		t.Errorf("rates that fail: %v", err)
	}
}

// All rates go, but for what calls were rated by: that ends.
func TestDeleteAll(t *testing.T) {
	card := []rating.Rate{is("1", "1", 0, 5), is("1", "2", 5, 20), is("1", "3", 20, 0), is("2", "1", 0, 0)}
	next, result := apply(t, card, nil, Options{})
	if d := cmp.Diff(card, next); d != "" || !result.Same() {
		t.Errorf("no row changes the card (-want +got)\n%s", d)
	}
	for used, want := range map[bool][]string{false: nil, true: {"1 1 [,5)", "1 2 [5,10)", "2 1 [,10)"}} {
		got, result, err := Apply(Rows(card), DeleteAll(Rows(card)), Options{At: hour(now), Used: func(rating.Rate) bool { return used }})
		if err != nil || result.Bad > 0 {
			t.Fatal(err, result)
		}
		rates, _ := collect(got.All())
		if d := cmp.Diff(want, show(rates)); d != "" {
			t.Errorf("used %t (-want +got)\n%s", used, d)
		}
	}
}
