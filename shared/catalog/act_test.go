package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// report applies a deck and returns what is said of it.
func (in *installation) report(name, text string, at time.Time) *catalog.DeckReport {
	in.t.Helper()
	id := in.drop("carrier/"+name, text, at)
	r, err := in.Apply(ctx, id)
	if err != nil {
		in.t.Fatal(err)
	}
	return r
}

const actionColumns = "Action,Id,Prefix,Country,Interval 1,Interval N,Price 1,Price N,Forbidden,Grace Period\n"

// Rows of a deck with actions change the rates that there are, all of them or
// none, and the counts say what became of each.
func TestADeckOfActions(t *testing.T) {
	in := start(t)
	r := in.report("1.csv", actionColumns+"A,,44,UK,1,1,0.01,0.01,0,0\nSA,,33,France,1,1,0.02,0.02,0,0\nA,,49,Germany,1,1,0.03,0.03,0,0\n,,46,Sweden,1,1,0.04,0.04,0,0\n", noon)
	if r.Deck.State != catalog.DeckApplied || r.Deck.Rates != 3 || r.Actions == nil || r.Actions.Added != 3 || r.Actions.Ignored != 1 || r.Actions.Processed != 4 {
		t.Fatalf("%+v, %+v", r.Deck, r.Actions)
	}
	later := noon.Add(time.Hour)
	r = in.report("2.csv", actionColumns+"S,,44,,1,1,0.05,0.05,0,0\nD,,33,,,,,,,\nA,,47,Norway,1,1,0.01,0.01,0,0\n", later)
	want := ratecard.Result{Processed: 3, Recognised: 3, Added: 1, Updated: 1, Deleted: 1}
	if diff := cmp.Diff(want, *r.Actions, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Notices" }, cmp.Ignore())); diff != "" || r.Deck.State != catalog.DeckApplied {
		t.Errorf("%+v (-want +got):\n%s", r.Deck, diff)
	}
	if got := fmt.Sprint(r.Changes.Counts[ratecard.New], r.Changes.Counts[ratecard.Increase], r.Changes.Counts[ratecard.Closed], r.Changes.Counts[ratecard.Unchanged], r.From); got != "1 1 1 1 1" {
		t.Errorf("new, increases, closed, unchanged, from: %s", got)
	}
	if got := in.price("carrier", later.Add(time.Minute)); !strings.Contains(got, "0.05") {
		t.Errorf("44 costs %s", got)
	}
	// A rate that is there cannot be added; nothing of the deck is applied.
	r = in.report("3.csv", actionColumns+"A,,44,UK,1,1,0.09,0.09,0,0\nA,,351,Portugal,1,1,0.01,0.01,0,0\nU,nosuch,49,,1,1,0.5,0.5,0,0\n", later.Add(time.Hour))
	if r.Deck.State != catalog.DeckRefused || len(r.Errors) != 2 || r.Errors[0].Line != 2 || r.Errors[1].Line != 4 || r.Errors[1].Column != "Id" {
		t.Errorf("%+v %+v", r.Deck, r.Errors)
	}
}

// The same deck again, or one in another spelling, changes nothing.
func TestWhatADeckChangesIsCounted(t *testing.T) {
	in := start(t)
	first := in.report("1.csv", "prefix,rate (inter),intrastate,rate\n1212,0.01,0.02,0.03\n1213,0.01,0.02,0.03\n", noon)
	if first.Changes == nil || first.From != 0 || first.Changes.Counts[ratecard.New] != 6 {
		t.Errorf("%+v", first.Changes)
	}
	again := in.report("2.csv", "Code;Rate;Inter;Intra\n+1213;0,030;0,01;0,02\n+1212;0,030;0,01;0,02\n", noon.Add(time.Hour))
	if again.From != 1 || again.Changes.Counts[ratecard.Unchanged] != 6 || again.Changes.Rates() != 6 {
		t.Errorf("%+v, %+v", again.Deck, again.Changes)
	}
}

// Prices in another currency are no prices of the card.
func TestADeckInAnotherCurrencyIsRefused(t *testing.T) {
	in := start(t)
	r := in.report("1.csv", "Currency:,USD\nprefix,rate\n44,0.01\n", noon)
	if r.Deck.State != catalog.DeckRefused || !strings.Contains(r.Deck.Failure, "in USD and the card's in GBP") {
		t.Errorf("%+v", r.Deck)
	}
	if r := in.report("2.csv", "prefix,rate (GBP)\n44,0.01\n", noon); r.Deck.State != catalog.DeckApplied {
		t.Errorf("%+v", r.Deck)
	}
}

