package deckupload_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/catalog"
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
