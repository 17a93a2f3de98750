package rating_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/prefix"
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
func stream(rng *rand.Rand, prefixOf func() string) []prefix.Key {
	numbers := make([]prefix.Key, benchNumbers)
	for i := range numbers {
		numbers[i], _ = prefix.KeyOf((prefixOf() + strconv.Itoa(100_000_000+rng.IntN(900_000_000)))[:12])
	}
	return numbers
}

func listed(rates ...Rate) iter.Seq2[Rate, error] {
	return func(yield func(Rate, error) bool) {
		for _, r := range rates {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func mustCard(t testing.TB, terms Terms, rates ...Rate) *Card {
	t.Helper()
	image, err := BuildImage(terms, listed(rates...))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(image)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rules are the ways in which the cards of the benchmark differ: what each
// costs beside the plain price.
var rules = []struct {
	name string
	make func(rates []Rate, terms *Terms) []Rate
}{
	{"plain", func(rates []Rate, _ *Terms) []Rate { return rates }},
	{"dates", func(rates []Rate, _ *Terms) []Rate {
		out := rates
		for _, r := range rates {
			r.From, r.Price1, r.PriceN = 1_800_000_000e9, r.Price1*2, r.PriceN*2
			out = append(out, r)
		}
		return out
	}},
	{"minimum", func(rates []Rate, t *Terms) []Rate { t.MinCharge = 5_000_000_000; return rates }},
	{"tiers", func(rates []Rate, t *Terms) []Rate {
		out := make([]Rate, len(rates))
		for i, r := range rates {
			out[i] = Rate{Prefix: r.Prefix, Destination: r.Destination, Tiers: []Tier{{From: 1, Length: 60, Price: r.Price1}, {From: 61, RoundUp: 6, Price: r.PriceN / 2}}}
		}
		return out
	}},
}

func BenchmarkPrice(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		rng := rand.New(rand.NewPCG(1, uint64(n)))
		rates := benchRates(n, rng)
		hits := stream(rng, func() string { return rates[rng.IntN(n)].Prefix + "000" })
		quantities, instants := make([]int64, benchNumbers), make([]int64, benchNumbers)
		for i := range quantities {
			quantities[i], instants[i] = int64(rng.IntN(600))*1e9, 1_799_999_000e9+rng.Int64N(2000e9)
		}
		for _, rule := range rules {
			if n == 1_000_000 && rule.name == "tiers" {
				continue
			}
			terms := DefaultTerms("GBP")
			c := mustCard(b, terms, rule.make(rates, &terms)...)
			b.Run(fmt.Sprintf("%d/%s", n, rule.name), func(b *testing.B) {
				b.ReportAllocs()
				pricer, charges := c.NewPricer(), make([]Charge, 4096)
				for i := 0; i < b.N; i += len(charges) {
					at := i % benchNumbers
					pricer.PriceBlock(&Block{Kind: call.Voice, Numbers: hits[at : at+len(charges)], Quantities: quantities[at : at+len(charges)],
						Instants: instants[at : at+len(charges)], Charges: charges})
				}
			})
		}
	}
}
