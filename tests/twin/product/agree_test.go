package product

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin"
	"github.com/tollbook/tollbook/tests/twin/draw"
)

// perCard is how much usage each card prices: to build one takes as long as the
// twin takes for some hundred charges.
const perCard = 200

// fromEnv reads a number of the environment.
func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, s, err)
	}
	return n
}

// TestChargesAreTheTwins compares N random records (default 20,000) on random
// cards with all rules mixed, on all cores, from seed SEED (default 0) on. One
// seed always draws the same card and records.
func TestChargesAreTheTwins(t *testing.T) {
	first := fromEnv(t, "SEED", 0)
	seeds := (fromEnv(t, "N", 20_000) + perCard - 1) / perCard
	var next, priced atomic.Uint64
	var failed atomic.Bool
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for !failed.Load() {
				i := next.Add(1) - 1
				if i >= seeds {
					return
				}
				if err := agree(first+i, perCard); err != nil {
					failed.Store(true)
					t.Errorf("seed %d: %v\nagain: make oracle SEED=%d N=1", first+i, err, first+i)
				}
				if n := priced.Add(perCard); n%10_000_000 == 0 {
					t.Logf("%d records agree", n)
				}
			}
		})
	}
	wg.Wait()
	if !failed.Load() {
		t.Logf("%d records on %d cards agree, seeds %d to %d", priced.Load(), seeds, first, first+seeds-1)
	}
}

// FuzzCharge is the same from the fuzzer's seeds, with few records each.
func FuzzCharge(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		if err := agree(seed, 8); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
}

// agree prices n records of a seed by its card, alone, in a block and with a
// trace, and by the twin.
func agree(seed uint64, n int) error {
	s := draw.New(seed)
	drawn := s.Card()
	card, err := Card(drawn.Terms, drawn.Rates)
	if err != nil {
		return fmt.Errorf("%w\n%+v", err, drawn)
	}
	p := card.NewPricer()
	charges := make([]rating.Charge, 1)
	for range n {
		u := s.Usage(drawn)
		if err := Locate(drawn.Terms, &u); err != nil {
			return err
		}
		usage, err := Usage(u)
		if err != nil {
			return err
		}
		want := twin.Price(drawn.Terms, drawn.Rates, u)
		fails := func(what, diff string) error {
			return fmt.Errorf("%s: %s\nusage %+v\nterms %+v\nrow %+v\ntrace %s", what, diff, u, drawn.Terms, rowOf(drawn, want), p.Trace(&usage).Sentence())
		}
		if diff := Compare(p.Price(&usage), want); diff != "" {
			return fails("charge", diff)
		}
		if number, ok := prefix.KeyOf(usage.Number); ok {
			caller, _ := prefix.KeyOf(usage.Caller)
			p.PriceBlock(&rating.Block{
				Kind: usage.Kind, Zone: usage.Zone, Numbers: []prefix.Key{number}, Callers: []prefix.Key{caller}, Quantities: []int64{usage.Quantity},
				Instants: []int64{usage.Instant}, Details: func(int) rating.Usage { return usage }, Charges: charges,
			})
			if diff := Compare(charges[0], want); diff != "" {
				return fails("block", diff)
			}
		}
		if tr := p.Trace(&usage); string(tr.Reason) != want.Reason || tr.Amount != want.Amount || tr.Billed != uint64(want.Billed) {
			return fails("trace", fmt.Sprintf("%q, %d billed, %s; want %q, %d, %s", tr.Reason, tr.Billed, tr.Amount, want.Reason, want.Billed, want.Amount))
		}
	}
	return nil
}

func rowOf(c draw.Card, r twin.Result) any {
	if r.Index < 0 {
		return c.Rates
	}
	return c.Rates[r.Index]
}

// TestRowsAreTheTwins: not only the amount, but the row is the same. Each has a
// name of its own here.
func TestRowsAreTheTwins(t *testing.T) {
	for seed := range uint64(60) {
		s := draw.New(seed)
		drawn := s.Card()
		for i := range drawn.Rates {
			drawn.Rates[i].Destination = fmt.Sprint("row ", i)
		}
		card, err := Card(drawn.Terms, drawn.Rates)
		if err != nil {
			t.Fatal(err)
		}
		p := card.NewPricer()
		for range 100 {
			u := s.Usage(drawn)
			if err := Locate(drawn.Terms, &u); err != nil {
				t.Fatal(err)
			}
			usage, err := Usage(u)
			if err != nil {
				t.Fatal(err)
			}
			name := ""
			if want := twin.Price(drawn.Terms, drawn.Rates, u); want.Index >= 0 {
				name = fmt.Sprint("row ", want.Index)
			}
			if got := p.Trace(&usage); got.Destination != name {
				t.Fatalf("seed %d: by %q, want %q: %+v", seed, got.Destination, name, u)
			}
		}
	}
}

// TestCutOffsAreTheTwins: a call would have been ended after the same second.
func TestCutOffsAreTheTwins(t *testing.T) {
	const most = 300
	ended := 0
	for seed := range uint64(150) {
		s := draw.New(seed)
		drawn := s.Card()
		card, err := Card(drawn.Terms, drawn.Rates)
		if err != nil {
			t.Fatal(err)
		}
		p := card.NewPricer()
		for range 3 {
			u := s.Usage(drawn)
			u.Kind = twin.Voice
			if err := Locate(drawn.Terms, &u); err != nil {
				t.Fatal(err)
			}
			usage, err := Usage(u)
			if err != nil {
				t.Fatal(err)
			}
			want, ok := twin.CutOff(drawn.Terms, drawn.Rates, u, most)
			switch {
			case !ok:
				want = most
			case want < most:
				ended++
				want = max(want, 0) // the product has no length below none
			}
			if got := p.CutOff(usage, most); got != uint64(want) {
				t.Fatalf("seed %d: after %d s, want %d (%v): %+v\n%+v", seed, got, want, ok, u, drawn)
			}
		}
	}
	if ended < 20 {
		t.Errorf("%d calls of all were ended: too few", ended)
	}
}
