package catalog_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
)

var create = catalog.Match{Create: true}

// bookVersion counts the changes of the book.
func (in *installation) bookVersion() int64 {
	in.t.Helper()
	doc, err := in.docs.Get(ctx, documents.Path{Collection: "heads", ID: "book"})
	if err != nil {
		in.t.Fatal(err)
	}
	return doc.Fields["version"].(int64)
}

func TestAnEditOfTheBookChangesItAndAnEqualOneDoesNot(t *testing.T) {
	in := start(t)
	november := period.Month{Year: 2026, Month: 11}
	day := period.Date{Year: 2026, Month: 11, Day: 1}
	for _, tt := range []struct {
		what string
		put  func(string, catalog.Match) (documents.Version, error)
	}{
		{"cycle", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutCycle(ctx, book.Cycle{ID: "new", Zone: "UTC", DraftDays: len(s)}, m)
		}},
		{"account", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutAccount(ctx, book.Account{ID: "new", Name: s, Cycle: "monthly", Currency: "GBP"}, m)
		}},
		{"plan", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutPlan(ctx, bundle.Plan{ID: "new", Name: s, Minutes: 1}, m)
		}},
		{"feature", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutFeature(ctx, bundle.Feature{ID: "new", Account: "acme", Name: s, Plan: "ten", Start: day, Recurring: money.MustParse("1")}, m)
		}},
		{"assignment", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutAssignment(ctx, book.Assignment{Account: "acme", From: november, Card: map[string]string{"a": "retail", "bb": "wholesale"}[s]}, m)
		}},
		{"assignment of a number", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutAssignment(ctx, book.Assignment{Account: "acme", Number: "442079460000", Direction: book.Inbound, From: november, Card: map[string]string{"a": "retail", "bb": "wholesale"}[s]}, m)
		}},
		{"call type", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutCallType(ctx, book.CallType{ID: "new", Prefixes: []string{"44", "33"}, Class: s}, m)
		}},
		{"fallback", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutFallback(ctx, book.Fallback{Currency: "GBP", From: november, Card: map[string]string{"a": "retail", "bb": "wholesale"}[s]}, m)
		}},
		{"feed", func(s string, m catalog.Match) (documents.Version, error) {
			return in.PutFeed(ctx, book.Feed{Source: cdr.Feed{ID: "new", Format: cdr.Generic, Zone: map[string]string{"a": "UTC", "bb": "Europe/Paris"}[s]}, Cycle: "monthly"}, m)
		}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			in.wholesale()
			before := in.bookVersion()
			step := func(s string, m catalog.Match, changes int64) documents.Version {
				t.Helper()
				v, err := tt.put(s, m)
				if err != nil || v == "" {
					t.Fatalf("version %q, %v", v, err)
				}
				if now := in.bookVersion(); now != before+changes {
					t.Errorf("the book changed %d times, want %d", now-before, changes)
				}
				before = in.bookVersion()
				return v
			}
			first := step("a", create, 1)
			if same := step("a", catalog.Match{Version: first}, 0); same != first {
				t.Errorf("version %q after nothing changed, want %q", same, first)
			}
			second := step("bb", catalog.Match{Version: first}, 1)
			for _, m := range []catalog.Match{{Version: first}, {}, {Version: second + "0"}} {
				if _, err := tt.put("a", m); !errors.Is(err, documents.ErrConflict) {
					t.Errorf("%v is answered %v, want a conflict", m, err)
				}
			}
			if _, err := tt.put("a", create); !errors.Is(err, documents.ErrExists) {
				t.Errorf("made a second time: %v", err)
			}
			if now := in.bookVersion(); now != before {
				t.Errorf("edits that were refused changed the book %d times", now-before)
			}
		})
	}
}

// person is who does it in these tests.
var person = catalog.Actor{By: "ann", At: noon.Add(time.Nanosecond)}

// wholesale defines one more customer card.
func (in *installation) wholesale() {
	in.t.Helper()
	d := catalog.Definition{ID: "wholesale", Kind: catalog.Customer, Currency: "GBP", Activate: catalog.ByPerson, Parent: "carrier", Terms: catalog.DefaultTerms()}
	if _, err := in.PutDefinition(ctx, d, create, person); err != nil && !errors.Is(err, documents.ErrExists) {
		in.t.Fatal(err)
	}
}

func TestADefinitionMakesItsCardOnceAndLeavesTheBookAloneAfterwards(t *testing.T) {
	in := start(t)
	before := in.bookVersion()
	in.wholesale()
	if diff := cmp.Diff(book.Card{ID: "wholesale", Log: ratecard.Log{}, Images: map[string]string{}}, in.card("wholesale")); diff != "" || in.bookVersion() != before+1 {
		t.Errorf("the book changed %d times; the card (-want +got)\n%s", in.bookVersion()-before, diff)
	}
	doc, err := in.docs.Get(ctx, documents.Path{Collection: "definitions", ID: "wholesale"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := in.Definition(ctx, "wholesale")
	if err != nil {
		t.Fatal(err)
	}
	d.Activate = catalog.AtArrival
	if _, err := in.PutDefinition(ctx, d, catalog.Match{Version: doc.Version}, person); err != nil || in.bookVersion() != before+1 {
		t.Errorf("the book changed %d times, %v", in.bookVersion()-before, err)
	}
}

func TestOfEditsAtOnceAgainstOneVersionOneCounts(t *testing.T) {
	in := start(t)
	v, err := in.PutPlan(ctx, bundle.Plan{ID: "p", Minutes: 1}, create)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		wait.Go(func() {
			_, results[i] = in.PutPlan(ctx, bundle.Plan{ID: "p", Minutes: uint64(10 + i)}, catalog.Match{Version: v})
		})
	}
	wait.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, documents.ErrConflict) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d edits counted", won)
	}
}

