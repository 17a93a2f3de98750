package documents_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/storetest"
)

func TestBoltConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) documents.Store {
		return openBolt(t, filepath.Join(t.TempDir(), "db"), storetest.Model(), documents.NoSync())
	})
}

func openBolt(t *testing.T, path string, m documents.Model, opts ...documents.BoltOption) documents.Store {
	t.Helper()
	s, err := documents.OpenBolt(path, m, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func item(id string) documents.Path { return documents.Path{Collection: "items", ID: id} }

func export(t *testing.T, s documents.Store) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestBoltKeepsWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := openBolt(t, path, storetest.Model())
	v, err := s.Create(t.Context(), item("a"), documents.Fields{"size": int64(1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), item("b"), documents.Fields{"size": int64(0)}); err != nil {
		t.Fatal(err)
	}
	before := export(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), item("a")); !errors.Is(err, documents.ErrInvalid) {
		t.Errorf("get from a closed store: %v, want ErrInvalid", err)
	}
	if _, err := s.Create(t.Context(), item("c"), nil); !errors.Is(err, documents.ErrInvalid) {
		t.Errorf("create in a closed store: %v, want ErrInvalid", err)
	}

	s = openBolt(t, path, storetest.Model())
	if after := export(t, s); after != before {
		t.Errorf("after reopening\n%swant\n%s", after, before)
	}
	page, err := s.Query(t.Context(), documents.Query{Name: "by_size", Limit: 5})
	if err != nil || len(page.Docs) != 2 || page.Docs[1].Version != v {
		t.Errorf("after reopening the query gives %+v, %v, want b and a with version %s", page.Docs, err, v)
	}
	if err := s.Delete(t.Context(), item("a"), v); err != nil {
		t.Fatal(err)
	}
	again, err := s.Create(t.Context(), item("a"), nil)
	if err != nil || again == v {
		t.Errorf("version %s, %v after reopening, want another than %s", again, err, v)
	}
}

// TestBoltFileCopiedMidway opens the bytes that are in the file after each
// write, without Close: what a killed process leaves behind.
func TestBoltFileCopiedMidway(t *testing.T) {
	dir := t.TempDir()
	s := openBolt(t, filepath.Join(dir, "db"), storetest.Model())
	for i := range 5 {
		if _, err := s.Create(t.Context(), item(fmt.Sprint(i)), documents.Fields{"size": int64(i)}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "db"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint("killed", i))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		killed := openBolt(t, path, storetest.Model())
		if got, want := export(t, killed), export(t, s); got != want {
			t.Errorf("after %d writes the file holds\n%swant\n%s", i+1, got, want)
		}
	}
}

func TestBoltOneProcessHoldsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	openBolt(t, path, storetest.Model())
	_, err := documents.OpenBolt(path, storetest.Model())
	if !errors.Is(err, documents.ErrTransient) || !strings.Contains(err.Error(), "another process has it open") {
		t.Errorf("second opening: %v, want ErrTransient that says who has the file", err)
	}
}

