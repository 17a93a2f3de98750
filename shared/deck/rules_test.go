package deck

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

func amount(s string) money.Price {
	p, err := money.ParsePrice(s)
	if err != nil {
		panic(err)
	}
	return p
}

func day(s string) int64 {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

func TestColumnsOfRules(t *testing.T) {
	one := func(p string) rating.Rate {
		return rating.Rate{Prefix: "44", Price1: amount(p), PriceN: amount(p), Interval1: 1, IntervalN: 1}
	}
	with := func(r rating.Rate, change func(*rating.Rate)) rating.Rate { change(&r); return r }
	for _, tc := range []struct {
		name, deck string
		opts       Options
		rates      []rating.Rate
		bad        []string
	}{
		{name: "limits and lengths", deck: "prefix,rate,billing,Minimum Charge,Max Cost,Minimum Seconds,Free Seconds,Access Charge\n44,1,1/1,0.05,2,30,10,yes\n44,1,1/1,,,,,\n",
			rates: []rating.Rate{with(one("1"), func(r *rating.Rate) {
				r.MinCharge, r.MaxCharge, r.Minimum, r.Free, r.Access = amount("0.05"), amount("2"), 30, 10, true
			})},
			bad: []string{`line 3, column prefix: "44": want one rate for a prefix: line 2 has another for 44`}},
		{name: "a grace period in seconds", deck: "prefix,rate,billing,Grace Period\n44,1,1/1,5\n45,1,1/1,1\n46,1,1/1,0\n47,1,1/1,\n", opts: Options{Grace: 3},
			rates: []rating.Rate{
				with(one("1"), func(r *rating.Rate) { r.Grace = 5 }),
				with(one("1"), func(r *rating.Rate) { r.Prefix, r.Grace = "45", 1 }),
				with(one("1"), func(r *rating.Rate) { r.Prefix, r.NoGrace = "46", true }),
				with(one("1"), func(r *rating.Rate) { r.Prefix, r.Grace = "47", 3 }),
			}},
		{name: "a grace switch", deck: "prefix,rate,billing,Grace Period\n44,1,1/1,1\n45,1,1/1,0\n",
			rates: []rating.Rate{one("1"), with(one("1"), func(r *rating.Rate) { r.Prefix, r.NoGrace = "45", true })}},
		{name: "a grace switch of so many seconds", deck: "prefix,rate,billing,grace\n44,1,1/1,1\n", opts: Options{Grace: 3},
			rates: []rating.Rate{with(one("1"), func(r *rating.Rate) { r.Grace = 3 })}},
		{name: "a header that says seconds is no switch", deck: "prefix,rate,billing,grace seconds\n44,1,1/1,1\n",
			rates: []rating.Rate{with(one("1"), func(r *rating.Rate) { r.Grace = 1 })}},
		{name: "price units", deck: "prefix,rate,billing,Price Unit\n44,1,1/1,second\n45,1,30/6,increment\n46,0.5,,call\n47,1,1/1,minute\n48,1,1/1,\n49,1,1/1,hour\n50,0,60/0,pulse\n",
			rates: []rating.Rate{
				with(one("1"), func(r *rating.Rate) { r.Per = 1 }),
				with(one("1"), func(r *rating.Rate) { r.Prefix, r.Per, r.Interval1, r.IntervalN = "45", 6, 30, 6 }),
				{Prefix: "46", Price1: amount("0.5"), Per: rating.PerCall},
				with(one("1"), func(r *rating.Rate) { r.Prefix = "47" }),
				with(one("1"), func(r *rating.Rate) { r.Prefix = "48" }),
			},
			bad: []string{
				`line 7, column Price Unit: "hour": want minute, second, increment or call`,
				`line 8, column billing: "60/0": want 1 or more seconds, as the price is for an increment`,
			}},
		{name: "what the caller knows", deck: "prefix,rate,billing\n44,1,1/1\n", opts: Options{ConnectionFee: amount("0.2"), Per: Second, Grace: 4},
			rates: []rating.Rate{with(one("1"), func(r *rating.Rate) { r.ConnectionFee, r.Per, r.Grace = amount("0.2"), 1, 4 })}},
		{name: "what the deck says goes before it", deck: "prefix,rate,billing,setup,per\n44,1,1/1,,minute\n", opts: Options{ConnectionFee: amount("0.2"), Per: Call},
			rates: []rating.Rate{one("1")}},
		{name: "prices that replace each other", deck: "prefix,rate,billing,Effective From,Effective To\n44,1,1/1,,2026-12-01\n44,2,1/1,2026-12-01,\n44,3,1/1,2027-01-01T00:00:00+01:00,2027-02-01 06:00:00\n44,4,1/1,2026-12-01,2027-01-01\n45,1,1/1,ASAP,\n46,1,1/1,01/12/2026,\n47,1,1/1,2026-12-01,2026-12-01\n",
			rates: []rating.Rate{
				with(one("1"), func(r *rating.Rate) { r.To = day("2026-12-01T00:00:00Z") }),
				with(one("2"), func(r *rating.Rate) { r.From = day("2026-12-01T00:00:00Z") }),
				with(one("3"), func(r *rating.Rate) { r.From, r.To = day("2026-12-31T23:00:00Z"), day("2027-02-01T06:00:00Z") }),
				with(one("1"), func(r *rating.Rate) { r.Prefix = "45" }),
			},
			bad: []string{
				`line 5, column prefix: "44": want one rate for a prefix: line 3 has another for 44`,
				`line 7, column Effective From: "01/12/2026": want the order of day and month to be known: this is day 1 of month 12, or month 1 and day 12; write 30-Nov-2026 or 2026-11-30, or say the order of the deck's dates`,
				`line 8, column Effective To: "2026-12-01": want an instant after 2026-12-01T00:00:00Z`,
			}},
		{name: "classes", deck: "prefix,inter,intra,indeterminate,billing\n44,1,2,3,1/1\n45,1,blocked,,1/1\n46,,,,1/1\n",
			rates: []rating.Rate{
				with(one("1"), func(r *rating.Rate) { r.Class = numbering.Interstate }),
				with(one("2"), func(r *rating.Rate) { r.Class = numbering.Intrastate }),
				with(one("3"), func(r *rating.Rate) { r.Class = numbering.Indeterminate }),
			},
			bad: []string{
				`line 3, column indeterminate: "": want a price, or the word blocked`,
				`line 4, column inter: "": want a price, or the word blocked`,
				`line 4, column intra: "": want a price, or the word blocked`,
				`line 4, column indeterminate: "": want a price, or the word blocked`,
			}},
		{name: "classes beside a price for all", deck: "prefix,cost,inter,intra,billing,forbidden\n44,3,1,,1/1,\n45,,,,1/1,1\n46,3,-1,2,1/1,\n",
			rates: []rating.Rate{
				one("3"),
				with(one("1"), func(r *rating.Rate) { r.Class = numbering.Interstate }),
				{Prefix: "45", Blocked: true, Interval1: 1, IntervalN: 1},
				with(one("3"), func(r *rating.Rate) { r.Prefix = "46" }),
				{Prefix: "46", Blocked: true, Interval1: 1, IntervalN: 1, Class: numbering.Interstate},
				with(one("2"), func(r *rating.Rate) { r.Prefix, r.Class = "46", numbering.Intrastate }),
			}},
		{name: "a blocked row of classes blocks all of them", deck: "prefix,inter,intra,billing,forbidden\n44,,,1/1,1\n",
			rates: []rating.Rate{{Prefix: "44", Blocked: true, Interval1: 1, IntervalN: 1}}},
		{name: "bands, origins and tags", deck: "prefix,rate,billing,Band,Origin,Tag\n44,1,1/1,Peak,,\n44,2,1/1,Off-peak,,\n44,3,1/1,,EER,\n44,4,1/1,,,vip\n44,4,1/1,,,vip\n44,5,1/1,,,vip\n",
			rates: []rating.Rate{
				with(one("1"), func(r *rating.Rate) { r.Band = "Peak" }), with(one("2"), func(r *rating.Rate) { r.Band = "Off-peak" }),
				with(one("3"), func(r *rating.Rate) { r.Origin = "EER" }), with(one("4"), func(r *rating.Rate) { r.Tag = "vip" }),
			},
			bad: []string{`line 7, column prefix: "44": want one rate for a prefix: line 5 has another for 44`}},
		{name: "local prices", deck: "prefix,rate,billing,area,local price 1,local price n,local interval 1,local interval n\n44,3,1/1,Leeds,1,2,60,30\n45,3,1/1,Leeds,,,,\n46,3,1/1,,1,1,,\n47,3,1/1,York,1,,,\n",
			rates: []rating.Rate{
				with(one("3"), func(r *rating.Rate) { r.Area = "Leeds" }),
				{Prefix: "44", Price1: amount("1"), PriceN: amount("2"), Interval1: 60, IntervalN: 30, Area: "Leeds", Local: true},
				with(one("3"), func(r *rating.Rate) { r.Prefix, r.Area = "45", "Leeds" }),
			},
			bad: []string{
				`line 4, column area: "": want the area that the local price is for`,
				`line 5, column local price n: "": want a price, as in column local price 1`,
			}},
		{name: "other usage than calls", deck: "kind,service,prefix,rate,interval 1,interval n,price unit\nSMS,,44,0.05,1,1,\nsms,alerts,,0.04,,,call\ndata,,44,2,1048576,1048576,\nfax,,44,1,1,1,\nevent,,44,1,1,1,minute\nvoice,voicemail,44,1,1,1,\n", opts: Options{ConnectionFee: amount("1"), Grace: 9, Per: Second},
			rates: []rating.Rate{
				with(one("0.05"), func(r *rating.Rate) { r.Kind = call.SMS }),
				{Kind: call.SMS, Service: "alerts", Price1: amount("0.04"), Per: rating.PerCall},
				with(one("2"), func(r *rating.Rate) { r.Kind, r.Interval1, r.IntervalN = call.Data, 1<<20, 1<<20 }),
			},
			bad: []string{
				`line 5, column kind: "fax": want voice, sms, data or event`,
				`line 6, column price unit: "minute": want increment or call: only voice is counted in seconds`,
				`line 7: "voice,voicemail,44,1,1,1,": want a rate that can be charged: service "voicemail" and prefix 44: want one of them`,
			}},
		{name: "messages without increments are counted one by one", deck: "kind,prefix,rate\nsms,44,0.05\n",
			rates: []rating.Rate{with(one("0.05"), func(r *rating.Rate) { r.Kind = call.SMS })}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rates, bad, rep, err := read(tc.deck, tc.opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.rates, rates); diff != "" {
				t.Errorf("rates (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.bad, bad); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if rep.Rates != int64(len(rates)) || rep.Rows != rep.Used+rep.Merged+rep.Bad {
				t.Errorf("the report's counts do not add up: %+v", rep)
			}
		})
	}
}

func TestColumnsThatNeedEachOther(t *testing.T) {
	for text, want := range map[string]string{
		"prefix,inter\n1,1\n":                                "no intra column",
		"prefix,rate,intra\n1,1,1\n":                         "no inter column",
		"prefix,rate,local price\n1,1,1\n":                   "no area column",
		"prefix,rate,area,local price 1\n1,1,1,1\n":          "no local_price_n column",
		"prefix,rate,area,local price n\n1,1,1,1\n":          "no local_price_1 column",
		"prefix,rate,area,local rate,local price n\n1,1,1\n": "both give the local_price_n",
	} {
		if _, _, _, err := read(text, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// Two rows are the same only when they agree in everything that a deck says.
func TestEveryFieldTellsRatesApart(t *testing.T) {
	var base rating.Rate
	seen := map[said]string{saidOf(&base): "nothing"}
	for i := range reflect.TypeFor[rating.Rate]().NumField() {
		name := reflect.TypeFor[rating.Rate]().Field(i).Name
		if name == "Prefix" {
			continue // prefixes are told apart by themselves
		}
		r := base
		switch f := reflect.ValueOf(&r).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("1")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int64:
			f.SetInt(1)
		case reflect.Slice:
			r.Tiers = []rating.Tier{{From: 1}}
		default:
			f.SetUint(1)
		}
		if other := seen[saidOf(&r)]; other != "" {
			t.Errorf("%s says what %s does", name, other)
		}
		seen[saidOf(&r)] = name
	}
}