func TestARefusalNamesEveryFieldAndNothingIsWritten(t *testing.T) {
	in := start(t)
	_, err := in.PutDefinition(ctx, catalog.Definition{ID: "a b", Kind: "retail", Currency: "gbp", Activate: "now"}, create, person)
	var r *catalog.Refusal
	if !errors.As(err, &r) || !errors.Is(err, catalog.ErrRefused) {
		t.Fatal(err)
	}
	var fields []string
	for _, f := range r.Fields {
		fields = append(fields, f.Field)
	}
	if diff := cmp.Diff([]string{"id", "currency", "activate", "kind"}, fields); diff != "" {
		t.Errorf("fields (-want +got)\n%s", diff)
	}
	bad := catalog.Definition{ID: "x", Kind: catalog.Customer, Currency: "GBP", Activate: catalog.ByPerson, Parent: "carrier", Terms: catalog.Terms{Decimals: 21}}
	if _, err := in.PutDefinition(ctx, bad, create, person); !errors.As(err, &r) || !strings.Contains(err.Error(), "terms.decimals") || !strings.Contains(err.Error(), "terms.rounding") {
		t.Errorf("terms of 21 decimals without a rounding: %v", err)
	}
	long := strings.Repeat("ü", 200)
	if _, err := in.PutAccount(ctx, book.Account{ID: long, Cycle: "monthly", Currency: "GBP"}, create); !errors.As(err, &r) || len(r.Fields[0].Found) > 70 {
		t.Errorf("a long id: %v", err)
	}
}

// Whatever the edits were, as far as they were taken: a file is rated by the
// book of them, and its month is folded.
func TestNoEditBreaksTheBook(t *testing.T) {
	names := []string{"", "a", "b", "monthly", "acme", "retail", "carrier", "ten", "no such"}
	numbers := []uint64{0, 1, 10, 5_000, 30_000_000, 100_000_000, 1 << 63}
	all, run := install(t, t.TempDir()), 0
	defer all.close()
	rapid.Check(t, func(t *rapid.T) {
		run++
		in := &installation{t: all.t, docs: all.docs.Namespace(fmt.Sprintf("run%d", run)), buckets: objects.MemoryBuckets()}
		in.Catalog = catalog.New(in.docs, in.buckets, ledger.New(in.docs, in.buckets))
		in.load(setupText)
		in.apply(in.drop("carrier/1.csv", deckOf("0.10"), noon.AddDate(-1, 0, 0)))
		in.compile(noon.AddDate(-1, 0, 0))
		name := func(what string) string { return rapid.SampledFrom(names).Draw(t, what) }
		number := func(what string) uint64 { return rapid.SampledFrom(numbers).Draw(t, what) }
		day := func(what string) period.Date {
			return period.Date{Year: rapid.IntRange(2025, 2027).Draw(t, what), Month: time.Month(rapid.IntRange(0, 12).Draw(t, what)), Day: rapid.IntRange(0, 31).Draw(t, what)}
		}
		taken := 0
		for range rapid.IntRange(1, 25).Draw(t, "edits") {
			m := create
			var err error
			switch rapid.IntRange(0, 8).Draw(t, "edit") {
			case 0:
				_, err = in.PutCycle(ctx, book.Cycle{ID: name("cycle"), Zone: rapid.SampledFrom([]string{"UTC", "Asia/Kolkata", "", "Nowhere"}).Draw(t, "zone")}, m)
			case 1:
				_, err = in.PutAccount(ctx, book.Account{ID: name("account"), Cycle: rapid.SampledFrom([]string{"monthly", "a", "none"}).Draw(t, "cycle"), Currency: rapid.SampledFrom([]string{"GBP", "JPY", "X"}).Draw(t, "currency")}, m)
			case 2:
				_, err = in.PutPlan(ctx, bundle.Plan{ID: name("plan"), Minutes: number("minutes"), RoundBy: uint32(number("round"))}, m)
			case 3:
				_, err = in.PutFeature(ctx, bundle.Feature{
					ID: name("feature"), Account: rapid.SampledFrom([]string{"acme", "a"}).Draw(t, "account"), Plan: rapid.SampledFrom([]string{"", "ten", "a", "b"}).Draw(t, "plan"), Multiplier: number("multiplier"), Count: number("count"),
					Start: day("start"), End: day("end"), ProrateAllowance: rapid.Bool().Draw(t, "prorate"),
					Recurring: rapid.SampledFrom([]money.Amount{money.MustParse("0"), money.MustParse("-999999999.999999999999"), money.MustParse("1000000000")}).Draw(t, "recurring"),
				}, m)
			case 4:
				_, err = in.PutAssignment(ctx, book.Assignment{
					Account: rapid.SampledFrom([]string{"acme", "a", "b"}).Draw(t, "account"), Card: rapid.SampledFrom([]string{"retail", "carrier", "a"}).Draw(t, "card"),
					From:   period.Month{Year: 2026, Month: time.Month(rapid.IntRange(0, 12).Draw(t, "month"))},
					Number: rapid.SampledFrom([]string{"", "", "442079460000", "x"}).Draw(t, "number"), Direction: book.Direction(rapid.SampledFrom([]string{"", "inbound", "up"}).Draw(t, "direction")),
					Class: rapid.SampledFrom([]string{"", "", "a", "B"}).Draw(t, "class"),
				}, m)
			case 5:
				_, err = in.PutFeed(ctx, book.Feed{Source: cdr.Feed{ID: name("feed"), Format: cdr.Generic, Zone: "UTC"}, Cycle: name("cycle")}, m)
			case 6:
				_, err = in.PutDefinition(ctx, catalog.Definition{
					ID: name("card"), Kind: rapid.SampledFrom([]catalog.Kind{catalog.Provider, catalog.Customer}).Draw(t, "kind"), Currency: "GBP",
					Activate: catalog.AtArrival, Parent: name("parent"), Terms: catalog.DefaultTerms(),
				}, m, person)
			case 7:
				_, err = in.PutCallType(ctx, book.CallType{
					ID: name("call type"), Class: rapid.SampledFrom([]string{"a", "b", "B"}).Draw(t, "class"), RateAs: rapid.SampledFrom([]string{"", "44", "onnet"}).Draw(t, "rate as"),
					Prefixes: rapid.SliceOfN(rapid.SampledFrom([]string{"", "44", "4420", "+44"}), 0, 3).Draw(t, "prefixes"),
				}, m)
			case 8:
				_, err = in.PutFallback(ctx, book.Fallback{
					Class: rapid.SampledFrom([]string{"", "a"}).Draw(t, "class"), Currency: rapid.SampledFrom([]string{"GBP", "JPY", "X"}).Draw(t, "currency"),
					From: period.Month{Year: 2026, Month: time.Month(rapid.IntRange(0, 12).Draw(t, "month"))}, Card: rapid.SampledFrom([]string{"retail", "carrier", "a"}).Draw(t, "card"),
				}, m)
			}
			if err == nil {
				taken++
			} else if !errors.Is(err, catalog.ErrRefused) && !errors.Is(err, documents.ErrExists) {
				t.Fatalf("an edit ended in %v", err)
			}
		}
		in.rateAndFold(t, taken)
	})
}

