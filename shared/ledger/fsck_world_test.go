package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
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

// world is a small ledger with everything in it that fsck looks at: two months
// issued, the second with a correction of the first, and an open one.
type world struct {
	*Ledger
	t                                *testing.T
	docs                             documents.Store
	rated, cards, bills, cdrs        *sabotage
	first, copies, wrong, late, last Batch
	sep, oct, nov                    Key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	docs, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	open := func() *sabotage {
		return &sabotage{Bucket: objects.NewMemory(), altered: map[string][]byte{}, lost: map[string]bool{}}
	}
	w := &world{t: t, docs: docs, rated: open(), cards: open(), bills: open(), cdrs: open()}
	w.Ledger = New(docs, objects.Buckets{
		Decks: objects.NewMemory(), CDRs: w.cdrs, Cards: w.cards, Rated: w.rated, Bills: w.bills, Work: objects.NewMemory(),
	})
	month := func(m time.Month) Key { return Key{"monthly", period.Month{Year: 2026, Month: m}} }
	w.sep, w.oct, w.nov = month(9), month(10), month(11)
	w.setUp("0.06")
	w.first = w.deliver("first.csv",
		"a1,alice,4420,441110001,2026-09-01 10:00:00,61,", "a2,alice,4420,447700900,2026-09-02 10:00:00,100,",
		"a3,alice,4420,447700900,2026-09-03 10:00:00,95.5,", "b1,bob,4430,441110002,2026-09-04 10:00:00,59,",
		"b2,bob,4430,190055500,2026-09-04 11:00:00,30,", "b3,bob,4430,100,2026-09-04 12:00:00,30,",
		"x1,carol,4430,441110002,2026-09-05 10:00:00,30,", "x2,bob,4430,441110002,not a time,30,",
		"x3,bob,4430,441110002,2026-09-05 10:00:00,30,NO ANSWER",
		"a4,alice,4420,441110001,2026-10-01 10:00:00,200,", "b4,bob,4430,441110002,2026-09-30 23:30:00,17,",
		",bob,4430,441110002,2026-09-06 10:00:00,20,", ",bob,4430,441110002,2026-09-06 10:00:00,20,")
	w.copies = w.deliver("copies.csv",
		"a1,alice,4420,441110001,2026-09-01 10:00:00,61,", "b1,bob,4430,441110002,2026-09-04 10:00:00,62,",
		"b5,bob,4430,447700901,2026-09-07 10:00:00,7,", ",bob,4430,441110002,2026-09-06 10:00:00,20,")
	w.wrong = w.deliver("wrong.csv", "w1,bob,4430,441110009,2026-09-08 10:00:00,600,", "w2,bob,4430,441110009,2026-10-08 10:00:00,600,")
	w.setUp("0.09") // the open months see other prices than the batches did
	w.close(w.sep)
	w.late = w.deliver("late.csv", "l1,alice,4420,441110003,2026-09-01 09:00:00,40,", "l2,bob,4430,441110003,2026-10-09 09:00:00,41,")
	if err := w.Withdraw(t.Context(), w.wrong.ID); err != nil {
		t.Fatal(err)
	}
	w.close(w.oct)
	w.last = w.deliver("last.csv", "n1,alice,4420,441110003,2026-11-01 09:00:00,40,", "n2,bob,4430,441110003,2026-10-20 09:00:00,41,")
	if _, err := w.Fold(t.Context(), w.nov); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) setUp(price string) {
	w.t.Helper()
	p := must(money.ParsePrice(price))(w.t)
	image := must(rating.BuildImage(rating.DefaultTerms("GBP"), func(yield func(rating.Rate, error) bool) {
		_ = yield(rating.Rate{Prefix: "44", Price1: p, PriceN: p, Interval1: 1, IntervalN: 1}, nil) &&
			yield(rating.Rate{Prefix: "447", Price1: 3 * p, PriceN: 2 * p, Interval1: 30, IntervalN: 6, ConnectionFee: p, AssumedPulse: true}, nil) &&
			yield(rating.Rate{Prefix: "19", Interval1: 1, IntervalN: 1, Blocked: true}, nil)
	}))(w.t)
	name := must(w.StoreImage(w.t.Context(), image))(w.t)
	from := w.sep.Month
	err := w.Apply(w.t.Context(), Setup{
		Cycles:      []book.Cycle{{ID: "monthly", Zone: "Europe/London"}},
		Accounts:    []book.Account{{ID: "alice", Cycle: "monthly", Currency: "GBP"}, {ID: "bob", Cycle: "monthly", Currency: "GBP"}},
		Cards:       []book.Card{{ID: "card", Log: ratecard.Log{{Revision: 1, RecordedAt: time.Unix(0, 0).UTC()}}, Images: map[string]string{"1": name}}},
		Assignments: []book.Assignment{{Account: "alice", From: from, Card: "card"}, {Account: "bob", From: from, Card: "card"}},
		Plans:       []bundle.Plan{{ID: "plan", Minutes: 2}},
		Features: []bundle.Feature{{
			ID: "bundle", Account: "alice", Plan: "plan", Name: "Two minutes", Start: period.Date{Year: 2026, Month: 8, Day: 20}, Recurring: money.MustParse("5"),
		}, {
			ID: "line", Account: "bob", Name: "Line", Start: period.Date{Year: 2026, Month: 9, Day: 12}, Recurring: money.MustParse("9.99"), Count: 2,
		}},
		Feeds: []book.Feed{{Source: cdr.Feed{ID: "switch", Format: cdr.Generic, Zone: "UTC"}, Cycle: "monthly"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) deliver(name string, rows ...string) Batch {
	w.t.Helper()
	text := "call_id,account,a_number,b_number,start_time,duration,disposition\n" + strings.Join(rows, "\n") + "\n"
	info := must(w.cdrs.Create(w.t.Context(), name, strings.NewReader(text)))(w.t)
	id := must(w.Receive(w.t.Context(), Arrival{Bucket: "cdrs", Object: name, Generation: info.Generation, Feed: "switch", At: time.Unix(1_000_000_000, 0)}))(w.t)
	b := must(w.Process(w.t.Context(), id))(w.t)
	if b.State != Committed {
		w.t.Fatalf("%s is %s: %s", name, b.State, b.Failure)
	}
	return b
}

func (w *world) close(key Key) {
	w.t.Helper()
	if err := w.Close(w.t.Context(), key, time.Unix(2_000_000_000, 0)); err != nil {
		w.t.Fatal(err)
	}
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
	p := must(openPart(w.t.Context(), w.rated, ref))(w.t)
	out := newPartWriter(w.rated)
	for _, k := range p.dir.Periods {
		out.period(k)
	}
	for _, i := range p.dir.Images {
		out.image(i)
	}
	for _, b := range p.dir.Blocks {
		err := p.rows(w.t.Context(), b, func(row []byte) error {
			for _, r := range edit(b.Kind, row) {
				out.add(b.Kind, b.Period, b.Shard, r)
			}
			return nil
		})
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

func editor(t *testing.T, kind call.BlockKind, line int64, change func(*call.Row) []call.Row) func(call.BlockKind, []byte) [][]byte {
	return func(k call.BlockKind, row []byte) [][]byte {
		var r call.Row
		if k != kind {
			return [][]byte{row}
		}
		if err := call.ParseRow(row, &r); err != nil {
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
