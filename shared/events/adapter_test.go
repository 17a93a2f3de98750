package events

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/documents"
)

// byToken lets in the bearers of "good" and does what other tokens say.
type byToken struct{}

func (byToken) Authorize(_ context.Context, r *http.Request) error {
	switch r.Header.Get("Authorization") {
	case "Bearer good":
		return nil
	case "Bearer other":
		return fmt.Errorf("%w: other", ErrForbidden)
	case "Bearer keys":
		return &Transient{Err: errors.New("no keys")}
	case "Bearer broken":
		return &BadInput{errors.New("broken")}
	case "Bearer panic":
		panic("447700900123")
	}
	return fmt.Errorf("%w: none", ErrUnauthenticated)
}

// Every request of the list is answered as it says, and after each one the next
// good event is taken.
func TestRequestsThatAreRefused(t *testing.T) {
	d := open(t, Config{Verifier: byToken{}, MaxBody: 1000}, func(context.Context, ObjectFinalized) error {
		t.Error("a refused request came to the handler")
		return nil
	})
	set := func(key, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(key, value) }
	}
	body := func(text string) func(*http.Request) {
		return func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		}
	}
	long := `{"x":"` + strings.Repeat("x", 1000) + `"}`
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"no token", func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"other token", set("Authorization", "Bearer other"), 403},
		{"token that cannot be checked", set("Authorization", "Bearer keys"), 503},
		{"verifier that fails, never as a success", set("Authorization", "Bearer broken"), 500},
		{"verifier that panics", set("Authorization", "Bearer panic"), 500},
		{"no token and a long body", func(r *http.Request) { r.Header.Del("Authorization"); body(long)(r) }, 401},
		{"GET", func(r *http.Request) { r.Method = http.MethodGet; body("")(r) }, 405},
		{"HEAD", func(r *http.Request) { r.Method = http.MethodHead; body("")(r) }, 405},
		{"PUT", func(r *http.Request) { r.Method = http.MethodPut }, 405},
		{"OPTIONS", func(r *http.Request) { r.Method = http.MethodOptions; body("")(r) }, 405},
		{"too long", body(long), 413},
		{"too long, length not told", func(r *http.Request) { body(long)(r); r.ContentLength = -1 }, 413},
		{"no body", body(""), 400},
		{"broken data", body(`{"bucket":`), 400},
		{"data that is no object", body(`[]`), 400},
		{"an object without a name", body(`{"bucket":"cdrs","generation":"1"}`), 400},
		{"no CloudEvent", func(r *http.Request) { r.Header.Del("Ce-Specversion") }, 400},
		{"no id", func(r *http.Request) { r.Header.Del("Ce-Id") }, 400},
		{"header without a name", set("Ce-", "x"), 400},
		{"text", set("Content-Type", "text/plain"), 400},
		{"a form", set("Content-Type", "application/x-www-form-urlencoded"), 400},
		{"structured, without a body of one", set("Content-Type", "application/cloudevents+json"), 400},
		{"a batch", set("Content-Type", "application/cloudevents-batch+json"), 400},
		{"broken instant", set("X-CloudScheduler-ScheduleTime", "soon"), 400},
	} {
		r := d.request(t, nil)
		r.Header.Set("Authorization", "Bearer good")
		test.change(r)
		response := d.answer(t, r)
		if response.StatusCode != test.want {
			t.Errorf("%s is answered %d, want %d\n%s", test.name, response.StatusCode, test.want, d.logged)
		}
		if allow := response.Header.Get("Allow"); (allow == "POST") != (test.want == 405) {
			t.Errorf("%s: Allow is %q", test.name, allow)
		}
		d.good(t)
	}
	if strings.Contains(d.logged.String(), "447700900123") {
		t.Errorf("the log has what a panic was called with\n%s", d.logged)
	}
}

func TestABodyMayHaveItsLimitAndNoMore(t *testing.T) {
	header, body := golden(t, "finalized.http")
	for extra, want := range map[int64]int{0: 204, -1: 413} {
		d := open(t, Config{MaxBody: int64(len(body)) + extra}, func(context.Context, ObjectFinalized) error { return nil })
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		if got := d.answer(t, r).StatusCode; got != want {
			t.Errorf("a body of the limit%+d is answered %d, want %d", -extra, got, want)
		}
	}
}

