package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

var ctx = context.Background()

// installation is every function over stores of its own, called as the
// platform calls them.
type installation struct {
	*testing.T
	deps     functions.Deps
	manifest functions.Manifest
	handlers map[string]http.Handler
	log      *bytes.Buffer
	seen     map[string]bool // orders that were delivered
}

const setupText = `{
  "format": "tollbook setup 1",
  "cycles": [{"id": "monthly", "zone": "UTC", "draft_days": 2}],
  "cards": [
    {"id": "carrier", "kind": "provider", "currency": "GBP", "activate": "at_arrival"},
    {"id": "retail", "kind": "customer", "currency": "GBP", "activate": "at_arrival", "parent": "carrier", "markup": "none",
     "terms": {"decimals": 4, "rounding": "half-up"}}
  ],
  "plans": [], "features": [],
  "feeds": [{"id": "switch", "format": "generic", "timezone": "UTC", "cycle": "monthly"}],
  "accounts": [{"id": "acme", "cycle": "monthly", "currency": "GBP"}],
  "assignments": [{"account": "acme", "from": "2026-01", "card": "retail"}]
}`

func install(t *testing.T) *installation {
	t.Helper()
	in := &installation{T: t, handlers: map[string]http.Handler{}, log: &bytes.Buffer{}, seen: map[string]bool{}}
	var err error
	if in.manifest, err = functions.LoadManifest(); err != nil {
		t.Fatal(err)
	}
	docs, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), functions.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	in.deps = functions.Deps{
		Stores:       functions.Stores{Docs: docs, Buckets: objects.MemoryBuckets(), Orders: map[string]objects.Bucket{}},
		Events:       events.Config{Verifier: events.Open{}, Log: slog.New(slog.NewTextHandler(in.log, nil))},
		BucketPrefix: "acme-",
	}
	for _, name := range in.manifest.OrderFunctions() {
		in.deps.Orders[name] = objects.NewMemory()
	}
	for _, f := range functions.All() {
		if in.handlers[f.Name], err = f.New(in.deps); err != nil {
			t.Fatal(err)
		}
	}
	s, err := catalog.ParseSetup(strings.NewReader(setupText))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.deps.Catalog().Import(ctx, s); err != nil {
		t.Fatal(err)
	}
	return in
}

// send calls a function with an event and returns the answer's status.
func (in *installation) send(function string, e cloudevents.Event, err error) int {
	in.Helper()
	if err != nil {
		in.Fatal(err)
	}
	r, err := cloudevents.NewHTTPRequestFromEvent(ctx, "http://127.0.0.1/", e)
	if err != nil {
		in.Fatal(err)
	}
	r.RemoteAddr, r.Host = "127.0.0.1:1234", "127.0.0.1"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	in.handlers[function].ServeHTTP(w, r)
	return w.Code
}

// object sends the event of an object to each function that its bucket calls.
func (in *installation) object(bucket string, info objects.Info, at time.Time) {
	in.Helper()
	e, err := events.NewObjectFinalized(events.ObjectFinalized{
		Bucket: "acme-" + bucket, Name: info.Name, Generation: info.Generation, Size: info.Size, At: at,
	})
	for _, f := range in.manifest.Functions {
		for _, b := range f.Buckets {
			if b == bucket {
				if code := in.send(f.Name, e, err); code != http.StatusNoContent {
					in.Fatalf("%s answers %d for %s:\n%s", f.Name, code, info.Name, in.log)
				}
			}
		}
	}
}

// drop puts a file into a bucket, and delivers its event and the orders that follow.
func (in *installation) drop(bucket, name, text string, at time.Time) {
	in.Helper()
	b, err := in.deps.Bucket(bucket)
	if err != nil {
		in.Fatal(err)
	}
	info, err := b.Create(ctx, name, strings.NewReader(text))
	if err != nil {
		in.Fatal(err)
	}
	in.object(bucket, info, at)
	in.orders(at)
}

