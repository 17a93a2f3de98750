package portal_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestWhatPeopleSetUpIsReadAsItWasWritten(t *testing.T) {
	w := built(t)
	for path, want := range map[string]string{
		"/v1/cycles/monthly": `{"id":"monthly","zone":"Europe/London"}`,
		"/v1/accounts/acme":  `{"id":"acme","name":"Acme","cycle":"monthly","currency":"GBP"}`,
		"/v1/plans/ten":      `{"id":"ten","minutes":10}`,
		"/v1/feeds/switch":   `{"id":"switch","format":"generic","timezone":"UTC","cycle":"monthly"}`,
		"/v1/cards/carrier":  `{"id":"carrier","kind":"provider","currency":"GBP","activate":"at_arrival"}`,
		"/v1/cards/retail": `{"id":"retail","kind":"customer","currency":"GBP","activate":"at_arrival","parent":"carrier","markup":"25%",
			"terms":{"decimals":4,"rounding":"half-up","duration_rounding":"half-up","model":"first_then_pulse","short_digits":7}}`,
		"/v1/accounts/acme/assignments/2026-01": `{"account":"acme","from":"2026-01","card":"retail"}`,
		"/v1/accounts/acme/features/basic": `{"id":"basic","account":"acme","plan":"ten","name":"Ten minutes","start":"2026-01-01",
			"recurring":"5.00","currency":"GBP"}`,
	} {
		one := w.get(path).want(200)
		one.json(want)
		if one.Header.Get("ETag") == "" {
			t.Errorf("%s has no ETag", path)
		}
		// What was read can be sent back as it is, and changes nothing.
		again := w.do("PUT", path, string(one.Body), "If-Match: "+one.Header.Get("ETag")).want(200)
		again.json(want)
		if again.Header.Get("ETag") != one.Header.Get("ETag") {
			t.Errorf("%s has another version, but nothing changed", path)
		}
	}
	w.get("/v1/accounts").json(`{"items":[{"id":"acme","name":"Acme","cycle":"monthly","currency":"GBP"},{"id":"beta","cycle":"monthly","currency":"GBP"}]}`)
	w.get("/v1/accounts/beta/features").json(`{"items":[]}`)
	w.get("/v1/accounts/beta/assignments").json(`{"items":[{"account":"beta","from":"2026-01","card":"retail"}]}`)
	for _, path := range []string{"/v1/cycles", "/v1/plans", "/v1/feeds", "/v1/cards", "/v1/accounts/acme/features"} {
		if w.get(path).want(200).field("items.0.id") == "" {
			t.Errorf("%s lists nothing", path)
		}
	}
}

