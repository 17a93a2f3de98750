package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/events"
)

// Limits of the server, beside the time-outs of the functions.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10 // bytes
	maxBody       = 8 << 20  // bytes of a request to a function; each has its own limit below
	maxControl    = 4 << 10  // bytes of a request to the local cloud
	margin        = time.Minute
)

// newServer serves the functions, each at /<name> and below, and the local
// cloud's own pages and controls.
func (c *Cloud) newServer(made map[string]http.Handler) *http.Server {
	mux := http.NewServeMux()
	var longest time.Duration
	for _, e := range c.Manifest.Functions {
		longest = max(longest, e.Timeout)
		h := below(e.Name, made[e.Name])
		mux.Handle("/"+e.Name, h)
		mux.Handle("/"+e.Name+"/", h)
	}
	own := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.Handle(pattern, c.own(h))
	}
	own("GET /{$}", c.servePage)
	own("GET /bills/{name...}", c.serveBill)
	own("GET /status", c.serveStatus)
	own("POST /drain", c.serveDrain)
	own("POST /clock", c.serveClock)
	own("GET /setup", c.serveExport)
	own("POST /setup", c.serveImport)
	own("POST /fsck", c.serveFsck)
	return &http.Server{
		// A page of another site may not command what runs on this machine.
		Handler:           http.NewCrossOriginProtection().Handler(mux),
		ReadHeaderTimeout: headerTimeout,
		// A read that times out also cancels the request it belongs to.
		ReadTimeout:    longest + margin,
		WriteTimeout:   longest + margin,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
	}
}

// below serves a function under its name, with the path that it would see alone.
func below(name string, h http.Handler) http.Handler {
	return http.StripPrefix("/"+name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			r.URL.Path = "/"
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		h.ServeHTTP(w, r)
	}))
}

// httpError is an error with the status that answers it.
type httpError struct {
	status int
	err    error
}

func (e *httpError) Error() string { return e.err.Error() }
func (e *httpError) Unwrap() error { return e.err }

// own serves what is the local cloud's: to callers of this machine only.
func (c *Cloud) own(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := (events.Open{}).Authorize(r.Context(), r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		most := int64(maxControl)
		if r.URL.Path == "/setup" {
			most = catalog.MaxSetup + 1 // the reader of setups says what is too large
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		err := h(w, r)
		if err == nil {
			return
		}
		status := http.StatusInternalServerError
		var known *httpError
		if errors.As(err, &known) {
			status = known.status
		} else {
			c.Log.Error("a request to the local cloud failed", "path", r.URL.Path, "error", events.Redact(err.Error()))
		}
		http.Error(w, err.Error(), status)
	})
}

func answer(w http.ResponseWriter, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(text, '\n'))
	return err
}

// Status says how the local cloud stands.
type Status struct {
	Now       time.Time        `json:"now"` // local time
	Moving    bool             `json:"moving"`
	Idle      bool             `json:"idle"` // nothing is on its way
	Functions []FunctionStatus `json:"functions"`
	Unsettled []string         `json:"unsettled"` // files that may still be written, the first 20
	Problems  []string         `json:"problems"`  // files that cannot be read, the first 20
	Error     string           `json:"error"`     // of the last look at the buckets
}

// FunctionStatus says how a function's deliveries stand.
type FunctionStatus struct {
	Name     string `json:"name"`
	Waiting  int    `json:"waiting"`
	InFlight int    `json:"in_flight"`
	Resting  int    `json:"resting"` // failed, to be sent again
	Totals
}

// Status returns how the local cloud stands.
func (c *Cloud) Status() Status {
	s := Status{Now: c.clock.now(), Idle: c.idle(), Functions: []FunctionStatus{}}
	for _, q := range c.queues {
		s.Functions = append(s.Functions, q.status())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Moving, s.Error = c.moving, c.lookErr
	s.Unsettled = append([]string{}, c.sight.unsettled...)
	s.Problems = append([]string{}, c.sight.problems...)
	return s
}

func (q *queue) status() FunctionStatus {
	q.mu.Lock()
	defer q.mu.Unlock()
	return FunctionStatus{q.entry.Name, len(q.ready), q.inFlight, len(q.resting), q.total}
}

func (c *Cloud) serveStatus(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, c.Status())
}

// patiently lifts the server's time-outs for a request that takes as long as it
// takes, and ends its context when the local cloud ends.
func (c *Cloud) patiently(w http.ResponseWriter, r *http.Request) (context.Context, context.CancelFunc, error) {
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{})); err != nil {
		return nil, nil, fmt.Errorf("lifting time-outs: %w", err)
	}
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		select {
		case <-c.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel, nil
}

// Drained is what a drain came to.
type Drained struct {
	Now       time.Time `json:"now"`                 // local time
	Unsettled []string  `json:"unsettled,omitempty"` // files still being written
}

func (c *Cloud) serveDrain(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel, err := c.patiently(w, r)
	if err != nil {
		return err
	}
	defer cancel()
	unsettled, err := c.Drain(ctx)
	if err != nil {
		return c.ending(ctx, err)
	}
	return answer(w, Drained{c.clock.now(), unsettled})
}

// ending tells a request that ended with the local cloud from one that failed.
func (c *Cloud) ending(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &httpError{http.StatusServiceUnavailable, fmt.Errorf("the local cloud is ending: %w", err)}
	}
	return err
}

// ParseInstant reads where to move a clock: a date, which is its 00:00 UTC, or
// an instant of RFC 3339.
func ParseInstant(text string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q: want a date such as 2026-12-01, or an instant such as 2026-12-01T08:00:00Z", text)
	}
	return at.UTC(), nil
}

func (c *Cloud) serveClock(w http.ResponseWriter, r *http.Request) error {
	var wanted struct {
		To string `json:"to"`
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return &httpError{http.StatusBadRequest, fmt.Errorf("reading the request: %w", err)}
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&wanted); err != nil {
		return &httpError{http.StatusBadRequest, fmt.Errorf(`want {"to":"2026-12-01"}: %w`, err)}
	}
	to, err := ParseInstant(wanted.To)
	if err != nil {
		return &httpError{http.StatusBadRequest, err}
	}
	ctx, cancel, err := c.patiently(w, r)
	if err != nil {
		return err
	}
	defer cancel()
	moved, err := c.Move(ctx, to)
	switch {
	case errors.Is(err, ErrRefused):
		return &httpError{http.StatusUnprocessableEntity, err}
	case errors.Is(err, ErrMoving):
		return &httpError{http.StatusConflict, err}
	case err != nil:
		return c.ending(ctx, err)
	}
	return answer(w, moved)
}
