package cardcompile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions/cardcompile"
	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/jobs"
)

func TestTheScheduleBuildsWhatLostItsOrder(t *testing.T) {
	in := functionstest.Install(t)
	in.Object("decks", in.Place("decks", "carrier/a.csv", functionstest.Deck), functionstest.Noon)
	in.Lose()
	count := func() int {
		t.Helper()
		revisions, err := in.Catalog().Revisions(t.Context(), "retail")
		if err != nil {
			t.Fatal(err)
		}
		return len(revisions)
	}
	if n := count(); n != 0 {
		t.Fatalf("%d revisions before the schedule", n)
	}
	for range 2 {
		in.Schedule("cardcompile", functionstest.Noon.Add(15*time.Minute))
	}
	if n := count(); n != 1 {
		t.Errorf("%d revisions, want one however often the schedule comes", n)
	}
}

func TestAPersonMayAskForANewMarkup(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/a.csv", functionstest.Deck, functionstest.Noon)
	in.Import(strings.Replace(functionstest.Setup, `"markup": "none"`, `"markup": "50%"`, 1))
	job := in.Ask(jobs.Compile, "", "", functionstest.Noon.Add(time.Hour))
	if want := `[{"card":"retail","revision":2,"rates":1,"live":true}]`; job.State != jobs.Done || job.Report != want {
		t.Errorf("the job is %s with %s, want %s", job.State, job.Report, want)
	}
}

func TestWhatBecameOfTheCardsLiesBesideTheDeck(t *testing.T) {
	in := functionstest.Install(t)
	in.Import(strings.Replace(functionstest.Setup, `"markup": "none"`, `"markup": "10%"`, 1))
	for i, c := range []struct{ name, price, failure string }{
		{"carrier/good.csv", "0.01", ""},
		{"carrier/fine.csv", "0.000000000001", `prefix "44"`},
	} {
		name := c.name
		in.Drop("decks", name, "prefix,price\n44,"+c.price+"\n", functionstest.Noon.Add(time.Duration(i)*time.Hour))
		var cards []catalog.Follower
		in.Beside("decks", name+cardcompile.CardsSuffix, &cards)
		if len(cards) != 1 || cards[0].Card != "retail" || !strings.Contains(cards[0].Failure, c.failure) || (cards[0].Failure != "") != (c.failure != "") {
			t.Errorf("%s: %+v, want the card retail, and its failure to say %q", name, cards, c.failure)
		}
	}
	if !strings.Contains(in.Log.String(), "a card cannot be built") {
		t.Error("the log says nothing of the card that could not be built")
	}
}
