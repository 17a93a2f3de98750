package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents/counting"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/numbering"
)

// own applies a list of n numbers of acme, from 442000000000 on.
func (h *house) own(t testing.TB, n int) {
	t.Helper()
	text := []byte(numbering.OwnedHeader)
	for i := range n {
		number := fmt.Sprint(442000000000 + 3*i)
		text = numbering.AppendOwned(text, numbering.Owned{First: number, Last: number, Account: "acme"})
	}
	ref, err := h.StoreNumbers(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Apply(t.Context(), ledger.Setup{NumberLists: []ledger.NumberList{{ID: "list", Object: ref, Rows: int64(n)}}}); err != nil {
		t.Fatal(err)
	}
}

func TestAFileCostsNoDocumentForTheNumbersThatAreOwned(t *testing.T) {
	h := newHouse(t)
	docs := counting.New(h.docs)
	h.docs, h.Ledger = docs, ledger.New(docs, h.buckets)
	const numbers = 200_000
	h.own(t, numbers)
	deliver := func(name string) int64 {
		before := docs.Operations()
		var rows []string
		for i := 0; i < numbers; i += 20_011 {
			rows = append(rows, fmt.Sprintf("%s%d,,%d,442079460000,2026-11-02 00:00:00,1", name, i, 442000000000+3*i))
			rows = append(rows, fmt.Sprintf("%s%d-,,%d,442079460000,2026-11-02 00:00:00,1", name, i, 442000000001+3*i))
		}
		b := h.deliver(name+".csv", rows...)
		if b.State != ledger.Committed || b.Counts.Rows != 20 || b.Counts.Accepted != 10 {
			t.Fatalf("%s is %s: %+v, want 10 of 20 rows charged", name, b.State, b.Counts)
		}
		return docs.Operations() - before
	}
	deliver("first")
	second := deliver("second")
	// A change of something else keeps the directory.
	if err := h.Apply(t.Context(), ledger.Setup{Accounts: []book.Account{{ID: "more", Cycle: "m", Currency: "GBP"}}}); err != nil {
		t.Fatal(err)
	}
	found, err := h.buckets.Cards.List(t.Context(), "directories/", "", 10)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d directories, %v; want one", len(found), err)
	}
	if third := deliver("third"); second > 12 || third > 40 {
		t.Errorf("%d documents for a file, %d after a change of an account; want at most 12 and 40", second, third)
	}
	if again, err := h.buckets.Cards.List(t.Context(), "directories/", "", 10); err != nil || !slices.Equal(again, found) {
		t.Errorf("the directories are %v, %v; want %v", again, err, found)
	}
}

func TestNumbersThatContradictEachOtherAreFoundBeforeTheyAreWritten(t *testing.T) {
	h := newHouse(t)
	h.own(t, 10)
	clash := ledger.Setup{Numbers: []book.Number{{Number: "442000000003", Owners: []book.Owner{{Account: "beta"}}}}}
	if _, err := h.CheckNumbers(t.Context(), clash); !errors.Is(err, ledger.ErrNumbers) || !strings.Contains(err.Error(), `"acme" has 442000000003`) || !strings.Contains(err.Error(), `"beta"`) {
		t.Errorf("%v, want ErrNumbers that names both", err)
	}
	for _, fine := range []ledger.Setup{
		{Numbers: []book.Number{{Number: "442000000002", Last: "442000000004", Owners: []book.Owner{{Account: "beta"}}}}},
		{Numbers: clash.Numbers, NumberLists: []ledger.NumberList{h.list(t)}}, // in the place of the list
	} {
		if _, err := h.CheckNumbers(t.Context(), fine); err != nil {
			t.Errorf("%+v: %v", fine, err)
		}
	}
}

// list is one without rows.
func (h *house) list(t *testing.T) ledger.NumberList {
	t.Helper()
	ref, err := h.StoreNumbers(t.Context(), []byte(numbering.OwnedHeader))
	if err != nil {
		t.Fatal(err)
	}
	return ledger.NumberList{ID: "list", Object: ref}
}

// BenchmarkTwoMillionNumbers is the first file after two million numbers have
// changed, and the next one.
func BenchmarkTwoMillionNumbers(b *testing.B) {
	h := newHouse(b)
	h.own(b, 2_000_000)
	at := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	n := 0
	deliver := func(b *testing.B) {
		n++
		h.deliver(fmt.Sprintf("%d.csv", n), fmt.Sprintf("%d,,442000000003,442079460000,%s,1", n, at.Format(time.RFC3339)))
	}
	b.Run("changed", func(b *testing.B) {
		for b.Loop() {
			err := h.Apply(b.Context(), ledger.Setup{Numbers: []book.Number{{Number: fmt.Sprint(n), Owners: []book.Owner{{Account: "acme"}}}}})
			if err != nil {
				b.Fatal(err)
			}
			deliver(b)
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			deliver(b)
		}
	})
}
