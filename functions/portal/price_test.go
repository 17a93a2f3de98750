package portal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

func TestAPriceSaysWhatACallCostsAndWhy(t *testing.T) {
	w := built(t)
	// By hand: 30 s at 0.60/min are 0.30, the other 65 s are 11 pulses of 6 s:
	// 66 s at 0.375/min are 0.4125.
	want := `{"charged":true,"amount":"0.7125","currency":"GBP","account":"acme","card":"retail","revision":1,
		"sentence":"Call of 95 s to 447700900123 (UK mobile, prefix 447): first 30 s at 0.60/min = 0.3000, then 65 s billed as 66 s at 0.375/min = 0.4125; total 0.7125 GBP.",
		"kind":"voice","number":"447700900123","at":"2026-11-02T10:00:00Z","prefix":"447","destination":"UK mobile","duration":"95","billed_seconds":96,
		"steps":[{"name":"first_interval","seconds":30,"billed_seconds":30,"price":"0.6","per":60,"exact":"0.3"},
			{"name":"pulses","seconds":65,"billed_seconds":66,"price":"0.375","per":60,"exact":"0.4125"}],
		"exact":"0.7125","rounding":"half-up","decimals":4}`
	w.do("POST", "/v1/price", `{"account":"acme","number":"+44 7700 900123","seconds":95,"at":"2026-11-02T10:00:00Z"}`).want(200).json(want)
	byCard := strings.Replace(want, `"account":"acme",`, "", 1)
	w.do("POST", "/v1/price", `{"card":"retail","number":"00447700900123","duration":"95","at":"2026-11-02T10:00:00Z"}`).want(200).json(byCard)
	w.do("POST", "/v1/price", `{"card":"retail","revision":1,"number":"447700900123","duration":"95","at":"1990-01-01T00:00:00Z"}`).want(200).
		json(strings.Replace(byCard, "2026-11-02T10:00:00Z", "1990-01-01T00:00:00Z", 1))
	// 61 s of satellite: two minutes at 3.00 and the fee.
	got := w.do("POST", "/v1/price", `{"account":"beta","number":"9991234567","duration":"60.5","at":"2026-11-02T10:00:00Z"}`).want(200)
	if s := got.field("sentence"); got.field("amount") != "6.1000" ||
		s != "Call of 60.5 s to 9991234567 (Satellite, prefix 999): counted as 61 s, first 60 s at 3.00/min = 3.0000, then 1 s billed as 60 s at 3.00/min = 3.0000, connection fee 0.10; total 6.1000 GBP." {
		t.Errorf("a satellite call: %s", got.Body)
	}
}

