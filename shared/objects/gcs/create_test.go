package gcs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/objects/gcs"
)

// large is content of five chunks and a bit.
var large = strings.Repeat("0123456789abcdef", 5<<14+1)

// openVia opens a bucket in a fake whose every upload request goes through via.
func openVia(t *testing.T, upload func(fake http.RoundTripper, r *http.Request) (*http.Response, error)) (*gcs.Bucket, *fakestorage.Server) {
	t.Helper()
	fake := newFake(t)
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "cdrs"})
	transport := fake.HTTPClient().Transport
	return gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet {
			return transport.RoundTrip(r)
		}
		return upload(transport, r)
	})), "cdrs", quick), fake
}

// put makes another's object in the fake.
func put(fake *fakestorage.Server, content string) {
	fake.CreateObject(fakestorage.Object{
		ObjectAttrs: fakestorage.ObjectAttrs{BucketName: "cdrs", Name: "name"}, Content: []byte(content),
	})
}

func TestACreateWhoseAnswerIsLost(t *testing.T) {
	uploads := 0
	b, _ := openVia(t, func(fake http.RoundTripper, r *http.Request) (*http.Response, error) {
		uploads++
		a, err := fake.RoundTrip(r)
		if err == nil && uploads == 1 {
			return nil, errReset
		}
		return a, err
	})
	info := create(t, b, "name", "mine")
	if got, err := read(t, b, info); got != "mine" || err != nil {
		t.Errorf("the object: %q, %v", got, err)
	}
	live, err := b.Stat(t.Context(), "name")
	if diff := cmp.Diff(live, info); diff != "" || err != nil {
		t.Errorf("Create returned other than Stat: %v\n%s", err, diff)
	}
	if uploads != 2 {
		t.Errorf("%d uploads, want 2", uploads)
	}
	if _, err := b.Create(t.Context(), "name", strings.NewReader("mine")); !errors.Is(err, objects.ErrExists) {
		t.Errorf("the same again, which meets no failure: error %v, want ErrExists", err)
	}
}

func TestACreateThatIsRepeatedAndMeetsAnother(t *testing.T) {
	for _, other := range []string{"", "yours", "mini", "mine and more"} {
		var theirs *fakestorage.Server
		uploads := 0
		b, fake := openVia(t, func(fake http.RoundTripper, r *http.Request) (*http.Response, error) {
			if uploads++; uploads == 1 {
				put(theirs, other)
				return failure(r, 503, "busy"), nil
			}
			return fake.RoundTrip(r)
		})
		theirs = fake
		if _, err := b.Create(t.Context(), "name", strings.NewReader("mine")); !errors.Is(err, objects.ErrExists) {
			t.Errorf("an object %q is there: error %v, want ErrExists", other, err)
		}
	}
}

// A session of which the last answer was lost answers its object when asked
// again; the fake has forgotten it, as Cloud Storage has after a week.
func TestALargeCreateWhoseLastAnswerIsLost(t *testing.T) {
	for what, forgets := range map[string]bool{"remembered": false, "forgotten": true} {
		var last []byte
		b, _ := openVia(t, func(fake http.RoundTripper, r *http.Request) (*http.Response, error) {
			final := strings.HasSuffix(r.Header.Get("Content-Range"), "/1310736")
			if final && last != nil && !forgets {
				return answer(r, 200, string(last)), nil
			}
			a, err := fake.RoundTrip(r)
			if err != nil || !final || last != nil {
				return a, err
			}
			last, err = io.ReadAll(a.Body)
			return nil, errors.Join(err, errReset)
		})
		info, err := b.Create(t.Context(), "name", strings.NewReader(large))
		switch {
		case forgets && !errors.Is(err, objects.ErrTransient):
			t.Errorf("%s: error %v, want ErrTransient", what, err)
		case !forgets && err != nil:
			t.Errorf("%s: %v", what, err)
		case !forgets:
			if got, err := read(t, b, info); got != large || err != nil {
				t.Errorf("%s: %d bytes, %v", what, len(got), err)
			}
		}
	}
}

