package download_test

import (
	"fmt"
	"io"
	"iter"
	"runtime"
	"testing"

	"github.com/tollbook/tollbook/shared/deck/download"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// many are rates as a carrier has them; each calls at before the rate of that number.
func many(n int, at func(int)) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		for i := range n {
			at(i)
			p := money.Price(i%977) * 100_000_000
			r := rating.Rate{Prefix: fmt.Sprint(10_000_000 + i), Destination: "United Kingdom Mobile", Price1: p, PriceN: p, Interval1: 60, IntervalN: 60}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// However many rates there are, they take no more memory.
func TestMemoryDoesNotGrow(t *testing.T) {
	const rates = 60_000
	for _, format := range formats {
		var inUse [2]uint64
		look := func(i int) {
			if i != rates/10 && i != rates-1 {
				return
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			inUse[i/(rates/2)] = m.HeapAlloc
		}
		file, err := download.New(format, about("GBP"), many(rates, func(int) {}))
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Write(io.Discard, many(rates, look)); err != nil {
			t.Fatal(err)
		}
		if grown := int64(inUse[1]) - int64(inUse[0]); grown > 256<<10 {
			t.Errorf("%s: %d bytes more after %d rates than after %d", format, grown, rates, rates/10)
		}
	}
}

func BenchmarkDownload(b *testing.B) {
	const rates = 100_000
	for _, format := range formats {
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				file, err := download.New(format, about("GBP"), many(rates, func(int) {}))
				if err == nil {
					err = file.Write(io.Discard, many(rates, func(int) {}))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rates, "ns/rate")
		})
	}
}
