package ratecard

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

const benched = 1_000_000 // rates

// deckOf yields as many rates as a large deck has, in the order of their names,
// with prices of four decimals that are raised by so many units of the last.
func deckOf(raised money.Price) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range benched {
			p := money.Price(rng.IntN(20_000)+raisedFloor)*100_000_000 + raised*100_000_000
			r := rating.Rate{
				Prefix: strconv.Itoa(100_000_000 + i*7919%899_999_999), Destination: "Destination " + strconv.Itoa(i/48),
				Price1: p, PriceN: p, Interval1: 60, IntervalN: 60,
			}
			if i%10 == 0 {
				r.Interval1, r.IntervalN = 1, 1
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

const raisedFloor = 1

func benchPer(b *testing.B, live func() any) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := live()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/benched, "B/rate")
	runtime.KeepAlive(kept)
}

func BenchmarkRates(b *testing.B) {
	for b.Loop() {
		if _, err := Collect(deckOf(0)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benched, "ns/rate")
	benchPer(b, func() any {
		r, err := Collect(deckOf(0))
		if err != nil {
			b.Fatal(err)
		}
		return r
	})
}

func BenchmarkDeckOf(b *testing.B) {
	for b.Loop() {
		for range deckOf(0) {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benched, "ns/rate")
}

func BenchmarkDiff(b *testing.B) {
	for _, raised := range []money.Price{0, 1} {
		b.Run(fmt.Sprintf("raised %d", raised), func(b *testing.B) {
			old, err := Collect(deckOf(0))
			if err != nil {
				b.Fatal(err)
			}
			new, err := Collect(deckOf(raised))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				var s Summary
				for d, err := range Diff(old.All(), new.All(), DiffOptions{Notice: Notice{Terms: plain}}) {
					if err != nil {
						b.Fatal(err)
					}
					s.Add(&d)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benched, "ns/rate")
		})
	}
}

func BenchmarkApply(b *testing.B) {
	for _, raised := range []money.Price{0, 1} {
		b.Run(fmt.Sprintf("raised %d", raised), func(b *testing.B) {
			old, err := Collect(deckOf(0))
			if err != nil {
				b.Fatal(err)
			}
			commands := func(yield func(Command, error) bool) {
				line := int64(1)
				for r := range deckOf(raised) {
					line++
					if !yield(Command{Line: line, Rate: r}, nil) {
						return
					}
				}
			}
			for b.Loop() {
				if _, _, err := Apply(old.All(), commands, Options{At: hour(now), Kind: FullAZ}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benched, "ns/rate")
		})
	}
}
