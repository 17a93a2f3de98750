package cases

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// card builds and opens a card.
func (q *question) card(t rating.Terms, rates []rating.Rate) *rating.Card {
	image, err := rating.BuildImage(t, noError(rates))
	if !q.check(err) {
		return nil
	}
	c, err := rating.Open(image)
	q.check(err)
	return c
}

func noError[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// cardOf builds the card of a list of prefixes, or of prefixes with a price
// each, -1 and Blocked being none (Kolmisoft).
func (q *question) cardOf() (*rating.Card, []rating.Rate) {
	prices, _ := q.in.values["rates"].(map[string]any)
	if prices == nil {
		prices = map[string]any{}
		list, _ := q.in.list("rates")
		for _, v := range list {
			prefix, _ := plain(v)
			prices[prefix] = "0"
		}
	}
	q.in.read["rates"] = true
	var rates []rating.Rate
	for _, prefix := range slices.Sorted(maps.Keys(prices)) {
		r := rating.Rate{Prefix: prefix, IntervalN: 1}
		text, _ := plain(prices[prefix])
		if r.Blocked = strings.EqualFold(text, "blocked") || text == "-1"; !r.Blocked {
			price, err := money.ParsePrice(text)
			if err != nil {
				q.badf("rates.%s: %v", prefix, err)
			}
			r.Price1, r.PriceN = price, price
		}
		rates = append(rates, r)
	}
	return q.card(terms(), rates), rates
}

const minute = 60_000_000_000 // nanoseconds

func answerPrefixMatch(q *question) {
	card, _ := q.cardOf()
	numbers, _ := q.in.list("numbers", "number")
	want, _ := q.want.list("matched")
	if card == nil || len(numbers) != len(want) {
		q.badf("%d numbers and %d answers", len(numbers), len(want))
		return
	}
	for i, v := range numbers {
		number, ok := plain(v)
		if !ok {
			q.badf("number %v: want digits", v)
			return
		}
		spellings := []string{"", "none", "no rate"}
		if prefix, ok := card.Longest(call.Voice, number); ok {
			spellings = []string{prefix}
			row := card.NewPricer().Trace(&rating.Usage{Number: number, Quantity: minute}).Row
			q.wantAmount(row.Price1.Amount(), "rate")
		}
		q.sameText("matched of "+number, want[i], spellings)
	}
}

func answerBlocked(q *question) {
	card, _ := q.cardOf()
	numbers, _ := q.in.list("numbers", "number")
	want, _ := q.want.list("results", "result")
	if card == nil || len(numbers) != len(want) {
		q.badf("%d numbers and %d answers", len(numbers), len(want))
		return
	}
	for i, v := range numbers {
		number, _ := plain(v)
		charge := card.NewPricer().Price(&rating.Usage{Number: number, Quantity: minute})
		q.sameText("result of "+number, want[i], outcome(charge.Reason))
	}
}

// outcome is what others call a reason.
func outcome(r call.Reason) []string {
	switch r {
	case "":
		return []string{"allowed", "rated"}
	case call.Blocked:
		return []string{"blocked", "forbidden", "unrated:blocked"}
	case call.NoRate:
		return []string{"no rate", "no rate for destination (unauthorized destination)", "unauthorized destination", "unrated:no rate", "unrated"}
	}
	return []string{string(r)}
}

// answerDynamic makes a user's price from the provider's: the amount first,
// then the percentage (semantics 4.7).
func answerDynamic(q *question) {
	zero := money.New(0, 0)
	price, err := money.PriceOf(q.in.amountOr(zero, "provider_rate"))
	q.check(err)
	value := q.in.amountOr(zero, "delta_value").String()
	if !strings.HasPrefix(value, "-") {
		value = "+" + value
	}
	for _, text := range []string{value, q.in.amountOr(zero, "delta_percent").String() + "%"} {
		markup, err := ratecard.ParseMarkup(text)
		if !q.check(err) {
			return
		}
		if price, err = markup.Apply(price); !q.check(err) {
			return
		}
	}
	q.wantAmount(price.Amount(), "user_rate")
}
