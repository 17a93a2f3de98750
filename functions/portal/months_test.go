package portal_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/functions/portal"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

func TestABatchIsShownWithTheRowsThatWereNotCharged(t *testing.T) {
	w := built(t)
	id := w.november()
	one := w.get("/v1/batches/" + id).want(200)
	for path, want := range map[string]string{
		"state": "committed", "feed": "switch", "object": "switch/november.csv", "periods.0": "monthly:2026-11", "counts.rows": "7",
		"counts.accepted": "3", "counts.unrated": "2", "counts.rejected": "2", "received_at": "2026-11-20T00:00:00Z",
	} {
		if got := one.field(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if strings.Contains(string(one.Body), "marker") || strings.Contains(string(one.Body), "book") {
		t.Errorf("a batch shows how it is kept: %s", one.Body)
	}
	w.get("/v1/batches/" + id + "/problems").json(`{"items":[
		{"line":5,"status":"unrated","reason":"blocked","column":"b_number","value":"447000000000"},
		{"line":6,"status":"unrated","reason":"no_account","column":"account","value":"who"},
		{"line":7,"status":"rejected","reason":"bad_time","column":"start_time","value":"never","want":"a time from 1970 to 2199 such as 2026-11-30 23:59:59, 2026-11-30T23:59:59+01:00 or Unix time"},
		{"line":8,"status":"rejected","reason":"bad_duration","column":"duration","value":"-1","want":"seconds from 0 to 10000000, with at most 9 decimals"}]}`)
	first := w.get("/v1/batches/" + id + "/problems?limit=3").want(200)
	if first.field("items.2.line") != "7" {
		t.Errorf("first page: %s", first.Body)
	}
	second := w.get("/v1/batches/" + id + "/problems?limit=3&cursor=" + first.field("next")).want(200)
	if second.field("items.0.line") != "8" || second.field("next") != "" {
		t.Errorf("second page: %s", second.Body)
	}
	waiting := w.receive("switch/waiting.csv", "switch")
	w.get("/v1/batches/"+waiting+"/problems").problem(409, "wrong_state", "received")
	w.get("/v1/batches/none/problems").problem(404, "not_found")
	if list := w.get("/v1/batches?state=received").want(200); list.field("items.0.id") != waiting {
		t.Errorf("received batches: %s", list.Body)
	}
	w.get("/v1/batches?state=lost").problem(422, "invalid", "query.state")
}

func TestABatchIsWithdrawnAtOnce(t *testing.T) {
	w := built(t)
	id := w.november()
	for range 2 {
		if got := w.do("POST", "/v1/batches/"+id+"/withdraw", "").want(200).field("state"); got != "withdrawn" {
			t.Errorf("the batch is %s", got)
		}
	}
	waiting := w.receive("switch/waiting.csv", "switch")
	w.do("POST", "/v1/batches/"+waiting+"/withdraw", "").problem(409, "wrong_state", "received")
	w.do("POST", "/v1/batches/none/withdraw", "").problem(404, "not_found")
}

func TestWorkThatTakesLongIsAJob(t *testing.T) {
	w := built(t)
	committed := w.november()
	failed := w.records("nowhere/a.csv", "nowhere", "1,acme,447700900123,2026-11-02 10:00:00,95")
	for _, tt := range []struct{ path, kind, target, function string }{
		{"/v1/batches/" + committed + "/redo", "redo", committed, "cdrrating"},
		{"/v1/batches/" + failed + "/retry", "retry", failed, "cdrrating"},
		{"/v1/periods/monthly:2026-11/close", "close", "monthly:2026-11", "billrun"},
		{"/v1/periods/monthly:2026-11/fold", "fold", "monthly:2026-11", "billrun"},
	} {
		asked := w.do("POST", tt.path, "").want(202)
		id, location := asked.field("id"), asked.Header.Get("Location")
		if location != "/v1/jobs/"+id || asked.field("kind") != tt.kind || asked.field("target") != tt.target || asked.field("state") != "asked" ||
			asked.field("asked_at") != "2026-12-01T09:00:00Z" {
			t.Errorf("%s is answered %s at %s", tt.path, asked.Body, location)
		}
		orders, err := w.orders[tt.function].List(t.Context(), tt.kind+"/", "", 10)
		if err != nil || len(orders) != 1 || !strings.Contains(w.object(w.orders[tt.function], orders[0].Name), id) {
			t.Errorf("%s: the orders of %s are %v, %v", tt.path, tt.function, orders, err)
		}
		again := w.get(location).want(202)
		if again.Header.Get("Retry-After") == "" || again.Header.Get("ETag") == "" {
			t.Errorf("a job that is asked is answered with %v", again.Header)
		}
		if err := w.config.Jobs.Run(t.Context(), id, func(_ context.Context, job jobs.Job) (string, error) { return "done: " + job.Target, nil }); err != nil {
			t.Fatal(err)
		}
		done := w.get(location).want(200)
		if done.field("report") != "done: "+tt.target || done.field("state") != "done" || done.Header.Get("Retry-After") != "" {
			t.Errorf("a job that is done is answered %s", done.Body)
		}
	}
	w.do("POST", "/v1/batches/"+committed+"/retry", "").problem(409, "wrong_state", "committed", "want failed")
	w.do("POST", "/v1/batches/"+failed+"/redo", "").problem(409, "wrong_state", "failed", "want committed")
	w.do("POST", "/v1/batches/none/redo", "").problem(404, "not_found")
	w.do("POST", "/v1/periods/monthly:2027-11/fold", "").problem(404, "not_found")
	w.do("POST", "/v1/periods/nonsense/close", "").problem(404, "not_found")
	if got := w.do("POST", "/v1/jobs", `{"kind":"fsck"}`).want(202).field("kind"); got != "fsck" {
		t.Errorf("asked for %s", got)
	}
	w.do("POST", "/v1/jobs", `{"kind":"close"}`).problem(422, "invalid", "body.kind")
	if list := w.get("/v1/jobs").want(200); strings.Count(string(list.Body), `"id"`) != 5 {
		t.Errorf("jobs: %s", list.Body)
	}
	w.get("/v1/jobs/none").problem(404, "not_found")
}

func TestAJobThatNoFunctionDoesIsNotOffered(t *testing.T) {
	w := built(t, func(c *portal.Config) { c.Jobs = jobs.New(c.Docs, nil) })
	w.november()
	w.do("POST", "/v1/periods/monthly:2026-11/fold", "").problem(501, "not_offered")
}

func TestAMonthIsShownBeforeAndAfterItIsIssued(t *testing.T) {
	w := built(t)
	w.november()
	w.get("/v1/periods/monthly:2026-11").json(`{"id":"monthly:2026-11","cycle":"monthly","month":"2026-11","zone":"Europe/London","state":"open"}`)
	w.get("/v1/periods/monthly:2026-11/accounts").json(`{"items":[]}`) // never folded
	// The 96 s of acme's first call are in the bundle, and 504 s of the second:
	// 96 of its 600 s at 0.025 a minute are due.
	pending := `{"items":[
		{"account":"acme","line":"recurring:basic","description":"Ten minutes","exact":"5.00","currency":"GBP"},
		{"account":"acme","line":"usage","description":"Calls","exact":"0.0400","currency":"GBP"},
		{"account":"beta","line":"usage","description":"Calls","exact":"0.7125","currency":"GBP"}]}`
	w.get("/v1/periods/monthly:2026-11/pending").json(pending)
	if _, err := w.config.Ledger.Fold(t.Context(), november()); err != nil {
		t.Fatal(err)
	}
	accounts := w.get("/v1/periods/monthly:2026-11/accounts").want(200)
	if accounts.field("from") != "fold" {
		t.Errorf("accounts before the close: %s", accounts.Body)
	}
	w.closeNovember()
	issued := w.get("/v1/periods/monthly:2026-11/accounts").want(200)
	if issued.field("from") != "issued" {
		t.Errorf("accounts after the close: %s", issued.Body)
	}
	found := map[string]string{}
	for i := range 3 {
		n := string(rune('0' + i))
		found[issued.field("items."+n+".account")] = issued.field("items."+n+".gross") + " " + issued.field("items."+n+".counts.rows")
	}
	if found["acme"] != "0.9625 2" || found["beta"] != "0.7125 2" || found["who"] != "0 1" {
		t.Errorf("accounts: %v in %s", found, issued.Body)
	}
	w.get("/v1/periods/monthly:2026-11/pending").json(`{"items":[]}`)
	w.get("/v1/periods").want(200).json(`{"items":[{"id":"monthly:2026-11","cycle":"monthly","month":"2026-11","zone":"Europe/London","state":"issued","invoices":2}]}`)
	w.get("/v1/periods?cycle=other").json(`{"items":[]}`)
	w.do("POST", "/v1/periods/monthly:2026-11/close", "").problem(409, "wrong_state", "issued")
	w.do("POST", "/v1/periods/monthly:2026-11/reopen", "").problem(409, "wrong_state", "issued")
	w.get("/v1/periods/monthly:2027-01").problem(404, "not_found")
	w.get("/v1/periods/monthly").problem(404, "not_found")
}

func TestTheAccountsOfAMonthComeInPagesOfOneResult(t *testing.T) {
	w := built(t)
	w.november()
	if _, err := w.config.Ledger.Fold(t.Context(), november()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	path, next, first := "/v1/periods/monthly:2026-11/accounts?limit=1", "", ""
	for range 10 { // more pages than there are
		page := w.get(path + next).want(200)
		seen[page.field("items.0.account")] = true
		if page.field("next") == "" {
			break
		}
		next = "&cursor=" + page.field("next")
		if first == "" {
			first = next
		}
	}
	if len(seen) != 3 || !seen["acme"] || !seen["beta"] || !seen["who"] {
		t.Errorf("accounts over pages: %v", seen)
	}
	w.records("switch/more.csv", "switch", "9,beta,447700900123,2026-11-04 11:00:00,95")
	if _, err := w.config.Ledger.Fold(t.Context(), november()); err != nil {
		t.Fatal(err)
	}
	w.get(path+first).problem(400, "bad_cursor", "folded again")
}

func TestAnUnfinishedBatchIsWaivedByName(t *testing.T) {
	w := built(t)
	w.november()
	waiting := w.receive("switch/waiting.csv", "switch", "9,beta,447700900123,2026-11-04 11:00:00,95")
	w.do("POST", "/v1/periods/monthly:2026-11/waive", `{"batch":"none"}`).problem(422, "refused", "body.batch")
	w.do("POST", "/v1/periods/monthly:2026-11/waive", `{}`).problem(422, "invalid", "batch")
	got := w.do("POST", "/v1/periods/monthly:2026-11/waive", `{"batch":"`+waiting+`"}`).want(200)
	if got.field("waived.0") != waiting {
		t.Errorf("waived: %s", got.Body)
	}
	w.closeNovember()
	w.do("POST", "/v1/periods/monthly:2026-11/waive", `{"batch":"`+w.records("switch/x.csv", "switch")+`"}`).problem(409, "wrong_state", "issued")
}

func TestAClosedMonthIsReopened(t *testing.T) {
	w := built(t)
	w.november()
	// As it is between being frozen and being issued.
	w.replace("periods", november().String(), "state", string(ledger.Closing))
	if got := w.do("POST", "/v1/periods/monthly:2026-11/reopen", "").want(200).field("state"); got != "open" {
		t.Errorf("the period is %s", got)
	}
}

func TestAnInvoiceIsServedAsItWasIssued(t *testing.T) {
	w := built(t)
	w.november()
	w.closeNovember()
	w.get("/v1/invoices?period=monthly:2026-11").json(`{"items":[
		{"number":"2026-11-0001","account":"acme","period":"monthly:2026-11","currency":"GBP","exact_total":"5.0400","total":"5.04"},
		{"number":"2026-11-0002","account":"beta","period":"monthly:2026-11","currency":"GBP","exact_total":"0.7125","total":"0.71"}]}`)
	w.get("/v1/invoices?period=monthly:2026-10").json(`{"items":[]}`)
	w.get("/v1/invoices?period=x").problem(422, "invalid", "query.period")
	for path, tt := range map[string]struct{ object, content string }{
		"":       {"2026-11-0001.json", "application/json"},
		"/page":  {"2026-11-0001.html", "text/html; charset=utf-8"},
		"/usage": {"2026-11-0001-usage.csv", "text/csv; charset=utf-8"},
	} {
		got := w.get("/v1/invoices/2026-11-0001" + path).want(200)
		if want := w.object(w.config.Buckets.Bills, tt.object); string(got.Body) != want || want == "" {
			t.Errorf("invoice%s is %s, want %s", path, got.Body, want)
		}
		if got.Header.Get("Content-Type") != tt.content || got.Header.Get("ETag") == "" || !strings.Contains(got.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("invoice%s has the headers %v", path, got.Header)
		}
	}
	w.get("/v1/invoices/2026-11-0003").problem(404, "not_found")
	w.get("/v1/invoices/2026-11-0003/page").problem(404, "not_found")
}

func (w *world) object(b objects.Bucket, name string) string {
	w.Helper()
	info, err := b.Stat(w.ctx(), name)
	if err != nil {
		w.Fatal(err)
	}
	r, err := b.OpenRange(w.ctx(), name, info.Generation, 0, -1)
	if err != nil {
		w.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		w.Fatal(err)
	}
	return string(data)
}
