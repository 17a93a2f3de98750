package ledger_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// charged returns what a month is charged, in its order.
func (h *house) charged(month string) (*ledger.ChargedMonth, []string) {
	h.t.Helper()
	m, err := h.ChargedMonth(h.ctx(), key(month))
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	err = m.Each(h.ctx(), func(c *ledger.Charge) error {
		id, rev := m.Batch(int(c.Batch))
		b, err := h.Batch(h.ctx(), id)
		if err != nil || b.Rev != rev {
			return fmt.Errorf("batch %s has revision %d, not %d: %w", id, b.Rev, rev, err)
		}
		out = append(out, fmt.Sprintf("%s line %d %s %s%s %s %t", b.Object, c.Line, c.Account, c.Status, c.Reason, c.Charge, c.Image != ""))
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return m, out
}

func TestTheChargesOfAMonthAreThoseOfItsFoldAndThenThoseThatWereIssued(t *testing.T) {
	h := newHouse(t)
	h.someMonths()
	h.deliver("b.csv", "2,acme,,442079460000,2026-11-03 00:00:00,41")
	for _, state := range []string{"open", "issued"} {
		m, got := h.charged("2026-11")
		want := map[string]bool{
			"a.csv line 4 acme rated 0.0400 true": true, "a.csv line 6 beta unratedblocked 0 true": true, "a.csv line 7 who unratedno_account 0 false": true,
			"a.csv line 8 acme duplicate 0 false": true,
		}
		for _, line := range got {
			delete(want, line)
		}
		if len(want) > 0 || len(got) != 6 || m.Counts.Charged != 2 || m.Batches() != 2 {
			t.Errorf("%s: charges %q of %d batches, counted %+v; %v are missing", state, got, m.Batches(), m.Counts, want)
		}
		h.close("2026-11")
	}
	h.deliver("late.csv", "7,beta,,442079460000,2026-11-05 00:00:00,60")
	if _, got := h.charged("2026-11"); len(got) != 6 {
		t.Errorf("charges %q after a late file, want those that were issued", got)
	}
	if _, err := h.ChargedMonth(t.Context(), key("2031-01")); err == nil {
		t.Error("a month that is not there has charges")
	}
}

func TestTheBookOfAMonthIsTheCallersOwn(t *testing.T) {
	h := newHouse(t)
	h.someMonths()
	m, before := h.charged("2026-11")
	b, err := m.Book(t.Context())
	if err != nil || len(b.Cards) != 1 || m.BookName() == "" {
		t.Fatalf("the book %q has %+v: %v", m.BookName(), b, err)
	}
	b.Cards[0].Images["1"] = "another"
	again, err := m.Book(t.Context())
	if err != nil || again.Cards[0].Images["1"] == "another" {
		t.Errorf("the book has %+v (%v), want it as it was", again.Cards, err)
	}
	p, err := h.NewPricers().Of(t.Context(), again.Cards[0].Images["1"])
	if err != nil || p.Card().Terms().Currency != "GBP" {
		t.Errorf("the card cannot be opened: %v", err)
	}
	if _, after := h.charged("2026-11"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("charges %q, want %q", after, before)
	}
}

func TestAFileOfAJobIsWrittenOnceAndDeletedWithTheExports(t *testing.T) {
	h := newHouse(t)
	write := func(text string) ledger.Ref {
		t.Helper()
		ref, err := h.StoreJobFile(t.Context(), "job", exported, "a.csv", func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return ref
	}
	first := write("a,b\n")
	if again, other := write("a,b\n"), write("a,c\n"); again != first || other.Name == first.Name || first.Size != 4 {
		t.Errorf("files %+v, %+v and %+v: want the first two one", first, again, other)
	}
	broken := errors.New("broken")
	if _, err := h.StoreJobFile(t.Context(), "job", exported, "a.csv", func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want the writer's", err)
	}
	sorter := h.JobSorter("job", exported, 1<<20)
	value := make([]byte, 1<<19)
	for i := range byte(8) {
		if err := sorter.Add(t.Context(), []byte{i}, value); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := h.DeleteExports(t.Context(), exported.Add(ledger.ExportsKept)); n != 0 || err != nil {
		t.Errorf("%d files deleted too early: %v", n, err)
	}
	if n, err := h.DeleteExports(t.Context(), exported.Add(ledger.ExportsKept).AddDate(0, 0, 1)); n < 3 || err != nil {
		t.Errorf("%d files deleted (%v), want the two and what is left of the sorting", n, err)
	}
	if _, err := h.buckets.Work.Stat(t.Context(), first.Name); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("the file is there still: %v", err)
	}
}