// ruled has the card retail be of every kind of rule.
func ruled(t *testing.T) *world {
	w := built(t)
	terms := rating.DefaultTerms("GBP")
	terms.ByLRN, terms.Surcharge, terms.MinCharge, terms.MaxCharge, terms.Grace = true, price(t, "0.1"), price(t, "0.02"), price(t, "5"), 3
	terms.Presentation = rating.InterIntra
	terms.Bands = &band.Set{
		Names:   []string{"Peak", "Night"},
		Windows: []band.Window{{Band: "Peak", From: 8 * 3600, To: 20 * 3600}, {Band: "Night", To: band.EndOfDay}},
	}
	image, err := rating.BuildImage(terms, func(yield func(rating.Rate, error) bool) {
		row := rating.Rate{Prefix: "1", Destination: "USA", PriceN: price(t, "0.06"), IntervalN: 1}
		intra, night, gold, sms, data := row, row, row, row, row
		intra.Class, intra.PriceN = numbering.Intrastate, price(t, "0.12")
		night.Band, night.PriceN = "Night", price(t, "0.03")
		gold.Tag, gold.Per, gold.Price1, gold.PriceN, gold.IntervalN = "gold", rating.PerCall, price(t, "0.5"), 0, 0
		sms.Kind, sms.PriceN = call.SMS, price(t, "0.05")
		data.Kind, data.Prefix, data.Service, data.Destination = call.Data, "", "internet", "Internet"
		for _, r := range []rating.Rate{row, intra, night, gold, sms, data} {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	name, err := w.config.Ledger.StoreImage(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	w.replace("cards", "retail", "images", map[string]any{"1": name})
	return w
}

func price(t *testing.T, s string) money.Price {
	t.Helper()
	p, err := money.ParsePrice(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPriceSaysWhichRulesMadeIt(t *testing.T) {
	w := ruled(t)
	const day = `"account":"acme","at":"2026-11-02T10:00:00Z",`
	for _, tt := range []struct{ question, want string }{
		{day + `"number":"+1 212 555 0100","caller":"1 315 555 0100","seconds":60`, `{"amount":"0.1320","class":"intrastate","flags":["no_lrn"],
			"sum":"0.12","surcharge":"0.1","exact":"0.132","steps":[{"name":"pulses","seconds":60,"billed_seconds":60,"price":"0.12","per":60,"exact":"0.12"}]}`},
		{day + `"number":"+1 212 555 0100","caller":"1 312 555 0100","seconds":2`, `{"amount":"0.0000","grace":3,"exact":"0","flags":["no_lrn"]}`},
		{day + `"number":"+1 212 555 0100","seconds":3`, `{"amount":"0.0200","min_charge":"0.02","surcharge":"0.1","sum":"0.003","exact":"0.02","flags":["no_lrn"],
			"steps":[{"name":"pulses","seconds":3,"billed_seconds":3,"price":"0.06","per":60,"exact":"0.003"}]}`},
		{day + `"number":"442079460000","lrn":"12125550100","caller":"442079460000","caller_lrn":"13155550100","seconds":36000`,
			`{"amount":"5.0000","class":"intrastate","flags":["by_lrn"],"sum":"72","surcharge":"0.1","max_charge":"5","exact":"5",
			"steps":[{"name":"pulses","seconds":36000,"billed_seconds":36000,"price":"0.12","per":60,"exact":"72"}]}`},
		{`"account":"acme","at":"2026-11-02T07:59:59Z","number":"12125550100","seconds":60`, `{"amount":"0.0330","band":"Night","flags":["no_lrn"],
			"sum":"0.03","surcharge":"0.1","exact":"0.033","steps":[{"name":"pulses","seconds":60,"billed_seconds":60,"price":"0.03","per":60,"exact":"0.03"}]}`},
		{day + `"number":"12125550100","seconds":60,"tag":"gold"`, `{"amount":"0.5500","flags":["no_lrn"],"sum":"0.5","surcharge":"0.1","exact":"0.55",
			"steps":[{"name":"price_per_call","seconds":0,"billed_seconds":0,"times":1,"price":"0.5","exact":"0.5"}]}`},
		{day + `"number":"12125550100","kind":"sms","units":4`, `{"amount":"0.2200","kind":"sms","units":4,"flags":["no_lrn"],"sum":"0.2","surcharge":"0.1","exact":"0.22",
			"steps":[{"name":"pulses","seconds":4,"billed_seconds":4,"price":"0.05","per":1,"exact":"0.2"}]}`},
		{day + `"kind":"data","units":2000000,"service":"internet"`, `{"amount":"0.1320","kind":"data","units":2000000,"service":"internet","destination":"Internet",
			"sum":"0.12","surcharge":"0.1","exact":"0.132",
			"steps":[{"name":"pulses","seconds":2000000,"billed_seconds":2000000,"price":"0.06","per":1000000,"exact":"0.12"}]}`},
		{day + `"kind":"event","units":1`, `{"reason":"short_number","kind":"event","units":1}`},
	} {
		var got, want map[string]any
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(w.do("POST", "/v1/price", "{"+tt.question+"}").want(200).Body, &got); err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{"account", "card", "revision", "charged", "currency", "sentence", "number", "at", "prefix", "duration", "billed_seconds", "rounding", "decimals", "meaning"} {
			delete(got, other)
		}
		for key, usual := range map[string]any{"kind": "voice", "destination": "USA", "flags": []any{"no_lrn"}} {
			if _, said := want[key]; !said && cmp.Equal(got[key], usual) {
				delete(got, key)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.question, diff)
		}
	}
}

func TestWhatHasNoPriceSaysWhyNot(t *testing.T) {
	w := built(t)
	w.create("/v1/accounts/new", `{"cycle":"monthly","currency":"GBP"}`)
	w.create("/v1/cards/later", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier"}`)
	w.create("/v1/accounts/new/assignments/2026-12", `{"card":"later"}`)
	w.create("/v1/accounts/beta/assignments/2026-12", `{"card":"later"}`)
	november := w.do("POST", "/v1/price", `{"account":"beta","number":"447700900123","seconds":30,"at":"2026-11-30T23:59:59Z"}`).want(200)
	if november.field("card") != "retail" || november.field("amount") != "0.3000" {
		t.Errorf("before another card is assigned: %s", november.Body)
	}
	for _, tt := range []struct{ account, number, at, reason, says string }{
		{"acme", "4470123456", "2026-11-02T10:00:00Z", "blocked", "calls like this are blocked"},
		{"acme", "81312345678", "2026-11-02T10:00:00Z", "no_rate", "the card has no rate for it"},
		{"acme", "100", "2026-11-02T10:00:00Z", "short_number", "fewer than 7 digits"},
		{"nobody", "447700900123", "2026-11-02T10:00:00Z", "no_account", "the account is not in the book"},
		{"acme", "447700900123", "2025-12-31T23:59:59Z", "no_card", "no card at that instant"},
		{"new", "447700900123", "2026-11-30T23:59:59Z", "no_card", "no card at that instant"},
		{"new", "447700900123", "2026-12-01T00:00:00Z", "no_card", "no card at that instant"}, // assigned, without a revision
	} {
		got := w.do("POST", "/v1/price", fmt.Sprintf(`{"account":%q,"number":%q,"seconds":10,"at":%q}`, tt.account, tt.number, tt.at)).want(200)
		if got.field("charged") != "false" || got.field("reason") != tt.reason || got.field("amount") != "" || !strings.Contains(got.field("sentence"), tt.says) {
			t.Errorf("%v: %s", tt, got.Body)
		}
	}
}

func TestAQuestionThatMakesNoSenseIsRefused(t *testing.T) {
	w := built(t)
	for _, tt := range []struct{ body, code, location string }{
		{`{"account":"acme","card":"retail","number":"447700900123","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.account"},
		{`{"number":"447700900123","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.account"},
		{`{"account":"acme","number":"447700900123","at":"2026-11-02T10:00:00Z"}`, "invalid", "body.duration"},
		{`{"account":"acme","number":"447700900123","seconds":1,"duration":"1","at":"2026-11-02T10:00:00Z"}`, "invalid", "body.duration"},
		{`{"account":"acme","number":"447700900123","duration":"1:35","at":"2026-11-02T10:00:00Z"}`, "invalid", "body.duration"},
		{`{"account":"acme","number":"447700900123","seconds":-1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.seconds"},
		{`{"account":"acme","number":"447700900123","seconds":1,"at":"yesterday"}`, "invalid", "body.at"},
		{`{"account":"acme","number":"447700900123","seconds":1,"at":"2200-01-01T00:00:00Z"}`, "invalid", "body.at"},
		{`{"account":"acme","number":"447700900123","seconds":1}`, "invalid", "body"},
		{`{"account":"acme","number":"447700900123","seconds":1,"units":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.units"},
		{`{"account":"acme","number":"447700900123","kind":"sms","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.units"},
		{`{"account":"acme","number":"447700900123","kind":"sms","seconds":1,"units":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.units"},
		{`{"account":"acme","number":"447700900123","kind":"sms","at":"2026-11-02T10:00:00Z"}`, "invalid", "body.units"},
		{`{"account":"acme","number":"447700900123","kind":"fax","units":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.kind"},
		{`{"account":"acme","kind":"sms","units":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.number"},
		{`{"account":"acme","number":"447700900123","lrn":"none","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.lrn"},
		{`{"account":"acme","number":"447700900123","caller_lrn":"none","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.caller_lrn"},
		{`{"account":"acme","number":"bob","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.number"},
		{`{"account":"acme","number":"44\n33","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.number"},
		{`{"account":"acme","revision":1,"number":"447700900123","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "invalid", "body.revision"},
		{`{"card":"none","number":"447700900123","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "refused", "body.card"},
		{`{"card":"carrier","number":"447700900123","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "refused", "body.card"},
		{`{"card":"retail","revision":9,"number":"447700900123","seconds":1,"at":"2026-11-02T10:00:00Z"}`, "refused", "body.revision"},
	} {
		w.do("POST", "/v1/price", tt.body).problem(422, tt.code, `"location":"`+tt.location+`"`)
	}
}

// The price is what the month charges for the same call, whatever the record.
func TestThePriceIsWhatRatingCharges(t *testing.T) {
	w := built(t)
	w.deck("carrier/deck2.csv", strings.Replace(deckText, "0.30", "0.31", 1), "2026-11-15T12:00:00Z")
	w.compile("2026-11-15T12:00:00Z")
	var rows []string
	for i, number := range []string{"447700900123", "442079460958", "33123456789", "4470123456", "81312345678", "9991234567"} {
		for j, duration := range []string{"0", "1", "30", "30.4", "31", "95", "3600", "0.5"} {
			for k, when := range []string{"2026-11-15 11:59:59", "2026-11-15 12:00:00"} {
				rows = append(rows, fmt.Sprintf("%d-%d-%d,beta,%s,%s,%s", i, j, k, number, when, duration))
			}
		}
	}
	id := w.records("switch/all.csv", "switch", rows...)
	w.closeNovember()
	compared := 0
	err := w.config.Ledger.Rows(t.Context(), id, func(r *call.Row, _ *ledger.Key) error {
		body, err := json.Marshal(map[string]any{"account": r.Account, "number": r.BNumber, "duration": string(r.Duration.Append(nil)), "at": r.At()})
		if err != nil {
			return err
		}
		got := w.do("POST", "/v1/price", string(body)).want(200)
		amount := r.Charge.String()
		if r.Status != call.Rated {
			amount = ""
		}
		if got.field("amount") != amount || got.field("billed_seconds") != fmt.Sprint(r.Billed) || got.field("reason") != string(r.Reason) || got.field("prefix") != r.PrefixDigits() {
			t.Errorf("rating charges %s, %d s, %s, prefix %s; the price is %s", r.Charge, r.Billed, r.Reason, r.PrefixDigits(), got.Body)
		}
		compared++
		return nil
	})
	if err != nil || compared != len(rows) {
		t.Fatalf("compared %d of %d rows: %v", compared, len(rows), err)
	}
}

func TestAPriceInAnotherCurrencyIsNotTold(t *testing.T) {
	w := built(t)
	// Only a setup from before cards had definitions can be so.
	w.replace("accounts", "acme", "currency", "EUR")
	w.do("POST", "/v1/price", `{"account":"acme","number":"447700900123","seconds":1,"at":"2026-11-02T10:00:00Z"}`).problem(409, "wrong_state", "EUR", "GBP")
}

func TestADamagedCardImagePricesNothing(t *testing.T) {
	w := built(t)
	b := w.config.Buckets.Cards
	images, err := b.List(t.Context(), "images/", "", 10)
	if err != nil || len(images) != 1 {
		t.Fatal(images, err)
	}
	text := []byte(w.object(b, images[0].Name))
	text[len(text)/2] ^= 1
	if err := b.Delete(t.Context(), images[0].Name, images[0].Generation); err != nil {
		t.Fatal(err)
	}
	q := `{"account":"acme","number":"447700900123","seconds":1,"at":"2026-11-02T10:00:00Z"}`
	w.do("POST", "/v1/price", q).problem(500, "internal")
	w.drop(b, images[0].Name, string(text))
	w.do("POST", "/v1/price", q).problem(500, "internal")
}
