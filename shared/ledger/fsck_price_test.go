package ledger

import (
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin/draw"
	"github.com/tollbook/tollbook/tests/twin/product"
)

// Fsck's own prices and those of the rating package come from different loops;
// on random cards with all rules mixed they must be the same.
func TestFsckPricesAsTheRatingPackageDoes(t *testing.T) {
	seeds := []uint64{856, 1622} // a number that is none, and a short one that goes on in another band
	for seed := range uint64(150) {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		s := draw.New(seed)
		drawn := s.Card()
		card, err := product.Card(drawn.Terms, drawn.Rates)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		own, err := ownCardOf(card)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		pricer := card.NewPricer()
		for range 20 {
			u, err := product.Usage(s.Usage(drawn))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			samePrice(t, own, pricer, u)
			if t.Failed() {
				t.Fatalf("seed %d: %+v\n%+v", seed, u, pricer.Trace(&u))
			}
		}
	}
}

func samePrice(t *testing.T, own *ownCard, pricer *rating.Pricer, u rating.Usage) {
	t.Helper()
	want := pricer.Price(&u)
	got, err := own.price(u)
	switch {
	case err != nil:
		t.Error(err)
	case got.reason != want.Reason || got.prefix != want.Prefix || got.flags != want.Flags:
		t.Errorf("%q by %d digits (%s), want %q by %d (%s)", got.reason, got.prefix, got.flags, want.Reason, want.Prefix, want.Flags)
	case want.Reason == "" && (got.billed != want.Billed || !same(want.Amount, got.charge) || got.decimals != want.Amount.Decimals()):
		t.Errorf("%d billed, %s; want %d, %s", got.billed, show(got.charge), want.Billed, want.Amount)
	}
}

// What no amount can hold has no price, in both.
func TestFsckKnowsThatAChargeIsTooLarge(t *testing.T) {
	terms := rating.DefaultTerms("GBP")
	terms.Decimals = 20
	image, err := rating.BuildImage(terms, func(yield func(rating.Rate, error) bool) {
		yield(rating.Rate{Kind: call.Data, Prefix: "44", Price1: 1<<63 - 1, PriceN: 1<<63 - 1, Per: 1, IntervalN: 1}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	card, err := rating.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ownCardOf(card)
	if err != nil {
		t.Fatal(err)
	}
	for _, bytes := range []int64{1, 1_000_000_000, rating.MaxQuantity} {
		u := rating.Usage{Kind: call.Data, Number: "442079460000", Quantity: bytes}
		samePrice(t, own, card.NewPricer(), u)
	}
	if got, err := own.price(rating.Usage{Kind: call.Data, Number: "442079460000", Quantity: rating.MaxQuantity}); err != nil || got.reason != call.BadDuration {
		t.Errorf("%+v, %v; want no price", got, err)
	}
}
