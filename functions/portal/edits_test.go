package portal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
)

func (w *world) post(path, body string) answer { w.Helper(); return w.do("POST", path, body) }

// What a person does to the rates of a card is said first, then made, then made
// live, then undone; and all of it is in the audit log.
func TestRatesAreEditedInANewRevision(t *testing.T) {
	w := built(t)
	edits := "/v1/cards/carrier/revisions/1/edits"
	id := w.get("/v1/cards/carrier/revisions/1/rates?destination=uk%25").want(200).field("items.0.id")
	body := `{"note":"as agreed","rows":[{"action":"U","id":"` + id + `","price":"0.025"},{"action":"D","prefix":"999"}]%s}`
	preview := w.post(edits, fmt.Sprintf(body, `,"preview":true`)).want(200)
	preview.json(`{"card":"carrier","base":1,"same":false,"rates":4,
		"result":{"processed":2,"recognised":2,"added":0,"updated":1,"deleted":1,"closed":0,"unchanged":0,"ignored":0,"bad":0,"missing":0,"problems":null,"notices":null},
		"changes":{"counts":{"new":0,"increase":1,"decrease":0,"closed":1,"blocked":0,"unblocked":0,"terms_changed":0,"name_only":0,"unchanged":3},
			"later":0,"mixed":0,"before":4,"lost":1,"short":0,"largest_increase":{"quantity":1,"was":"0.00033333333333333333","is":"0.00041666666666666667"}},
		"differences":[
			{"class":"increase","from":"2026-12-01T09:00:00Z","percent":"25.00",
				"old":{"id":"` + id + `","prefix":"44","destination":"UK","price_1":"0.02","price_n":"0.02","interval_1":1,"interval_n":1,"connection_fee":"0","blocked":false,"place":"United Kingdom and others","number_type":"mixed"},
				"new":{"id":"` + id + `","prefix":"44","destination":"UK","price_1":"0.025","price_n":"0.025","interval_1":1,"interval_n":1,"connection_fee":"0","blocked":false,"place":"United Kingdom and others","number_type":"mixed"}},
			{"class":"closed","from":"2026-12-01T09:00:00Z",
				"old":{"id":"` + preview.field("differences.1.old.id") + `","prefix":"999","destination":"Satellite","price_1":"2.4","price_n":"2.4","interval_1":60,"interval_n":60,"connection_fee":"0.1","blocked":false,"place":"","number_type":"unknown"}}]}`)
	if got := w.get("/v1/cards/carrier/revisions").want(200); strings.Count(string(got.Body), `"number"`) != 1 {
		t.Fatalf("a preview made a revision: %s", got.Body)
	}
	made := w.do("POST", edits, fmt.Sprintf(body, ""), "Idempotency-Key: one").want(201)
	if again := w.do("POST", edits, fmt.Sprintf(body, ""), "Idempotency-Key: one").want(201); string(again.Body) != string(made.Body) || made.field("revision") != "2" {
		t.Errorf("the same request again: %s, then %s", made.Body, again.Body)
	}
	deck := w.get("/v1/decks").want(200).field("items.0.id")
	w.get("/v1/cards/carrier/revisions?count=true").json(`{"items":[
		{"card":"carrier","number":1,"rates":5,"active":5,"compiled":false,"state":"live","source":"deck","deck":"` + deck + `","made_at":"2026-01-01T00:00:00Z"},
		{"card":"carrier","number":2,"rates":4,"active":4,"compiled":false,"state":"ready","source":"edit","base":1,"by":"portal","made_at":"2026-12-01T09:00:00Z","note":"as agreed"}]}`)
	w.post("/v1/cards/carrier/activations", `{"revision":2,"from":"2026-12-02T00:00:00Z"}`).want(200)
	w.get("/v1/cards/carrier/revisions?at=2026-12-01T10:00:00Z").json(`{"items":[
		{"card":"carrier","number":1,"rates":5,"compiled":false,"state":"live","live_to":"2026-12-02T00:00:00Z","source":"deck","deck":"` + deck + `","made_at":"2026-01-01T00:00:00Z"},
		{"card":"carrier","number":2,"rates":4,"compiled":false,"state":"scheduled","live_from":"2026-12-02T00:00:00Z","source":"edit","base":1,"by":"portal","made_at":"2026-12-01T09:00:00Z","note":"as agreed"}]}`)
	w.compile("2026-12-01T09:30:00Z")
	q := `{"card":"retail","number":"442079460958","seconds":60,"at":"%s"}`
	for when, amount := range map[string]string{"2026-12-01T23:00:00Z": "0.0250", "2026-12-02T01:00:00Z": "0.0313"} {
		if got := w.post("/v1/price", fmt.Sprintf(q, when)).want(200).field("amount"); got != amount {
			t.Errorf("a minute at %s costs %s, want %s", when, got, amount)
		}
	}
	w.setClock("2026-12-03T00:00:00Z")
	w.post("/v1/cards/carrier/activations", `{"revision":1,"from":"2026-12-03T00:00:00Z"}`).want(200)
	if got := w.get("/v1/cards/carrier/revisions/2").want(200); got.field("state") != "ready" || got.field("live_to") != "2026-12-03T00:00:00Z" {
		t.Errorf("after it was undone: %s", got.Body)
	}
	log := w.get("/v1/cards/carrier/audit?limit=3").want(200)
	if log.field("items.1.action") != "deck" || log.field("items.1.by") != "deck carrier/deck.csv" || log.field("items.1.after.deck") != deck {
		t.Errorf("the deck in the audit log: %s", log.Body)
	}
	if log.field("items.2.action") != "edited" || log.field("items.2.by") != "portal" || log.field("items.2.at") != "2026-12-01T09:00:00Z" || log.field("items.2.after.note") != "as agreed" {
		t.Errorf("the audit log: %s", log.Body)
	}
	rest := w.get("/v1/cards/carrier/audit?cursor=" + log.field("next")).want(200)
	if rest.field("items.1.before.revision") != "2" || rest.field("items.1.after.revision") != "1" {
		t.Errorf("the rest of the audit log: %s", rest.Body)
	}
	if check := w.get("/v1/cards/carrier/audit/check").want(200); check.field("entries") != "5" || strings.Contains(string(check.Body), "problem") {
		t.Errorf("%s", check.Body)
	}
	w.replace("audit", documents.ID("carrier", "2"), "by", "nobody")
	if check := w.get("/v1/cards/carrier/audit/check").want(200); !strings.HasPrefix(check.field("problem"), "entry 2 was changed") {
		t.Errorf("after entry 2 was changed: %s", check.Body)
	}
}

