package portal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/functions/portal"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
)

func TestARequestThatIsNotUnderstoodIsAnsweredWithItsProblem(t *testing.T) {
	w := built(t)
	w.get("/v1/nothing").problem(404, "not_found")
	w.get("/").problem(404, "not_found")
	w.do("DELETE", "/v1/accounts/acme", "").problem(405, "method_not_allowed", "GET, HEAD, PUT")
	if allow := w.do("DELETE", "/v1/accounts/acme", "").Header.Get("Allow"); allow != "GET, HEAD, PUT" {
		t.Errorf("Allow: %s", allow)
	}
	w.get("/v1/accounts?page=2").problem(422, "invalid", "query.page")
	w.get("/v1/accounts?limit=0").problem(422, "invalid", "query.limit")
	w.get("/v1/accounts?limit=301").problem(422, "invalid", "query.limit")
	w.get("/v1/accounts?cursor=x").problem(400, "bad_cursor", "query.cursor")
	w.get("/v1/accounts/none").problem(404, "not_found", `no account \"none\"`)
	w.get("/v1/accounts/"+strings.Repeat("x", 257)).problem(422, "invalid", "path.id")
	price := func(body string, headers ...string) answer { return w.do("POST", "/v1/price", body, headers...) }
	price("").problem(400, "bad_request")
	price("{").problem(400, "bad_request", "body", "cut short")
	price("{]").problem(400, "bad_request", "at byte")
	price(`{"at":1} 2`).problem(400, "bad_request", "after the JSON value")
	price(`{"at":1,"at":2}`).problem(400, "bad_request", "twice")
	price(`{"At":1}`).problem(400, "bad_request", "lower case")
	price(strings.Repeat("[", 100)).problem(400, "bad_request", "within one another")
	price(`[]`).problem(422, "invalid", "object")
	price(`{"seconds":99999999999999999999999,"account":"acme","number":"447700900123","at":"2026-11-02T10:00:00Z"}`).problem(422, "invalid")
	price(`{}`, "Content-Type: text/plain").problem(415, "unsupported_media_type")
	price(`{}`, "Content-Type: application/json; charset=utf-8").problem(422, "invalid")
	price(`{"number":"`+strings.Repeat("9", 1<<20)+`"}`).problem(413, "too_large")
	w.get("/v1/accounts/acme/features/none").problem(404, "not_found")
}

func TestEveryKindOfProblemIsExplainedWhereItsTypeSays(t *testing.T) {
	w := empty(t)
	all := w.get("/v1/problems").want(200)
	for _, code := range []string{"stale", "precondition_required", "key_reused", "wrong_state", "internal"} {
		if !strings.Contains(string(all.Body), `"code":"`+code+`"`) {
			t.Errorf("%s is not explained", code)
		}
		if got := w.get("/v1/problems/" + code).want(200); got.field("meaning") == "" {
			t.Errorf("%s: %s", code, got.Body)
		}
	}
	w.get("/v1/problems/none").problem(404, "not_found")
}

func TestOnlyCallersOfThisMachineByItsOwnNameAreLetIn(t *testing.T) {
	w := built(t)
	w.do("GET", "/v1/accounts", "", "Host: portal.example.com").problem(403, "forbidden")
	w.do("GET", "/v1/accounts", "", "X-Forwarded-For: 192.0.2.1").problem(403, "forbidden")
	w.do("GET", "/v1/openapi.json", "", "Host: portal.example.com").problem(403, "forbidden")
	w.do("GET", "/nothing", "", "Host: portal.example.com").problem(403, "forbidden")
	w.do("GET", "/v1/accounts", "", "Host: localhost:8080").want(200)
	w.do("GET", "/healthz", "", "Host: portal.example.com").want(200).json(`{"status":"ok"}`)
}

func TestAPageOfAnotherSiteCanAskForNothing(t *testing.T) {
	w := built(t)
	w.november()
	path := "/v1/periods/monthly:2026-11/close"
	w.do("POST", path, "", "Origin: https://evil.example").problem(403, "cross_origin", "https://evil.example")
	w.do("POST", path, "", "Sec-Fetch-Site: cross-site").problem(403, "cross_origin")
	w.do("PUT", "/v1/plans/x", `{"minutes":1}`, "If-None-Match: *", "Origin: https://evil.example").problem(403, "cross_origin")
	w.get("/v1/jobs").json(`{"items":[]}`)
	w.do("POST", path, "", "Sec-Fetch-Site: same-origin").want(202)
	public := built(t, func(c *portal.Config) { c.PublicURL = "https://portal.example.com/" })
	public.november()
	public.do("POST", path, "", "Origin: https://portal.example.com", "Sec-Fetch-Site: cross-site").want(202)
	public.do("POST", path, "", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site").problem(403, "cross_origin")
}

// verifier answers as a sign-in would.
type verifier struct{ err error }

func (v verifier) Authorize(context.Context, *http.Request) error { return v.err }

func TestWhoeverTheVerifierRefusesSeesNothing(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{fmt.Errorf("token of 447700900123: %w", events.ErrUnauthenticated), 401, "unauthenticated"},
		{fmt.Errorf("token of 447700900123: %w", events.ErrForbidden), 403, "forbidden"},
		{&events.Transient{Err: errors.New("no keys for 447700900123")}, 503, "try_again"},
		{errors.New("broken for 447700900123"), 500, "internal"},
	} {
		w := empty(t, func(c *portal.Config) { c.Verifier = verifier{tt.err} })
		a := w.get("/v1/accounts")
		a.problem(tt.status, tt.code)
		if strings.Contains(string(a.Body)+w.log.String(), "447700900123") {
			t.Errorf("%v is answered %s and logged %s", tt.err, a.Body, w.log)
		}
		if (tt.status == 401) != (a.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%d with the headers %v", tt.status, a.Header)
		}
	}
}

