package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"testing"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/rating"
)

// sabotage is a bucket whose objects can be altered under their names and
// generations, as a bad disk or a hand would, or be lost.
type sabotage struct {
	objects.Bucket
	altered map[string][]byte
	lost    map[string]bool
}

func (s *sabotage) Stat(ctx context.Context, name string) (objects.Info, error) {
	if s.lost[name] {
		return objects.Info{}, fmt.Errorf("stat %s: %w", name, objects.ErrNotFound)
	}
	info, err := s.Bucket.Stat(ctx, name)
	if data, ok := s.altered[name]; ok {
		info.Size = int64(len(data))
	}
	return info, err
}

func (s *sabotage) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	if s.lost[name] {
		return nil, fmt.Errorf("open %s: %w", name, objects.ErrLost)
	}
	data, ok := s.altered[name]
	if !ok {
		return s.Bucket.OpenRange(ctx, name, generation, offset, length)
	}
	data = data[min(offset, int64(len(data))):]
	if length >= 0 {
		data = data[:min(length, int64(len(data)))]
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// edit rewrites a document.
func edit[T any](w *world, p documents.Path, change func(*T)) {
	w.t.Helper()
	var v T
	version := must(w.get(w.t.Context(), p, &v))(w.t)
	change(&v)
	if err := w.replace(w.t.Context(), p, v, version); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) delete(p documents.Path) {
	w.t.Helper()
	doc := must(w.docs.Get(w.t.Context(), p))(w.t)
	if err := w.docs.Delete(w.t.Context(), p, doc.Version); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) create(p documents.Path, v any) {
	w.t.Helper()
	must(w.docs.Create(w.t.Context(), p, must(documents.Encode(v))(w.t)))(w.t)
}

func (w *world) period(key Key) Period { return must(w.Period(w.t.Context(), key))(w.t) }

func (w *world) bytes(b *sabotage, name string) []byte {
	w.t.Helper()
	info := must(b.Stat(w.t.Context(), name))(w.t)
	return must(load(w.t.Context(), b, refOf(info)))(w.t)
}

// alter puts other bytes in an object's place.
func (w *world) alter(b *sabotage, name string, change func([]byte) []byte) {
	w.t.Helper()
	old := w.bytes(b, name)
	data := change(slices.Clone(old))
	if bytes.Equal(data, old) {
		w.t.Fatalf("%s was not altered", name)
	}
	b.altered[name] = data
}

// alterJSON alters an object of JSON, which keeps its length: what refers to it
// says how long it is.
func alterJSON[T any](w *world, b *sabotage, name string, change func(*T)) {
	w.t.Helper()
	w.alter(b, name, func(data []byte) []byte {
		var v T
		if err := json.Unmarshal(data, &v); err != nil {
			w.t.Fatal(err)
		}
		change(&v)
		out := must(json.Marshal(v))(w.t)
		if len(out) > len(data) {
			w.t.Fatalf("%s grew", name)
		}
		return append(out, bytes.Repeat([]byte(" "), len(data)-len(out))...)
	})
}

func (w *world) marker(b Batch) Marker {
	w.t.Helper()
	return must(w.Ledger.marker(w.t.Context(), b.Marker))(w.t)
}

func (w *world) frozen(key Key) Frozen {
	w.t.Helper()
	var f Frozen
	if err := loadJSON(w.t.Context(), w.rated, w.period(key).Frozen, &f); err != nil {
		w.t.Fatal(err)
	}
	return f
}

// remake writes a part again with some rows edited: every checksum and its name
// are right. Edit returns the rows to put in the place of one.
func (w *world) remake(ref Ref, edit func(kind call.BlockKind, row []byte) [][]byte) Ref {
	w.t.Helper()
	return w.remakeOf(must(openPart(w.t.Context(), w.rated, ref))(w.t).dir.Feed, ref, edit)
}

// remakeOf is remake for a part of a feed.
func (w *world) remakeOf(feed string, ref Ref, edit func(kind call.BlockKind, row []byte) [][]byte) Ref {
	w.t.Helper()
	p := must(openPart(w.t.Context(), w.rated, ref))(w.t)
	out := newPartWriter(w.rated, path.Dir(ref.Name))
	out.dir.Feed = feed
	for _, k := range p.dir.Periods {
		out.period(k)
	}
	for _, i := range p.dir.Images {
		out.image(i)
	}
	out.dir.Batches = p.dir.Batches
	for _, b := range p.dir.Blocks {
		add := func(row string) error {
			for _, r := range edit(b.Kind, []byte(row)) {
				if b.Kind != call.IdentityBlock {
					out.add(b.Kind, b.Period, b.Shard, r)
					continue
				}
				id, _, err := call.NextIdentity(r)
				if err != nil {
					return err
				}
				out.addIdentity(&out.shards(b.Kind, b.Period)[call.IdentityShard(id.Hash)], id)
			}
			return nil
		}
		err := error(nil)
		if b.Kind == call.IdentityBlock {
			err = p.identities(w.t.Context(), b, func(id call.Identity) error { return add(string(call.AppendIdentity(nil, id))) })
		} else {
			err = p.rows(w.t.Context(), b, add)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	if err := out.seal(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if out.parts[0] == ref {
		w.t.Fatal("the part was not altered")
	}
	return out.parts[0]
}

// rows edits the stored rows of a batch on a line, with everything that refers
// to their part repaired.
func (w *world) rows(b Batch, kind call.BlockKind, line int64, change func(*call.Row) []call.Row) {
	w.t.Helper()
	alterJSON(w, w.rated, b.Marker.Name, func(m *Marker) {
		m.Parts[0] = w.remake(m.Parts[0], editor(w.t, kind, line, change))
	})
}

// outcomes edits the stored outcomes of a day that are on a line.
func (w *world) outcomes(r *Result, day string, line int64, change func(*call.Row) []call.Row) {
	w.t.Helper()
	at := 0
	for _, d := range r.Days {
		if d.Day.String() == day {
			r.Parts[at] = w.remake(r.Parts[at], editor(w.t, call.OutcomeBlock, line, change))
			return
		}
		at += d.Parts
	}
	w.t.Fatalf("no outcomes on %s", day)
}

func editor(t *testing.T, kind call.BlockKind, line int64, change func(*call.Row) []call.Row) func(call.BlockKind, []byte) [][]byte {
	return func(k call.BlockKind, row []byte) [][]byte {
		var r call.Row
		if k != kind {
			return [][]byte{row}
		}
		if err := call.ParseRow(string(row), &r); err != nil {
			t.Fatal(err)
		}
		if r.Line != line {
			return [][]byte{row}
		}
		var out [][]byte
		for _, c := range change(&r) {
			out = append(out, call.AppendRow(nil, &c))
		}
		return out
	}
}

func accountOf(r *Result, id string) *AccountResult {
	at := slices.IndexFunc(r.Accounts, func(a AccountResult) bool { return a.Account == id })
	return &r.Accounts[at]
}

// invoice alters an invoice's object, and its document where that says the same.
func (w *world) invoice(number string, change func(*billing.Invoice)) {
	w.t.Helper()
	name := billing.FileNames(number).JSON
	w.alter(w.bills, name, func(data []byte) []byte {
		inv := must(billing.Parse(data))(w.t)
		change(&inv)
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(inv); err != nil {
			w.t.Fatal(err)
		}
		edit(w, documents.Path{Collection: "invoices", ID: documents.ID(number)}, func(h *InvoiceHead) {
			h.Exact, h.Total, h.JSON.Size = inv.ExactTotal, inv.Total, int64(out.Len())
		})
		return out.Bytes()
	})
}

// cardImage returns the image that a batch's rows were priced under.
func (w *world) cardImage(b Batch) string {
	w.t.Helper()
	p := must(openPart(w.t.Context(), w.rated, w.marker(b).Parts[0]))(w.t)
	return p.dir.Images[0]
}

// dearer returns a card image with higher prices and all else as it was.
func dearer(t *testing.T, image []byte) []byte {
	card := must(rating.Open(image))(t)
	return must(rating.BuildImage(card.Terms(), func(yield func(rating.Rate, error) bool) {
		for r, err := range card.All() {
			r.Price1 += 1_000_000_000
			if r.IntervalN > 0 {
				r.PriceN += 1_000_000_000
			}
			if !yield(r, err) {
				return
			}
		}
	}))(t)
}
