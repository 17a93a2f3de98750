// Package functionstest runs every function of an installation in a test, and
// calls them as the platform does.
package functionstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones must mean the same on every machine

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/mail"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// Installation is every function over stores of its own.
type Installation struct {
	*testing.T
	functions.Deps
	Manifest functions.Manifest
	Log      bytes.Buffer
	handlers map[string]http.Handler
	seen     map[string]bool // orders whose events were delivered, or lost
}

// Setup bills acme by the card retail, which passes the prices of the card
// carrier; drafts last two days.
const Setup = `{
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

// Deck charges calls to 44 by the second, at 0.06 a minute.
const Deck = "prefix,price,interval 1,interval n\n44,0.06,1,1\n"

// CDRs are four records of November 2026: two are charged 0.06 and 0.09, one
// has no rate, one has no time.
const CDRs = "call_id,account,b_number,start_time,duration\n" +
	"1,acme,442079460001,2026-11-03T10:00:00Z,60\n" +
	"2,acme,442079460002,2026-11-03T11:00:00Z,90\n" +
	"3,acme,12125550100,2026-11-03T12:00:00Z,30\n" +
	"4,acme,442079460003,yesterday,30\n"

// Noon is an instant at which files come in.
var Noon = time.Date(2026, 11, 3, 13, 0, 0, 0, time.UTC)

// New returns every function over stores that the test brings.
func New(t *testing.T, stores functions.Stores, prefix string) *Installation {
	t.Helper()
	in := &Installation{T: t, handlers: map[string]http.Handler{}, seen: map[string]bool{}}
	var err error
	if in.Manifest, err = functions.LoadManifest(); err != nil {
		t.Fatal(err)
	}
	in.Deps = functions.Deps{
		Stores: stores, BucketPrefix: prefix,
		Events: events.Config{Verifier: events.Open{}, Log: slog.New(slog.NewTextHandler(&in.Log, nil))},
	}
	in.make()
	return in
}

// make makes the functions of what there is.
func (in *Installation) make() {
	in.Helper()
	for _, f := range functions.All() {
		var err error
		if in.handlers[f.Name], err = f.New(in.Deps); err != nil {
			in.Fatal(err)
		}
	}
}

// MailBy has mail sent by a sender; without, it is not set up.
func (in *Installation) MailBy(s mail.Sender) {
	in.Helper()
	in.Deps.Mail = s
	in.make()
}

// Install returns every function over empty stores of their own, set up with Setup.
func Install(t *testing.T) *Installation {
	t.Helper()
	return InstallCutting(t, 0)
}

// InstallCutting is Install with files cut above so many bytes; 0: the default.
func InstallCutting(t *testing.T, above int64) *Installation {
	t.Helper()
	return install(t, open(t), above)
}

// Installs returns Install for tests that need many: they share a file of documents,
// and nothing in it.
func Installs(t *testing.T) func() *Installation {
	t.Helper()
	docs, n := open(t), 0
	return func() *Installation {
		n++
		return install(t, docs.Namespace(fmt.Sprintf("run%d", n)), 0)
	}
}

func open(t *testing.T) documents.Store {
	t.Helper()
	docs, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), functions.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	return docs
}

func install(t *testing.T, docs documents.Store, above int64) *Installation {
	t.Helper()
	m, err := functions.LoadManifest()
	if err != nil {
		t.Fatal(err)
	}
	s := functions.Stores{Docs: docs, Buckets: objects.MemoryBuckets(), Orders: map[string]objects.Bucket{}, Slice: above}
	for _, name := range m.OrderFunctions() {
		s.Orders[name] = objects.NewMemory()
	}
	in := New(t, s, "acme-")
	in.Import(Setup)
	return in
}

// Import sets up what a text says.
func (in *Installation) Import(text string) {
	in.Helper()
	s, err := catalog.ParseSetup(strings.NewReader(text))
	if err == nil {
		err = in.Catalog().Import(in.Context(), s)
	}
	if err != nil {
		in.Fatal(err)
	}
}

// Send calls a function with an event; err is what making it said. Another
// answer than 204 ends the test.
func (in *Installation) Send(function string, e cloudevents.Event, err error) {
	in.Helper()
	if err != nil {
		in.Fatal(err)
	}
	r, err := cloudevents.NewHTTPRequestFromEvent(in.Context(), "http://127.0.0.1/", e)
	if err != nil {
		in.Fatal(err)
	}
	r.RemoteAddr, r.Host = "127.0.0.1:1234", "127.0.0.1"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	in.handlers[function].ServeHTTP(w, r)
	if w.Code != http.StatusNoContent {
		in.Fatalf("%s answers %d for %s:\n%s", function, w.Code, e.Subject(), &in.Log)
	}
}

// Object sends the event of an object to each function that its bucket calls.
func (in *Installation) Object(bucket string, info objects.Info, at time.Time) {
	in.Helper()
	e, err := events.NewObjectFinalized(events.ObjectFinalized{
		Bucket: in.BucketPrefix + bucket, Name: info.Name, Generation: info.Generation, Size: info.Size, At: at,
	})
	for _, f := range in.Manifest.Functions {
		if slices.Contains(f.Buckets, bucket) {
			in.Send(f.Name, e, err)
		}
	}
}

// Place puts a file into a bucket; its event is lost.
func (in *Installation) Place(bucket, name, text string) objects.Info {
	in.Helper()
	b, err := in.Bucket(bucket)
	if err != nil {
		in.Fatal(err)
	}
	info, err := b.Create(in.Context(), name, strings.NewReader(text))
	if err != nil {
		in.Fatal(err)
	}
	return info
}

// Drop puts a file into a bucket, and delivers its event and those of the
// orders that follow.
func (in *Installation) Drop(bucket, name, text string, at time.Time) {
	in.Helper()
	in.Object(bucket, in.Place(bucket, name, text), at)
	in.Deliver(at)
}

// Deliver delivers the events of orders that have none yet.
func (in *Installation) Deliver(at time.Time) {
	in.Helper()
	in.orders(func(bucket string, info objects.Info) { in.Object(bucket, info, at) })
}

// Lose loses the events of orders that have none yet.
func (in *Installation) Lose() {
	in.Helper()
	in.orders(func(string, objects.Info) {})
}

func (in *Installation) orders(each func(bucket string, info objects.Info)) {
	in.Helper()
	for name, b := range in.Deps.Orders {
		found, err := b.List(in.Context(), "", "", 1000)
		if err != nil {
			in.Fatal(err)
		}
		for _, info := range found {
			if key := name + "/" + info.Name; !in.seen[key] {
				in.seen[key] = true
				each(functions.OrdersBucket+name, info)
			}
		}
	}
}

// Schedule sends a function the event of its schedule's instant.
func (in *Installation) Schedule(function string, at time.Time) {
	in.Helper()
	e, err := events.NewScheduled(events.Scheduled{Job: function, At: at})
	in.Send(function, e, err)
}

// Ask asks for a job, delivers its order and returns how it ended.
func (in *Installation) Ask(kind jobs.Kind, target, key string, at time.Time) jobs.Job {
	in.Helper()
	job, err := in.Jobs().Ask(in.Context(), kind, target, key, at)
	if err != nil {
		in.Fatal(err)
	}
	in.Deliver(at)
	if job, err = in.Jobs().Get(in.Context(), job.ID); err != nil {
		in.Fatal(err)
	}
	return job
}

// Beside reads the report that lies beside a file.
func (in *Installation) Beside(bucket, name string, v any) {
	in.Helper()
	b, err := in.Bucket(bucket)
	if err != nil {
		in.Fatal(err)
	}
	info, err := b.Stat(in.Context(), name+report.Suffix)
	if err != nil {
		in.Fatal(err)
	}
	r, err := b.OpenRange(in.Context(), info.Name, info.Generation, 0, -1)
	if err != nil {
		in.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close(), json.Unmarshal(data, v)); err != nil {
		in.Fatal(err)
	}
}

// Key names a month of Setup's cycle.
func Key(month string) ledger.Key {
	m, err := period.ParseMonth(month)
	if err != nil {
		panic(err)
	}
	return ledger.Key{Cycle: "monthly", Month: m}
}

// State returns where a month stands; "none" if it is not there.
func (in *Installation) State(month string) ledger.PeriodState {
	in.Helper()
	p, err := in.Ledger().Period(in.Context(), Key(month))
	if errors.Is(err, documents.ErrNotFound) {
		return "none"
	}
	if err != nil {
		in.Fatal(err)
	}
	return p.State
}

// Fold returns what a month counts with everything known.
func (in *Installation) Fold(month string) ledger.MonthCounts {
	in.Helper()
	result, err := in.Ledger().Fold(in.Context(), Key(month))
	if err != nil {
		in.Fatal(err)
	}
	return result.Counts
}
