package serving_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/server/serving"
)

func TestEveryFunctionIsServedAtItsName(t *testing.T) {
	s := start(t, serving.Config{Functions: []functions.Function{does("one", says("one")), does("two", says("two"))}})
	for path, want := range map[string]string{
		"/one": "one at /", "/one/": "one at /", "/one/v1/things/7": "one at /v1/things/7", "/two": "two at /", "/healthz": "ok",
		"/": "404", "/three": "404", "/oneself": "404", "/one/../two": "two at /",
	} {
		got := s.send("GET", path)
		if code, ok := map[string]int{"404": 404}[want]; ok && got.status != code || !ok && got.body != want {
			t.Errorf("%s: %d %q %v, want %s", path, got.status, got.body, got.err, want)
		}
	}
}

func TestAFunctionsOwnPathsAreFoundBehindItsName(t *testing.T) {
	for _, target := range []string{"", "one"} {
		s := start(t, serving.Config{Target: target, Functions: []functions.Function{does("one", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", r.URL.Query().Get("to"))
			w.WriteHeader(http.StatusAccepted)
		})}})
		prefix := "/one"
		if target != "" {
			prefix = ""
		}
		for to, want := range map[string]string{
			"/v1/jobs/7": prefix + "/v1/jobs/7", "https://example.com/x": "https://example.com/x", "//example.com/x": "//example.com/x", "7": "7", "": "",
		} {
			if got := s.send("POST", prefix+"/?to="+to).header.Get("Location"); got != want {
				t.Errorf("%q: %q becomes %q, want %q", target, to, got, want)
			}
		}
	}
}

func TestOneFunctionIsServedAtTheRoot(t *testing.T) {
	s := start(t, serving.Config{Target: "two", Functions: []functions.Function{
		{Name: "one", New: func(functions.Deps) (http.Handler, error) { return nil, errors.New("not to be made") }},
		does("two", says("two")),
	}})
	for path, want := range map[string]string{"/": "two at /", "/one": "two at /one", "/v1/x": "two at /v1/x", "/healthz": "ok"} {
		if got := s.send("GET", path); got.body != want || got.status != 200 {
			t.Errorf("%s: %d %q %v, want %q", path, got.status, got.body, got.err, want)
		}
	}
}

func TestAServerThatCannotBeMadeSaysWhy(t *testing.T) {
	both := []functions.Function{does("one", says("one")), does("two", says("two"))}
	broken := functions.Function{Name: "one", New: func(functions.Deps) (http.Handler, error) { return nil, errors.New("no stores") }}
	manifest := functions.Manifest{Functions: []functions.Entry{entry("one")}}
	for _, test := range []struct {
		config serving.Config
		says   string
	}{
		{serving.Config{Functions: both, Manifest: manifest, Target: "three"}, `no function "three": want one of one, two`},
		{serving.Config{Manifest: manifest}, "no function"},
		{serving.Config{Functions: both, Manifest: manifest}, "function two is not in the manifest"},
		{serving.Config{Functions: []functions.Function{broken}, Manifest: manifest}, "making function one: no stores"},
	} {
		test.config.Deps = deps(t.Output())
		if _, err := serving.New(test.config); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("error %v, want one with %q", err, test.says)
		}
	}
	if _, err := serving.New(serving.Config{Functions: both, Manifest: manifest}); err == nil {
		t.Error("a server without a log was made")
	}
}

// holding is a function whose calls say that they have begun, and end when told.
func holding() (f http.HandlerFunc, begun, end chan struct{}) {
	begun, end = make(chan struct{}), make(chan struct{})
	return func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		select {
		case <-end:
			says("done")(w, r)
		case <-r.Context().Done():
			http.Error(w, "cut", http.StatusServiceUnavailable)
		}
	}, begun, end
}

func TestACallInFlightIsAnsweredAfterTheStopAndANewOneIsRefused(t *testing.T) {
	f, begun, end := holding()
	s := start(t, serving.Config{Functions: []functions.Function{does("one", f)}, Drain: time.Hour})
	first := s.later("POST", "/one")
	<-begun
	s.stop()
	until(t, "health says that it stops", func() bool { return s.send("GET", "/healthz").status == 503 })
	if got := s.send("POST", "/one"); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("a new call is answered %d %v, want 503 with Retry-After", got.status, got.err)
	}
	close(end)
	if got := <-first; got.status != 200 || got.body != "done at /" {
		t.Errorf("the call in flight is answered %d %q %v", got.status, got.body, got.err)
	}
	<-s.ended
	if got := s.send("GET", "/healthz"); got.err == nil {
		t.Errorf("it is still there: %d", got.status)
	}
}

func TestACallThatDoesNotEndIsCutAfterTheDrainTime(t *testing.T) {
	f, begun, _ := holding()
	s := start(t, serving.Config{Functions: []functions.Function{does("one", f)}, Drain: time.Nanosecond})
	first := s.later("POST", "/one")
	<-begun
	s.stop()
	<-s.ended
	if got := <-first; got.err == nil && got.status != 503 {
		t.Errorf("it was answered %d %q", got.status, got.body)
	}
	if !strings.Contains(s.logged.String(), `"calls are cut","calls":1`) {
		t.Errorf("the log does not tell\n%s", s.logged)
	}
}

func TestNoTraceOfACallHoldsUpTheStop(t *testing.T) {
	s := start(t, serving.Config{Functions: []functions.Function{does("one", says("one"))}, Drain: time.Hour})
	kept := http.Client{Transport: &http.Transport{}} // keeps its connection
	response, err := kept.Get(s.url + "/one")
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	s.stop()
	<-s.ended
}

func TestHeadersBeyondTheLimitAreRefused(t *testing.T) {
	s := start(t, serving.Config{Functions: []functions.Function{does("one", says("one"))}})
	for size, want := range map[int]int{1 << 10: 200, 100 << 10: 431} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/one", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X", strings.Repeat("x", size))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, response.StatusCode); diff != "" {
			t.Errorf("%d bytes: -want +got\n%s", size, diff)
		}
	}
}
