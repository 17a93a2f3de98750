package catalog_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

func (in *installation) proposal(id string) catalog.Proposal {
	in.t.Helper()
	p, err := in.DeckProposal(ctx, id)
	if err != nil {
		in.t.Fatal(err)
	}
	return p
}

// A candidate of a held deck is the card that is built once it is approved, with the
// groups of callers that the deck has prices for.
func TestACandidateOfAHeldDeckIsTheCardThatItMakes(t *testing.T) {
	in := start(t)
	in.with(`{"limits": {"max_increase_percent": "50"}}`)
	in.report("1.csv", "prefix,rate,billing\n44,0.02,1/1\n33,0.01,1/1\n", noon)
	in.compile(noon)
	held := in.report("2.csv", "prefix,rate,billing,origin prefixes\n44,0.60,1/1,\n44,0.06,1/1,\"33, 49\"\n", noon.Add(time.Hour)).Deck
	p := in.proposal(held.ID)
	if held.State != catalog.DeckHeld || p.Revision != 0 || p.Card.ID != "carrier" || p.Deck.ID != held.ID || p.Deck.Base != 1 || p.Deck.Next != held.Next {
		t.Fatalf("%+v of %+v; want the deck upon revision 1", p, held)
	}
	retail := in.candidatesOf(p, time.Time{}, anyCard)[0]
	if got := in.costs(retail); got != "0.6600" {
		t.Errorf("a minute costs %s, want 0.6600", got)
	}
	in.decide(held.ID, catalog.Approve)
	in.compile(noon.Add(2 * time.Hour))
	if built := in.candidates("retail", 2, time.Time{}, anyCard)[0]; string(built.Image) != string(retail.Image) {
		t.Error("the card that is built has another image than the candidate before")
	}
	if p := in.proposal(held.ID); p.Revision != 2 || string(in.candidatesOf(p, time.Time{}, anyCard)[0].Image) != string(retail.Image) {
		t.Errorf("once it is applied: revision %d, want 2 with the same image", p.Revision)
	}
}

// What a deck would make is worked out without a trace on it, however large it is.
func TestLookingAtAHeldDeckLeavesItAsItIs(t *testing.T) {
	in := start(t)
	in.with(`{"confirm": true}`)
	var text strings.Builder
	text.WriteString("prefix,rate\n")
	for i := range 100_001 {
		fmt.Fprintf(&text, "44%06d,0.01\n", i)
	}
	id := in.report("1.csv", text.String(), noon).Deck.ID
	version := func() documents.Version {
		t.Helper()
		doc, err := in.docs.Get(ctx, documents.Path{Collection: "decks", ID: documents.ID(id)})
		if err != nil {
			t.Fatal(err)
		}
		return doc.Version
	}
	was := version()
	if in.proposal(id); version() != was {
		t.Error("its document was written")
	}
}

// meanwhile is a bucket in which something happens when an object is read first.
type meanwhile struct {
	objects.Bucket
	happens func()
}

func (m *meanwhile) OpenRange(ctx context.Context, name, generation string, from, to int64) (io.ReadCloser, error) {
	if happens := m.happens; happens != nil {
		m.happens = nil
		happens()
	}
	return m.Bucket.OpenRange(ctx, name, generation, from, to)
}

// A deck that is approved or rejected while it is looked at is what it is then.
func TestADeckThatIsDecidedAboutMeanwhile(t *testing.T) {
	for _, what := range []catalog.Decision{catalog.Approve, catalog.Reject} {
		in := start(t)
		in.with(`{"limits": {"max_increase_percent": "50"}}`)
		in.report("1.csv", deckOf("0.01"), noon)
		held := in.report("2.csv", deckOf("0.02"), noon.Add(time.Hour)).Deck
		bucket := &meanwhile{Bucket: in.buckets.Decks}
		in.buckets.Decks = bucket
		in.Catalog = catalog.New(in.docs, in.buckets, ledger.New(in.docs, in.buckets))
		bucket.happens = func() {
			if _, err := in.Decide(ctx, held.ID, what); err != nil {
				t.Fatal(err)
			}
			if what == catalog.Approve {
				in.apply(held.ID)
			}
		}
		p, err := in.DeckProposal(ctx, held.ID)
		if what == catalog.Approve && (err != nil || p.Revision != 2) {
			t.Errorf("approved: revision %d, %v; want 2", p.Revision, err)
		}
		if what == catalog.Reject && (err == nil || !strings.Contains(err.Error(), "a person rejected it")) {
			t.Errorf("rejected: %v", err)
		}
	}
}
