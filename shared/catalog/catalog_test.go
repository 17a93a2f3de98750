package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// installation is an empty one, on embedded stores.
type installation struct {
	t       testing.TB
	docs    documents.Store
	buckets objects.Buckets
	*catalog.Catalog
}

func install(t testing.TB, dir string) *installation {
	t.Helper()
	docs, err := documents.OpenBolt(filepath.Join(dir, "documents.db"), ledger.Model().With(catalog.Model()), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, docs: docs, buckets: objects.MemoryBuckets()}
	in.Catalog = catalog.New(docs, in.buckets, ledger.New(docs, in.buckets))
	return in
}

func (in *installation) close() {
	if err := in.docs.Close(); err != nil {
		in.t.Error(err)
	}
}

func start(t *testing.T) *installation {
	in := install(t, t.TempDir())
	t.Cleanup(in.close)
	in.load(setupText)
	return in
}

const setupText = `{
  "format": "tollbook setup 1",
  "cycles": [{"id": "monthly", "zone": "Europe/London", "draft_days": 3}],
  "cards": [
    {"id": "carrier", "kind": "provider", "currency": "GBP", "activate": "at_arrival"},
    {"id": "retail", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "10%",
     "terms": {"decimals": 4, "rounding": "half-up"}}
  ],
  "plans": [{"id": "ten", "minutes": 10}],
  "feeds": [{"id": "switch", "format": "generic", "timezone": "UTC", "cycle": "monthly"}],
  "accounts": [{"id": "acme", "cycle": "monthly", "currency": "GBP"}],
  "assignments": [{"account": "acme", "from": "2026-01", "card": "retail"}],
  "features": [{"id": "ten", "account": "acme", "plan": "ten", "start": "2026-01-01", "recurring": "4.99"}],
  "numbers": [{"number": "442079460000", "owners": [{"account": "acme"}, {"from": "2026-11-03T00:00:00Z"}]}]
}`

func (in *installation) load(text string) {
	in.t.Helper()
	s, err := catalog.ParseSetup(strings.NewReader(text))
	if err != nil {
		in.t.Fatal(err)
	}
	if err := in.Import(ctx, s); err != nil {
		in.t.Fatal(err)
	}
}

var ctx = context.Background()

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// drop puts a deck into the bucket and notes its arrival.
func (in *installation) drop(object, text string, at time.Time) string {
	in.t.Helper()
	info, err := in.buckets.Decks.Create(ctx, object, strings.NewReader(text))
	if err != nil {
		in.t.Fatal(err)
	}
	id, err := in.Receive(ctx, catalog.Arrival{Object: info.Name, Generation: info.Generation, Size: info.Size, At: at})
	if err != nil {
		in.t.Fatal(err)
	}
	return id
}

func (in *installation) apply(id string) catalog.Deck {
	in.t.Helper()
	if _, err := in.Apply(ctx, id); err != nil {
		in.t.Fatal(err)
	}
	d, err := in.Deck(ctx, id)
	if err != nil {
		in.t.Fatal(err)
	}
	return d
}

func (in *installation) compile(at time.Time) []catalog.Compiled {
	in.t.Helper()
	out, err := in.Compile(ctx, at)
	if err != nil {
		in.t.Fatal(err)
	}
	return out
}

func (in *installation) card(id string) book.Card {
	in.t.Helper()
	doc, err := in.docs.Get(ctx, documents.Path{Collection: "cards", ID: id})
	if err != nil {
		in.t.Fatal(err)
	}
	var c book.Card
	if err := doc.Fields.Decode(&c); err != nil {
		in.t.Fatal(err)
	}
	return c
}

// price returns the first price of a card's revision that is live at an instant.
func (in *installation) price(card string, at time.Time) string {
	in.t.Helper()
	n, ok := in.card(card).Log.At(at)
	if !ok {
		return "none"
	}
	for _, rate := range in.ratesOf(card, n) {
		return rate.Price1.String()
	}
	return "no revision"
}

// rates returns the rates of a card's newest revision.
func (in *installation) rates(card string) []rating.Rate {
	log := in.card(card).Log
	return in.ratesOf(card, log[len(log)-1].Revision)
}

