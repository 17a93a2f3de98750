package serving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tollbook/tollbook/functions"
)

// The limits of every connection. A function's own time-out comes with its
// entry in the manifest.
const (
	headerTime = 10 * time.Second
	readTime   = time.Minute // for a whole request; bodies are small, files go to buckets
	idleTime   = 2 * time.Minute
	maxHeader  = 64 << 10
	// grace is how much longer than its function an answer may take.
	grace = 10 * time.Second
)

// Cloud Run ends a process 10 s after it asked it to stop; stores are to be
// closed by then: https://cloud.google.com/run/docs/container-contract#instance-shutdown
const (
	drainTime = 8 * time.Second
	cutTime   = time.Second // for calls that were cut to notice
)

// ErrUnknown: the target names no function.
var ErrUnknown = errors.New("no function")

// Config is what a Server serves.
type Config struct {
	Manifest  functions.Manifest
	Functions []functions.Function
	// Target is the one function to serve, at "/". Empty: each is served at
	// "/<name>", and what lies below it.
	Target string
	Deps   functions.Deps
	Drain  time.Duration // for calls in flight to end when the server stops; 0: 8 s
}

// Server serves functions. GET /healthz is answered 200, and 503 from the
// moment that it is told to stop.
type Server struct {
	handler http.Handler
	gate    *gate
	longest time.Duration // of the functions' time-outs
	drain   time.Duration
	log     *slog.Logger
}

// New makes the functions that c names.
func New(c Config) (*Server, error) {
	s := &Server{gate: newGate(), drain: c.Drain, log: c.Deps.Events.Log}
	if s.log == nil {
		return nil, errors.New("make a server: a logger is needed")
	}
	if s.drain == 0 {
		s.drain = drainTime
	}
	entries := map[string]functions.Entry{}
	for _, e := range c.Manifest.Functions {
		entries[e.Name] = e
	}
	calls, names := http.NewServeMux(), []string{}
	for _, f := range c.Functions {
		names = append(names, f.Name)
		if c.Target != "" && c.Target != f.Name {
			continue
		}
		entry, ok := entries[f.Name]
		if !ok {
			return nil, fmt.Errorf("function %s is not in the manifest", f.Name)
		}
		h, err := Handler(entry, f, c.Deps)
		if err != nil {
			return nil, err
		}
		s.longest = max(s.longest, entry.Timeout)
		if c.Target != "" {
			calls.Handle("/", h)
		} else {
			calls.Handle("/"+f.Name, below("/"+f.Name, h))
			calls.Handle("/"+f.Name+"/", below("/"+f.Name, h))
		}
	}
	if s.longest == 0 {
		return nil, fmt.Errorf("%w %q: want one of %s", ErrUnknown, c.Target, strings.Join(names, ", "))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("/", s.gate.guard(calls))
	s.handler = mux
	return s, nil
}

// below shows a function its own paths, those behind its name, and puts the
// name before those that it answers with.
func below(prefix string, h http.Handler) http.Handler {
	return http.StripPrefix(prefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			r.URL.Path = "/"
		}
		h.ServeHTTP(&moved{w, prefix}, r)
	}))
}

// moved is an answer from below a prefix.
type moved struct {
	http.ResponseWriter
	prefix string
}

func (m *moved) WriteHeader(status int) {
	if to := m.Header().Get("Location"); strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		m.Header().Set("Location", m.prefix+to)
	}
	m.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (m *moved) Unwrap() http.ResponseWriter { return m.ResponseWriter }

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	if s.gate.isShut() {
		again(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if _, err := io.WriteString(w, "ok\n"); err != nil {
		s.log.Debug("health was not told", "error", err)
	}
}

// Serve answers calls until ctx ends. Then new calls are answered 503, and those
// in flight have the drain time to end; what is left is cut, for its sender to
// send again. Serve closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: s.longest + grace, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		BaseContext:    func(net.Listener) context.Context { return base },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	s.log.LogAttrs(base, slog.LevelInfo, "stopping", slog.Int("calls", s.gate.count()))
	// The listener stays open meanwhile: a refusal says more than no connection.
	empty := s.gate.shut()
	if wait(empty, s.drain) {
		// The last answers may still be on their way.
		flush, cancel := context.WithTimeout(base, cutTime)
		defer cancel()
		if err := server.Shutdown(flush); err == nil {
			return nil
		}
	}
	if n := s.gate.count(); n > 0 {
		s.log.LogAttrs(base, slog.LevelWarn, "calls are cut", slog.Int("calls", n))
	}
	cut()
	if err := server.Close(); err != nil {
		return fmt.Errorf("stopping to serve on %s: %w", l.Addr(), err)
	}
	wait(empty, cutTime)
	return nil
}

// wait reports whether a channel was closed in time.
func wait(done <-chan struct{}, most time.Duration) bool {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
