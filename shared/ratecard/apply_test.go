package ratecard

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

// hour returns an instant: hours after the first of 2026, 0: open.
func hour(n int) int64 {
	if n == 0 {
		return 0
	}
	return time.Date(2026, 1, 1, n, 0, 0, 0, time.UTC).UnixNano()
}

// now is when the decks of these tests take effect.
const now = 10

// is returns a rate from an hour to an hour.
func is(prefix, cost string, from, to int) rating.Rate {
	p := price(cost)
	return rating.Rate{Prefix: prefix, Destination: "D" + prefix, Price1: p, PriceN: p, Interval1: 60, IntervalN: 60, From: hour(from), To: hour(to)}
}

func changed(r rating.Rate, f func(*rating.Rate)) rating.Rate {
	f(&r)
	return r
}

// show writes rates as tests read them, by prefix and begin.
func show(rates []rating.Rate) []string {
	var out []string
	for _, r := range rates {
		at := func(t int64) string {
			if t == 0 {
				return ""
			}
			return fmt.Sprint((t - hour(1) + int64(time.Hour)) / int64(time.Hour))
		}
		text := fmt.Sprintf("%s%s %s [%s,%s)", r.Service, r.Prefix, r.Price1, at(r.From), at(r.To))
		if r.Class != 0 {
			text += " " + r.Class.String()
		}
		if r.Tag != "" {
			text += " " + r.Tag
		}
		if r.Kind != call.Voice {
			text += " " + r.Kind.String()
		}
		if r.Blocked {
			text += " blocked"
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

func apply(t interface{ Fatal(...any) }, current []rating.Rate, deck []Command, o Options) ([]rating.Rate, Result) {
	next, result, err := Apply(Rows(current), Commands(deck), o)
	if err != nil {
		t.Fatal(err)
	}
	rates, errs := collect(next.All())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return rates, result
}

func counts(r Result) string {
	var out []string
	for _, c := range []struct {
		name string
		n    int64
	}{{"added", r.Added}, {"updated", r.Updated}, {"deleted", r.Deleted}, {"closed", r.Closed}, {"unchanged", r.Unchanged}, {"ignored", r.Ignored}, {"bad", r.Bad}, {"missing", r.Missing}} {
		if c.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", c.n, c.name))
		}
	}
	return strings.Join(out, ", ")
}

// Each case is what a person does and what the card is then.
func TestApply(t *testing.T) {
	used := func(rating.Rate) bool { return true }
	id := func(r rating.Rate) string { return ID(&r) }
	inter := func(r rating.Rate) rating.Rate {
		return changed(r, func(r *rating.Rate) { r.Class = numbering.Interstate })
	}
	tag := func(r rating.Rate) rating.Rate { return changed(r, func(r *rating.Rate) { r.Tag = "vip" }) }
	sms := func(r rating.Rate) rating.Rate { return changed(r, func(r *rating.Rate) { r.Kind = call.SMS }) }
	for _, tc := range []struct {
		name    string
		current []rating.Rate
		deck    []Command
		o       Options
		want    []string
		counts  string
		bad     []string
		notices []string
	}{
		// Put: rows of a deck without actions.
		{name: "a row of a new prefix is added from when the deck takes effect",
			deck: []Command{{Rate: is("44", "1", 0, 0)}},
			want: []string{"44 1 [10,)"}, counts: "1 added"},
		{name: "a row with another price closes the rate before it",
			current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Rate: is("44", "2", 0, 0)}},
			want: []string{"44 1 [,10)", "44 2 [10,)"}, counts: "1 updated"},
		{name: "a row with the same price changes nothing",
			current: []rating.Rate{is("44", "1", 0, 0), is("45", "1", 3, 0)}, deck: []Command{{Rate: is("44", "1", 0, 0)}, {Rate: is("45", "1", 3, 0)}},
			want: []string{"44 1 [,)", "45 1 [3,)"}, counts: "2 unchanged"},
		{name: "a later date waits for its time",
			current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Rate: is("44", "2", 20, 0)}},
			want: []string{"44 1 [,20)", "44 2 [20,)"}, counts: "1 updated"},
		{name: "a past date is immediate, and a notice says so",
			current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Line: 7, Rate: is("44", "2", 5, 0)}},
			want: []string{"44 1 [,10)", "44 2 [10,)"}, counts: "1 updated",
			notices: []string{"1 row (first line 7): the effective date is past, so the rate holds from 2026-01-01T10:00:00Z on."}},
		{name: "a row between two rates ends where the later one begins",
			current: []rating.Rate{is("44", "1", 0, 20), is("44", "3", 20, 0)}, deck: []Command{{Rate: is("44", "2", 15, 0)}},
			want: []string{"44 1 [,15)", "44 2 [15,20)", "44 3 [20,)"}, counts: "1 updated"},
		{name: "a row that begins with a rate replaces it",
			current: []rating.Rate{is("44", "1", 0, 20), is("44", "3", 20, 0)}, deck: []Command{{Rate: is("44", "2", 20, 30)}},
			want: []string{"44 1 [,20)", "44 2 [20,30)"}, counts: "1 updated"},
		{name: "a row with an end past the next begin is cut, and a notice says so",
			current: []rating.Rate{is("44", "3", 20, 0)}, deck: []Command{{Line: 3, Rate: is("44", "2", 12, 25)}},
			want: []string{"44 2 [12,20)", "44 3 [20,)"}, counts: "1 added",
			notices: []string{"1 row (first line 3): the rate ends where the next one of the prefix begins, before its own end."}},
		{name: "a row opens a rate that was to end",
			current: []rating.Rate{is("44", "1", 0, 20)}, deck: []Command{{Rate: is("44", "1", 0, 0)}},
			want: []string{"44 1 [,)"}, counts: "1 updated"},
		{name: "unless the deck has no column of ends",
			current: []rating.Rate{is("44", "1", 0, 20)}, deck: []Command{{Rate: is("44", "2", 0, 0), Keep: FieldTo}},
			want: []string{"44 1 [,10)", "44 2 [10,20)"}, counts: "1 updated"},
		{name: "two rows of a prefix are done by their dates, wherever they are in the file",
			current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Rate: is("44", "3", 20, 0)}, {Rate: is("44", "2", 12, 0)}},
			want: []string{"44 1 [,12)", "44 2 [12,20)", "44 3 [20,)"}, counts: "2 updated"},
		{name: "of several past dates the last counts",
			deck: []Command{{Line: 2, Rate: is("44", "2", 7, 0)}, {Line: 3, Rate: is("44", "1", 5, 0)}},
			want: []string{"44 2 [10,)"}, counts: "1 added, 1 ignored",
			notices: []string{
				"1 row (first line 2): the effective date is past, so the rate holds from 2026-01-01T10:00:00Z on.",
				"1 row (first line 3): a later row of the same prefix is in effect already, and this one was not applied."}},
		{name: "two rows of one instant: the same one twice is once, another is an error",
			deck: []Command{{Line: 2, Rate: is("44", "1", 0, 0)}, {Line: 3, Rate: is("44", "1", 0, 0)}, {Line: 4, Rate: is("44", "2", 0, 0)}},
			want: []string{"44 1 [10,)"}, counts: "1 added, 1 unchanged, 1 bad",
			bad: []string{`line 4, column prefix: "44": want one rate for a prefix: line 2 has another from the same instant`}},
		{name: "two rows of one instant that end differently", deck: []Command{{Line: 2, Rate: is("44", "1", 0, 0)}, {Line: 3, Rate: is("44", "1", 0, 20)}},
			want: []string{"44 1 [10,)"}, counts: "1 added, 1 bad",
			bad: []string{`line 3, column prefix: "44": want one rate for a prefix: line 2 has another from the same instant`}},
		{name: "a row that has ended is history: nothing, if the card has it, else a notice",
			current: []rating.Rate{is("44", "1", 0, 5), is("44", "2", 5, 0)}, deck: []Command{{Line: 2, Rate: is("44", "1", 0, 5)}, {Line: 3, Rate: is("44", "2", 5, 0)}, {Line: 4, Rate: is("45", "1", 0, 4)}},
			want: []string{"44 1 [,5)", "44 2 [5,)"}, counts: "2 unchanged, 1 ignored",
			notices: []string{"1 row (first line 4): the rate ended before the deck takes effect, and was not applied."}},
		{name: "rates that hold for other calls stay",
			current: []rating.Rate{is("44", "1", 0, 0), inter(is("44", "1", 0, 0)), tag(is("44", "1", 0, 0)), sms(is("44", "1", 0, 0))}, deck: []Command{{Rate: inter(is("44", "2", 0, 0))}},
			want: []string{"44 1 [,)", "44 1 [,) sms", "44 1 [,) vip", "44 1 [,10) interstate", "44 2 [10,) interstate"}, counts: "1 updated"},
		{name: "what the deck has no column for stays",
			current: []rating.Rate{changed(is("44", "1", 0, 0), func(r *rating.Rate) { r.MinCharge = price("5"); r.Blocked = true })},
			deck:    []Command{{Rate: is("44", "2", 0, 0), Keep: FieldLimits | FieldBlocked | FieldName}},
			want:    []string{"44 1 [,10) blocked", "44 2 [10,) blocked"}, counts: "1 updated"},
		{name: "from the card's beginning a row replaces what is there",
			current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Rate: is("44", "2", 0, 0)}}, o: Options{At: -1},
			want: []string{"44 2 [,)"}, counts: "1 updated"},
		{name: "overlapping rates of a card are told apart when one changes",
			current: []rating.Rate{is("44", "1", 0, 0), is("44", "5", 20, 30)}, deck: []Command{{Rate: is("44", "2", 0, 0)}},
			want: []string{"44 1 [,10)", "44 1 [30,)", "44 2 [10,20)", "44 5 [20,30)"}, counts: "1 updated"},

		// Close.
		{name: "a withdrawn prefix ends", current: []rating.Rate{is("44", "1", 0, 20), is("44", "2", 20, 0), tag(is("44", "1", 0, 0)), is("441", "1", 0, 0)},
			deck: []Command{{Action: Close, Rate: rating.Rate{Prefix: "44"}}},
			want: []string{"44 1 [,10)", "44 1 [,10) vip", "441 1 [,)"}, counts: "1 closed"},
		{name: "a withdrawn prefix ends later", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Action: Close, Rate: rating.Rate{Prefix: "44", From: hour(20)}}},
			want: []string{"44 1 [,20)"}, counts: "1 closed"},
		{name: "what is withdrawn later, and the card does not have, costs what the row says until then",
			current: []rating.Rate{is("44", "1", 0, 0), is("45", "1", 0, 5)},
			deck: []Command{
				{Line: 2, Action: Close, Priced: true, Rate: is("44", "2", 20, 0)}, {Line: 3, Action: Close, Priced: true, Rate: is("45", "2", 20, 0)},
				{Line: 4, Action: Close, Priced: true, Rate: is("46", "2", 20, 0)}, {Line: 5, Action: Close, Priced: true, Rate: is("47", "2", 9, 0)},
			},
			want: []string{"44 1 [,20)", "45 1 [,5)", "45 2 [10,20)", "46 2 [10,20)"}, counts: "2 added, 1 closed, 1 ignored",
			notices: []string{"1 row (first line 5): withdrawn, and the card has no such rate."}},
		{name: "withdrawn in one row, offered from the same instant in another", current: []rating.Rate{is("44", "1", 0, 0)},
			deck: []Command{{Rate: is("44", "2", 0, 0)}, {Action: Close, Rate: rating.Rate{Prefix: "44"}}},
			want: []string{"44 1 [,10)", "44 2 [10,)"}, counts: "1 added, 1 closed"},
		{name: "withdrawn twice, and what is not there", current: []rating.Rate{is("44", "1", 0, 9)},
			deck: []Command{{Line: 2, Action: Close, Rate: rating.Rate{Prefix: "44"}}, {Line: 3, Action: Close, Rate: rating.Rate{Prefix: "45"}}},
			want: []string{"44 1 [,9)"}, counts: "1 unchanged, 1 ignored",
			notices: []string{"1 row (first line 3): withdrawn, and the card has no such rate."}},

		// A, D, U, S, SA and no action.
		{name: "A adds a prefix", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Action: Add, ID: "whatever", Rate: is("45", "2", 0, 0)}},
			want: []string{"44 1 [,)", "45 2 [10,)"}, counts: "1 added"},
		{name: "A of a prefix that there is", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Line: 2, Action: Add, Rate: is("44", "2", 0, 0)}},
			want: []string{"44 1 [,)"}, counts: "1 bad",
			bad: []string{`line 2, column prefix: "44": want a prefix without a rate, or a later instant from which the rate holds; S changes the one there is`}},
		{name: "A from a later instant closes the rate there is", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Action: Add, Rate: is("44", "2", 12, 0)}},
			want: []string{"44 1 [,12)", "44 2 [12,)"}, counts: "1 updated"},
		{name: "A from the instant of another rate", current: []rating.Rate{is("44", "1", 12, 0)}, deck: []Command{{Line: 2, Action: Add, Rate: is("44", "2", 12, 0)}},
			want: []string{"44 1 [12,)"}, counts: "1 bad",
			bad: []string{`line 2, column effective_from: "2026-01-01T12:00:00Z": want another instant than that of the rate there is; S changes it`}},
		{name: "A of what is there already", current: []rating.Rate{is("44", "1", 3, 0), is("45", "1", 12, 0)}, deck: []Command{{Action: Add, Rate: is("44", "1", 0, 0)}, {Action: Add, Rate: is("45", "1", 12, 0)}},
			want: []string{"44 1 [3,)", "45 1 [12,)"}, counts: "2 unchanged"},
		{name: "A of a prefix whose rate has ended", current: []rating.Rate{is("44", "1", 0, 9)}, deck: []Command{{Action: Add, Rate: is("44", "1", 0, 0)}},
			want: []string{"44 1 [,9)", "44 1 [10,)"}, counts: "1 added"},
		{name: "D by Id deletes that rate, and that one only", current: []rating.Rate{is("44", "1", 0, 0), tag(is("44", "1", 0, 0))},
			deck: []Command{{Action: Delete, ID: id(is("44", "9", 0, 0)), Rate: rating.Rate{Prefix: "44"}}},
			want: []string{"44 1 [,) vip"}, counts: "1 deleted"},
		{name: "D by Id whatever the dates", current: []rating.Rate{is("44", "1", 1, 5), is("44", "2", 5, 0)}, deck: []Command{{Action: Delete, ID: id(is("44", "1", 1, 5))}},
			want: []string{"44 2 [5,)"}, counts: "1 deleted"},
		{name: "D by Id of a rate that has not begun: the one before goes on", current: []rating.Rate{is("44", "1", 0, 20), is("44", "2", 20, 30)}, deck: []Command{{Action: Delete, ID: id(is("44", "2", 20, 0))}},
			want: []string{"44 1 [,30)"}, counts: "1 deleted"},
		{name: "D by Id of a rate in force: the one before stays over", current: []rating.Rate{is("44", "1", 0, 5), is("44", "2", 5, 0)}, deck: []Command{{Action: Delete, ID: id(is("44", "2", 5, 0))}},
			want: []string{"44 1 [,5)"}, counts: "1 deleted"},
		{name: "D of a rate that calls were rated by ends it", current: []rating.Rate{is("44", "1", 0, 5), is("44", "2", 5, 0)}, o: Options{Used: used},
			deck: []Command{{Line: 2, Action: Delete, ID: id(is("44", "2", 5, 0))}, {Line: 3, Action: Delete, ID: id(is("44", "1", 0, 5))}},
			want: []string{"44 1 [,5)", "44 2 [5,10)"}, counts: "1 closed, 1 ignored",
			notices: []string{"2 rows (first line 2): calls were rated by the rate, so it was not deleted: it ends."}},
		{name: "D by prefix deletes all rates of it that have not ended", current: []rating.Rate{is("44", "1", 0, 5), is("44", "2", 5, 20), is("44", "3", 20, 0), tag(is("44", "1", 0, 0)), sms(is("44", "1", 0, 0)), is("441", "1", 0, 0)},
			deck: []Command{{Action: Delete, Rate: rating.Rate{Prefix: "44"}}},
			want: []string{"44 1 [,) sms", "44 1 [,5)", "441 1 [,)"}, counts: "1 deleted"},
		{name: "D by prefix and tag deletes those", current: []rating.Rate{is("44", "1", 0, 0), tag(is("44", "1", 0, 0))}, deck: []Command{{Action: Delete, Rate: rating.Rate{Prefix: "44", Tag: "vip"}}},
			want: []string{"44 1 [,)"}, counts: "1 deleted"},
		{name: "D from a later instant", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Action: Delete, Rate: rating.Rate{Prefix: "44", From: hour(12)}}},
			want: []string{"44 1 [,12)"}, counts: "1 closed"},
		{name: "D of what is not there", current: []rating.Rate{is("44", "1", 0, 5)},
			deck: []Command{{Line: 2, Action: Delete, Rate: rating.Rate{Prefix: "44"}}, {Line: 3, Action: Delete, ID: id(is("45", "1", 0, 0))}, {Line: 4, Action: Delete, ID: "45"}, {Line: 5, Action: Delete, ID: id(is("44", "1", 0, 5)), Rate: rating.Rate{Prefix: "45"}}},
			want: []string{"44 1 [,5)"}, counts: "4 bad",
			bad: []string{
				`line 2, column prefix: "44": want a prefix that the card has a rate of then`,
				fmt.Sprintf("line 3, column id: %q: want the Id of a rate that the card has", id(is("45", "1", 0, 0))),
				`line 4, column id: "45": want an Id as the card's download has it`,
				`line 5, column prefix: "45": want the prefix of the rate with the Id: 44`}},
		{name: "U changes the rate with the Id where it is", current: []rating.Rate{is("44", "1", 5, 20), is("44", "3", 20, 0)},
			deck: []Command{{Action: Update, ID: id(is("44", "1", 5, 0)), Rate: is("44", "2", 5, 20)}, {Action: Update, ID: id(is("44", "3", 20, 0)), Rate: is("44", "4", 20, 0)}},
			want: []string{"44 2 [5,20)", "44 4 [20,)"}, counts: "2 updated"},
		{name: "U of a rate that calls were rated by makes another from now on", current: []rating.Rate{is("44", "1", 5, 20)}, o: Options{Used: used},
			deck: []Command{{Action: Update, ID: id(is("44", "1", 5, 0)), Rate: is("44", "2", 5, 20)}},
			want: []string{"44 1 [5,10)", "44 2 [10,20)"}, counts: "1 updated"},
		{name: "U moves dates that are not past", current: []rating.Rate{is("44", "1", 0, 20), is("44", "2", 20, 0)},
			deck: []Command{{Action: Update, ID: id(is("44", "2", 20, 0)), Rate: is("44", "2", 15, 30)}},
			want: []string{"44 1 [,15)", "44 2 [15,30)"}, counts: "1 updated"},
		{name: "U moves a begin to later, and the rate before goes on until then", current: []rating.Rate{is("44", "1", 0, 20), is("44", "2", 20, 0)},
			deck: []Command{{Action: Update, ID: id(is("44", "2", 20, 0)), Rate: is("44", "2", 22, 0)}},
			want: []string{"44 1 [,22)", "44 2 [22,)"}, counts: "1 updated"},
		{name: "U of dates that are past, or that lie in other rates", current: []rating.Rate{is("44", "1", 3, 20), is("44", "2", 20, 0), is("45", "1", 0, 5)},
			deck: []Command{
				{Line: 2, Action: Update, ID: id(is("44", "1", 3, 0)), Rate: is("44", "1", 4, 20)}, {Line: 3, Action: Update, ID: id(is("44", "1", 3, 0)), Rate: is("44", "1", 3, 5)},
				{Line: 4, Action: Update, ID: id(is("45", "1", 0, 0)), Rate: is("45", "2", 0, 5)}, {Line: 5, Action: Update, ID: id(is("44", "2", 20, 0)), Rate: is("44", "2", 3, 0)}},
			want: []string{"44 1 [3,10)", "44 2 [10,)", "45 1 [,5)"}, counts: "1 updated, 3 bad",
			notices: []string{"1 row (first line 5): the effective date is past, so the rate holds from 2026-01-01T10:00:00Z on."},
			bad: []string{
				`line 2, column effective_from: "2026-01-01T04:00:00Z": want the instant that it had, 2026-01-01T03:00:00Z: it is past`,
				`line 3, column effective_to: "2026-01-01T05:00:00Z": want an instant after the one from which the rate holds, and not past`,
				fmt.Sprintf("line 4, column id: %q: want a rate that has not ended", id(is("45", "1", 0, 0)))}},
		{name: "U changes the prefix", current: []rating.Rate{is("44", "1", 0, 0), is("46", "1", 0, 0)},
			deck: []Command{{Line: 2, Action: Update, ID: id(is("44", "1", 0, 0)), Rate: is("45", "2", 0, 0)}, {Line: 3, Action: Update, ID: id(is("46", "1", 0, 0)), Rate: is("45", "2", 0, 0)}},
			want: []string{"45 2 [,)", "46 1 [,)"}, counts: "1 updated, 1 bad",
			bad: []string{`line 3, column prefix: "45": want a prefix that has no rate at that time`}},
		{name: "U changes the prefix of a rate that calls were rated by", current: []rating.Rate{is("44", "1", 0, 20)}, o: Options{Used: used, Kind: FullAZ},
			deck: []Command{{Action: Update, ID: id(is("44", "1", 0, 0)), Rate: is("45", "2", 0, 20)}},
			want: []string{"44 1 [,10)", "45 2 [10,20)"}, counts: "1 updated"},
		{name: "U without an Id, or with an edited one", current: []rating.Rate{is("44", "1", 0, 0)},
			deck: []Command{{Line: 2, Action: Update, Rate: is("44", "2", 0, 0)}, {Line: 3, Action: Update, ID: "r000000000000", Rate: is("44", "2", 0, 0)}},
			want: []string{"44 1 [,)"}, counts: "2 bad",
			bad: []string{`line 2, column id: "": want the Id of a rate: U finds it by that, S by its prefix`, `line 3, column id: "r000000000000": want the Id of a rate that the card has`}},
		{name: "S changes the rate in force", current: []rating.Rate{is("44", "1", 0, 20), is("44", "3", 20, 0)}, deck: []Command{{Action: Set, Rate: is("44", "2", 0, 0)}},
			want: []string{"44 2 [,20)", "44 3 [20,)"}, counts: "1 updated"},
		{name: "S of a rate that calls were rated by makes another from now on", current: []rating.Rate{is("44", "1", 0, 20)}, o: Options{Used: used}, deck: []Command{{Action: Set, Keep: FieldTo, Rate: is("44", "2", 0, 0)}},
			want: []string{"44 1 [,10)", "44 2 [10,20)"}, counts: "1 updated"},
		{name: "S from a later instant", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Action: Set, Rate: is("44", "2", 12, 0)}},
			want: []string{"44 1 [,12)", "44 2 [12,)"}, counts: "1 updated"},
		{name: "S of what is not there, SA of it", current: []rating.Rate{is("44", "1", 20, 0)}, deck: []Command{{Line: 2, Action: Set, Rate: is("44", "2", 0, 0)}, {Line: 3, Action: SetOrAdd, Rate: is("45", "2", 0, 0)}, {Line: 4, Action: SetOrAdd, Rate: is("44", "3", 20, 0)}},
			want: []string{"44 3 [20,)", "45 2 [10,)"}, counts: "1 added, 1 updated, 1 bad",
			bad: []string{`line 2, column prefix: "44": want a prefix with a rate at that time; SA adds one where there is none`}},
		{name: "SA needs a price where there is no rate", deck: []Command{{Line: 2, Action: SetOrAdd, Rate: is("44", "0", 0, 0), Keep: FieldPrice1}},
			counts: "1 bad", bad: []string{`line 2, column price_1: "": want a price: there is no rate before it that has one`}},
		{name: "rows without an action change nothing", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Action: Skip, Rate: is("44", "2", 0, 0)}, {Action: Skip, Rate: is("45", "2", 0, 0)}},
			want: []string{"44 1 [,)"}, counts: "2 ignored"},
		{name: "actions on one prefix are done in the order of the file", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Action: Delete, Rate: rating.Rate{Prefix: "44"}}, {Action: Add, Rate: is("44", "2", 0, 0)}},
			want: []string{"44 2 [10,)"}, counts: "1 added, 1 deleted"},
		{name: "what no card can hold", deck: []Command{{Line: 2, Action: Add, Rate: changed(is("44", "1", 0, 0), func(r *rating.Rate) { r.Price1 = -1 })}, {Line: 3, Rate: is("4x", "1", 0, 0)}},
			counts: "2 bad", bad: []string{
				`line 2: "44": want a rate that a card can hold: a price is negative, want 0 or more`,
				`line 3: "4x": want a rate that a card can hold: prefix "4x": want at most 15 digits`}},

		{name: "what is no prefix is no row for all numbers", current: []rating.Rate{is("", "1", 0, 0)}, deck: []Command{{Line: 2, Rate: is("4x", "1", 0, 0)}, {Rate: is("44", "1", 0, 0)}}, o: Options{Kind: FullAZ},
			want: []string{" 1 [,10)", "44 1 [10,)"}, counts: "1 added, 1 bad, 1 missing",
			notices: []string{"The deck does not list 1 rate of the card: closed, or dropped where not yet in effect."},
			bad:     []string{`line 2: "4x": want a rate that a card can hold: prefix "4x": want at most 15 digits`}},
		{name: "nothing but what is no prefix", deck: []Command{{Line: 2, Rate: is("4x", "1", 0, 0)}, {Line: 3, Action: Update, ID: "r", Rate: is("4x", "1", 0, 0)}}, counts: "2 bad",
			bad: []string{`line 2: "4x": want a rate that a card can hold: prefix "4x": want at most 15 digits`, `line 3: "4x": want a rate that a card can hold: prefix "4x": want at most 15 digits`}},

		// Kinds of decks.
		{name: "a partial deck leaves the rest", current: []rating.Rate{is("44", "1", 0, 0), is("45", "1", 0, 20), is("45", "3", 20, 0)}, deck: []Command{{Rate: is("45", "2", 0, 0)}},
			want: []string{"44 1 [,)", "45 1 [,10)", "45 2 [10,20)", "45 3 [20,)"}, counts: "1 updated"},
		{name: "a full deck closes what it does not list, and drops what was to begin", current: []rating.Rate{is("44", "1", 0, 20), is("44", "9", 20, 0), is("45", "1", 0, 20), is("45", "3", 20, 0), is("46", "1", 0, 9), sms(is("44", "1", 0, 0)), changed(is("", "1", 0, 0), func(r *rating.Rate) { r.Service = "on-net" })},
			deck: []Command{{Rate: is("45", "2", 0, 0)}}, o: Options{Kind: FullAZ},
			want: []string{"44 1 [,) sms", "44 1 [,10)", "45 1 [,10)", "45 2 [10,)", "46 1 [,9)", "on-net 1 [,)"}, counts: "1 updated, 3 missing",
			notices: []string{"The deck does not list 3 rates of the card: closed, or dropped where not yet in effect."}},
		{name: "a full deck of later prices closes nothing that it lists", current: []rating.Rate{is("44", "1", 0, 0), is("45", "1", 0, 0)}, deck: []Command{{Rate: is("44", "2", 20, 0)}}, o: Options{Kind: FullAZ},
			want: []string{"44 1 [,20)", "44 2 [20,)", "45 1 [,10)"}, counts: "1 updated, 1 missing",
			notices: []string{"The deck does not list 1 rate of the card: closed, or dropped where not yet in effect."}},
		{name: "a full deck lists what it has a row of, however bad", current: []rating.Rate{is("44", "1", 0, 0), is("45", "1", 0, 0)}, deck: []Command{{Line: 2, Action: Add, Rate: is("44", "2", 0, 0)}, {Action: Skip, Rate: is("45", "7", 0, 0)}}, o: Options{Kind: FullAZ},
			want: []string{"44 1 [,)", "45 1 [,)"}, counts: "1 ignored, 1 bad",
			bad: []string{`line 2, column prefix: "44": want a prefix without a rate, or a later instant from which the rate holds; S changes the one there is`}},
		{name: "a full deck with a row that nobody understands drops nothing of its prefix", current: []rating.Rate{is("44", "1", 0, 20), is("44", "3", 20, 0)}, o: Options{Kind: FullAZ},
			deck: []Command{{Line: 2, Rate: changed(is("44", "1", 0, 0), func(r *rating.Rate) { r.Price1 = -1 })}},
			want: []string{"44 1 [,20)", "44 3 [20,)"}, counts: "1 bad",
			bad: []string{`line 2: "44": want a rate that a card can hold: a price is negative, want 0 or more`}},
		{name: "a full-country deck leaves services", current: []rating.Rate{changed(is("", "1", 0, 0), func(r *rating.Rate) { r.Service = "on-net" })}, deck: []Command{{Rate: is("44", "1", 0, 0)}},
			o:    Options{Kind: FullCountry, CountryOf: func(string) string { return "GB" }},
			want: []string{"44 1 [10,)", "on-net 1 [,)"}, counts: "1 added"},
		{name: "a full-country deck closes within its countries", current: []rating.Rate{is("44", "1", 0, 0), is("4420", "1", 0, 0), is("33", "1", 0, 0), is("", "1", 0, 0)}, deck: []Command{{Rate: is("44", "1", 0, 0)}, {Rate: is("999", "1", 0, 0)}},
			o: Options{Kind: FullCountry, CountryOf: func(p string) string {
				for _, c := range []string{"44", "33"} {
					if strings.HasPrefix(p, c) {
						return c
					}
				}
				return ""
			}},
			want: []string{" 1 [,)", "33 1 [,)", "44 1 [,)", "4420 1 [,10)", "999 1 [10,)"}, counts: "1 added, 1 unchanged, 1 missing",
			notices: []string{"The deck does not list 1 rate of the card: closed, or dropped where not yet in effect."}},
		{name: "what is not yet in effect can be cleaned up", current: []rating.Rate{is("44", "1", 0, 20), is("44", "2", 20, 0), is("45", "1", 12, 0)}, o: Options{DropLater: true},
			want: []string{"44 1 [,)"}, counts: "2 missing",
			notices: []string{"The deck does not list 2 rates of the card: closed, or dropped where not yet in effect."}},

		// Notice periods.
		{name: "an increase at short notice is accepted", current: []rating.Rate{is("44", "1", 0, 0), is("45", "1", 0, 0)}, deck: []Command{{Line: 2, Rate: is("44", "2", 0, 0)}, {Line: 3, Rate: is("45", "0.5", 0, 0)}},
			o:    Options{Notice: week},
			want: []string{"44 1 [,10)", "44 2 [10,)", "45 0.5 [10,)", "45 1 [,10)"}, counts: "2 updated",
			notices: []string{"1 row (first line 2): the price changes with less notice than agreed."}},
		{name: "or waits", current: []rating.Rate{is("44", "1", 0, 0), is("45", "1", 0, 0)}, deck: []Command{{Line: 2, Rate: is("44", "2", 0, 0)}, {Line: 3, Rate: is("45", "2", 300, 0)}},
			o:    Options{Notice: week, OnShortNotice: ShiftShort},
			want: []string{"44 1 [,178)", "44 2 [178,)", "45 1 [,300)", "45 2 [300,)"}, counts: "2 updated",
			notices: []string{"1 row (first line 2): the price changes when the notice period is over, not before."}},
		{name: "or is refused", current: []rating.Rate{is("44", "1", 0, 0)}, deck: []Command{{Line: 2, Action: Set, Rate: is("44", "2", 12, 0)}},
			o:    Options{Notice: week, OnShortNotice: RejectShort},
			want: []string{"44 1 [,)"}, counts: "1 bad",
			bad: []string{`line 2, column effective_from: "2026-01-01T12:00:00Z": want 2026-01-08T10:00:00Z or later: increase needs notice of 7 days`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.o.At++; tc.o.At > 0 {
				tc.o.At = hour(now)
			}
			rates, result := apply(t, tc.current, tc.deck, tc.o)
			if diff := cmp.Diff(tc.want, show(rates)); diff != "" {
				t.Errorf("rates (-want +got)\n%s", diff)
			}
			if got := counts(result); got != tc.counts {
				t.Errorf("counts: %s, want %s", got, tc.counts)
			}
			var problems []string
			for _, p := range result.Problems {
				problems = append(problems, p.Error())
			}
			if diff := cmp.Diff(tc.bad, problems); diff != "" {
				t.Errorf("problems (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tc.notices, result.Notices); diff != "" {
				t.Errorf("notices (-want +got)\n%s", diff)
			}
			r := result
			if sum := r.Added + r.Updated + r.Deleted + r.Closed + r.Unchanged + r.Ignored + r.Bad; r.Processed != int64(len(tc.deck)) || sum != r.Processed {
				t.Errorf("the counts do not add up: %+v", r)
			}
			if r.Same() != cmp.Equal(tc.current, rates) {
				t.Errorf("Same is %t", r.Same())
			}
		})
	}
}

