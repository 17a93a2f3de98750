package portal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger"
)

// chosen is built with two more cards, what chooses between them, and a card for
// what none has a rate for.
func chosen(t *testing.T) *world {
	t.Helper()
	w := built(t)
	w.create("/v1/feeds/both", `{"format":"generic","timezone":"UTC","cycle":"monthly","direction":"both"}`)
	w.create("/v1/cards/mobile", `{"kind":"customer","currency":"GBP","activate":"at_arrival","parent":"carrier","markup":"100%"}`)
	w.create("/v1/cards/own", `{"kind":"customer","currency":"GBP","activate":"at_arrival","parent":"carrier","markup":"50%"}`)
	w.create("/v1/cards/wide", `{"kind":"provider","currency":"GBP","activate":"at_arrival"}`)
	w.create("/v1/cards/last", `{"kind":"customer","currency":"GBP","activate":"at_arrival","parent":"wide","markup":"10%"}`)
	w.deck("wide/deck.csv", "prefix,destination,price_1,price_n,interval_1,interval_n\n8,World,1.00,1.00,60,60\n44,World,1.00,1.00,60,60\n101,Voicemail,0.05,0.05,1,1\n", "2026-01-01T00:00:00Z")
	w.compile("2026-01-01T00:00:00Z")
	w.create("/v1/call-types/mobile", `{"prefixes":["447"],"class":"mobile","name":"Mobiles"}`)
	w.create("/v1/call-types/special", `{"prefixes":["4487"],"class":"special","rate_as":"99912345678"}`)
	w.create("/v1/accounts/beta/assignments/2026-01?class=mobile&direction=outbound", `{"card":"mobile"}`)
	w.create("/v1/accounts/beta/assignments/2026-01?number=442079460000", `{"card":"own"}`)
	w.create("/v1/fallbacks/GBP/2026-01", `{"card":"last"}`)
	w.create("/v1/accounts/bare", `{"cycle":"monthly","currency":"GBP"}`)
	return w
}

func TestRulesOfChoiceAreReadAsTheyWereWritten(t *testing.T) {
	w := chosen(t)
	w.create("/v1/call-types/whole", `{"prefixes":["33","","331"],"direction":"inbound","band":"M1","class":"inbound","name":"In","group":"Inbound","rate_as":"onnet","itemise":"masked","weight":200,
		"from":"2026-11-01T00:00:00Z","to":"2026-12-01T00:00:00Z"}`)
	w.create("/v1/fallbacks/GBP/2026-02?class=mobile&direction=inbound", `{"card":"last"}`)
	for path, want := range map[string]string{
		"/v1/call-types/mobile": `{"id":"mobile","prefixes":["447"],"class":"mobile","name":"Mobiles"}`,
		"/v1/call-types/whole": `{"id":"whole","prefixes":["","33","331"],"direction":"inbound","band":"M1","class":"inbound","name":"In","group":"Inbound","rate_as":"onnet","itemise":"masked","weight":200,
			"from":"2026-11-01T00:00:00Z","to":"2026-12-01T00:00:00Z"}`,
		"/v1/accounts/beta/assignments/2026-01?class=mobile&direction=outbound": `{"account":"beta","from":"2026-01","class":"mobile","direction":"outbound","card":"mobile"}`,
		"/v1/accounts/beta/assignments/2026-01?number=442079460000":             `{"account":"beta","from":"2026-01","number":"442079460000","card":"own"}`,
		"/v1/accounts/beta/assignments/2026-01":                                 `{"account":"beta","from":"2026-01","card":"retail"}`,
		"/v1/fallbacks/GBP/2026-01":                                             `{"currency":"GBP","from":"2026-01","card":"last"}`,
		"/v1/fallbacks/GBP/2026-02?class=mobile&direction=inbound":              `{"currency":"GBP","from":"2026-02","class":"mobile","direction":"inbound","card":"last"}`,
	} {
		one := w.get(path).want(200)
		one.json(want)
		again := w.do("PUT", path, string(one.Body), "If-Match: "+one.Header.Get("ETag")).want(200)
		again.json(want)
		if again.Header.Get("ETag") != one.Header.Get("ETag") {
			t.Errorf("%s has another version, but nothing changed", path)
		}
	}
	w.get("/v1/fallbacks").json(`{"items":[{"currency":"GBP","from":"2026-01","card":"last"},{"currency":"GBP","from":"2026-02","class":"mobile","direction":"inbound","card":"last"}]}`)
	if got := w.get("/v1/call-types").want(200); got.field("items.0.id")+got.field("items.1.id")+got.field("items.2.id") != "mobilespecialwhole" {
		t.Errorf("call types: %s", got.Body)
	}
	w.get("/v1/accounts/beta/assignments").json(`{"items":[{"account":"beta","from":"2026-01","card":"retail"},
		{"account":"beta","from":"2026-01","direction":"outbound","class":"mobile","card":"mobile"},
		{"account":"beta","from":"2026-01","number":"442079460000","card":"own"}]}`)
	for _, path := range []string{"/v1/call-types/none", "/v1/fallbacks/GBP/2026-03", "/v1/fallbacks/GBP/x", "/v1/accounts/beta/assignments/2026-01?class=special", "/v1/accounts/beta/assignments/x"} {
		w.get(path).problem(404, "not_found")
	}
	w.get("/v1/accounts/beta/assignments/2026-01?tariff=x").problem(422, "invalid", "query.tariff")
}

