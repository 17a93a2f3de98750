package deckupload_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/objects"
)

func TestADeckIsAppliedAndItsCardsAreBuiltAtOnce(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/november.csv", functionstest.Deck, functionstest.Noon)
	var beside catalog.DeckReport
	in.Beside("decks", "carrier/november.csv", &beside)
	if beside.Deck.State != catalog.DeckApplied || beside.Deck.Revision != 1 || beside.Deck.Rates != 1 {
		t.Errorf("the report says %+v", beside.Deck)
	}
	revisions, err := in.Catalog().Revisions(t.Context(), "retail")
	if err != nil || len(revisions) != 1 || revisions[0].Image == "" {
		t.Errorf("the customers' card has revisions %+v, %v; want one, compiled", revisions, err)
	}
}

func TestADeckThatCannotBeReadSaysWhyBesideIt(t *testing.T) {
	in := functionstest.Install(t)
	for name, c := range map[string]struct{ text, want string }{
		"carrier/empty.csv": {"", "rate deck"},
		"carrier/row.csv":   {"prefix,price\n44,0.01\n45,cheap\n", `line 3`},
		"nobody/a.csv":      {functionstest.Deck, `card "nobody" is not defined`},
		"retail/a.csv":      {functionstest.Deck, "decks are for provider cards"},
		"loose.csv":         {functionstest.Deck, "card's folder"},
	} {
		in.Drop("decks", name, c.text, functionstest.Noon)
		var beside catalog.DeckReport
		in.Beside("decks", name, &beside)
		if beside.Deck.State != catalog.DeckRefused || !strings.Contains(beside.Deck.Failure, c.want) {
			t.Errorf("%s: %+v, want it refused with %q", name, beside.Deck, c.want)
		}
	}
}

// text returns an object; "" is none.
func text(in *functionstest.Installation, name string) string {
	in.Helper()
	info, err := in.Buckets.Decks.Stat(in.Context(), name)
	if errors.Is(err, objects.ErrNotFound) {
		return ""
	}
	if err != nil {
		in.Fatal(err)
	}
	r, err := in.Buckets.Decks.OpenRange(in.Context(), name, info.Generation, 0, -1)
	if err != nil {
		in.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		in.Fatal(err)
	}
	return string(data)
}

// replace puts a file in place of another, with its event.
func replace(in *functionstest.Installation, name, text string, at time.Time) {
	in.Helper()
	info, err := in.Buckets.Decks.Stat(in.Context(), name)
	if err == nil {
		err = in.Buckets.Decks.Delete(in.Context(), name, info.Generation)
	}
	if err != nil {
		in.Fatal(err)
	}
	in.Drop("decks", name, text, at)
}

