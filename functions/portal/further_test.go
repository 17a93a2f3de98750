package portal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/ledger"
)

// reselling is built with a reseller above beta, a supplier, and a feed that
// charges everybody.
func reselling(t *testing.T) *world {
	t.Helper()
	w := built(t)
	w.create("/v1/cycles/carriers", `{"zone":"UTC","kind":"suppliers"}`)
	w.create("/v1/accounts/north", `{"cycle":"carriers","currency":"GBP"}`)
	w.create("/v1/accounts/north/assignments/2026-01", `{"card":"retail"}`)
	w.create("/v1/accounts/dist", `{"cycle":"monthly","currency":"GBP"}`)
	w.create("/v1/accounts/shop", `{"cycle":"monthly","currency":"GBP","parent":"dist"}`)
	was := w.get("/v1/accounts/beta").want(200).Header.Get("ETag")
	w.do("PUT", "/v1/accounts/beta", `{"cycle":"monthly","currency":"GBP","parent":"shop"}`, "If-Match: "+was).want(200)
	w.create("/v1/numbers/447700900123", `{"owners":[{"account":"acme"}]}`)
	w.create("/v1/feeds/whole", `{"format":"generic","timezone":"UTC","cycle":"monthly","charges":["callee","resellers","supplier"],
		"suppliers":[{"trunk":"n-1","owners":[{"account":"north"}]}]}`)
	return w
}

func TestWhomElseRecordsChargeIsReadAsItWasWritten(t *testing.T) {
	w := reselling(t)
	for path, want := range map[string]string{
		"/v1/cycles/carriers": `{"id":"carriers","zone":"UTC","kind":"suppliers"}`,
		"/v1/accounts/shop":   `{"id":"shop","cycle":"monthly","currency":"GBP","parent":"dist"}`,
		"/v1/feeds/whole": `{"id":"whole","format":"generic","timezone":"UTC","cycle":"monthly","charges":["callee","resellers","supplier"],
			"suppliers":[{"trunk":"n-1","owners":[{"account":"north"}]}]}`,
	} {
		w.get(path).want(200).json(want)
	}
}

func TestAChargeThatCannotBeIsRefusedWithItsPlace(t *testing.T) {
	w := reselling(t)
	w.create("/v1/accounts/l1", `{"cycle":"monthly","currency":"GBP"}`)
	for _, n := range []string{"2", "3", "4", "5", "6", "7", "8", "9"} {
		w.create("/v1/accounts/l"+n, `{"cycle":"monthly","currency":"GBP","parent":"l`+string(n[0]-1)+`"}`)
	}
	const feed = `{"format":"generic","timezone":"UTC","cycle":"monthly","charges":`
	for _, tt := range []struct{ path, body, code, location, says string }{
		{"/v1/cycles/monthly", `{"zone":"Europe/London","kind":"suppliers"}`, "refused", "body.kind", "cannot change"},
		{"/v1/cycles/new", `{"zone":"UTC","kind":"both"}`, "invalid", "body.kind", "suppliers"},
		{"/v1/accounts/new", `{"cycle":"monthly","currency":"GBP","parent":"nobody"}`, "refused", "body.parent", "an account that is there"},
		{"/v1/accounts/new", `{"cycle":"monthly","currency":"GBP","parent":"north"}`, "refused", "body.parent", "accounts of customers"},
		{"/v1/accounts/new", `{"cycle":"carriers","currency":"GBP","parent":"dist"}`, "refused", "body.parent", "below nobody"},
		{"/v1/accounts/new", `{"cycle":"monthly","currency":"GBP","parent":"l9"}`, "refused", "body.parent", "at most 8"},
		{"/v1/accounts/l1", `{"cycle":"monthly","currency":"GBP","parent":"dist"}`, "refused", "body.parent", "at most 8"},
		{"/v1/accounts/dist", `{"cycle":"monthly","currency":"GBP","parent":"dist"}`, "refused", "body.parent", "not below this one"},
		{"/v1/accounts/dist", `{"cycle":"monthly","currency":"GBP","parent":"beta"}`, "refused", "body.parent", "not below this one"},
		{"/v1/accounts/north/features/new", `{"start":"2026-02-02","recurring":"1"}`, "refused", "body.account", "accounts of customers"},
		{"/v1/numbers/45", `{"owners":[{"account":"north"}]}`, "refused", "body.owners", "accounts of customers"},
		{"/v1/feeds/new", feed + `["someone"]}`, "refused", "body.charges", "callee, resellers or supplier"},
		{"/v1/feeds/new", feed + `["supplier"],"suppliers":[{"trunk":"a","owners":[{"account":"acme"}]}]}`, "refused", "body.suppliers", "cycle of suppliers"},
		{"/v1/feeds/new", feed + `["callee"],"suppliers":[{"trunk":"a","owners":[{"account":"north"}]}]}`, "refused", "body.suppliers", "supplier among the charges"},
		{"/v1/feeds/new", feed + `[],"trunks":[{"trunk":"a","owners":[{"account":"north"}]}]}`, "refused", "body.trunks", "accounts of customers"},
		{"/v1/feeds/new", `{"format":"generic","timezone":"UTC","cycle":"carriers"}`, "refused", "body.cycle", "a cycle of customers"},
		{"/v1/feeds/new", `{"format":"asterisk","timezone":"UTC","cycle":"monthly","charges":["supplier"]}`, "refused", "body.charges", "no column for the outgoing trunk"},
	} {
		match := "If-None-Match: *"
		if got := w.get(tt.path); got.Status == 200 {
			match = "If-Match: " + got.Header.Get("ETag")
		}
		w.do("PUT", tt.path, tt.body, match).problem(422, tt.code, `"location":"`+tt.location+`"`, tt.says)
	}
}

