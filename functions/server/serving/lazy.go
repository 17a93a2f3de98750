package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/tollbook/tollbook/functions"
)

// Open opens what functions are made of. What it opens outlives ctx.
type Open func(ctx context.Context) (functions.Deps, error)

// Lazy returns a handler for each function, by its name, that is made when it
// is first called; what all are made of is opened once, then. Until that
// succeeds, each call is answered 500, logged, and tries again: an instance that
// started too early does not stay dead.
func Lazy(list []functions.Function, open Open, log *slog.Logger) map[string]http.Handler {
	shared := &once[functions.Deps]{turn: make(chan struct{}, 1), make: open}
	handlers := map[string]http.Handler{}
	for _, f := range list {
		l := &lazy{name: f.Name, log: log}
		l.handler = once[http.Handler]{turn: make(chan struct{}, 1), make: func(ctx context.Context) (http.Handler, error) {
			deps, err := shared.get(ctx)
			if err != nil {
				return nil, fmt.Errorf("opening what functions are made of: %w", err)
			}
			return fromManifest(f, deps)
		}}
		handlers[f.Name] = l
	}
	return handlers
}

func fromManifest(f functions.Function, deps functions.Deps) (http.Handler, error) {
	manifest, err := functions.LoadManifest()
	if err != nil {
		return nil, err
	}
	for _, entry := range manifest.Functions {
		if entry.Name == f.Name {
			return Handler(entry, f, deps)
		}
	}
	return nil, fmt.Errorf("function %s is not in the manifest", f.Name)
}

type lazy struct {
	name    string
	log     *slog.Logger
	handler once[http.Handler]
}

func (l *lazy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, err := l.handler.get(r.Context())
	if err != nil {
		l.log.LogAttrs(r.Context(), slog.LevelError, "function could not be made", slog.String("function", l.name), slog.Any("error", err))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h.ServeHTTP(w, r)
}

// once makes a value when it is first asked for, and again only after failures.
type once[T any] struct {
	turn chan struct{} // held by the one who makes
	make func(context.Context) (T, error)
	made atomic.Pointer[T]
}

func (o *once[T]) get(ctx context.Context) (value T, err error) {
	if made := o.made.Load(); made != nil {
		return *made, nil
	}
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return value, fmt.Errorf("waiting for another call to do it: %w", ctx.Err())
	}
	if made := o.made.Load(); made != nil {
		return *made, nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = errors.Join(err, fmt.Errorf("panic of type %T", v))
		}
	}()
	if value, err = o.make(ctx); err == nil {
		o.made.Store(&value)
	}
	return value, err
}