func (in *installation) ratesOf(card string, n int) (out []rating.Rate) {
	in.t.Helper()
	revisions, err := in.Revisions(ctx, card)
	if err != nil {
		in.t.Fatal(err)
	}
	for _, rev := range revisions {
		if rev.Number != n {
			continue
		}
		for rate, err := range ratecard.ReadRates(bytes.NewReader(in.read(rev.Rates, in.generation(rev.Rates)))) {
			if err != nil {
				in.t.Fatal(err)
			}
			out = append(out, rate)
		}
	}
	return out
}

// read returns an object of the cards.
func (in *installation) read(name, generation string) []byte {
	in.t.Helper()
	r, err := in.buckets.Cards.OpenRange(ctx, name, generation, 0, -1)
	if err != nil {
		in.t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		in.t.Fatal(err)
	}
	return data
}

func (in *installation) generation(name string) string {
	in.t.Helper()
	info, err := in.buckets.Cards.Stat(ctx, name)
	if err != nil {
		in.t.Fatal(err)
	}
	return info.Generation
}

func deckOf(price string) string { return "prefix,price\n44," + price + "\n" }

func TestADeckBecomesARevisionAndTheCardsFollow(t *testing.T) {
	in := start(t)
	d := in.apply(in.drop("carrier/november.csv", "prefix,price,interval 1,interval n\n44,0.01,1,1\n4479,0.02,1,1\n", noon))
	if d.State != catalog.DeckApplied || d.Revision != 1 || d.Rows != 2 || d.Rates != 2 {
		t.Fatalf("deck %+v, want it applied as revision 1 with 2 rates", d)
	}
	want := []catalog.Compiled{{Card: "retail", Revision: 1, Rates: 2, Live: true}}
	if diff := cmp.Diff(want, in.compile(noon)); diff != "" {
		t.Fatal(diff)
	}
	if got := in.price("retail", noon); got != "0.011" {
		t.Errorf("price %s, want 0.011: 0.01 and 10%%", got)
	}
	// The first revision is live from the card's beginning.
	if got := in.price("retail", noon.AddDate(-10, 0, 0)); got != "0.011" {
		t.Errorf("ten years before it is %s", got)
	}
	if again := in.compile(noon.Add(time.Hour)); len(again) != 0 {
		t.Errorf("compiled again: %v, want nothing", again)
	}
}

func TestADeckSeenBeforeChangesNothing(t *testing.T) {
	in := start(t)
	in.apply(in.drop("carrier/a.csv", deckOf("0.01"), noon))
	in.compile(noon)
	before := in.card("retail")
	d := in.apply(in.drop("carrier/b.csv", deckOf("0.01"), noon.Add(time.Hour)))
	if d.State != catalog.DeckUnchanged || d.Revision != 1 {
		t.Errorf("deck %+v, want it unchanged: it says what revision 1 says", d)
	}
	in.compile(noon.Add(time.Hour))
	if diff := cmp.Diff(before, in.card("retail")); diff != "" {
		t.Error(diff)
	}
}

// TestTheOrderOfDecksAndBuildsDoesNotMatter: from each deck's arrival on, its
// prices hold, whenever and in whichever order decks and builds came.
func TestTheOrderOfDecksAndBuildsDoesNotMatter(t *testing.T) {
	all := install(t, t.TempDir())
	t.Cleanup(all.close)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		in := &installation{t: t, docs: all.docs.Namespace(fmt.Sprintf("run%d", run)), buckets: objects.MemoryBuckets()}
		in.Catalog = catalog.New(in.docs, in.buckets, ledger.New(in.docs, in.buckets))
		in.load(setupText)
		n := rapid.IntRange(1, 6).Draw(rt, "decks")
		prices := make([]string, n)
		ids := make([]string, n)
		for i := range n {
			prices[i] = fmt.Sprintf("0.0%d", rapid.IntRange(1, 3).Draw(rt, "price")) // so that some are equal
			ids[i] = in.drop(fmt.Sprintf("carrier/%d.csv", i), deckOf(prices[i]), noon.Add(time.Duration(i)*time.Hour))
		}
		order := rapid.Permutation(ids).Draw(rt, "order")
		for _, id := range order {
			in.apply(id)
			if rapid.Bool().Draw(rt, "twice") {
				in.apply(id)
			}
			if rapid.Bool().Draw(rt, "build") {
				in.compile(noon.AddDate(0, 0, 1))
			}
		}
		in.compile(noon.AddDate(0, 0, 1))
		if again := in.compile(noon.AddDate(0, 0, 2)); len(again) != 0 {
			rt.Fatalf("compiled once more: %v", again)
		}
		for i, p := range prices {
			at := noon.Add(time.Duration(i)*time.Hour + time.Minute)
			if got := in.price("carrier", at); got != p {
				rt.Errorf("%d: the carrier's price is %s, want %s", i, got, p)
			}
			if got, want := in.price("retail", at), "0.0"+p[3:]+p[3:]; got != want {
				rt.Errorf("%d: the customer's price is %s, want %s", i, got, want)
			}
		}
	})
}

