package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents/counting"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/period"
)

// newCountedHouse is a house that counts the documents it reads and writes.
func newCountedHouse(t *testing.T) (*house, *counting.Store) {
	t.Helper()
	h := newHouse(t)
	counted := counting.New(h.docs)
	h.docs, h.Ledger = counted, ledger.New(counted, h.buckets)
	return h, counted
}

func TestAFileCostsDocumentsByItsPeriodsNotByItsRows(t *testing.T) {
	h, docs := newCountedHouse(t)
	months := []string{"2026-11", "2026-12", "2027-01"}
	for _, m := range months {
		if err := h.OpenPeriod(t.Context(), key(m), "UTC"); err != nil {
			t.Fatal(err)
		}
	}
	h.deliver("first.csv", "0,beta,,442079460000,2026-11-01 00:00:00,1") // the first to plan makes the book
	for _, periods := range []int{1, 3} {
		for _, rows := range []int{1, 100, 10_000} {
			if rows < periods {
				continue
			}
			var lines []string
			for i := range rows {
				lines = append(lines, fmt.Sprintf("%d-%d,beta,,442079460000,%s-02 00:00:00,1", periods, i, months[i%periods]))
			}
			name := fmt.Sprintf("%d-%d.csv", periods, rows)
			before := docs.Operations()
			b := h.deliver(name, lines...)
			got := docs.Operations() - before
			if b.State != ledger.Committed || len(b.Periods) != periods || b.Counts.Accepted != int64(rows) {
				t.Fatalf("%s is %s in %v: %+v", name, b.State, b.Periods, b.Counts)
			}
			if most := int64(8 + 2*periods); got > most {
				t.Errorf("%d rows over %d months: %d documents, want at most %d", rows, periods, got, most)
			}
			t.Logf("%d rows over %d months: %d documents", rows, periods, got)
		}
	}
}

// closeCost returns how many documents closing a month reads and writes.
func closeCost(t *testing.T, accounts, records int) int64 {
	t.Helper()
	h, docs := newCountedHouse(t)
	var s ledger.Setup
	var lines []string
	for i := range accounts {
		id := fmt.Sprintf("a%03d", i)
		s.Accounts = append(s.Accounts, book.Account{ID: id, Cycle: "m", Currency: "GBP"})
		s.Assignments = append(s.Assignments, book.Assignment{Account: id, From: period.Month{Year: 2026, Month: 1}, Card: "c"})
		for r := range records {
			lines = append(lines, fmt.Sprintf("%s-%d,%s,,442079460000,2026-11-02 00:00:00,1", id, r, id))
		}
	}
	h.deliver("a.csv", strings.Join(lines, "\n"))
	if err := h.Apply(t.Context(), s); err != nil { // so that the close has to read the book
		t.Fatal(err)
	}
	before := docs.Operations()
	if err := h.Close(t.Context(), key("2026-11"), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	cost := docs.Operations() - before
	if heads, err := h.Invoices(t.Context(), key("2026-11")); err != nil || len(heads) != accounts+1 { // and acme's
		t.Fatalf("%d invoices, want %d: %v", len(heads), accounts+1, err)
	}
	t.Logf("%d accounts with %d records each: %d documents", accounts, records, cost)
	return cost
}

func TestClosingAMonthCostsDocumentsByItsAccountsNotByItsRecords(t *testing.T) {
	few, many := closeCost(t, 50, 2), closeCost(t, 500, 2)
	if few > 12*50 || many > 12*500 {
		t.Errorf("50 accounts: %d documents, 500 accounts: %d; want at most 12 an account", few, many)
	}
	if slope := many - few; slope > 12*450 || slope < 450 {
		t.Errorf("%d documents for 450 more accounts, want 1 to 12 for each", slope)
	}
	if more := closeCost(t, 50, 40); more != few {
		t.Errorf("with 20 times the records: %d documents, want the %d without", more, few)
	}
}