func TestARuleOfChoiceThatCannotHoldIsRefusedWithItsPlace(t *testing.T) {
	w := chosen(t)
	for _, tt := range []struct{ path, body, code, location, says string }{
		{"/v1/call-types/new", `{"prefixes":["447"],"class":"x"}`, "refused", "body.prefixes", "another direction, band or from: call type mobile"},
		{"/v1/call-types/new", `{"prefixes":["+44"],"class":"x"}`, "refused", "body.prefixes[0]", "0 to 15 digits"},
		{"/v1/call-types/new", `{"prefixes":[],"class":"x"}`, "invalid", "body.prefixes", "1"},
		{"/v1/call-types/new", `{"prefixes":["33"]}`, "invalid", "body", "class"},
		{"/v1/call-types/new", `{"prefixes":["33"],"class":"My class"}`, "refused", "body.class", "such as mobile"},
		{"/v1/call-types/new", `{"prefixes":["33"],"class":"x","direction":"up"}`, "invalid", "body.direction", "inbound"},
		{"/v1/call-types/new", `{"prefixes":["33"],"class":"x","itemise":"some"}`, "invalid", "body.itemise", "masked"},
		{"/v1/call-types/new", `{"prefixes":["33"],"class":"x","weight":10001}`, "invalid", "body.weight", "10000"},
		{"/v1/call-types/new", `{"prefixes":["33"],"class":"x","from":"May"}`, "invalid", "body.from", "2026-11-01"},
		{"/v1/call-types/new", `{"prefixes":["33"],"class":"x","from":"2026-11-01T00:00:00Z","to":"2026-11-01T00:00:00Z"}`, "refused", "body.to", "after from"},
		{"/v1/accounts/acme/assignments/2026-02?class=moble", `{"card":"retail"}`, "refused", "body.class", "mobile, special"},
		{"/v1/accounts/acme/assignments/2026-02?number=x", `{"card":"retail"}`, "refused", "body.number", "1 to 32 digits"},
		{"/v1/accounts/acme/assignments/2026-02?class=mobile", `{"class":"special","card":"retail"}`, "invalid", "body.class", "as in the path"},
		{"/v1/fallbacks/GBP/2026-02", `{"card":"carrier"}`, "refused", "body.card", "a customer card"},
		{"/v1/fallbacks/EUR/2026-02", `{"card":"last"}`, "refused", "body.card", "a card in EUR"},
		{"/v1/fallbacks/GBP/2026-13", `{"card":"last"}`, "invalid", "path.month", "YYYY-MM"},
		{"/v1/fallbacks/GBP/2026-02?class=moble", `{"card":"last"}`, "refused", "body.class", "mobile, special"},
	} {
		w.do("PUT", tt.path, tt.body, "If-None-Match: *").problem(422, tt.code, `"location":"`+tt.location+`"`, tt.says)
		if got := w.get(tt.path); got.Status != 404 {
			t.Errorf("%s is there after it was refused: %s", tt.path, got.Body)
		}
	}
}

