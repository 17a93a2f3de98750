package ratecard

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

// A card has rates that are followed by others, and rates that lie within others.
// Who states them all again, by their Ids, changes nothing, at whatever time.
func TestStatingAllRatesAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		card := drawCard(t)
		o := Options{At: hour(rapid.IntRange(0, cells).Draw(t, "at"))}
		if len(card) > 0 && rapid.Bool().Draw(t, "full") {
			o.Kind = FullAZ
		}
		o.DropLater = rapid.Bool().Draw(t, "dropLater")
		action := rapid.SampledFrom([]Action{Put, Set, SetOrAdd, Update}).Draw(t, "action")
		if action == Update && (o.Kind == FullAZ || o.DropLater) {
			action = SetOrAdd
		}
		var deck []Command
		for i, r := range rapid.Permutation(card).Draw(t, "order") {
			deck = append(deck, Command{Line: int64(i + 2), Action: action, ID: ID(&r), Rate: r})
		}
		next, result := apply(t, card, deck, o)
		if diff := cmp.Diff(card, next); diff != "" {
			t.Fatalf("%s, the rates change (-was +are)\n%s", action, diff)
		}
		if !result.Same() || result.Unchanged != int64(len(card)) {
			t.Fatalf("%s: %+v", action, result)
		}
	})
}

// A row that is no longer what was downloaded takes effect as any other.
func TestAChangedRateOfADownloadTakesEffect(t *testing.T) {
	was, now := is("44", "1", 0, 0), is("44", "2", 5, 0)
	at := func(r rating.Rate, change func(*rating.Rate)) Command {
		id := ID(&r)
		change(&r)
		return Command{Line: 2, Action: SetOrAdd, ID: id, Rate: r}
	}
	for name, tc := range map[string]struct {
		c    Command
		want []string
	}{
		"the rate that was followed":     {at(was, func(*rating.Rate) {}), []string{"44 1 [,)", "44 2 [5,)"}},
		"another price":                  {at(now, func(r *rating.Rate) { r.Price1, r.PriceN = price("3"), price("3") }), []string{"44 1 [,5)", "44 3 [5,)"}},
		"without its instant, it is now": {at(now, func(r *rating.Rate) { *r = is("44", "1", 0, 0) }), []string{"44 1 [,5)", "44 1 [5,)"}},
		"a later instant: it goes on":    {at(now, func(r *rating.Rate) { r.From = hour(15) }), []string{"44 1 [,)", "44 2 [5,)"}},
		"another end":                    {at(now, func(r *rating.Rate) { r.To = hour(15) }), []string{"44 1 [,5)", "44 2 [5,15)"}},
		"without its Id, it is now":      {Command{Line: 2, Action: SetOrAdd, Rate: was}, []string{"44 1 [,5)", "44 1 [5,)"}},
	} {
		got, _ := apply(t, []rating.Rate{was, now}, []Command{tc.c}, Options{At: hour(10)})
		if diff := cmp.Diff(tc.want, show(got)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
