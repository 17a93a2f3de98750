package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/portal"
	"github.com/tollbook/tollbook/shared/objects"
)

func TestARevisionIsShownWithItsRatesToTheLastDigit(t *testing.T) {
	w := built(t)
	w.get("/v1/cards/retail/revisions").json(`{"items":[{"card":"retail","number":1,"rates":5,"compiled":true,"state":"live","source":"build","by":"build","made_at":"2026-01-01T00:00:00Z"}]}`)
	deck := w.get("/v1/decks").want(200).field("items.0.id")
	w.get("/v1/cards/carrier/revisions/1").json(`{"card":"carrier","number":1,"rates":5,"compiled":false,"state":"live","source":"deck","deck":"` + deck + `","made_at":"2026-01-01T00:00:00Z"}`)
	w.get("/v1/cards/retail/revisions/1/rates?prefix=447").json(`{"currency":"GBP","items":[
		{"id":"r93abr4d7eq65","prefix":"447","destination":"UK mobile","price_1":"0.6","price_n":"0.375","interval_1":30,"interval_n":6,"connection_fee":"0","blocked":false,"place":"United Kingdom and others","number_type":"mixed"},
		{"id":"rkn5rrkq0wj6w","prefix":"4470","destination":"=Personal numbers","price_1":"0","price_n":"0","interval_1":60,"interval_n":60,"connection_fee":"0","blocked":true,"place":"United Kingdom","number_type":"personal"}]}`)
	var got []string
	path := "/v1/cards/retail/revisions/1/rates?limit=2"
	next := ""
	for range 10 { // more pages than there are
		page := w.get(path + next).want(200)
		var p struct {
			Items []struct {
				Prefix string `json:"prefix"`
			}
			Next string
		}
		if err := json.Unmarshal(page.Body, &p); err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Items {
			got = append(got, r.Prefix)
		}
		if p.Next == "" {
			break
		}
		next = "&cursor=" + p.Next
	}
	if diff := cmp.Diff([]string{"33", "44", "447", "4470", "999"}, got); diff != "" {
		t.Errorf("rates over pages (-want +got)\n%s", diff)
	}
	w.get("/v1/cards/retail/revisions/2").problem(404, "not_found")
	w.get("/v1/cards/retail/revisions/2/rates").problem(404, "not_found")
	w.get("/v1/cards/retail/revisions/x").problem(422, "invalid", "path.n")
	w.get("/v1/cards/retail/revisions/1/rates?prefix=4x").problem(422, "invalid", "query.prefix")
}

func TestARevisionIsMadeLiveByAPerson(t *testing.T) {
	w := built(t)
	w.create("/v1/cards/hand", `{"kind":"customer","currency":"GBP","activate":"by_person","parent":"carrier","markup":"+0.01"}`)
	w.get("/v1/cards/hand/log").json(`{"card":"hand","entries":[]}`)
	w.do("POST", "/v1/cards/hand/activations", `{"revision":1}`).problem(422, "refused", "body.revision", "a revision that is there")
	w.compile("2026-11-01T00:00:00Z")
	w.deck("carrier/deck2.csv", strings.Replace(deckText, "0.48", "0.50", 1), "2026-11-10T00:00:00Z")
	w.compile("2026-11-10T00:00:00Z")
	w.do("POST", "/v1/cards/hand/activations", `{"revision":1,"from":"2027-01-01T00:00:00Z"}`).problem(422, "refused", "body.from", "none")
	w.do("POST", "/v1/cards/hand/activations", `{"revision":1}`).want(200).
		json(`{"card":"hand","live":1,"entries":[{"revision":1,"recorded_at":"2026-12-01T09:00:00Z"}]}`)
	w.do("POST", "/v1/cards/hand/activations", `{"revision":2}`).problem(422, "refused", "body.from", "an instant")
	w.do("POST", "/v1/cards/hand/activations", `{"revision":2,"from":"2026-11-15T00:00:00Z"}`).problem(422, "refused", "body.from", "past")
	w.setClock("2026-12-02T09:00:00Z")
	want := `{"card":"hand","live":1,"entries":[{"revision":1,"recorded_at":"2026-12-01T09:00:00Z"},
		{"revision":2,"from":"2026-12-24T00:00:00Z","recorded_at":"2026-12-02T09:00:00Z"}]}`
	w.do("POST", "/v1/cards/hand/activations", `{"revision":2,"from":"2026-12-24T01:00:00+01:00"}`).want(200).json(want)
	w.setClock("2026-12-02T10:00:00Z")
	w.do("POST", "/v1/cards/hand/activations", `{"revision":2,"from":"2026-12-24T00:00:00Z"}`).want(200).json(want) // again: nothing new
	log := w.do("POST", "/v1/cards/hand/activations", `{"revision":2,"from":"2026-11-15T00:00:00Z","past":true}`).want(200)
	if log.field("live") != "2" || log.field("entries.2.from") != "2026-11-15T00:00:00Z" {
		t.Errorf("after an activation of the past: %s", log.Body)
	}
	w.setClock("2026-12-01T09:00:00Z")
	w.do("POST", "/v1/cards/hand/activations", `{"revision":1,"from":"2027-01-01T00:00:00Z"}`).problem(422, "refused", "clock")
	w.do("POST", "/v1/cards/none/activations", `{"revision":1}`).problem(404, "not_found")
	if tag := w.get("/v1/cards/hand/log").want(200).Header.Get("ETag"); tag == "" {
		t.Error("the log has no ETag")
	}
	// What was made live is what prices.
	q := `{"card":"hand","number":"447700900123","seconds":30,"at":"%s"}`
	for when, amount := range map[string]string{"2026-11-14T00:00:00Z": "0.2450", "2026-11-16T00:00:00Z": "0.2550"} {
		if got := w.do("POST", "/v1/price", fmt.Sprintf(q, when)).want(200).field("amount"); got != amount {
			t.Errorf("30 s at %s cost %s, want %s", when, got, amount)
		}
	}
}

