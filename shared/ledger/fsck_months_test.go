package ledger

import (
	"bytes"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
)

// spoiltMonths are corruptions of batches, entries and folded months.
func spoiltMonths() []corruption {
	return []corruption{
		{"a batch's counts", "counts", func(w *world) string {
			edit(w, batchPath(w.first.ID), func(b *Batch) { b.Counts.Accepted--; b.Counts.Unrated++ })
			return "batches/" + w.first.ID
		}},
		{"a batch whose marker has no size", "marker", func(w *world) string {
			edit(w, batchPath(w.first.ID), func(b *Batch) { b.Marker.Size = -1 })
			return w.first.Marker.Name
		}},
		{"an entry that names nothing", "entry", func(w *world) string {
			p := Entry{Kind: Adds, Period: w.nov, Batch: w.last.ID, Rev: 1}.path()
			edit(w, p, func(e *Entry) { e.Marker = Ref{} })
			return p.String()
		}},
		{"a period whose basis has no name", "period", func(w *world) string {
			edit(w, w.oct.path(), func(p *Period) { p.Basis = Ref{Generation: "1"} })
			return w.oct.path().String()
		}},
		{"a batch's state", "entry", func(w *world) string {
			edit(w, batchPath(w.copies.ID), func(b *Batch) { b.State = Withdrawn })
			return Entry{Kind: Adds, Period: w.sep, Batch: w.copies.ID, Rev: 1}.path().String()
		}},
		{"a batch's periods", "batch", func(w *world) string {
			edit(w, batchPath(w.first.ID), func(b *Batch) { b.Periods = b.Periods[:1] })
			return "batches/" + w.first.ID
		}},
		{"a batch of another object", "batch", func(w *world) string {
			edit(w, batchPath(w.first.ID), func(b *Batch) { b.Object = "other.csv" })
			return "batches/" + w.first.ID
		}},
		{"an entry deleted", "entry", func(w *world) string {
			p := Entry{Kind: Adds, Period: w.oct, Batch: w.late.ID, Rev: 1}.path()
			w.delete(p)
			return p.String()
		}},
		{"an entry into a later period", "entry", func(w *world) string {
			p := Entry{Kind: Adds, Period: w.nov, Batch: w.last.ID, Rev: 1}.path()
			edit(w, p, func(e *Entry) { e.Into.Month = e.Into.Month.Next() })
			return p.String()
		}},
		{"a late entry into the next period but one", "result", func(w *world) string {
			edit(w, Entry{Kind: Adds, Period: w.sep, Batch: w.late.ID, Rev: 1}.path(), func(e *Entry) { e.Into = w.nov })
			return w.frozen(w.oct).Adjustments[0].To.Name
		}},
		{"an entry of no batch", "entry", func(w *world) string {
			e := Entry{Kind: Adds, Period: w.nov, Batch: "0123", Rev: 1, Into: w.nov, Marker: w.last.Marker}
			w.create(e.path(), e)
			return e.path().String()
		}},
		{"an entry of a period that the batch has no rows in", "entry", func(w *world) string {
			e := Entry{Kind: Adds, Period: w.nov, Batch: w.first.ID, Rev: 1, Into: w.nov, Marker: w.first.Marker}
			w.create(e.path(), e)
			return e.path().String()
		}},
		{"an entry of another rev", "entry", func(w *world) string {
			p := Entry{Kind: Adds, Period: w.nov, Batch: w.last.ID, Rev: 1}.path()
			edit(w, p, func(e *Entry) { e.Rev = 2 })
			return p.String()
		}},
		{"a withdrawal deleted", "entry", func(w *world) string {
			w.delete(Entry{Kind: Withdraws, Period: w.sep, Batch: w.wrong.ID, Rev: 1}.path())
			return Entry{Kind: Adds, Period: w.sep, Batch: w.wrong.ID, Rev: 1}.path().String()
		}},
		{"a frozen manifest that lacks a batch", "frozen", func(w *world) string {
			f := w.frozen(w.sep)
			f.Manifest.Entries = f.Manifest.Entries[1:]
			ref := must(putJSON(w.t.Context(), w.rated, "frozen", f))(w.t)
			edit(w, w.sep.path(), func(p *Period) { p.Frozen = ref })
			return ref.Name
		}},
		{"a frozen object's byte", "frozen", func(w *world) string {
			name := w.period(w.sep).Frozen.Name
			w.alter(w.rated, name, func(b []byte) []byte { return bytes.Replace(b, []byte(`"rev":1`), []byte(`"rev":2`), 1) })
			return name
		}},
		{"a frozen object without its adjustment", "frozen", func(w *world) string {
			f := w.frozen(w.oct)
			f.Adjustments = []Adjustment{}
			ref := must(putJSON(w.t.Context(), w.rated, "frozen", f))(w.t)
			edit(w, w.oct.path(), func(p *Period) { p.Frozen = ref })
			return ref.Name
		}},
		{"a result's line off by 0.0001", "result", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) {
				a := accountOf(r, "bob")
				a.Lines[1].Exact = must(a.Lines[1].Exact.Sub(money.New(1, 4)))(w.t)
			})
			return name + " account bob line usage"
		}},
		{"a result's count", "result", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) { r.Counts.Charged--; r.Counts.Unrated++ })
			return name
		}},
		{"a result's pool", "result", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) { accountOf(r, "alice").Pools[0].Drawn-- })
			return name + " account alice pool bundle"
		}},
		{"a published draft's line", "result", func(w *world) string {
			var head foldHead
			must(w.get(w.t.Context(), documents.Path{Collection: "folds", ID: w.nov.String()}, &head))(w.t)
			alterJSON(w, w.rated, head.Result.Name, func(r *Result) { accountOf(r, "bob").Lines[0].Exact = money.MustParse("9") })
			return head.Result.Name + " account bob"
		}},
		{"an outcome's due", "outcome", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) {
				w.outcomes(r, "2026-10-09", 3, func(r *call.Row) []call.Row {
					r.Due = must(r.Due.Add(money.New(1, 4)))(w.t)
					return []call.Row{*r}
				})
			})
			return name + " batch " + w.late.ID + " line 3"
		}},
		{"an outcome dropped", "outcome", func(w *world) string {
			name := w.period(w.sep).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) {
				w.outcomes(r, "2026-09-06", 13, func(*call.Row) []call.Row { return nil })
			})
			return name
		}},
		{"an outcome's batch", "outcome", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) {
				w.outcomes(r, "2026-10-09", 3, func(r *call.Row) []call.Row {
					r.Batch++
					return []call.Row{*r}
				})
			})
			return name
		}},
		{"a day with another's outcomes", "outcome", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) { r.Days[0].Parts--; r.Days[1].Parts++ })
			return name
		}},
		{"a day with more outcomes than there are", "outcome", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) { r.Days[len(r.Days)-1].Parts++ })
			return name
		}},
		{"a day without its outcomes", "outcome", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) { r.Days[len(r.Days)-1].Parts-- })
			return name
		}},
	}
}
