package ledger_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/ledger"
)

// longFile is rows of more text than one worker takes at once, with every kind
// of trouble: rejected and unrated rows, accounts that nobody knows, several
// months, quotes, copies.
func longFile(rows int) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range rows {
		account, number, at, id := "acme", 442_000_000_000+i, fmt.Sprintf("2026-%02d-%02dT%02d:00:00Z", 9+i%3, 1+i%28, i%24), fmt.Sprint(i)
		switch {
		case i%50 == 7:
			account = fmt.Sprint("stranger-", i)
		case i%50 == 8:
			account = `"be""ta"`
		case i%50 == 9:
			number = 447_000_000_000 + i // blocked
		case i%50 == 10:
			number = 33
		case i%50 == 11:
			at = "yesterday"
		case i%50 == 12:
			id = ""
		case i%50 == 13:
			id = fmt.Sprint(i - 1000)
		case i%2 == 1:
			account = "beta"
		}
		fmt.Fprintf(&b, "%s,%s,441234567890,%d,%s,%d\n", id, account, number, at, i%300)
	}
	return b.String()
}

// rated is what a batch says of a file, and the parts and the marker that its
// rating left.
func rated(t *testing.T, workers int, text string) (ledger.Counts, map[string]string) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
	h := newHouse(t)
	b, err := h.Process(t.Context(), h.receiveText("long.csv", text))
	if err != nil || b.State != ledger.Committed {
		t.Fatalf("%s: %s, %v", b.State, b.Failure, err)
	}
	left := map[string]string{}
	for _, prefix := range []string{"parts/", "markers/"} {
		page, err := h.buckets.Rated.List(t.Context(), prefix, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range page {
			r, err := h.buckets.Rated.OpenRange(t.Context(), info.Name, info.Generation, 0, -1)
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			left[info.Name] = string(data)
		}
	}
	problems, err := h.Fsck(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
	return b.Counts, left
}

func TestAFileIsRatedTheSameByOneWorkerAsByMany(t *testing.T) {
	const rows = 120_000
	text := longFile(rows)
	counts, want := rated(t, 1, text)
	if each := int64(rows / 50); counts != (ledger.Counts{Rows: rows, Accepted: rows - 5*each, Unrated: 4 * each, Rejected: each}) {
		t.Errorf("counts are %+v", counts)
	}
	if parts := len(want) - 1; parts < 2 {
		t.Fatalf("%d parts, want several", parts)
	}
	again, got := rated(t, 4, text)
	if diff := cmp.Diff(want, got); diff != "" || again != counts {
		t.Errorf("four workers count %+v, and leave other objects than one did:\n%.1000s", again, diff)
	}
}

func TestWhatFailsFirstInTheFileIsTheReason(t *testing.T) {
	var b strings.Builder
	b.WriteString(header)
	for i := range 150_000 {
		month := 0
		if i > 80_000 { // far behind the first worker's part, and at the end again
			month = i / 500
		}
		fmt.Fprintf(&b, "%d,acme,441234567890,442079460000,%d-%02d-01T00:00:00Z,60\n", i, 1980+month/12%100, 1+month%12)
	}
	want := ""
	for range 3 {
		h := newHouse(t)
		got, err := h.Process(t.Context(), h.receiveText("wild.csv", b.String()))
		if err != nil || got.State != ledger.Failed || !strings.Contains(got.Failure, "more than 60 months") {
			t.Fatalf("the batch is %s: %s, %v", got.State, got.Failure, err)
		}
		if want == "" {
			want = got.Failure
		}
		if got.Failure != want {
			t.Errorf("it failed for %q, and before for %q", got.Failure, want)
		}
	}
}

func TestARecordIsRatedWithoutAnAllocation(t *testing.T) {
	mallocs := func(rows int) uint64 {
		h := newHouse(t)
		var b strings.Builder
		b.WriteString(header)
		for i := range rows {
			fmt.Fprintf(&b, "%d,acme,441234567890,442079460000,2026-11-%02dT00:00:00Z,60\n", i, 1+i%28)
		}
		id := h.receiveText("plain.csv", b.String())
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if b, err := h.Process(t.Context(), id); err != nil || b.State != ledger.Committed {
			t.Fatalf("%s, %v", b.State, err)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := mallocs(10_000), mallocs(50_000)
	if many > few+2000 {
		t.Errorf("%d allocations for 10,000 records, %d for 50,000", few, many)
	}
}
