package extsort

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/objects"
)

// keys draws how a key is made of a random number: numbers that are dense, far apart,
// or alike in their first or last bytes, and texts that are short or begin alike.
func keys(t *rapid.T) func(uint64) []byte {
	word := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	return map[string]func(uint64) []byte{
		"dense":   func(n uint64) []byte { return word(n % 5000) },
		"any":     word,
		"few":     func(n uint64) []byte { return word(n % 7 << 40) },
		"high":    func(n uint64) []byte { return word(n % 3000 << 45) },
		"longer":  func(n uint64) []byte { return append(word(n%3), word(n%100)...) },
		"shorter": func(n uint64) []byte { return word(n)[:n%9] },
		"text":    func(n uint64) []byte { return fmt.Appendf(nil, "account %d", n%4000) },
	}[rapid.SampledFrom([]string{"dense", "any", "few", "high", "longer", "shorter", "text"}).Draw(t, "keys")]
}

func TestSortsManyInOneRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(objects.NewMemory(), "sort", 1<<30)
		key, random := keys(t), rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var want []string
		for i := range rapid.SampledFrom([]int{0, 1, fewEntries, fewEntries + 1, 500, 5000}).Draw(t, "n") {
			k, v := key(random.Uint64()), fmt.Sprint(i%3)
			want = append(want, string(k)+"="+v)
			if err := s.Add(context.Background(), k, []byte(v)); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortFunc(want, func(a, b string) int { // as pairs: a value has no "=", and is one byte
			if c := strings.Compare(a[:len(a)-2], b[:len(b)-2]); c != 0 {
				return c
			}
			return strings.Compare(a, b)
		})
		got, err := drain(context.Background(), s)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d records, %v: not in the order of a slice", len(got), err)
		}
	})
}

// A million records by keys of 8 bytes, as those of months are.
func BenchmarkSort(b *testing.B) {
	ctx, random := context.Background(), rand.New(rand.NewPCG(1, 2))
	s := New(objects.NewMemory(), "sort", 1<<30)
	words := make([]uint64, 1<<20)
	for i := range words {
		words[i] = 7<<42 | uint64(random.IntN(1<<22))<<6
	}
	key, value := make([]byte, 8), bytes.Repeat([]byte{1}, 20)
	b.ReportAllocs()
	for b.Loop() {
		s.reset()
		for _, w := range words {
			binary.BigEndian.PutUint64(key, w)
			if err := s.Add(ctx, key, value); err != nil {
				b.Fatal(err)
			}
		}
		s.sortIndex()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(words)), "ns/record")
}