// A deck that comes in after a later one is applied where it stands, and the
// later one again.
func TestAnOvertakenDeckIsAppliedWhereItStands(t *testing.T) {
	in := start(t)
	in.report("1.csv", "prefix,rate\n44,0.01\n", noon)
	early := in.drop("carrier/2.csv", actionColumns+"S,,44,,1,1,0.05,0.05,0,0\n", noon.Add(time.Hour))
	earlier := in.drop("carrier/2b.csv", actionColumns+"D,,44,,,,,,,\nA,,46,,1,1,0.01,0.01,0,0\n", noon.Add(30*time.Minute))
	in.report("3.csv", actionColumns+"A,,33,,1,1,0.05,0.05,0,0\n", noon.Add(2*time.Hour))
	r, err := in.Apply(ctx, early)
	if err != nil || r.Deck.State != catalog.DeckApplied || r.Again != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	for hour, want := range map[int]string{0: "44 0.01", 1: "44 0.05", 2: "33 0.05, 44 0.05"} {
		if got := in.shown("carrier", noon.Add(time.Duration(hour)*time.Hour)); got != want {
			t.Errorf("after %d hours %q, want %q", hour, got, want)
		}
	}
	// Where a later one cannot be applied after it, it has to be sent again.
	if r, err := in.Apply(ctx, earlier); err != nil || r.Deck.State != catalog.DeckRefused || !strings.Contains(r.Deck.Failure, "send it again") {
		t.Errorf("%+v, %v", r, err)
	}
}

// shown writes the rates that a card has at an instant.
func (in *installation) shown(card string, at time.Time) string {
	in.t.Helper()
	n, _ := in.card(card).Log.At(at)
	var out []string
	for _, r := range in.ratesOf(card, n) {
		if (r.From == 0 || r.From <= at.UnixNano()) && (r.To == 0 || at.UnixNano() < r.To) {
			out = append(out, r.Prefix+" "+r.Price1.String())
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// What is withdrawn later holds until then: at the card's price, or at the deck's
// where the card has none.
func TestAWithdrawnRateHoldsUntilItIs(t *testing.T) {
	in := start(t)
	in.report("1.csv", "prefix,rate\n44,0.01\n46,0.03\n49,0.04\n", noon)
	r := in.report("2.csv", "prefix,rate,change,effective\n44,0.01,,\n33,0.02,closed,2026-11-09\n46,,closed,2026-11-09\n49,,closed,2026-11-01\n351,,closed,2026-11-09\n", noon.Add(time.Hour))
	if r.Deck.State != catalog.DeckApplied || r.Deck.Rates != 3 || !strings.Contains(fmt.Sprint(r.Actions.Notices), "line 6): withdrawn, and the card has no such rate") {
		t.Errorf("%+v, %+v, %+v", r.Deck, r.Errors, r.Actions)
	}
	for at, want := range map[time.Time]string{
		noon: "44 0.01, 46 0.03, 49 0.04", noon.Add(time.Hour): "33 0.02, 44 0.01, 46 0.03", noon.AddDate(0, 0, 7): "44 0.01",
	} {
		if got := in.shown("carrier", at); got != want {
			t.Errorf("at %s %q, want %q", at, got, want)
		}
	}
}

// The templates of a card say how its decks are written: one for all, or each
// for the header that it has the fingerprint of.
func TestTheTemplatesOfACard(t *testing.T) {
	in := start(t)
	card := func(templates string) string {
		return fmt.Sprintf(`{"format": "tollbook setup 1", "cards": [
			{"id": "carrier", "kind": "provider", "currency": "GBP", "activate": "at_arrival", "templates": %s}]}`, templates)
	}
	in.load(card(`[{"columns": {"prefix": "#2", "price": "#1"}, "hundredths": true}]`))
	if r := in.report("1.csv", "1,44\n2,45\n", noon); r.Deck.State != catalog.DeckApplied {
		t.Fatalf("%+v", r.Deck)
	}
	if got := in.price("carrier", noon.Add(time.Minute)); !strings.Contains(got, "0.01") {
		t.Errorf("44 costs %s", got)
	}
	in.load(card(fmt.Sprintf(`[{"fingerprint": "x"}, {"fingerprint": %q, "columns": {"prefix": "wo", "price": "was"}}]`, deck.Fingerprint([]string{"Wo", "Was"}))))
	if r := in.report("2.csv", "WO;was\n44;0,5\n", noon.Add(time.Hour)); r.Deck.State != catalog.DeckApplied {
		t.Errorf("%+v", r.Deck)
	}
	for _, bad := range []string{`[{"third": "x"}]`, `[{}, {}]`} {
		s, err := catalog.ParseSetup(strings.NewReader(card(bad)))
		if err == nil {
			err = in.Import(ctx, s)
		}
		if err == nil || !strings.Contains(err.Error(), "template") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A rate that begins later has no price before, and the report says so.
func TestRatesThatBeginLaterAreCounted(t *testing.T) {
	in := start(t)
	r := in.report("1.csv", "prefix,rate,effective\n44,0.01,2026-11-01\n33,0.02,2026-11-09\n49,0.02,\n", noon)
	if n := r.Read.Notices; len(n) == 0 || !strings.Contains(n[len(n)-1], "after the deck came: 1.") {
		t.Errorf("%q", n)
	}
}
