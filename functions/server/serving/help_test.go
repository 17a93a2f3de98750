package serving_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/functions/server/serving"
	"github.com/tollbook/tollbook/shared/events"
)

// buffer is what was logged.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// does is a function of that name.
func does(name string, f http.HandlerFunc) functions.Function {
	return functions.Function{Name: name, New: func(functions.Deps) (http.Handler, error) { return f, nil }}
}

// says answers with a text and the path that it sees.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s at %s", text, r.URL.Path) }
}

func entry(name string) functions.Entry {
	return functions.Entry{Name: name, Timeout: time.Minute, Concurrency: 10}
}

// deps log to w as deployed functions do.
func deps(w io.Writer) functions.Deps {
	return functions.Deps{Events: events.Config{Verifier: events.Open{}, Log: environ.NewLogger(w, slog.LevelDebug)}}
}

// service is a server that runs until it is stopped.
type service struct {
	t      *testing.T
	url    string
	logged *buffer
	stop   context.CancelFunc // as a SIGTERM
	ended  chan struct{}      // Serve has returned
	err    error              // of Serve
}

// start serves functions. Entries that c's manifest lacks are added.
func start(t *testing.T, c serving.Config) *service {
	t.Helper()
	s := &service{t: t, logged: &buffer{}, ended: make(chan struct{})}
	c.Deps = deps(s.logged)
	if c.Manifest.Functions == nil {
		for _, f := range c.Functions {
			c.Manifest.Functions = append(c.Manifest.Functions, entry(f.Name))
		}
	}
	server, err := serving.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + l.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	go func() {
		s.err = server.Serve(ctx, l)
		close(s.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-s.ended
		if s.err != nil {
			t.Error(s.err)
		}
	})
	return s
}

// reply is an answer as a client sees it.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

// send makes a request on a connection of its own.
func (s *service) send(method, path string) reply {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(""))
	if err != nil {
		return reply{err: err}
	}
	r.Close = true
	client := http.Client{Transport: &http.Transport{}}
	response, err := client.Do(r)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, strings.TrimSpace(string(body)), err}
}

// later makes a request and tells its answer when there is one.
func (s *service) later(method, path string) <-chan reply {
	out := make(chan reply, 1)
	go func() { out <- s.send(method, path) }()
	return out
}

// until looks again and again until a thing is so, or the test's time is over.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it never came that %s", what)
		}
	}
}
