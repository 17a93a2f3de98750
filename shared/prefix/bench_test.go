package prefix

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// lengths is how many of 1,000 prefixes of a large carrier's deck have so many
// digits.
var lengths = [MaxDigits + 1]int{4: 9, 5: 51, 6: 145, 7: 237, 8: 282, 9: 276}

// deck returns prefixes shaped as such a deck's: most of them are below
// another, and those below one often carry its note.
func deck(size int) []Entry {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = '0' + byte(r.IntN(10))
		}
		return string(b)
	}
	seen := map[string]bool{}
	entries := []Entry{}
	for i := range min(276, size/4) {
		if p := digits(1 + r.IntN(3)); !seen[p] {
			seen[p] = true
			entries = append(entries, Entry{Prefix: p, Note: uint32(i)})
		}
	}
	for length, share := range lengths {
		parents := entries
		for want := share * size / 1000; want > 0 && len(entries) < size; {
			parent := parents[r.IntN(len(parents))]
			p := parent.Prefix + digits(max(0, min(3, length-len(parent.Prefix))))
			if len(p) != length || seen[p] {
				// Too short a parent, or one that is full.
				p = parent.Prefix + digits(max(0, length-len(parent.Prefix)))
			}
			if len(p) != length || seen[p] {
				continue
			}
			seen[p] = true
			want--
			note := parent.Note
			if r.IntN(20) == 0 {
				note = uint32(r.IntN(size))
			}
			entries = append(entries, Entry{Prefix: p, Note: note})
		}
	}
	for i := range entries {
		entries[i].Value = uint32(r.IntN(max(1, size*6/10)))
	}
	r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return entries
}

// decks are built once: the largest takes a second.
var decks = map[int]*struct {
	entries []Entry
	section []byte
	index   *Index
}{}

func openDeck(tb testing.TB, size int) (entries []Entry, section []byte, x *Index) {
	tb.Helper()
	d := decks[size]
	if d == nil {
		d = new(struct {
			entries []Entry
			section []byte
			index   *Index
		})
		d.entries = deck(size)
		var err error
		if d.section, err = Build(d.entries); err != nil {
			tb.Fatal(err)
		}
		if d.index, err = Open(d.section); err != nil {
			tb.Fatal(err)
		}
		decks[size] = d
	}
	return d.entries, d.section, d.index
}

const million = 1 << 20

var sizes = []int{100_000, 1_000_000}

// numbers returns count of them, of 12 digits. Hits begin with a random prefix of
// the deck, deep ones with one of 9 digits, misses with a random digit.
func numbers(entries []Entry, kind string, count int) []string {
	r := rand.New(rand.NewPCG(2, 3))
	out := make([]string, count)
	for i := range out {
		p := ""
		for p == "" && kind != "miss" {
			p = entries[r.IntN(len(entries))].Prefix
			if kind == "deep" && len(p) != 9 {
				p = ""
			}
		}
		out[i] = (p + fmt.Sprintf("%012d", r.Uint64N(1_000_000_000_000)))[:12]
	}
	return out
}

func BenchmarkKeyOf(b *testing.B) {
	entries, _, _ := openDeck(b, sizes[0])
	text := []byte{}
	for _, n := range numbers(entries, "hit", million) {
		text = append(text, n...)
	}
	i := 0
	for b.Loop() {
		if _, ok := KeyOf(text[i : i+12]); !ok {
			b.Fatal("a number without a key")
		}
		if i += 12; i == len(text) {
			i = 0
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, size := range sizes {
		entries, _, x := openDeck(b, size)
		for _, kind := range []string{"hit", "deep", "miss"} {
			keys := make([]Key, million)
			for i, n := range numbers(entries, kind, million) {
				keys[i], _ = KeyOf(n)
			}
			b.Run(fmt.Sprintf("%d/%s/one", size, kind), func(b *testing.B) {
				i := 0
				for b.Loop() {
					x.Lookup(keys[i&(million-1)])
					i++
				}
			})
			b.Run(fmt.Sprintf("%d/%s/all", size, kind), func(b *testing.B) {
				out := make([]Match, 1<<12)
				for n := 0; n < b.N; n += len(out) {
					from := n & (million - 1)
					x.LookupAll(keys[from:from+len(out)], out)
				}
			})
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			entries, section, x := openDeck(b, size)
			n := float64(len(entries))
			for b.Loop() {
				if _, err := Open(section); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(x.root)+len(x.cells))/n, "lookupB/prefix")
			b.ReportMetric(float64(len(x.blocks)+len(x.directory))/n, "directoryB/prefix")
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			entries, _, _ := openDeck(b, size)
			for b.Loop() {
				if _, err := Build(entries); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDirectory(b *testing.B) {
	_, _, x := openDeck(b, sizes[1])
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			for _, err := range x.All() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("at", func(b *testing.B) {
		i := 0
		for b.Loop() {
			if _, err := x.At(i * 7919 % x.Len()); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}
