package band_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/band"
)

// instants returns a million instants of a stretch that begins in October 2026.
func instants(b *testing.B, stretch time.Duration) []int64 {
	begin := instant(b, "2026-10-01T00:00:00Z")
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]int64, 1<<20)
	for i := range all {
		all[i] = begin + rng.Int64N(int64(stretch))
	}
	return all
}

func benchmarkAt(b *testing.B, c *band.Clock, all []int64) {
	i := 0
	for b.Loop() {
		c.At(all[i%len(all)])
		i++
	}
}

func BenchmarkAtRandomInstantsOfAMonth(b *testing.B) {
	benchmarkAt(b, clock(b, read(b, uk), "Europe/London"), instants(b, 31*24*time.Hour))
}

func BenchmarkAtASortedDay(b *testing.B) {
	all := instants(b, 24*time.Hour)
	slices.Sort(all)
	benchmarkAt(b, clock(b, read(b, uk), "Europe/London"), all)
}

// BenchmarkAtByTimeIn asks the time package each time, as the twin does.
func BenchmarkAtByTimeIn(b *testing.B) {
	s, zone, all := read(b, uk), location(b, "Europe/London"), instants(b, 31*24*time.Hour)
	i := 0
	for b.Loop() {
		twin(s, time.Unix(0, all[i%len(all)]), zone)
		i++
	}
}