func TestHowAHandlerEndsIsAnswered(t *testing.T) {
	d := open(t, Config{}, func(_ context.Context, f ObjectFinalized) error {
		switch f.Name {
		case "done":
			return nil
		case "bad":
			return &BadInput{errors.New("row 7: called 447700900123")}
		case "later":
			return &Transient{errors.New("busy"), 1500 * time.Millisecond}
		case "conflict":
			return fmt.Errorf("commit: %w", documents.ErrConflict)
		case "panic":
			panic("called 447700900123")
		case "nil":
			var none *ObjectFinalized
			return errors.New(none.Name)
		}
		return errors.New("called 447700900123")
	})
	for _, test := range []struct {
		name    string
		want    int
		retry   string
		logLine string
	}{
		{"done", 204, "", `level=INFO msg="event handled" status=204`},
		{"bad", 204, "", `level=WARN msg="bad input" status=204`},
		{"later", 503, "2", `level=WARN msg="event to be sent again" status=503`},
		{"conflict", 503, "", `level=WARN msg="event to be sent again" status=503`},
		{"unknown", 500, "", `level=ERROR msg="event failed" status=500`},
		{"panic", 500, "", `error="panic of type string"`},
		{"nil", 500, "", `error="panic of type runtime.errorString"`},
	} {
		response := d.answer(t, d.request(t, func(f *ObjectFinalized) { f.Name = test.name }))
		if response.StatusCode != test.want || response.Header.Get("Retry-After") != test.retry {
			t.Errorf("%s is answered %d, Retry-After %q", test.name, response.StatusCode, response.Header.Get("Retry-After"))
		}
		if log := d.logged.String(); !strings.Contains(log, test.logLine) || !strings.Contains(log, "object="+test.name+" ") {
			t.Errorf("%s: the log has no %s\n%s", test.name, test.logLine, log)
		}
		d.good(t)
	}
	log := d.logged.String()
	if strings.Contains(log, "447700900123") || strings.Count(log, "called [number]") != 2 {
		t.Errorf("the log must mask numbers\n%s", log)
	}
	if !strings.Contains(log, "adapter_test.go") {
		t.Errorf("the log does not say where the panic was\n%s", log)
	}
}

// A sender's filter that is wrong must not have its events sent for a day.
func TestEventsThatNobodyTakes(t *testing.T) {
	d := open(t, Config{}, nil)
	scheduled, err := NewScheduled(Scheduled{Job: "billrun", At: instant})
	if err != nil {
		t.Fatal(err)
	}
	deleted := scheduled.Clone()
	deleted.SetType("google.cloud.storage.object.v1.deleted")
	for _, e := range []cloudevents.Event{scheduled, deleted} {
		if got := d.answer(t, send(t, d.URL, e)).StatusCode; got != http.StatusNoContent {
			t.Errorf("%s is answered %d, want 204", e.Type(), got)
		}
		if want := "type=" + e.Type(); !strings.Contains(d.logged.String(), want) || !strings.Contains(d.logged.String(), "bad input") {
			t.Errorf("the log does not tell %s\n%s", want, d.logged)
		}
		d.good(t)
	}
}

