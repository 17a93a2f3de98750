package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/rating"
)

// family is an installation with two cards that are built from carrier: retail,
// and thirds, whose markup is exact on few prices.
func family(t *testing.T) *installation {
	t.Helper()
	in := start(t)
	in.load(`{"format": "tollbook setup 1", "cycles": [], "plans": [], "features": [], "feeds": [], "accounts": [], "assignments": [], "cards": [
		{"id": "thirds", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "0.0000001%"}]}`)
	return in
}

func anyCard(string) bool { return true }

func (in *installation) candidates(card string, revision int, asOf time.Time, wanted func(string) bool) []catalog.Candidate {
	in.t.Helper()
	p, err := in.RevisionProposal(ctx, card, revision)
	if err != nil {
		in.t.Fatal(err)
	}
	return in.candidatesOf(p, asOf, wanted)
}

func (in *installation) candidatesOf(p catalog.Proposal, asOf time.Time, wanted func(string) bool) []catalog.Candidate {
	in.t.Helper()
	out, err := in.Candidates(ctx, p, asOf, wanted)
	if err != nil {
		in.t.Fatal(err)
	}
	return out
}

// costs returns what a minute to 44 costs by a candidate; "" where it has no price.
func (in *installation) costs(c catalog.Candidate) string {
	in.t.Helper()
	card, err := rating.Open(c.Image)
	if err != nil {
		in.t.Fatal(err)
	}
	u := rating.Usage{Number: "442079460000", Quantity: int64(time.Minute), Instant: noon.UnixNano()}
	got := card.NewPricer().Price(&u)
	if got.Reason != "" {
		return ""
	}
	return got.Amount.String()
}

func TestACandidateIsTheCardThatItsParentsRevisionMakes(t *testing.T) {
	in := family(t)
	in.apply(in.drop("carrier/1.csv", "prefix,price,increments\n44,0.02,1/1\n", noon))
	in.apply(in.drop("carrier/2.csv", "prefix,price,increments,effective from\n44,0.03,1/1,\n44,0.05,1/1,2027-01-01\n", noon.Add(time.Hour)))
	built := in.compile(noon.Add(2 * time.Hour))
	retail := in.candidates("carrier", 2, time.Time{}, func(card string) bool { return card == "retail" })
	if len(retail) != 1 || retail[0].Card != "retail" || in.costs(retail[0]) != "0.0330" || retail[0].Latest != time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano() {
		t.Fatalf("candidates %d, want retail at 0.0330", len(retail))
	}
	for _, b := range built {
		if own := in.candidates("retail", b.Revision, time.Time{}, anyCard); b.Card == "retail" && b.Revision == 2 && string(own[0].Image) != string(retail[0].Image) {
			t.Error("the card that was built has another image than the candidate before")
		}
	}
	if later := in.candidates("carrier", 2, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), func(card string) bool { return card == "retail" }); in.costs(later[0]) != "0.0550" {
		t.Errorf("as of 2027 it costs %s, want 0.0550", in.costs(later[0]))
	}
	if first := in.candidates("carrier", 1, time.Time{}, anyCard); len(first) != 2 || in.costs(first[0]) != "0.0220" {
		t.Errorf("revision 1 makes %d cards, want both", len(first))
	}
}

func TestACardThatCannotBeBuiltIsNamedAndTheOthersAreThere(t *testing.T) {
	in := family(t)
	in.apply(in.drop("carrier/1.csv", "prefix,price,increments\n44,0.0001,1/1\n", noon))
	out := in.candidates("carrier", 1, time.Time{}, anyCard)
	if len(out) != 2 || out[0].Failure == "" && out[1].Failure == "" {
		t.Fatalf("candidates %+v, want one that fails", out)
	}
	for _, c := range out {
		if failed := c.Card == "thirds"; failed != (c.Image == nil) || failed != strings.Contains(c.Failure, `prefix "44"`) {
			t.Errorf("card %s: %d bytes, %q", c.Card, len(c.Image), c.Failure)
		}
	}
}

// The groups of callers that a deck has prices for are its revision's, and the cards
// that are built from that have them.
func TestACandidateHasTheGroupsOfItsParentsRevision(t *testing.T) {
	in := start(t)
	in.report("1.csv", "prefix,rate,billing,origin prefixes\n44,0.60,1/1,\n44,0.06,1/1,\"33, 49\"\n", noon)
	retail := in.candidates("carrier", 1, time.Time{}, anyCard)[0]
	in.compile(noon)
	if built := in.candidates("retail", 1, time.Time{}, anyCard)[0]; retail.Failure != "" || string(built.Image) != string(retail.Image) {
		t.Errorf("it has another image than the card that is built then: %q", retail.Failure)
	}
	// A card that has another group of that name cannot be built.
	in.load(`{"format": "tollbook setup 1", "cards": [
		{"id": "retail", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "10%",
		 "terms": {"decimals": 4, "rounding": "half-up", "origins": [{"name": "33+49", "prefixes": ["1"]}]}}]}`)
	if c := in.candidates("carrier", 1, time.Time{}, anyCard)[0]; !strings.Contains(c.Failure, `origin group "33+49"`) {
		t.Errorf("the card fails with %q, want the group named", c.Failure)
	}
}

// A customer card's revision has the terms that it was built by, whatever the card
// has now.
func TestARevisionOfACustomerCardKeepsItsTerms(t *testing.T) {
	in := start(t)
	in.apply(in.drop("carrier/1.csv", "prefix,price,increments\n44,0.02,1/1\n", noon))
	in.compile(noon)
	in.load(`{"format": "tollbook setup 1", "cycles": [], "plans": [], "features": [], "feeds": [], "accounts": [], "assignments": [], "cards": [
		{"id": "retail", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "10%", "terms": {"decimals": 2, "rounding": "up"}}]}`)
	if got := in.costs(in.candidates("retail", 1, time.Time{}, anyCard)[0]); got != "0.0220" {
		t.Errorf("it costs %s, want 0.0220 by four decimals", got)
	}
}

func TestThereIsNoCandidateOfWhatIsNotThere(t *testing.T) {
	in := start(t)
	in.apply(in.drop("carrier/1.csv", "prefix,price,increments\n44,0.02,1/1\n", noon))
	for _, c := range []struct {
		card     string
		revision int
		says     string
	}{{"nobody", 1, `no card "nobody"`}, {"carrier", 2, "no revision 2"}, {"retail", 1, "no revision 1"}} {
		if _, err := in.RevisionProposal(ctx, c.card, c.revision); !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %d: error %v, want a refusal that says %s", c.card, c.revision, err, c.says)
		}
	}
	rev, err := in.Revisions(ctx, "carrier")
	if err != nil {
		t.Fatal(err)
	}
	info, err := in.buckets.Cards.Stat(ctx, rev[0].Rates)
	if err == nil {
		err = in.buckets.Cards.Delete(ctx, info.Name, info.Generation)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := in.RevisionProposal(ctx, "carrier", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Candidates(ctx, p, time.Time{}, anyCard); err == nil || errors.Is(err, catalog.ErrRefused) {
		t.Errorf("of rates that are gone: error %v, want a fault of the store", err)
	}
}
