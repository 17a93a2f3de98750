package impact_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/impact"
	"github.com/tollbook/tollbook/shared/period"
)

// carrier defines the world's card carrier anew.
func (w *world) carrier(activate, decks string) {
	w.Helper()
	w.setUp(fmt.Sprintf(`{"format": "tollbook setup 1", "cards": [{"id": "carrier", "kind": "provider", "currency": "GBP", "activate": %q, "increment": "1/1", "decks": %s}]}`, activate, decks))
}

// decide decides about a deck.
func (w *world) decide(id string, what catalog.Decision) {
	w.Helper()
	if _, err := w.cards.Decide(w.Context(), id, what); err != nil {
		w.Fatal(err)
	}
}

func (w *world) state(id string) catalog.Deck {
	w.Helper()
	d, err := w.cards.Deck(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// lines are those of a report, and its notices but for that of decks that are
// applied again: what does not depend on how the rates were named.
func lines(r impact.Report) impact.Report {
	r.Revision, r.Deck = 0, nil
	var rest []string
	for _, s := range r.Notices {
		if !strings.HasPrefix(s, "Decks that came in after") {
			rest = append(rest, s)
		}
	}
	r.Notices = rest
	return r
}

// Whatever the deck says, and whatever became of its card since it was held: its
// impact is that of the revision that approving it makes, and where approving it
// makes none there is none.
func TestTheImpactOfAHeldDeckIsThatOfItsRevision(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, t.TempDir())
		activate := rapid.SampledFrom([]string{"at_arrival", "by_person"}).Draw(rt, "activate")
		kinds := rapid.SampledFrom([]string{`"kind": "full"`, `"kind": "country"`, `"kind": "partial"`, `"kind": "partial", "short_notice": "reject"`, `"kind": "full", "short_notice": "shift"`})
		kind := kinds.Draw(rt, "kind")
		w.carrier(activate, "{"+kind+"}")
		froms := []time.Time{{}} // the first revision is live from the card's beginning
		if rapid.IntRange(0, 9).Draw(rt, "has rates") > 0 {
			w.live("carrier", w.deck("carrier", drawDeck(rt, 1)), time.Time{})
			froms = []time.Time{begin, noon}
		}
		w.live("other", w.deck("other", drawDeck(rt, 0)), time.Time{})
		w.carrier(activate, "{"+kind+`, "confirm": true}`)
		id := w.drop("carrier", drawDeck(rt, 2))
		if rapid.Bool().Draw(rt, "another rule") {
			kind = kinds.Draw(rt, "kind then")
		}
		w.carrier(activate, "{"+kind+"}")
		if rapid.Bool().Draw(rt, "a later deck") {
			later := w.state(w.drop("carrier", drawDeck(rt, 3)))
			if later.State == catalog.DeckApplied && rapid.Bool().Draw(rt, "live") {
				w.live("carrier", later.Revision, rapid.SampledFrom(froms).Draw(rt, "from"))
			}
		}
		drawRecords(rt, w)
		months := []period.Month{month("2026-10"), month("2026-11")}
		rebuilt := rapid.Bool().Draw(rt, "rebuilt")
		asOf := rapid.SampledFrom([]time.Time{{}, noon}).Draw(rt, "as of")
		was := w.state(id)
		c, err := w.compare(impact.Query{Deck: id, Months: months, Rebuilt: rebuilt, AsOf: asOf})
		if diff := cmp.Diff(was, w.state(id)); diff != "" {
			rt.Fatalf("looking at a deck changes it (-before +after)\n%s", diff)
		}
		if was.State != catalog.DeckHeld { // it is refused or changes nothing as it comes in
			if !errors.Is(err, catalog.ErrRefused) {
				rt.Fatalf("the deck is %s, and its impact is answered with %v", was.State, err)
			}
			return
		}
		w.decide(id, catalog.Approve)
		if _, err := w.cards.Apply(w.Context(), id); err != nil {
			rt.Fatal(err)
		}
		d := w.state(id)
		if d.State != catalog.DeckApplied {
			if !errors.Is(err, catalog.ErrRefused) {
				rt.Fatalf("approved, the deck is %s (%s); its impact was answered with %v", d.State, d.Failure, err)
			}
			return
		}
		if err != nil {
			rt.Fatalf("approved, the deck is revision %d; its impact was answered with %v", d.Revision, err)
		}
		if of := c.Report.Deck; of == nil || of.ID != id || of.Object != d.Object || of.State != catalog.DeckHeld || of.Base != d.Base || c.Report.Revision != 0 || c.Report.Card != "carrier" {
			rt.Errorf("the report is of %+v, revision %d; want the deck, held, upon revision %d", of, c.Report.Revision, d.Base)
		}
		byRevision := w.report(impact.Query{Card: "carrier", Revision: d.Revision, Months: months, Rebuilt: rebuilt, AsOf: asOf})
		if diff := cmp.Diff(lines(byRevision), lines(c.Report)); diff != "" {
			rt.Errorf("by the revision and by the deck (-revision +deck)\n%s", diff)
		}
		applied := w.report(impact.Query{Deck: id, Months: months, Rebuilt: rebuilt, AsOf: asOf})
		if diff := cmp.Diff(lines(byRevision), lines(applied)); diff != "" || applied.Revision != d.Revision || applied.Deck.State != catalog.DeckApplied {
			rt.Errorf("of the deck once it is revision %d: %d, %+v (-revision +deck)\n%s", d.Revision, applied.Revision, applied.Deck, diff)
		}
	})
}

