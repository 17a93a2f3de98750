package rating_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/prefix"
	. "github.com/tollbook/tollbook/shared/rating"
)

func price(t testing.TB, s string) money.Price {
	t.Helper()
	p, err := money.ParsePrice(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// nanos reads seconds as a feed writes them.
func nanos(t testing.TB, seconds string) int64 {
	t.Helper()
	a, err := money.Parse(seconds)
	if err != nil {
		t.Fatal(err)
	}
	n, err := a.Round(9, money.Down)
	if err != nil {
		t.Fatal(err)
	}
	_, _, lo, _ := n.Bits()
	return int64(lo)
}

func instant(t testing.TB, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// usual are the default terms, changed.
func usual(changes ...func(*Terms)) Terms {
	terms := DefaultTerms("GBP")
	for _, change := range changes {
		change(&terms)
	}
	return terms
}

// changed returns a rate with a change.
func changed(r Rate, changes ...func(*Rate)) Rate {
	for _, change := range changes {
		change(&r)
	}
	return r
}

// aCall is one of that many seconds from 1 315 555 0100 to 1 212 555 0100, both
// New York, on Monday 15 June 2026 at noon UTC.
func aCall(t testing.TB, seconds string) Usage {
	t.Helper()
	return Usage{Number: "12125550100", Caller: "13155550100", Instant: instant(t, "2026-06-15T12:00:00Z"), Quantity: nanos(t, seconds)}
}

// priced prices usage in every way there is: by itself, in a block and with a
// trace. They all say the same.
func priced(t testing.TB, c *Card, u Usage) Charge {
	t.Helper()
	p := c.NewPricer()
	got := p.Price(&u)
	sameTrace(t, p, u, got)
	if key, ok := prefix.KeyOf(u.Number); ok {
		caller, _ := prefix.KeyOf(u.Caller)
		b := Block{
			Kind: u.Kind, Zone: u.Zone, Numbers: []prefix.Key{key}, Quantities: []int64{u.Quantity}, Instants: []int64{u.Instant},
			Callers: []prefix.Key{caller}, Charges: make([]Charge, 1), Details: func(int) Usage { return u },
		}
		p.PriceBlock(&b)
		if diff := cmp.Diff(got, b.Charges[0], amounts); diff != "" {
			t.Fatalf("a block of %+v (-alone +in a block):\n%s", u, diff)
		}
	}
	return got
}

func sameTrace(t testing.TB, p *Pricer, u Usage, want Charge) {
	t.Helper()
	tr := p.Trace(&u)
	amount := ""
	if want.Reason == "" {
		amount = want.Amount.String()
	}
	if tr.Reason != want.Reason || tr.Billed != want.Billed || tr.Amount != amount || tr.Flags != want.Flags.String() ||
		tr.Matched != (want.Row != 0) || len(tr.Prefix) != want.Prefix {
		t.Fatalf("the trace %+v of the charge %+v", tr, want)
	}
}

// amounts compares amounts with their decimals.
var amounts = cmp.AllowUnexported(money.Amount{})

// worked is a charge that is known from elsewhere, or worked out by hand. The
// card has as many decimals as the amount.
type worked struct {
	name     string
	terms    Terms
	rate     Rate
	quantity string // seconds, or units of another kind
	billed   uint64
	amount   string
}

func (w worked) check(t testing.TB) {
	t.Helper()
	want := money.MustParse(w.amount)
	w.terms.Decimals = want.Decimals()
	u := aCall(t, w.quantity)
	if u.Kind = w.rate.Kind; u.Kind != call.Voice {
		u.Quantity /= 1e9
	}
	got := priced(t, mustCard(t, w.terms, w.rate), u)
	if got.Reason != "" || got.Billed != w.billed || got.Amount != want {
		t.Errorf("%s: %s is %q, %d billed, %v; want %d, %s", w.name, w.quantity, got.Reason, got.Billed, got.Amount, w.billed, w.amount)
	}
	if len(w.terms.Origins) > 0 || w.terms.Bands != nil {
		return
	}
	billed, amount, err := w.terms.Charge(w.rate, u.Quantity)
	if err != nil || billed != w.billed || amount != want {
		t.Errorf("%s: Terms.Charge is %d billed, %v (%v); want %d, %s", w.name, billed, amount, err, w.billed, w.amount)
	}
}