func TestANewMarkupCountsFromItsBuild(t *testing.T) {
	in := start(t)
	in.apply(in.drop("carrier/a.csv", deckOf("0.01"), noon))
	in.compile(noon)
	in.load(strings.Replace(setupText, "10%", "50%", 1))
	later := noon.Add(3 * time.Hour)
	if got := in.compile(later); len(got) != 1 || got[0].Revision != 2 {
		t.Fatalf("compiled %v, want revision 2", got)
	}
	if before, after := in.price("retail", later.Add(-time.Second)), in.price("retail", later); before != "0.011" || after != "0.015" {
		t.Errorf("before %s, after %s; want 0.011 and 0.015", before, after)
	}
	if again := in.compile(later.Add(time.Hour)); len(again) != 0 {
		t.Errorf("compiled again: %v", again)
	}
}

func TestARefusedDeckChangesNothingAndSaysWhy(t *testing.T) {
	for _, c := range []struct{ name, object, text, want string }{
		{"unknown card", "other/a.csv", deckOf("0.01"), `card "other" is not defined`},
		{"no card's folder", "a.csv", deckOf("0.01"), "not in a card's folder"},
		{"a customer's card", "retail/a.csv", deckOf("0.01"), "decks are for provider cards"},
		{"empty", "carrier/a.csv", "", ""},
		{"no deck", "carrier/a.csv", "this is a letter\n", ""},
		{"a bad row", "carrier/a.csv", "prefix,price\n44,0.01\n45,many\n", "1 errors, the first: line 3"},
		{"no rates", "carrier/a.csv", "prefix,price\n", "no row of rates below the header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := start(t)
			id := in.drop(c.object, c.text, noon)
			report, err := in.Apply(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			d := report.Deck
			if d.State != catalog.DeckRefused || d.Failure == "" || !strings.Contains(d.Failure, c.want) {
				t.Errorf("deck %+v, want it refused for %q", d, c.want)
			}
			if got := in.price("carrier", noon); got != "none" {
				t.Errorf("the card has a price: %s", got)
			}
		})
	}
}

func TestARefusedDeckCanComeAgain(t *testing.T) {
	in := install(t, t.TempDir())
	t.Cleanup(in.close)
	id := in.drop("carrier/a.csv", deckOf("0.01"), noon)
	if d := in.apply(id); d.State != catalog.DeckRefused {
		t.Fatalf("deck %+v, want it refused: there is no card", d)
	}
	in.load(setupText)
	if d := in.apply(id); d.State != catalog.DeckApplied || d.Failure != "" {
		t.Errorf("deck %+v, want it applied", d)
	}
}