// week is a notice of seven days for increases.
var week = Notice{
	Terms:    rating.Terms{Currency: "EUR", Decimals: 4, Rounding: money.HalfUp, DurationRounding: money.HalfUp, Model: rating.FirstThenPulse},
	Received: hour(now), IncreaseDays: 7,
}

func TestApplyRefuses(t *testing.T) {
	one := []rating.Rate{is("44", "1", 0, 0)}
	for _, tc := range []struct {
		name    string
		current iter.Seq2[rating.Rate, error]
		deck    iter.Seq2[Command, error]
		o       Options
		want    string
	}{
		{"the card's rates break off", rows(one, errSource), Commands(nil), Options{}, errSource.Error()},
		{"the deck breaks off", Rows(one), func(yield func(Command, error) bool) { yield(Command{}, errSource) }, Options{}, errSource.Error()},
		{"two rates of one instant", Rows([]rating.Rate{one[0], one[0]}), Commands([]Command{{Rate: one[0]}}), Options{}, `prefix "44": the card has two rates from the same instant`},
		{"an empty full deck", Rows(one), Commands(nil), Options{Kind: FullAZ}, "would close the whole card"},
		{"countries of nothing", Rows(one), Commands(nil), Options{Kind: FullCountry}, "needs the countries of prefixes"},
		{"no such kind", Rows(one), Commands(nil), Options{Kind: 9}, "no such kind"},
		{"no such action", Rows(one), Commands([]Command{{Line: 4, Action: 99}}), Options{}, "line 4: no such action"},
		{"no such notice", Rows(one), Commands(nil), Options{Notice: Notice{IncreaseDays: -1}}, "want 0 to 3660"},
		{"notice without terms", Rows(one), Commands(nil), Options{Notice: Notice{IncreaseDays: 1}}, "comparing prices"},
	} {
		_, _, err := Apply(tc.current, tc.deck, tc.o)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
		if tc.want == errSource.Error() && !errors.Is(err, errSource) {
			t.Errorf("%s: %v does not wrap its cause", tc.name, err)
		}
	}
}