func TestADeckIsShownWithItsReport(t *testing.T) {
	w := built(t)
	bad := w.deck("carrier/bad.csv", "prefix,destination,rate\n44x,UK,0.1\n45,Denmark,free\n", "2026-11-10T00:00:00Z")
	list := w.get("/v1/decks").want(200)
	if list.field("items.0.object") != "carrier/deck.csv" || list.field("items.0.state") != "applied" || list.field("items.1.id") != bad {
		t.Errorf("decks: %s", list.Body)
	}
	if one := w.get("/v1/decks?state=refused").want(200); one.field("items.0.id") != bad || strings.Count(string(one.Body), `"object"`) != 1 {
		t.Errorf("refused decks: %s", one.Body)
	}
	one := w.get("/v1/decks/" + bad).want(200)
	if one.field("state") != "refused" || one.field("report.errors.1.line") != "3" || one.field("report.errors.1.value") != "free" {
		t.Errorf("a refused deck: %s", one.Body)
	}
	if good := w.get("/v1/decks/" + list.field("items.0.id")).want(200); good.field("report.read.rates") != "5" || good.field("revision") != "1" {
		t.Errorf("an applied deck: %s", good.Body)
	}
	w.get("/v1/decks/none").problem(404, "not_found")
	w.get("/v1/decks?state=new").problem(422, "invalid", "query.state")
}

