// Package serving serves functions over HTTP within the limits that the
// manifest gives them, until it is told to stop.
package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/tollbook/tollbook/functions"
)

// Handler makes a function, held to its entry in the manifest:
//
//   - a call has a deadline, the entry's timeout; one that ends by it without
//     an answer is answered 504
//   - a call beyond the entry's concurrency is answered 429, to be sent again
//   - a panic is answered 500 and logged without its value, which may hold
//     anything; if the answer had begun, the connection is cut
func Handler(entry functions.Entry, f functions.Function, deps functions.Deps) (http.Handler, error) {
	deps.Events.Timeout = entry.Timeout
	made, err := f.New(deps)
	if err != nil {
		return nil, fmt.Errorf("making function %s: %w", f.Name, err)
	}
	return &held{entry: entry, function: made, log: deps.Events.Log, slots: make(chan struct{}, entry.Concurrency)}, nil
}

type held struct {
	entry    functions.Entry
	function http.Handler
	log      *slog.Logger
	slots    chan struct{}
}

func (h *held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		h.log.LogAttrs(r.Context(), slog.LevelInfo, "too many calls at once", slog.String("function", h.entry.Name))
		again(w, "too many calls at once", http.StatusTooManyRequests)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.entry.Timeout)
	defer cancel()
	answer := &answer{ResponseWriter: w}
	defer h.rescue(ctx, answer)
	h.function.ServeHTTP(answer, r.WithContext(ctx))
	if !answer.begun && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		http.Error(w, "the function did not answer in time", http.StatusGatewayTimeout)
	}
}

// rescue ends a call that panicked; it is deferred.
func (h *held) rescue(ctx context.Context, w *answer) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { // a handler's own way to cut its connection
		panic(v)
	}
	h.log.LogAttrs(ctx, slog.LevelError, "function panicked", slog.String("function", h.entry.Name),
		slog.String("error", fmt.Sprintf("panic of type %T", v)), slog.String("stack", string(debug.Stack())))
	if w.begun {
		panic(http.ErrAbortHandler) // or half an answer would look like a whole one
	}
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}

// answer knows whether it has begun.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = a.begun || status >= http.StatusOK
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// again refuses a call that may succeed a little later.
func again(w http.ResponseWriter, text string, status int) {
	w.Header().Set("Retry-After", "1")
	w.Header().Set("Connection", "close")
	http.Error(w, text, status)
}