func TestBoltRefusesToOpen(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, bytes.Repeat([]byte("no database\n"), 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{other, dir, filepath.Join(dir, "none", "db")} {
		if _, err := documents.OpenBolt(path, storetest.Model()); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
	if _, err := documents.OpenBolt(filepath.Join(dir, "db"), documents.Model{Collections: []string{"a/b"}}); !errors.Is(err, documents.ErrInvalid) {
		t.Errorf("bad model: %v, want ErrInvalid", err)
	}
}

func TestBoltAnotherModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	m := documents.Model{Collections: []string{"items"}}
	with := func(queries ...documents.Declaration) documents.Model {
		return documents.Model{Collections: m.Collections, Queries: queries}
	}
	s := openBolt(t, path, m, documents.NoSync())
	for id, f := range map[string]documents.Fields{"a": {"n": int64(2)}, "b": {"n": int64(1)}, "c": {"list": []any{}}} {
		for _, space := range []documents.Store{s, s.Namespace("other")} {
			if _, err := space.Create(t.Context(), item(id), f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = openBolt(t, path, with(documents.Declaration{Name: "by_n", Collection: "items", Range: "n"}), documents.NoSync())
	for _, space := range []documents.Store{s, s.Namespace("other")} {
		page, err := space.Query(t.Context(), documents.Query{Name: "by_n", Limit: 10})
		if err != nil || len(page.Docs) != 2 || page.Docs[0].Path != item("b") {
			t.Errorf("the new query gives %+v, %v, want b and a", page.Docs, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]documents.Model{
		"a list in a query's field":    with(documents.Declaration{Name: "by_list", Collection: "items", Range: "list"}),
		"a collection that is dropped": {Collections: []string{"others"}},
	} {
		if _, err := documents.OpenBolt(path, bad, documents.NoSync()); !errors.Is(err, documents.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	openBolt(t, path, m, documents.NoSync())
}

func TestModelCheck(t *testing.T) {
	d := func(name, collection, ranged string, equal ...string) documents.Declaration {
		return documents.Declaration{Name: name, Collection: collection, Equal: equal, Range: ranged}
	}
	model := func(d ...documents.Declaration) documents.Model {
		return documents.Model{Collections: []string{"a"}, Queries: d}
	}
	for want, m := range map[string]documents.Model{
		`collection "a" is listed twice`:           {Collections: []string{"a", "a"}},
		`collection "a b": want 1 to 64`:           {Collections: []string{"a b"}},
		`collection "": want 1 to 64`:              {Collections: []string{""}},
		`query "q" is declared twice`:              model(d("q", "a", ""), d("q", "a", "x")),
		`query "": want 1 to 64`:                   model(d("", "a", "")),
		`query "q": collection "b" is not`:         model(d("q", "b", "")),
		`query "q": field "x" is named twice`:      model(d("q", "a", "x", "x")),
		`query "q": field "x.y": want 1 to 64`:     model(d("q", "a", "x.y")),
		`query "q": field "": want 1 to 64`:        model(d("q", "a", "x", "")),
		`query "q": 9 equality fields, want at mo`: model(d("q", "a", "", "1", "2", "3", "4", "5", "6", "7", "8", "9")),
	} {
		if err := m.Check(); !errors.Is(err, documents.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ErrInvalid: %s", err, want)
		}
	}
	if err := model(d("q", "a", "r", "x", "y"), d("all", "a", "")).Check(); err != nil {
		t.Error(err)
	}
}

// TestBoltWriterWaitsForItsTurn: a writer whose context ends while another
// transaction runs gives up instead of waiting for it.
func TestBoltWriterWaitsForItsTurn(t *testing.T) {
	s := openBolt(t, filepath.Join(t.TempDir(), "db"), storetest.Model(), documents.NoSync())
	err := s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
		waiting, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error)
		go func() {
			_, err := s.Create(waiting, item("a"), nil)
			gaveUp <- err
		}()
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Errorf("the waiting writer got %v, want context.Canceled", err)
		}
		return tx.Create(item("b"), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBoltPanicLeavesNothing: a panic in a transaction's function reaches the
// caller, writes nothing, and leaves the store usable.
func TestBoltPanicLeavesNothing(t *testing.T) {
	s := openBolt(t, filepath.Join(t.TempDir(), "db"), storetest.Model(), documents.NoSync())
	func() {
		defer func() {
			if got := recover(); got != "stop" {
				t.Errorf("recovered %v, want the function's panic", got)
			}
		}()
		_ = s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
			if err := tx.Create(item("a"), nil); err != nil {
				t.Error(err)
			}
			panic("stop")
		})
	}()
	if _, err := s.Create(t.Context(), item("a"), nil); err != nil {
		t.Errorf("create after the panic: %v", err)
	}
}

func TestBoltExportOfABrokenWriter(t *testing.T) {
	s := openBolt(t, filepath.Join(t.TempDir(), "db"), storetest.Model(), documents.NoSync())
	if _, err := s.Create(t.Context(), item("a"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Export(t.Context(), brokenWriter{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("export: %v, want the writer's error", err)
	}
	if err := s.Import(t.Context(), brokenWriter{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("import: %v, want the reader's error", err)
	}
	if diff := cmp.Diff("{\"collection\":\"items\",\"id\":\"a\",\"fields\":{}}\n", export(t, s)); diff != "" {
		t.Error(diff)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }
func (brokenWriter) Read([]byte) (int, error)  { return 0, os.ErrClosed }
