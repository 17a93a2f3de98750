package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/portal"
	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// world is an installation with its portal behind a real HTTP server, seen by
// a client on the same machine.
type world struct {
	*testing.T
	config portal.Config
	orders map[string]objects.Bucket
	url    string
	log    *logBuffer
	mu     sync.Mutex
	now    time.Time
}

// logBuffer is a log that several requests write to.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// empty returns an installation in which nothing is set up. change may replace
// what the portal is made of.
func empty(t *testing.T, change ...func(*portal.Config)) *world {
	t.Helper()
	model := ledger.Model().With(catalog.Model(), jobs.Model(), portal.Model())
	docs, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), model, documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{T: t, log: &logBuffer{}, orders: map[string]objects.Bucket{}, now: at("2026-12-01T09:00:00Z")}
	for _, name := range []string{"billrun", "cdrrating", "cardcompile", "sweeper"} {
		w.orders[name] = objects.NewMemory()
	}
	buckets := objects.MemoryBuckets()
	l := ledger.New(docs, buckets)
	w.config = portal.Config{
		Docs: docs, Buckets: buckets, Ledger: l, Catalog: catalog.New(docs, buckets, l), Jobs: jobs.New(docs, w.orders),
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: w.clock,
	}
	for _, f := range change {
		f(&w.config)
	}
	h, err := portal.New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	w.url = s.URL
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) setClock(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = at(s)
}

func at(s string) time.Time {
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return v
}

// answer is what came back.
type answer struct {
	t      *testing.T
	what   string
	Status int
	Header http.Header
	Body   []byte
}

// do sends a request. Headers are "Name: value".
func (w *world) do(method, path, body string, headers ...string) answer {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatalf("%s %s: reading the answer: %v", method, path, err)
	}
	if err := resp.Body.Close(); err != nil {
		w.Fatal(err)
	}
	return answer{w.T, method + " " + path, resp.StatusCode, resp.Header, data}
}

func (w *world) get(path string) answer { w.Helper(); return w.do("GET", path, "") }

func (w *world) create(path, body string) answer {
	w.Helper()
	return w.do("PUT", path, body, "If-None-Match: *").want(201)
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s is answered %d, want %d: %s", a.what, a.Status, status, a.Body)
	}
	return a
}

// problem holds an answer to the code of a problem and what its text says.
func (a answer) problem(status int, code string, says ...string) {
	a.t.Helper()
	a.want(status)
	var p portal.Problem
	if err := json.Unmarshal(a.Body, &p); err != nil {
		a.t.Fatalf("%s: %v in %s", a.what, err, a.Body)
	}
	if p.Code != code || p.Type != "/v1/problems/"+code || p.Status != status || a.Header.Get("Content-Type") != "application/problem+json" {
		a.t.Errorf("%s is answered %s as %q, want the problem %s", a.what, a.Body, a.Header.Get("Content-Type"), code)
	}
	for _, s := range says {
		if !strings.Contains(string(a.Body), s) {
			a.t.Errorf("%s is answered %s, want %q in it", a.what, a.Body, s)
		}
	}
}

// json holds an answer's body to a JSON text, whatever its white space.
func (a answer) json(want string) {
	a.t.Helper()
	if diff := cmp.Diff(value(a.t, []byte(want)), value(a.t, a.Body)); diff != "" {
		a.t.Errorf("%s (-want +got)\n%s", a.what, diff)
	}
}

