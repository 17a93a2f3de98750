package portal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// Problem is the answer to a request that failed, as RFC 9457 has it.
type Problem struct {
	Type   string         `json:"type" doc:"where the kind of problem is explained"`
	Code   string         `json:"code" doc:"the kind of problem; it does not change"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty"`
	Errors []ProblemField `json:"errors,omitempty" doc:"what is wrong with the input"`

	retryAfter int // seconds; 0: not said
}

// ProblemField says what is wrong in one place of the input.
type ProblemField struct {
	Location string `json:"location" example:"body.currency"`
	Message  string `json:"message" doc:"what would be right"`
	Value    any    `json:"value,omitempty" doc:"what was found; cut when it is long"`
}

// Error returns what the caller reads.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of problems.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders returns the headers of the answer.
func (p *Problem) GetHeaders() http.Header {
	if p.retryAfter == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(p.retryAfter)}}
}

// kind is one kind of problem.
type kind struct {
	Code    string `json:"code"`
	Status  int    `json:"status"`
	Title   string `json:"title"`
	Meaning string `json:"meaning" doc:"what to do about it"`
}

// The kinds of problems. A code never changes its meaning.
var (
	badRequest     = kind{"bad_request", 400, "The request cannot be read", "Correct what errors names."}
	badCursor      = kind{"bad_cursor", 400, "The cursor is not of this list", "Begin again without a cursor."}
	unauthorized   = kind{"unauthenticated", 401, "The caller is not known", "Sign in."}
	forbidden      = kind{"forbidden", 403, "The caller may not do this", "Without sign-in only callers on the portal's own machine are let in."}
	crossOrigin    = kind{"cross_origin", 403, "A page of another site asked for this", "Call from the portal's own pages, or from a program."}
	notFound       = kind{"not_found", 404, "There is no such thing", "Check the path."}
	badMethod      = kind{"method_not_allowed", 405, "The path does not take this method", "Use one that the header Allow names."}
	slowBody       = kind{"body_timeout", 408, "The body did not arrive in time", "Send it again."}
	wrongState     = kind{"wrong_state", 409, "Not possible in the present state", "Read the resource; its state says what is possible."}
	held           = kind{"held", 409, "An unfinished batch holds this", "Wait for it, retry it, or waive it by name."}
	inProgress     = kind{"in_progress", 409, "A request with this Idempotency-Key is at work", "Wait, and send the same request again."}
	noMatch        = kind{"stale", 412, "It was changed, or removed, since it was read", "Read it again, and send the change with its new ETag."}
	exists         = kind{"exists", 412, "It is there already", "Read it, and send the change with its ETag in If-Match."}
	tooLarge       = kind{"too_large", 413, "The body is too large", "Send at most 1 MiB."}
	badMedia       = kind{"unsupported_media_type", 415, "The body is not JSON", "Send it with Content-Type: application/json."}
	invalid        = kind{"invalid", 422, "The input is not valid", "Correct what errors names."}
	refused        = kind{"refused", 422, "The input breaks a rule", "Correct what errors or detail names. Nothing was changed."}
	keyReused      = kind{"key_reused", 422, "The Idempotency-Key was used for another request", "Use a new key for a new request."}
	preconditioned = kind{"precondition_required", 428, "The request does not say what it expects to find", "Send If-Match with the ETag to replace, or If-None-Match: * to create."}
	internal       = kind{"internal", 500, "Something broke", "It was noted in the log under the request's id."}
	notOffered     = kind{"not_offered", 501, "This installation does not offer it", "See detail."}
	tryAgain       = kind{"try_again", 503, "Not available right now", "Send the same request again."}
)

var kinds = []kind{
	badRequest, badCursor, unauthorized, forbidden, crossOrigin, notFound, badMethod, slowBody, wrongState, held, inProgress,
	noMatch, exists, tooLarge, badMedia, invalid, refused, keyReused, preconditioned, internal, notOffered, tryAgain,
}

func (k kind) problem(format string, args ...any) *Problem {
	p := &Problem{Code: k.Code, Title: k.Title, Status: k.Status, Detail: fmt.Sprintf(format, args...)}
	if k == tryAgain || k == inProgress {
		p.retryAfter = 1
	}
	return p
}

