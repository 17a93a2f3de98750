package numbering

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/prefix"
)

const benchNumbers = 2_000_000

// benchOwned are single numbers scattered over three countries, of 100,000
// accounts, each since one of 120 months, every fifth for a year only.
func benchOwned() iter.Seq[Owned] {
	return func(yield func(Owned) bool) {
		rng := rand.New(rand.NewPCG(1, 2))
		at := 0
		for range benchNumbers {
			at += 1 + rng.IntN(900)
			number := fmt.Sprintf("%s%09d", [...]string{"44", "1", "34"}[at/700_000_000%3], at%1_000_000_000)
			o := Owned{First: number, Last: number, Account: fmt.Sprintf("account-%06d", rng.IntN(100_000)), From: int64(rng.IntN(120)) * 2_592e12}
			if rng.IntN(5) == 0 {
				o.To = o.From + 31_536e12
			}
			if !yield(o) {
				return
			}
		}
	}
}

func benchDirectory(b *testing.B) (*Directory, []DirectoryKey, []int64) {
	b.Helper()
	image, err := BuildDirectory(benchOwned())
	if err != nil {
		b.Fatal(err)
	}
	d, err := OpenDirectory(image)
	if err != nil {
		b.Fatal(err)
	}
	var keys []DirectoryKey
	for o := range benchOwned() {
		key, _ := DirectoryKeyOf(o.First)
		keys = append(keys, key)
	}
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	instants := make([]int64, len(keys))
	for i := range instants {
		instants[i] = 200 * 2_592e12
	}
	b.ReportMetric(float64(len(image))/benchNumbers, "B/number")
	return d, keys, instants
}

func BenchmarkOwners(b *testing.B) {
	d, keys, instants := benchDirectory(b)
	misses := make([]DirectoryKey, len(keys))
	for i, k := range keys {
		misses[i] = k.next()
	}
	out := make([]uint32, ownerBlock)
	for _, c := range []struct {
		name string
		keys []DirectoryKey
	}{{"hit", keys}, {"miss", misses}} {
		b.Run(c.name+"/block", func(b *testing.B) {
			for i := 0; i < b.N; i += ownerBlock {
				at := i % (len(keys) - ownerBlock)
				d.Owners(c.keys[at:at+ownerBlock], instants[at:at+ownerBlock], out)
			}
		})
		b.Run(c.name+"/one", func(b *testing.B) {
			for i := range b.N {
				d.Owner(c.keys[i%len(keys)], instants[0])
			}
		})
	}
}

func BenchmarkDirectoryKeyOf(b *testing.B) {
	number := []byte("442079460000")
	for b.Loop() {
		DirectoryKeyOf(number)
	}
}

func BenchmarkOpenDirectory(b *testing.B) {
	image, err := BuildDirectory(benchOwned())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(image))/benchNumbers, "B/number")
	for b.Loop() {
		if _, err := OpenDirectory(image); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuildDirectory(b *testing.B) {
	for b.Loop() {
		if _, err := BuildDirectory(benchOwned()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	buf, raw := make([]byte, 0, 64), []byte("02079460000")
	for b.Loop() {
		british.Append(buf, raw)
	}
}

func BenchmarkRegions(b *testing.B) {
	r := openEmbedded(b)
	all := examples(b)
	keys, out := make([]prefix.Key, 256), make([]RegionID, 256)
	for i := range keys {
		keys[i], _ = prefix.KeyOf(fmt.Sprintf("%d%d", all[i].GetCountryCode(), all[i].GetNationalNumber()))
	}
	b.Run("block of 256", func(b *testing.B) {
		for b.Loop() {
			r.OfAll(keys, out)
		}
	})
	b.Run("open", func(b *testing.B) {
		table := Embedded()
		for b.Loop() {
			if _, err := OpenRegions(table); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchPrefixes are prefixes as decks have them: of three to seven digits, of
// all plans.
func benchPrefixes(b *testing.B) []string {
	b.Helper()
	rng := rand.New(rand.NewPCG(5, 6))
	var rows []string
	for line := range strings.Lines(string(embeddedPlaces)) {
		if stem, ends, ok := parsePrefixes(line[:max(0, strings.IndexByte(line, '\t'))]); ok {
			rows = append(rows, stem+ends[:1])
		}
	}
	prefixes := make([]string, 1_000_000)
	for i := range prefixes {
		prefixes[i] = fmt.Sprintf("%s%06d", rows[rng.IntN(len(rows))], rng.IntN(1_000_000))[:3+rng.IntN(5)]
	}
	return prefixes
}

func BenchmarkPlaces(b *testing.B) {
	places, prefixes := EmbeddedPlaces(), benchPrefixes(b)
	i, known := 0, 0
	for b.Loop() {
		if places.Of(prefixes[i]).Type != Unknown {
			known++
		}
		if i++; i == len(prefixes) {
			i = 0
		}
	}
	b.ReportMetric(float64(known)/float64(b.N), "known")
}

func BenchmarkOpenPlaces(b *testing.B) {
	for b.Loop() {
		places, err := OpenPlaces(embeddedPlaces)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(places.nodes)), "prefixes")
	}
}
