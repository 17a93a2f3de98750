package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// keeping returns a ledger over the stores of the house that keeps checkpoints of
// next to nothing, and tells of those that it refuses.
func (h *house) keeping(refused *[]string) *ledger.Ledger {
	return ledger.New(h.docs, h.buckets, ledger.CheckpointFrom(1), ledger.OnRefused(func(_ context.Context, why error) {
		*refused = append(*refused, why.Error())
	}))
}

// result folds November, or finds the fold, and returns the bytes of its result.
func (h *house) result(l *ledger.Ledger) []byte {
	h.t.Helper()
	if _, err := l.Fold(h.ctx(), key("2026-11")); err != nil {
		h.t.Fatal(err)
	}
	var head struct {
		Period string     `doc:"period"`
		Inputs string     `doc:"inputs"`
		Result ledger.Ref `doc:"result"`
	}
	doc, err := h.docs.Get(h.ctx(), headOf("2026-11"))
	if err != nil {
		h.t.Fatal(err)
	}
	if err := doc.Fields.Decode(&head); err != nil {
		h.t.Fatal(err)
	}
	info, err := h.buckets.Rated.Stat(h.ctx(), head.Result.Name)
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := h.buckets.Rated.OpenRange(h.ctx(), info.Name, info.Generation, 0, -1)
	if err != nil {
		h.t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		h.t.Fatal(err)
	}
	return data
}

// fromNothing folds November again without any checkpoint.
func (h *house) fromNothing() []byte {
	h.t.Helper()
	h.forget(h.t)
	return h.result(ledger.New(h.docs, h.withoutWork()))
}

func (h *house) checkpoints() (infos []objects.Info) {
	h.t.Helper()
	infos, err := h.buckets.Work.List(h.ctx(), "checkpoints/", "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	return infos
}

// A fold that goes on from a checkpoint stores the same bytes as one from
// nothing, whatever comes in between: files of any days, late ones, copies and
// other versions of calls, withdrawals, other prices.
func TestAFoldThatGoesOnIsTheOneFromNothing(t *testing.T) {
	went, kept := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		h := newHouse(t)
		h.more = 5
		h.setUp(h.image("0.06"))
		accounts := []string{"acme", "beta", "who", "account-1", "account-2", "account-3", "account-4"}
		if rapid.Bool().Draw(rt, "two cycles") { // each decides what the other's files repeat
			h.addCycle()
			accounts = append(accounts, "gamma", "delta")
		}
		var refused []string
		l := h.keeping(&refused)
		var batches []string
		day := 0
		for file := range rapid.IntRange(2, 5).Draw(rt, "files") {
			day = min(29, day+rapid.IntRange(0, 6).Draw(rt, "days on"))
			from := day
			if rapid.IntRange(0, 5).Draw(rt, "late") == 0 {
				from = rapid.IntRange(0, day).Draw(rt, "its day")
			}
			span := rapid.IntRange(1, 3).Draw(rt, "span")
			var rows []string
			for range rapid.IntRange(1, 25).Draw(rt, "rows") {
				account := rapid.SampledFrom(accounts).Draw(rt, "account")
				id := rapid.SampledFrom([]string{"", "", "1", "2", "3"}).Draw(rt, "id")
				at := time.Date(2026, 11, 1+min(29, from+rapid.IntRange(0, span-1).Draw(rt, "day")), 0, 0, 0, 0, time.UTC).
					Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "hours")) * 8 * time.Hour)
				number := rapid.SampledFrom([]string{"442079460000", "447000000000", "15550000"}).Draw(rt, "number")
				rows = append(rows, fmt.Sprintf("%s,%s,,%s,%s,%d", id, account, number, at.Format(time.DateTime), 1+rapid.IntRange(0, 2).Draw(rt, "seconds")*17))
			}
			batches = append(batches, h.deliver(fmt.Sprintf("feed/%d.csv", file), rows...).ID)
			switch rapid.IntRange(0, 9).Draw(rt, "then") {
			case 0:
				if err := l.Withdraw(t.Context(), rapid.SampledFrom(batches).Draw(rt, "withdrawn")); err != nil {
					rt.Fatal(err)
				}
			case 1:
				h.setUp(h.image(rapid.SampledFrom([]string{"0.06", "0.12"}).Draw(rt, "price")))
			}
			h.forget(t)
			before := h.checkpoints()
			work := &watched{Bucket: h.buckets.Work}
			watching := *h
			watching.buckets.Work = work
			on := h.result(watching.keeping(&refused))
			went += len(work.opened("checkpoints/"))
			kept += len(h.checkpoints()) - len(before)
			if nothing := h.fromNothing(); !bytes.Equal(on, nothing) {
				rt.Fatalf("with checkpoints\n%s\nfrom nothing\n%s", on, nothing)
			}
		}
		if len(refused) > 0 {
			rt.Fatalf("refused: %q", refused)
		}
		h.sound()
	})
	if went == 0 || kept == 0 {
		t.Errorf("%d checkpoints were made and %d read, want some", kept, went)
	}
}

