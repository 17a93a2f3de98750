package product

import (
	"os"
	"strconv"
	"testing"

	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin"
	"github.com/tollbook/tollbook/tests/twin/draw"
)

// perCard is how much usage each card prices.
const perCard = 50

// TestChargesAreTheTwins compares N random records (default 20,000) on random
// cards with all rules mixed.
func TestChargesAreTheTwins(t *testing.T) {
	n := 20_000
	if s := os.Getenv("N"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("N=%s: %v", s, err)
		}
	}
	for seed := range uint64(n+perCard-1) / perCard {
		if agree(t, seed); t.Failed() {
			return
		}
	}
}

func agree(t *testing.T, seed uint64) {
	s := draw.New(seed)
	drawn := s.Card()
	card, err := Card(drawn.Terms, drawn.Rates)
	if err != nil {
		t.Fatalf("seed %d: %v\n%+v", seed, err, drawn)
	}
	p := card.NewPricer()
	for range perCard {
		u := s.Usage(drawn)
		if err := Locate(drawn.Terms, &u); err != nil {
			t.Fatal(err)
		}
		usage, err := Usage(u)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want := twin.Price(drawn.Terms, drawn.Rates, u)
		if diff := Compare(p.Price(&usage), want); diff != "" {
			t.Errorf("seed %d: %s\nusage %+v\nterms %+v\nrow %+v\ntrace %s", seed, diff, u, drawn.Terms, rowOf(drawn, want), p.Trace(&usage).Sentence())
			return
		}
		var tr rating.Trace
		if tr = p.Trace(&usage); want.Reason == "" && tr.Amount != want.Amount {
			t.Errorf("seed %d: the trace says %s, want %s", seed, tr.Amount, want.Amount)
			return
		}
	}
}

func rowOf(c draw.Card, r twin.Result) any {
	if r.Index < 0 {
		return c.Rates
	}
	return c.Rates[r.Index]
}
