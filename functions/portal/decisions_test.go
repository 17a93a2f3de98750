package portal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/jobs"
)

// A deck beyond the limits of its card is held; a person approves it, rejects it,
// or has the good rows of a refused one applied.
func TestAPersonDecidesAboutADeck(t *testing.T) {
	w := empty(t)
	w.create("/v1/cycles/monthly", `{"zone":"Europe/London"}`)
	const rules = `{"kind":"provider","currency":"GBP","activate":"at_arrival","decks":{"kind":"full","notice":"0/0","limits":{"max_increase_percent":"50"}}}`
	w.create("/v1/cards/carrier", rules)
	w.get("/v1/cards/carrier").json(`{"id":"carrier",` + rules[1:])
	w.do("PUT", "/v1/cards/second", strings.Replace(rules, "0/0", "soon", 1), "If-None-Match: *").problem(422, "refused", "decks.notice", "such as")
	w.deck("carrier/1.csv", "prefix,rate\n44,0.01\n33,0.02\n", "2026-11-01T00:00:00Z")
	held := w.deck("carrier/2.csv", "prefix,rate\n44,0.05\n33,0.02\n", "2026-11-02T00:00:00Z")
	var shown struct {
		State   string
		Failure string
		Report  struct {
			Holds       []string
			ChangesFile string `json:"changes_file"`
			Impact      string
		}
	}
	if err := json.Unmarshal(w.get("/v1/decks/"+held).want(200).Body, &shown); err != nil {
		t.Fatal(err)
	}
	if shown.State != "held" || len(shown.Report.Holds) != 1 || !strings.Contains(shown.Failure, "400.00%") {
		t.Errorf("%+v", shown)
	}
	// What it would do, and what it would cost, can be seen before: the report says where.
	if !strings.HasPrefix(string(w.get(shown.Report.ChangesFile+"?class=increase").want(200).Body), "class,prefix,") {
		t.Errorf("the changes are not at %q", shown.Report.ChangesFile)
	}
	w.do("POST", shown.Report.Impact, `{}`).want(202)
	w.get("/v1/decks/" + held + "/changes").json(`{"items":[{"class":"increase","from":"2026-11-02T00:00:00Z","percent":"400.00","seconds":1,
		"old":{"id":"rexnnp52vm25f","prefix":"44","destination":"","price_1":"0.01","price_n":"0.01","interval_1":60,"interval_n":60,"connection_fee":"0","blocked":false,"place":"United Kingdom and others","number_type":"mixed","rules":{"assumed":"1"}},
		"new":{"id":"rexnnp52vm25f","prefix":"44","destination":"","price_1":"0.05","price_n":"0.05","interval_1":60,"interval_n":60,"connection_fee":"0","blocked":false,"place":"United Kingdom and others","number_type":"mixed","rules":{"assumed":"1"}}}]}`)
	const file = "class,prefix,destination,rules,from,old_price_1,new_price_1,old_price_n,new_price_n,old_intervals,new_intervals,old_connection_fee,new_connection_fee,percent,seconds,mixed,notice_days,earliest\n"
	if got := string(w.get("/v1/decks/" + held + "/changes.csv?class=unchanged").want(200).Body); got != file+"unchanged,33,,assumed=1,2026-11-02T00:00:00Z,0.02,0.02,0.02,0.02,60/60,60/60,0,0,,,,,\n" {
		t.Errorf("%s", got)
	}
	var asked struct{ Kind, Target string }
	if err := json.Unmarshal(w.do("POST", "/v1/decks/"+held+"/apply", `{}`).want(202).Body, &asked); err != nil {
		t.Fatal(err)
	}
	if asked.Kind != string(jobs.Deck) || asked.Target != held {
		t.Errorf("%+v", asked)
	}
	if _, err := w.config.Catalog.Apply(w.ctx(), held); err != nil {
		t.Fatal(err)
	}
	w.do("POST", "/v1/decks/"+held+"/reject", `{}`).problem(422, "refused")
	w.do("POST", "/v1/decks/none/apply", `{}`).problem(404, "not_found")

	refused := w.deck("carrier/3.csv", "prefix,rate\n44,0.06\n33,cheap\n", "2026-11-03T00:00:00Z")
	if got := w.get("/v1/decks/" + refused).want(200).Body; !strings.Contains(string(got), `"report":`) || strings.Contains(string(got), `"impact":`) || strings.Contains(string(got), `"changes_file":`) {
		t.Errorf("a refused deck has changes and an impact: %s", got)
	}
	w.do("POST", "/v1/decks/"+refused+"/apply", `{}`).problem(422, "refused")
	w.do("POST", "/v1/decks/"+refused+"/apply", `{"good_rows":true}`).want(202)
	if _, err := w.config.Catalog.Apply(w.ctx(), refused); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(w.get("/v1/decks/"+refused).want(200).Body, &shown); err != nil || shown.State != "applied" {
		t.Errorf("%+v, %v", shown, err)
	}
	again := w.deck("carrier/4.csv", "prefix,rate\n44,0.60\n33,0.02\n", "2026-11-04T00:00:00Z")
	if err := json.Unmarshal(w.do("POST", "/v1/decks/"+again+"/reject", `{}`).want(200).Body, &shown); err != nil || shown.State != "refused" {
		t.Errorf("%+v, %v", shown, err)
	}
	if d, err := w.config.Catalog.Deck(w.ctx(), again); err != nil {
		t.Error(err)
	} else if beside, err := report.ReadDeck(w.ctx(), w.config.Buckets.Decks, d); err != nil || beside == nil || !beside.Deck.Same(d) || beside.Changes != nil || beside.Read == nil {
		t.Errorf("beside the rejected deck lies %+v, %v; the deck is %+v", beside, err, d)
	}
	// Between two revisions, page by page.
	w.deck("carrier/5.csv", "prefix,rate\n33,blocked\n49,0.03\n", "2026-11-05T00:00:00Z")
	var classes []string
	for path, next := "/v1/cards/carrier/revisions/4/changes?base=1&limit=1", ""; ; {
		var page struct {
			Items []struct{ Class string }
			Next  string
		}
		if err := json.Unmarshal(w.get(path+next).want(200).Body, &page); err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Items {
			classes = append(classes, c.Class)
		}
		if page.Next == "" {
			break
		}
		next = "&cursor=" + page.Next
	}
	if got := strings.Join(classes, " "); got != "blocked closed new" {
		t.Errorf("changes over pages: %s", got)
	}
	w.get("/v1/cards/carrier/revisions/9/changes").problem(404, "not_found")
	w.get("/v1/decks/none/changes").problem(404, "not_found")
}