func (in *installation) rateAndFold(t *rapid.T, n int) {
	l := ledger.New(in.docs, in.buckets)
	text := "account,b_number,start_time,duration\n"
	for _, account := range []string{"acme", "a", "b"} {
		text += account + ",442079460958,2026-11-02 10:00:00,60\n"
	}
	info, err := in.buckets.CDRs.Create(ctx, fmt.Sprintf("switch/%d.csv", n), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	id, err := l.Receive(ctx, ledger.Arrival{Bucket: "cdrs", Object: info.Name, Generation: info.Generation, Feed: "switch", At: noon})
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Process(ctx, id)
	if err != nil || b.State != ledger.Committed {
		t.Fatalf("the batch is %s (%s), %v", b.State, b.Failure, err)
	}
	for _, p := range b.Periods {
		key, err := ledger.ParseKey(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Fold(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPersonsActivationIsAppendedOnce(t *testing.T) {
	in := start(t)
	in.wholesale()
	in.apply(in.drop("carrier/1.csv", deckOf("0.10"), noon))
	in.compile(noon)
	first := catalog.Live{Revision: 1}
	for range 2 {
		c, err := in.Activate(ctx, "wholesale", first, person)
		if err != nil || len(c.Log) != 1 || c.Images["1"] == "" || !c.Log[0].RecordedAt.Equal(noon) {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	if got := in.price("wholesale", noon); got != "0.1" {
		t.Errorf("a minute costs %s", got)
	}
	before := in.bookVersion()
	for _, v := range []struct {
		catalog.Live
		at time.Time
	}{
		{catalog.Live{Revision: 2, From: noon}, noon},                                  // no such revision
		{catalog.Live{Revision: 1, From: noon.Add(time.Second)}, noon.Add(-time.Hour)}, // before the last entry
	} {
		if _, err := in.Activate(ctx, "wholesale", v.Live, catalog.Actor{At: v.at}); !errors.Is(err, catalog.ErrRefused) {
			t.Errorf("%+v: %v", v, err)
		}
	}
	if _, err := in.Activate(ctx, "none", first, person); !errors.Is(err, documents.ErrNotFound) {
		t.Errorf("a card that is not there: %v", err)
	}
	if now := in.bookVersion(); now != before {
		t.Errorf("what was refused changed the book %d times", now-before)
	}
}
