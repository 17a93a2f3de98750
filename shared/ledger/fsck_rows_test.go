package ledger

import (
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
)

// corruption spoils one thing in a world, with everything repaired that a
// careful hand would, and returns where fsck must say it is.
type corruption struct {
	name, kind string
	spoil      func(*world) (where string)
}

func line2(w *world) string { return "batch " + w.first.ID + " line 2" }

// spoiltRows are corruptions of what a batch wrote.
func spoiltRows() []corruption {
	return []corruption{
		{"a byte of a part flipped", "part", func(w *world) string {
			name := w.marker(w.first).Parts[0].Name
			w.alter(w.rated, name, func(b []byte) []byte { b[len(b)/3] ^= 1; return b })
			return name
		}},
		{"a part missing", "part", func(w *world) string {
			name := w.marker(w.first).Parts[0].Name
			w.rated.lost[name] = true
			return name
		}},
		{"a row that differs from its file", "row", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(r *call.Row) []call.Row { r.BNumber = "441110009"; return []call.Row{*r} })
			return line2(w)
		}},
		{"a row of another kind than its file says", "row", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(r *call.Row) []call.Row { r.Kind = call.Event; return []call.Row{*r} })
			return line2(w)
		}},
		{"a row with a routing number that its file has not", "row", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(r *call.Row) []call.Row { r.ALRN = "442"; return []call.Row{*r} })
			return line2(w)
		}},
		{"a row with a tag that its file has not", "row", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(r *call.Row) []call.Row { r.Tag = "gold"; return []call.Row{*r} })
			return line2(w)
		}},
		{"a row of another feed", "row", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(r *call.Row) []call.Row { r.Feed = "other"; return []call.Row{*r} })
			return line2(w)
		}},
		{"a part of another feed", "row", func(w *world) string {
			alterJSON(w, w.rated, w.first.Marker.Name, func(m *Marker) {
				m.Parts[0] = w.remakeOf("more", m.Parts[0], func(_ call.BlockKind, row []byte) [][]byte { return [][]byte{row} })
			})
			return line2(w)
		}},
		{"a row with another reason", "row", func(w *world) string {
			w.rows(w.first, call.ReportBlock, 9, func(r *call.Row) []call.Row { r.Reason = call.BadNumber; return []call.Row{*r} })
			return "batch " + w.first.ID + " line 9"
		}},
		{"a charge off by one in the last digit", "charge", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(r *call.Row) []call.Row {
				r.Charge = must(r.Charge.Add(money.New(1, 4)))(w.t)
				return []call.Row{*r}
			})
			return line2(w)
		}},
		{"a row rated that is unrated", "charge", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 6, func(r *call.Row) []call.Row {
				r.Status, r.Reason, r.Charge = call.Rated, "", money.New(0, 4)
				return []call.Row{*r}
			})
			return "batch " + w.first.ID + " line 6"
		}},
		{"a row dropped", "row", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(*call.Row) []call.Row { return nil })
			return line2(w)
		}},
		{"a row twice", "row", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(r *call.Row) []call.Row { return []call.Row{*r, *r} })
			return line2(w)
		}},
		{"a row of no line of the file", "row", func(w *world) string {
			w.rows(w.first, call.UsageBlock, 2, func(r *call.Row) []call.Row { more := *r; more.Line = 99; return []call.Row{*r, more} })
			return "batch " + w.first.ID + " line 99"
		}},
		{"an identity of another record", "row", func(w *world) string {
			alterJSON(w, w.rated, w.copies.Marker.Name, func(m *Marker) {
				m.Parts[0] = w.remake(m.Parts[0], func(kind call.BlockKind, row []byte) [][]byte {
					if id, _, err := call.NextIdentity(row); kind == call.IdentityBlock && err == nil && id.Line == 3 {
						id.Hash ^= 1
						row = call.AppendIdentity(nil, id)
					}
					return [][]byte{row}
				})
			})
			return "batch " + w.copies.ID + " line 3"
		}},
		{"a marker's counts", "marker", func(w *world) string {
			alterJSON(w, w.rated, w.first.Marker.Name, func(m *Marker) { m.Counts.Accepted--; m.Counts.Unrated++ })
			return w.first.Marker.Name
		}},
		{"a marker's reasons", "marker", func(w *world) string {
			alterJSON(w, w.rated, w.first.Marker.Name, func(m *Marker) { m.Reasons["unrated:blocked"]++ })
			return w.first.Marker.Name
		}},
		{"a marker's file", "marker", func(w *world) string {
			alterJSON(w, w.rated, w.first.Marker.Name, func(m *Marker) { m.Content = m.Content[1:] + m.Content[:1] })
			return w.first.Marker.Name
		}},
		{"a marker lost", "marker", func(w *world) string {
			w.rated.lost[w.first.Marker.Name] = true
			return w.first.Marker.Name
		}},
	}
}
