package rating_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
)

// benchNumbers is the length of each stream: a cache-hot single number would
// measure nothing that happens in a file of records.
const benchNumbers = 1 << 20

// benchRates returns n rates with prefixes of 3 to 9 digits that begin with 1
// to 8 (so that 9 is a miss), about 500 different prices.
func benchRates(n int, rng *rand.Rand) []Rate {
	seen := make(map[string]bool, n)
	rates := make([]Rate, 0, n)
	for len(rates) < n {
		p := strconv.Itoa(100_000_000 + rng.IntN(800_000_000))[:3+rng.IntN(7)]
		if seen[p] {
			continue
		}
		seen[p] = true
		price := money.Price(1+rng.IntN(500)) * 1_000_000_000
		rates = append(rates, Rate{Prefix: p, Destination: "destination " + p[:3], Price1: price, PriceN: price, Interval1: 60, IntervalN: 6})
	}
	return rates
}

// stream returns benchNumbers numbers below random prefixes of the rates.
func stream(rng *rand.Rand, prefix func() string) []string {
	numbers := make([]string, benchNumbers)
	for i := range numbers {
		numbers[i] = (prefix() + strconv.Itoa(100_000_000+rng.IntN(900_000_000)))[:12]
	}
	return numbers
}

func benchCards(b *testing.B, run func(b *testing.B, c *Card, hits, misses, deep []string)) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, uint64(n)))
			rates := benchRates(n, rng)
			c := mustCard(b, DefaultTerms("GBP"), rates...)
			hits := stream(rng, func() string { return rates[rng.IntN(n)].Prefix + "000" })
			misses := stream(rng, func() string { return "9" + strconv.Itoa(10+rng.IntN(90)) })
			// Deep: numbers that fall behind a long prefix that is not theirs,
			// so that the walk over parents starts at the bottom.
			deep := stream(rng, func() string {
				for {
					if p := rates[rng.IntN(n)].Prefix; len(p) == 9 && p[8] < '9' {
						return p[:8] + string(p[8]+1)
					}
				}
			})
			run(b, c, hits, misses, deep)
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	benchCards(b, func(b *testing.B, c *Card, hits, misses, deep []string) {
		for _, s := range []struct {
			name    string
			numbers []string
		}{{"hit", hits}, {"miss", misses}, {"deep", deep}} {
			b.Run(s.name, func(b *testing.B) {
				b.ReportAllocs()
				found := 0
				for i := 0; b.Loop(); i++ {
					if _, ok := c.Lookup(s.numbers[i%benchNumbers]); ok {
						found++
					}
				}
				if s.name == "miss" && found > 0 || s.name == "hit" && found != b.N {
					b.Fatalf("%d of %d found", found, b.N)
				}
			})
		}
	})
}

func BenchmarkPrice(b *testing.B) {
	benchCards(b, func(b *testing.B, c *Card, hits, _, _ []string) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if got := c.Price(hits[i%benchNumbers], call.Duration{Nanos: int64(i%600) * 1e9}); got.Reason != "" {
				b.Fatal(got.Reason)
			}
		}
	})
}

func BenchmarkCharge(b *testing.B) {
	r := Rate{Price1: 15_000_000_000, PriceN: 15_000_000_000, Interval1: 60, IntervalN: 6}
	terms := DefaultTerms("GBP")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := terms.Charge(r, call.Duration{Nanos: int64(i%600) * 1e9}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuildImage(b *testing.B) {
	rates := benchRates(100_000, rand.New(rand.NewPCG(1, 2)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := BuildImage(DefaultTerms("GBP"), listed(rates)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	image, err := BuildImage(DefaultTerms("GBP"), listed(benchRates(100_000, rand.New(rand.NewPCG(1, 2)))))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(image)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(image); err != nil {
			b.Fatal(err)
		}
	}
}
