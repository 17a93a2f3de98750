package simulation

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tollbook/tollbook/tests/oracle"
	"github.com/tollbook/tollbook/tests/twin"
)

// TestCrashAtEveryCall dies after each call of the stores in turn, goes on
// from there, and ends with the invoices of an undisturbed run, to the byte.
func TestCrashAtEveryCall(t *testing.T) { crashEverywhere(t, wholeScript) }

// TestCrashAtEveryCallOfSlices does so while a file is rated in slices, twice.
func TestCrashAtEveryCallOfSlices(t *testing.T) { crashEverywhere(t, slicesScript) }

func crashEverywhere(t *testing.T, script func() (*world, func(*run) []func() error)) {
	t.Helper()
	can, want := scripted(t, script, 0, none)
	if len(want) == 0 {
		t.Fatal("the undisturbed run issued nothing")
	}
	t.Logf("%d calls", len(can))
	const lanes = 16 // each a sub-test, so that they run beside each other
	for lane := range lanes {
		t.Run(strconv.Itoa(lane), func(t *testing.T) {
			t.Parallel()
			for n := 1 + lane; n <= len(can); n += lanes {
				crashAt(t, script, n, crash, want)
				// Other ends than death, where a write may have them.
				for _, f := range []fault{unknown, lost, again} {
					if slices.Contains(can[n-1], f) {
						crashAt(t, script, n, f, want)
					}
				}
			}
		})
	}
}

