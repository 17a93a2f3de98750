package simulation

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// defaultSeeds is what every test run tries; SEEDS asks for more.
const defaultSeeds = 300

// TestSeeds runs the pipeline under many seeds: whatever the order, the copies
// and the faults, what was issued and what is pending are the oracle's bills.
func TestSeeds(t *testing.T) {
	if seed, ok := number(t, "SEED"); ok {
		simulate(t, seed, os.Stdout, nil)
		return
	}
	n, ok := number(t, "SEEDS")
	if !ok {
		n = defaultSeeds
	}
	met := tally{n: map[string]int{}}
	t.Cleanup(func() {
		if n >= defaultSeeds && !t.Failed() {
			met.check(t)
		}
	})
	for seed := uint64(1); seed <= n; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			simulate(t, seed, nil, &met)
		})
	}
}

// tally adds up what the seeds met: a simulation that no longer gets anywhere
// must not pass.
type tally struct {
	sync.Mutex
	n map[string]int
}

func (m *tally) check(t *testing.T) {
	for _, name := range sorted(m.n) {
		t.Logf("%8d %s", m.n[name], name)
	}
	for _, name := range []string{
		"line usage", "line bundled", "line recurring", "line adjustment", "pending of open", "pending of issued",
		"entry adds", "entry withdraws", "duplicate", "superseded", "charged", "unrated", "file lost before it was read",
		"redo", "redo after a close", "redo failed", "batch of several revisions", "retried", "failed by its attempts",
		"swept: file received", "swept: no feed's file skipped", "swept: batch resumed", "swept: batch failed", "swept: part noted", "swept: part deleted",
		"reopened", "waived", "stale draft folded", "entry withdraws of a revision",
		"entry touches", "entry kept for another cycle", "period with foreign entries",
		"slice ordered", "order lost", "batch of slices", "batch of slices that was redone", "quoted file was not cut",
		"checkpoint made", "checkpoint deleted", "fold that went on from a checkpoint",
		"rows of an issued batch", "rows of a batch not issued yet", "row of a reseller", "row of a callee", "row of a supplier", "row of nobody's trunk",
		"row whose payer was found", "row fallback_card", "row rated_as", "line of a statement", "redo of who is charged",
		"decided by who pays: the account field", "decided by who pays: the caller's number", "decided by who pays: the called number",
		"decided by who pays: the trunk", "decided by who pays: one account", "decided by a number that moved", "decided by a trunk that moved",
		"decided by a version with another payer", "decided by a copy of a record with several charges",
		"decided by a call type", "decided by a call type's rate-as", "decided by a fallback's card", "decided by a card by account", "decided by a card by account and class",
		"decided by a card by account and way", "decided by a card by account and class and way", "decided by a card by number", "decided by a card by number and class",
		"decided by a card by number and way", "decided by a card by number and class and way", "decided by a card of the supplier's",
		"change of an assignment", "change of a call type", "change of a fallback",
		"fault before", "fault crash", "fault unknown", "fault lost", "fault again", "fault cut",
	} {
		if m.n[name] == 0 {
			t.Errorf("no seed met: %s", name)
		}
	}
}

func number(t *testing.T, name string) (uint64, bool) {
	s := os.Getenv(name)
	if s == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q: want a whole number", name, s)
	}
	return n, true
}

// TestReplay runs a seed twice: it makes the same calls with the same fates.
func TestReplay(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		if a, b := simulate(t, seed, nil, nil), simulate(t, seed, nil, nil); a != b {
			t.Errorf("seed %d: trace %s, then %s", seed, a, b)
		}
	}
}

// simulate runs one seed and returns the hash of its trace.
func simulate(t *testing.T, seed uint64, log io.Writer, met *tally) string {
	t.Helper()
	defer func() {
		died := recover()
		if died != nil || t.Failed() {
			fmt.Printf("replay: SEED=%d go test -run 'TestSeeds$' -v ./tests/simulation\n", seed)
		}
		if died != nil {
			panic(died)
		}
	}()
	s := newScheduler(seed, log)
	r := begin(t, newWorld(rand.New(rand.NewPCG(seed, 0x77_6f_72_6c))), s)
	s.choose = faults(s.rng)
	s.stall = []int{0, 200, 50}[s.rng.IntN(3)]
	r.spawn()
	if err := r.scheduler.run(); err != nil {
		t.Fatal(err)
	}
	r.checkDrafts(t)
	issued := r.remember(t)
	if err := r.settle(); err != nil {
		t.Fatalf("when it was quiet again: %v", err)
	}
	r.check(t)
	checkKept(t, issued, r.remember(t))
	if met != nil {
		met.Lock()
		defer met.Unlock()
		for name, n := range r.met {
			met.n[name] += n
		}
	}
	return s.trace()
}

// faults fails calls at a rate that the seed picks, writes, which are few, more
// often; and not for ever: a task may begin again only so often.
func faults(rng *rand.Rand) func(string, []fault) fault {
	oneIn := []int{0, 1000, 300, 100, 40}[rng.IntN(5)]
	left := 120
	return func(_ string, can []fault) fault {
		rate := oneIn
		if slices.Contains(can, unknown) {
			rate = (oneIn + 4) / 5
		}
		if oneIn == 0 || left == 0 || len(can) == 0 || rng.IntN(rate) != 0 {
			return none
		}
		left--
		return can[rng.IntN(len(can))]
	}
}