func TestAnEditThatIsWrongIsRefusedWhole(t *testing.T) {
	w := built(t)
	edits := "/v1/cards/carrier/revisions/1/edits"
	w.post(edits, `{"rows":[{"action":"S","prefix":"44","price":"1"},{"action":"S","prefix":"441","price":"1"},{"action":"A","prefix":"33","price":"1","interval_1":1,"interval_n":1}]}`).
		problem(422, "refused", "body.rows[1].prefix", "body.rows[2].prefix", "a prefix with a rate at that time")
	w.post(edits, `{"rows":[{"action":"S","prefix":"44","price":"one"}]}`).problem(422, "refused", "body.rows[0].price", `"one"`)
	w.post(edits, `{"change":{"destination":"UK%","price":"5"}}`).problem(422, "refused", "body.change.price", "a percentage")
	w.post(edits, `{"delete_all":4}`).problem(422, "refused", "body.delete_all", "5, which")
	w.post(edits, `{}`).problem(422, "invalid", "one of rows")
	w.post(edits, `{"copy":true,"drop_later":true}`).problem(422, "invalid", "one of rows")
	w.post(edits, `{"rows":[{"action":"X","prefix":"44"}]}`).problem(422, "invalid", "body.rows[0].action")
	w.post("/v1/cards/carrier/revisions/2/edits", `{"copy":true}`).problem(404, "not_found")
	w.get("/v1/cards/carrier/revisions/1/rates?destination=%25a").problem(422, "invalid", "query.destination")
	if got := w.get("/v1/cards/carrier/revisions").want(200); strings.Count(string(got.Body), `"number"`) != 1 {
		t.Errorf("what was refused made a revision: %s", got.Body)
	}
	if same := w.post(edits, `{"change":{"destination":"UK","name":"UK"}}`).want(200); same.field("same") != "true" {
		t.Errorf("%s", same.Body)
	}
}

