package rating_test

import (
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin/draw"
	"github.com/tollbook/tollbook/tests/twin/product"
)

// A Coster says of every rate, one after another, what Terms.Charge says.
func TestCosterChargesAsTerms(t *testing.T) {
	quantities := []int64{0, 1, 6, 59, 60, 61, 180, 1e9, 6e9, 61e9 + 1, 180e9, rating.MaxQuantity}
	charged := 0
	for seed := range uint64(60) {
		card := draw.New(seed).Card()
		terms, err := product.Terms(card.Terms)
		if err != nil {
			t.Fatal(err)
		}
		coster, err := rating.NewCoster(terms)
		if err != nil {
			t.Fatal(err)
		}
		for _, drawn := range card.Rates {
			r, err := product.Rate(drawn)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]money.Amount, len(quantities))
			failed := coster.Charge(&r, quantities, got)
			for i, q := range quantities {
				_, want, err := terms.Charge(r, q)
				if (err != nil) != (failed != nil) && err == nil || failed == nil && want != got[i] {
					t.Fatalf("seed %d: %d of %+v is %s, %v, want %s, %v", seed, q, r, got[i], failed, want, err)
				}
				charged++
			}
		}
	}
	if charged < 1000 {
		t.Errorf("%d charges were compared", charged)
	}
}

func TestCosterRefuses(t *testing.T) {
	if _, err := rating.NewCoster(rating.Terms{}); err == nil || !strings.Contains(err.Error(), "charging by terms: ") {
		t.Errorf("terms that are none: %v", err)
	}
	coster, err := rating.NewCoster(rating.DefaultTerms("EUR"))
	if err != nil {
		t.Fatal(err)
	}
	one := rating.Rate{Price1: 1, PriceN: 1, Interval1: 1, IntervalN: 1}
	for want, r := range map[string]rating.Rate{
		"a price is negative":                 {Price1: -1, Interval1: 1},
		"interval N is 0":                     {PriceN: 1, Interval1: 1},
		"an access charge on sms, want voice": {Kind: call.SMS, Access: true, IntervalN: 1},
	} {
		if err := coster.Charge(&r, []int64{1}, make([]money.Amount, 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := coster.Charge(&one, []int64{-1}, make([]money.Amount, 1)); err == nil || !strings.Contains(err.Error(), "a quantity of -1") {
		t.Errorf("a negative quantity: %v", err)
	}
}
