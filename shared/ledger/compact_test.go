package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/ledger"
)

// manyFiles delivers small files with copies, conflicts and late rows.
func (h *house) manyFiles() {
	h.t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	for file := range 20 {
		var rows []string
		for range 30 {
			account := []string{"acme", "beta", "nobody"}[rng.IntN(3)]
			rows = append(rows, fmt.Sprintf("%d,%s,,4420794600%02d,2026-%02d-%02d 0%d:00:00,%d",
				rng.IntN(60), account, rng.IntN(3), 10+rng.IntN(2), 1+rng.IntN(3), rng.IntN(3), 1+rng.IntN(2)))
		}
		h.deliver(fmt.Sprintf("feed/%d.csv", file), rows...)
	}
}

// segments returns the names of segments.
func (h *house) segments() (names []string) {
	h.t.Helper()
	infos, err := h.buckets.Work.List(h.ctx(), "segments/", "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, info := range infos {
		names = append(names, info.Name)
	}
	return names
}

// folds returns what October and November come to, as objects, and whatever is
// issued.
func (h *house) folds() []*ledger.Result {
	h.t.Helper()
	var out []*ledger.Result
	for _, month := range []string{"2026-10", "2026-11"} {
		r, err := h.Fold(h.ctx(), key(month))
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestAFoldOfSegmentsIsThatOfTheParts(t *testing.T) {
	plain, compacting := newHouse(t), newHouse(t)
	compacting.Ledger = ledger.New(compacting.docs, compacting.buckets, ledger.CompactFrom(2))
	plain.manyFiles()
	compacting.manyFiles()
	want := plain.folds()
	if diff := cmp.Diff(want, compacting.folds()); diff != "" {
		t.Errorf("-parts +segments\n%.2000s", diff)
	}
	if n := len(plain.segments()); n != 0 {
		t.Errorf("%d segments of a few parts, want none", n)
	}
	made := compacting.segments()
	if len(made) != 2 {
		t.Fatalf("segments %v, want one for each month", made)
	}
	if want[0].Counts.Duplicate == 0 || want[0].Counts.Superseded == 0 {
		t.Error("nothing was there twice")
	}

	// One more file is read beside the segment; two more are another segment.
	for n, segments := range []int{2, 3} {
		for _, h := range []*house{plain, compacting} {
			h.deliver(fmt.Sprintf("feed/more%d.csv", n), "1,beta,,442079460000,2026-11-10 00:00:00,30", "2,beta,,442079460001,2026-11-01 00:00:00,2")
		}
		if diff := cmp.Diff(plain.folds(), compacting.folds()); diff != "" {
			t.Errorf("-parts +segments\n%.2000s", diff)
		}
		if got := compacting.segments(); len(got) != segments {
			t.Errorf("segments %v, want %d", got, segments)
		}
	}
	for _, h := range []*house{plain, compacting} {
		h.close("2026-10")
		h.close("2026-11")
		h.sound()
	}
	same(t, "invoices", compacting.bills("2026-11"), plain.bills("2026-11")...)
	if _, err := compacting.Sweep(t.Context(), swept, byFolder); err != nil {
		t.Fatal(err)
	}
	if got := compacting.segments(); len(got) != 0 {
		t.Errorf("segments %v of closed months are still there", got)
	}
}

func TestADamagedSegmentIsNotRelied(t *testing.T) {
	for _, damage := range []struct {
		name  string
		of    func(text string) string
		fails bool
	}{
		{"cut off", func(s string) string { return s[:len(s)/2] }, false},
		{"another directory", func(s string) string { return s[:len(s)-100] + strings.Repeat("x", 88) + s[len(s)-12:] }, false},
		{"another row", func(s string) string { return s[:50] + "x" + s[51:] }, true},
	} {
		h := newHouse(t)
		h.manyFiles()
		want := h.folds()
		h.Ledger = ledger.New(h.docs, h.buckets, ledger.CompactFrom(2))
		h.deliver("feed/more.csv", "1,beta,,442079460000,2026-10-10 00:00:00,30")
		h.folds()
		for _, name := range h.segments() {
			info, err := h.buckets.Work.Stat(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			text := string(h.read(info))
			if err := h.buckets.Work.Delete(t.Context(), name, info.Generation); err != nil {
				t.Fatal(err)
			}
			if _, err := h.buckets.Work.Create(t.Context(), name, strings.NewReader(damage.of(text))); err != nil {
				t.Fatal(err)
			}
		}
		h.Ledger = ledger.New(h.docs, h.buckets)
		h.deliver("feed/again.csv", "9,beta,,442079460000,2026-10-11 00:00:00,30")
		r, err := h.Fold(t.Context(), key("2026-10"))
		if damage.fails {
			if err == nil || !strings.Contains(err.Error(), "segments/") {
				t.Errorf("%s: error %v, want one that names the segment", damage.name, err)
			}
			continue
		}
		if err != nil || r.Counts.Rows != want[0].Counts.Rows+2 {
			t.Errorf("%s: %v, %v", damage.name, r, err)
		}
	}
}
