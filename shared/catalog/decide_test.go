package catalog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
)

// with sets the rules of the carrier's decks.
func (in *installation) with(rules string) {
	in.load(strings.Replace(setupText, `"currency": "GBP", "activate": "at_arrival"},`, `"currency": "GBP", "activate": "at_arrival", "decks": `+rules+`},`, 1))
}

// decide decides about a deck and applies it.
func (in *installation) decide(id string, what catalog.Decision) *catalog.DeckReport {
	in.t.Helper()
	if _, err := in.Decide(ctx, id, what); err != nil {
		in.t.Fatal(err)
	}
	r, err := in.Apply(ctx, id)
	if err != nil {
		in.t.Fatal(err)
	}
	return r
}

func TestKindsOfDecks(t *testing.T) {
	first := "prefix,destination,rate\n4420,London,0.01\n44161,Manchester,0.02\n331,Paris,0.03\n"
	for kind, want := range map[string]string{
		"full": "4420 0.05", "country": "331 0.03, 4420 0.05", "partial": "331 0.03, 44161 0.02, 4420 0.05",
	} {
		in := start(t)
		in.with(fmt.Sprintf(`{"kind": %q}`, kind))
		in.report("1.csv", first, noon)
		r := in.report("2.csv", "prefix,rate\n4420,0.05\n", noon.Add(time.Hour))
		if got := in.shown("carrier", noon.Add(2*time.Hour)); got != want || r.Actions.Missing != 3-int64(strings.Count(want, ",")+1) {
			t.Errorf("%s: %q, %+v; want %q", kind, got, r.Actions, want)
		}
		// What a deck that does not list all has no column for stays.
		rates := in.ratesOf("carrier", 2)
		if got := rates[len(rates)-1].Destination; kind != "full" && got != "London" {
			t.Errorf("%s: the destination is %q", kind, got)
		}
	}
}

// A rate that changes later holds until then, though its deck is all there is.
func TestARateThatChangesLaterHoldsUntilThen(t *testing.T) {
	in := start(t)
	in.report("1.csv", "prefix,rate\n44,0.01\n33,0.02\n", noon)
	r := in.report("2.csv", "prefix,rate,effective\n44,0.05,2026-11-12\n33,0.02,\n", noon.Add(time.Hour))
	if got := in.shown("carrier", noon.AddDate(0, 0, 1)); got != "33 0.02, 44 0.01" || r.Changes.Short != 0 {
		t.Errorf("before: %q, %+v", got, r.Changes)
	}
	if got := in.shown("carrier", noon.AddDate(0, 0, 10)); got != "33 0.02, 44 0.05" {
		t.Errorf("after: %q", got)
	}
	// Once it holds, the same deck changes nothing.
	again := in.report("3.csv", "prefix,rate,effective\n44,0.05,2026-11-12\n33,0.02,\n", noon.AddDate(0, 0, 20))
	if again.Deck.State != catalog.DeckUnchanged || again.Deck.Revision != 2 {
		t.Errorf("%+v", again.Deck)
	}
}

func TestRowsThatComeLaterThanTheirNotice(t *testing.T) {
	for rules, want := range map[string]string{
		`{}`: "33 0.01, 44 0.05", `{"notice": "7/0", "short_notice": "shift"}`: "33 0.01, 44 0.01", `{"notice": "0/0"}`: "33 0.01, 44 0.05",
	} {
		in := start(t)
		in.with(rules)
		in.report("1.csv", "prefix,rate\n44,0.01\n33,0.02\n", noon)
		r := in.report("2.csv", "prefix,rate\n44,0.05\n33,0.01\n", noon.Add(time.Hour))
		if got := in.shown("carrier", noon.Add(2*time.Hour)); got != want {
			t.Errorf("%s: %q, want %q", rules, got, want)
		}
		if got := in.shown("carrier", noon.AddDate(0, 0, 8)); got != "33 0.01, 44 0.05" {
			t.Errorf("%s, a week later: %q", rules, got)
		}
		if short := strings.Contains(fmt.Sprint(r.Actions.Notices), "notice"); short != !strings.Contains(rules, "0/0") {
			t.Errorf("%s: notices %q", rules, r.Actions.Notices)
		}
	}
	in := start(t)
	in.with(`{"short_notice": "reject"}`)
	in.report("1.csv", "prefix,rate\n44,0.01\n", noon)
	r := in.report("2.csv", "prefix,rate\n44,0.05\n", noon.Add(time.Hour))
	if r.Deck.State != catalog.DeckRefused || !strings.Contains(r.Deck.Failure, "needs notice of 7 days") {
		t.Errorf("%+v", r.Deck)
	}
}