func (in *installation) orders(at time.Time) {
	in.Helper()
	for name, b := range in.deps.Orders {
		found, err := b.List(ctx, "", "", 1000)
		if err != nil {
			in.Fatal(err)
		}
		for _, info := range found {
			if key := name + "/" + info.Name; !in.seen[key] {
				in.seen[key] = true
				in.object(functions.OrdersBucket+name, info, at)
			}
		}
	}
}

func (in *installation) schedule(function string, at time.Time) {
	in.Helper()
	e, err := events.NewScheduled(events.Scheduled{Job: function, At: at})
	if code := in.send(function, e, err); code != http.StatusNoContent {
		in.Fatalf("%s answers %d at %s:\n%s", function, code, at, in.log)
	}
}

// beside reads the report that lies beside a file.
func (in *installation) beside(bucket, name string, v any) {
	in.Helper()
	b, err := in.deps.Bucket(bucket)
	if err != nil {
		in.Fatal(err)
	}
	info, err := b.Stat(ctx, name+report.Suffix)
	if err != nil {
		in.Fatal(err)
	}
	r, err := b.OpenRange(ctx, info.Name, info.Generation, 0, -1)
	if err != nil {
		in.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close(), json.Unmarshal(data, v)); err != nil {
		in.Fatal(err)
	}
}

const (
	deckText = "prefix,price,interval 1,interval n\n44,0.06,1,1\n"
	cdrsText = "call_id,account,b_number,start_time,duration\n" +
		"1,acme,442079460001,2026-11-03T10:00:00Z,60\n" +
		"2,acme,442079460002,2026-11-03T11:00:00Z,90\n" +
		"3,acme,12125550100,2026-11-03T12:00:00Z,30\n" +
		"4,acme,442079460003,yesterday,30\n"
)

var nov = time.Date(2026, 11, 3, 13, 0, 0, 0, time.UTC)

func key(month string) ledger.Key {
	m, err := period.ParseMonth(month)
	if err != nil {
		panic(err)
	}
	return ledger.Key{Cycle: "monthly", Month: m}
}

func (in *installation) state(month string) ledger.PeriodState {
	in.Helper()
	p, err := in.deps.Ledger().Period(ctx, key(month))
	if errors.Is(err, documents.ErrNotFound) {
		return "none"
	}
	if err != nil {
		in.Fatal(err)
	}
	return p.State
}

