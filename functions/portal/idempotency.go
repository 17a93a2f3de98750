package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollbook/tollbook/shared/documents"
)

const (
	keyHeader = "Idempotency-Key"
	maxKey    = 255      // bytes
	maxKept   = 64 << 10 // bytes of an answer that is kept
	// abandoned is when a request that noted its key and did not end is taken
	// over: no request lives as long.
	abandoned = 2 * timeout
	// keptFor is how long a key is known: longer than anybody repeats a request.
	keptFor = 7 * 24 * time.Hour
	// maxExpired bounds the keys that a request with a new one forgets.
	maxExpired = 20
)

// Key is the header of a request that may be sent again.
type Key struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"any text of the caller's; the same request with the same key is done once and has one answer"`
}

func keyParameter() *huma.Param {
	most := maxKey
	return &huma.Param{Name: keyHeader, In: "header", Description: "any text of the caller's; the same request with the same key is done once and has one answer",
		Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &most}}
}

// kept is what is known of a request with a key. Only what was done is kept: a
// request that was refused has changed nothing, and may be corrected and sent
// again.
type kept struct {
	Request   string    `doc:"request"` // hash of method, path and body
	AskedAt   time.Time `doc:"asked_at"`
	ExpiresAt time.Time `doc:"expires_at"`
	Status    int       `doc:"status,omitempty"` // 0: not answered yet
	Type      string    `doc:"type,omitempty"`
	Body      []byte    `doc:"body,omitempty"`
}

// once answers a request with a key: as it was answered before, or by doing it.
func (p *portal) once(w http.ResponseWriter, r *http.Request, key, pattern string, body []byte, mux *http.ServeMux) {
	if len(key) > maxKey {
		p.writeProblem(w, badRequest.problem("The Idempotency-Key is too long.").with("header."+keyHeader, "", fmt.Sprintf("want at most %d bytes", maxKey)))
		return
	}
	path := pathOf("idempotency", hashOf(key))
	request := hashOf(r.Method, r.URL.RequestURI(), string(body))
	version, before, err := p.claim(r.Context(), path, request)
	switch {
	case err != nil:
		var problem *Problem
		if errors.As(p.explain(r.Context(), pattern, err), &problem) {
			p.writeProblem(w, problem)
		}
	case before.Status != 0:
		w.Header().Set("Content-Type", before.Type)
		w.WriteHeader(before.Status)
		_, _ = w.Write(before.Body) // a caller that went away is nobody to tell
	default:
		p.keep(w, r, path, before, version, pattern, mux)
	}
}

// keep does a request whose key is claimed and keeps its answer.
func (p *portal) keep(w http.ResponseWriter, r *http.Request, path documents.Path, k kept, version documents.Version, pattern string, mux *http.ServeMux) {
	rec := newRecorder()
	done := false
	defer func() {
		if done {
			return
		}
		// Refused, broken or too long to keep: the key is free again. The
		// caller's leaving does not end this.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), timeout)
		defer cancel()
		if err := p.Docs.Delete(ctx, path, version); err != nil {
			_ = p.explain(ctx, pattern, fmt.Errorf("freeing an idempotency key: %w", err)) // logged; it is free after a while
		}
	}()
	mux.ServeHTTP(rec, r)
	if rec.status/100 == 2 && len(rec.body) <= maxKept {
		k.Status, k.Type, k.Body = rec.status, rec.header.Get("Content-Type"), rec.body
		err := p.finish(context.WithoutCancel(r.Context()), path, k, version)
		if done = err == nil; !done {
			_ = p.explain(r.Context(), pattern, err) // logged: what was asked for is done, and its answer is the truth
		}
	}
	for name, values := range rec.header {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body) // a caller that went away is nobody to tell
}

func (p *portal) finish(ctx context.Context, path documents.Path, k kept, version documents.Version) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	fields, err := documents.Encode(k)
	if err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	if _, err := p.Docs.Replace(ctx, path, fields, version); err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	return nil
}

// claim notes a key, or returns what it was used for.
func (p *portal) claim(ctx context.Context, path documents.Path, request string) (documents.Version, kept, error) {
	now := p.Now().UTC().Round(time.Microsecond)
	if err := p.forget(ctx, now); err != nil {
		return "", kept{}, err
	}
	fresh := kept{Request: request, AskedAt: now, ExpiresAt: now.Add(keptFor)}
	fields, err := documents.Encode(fresh)
	if err != nil {
		return "", kept{}, fmt.Errorf("noting an idempotency key: %w", err)
	}
	version, err := p.Docs.Create(ctx, path, fields)
	if !errors.Is(err, documents.ErrExists) {
		return version, fresh, err
	}
	doc, err := p.Docs.Get(ctx, path)
	if err != nil {
		return "", kept{}, fmt.Errorf("reading an idempotency key: %w", err)
	}
	var before kept
	if err := doc.Decode(&before); err != nil {
		return "", kept{}, fmt.Errorf("reading an idempotency key: %w", err)
	}
	switch {
	case !before.ExpiresAt.After(now): // taken over
	case before.Request != request:
		return "", kept{}, keyReused.problem("Another method, path or body came with this key.")
	case before.Status != 0:
		return doc.Version, before, nil
	case now.Sub(before.AskedAt) < abandoned:
		return "", kept{}, inProgress.problem("It is not answered yet.")
	}
	version, err = p.Docs.Replace(ctx, path, fields, doc.Version)
	if err != nil {
		return "", kept{}, fmt.Errorf("taking over an idempotency key: %w", err)
	}
	return version, fresh, nil
}

// forget removes keys that have expired, a few each time: not every store does
// it by itself.
func (p *portal) forget(ctx context.Context, now time.Time) error {
	page, err := p.Docs.Query(ctx, documents.Query{Name: "idempotency_by_expiry", To: now, Limit: maxExpired})
	if err != nil {
		return fmt.Errorf("looking for expired idempotency keys: %w", err)
	}
	for _, doc := range page.Docs {
		if err := p.Docs.Delete(ctx, doc.Path, doc.Version); err != nil && !errors.Is(err, documents.ErrConflict) && !errors.Is(err, documents.ErrNotFound) {
			return fmt.Errorf("forgetting an idempotency key: %w", err)
		}
	}
	return nil
}

func hashOf(texts ...string) string {
	h := sha256.New()
	for _, s := range texts {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func newRecorder() *recorder { return &recorder{header: http.Header{}, status: http.StatusOK} }

// Header returns the headers of the answer.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write keeps a part of the body. The answers that are kept are short.
func (r *recorder) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return len(b), nil
}
