package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// daily delivers the calls of days of a month, one file each.
func (h *house) daily(rng *rand.Rand, from, to, rows, accounts int) {
	h.t.Helper()
	for day := from; day < to; day++ {
		begin := time.Date(2026, 11, 1+day, 0, 0, 0, 0, time.UTC)
		lines := make([]string, rows)
		for i := range lines {
			lines[i] = fmt.Sprintf("%d-%d,account-%d,442079460000,4420%08d,%s,%d", day, i, rng.IntN(accounts), rng.IntN(100_000_000),
				begin.Add(time.Duration(rng.IntN(86400))*time.Second).Format(time.DateTime), 1+rng.IntN(600))
		}
		h.deliver(fmt.Sprintf("feed/day-%d-%d.csv", day, rng.Uint64()), lines...)
	}
}

// BenchmarkRefold folds a month of a file a day again when the file of its last
// day has come: ROWS calls (default 200000) of ACCOUNTS accounts (default 1000).
func BenchmarkRefold(b *testing.B) {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	rows, accounts := number("ROWS", 200_000)/30, number("ACCOUNTS", 1000)
	h := newHouse(b)
	h.more = accounts
	h.setUp(h.image("0.06"))
	rng := rand.New(rand.NewPCG(1, 1))
	h.daily(rng, 0, 29, rows, accounts)
	if _, err := h.Fold(b.Context(), key("2026-11")); err != nil {
		b.Fatal(err)
	}
	kept := h.checkpoints()
	h.daily(rng, 29, 30, rows, accounts)
	for _, from := range []string{"nothing", "checkpoint"} {
		b.Run("from "+from, func(b *testing.B) {
			spent := time.Duration(0) // user and system: other work on the machine is not counted
			for range b.N {
				b.StopTimer()
				l := ledger.New(h.docs, h.buckets)
				h.forget(b)
				for _, info := range h.checkpoints() {
					if slices.Contains(kept, info) {
						continue // it was there when the last file came
					}
					if err := h.buckets.Work.Delete(b.Context(), info.Name, info.Generation); err != nil {
						b.Fatal(err)
					}
				}
				if from == "nothing" {
					l = ledger.New(h.docs, h.withoutWork())
				}
				before := cpu(b)
				b.StartTimer()
				if _, err := l.Fold(b.Context(), key("2026-11")); err != nil {
					b.Fatal(err)
				}
				spent += cpu(b) - before
			}
			b.ReportMetric(float64(spent.Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(rows*30)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// cpu returns what the process has used of the processors.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// withoutWork returns the buckets with nothing in that of work.
func (h *house) withoutWork() objects.Buckets {
	buckets := h.buckets
	buckets.Work = objects.NewMemory()
	return buckets
}

// forget deletes the newest result of November, so that it is folded again.
func (h *house) forget(t testing.TB) {
	t.Helper()
	infos, err := h.buckets.Rated.List(t.Context(), "results/", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if err := h.buckets.Rated.Delete(t.Context(), info.Name, info.Generation); err != nil {
			t.Fatal(err)
		}
	}
}
