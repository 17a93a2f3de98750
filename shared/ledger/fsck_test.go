package ledger

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
)

func TestFsckFindsNothingWrongWithWhatTheLedgerWrote(t *testing.T) {
	for _, p := range must(newWorld(t).Fsck(t.Context()))(t) {
		t.Error(p)
	}
}

func TestFsckDoesNotMindWhatCrashedWorkLeaves(t *testing.T) {
	w := newWorld(t)
	must(putJSON(t.Context(), w.rated, "parts", "left behind"))(t)
	must(w.Receive(t.Context(), Arrival{Bucket: "cdrs", Object: "not-read-yet.csv", Generation: "1", Feed: "switch", At: time.Unix(1_000_000_000, 0)}))(t)
	lost := must(w.Receive(t.Context(), Arrival{Bucket: "cdrs", Object: "first.csv", Generation: "gone", Feed: "switch", At: time.Unix(1_000_000_000, 0)}))(t)
	if b := must(w.Process(t.Context(), lost))(t); b.State != Failed {
		t.Fatalf("the batch is %s", b.State)
	}
	for _, p := range must(w.Fsck(t.Context()))(t) {
		t.Error(p)
	}
}

// Each case makes one corruption, with everything repaired that a careful hand
// would, and returns where fsck must say it is.
func TestFsckNamesEverySingleCorruption(t *testing.T) {
	amount := money.MustParse
	line2 := func(w *world) string { return "batch " + w.first.ID + " line 2" }
	for _, c := range []struct {
		name, kind string
		spoil      func(*world) (where string)
	}{
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
		{"an identity of another content", "row", func(w *world) string {
			alterJSON(w, w.rated, w.copies.Marker.Name, func(m *Marker) {
				m.Parts[0] = w.remake(m.Parts[0], func(kind call.BlockKind, row []byte) [][]byte {
					if id, err := call.ParseIdentity(row); kind == call.IdentityBlock && err == nil && id.Line == 3 {
						id.Content[5]++
						row = call.AppendIdentity(nil, &id)
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
		{"a marker lost", "marker", func(w *world) string {
			w.rated.lost[w.first.Marker.Name] = true
			return w.first.Marker.Name
		}},
		{"a batch's counts", "counts", func(w *world) string {
			edit(w, batchPath(w.first.ID), func(b *Batch) { b.Counts.Accepted--; b.Counts.Unrated++ })
			return "batches/" + w.first.ID
		}},
		{"a batch whose marker has no size", "marker", func(w *world) string {
			edit(w, batchPath(w.first.ID), func(b *Batch) { b.Marker.Size = -1 })
			return w.first.Marker.Name
		}},
		{"an entry that names nothing", "entry", func(w *world) string {
			p := Entry{Kind: Adds, Period: w.nov, Batch: w.last.ID}.path()
			edit(w, p, func(e *Entry) { e.Marker = Ref{} })
			return p.String()
		}},
		{"a period whose basis has no name", "period", func(w *world) string {
			edit(w, w.oct.path(), func(p *Period) { p.Basis = Ref{Generation: "1"} })
			return w.oct.path().String()
		}},
		{"a batch's state", "entry", func(w *world) string {
			edit(w, batchPath(w.copies.ID), func(b *Batch) { b.State = Withdrawn })
			return Entry{Kind: Adds, Period: w.sep, Batch: w.copies.ID}.path().String()
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
			p := Entry{Kind: Adds, Period: w.oct, Batch: w.late.ID}.path()
			w.delete(p)
			return p.String()
		}},
		{"an entry into a later period", "entry", func(w *world) string {
			p := Entry{Kind: Adds, Period: w.nov, Batch: w.last.ID}.path()
			edit(w, p, func(e *Entry) { e.Into.Month = e.Into.Month.Next() })
			return p.String()
		}},
		{"a late entry into the next period but one", "result", func(w *world) string {
			edit(w, Entry{Kind: Adds, Period: w.sep, Batch: w.late.ID}.path(), func(e *Entry) { e.Into = w.nov })
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
			p := Entry{Kind: Adds, Period: w.nov, Batch: w.last.ID}.path()
			edit(w, p, func(e *Entry) { e.Rev = 2 })
			return p.String()
		}},
		{"a withdrawal deleted", "entry", func(w *world) string {
			w.delete(Entry{Kind: Withdraws, Period: w.sep, Batch: w.wrong.ID}.path())
			return Entry{Kind: Adds, Period: w.sep, Batch: w.wrong.ID}.path().String()
		}},
		{"a frozen manifest that lacks a batch", "frozen", func(w *world) string {
			f := w.frozen(w.sep)
			f.Manifest.Entries = f.Manifest.Entries[1:]
			ref := must(putJSON(t.Context(), w.rated, "frozen", f))(w.t)
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
			ref := must(putJSON(t.Context(), w.rated, "frozen", f))(w.t)
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
			must(w.get(t.Context(), documents.Path{Collection: "folds", ID: w.nov.String()}, &head))(w.t)
			alterJSON(w, w.rated, head.Result.Name, func(r *Result) { accountOf(r, "bob").Lines[0].Exact = amount("9") })
			return head.Result.Name + " account bob"
		}},
		{"an outcome's due", "outcome", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) {
				r.Parts[0] = w.remake(r.Parts[0], editor(w.t, call.OutcomeBlock, 3, func(r *call.Row) []call.Row {
					r.Due = must(r.Due.Add(money.New(1, 4)))(w.t)
					return []call.Row{*r}
				}))
			})
			return name + " batch " + w.late.ID + " line 3"
		}},
		{"an outcome dropped", "outcome", func(w *world) string {
			name := w.period(w.oct).Basis.Name
			alterJSON(w, w.rated, name, func(r *Result) {
				r.Parts[0] = w.remake(r.Parts[0], editor(w.t, call.OutcomeBlock, 3, func(*call.Row) []call.Row { return nil }))
			})
			return name
		}},
		{"an invoice line, with its sums repaired", "invoice line", func(w *world) string {
			w.invoice("2026-09-0001", func(inv *billing.Invoice) {
				lines := slices.Clone(inv.Lines)
				for i := range lines {
					if lines[i].Key == usageKey {
						lines[i].Exact = must(lines[i].Exact.Add(money.New(1, 4)))(w.t)
					}
				}
				*inv = must(billing.New(inv.Head, lines))(w.t)
			})
			return "invoices/2026-09-0001 line usage of 2026-09"
		}},
		{"the name of a correction", "invoice line", func(w *world) string {
			w.invoice("2026-10-0001", func(inv *billing.Invoice) {
				at := slices.IndexFunc(inv.Lines, func(l billing.Line) bool { return l.Kind == billing.KindAdjustment })
				inv.Lines[at].Description = "Correction"
			})
			return "invoices/2026-10-0001 line usage of 2026-09"
		}},
		{"a residue", "residue", func(w *world) string {
			w.invoice("2026-09-0002", func(inv *billing.Invoice) {
				at := slices.IndexFunc(inv.Lines, func(l billing.Line) bool { return l.Key == usageKey })
				inv.Lines[at].Residue = must(inv.Lines[at].Residue.Add(money.New(1, 4)))(w.t)
			})
			return "invoices/2026-09-0002 line usage of 2026-09"
		}},
		{"an invoice's total", "invoice", func(w *world) string {
			w.invoice("2026-09-0002", func(inv *billing.Invoice) { inv.Total = must(inv.Total.Add(money.New(1, 2)))(w.t) })
			return "invoices/2026-09-0002"
		}},
		{"an invoice's document", "invoice", func(w *world) string {
			edit(w, documents.Path{Collection: "invoices", ID: documents.ID("2026-10-0002")}, func(h *InvoiceHead) { h.Total = amount("1.00") })
			return "invoices/2026-10-0002"
		}},
		{"an invoice without a document", "invoice", func(w *world) string {
			w.delete(documents.Path{Collection: "invoices", ID: documents.ID("2026-10-0001")})
			return "invoices/2026-10-0001"
		}},
		{"an invoice number used twice", "invoice", func(w *world) string {
			edit(w, documents.Path{Collection: "invoices", ID: documents.ID("2026-10-0002")}, func(h *InvoiceHead) { h.Number = "2026-10-0001" })
			return "invoices/2026-10-0002"
		}},
		{"an invoice too many", "invoice", func(w *world) string {
			var h InvoiceHead
			must(w.get(t.Context(), documents.Path{Collection: "invoices", ID: documents.ID("2026-10-0002")}, &h))(w.t)
			h.Number = "2026-10-0003"
			w.create(documents.Path{Collection: "invoices", ID: documents.ID(h.Number)}, h)
			return "invoices/2026-10-0003"
		}},
		{"an invoice of an open period", "invoice", func(w *world) string {
			edit(w, documents.Path{Collection: "invoices", ID: documents.ID("2026-10-0002")}, func(h *InvoiceHead) { h.Period = w.nov })
			return "invoices/2026-10-0002"
		}},
		{"a page lost", "invoice", func(w *world) string {
			w.bills.lost["2026-10-0002.html"] = true
			return "invoices/2026-10-0002"
		}},
		{"a usage detail without a row", "usage detail", func(w *world) string {
			w.alter(w.bills, "2026-09-0001-usage.csv", func(b []byte) []byte {
				lines := strings.SplitAfter(string(b), "\n")
				return []byte(strings.Join(slices.Delete(lines, 2, 3), ""))
			})
			return "2026-09-0001-usage.csv"
		}},
		{"a usage detail without its last row", "usage detail", func(w *world) string {
			w.alter(w.bills, "2026-09-0002-usage.csv", func(b []byte) []byte {
				lines := strings.SplitAfter(string(b), "\n")
				return []byte(strings.Join(lines[:len(lines)-2], ""))
			})
			return "2026-09-0002-usage.csv"
		}},
		{"a usage detail's due", "usage detail", func(w *world) string {
			w.alter(w.bills, "2026-10-0002-usage.csv", func(b []byte) []byte { return bytes.Replace(b, []byte(",0,0.0"), []byte(",0,0.1"), 1) })
			return "2026-10-0002-usage.csv"
		}},
		{"the book of a batch", "book", func(w *world) string {
			w.alter(w.rated, w.last.Book.Name, func(b []byte) []byte { return bytes.Replace(b, []byte(`"minutes":2`), []byte(`"minutes":3`), 1) })
			return w.last.Book.Name
		}},
		{"an older book", "charge", func(w *world) string {
			other := w.bytes(w.rated, w.last.Book.Name)
			w.alter(w.rated, w.first.Book.Name, func([]byte) []byte { return other })
			return line2(w)
		}},
		{"the count of books", "head", func(w *world) string {
			edit(w, headBook, func(h *bookHead) { h.Version-- })
			return "heads/book"
		}},
		{"a card image's price", "image", func(w *world) string {
			name := w.cardImage(w.first)
			w.alter(w.cards, name, dearer)
			return name
		}},
		{"a card image's price, stored under its new hash", "charge", func(w *world) string {
			old := w.cardImage(w.first)
			name := must(w.StoreImage(t.Context(), dearer(w.bytes(w.cards, old))))(w.t)
			w.alter(w.rated, w.first.Book.Name, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(name)) })
			return line2(w)
		}},
		{"a source file's digit", "row", func(w *world) string {
			w.alter(w.cdrs, "first.csv", func(b []byte) []byte { return bytes.Replace(b, []byte(",61,"), []byte(",62,"), 1) })
			return line2(w)
		}},
		{"a source file replaced", "source", func(w *world) string {
			info := must(w.cdrs.Stat(t.Context(), "first.csv"))(w.t)
			if err := w.cdrs.Delete(t.Context(), info.Name, info.Generation); err != nil {
				w.t.Fatal(err)
			}
			must(w.cdrs.Create(t.Context(), info.Name, strings.NewReader("call_id\n")))(w.t)
			return "cdrs/first.csv"
		}},
		{"a period opened again", "period", func(w *world) string {
			edit(w, w.oct.path(), func(p *Period) { p.State = Open })
			return w.oct.path().String()
		}},
		{"a period's basis", "period", func(w *world) string {
			basis := w.frozen(w.sep).Result
			edit(w, w.sep.path(), func(p *Period) { p.Basis = basis })
			return w.sep.path().String()
		}},
		{"a basis that the invoices do not add up to", "sum", func(w *world) string {
			alterJSON(w, w.rated, w.period(w.sep).Basis.Name, func(r *Result) { accountOf(r, "bob").Lines[0].Exact = amount("9") })
			return "account bob"
		}},
		{"a period's block of numbers", "period", func(w *world) string {
			edit(w, w.oct.path(), func(p *Period) { p.Invoices++ })
			return w.oct.path().String()
		}},
		{"the next invoice number", "head", func(w *world) string {
			edit(w, documents.Path{Collection: "heads", ID: documents.ID("numbers", "2026-09")}, func(h *numberHead) { h.Next-- })
			return "heads/numbers:2026-09"
		}},
		{"a published draft of other inputs", "head", func(w *world) string {
			p := documents.Path{Collection: "folds", ID: w.nov.String()}
			edit(w, p, func(h *foldHead) { h.Inputs = strings.Repeat("0", 64) })
			return p.String()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			where := c.spoil(w)
			found := must(w.Fsck(t.Context()))(t)
			if !slices.ContainsFunc(found, func(p Problem) bool { return p.Kind == c.kind && strings.HasPrefix(p.Where, where) }) {
				t.Errorf("want a problem of kind %q at %s, got:", c.kind, where)
				for _, p := range found {
					t.Log(p)
				}
			}
			for _, p := range found {
				if strings.Contains(p.Detail, "441110") || strings.Contains(p.Detail, "447700") {
					t.Errorf("a problem tells a phone number: %s", p)
				}
			}
		})
	}
}
