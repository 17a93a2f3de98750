package ledger

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// Fsck's own prices and those of the rating package come from different loops;
// on random cards and calls they must be the same.
func TestFsckPricesAsTheRatingPackageDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := rating.Terms{
			Currency: "GBP", Decimals: rapid.IntRange(0, money.MaxDecimals).Draw(t, "decimals"),
			Rounding:          money.Rounding(rapid.IntRange(1, 4).Draw(t, "rounding")),
			DurationRounding:  money.Rounding(rapid.IntRange(1, 4).Draw(t, "duration rounding")),
			Model:             rating.IncrementModel(rapid.IntRange(1, 2).Draw(t, "model")),
			ChargeZeroSeconds: rapid.Bool().Draw(t, "charge zero"), ShortDigits: rapid.IntRange(0, 8).Draw(t, "short"),
		}
		price := func(what string) money.Price {
			return money.Price(rapid.OneOf(rapid.Int64Range(0, 2_000_000_000_000), rapid.Int64Range(0, 1<<63-1)).Draw(t, what))
		}
		rates := map[string]rating.Rate{}
		for range rapid.IntRange(0, 8).Draw(t, "rates") {
			r := rating.Rate{
				Prefix: rapid.StringMatching(`[01]{0,9}`).Draw(t, "prefix"), Price1: price("price 1"), PriceN: price("price N"), ConnectionFee: price("fee"),
				Interval1: rapid.Uint32Range(0, 90).Draw(t, "interval 1"), IntervalN: rapid.Uint32Range(0, 90).Draw(t, "interval N"),
				Blocked: rapid.IntRange(0, 9).Draw(t, "blocked") == 0, AssumedPulse: rapid.Bool().Draw(t, "assumed"),
			}
			if r.IntervalN == 0 {
				r.PriceN = 0
			}
			if r.Interval1 == 0 && r.IntervalN == 0 {
				r.Price1 = 0
			}
			rates[r.Prefix] = r
		}
		image, err := rating.BuildImage(terms, func(yield func(rating.Rate, error) bool) {
			for _, r := range rates {
				if !yield(r, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		card, err := rating.Open(image)
		if err != nil {
			t.Fatal(err)
		}
		own := newOwnCard(card)
		for i := range 5 {
			number := rapid.StringMatching(`[01]{1,20}`).Draw(t, "number "+strconv.Itoa(i))
			nanos := rapid.OneOf(rapid.Int64Range(0, 200), rapid.Int64Range(0, call.MaxDuration)).Draw(t, "seconds") * 1_000_000_000
			nanos = max(0, nanos-rapid.SampledFrom([]int64{0, 1, 500_000_000, 499_999_999, 999_999_999}).Draw(t, "less"))
			want := card.Price(number, call.Duration{Nanos: nanos})
			got := own.price(number, nanos)
			if got.reason != want.Reason || got.prefix != want.Prefix {
				t.Fatalf("%s: %q by %d digits, want %q by %d", number, got.reason, got.prefix, want.Reason, want.Prefix)
			}
			if want.Reason != "" {
				continue
			}
			if uint64(got.billed) != want.Billed || !same(want.Amount, got.charge) || got.decimals != want.Amount.Decimals() || got.assumed != (want.Flags&call.DefaultIncrement != 0) {
				t.Fatalf("%s for %d ns: %d s, %s; want %d s, %s", number, nanos, got.billed, show(got.charge), want.Billed, want.Amount)
			}
		}
	})
}
