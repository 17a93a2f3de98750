package ledger

import (
	"slices"
	"testing"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
)

// corrected says that two calls of others were dave's, who is in a cycle of
// another zone: one of the issued September, one of the open November, which
// is closed then.
func (w *world) corrected() (b Batch, entry Entry) {
	w.t.Helper()
	err := w.Apply(w.t.Context(), Setup{
		Cycles:      []book.Cycle{{ID: "abroad", Zone: "America/New_York"}},
		Accounts:    []book.Account{{ID: "dave", Cycle: "abroad", Currency: "GBP"}},
		Assignments: []book.Assignment{{Account: "dave", From: w.sep.Month, Card: "card"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	// Of b5 the content with 10 s has the greater hash.
	b = w.deliver("corrected.csv", "b5,dave,4430,447700901,2026-09-07 10:00:00,10,", "n1,dave,4420,441110003,2026-11-01 09:00:00,41,")
	w.close(w.nov)
	return b, Entry{Kind: Adds, Period: Key{"abroad", w.sep.Month}, Batch: b.ID, Rev: 1}
}

// spoiltForeign are corruptions of what one cycle knows of another's calls.
func spoiltForeign() []corruption {
	return []corruption{
		{"an entry that is not late for another cycle", "result", func(w *world) string {
			_, e := w.corrected()
			edit(w, e.path(), func(e *Entry) { e.Foreign = nil })
			return w.frozen(w.nov).Adjustments[0].To.Name
		}},
		{"an entry that is later for another cycle", "result", func(w *world) string {
			_, e := w.corrected()
			edit(w, e.path(), func(e *Entry) { e.Foreign[0].Into.Month = e.Foreign[0].Into.Month.Next() })
			return w.frozen(w.nov).Adjustments[0].To.Name
		}},
		{"an entry that is late for its own cycle as for another", "entry", func(w *world) string {
			_, e := w.corrected()
			edit(w, e.path(), func(e *Entry) { e.Foreign[0].Period, e.Foreign[0].Into = e.Period, e.Period })
			return e.path().String()
		}},
		{"a period that nothing has folded again", "entry", func(w *world) string {
			_, e := w.corrected()
			w.delete(Entry{Kind: Touches, Period: w.sep, Into: w.nov}.path())
			return e.path().String()
		}},
		{"an entry's last row", "entry", func(w *world) string {
			_, e := w.corrected()
			edit(w, e.path(), func(e *Entry) { e.Last++ })
			return e.path().String()
		}},
		{"a marker's first row", "marker", func(w *world) string {
			b, _ := w.corrected()
			alterJSON(w, w.rated, b.Marker.Name, func(m *Marker) { m.Periods[0].First-- })
			return b.Marker.Name
		}},
		{"a frozen manifest that lacks another cycle's batch", "frozen", func(w *world) string {
			w.corrected()
			f := w.frozen(w.nov)
			f.Manifest.Foreign = nil
			ref := must(putJSON(w.t.Context(), w.rated, "frozen", f))(w.t)
			edit(w, w.nov.path(), func(p *Period) { p.Frozen = ref })
			return ref.Name
		}},
		{"a frozen object without the adjustment that another cycle's batch asks for", "frozen", func(w *world) string {
			w.corrected()
			f := w.frozen(w.nov)
			edit(w, w.sep.path(), func(p *Period) { p.Basis = f.Adjustments[0].From })
			f.Adjustments = slices.DeleteFunc(f.Adjustments, func(a Adjustment) bool { return a.Period == w.sep })
			ref := must(putJSON(w.t.Context(), w.rated, "frozen", f))(w.t)
			edit(w, w.nov.path(), func(p *Period) { p.Frozen = ref })
			return ref.Name
		}},
		{"a result that lacks another cycle's batch", "result", func(w *world) string {
			w.corrected()
			name := w.frozen(w.nov).Adjustments[0].To.Name
			alterJSON(w, w.rated, name, func(r *Result) { r.Manifest.Foreign = nil })
			return name
		}},
		{"a call that another cycle charges, too", "outcome", func(w *world) string {
			w.corrected()
			name := w.frozen(w.nov).Adjustments[0].To.Name
			alterJSON(w, w.rated, name, func(r *Result) {
				w.outcomes(r, "2026-09-07", 4, func(r *call.Row) []call.Row {
					if r.Status == call.Superseded {
						r.Status = call.Rated
					}
					return []call.Row{*r}
				})
			})
			return name + " batch " + w.copies.ID + " line 4"
		}},
		{"an entry taken back for no other cycle", "entry", func(w *world) string {
			b, e := w.corrected()
			if err := w.Withdraw(w.t.Context(), b.ID); err != nil {
				w.t.Fatal(err)
			}
			e.Kind = Withdraws
			edit(w, e.path(), func(e *Entry) { e.Foreign = nil })
			return e.path().String()
		}},
		{"the book's cycles", "head", func(w *world) string {
			w.corrected()
			edit(w, headBook, func(h *bookHead) { h.Cycles = h.Cycles[:1] })
			return headBook.String()
		}},
	}
}

func TestFsckProvesWhatOneCycleKnowsOfAnother(t *testing.T) {
	w := newWorld(t)
	b, _ := w.corrected()
	issued := must(w.Issued(t.Context(), w.sep))(t)
	if n := accountOf(issued, "bob").Counts.Superseded; n != 2 {
		t.Errorf("September is issued with %d calls of bob superseded, want 2", n)
	}
	sound := func() {
		t.Helper()
		for _, p := range must(w.Fsck(t.Context()))(t) {
			t.Error(p)
		}
	}
	sound()
	if err := w.Withdraw(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	sound()
	w.close(Key{"abroad", w.sep.Month})
	w.close(Key{w.nov.Cycle, w.nov.Month.Next()})
	sound()
}

// A mark is made before the entry that it is for. When the month closes between
// the two, the entry goes into a later one, and the mark stays.
func TestAMarkWithoutAnEntryAsksForNoAdjustment(t *testing.T) {
	w := newWorld(t)
	w.corrected()
	mark := Entry{Kind: Touches, Period: w.oct, Into: w.nov}
	w.create(mark.path(), mark)
	for _, p := range must(w.Fsck(t.Context()))(t) {
		t.Error(p)
	}
}
