package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
)

// Config is what an adapter needs besides its handlers.
type Config struct {
	Verifier    Verifier      // required
	Log         *slog.Logger  // required
	MaxBody     int64         // bytes; 0: 1 MiB
	BodyTimeout time.Duration // for the body to arrive; 0: 30 s
	Timeout     time.Duration // for the whole; 0: 9 min, the most of a function that an event calls
}

type adapter struct {
	Config
	router Router
}

// New returns the handler of a function that events call; functions.HTTP takes
// its ServeHTTP. What a handler returns is answered as Status says; before it is
// called, a request may end as
//
//	401, 403  the Verifier does not let the caller in
//	405       the method is not POST
//	408       the body did not arrive whole and in time
//	413       the body is larger than MaxBody
//	400       it is not one event of a known form
//	204       no handler takes the type: logged, so that it is not sent again
//
// A handler's panic is 500. One line is logged a request, with names of objects
// and jobs; numbers in errors are masked.
func New(config Config, router Router) (http.Handler, error) {
	if config.Verifier == nil || config.Log == nil || config.MaxBody < 0 || config.BodyTimeout < 0 || config.Timeout < 0 {
		return nil, errors.New("make an event adapter: a verifier and a logger are needed, and no negative limit")
	}
	a := &adapter{config, router}
	if a.MaxBody == 0 {
		a.MaxBody = 1 << 20
	}
	if a.BodyTimeout == 0 {
		a.BodyTimeout = 30 * time.Second
	}
	if a.Timeout == 0 {
		a.Timeout = 9 * time.Minute
	}
	return a, nil
}

// outcome is how a request ended.
type outcome struct {
	status int
	err    error
	about  []slog.Attr
}

func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), a.Timeout)
	defer cancel()
	out := a.handle(ctx, w, r)
	a.log(r, out)
	if out.status == http.StatusNoContent {
		w.WriteHeader(out.status)
		return
	}
	// The body may be unread, and to keep the connection the server would wait for it.
	w.Header().Set("Connection", "close")
	switch out.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		var transient *Transient
		if errors.As(out.err, &transient) && transient.RetryAfter > 0 {
			seconds := (transient.RetryAfter + time.Second - 1) / time.Second
			w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
		}
	}
	http.Error(w, http.StatusText(out.status), out.status)
}

// handle does everything but answer, so that whatever panics in it is answered.
func (a *adapter) handle(ctx context.Context, w http.ResponseWriter, r *http.Request) (out outcome) {
	defer func() {
		if v := recover(); v != nil {
			// The value may be anything, a number that was called too: only its type is told.
			out.status = http.StatusInternalServerError
			out.err = fmt.Errorf("panic of type %T", v)
			out.about = append(out.about, slog.String("stack", string(debug.Stack())))
		}
	}()
	if r.Method != http.MethodPost {
		return outcome{status: http.StatusMethodNotAllowed, err: fmt.Errorf("method %.20q, want POST", r.Method)}
	}
	if err := a.Verifier.Authorize(ctx, r); err != nil {
		return outcome{status: refusal(err), err: err}
	}
	body, status, err := a.body(ctx, w, r)
	if err != nil {
		return outcome{status: status, err: err}
	}
	e, err := Decode(r.Header, body)
	if err != nil {
		return outcome{status: http.StatusBadRequest, err: err}
	}
	call, about, err := a.router.route(e)
	out.about = about
	if errors.Is(err, errMalformed) {
		return outcome{status: http.StatusBadRequest, err: err, about: about}
	}
	if err == nil {
		err = call(ctx)
	}
	if err != nil && ctx.Err() != nil {
		// What was cut short may have ended as any error, bad input too.
		err = errors.Join(ctx.Err(), err)
	}
	return outcome{status: Status(err), err: err, about: about}
}

// refusal is the status of a Verifier's error. It is never a success.
func refusal(err error) int {
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return http.StatusUnauthorized
	case errors.Is(err, ErrForbidden):
		return http.StatusForbidden
	case isTransient(err):
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// body reads the request's body. A reader that waits for a slow sender ends when
// its connection's read deadline passes, so the end of the time sets one.
func (a *adapter) body(ctx context.Context, w http.ResponseWriter, r *http.Request) ([]byte, int, error) {
	late, cancel := context.WithTimeout(ctx, a.BodyTimeout)
	defer cancel()
	var unset error
	woken := make(chan struct{})
	stop := context.AfterFunc(late, func() {
		defer close(woken)
		unset = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	})
	var body bytes.Buffer
	_, err := io.Copy(&body, http.MaxBytesReader(w, r.Body, a.MaxBody))
	if !stop() {
		// The deadline must not reach the connection's next request.
		<-woken
		err = errors.Join(late.Err(), unset, err)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return body.Bytes(), 0, nil
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the body has more than %d bytes", a.MaxBody)
	default:
		return nil, http.StatusRequestTimeout, fmt.Errorf("read the body: %w", err)
	}
}

func (a *adapter) log(r *http.Request, out outcome) {
	level, message := slog.LevelInfo, "event handled"
	switch {
	case r.Context().Err() != nil && out.status != http.StatusRequestTimeout:
		message = "caller went away"
	case out.status == http.StatusInternalServerError:
		level, message = slog.LevelError, "event failed"
	case out.status == http.StatusServiceUnavailable:
		level, message = slog.LevelWarn, "event to be sent again"
	case out.status != http.StatusNoContent:
		level, message = slog.LevelWarn, "request refused"
	case out.err != nil:
		level, message = slog.LevelWarn, "bad input"
	}
	attrs := append([]slog.Attr{slog.Int("status", out.status)}, out.about...)
	if out.err != nil {
		attrs = append(attrs, slog.String("error", Redact(out.err.Error())))
	}
	a.Log.LogAttrs(context.WithoutCancel(r.Context()), level, message, attrs...)
}
