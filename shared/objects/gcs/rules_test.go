package gcs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/objects/gcs"
)

// via answers requests in the place of Cloud Storage: the fake does not show
// every rule.
type via func(*http.Request) (*http.Response, error)

func (v via) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return v(r)
}

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

// failure is an error as the JSON API words it.
func failure(r *http.Request, status int, message string) *http.Response {
	return answer(r, status, fmt.Sprintf(`{"error":{"code":%d,"message":%q}}`, status, message))
}

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// calls are the five calls; a large Create is a resumable upload.
var calls = map[string]func(context.Context, *gcs.Bucket) error{
	"stat": func(ctx context.Context, b *gcs.Bucket) error {
		_, err := b.Stat(ctx, "feed/a b")
		return err
	},
	"open": func(ctx context.Context, b *gcs.Bucket) error {
		_, err := b.OpenRange(ctx, "feed/a b", "7", 4, 3)
		return err
	},
	"create": func(ctx context.Context, b *gcs.Bucket) error {
		_, err := b.Create(ctx, "feed/a b", strings.NewReader("content"))
		return err
	},
	"create large": func(ctx context.Context, b *gcs.Bucket) error {
		_, err := b.Create(ctx, "feed/a b", strings.NewReader(strings.Repeat("large", 100<<10)))
		return err
	},
	"list": func(ctx context.Context, b *gcs.Bucket) error {
		_, err := b.List(ctx, "feed/", "feed/a", 5)
		return err
	},
	"delete": func(ctx context.Context, b *gcs.Bucket) error { return b.Delete(ctx, "feed/a b", "7") },
}

func TestRequests(t *testing.T) {
	for call, want := range map[string]string{
		"stat":         "GET /storage/v1/b/cdrs/o/feed%2Fa%20b",
		"open":         "GET /cdrs/feed%2Fa%20b generation=7 bytes=4-6 gzip",
		"create":       "POST /upload/storage/v1/b/cdrs/o ifGenerationMatch=0 name=feed/a b uploadType=multipart",
		"create large": "POST /upload/storage/v1/b/cdrs/o ifGenerationMatch=0 name=feed/a b uploadType=resumable",
		"list":         "GET /storage/v1/b/cdrs/o maxResults=6 prefix=feed/ projection=noAcl startOffset=feed/a",
		"delete":       "DELETE /storage/v1/b/cdrs/o/feed%2Fa%20b ifGenerationMatch=7",
	} {
		var got []string
		b := gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) {
			line := r.Method + " " + r.URL.EscapedPath()
			for _, key := range []string{"generation", "ifGenerationMatch", "ifGenerationNotMatch", "maxResults", "name", "prefix", "startOffset", "uploadType", "versions"} {
				if value := r.URL.Query().Get(key); value != "" && value != "false" {
					if key == "startOffset" {
						line += " projection=" + r.URL.Query().Get("projection")
					}
					line += " " + key + "=" + value
				}
			}
			for _, key := range []string{"Range", "Accept-Encoding"} {
				if value := r.Header.Get(key); value != "" {
					line += " " + value
				}
			}
			got = append(got, line)
			return failure(r, 403, "no"), nil
		})), "cdrs", quick)
		if err := calls[call](t.Context(), b); !errors.Is(err, objects.ErrDenied) {
			t.Errorf("%s: error %v, want ErrDenied", call, err)
		}
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s sends (-want +got):\n%s", call, diff)
		}
	}
}

func TestARangeTooLongToCountIsOneToTheEnd(t *testing.T) {
	const most = 1<<63 - 1
	for offset, want := range map[int64]string{0: "bytes=0-9223372036854775806", 1: "bytes=1-", 2: "bytes=2-", most: "bytes=9223372036854775807-"} {
		got := ""
		b := gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) {
			got = r.Header.Get("Range")
			return answer(r, 416, ""), nil
		})), "cdrs", quick)
		r, err := b.OpenRange(t.Context(), "name", "7", offset, most)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); n != 0 || err != nil || got != want {
			t.Errorf("from %d: asked for %s, want %s; read %d bytes, %v", offset, got, want, n, err)
		}
	}
}

// Each status is one error of a Bucket for every call, but for a few.
func TestStatuses(t *testing.T) {
	const none = "none of them"
	denied, notFound, exists := objects.ErrDenied.Error(), objects.ErrNotFound.Error(), objects.ErrExists.Error()
	transient, invalid := objects.ErrTransient.Error(), objects.ErrInvalid.Error()
	for _, test := range []struct {
		status  int
		message string
		want    string
		but     map[string]string
	}{
		{400, "Invalid argument.", invalid, nil},
		{401, "Anonymous caller.", denied, nil},
		{403, "No storage.objects.get access.", denied, nil},
		{404, "No such object: cdrs/feed/a b", notFound, map[string]string{"create": transient, "create large": transient, "delete": "", "list": none}},
		{404, "The specified bucket does not exist.", none, map[string]string{"open": none}},
		{408, "Slow.", transient, nil},
		{409, "Conflict.", transient, nil},
		{410, "The session is gone.", none, map[string]string{"create": transient, "create large": transient}},
		{412, "At least one of the pre-conditions you specified did not hold.", none, map[string]string{"create": exists, "create large": exists, "delete": ""}},
		{416, "The range cannot be satisfied.", none, map[string]string{"open": ""}},
		{429, "Rate limit.", transient, nil},
		{500, "Internal.", transient, nil},
		{502, "Bad gateway.", transient, nil},
		{503, "Unavailable.", transient, nil},
	} {
		b := gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) {
			return failure(r, test.status, test.message), nil
		})), "cdrs", quick)
		for call, do := range calls {
			want, ok := test.but[call]
			if !ok {
				want = test.want
			}
			if got := kindOf(do(t.Context(), b)); got != want {
				t.Errorf("%d %q to %s: %q, want %q", test.status, test.message, call, got, want)
			}
		}
	}
}

