package functions_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/functionstest"
	"github.com/tollbook/tollbook/shared/impact"
	"github.com/tollbook/tollbook/shared/jobs"
)

const supplied = `{"format": "tollbook setup 1", "plans": [], "features": [],
  "cycles": [{"id": "bought", "zone": "UTC", "kind": "suppliers"}],
  "cards": [
    {"id": "cost", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "none", "terms": {"decimals": 6, "rounding": "half-up"}},
    {"id": "half", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "50%", "terms": {"decimals": 4, "rounding": "half-up"}}],
  "accounts": [{"id": "north", "cycle": "bought", "currency": "GBP"}, {"id": "bolt", "cycle": "monthly", "currency": "GBP"}],
  "assignments": [{"account": "north", "from": "2026-01", "card": "cost"}, {"account": "bolt", "from": "2026-01", "card": "half"}],
  "feeds": [{"id": "switch", "format": "generic", "timezone": "UTC", "cycle": "monthly", "charges": ["supplier"],
    "suppliers": [{"trunk": "north-1", "owners": [{"account": "north"}]}]}]}`

// example returns the decks and records of the document, and what it says that
// the second deck comes to.
func example(t *testing.T) (first, records, second, says string) {
	t.Helper()
	text, err := os.ReadFile("../infra/docs/decks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## What will it cost?\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```(csv|text)\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 4 {
		t.Fatalf("the document has %d blocks, want two decks, records and what they come to", len(blocks))
	}
	return blocks[0][2], blocks[1][2], blocks[2][2], blocks[3][2]
}

// impact asks for one, sees it done, and returns the job and its report.
func (e exporter) impact(asks string) (answered, impact.Report) {
	e.Helper()
	asked := e.do("POST", "/v1/cards/carrier/revisions/2/impact", asks, 202)
	e.Deliver(functionstest.Noon)
	job := e.job(e.do("GET", asked.Header().Get("Location"), "", 200))
	if job.Kind != "impact" || job.Target != "carrier/2" || job.State != "done" || len(job.Files) != 3 {
		e.Fatalf("the job is %+v, want it done with three files", job)
	}
	var r impact.Report
	file := e.do("GET", job.Files[0].URL, "", 200)
	if err := json.Unmarshal(file.Body.Bytes(), &r); err != nil || file.Header().Get("Content-Type") != "application/json" {
		e.Fatalf("%v in %s, %s", err, file.Header(), file.Body)
	}
	for i, n := range map[int]int{1: len(r.Destinations), 2: len(r.Accounts)} {
		rows, err := csv.NewReader(e.do("GET", job.Files[i].URL, "", 200).Body).ReadAll()
		if err != nil || len(rows) != 1+n || job.Files[i].Rows != int64(n) || len(rows[0]) != 21 {
			e.Errorf("%s has %d rows (%v), want a header and %d", job.Files[i].Name, len(rows), err, n)
		}
	}
	return job, r
}

func TestADeckSaysWhatItWouldHaveCostAsTheDocumentHasIt(t *testing.T) {
	first, records, second, says := example(t)
	e := newExporter(t, functionstest.Install(t))
	e.Import(supplied)
	e.Drop("decks", "carrier/1.csv", first, functionstest.Noon)
	e.Drop("cdrs", "switch/a.csv", records, functionstest.Noon)
	e.Drop("decks", "carrier/2.csv", second, functionstest.Noon.AddDate(0, 0, 20))
	job, r := e.impact(`{"months": ["2026-11"]}`)
	if got, kept, _ := strings.Cut(job.Report, "; the files are kept until "); got+"\n" != says || kept == "" {
		t.Errorf("the job says\n%s\nwant\n%s", job.Report, says)
	}
	var got []string
	for _, l := range r.Destinations {
		got = append(got, l.Name+" "+l.Cost.Old.Trim().String()+" "+l.Cost.New.Trim().String()+", "+l.Margin.Old.Trim().String()+" "+l.Margin.New.Trim().String())
	}
	if diff := cmp.Diff([]string{"UK mobile 0.1 0, 0.05 0", "UK 0.06 0.12, 0.03 -0.03", "Germany 0.045 0.045, 0.0225 0.0225"}, got); diff != "" {
		t.Errorf("destinations (-want +got)\n%s", diff)
	}
	if len(r.Notices) != 1 || !strings.Contains(r.Notices[0], "2026-12-08T00:00:00Z: with as_of") {
		t.Errorf("notices %q, want the rate that begins later", r.Notices)
	}
	_, r = e.impact(`{"months": ["2026-11"], "as_of": "2026-12-08T00:00:00Z", "rebuilt": true}`)
	if cost, charges := r.Total.Cost.New.Trim().String(), r.Total.Charges.New.Trim().String(); cost != "0.195" || charges != "0.2925" || len(r.Notices) > 0 {
		t.Errorf("as of the day: cost %s, charges %s, notices %q", cost, charges, r.Notices)
	}
	// The second deck is live from its arrival on, and the record's instant decides.
	if got := e.Fold("2026-11"); got.Charged != 4 {
		t.Errorf("the month counts %+v, want it as it was", got)
	}
}

