package events

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// The errors that a Verifier returns, wrapped with what is wrong.
var (
	// ErrUnauthenticated: the caller did not show who it is (401).
	ErrUnauthenticated = errors.New("caller is not authenticated")
	// ErrForbidden: the caller is known and may not do this (403).
	ErrForbidden = errors.New("caller may not send events")
)

// errMalformed: what came in is not an event that this package knows (400).
var errMalformed = errors.New("malformed event")

// BadInput says that a repeat would fail in the same way. A handler returns it
// after it has recorded the reason on the batch or job, where a person reads it;
// the event is then done.
type BadInput struct{ Err error }

func (e *BadInput) Error() string { return "bad input: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *BadInput) Unwrap() error { return e.Err }

// Transient says that a repeat may succeed. The errors of documents and objects
// that mean so, and those of an ended context, need no wrapping.
type Transient struct {
	Err        error
	RetryAfter time.Duration // asked of the sender, in whole seconds rounded up; 0: its own backoff
}

func (e *Transient) Error() string { return "try again: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *Transient) Unwrap() error { return e.Err }

// Status is the HTTP status that answers what a handler returned: 204 for nil
// and for bad input, 503 for what a repeat may mend, 500 for the rest.
//
// Transient wins over bad input: a file whose reading was cut short looks bad.
// An error that joins bad input with anything else is unknown: the other may be
// the failure to record it.
func Status(err error) int {
	switch {
	case err == nil:
		return http.StatusNoContent
	case isTransient(err):
		return http.StatusServiceUnavailable
	case isBadInput(err):
		return http.StatusNoContent
	default:
		return http.StatusInternalServerError
	}
}

func isTransient(err error) bool {
	var transient *Transient
	return errors.As(err, &transient) ||
		errors.Is(err, documents.ErrTransient) ||
		errors.Is(err, documents.ErrConflict) ||
		errors.Is(err, documents.ErrCommitUnknown) ||
		errors.Is(err, objects.ErrTransient) ||
		errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded)
}

// isBadInput reports whether every branch of err is bad input.
func isBadInput(err error) bool {
	switch e := err.(type) {
	case *BadInput:
		return true
	case interface{ Unwrap() error }:
		return isBadInput(e.Unwrap())
	case interface{ Unwrap() []error }:
		branches := e.Unwrap()
		return len(branches) > 0 && !slices.ContainsFunc(branches, func(err error) bool { return !isBadInput(err) })
	default:
		return false
	}
}