// A list that a person fills: drafted, filled, put away, taken back, deleted; and
// a card of it.
func TestARevisionIsDraftedKeptAndCloned(t *testing.T) {
	w := built(t)
	w.post("/v1/cards/carrier/revisions", `{"note":"by hand"}`).want(201).
		json(`{"card":"carrier","number":2,"rates":0,"compiled":false,"state":"draft","source":"draft","by":"portal","made_at":"2026-12-01T09:00:00Z","note":"by hand"}`)
	w.post("/v1/cards/carrier/activations", `{"revision":2,"from":"2027-01-01T00:00:00Z"}`).problem(422, "refused", "body.revision", "empty")
	w.post("/v1/cards/carrier/revisions/2/edits", `{"rows":[{"action":"A","prefix":"44","destination":"UK","price":"0.5","interval_1":60,"interval_n":1,"rules":{"grace":"3"}}]}`).want(201)
	if got := w.get("/v1/cards/carrier/revisions/3/rates").want(200); got.field("items.0.rules.grace") != "3" || got.field("items.0.price_n") != "0.5" {
		t.Errorf("%s", got.Body)
	}
	if got := w.post("/v1/cards/carrier/revisions/3/archive", "").want(200); got.field("state") != "archived" {
		t.Errorf("%s", got.Body)
	}
	w.post("/v1/cards/carrier/activations", `{"revision":3,"from":"2027-01-01T00:00:00Z"}`).problem(422, "refused", "restore it")
	if got := w.post("/v1/cards/carrier/revisions/3/restore", "").want(200); got.field("state") != "ready" {
		t.Errorf("%s", got.Body)
	}
	w.post("/v1/cards/carrier/revisions/1/archive", "").problem(422, "refused", "it is live")
	if got := w.do("PUT", "/v1/cards/carrier/revisions/3/note", `{"note":"for Easter"}`).want(200); got.field("note") != "for Easter" {
		t.Errorf("%s", got.Body)
	}
	clone := w.post("/v1/cards/carrier/revisions/3/clones", `{"id":"second"}`).want(201)
	clone.json(`{"id":"second","kind":"provider","currency":"GBP","activate":"at_arrival"}`)
	w.get("/v1/cards/second/revisions").json(`{"items":[
		{"card":"second","number":1,"rates":1,"compiled":false,"state":"ready","source":"clone","base_card":"carrier","base":3,"by":"portal","made_at":"2026-12-01T09:00:00Z"}]}`)
	w.post("/v1/cards/carrier/revisions/3/clones", `{"id":"second"}`).problem(422, "refused", "body.id")
	w.do("DELETE", "/v1/cards/carrier/revisions/2", "").problem(422, "refused", "revision 3 was")
	w.do("DELETE", "/v1/cards/carrier/revisions/3", "").want(204)
	w.do("DELETE", "/v1/cards/carrier/revisions/2", "").want(204)
	w.get("/v1/cards/carrier/revisions/2").problem(404, "not_found")
	w.do("DELETE", "/v1/cards/carrier/revisions/1", "").problem(422, "refused", "archive it")
}

func TestCardsAreFoundByNumberAndSayWhereTheyAreUsed(t *testing.T) {
	w := built(t)
	found := w.get("/v1/rates?number=447700900123&limit=1").want(200)
	if found.field("items.0.card") != "carrier" || found.field("items.0.rates.0.prefix") != "447" || found.field("items.0.rates.0.price_1") != "0.48" || found.field("items.0.revision") != "1" {
		t.Errorf("%s", found.Body)
	}
	rest := w.get("/v1/rates?number=447700900123&limit=1&cursor=" + found.field("next")).want(200)
	if rest.field("items.0.card") != "retail" || rest.field("items.0.rates.0.price_1") != "0.6" || rest.field("items.0.kind") != "customer" {
		t.Errorf("%s", rest.Body)
	}
	w.get("/v1/rates?number=49301234567").json(`{"items":[]}`)
	if got := w.get("/v1/rates?prefix=44").want(200); got.field("items.1.rates.0.destination") != "UK" {
		t.Errorf("%s", got.Body)
	}
	w.get("/v1/rates?prefix=442").json(`{"items":[]}`)
	// A short number has only rates of all its digits.
	w.get("/v1/rates?number=4479").json(`{"items":[]}`)
	w.get("/v1/rates?number=447").json(string(w.get("/v1/rates?prefix=447").Body))
	w.get("/v1/rates?number=44&at=9999-01-01T00:00:00Z").problem(422, "invalid", "query.at")
	w.get("/v1/cards/retail/revisions?at=1066-10-14T00:00:00Z").problem(422, "invalid", "query.at")
	w.get("/v1/rates").problem(422, "invalid", "want a number, or a prefix")
	w.get("/v1/rates?number=44x").problem(422, "invalid", "query.number")
	w.get("/v1/cards/retail/uses").json(`{"assignments":2,"first":[{"account":"acme","from":"2026-01"},{"account":"beta","from":"2026-01"}],"fallbacks":[],"children":[]}`)
	w.get("/v1/cards/carrier/uses").json(`{"assignments":0,"first":[],"fallbacks":[],"children":[{"card":"retail","revision":1}]}`)
	w.get("/v1/cards/none/uses").problem(404, "not_found")
}

// What the page on revisions shows is taken.
func TestTheEditsOfThePageAreTaken(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "infra", "docs", "revisions.md"))
	if err != nil {
		t.Fatal(err)
	}
	edits := 0
	for i, part := range strings.Split(string(page), "```json\n")[1:] {
		body, _, _ := strings.Cut(part, "```")
		w := built(t)
		if a := w.post("/v1/cards/carrier/revisions/1/edits", body); a.Status/100 != 2 || a.field("same") != "false" {
			t.Errorf("edit %d is answered %d: %s", i+1, a.Status, a.Body)
		}
		edits++
	}
	if edits != 4 {
		t.Errorf("the page has %d edits", edits)
	}
}