func TestAnImpactThatCannotBeIsRefusedWithItsReason(t *testing.T) {
	e := newExporter(t, functionstest.Install(t))
	e.Drop("decks", "carrier/1.csv", functionstest.Deck, functionstest.Noon)
	for path, body := range map[string]string{
		"/v1/cards/carrier/revisions/2/impact": `{}`, "/v1/cards/none/revisions/1/impact": `{}`,
	} {
		e.do("POST", path, body, 404)
	}
	const path = "/v1/cards/carrier/revisions/1/impact"
	for body, says := range map[string]string{
		`{"months": ["2026-13"]}`:                   "body.months[0]",
		`{"months": ["2026-11", "2026-11"]}`:        "unique",
		`{"as_of": "1969-01-01T00:00:00Z"}`:         "body.as_of",
		`{"as_of": "soon"}`:                         "body.as_of",
		`{"months": ["2026-11"], "rebuild": false}`: "rebuild",
	} {
		if w := e.do("POST", path, body, 422); !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s is answered %s, want %s in it", body, w.Body, says)
		}
	}
	job, err := e.Jobs().AskImpact(t.Context(), jobs.ImpactOf{Card: "carrier", Revision: 7}, "", functionstest.Noon)
	if err != nil {
		t.Fatal(err)
	}
	e.Deliver(functionstest.Noon)
	if job, err = e.Jobs().Get(t.Context(), job.ID); err != nil || job.State != jobs.Failed || !strings.Contains(job.Report, "carrier has no revision 7") {
		t.Errorf("the job is %+v, %v; want it failed for the revision that is not there", job, err)
	}
}

// Without months it is the current one and the one before; a key that comes again
// is the same job.
func TestTheMonthsOfAnImpactAreTheLastTwo(t *testing.T) {
	e := newExporter(t, functionstest.Install(t))
	e.Drop("decks", "carrier/1.csv", functionstest.Deck, functionstest.Noon)
	e.Drop("decks", "carrier/2.csv", strings.ReplaceAll(functionstest.Deck, "0.06", "0.07"), functionstest.Noon)
	e.Drop("cdrs", "switch/3.csv", functionstest.CDRs, functionstest.Noon)
	for _, rebuilt := range []bool{false, true} {
		job, err := e.Jobs().AskImpact(t.Context(), jobs.ImpactOf{Card: "carrier", Revision: 2, Rebuilt: rebuilt}, "key", functionstest.Noon)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"2026-10", "2026-11"}, job.Asks.Months); diff != "" {
			t.Errorf("months (-want +got)\n%s", diff)
		}
		e.Deliver(functionstest.Noon)
		again, err := e.Jobs().AskImpact(t.Context(), jobs.ImpactOf{Card: "carrier", Revision: 2, Rebuilt: rebuilt}, "key", functionstest.Noon.AddDate(0, 1, 0))
		if err != nil || again.ID != job.ID || again.State != jobs.Done {
			t.Errorf("asked again with the key: %+v, %v; want job %s, done", again, err, job.ID)
		}
		_, r := e.impact(map[bool]string{false: `{"months": ["2026-10", "2026-11"]}`, true: `{"months": ["2026-10", "2026-11"], "rebuilt": true}`}[rebuilt])
		want := []string{"No card that is built from carrier is assigned to an account of suppliers, so there is no cost to compare. With rebuilt, the charges of customers are.", "Nothing is charged in 2026-10."}
		if rebuilt {
			want = want[1:]
			if got := r.Total.Charges; got.Old.String() != "0.1500" || got.New.String() != "0.1750" || got.NewUnrated != 1 {
				t.Errorf("charges of customers: %+v", got)
			}
		}
		if diff := cmp.Diff(want, r.Notices); diff != "" {
			t.Errorf("notices (-want +got)\n%s", diff)
		}
	}
}