func TestARefusedDeckLiesBesideItselfWithItsErrors(t *testing.T) {
	in := functionstest.Install(t)
	const name = "carrier/row.csv"
	in.Drop("decks", name, "prefix,price\n44,0.01\n45,cheap\n", functionstest.Noon)
	want := "prefix,price,Error Message\n44,0.01,\n" + `45,cheap,"column price: ""cheap"": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked"` + "\n"
	if diff := cmp.Diff(want, text(in, name+".errors.csv")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var beside report.Deck
	in.Beside("decks", name, &beside)
	if f := beside.ErrorFile; f == nil || f.Name != name+".errors.csv" || f.Bytes != int64(len(want)) || f.Errors != 1 || beside.Deck.State != catalog.DeckRefused {
		t.Errorf("the report says %+v", beside)
	}
	// It is no deck itself.
	info, err := in.Buckets.Decks.Stat(t.Context(), name+".errors.csv")
	if err != nil {
		t.Fatal(err)
	}
	in.Object("decks", info, functionstest.Noon)
	in.Schedule("sweeper", functionstest.Noon.Add(time.Hour))
	if decks, _, err := in.Catalog().Decks(t.Context(), "", 10); err != nil || len(decks) != 1 {
		t.Errorf("decks %+v, %v, want the one that came", decks, err)
	}
	// Another one for the next try; none when it succeeds, the column still there.
	replace(in, name, "prefix,price\n44,0.01\n45,dear\n", functionstest.Noon.Add(time.Hour))
	again := text(in, name+".errors.csv")
	if !strings.Contains(again, "45,dear,") {
		t.Errorf("the second time it is\n%s", again)
	}
	replace(in, name, strings.Replace(again, "45,dear", "45,0.02", 1), functionstest.Noon.Add(2*time.Hour))
	beside = report.Deck{}
	in.Beside("decks", name, &beside)
	if beside.Deck.State != catalog.DeckApplied || beside.Deck.Rates != 2 || beside.ErrorFile != nil || text(in, name+".errors.csv") != "" {
		t.Errorf("put right, the report says %+v, and the file is %q", beside.Deck, text(in, name+".errors.csv"))
	}
}

// A deck that is refused for something else takes the errors of the one before
// with it.
func TestADeckThatIsNoneLeavesNoErrorsOfAnother(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a", "prefix,price\n45,cheap\n", functionstest.Noon)
	replace(in, "carrier/a", "{\"rates\":[{\"prefix\":\"45\",\"price\":\"cheap\"}]}", functionstest.Noon)
	if text(in, "carrier/a.errors.csv") != "" || !strings.Contains(text(in, "carrier/a.errors.json"), "Error Message") {
		t.Errorf("CSV %q, JSON %q", text(in, "carrier/a.errors.csv"), text(in, "carrier/a.errors.json"))
	}
	replace(in, "carrier/a", "colour,size\nred,1\n", functionstest.Noon)
	if text(in, "carrier/a.errors.json") != "" {
		t.Errorf("%q is still there", text(in, "carrier/a.errors.json"))
	}
}

// The event of a file that was replaced comes late: the errors beside it are of
// the file that is there.
func TestALateEventLeavesTheErrorsOfTheNewerFile(t *testing.T) {
	in := functionstest.Install(t)
	old := in.Place("decks", "carrier/a.csv", "prefix,price\n45,cheap\n")
	if err := in.Buckets.Decks.Delete(t.Context(), old.Name, old.Generation); err != nil {
		t.Fatal(err)
	}
	in.Drop("decks", "carrier/a.csv", "prefix,price\n45,dear\n", functionstest.Noon)
	in.Object("decks", old, functionstest.Noon)
	if got := text(in, "carrier/a.csv.errors.csv"); !strings.Contains(got, "45,dear,") {
		t.Errorf("beside the newer file lies %q", got)
	}
}

// What applying the rows finds, reading does not.
func TestErrorsOfActionsAreBesideTheDeck(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/first.csv", functionstest.Deck, functionstest.Noon)
	in.Drop("decks", "carrier/next.csv", "action,prefix,price,interval 1,interval n\nA,44,0.05,1,1\nSA,45,0.05,1,1\n", functionstest.Noon.Add(time.Hour))
	if got := text(in, "carrier/next.csv.errors.csv"); !strings.HasPrefix(got, "action,prefix,price,interval 1,interval n,Error Message\nA,44,0.05,1,1,\"") || !strings.HasSuffix(got, "\nSA,45,0.05,1,1,\n") {
		t.Errorf("it is\n%s", got)
	}
}

func TestARefusedDeckIsTakenWhenItComesAgainAfterItWasMended(t *testing.T) {
	in := functionstest.Install(t)
	info := in.Place("decks", "second/a.csv", functionstest.Deck)
	in.Object("decks", info, functionstest.Noon)
	in.Deliver(functionstest.Noon)
	in.Import(strings.NewReplacer(
		`{"id": "carrier"`, `{"id": "second", "kind": "provider", "currency": "GBP", "activate": "at_arrival"}, {"id": "carrier"`,
		`{"id": "retail"`, `{"id": "other", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "second", "markup": "none",
			"terms": {"decimals": 4, "rounding": "half-up"}}, {"id": "retail"`).Replace(functionstest.Setup))
	in.Object("decks", info, functionstest.Noon.Add(time.Hour))
	in.Deliver(functionstest.Noon.Add(time.Hour))
	var beside catalog.DeckReport
	in.Beside("decks", "second/a.csv", &beside)
	if beside.Deck.State != catalog.DeckApplied || beside.Deck.Failure != "" {
		t.Errorf("the report says %+v, want the deck applied", beside.Deck)
	}
	if revisions, err := in.Catalog().Revisions(t.Context(), "other"); err != nil || len(revisions) != 1 {
		t.Errorf("the card that follows has revisions %+v, %v; want one", revisions, err)
	}
}
