package events

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var instant = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// aFile is an object that came, as a handler sees it.
func aFile() ObjectFinalized {
	return ObjectFinalized{Bucket: "cdrs", Name: "main/a.csv", Generation: "1793578207119045", Size: 12, At: instant}
}

// golden reads headers, a blank line and a body.
func golden(t testing.TB, name string) (http.Header, []byte) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(bytes.NewReader(data))
	header, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return http.Header(header), body
}

// buffer is what was logged.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// door is a function on a server of its own.
type door struct {
	*httptest.Server
	logged *buffer
	done   chan struct{} // a request's handler has returned
	mu     sync.Mutex
	came   []ObjectFinalized
}

// open serves an adapter whose handler does what the test says with files that
// are not main/a.csv, and takes that one.
func open(t *testing.T, config Config, handle func(context.Context, ObjectFinalized) error) *door {
	t.Helper()
	d := &door{logged: &buffer{}, done: make(chan struct{}, 1000)}
	config.Log = slog.New(slog.NewTextHandler(d.logged, nil))
	if config.Verifier == nil {
		config.Verifier = Open{}
	}
	h, err := New(config, Router{ObjectFinalized: func(ctx context.Context, f ObjectFinalized) error {
		if f.Name != aFile().Name {
			return handle(ctx, f)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.came = append(d.came, f)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { d.done <- struct{}{} }()
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

// request is the good one, unless changed.
func (d *door) request(t *testing.T, change func(*ObjectFinalized)) *http.Request {
	t.Helper()
	f := aFile()
	if change != nil {
		change(&f)
	}
	return toRequest(t, d.URL, f)
}

func toRequest(t testing.TB, url string, f ObjectFinalized) *http.Request {
	t.Helper()
	e, err := NewObjectFinalized(f)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, url, e)
}

// answer sends a request and returns its status.
func (d *door) answer(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	response, err := d.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response
}

// good sends the good one and fails if it is not taken.
func (d *door) good(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	before := len(d.came)
	d.mu.Unlock()
	r := d.request(t, nil)
	r.Header.Set("Authorization", "Bearer good")
	if got := d.answer(t, r).StatusCode; got != http.StatusNoContent {
		t.Errorf("the next good event is answered %d\n%s", got, d.logged)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.came) != before+1 {
		t.Errorf("the next good event came %d times", len(d.came)-before)
	}
}