// A deck that goes beyond the limits of its supplier waits for a person.
func TestADeckBeyondItsLimitsIsHeld(t *testing.T) {
	in := start(t)
	in.with(`{"limits": {"max_increase_percent": "50", "max_lost_percent": "10"}}`)
	in.report("1.csv", "prefix,rate\n44,0.01\n33,0.02\n", noon)
	r := in.report("2.csv", "prefix,rate\n44,0.10\n", noon.Add(time.Hour))
	if r.Deck.State != catalog.DeckHeld || len(r.Holds) != 2 || !strings.Contains(r.Deck.Failure, "900.00%") {
		t.Fatalf("%+v, %q", r.Deck, r.Holds)
	}
	if again, err := in.Apply(ctx, r.Deck.ID); err != nil || again != nil {
		t.Errorf("the event again: %+v, %v", again, err)
	}
	if got := in.shown("carrier", noon.Add(2*time.Hour)); got != "33 0.02, 44 0.01" {
		t.Errorf("held, and the card has %q", got)
	}
	// A deck that comes meanwhile is applied, and the held one before it when it is approved.
	in.report("3.csv", "prefix,rate\n44,0.01\n33,0.021\n", noon.Add(3*time.Hour))
	if r := in.decide(r.Deck.ID, catalog.Approve); r.Deck.State != catalog.DeckApplied || r.Again != 1 {
		t.Errorf("%+v", r)
	}
	if got := in.shown("carrier", noon.Add(2*time.Hour)) + "; " + in.shown("carrier", noon.Add(4*time.Hour)); got != "44 0.1; 33 0.021, 44 0.01" {
		t.Errorf("the card has %q", got)
	}
	r = in.report("4.csv", "prefix,rate\n44,0.50\n", noon.Add(5*time.Hour))
	d, err := in.Decide(ctx, r.Deck.ID, catalog.Reject)
	if err != nil || d.State != catalog.DeckRefused || !strings.Contains(d.Failure, "a person rejected it") {
		t.Errorf("%+v, %v", d, err)
	}
	changes, err := in.DeckChanges(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	for c, err := range changes {
		t.Errorf("a deck that was rejected changes %+v, %v", c, err)
	}
	if _, err := in.Decide(ctx, r.Deck.ID, catalog.Approve); !errors.Is(err, catalog.ErrRefused) {
		t.Errorf("approving what is refused: %v", err)
	}
	// Whatever the card's rules have become, its event does not bring it back.
	in.with(`{}`)
	if again, err := in.Apply(ctx, r.Deck.ID); err != nil || again != nil {
		t.Errorf("the event of a rejected deck again: %+v, %v", again, err)
	}
	if d, err := in.Decide(ctx, r.Deck.ID, catalog.Reject); err != nil || !d.Rejected {
		t.Errorf("rejected again: %+v, %v", d, err)
	}
	if _, err := in.Decide(ctx, "none", catalog.Approve); !errors.Is(err, documents.ErrNotFound) {
		t.Errorf("no such deck: %v", err)
	}
}

// Of a deck with errors a person can have the good rows applied; what the bad ones
// are about is not closed then.
func TestGoodRowsAlone(t *testing.T) {
	in := start(t)
	in.report("1.csv", "prefix,rate\n44,0.01\n33,0.02\n49,0.03\n", noon)
	r := in.report("2.csv", "prefix,rate\n44,0.05\n33,cheap\n", noon.Add(time.Hour))
	if r.Deck.State != catalog.DeckRefused {
		t.Fatalf("%+v", r.Deck)
	}
	r = in.decide(r.Deck.ID, catalog.GoodRows)
	if r.Deck.State != catalog.DeckApplied || r.Deck.Bad != 1 || len(r.Errors) != 1 || r.Actions.Updated != 1 {
		t.Errorf("%+v, %+v", r.Deck, r.Errors)
	}
	if got := in.shown("carrier", noon.Add(2*time.Hour)); got != "33 0.02, 44 0.05, 49 0.03" {
		t.Errorf("the card has %q", got)
	}
	r = in.report("3.csv", "prefix,rate\n33,cheap\n", noon.Add(2*time.Hour))
	if r = in.decide(r.Deck.ID, catalog.GoodRows); r.Deck.State != catalog.DeckUnchanged {
		t.Errorf("no good row: %+v", r.Deck)
	}
	// Of a deck of actions, too.
	r = in.report("4.csv", actionColumns+"A,,44,UK,1,1,0.09,0.09,0,0\nA,,351,Portugal,1,1,0.01,0.01,0,0\n", noon.Add(3*time.Hour))
	if r = in.decide(r.Deck.ID, catalog.GoodRows); r.Deck.State != catalog.DeckApplied || r.Deck.Bad != 1 || r.Actions.Added != 1 {
		t.Errorf("%+v, %+v", r.Deck, r.Actions)
	}
}

// The file that a card was given last is known by its bytes: it does nothing, and
// says so. Applying it again is a person's choice.
func TestTheSameFileTwice(t *testing.T) {
	in := start(t)
	in.report("1.csv", "prefix,rate\n44,0.01\n33,0.02\n", noon)
	const text = actionColumns + "D,,33,,,,,,,\n"
	in.report("2.csv", text, noon.Add(time.Hour))
	r := in.report("3.csv", text, noon.Add(2*time.Hour))
	if r.Deck.State != catalog.DeckUnchanged || r.Deck.Revision != 2 || !strings.Contains(r.Already, "at 2026-11-02T13:00:00Z already") {
		t.Errorf("%+v, %q", r.Deck, r.Already)
	}
	if r := in.decide(r.Deck.ID, catalog.Approve); r.Deck.State != catalog.DeckRefused || r.Already != "" || len(r.Errors) != 1 {
		t.Errorf("there is nothing left to delete: %+v, %+v", r.Deck, r.Errors)
	}
	// After another deck it is none that the card was given last.
	in.report("4.csv", "prefix,rate\n44,0.01\n33,0.02\n", noon.Add(3*time.Hour))
	if r := in.report("5.csv", text, noon.Add(4*time.Hour)); r.Deck.State != catalog.DeckApplied || in.shown("carrier", noon.Add(5*time.Hour)) != "44 0.01" {
		t.Errorf("%+v", r.Deck)
	}
}

// A deck that has names and no codes takes these from its card's list.
func TestADeckByNamesTakesTheCardsList(t *testing.T) {
	in := start(t)
	in.load(strings.Replace(setupText, `"currency": "GBP", "activate": "at_arrival"},`, `"currency": "GBP", "activate": "at_arrival", "destinations": "names.csv"},`, 1))
	if r := in.report("1.csv", "destination,rate\nUK,0.01\nFrance,0.02\n", noon); r.Deck.State != catalog.DeckRefused || !strings.Contains(r.Deck.Failure, "destinations/names.csv: there is none") {
		t.Errorf("%+v", r.Deck)
	}
	if _, err := in.buckets.Decks.Create(ctx, "destinations/names.csv", strings.NewReader("destination,codes\nUK,\"44, 4420\"\nFrance,33\n")); err != nil {
		t.Fatal(err)
	}
	in.report("2.csv", "destination,rate\nUK,0.01\nFrance,0.02\n", noon.Add(time.Hour))
	if got := in.shown("carrier", noon.Add(2*time.Hour)); got != "33 0.02, 44 0.01, 4420 0.01" {
		t.Errorf("the card has %q", got)
	}
}

// Who waits for a large deck sees how far it is.
func TestALargeDeckSaysHowFarItIs(t *testing.T) {
	in := start(t)
	var text strings.Builder
	text.WriteString("prefix,rate\n")
	for i := range 100_001 {
		fmt.Fprintf(&text, "44%06d,0.01\n", i)
	}
	text.WriteString("44,cheap\n")
	r := in.report("1.csv", text.String(), noon)
	if d, err := in.Deck(ctx, r.Deck.ID); err != nil || d.State != catalog.DeckRefused || d.Progress != 100_000 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestRulesOfDecksThatAreNone(t *testing.T) {
	for rules, want := range map[string]string{
		`{"kind": "half"}`: "full, country or partial", `{"notice": "7"}`: `such as "7/0"`, `{"notice": "-1/0"}`: "days", `{"short_notice": "x"}`: "accept, shift or reject",
		`{"limits": {"max_lost_percent": "-1"}}`: "0 or more",
	} {
		text := strings.Replace(setupText, `"currency": "GBP", "activate": "at_arrival"},`, `"currency": "GBP", "activate": "at_arrival", "decks": `+rules+`},`, 1)
		if _, err := catalog.ParseSetup(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", rules, err, want)
		}
	}
}
