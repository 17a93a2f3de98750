package ratecard_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

func day(n int) int64 { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC).UnixNano() }

// dated is a rate of a prefix that holds from a day of November to another; 0:
// open.
func dated(prefix string, price money.Price, from, to int) rating.Rate {
	r := rating.Rate{Prefix: prefix, Price1: price, PriceN: price, Interval1: 1, IntervalN: 1}
	if from != 0 {
		r.From = day(from)
	}
	if to != 0 {
		r.To = day(to)
	}
	return r
}

func TestTheRatesOfADayHoldAlways(t *testing.T) {
	rates := []rating.Rate{
		dated("44", 1, 0, 0), dated("44", 2, 5, 0), dated("44", 3, 10, 20), dated("49", 4, 10, 0), dated("33", 5, 0, 10), dated("1", 6, 9, 11), dated("1", 7, 11, 0),
	}
	for _, c := range []struct {
		at   int64
		want string
	}{
		{day(1), "44:1 33:5"},
		{day(5) - 1, "44:1 33:5"},
		{day(5), "44:1 44:2+ 33:5"},
		{day(10) - 1, "44:1 44:2+ 33:5 1:6++"},
		{day(10), "44:1 44:2+ 44:3+++ 49:4+++ 1:6++"},
		{day(11), "44:1 44:2+ 44:3++ 49:4++ 1:7+++"},
		{day(20), "44:1 44:2+ 49:4++ 1:7+++"},
	} {
		got := ""
		for r, err := range ratecard.AsOf(ratecard.Rows(rates), c.at) {
			if err != nil || r.To != 0 {
				t.Fatalf("%+v, %v", r, err)
			}
			got += fmt.Sprintf(" %s:%d", r.Prefix, r.Price1)
			for range r.From {
				got += "+"
			}
		}
		if got != " "+c.want {
			t.Errorf("at %s:%s, want %s", time.Unix(0, c.at).UTC(), got, c.want)
		}
	}
	broken := errors.New("broken")
	for _, err := range ratecard.AsOf(func(yield func(rating.Rate, error) bool) { yield(rating.Rate{}, broken) }, 1) {
		if !errors.Is(err, broken) {
			t.Errorf("error %v, want the one of the rates", err)
		}
	}
}

// Whenever a call is made, it costs by the rates of an instant what it would have
// cost at that instant.
func TestTheRatesOfAnInstantChargeAsThen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rates []rating.Rate
		begins := map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "rates") {
			from, long := rapid.IntRange(0, 6).Draw(t, "from"), rapid.IntRange(0, 4).Draw(t, "days")
			r := dated(rapid.SampledFrom([]string{"4", "44", "447"}).Draw(t, "prefix"), money.Price(rapid.IntRange(1, 9).Draw(t, "price"))*1_000_000_000, from, 0)
			if long > 0 {
				r.To = day(from + long)
			}
			r.MinDigits = uint8(rapid.SampledFrom([]int{0, 0, 9}).Draw(t, "digits"))
			r.Blocked = rapid.IntRange(0, 9).Draw(t, "blocked") == 0
			if key := fmt.Sprint(r.Prefix, r.From, r.MinDigits); !begins[key] {
				begins[key], rates = true, append(rates, r)
			}
		}
		at := day(rapid.IntRange(1, 12).Draw(t, "at")) - int64(rapid.IntRange(0, 1).Draw(t, "before"))
		open := func(asOf bool) *rating.Pricer {
			rows := ratecard.Rows(rates)
			if asOf {
				rows = ratecard.AsOf(rows, at)
			}
			image, err := rating.BuildImage(rating.DefaultTerms("GBP"), rows)
			if err != nil {
				t.Fatal(err)
			}
			card, err := rating.Open(image)
			if err != nil {
				t.Fatal(err)
			}
			return card.NewPricer()
		}
		then, held := open(false), open(true)
		for _, number := range []string{"447700900123", "44770090", "4422222222", "41222222"} {
			u := rating.Usage{Number: number, Quantity: 90 * int64(time.Second), Instant: at}
			want := then.Price(&u)
			u.Instant = day(rapid.IntRange(-400, 400).Draw(t, "day"))
			got := held.Price(&u)
			if got.Reason != want.Reason || got.Amount != want.Amount || got.Prefix != want.Prefix {
				t.Errorf("%s costs %+v, want %+v", number, got, want)
			}
		}
	})
}