// A line may have several problems, and a page may end between them.
func TestChargesThatNothingPricesAreListedPageByPage(t *testing.T) {
	w := reselling(t)
	info := w.drop(w.config.Buckets.CDRs, "whole/a.csv", "call_id,account,b_number,start_time,duration,out_trunk\n"+
		"1,beta,447700900123,2026-11-02 10:00:00,60,n-1\n2,beta,447700900123,2026-11-02 10:00:01,60,n-2\n3,who,999,2026-11-02 10:00:02,60,\n")
	id, err := w.config.Ledger.Receive(w.ctx(), ledger.Arrival{Bucket: "cdrs", Object: "whole/a.csv", Generation: info.Generation, Feed: "whole", At: at("2026-11-20T00:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.config.Ledger.Process(w.ctx(), id); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"counts.rows": "3", "counts.accepted": "2", "counts.unrated": "1", "charges.callee:rated": "2", "charges.reseller:1:unrated:no_card": "2",
		"charges.reseller:2:unrated:no_card": "2", "charges.supplier:rated": "1", "charges.supplier:unrated:no_account": "1",
	} {
		if got := w.get("/v1/batches/" + id).want(200).field(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	want := []string{
		"2 account shop reseller:1", "2 account dist reseller:2", "3 account shop reseller:1", "3 account dist reseller:2", "3 out_trunk n-2 supplier", "4 account who ",
	}
	for _, limit := range []string{"1", "2", "3", "6"} {
		var got []string
		for next := ""; ; {
			page := w.get("/v1/batches/" + id + "/problems?limit=" + limit + next).want(200)
			var found struct {
				Items []struct {
					Line                int
					Column, Value, Role string
				}
				Next string
			}
			if err := json.Unmarshal(page.Body, &found); err != nil {
				t.Fatal(err)
			}
			for _, p := range found.Items {
				got = append(got, fmt.Sprintf("%d %s %s %s", p.Line, p.Column, p.Value, p.Role))
			}
			if found.Next == "" {
				break
			}
			next = "&cursor=" + found.Next
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("by %s: %q, want %q", limit, got, want)
		}
	}
}