// with adds a place of the input.
func (p *Problem) with(location, value, message string) *Problem {
	p.Errors = append(p.Errors, field(location, value, message))
	return p
}

func field(location, value, message string) ProblemField {
	f := ProblemField{Location: location, Message: message}
	if value != "" {
		f.Value = clip(value)
	}
	return f
}

func missing(what, id string) *Problem { return notFound.problem("There is no %s %q.", what, clip(id)) }

// clip bounds what is said again of the input, in bytes.
func clip(s string) string {
	const most = 256
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// linked says where a problem is explained.
func (p *portal) linked(problem *Problem) *Problem {
	problem.Type = p.base + "/v1/problems/" + problem.Code
	return problem
}

// asProblem turns what huma found wrong with a request into a Problem.
func (p *portal) asProblem(_ huma.Context, _ string, v any) (any, error) {
	if known, ok := v.(*Problem); ok {
		return p.linked(known), nil
	}
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	k := invalid
	switch m.Status {
	case http.StatusBadRequest:
		k = badRequest
	case http.StatusRequestEntityTooLarge:
		k = tooLarge
	case http.StatusUnsupportedMediaType:
		k = badMedia
	case http.StatusInternalServerError:
		k = internal
	}
	out := k.problem("%s", "")
	for _, e := range m.Errors {
		if e.Location == "body" && k == badRequest {
			e.Value = nil // the whole body
		}
		if len(out.Errors) == 0 {
			out.Detail = e.Message
		}
		out.Errors = append(out.Errors, ProblemField{Location: e.Location, Message: clip(e.Message), Value: clipValue(e.Value)})
	}
	if len(m.Errors) == 0 {
		out.Detail = m.Detail
	}
	return p.linked(out), nil
}

// clipValue keeps what is said again of the input short.
func clipValue(v any) any {
	switch v := v.(type) {
	case string:
		return clip(v)
	case float64, bool, int64, nil:
		return v
	default:
		return nil // an object or a list: its place says enough
	}
}

// explain returns the Problem of an error. What is not for the caller is
// logged, with numbers masked.
func (p *portal) explain(ctx context.Context, operation string, err error) error {
	var known *Problem
	var refusal *catalog.Refusal
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refusal):
		out := refused.problem("%s", strings.TrimSuffix(refusal.Error(), ": "+catalog.ErrRefused.Error()))
		for _, f := range refusal.Fields {
			out.Errors = append(out.Errors, field("body."+f.Field, f.Found, "want "+f.Want))
		}
		return out
	case errors.Is(err, jobs.ErrUnknown):
		return notOffered.problem("No function of this installation does such work.")
	case errors.Is(err, documents.ErrNotFound), errors.Is(err, objects.ErrNotFound):
		return notFound.problem("There is no such thing.")
	case errors.Is(err, ledger.ErrHeld):
		return held.problem("A batch that came in time is not finished.")
	case errors.Is(err, ledger.ErrState):
		return wrongState.problem("The state does not allow it.")
	}
	level, out := slog.LevelError, internal.problem("The request's id is %s.", requestID(ctx))
	if events.Status(err) == http.StatusServiceUnavailable {
		level, out = slog.LevelWarn, tryAgain.problem("Nothing may have been done yet; the request can be repeated.")
	}
	p.Log.LogAttrs(context.WithoutCancel(ctx), level, "request failed", slog.String("operation", operation),
		slog.String("request", requestID(ctx)), slog.String("error", events.Redact(err.Error())))
	return out
}

type problemInput struct {
	Code string `path:"code" maxLength:"64"`
}

func (p *portal) addProblems() {
	type output struct{ Body kind }
	type list struct {
		Items []kind `json:"items"`
	}
	type listOutput struct{ Body list }
	add(p, operation{id: "list-problems", method: "GET", path: "/problems", tag: "problems", summary: "Every kind of problem that an answer can name"},
		func(context.Context, *struct{}) (*listOutput, error) { return &listOutput{list{kinds}}, nil })
	add(p, operation{id: "get-problem", method: "GET", path: "/problems/{code}", tag: "problems", summary: "What a kind of problem means"},
		func(_ context.Context, in *problemInput) (*output, error) {
			for _, k := range kinds {
				if k.Code == in.Code {
					return &output{k}, nil
				}
			}
			return nil, missing("kind of problem", in.Code)
		})
}
