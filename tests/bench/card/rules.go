package main

import (
	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/bench/gen"
)

// rule is what a card needs beside the columns of a deck to use a rule.
type rule struct {
	terms func(*rating.Terms)
	rate  func(*rating.Rate)
}

var rules = map[string]rule{
	"plain":   {},
	"dates":   {},
	"bands":   {terms: weekly},
	"classes": {terms: func(t *rating.Terms) { t.Presentation = rating.InterIntraIndeterminate }},
	"origins": {terms: func(t *rating.Terms) {
		t.Origins = []rating.Origin{{Name: "eea", Prefixes: gen.EEACodes()}, {Name: "invalid", Invalid: true}}
	}},
	"tiers": {rate: tier},
}

// weekly is the usual week of an operator: peak by day from Monday to Friday.
func weekly(t *rating.Terms) {
	week := []band.Day{band.Monday, band.Tuesday, band.Wednesday, band.Thursday, band.Friday}
	t.Bands = &band.Set{Zone: "Europe/London", Names: []string{"peak", "offpeak", "weekend"}, Windows: []band.Window{
		{Band: "peak", Days: week, From: 8 * 3600, To: 18 * 3600},
		{Band: "offpeak", Days: week, To: band.EndOfDay},
		{Band: "weekend", To: band.EndOfDay},
	}}
}

// tier gives a rate three tiers, which decks have no columns for: the fee when
// the call begins, the first minute, and the time after it for four fifths.
func tier(r *rating.Rate) {
	r.Tiers = []rating.Tier{
		{From: 1, Event: true, Price: r.ConnectionFee},
		{From: 1, Length: 60, RoundUp: min(r.IntervalN, 60), Price: r.Price1},
		{From: 61, RoundUp: r.IntervalN, Price: r.PriceN * 4 / 5},
	}
	r.Price1, r.PriceN, r.Interval1, r.IntervalN, r.ConnectionFee = 0, 0, 0, 0, 0
}
