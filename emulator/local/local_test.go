package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
)

// aManifest has functions of every kind, by names of the test's own.
func aManifest(t testing.TB) functions.Manifest {
	t.Helper()
	m, err := functions.ParseManifest([]byte(`
functions:
  - {name: rate, buckets: [cdrs, orders-rate], retry: true, timeout: 540s, memory: 1Gi, concurrency: 4}
  - {name: open, schedule: "0 * * * *", retry: true, timeout: 10s, memory: 1Gi, concurrency: 1}
  - {name: bill, schedule: "50 23 * * *", retry: false, timeout: 10s, memory: 1Gi, concurrency: 1}
  - {name: web, http: true, timeout: 10s, memory: 1Gi, concurrency: 80}
`))
	must(t, err)
	return m
}

// world is a local cloud whose functions are the test's.
type world struct {
	dir    string
	knobs  Knobs
	answer func(ctx context.Context, function, what string, n int) error // of the n-th call for that

	mu    sync.Mutex
	calls []string
	times map[string]int
	logs  bytes.Buffer

	cloud  *Cloud
	stores functions.Stores
	stop   context.CancelFunc
	ended  chan error
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ms := time.Millisecond
	w := &world{
		dir: t.TempDir(), times: map[string]int{},
		knobs:  Knobs{FirstBackoff: ms, LastBackoff: 5 * ms, Look: 20 * ms, Settle: ms, Patience: time.Second, Seed: 1},
		answer: func(context.Context, string, string, int) error { return nil },
	}
	t.Cleanup(func() { w.down(t) })
	return w
}

func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.Write(p)
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.String()
}

// called notes a call and answers it.
func (w *world) called(ctx context.Context, function, what string) error {
	w.mu.Lock()
	call := function + " " + what
	w.calls = append(w.calls, call)
	w.times[call]++
	n := w.times[call]
	w.mu.Unlock()
	return w.answer(ctx, function, what, n)
}

func (w *world) made() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

func (w *world) functions() (all []functions.Function) {
	for _, name := range []string{"web", "bill", "open", "rate"} {
		all = append(all, functions.Function{Name: name, New: func(d functions.Deps) (http.Handler, error) {
			if name == "web" {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if err := w.called(r.Context(), name, r.Method+" "+r.URL.Path); err != nil {
						http.Error(rw, err.Error(), http.StatusTeapot)
					}
				}), nil
			}
			return events.New(d.Events, events.Router{
				ObjectFinalized: func(ctx context.Context, f events.ObjectFinalized) error {
					return w.called(ctx, name, f.Bucket+"/"+f.Name)
				},
				Scheduled: func(ctx context.Context, s events.Scheduled) error {
					if s.Job != name {
						return fmt.Errorf("job %s of %s", s.Job, name)
					}
					return w.called(ctx, name, s.At.Format(time.RFC3339))
				},
			})
		}})
	}
	return all
}

// new makes the local cloud on the world's folder.
func (w *world) new(t testing.TB) (*Cloud, error) {
	t.Helper()
	m := aManifest(t)
	var err error
	if w.stores, err = functions.OpenFolders(w.dir, m); err != nil {
		return nil, err
	}
	cloud, err := New(Config{
		Manifest: m, Functions: w.functions(), Deps: functions.Deps{Stores: w.stores, BucketPrefix: "acme-"},
		DataDir: w.dir, Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(w, nil)), Knobs: w.knobs,
	})
	if err != nil {
		return nil, errors.Join(err, w.stores.Docs.Close())
	}
	return cloud, nil
}

// up starts it.
func (w *world) up(t testing.TB) *world {
	t.Helper()
	cloud, err := w.new(t)
	must(t, err)
	w.cloud, w.ended = cloud, make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { w.ended <- errors.Join(cloud.Run(ctx), w.stores.Docs.Close()) }()
	w.await(t, func() bool { _, err := ReadAddress(w.dir); return err == nil })
	return w
}

// down ends it.
func (w *world) down(t testing.TB) {
	t.Helper()
	if w.stop == nil {
		return
	}
	w.stop()
	w.stop = nil
	http.DefaultClient.CloseIdleConnections() // or the server waits for their first request
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
}

// await polls until something is so.
func (w *world) await(t testing.TB, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for !so() {
		if !sleep(ctx, nil, time.Millisecond) {
			t.Fatalf("it never came to it; calls: %v\n%s", w.made(), w.logged())
		}
	}
}