func value(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// field returns a text or number of the body by its path, such as items.0.id.
func (a answer) field(path string) string {
	a.t.Helper()
	v := value(a.t, a.Body)
	for _, name := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(in) {
				a.t.Fatalf("%s has no %s: %s", a.what, path, a.Body)
			}
			v = in[i]
		default:
			a.t.Fatalf("%s has no %s: %s", a.what, path, a.Body)
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// deckText is what the carrier charges; retail adds 25 %: 447 is 0.60 and
// 0.375 a minute, 30/6.
const deckText = `prefix,destination,price_1,price_n,interval_1,interval_n,connection_fee,blocked
33,France,0.0112,0.0112,1,1,0,no
44,UK,0.02,0.02,1,1,0,no
447,UK mobile,0.48,0.30,30,6,0,no
4470,=Personal numbers,1,1,60,60,0,yes
999,Satellite,2.4,2.4,60,60,0.10,no
`

// built returns an installation with a carrier and the card that is built from
// it, set up through the API.
func built(t *testing.T, change ...func(*portal.Config)) *world {
	t.Helper()
	w := empty(t, change...)
	w.create("/v1/cycles/monthly", `{"zone":"Europe/London"}`)
	w.create("/v1/cards/carrier", `{"kind":"provider","currency":"GBP","activate":"at_arrival"}`)
	w.create("/v1/cards/retail", `{"kind":"customer","currency":"GBP","activate":"at_arrival","parent":"carrier","markup":"25%"}`)
	w.create("/v1/plans/ten", `{"minutes":10}`)
	w.create("/v1/feeds/switch", `{"format":"generic","timezone":"UTC","cycle":"monthly"}`)
	w.create("/v1/accounts/acme", `{"name":"Acme","cycle":"monthly","currency":"GBP"}`)
	w.create("/v1/accounts/beta", `{"cycle":"monthly","currency":"GBP"}`)
	w.create("/v1/accounts/acme/assignments/2026-01", `{"card":"retail"}`)
	w.create("/v1/accounts/beta/assignments/2026-01", `{"card":"retail"}`)
	w.create("/v1/accounts/acme/features/basic", `{"plan":"ten","name":"Ten minutes","start":"2026-01-01","recurring":"5.00"}`)
	w.deck("carrier/deck.csv", deckText, "2026-01-01T00:00:00Z")
	w.compile("2026-01-01T00:00:00Z")
	return w
}

func (w *world) ctx() context.Context { return w.Context() }

func (w *world) drop(b objects.Bucket, name, text string) objects.Info {
	w.Helper()
	info, err := b.Create(w.ctx(), name, strings.NewReader(text))
	if err != nil {
		w.Fatal(err)
	}
	return info
}

func (w *world) deck(name, text, when string) string {
	w.Helper()
	info := w.drop(w.config.Buckets.Decks, name, text)
	id, err := w.config.Catalog.Receive(w.ctx(), catalog.Arrival{Object: name, Generation: info.Generation, Size: info.Size, At: at(when)})
	if err != nil {
		w.Fatal(err)
	}
	done, err := w.config.Catalog.Apply(w.ctx(), id)
	if err != nil {
		w.Fatal(err)
	}
	if err := report.WriteDeck(w.ctx(), w.config.Catalog, w.config.Buckets.Decks, done); err != nil {
		w.Fatal(err)
	}
	return id
}

func (w *world) compile(when string) {
	w.Helper()
	if _, err := w.config.Catalog.Compile(w.ctx(), at(when)); err != nil {
		w.Fatal(err)
	}
}

// records delivers a file and brings its batch to its end.
func (w *world) records(name, feed string, rows ...string) string {
	w.Helper()
	id := w.receive(name, feed, rows...)
	if _, err := w.config.Ledger.Process(w.ctx(), id); err != nil {
		w.Fatal(err)
	}
	return id
}

func (w *world) receive(name, feed string, rows ...string) string {
	w.Helper()
	info := w.drop(w.config.Buckets.CDRs, name, "call_id,account,b_number,start_time,duration\n"+strings.Join(rows, "\n")+"\n")
	id, err := w.config.Ledger.Receive(w.ctx(), ledger.Arrival{
		Bucket: "cdrs", Object: name, Generation: info.Generation, Feed: feed, At: at("2026-11-20T00:00:00Z"),
	})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// november delivers the month's records: two charged calls of acme and one of
// beta, and four rows that are not charged.
func (w *world) november() string {
	w.Helper()
	return w.records("switch/november.csv", "switch",
		"1,acme,447700900123,2026-11-02 10:00:00,95",
		"2,acme,+44 20 7946 0958,2026-11-03 10:00:00,600",
		"3,beta,447700900123,2026-11-04 10:00:00,95",
		"4,beta,447000000000,2026-11-05 10:00:00,10",
		"5,who,442079460958,2026-11-05 10:00:00,10",
		"6,beta,442079460958,never,10",
		"7,beta,442079460958,2026-11-06 10:00:00,-1",
	)
}

func november() ledger.Key {
	return ledger.Key{Cycle: "monthly", Month: period.Month{Year: 2026, Month: 11}}
}

func (w *world) closeNovember() {
	w.Helper()
	if err := w.config.Ledger.Close(w.ctx(), november(), at("2026-12-01T00:00:00Z")); err != nil {
		w.Fatal(err)
	}
}

// replace changes a field of a document behind the portal's back.
func (w *world) replace(collection, id, field string, value any) {
	w.Helper()
	doc, err := w.config.Docs.Get(w.ctx(), documents.Path{Collection: collection, ID: id})
	if err != nil {
		w.Fatal(err)
	}
	doc.Fields[field] = value
	if _, err := w.config.Docs.Replace(w.ctx(), doc.Path, doc.Fields, doc.Version); err != nil {
		w.Fatal(err)
	}
}
