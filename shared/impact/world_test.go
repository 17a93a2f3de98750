package impact_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/impact"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// world is an installation whose customers acme, bolt and dora pay by retail, and cole
// by another carrier's card, behind which is the fallback spare; bolt is below the
// reseller shop, whose card is wholesale. The supplier north charges by the card
// cost, and south by another carrier's. retail, wholesale, spare and cost are
// built from the card carrier, whose revisions are made live by a person. 331… is
// dora's number, who pays for what it receives, and 1212… is cole's in the end. spare alone has
// prices for short numbers.
type world struct {
	testing.TB
	*ledger.Ledger
	cards   *catalog.Catalog
	buckets objects.Buckets
	decks   int
	files   int
}

const worldText = `{
  "format": "tollbook setup 1",
  "cycles": [{"id": "monthly", "zone": "UTC"}, {"id": "berlin", "zone": "Europe/Berlin"}, {"id": "bought", "zone": "UTC", "kind": "suppliers"}],
  "cards": [
    {"id": "carrier", "kind": "provider", "currency": "GBP", "activate": "by_person", "increment": "1/1"},
    {"id": "other", "kind": "provider", "currency": "GBP", "activate": "by_person", "increment": "1/1"},
    {"id": "cost", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "none", "terms": {"decimals": 6, "rounding": "half-up"}},
    {"id": "retail", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "50%", "terms": {"decimals": 4, "rounding": "half-up"}},
    {"id": "wholesale", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "20%", "terms": {"decimals": 5, "rounding": "up"}},
    {"id": "spare", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "+0.5", "terms": {"decimals": 2, "rounding": "up", "short_digits": 0}},
    {"id": "other-cost", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "other", "markup": "none", "terms": {"decimals": 6}},
    {"id": "own", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "other", "markup": "100%", "terms": {"decimals": 4}}
  ],
  "plans": [], "features": [],
  "accounts": [
    {"id": "acme", "cycle": "monthly", "currency": "GBP"}, {"id": "shop", "cycle": "monthly", "currency": "GBP"},
    {"id": "bolt", "cycle": "berlin", "currency": "GBP", "parent": "shop"}, {"id": "cole", "cycle": "monthly", "currency": "GBP"},
    {"id": "dora", "cycle": "berlin", "currency": "GBP"},
    {"id": "north", "cycle": "bought", "currency": "GBP"}, {"id": "south", "cycle": "bought", "currency": "GBP"}],
  "assignments": [
    {"account": "acme", "from": "2026-01", "card": "retail"}, {"account": "bolt", "from": "2026-01", "card": "retail"},
    {"account": "dora", "from": "2026-01", "card": "retail"}, {"account": "shop", "from": "2026-01", "card": "wholesale"}, {"account": "cole", "from": "2026-01", "card": "own"},
    {"account": "north", "from": "2026-01", "card": "cost"}, {"account": "south", "from": "2026-01", "card": "other-cost"}],
  "feeds": [
    {"id": "switch", "format": "generic", "timezone": "UTC", "cycle": "monthly", "charges": ["supplier", "resellers", "callee"],
     "suppliers": [{"trunk": "n", "owners": [{"account": "north"}]}, {"trunk": "s", "owners": [{"account": "south"}]}]},
    {"id": "edge", "format": "generic", "timezone": "UTC", "cycle": "monthly"}],
  "numbers": [{"number": "33123456789", "owners": [{"account": "dora"}]}, {"number": "12125550100", "owners": [{"account": "cole", "from": "2026-11-10T00:00:00Z"}]}]
}`

const fallbackText = `{"format": "tollbook setup 1", "cycles": [], "cards": [], "plans": [], "features": [], "accounts": [], "assignments": [], "feeds": [],
  "fallbacks": [{"currency": "GBP", "from": "2026-01", "card": "spare"}]}`

var (
	begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	noon  = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
)

func newWorld(t testing.TB, dir string) *world {
	t.Helper()
	docs, err := documents.OpenBolt(filepath.Join(dir, "documents.db"), ledger.Model().With(catalog.Model()), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{TB: t, buckets: objects.MemoryBuckets()}
	w.Ledger = ledger.New(docs, w.buckets)
	w.cards = catalog.New(docs, w.buckets, w.Ledger)
	w.setUp(worldText)
	return w
}

func (w *world) setUp(text string) {
	w.Helper()
	s, err := catalog.ParseSetup(strings.NewReader(text))
	if err == nil {
		err = w.cards.Import(w.Context(), s)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// deck makes a deck of prefix,destination,price… the next revision of a card, and
// returns its number.
func (w *world) deck(card, text string) int {
	w.Helper()
	d, err := w.cards.Deck(w.Context(), w.drop(card, text))
	if err != nil || d.State != catalog.DeckApplied {
		w.Fatalf("the deck is %+v: %v", d, err)
	}
	return d.Revision
}

// drop has a deck of a card applied, held or refused, and returns its id.
func (w *world) drop(card, text string) string {
	w.Helper()
	w.decks++
	info, err := w.buckets.Decks.Create(w.Context(), fmt.Sprintf("%s/%d.csv", card, w.decks), strings.NewReader(text))
	if err != nil {
		w.Fatal(err)
	}
	id, err := w.cards.Receive(w.Context(), catalog.Arrival{Object: info.Name, Generation: info.Generation, Size: info.Size, At: begin.Add(time.Duration(w.decks) * time.Minute)})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.cards.Apply(w.Context(), id); err != nil {
		w.Fatal(err)
	}
	return id
}

// live makes a revision live, and builds the cards that follow it; a zero from is
// the card's beginning.
func (w *world) live(card string, revision int, from time.Time) {
	w.Helper()
	if _, err := w.cards.Activate(w.Context(), card, catalog.Live{Revision: revision, From: from, Replace: true}, catalog.Actor{At: noon}); err != nil {
		w.Fatal(err)
	}
	built, err := w.cards.Compile(w.Context(), noon)
	for _, b := range built {
		if b.Failure != "" {
			err = fmt.Errorf("%s: %s", b.Card, b.Failure)
		}
	}
	if err != nil {
		w.Fatal(err)
	}
}

// records drops a file of a feed and sees it committed.
func (w *world) records(feed string, rows ...string) {
	w.Helper()
	w.files++
	text := "call_id,account,b_number,start_time,duration,out_trunk\n" + strings.Join(rows, "\n") + fmt.Sprintf("\n# file %d\n", w.files)
	info, err := w.buckets.CDRs.Create(w.Context(), fmt.Sprintf("%s/%d.csv", feed, w.files), strings.NewReader(text))
	if err != nil {
		w.Fatal(err)
	}
	id, err := w.Receive(w.Context(), ledger.Arrival{Bucket: "cdrs", Object: info.Name, Generation: info.Generation, Feed: feed, At: noon})
	if err != nil {
		w.Fatal(err)
	}
	if b, err := w.Process(w.Context(), id); err != nil || b.State != ledger.Committed {
		w.Fatalf("the file is %s %s: %v", b.State, b.Failure, err)
	}
}

func month(s string) period.Month {
	m, err := period.ParseMonth(s)
	if err != nil {
		panic(err)
	}
	return m
}

func (w *world) compare(q impact.Query) (*impact.Comparison, error) {
	return impact.Compare(w.Context(), impact.Stores{Ledger: w.Ledger, Catalog: w.cards, Job: "job", At: noon}, q, nil)
}

func (w *world) report(q impact.Query) impact.Report {
	w.Helper()
	c, err := w.compare(q)
	if err != nil {
		w.Fatal(err)
	}
	return c.Report
}