func (w *world) drop(t testing.TB, name string) {
	t.Helper()
	path := filepath.Join(w.dir, name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(name), 0o600))
}

// ask sends a request and returns the status and the body.
func (w *world) ask(t testing.TB, method, path, body string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.cloud.URL()+path, strings.NewReader(body))
	must(t, err)
	for _, f := range change {
		f(r)
	}
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	text, err := io.ReadAll(response.Body)
	must(t, err, response.Body.Close())
	return response.StatusCode, string(text)
}

func (w *world) drain(t testing.TB) {
	t.Helper()
	if status, text := w.ask(t, "POST", "/drain", ""); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
}

// calledWith are the calls of a function, in order.
func (w *world) calledWith(function string) (out []string) {
	for _, call := range w.made() {
		if rest, ok := strings.CutPrefix(call, function+" "); ok {
			out = append(out, rest)
		}
	}
	return out
}

func TestADroppedFileIsDeliveredToTheFunctionThatListens(t *testing.T) {
	w := newWorld(t)
	w.drop(t, "cdrs/main/before.csv") // dropped while nothing ran
	w.drop(t, "decks/carrier/unheard.csv")
	w.up(t)
	w.drop(t, "cdrs/main/a.csv")
	w.await(t, func() bool { return len(w.calledWith("rate")) == 2 })
	w.drain(t)
	got := w.calledWith("rate")
	slices.Sort(got)
	if diff := cmp.Diff([]string{"acme-cdrs/main/a.csv", "acme-cdrs/main/before.csv"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWorkOrdersOfAFunctionAreDeliveredToItBeforeADrainEnds(t *testing.T) {
	w := newWorld(t)
	w.answer = func(ctx context.Context, _, what string, _ int) error {
		if what == "acme-cdrs/main/a.csv" {
			for i := range 10 {
				if err := events.Place(ctx, w.stores.Orders["rate"], events.Order{Kind: "slice", ID: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	w.up(t)
	w.drop(t, "cdrs/main/a.csv")
	w.drain(t)
	if got := w.calledWith("rate"); len(got) != 11 {
		t.Errorf("called %d times: %v", len(got), got)
	}
}

func TestAFailedFunctionIsCalledAgainAndThenGivenUp(t *testing.T) {
	w := newWorld(t)
	w.knobs.MaxAttempts = 4
	w.answer = func(_ context.Context, _, what string, n int) error {
		if strings.HasSuffix(what, "mends.csv") && n < 3 {
			return documents.ErrTransient
		}
		if strings.HasSuffix(what, "never.csv") {
			return errors.New("the call from +44 20 7946 0123 cannot be rated")
		}
		return nil
	}
	w.up(t)
	w.drop(t, "cdrs/main/mends.csv")
	w.drop(t, "cdrs/main/never.csv")
	w.drain(t)
	if w.times["rate acme-cdrs/main/mends.csv"] != 3 || w.times["rate acme-cdrs/main/never.csv"] != 4 {
		t.Errorf("calls: %v", w.times)
	}
	letters, total, err := w.cloud.letters.list(10)
	must(t, err)
	if total != 1 || letters[0].Function != "rate" || letters[0].Status != 500 || letters[0].Attempts != 4 {
		t.Fatalf("%d dead letters: %+v", total, letters)
	}
	f, err := events.ParseObjectFinalized(letters[0].Event)
	if err != nil || f.Name != "main/never.csv" {
		t.Errorf("the dead letter is of %+v, %v", f, err)
	}
	// It is over: neither a look nor a restart brings it back.
	w.down(t)
	w.up(t).drain(t)
	if w.times["rate acme-cdrs/main/never.csv"] != 4 {
		t.Errorf("calls: %v", w.times)
	}
	if strings.Contains(w.logged(), "7946") {
		t.Errorf("the log tells a number:\n%s", w.logged())
	}
}

func TestAFunctionThatPanicsIsAFailedDelivery(t *testing.T) {
	w := newWorld(t)
	w.answer = func(_ context.Context, function, what string, n int) error {
		if function == "web" {
			panic("+442079460123")
		}
		return nil
	}
	w.up(t)
	if status, _ := w.ask(t, "GET", "/web", ""); status != 500 {
		t.Errorf("answered %d, want 500", status)
	}
	if strings.Contains(w.logged(), "7946") || !strings.Contains(w.logged(), "function panicked") {
		t.Errorf("the log:\n%s", w.logged())
	}
}

func TestAFunctionForPeopleIsServedBelowItsName(t *testing.T) {
	w := newWorld(t).up(t)
	for _, path := range []string{"/web", "/web/", "/web/v1/accounts"} {
		if status, text := w.ask(t, "GET", path, ""); status != 200 {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if diff := cmp.Diff([]string{"GET /", "GET /", "GET /v1/accounts"}, w.calledWith("web")); diff != "" {
		t.Error(diff)
	}
	if status, _ := w.ask(t, "GET", "/nothing", ""); status != 404 {
		t.Errorf("an unknown path is answered %d", status)
	}
}

// The folder as it is at a moment is what a process killed then leaves.
func TestWhatWasNotDeliveredAtAKillIsDeliveredAfterItAndNothingElse(t *testing.T) {
	w := newWorld(t)
	reached, released := make(chan struct{}), make(chan struct{})
	w.answer = func(ctx context.Context, _, what string, n int) error {
		if strings.HasSuffix(what, "inflight.csv") && n == 1 {
			close(reached)
			<-released
		}
		return nil
	}
	w.up(t)
	w.drop(t, "cdrs/main/a.csv")
	w.drain(t)
	must(t, w.cloud.journalRan("open", time.Now()))
	w.drop(t, "cdrs/main/inflight.csv")
	<-reached
	killed := newWorld(t)
	must(t, os.CopyFS(killed.dir, os.DirFS(w.dir)), os.Remove(filepath.Join(killed.dir, "documents.db")))
	close(released)
	w.down(t)

	killed.drop(t, "cdrs/main/later.csv")
	killed.up(t).drain(t)
	got := killed.calledWith("rate")
	slices.Sort(got)
	if diff := cmp.Diff([]string{"acme-cdrs/main/inflight.csv", "acme-cdrs/main/later.csv"}, got); diff != "" {
		t.Error(diff)
	}
}

func (c *Cloud) journalRan(function string, at time.Time) error {
	return c.journal.noteRan(function, at)
}

func TestWhatIsInFlightIsFinishedAtTheEnd(t *testing.T) {
	w := newWorld(t)
	reached, released := make(chan struct{}), make(chan struct{})
	w.answer = func(context.Context, string, string, int) error {
		close(reached)
		<-released
		return nil
	}
	w.up(t)
	w.drop(t, "cdrs/main/a.csv")
	<-reached
	w.stop()
	close(released)
	if err := <-w.ended; err != nil {
		t.Fatal(err)
	}
	w.stop = nil
	if _, err := ReadAddress(w.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("up.json is still there: %v", err)
	}
	w.up(t).drain(t)
	if got := w.calledWith("rate"); len(got) != 1 {
		t.Errorf("calls: %v", got)
	}
}

func TestAFunctionThatHangsDoesNotHoldUpTheEnd(t *testing.T) {
	w := newWorld(t)
	w.knobs.Grace = time.Millisecond
	reached := make(chan struct{})
	w.answer = func(ctx context.Context, _, _ string, n int) error {
		if n == 1 {
			close(reached)
			<-ctx.Done()
		}
		return ctx.Err()
	}
	w.up(t)
	w.drop(t, "cdrs/main/a.csv")
	<-reached
	w.down(t)
	// What was cut short is delivered again.
	w.up(t).drain(t)
	if got := w.calledWith("rate"); len(got) != 2 {
		t.Errorf("calls: %v", got)
	}
}

func TestARequestThatWaitsDoesNotHoldUpTheEnd(t *testing.T) {
	w := newWorld(t)
	w.knobs.Grace = time.Millisecond
	reached := make(chan struct{})
	w.answer = func(ctx context.Context, _, _ string, n int) error {
		close(reached)
		<-ctx.Done()
		return ctx.Err()
	}
	w.up(t)
	w.drop(t, "cdrs/main/a.csv")
	<-reached
	asked, answered := make(chan struct{}), make(chan int)
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(asked) }}
	go func() {
		status, _ := w.ask(t, "POST", "/drain", "", func(r *http.Request) {
			*r = *r.WithContext(httptrace.WithClientTrace(r.Context(), trace))
		})
		answered <- status
	}()
	<-asked
	w.stop()
	if status := <-answered; status != http.StatusServiceUnavailable {
		t.Errorf("a drain is answered %d at the end", status)
	}
	w.down(t)
}

func TestASecondLocalCloudOnAFolderIsRefused(t *testing.T) {
	w := newWorld(t).up(t)
	second := newWorld(t)
	second.dir = w.dir
	if _, err := second.new(t); !errors.Is(err, documents.ErrTransient) {
		t.Errorf("the stores are opened twice: %v", err)
	}
	// Stores elsewhere: the folder itself is locked.
	second.dir = t.TempDir()
	stores, err := functions.OpenFolders(second.dir, aManifest(t))
	must(t, err)
	_, err = New(Config{
		Manifest: aManifest(t), Functions: second.functions(), Deps: functions.Deps{Stores: stores},
		DataDir: w.dir, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	if !errors.Is(err, documents.ErrTransient) || !strings.Contains(err.Error(), "another local cloud runs on") {
		t.Errorf("the folder is used twice: %v", err)
	}
	must(t, stores.Docs.Close())
	w.drain(t)
}

func TestALocalCloudIsNotMadeOfWhatDoesNotFit(t *testing.T) {
	stores, err := functions.OpenFolders(t.TempDir(), aManifest(t))
	must(t, err)
	defer func() { must(t, stores.Docs.Close()) }()
	for want, change := range map[string]func(*Config){
		"a logger":               func(c *Config) { c.Log = nil },
		"want 0 to 100":          func(c *Config) { c.Duplicates = 101 },
		"cannot be negative":     func(c *Config) { c.MaxAttempts = -1 },
		"loopback":               func(c *Config) { c.Listen = "0.0.0.0:0" },
		"want an address":        func(c *Config) { c.Listen = "here" },
		"a function web that is": func(c *Config) { c.Functions = c.Functions[1:] },
		"cannot be named clock":  func(c *Config) { c.Manifest.Functions[3].Name = "clock"; c.Functions[0].Name = "clock" },
		"no bucket \"bills\"":    func(c *Config) { c.Manifest.Functions[0].Buckets = []string{"bills"} },
		"the folder of the bucket": func(c *Config) {
			c.DataDir = t.TempDir() // the folders lie elsewhere
		},
		"no tea": func(c *Config) {
			c.Functions[0].New = func(functions.Deps) (http.Handler, error) { return nil, errors.New("no tea") }
		},
	} {
		config := Config{
			Manifest: aManifest(t), Functions: newWorld(t).functions(), Deps: functions.Deps{Stores: stores},
			DataDir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
		}
		change(&config)
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestOnlyCallersOfThisMachineByItsNameAreAnswered(t *testing.T) {
	w := newWorld(t).up(t)
	for _, path := range []string{"GET /", "GET /status", "POST /drain", "POST /clock", "GET /bills/x"} {
		method, path, _ := strings.Cut(path, " ")
		if status, _ := w.ask(t, method, path, "{}", func(r *http.Request) { r.Host = "evil.example.com" }); status != 403 {
			t.Errorf("%s by another name is answered %d", path, status)
		}
	}
	// A page of another site that posts to this machine.
	for _, path := range []string{"/clock", "/drain", "/web"} {
		status, _ := w.ask(t, "POST", path, `{"to":"2999-01-01"}`, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
		if status != 403 {
			t.Errorf("%s from another site is answered %d", path, status)
		}
	}
}

func TestTheStatusSaysWhatIsOnItsWay(t *testing.T) {
	w := newWorld(t)
	released := make(chan struct{})
	w.answer = func(context.Context, string, string, int) error { <-released; return nil }
	w.up(t)
	for i := range 6 {
		w.drop(t, fmt.Sprintf("cdrs/main/%d.csv", i))
	}
	var s Status
	w.await(t, func() bool {
		_, text := w.ask(t, "GET", "/status", "")
		must(t, json.Unmarshal([]byte(text), &s))
		return s.Functions[0].InFlight == 4 && s.Functions[0].Waiting == 2
	})
	if s.Idle || s.Moving || s.Error != "" {
		t.Errorf("%+v", s)
	}
	close(released)
	w.drain(t)
	_, text := w.ask(t, "GET", "/status", "")
	must(t, json.Unmarshal([]byte(text), &s))
	if !s.Idle || s.Functions[0].Delivered != 6 {
		t.Errorf("%+v", s)
	}
}
