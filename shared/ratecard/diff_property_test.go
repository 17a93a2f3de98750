package ratecard

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin"
	"github.com/tollbook/tollbook/tests/twin/draw"
	"github.com/tollbook/tollbook/tests/twin/product"
	"pgregory.net/rapid"
)

// slowDiff compares what holds in each hour from one on, without costs: all
// prices of the tests here are for the same intervals.
func slowDiff(old, new []rating.Rate, from int) map[string]string {
	was, is := slow(old), slow(new)
	out := map[string]string{}
	for _, cards := range [...]slowCard{was, is} {
		for k := range cards {
			a, b := was[k], is[k]
			if a == nil {
				a = &[cells]*rating.Rate{}
			}
			if b == nil {
				b = &[cells]*rating.Rate{}
			}
			var told []string
			for c := from; c < cells; c++ {
				if c > from && alike(a[c], a[c-1]) && alike(b[c], b[c-1]) {
					continue
				}
				if class := slowClass(a[c], b[c]); class != Unchanged {
					told = append(told, fmt.Sprintf("%s %d", class, c))
				}
			}
			if out[k] = strings.Join(told, ", "); told == nil {
				out[k] = string(Unchanged)
			}
		}
	}
	return out
}

// offered counts the keys that have a price in some hour, and those that then
// have none, or are blocked.
func offered(old, new []rating.Rate, from int) (before, lost int64) {
	is := slow(new)
	for k, row := range slow(old) {
		some, gone := false, false
		for c := from; c < cells; c++ {
			if row[c] == nil || row[c].Blocked {
				continue
			}
			some = true
			gone = gone || is[k] == nil || is[k][c] == nil || is[k][c].Blocked
		}
		if some {
			before++
		}
		if gone {
			lost++
		}
	}
	return before, lost
}

func alike(a, b *rating.Rate) bool {
	return a == nil && b == nil || a != nil && b != nil && sameCost(a, b)
}

func slowClass(was, is *rating.Rate) ChangeClass {
	switch {
	case alike(was, is):
		return Unchanged
	case was == nil:
		return New
	case is == nil:
		return Closed
	case was.Blocked && is.Blocked && was.Price1 != is.Price1:
		return TermsChanged
	case was.Blocked && !is.Blocked:
		return Unblocked
	case is.Blocked && !was.Blocked:
		return Blocked
	case is.Price1 > was.Price1:
		return Increase
	case is.Price1 < was.Price1:
		return Decrease
	}
	return NameOnly
}

func TestDiffAsSlowly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, new := drawCard(t), drawCard(t)
		if rapid.Bool().Draw(t, "by a deck") {
			new, _ = apply(t, old, drawDeck(t, Put, Close), Options{At: hour(now)})
		}
		o := DiffOptions{Notice: Notice{Terms: plain}}
		from := 0
		if rapid.Bool().Draw(t, "from now on") {
			o.At, from = hour(now), now
		}
		got := map[string]string{}
		var s Summary
		last := ""
		for d, err := range Diff(Rows(old), Rows(new), o) {
			if err != nil {
				t.Fatal(err)
			}
			s.Add(&d)
			r := d.Old
			if r == nil {
				r = d.New
			}
			if r.Prefix < last {
				t.Fatalf("%s after %s", r.Prefix, last)
			}
			last = r.Prefix
			text := fmt.Sprintf("%s %d", d.Class, cell(d.From, 0))
			if d.Class == Unchanged {
				text = string(d.Class)
			}
			k := slowKey(r)
			if d.Later != (got[k] != "") {
				t.Fatalf("%s: later is %t after %q", k, d.Later, got[k])
			}
			if d.Later {
				text = got[k] + ", " + text
			}
			got[k] = text
		}
		want := slowDiff(old, new, from)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("(-want +got)\n%s\n%v\n%v", d, show(old), show(new))
		}
		before, lost := offered(old, new, from)
		if s.Rates() != int64(len(want)) || s.Before != before || s.Lost != lost {
			t.Fatalf("%d rates in %+v, want %d, of %d offered %d lost", s.Rates(), s, len(want), before, lost)
		}
		slices.Reverse(old)
		slices.Reverse(new)
		var again Summary
		for d, err := range Diff(Rows(old), Rows(new), o) {
			if err != nil {
				t.Fatal(err)
			}
			again.Add(&d)
		}
		if d := cmp.Diff(s.Counts, again.Counts); d != "" {
			t.Fatalf("in another order (-want +got)\n%s", d)
		}
		for d, err := range Diff(Rows(old), Rows(old), o) {
			if err != nil || d.Class != Unchanged {
				t.Fatalf("%s between a card and itself: %v", d.Class, err)
			}
		}
	})
}