// faulty is a store whose reads fail.
type faulty struct {
	documents.Store
	err error
}

func (f faulty) Get(context.Context, documents.Path) (documents.Doc, error) {
	if f.err == nil {
		panic("the number 447700900123")
	}
	return documents.Doc{}, f.err
}

func TestWhatBreaksIsLoggedAndNotTold(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{fmt.Errorf("secret of 447700900123: %w", documents.ErrTransient), 503, "try_again"},
		{fmt.Errorf("secret of 447700900123: %w", documents.ErrCommitUnknown), 503, "try_again"},
		{fmt.Errorf("secret of 447700900123: %w", context.DeadlineExceeded), 503, "try_again"},
		{errors.New("secret of 447700900123"), 500, "internal"},
		{nil, 500, "internal"}, // a panic
	} {
		w := empty(t, func(c *portal.Config) { c.Docs = faulty{c.Docs, tt.err} })
		a := w.get("/v1/accounts/447700900123")
		a.problem(tt.status, tt.code)
		if bytes.Contains(a.Body, []byte("secret")) || bytes.Contains(a.Body, []byte("447700900123")) {
			t.Errorf("%v is answered %s", tt.err, a.Body)
		}
		id := a.Header.Get("X-Request-Id")
		if log := w.log.String(); !strings.Contains(log, id) || id == "" || strings.Contains(log, "447700900123") {
			t.Errorf("%v is logged %s, want the request's id %s and no number", tt.err, log, id)
		}
		if (tt.status == 503) != (a.Header.Get("Retry-After") != "") {
			t.Errorf("%d with the headers %v", tt.status, a.Header)
		}
	}
}

func TestARequestIsLoggedWithoutItsPath(t *testing.T) {
	w := built(t)
	w.get("/v1/accounts/447700900123").problem(404, "not_found")
	if log := w.log.String(); !strings.Contains(log, `operation="GET /v1/accounts/{id}"`) || !strings.Contains(log, "status=404") || strings.Contains(log, "447700900123") {
		t.Errorf("logged %s", log)
	}
}

func TestAPortalBelowAPathLinksToWhereItIs(t *testing.T) {
	w := built(t, func(c *portal.Config) { c.PublicURL = "https://example.com/portal/" })
	w.november()
	if got := w.do("POST", "/v1/periods/monthly:2026-11/fold", "").want(202); got.Header.Get("Location") != "/portal/v1/jobs/"+got.field("id") {
		t.Errorf("the job is at %s", got.Header.Get("Location"))
	}
	for _, path := range []string{"/v1/accounts/none", "/v1/nothing", "/v1/accounts?limit=0"} {
		if got := w.get(path); !strings.HasPrefix(got.field("type"), "/portal/v1/problems/") {
			t.Errorf("%s is answered %s", path, got.Body)
		}
	}
	if got := w.get("/v1/openapi.json").field("servers.0.url"); got != "https://example.com/portal" {
		t.Errorf("described as at %s", got)
	}
}

func TestABodyThatEndsEarlyIsNotTakenForWhole(t *testing.T) {
	w := built(t)
	h, err := portal.New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://localhost/v1/price", io.MultiReader(strings.NewReader(`{"number":`), broken{}))
	r.RemoteAddr = "127.0.0.1:1234"
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if rec.Code != 408 || !strings.Contains(rec.Body.String(), "body_timeout") {
		t.Errorf("answered %d %s", rec.Code, rec.Body)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the line went dead") }

func TestAPortalIsMadeOfEverythingItNeeds(t *testing.T) {
	w := empty(t)
	if _, err := portal.New(portal.Config{}); err == nil {
		t.Error("a portal of nothing was made")
	}
	c := w.config
	c.PublicURL = "portal.example.com"
	if _, err := portal.New(c); err == nil || !strings.Contains(err.Error(), "https://portal.example.com") {
		t.Errorf("a portal at %s: %v", c.PublicURL, err)
	}
}

func TestWithoutSignInThePortalListensToItsMachineOnly(t *testing.T) {
	none := func(string) string { return "" }
	set := func(name string) func(string) string {
		return func(asked string) string {
			if asked == name {
				return "x"
			}
			return ""
		}
	}
	for _, address := range []string{"localhost:8080", "127.0.0.1:0", "127.9.9.9:80", "[::1]:8080", "[::ffff:127.0.0.1]:80"} {
		if err := portal.CheckBinding(none, address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
		for _, name := range []string{"K_SERVICE", "KUBERNETES_SERVICE_HOST"} {
			if err := portal.CheckBinding(set(name), address); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s with %s set: %v", address, name, err)
			}
		}
		if err := portal.CheckBinding(set("FUNCTION_TARGET"), address); err != nil {
			t.Errorf("%s with FUNCTION_TARGET set: %v", address, err)
		}
	}
	for _, address := range []string{":8080", "0.0.0.0:8080", "[::]:8080", "192.0.2.1:80", "portal.example.com:80", "localhost", "", "localhost.example.com:80"} {
		if portal.CheckBinding(none, address) == nil {
			t.Errorf("%q is taken", address)
		}
	}
}
