package rating

import (
	"testing"

	"github.com/tollbook/tollbook/shared/call"
)

func TestADestinationIsThatOfTheRowThatPrices(t *testing.T) {
	terms := DefaultTerms("GBP")
	image, err := BuildImage(terms, func(yield func(Rate, error) bool) {
		_ = yield(Rate{Prefix: "44", Destination: "UK", IntervalN: 1}, nil) &&
			yield(Rate{Prefix: "44", Destination: "UK, gold", Tag: "gold", IntervalN: 1}, nil) &&
			yield(Rate{Service: "on-net", Destination: "On-net", IntervalN: 1}, nil) &&
			yield(Rate{Kind: call.SMS, Prefix: "44", Destination: "UK message", IntervalN: 1}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	card, err := Open(image)
	if err != nil {
		t.Fatal(err)
	}
	for want, u := range map[string]Usage{
		"UK":         {Number: "442079460000"},
		"UK, gold":   {Number: "442079460000", Tag: "gold"},
		"On-net":     {Number: "442079460000", Service: "on-net", Tag: "gold"},
		"UK message": {Number: "442079460000", Kind: call.SMS},
		"":           {Number: "33142685300"},
	} {
		p := card.NewPricer()
		if got := p.Destination(&u); got != want {
			t.Errorf("%+v: %q, want %q", u, got, want)
		}
		u.Quantity = 1
		c, name := p.PriceNamed(&u)
		if got := name.Destination(p, &u); got != want || c != p.Price(&u) || (name == Name{}) != (want == "") {
			t.Errorf("%+v costs %+v as %q, want %+v as %q", u, c, got, p.Price(&u), want)
		}
	}
}

func TestUsageOfOneNameHasOneDestination(t *testing.T) {
	const noon = 1_794_000_000_000_000_000
	image, err := BuildImage(DefaultTerms("GBP"), func(yield func(Rate, error) bool) {
		_ = yield(Rate{Prefix: "44", Destination: "UK", IntervalN: 1}, nil) &&
			yield(Rate{Prefix: "44", Destination: "Britain", IntervalN: 1, From: noon}, nil) &&
			yield(Rate{Prefix: "4477", Destination: "UK", IntervalN: 1}, nil) &&
			yield(Rate{Prefix: "49", Destination: "Germany", IntervalN: 1, Blocked: true}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	card, err := Open(image)
	if err != nil {
		t.Fatal(err)
	}
	p, names := card.NewPricer(), map[Name]string{}
	for _, number := range []string{"442079460000", "441212340000", "447700900123", "4930123456", "33142685300", "44"} {
		for _, at := range []int64{noon - 1, noon} {
			u := Usage{Number: number, Instant: at, Quantity: 1}
			_, name := p.PriceNamed(&u)
			destination := name.Destination(p, &u)
			if was, ok := names[name]; ok && was != destination {
				t.Errorf("one name is %q, and for %+v %q", was, u, destination)
			}
			names[name] = destination
			if want := p.Destination(&u); destination != want {
				t.Errorf("%+v: %q, want %q", u, destination, want)
			}
		}
	}
	if len(names) != 5 { // of them one of no row
		t.Errorf("names %v, want five", names)
	}
}
