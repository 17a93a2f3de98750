package rating_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
)

func TestSentence(t *testing.T) {
	p := func(s string) money.Price { return price(t, s) }
	rates := []Rate{
		{Prefix: "447", Destination: "UK mobile", Price1: p("0.1"), PriceN: p("0.1"), Interval1: 60, IntervalN: 60, ConnectionFee: p("0.05")},
		{Prefix: "448", Destination: "UK service", Price1: p("0.07"), PriceN: p("0.025"), Interval1: 1, IntervalN: 1},
		{Prefix: "449", Destination: "UK premium", Blocked: true},
		{Prefix: "33", Price1: p("0.6"), Interval1: 30},
		{Prefix: "34", Destination: "Spain", ConnectionFee: p("0.1")},
		{Prefix: "35", Destination: "Free", IntervalN: 1},
	}
	catchAll := append([]Rate{{Destination: "Elsewhere", Price1: p("9"), PriceN: p("9"), Interval1: 60, IntervalN: 60}}, rates...)
	usual := DefaultTerms("GBP")
	whole, zero, wholePounds := usual, usual, usual
	whole.Model = WholeCallMultiple
	zero.ChargeZeroSeconds = true
	wholePounds.Decimals, wholePounds.Rounding = 0, money.Up
	tenThirty := []Rate{{Prefix: "370", Destination: "Lithuania", Price1: p("6"), PriceN: p("3"), Interval1: 10, IntervalN: 30}}
	for _, tt := range []struct {
		terms            Terms
		rates            []Rate
		number, duration string
		want             string
	}{
		{usual, rates, "447700900123", "61", "Call of 61 s to 447700900123 (UK mobile, prefix 447): first 60 s at 0.10/min = 0.1000, then 1 s billed as 60 s at 0.10/min = 0.1000, connection fee 0.05; total 0.2500 GBP."},
		{usual, rates, "447700900123", "7.5", "Call of 7.5 s to 447700900123 (UK mobile, prefix 447): counted as 8 s, 8 s billed as 60 s at 0.10/min = 0.1000, connection fee 0.05; total 0.1500 GBP."},
		{usual, rates, "447700900123", "60", "Call of 60 s to 447700900123 (UK mobile, prefix 447): 60 s at 0.10/min = 0.1000, connection fee 0.05; total 0.1500 GBP."},
		{usual, rates, "448700900123", "8", "Call of 8 s to 448700900123 (UK service, prefix 448): first 1 s at 0.07/min = 0.0011666…, then 7 s at 0.025/min = 0.00291666…; 0.00408333… rounded half-up to 4 decimals; total 0.0041 GBP."},
		{wholePounds, rates, "447700900123", "61", "Call of 61 s to 447700900123 (UK mobile, prefix 447): first 60 s at 0.10/min = 0.1, then 1 s billed as 60 s at 0.10/min = 0.1, connection fee 0.05; 0.25 rounded up to 0 decimals; total 1 GBP."},
		{usual, rates, "337700900123", "90", "Call of 90 s to 337700900123 (prefix 33): first 30 s at 0.60/min = 0.3000, then 60 s free; total 0.3000 GBP."},
		{usual, rates, "347700900123", "90", "Call of 90 s to 347700900123 (Spain, prefix 34): 90 s at 0.00/min = 0.0000, connection fee 0.10; total 0.1000 GBP."},
		{whole, tenThirty, "370612345678", "5", "Call of 5 s to 370612345678 (Lithuania, prefix 370): first 5 s billed as 10 s at 6.00/min = 1.0000, then 20 s more to a whole block at 3.00/min = 1.0000; total 2.0000 GBP."},
		{usual, rates, "447700900123", "0.3", "Call of 0.3 s to 447700900123 (UK mobile, prefix 447): counted as 0 s, a call of 0 s is free; total 0.0000 GBP."},
		{zero, rates, "447700900123", "0", "Call of 0 s to 447700900123 (UK mobile, prefix 447): 60 s more to a whole block at 0.10/min = 0.1000, connection fee 0.05; total 0.1500 GBP."},
		{zero, rates, "357700900123", "0", "Call of 0 s to 357700900123 (Free, prefix 35): nothing is charged for it; total 0.0000 GBP."},
		{usual, catchAll, "557700900123", "60", "Call of 60 s to 557700900123 (Elsewhere, any other number): 60 s at 9.00/min = 9.0000; total 9.0000 GBP."},
		{usual, rates, "449012345678", "61", "Call of 61 s to 449012345678 (UK premium, prefix 449): not charged, this prefix is blocked."},
		{usual, rates, "557700900123", "61", "Call of 61 s to 557700900123: not charged, no prefix of the card matches this number."},
		{usual, rates, "4477", "61", "Call of 61 s to 4477: not charged, the number has fewer than 7 digits and there is no rate for exactly this number."},
		{usual, rates, "447700900123", "10000001", "Call of 10000001 s to 447700900123: not charged, a duration must be 0 to 10000000 s."},
	} {
		got := mustCard(t, tt.terms, tt.rates...).Trace(tt.number, seconds(t, tt.duration)).Sentence()
		if got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestTraceAsJSON(t *testing.T) {
	c := mustCard(t, DefaultTerms("GBP"), Rate{
		Prefix: "447", Destination: "UK mobile", AssumedPulse: true,
		Price1: price(t, "0.1"), PriceN: price(t, "0.1"), Interval1: 1, IntervalN: 1, ConnectionFee: price(t, "0.05"),
	})
	trace := c.Trace("447700900123", call.Duration{Nanos: 60_500_000_000, Decimals: 3})
	got, err := json.Marshal(trace)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"number":"447700900123","matched":true,"prefix":"447","destination":"UK mobile",` +
		`"duration":"60.500","duration_rounding":"half-up","seconds":61,"free":false,"steps":[` +
		`{"name":"first_interval","seconds":1,"billed_seconds":1,"price":"0.1","exact":"0.001(6)"},` +
		`{"name":"pulses","seconds":60,"billed_seconds":60,"price":"0.1","exact":"0.1"},` +
		`{"name":"connection_fee","seconds":0,"billed_seconds":0,"price":"0.05","exact":"0.05"}],` +
		`"exact":"0.151(6)","rounding":"half-up","decimals":4,"currency":"GBP","short_digits":7,` +
		`"billed_seconds":61,"charge":"0.1517","flags":"default_increment"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var back Trace
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(trace, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}