// counting counts what was read of it.
type counting struct {
	io.Reader
	n atomic.Int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func TestALargeCreateIsSentInChunksAndNotHeld(t *testing.T) {
	content := &counting{Reader: strings.NewReader(large)}
	var chunks []int
	held, sent := 0, 0
	b, _ := openVia(t, func(fake http.RoundTripper, r *http.Request) (*http.Response, error) {
		if r.Header.Get("Content-Range") != "" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			held = max(held, int(content.n.Load())-sent)
			chunks, sent = append(chunks, len(body)), sent+len(body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return fake.RoundTrip(r)
	})
	info, err := b.Create(t.Context(), "name", content)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append(slices.Repeat([]int{256 << 10}, 5), 16), chunks); diff != "" {
		t.Errorf("the chunks (-want +got):\n%s", diff)
	}
	if held > 3*256<<10 { // a chunk, and the reader's buffer on both sides of a pipe
		t.Errorf("%d bytes were held at once", held)
	}
	if got, err := read(t, b, info); got != large || err != nil {
		t.Errorf("%d bytes read, %v", len(got), err)
	}
}

func TestEachChunkHasItsOwnTries(t *testing.T) {
	requests := 0
	b, _ := openVia(t, func(fake http.RoundTripper, r *http.Request) (*http.Response, error) {
		if requests++; requests%quick.Tries != 0 {
			return failure(r, 503, "busy"), nil
		}
		return fake.RoundTrip(r)
	})
	info := create(t, b, "name", large)
	if got, err := read(t, b, info); got != large || err != nil {
		t.Errorf("%d bytes read, %v", len(got), err)
	}
	if want := 7 * quick.Tries; requests != want { // a session and six chunks
		t.Errorf("%d requests, want %d", requests, want)
	}
}

// finishing reports whether a request would make the object.
func finishing(r *http.Request) bool {
	at := r.Header.Get("Content-Range")
	return r.URL.Query().Get("uploadType") == "multipart" || at != "" && !strings.HasSuffix(at, "/*")
}

// What goes on behind a Create that has returned is waited for; it may not last.
func TestBrokenContentIsNeverFinished(t *testing.T) {
	dead := errors.New("the line went dead")
	for what, good := range map[string]int{"at once": 0, "in the first bytes": 10, "after a chunk": 256 << 10, "after four": 4*256<<10 + 1} {
		synctest.Test(t, func(t *testing.T) {
			b, _ := openVia(t, func(fake http.RoundTripper, r *http.Request) (*http.Response, error) {
				if finishing(r) {
					t.Errorf("content that breaks %s was finished: %s %s", what, r.URL, r.Header.Get("Content-Range"))
				}
				return fake.RoundTrip(r)
			})
			_, err := b.Create(context.WithoutCancel(t.Context()), "name", io.MultiReader(strings.NewReader(large[:good]), iotest.ErrReader(dead)))
			if !errors.Is(err, dead) || kindOf(err) != "none of them" {
				t.Errorf("content that breaks %s: error %v, want its own", what, err)
			}
			synctest.Wait()
			if _, err := b.Stat(t.Context(), "name"); !errors.Is(err, objects.ErrNotFound) {
				t.Errorf("content that breaks %s, Stat afterwards: error %v, want ErrNotFound", what, err)
			}
		})
	}
}

func TestAContextThatEndsDuringAnUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b, _ := openVia(t, func(fake http.RoundTripper, r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.Header.Get("Content-Range"), "bytes 262144-") {
				cancel()
				return nil, ctx.Err()
			}
			if finishing(r) {
				t.Error("it was finished all the same")
			}
			return fake.RoundTrip(r)
		})
		_, err := b.Create(ctx, "name", strings.NewReader(large))
		if !errors.Is(err, context.Canceled) || kindOf(err) != "none of them" {
			t.Errorf("error %v, want only that the context was cancelled", err)
		}
		synctest.Wait()
	})
}

// The time here is that of the test: a thousand tries would take hours.
func TestADeadlineEndsTheTries(t *testing.T) {
	for call, do := range calls {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			b := gcs.Open(newClient(t, via(func(r *http.Request) (*http.Response, error) { return failure(r, 503, "busy"), nil })), "cdrs",
				gcs.Options{Tries: 1000, Pause: time.Second})
			if err := do(ctx, b); !errors.Is(err, context.DeadlineExceeded) || kindOf(err) != "none of them" {
				t.Errorf("%s: error %v, want only that the time is over", call, err)
			}
		})
	}
}
