package rating_test

import (
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

// TestPlainRowsUnderAnyTerms: a row of one price is charged the same by itself,
// in a block and with a trace, which is the exact sum, whatever its decimals,
// those of charges, surcharges and limits.
func TestPlainRowsUnderAnyTerms(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		priceOf := func(name string, most int64) money.Price {
			unit := rapid.SampledFrom([]int64{1, 1e3, 1e6, 1e8, 1e10, 1e12}).Draw(rt, name+" unit")
			return money.Price(unit * rapid.Int64Range(0, most).Draw(rt, name))
		}
		terms := usual(func(x *Terms) {
			x.Decimals = rapid.IntRange(0, 14).Draw(rt, "decimals")
			x.Rounding = rapid.SampledFrom([]money.Rounding{money.HalfUp, money.HalfDown, money.Up, money.Down}).Draw(rt, "rounding")
			x.DurationRounding = rapid.SampledFrom([]money.Rounding{money.HalfUp, money.HalfDown, money.Up, money.Down}).Draw(rt, "of durations")
			x.Model = rapid.SampledFrom([]IncrementModel{FirstThenPulse, WholeCallMultiple, Continuous}).Draw(rt, "model")
			x.Surcharge = rapid.SampledFrom([]money.Price{0, 0, 1, 15e9, 1e11, 2e12}).Draw(rt, "surcharge")
			x.ShortDigits = rapid.SampledFrom([]int{0, 6, 12}).Draw(rt, "short")
			if rapid.Bool().Draw(rt, "limits") {
				x.MinCharge, x.MaxCharge = priceOf("min", 3), 0
				if most := priceOf("max", 3); most > x.MinCharge {
					x.MaxCharge = most
				}
			}
		})
		rate := Rate{
			Prefix: "1212", PriceN: priceOf("price", 9999), ConnectionFee: priceOf("fee", 99), Per: rapid.SampledFrom([]uint32{1, 6, 60}).Draw(rt, "per"),
			Interval1: rapid.Uint32Range(0, 70).Draw(rt, "interval 1"), IntervalN: rapid.Uint32Range(1, 70).Draw(rt, "interval n"),
		}
		if rate.Price1 = rate.PriceN; rapid.Bool().Draw(rt, "two prices") {
			rate.Price1 = priceOf("price 1", 9999)
		}
		if rapid.Bool().Draw(rt, "tiers") {
			rate.Price1, rate.PriceN, rate.Interval1, rate.IntervalN = 0, 0, 0, 0
			for at := uint32(1); ; {
				tier := Tier{From: at, Length: rapid.Uint32Range(0, 100).Draw(rt, "length"), Price: priceOf("of the tier", 9999)}
				if tier.Event = rapid.Bool().Draw(rt, "event"); tier.Event {
					if tier.Every = rapid.Uint32Range(0, 20).Draw(rt, "every"); tier.Every == 0 {
						tier.Length = 0
					}
					rate.Tiers = append(rate.Tiers, tier)
					continue
				}
				if len(rate.Tiers) > 3 {
					tier.Length = 0
				}
				tier.RoundUp = rapid.Uint32Range(0, 30).Draw(rt, "round")
				rate.Tiers = append(rate.Tiers, tier)
				if at += tier.Length; tier.Length == 0 {
					break
				}
			}
		}
		if rapid.Bool().Draw(rt, "data") { // of which there may be far more than seconds
			rate.Kind = call.Data
		}
		c := mustCard(t, terms, rate)
		u := aCall(t, "0")
		u.Kind = rate.Kind
		u.Quantity = rapid.OneOf(rapid.Int64Range(-1, 200e9), rapid.Int64Range(0, MaxQuantity), rapid.Just(int64(MaxQuantity)+1)).Draw(rt, "nanoseconds")
		priced(t, c, u)
	})
}
