// Package gcstest runs a fake of Cloud Storage in the process of a test.
package gcstest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"google.golang.org/api/option"
)

// New returns a fake with the buckets of these names; it ends with the test.
func New(t testing.TB, buckets ...string) *fakestorage.Server {
	t.Helper()
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Stop)
	for _, name := range buckets {
		fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: name})
	}
	return fake
}

// Client returns a client whose requests go through a transport, such as that
// of a fake.
func Client(t testing.TB, transport http.RoundTripper) *storage.Client {
	t.Helper()
	client, err := storage.NewClient(t.Context(), option.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// Transport takes requests to a fake, and mends what it does unlike Cloud
// Storage.
func Transport(fake *fakestorage.Server) http.RoundTripper {
	return corrected{fake.HTTPClient().Transport}
}

// corrected mends what fake-gcs-server v1.56.1 does unlike Cloud Storage: it
// deletes an object despite the precondition ifGenerationMatch.
type corrected struct{ fake http.RoundTripper }

func (c corrected) RoundTrip(r *http.Request) (*http.Response, error) {
	want := r.URL.Query().Get("ifGenerationMatch")
	if r.Method != http.MethodDelete || want == "" {
		return c.fake.RoundTrip(r)
	}
	get := r.Clone(r.Context())
	get.Method = http.MethodGet
	live, err := c.fake.RoundTrip(get)
	if err != nil {
		return nil, err
	}
	defer live.Body.Close()
	var object struct{ Generation string }
	if err := json.NewDecoder(live.Body).Decode(&object); err != nil {
		return nil, err
	}
	if live.StatusCode == http.StatusOK && object.Generation != want {
		return &http.Response{StatusCode: http.StatusPreconditionFailed, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	}
	return c.fake.RoundTrip(r)
}

// Serve lets a fake listen on this machine and returns the value of
// STORAGE_EMULATOR_HOST that leads there. The fake finds the objects of plain
// requests only under the name of the service.
func Serve(t testing.TB, fake *fakestorage.Server) string {
	t.Helper()
	handler := fake.HTTPHandler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "storage.googleapis.com"
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
