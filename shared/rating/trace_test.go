package rating_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	. "github.com/tollbook/tollbook/shared/rating"
)

// TestSentences: what a customer who asks about a charge is told.
func TestSentences(t *testing.T) {
	p := func(s string) money.Price { return price(t, s) }
	ny := Rate{Prefix: "1212", Destination: "New York", Price1: p("0.1"), PriceN: p("0.1"), Interval1: 60, IntervalN: 60, ConnectionFee: p("0.05")}
	two := Rate{Prefix: "1212", Price1: p("0.07"), PriceN: p("0.025"), Interval1: 1, IntervalN: 1}
	flat := Rate{Prefix: "1212", Price1: p("0.6"), Interval1: 30}
	with := func(changes ...func(*Rate)) Rate { return changed(ny, changes...) }
	is := func(changes ...func(*Terms)) Terms { return usual(changes...) }
	groups := func(t *Terms) {
		t.Origins = []Origin{{Name: "US callers", Prefixes: []string{"1"}}}
		t.Surcharges = []OriginSurcharge{{Origin: "US callers", PerMinute: p("0.25"), PerCall: p("0.1")}}
	}
	bands := func(split bool) func(*Terms) {
		return func(terms *Terms) { terms.Bands = eveningBands(t); terms.Bands.Split = split }
	}
	byDay := []Rate{with(func(r *Rate) { r.Band = "Day" }), with(func(r *Rate) { r.Band, r.PriceN = "Evening", p("0.02") })}
	sms, data := Rate{Kind: call.SMS, Destination: "text", PriceN: p("0.04"), IntervalN: 1}, Rate{Kind: call.Data, PriceN: p("2"), IntervalN: 1024}
	tiers := Rate{Prefix: "1212", Tiers: []Tier{
		{From: 1, Length: 60, Price: p("1")}, {From: 30, Event: true, Every: 7, Price: p("0.1")}, {From: 61, Price: p("0.5"), RoundUp: 30}, {From: 5, Event: true, Price: p("0.2")},
	}}
	kind := func(k call.Kind) func(*Usage) { return func(u *Usage) { u.Kind, u.Quantity = k, u.Quantity/1e9 } }
	none := func(*Usage) {}
	const to = " to 12125550100 (New York, prefix 1212): "
	const minutes = "first 60 s at 0.10/min = 0.1000, then 1 s billed as 60 s at 0.10/min = 0.1000, connection fee 0.05"
	for _, tt := range []struct {
		terms    Terms
		rates    []Rate
		quantity string
		usage    func(*Usage)
		want     string
	}{
		{is(), []Rate{ny}, "61", none, "Call of 61 s" + to + minutes + "; total 0.2500 GBP."},
		{is(), []Rate{ny}, "60", none, "Call of 60 s" + to + "60 s at 0.10/min = 0.1000, connection fee 0.05; total 0.1500 GBP."},
		{is(), []Rate{ny}, "7.5", none, "Call of 7.5 s" + to + "counted as 8 s, 8 s billed as 60 s at 0.10/min = 0.1000, connection fee 0.05; total 0.1500 GBP."},
		{is(), []Rate{two}, "8", none, "Call of 8 s to 12125550100 (prefix 1212): first 1 s at 0.07/min = 0.0011666…, then 7 s at 0.025/min = 0.00291666…; 0.00408333… rounded half-up to 4 decimals; total 0.0041 GBP."},
		{is(func(t *Terms) { t.Decimals, t.Rounding = 0, money.Up }), []Rate{ny}, "61", none, "Call of 61 s" + to +
			"first 60 s at 0.10/min = 0.1, then 1 s billed as 60 s at 0.10/min = 0.1, connection fee 0.05; 0.25 rounded up to whole units; total 1 GBP."},
		{is(func(t *Terms) { t.KeepFractions, t.Model = true, Continuous }), []Rate{ny}, "61.5", none, "Call of 61.5 s" + to + "61.5 s at 0.10/min = 0.1025, connection fee 0.05; total 0.1525 GBP."},
		{is(func(t *Terms) { t.Model = WholeCallMultiple }), []Rate{with(func(r *Rate) { r.Interval1, r.IntervalN = 10, 30 })}, "5", none, "Call of 5 s" + to +
			"first 5 s billed as 10 s at 0.10/min = 0.01666…, then 20 s to fill the block at 0.10/min = 0.0333…, connection fee 0.05; total 0.1000 GBP."},
		{is(), []Rate{flat}, "90", none, "Call of 90 s to 12125550100 (prefix 1212): first 30 s at 0.60/min = 0.3000, then 60 s free; total 0.3000 GBP."},
		{is(), []Rate{{Prefix: "1212", ConnectionFee: p("0.1")}}, "90", none, "Call of 90 s to 12125550100 (prefix 1212): 90 s at 0.00/min = 0.0000, connection fee 0.10; total 0.1000 GBP."},

		// Grace, minimum, free units.
		{is(), []Rate{ny}, "0.3", none, "Call of 0.3 s" + to + "counted as 0 s, a call of 0 s is free; total 0.0000 GBP."},
		{is(func(t *Terms) { t.ChargeZeroSeconds = true }), []Rate{ny}, "0", none, "Call of 0 s" + to + "60 s to fill the block at 0.10/min = 0.1000, connection fee 0.05; total 0.1500 GBP."},
		{is(func(t *Terms) { t.ChargeZeroSeconds = true }), []Rate{{Prefix: "1212", IntervalN: 1}}, "0", none, "Call of 0 s to 12125550100 (prefix 1212): nothing is charged for it; total 0.0000 GBP."},
		{is(func(t *Terms) { t.Grace = 5 }), []Rate{ny}, "4", none, "Call of 4 s" + to + "a call under 5 s is free; total 0.0000 GBP."},
		{is(func(t *Terms) { t.Grace, t.GraceMode = 5, GraceUpTo }), []Rate{ny}, "5", none, "Call of 5 s" + to + "a call of up to 5 s is free; total 0.0000 GBP."},
		{is(func(t *Terms) { t.Grace, t.GraceMode = 5, GraceDeducted }), []Rate{ny}, "66", none, "Call of 66 s" + to + "the first 5 s are not counted, " + minutes + "; total 0.2500 GBP."},
		{is(func(t *Terms) { t.Minimum = 61 }), []Rate{ny}, "4", none, "Call of 4 s" + to + "at least 61 s are billed, " + minutes + "; total 0.2500 GBP."},
		{is(func(t *Terms) { t.Free = 30 }), []Rate{ny}, "91", none, "Call of 91 s" + to + "first 60 s at 0.10/min = 0.1000, then 30 s free, then 1 s billed as 60 s at 0.10/min = 0.1000, connection fee 0.05; total 0.2500 GBP."},
		{is(func(t *Terms) { t.Free = 30 }), []Rate{ny}, "80", none, "Call of 80 s" + to + "first 60 s at 0.10/min = 0.1000, then 20 s free, connection fee 0.05; total 0.1500 GBP."},
		{is(func(t *Terms) { t.Free = 30 }), []Rate{flat}, "80", none, "Call of 80 s to 12125550100 (prefix 1212): first 30 s at 0.60/min = 0.3000, then 50 s free; total 0.3000 GBP."},
		{is(func(t *Terms) { t.Free, t.FreeFirst = 30, true }), []Rate{ny}, "91", none, "Call of 91 s" + to + "30 s free, " + minutes + "; total 0.2500 GBP."},
		{is(func(t *Terms) { t.Free, t.FreeFirst = 30, true }), []Rate{ny}, "20", none, "Call of 20 s" + to + "20 s free, connection fee 0.05; total 0.0500 GBP."},

		// What is charged besides, and limits.
		{is(), []Rate{{Prefix: "1212", Per: PerCall, Price1: p("0.2")}}, "90", none, "Call of 90 s to 12125550100 (prefix 1212): 0.20 whatever the length; total 0.2000 GBP."},
		{is(), []Rate{tiers}, "100", none, "Call of 100 s to 12125550100 (prefix 1212): first 60 s at 1.00/min = 1.0000, then 40 s billed as 60 s at 0.50/min = 0.5000, 11 times 0.10 on the way = 1.1000, once 0.20 on the way; total 2.8000 GBP."},
		{is(func(t *Terms) { t.Access = p("0.07") }), []Rate{with(func(r *Rate) { r.Access = true })}, "61", none, "Call of 61 s" + to + minutes + ", access charge 0.07/min = 0.1400; total 0.3900 GBP."},
		{is(groups), []Rate{ny}, "61", none, "Call of 61 s" + to + minutes + ", surcharge for where it comes from 0.25/min = 0.5000, surcharge for where it comes from 0.10; total 0.8500 GBP."},
		{is(func(t *Terms) { t.Surcharge = p("0.1") }), []Rate{ny}, "61", none, "Call of 61 s" + to + minutes + "; together 0.2500, plus 10 %; total 0.2750 GBP."},
		{is(func(t *Terms) { t.Surcharge, t.MinCharge = p("0.1"), p("1") }), []Rate{ny}, "61", none, "Call of 61 s" + to + minutes + "; together 0.2500, plus 10 %, but at least 1.0000; total 1.0000 GBP."},
		{is(func(t *Terms) { t.MaxCharge = p("0.2") }), []Rate{ny}, "61", none, "Call of 61 s" + to + minutes + "; together 0.2500, but at most 0.2000; total 0.2000 GBP."},

		// Which row.
		{is(bands(true)), byDay, "25320", none, "Call of 25320 s to 12125550100 (New York, prefix 1212, Day): first 25200 s (Day) at 0.10/min = 42.0000, then 120 s (Evening) at 0.02/min = 0.0400, connection fee 0.05; total 42.0900 GBP."},
		{is(bands(false)), byDay, "61", none, "Call of 61 s to 12125550100 (New York, prefix 1212, Day): " + minutes + "; total 0.2500 GBP."},
		{is(func(t *Terms) { t.Presentation = InterIntra }), []Rate{with(func(r *Rate) { r.Class = numbering.Intrastate })}, "61", none, "Call of 61 s to 12125550100 (New York, prefix 1212, intrastate): " + minutes + "; total 0.2500 GBP."},
		{is(func(t *Terms) { groups(t); t.Surcharges = nil }), []Rate{with(func(r *Rate) { r.Origin, r.Tag = "US callers", "gold" })}, "61", func(u *Usage) { u.Tag = "gold" },
			"Call of 61 s to 12125550100 (New York, prefix 1212, callers: US callers, tag gold): " + minutes + "; total 0.2500 GBP."},
		{is(), []Rate{with(func(r *Rate) { r.Area, r.Local = "NY", true }), {Prefix: "1315", Area: "NY"}}, "61", none, "Call of 61 s to 12125550100 (New York, prefix 1212, local in NY): " + minutes + "; total 0.2500 GBP."},
		{is(), []Rate{with(func(r *Rate) { r.Prefix = "" })}, "61", none, "Call of 61 s to 12125550100 (New York, any other number): " + minutes + "; total 0.2500 GBP."},
		{is(), []Rate{with(func(r *Rate) { r.Prefix, r.Service, r.Destination = "", "onnet", "on net" })}, "61", func(u *Usage) { u.Service = "onnet" }, "Call of 61 s to 12125550100 (on net, service onnet): " + minutes + "; total 0.2500 GBP."},
		{is(func(t *Terms) { t.ByLRN = true }), []Rate{with(func(r *Rate) { r.Prefix = "1313" })}, "61", func(u *Usage) { u.LRN = "13135550100" }, "Call of 61 s to 12125550100, rated as 13135550100 (New York, prefix 1313): " + minutes + "; total 0.2500 GBP."},

		// Other kinds.
		{is(), []Rate{sms}, "3", kind(call.SMS), "3 messages to 12125550100 (text, any other number): 3 messages at 0.04 each = 0.1200; total 0.1200 GBP."},
		{is(), []Rate{sms}, "1", kind(call.SMS), "1 message to 12125550100 (text, any other number): 1 message at 0.04 each = 0.0400; total 0.0400 GBP."},
		{is(), []Rate{sms}, "0", kind(call.SMS), "0 messages to 12125550100 (text, any other number): nothing was used; total 0.0000 GBP."},
		{is(func(t *Terms) { t.ShortDigits = 0 }), []Rate{data}, "1500000", func(u *Usage) { kind(call.Data)(u); u.Number = "" },
			"1500000 bytes (any other number): 1500000 bytes billed as 1500160 bytes at 2.00 per 1000000 bytes = 3.00032; 3.00032 rounded half-up to 4 decimals; total 3.0003 GBP."},

		// No charge.
		{is(), []Rate{with(func(r *Rate) { r.Blocked = true })}, "61", none, "Call of 61 s to 12125550100 (New York, prefix 1212): not charged, calls like this are blocked."},
		{is(), []Rate{{Prefix: "44"}}, "61", none, "Call of 61 s to 12125550100: not charged, the card has no rate for it."},
		{is(), []Rate{ny}, "61", func(u *Usage) { u.Number = "12125" }, "Call of 61 s to 12125: not charged, the number has fewer than 7 digits and there is no rate for exactly this number."},
		{is(), []Rate{ny}, "10000001", none, "Call to 12125550100: not charged, a duration must be 0 to 10000000 s."},
		{is(), []Rate{sms}, "3", func(u *Usage) { u.Kind, u.Quantity = call.SMS, -1 }, "Usage to 12125550100: not charged, a quantity must be 0 to 10000000000000000."},
	} {
		u := aCall(t, tt.quantity)
		tt.usage(&u)
		if got := mustCard(t, tt.terms, tt.rates...).NewPricer().Trace(&u).Sentence(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// TestTraceAsJSON: what programs are told, and that they can read it back.
func TestTraceAsJSON(t *testing.T) {
	terms := usual(func(terms *Terms) {
		terms.Surcharge, terms.MaxCharge, terms.Bands, terms.ByLRN = price(t, "0.1"), price(t, "0.16"), eveningBands(t), true
		terms.Presentation, terms.Free = InterIntra, 5
	})
	c := mustCard(t, terms, Rate{
		Prefix: "1212", Destination: "New York", AssumedPulse: true, Class: numbering.Intrastate, Band: "Day",
		Price1: price(t, "0.1"), PriceN: price(t, "0.1"), Interval1: 1, IntervalN: 1, ConnectionFee: price(t, "0.05"),
	})
	u := aCall(t, "65.500")
	u.LRN = "12125550000"
	trace := c.NewPricer().Trace(&u)
	got, err := json.Marshal(trace)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"kind":"voice","number":"12125550000","dialled":"12125550100","matched":true,"prefix":"1212","destination":"New York","class":"intrastate","band":"Day",` +
		`"duration":"65.5","duration_rounding":"half-up","seconds":66,"free":false,"free_after":5,"steps":[` +
		`{"name":"first_interval","band":"Day","seconds":1,"billed_seconds":1,"price":"0.1","per":60,"exact":"0.001(6)"},` +
		`{"name":"pulses","band":"Day","seconds":60,"billed_seconds":60,"price":"0.1","per":60,"exact":"0.1"},` +
		`{"name":"connection_fee","seconds":0,"billed_seconds":0,"times":1,"price":"0.05","exact":"0.05"}],` +
		`"sum":"0.151(6)","surcharge":"0.1","max_charge":"0.16","exact":"0.16","rounding":"half-up","decimals":4,"currency":"GBP","short_digits":7,` +
		`"billed_seconds":61,"charge":"0.1600","flags":"default_increment"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var back Trace
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(trace, back, cmpopts.IgnoreUnexported(Trace{}, Step{}), cmpopts.IgnoreFields(Trace{}, "Row")); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}