func TestAMarkupThatIsNotExactIsNotedAndTheCardGoesOn(t *testing.T) {
	in := start(t)
	in.apply(in.drop("carrier/a.csv", deckOf("0.01"), noon))
	in.compile(noon)
	in.apply(in.drop("carrier/b.csv", deckOf("0.000000000001"), noon.Add(time.Hour)))
	if got := in.compile(noon.Add(time.Hour)); len(got) != 1 || !strings.Contains(got[0].Failure, `prefix "44"`) {
		t.Errorf("compiled %v, want a failure that names the prefix: 10%% of the price has 13 decimals", got)
	}
	if got := in.compile(noon.Add(time.Hour)); len(got) != 0 {
		t.Errorf("compiled again: %v; want it told once", got)
	}
	failure := func() string {
		builds, err := in.Builds(ctx)
		if err != nil || len(builds) != 1 {
			t.Fatal(builds, err)
		}
		return builds[0].Failure
	}
	if !strings.Contains(failure(), `prefix "44"`) {
		t.Errorf("the card's build says %q, want the failure", failure())
	}
	if got := in.price("retail", noon.Add(2*time.Hour)); got != "0.011" {
		t.Errorf("the card charges %s, want 0.011 as before", got)
	}
	// The next deck is right: the card follows it from its arrival on.
	in.apply(in.drop("carrier/c.csv", deckOf("0.02"), noon.Add(3*time.Hour)))
	in.compile(noon.Add(3 * time.Hour))
	if before, after := in.price("retail", noon.Add(2*time.Hour)), in.price("retail", noon.Add(3*time.Hour)); before != "0.011" || after != "0.022" || failure() != "" {
		t.Errorf("before it charges %s, after %s, and its build says %q; want 0.011, 0.022 and nothing", before, after, failure())
	}
}

func TestAnExactMarkupMendsACardThatCouldNotBeBuilt(t *testing.T) {
	in := start(t)
	in.apply(in.drop("carrier/a.csv", deckOf("0.000000000001"), noon))
	in.compile(noon)
	if got := in.price("retail", noon); got != "none" {
		t.Errorf("the card charges %s, want nothing", got)
	}
	in.load(strings.Replace(setupText, "10%", "+0.01", 1))
	in.compile(noon.Add(time.Hour))
	if got := in.price("retail", noon); got != "0.010000000001" {
		t.Errorf("the card charges %s, want 0.010000000001 from its beginning", got)
	}
}

func TestACardOfAPersonWaitsForThePerson(t *testing.T) {
	in := install(t, t.TempDir())
	t.Cleanup(in.close)
	in.load(strings.Replace(setupText, `"currency": "GBP", "activate": "at_arrival", "parent"`, `"currency": "GBP", "activate": "by_person", "parent"`, 1))
	in.apply(in.drop("carrier/a.csv", deckOf("0.01"), noon))
	if got := in.compile(noon); len(got) != 1 || got[0].Live {
		t.Errorf("compiled %v, want a revision that is not live", got)
	}
	if got := in.price("retail", noon); got != "none" {
		t.Errorf("the card charges %s, want nothing", got)
	}
	if got := in.compile(noon); len(got) != 0 {
		t.Errorf("compiled again: %v", got)
	}
}

func TestASetupComesBackAsItWentIn(t *testing.T) {
	in := start(t)
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		s, err := in.Export(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.WriteTo(out); err != nil {
			t.Fatal(err)
		}
		in.load(out.String())
	}
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Error(diff)
	}
	want, err := catalog.ParseSetup(strings.NewReader(setupText))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := want.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text.String(), first.String()); diff != "" {
		t.Error(diff)
	}
}

func TestABadSetupIsRefusedWholeAndEveryErrorIsNamed(t *testing.T) {
	bad := strings.NewReplacer(
		`"draft_days": 3`, `"draft_days": 40`,
		`"markup": "10%"`, `"markup": "10%", "increment": "60/60"`,
		`"format": "generic"`, `"format": "punch cards"`,
		`"zone": "Europe/London"`, `"zone": "Europe/Londinium"`,
		`"number": "442079460000"`, `"number": "+44"`, `{"from": "2026-11-03T00:00:00Z"}`, `{}`,
	)
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"items", bad.Replace(setupText), []string{"Londinium", "retail", "punch cards", "without + or 00", "owners[1].from"}},
		{"format", strings.Replace(setupText, "setup 1", "setup 2", 1), []string{`want "tollbook setup 1"`}},
		{"unknown name", strings.Replace(setupText, `"plans"`, `"planes"`, 1), []string{"planes"}},
		{"cut short", setupText[:200], []string{"unexpected EOF"}},
		{"two texts", setupText + setupText, []string{"more after its end"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := catalog.ParseSetup(strings.NewReader(c.text))
			if !errors.Is(err, catalog.ErrRefused) {
				t.Fatalf("error %v, want it refused", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want it to name %s", err, want)
				}
			}
		})
	}
}

