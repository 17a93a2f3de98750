package bundle

import (
	"iter"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

var (
	anyPlan = rapid.Custom(func(t *rapid.T) Plan {
		return Plan{Minutes: rapid.Uint64Range(0, 4).Draw(t, "minutes"), RoundBy: rapid.SampledFrom([]uint32{0, 0, 1, 7, 60}).Draw(t, "round by")}
	})
	anyFeature = rapid.Custom(func(t *rapid.T) Feature {
		f := Feature{
			Multiplier:       rapid.Uint64Range(0, 2).Draw(t, "multiplier"),
			Count:            rapid.Uint64Range(0, 2).Draw(t, "count"),
			Start:            period.Date{Year: 2026, Month: time.Month(rapid.IntRange(1, 2).Draw(t, "month")), Day: rapid.IntRange(1, 28).Draw(t, "day")},
			ProrateAllowance: rapid.Bool().Draw(t, "prorate"),
		}
		if rapid.Bool().Draw(t, "ends") {
			f.End = period.Date{Year: 2026, Month: 2, Day: rapid.IntRange(f.Start.Day, 28).Draw(t, "last")}
		}
		return f
	})
	anyUsage = rapid.Custom(func(t *rapid.T) Usage {
		at := time.Date(2026, 2, 1, 0, 0, rapid.IntRange(0, 28*24*3600-1).Draw(t, "second"), 0, time.UTC)
		return Usage{
			Instant: at.UnixNano(),
			Seconds: rapid.Uint64Range(0, 200).Draw(t, "seconds"),
			Weight:  uint32(rapid.SampledFrom([]int{1, 50, 99, 100, 100, 133, 200, 5000}).Draw(t, "weight")),
			Charge:  money.New(rapid.SampledFrom([]int64{0, 1, 7, 9999, 123456789}).Draw(t, "charge"), rapid.IntRange(0, 6).Draw(t, "decimals")),
		}
	})
)

// month draws a month's features, plans and usage.
func month(t *rapid.T) (features []Feature, plans []Plan, usage []Usage) {
	plans = rapid.SliceOfN(anyPlan, 1, 3).Draw(t, "plans")
	for i := range plans {
		plans[i].ID = string(rune('p' + i))
	}
	features = rapid.SliceOfN(anyFeature, 0, 3).Draw(t, "features")
	for i := range features {
		features[i].ID = string(rune('a' + i))
		features[i].Plan = plans[i%len(plans)].ID
	}
	return features, plans, rapid.SliceOfN(anyUsage, 0, 30).Draw(t, "usage")
}

func stream(usage []Usage) iter.Seq2[Usage, error] {
	return func(yield func(Usage, error) bool) {
		for _, u := range usage {
			if !yield(u, nil) {
				return
			}
		}
	}
}

func fold(t *rapid.T, s *State, usage []Usage) (draws []Draw) {
	for d, err := range Fold(s, stream(usage)) {
		if err != nil {
			t.Fatal(err)
		}
		draws = append(draws, d)
	}
	return draws
}

func opened(t *rapid.T, features []Feature, plans []Plan) *State {
	s, err := Open(february, time.UTC, features, plans)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFoldKeepsItsSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		features, plans, usage := month(t)
		s := opened(t, features, plans)
		var charged, dueAndDiscount, discount, pooled money.Amount
		var drawn, pooledDrawn uint64
		for i, d := range fold(t, s, usage) {
			charged, dueAndDiscount = sum(t, charged, usage[i].Charge), sum(t, dueAndDiscount, sum(t, d.Due, d.Discount))
			discount, drawn = sum(t, discount, d.Discount), drawn+d.Drawn
			if d.Covered > usage[i].Seconds || d.Due.Sign() < 0 || d.Discount.Decimals() != usage[i].Charge.Decimals() {
				t.Fatalf("usage %+v: draw %+v", usage[i], d)
			}
			if d.Covered == usage[i].Seconds && d.Covered > 0 && !d.Due.IsZero() {
				t.Fatalf("usage %+v is wholly covered, %s is due", usage[i], d.Due)
			}
		}
		if !charged.Equal(dueAndDiscount) {
			t.Fatalf("charged %s, discounts and dues are %s", charged, dueAndDiscount)
		}
		for _, p := range s.Summary() {
			pooled, pooledDrawn = sum(t, pooled, p.Discount), pooledDrawn+p.Drawn
			if !p.Unlimited && (p.Drawn > p.Allowance || p.Drawn+p.Left != p.Allowance) {
				t.Fatalf("pool %+v: more is drawn than granted, or some is lost", p)
			}
		}
		if !pooled.Equal(discount) || pooledDrawn != drawn {
			t.Fatalf("pools gave %s and %d hundredths, calls got %s and %d", pooled, pooledDrawn, discount, drawn)
		}
	})
}

func sum(t *rapid.T, a, b money.Amount) money.Amount {
	c, err := a.Add(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNoFeatureChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, plans, usage := month(t)
		for i, d := range fold(t, opened(t, nil, plans), usage) {
			want := Draw{Discount: money.New(0, usage[i].Charge.Decimals()), Due: usage[i].Charge}
			if d != want {
				t.Fatalf("usage %+v: draw %+v, want %+v", usage[i], d, want)
			}
		}
	})
}

func TestTwoFoldsAreOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		features, plans, usage := month(t)
		cut := rapid.IntRange(0, len(usage)).Draw(t, "cut")
		once, twice, resumed := opened(t, features, plans), opened(t, features, plans), opened(t, features, plans)
		want := fold(t, once, usage)
		got := fold(t, twice, usage[:cut])
		if rapid.Bool().Draw(t, "kept between") {
			if err := resumed.Resume(twice.Summary()); err != nil {
				t.Fatal(err)
			}
			twice = resumed
		}
		got = slices.Concat(got, fold(t, twice, usage[cut:]))
		if diff := cmp.Diff(want, got, amounts); diff != "" {
			t.Fatalf("draws (-once +twice):\n%s", diff)
		}
		if diff := cmp.Diff(once.Summary(), twice.Summary(), amounts); diff != "" {
			t.Fatalf("pools (-once +twice):\n%s", diff)
		}
	})
}

// The naive fold: one rational number per pool, and every number of seconds
// tried from the longest down.
func TestFoldAgreesWithRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		features, plans, usage := month(t)
		left := naiveAllowances(features, plans)
		s := opened(t, features, plans)
		for i, u := range usage {
			got, err := s.Draw(u)
			if err != nil {
				t.Fatal(err)
			}
			covered, drawn := naiveDraw(u, features, plans, left)
			discount := new(big.Rat)
			if u.Seconds > 0 {
				discount.Mul(rat(u.Charge.String()), big.NewRat(int64(covered), int64(u.Seconds)))
			}
			if got.Covered != covered || new(big.Rat).SetFrac64(int64(got.Drawn), 100).Cmp(drawn) != 0 {
				t.Fatalf("usage %d %+v: draw %+v, want %d s covered, %s s drawn", i, u, got, covered, drawn)
			}
			// Rounded down: the discount is at most the exact one, by less than a unit.
			short := new(big.Rat).Sub(discount, rat(got.Discount.String()))
			if short.Sign() < 0 || short.Cmp(rat(money.New(1, u.Charge.Decimals()).String())) >= 0 {
				t.Fatalf("usage %d %+v: discount %s, exactly %s", i, u, got.Discount, discount)
			}
			if got.Split != (covered > 0 && covered < u.Seconds) {
				t.Fatalf("usage %d %+v: split %t with %d s covered", i, u, got.Split, covered)
			}
		}
	})
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

func planOf(f Feature, plans []Plan) Plan {
	return plans[slices.IndexFunc(plans, func(p Plan) bool { return p.ID == f.Plan })]
}

// days counts the days of February 2026 that f has, one by one.
func days(f Feature) (n int64) {
	for day := 1; day <= 28; day++ {
		if has(f, time.Date(2026, 2, day, 0, 0, 0, 0, time.UTC)) {
			n++
		}
	}
	return n
}

func has(f Feature, at time.Time) bool {
	day := at.Format(time.DateOnly)
	return day >= f.Start.String() && (f.End == period.Date{} || day <= f.End.String())
}

// naiveAllowances returns the seconds of each feature; nil is unlimited.
func naiveAllowances(features []Feature, plans []Plan) []*big.Rat {
	left := make([]*big.Rat, len(features))
	for i, f := range features {
		minutes := int64(planOf(f, plans).Minutes)
		if minutes == 0 {
			continue
		}
		n := minutes * 6000 * max(int64(f.Multiplier), 1) * max(int64(f.Count), 1)
		if f.ProrateAllowance {
			n = n * days(f) / 28
		}
		left[i] = big.NewRat(n, 100)
	}
	return left
}

func naiveDraw(u Usage, features []Feature, plans []Plan, left []*big.Rat) (covered uint64, drawn *big.Rat) {
	drawn = new(big.Rat)
	if u.Charge.IsZero() {
		return 0, drawn
	}
	for i, f := range features {
		if !has(f, time.Unix(0, u.Instant).UTC()) {
			continue
		}
		for n := u.Seconds - covered; n > 0; n-- {
			need := new(big.Rat).Mul(big.NewRat(int64(n), 1), big.NewRat(int64(u.Weight), 100))
			if block := int64(planOf(f, plans).RoundBy); block > 1 {
				blocks := new(big.Rat).Quo(need, big.NewRat(block, 1))
				whole := new(big.Int).Quo(blocks.Num(), blocks.Denom())
				if !blocks.IsInt() {
					whole.Add(whole, big.NewInt(1))
				}
				need.Mul(new(big.Rat).SetInt(whole), big.NewRat(block, 1))
			}
			if left[i] != nil && need.Cmp(left[i]) > 0 {
				continue
			}
			if left[i] != nil {
				left[i].Sub(left[i], need)
			}
			covered += n
			drawn.Add(drawn, need)
			break
		}
	}
	return covered, drawn
}
