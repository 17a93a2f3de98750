package deckupload_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// became is what a report says became of a deck, but for the numbers of revisions.
type became struct {
	State            catalog.DeckState
	Rates            int64
	Actions, Changes string // as they are written
}

// beside returns what lies beside decks, and holds it against the decks themselves.
func beside(in *functionstest.Installation, names []string) (out []became) {
	in.Helper()
	decks, _, err := in.Catalog().Decks(in.Context(), "", 100)
	if err != nil {
		in.Fatal(err)
	}
	for _, name := range names {
		var found report.Deck
		in.Beside("decks", name, &found)
		if i := slices.IndexFunc(decks, func(d catalog.Deck) bool { return d.Object == name }); i < 0 || !found.Deck.Same(decks[i]) {
			in.Errorf("beside %s lies %+v, and the decks are %+v", name, found.Deck, decks)
		}
		actions, err := json.Marshal(found.Actions)
		if err != nil {
			in.Fatal(err)
		}
		changes, err := json.Marshal(found.Changes)
		if err != nil {
			in.Fatal(err)
		}
		out = append(out, became{found.Deck.State, found.Deck.Rates, string(actions), string(changes)})
	}
	return out
}

// In whatever order decks come, beside each lies what is so in the end; also where
// the reports were lost, and events come again.
func TestReportsSayWhatIsSoInWhateverOrderDecksCome(t *testing.T) {
	install := functionstest.Installs(t)
	rapid.Check(t, func(rt *rapid.T) {
		setup := strings.Replace(functionstest.Setup, `"activate": "at_arrival"},`,
			fmt.Sprintf(`"activate": "at_arrival", "decks": {"kind": %q}},`, rapid.SampledFrom([]string{"full", "partial"}).Draw(rt, "kind")), 1)
		var names, texts []string
		for i := range rapid.IntRange(2, 4).Draw(rt, "decks") {
			text := fmt.Sprintf("prefix,destination,rate,effective\n39,Italy of deck %d,0.01,\n", i)
			for _, prefix := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"4420", "4479", "331"}), 1, 3, rapid.ID[string]).Draw(rt, "prefixes") {
				text += fmt.Sprintf("%s,,0.0%d,%s\n", prefix, rapid.IntRange(1, 3).Draw(rt, "price"), rapid.SampledFrom([]string{"", "", "2026-11-03 15:30", "2026-12-01"}).Draw(rt, "from"))
			}
			names, texts = append(names, fmt.Sprintf("carrier/%d.csv", i)), append(texts, text)
		}
		drop := func(order []int) *functionstest.Installation {
			in := install()
			in.Import(setup)
			for _, i := range order {
				in.Object("decks", in.Place("decks", names[i], texts[i]), functionstest.Noon.Add(time.Duration(i)*time.Hour))
			}
			return in
		}
		order := make([]int, len(names))
		for i := range order {
			order[i] = i
		}
		want := beside(drop(order), names)
		in := drop(rapid.Permutation(order).Draw(rt, "order"))
		if diff := cmp.Diff(want, beside(in, names)); diff != "" {
			rt.Fatalf("the decks came late (-in order +as they came):\n%s", diff)
		}
		for _, name := range names {
			remove(in, name+report.Suffix)
		}
		o, err := in.Buckets.Decks.Stat(in.Context(), names[0])
		if err != nil {
			rt.Fatal(err)
		}
		in.Object("decks", o, functionstest.Noon) // the first alone: it knows those after it
		if diff := cmp.Diff(want, beside(in, names)); diff != "" {
			rt.Fatalf("the reports were lost (-in order +again):\n%s", diff)
		}
	})
}

func remove(in *functionstest.Installation, name string) {
	in.Helper()
	o, err := in.Buckets.Decks.Stat(in.Context(), name)
	if err == nil {
		err = in.Buckets.Decks.Delete(in.Context(), name, o.Generation)
	}
	if err != nil {
		in.Fatal(err)
	}
}

// Who looks at the later file sees what it was held against then, and why.
func TestALaterDeckSaysThatItWasAppliedAgain(t *testing.T) {
	in := functionstest.Install(t)
	in.Drop("decks", "carrier/first.csv", "prefix,price\n44,0.01\n", functionstest.Noon)
	in.Drop("decks", "carrier/third.csv", "prefix,price\n44,0.03\n", functionstest.Noon.Add(2*time.Hour))
	var was, is report.Deck
	in.Beside("decks", "carrier/third.csv", &was)
	in.Drop("decks", "carrier/second.csv", "prefix,price\n44,0.05\n", functionstest.Noon.Add(time.Hour))
	in.Beside("decks", "carrier/third.csv", &is)
	if was.Changes.Counts[ratecard.Increase] != 1 || was.Deck.After != "" {
		t.Errorf("before, the report said %+v %+v", was.Deck, was.Changes)
	}
	if is.Changes.Counts[ratecard.Decrease] != 1 || is.Changes.Counts[ratecard.Increase] != 0 || is.Deck.After != "carrier/second.csv" {
		t.Errorf("after, the report says %+v %+v", is.Deck, is.Changes)
	}
	beside(in, []string{"carrier/first.csv", "carrier/second.csv", "carrier/third.csv"})
}
