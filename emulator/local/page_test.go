package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

func (w *world) put(t testing.TB, collection string, id []string, v any) {
	t.Helper()
	fields, err := documents.Encode(v)
	must(t, err)
	_, err = w.stores.Docs.Create(t.Context(), documents.Path{Collection: collection, ID: documents.ID(id...)}, fields)
	must(t, err)
}

func TestThePageShowsWhatCameInAndWhatBecameOfIt(t *testing.T) {
	w := newWorld(t)
	w.knobs.MaxAttempts = 1
	w.setClock(t, at("2026-12-01T10:00:00Z"))
	w.answer = func(_ context.Context, _, what string, _ int) error {
		if strings.Contains(what, "dead") {
			return errors.New("never")
		}
		return nil
	}
	w.up(t)
	evil := `<script>alert("x")</script>`
	now := at("2026-12-01T09:00:00Z")
	w.put(t, "decks", []string{"1"}, catalog.Deck{ID: "1", Object: "carrier/" + evil, Card: "carrier", State: catalog.DeckRefused, ReceivedAt: now, Failure: evil + " is no price"})
	w.put(t, "decks", []string{"0"}, catalog.Deck{ID: "0", Object: "carrier/of-last-year.csv", Card: "carrier", State: catalog.DeckApplied, ReceivedAt: now.AddDate(-1, 0, 0), Revision: 7, Rates: 1234})
	w.put(t, "batches", []string{"2"}, ledger.Batch{ID: "2", Object: "main/" + evil, Feed: "main", State: ledger.Failed, ReceivedAt: now, Failure: evil})
	w.put(t, "batches", []string{"3"}, ledger.Batch{ID: "3", Object: "main/good.csv", Feed: "main", State: ledger.Committed, ReceivedAt: now, Counts: ledger.Counts{Rows: 46, Accepted: 38, Unrated: 3, Rejected: 5}})
	november, err := period.ParseMonth("2026-11")
	must(t, err)
	key := ledger.Key{Cycle: "main", Month: november}
	w.put(t, "periods", []string{"main", "2026-11"}, ledger.Period{Key: key, Cycle: "main", Month: november, Zone: "UTC", State: ledger.Issued, Invoices: 150})
	for i := range 150 {
		number := fmt.Sprintf("2026-11-%04d", i+1)
		w.put(t, "invoices", []string{number}, ledger.InvoiceHead{
			Number: number, Account: fmt.Sprint(evil, i), Period: key, Currency: "GBP", Total: money.MustParse("1.1"),
		})
	}
	w.drop(t, "cdrs/main/dead.csv")
	w.drain(t)
	status, text := w.ask(t, "GET", "/", "")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	for _, want := range []string{
		"2026-12-01T10:0", "carrier/&lt;script&gt;", "is no price", "of-last-year.csv", ">1234<", "main/good.csv", ">46<", ">38<",
		">165.00 GBP<", ">150<", `<a href="/bills/2026-11-0001.html">2026-11-0001</a>`, `href="/bills/2026-11-0100-usage.csv"`, "the first 100 are shown",
		"Dead letters", "objects/main/dead.csv", ">500<", `<a href="/web/">`, w.dir + "/cdrs",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	for _, not := range []string{"<script", "2026-11-0101", "orders-rate"} {
		if strings.Contains(text, not) {
			t.Errorf("the page holds %q", not)
		}
	}
	if strings.Index(text, "is no price") > strings.Index(text, "of-last-year.csv") {
		t.Error("the older deck stands first")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestAPageOfManyFilesShowsTheNewest(t *testing.T) {
	w := newWorld(t)
	w.setClock(t, at("2026-12-01T10:00:00Z"))
	w.up(t)
	var docs []documents.Doc
	for i := range 2500 {
		id := fmt.Sprintf("%05d", i)
		fields, err := documents.Encode(ledger.Batch{
			ID: id, Object: "main/" + id, State: ledger.Committed, ReceivedAt: at("2026-11-30T12:00:00Z").Add(time.Duration(i) * time.Second),
		})
		must(t, err)
		docs = append(docs, documents.Doc{Path: documents.Path{Collection: "batches", ID: id}, Fields: fields})
	}
	must(t, w.stores.Docs.BulkCreate(t.Context(), docs))
	_, text := w.ask(t, "GET", "/", "")
	newest, oldest := strings.Index(text, "main/02499"), strings.Index(text, "main/02400")
	if newest < 0 || oldest < newest || strings.Contains(text, "main/02399") {
		t.Errorf("the newest stands at %d, the hundredth at %d", newest, oldest)
	}
}

func TestAnInvoicesFilesAreShownAndNothingElse(t *testing.T) {
	w := newWorld(t).up(t)
	for _, name := range []string{"2026-11-0001.html", "2026-11-0001.json", "2026-11-0001-usage.csv", "2026-11-0001.exe"} {
		_, err := w.stores.Buckets.Bills.Create(t.Context(), name, strings.NewReader("the bill"))
		must(t, err)
	}
	for path, want := range map[string]string{
		"/bills/2026-11-0001.html":      "text/html; charset=utf-8",
		"/bills/2026-11-0001.json":      "application/json",
		"/bills/2026-11-0001-usage.csv": "text/csv; charset=utf-8",
		"/bills/2026-11-0001.exe":       "",
		"/bills/2026-11-0002.html":      "",
		"/bills/..%2Fdocuments.db":      "",
		"/bills/.gen/x.html":            "",
	} {
		response, err := http.Get(w.cloud.URL() + path)
		must(t, err)
		got := ""
		if want != "" && response.StatusCode == http.StatusOK {
			got = response.Header.Get("Content-Type")
			if !strings.Contains(response.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s may fetch and run what it likes", path)
			}
		} else if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, response.StatusCode)
		}
		must(t, response.Body.Close())
		if got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}