// The price is what rating charges for the same record, by the card that is
// chosen for it.
func TestThePriceIsByTheCardThatIsChosen(t *testing.T) {
	w := chosen(t)
	prices := map[string]string{ // card, amount, flags, call type
		"all":      `retail 0.0250 [] `,
		"mobile":   `mobile 0.7800 [] mobile`,
		"received": `retail 0.4875 [] mobile`,
		"own":      `own 0.0300 [] `,
		"class":    `own 0.5850 [] mobile`,
		"own-in":   `own 0.0300 [] `,
		"special":  `retail 3.1000 [rated_as] special`,
		"nowhere":  `last 1.1000 [fallback_card] `,
		"short":    `last 0.0550 [fallback_card] `,
		"shorter":  `retail short_number [] `,
		"blocked":  `mobile blocked [] mobile`,
		"bare":     `last 1.1000 [fallback_card] mobile`,
	}
	text := `call_id,account,a_number,b_number,start_time,duration,direction
all,beta,442079460009,442079460958,2026-11-02 10:00:00,60,outbound
mobile,beta,442079460009,447700900123,2026-11-02 10:00:00,60,outbound
received,beta,442079460009,447700900123,2026-11-02 10:00:00,60,inbound
own,beta,442079460000,442079460958,2026-11-02 10:00:00,60,outbound
class,beta,442079460000,447700900123,2026-11-02 10:00:00,60,outbound
own-in,beta,447700900123,442079460000,2026-11-02 10:00:00,60,inbound
special,beta,442079460009,448712345678,2026-11-02 10:00:00,60,outbound
nowhere,beta,442079460009,81312345678,2026-11-02 10:00:00,60,outbound
short,beta,442079460009,101,2026-11-02 10:00:00,60,outbound
shorter,beta,442079460009,102,2026-11-02 10:00:00,60,outbound
blocked,beta,442079460009,4470123456,2026-11-02 10:00:00,60,outbound
bare,bare,442079460009,447700900123,2026-11-02 10:00:00,60,outbound
`
	info := w.drop(w.config.Buckets.CDRs, "both/a.csv", text)
	id, err := w.config.Ledger.Receive(w.ctx(), ledger.Arrival{Bucket: "cdrs", Object: info.Name, Generation: info.Generation, Feed: "both", At: at("2026-11-20T00:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.config.Ledger.Process(w.ctx(), id); err != nil {
		t.Fatal(err)
	}
	w.closeNovember()
	compared := 0
	err = w.config.Ledger.Rows(t.Context(), id, func(r *call.Row, _ *ledger.Key) error {
		compared++
		body, err := json.Marshal(map[string]any{"account": r.Account, "number": r.BNumber, "caller": r.ANumber, "direction": r.Direction.String(), "seconds": 60, "at": r.At()})
		if err != nil {
			return err
		}
		got := w.do("POST", "/v1/price", string(body)).want(200)
		flags := strings.Join(strings.Split(r.Flags.String(), "|"), " ")
		rated := r.Charge.String()
		if r.Reason != "" {
			rated = string(r.Reason)
		}
		var q struct {
			Flags          []string
			Amount, Reason string
		}
		if err := json.Unmarshal(got.Body, &q); err != nil {
			return err
		}
		told := fmt.Sprintf("%s %s %s %s", got.field("card"), q.Amount+q.Reason, q.Flags, got.field("call_type"))
		if told != prices[r.CallID] || !strings.HasPrefix(told, fmt.Sprintf("%s %s [%s]", got.field("card"), rated, flags)) {
			t.Errorf("%s: %q, want %q; rated %s [%s]", r.CallID, told, prices[r.CallID], rated, flags)
		}
		if r.CallID == "special" && (got.field("rated_as") != "99912345678" || got.field("prefix") != "999" || got.field("tariff_class") != "special" ||
			!strings.Contains(got.field("sentence"), "to 448712345678, rated as 99912345678 (Satellite, prefix 999)")) {
			t.Errorf("special: %s", got.Body)
		}
		return nil
	})
	if err != nil || compared != len(prices) {
		t.Fatalf("compared %d of %d rows: %v", compared, len(prices), err)
	}
}
