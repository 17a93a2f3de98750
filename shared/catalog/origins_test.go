package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/rating"
)

// A deck with prices by the caller's prefix is charged so by the card that is built
// from it, which knows nothing of these groups itself.
func TestRatesByCallerAreChargedToTheLastCard(t *testing.T) {
	in := start(t)
	r := in.report("1.csv", "prefix,rate,billing,origin prefixes\n44,0.60,1/1,\n44,0.06,1/1,\"33, 49\"\n44,0.12,1/1,336\n", noon)
	if r.Deck.State != catalog.DeckApplied {
		t.Fatalf("%+v, %v", r.Deck, r.Errors)
	}
	built := in.compile(noon.Add(time.Minute))
	if len(built) != 1 || built[0].Failure != "" {
		t.Fatalf("%+v", built)
	}
	revisions, err := in.Revisions(ctx, "retail")
	if err != nil {
		t.Fatal(err)
	}
	card, err := rating.Open(in.read(revisions[0].Image, in.generation(revisions[0].Image)))
	if err != nil {
		t.Fatal(err)
	}
	p := card.NewPricer()
	for caller, want := range map[string]string{"4420": "0.6600", "33142685300": "0.0660", "4930123456": "0.0660", "33612345678": "0.1320", "": "0.6600"} {
		c := p.Price(&rating.Usage{Number: "442079460000", Caller: caller, Quantity: int64(time.Minute), Instant: noon.UnixNano()})
		if got := c.Amount.String(); got != want {
			t.Errorf("from %q a minute is %s, want %s", caller, got, want)
		}
	}
	// Nothing is due that was built.
	if again := in.compile(noon.Add(time.Hour)); len(again) != 0 {
		t.Errorf("built again: %+v", again)
	}
}

// A card whose terms have another group of the deck's name is not built, and says
// why; it charges as before.
func TestGroupsOfOneNameMustBeOne(t *testing.T) {
	in := start(t)
	in.load(`{"format": "tollbook setup 1", "cards": [
		{"id": "retail", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "10%",
		 "terms": {"decimals": 4, "rounding": "half-up", "origins": [{"name": "33+49", "prefixes": ["1"]}]}}]}`)
	in.report("1.csv", "prefix,rate,origin prefixes\n44,0.60,\n44,0.06,\"33, 49\"\n", noon)
	built := in.compile(noon.Add(time.Minute))
	if len(built) != 1 || !strings.Contains(built[0].Failure, `origin group "33+49"`) {
		t.Errorf("%+v", built)
	}
}