// watched notes which objects of a bucket are opened, and how many bytes are read.
type watched struct {
	objects.Bucket
	names []string
	bytes int64
}

func (w *watched) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	w.names = append(w.names, name)
	r, err := w.Bucket.OpenRange(ctx, name, generation, offset, length)
	if err == nil {
		r = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r, (*tally)(&w.bytes)), r}
	}
	return r, err
}

type tally int64

func (n *tally) Write(b []byte) (int, error) {
	*n += tally(len(b))
	return len(b), nil
}

// opened returns the names with a prefix, each once, sorted.
func (w *watched) opened(prefix string) []string {
	var out []string
	for _, name := range w.names {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ofBatches returns whose parts or markers names are.
func ofBatches(names []string) (out []string) {
	for _, name := range names {
		out = append(out, strings.Split(name, "/")[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestAFoldReadsWhatIsNewOnly(t *testing.T) {
	read := map[int]int64{} // by number of old files, what a fold reads of parts
	for _, old := range []int{3, 20} {
		h := newHouse(t)
		call := func(day, i int) string {
			return fmt.Sprintf("%d-%d,beta,,442079460000,2026-11-%02d 12:00:00,60", day, i, 1+day)
		}
		for day := range old {
			h.deliver(fmt.Sprintf("feed/%d.csv", day), call(day, 1), call(day, 2))
		}
		last := h.deliver("feed/last.csv", call(25, 1))
		var refused []string
		h.result(h.keeping(&refused))
		added := h.deliver("feed/added.csv", call(25, 2), call(25, 1))

		rated, work := &watched{Bucket: h.buckets.Rated}, &watched{Bucket: h.buckets.Work}
		watching := *h
		watching.buckets.Rated, watching.buckets.Work = rated, work
		on := h.result(watching.keeping(&refused))
		want := []string{last.ID, added.ID}
		slices.Sort(want)
		same(t, "batches whose markers are read", ofBatches(rated.opened("markers/")), want...)
		same(t, "batches whose parts are read", ofBatches(rated.opened("parts/")), want...)
		if n := len(work.opened("checkpoints/")); n != 1 {
			t.Errorf("%d checkpoints are read, want 1", n)
		}
		read[old] = rated.bytes
		if nothing := h.fromNothing(); !bytes.Equal(on, nothing) {
			t.Errorf("with a checkpoint\n%s\nfrom nothing\n%s", on, nothing)
		}
		if len(refused) > 0 {
			t.Errorf("refused: %q", refused)
		}
	}
	// The result itself is read, which names all files.
	if read[20] > 3*read[3] {
		t.Errorf("%d bytes are read where 20 files are old, and %d where 3 are", read[20], read[3])
	}
}

func TestACheckpointThatCannotBeUsedIsRefused(t *testing.T) {
	for _, damage := range []struct {
		name string
		of   func(text, other string) string
		why  string
	}{
		{"cut off", func(s, _ string) string { return s[:len(s)/2] }, "does not end as it should"},
		{"empty", func(string, string) string { return "" }, "too short"},
		{"another directory", func(s, _ string) string { return s[:len(s)-100] + strings.Repeat("x", 88) + s[len(s)-12:] }, "checksum"},
		{"another account", func(s, _ string) string { return strings.Replace(s, "beta", "bete", 1) }, "checksum"},
		{"that of another day", func(_, other string) string { return other }, "it is that of"},
	} {
		t.Run(damage.name, func(t *testing.T) {
			h := newHouse(t)
			var refused []string
			day := func(d int) string { return fmt.Sprintf("%d,beta,,442079460000,2026-11-%02d 12:00:00,60", d, d) }
			h.deliver("feed/1.csv", day(1))
			h.deliver("feed/10.csv", day(10))
			h.result(h.keeping(&refused))
			h.deliver("feed/20.csv", day(20))
			h.result(h.keeping(&refused))
			made := h.checkpoints()
			if len(made) != 2 || len(refused) > 0 {
				t.Fatalf("checkpoints %v, refused %q, want two and none", made, refused)
			}
			older, newer := made[0], made[1]
			text, other := string(h.read(newer)), string(h.read(older))
			h.rewrite(newer.Name, damage.of(text, other))
			h.deliver("feed/21.csv", day(21))
			h.forget(t)
			on := h.result(h.keeping(&refused))
			if len(refused) != 1 || !strings.Contains(refused[0], damage.why) || !strings.Contains(refused[0], newer.Name) {
				t.Errorf("refused: %q, want one checkpoint that is named, as its %q", refused, damage.why)
			}
			if nothing := h.fromNothing(); !bytes.Equal(on, nothing) {
				t.Errorf("with a damaged checkpoint\n%s\nfrom nothing\n%s", on, nothing)
			}
			if _, err := h.buckets.Work.Stat(t.Context(), newer.Name); !errors.Is(err, objects.ErrNotFound) {
				t.Errorf("the damaged checkpoint: %v, want it gone", err)
			}
			h.deliver("feed/22.csv", day(22))
			h.result(h.keeping(&refused))
			if len(refused) != 1 {
				t.Errorf("refused in the end: %q", refused)
			}
			h.sound()
		})
	}
}

// rewrite puts another text in the place of a scratch object.
func (h *house) rewrite(name, text string) {
	h.t.Helper()
	info, err := h.buckets.Work.Stat(h.ctx(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.buckets.Work.Delete(h.ctx(), name, info.Generation); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.buckets.Work.Create(h.ctx(), name, strings.NewReader(text)); err != nil {
		h.t.Fatal(err)
	}
}

func TestACheckpointWithoutItsOutcomesIsRefused(t *testing.T) {
	h := newHouse(t)
	var refused []string
	h.deliver("feed/1.csv", "1,beta,,442079460000,2026-11-01 12:00:00,60")
	h.deliver("feed/10.csv", "2,beta,,442079460000,2026-11-10 12:00:00,60")
	h.result(h.keeping(&refused))
	infos, err := h.buckets.Rated.List(t.Context(), "outcomes/", "", 1000)
	if err != nil || len(infos) != 2 {
		t.Fatalf("outcomes %v, %v", infos, err)
	}
	for _, info := range infos {
		if err := h.buckets.Rated.Delete(t.Context(), info.Name, info.Generation); err != nil {
			t.Fatal(err)
		}
	}
	h.deliver("feed/11.csv", "3,beta,,442079460000,2026-11-10 13:00:00,60")
	on := h.result(h.keeping(&refused))
	if len(refused) != 1 || !strings.Contains(refused[0], "outcomes/") {
		t.Errorf("refused: %q, want one that names outcomes", refused)
	}
	if nothing := h.fromNothing(); !bytes.Equal(on, nothing) {
		t.Errorf("without outcomes\n%s\nfrom nothing\n%s", on, nothing)
	}
}

func TestCheckpointsThatNoFoldGoesOnFromAreSwept(t *testing.T) {
	h := newHouse(t)
	var refused []string
	day := func(d int) {
		h.deliver(fmt.Sprintf("feed/%d-%d.csv", d, len(h.checkpoints())), fmt.Sprintf("%d,beta,,442079460000,2026-11-%02d 12:00:00,60", d, d))
		h.result(h.keeping(&refused))
	}
	days := func(want ...string) {
		t.Helper()
		var got []string
		for _, info := range h.checkpoints() {
			got = append(got, info.Name[len("checkpoints/m:2026-11/"):][:len("2026-11-01")])
		}
		same(t, "checkpoints", got, want...)
	}
	sweep := func() {
		t.Helper()
		if _, err := h.Sweep(t.Context(), swept, byFolder); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []int{1, 5, 10, 15, 20} {
		day(d)
	}
	days("2026-11-04", "2026-11-09", "2026-11-14", "2026-11-19")
	sweep()
	days("2026-11-09", "2026-11-14", "2026-11-19")
	day(12) // late: it is in none of them but the first
	days("2026-11-09", "2026-11-14", "2026-11-19", "2026-11-19")
	sweep()
	days("2026-11-09", "2026-11-19")
	h.setUp(h.image("0.12"))
	sweep()
	days()
	day(21)
	days("2026-11-20")
	h.close("2026-11")
	sweep()
	days()
	if len(refused) > 0 {
		t.Errorf("refused: %q", refused)
	}
	h.sound()
}

func headOf(month string) documents.Path {
	return documents.Path{Collection: "folds", ID: key(month).String()}
}

// A file of another cycle may take a call away that is from before: the month up
// to there is another one then, though no file of its own has changed.
func TestAnotherCyclesLateFileIsNotPassedOver(t *testing.T) {
	h := newTwoCycles(t)
	var refused []string
	h.versions("feed/1.csv", "1,beta,,442079460000,2026-11-03 12:00:00,60,1")
	h.versions("feed/2.csv", "2,beta,,442079460000,2026-11-10 12:00:00,60,1")
	h.result(h.keeping(&refused))
	h.versions("feed/3.csv", "1,gamma,,442079460000,2026-11-03 12:00:00,60,2")
	r, err := h.keeping(&refused).Fold(t.Context(), key("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Counts.Charged != 1 || r.Counts.Superseded != 1 || len(h.checkpoints()) < 2 {
		t.Errorf("%+v with checkpoints %v, want one call charged and one superseded, and another checkpoint", r.Counts, h.checkpoints())
	}
	h.proved()
}
