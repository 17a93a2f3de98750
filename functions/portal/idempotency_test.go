package portal_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
)

func (w *world) activations(card string) int {
	w.Helper()
	return strings.Count(string(w.get("/v1/cards/"+card+"/log").want(200).Body), `"recorded_at"`)
}

func TestTheSameRequestWithTheSameKeyIsDoneOnce(t *testing.T) {
	w := built(t)
	before := w.activations("retail")
	path, body := "/v1/cards/retail/activations", `{"revision":1,"from":"2027-01-01T00:00:00Z"}`
	first := w.do("POST", path, body, "Idempotency-Key: one").want(200)
	w.do("POST", path, `{"revision":1,"from":"2027-02-01T00:00:00Z"}`, "Idempotency-Key: two").want(200)
	again := w.do("POST", path, body, "Idempotency-Key: one").want(200)
	if string(again.Body) != string(first.Body) || again.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
		t.Errorf("the answer was %s, and is %s", first.Body, again.Body)
	}
	if n := w.activations("retail"); n != before+2 {
		t.Errorf("%d activations, want %d", n, before+2)
	}
	w.do("POST", path, `{"revision":1,"from":"2027-03-01T00:00:00Z"}`, "Idempotency-Key: one").problem(422, "key_reused")
	w.do("POST", "/v1/cards/carrier/activations", body, "Idempotency-Key: one").problem(422, "key_reused")
	w.do("POST", path, body, "Idempotency-Key: "+strings.Repeat("x", 256)).problem(400, "bad_request", "Idempotency-Key")
}

func TestARefusedRequestLeavesItsKeyFree(t *testing.T) {
	w := built(t)
	path := "/v1/cards/retail/activations"
	w.do("POST", path, `{"revision":9,"from":"2027-01-01T00:00:00Z"}`, "Idempotency-Key: k").problem(422, "refused")
	w.do("POST", path, `{"revision":1,"from":"2027-01-01T00:00:00Z"}`, "Idempotency-Key: k").want(200)
}

func TestOfManyRequestsWithOneKeyOneIsDone(t *testing.T) {
	w := built(t)
	before := w.activations("retail")
	var wait sync.WaitGroup
	answers := make([]answer, 12)
	for i := range answers {
		wait.Go(func() {
			answers[i] = w.do("POST", "/v1/cards/retail/activations", `{"revision":1,"from":"2027-01-01T00:00:00Z"}`, "Idempotency-Key: k")
		})
	}
	wait.Wait()
	done := 0
	for _, a := range answers {
		switch a.Status {
		case 200:
			done++
		case 409:
			a.problem(409, "in_progress")
		default:
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	}
	if n := w.activations("retail"); done == 0 || n != before+1 {
		t.Errorf("%d answers of a done request, %d activations, want %d", done, n, before+1)
	}
}

func TestAKeyWhoseRequestDiedIsTakenOver(t *testing.T) {
	w := built(t)
	path, body := "/v1/cards/retail/activations", `{"revision":1,"from":"2027-01-01T00:00:00Z"}`
	w.do("POST", path, body, "Idempotency-Key: k").want(200)
	// As the portal leaves it when it dies before it has answered.
	page := w.everything("idempotency")
	if len(page) != 1 {
		t.Fatal(page)
	}
	doc := page[0]
	for _, field := range []string{"status", "type", "body"} {
		delete(doc.Fields, field)
	}
	if _, err := w.config.Docs.Replace(t.Context(), doc.Path, doc.Fields, doc.Version); err != nil {
		t.Fatal(err)
	}
	w.do("POST", path, body, "Idempotency-Key: k").problem(409, "in_progress")
	w.setClock("2026-12-01T09:05:00Z")
	before := w.activations("retail")
	w.do("POST", path, body, "Idempotency-Key: k").want(200)
	if n := w.activations("retail"); n != before {
		t.Errorf("%d activations, want %d as before", n, before)
	}
}

func TestAKeyOfAJobIsTheJobs(t *testing.T) {
	w := built(t)
	id := w.november()
	ask := func(path, key string) string {
		t.Helper()
		return w.do("POST", path, "", "Idempotency-Key: "+key).want(202).field("id")
	}
	one := ask("/v1/periods/monthly:2026-11/close", "k")
	if again := ask("/v1/periods/monthly:2026-11/close", "k"); again != one {
		t.Errorf("asked again it is job %s, want %s", again, one)
	}
	for _, other := range []string{ask("/v1/periods/monthly:2026-11/close", "l"), ask("/v1/periods/monthly:2026-11/fold", "k"), ask("/v1/batches/"+id+"/redo", "k")} {
		if other == one {
			t.Errorf("another request is the same job %s", one)
		}
	}
	// Its answer stays when the job has changed what it was asked of.
	w.closeNovember()
	if again := ask("/v1/periods/monthly:2026-11/close", "k"); again != one {
		t.Errorf("asked again after it was done it is job %s, want %s", again, one)
	}
}

// everything returns the documents of a collection that no query lists.
func (w *world) everything(collection string) []documents.Doc {
	w.Helper()
	var out []documents.Doc
	var dump strings.Builder
	if err := w.config.Docs.Export(w.ctx(), &dump); err != nil {
		w.Fatal(err)
	}
	for line := range strings.Lines(dump.String()) {
		var named struct{ Collection, ID string }
		if err := json.Unmarshal([]byte(line), &named); err != nil {
			w.Fatalf("%v in %s", err, line)
		}
		if named.Collection != collection {
			continue
		}
		doc, err := w.config.Docs.Get(w.ctx(), documents.Path{Collection: collection, ID: named.ID})
		if err != nil {
			w.Fatal(err)
		}
		out = append(out, doc)
	}
	return out
}

func TestAKeyIsForgottenAfterAWeek(t *testing.T) {
	w := built(t)
	path, body := "/v1/cards/retail/activations", `{"revision":1,"from":"2027-01-01T00:00:00Z"}`
	w.do("POST", path, body, "Idempotency-Key: one").want(200)
	w.setClock("2026-12-08T08:59:59Z")
	w.do("POST", path, `{"revision":1,"from":"2027-02-01T00:00:00Z"}`, "Idempotency-Key: one").problem(422, "key_reused")
	w.setClock("2026-12-08T09:00:01Z")
	w.do("POST", path, `{"revision":1,"from":"2027-02-01T00:00:00Z"}`, "Idempotency-Key: two").want(200)
	if kept := w.everything("idempotency"); len(kept) != 1 {
		t.Errorf("%d keys are kept, want only the new one", len(kept))
	}
	w.do("POST", path, `{"revision":1,"from":"2027-03-01T00:00:00Z"}`, "Idempotency-Key: one").want(200)
}
