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
		if got := card.NewPricer().Destination(&u); got != want {
			t.Errorf("%+v: %q, want %q", u, got, want)
		}
	}
}