func TestARefusedDeckIsFetchedWithItsErrors(t *testing.T) {
	w := built(t)
	bad := w.deck("carrier/bad.csv", "prefix,destination,rate\n44x,UK,0.1\n45,Denmark,free\n46,Sweden,0.1\n", "2026-11-10T00:00:00Z")
	url := "/v1/decks/" + bad + "/errors"
	if got := w.get("/v1/decks/" + bad).want(200).field("report.error_file"); got != url {
		t.Errorf("the deck says %q, want %q", got, url)
	}
	got := w.get(url).want(200)
	want := "prefix,destination,rate,Error Message\n" +
		`44x,UK,0.1,"column prefix: ""44x"": want codes of digits only, a list of them such as 4915, 4916, or a range such as 4915-4917"` + "\n" +
		`45,Denmark,free,"column rate: ""free"": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked"` + "\n" +
		"46,Sweden,0.1,\n"
	if diff := cmp.Diff(want, string(got.Body)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Header.Get("Content-Type") != "text/csv" || got.Header.Get("Content-Disposition") != "attachment; filename=bad.csv.errors.csv" {
		t.Errorf("it is sent as %q, %q", got.Header.Get("Content-Type"), got.Header.Get("Content-Disposition"))
	}
	applied := w.deck("carrier/good.csv", "prefix,rate\n46,0.1\n", "2026-11-11T00:00:00Z")
	noDeck := w.deck("carrier/colours.csv", "colour,size\nred,1\n", "2026-11-11T00:00:00Z")
	for _, id := range []string{applied, noDeck, "none"} {
		w.get("/v1/decks/"+id+"/errors").problem(404, "not_found")
	}
	// What somebody else put there is not sent.
	b := w.config.Buckets.Decks
	info, err := b.Stat(w.ctx(), "carrier/bad.csv.errors.csv")
	if err == nil {
		err = b.Delete(w.ctx(), info.Name, info.Generation)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.drop(b, info.Name, "another")
	w.get(url).problem(404, "not_found")
}

func TestRatesThatAreDamagedAreNeverTakenForWhole(t *testing.T) {
	w := built(t)
	b := w.config.Buckets.Cards
	names, err := b.List(w.ctx(), "rates/", "", 10)
	if err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	for _, info := range names {
		r, err := b.OpenRange(w.ctx(), info.Name, info.Generation, 0, info.Size-10)
		if err != nil {
			t.Fatal(err)
		}
		var cut bytes.Buffer
		if _, err := cut.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if err := b.Delete(w.ctx(), info.Name, info.Generation); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Create(w.ctx(), info.Name, &cut); err != nil {
			t.Fatal(err)
		}
	}
	w.get("/v1/cards/retail/revisions/1/rates").problem(500, "internal")
	if status, whole := w.fetch("/v1/cards/retail/revisions/1/rates.csv"); status == 200 && whole {
		t.Error("a download of damaged rates came to its end")
	}
}

// fetch reports whether an answer came to its end.
func (w *world) fetch(path string) (status int, whole bool) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.ctx(), "GET", w.url+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, false
	}
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	if closeErr := resp.Body.Close(); closeErr != nil {
		w.Error(closeErr)
	}
	return resp.StatusCode, err == nil
}

func TestAFormIsGivenWhereTheBucketTakesUploads(t *testing.T) {
	w := built(t)
	w.do("POST", "/v1/uploads", `{"bucket":"cdrs","name":"switch/a.csv"}`).problem(501, "not_offered", "folder")
	var asked string
	w = built(t, func(c *portal.Config) {
		c.Buckets.CDRs, c.Buckets.Decks = uploader{c.Buckets.CDRs, &asked}, uploader{c.Buckets.Decks, new(string)}
	})
	got := w.do("POST", "/v1/uploads", `{"bucket":"cdrs","name":"switch/a.csv"}`).want(201)
	got.json(`{"url":"https://storage.example","fields":{"key":"switch/a.csv"},"max_bytes":5368709120,"expires":"2026-12-01T09:15:00Z"}`)
	if asked != "switch/a.csv 1 5368709120 2026-12-01T09:15:00Z" {
		t.Errorf("the bucket was asked for %s", asked)
	}
	for _, name := range []string{"a.csv", "switch//a.csv", "switch/../a.csv", "switch/a.csv.report.json", "switch/a\\u0000.csv"} {
		w.do("POST", "/v1/uploads", `{"bucket":"cdrs","name":"`+name+`"}`).problem(422, "invalid", "body.name")
	}
	w.do("POST", "/v1/uploads", `{"bucket":"decks","name":"carrier/a.xls.errors.xlsx"}`).want(201) // put right, it is a deck
	w.do("POST", "/v1/uploads", `{"bucket":"decks","name":"carrier/a.xls.report.json"}`).problem(422, "invalid", "body.name")
	w.do("POST", "/v1/uploads", `{"bucket":"cdrs","name":"switch/a.csv.errors.csv"}`).want(201)
	w.do("POST", "/v1/uploads", `{"bucket":"cdrs","name":"other/a.csv"}`).problem(422, "refused", "body.name")
	w.do("POST", "/v1/uploads", `{"bucket":"rated","name":"switch/a.csv"}`).problem(422, "invalid", "body.bucket")
}

// uploader is a bucket that takes uploads.
type uploader struct {
	objects.Bucket
	asked *string
}

func (u uploader) SignedUpload(_ context.Context, name string, least, most int64, expires time.Time) (objects.Upload, error) {
	*u.asked = fmt.Sprint(name, " ", least, " ", most, " ", expires.Format(time.RFC3339))
	return objects.Upload{URL: "https://storage.example", Fields: map[string]string{"key": name}}, nil
}
