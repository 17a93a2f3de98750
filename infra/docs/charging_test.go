package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// table returns the rows of the table of a text that has a header.
func table(t *testing.T, text, header string) (rows [][]string) {
	t.Helper()
	_, text, ok := strings.Cut(text, header+"\n")
	if !ok {
		t.Fatalf("there is no table %s", header)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			break
		}
		if strings.Trim(line, "|-") == "" {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// TestChargingExample: the records of the page charge whom the page says.
func TestChargingExample(t *testing.T) {
	page, err := os.ReadFile(pricingFile)
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(page), "### Five charges of one call\n")
	part, _, _ = strings.Cut(part, "\n## ")
	docs, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), ledger.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	defer docs.Close()
	buckets := objects.MemoryBuckets()
	l := ledger.New(docs, buckets)
	setup := ledger.Setup{
		Cycles:  []book.Cycle{{ID: "monthly", Zone: "UTC"}, {ID: "carriers", Zone: "UTC", Kind: book.Suppliers}},
		Numbers: []book.Number{{Number: "442079460000", Owners: []book.Owner{{Account: "hotel"}}}},
		Feeds: []book.Feed{{
			Source: cdr.Feed{ID: "edge", Format: cdr.Generic, Zone: "UTC", Charges: []cdr.Further{cdr.Callee, cdr.Resellers, cdr.Supplier}}, Cycle: "monthly",
			Suppliers: []book.Trunk{{Trunk: "n-1", Owners: []book.Owner{{Account: "north"}}}},
		}},
	}
	for _, row := range table(t, part, "| account | cycle | parent | for 44, a minute |") {
		price, err := money.ParsePrice(row[3])
		if err != nil {
			t.Fatal(err)
		}
		image, err := rating.BuildImage(rating.DefaultTerms("GBP"), func(yield func(rating.Rate, error) bool) {
			yield(rating.Rate{Prefix: "44", Price1: price, PriceN: price, Interval1: 1, IntervalN: 1}, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		name, err := l.StoreImage(t.Context(), image)
		if err != nil {
			t.Fatal(err)
		}
		setup.Accounts = append(setup.Accounts, book.Account{ID: row[0], Cycle: row[1], Parent: row[2], Currency: "GBP"})
		setup.Cards = append(setup.Cards, book.Card{ID: row[0], Log: ratecard.Log{{Revision: 1, RecordedAt: time.Unix(0, 0).UTC()}}, Images: map[string]string{"1": name}})
		setup.Assignments = append(setup.Assignments, book.Assignment{Account: row[0], From: period.Month{Year: 2026, Month: 1}, Card: row[0]})
	}
	if err := l.Apply(t.Context(), setup); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(part, "```csv\n")
	text, _, _ = strings.Cut(text, "```")
	info, err := buckets.CDRs.Create(t.Context(), "edge/example.csv", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	id, err := l.Receive(t.Context(), ledger.Arrival{Bucket: "cdrs", Object: "edge/example.csv", Generation: info.Generation, Feed: "edge"})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := l.Process(t.Context(), id); err != nil || b.Counts != (ledger.Counts{Rows: 2, Accepted: 2}) {
		t.Fatalf("%+v, %v", b, err)
	}
	x, err := l.Extract(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = x.Each(t.Context(), func(rec *export.Record) error {
		r, charge := rec.Row, rec.Row.Charge.String()
		if r.Status != call.Rated {
			charge = string(r.Reason)
		}
		got = append(got, strings.Join([]string{r.CallID, r.Role.Name(r.Level), r.Account, rec.Period, charge}, " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, row := range table(t, part, "| call | role | account | month | charge |") {
		want = append(want, strings.Join(row, " "))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("charges (-page +product)\n%s", diff)
	}
}