// Whatever the rules of a card are, they are shown as they were written, and
// the same text is one setup, one document and one answer.
func TestEveryRuleOfACardIsKept(t *testing.T) {
	w := built(t)
	const rules = `{"decimals":0,"rounding":"up","duration_rounding":"down","keep_fractions":true,"model":"continuous","charge_zero_seconds":true,
		"short_digits":0,"grace":5,"grace_mode":"deducted","free":10,"free_first":true,"minimum":3,"min_charge":"0.05","max_charge":"2.5","surcharge":"0.1",
		"access":"0.13","presentation":"inter_intra","dearer_indeterminate":true,"eea_from":["FR"],"eea_to":["DE","AT"],"by_lrn":true,
		"bands":{"zone":"Europe/London","split":true,"names":["Peak","Rest"],"windows":[
			{"band":"Peak","days":["mon","fri"],"from":"08:00","to":"18:00:30","months":[1],"month_days":[-1,2],"years":[2026]},{"band":"Rest","from":"00:00","to":"24:00"}],
			"dates":[{"on":"12-25","as":"holiday"}]},
		"origins":[{"name":"EER","prefixes":["33","43"]},{"name":"none","invalid":true}],
		"surcharges":[{"origin":"none","to":["44"],"per_minute":"0.25","per_call":"0.01"}]}`
	body := `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","markup":"none","terms":` + rules + `}`
	w.create("/v1/cards/ruled", body)
	want := `{"id":"ruled",` + body[1:]
	one := w.get("/v1/cards/ruled").want(200)
	one.json(want)
	w.do("PUT", "/v1/cards/ruled", string(one.Body), "If-Match: "+one.Header.Get("ETag")).want(200).json(want)
	w.create("/v1/cards/plain", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","markup":"none","terms":{"grace":2}}`)
	w.get("/v1/cards/plain").want(200).json(`{"id":"plain","kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","markup":"none",
		"terms":{"decimals":4,"rounding":"half-up","duration_rounding":"half-up","model":"first_then_pulse","short_digits":7,"grace":2}}`)
	w.create("/v1/cards/defaults", `{"kind":"provider","currency":"GBP","activate":"by_person","defaults":{"connection_fee":"0.05","per":"second","grace":3}}`)
	w.get("/v1/cards/defaults").want(200).json(`{"id":"defaults","kind":"provider","currency":"GBP","activate":"by_person","defaults":{"connection_fee":"0.05","per":"second","grace":3}}`)
	w.create("/v1/cards/events", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","markup":"10%","event_markup":"+0.02"}`)
	w.get("/v1/cards/events").want(200).json(`{"id":"events","kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","markup":"10%","event_markup":"+0.02",
		"terms":{"decimals":4,"rounding":"half-up","duration_rounding":"half-up","model":"first_then_pulse","short_digits":7}}`)
	for _, c := range []struct{ terms, code, field string }{
		{`{"model":"half"}`, "invalid", "body.terms.model"},
		{`{"moon":1}`, "invalid", "body.terms.moon"},
		{`{"min_charge":"much"}`, "invalid", "body.terms"},
		{`{"eea_from":["FRA"]}`, "refused", "body.terms"},
		{`{"min_charge":"2","max_charge":"1"}`, "refused", "the maximum charge 1"},
		{`{"surcharges":[{"origin":"nobody"}]}`, "refused", "nobody"},
		{`{"bands":{"names":["a"],"windows":[{"band":"a","from":"00:00","to":"23:00"}]}}`, "refused", "23:00 to 24:00"},
	} {
		w.do("PUT", "/v1/cards/x", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","terms":`+c.terms+`}`, "If-None-Match: *").
			problem(422, c.code, c.field)
	}
}

func TestANumberHasOwnersFromInstantsOn(t *testing.T) {
	w := built(t)
	body := `{"owners":[{"account":"acme"},{"account":"beta","from":"2026-11-03T00:00:00Z"},{"from":"2026-12-01T00:00:00Z"}]}`
	w.create("/v1/numbers/442079460000", body)
	want := `{"number":"442079460000",` + body[1:]
	one := w.get("/v1/numbers/442079460000").want(200)
	one.json(want)
	w.do("PUT", "/v1/numbers/442079460000", string(one.Body), "If-Match: "+one.Header.Get("ETag")).want(200).json(want)
	w.get("/v1/numbers").json(`{"items":[` + want + `]}`)
}

func TestARangeOfNumbersHasAnOwnerAndNoNumberHasTwo(t *testing.T) {
	w := built(t)
	w.create("/v1/numbers/442079460000-442079460999", `{"owners":[{"account":"acme"}]}`)
	w.get("/v1/numbers/442079460000-442079460999").want(200).json(`{"number":"442079460000","last":"442079460999","owners":[{"account":"acme"}]}`)
	w.create("/v1/numbers/442079460000", `{"owners":[{"account":"beta"}]}`) // inside
	for path, says := range map[string]string{
		"442079460500-442079461499": `account \"acme\" has 442079460000 to 442079460999 from ever on, and account \"beta\" has 442079460500 to 442079461499 from ever on`,
		"442079460999-442079460000": "a number above the first",
		"442079460000-44207946":     "as many digits",
		"44207946000x":              "1 to 20 digits",
	} {
		w.do("PUT", "/v1/numbers/"+path, `{"owners":[{"account":"beta"}]}`, "If-None-Match: *").problem(422, "refused", says)
	}
	w.get("/v1/number-lists").json(`{"items":[]}`)
}

func TestAFeedSaysHowItTellsWhoPays(t *testing.T) {
	w := built(t)
	body := `{"format":"generic","timezone":"UTC","cycle":"monthly","unquoted":true,"numbers":{"country_code":"44","national_prefix":"0"},"direction":"both",
		"identify":["trunk","caller","called","fixed:acme"],"trunks":[{"trunk":"sip-7","owners":[{"account":"beta","from":"2026-11-03T00:00:00Z"}]}]}`
	w.create("/v1/feeds/edge", body)
	w.get("/v1/feeds/edge").want(200).json(`{"id":"edge",` + body[1:])
}

func TestAChangeCountsAndOnlyAgainstTheVersionThatWasRead(t *testing.T) {
	w := built(t)
	one := w.get("/v1/plans/ten")
	old := one.Header.Get("ETag")
	w.do("PUT", "/v1/plans/ten", `{"minutes":20}`).problem(428, "precondition_required")
	w.do("PUT", "/v1/plans/ten", `{"minutes":20}`, "If-None-Match: *").problem(412, "exists")
	w.do("PUT", "/v1/plans/other", `{"minutes":20}`, "If-Match: "+old).problem(412, "stale")
	w.do("PUT", "/v1/plans/other", `{"minutes":20}`).problem(428, "precondition_required")
	w.do("PUT", "/v1/plans/ten", `{"minutes":20}`, "If-Match: "+old, "If-None-Match: *").problem(400, "bad_request", "header.If-Match")
	w.do("PUT", "/v1/plans/ten", `{"minutes":20}`, "If-Match: *").problem(400, "bad_request", "header.If-Match")
	w.do("PUT", "/v1/plans/ten", `{"minutes":20}`, "If-None-Match: 1").problem(400, "bad_request", "header.If-None-Match")
	changed := w.do("PUT", "/v1/plans/ten", `{"minutes":20}`, "If-Match: "+old).want(200)
	changed.json(`{"id":"ten","minutes":20}`)
	if v := w.get("/v1/plans/ten").Header.Get("ETag"); v == old || v != changed.Header.Get("ETag") {
		t.Errorf("the version is %s after a change from %s that answered %s", v, old, changed.Header.Get("ETag"))
	}
	w.do("PUT", "/v1/plans/ten", `{"minutes":30}`, "If-Match: "+old).problem(412, "stale")
	w.get("/v1/plans/ten").json(`{"id":"ten","minutes":20}`)
}

func TestOfManyChangesAgainstOneVersionOneCounts(t *testing.T) {
	w := built(t)
	tag := w.get("/v1/plans/ten").Header.Get("ETag")
	var wait sync.WaitGroup
	answers := make([]int, 12)
	for i := range answers {
		wait.Go(func() {
			answers[i] = w.do("PUT", "/v1/plans/ten", fmt.Sprintf(`{"minutes":%d}`, 100+i), "If-Match: "+tag).Status
		})
	}
	wait.Wait()
	won := -1
	for i, status := range answers {
		switch {
		case status == 200 && won < 0:
			won = i
		case status != 412:
			t.Errorf("change %d is answered %d", i, status)
		}
	}
	if won < 0 {
		t.Fatal("no change counted")
	}
	w.get("/v1/plans/ten").json(fmt.Sprintf(`{"id":"ten","minutes":%d}`, 100+won))
}

func TestWhatNamesNothingOrBreaksARuleIsRefusedWithItsPlace(t *testing.T) {
	w := built(t)
	w.create("/v1/cards/euro", `{"kind":"provider","currency":"EUR","activate":"by_person"}`)
	w.create("/v1/accounts/yen", `{"cycle":"monthly","currency":"JPY"}`)
	for _, tt := range []struct{ path, body, code, location, says string }{
		{"/v1/numbers/44x", `{"owners":[{"account":"acme"}]}`, "refused", "body.number", "digits"},
		{"/v1/numbers/44", `{"owners":[]}`, "invalid", "body.owners", "1"},
		{"/v1/numbers/44", `{"owners":[{"account":"none"}]}`, "refused", "body.owners", "accounts that are there"},
		{"/v1/numbers/44", `{"owners":[{"account":"acme","from":"May"}]}`, "invalid", "body.owners[0].from", "2026-11-01"},
		{"/v1/numbers/44", `{"owners":[{"account":"acme"},{"account":"beta"}]}`, "refused", "body.owners[1].from", "after the one before"},
		{"/v1/accounts/yen/assignments/2026-02", `{"card":"retail"}`, "refused", "body.card", "a card in JPY"},
		{"/v1/accounts/new", `{"cycle":"none","currency":"GBP"}`, "refused", "body.cycle", "a cycle that is there"},
		{"/v1/accounts/new", `{"cycle":"monthly","currency":"XXQ"}`, "refused", "body.currency", "ISO 4217"},
		{"/v1/accounts/a%07b", `{"cycle":"monthly","currency":"GBP"}`, "refused", "body.id", "control characters"},
		{"/v1/accounts/new", `{"id":"old","cycle":"monthly","currency":"GBP"}`, "invalid", "body.id", "as in the path"},
		{"/v1/accounts/new", `{"cycle":"monthly"}`, "invalid", "body", "currency"},
		{"/v1/accounts/new", `{"cycle":"monthly","currency":"GBP","credit":1}`, "invalid", "body.credit", "unexpected"},
		{"/v1/accounts/new", `{"cycle":7,"currency":"GBP"}`, "invalid", "body.cycle", "string"},
		{"/v1/cycles/new", `{"zone":"Local"}`, "refused", "body.zone", "IANA"},
		{"/v1/cycles/.new", `{"zone":"UTC"}`, "refused", "body.id", "not starting with a dot"},
		{"/v1/cycles/new", `{"zone":"UTC","draft_days":28}`, "invalid", "body.draft_days", "27"},
		{"/v1/plans/new", `{"minutes":100000001}`, "refused", "body.minutes", "100000000"},
		{"/v1/plans/new", `{"minutes":1.5}`, "invalid", "body.minutes", "integer"},
		{"/v1/plans/new", `{"minutes":1,"round_by":86401}`, "invalid", "body.round_by", "86400"},
		{"/v1/feeds/new", `{"format":"generic","timezone":"UTC","cycle":"none"}`, "refused", "body.cycle", "a cycle that is there"},
		{"/v1/feeds/new", `{"format":"generic","timezone":"Nowhere","cycle":"monthly"}`, "refused", "body.timezone", "IANA"},
		{"/v1/feeds/new", `{"format":"xml","timezone":"UTC","cycle":"monthly"}`, "invalid", "body.format", "asterisk"},
		{"/v1/feeds/new", `{"format":"asterisk","timezone":"UTC","cycle":"monthly","direction":"both"}`, "refused", "body.direction", "no column for it"},
		{"/v1/feeds/new", `{"format":"generic","timezone":"UTC","cycle":"monthly","identify":["cli"]}`, "refused", "body.identify", "account_field"},
		{"/v1/feeds/new", `{"format":"generic","timezone":"UTC","cycle":"monthly","identify":["fixed:none"]}`, "refused", "body.identify", "accounts that are there"},
		{"/v1/feeds/new", `{"format":"generic","timezone":"UTC","cycle":"monthly","numbers":{"national_prefix":"0"}}`, "refused", "body.numbers", "needs a country code"},
		{"/v1/feeds/new", `{"format":"generic","timezone":"UTC","cycle":"monthly","trunks":[{"trunk":"a","owners":[{"account":"none"}]}]}`, "refused", "body.trunks", "accounts that are there"},
		{"/v1/feeds/new", `{"format":"generic","timezone":"UTC","cycle":"monthly","only":"May"}`, "refused", "body.only", "YYYY-MM"},
		{"/v1/accounts/acme/features/new", `{"plan":"none","start":"2026-01-01","recurring":"1"}`, "refused", "body.plan", "a plan that is there"},
		{"/v1/accounts/acme/features/new", `{"start":"2026-02-30","recurring":"1"}`, "invalid", "body.start", "YYYY-MM-DD"},
		{"/v1/accounts/acme/features/new", `{"start":"2026-02-02","end":"2026-02-01","recurring":"1"}`, "refused", "body.end", "2026-02-02"},
		{"/v1/accounts/acme/features/new", `{"start":"2026-02-02","recurring":"1,5"}`, "invalid", "body.recurring", "5.00"},
		{"/v1/accounts/acme/features/new", `{"start":"2026-02-02","recurring":1.5}`, "invalid", "body.recurring", "string"},
		{"/v1/accounts/acme/features/new", `{"start":"2026-02-02","recurring":"1000000000.01"}`, "refused", "body.recurring", "1000000000"},
		{"/v1/accounts/acme/features/new", `{"start":"2026-02-02","recurring":"1","count":6000,"multiplier":6000}`, "refused", "body.count", "0 to 5000"},
		{"/v1/accounts/acme/features/new", `{"start":"2026-02-02","recurring":"1","currency":"EUR"}`, "invalid", "body.currency", "want GBP"},
		{"/v1/accounts/acme/assignments/2026-02", `{"card":"none"}`, "refused", "body.card", "a card that is there"},
		{"/v1/accounts/acme/assignments/2026-02", `{"card":"carrier"}`, "refused", "body.card", "a customer card"},
		{"/v1/accounts/acme/assignments/2026-13", `{"card":"retail"}`, "invalid", "path.month", "YYYY-MM"},
		{"/v1/accounts/none/assignments/2026-02", `{"card":"retail"}`, "refused", "body.account", "an account that is there"},
		{"/v1/cards/new", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"none"}`, "refused", "body.parent", "a card that is there"},
		{"/v1/cards/new", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"retail"}`, "refused", "body.parent", "a provider card"},
		{"/v1/cards/new", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"euro"}`, "refused", "body.currency", "EUR"},
		{"/v1/cards/new", `{"kind":"customer","currency":"GBP","activate":"by_person"}`, "refused", "body.parent", "provider card"},
		{"/v1/cards/new", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","markup":"1.25"}`, "invalid", "body.markup", "25%"},
		{"/v1/cards/new", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","event_markup":"2"}`, "invalid", "body.event_markup", "25%"},
		{"/v1/cards/new", `{"kind":"provider","currency":"GBP","activate":"by_person","markup":"1%"}`, "refused", "body.markup", "none"},
		{"/v1/cards/new", `{"kind":"provider","currency":"GBP","activate":"by_person","event_markup":"1%"}`, "refused", "body.event_markup", "none"},
		{"/v1/cards/new", `{"kind":"provider","currency":"GBP","activate":"by_person","increment":"60/6/6"}`, "refused", "body.increment", "60/1"},
		{"/v1/cards/new", `{"kind":"provider","currency":"GBP","activate":"never"}`, "invalid", "body.activate", "at_arrival"},
	} {
		a := w.do("PUT", tt.path, tt.body, "If-None-Match: *")
		a.problem(422, tt.code, `"location":"`+tt.location+`"`, tt.says)
		if got := w.get(tt.path); got.Status != 404 {
			t.Errorf("%s is there after it was refused: %s", tt.path, got.Body)
		}
	}
}

func TestWhatOtherThingsRestOnCannotChange(t *testing.T) {
	w := built(t)
	w.create("/v1/cycles/other", `{"zone":"UTC"}`)
	for path, tt := range map[string]struct{ body, location string }{
		"/v1/cycles/monthly": {`{"zone":"UTC"}`, "body.zone"},
		"/v1/accounts/acme":  {`{"cycle":"other","currency":"GBP"}`, "body.cycle"},
		"/v1/accounts/beta":  {`{"cycle":"monthly","currency":"EUR"}`, "body.currency"},
		"/v1/cards/carrier":  {`{"kind":"provider","currency":"EUR","activate":"at_arrival"}`, "body.currency"},
		"/v1/cards/retail":   {`{"kind":"provider","currency":"GBP","activate":"at_arrival"}`, "body.kind"},
	} {
		w.do("PUT", path, tt.body, "If-Match: "+w.get(path).Header.Get("ETag")).problem(422, "refused", tt.location, "cannot change")
	}
}

func TestARecordsAccountIsAnyText(t *testing.T) {
	w := built(t)
	for _, id := range []string{"a/b", "..", "+44 20", "%2F", "Ä:ö", "__x__"} {
		path := "/v1/accounts/" + strings.NewReplacer("%", "%25", "/", "%2F", " ", "%20", "..", "%2E%2E", "Ä", "%C3%84", "ö", "%C3%B6").Replace(id)
		w.create(path, `{"cycle":"monthly","currency":"GBP"}`)
		w.create(path+"/assignments/2026-03", `{"card":"retail"}`)
		if got := w.get(path).want(200).field("id"); got != id {
			t.Errorf("%s is account %q, want %q", path, got, id)
		}
		if got := w.get(path + "/assignments").want(200).field("items.0.account"); got != id {
			t.Errorf("%s has assignments of account %q, want %q", path, got, id)
		}
	}
	w.get("/v1/accounts/a/assignments").problem(404, "not_found")
}
