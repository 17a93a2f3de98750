package ledger

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

func TestFsckNamesEverySingleCorruption(t *testing.T) {
	for _, c := range slices.Concat(spoiltRows(), spoiltMonths(), spoiltBills(), spoiltRedos(), spoiltForeign()) {
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

func TestFsckListsABoundedNumberOfProblems(t *testing.T) {
	c := &checker{}
	for range maxProblems + 5 {
		c.add("row", "batch b line 1", "wrong")
	}
	got := c.report()
	want := Problem{Kind: "more", Where: "fsck", Detail: "5 more problems are not listed"}
	if len(got) != maxProblems+1 || got[maxProblems] != want {
		t.Errorf("%d problems, the last: %s", len(got), cmp.Diff(want, got[len(got)-1]))
	}
}

func TestFsckSaysThatItCouldNotLook(t *testing.T) {
	w := newWorld(t)
	if err := w.docs.Close(); err != nil {
		t.Fatal(err)
	}
	if problems, err := w.Fsck(t.Context()); err == nil {
		t.Errorf("no error and %d problems over a closed store", len(problems))
	}
}
