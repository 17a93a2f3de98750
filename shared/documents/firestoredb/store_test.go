package firestoredb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/firestoredb"
	"github.com/tollbook/tollbook/shared/documents/storetest"
)

func export(t *testing.T, s documents.Store) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestMovesBetweenStores: what one store exports the other imports, and
// exports again byte for byte.
func TestMovesBetweenStores(t *testing.T) {
	bolt, err := documents.OpenBolt(filepath.Join(t.TempDir(), "db"), storetest.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bolt.Close(); err != nil {
			t.Error(err)
		}
	})
	var docs []documents.Doc
	for i := range 350 { // more than a page of an export and a commit of an import
		docs = append(docs, documents.Doc{Path: item(documents.ID(fmt.Sprint(i), "ü/")), Fields: documents.Fields{
			"size": int64(i), "_replaces": "mine", "_replaces_": []byte{1}, "a.b`\\": nil, "m": map[string]any{"_replaces": []any{}},
		}})
	}
	docs = append(docs, documents.Doc{Path: documents.Path{Collection: "plain", ID: "x"}})
	if err := bolt.BulkCreate(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	want := export(t, bolt)
	s := open(t, newProject())
	if err := s.Import(t.Context(), bytes.NewBufferString(want)); err != nil {
		t.Fatal(err)
	}
	got := export(t, s)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("from bbolt to Firestore (-want +got):\n%s", diff)
	}
	back := bolt.Namespace("back")
	if err := back.Import(t.Context(), bytes.NewBufferString(got)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, export(t, back)); diff != "" {
		t.Errorf("and back (-want +got):\n%s", diff)
	}
}

// TestExportIsOfOneInstant: what is written while an export runs is not in it.
func TestExportIsOfOneInstant(t *testing.T) {
	s, w := openWire(t)
	var docs []documents.Doc
	for i := range 150 {
		docs = append(docs, documents.Doc{Path: item(fmt.Sprintf("%03d", i))})
	}
	if err := s.BulkCreate(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	want := export(t, s)
	queries := 0
	w.fault = func(call string, pass func() error, _ any) error {
		if call == "RunQuery" {
			queries++
		}
		if call == "RunQuery" && queries == 2 {
			mustCreate(t, s, "zzz", nil)
			if _, err := s.Create(t.Context(), documents.Path{Collection: "plain", ID: "x"}, nil); err != nil {
				t.Error(err)
			}
		}
		return pass()
	}
	if diff := cmp.Diff(want, export(t, s)); diff != "" || queries < 2 {
		t.Errorf("after %d queries (-want +got):\n%s", queries, diff)
	}
}

// TestVersionsOfQuickWrites: writes as fast as one client makes them, of the
// same content, never give a version again.
func TestVersionsOfQuickWrites(t *testing.T) {
	s := open(t, newProject())
	seen := map[documents.Version]int{}
	note := func(n int, v documents.Version) {
		if before, again := seen[v]; again {
			t.Fatalf("write %d has the version %s of write %d", n, v, before)
		}
		seen[v] = n
	}
	for n := range 100 {
		v := mustCreate(t, s, "a", nil)
		note(n, v)
		v, err := s.Replace(t.Context(), item("a"), nil, v)
		if err != nil {
			t.Fatal(err)
		}
		note(n, v)
		if err := s.Delete(t.Context(), item("a"), v); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVersionThatNoStoreGave: it is the version of no document.
func TestVersionThatNoStoreGave(t *testing.T) {
	s := open(t, newProject())
	mustCreate(t, s, "a", nil)
	for _, v := range []documents.Version{"1", "x", "2026-11-01", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00.10Z"} {
		if _, err := s.Replace(t.Context(), item("a"), nil, v); !errors.Is(err, documents.ErrConflict) {
			t.Errorf("replace version %s: %v, want ErrConflict", v, err)
		}
		if err := s.Delete(t.Context(), item("b"), v); !errors.Is(err, documents.ErrNotFound) {
			t.Errorf("delete of nothing, version %s: %v, want ErrNotFound", v, err)
		}
	}
}

// TestNamesThatAreQuoted: every name that a model may use can be queried.
func TestNamesThatAreQuoted(t *testing.T) {
	s, err := firestoredb.Open(t.Context(), newProject(), documents.Model{
		Collections: []string{"0-items"},
		Queries:     []documents.Declaration{{Name: "q", Collection: "0-items", Equal: []string{"1-a", "true"}, Range: "b_-c"}},
	}, firestoredb.Emulator(emulator.Address(t)), firestoredb.Database("other"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		p := documents.Path{Collection: "0-items", ID: fmt.Sprint(i)}
		if _, err := s.Namespace("1-n").Create(t.Context(), p, documents.Fields{"1-a": "x", "true": false, "b_-c": int64(-i)}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Namespace("1-n").Query(t.Context(), documents.Query{Name: "q", Equal: map[string]any{"1-a": "x", "true": false}, From: int64(-1), Limit: 1})
	if err != nil || len(page.Docs) != 1 || page.Docs[0].Path.ID != "1" || page.Cursor == "" {
		t.Errorf("%+v, %v, want document 1 and a cursor", page, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestContendedCounter: increments by many at once, with nothing but the
// store's own repetitions.
func TestContendedCounter(t *testing.T) {
	s := open(t, newProject())
	mustCreate(t, s, "counter", documents.Fields{"n": int64(0)})
	const writers, rounds = 3, 3
	done := make(chan error)
	for i := range writers {
		go func() {
			var err error
			for n := 0; n < rounds && err == nil; n++ {
				runs := 0
				err = increment(context.Background(), s, documents.ID(fmt.Sprint(i), fmt.Sprint(n)), &runs)
			}
			done <- err
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	wantCounter(t, s, writers*rounds)
}

func TestOpenRefuses(t *testing.T) {
	for name, open := range map[string]func() error{
		"bad model": func() error {
			_, err := firestoredb.Open(t.Context(), "p", documents.Model{Collections: []string{"a/b"}}, firestoredb.Emulator("127.0.0.1:1"))
			return err
		},
		"no project": func() error {
			_, err := firestoredb.Open(t.Context(), "", documents.Model{}, firestoredb.Emulator("127.0.0.1:1"))
			return err
		},
	} {
		if err := open(); !errors.Is(err, documents.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}