func crashAt(t *testing.T, script func() (*world, func(*run) []func() error), n int, f fault, want map[string][]byte) {
	t.Helper()
	_, got := scripted(t, script, n, f)
	if !maps.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("fault %q at call %d: %v was issued, want the %v of an undisturbed run, byte for byte",
			faultNames[f], n, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	if t.Failed() {
		t.Fatalf("fault %q at call %d", faultNames[f], n)
	}
}

// scripted runs a fixed scenario with a fault at one call (0 = none), and
// returns how each call can fail and all that was issued.
func scripted(t *testing.T, script func() (*world, func(*run) []func() error), at int, f fault) (calls [][]fault, bills map[string][]byte) {
	t.Helper()
	s := newScheduler(1, nil)
	w, steps := script()
	r := begin(t, w, s)
	s.choose = func(_ string, can []fault) fault {
		calls = append(calls, can)
		if len(calls) == at {
			return f
		}
		return none
	}
	s.cur = &task{name: "script"}
	for i, step := range steps(r) {
		if err := r.persist(step); err != nil {
			t.Fatalf("fault %q at call %d: step %d: %v", faultNames[f], at, i+1, err)
		}
	}
	s.cur = nil
	r.check(t)
	return calls, r.remember(t)
}

func wholeScript() (*world, func(*run) []func() error) {
	w := fixedWorld()
	return w, func(r *run) []func() error {
		return []func() error{
			func() error { return r.deliver(w.files[0]) },
			func() error { return r.deliver(w.files[1]) },
			func() error { return r.deliver(w.files[2]) },
			func() error { return r.deliver(w.files[4]) },
			func() error { return r.withdraw(w.files[2]) },
			func() error { _, err := r.ledger.Fold(r.ctx, keyOf("c1", "2026-10")); return err },
			func() error { return r.close("c1", "2026-10") },
			func() error { return r.deliver(w.files[3]) },
			func() error { return r.withdraw(w.files[1]) },
			func() error { return w.mend(r.ctx, r.ledger, "switch1") },
			func() error { return r.redo(w.files[0]) },
			func() error { return r.process(w.files[0]) },
			func() error { return r.redo(w.files[4]) },
			func() error { return r.process(w.files[4]) },
			func() error { return r.deliver(w.files[5]) },
			func() error { return r.sweep(0) },
			func() error { return r.sweep(8 * 24 * time.Hour) },
			func() error { return r.close("c1", "2026-11") },
		}
	}
}

// slicesScript has the files of two rows and more cut, one of them redone for
// its mended feed.
func slicesScript() (*world, func(*run) []func() error) {
	w := fixedWorld()
	w.slice, w.unquoted = 120, map[string]bool{"switch1": true}
	w.files = w.files[:1]
	return w, func(r *run) []func() error {
		return []func() error{
			func() error { return r.deliver(w.files[0]) },
			func() error { return w.mend(r.ctx, r.ledger, "switch1") },
			func() error { return r.redo(w.files[0]) },
			func() error { return r.process(w.files[0]) },
			func() error { return r.close("c1", "2026-10") },
			func() error { return r.close("c1", "2026-11") },
		}
	}
}

// fixedWorld is two accounts and two months, a bundle and a monthly charge, a
// late file, a withdrawal before and after the close, a feed that is mended
// between the closes, so that a call moves to the later month, and a file that
// nobody was told of.
func fixedWorld() *world {
	terms := twin.Terms{Decimals: 4, Rounding: "half-up", DurationRounding: "half-up", ShortDigits: 7}
	cheap := []twin.Rate{{Prefix: "44", Price1: "0.6", PriceN: "0.3", ConnectionFee: "0", Interval1: 30, IntervalN: 6}}
	dear := []twin.Rate{{Prefix: "44", Price1: "0.9", PriceN: "0.4", ConnectionFee: "0.01", Interval1: 30, IntervalN: 6}}
	w := &world{
		settings: oracle.Settings{
			Zones: map[string]string{"c1": "Europe/London"}, Feeds: map[string]oracle.Feed{"switch1": {Cycle: "c1"}},
			Cards: map[string][]oracle.Revision{"card1": {
				{From: math.MinInt64, Terms: terms, Rates: cheap},
				{From: monthStart("2026-11", "UTC"), Terms: terms, Rates: dear},
			}},
			Accounts: map[string]oracle.Account{
				"acc1": {Cycle: "c1", Currency: "GBP", Digits: 2, Cards: []oracle.Assignment{{From: "2026-10", Card: "card1"}}, Features: []oracle.Feature{
					{ID: "minutes", Grants: true, Minutes: 4, Recurring: "9.99", Start: "2026-10-12"},
				}},
				"acc2": {Cycle: "c1", Currency: "GBP", Digits: 2, Cards: []oracle.Assignment{{From: "2026-10", Card: "card1"}}},
			},
		},
		currencies: map[string]string{"card1": "GBP"},
		months:     map[string][]string{"c1": {"2026-10", "2026-11"}},
		mends:      map[string]mend{"switch1": {zone: "Etc/GMT-9", behind: -9 * 3600e9}},
		closeLast:  map[string]bool{"c1": true},
	}
	call := func(id int, account, day string, seconds int64) oracle.Record {
		at := must(time.Parse(time.DateOnly, day)).Add(time.Duration(id) * time.Minute)
		return oracle.Record{Feed: "switch1", CallID: fmt.Sprintf("call%d", id), Instant: at.UnixNano(), Nanos: seconds * 1e9, Account: account, B: "442079460000"}
	}
	oct := []oracle.Record{
		call(1, "acc1", "2026-10-12", 95), call(2, "acc1", "2026-10-20", 200), call(3, "acc2", "2026-10-20", 61), call(4, "acc2", "2026-10-31", 7),
	}
	nov := []oracle.Record{call(5, "acc1", "2026-11-02", 300), call(6, "acc2", "2026-11-03", 45)}
	late := []oracle.Record{call(7, "acc1", "2026-10-13", 100), call(8, "acc2", "2026-11-04", 12)}
	w.scriptFile(oct[0], oct[1], oct[2], nov[0])
	w.scriptFile(oct[3], oct[2], nov[1]).withdraw = "later"
	w.scriptFile(call(9, "acc1", "2026-10-14", 999)).withdraw = "now"
	w.scriptFile(append(late, oct[0])...).late = "c1:2026-10"
	moved := w.scriptFile(call(10, "acc1", "2026-11-01", 60), call(11, "acc2", "2026-11-05", 30))
	moved.data = bytes.ReplaceAll(bytes.ReplaceAll(moved.data, []byte("T"), []byte(" ")), []byte("Z"), nil)
	w.scriptFile(call(12, "acc2", "2026-11-06", 20)).silent = true
	return w
}

func (w *world) scriptFile(records ...oracle.Record) *file {
	f := &file{
		object: fmt.Sprintf("switch1/%d.csv", len(w.files)+1), feed: "switch1",
		at: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), usage: oracle.File{Records: records},
	}
	f.data = []byte("call_id,account,b_number,start_time,duration\n")
	for _, c := range records {
		at := time.Unix(0, c.Instant).UTC().Format(time.RFC3339)
		f.data = fmt.Appendf(f.data, "%s,%s,%s,%s,%d\n", c.CallID, c.Account, c.B, at, c.Nanos/1e9)
	}
	w.files = append(w.files, f)
	return f
}
