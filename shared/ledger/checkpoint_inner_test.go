package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/objects"
)

// Entries that were made before they said from when to when their rows are may
// have rows of any instant.
func TestAnEntryWithoutBoundsIsReadByEveryFold(t *testing.T) {
	w := newWorld(t)
	keeping := New(w.docs, w.Ledger.buckets, CheckpointFrom(1))
	undated := w.deliver("undated.csv", "u1,alice,4420,441110003,2026-11-02 09:00:00,40,", "u2,bob,4430,441110003,2026-11-25 09:00:00,41,")
	w.deliver("second.csv", "s1,alice,4420,441110003,2026-11-02 10:00:00,40,")
	w.deliver("tenth.csv", "t1,alice,4420,441110003,2026-11-10 10:00:00,40,")
	e := Entry{Kind: Adds, Period: w.nov, Batch: undated.ID, Rev: undated.Rev}
	edit(w, e.path(), func(e *Entry) { e.First, e.Last = 0, 0 })
	must(keeping.Fold(t.Context(), w.nov))(t)
	w.deliver("twentieth.csv", "l9,bob,4430,441110003,2026-11-20 10:00:00,40,")
	if n := len(must(keeping.checkpoints(t.Context(), w.nov))(t)); n != 1 {
		t.Fatalf("%d checkpoints, want 1", n)
	}
	got := must(keeping.Fold(t.Context(), w.nov))(t)
	for _, info := range must(w.rated.List(t.Context(), "results/", "", 100))(t) {
		if err := w.rated.Delete(t.Context(), info.Name, info.Generation); err != nil {
			t.Fatal(err)
		}
	}
	alone := w.Ledger.buckets
	alone.Work = objects.NewMemory()
	if diff := cmp.Diff(must(New(w.docs, alone).Fold(t.Context(), w.nov))(t), got, exactly); diff != "" {
		t.Errorf("-from nothing +from a checkpoint\n%s", diff)
	}
	if got.Counts.Rows != 6 { // with that of the world
		t.Errorf("%d rows, want 6", got.Counts.Rows)
	}
}
