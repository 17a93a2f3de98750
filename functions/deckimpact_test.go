package functions_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/impact"
)

// dropDeck drops a deck of the card carrier, and returns its id.
func (e exporter) dropDeck(name, text string, at time.Time) string {
	e.Helper()
	e.Drop("decks", "carrier/"+name, text, at)
	var page struct {
		Items []struct{ ID, Object string }
	}
	if err := json.Unmarshal(e.do("GET", "/v1/decks?limit=100", "", 200).Body.Bytes(), &page); err != nil {
		e.Fatal(err)
	}
	for _, d := range page.Items {
		if d.Object == "carrier/"+name {
			return d.ID
		}
	}
	e.Fatalf("there is no deck %s among %+v", name, page.Items)
	return ""
}

// impactAt asks for an impact at a path, and returns the job and the bytes of its files.
func (e exporter) impactAt(path, asks string) (answered, []string) {
	e.Helper()
	asked := e.do("POST", path, asks, 202)
	e.Deliver(functionstest.Noon)
	job := e.job(e.do("GET", asked.Header().Get("Location"), "", 200))
	if job.Kind != "impact" || job.State != "done" || len(job.Files) != 3 {
		e.Fatalf("the job is %+v, want it done with three files", job)
	}
	var files []string
	for _, f := range job.Files {
		files = append(files, e.do("GET", f.URL, "", 200).Body.String())
	}
	return job, files
}

func reportOf(t *testing.T, text string) (r impact.Report) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// A deck is held, what it costs is asked for, it is approved, and its revision costs
// just that.
func TestTheImpactOfAHeldDeckIsAskedForBeforeItIsApproved(t *testing.T) {
	first, records, second, says := example(t)
	e := newExporter(t, functionstest.Install(t))
	e.Import(supplied)
	e.Drop("decks", "carrier/1.csv", first, functionstest.Noon)
	e.Drop("cdrs", "switch/a.csv", records, functionstest.Noon)
	e.Import(`{"format": "tollbook setup 1", "cards": [{"id": "carrier", "kind": "provider", "currency": "GBP", "activate": "at_arrival", "decks": {"limits": {"max_increase_percent": "50"}}}]}`)
	id := e.dropDeck("2.csv", second, functionstest.Noon.AddDate(0, 0, 20))
	const asks = `{"months": ["2026-11"]}`
	job, files := e.impactAt("/v1/decks/"+id+"/impact", asks)
	if got, _, _ := strings.Cut(job.Report, "; the files are kept until "); got+"\n" != says || job.Target != id {
		t.Errorf("the job of %s says\n%s\nwant that of %s, which says\n%s", job.Target, job.Report, id, says)
	}
	r := reportOf(t, files[0])
	if want := (impact.Deck{ID: id, Object: "carrier/2.csv", State: "held", Base: 1}); r.Card != "carrier" || r.Revision != 0 || r.Deck == nil || *r.Deck != want {
		t.Errorf("the report is of %q, revision %d, %+v; want deck %+v", r.Card, r.Revision, r.Deck, want)
	}
	e.do("POST", "/v1/decks/"+id+"/apply", `{}`, 202)
	e.Deliver(functionstest.Noon)
	job, byRevision := e.impactAt("/v1/cards/carrier/revisions/2/impact", asks)
	if job.Target != "carrier/2" {
		t.Errorf("the job is of %s", job.Target)
	}
	applied, byDeck := e.impactAt("/v1/decks/"+id+"/impact", asks)
	of := impact.Deck{ID: id, Object: "carrier/2.csv", State: "applied", Base: 1}
	if got := reportOf(t, byDeck[0]); got.Deck == nil || *got.Deck != of || got.Revision != 2 {
		t.Errorf("once it is applied the report is of revision %d, %+v; want 2, %+v", got.Revision, got.Deck, of)
	}
	for name, other := range map[string][]string{"before it is approved": files, "by its revision": byRevision} {
		for i := range other {
			got, want := other[i], byDeck[i]
			if i > 0 {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, of the deck that is applied and %s (-applied +other)\n%s", job.Files[i].Name, name, diff)
				}
				continue
			}
			one, applied := reportOf(t, got), reportOf(t, want)
			one.Revision, one.Deck, applied.Revision, applied.Deck = 0, nil, 0, nil
			if diff := cmp.Diff(applied, one); diff != "" {
				t.Errorf("the report of the deck that is applied and %s (-applied +other)\n%s", name, diff)
			}
		}
	}
	if applied.Target != id {
		t.Errorf("the job is of %s", applied.Target)
	}
}

func TestAnImpactOfADeckThatMakesNothingIsRefusedWithItsReason(t *testing.T) {
	e := newExporter(t, functionstest.Install(t))
	e.Drop("decks", "carrier/1.csv", functionstest.Deck, functionstest.Noon)
	e.do("POST", "/v1/decks/none/impact", `{}`, 404)
	same := e.dropDeck("2.csv", functionstest.Deck, functionstest.Noon)
	bad := e.dropDeck("3.csv", "prefix,price\n44,cheap\n", functionstest.Noon)
	for id, says := range map[string]string{same: "those of revision 1 of card carrier", bad: "the deck is refused, and makes no rates: 1 errors"} {
		if w := e.do("POST", "/v1/decks/"+id+"/impact", `{}`, 409); !strings.Contains(w.Body.String(), `"wrong_state"`) || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: want %s in it", w.Body, says)
		}
	}
	// What is refused after it was asked for fails the job.
	e.Import(`{"format": "tollbook setup 1", "cards": [{"id": "carrier", "kind": "provider", "currency": "GBP", "activate": "at_arrival", "decks": {"confirm": true}}]}`)
	id := e.dropDeck("4.csv", strings.ReplaceAll(functionstest.Deck, "0.06", "0.07"), functionstest.Noon)
	for body, says := range map[string]string{`{"months": ["2026-13"]}`: "body.months[0]", `{"as_of": "1969-01-01T00:00:00Z"}`: "body.as_of"} {
		if w := e.do("POST", "/v1/decks/"+id+"/impact", body, 422); !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s is answered %s, want %s in it", body, w.Body, says)
		}
	}
	asked := e.do("POST", "/v1/decks/"+id+"/impact", `{}`, 202)
	e.do("POST", "/v1/decks/"+id+"/reject", `{}`, 200)
	e.Deliver(functionstest.Noon)
	if job := e.job(e.do("GET", asked.Header().Get("Location"), "", 200)); job.State != "failed" || !strings.Contains(job.Report, "a person rejected it") {
		t.Errorf("the job is %+v, want it failed for the deck that was rejected", job)
	}
}
