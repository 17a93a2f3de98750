package serving_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/server/serving"
	"github.com/tollbook/tollbook/shared/events"
)

func TestAPanicIsAnsweredAndTheNextCallToo(t *testing.T) {
	s := start(t, serving.Config{Functions: []functions.Function{does("one", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/before":
			panic("called 447700900123")
		case "/within":
			_, _ = io.WriteString(w, strings.Repeat("half an answer", 1000))
			panic(fmt.Errorf("called 447700900123: %w", io.EOF))
		case "/abort":
			panic(http.ErrAbortHandler)
		}
		says("fine")(w, r)
	})}})
	if got := s.send("GET", "/one/before"); got.status != 500 {
		t.Errorf("a panic is answered %d %v, want 500", got.status, got.err)
	}
	for _, path := range []string{"/one/within", "/one/abort"} {
		if got := s.send("GET", path); got.err == nil {
			t.Errorf("%s: half an answer came as a whole one: %d %d bytes", path, got.status, len(got.body))
		}
	}
	if got := s.send("GET", "/one"); got.body != "fine at /" {
		t.Errorf("the next call is answered %d %q %v", got.status, got.body, got.err)
	}
	log := s.logged.String()
	if strings.Count(log, "panic of type string") != 1 || strings.Count(log, "panic of type *fmt.wrapError") != 1 || !strings.Contains(log, "handler_test.go") || strings.Contains(log, "900123") {
		t.Errorf("the log must tell where, and not what with\n%s", log)
	}
}

func TestACallBeyondTheConcurrencyIsToComeAgain(t *testing.T) {
	f, begun, end := holding()
	one := entry("one")
	one.Concurrency = 2
	s := start(t, serving.Config{
		Functions: []functions.Function{does("one", f), does("two", says("two"))},
		Manifest:  functions.Manifest{Functions: []functions.Entry{one, entry("two")}},
	})
	first, second := s.later("POST", "/one"), s.later("POST", "/one")
	<-begun
	<-begun
	if got := s.send("POST", "/one"); got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("the third call is answered %d %v, want 429 with Retry-After", got.status, got.err)
	}
	if got := s.send("POST", "/two"); got.status != 200 {
		t.Errorf("another function is answered %d %v", got.status, got.err)
	}
	close(end)
	if a, b := <-first, <-second; a.status != 200 || b.status != 200 {
		t.Errorf("the first two are answered %d and %d", a.status, b.status)
	}
	third := s.later("POST", "/one")
	<-begun
	if got := <-third; got.status != 200 {
		t.Errorf("after they have ended a call is answered %d %v", got.status, got.err)
	}
}

// In a bubble of its own time: each function has its own time-out.
func TestATimeoutIsThatOfTheManifest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := does("silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		own := does("own", func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		})
		event := functions.Function{Name: "event", New: func(d functions.Deps) (http.Handler, error) {
			return events.New(d.Events, events.Router{Scheduled: func(ctx context.Context, _ events.Scheduled) error {
				<-ctx.Done()
				return ctx.Err()
			}})
		}}
		for _, test := range []struct {
			f    functions.Function
			want int
		}{{silent, 504}, {own, 503}, {event, 503}} {
			e := entry(test.f.Name)
			e.Timeout = 17 * time.Minute
			h, err := serving.Handler(e, test.f, deps(io.Discard))
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "http://localhost/", nil)
			r.RemoteAddr = "127.0.0.1:4000"
			r.Header.Set("X-CloudScheduler-JobName", "x")
			r.Header.Set("X-CloudScheduler-ScheduleTime", "2026-12-01T00:00:00Z")
			h.ServeHTTP(w, r)
			if took := time.Since(began); took != e.Timeout || w.Code != test.want {
				t.Errorf("%s: %d after %s, want %d after %s", e.Name, w.Code, took, test.want, e.Timeout)
			}
		}
	})
}

func TestAnAnswerMayTakeAsLongAsItsFunction(t *testing.T) {
	s := start(t, serving.Config{Functions: []functions.Function{does("one", func(w http.ResponseWriter, r *http.Request) {
		deadline, ok := r.Context().Deadline()
		server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
		if !ok || server == nil || server.WriteTimeout < time.Minute || server.ReadHeaderTimeout == 0 || server.ReadTimeout == 0 || server.IdleTimeout == 0 {
			t.Errorf("deadline %v %v, server %+v", deadline, ok, server)
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("an answer cannot be sent in parts: %v", err)
		}
	})}})
	if got := s.send("GET", "/one"); got.status != 200 {
		t.Errorf("%d %v", got.status, got.err)
	}
}

// Errors name the value that was wrong, and the log is read by many.
func TestTheLogHasNoNumberThoughTheErrorHadOne(t *testing.T) {
	number := "447700900123"
	for _, err := range []error{errors.New("called " + number), &events.BadInput{Err: errors.New("called " + number)}} {
		s := start(t, serving.Config{Functions: []functions.Function{{Name: "one", New: func(d functions.Deps) (http.Handler, error) {
			return events.New(d.Events, events.Router{Scheduled: func(context.Context, events.Scheduled) error {
				d.Events.Log.Info("rating "+number, "called", number, "error", err)
				return fmt.Errorf("row 7: %w", err)
			}})
		}}}})
		r, failed := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/one", nil)
		if failed != nil {
			t.Fatal(failed)
		}
		r.Header.Set("X-CloudScheduler-JobName", "x")
		r.Header.Set("X-CloudScheduler-ScheduleTime", "2026-12-01T00:00:00Z")
		response, failed := http.DefaultClient.Do(r)
		if failed != nil {
			t.Fatal(failed)
		}
		if failed := response.Body.Close(); failed != nil {
			t.Error(failed)
		}
		if want := events.Status(err); response.StatusCode != want {
			t.Errorf("%v: %d, want %d", err, response.StatusCode, want)
		}
		if log := s.logged.String(); strings.Contains(log, number) || strings.Count(log, "[number]") < 4 {
			t.Errorf("the log must mask numbers\n%s", log)
		}
	}
}