// Whether a rate is dearer is decided by what the slow, exact charge of each
// sample is, under all rules of terms and rates.
func TestClassesAreTheTwins(t *testing.T) {
	seen := map[ChangeClass]int{}
	mixed := 0
	for seed := range uint64(80) {
		card := draw.New(seed).Card()
		terms := card.Terms
		terms.Presentation, terms.Bands, terms.Origins, terms.Surcharges, terms.ByLRN, terms.ShortDigits = "", nil, nil, nil, false, 0
		product1, err := product.Terms(terms)
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(card.Rates); i++ {
			was, is := bare(card.Rates[i-1]), bare(card.Rates[i])
			if was.Kind != is.Kind {
				continue
			}
			a, errA := product.Rate(was)
			b, errB := product.Rate(is)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			want, wantMixed := twinClass(terms, was, is, cmp.Equal(a, b))
			for d, err := range Diff(Rows([]rating.Rate{a}), Rows([]rating.Rate{b}), DiffOptions{Notice: Notice{Terms: product1}}) {
				if err != nil {
					t.Fatal(err)
				}
				if d.Class != want || d.Mixed != wantMixed {
					t.Fatalf("seed %d: %s, mixed %t, want %s, %t\n%+v\n%+v", seed, d.Class, d.Mixed, want, wantMixed, a, b)
				}
			}
			seen[want]++
			if wantMixed {
				mixed++
			}
		}
	}
	for _, c := range []ChangeClass{Increase, Decrease, TermsChanged, Blocked, Unblocked} {
		if seen[c] < 5 {
			t.Errorf("%d of class %s were drawn", seen[c], c)
		}
	}
	if mixed < 5 {
		t.Errorf("%d mixed ones were drawn", mixed)
	}
}

// bare is a rate of one prefix for all usage.
func bare(r twin.Rate) twin.Rate {
	r.Prefix, r.Service, r.Destination, r.From, r.To = "44", "", "", 0, 0
	r.Class, r.Band, r.Origin, r.Area, r.Local, r.Tag, r.MinDigits, r.MaxDigits = "", "", "", "", false, "", 0, 0
	return r
}

func twinClass(t twin.Terms, was, is twin.Rate, same bool) (class ChangeClass, mixed bool) {
	switch {
	case same:
		return Unchanged, false
	case was.Blocked && is.Blocked:
		return TermsChanged, false
	case was.Blocked:
		return Unblocked, false
	case is.Blocked:
		return Blocked, false
	}
	cost := func(r twin.Rate, n int64) *big.Rat {
		switch r.Kind {
		case "", twin.Voice:
			n *= 1e9
		case twin.Data:
			n *= 1e6
		}
		return twin.Price(t, []twin.Rate{r}, twin.Usage{Kind: r.Kind, Number: "441234567890", Quantity: n}).Exact
	}
	up, down := false, false
	for _, n := range []int64{1, 6, 30, 60, 180} {
		c := cost(is, n).Cmp(cost(was, n))
		up, down = up || c > 0, down || c < 0
	}
	switch {
	case up:
		return Increase, down
	case down:
		return Decrease, false
	}
	return TermsChanged, false
}
