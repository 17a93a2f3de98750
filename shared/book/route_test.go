package book

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// Whatever is set up, a route is one of its instant, and what it says holds for
// every instant from From to To: the month, the zone and the card image are
// those that Month, Zone and Image give.
func TestARouteHoldsFromOneInstantToAnother(t *testing.T) {
	start := at("2026-09-28T00:00:00Z").UnixNano()
	rapid.Check(t, func(t *rapid.T) {
		instant := rapid.Custom(func(t *rapid.T) int64 {
			if rapid.Bool().Draw(t, "on the hour") { // where months begin and revisions do
				return start + rapid.Int64Range(0, 100*24).Draw(t, "hour")*3600e9 + rapid.Int64Range(-1, 1).Draw(t, "ns")
			}
			return start + rapid.Int64Range(0, 100*24*3600e9).Draw(t, "instant")
		})
		b := &Book{
			Rules:  RuleVersion,
			Cycles: []Cycle{{ID: "here", Zone: rapid.SampledFrom([]string{"UTC", "Europe/London", "America/New_York", "Asia/Kolkata"}).Draw(t, "zone")}},
		}
		for i := range 3 {
			c := Card{ID: fmt.Sprint("card", i), Log: ratecard.Log{{Revision: 1}}, Images: map[string]string{"1": fmt.Sprint("image", i, "-", 1)}}
			for n := range rapid.IntRange(0, 3).Draw(t, "activations") {
				c.Log = append(c.Log, ratecard.Activation{Revision: n + 2, From: time.Unix(0, instant.Draw(t, "from")).UTC()})
				c.Images[fmt.Sprint(n+2)] = fmt.Sprint("image", i, "-", n+2)
			}
			b.Cards = append(b.Cards, c)
		}
		b.Cards = append(b.Cards, Card{ID: "none"})
		b.Accounts = []Account{{ID: "", Cycle: "here"}, {ID: "acme", Cycle: "here", Currency: "GBP"}}
		for _, m := range []string{"2026-09", "2026-10", "2026-11", "2026-12"} {
			if card := rapid.SampledFrom([]string{"", "card0", "card1", "card2", "none"}).Draw(t, m); card != "" {
				b.Assignments = append(b.Assignments, Assignment{Account: "acme", From: month(m), Card: card})
			}
		}
		narrow, fallback := rapid.Bool().Draw(t, "narrow"), rapid.SampledFrom([]string{"", "GBP", "EUR"}).Draw(t, "fallback")
		if narrow {
			b.Assignments = append(b.Assignments, Assignment{Account: "acme", From: month("2026-11"), Direction: Inbound, Card: "card2"})
		}
		if fallback != "" {
			b.Fallbacks = []Fallback{{Currency: fallback, From: month("2026-10"), Card: "card1"}}
		}
		ix, err := NewIndex(b)
		if err != nil {
			t.Fatal(err)
		}
		place, ok := ix.Place([]byte("acme"))
		if !ok {
			t.Fatal("the book has no account acme")
		}
		ns := instant.Draw(t, "at")
		r := ix.Route(place, ns)
		if r.From > ns || r.To <= ns {
			t.Fatalf("the route of %d holds from %d to %d", ns, r.From, r.To)
		}
		if r.Cycle != "here" || r.Currency != "GBP" || r.Alone != narrow || r.Fallbacks != (fallback == "GBP") {
			t.Fatalf("%+v: it is rated one by one: %t, has fallbacks in %q", r, narrow, fallback)
		}
		others := []int64{r.From, r.To - 1, ns}
		for range 5 {
			others = append(others, rapid.Int64Range(r.From, r.To-1).Draw(t, "within"))
		}
		for _, other := range others {
			_, m, _ := ix.Month("acme", time.Unix(0, other))
			zone, _ := ix.Zone("acme")
			image, why := ix.Image("acme", time.Unix(0, other))
			if m != r.Month || zone != r.Zone || image != r.Image || why != r.Why {
				t.Fatalf("at %d: %s, %s, image %q %s; its route is %+v", other, m, zone, image, why, r)
			}
			if again := ix.Route(place, other); cmp.Diff(fmt.Sprintf("%+v", r), fmt.Sprintf("%+v", again)) != "" {
				t.Fatalf("at %d the route is %+v, want %+v", other, again, r)
			}
		}
		// It holds for as long as that is so: it ends with its month or its image.
		for _, over := range []int64{r.From - 1, r.To} {
			_, m, _ := ix.Month("acme", time.Unix(0, over))
			began := false
			for _, c := range b.Cards {
				for _, a := range c.Log {
					began = began || !a.From.IsZero() && (a.From.UnixNano() == over || a.From.UnixNano() == over+1)
				}
			}
			if m == r.Month && !began {
				t.Fatalf("at %d nothing begins or ends, but the route %+v does", over, r)
			}
		}
	})
}

// What nobody known pays for is counted in the feed's cycle, and has no price.
func TestTheRouteOfAStranger(t *testing.T) {
	ix, err := NewIndex(&Book{Rules: RuleVersion, Cycles: []Cycle{{ID: "london", Zone: "Europe/London"}}, Feeds: []Feed{{Cycle: "london"}}})
	if err != nil {
		t.Fatal(err)
	}
	feed, _ := ix.Feed("")
	r := ix.Unknown(feed, at("2026-10-31T23:59:59Z").UnixNano())
	if r.Cycle != "london" || r.Month != month("2026-10") || r.Why != call.NoAccount || r.Image != "" || r.Alone || r.Fallbacks {
		t.Errorf("the route of nobody known is %+v", r)
	}
	if from, to := at("2026-09-30T23:00:00Z").UnixNano(), at("2026-11-01T00:00:00Z").UnixNano(); r.From != from || r.To != to {
		t.Errorf("it holds from %d to %d, want %d to %d", r.From, r.To, from, to)
	}
	if r := ix.Unknown(feed, 0); r.From != math.MinInt64 {
		t.Errorf("the first month begins at %d, want since ever", r.From)
	}
}
