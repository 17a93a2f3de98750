// Package storetest holds every documents.Store to the one contract. It
// assumes nothing that only one implementation does: transactions may run
// concurrently and more than once, and a busy store may say ErrTransient.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
)

// Model is the model that the stores under test are opened with.
func Model() documents.Model {
	return documents.Model{
		Collections: []string{"items", "plain"},
		Queries: []documents.Declaration{
			{Name: "all", Collection: "items"},
			{Name: "by_owner", Collection: "items", Equal: []string{"owner"}},
			{Name: "by_size", Collection: "items", Range: "size"},
			{Name: "by_owner_name", Collection: "items", Equal: []string{"owner"}, Range: "name"},
			{Name: "by_owner_live_at", Collection: "items", Equal: []string{"owner", "live"}, Range: "at"},
		},
	}
}

// Run runs the suite. Open returns an empty store of Model, apart from all
// that it returned before, and sees to its closing (t.Cleanup).
func Run(t *testing.T, open func(t *testing.T) documents.Store) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s documents.Store)
	}{
		{"what is created is read", testCreate},
		{"many are read in order", testGetMany},
		{"one of many creators wins", testConcurrentCreate},
		{"replace and delete need the version", testVersions},
		{"no version comes back", testVersionsNeverRepeat},
		{"bad calls are refused", testRefused},
		{"a cancelled context stops every call", testCancelled},
		{"values come back exactly", testValues},
		{"values that no store keeps are refused", testBadValues},
		{"a document has a limit", testDocumentLimit},
		{"queries select and sort", testQueries},
		{"strings sort as bytes", testStringOrder},
		{"types sort and bounds hold to theirs", testMixedTypes},
		{"queries follow every write", testQueryFollowsWrites},
		{"pages lead to the end", testPages},
		{"undeclared queries are refused", testQueryRefused},
		{"a transaction is all or nothing", testTxAtomic},
		{"a transaction reads, then writes", testTxRules},
		{"a transaction has limits", testTxLimits},
		{"no update is lost", testTxNoLostUpdate},
		{"no two transactions break what they read", testTxNoWriteSkew},
		{"bulk create can be repeated", testBulkCreate},
		{"namespaces are apart", testNamespaces},
		{"import brings back an export", testExportImport},
		{"a bad import is refused", testImportRefused},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func item(id string) documents.Path { return documents.Path{Collection: "items", ID: id} }

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func create(t *testing.T, s documents.Store, id string, f documents.Fields) documents.Version {
	t.Helper()
	return must[documents.Version](t)(s.Create(t.Context(), item(id), f))
}

func get(t *testing.T, s documents.Store, id string) documents.Doc {
	t.Helper()
	return must[documents.Doc](t)(s.Get(t.Context(), item(id)))
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func wantFields(t *testing.T, got, want documents.Fields) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields differ (-want +got):\n%s", diff)
	}
}

// wantIDs checks that a query gives these documents, and Count their number.
func wantIDs(t *testing.T, s documents.Store, q documents.Query, want ...string) {
	t.Helper()
	q.Limit = documents.MaxPage
	page, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got := ids(page.Docs)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("query %s %v from %v to %v: %q, want %q", q.Name, q.Equal, q.From, q.To, got, want)
	}
	if page.Cursor != "" {
		t.Errorf("query %s: a cursor on the last page", q.Name)
	}
	q.Limit = 0
	if n, err := s.Count(t.Context(), q); err != nil || n != int64(len(want)) {
		t.Errorf("count %s: %d, %v, want %d", q.Name, n, err, len(want))
	}
}

func ids(docs []documents.Doc) []string {
	out := []string{}
	for _, d := range docs {
		out = append(out, d.Path.ID)
	}
	return out
}

// retry repeats a call that a busy store turned away.
func retry(call func() error) error {
	var err error
	for range 100 {
		if err = call(); !errors.Is(err, documents.ErrTransient) {
			return err
		}
	}
	return err
}

// together runs f(0) to f(n-1) concurrently and returns their errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	done := make(chan struct{})
	for i := range n {
		go func() {
			defer func() { done <- struct{}{} }()
			errs[i] = f(i)
		}()
	}
	for range n {
		<-done
	}
	return errs
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(fmt.Sprintf("storetest: instant %q: %v", s, err))
	}
	return t
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