func TestADuplicateComesAgainUnderTheSameID(t *testing.T) {
	d := open(t, Config{}, nil)
	d.good(t)
	d.good(t)
	want := aFile()
	want.ID = hash("finalized", want.Bucket, want.Name, want.Generation)
	if diff := cmp.Diff([]ObjectFinalized{want, want}, d.came); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestScheduleOfSchedulerKnativeAndTheLocalCloud(t *testing.T) {
	var came []Scheduled
	h, err := New(Config{Verifier: Open{}, Log: slog.New(slog.DiscardHandler)}, Router{Scheduled: func(_ context.Context, s Scheduled) error {
		came = append(came, s)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"scheduler.http", "scheduler-event.http", "ping.http"}
	for _, name := range files {
		header, body := golden(t, name)
		r := local(bytes.NewReader(body))
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNoContent {
			t.Errorf("%s is answered %d", name, w.Code)
		}
	}
	if len(came) != len(files) {
		t.Fatalf("%d came, want %d", len(came), len(files))
	}
	for i, s := range came {
		if s.Job != "billrun-close" || !s.At.Truncate(time.Second).Equal(instant) {
			t.Errorf("%s: %+v", files[i], s)
		}
	}
}

// local is a request that Open lets in.
func local(body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", body)
	r.RemoteAddr = "127.0.0.1:4000"
	return r
}

func TestACallerThatGoesAwayWhileItsEventIsHandled(t *testing.T) {
	began := make(chan struct{})
	d := open(t, Config{}, func(ctx context.Context, _ ObjectFinalized) error {
		close(began)
		<-ctx.Done()
		return errors.New("some client's own error")
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	_, err := d.Client().Do(d.request(t, func(f *ObjectFinalized) { f.Name = "waits" }).WithContext(ctx))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	<-d.done
	if !strings.Contains(d.logged.String(), `msg="caller went away" status=503`) {
		t.Errorf("log\n%s", d.logged)
	}
	d.good(t)
}

func TestACallerThatGoesAwayInItsBody(t *testing.T) {
	d := open(t, Config{}, nil)
	body, half := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	r := d.request(t, nil).WithContext(ctx)
	r.Body, r.ContentLength = body, 1000
	go func() {
		if _, err := half.Write([]byte(`{"bucket":`)); err != nil {
			t.Error(err)
		}
		cancel()
		// The transport may wait for its body, even of a request that is over.
		if err := half.CloseWithError(context.Canceled); err != nil {
			t.Error(err)
		}
	}()
	if _, err := d.Client().Do(r); err == nil {
		t.Error("the request is answered")
	}
	d.good(t)
}

// Bytes on a connection of its own, as no well-behaved client sends them.
func (d *door) raw(t *testing.T, text string, more bool) int {
	t.Helper()
	connection, err := net.Dial("tcp", d.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	if !more {
		if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

const head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nAuthorization: Bearer "

func TestSlowAndBrokenBodies(t *testing.T) {
	d := open(t, Config{Verifier: byToken{}}, nil)
	if got := d.raw(t, head+"bad\r\n\r\n", true); got != 401 {
		t.Errorf("a stranger whose body does not come is answered %d, want 401 at once", got)
	}
	d.good(t)
	if got := d.raw(t, head+"good\r\n\r\n{", false); got != 408 {
		t.Errorf("a body that ends early is answered %d, want 408", got)
	}
	d.good(t)

	d = open(t, Config{Verifier: byToken{}, BodyTimeout: 1}, nil)
	if got := d.raw(t, head+"good\r\n\r\n{", true); got != 408 {
		t.Errorf("a body that does not come in time is answered %d, want 408", got)
	}
	if !strings.Contains(d.logged.String(), `msg="request refused" status=408`) {
		t.Errorf("log\n%s", d.logged)
	}
}

// slow is a connection whose body never comes until its read deadline passes.
type slow struct {
	*httptest.ResponseRecorder
	late chan struct{}
}

func (s *slow) SetReadDeadline(at time.Time) error {
	if at.Before(time.Now()) {
		close(s.late)
	}
	return nil
}

func (s *slow) Read([]byte) (int, error) {
	<-s.late
	return 0, errors.New("i/o timeout")
}

func TestABodyHasHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := New(Config{Verifier: Open{}, Log: slog.New(slog.DiscardHandler)}, Router{})
		if err != nil {
			t.Fatal(err)
		}
		w := &slow{httptest.NewRecorder(), make(chan struct{})}
		start := time.Now()
		h.ServeHTTP(w, local(w))
		if took := time.Since(start); w.Code != http.StatusRequestTimeout || took != 30*time.Second {
			t.Errorf("answered %d after %v", w.Code, took)
		}
	})
}

// At the end of its time a handler may see anything, even input that looks bad.
func TestAHandlerHasNineMinutes(t *testing.T) {
	for _, end := range []error{errors.New("unknown"), &BadInput{errors.New("row 7 is cut short")}} {
		synctest.Test(t, func(t *testing.T) {
			h, err := New(Config{Verifier: Open{}, Log: slog.New(slog.DiscardHandler)}, Router{ObjectFinalized: func(ctx context.Context, _ ObjectFinalized) error {
				<-ctx.Done()
				return end
			}})
			if err != nil {
				t.Fatal(err)
			}
			header, body := golden(t, "finalized.http")
			r := local(bytes.NewReader(body))
			r.Header = header
			w := httptest.NewRecorder()
			start := time.Now()
			h.ServeHTTP(w, r)
			if took := time.Since(start); w.Code != http.StatusServiceUnavailable || took != 9*time.Minute {
				t.Errorf("%v: answered %d after %v", end, w.Code, took)
			}
		})
	}
}

// Many at once, good and bad: each handler sees its own event, each sender its
// own answer.
func TestManyAtOnce(t *testing.T) {
	var mu sync.Mutex
	sizes := map[string]int64{}
	d := open(t, Config{}, func(_ context.Context, f ObjectFinalized) error {
		mu.Lock()
		sizes[f.Name] = f.Size
		mu.Unlock()
		if f.Size%3 == 1 {
			panic(f.Name)
		}
		return nil
	})
	var all sync.WaitGroup
	for i := range int64(60) {
		r := d.request(t, func(f *ObjectFinalized) { f.Name, f.Size = fmt.Sprint("file-", i), i })
		want := []int{204, 500, 400}[i%3]
		if want == 400 {
			r.Header.Set("Content-Type", "text/plain")
		}
		all.Go(func() {
			response, err := d.Client().Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			if err := response.Body.Close(); err != nil || response.StatusCode != want {
				t.Errorf("%d is answered %d, want %d, %v", i, response.StatusCode, want, err)
			}
		})
	}
	all.Wait()
	for i := range int64(60) {
		if size, came := sizes[fmt.Sprint("file-", i)]; came != (i%3 != 2) || came && size != i {
			t.Errorf("file %d came: %v, with size %d", i, came, size)
		}
	}
	d.good(t)
}

func TestAnAdapterNeedsItsParts(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, config := range []Config{
		{Log: log}, {Verifier: Open{}}, {Verifier: Open{}, Log: log, MaxBody: -1},
		{Verifier: Open{}, Log: log, BodyTimeout: -1}, {Verifier: Open{}, Log: log, Timeout: -1},
	} {
		if _, err := New(config, Router{}); err == nil {
			t.Errorf("%+v is accepted", config)
		}
	}
}
