package events

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/api/idtoken"
)

// Verifier decides who may send events. Authorize returns nil, or an error that
// wraps ErrUnauthenticated or ErrForbidden; any other error means that it could
// not decide. It is safe for concurrent use.
type Verifier interface {
	Authorize(ctx context.Context, r *http.Request) error
}

// TokenValidator checks an OpenID Connect token's signature, expiry and
// audience; *idtoken.Validator is one.
type TokenValidator interface {
	Validate(ctx context.Context, token, audience string) (*idtoken.Payload, error)
}

// maxToken is the longest token in bytes; Google's have about 1 KiB.
const maxToken = 8 << 10

// OIDC lets in callers with a bearer token that Google issued, for this
// audience, to one of the service accounts named. That is what Cloud Scheduler
// and Pub/Sub push send: https://cloud.google.com/scheduler/docs/http-target-auth
// and https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
type OIDC struct {
	validator TokenValidator
	audience  string
	emails    []string
}

// NewOIDC makes an OIDC. None of audience and emails may be empty: the
// validator would take an empty audience for any.
func NewOIDC(validator TokenValidator, audience string, emails ...string) (*OIDC, error) {
	if validator == nil || audience == "" || len(emails) == 0 || slices.Contains(emails, "") {
		return nil, fmt.Errorf("verify callers by token: a validator, an audience (%q) and e-mails (%q) are needed, none empty", audience, emails)
	}
	return &OIDC{validator, audience, slices.Clone(emails)}, nil
}

// Authorize implements Verifier.
func (o *OIDC) Authorize(ctx context.Context, r *http.Request) error {
	token, err := bearer(r.Header)
	if err != nil {
		return err
	}
	payload, err := o.validate(ctx, token)
	if err != nil {
		return err
	}
	if payload.Issuer != "https://accounts.google.com" && payload.Issuer != "accounts.google.com" {
		return fmt.Errorf("%w: the token's issuer is %q, not Google", ErrUnauthenticated, payload.Issuer)
	}
	email, _ := payload.Claims["email"].(string)
	verified, _ := payload.Claims["email_verified"].(bool)
	if !verified || !slices.Contains(o.emails, email) {
		return fmt.Errorf("%w: the token is of %q (verified: %v), allowed are %q", ErrForbidden, email, verified, o.emails)
	}
	return nil
}

// validate tells a bad token from keys that cannot be fetched. idtoken slices a
// signature without looking at its length, so a stranger's token can panic.
func (o *OIDC) validate(ctx context.Context, token string) (payload *idtoken.Payload, err error) {
	defer func() {
		if v := recover(); v != nil {
			payload, err = nil, fmt.Errorf("%w: the token makes its validation panic (%T)", ErrUnauthenticated, v)
		}
	}()
	payload, err = o.validator.Validate(ctx, token, o.audience)
	if err == nil {
		return payload, nil
	}
	var fetch *url.Error
	if errors.As(err, &fetch) || ctx.Err() != nil {
		return nil, &Transient{Err: fmt.Errorf("validate the caller's token: %w", err)}
	}
	return nil, fmt.Errorf("%w: %w", ErrUnauthenticated, err)
}

func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", fmt.Errorf("%w: %d Authorization headers, want one with a bearer token", ErrUnauthenticated, len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return "", fmt.Errorf("%w: the Authorization header is no bearer token of at most %d bytes", ErrUnauthenticated, maxToken)
	}
	return token, nil
}

// Open lets in whoever calls from this machine by its own name, with nothing
// between. The name keeps out web pages that point theirs at a loopback address;
// forwarding headers give away a proxy, such as Knative's beside the container.
type Open struct{}

// Authorize implements Verifier.
func (Open) Authorize(_ context.Context, r *http.Request) error {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%w: %q is not a loopback address, and no sign-in is configured", ErrForbidden, r.RemoteAddr)
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host"} {
		if r.Header.Get(name) != "" {
			return fmt.Errorf("%w: the request came through a proxy (%s), and no sign-in is configured", ErrForbidden, name)
		}
	}
	host := (&url.URL{Host: r.Host}).Hostname()
	if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.IsLoopback()) {
		return fmt.Errorf("%w: the request is for the host %q, not localhost, and no sign-in is configured", ErrForbidden, r.Host)
	}
	return nil
}