func TestASetupThatNamesWhatIsNotThereWritesNothing(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"cycle": "monthly", "currency"`, `"cycle": "weekly", "currency"`, `no cycle "weekly"`},
		{`"parent": "carrier"`, `"parent": "nobody"`, `parent "nobody"`},
		{`"card": "retail"`, `"card": "wholesale"`, `no card "wholesale"`},
		{`"account": "acme", "from"`, `"account": "nadir", "from"`, `no account "nadir"`},
		{`[{"account": "acme"}, `, `[{"account": "zenith"}, `, `number 442079460000: no account "zenith"`},
		{`"plan": "ten"`, `"plan": "eleven"`, `no plan "eleven"`},
		{`"timezone": "UTC", "cycle": "monthly"`, `"timezone": "UTC", "cycle": "daily"`, `no cycle "daily"`},
		{`"cycle": "monthly", "currency": "GBP"`, `"cycle": "monthly", "currency": "EUR"`, "card retail is in GBP"},
	} {
		t.Run(c.want, func(t *testing.T) {
			in := install(t, t.TempDir())
			t.Cleanup(in.close)
			s, err := catalog.ParseSetup(strings.NewReader(strings.Replace(setupText, c.old, c.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if err := in.Import(ctx, s); !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it refused: %s", err, c.want)
			}
			left, err := in.Export(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(left.Cycles) + len(left.Cards) + len(left.Accounts); n != 0 {
				t.Errorf("%d things were written", n)
			}
		})
	}
}

func TestWhatUsageWasPricedByCannotMove(t *testing.T) {
	in := start(t)
	for old, new := range map[string]string{
		`"cycle": "monthly", "currency": "GBP"`:                  `"cycle": "monthly", "currency": "USD"`,
		`"zone": "Europe/London"`:                                `"zone": "Europe/Paris"`,
		`"id": "carrier", "kind": "provider", "currency": "GBP"`: `"id": "carrier", "kind": "provider", "currency": "USD"`,
	} {
		s, err := catalog.ParseSetup(strings.NewReader(strings.Replace(setupText, old, new, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Import(ctx, s); !errors.Is(err, catalog.ErrRefused) {
			t.Errorf("%s: error %v, want it refused", new, err)
		}
	}
}

func TestDecksAreListedByArrival(t *testing.T) {
	in := start(t)
	var want []string
	for i := range 7 {
		want = append(want, in.drop(fmt.Sprintf("carrier/%d.csv", i), deckOf(fmt.Sprintf("0.%d", i+1)), noon.Add(time.Duration(i)*time.Minute)))
	}
	var got []string
	cursor := ""
	for {
		decks, next, err := in.Decks(ctx, cursor, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range decks {
			got = append(got, d.ID)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestADeckThatComesToNoEndIsRefusedAtLast(t *testing.T) {
	in := start(t)
	object := "carrier/a.csv"
	id := in.drop(object, deckOf("0.01"), noon)
	in.buckets.Decks = failing{in.buckets.Decks}
	in.Catalog = catalog.New(in.docs, in.buckets, ledger.New(in.docs, in.buckets))
	var last *catalog.DeckReport
	for i := range catalog.MaxAttempts {
		reports, err := in.Sweep(ctx, noon.Add(time.Duration(i+1)*time.Hour), func(objects.Info) (bool, error) { return true, nil })
		if len(reports) > 0 {
			last = reports[0]
		} else if err == nil {
			t.Error("the deck's error is not told")
		}
	}
	if d, err := in.Deck(ctx, id); err != nil || d.State != catalog.DeckRefused || !strings.Contains(d.Failure, "no end") || last == nil {
		t.Errorf("deck %+v, %v, report %v; want it refused with a report", d, err, last)
	}
}

// failing is a bucket that cannot be read.
type failing struct{ objects.Bucket }

func (failing) OpenRange(context.Context, string, string, int64, int64) (io.ReadCloser, error) {
	return nil, errors.New("a fault")
}
