package deck

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
)

// card is an open rate card of one card: what stands beside it, what is in it
// beside fields and rates, its fields and its rates.
func card(around, in, fields, rates string) string {
	return fmt.Sprintf(`{%s "cards": {"a": {%s "fields": %s, "rates": %s}}}`, around, in, fields, rates)
}

func TestWhatAnOpenRateCardSaysForAllRates(t *testing.T) {
	const fields = `[{"name":"prefix"},{"name":"rate"},{"name":"initial_interval"},{"name":"billing_interval"},{"name":"connection_fee"},{"name":"effective_date"},{"name":"expiry_date"},{"name":"blocked"}]`
	const least = `[{"name":"prefix"},{"name":"rate"}]`
	for _, tc := range []struct {
		name, text string
		opts       Options
		entries    []string
		bad        []string
		said       []string // notices and guesses, parts of them
		refused    string
	}{
		{name: "a row goes before the card, and null leaves it to the card",
			text: card(`"effective_date":"2026-12-01T00:00:00Z","expiry_date":"2027-12-31T23:59:59Z",`, `"currency":"EUR","rate":{"default_initial":30,"default_pulse":6,"connection":0.01,"precision":4},`, fields,
				`[["44",0.0123,1,1,0,"2026-11-01","2027-01-01",false],["33",0.02,null,null,null,null,null,null],["49",null,null,null,null,null,null,true],["46",0.01234,60,null,0.5,null,"2027-02-01T00:00:00Z",false]]`),
			entries: []string{"44 [] 0.0123 0.0123 1/1 0 from 2026-11-01T00:00:00Z to 2027-01-01T00:00:00Z",
				"33 [] 0.02 0.02 30/6 0.01 from 2026-12-01T00:00:00Z to 2027-12-31T23:59:59Z",
				"49 [] 0 0 30/6 0.01 blocked from 2026-12-01T00:00:00Z to 2027-12-31T23:59:59Z",
				"46 [] 0.01234 0.01234 60/6 0.5 from 2026-12-01T00:00:00Z to 2027-02-01T00:00:00Z"},
			said: []string{"increments=30/6", "connection fee=0.01", "effective from=2026-12-01T00:00:00Z", "effective to=2027-12-31T23:59:59Z", "currency=EUR", "more decimals than the card's precision of 4: 1 row."}},
		{name: "60/60 where the card says nothing", text: card("", "", least, `[["44",0.01]]`), entries: []string{"44 [] 0.01 0.01 60/60 0 assumed"}},
		{name: "what the caller knows, where the card says nothing", text: card("", "", least, `[["44",0.01]]`), opts: Options{Interval1: 1, IntervalN: 1, ConnectionFee: amount("0.3")}, entries: []string{"44 [] 0.01 0.01 1/1 0.3"}},
		{name: "one of the intervals", text: card("", `"rate":{"default_pulse":6},`, least, `[["44",0.01]]`), entries: []string{"44 [] 0.01 0.01 60/6 0 assumed"}},
		{name: "dates are in the card's zone", text: card(`"timezone":"America/New_York",`, "", `[{"name":"prefix"},{"name":"rate"},{"name":"effective_date"}]`, `[["44",0.01,"2026-12-01"]]`),
			entries: []string{"44 [] 0.01 0.01 60/60 0 assumed from 2026-12-01T05:00:00Z"}, said: []string{"zone=America/New_York"}},
		{name: "unless a template says another", text: card(`"timezone":"America/New_York",`, "", `[{"name":"prefix"},{"name":"rate"},{"name":"effective_date"}]`, `[["44",0.01,"2026-12-01"]]`), opts: Options{Template: &Template{Zone: "Europe/Paris"}},
			entries: []string{"44 [] 0.01 0.01 60/60 0 assumed from 2026-11-30T23:00:00Z"}},
		{name: "a rate that begins when the card has ended", text: card(`"expiry_date":"2026-12-01T00:00:00Z",`, "", `[{"name":"prefix"},{"name":"rate"},{"name":"effective_date"}]`, `[["44",0.01,"2026-12-01"]]`),
			bad: []string{`line 2: "44,0.01,2026-12-01": want an instant after 2026-12-01T00:00:00Z`}},
		{name: "messages by country", text: card("", `"type":"messaging","traffic_type":"sms","currency":"USD",`, `[{"name":"country_code"},{"name":"destination"},{"name":"rate"}]`, `[["1","USA",0.005],["44","UK",0.0075]]`),
			entries: []string{"1 [USA] 0.005 0.005 1/1 0 sms", "44 [UK] 0.0075 0.0075 1/1 0 sms"}, said: []string{"prefix=country_code", "kind=sms"}},
		{name: "messages by the type alone", text: card("", `"type":"messaging",`, least, `[["1",0.005]]`), entries: []string{"1 [] 0.005 0.005 1/1 0 sms"}},
		{name: "traffic whose price may be for anything", text: card("", `"traffic_type":"data",`, least, `[["1",0.005]]`), refused: `cards.a.traffic_type is "data"`},
		{name: "what is not for rates is said", text: card("", `"type":"did","direction":"inbound","tech_prefix":"555","charge":{"precision":4,"rounding":"up"},"did_pricing":{"monthly_fee":2.5,"setup_fee":1},`, least, `[["44",0.01]]`),
			entries: []string{"44 [] 0.01 0.01 60/60 0 assumed"},
			said:    []string{`tech prefix "555"`, "rounds charges (precision 4, rounding up)", "calls that come in (type did, direction inbound)", `What numbers cost was not read: "did_pricing.monthly_fee", "did_pricing.setup_fee"`}},
		{name: "another card's facts are not this one's", text: `{"cards":{"b":{"currency":"EUR","rate":{"default_pulse":6}},"a":{"currency":"USD","fields":` + least + `,"rates":[["44",0.01]]}}}`,
			entries: []string{"44 [] 0.01 0.01 60/60 0 assumed"}, said: []string{"currency=USD"}},
		{name: "two cards", text: `{"cards":{"b":{"fields":` + least + `,"rates":[["44",0.01]]},"a":{"fields":` + least + `,"rates":[["44",0.01]]}}}`, refused: "both have rates"},
		{name: "one of two cards by the template", text: `{"cards":{"b":{"currency":"EUR","fields":` + least + `,"rates":[["44",0.02]]},"a":{"currency":"USD","fields":` + least + `,"rates":[["44",0.01]]}}}`,
			opts: Options{Template: &Template{Sheet: "cards.b.rates"}}, entries: []string{"44 [] 0.02 0.02 60/60 0 assumed"}, said: []string{"currency=EUR"}},
		{name: "a bad interval", text: card("", `"rate":{"default_initial":0},`, least, `[["44",0.01]]`), refused: `cards.a.rate.default_initial is "0", want whole seconds`},
		{name: "a bad fee", text: card("", `"rate":{"connection":-1},`, least, `[["44",0.01]]`), refused: `cards.a.rate.connection is "-1", want 0 or more`},
		{name: "a bad zone", text: card(`"timezone":"Local",`, "", least, `[["44",0.01]]`), refused: `timezone is "Local"`},
		{name: "a bad date", text: card(`"expiry_date":"soon",`, "", least, `[["44",0.01]]`), refused: `expiry_date is "soon"`},
		{name: "country codes alone are no prefixes elsewhere", text: "Country Code,Destination,Rate\n44,UK Mobile,1\n", refused: "no prefix column"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got, bad []string
			rep, err := ReadFile(strings.NewReader(tc.text), int64(len(tc.text)), tc.opts, func(e Entry) error {
				s := period(e)
				if e.Rate.Kind != call.Voice {
					s += " " + e.Rate.Kind.String()
				}
				got = append(got, s)
				return nil
			}, func(e RowError) { bad = append(bad, e.Error()) })
			if tc.refused != "" {
				var file *FileError
				if !errors.As(err, &file) || !strings.Contains(err.Error(), tc.refused) {
					t.Errorf("got %v, want it refused for %q", err, tc.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.entries, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.bad, bad); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			all := slices.Clone(rep.Notices)
			for _, g := range rep.Guesses {
				all = append(all, g.What+"="+g.Value)
			}
			for _, want := range tc.said {
				if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, want) }) {
					t.Errorf("nothing says %q in %q", want, all)
				}
			}
		})
	}
}
