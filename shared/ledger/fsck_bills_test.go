package ledger

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
)

// spoiltBills are corruptions of invoices, and of what everything follows from.
func spoiltBills() []corruption {
	return []corruption{
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
			edit(w, documents.Path{Collection: "invoices", ID: documents.ID("2026-10-0002")}, func(h *InvoiceHead) { h.Total = money.MustParse("1.00") })
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
			must(w.get(w.t.Context(), documents.Path{Collection: "invoices", ID: documents.ID("2026-10-0002")}, &h))(w.t)
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
		{"an older book", "book", func(w *world) string {
			other := w.bytes(w.rated, w.last.Book.Name)
			w.alter(w.rated, w.first.Book.Name, func([]byte) []byte { return other })
			return w.first.Book.Name
		}},
		{"the newest book", "head", func(w *world) string {
			edit(w, headBook, func(h *bookHead) { h.Book = w.first.Book })
			return "heads/book"
		}},
		{"a card image's price", "image", func(w *world) string {
			name := w.cardImage(w.first)
			w.alter(w.cards, name, func(b []byte) []byte { return dearer(w.t, b) })
			return name
		}},
		{"a card image's price, stored under its new hash", "book", func(w *world) string {
			old := w.cardImage(w.first)
			name := must(w.StoreImage(w.t.Context(), dearer(w.t, w.bytes(w.cards, old))))(w.t)
			w.alter(w.rated, w.first.Book.Name, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(name)) })
			return w.first.Book.Name
		}},
		{"a source file's digit", "row", func(w *world) string {
			w.alter(w.cdrs, "first.csv", func(b []byte) []byte { return bytes.Replace(b, []byte(",61,"), []byte(",62,"), 1) })
			return line2(w)
		}},
		{"a source file replaced", "source", func(w *world) string {
			info := must(w.cdrs.Stat(w.t.Context(), "first.csv"))(w.t)
			if err := w.cdrs.Delete(w.t.Context(), info.Name, info.Generation); err != nil {
				w.t.Fatal(err)
			}
			must(w.cdrs.Create(w.t.Context(), info.Name, strings.NewReader("call_id\n")))(w.t)
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
			alterJSON(w, w.rated, w.period(w.sep).Basis.Name, func(r *Result) { accountOf(r, "bob").Lines[0].Exact = money.MustParse("9") })
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
	}
}
