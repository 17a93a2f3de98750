package portal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/tollbook/tollbook/shared/events"
)

// Limits of a request.
const (
	maxBody     = 1 << 20 // bytes
	bodyTimeout = 20 * time.Second
	timeout     = 55 * time.Second // of the whole: the platform ends it at 60 s
)

// serve wraps the operations in what holds for all of them: who may call, what
// a request may look like, and one line in the log.
func (p *portal) serve(mux *http.ServeMux) (http.Handler, error) {
	origins := http.NewCrossOriginProtection()
	if p.origin != "" {
		if err := origins.AddTrustedOrigin(p.origin); err != nil {
			return nil, fmt.Errorf("make a portal: public URL %q: %w", p.PublicURL, err)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			write(w, "application/json", []byte(`{"status":"ok"}`+"\n"))
			return
		}
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), idKey{}, rand.Text()), timeout)
		defer cancel()
		out := &answer{ResponseWriter: w}
		out.Header().Set("X-Content-Type-Options", "nosniff")
		out.Header().Set("Cache-Control", "no-store")
		out.Header().Set("X-Request-Id", requestID(ctx))
		r = r.WithContext(ctx)
		_, pattern := mux.Handler(r)
		defer p.end(r, pattern, out)
		p.handle(out, r, mux, pattern, origins)
	}), nil
}

// idKey finds the id of a request in its context.
type idKey struct{}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(idKey{}).(string)
	return id
}

func (p *portal) handle(w *answer, r *http.Request, mux *http.ServeMux, pattern string, origins *http.CrossOriginProtection) {
	if err := p.Verifier.Authorize(r.Context(), r); err != nil {
		p.refuse(w, r, err)
		return
	}
	if origins.Check(r) != nil {
		p.writeProblem(w, crossOrigin.problem("Origin %q is not this portal's.", clip(r.Header.Get("Origin"))))
		return
	}
	if pattern == "" {
		p.unrouted(w, r, mux)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		body, problem := readBody(w, r)
		if problem != nil {
			p.writeProblem(w, problem)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		if key := r.Header.Get(keyHeader); key != "" && p.keyed[pattern] {
			p.once(w, r, key, pattern, body, mux)
			return
		}
	}
	mux.ServeHTTP(w, r)
}

// refuse answers a caller that is not let in.
func (p *portal) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, events.ErrUnauthenticated):
		w.Header().Set("WWW-Authenticate", "Bearer")
		p.writeProblem(w, unauthorized.problem("The request does not show who sends it."))
	case errors.Is(err, events.ErrForbidden):
		p.writeProblem(w, forbidden.problem("This portal does not answer this caller."))
	default:
		var problem *Problem
		if errors.As(p.explain(r.Context(), "authorize", err), &problem) {
			p.writeProblem(w, problem)
		}
		return
	}
	p.Log.LogAttrs(r.Context(), slog.LevelWarn, "caller refused", slog.String("request", requestID(r.Context())), slog.String("error", events.Redact(err.Error())))
}

// unrouted answers what no operation takes, as the multiplexer would, in the
// form that all problems have.
func (p *portal) unrouted(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	rec := newRecorder()
	mux.ServeHTTP(rec, r)
	switch {
	case rec.status == http.StatusMethodNotAllowed:
		allow := rec.header.Get("Allow")
		w.Header().Set("Allow", allow)
		p.writeProblem(w, badMethod.problem("It takes %s.", allow))
	case rec.status/100 == 3:
		mux.ServeHTTP(w, r) // to the path's one spelling
	default:
		p.writeProblem(w, notFound.problem("No resource has this path; /v1/openapi.json lists all."))
	}
}

// readBody reads the whole body, so that a slow sender holds nothing else.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *Problem) {
	control := http.NewResponseController(w)
	// Not every writer has deadlines; the context's holds in any case.
	limited := control.SetReadDeadline(time.Now().Add(bodyTimeout)) == nil
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if limited {
		if resetErr := control.SetReadDeadline(time.Time{}); err == nil {
			err = resetErr
		}
	}
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, tooLarge.problem("The body has more than %d bytes.", maxBody)
	case err != nil:
		return nil, slowBody.problem("The body ended early or took more than %s.", bodyTimeout)
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); len(body) > 0 && (err != nil || media != "application/json") {
		return nil, badMedia.problem("The body is sent as %q.", clip(r.Header.Get("Content-Type"))).with("header.Content-Type", "", "want application/json")
	}
	return body, nil
}

// end answers a panic and logs the request: its operation, not its path, which
// may hold an account's number.
func (p *portal) end(r *http.Request, pattern string, w *answer) {
	v := recover()
	attrs := []slog.Attr{slog.String("operation", pattern), slog.String("request", requestID(r.Context()))}
	if v != nil && v != http.ErrAbortHandler {
		// The value may be anything, a number that was called too: only its type is told.
		level := slog.LevelError
		if errors.Is(r.Context().Err(), context.Canceled) {
			level = slog.LevelInfo // the caller went away while it was answered
		}
		p.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "panic",
			append(attrs, slog.String("type", fmt.Sprintf("%T", v)), slog.String("stack", string(debug.Stack())))...)
		if w.status == 0 {
			p.writeProblem(w, internal.problem("The request's id is %s.", requestID(r.Context())))
			v = nil
		}
	}
	p.Log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelInfo, "request", append(attrs, slog.String("method", r.Method), slog.Int("status", w.status))...)
	if v != nil {
		panic(http.ErrAbortHandler) // the answer has begun: cut it off, so that nobody takes it for whole
	}
}

// answer notes the status of what is written.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader writes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write writes a part of the body.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap returns the writer that http.ResponseController works on.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// write answers with bytes. A caller that went away is nobody to tell.
func write(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}

func (p *portal) writeProblem(w http.ResponseWriter, problem *Problem) {
	body, err := json.Marshal(p.linked(problem))
	if err != nil {
		panic(err) // strings and numbers
	}
	for name, values := range problem.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problem.ContentType(""))
	w.WriteHeader(problem.Status)
	_, _ = w.Write(append(body, '\n')) // a caller that went away is nobody to tell
}
