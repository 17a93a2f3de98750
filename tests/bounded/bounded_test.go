// Package bounded shows that memory does not grow with the files: the whole
// job on many records, and the import of large decks, run in processes of their
// own, whose peaks are read.
package bounded

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"
	_ "time/tzdata"

	"github.com/tollbook/tollbook/emulator/cloud"
)

const (
	asEmulator  = "TOLLBOOK_TEST_AS_EMULATOR"
	deckRows    = 100_000
	defaultRows = 100_000 // ROWS=1000000 is what CI runs
	peakLimit   = 256     // MiB
)

func TestMain(m *testing.M) {
	if os.Getenv(asEmulator) != "" {
		debug.SetMemoryLimit(cloud.MemoryGoal)
		os.Exit(cloud.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	if os.Getenv(asImport) != "" {
		debug.SetMemoryLimit(cloud.MemoryGoal)
		if err := importMain(os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestPeakMemory(t *testing.T) {
	rows := defaultRows
	if s := os.Getenv("ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil {
			t.Fatalf("ROWS=%s: want a number", s)
		}
	}
	for _, accounts := range []int{2000, 1} {
		t.Run(fmt.Sprintf("%d records of %d accounts", rows, accounts), func(t *testing.T) {
			dir := t.TempDir()
			rng := rand.New(rand.NewPCG(1, uint64(accounts)))
			deck, cdrs := filepath.Join(dir, "deck.csv"), filepath.Join(dir, "cdrs.csv")
			rates := writeDeck(t, deck, rng)
			want := writeRecords(t, cdrs, rng, rates, rows, accounts)
			cmd := exec.Command(os.Args[0], "try", "--deck", deck, "--cdrs", cdrs, "--bundle", "100", "--out", filepath.Join(dir, "out"), "--parquet", filepath.Join(dir, "records.parquet"), "--json")
			cmd.Env = append(os.Environ(), asEmulator+"=1")
			cmd.Stderr = os.Stderr
			stdout, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Counts struct{ Rows, Rated int }
				Totals struct{ Charge string }
			}
			if err := json.Unmarshal(stdout, &got); err != nil {
				t.Fatal(err)
			}
			if got.Counts.Rows != rows || got.Counts.Rated != rows || got.Totals.Charge != want {
				t.Errorf("%d rows, %d rated, charges %s; want all %d, %s", got.Counts.Rows, got.Counts.Rated, got.Totals.Charge, rows, want)
			}
			peak := peakMiB(cmd)
			t.Logf("peak of the process: %d MiB", peak)
			if peak > peakLimit {
				t.Errorf("peak of the process: %d MiB, want at most %d", peak, peakLimit)
			}
		})
	}
}

func peakMiB(cmd *exec.Cmd) int64 {
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS == "darwin" {
		return peak >> 20 // bytes there, KiB elsewhere
	}
	return peak >> 10
}

// rate is a generated rate, in 1/10000 of the currency.
type rate struct {
	prefix          string
	price, fee      int64
	first, interval int64
}

func writeDeck(t *testing.T, path string, rng *rand.Rand) []rate {
	t.Helper()
	var rates []rate
	seen := map[string]bool{}
	write(t, path, func(w *bufio.Writer) {
		fmt.Fprintln(w, "prefix,destination,rate,interval_1,interval_n,connection_fee")
		for len(rates) < deckRows {
			p := strconv.Itoa(1_000_000 + rng.IntN(9_000_000)) // one length: none covers another
			if seen[p] {
				continue
			}
			seen[p] = true
			steps := [][2]int64{{60, 60}, {30, 6}, {1, 1}, {60, 1}}[rng.IntN(4)]
			r := rate{p, 1 + rng.Int64N(9999), rng.Int64N(2) * 100, steps[0], steps[1]}
			rates = append(rates, r)
			fmt.Fprintf(w, "%s,Destination %s,0.%04d,%d,%d,0.%04d\n", r.prefix, r.prefix[:3], r.price, r.first, r.interval, r.fee)
		}
	})
	return rates
}

// writeRecords also returns what the records cost, exactly, in integers.
func writeRecords(t *testing.T, path string, rng *rand.Rand, rates []rate, rows, accounts int) string {
	t.Helper()
	var total int64
	write(t, path, func(w *bufio.Writer) {
		fmt.Fprintln(w, "call_id,account,a_number,b_number,start_time,duration")
		for i := range rows {
			r := rates[rng.IntN(len(rates))]
			seconds := 1 + rng.Int64N(600)
			fmt.Fprintf(w, "call-%d,account-%d,442079460000,%s%04d,2026-11-%02d %02d:%02d:%02d,%d\n", i, rng.IntN(accounts), r.prefix, rng.IntN(10000),
				1+rng.IntN(28), rng.IntN(24), rng.IntN(60), rng.IntN(60), seconds)
			billed := r.first
			if seconds > r.first {
				billed += (seconds - r.first + r.interval - 1) / r.interval * r.interval
			}
			total += (r.fee*60 + r.price*billed + 30) / 60 // half-up
		}
	})
	return fmt.Sprintf("%d.%04d", total/10000, total%10000)
}

func write(t *testing.T, path string, content func(*bufio.Writer)) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	content(w)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