func TestFromADroppedDeckToAnInvoice(t *testing.T) {
	in := install(t)
	in.drop("decks", "carrier/november.csv", deckText, nov)
	in.drop("cdrs", "switch/3.csv", cdrsText, nov)

	var deck catalog.DeckReport
	in.beside("decks", "carrier/november.csv", &deck)
	if deck.Deck.State != catalog.DeckApplied || deck.Deck.Rates != 1 {
		t.Errorf("the deck's report says %+v", deck.Deck)
	}
	var rated cdrrating.Report
	in.beside("cdrs", "switch/3.csv", &rated)
	if rated.Batch.State != ledger.Committed || rated.Batch.Counts != (ledger.Counts{Rows: 4, Accepted: 2, Unrated: 1, Rejected: 1}) {
		t.Errorf("the records' report says %+v", rated.Batch)
	}
	want := []cdrrating.Problem{
		{Line: 4, Status: "unrated", Reason: "no_rate"},
		{Line: 5, Status: "rejected", Reason: "bad_time", Column: "start_time", Value: "yesterday"},
	}
	for i := range rated.Problems {
		if rated.Problems[i].Status == "rejected" && rated.Problems[i].Want == "" {
			t.Error("a rejected row is reported without what would be right")
		}
		rated.Problems[i].Want = ""
	}
	if diff := cmp.Diff(want, rated.Problems); diff != "" {
		t.Error(diff)
	}

	// The month is over, and a draft for two days; then it is issued.
	in.schedule("bundlereset", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	for _, step := range []struct {
		at   string
		want ledger.PeriodState
	}{
		{"2026-11-30T23:50:00Z", ledger.Open},
		{"2026-12-01T00:00:00Z", ledger.Draft},
		{"2026-12-02T23:50:00Z", ledger.Draft},
		{"2026-12-03T00:00:00Z", ledger.Issued},
	} {
		at, err := time.Parse(time.RFC3339, step.at)
		if err != nil {
			t.Fatal(err)
		}
		in.schedule("billrun", at)
		if got := in.state("2026-11"); got != step.want {
			t.Errorf("at %s the month is %s, want %s", step.at, got, step.want)
		}
	}
	invoices, err := in.deps.Ledger().Invoices(ctx, key("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	// 60 s and 90 s at 0.06 a minute: 0.06 + 0.09.
	if len(invoices) != 1 || invoices[0].Total.String() != "0.15" {
		t.Errorf("invoices %+v, want one of 0.15", invoices)
	}
	problems, err := in.deps.Ledger().Fsck(ctx)
	if err != nil || len(problems) > 0 {
		t.Errorf("fsck: %v %v", problems, err)
	}
}

func TestWhatCannotBeReadEndsWhereAPersonCanReadWhy(t *testing.T) {
	in := install(t)
	for _, c := range []struct{ bucket, name, text, want string }{
		{"cdrs", "switch/empty.csv", "", "header"},
		{"cdrs", "switch/letter.txt", "Dear carrier,\nplease find attached\n", "column"},
		{"cdrs", "nobody/3.csv", cdrsText, `"nobody" is not configured`},
		{"cdrs", "loose.csv", cdrsText, "want <feed>/loose.csv"},
		{"decks", "carrier/empty.csv", "", "rate deck"},
		{"decks", "loose.csv", deckText, "card's folder"},
	} {
		in.drop(c.bucket, c.name, c.text, nov)
		var got struct {
			Batch ledger.Batch
			Deck  catalog.Deck
		}
		in.beside(c.bucket, c.name, &got)
		if why := got.Batch.Failure + got.Deck.Failure; !strings.Contains(why, c.want) {
			t.Errorf("%s/%s: %q, want it to name %s", c.bucket, c.name, why, c.want)
		}
	}
}

func TestWhatIsNoFileIsAnsweredAndForgotten(t *testing.T) {
	in := install(t)
	for _, bucket := range []string{"cdrs", "decks"} {
		for _, name := range []string{"switch/", "carrier/", "a//b.csv", "switch/3.csv" + report.Suffix} {
			in.object(bucket, objects.Info{Name: name, Generation: "1"}, nov)
		}
	}
	page, err := in.deps.Docs.Query(ctx, documents.Query{Name: "batches_all", Limit: 10})
	if err != nil || len(page.Docs) != 0 {
		t.Errorf("%d batches, error %v; want none", len(page.Docs), err)
	}
}

func TestTheSameEventAgainChangesNothing(t *testing.T) {
	in := install(t)
	in.drop("decks", "carrier/a.csv", deckText, nov)
	in.drop("cdrs", "switch/3.csv", cdrsText, nov)
	var before, after bytes.Buffer
	if err := in.deps.Docs.Export(ctx, &before); err != nil {
		t.Fatal(err)
	}
	for bucket, name := range map[string]string{"decks": "carrier/a.csv", "cdrs": "switch/3.csv"} {
		b, err := in.deps.Bucket(bucket)
		if err != nil {
			t.Fatal(err)
		}
		info, err := b.Stat(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		in.object(bucket, info, nov.Add(time.Hour))
		in.orders(nov.Add(time.Hour))
	}
	if err := in.deps.Docs.Export(ctx, &after); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.String(), after.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameRecordsUnderAnotherNameAreChargedOnce(t *testing.T) {
	in := install(t)
	in.drop("decks", "carrier/a.csv", deckText, nov)
	in.drop("cdrs", "switch/monday.csv", cdrsText, nov)
	in.drop("cdrs", "switch/tuesday.csv", cdrsText, nov.Add(24*time.Hour))
	var second cdrrating.Report
	in.beside("cdrs", "switch/tuesday.csv", &second)
	if diff := cmp.Diff([]string{"switch/monday.csv"}, second.Copies); diff != "" {
		t.Errorf("the second one's report does not name the first: %s", diff)
	}
	result, err := in.deps.Ledger().Fold(ctx, key("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (ledger.MonthCounts{Rows: 6, Charged: 2, Unrated: 1, Duplicate: 3}); result.Counts != want {
		t.Errorf("the month counts %+v, want %+v", result.Counts, want)
	}
}

func TestAJobIsDoneOnceAndReported(t *testing.T) {
	in := install(t)
	in.drop("decks", "carrier/a.csv", deckText, nov)
	in.drop("cdrs", "switch/3.csv", cdrsText, nov)
	for _, c := range []struct {
		kind   jobs.Kind
		target string
		state  jobs.State
		report string
	}{
		{jobs.Fold, key("2026-11").String(), jobs.Done, "is open"},
		{jobs.Compile, "", jobs.Done, "null"},
		{jobs.Close, key("2026-11").String(), jobs.Done, "is issued, with 1 invoices"},
		{jobs.Close, key("2031-01").String(), jobs.Failed, "not found"},
		{jobs.Close, "whenever", jobs.Failed, "want cycle:YYYY-MM"},
		{jobs.Fsck, "", jobs.Done, "clean"},
		{jobs.Retry, "no-batch", jobs.Failed, "not found"},
	} {
		job, err := in.deps.Jobs().Ask(ctx, c.kind, c.target, "key", nov.AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		in.orders(nov.AddDate(0, 1, 0))
		if job, err = in.deps.Jobs().Get(ctx, job.ID); err != nil {
			t.Fatal(err)
		}
		if job.State != c.state || !strings.Contains(job.Report, c.report) {
			t.Errorf("%s %s: %s, %q; want it %s with %q", c.kind, c.target, job.State, job.Report, c.state, c.report)
		}
		again, err := in.deps.Jobs().Ask(ctx, c.kind, c.target, "key", nov.AddDate(1, 0, 0))
		if err != nil || again.ID != job.ID || again.State != c.state {
			t.Errorf("asked again with the same key: %+v %v, want the same job", again, err)
		}
	}
}

func TestAnUnfinishedBatchHoldsTheMonthUntilItIsDone(t *testing.T) {
	in := install(t)
	in.drop("decks", "carrier/a.csv", deckText, nov)
	in.drop("cdrs", "switch/3.csv", cdrsText, nov)
	id, err := in.deps.Ledger().Receive(ctx, ledger.Arrival{Bucket: "cdrs", Object: "switch/slow.csv", Generation: "1", Feed: "switch", At: nov})
	if err != nil {
		t.Fatal(err)
	}
	due := time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC)
	in.schedule("billrun", due)
	if got := in.state("2026-11"); got.TakesUsage() != true || !strings.Contains(in.log.String(), id) {
		t.Errorf("the month is %s; want it held, and the log to name batch %s:\n%s", got, id, in.log)
	}
	if err := in.deps.Ledger().Waive(ctx, key("2026-11"), id); err != nil {
		t.Fatal(err)
	}
	in.schedule("billrun", due.Add(10*time.Minute))
	if got := in.state("2026-11"); got != ledger.Issued {
		t.Errorf("waived, the month is %s", got)
	}
}

func TestMonthsWithoutUsageAreOpenedToo(t *testing.T) {
	in := install(t)
	in.schedule("bundlereset", time.Date(2026, 9, 30, 12, 0, 0, 0, time.UTC))
	in.schedule("bundlereset", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) // two runs were lost
	for month, want := range map[string]ledger.PeriodState{
		"2026-08": "none", "2026-09": ledger.Open, "2026-10": ledger.Open, "2026-11": ledger.Open, "2026-12": ledger.Open, "2027-01": "none",
	} {
		if got := in.state(month); got != want {
			t.Errorf("%s is %s, want %s", month, got, want)
		}
	}
}

func TestNoLogHoldsANumber(t *testing.T) {
	in := install(t)
	in.drop("cdrs", "switch/442079460999.csv", cdrsText, nov)
	in.drop("cdrs", "switch/bad.csv", "call_id,account,b_number,start_time,duration\n1,acme,+44 20 7946 0999x,2026-11-03T10:00:00Z,60\n", nov)
	if strings.Contains(in.log.String(), "7946") && strings.Contains(strings.ReplaceAll(in.log.String(), "442079460999.csv", ""), "7946") {
		t.Errorf("the log names a number:\n%s", in.log)
	}
}

// place puts a file into a bucket, and its event is lost.
func (in *installation) place(bucket, name, text string) {
	in.Helper()
	b, err := in.deps.Bucket(bucket)
	if err != nil {
		in.Fatal(err)
	}
	if _, err := b.Create(ctx, name, strings.NewReader(text)); err != nil {
		in.Fatal(err)
	}
}

func TestTheSweeperFindsWhatLostItsEvent(t *testing.T) {
	in := install(t)
	in.place("decks", "carrier/a.csv", deckText)
	in.place("cdrs", "switch/3.csv", cdrsText)
	job, err := in.deps.Jobs().Ask(ctx, jobs.Fold, key("2026-11").String(), "", nov)
	if err != nil {
		t.Fatal(err)
	}
	for name := range in.deps.Orders { // the events of all orders so far are lost, too
		found, err := in.deps.Orders[name].List(ctx, "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range found {
			in.seen[name+"/"+info.Name] = true
		}
	}
	in.schedule("sweeper", nov.Add(time.Hour))
	in.orders(nov.Add(time.Hour))
	var deck catalog.DeckReport
	in.beside("decks", "carrier/a.csv", &deck)
	if deck.Deck.State != catalog.DeckApplied {
		t.Errorf("the deck is %s", deck.Deck.State)
	}
	result, err := in.deps.Ledger().Fold(ctx, key("2026-11"))
	if err != nil || result.Counts.Charged != 2 {
		t.Errorf("the month counts %+v, %v; want two charged", result, err)
	}
	if job, err = in.deps.Jobs().Get(ctx, job.ID); err != nil || job.State != jobs.Done {
		t.Errorf("the job is %+v, %v; want it done", job, err)
	}
}

func TestAJobThatKillsWhatDoesItEndsAsFailed(t *testing.T) {
	in := install(t)
	job, err := in.deps.Jobs().Ask(ctx, jobs.Fsck, "", "", nov)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 { // its orders never come to an end
		if _, err := in.deps.Jobs().Sweep(ctx, nov.Add(time.Duration(i+1)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if job, err = in.deps.Jobs().Get(ctx, job.ID); err != nil || job.State != jobs.Failed || job.Attempts != jobs.MaxAttempts {
		t.Errorf("the job is %+v, %v; want it failed after %d attempts", job, err, jobs.MaxAttempts)
	}
}

func TestARedoReadsTheFileAsTheFeedIsNow(t *testing.T) {
	in := install(t)
	in.drop("decks", "carrier/a.csv", deckText, nov)
	// Local time of the switch, which was set up as UTC: the call is of October.
	in.drop("cdrs", "switch/night.csv", "call_id,account,b_number,start_time,duration\n1,acme,442079460001,2026-11-01 01:00:00,60\n", nov)
	s, err := catalog.ParseSetup(strings.NewReader(strings.Replace(setupText, `"timezone": "UTC"`, `"timezone": "Asia/Tokyo"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.deps.Catalog().Import(ctx, s); err != nil {
		t.Fatal(err)
	}
	var rated cdrrating.Report
	in.beside("cdrs", "switch/night.csv", &rated)
	job, err := in.deps.Jobs().Ask(ctx, jobs.Redo, rated.Batch.ID, "", nov)
	if err != nil {
		t.Fatal(err)
	}
	in.orders(nov)
	if job, err = in.deps.Jobs().Get(ctx, job.ID); err != nil || job.State != jobs.Done {
		t.Fatalf("the job is %+v, %v; want it done", job, err)
	}
	for month, want := range map[string]int64{"2026-10": 1, "2026-11": 0} {
		result, err := in.deps.Ledger().Fold(ctx, key(month))
		if err != nil || result.Counts.Charged != want {
			t.Errorf("%s charges %d calls, %v; want %d", month, result.Counts.Charged, err, want)
		}
	}
}
