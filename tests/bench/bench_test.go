package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var programs string // where they are built, once

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		panic(err)
	}
	programs = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

var build = sync.OnceValue(func() error {
	return house{dir: programs}.build(context.Background(), goPrograms...)
})

// mustJob makes a small job.
func mustJob(t *testing.T, prefixes, rows int) *job {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	h := house{t.TempDir(), 2}
	if err := os.Symlink(filepath.Join(programs, "bin"), filepath.Join(h.dir, "bin")); err != nil {
		t.Fatal(err)
	}
	j, err := h.newJob(t.Context(), prefixes, rows)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestTheKernelAnswersAsTheNaiveProgramDoes(t *testing.T) {
	const rows = 70_000 // 5 MB: several chunks
	j := mustJob(t, 20_000, rows)
	got, err := j.verifyKernel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Rated > rows-30 || got.Rated < rows-120 {
		t.Errorf("%d of %d records are rated, want all but about 70", got.Rated, rows)
	}
	out, err := os.ReadFile(j.file("kernel.csv"))
	if err != nil {
		t.Fatal(err)
	}
	one, err := run(t.Context(), j.kernel("cdrs.csv", 1))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(j.file("kernel.csv")); err != nil || !bytes.Equal(out, again) {
		t.Errorf("one worker writes other bytes than two (%v)", err)
	}
	if one.answer.Charge != got.Charge {
		t.Errorf("one worker charges %s, two %s", one.answer.Charge, got.Charge)
	}
}

func TestAKernelThatIsWrongDoesNotPass(t *testing.T) {
	j := mustJob(t, 5_000, 1_000)
	deck, err := os.ReadFile(j.file("deck.csv"))
	if err != nil {
		t.Fatal(err)
	}
	// The naive program reads the deck; the kernel's card was made before.
	other := bytes.ReplaceAll(deck, []byte(",60,60,"), []byte(",60,1,"))
	if err := os.WriteFile(j.file("deck.csv"), other, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := j.verifyKernel(t.Context()); err == nil {
		t.Error("a card of another deck gave the same answers")
	}
}

func TestABatchIsRatedFromTheSameStateEachTime(t *testing.T) {
	j := mustJob(t, 2_000, 2_000)
	batch, err := j.batch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	documents := func() []byte {
		data, err := os.ReadFile(filepath.Join(j.file("ready"), "documents.db"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	before := documents()
	want, err := run(t.Context(), j.kernel("cdrs.csv", 1))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := run(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		if got.answer.Rows != 2_000 || got.answer.Rated != want.answer.Rated {
			t.Errorf("the receipt says %+v, the kernel %+v", got.answer, want.answer)
		}
		if after := documents(); !bytes.Equal(before, after) {
			t.Error("the run wrote into the documents that the next one begins with")
		}
	}
}

func TestFilesThatDifferAreNamedWithTheFirstLine(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	base := file("base", "a\nb\nc\n")
	for _, c := range []struct {
		name, content  string
		ordered, lines string // what is said, empty: nothing
	}{
		{"same", "a\nb\nc\n", "", ""},
		{"shuffled", "c\na\nb\n", "line 1 ", ""},
		{"changed", "a\nx\nc\n", "line 2 ", "line 2 "},
		{"shorter", "a\nb\n", "line 3 ", "line 3 "},
		{"longer", "a\nb\nc\nd\n", "line 4 ", "line 4 "},
		{"twice", "a\nb\nb\nc\n", "line 3 ", "line 3 "},
	} {
		other := file(c.name, c.content)
		for how, check := range map[string]struct {
			err  error
			want string
		}{"in order": {sameBytes(base, other), c.ordered}, "in any order": {sameLines(base, other), c.lines}} {
			if (check.err == nil) != (check.want == "") || check.err != nil && !strings.Contains(check.err.Error(), check.want) {
				t.Errorf("%s, %s: %v, want %q", c.name, how, check.err, check.want)
			}
		}
	}
}

func TestContestantsRunInTurnsAndTheWarmUpDoesNotCount(t *testing.T) {
	var order strings.Builder
	nothing := func(name string) contestant {
		return contestant{name: name, args: []string{os.Args[0], "-test.run=^$"}, silent: true, prepare: func() error {
			order.WriteString(name)
			return nil
		}}
	}
	d, err := fight(t.Context(), nothing("a"), nothing("b"), 2)
	if err != nil {
		t.Fatal(err)
	}
	if order.String() != "ababab" || len(d.a) != 2 || len(d.b) != 2 {
		t.Errorf("ran %s and counted %d and %d, want ababab, 2 and 2", &order, len(d.a), len(d.b))
	}
	for _, u := range append(d.a, d.b...) {
		if u.cpu <= 0 || u.wall <= 0 || u.peak < 1<<20 {
			t.Errorf("a process took %v of CPU, %v and %d bytes", u.cpu, u.wall, u.peak)
		}
	}
}

func TestAContestantThatFailsEndsTheBench(t *testing.T) {
	fails := contestant{name: "it", args: []string{os.Args[0], "-test.nonsense"}, silent: true}
	if _, err := fight(t.Context(), fails, fails, 1); err == nil || !strings.Contains(err.Error(), "it: ") {
		t.Errorf("error %v, want one that names the contestant", err)
	}
	mute := contestant{name: "it", args: []string{os.Args[0], "-test.run=^$", "-test.v=false"}}
	mute.prepare = func() error { return errors.New("no room") }
	if _, err := run(t.Context(), mute); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("error %v, want that of the preparation", err)
	}
}

func TestARatioIsTheMedianOfThePairs(t *testing.T) {
	runs := func(cpu, wall []time.Duration) (uses []use) {
		for i := range cpu {
			uses = append(uses, use{cpu: cpu[i] * time.Second, wall: wall[i] * time.Second})
		}
		return uses
	}
	d := duel{
		a: runs([]time.Duration{1, 8, 2}, []time.Duration{3, 1, 2}),
		b: runs([]time.Duration{2, 32, 10}, []time.Duration{1, 2, 8}),
	}
	want := row{
		ID: "x_y", A: "x", B: "y", N: 3,
		ACPU: 2, BCPU: 10, Ratio: 0.25, // of 1/2, 1/4, 1/5
		AWall: 2, BWall: 2, WallRatio: 0.5, // of 3, 1/2, 1/4
	}
	if diff := cmp.Diff(want, d.row("x_y", "x", "y")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := median([]int{4, 1, 3, 2}); got != 2 {
		t.Errorf("the median of four values is %d, want the lower of the middle ones, 2", got)
	}
	if got := peakMiB(use{peak: 1 << 20}, use{peak: 5<<20 + 1}, use{peak: 2 << 20}); got != 6 {
		t.Errorf("the peak is %g MiB, want the highest rounded up, 6", got)
	}
}

func TestResultsAreATableForPeopleAndRowsForPrograms(t *testing.T) {
	r := report{
		Go: "go1.26", System: "linux/amd64", CPUs: 2, Workers: 2,
		Rows: []row{
			{ID: "kernel_naive_100k", A: "kernel w=2", B: "naive", ACPU: 0.7, BCPU: 11.1, Ratio: 0.0631, AWall: 0.5, BWall: 10.3, WallRatio: 0.048, Rows: 5_000_000, Prefixes: 100_000, N: 3},
			{ID: "card_bytes_100k", Value: 6_560_000, Unit: "bytes", Rows: 5_000_000, Prefixes: 100_000},
			{ID: "card_open_ms_100k", Value: 2.845, Unit: "ms CPU", Rows: 5_000_000, Prefixes: 100_000, N: 3},
		},
		Skipped: []string{"duckdb: npm: not on this machine"},
	}
	var table bytes.Buffer
	if err := r.writeTable(&table); err != nil {
		t.Fatal(err)
	}
	want := `
pair               A           B      A CPU s  B CPU s  A/B CPU  A/B wall  n  
kernel_naive_100k  kernel w=2  naive  0.70     11.10    0.063    0.048     3  

value                               
card_bytes_100k    6560000  bytes   
card_open_ms_100k  2.85     ms CPU  

skipped: duckdb: npm: not on this machine
`
	if diff := cmp.Diff(want[1:], table.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	path := filepath.Join(t.TempDir(), "bench.json")
	if err := r.writeJSON(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Rows []map[string]any }
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	first := map[string]any{
		"id": "kernel_naive_100k", "a": "kernel w=2", "b": "naive", "a_cpu": 0.7, "b_cpu": 11.1, "ratio": 0.0631,
		"a_wall": 0.5, "b_wall": 10.3, "wall_ratio": 0.048, "rows": 5e6, "prefixes": 1e5, "n": 3.0,
	}
	if diff := cmp.Diff(first, got.Rows[0]); diff != "" || len(got.Rows) != 3 {
		t.Errorf("%d rows, the first (-want +got):\n%s", len(got.Rows), diff)
	}
}

func TestDecksAreCalledByTheirSize(t *testing.T) {
	for n, want := range map[int]string{100_000: "100k", 1_000_000: "1m", 2_000_000: "2m", 1_500_000: "1500k", 2_345: "2345"} {
		if got := short(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, args := range []string{"-rows 0", "-rows x", "-n 0", "-n 100", "-workers 0", "-prefixes 10", "-prefixes 100000,", "more"} {
		if _, err := parse(strings.Fields(args), new(bytes.Buffer)); err == nil {
			t.Errorf("%s was taken", args)
		}
	}
	o, err := parse([]string{"-prefixes", "20000,1000000", "-rows", "7"}, new(bytes.Buffer))
	if diff := cmp.Diff([]int{20_000, 1_000_000}, o.prefixes); err != nil || diff != "" || o.rows != 7 || o.n != 3 {
		t.Errorf("%+v, %v", o, err)
	}
}
