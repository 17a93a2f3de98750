package ledger_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// cutHouse is a house whose feed has no quotes and whose files are cut.
type cutHouse struct {
	*house
	orders objects.Bucket
	seen   map[string]bool
}

func newCutHouse(t testing.TB, size int64) *cutHouse {
	t.Helper()
	h := &cutHouse{house: newHouse(t), orders: objects.NewMemory(), seen: map[string]bool{}}
	h.setFeed(true)
	h.cutAbove(size)
	return h
}

func (h *cutHouse) setFeed(unquoted bool) {
	h.t.Helper()
	err := h.Apply(h.ctx(), ledger.Setup{Feeds: []book.Feed{{Source: cdr.Feed{ID: "feed", Format: cdr.Generic, Zone: "UTC"}, Cycle: "m", Unquoted: unquoted}}})
	if err != nil {
		h.t.Fatal(err)
	}
}

// cutAbove makes the ledger anew, over the stores as they are.
func (h *cutHouse) cutAbove(size int64) {
	h.Ledger = ledger.New(h.docs, h.buckets, ledger.Slices(h.orders, size))
}

// arrive notes a file of so many bytes, as its event says.
func (h *cutHouse) arrive(name, text string, size int64) string {
	h.t.Helper()
	info, err := h.buckets.CDRs.Create(h.ctx(), name, strings.NewReader(text))
	if err != nil {
		h.t.Fatal(err)
	}
	id, err := h.Receive(h.ctx(), ledger.Arrival{
		Bucket: "cdrs", Object: name, Generation: info.Generation, Size: size, Feed: "feed", At: time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// ordered returns the orders that came in since it was last asked.
func (h *cutHouse) ordered() []events.Order {
	h.t.Helper()
	found, err := h.orders.List(h.ctx(), "", "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []events.Order
	for _, info := range found {
		if h.seen[info.Name] {
			continue
		}
		h.seen[info.Name] = true
		o, err := events.ReadOrder(h.ctx(), h.orders, events.ObjectFinalized{Name: info.Name, Generation: info.Generation})
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// process brings a batch to the orders of its slices.
func (h *cutHouse) process(id string) []events.Order {
	h.t.Helper()
	if _, err := h.Process(h.ctx(), id); err != nil {
		h.t.Fatal(err)
	}
	return h.ordered()
}

// slices has orders worked, one after another.
func (h *cutHouse) slices(orders ...events.Order) {
	h.t.Helper()
	for _, o := range orders {
		if _, err := h.ProcessSlice(h.ctx(), o); err != nil {
			h.t.Fatal(err)
		}
	}
}

// bringOn sweeps: one batch is brought on, and so many to their end.
func (h *cutHouse) bringOn(ended int) {
	h.t.Helper()
	got, err := h.Sweep(h.ctx(), swept, byFolder)
	if err != nil || got.Resumed != 1 || len(got.Ended) != ended {
		h.t.Fatalf("swept %+v, %v; want one batch resumed, and %d at their end", got, err, ended)
	}
}

// rewrite puts other bytes under the name of an object.
func (h *cutHouse) rewrite(b objects.Bucket, name string, change func(string) string) {
	h.t.Helper()
	info, err := b.Stat(h.ctx(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := b.OpenRange(h.ctx(), name, info.Generation, 0, -1)
	if err != nil {
		h.t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close(), b.Delete(h.ctx(), name, info.Generation)); err != nil {
		h.t.Fatal(err)
	}
	changed := change(string(data))
	if changed == string(data) {
		h.t.Fatalf("nothing was changed of %s", data)
	}
	if _, err := b.Create(h.ctx(), name, strings.NewReader(changed)); err != nil {
		h.t.Fatal(err)
	}
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte(text))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// cutFile has six rows on lines 2 to 8; cut above 100 bytes it has five slices.
const cutFile = header +
	"1,acme,,442079460000,2026-11-01 00:00:00,40\n" +
	"2,acme,,442079460000,2026-11-02 00:00:00,40\n\r\n" +
	"3,beta,,442079460000,2026-12-30 23:59:59,90\r" +
	"4,beta,,447000000000,2026-11-03 00:00:00,10\r\n" +
	"5,who,,442079460000,2026-11-03 00:00:00,10\n" +
	"6,beta,,442079460000,never,10"

// told is all that a batch tells the user, but for names.
type told struct {
	State    ledger.State
	Counts   ledger.Counts
	Content  string
	Periods  []string
	Failure  string
	Problems []call.Row
	Records  []string
}

func (h *house) told(id string) told {
	h.t.Helper()
	b := h.batch(id)
	out := told{State: b.State, Counts: b.Counts, Content: b.Content, Periods: b.Periods, Failure: b.Failure}
	if b.State != ledger.Committed {
		return out
	}
	err := h.Problems(h.ctx(), id, 0, func(r *call.Row) (bool, error) {
		p := *r
		p.Image = 0 // a place in a part
		out.Problems = append(out.Problems, p)
		return true, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	out.Records = h.records(id)
	return out
}

func TestACutFileTellsWhatTheUncutOneDoes(t *testing.T) {
	whole, cut := newHouse(t), newCutHouse(t, 1)
	n := 0
	line := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%d,%s,,%s,2026-%02d-%02d 00:00:00,%d", rapid.IntRange(1, 40).Draw(t, "id"),
				rapid.SampledFrom([]string{"acme", "beta", "who", ""}).Draw(t, "account"),
				rapid.SampledFrom([]string{"442079460000", "44207", "447000000000", "33", "x"}).Draw(t, "number"),
				rapid.IntRange(10, 12).Draw(t, "month"), rapid.IntRange(1, 31).Draw(t, "day"), rapid.IntRange(0, 99).Draw(t, "seconds"))
		}),
		rapid.SampledFrom([]string{"", " ", "1,2,3", ",acme,,442079460000,2026-11-02 00:00:00,7", "\x00", strings.Repeat("x", 300), `7,acme,,442079460000,"2026-11-02 00:00:00",7`}),
	)
	rapid.Check(t, func(r *rapid.T) {
		begin := rapid.SampledFrom([]string{"", "\uFEFF", "\r\n", "\uFEFF\n"}).Draw(r, "begin")
		end := rapid.SampledFrom([]string{"\n", "\r", "\r\n"})
		text := begin + rapid.SampledFrom([]string{strings.TrimSpace(header), `"call_id";"account";"b_number";start_time;duration`, "account", ""}).Draw(r, "header")
		for _, l := range rapid.SliceOfN(line, 0, 20).Draw(r, "lines") {
			text += end.Draw(r, "end") + l
		}
		text += rapid.SampledFrom([]string{"", "\n", "\r", "\r\n\n"}).Draw(r, "last")
		cut.cutAbove(int64(rapid.IntRange(1, 1+len(text)).Draw(r, "size")))
		n++
		name := fmt.Sprintf("feed/%d.csv", n)
		a, b := whole.receiveText(name, text), cut.arrive(name, text, int64(len(text)))
		if _, err := whole.Process(t.Context(), a); err != nil {
			r.Fatal(err)
		}
		orders := rapid.Permutation(cut.process(b)).Draw(r, "orders")
		cut.slices(orders...)
		if diff := cmp.Diff(whole.told(a), cut.told(b)); diff != "" {
			r.Fatalf("%q in %d slices: -uncut +cut\n%s", text, len(orders), diff)
		}
	})
	for _, month := range []string{"2026-10", "2026-11", "2026-12"} {
		for _, h := range []*house{whole, cut.house} {
			if err := h.OpenPeriod(t.Context(), key(month), "UTC"); err != nil {
				t.Fatal(err)
			}
			h.close(month)
		}
		same(t, "invoices of "+month, cut.bills(month), whole.bills(month)...)
		// Batches are ordered by their ids, which the same names make the same.
		same(t, "records of "+month, cut.records("m:"+month), whole.records("m:"+month)...)
	}
	cut.sound()
}

func TestSlicesInAnyOrderTwiceAndAtOnceAreOneCommit(t *testing.T) {
	uncut := newHouse(t)
	want := uncut.told(uncut.deliverText(t, cutFile))
	for seed := range uint64(20) {
		h := newCutHouse(t, 100)
		id := h.arrive("a.csv", cutFile, int64(len(cutFile)))
		orders := h.process(id)
		if len(orders) != 4 {
			t.Fatalf("%d orders, want 4", len(orders))
		}
		if again := h.process(id); len(again) > 0 {
			t.Fatalf("%d more orders, though nothing failed", len(again))
		}
		if b := h.batch(id); b.State != ledger.Planned {
			t.Fatalf("the batch is %s before its slices are done", b.State)
		}
		orders = append(orders, orders...)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
		if seed%2 == 0 {
			h.slices(orders...)
		} else {
			var wait sync.WaitGroup
			for _, o := range orders {
				wait.Go(func() {
					if _, err := h.ProcessSlice(t.Context(), o); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
		}
		if diff := cmp.Diff(want, h.told(id)); diff != "" {
			t.Fatalf("seed %d: -uncut +cut\n%s", seed, diff)
		}
		if b := h.batch(id); b.Rev != 1 || b.Attempts != 0 {
			t.Errorf("the batch is rev %d with %d attempts", b.Rev, b.Attempts)
		}
		h.sound()
	}
}

func (h *house) deliverText(t *testing.T, text string) string {
	t.Helper()
	id := h.receiveText("a.csv", text)
	if _, err := h.Process(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestWhatIsNotCut(t *testing.T) {
	quoted := strings.Replace(cutFile, "6,beta", `6,"beta"`, 1)
	for name, c := range map[string]struct {
		text     string
		size     int64
		unquoted bool
	}{
		"a small file":           {cutFile, 100, true},
		"a file of unknown size": {cutFile, 0, true},
		"of any other feed":      {cutFile, int64(len(cutFile)), false},
		"a quote at its end":     {quoted, int64(len(quoted)), true},
		"a packed file":          {packed(t, cutFile), 1000, true},
		"a header only":          {header, 101, true},
		"nothing":                {"", 101, true},
	} {
		t.Run(name, func(t *testing.T) {
			uncut, h := newHouse(t), newCutHouse(t, 100)
			h.setFeed(c.unquoted)
			id := h.arrive("a.csv", c.text, c.size)
			if orders := h.process(id); len(orders) > 0 {
				t.Errorf("%d orders, want none", len(orders))
			}
			if diff := cmp.Diff(uncut.told(uncut.deliverText(t, c.text)), h.told(id)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALargeFileIsTakenIfItCanBeCut(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		size  int64
		state ledger.State
		why   string
	}{
		"cut":            {cutFile, ledger.MaxFile + 1, ledger.Committed, ""},
		"quoted":         {cutFile + `"`, ledger.MaxFile + 1, ledger.Failed, "a plain file without quotes"},
		"beyond the cut": {cutFile, ledger.MaxCutFile + 1, ledger.Failed, "deliver it in pieces"},
	} {
		h := newCutHouse(t, ledger.DefaultSlice)
		id := h.arrive("a.csv", c.text, c.size)
		h.slices(h.process(id)...)
		if b := h.batch(id); b.State != c.state || !strings.Contains(b.Failure, c.why) {
			t.Errorf("%s: %s, %q; want it %s", name, b.State, b.Failure, c.state)
		}
	}
}

func TestAPoisonSliceFailsTheBatchUntilAPersonRetriesIt(t *testing.T) {
	h := newCutHouse(t, 100)
	refused := errors.New("access refused to +44 20 7946 0000")
	id := h.arrive("feed/a.csv", cutFile, int64(len(cutFile)))
	first := h.process(id)
	files := &broken{h.buckets.CDRs, refused}
	h.buckets.CDRs = files
	h.cutAbove(100)
	orders := first
	for n := int64(1); ; n += 2 {
		for range 3 { // however often, they are one attempt
			for _, o := range orders {
				_, err := h.ProcessSlice(t.Context(), o)
				if now := h.batch(id); now.State == ledger.Failed {
					break
				}
				if !errors.Is(err, refused) {
					t.Fatalf("%v, want the reason", err)
				}
			}
		}
		b := h.batch(id)
		if b.Attempts != n || !strings.Contains(b.LastError, "slice") || strings.Contains(b.LastError, "7946") {
			t.Fatalf("%d attempts, %q; want %d, the reason without a number", b.Attempts, b.LastError, n)
		}
		if n == ledger.MaxAttempts {
			break
		}
		h.bringOn(0)
		if orders = h.ordered(); len(orders) != len(first) {
			t.Fatalf("a sweep made %d orders, want %d", len(orders), len(first))
		}
	}
	if b := h.batch(id); b.State != ledger.Failed || !strings.Contains(b.Failure, "access refused") {
		t.Errorf("the batch is %s, %q", b.State, b.Failure)
	}
	h.sound()
	files.err = nil
	h.slices(first...)
	if b := h.batch(id); b.State != ledger.Failed {
		t.Errorf("orders of the failed revision made it %s", b.State)
	}
	if err := h.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	h.slices(first...) // of another revision
	h.slices(h.process(id)...)
	if b := h.batch(id); b.State != ledger.Committed || b.Rev != 2 {
		t.Errorf("after a retry: %s, rev %d", b.State, b.Rev)
	}
	h.sound()
}

func TestASweepOrdersTheSlicesThatAreMissing(t *testing.T) {
	h := newCutHouse(t, 100)
	id := h.arrive("feed/a.csv", cutFile, int64(len(cutFile)))
	orders := h.process(id)
	h.slices(orders[:2]...) // the events of the others are lost
	h.bringOn(0)
	again := h.ordered()
	if len(again) != len(orders)-2 {
		t.Fatalf("%d orders, want the %d that are missing", len(again), len(orders)-2)
	}
	h.slices(again[1:]...)
	// The last slice ends before its commit: the sweep finds all of them done.
	dying := ledger.New(&failing{h.docs, 0}, h.buckets)
	if _, err := dying.ProcessSlice(t.Context(), again[0]); !errors.Is(err, documents.ErrTransient) {
		t.Fatal(err)
	}
	h.bringOn(1)
	if b := h.batch(id); b.State != ledger.Committed {
		t.Errorf("the batch is %s", b.State)
	}
	h.sound()
}

func TestARedoIsCutAsTheFeedIsNow(t *testing.T) {
	h := newCutHouse(t, 100)
	id := h.arrive("feed/a.csv", cutFile, int64(len(cutFile)))
	h.slices(h.process(id)...)
	want := h.told(id)
	for rev, unquoted := range []bool{true, false} {
		h.setFeed(unquoted)
		if err := h.Redo(t.Context(), id, swept.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		orders := h.process(id)
		if (len(orders) > 0) != unquoted {
			t.Errorf("%d orders of a feed that is unquoted: %t", len(orders), unquoted)
		}
		if b := h.batch(id); unquoted && (b.RedoState != ledger.Planned || b.Rev != 1) {
			t.Errorf("before its slices are done the redo is %q, the batch at rev %d", b.RedoState, b.Rev)
		}
		if unquoted { // what a sweep counts is the redo's
			h.bringOn(0)
			if again := h.ordered(); len(again) != len(orders) {
				t.Errorf("a sweep made %d orders, want %d", len(again), len(orders))
			}
		}
		h.slices(orders...)
		if b := h.batch(id); b.Rev != int64(rev+2) || b.RedoState != "" {
			t.Errorf("the batch is at rev %d, its redo %q", b.Rev, b.RedoState)
		}
		if diff := cmp.Diff(want, h.told(id)); diff != "" {
			t.Error(diff)
		}
	}
	h.sound()
}

func TestMonthsAreCountedOverAllSlices(t *testing.T) {
	uncut, h := newHouse(t), newCutHouse(t, 100)
	text := header
	for m := range ledger.MaxPeriods + 2 {
		month := key("2026-01").Month.Add(-m)
		text += month.String() + ",beta,,442079460000," + month.String() + "-02 00:00:00,60\n"
	}
	id := h.arrive("a.csv", text, int64(len(text)))
	h.slices(h.process(id)...)
	got, want := h.told(id), uncut.told(uncut.deliverText(t, text))
	if diff := cmp.Diff(want, got); diff != "" || got.State != ledger.Failed {
		t.Errorf("%s: -uncut +cut\n%s", got.State, diff)
	}
}

func TestOrdersThatCanNeverBeFollowedAreBadInput(t *testing.T) {
	h := newCutHouse(t, 100)
	id := h.arrive("a.csv", cutFile, int64(len(cutFile)))
	for _, o := range []events.Order{{Kind: ledger.SliceOrder, ID: id}, {Kind: ledger.SliceOrder, ID: "none", Payload: []byte(`{"rev":1}`)}} {
		var bad *events.BadInput
		if _, err := h.ProcessSlice(t.Context(), o); !errors.As(err, &bad) {
			t.Errorf("%+v: %v, want bad input", o, err)
		}
	}
}

func TestFsckReadsACutFileAsAWhole(t *testing.T) {
	h := newCutHouse(t, 100)
	id := h.arrive("a.csv", cutFile, int64(len(cutFile)))
	// Someone says that the second slice begins a line further down.
	orders := h.process(id)
	name := "plans/" + id + "/1"
	h.rewrite(h.buckets.Rated, name, func(text string) string {
		return strings.Replace(text, `"line":4,`, `"line":5,`, 1)
	})
	h.slices(orders...)
	problems, err := h.Fsck(t.Context())
	if err != nil || len(problems) == 0 || problems[0].Kind != "row" {
		t.Errorf("problems %v, %v; want rows that are on other lines", problems, err)
	}
}

func TestAFileThatBreaksOffLeavesNoPart(t *testing.T) {
	h := newCutHouse(t, 100)
	h.buckets.CDRs = &breaksOff{Bucket: h.buckets.CDRs, left: 4}
	h.cutAbove(100)
	id := h.arrive("a.csv", cutFile, int64(len(cutFile)))
	orders := h.process(id)
	for _, o := range append(orders, orders...) {
		if _, err := h.ProcessSlice(t.Context(), o); err != nil && !errors.Is(err, objects.ErrTransient) {
			t.Fatal(err)
		}
	}
	if b := h.batch(id); b.State != ledger.Committed {
		t.Fatalf("the batch is %s", b.State)
	}
	if n := h.parts(); n != len(orders) {
		t.Errorf("%d parts of %d slices", n, len(orders))
	}
}

// breaksOff is a bucket of which the first ranges that are asked for end in an
// error, after a line.
type breaksOff struct {
	objects.Bucket
	left int
}

func (b *breaksOff) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	r, err := b.Bucket.OpenRange(ctx, name, generation, offset, length)
	if b.left == 0 || length < 0 || err != nil {
		return r, err
	}
	b.left--
	return io.NopCloser(io.MultiReader(io.LimitReader(r, 46), iotest.ErrReader(objects.ErrTransient))), nil
}