// What a held deck costs is known before anybody approves it, and says which deck it
// is of.
func TestWhatAHeldDeckWouldHaveCost(t *testing.T) {
	w, _ := worked(t)
	w.carrier("by_person", `{"limits": {"max_increase_percent": "50"}}`)
	id := w.drop("carrier", "prefix,destination,price,increments\n44,UK,0.08,1/1\n49,Germany,0.03,1/1\n")
	was := w.state(id)
	if was.State != catalog.DeckHeld || was.Base != 2 {
		t.Fatalf("%+v", was)
	}
	r := w.report(impact.Query{Deck: id, Months: november})
	if want := (impact.Deck{ID: id, Object: was.Object, State: catalog.DeckHeld, Base: 2}); r.Deck == nil || *r.Deck != want || r.Revision != 0 || r.Card != "carrier" {
		t.Errorf("the report is of card %q, revision %d, %+v; want deck %+v", r.Card, r.Revision, r.Deck, want)
	}
	same(t, "destinations", texts(r.Destinations),
		"UK: cost of 4: 0.18 → 0.36 (0.18), 300 → 270 s, unrated 0 → 0; margin of 4, 4: 0.08 → -0.1",
		": cost of 1: 0 → 0 (0), 0 → 0 s, unrated 1 → 1",
		"Germany: cost of 1: 0.045 → 0.045 (0), 90 → 90 s, unrated 0 → 0; margin of 1, 1: 0.0225 → 0.0225")
	if len(r.Notices) > 0 {
		t.Errorf("notices %q", r.Notices)
	}
	// It is applied as the card's rules are now. A deck that comes later is applied again
	// upon it: what that changes does not show.
	w.carrier("by_person", `{"kind": "partial"}`)
	w.deck("carrier", "prefix,destination,price,increments\n44,UK,0.01,1/1\n")
	r = w.report(impact.Query{Deck: id, Months: november})
	if len(r.Notices) != 1 || !strings.Contains(r.Notices[0], "upon it: 1.") || r.Deck.Again != 1 || r.Total.Cost.New.Trim().String() != "0.37" {
		t.Errorf("after a later deck: cost %s, %+v, notices %q", r.Total.Cost.New, r.Deck, r.Notices)
	}
}

func TestWhatMakesNoRatesHasNoImpact(t *testing.T) {
	w, _ := worked(t)
	w.carrier("by_person", `{"kind": "partial"}`)
	held := func(text string) string {
		t.Helper()
		w.carrier("by_person", `{"kind": "partial", "confirm": true}`)
		defer w.carrier("by_person", `{"kind": "partial"}`)
		id := w.drop("carrier", text)
		if d := w.state(id); d.State != catalog.DeckHeld {
			t.Fatalf("%+v", d)
		}
		return id
	}
	const header = "prefix,destination,price,increments\n"
	bad, idle, rejected := w.drop("carrier", header+"44,UK,cheap,1/1\n"), w.drop("carrier", header+"49,Germany,0.03,1/1\n"), held(header+"44,UK,0.09,1/1\n")
	w.decide(rejected, catalog.Reject)
	overtaken := held("action," + header + "A,45,Denmark,0.05,1/1\n")
	w.carrier("at_arrival", `{"kind": "partial"}`)
	w.live("carrier", w.deck("carrier", header+"45,Denmark,0.04,1/1\n"), begin)
	for _, c := range []struct {
		what, says string
		q          impact.Query
	}{
		{"refused", "the deck is refused, and makes no rates: 1 errors, the first: ", impact.Query{Deck: bad}},
		{"unchanged", "the deck changed nothing: its rates are those of revision 2 of card carrier", impact.Query{Deck: idle}},
		{"rejected", "the deck is refused, and makes no rates: a person rejected it", impact.Query{Deck: rejected}},
		{"adds what is there now", "as that is now, the deck would be refused: 1 errors, the first: ", impact.Query{Deck: overtaken}},
		{"unknown", `there is no deck "none"`, impact.Query{Deck: "none"}},
		{"nothing", "want a card and its revision, or a deck", impact.Query{}},
		{"no revision", "want a card and its revision, or a deck", impact.Query{Card: "carrier"}},
		{"both", "want a card and its revision, or a deck", impact.Query{Card: "carrier", Revision: 2, Deck: rejected}},
		{"a card beside it", "want a card and its revision, or a deck", impact.Query{Card: "carrier", Deck: rejected}},
	} {
		c.q.Months = november
		if _, err := w.compare(c.q); !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want a refusal that says %s", c.what, err, c.says)
		}
	}
}
