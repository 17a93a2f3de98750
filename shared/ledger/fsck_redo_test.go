package ledger

import (
	"testing"
	"time"
)

// redone reads a batch of an issued month again.
func (w *world) redone() Batch {
	w.t.Helper()
	if err := w.Redo(w.t.Context(), w.copies.ID, time.Unix(1_000_000_000, 0)); err != nil {
		w.t.Fatal(err)
	}
	b := must(w.Process(w.t.Context(), w.copies.ID))(w.t)
	if b.Rev != 2 || len(b.Superseded) != 1 {
		w.t.Fatalf("the redo came to %+v", b)
	}
	return b
}

// spoiltRedos are corruptions of a batch of two revisions.
func spoiltRedos() []corruption {
	entry := func(w *world, kind EntryKind, rev int64) Entry {
		return Entry{Kind: kind, Period: w.sep, Batch: w.copies.ID, Rev: rev}
	}
	change := func(how func(*Batch)) func(w *world) string {
		return func(w *world) string {
			p := batchPath(w.redone().ID)
			edit(w, p, how)
			return p.String()
		}
	}
	return []corruption{
		{"the old revision is not taken back", "entry", func(w *world) string {
			w.redone()
			w.delete(entry(w, Withdraws, 1).path())
			return entry(w, Adds, 1).path().String()
		}},
		{"the old revision's entry deleted", "entry", func(w *world) string {
			w.redone()
			w.delete(entry(w, Adds, 1).path())
			return entry(w, Withdraws, 1).path().String()
		}},
		{"the new revision is not entered", "entry", func(w *world) string {
			w.redone()
			w.delete(entry(w, Adds, 2).path())
			return entry(w, Adds, 2).path().String()
		}},
		{"the old revision is forgotten", "entry", func(w *world) string {
			edit(w, batchPath(w.redone().ID), func(b *Batch) { b.Superseded = nil })
			return entry(w, Adds, 1).path().String()
		}},
		{"the old revision's part is lost", "part", func(w *world) string {
			name := w.marker(w.redone().revisions()[1]).Parts[0].Name
			w.rated.lost[name] = true
			return name
		}},
		{"the old revision's counts", "counts", change(func(b *Batch) { b.Superseded[0].Counts.Accepted--; b.Superseded[0].Counts.Unrated++ })},
		{"until when the old revision counts", "batch", change(func(b *Batch) { b.Superseded[0].Until = nil })},
		{"revisions out of order", "batch", change(func(b *Batch) { b.Superseded[0].Rev = 7 })},
		{"a redo in no state", "batch", change(func(b *Batch) { b.RedoState = "half done" })},
		{"a redo of an old revision", "batch", change(func(b *Batch) {
			b.RedoState, b.RedoAt, b.Redo = Planned, time.Unix(1, 0), Redo{Rev: 2, Book: b.Book}
		})},
		{"a redo that failed for no reason", "batch", change(func(b *Batch) {
			b.RedoState, b.RedoAt, b.Redo = Failed, time.Unix(1, 0), Redo{Rev: 3, Book: b.Book}
		})},
		{"a redo that stands nowhere", "batch", change(func(b *Batch) { b.Redo = Redo{Rev: 3, Book: b.Book} })},
		{"too many attempts", "batch", change(func(b *Batch) { b.Attempts = MaxAttempts + 1 })},
	}
}

func TestFsckProvesEveryRevisionOfABatch(t *testing.T) {
	w := newWorld(t)
	w.redone()
	for _, p := range must(w.Fsck(t.Context()))(t) {
		t.Error(p)
	}
}