func kindOf(err error) string {
	if err == nil {
		return ""
	}
	for _, kind := range []error{objects.ErrNotFound, objects.ErrLost, objects.ErrExists, objects.ErrDenied, objects.ErrTransient, objects.ErrInvalid} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "none of them"
}

func TestPassingFailuresAreTriedAgainAFewTimes(t *testing.T) {
	for what, fail := range map[string]via{
		"429":                   func(r *http.Request) (*http.Response, error) { return failure(r, 429, "slow down"), nil },
		"503":                   func(r *http.Request) (*http.Response, error) { return failure(r, 503, "busy"), nil },
		"a reset":               func(*http.Request) (*http.Response, error) { return nil, errReset },
		"an answer that breaks": func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"a refused connection": func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		},
		"a server that hangs up": func(*http.Request) (*http.Response, error) { return nil, io.EOF },
	} {
		for call, do := range calls {
			sent := 0
			b := gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) {
				sent++
				return fail(r)
			})), "cdrs", quick)
			if err := do(t.Context(), b); !errors.Is(err, objects.ErrTransient) || sent != quick.Tries {
				t.Errorf("%s: %s was sent %d times, want %d; error %v, want ErrTransient", what, call, sent, quick.Tries, err)
			}
		}
	}
}

func TestWhatIsNoPassingFailureButNoAnswerIsTransient(t *testing.T) {
	b := gcs.Open(newClient(t, via(func(*http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "storage.googleapis.com", IsNotFound: true}
	})), "cdrs", quick)
	for call, do := range calls {
		var request *url.Error
		if err := do(t.Context(), b); !errors.Is(err, objects.ErrTransient) || !errors.As(err, &request) {
			t.Errorf("%s without a name server: error %v, want ErrTransient", call, err)
		}
	}
}

func TestAContextThatEndsBetweenTries(t *testing.T) {
	patient := gcs.Options{Tries: 1000, Pause: 1, Chunk: quick.Chunk}
	for call, do := range calls {
		ctx, cancel := context.WithCancel(t.Context())
		sent := 0
		b := gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) {
			if sent++; sent == 3 {
				cancel()
			}
			return failure(r, 503, "busy"), nil
		})), "cdrs", patient)
		if err := do(ctx, b); kindOf(err) != "none of them" || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want only that the context was cancelled", call, err)
		}
		if sent != 3 {
			t.Errorf("%s was sent %d times, want 3", call, sent)
		}
	}
}

// breaking is a body whose connection is reset after its bytes.
func breaking(r *http.Request, status int, body string, length int64) *http.Response {
	a := answer(r, status, "")
	a.Body, a.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(body), broken{})), length
	return a
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errReset }

func TestAReadThatBreaksOff(t *testing.T) {
	for _, test := range []struct {
		what    string
		goingOn func(r *http.Request) *http.Response
		content string
		want    error
	}{
		{"goes on where it broke", func(r *http.Request) *http.Response {
			a := answer(r, 206, "56789")
			a.Header.Set("Content-Range", "bytes 5-9/10")
			return a
		}, "0123456789", nil},
		{"finds the generation gone", func(r *http.Request) *http.Response { return answer(r, 404, "") }, "01234", objects.ErrLost},
		{"is no longer allowed", func(r *http.Request) *http.Response { return answer(r, 403, "") }, "01234", objects.ErrDenied},
		{"finds Cloud Storage down", func(r *http.Request) *http.Response { return answer(r, 503, "") }, "01234", objects.ErrTransient},
	} {
		var ranges, generations []string
		b := gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) {
			ranges, generations = append(ranges, r.Header.Get("Range")), append(generations, r.URL.Query().Get("generation"))
			if len(ranges) == 1 {
				return breaking(r, 200, "01234", 10), nil
			}
			return test.goingOn(r), nil
		})), "cdrs", gcs.Options{Tries: 1})
		got, err := read(t, b, objects.Info{Name: "name", Generation: "7"})
		if got != test.content || !errors.Is(err, test.want) {
			t.Errorf("a read that %s: %q, %v; want %q, %v", test.what, got, err, test.content, test.want)
		}
		if diff := cmp.Diff([][]string{{"", "bytes=5-"}, {"7", "7"}}, [][]string{ranges, generations}); diff != "" {
			t.Errorf("a read that %s asks for (-want +got):\n%s", test.what, diff)
		}
	}
}

func TestAReadWhoseContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) { return breaking(r, 200, "01234", 10), nil })), "cdrs", quick)
	r, err := b.OpenRange(ctx, "name", "7", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := r.Read(make([]byte, 5)); !errors.Is(err, context.Canceled) || kindOf(err) != "none of them" {
		t.Errorf("error %v, want only that the context was cancelled", err)
	}
}
