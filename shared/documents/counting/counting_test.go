package counting_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/counting"
	"github.com/tollbook/tollbook/shared/documents/storetest"
)

func open(t *testing.T) *counting.Store {
	t.Helper()
	store, err := documents.OpenBolt(filepath.Join(t.TempDir(), "documents.db"), storetest.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return counting.New(store)
}

func TestACountingStoreIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) documents.Store { return open(t) })
}

func TestEveryDocumentReadOrWrittenIsCounted(t *testing.T) {
	s := open(t)
	path := func(id string) documents.Path { return documents.Path{Collection: "items", ID: id} }
	fields := documents.Fields{"owner": "x"}
	var version documents.Version
	for _, step := range []struct {
		name          string
		reads, writes int64
		do            func(ctx context.Context) error
	}{
		{"create", 0, 1, func(ctx context.Context) (err error) { version, err = s.Create(ctx, path("a"), fields); return err }},
		{"replace", 0, 1, func(ctx context.Context) (err error) {
			version, err = s.Replace(ctx, path("a"), fields, version)
			return err
		}},
		{"get", 1, 0, func(ctx context.Context) error { _, err := s.Get(ctx, path("a")); return err }},
		{"get two, one missing", 2, 0, func(ctx context.Context) error {
			_, err := s.GetMany(ctx, []documents.Path{path("a"), path("z")})
			return err
		}},
		{"bulk create", 0, 2, func(ctx context.Context) error {
			return s.BulkCreate(ctx, []documents.Doc{{Path: path("b"), Fields: fields}, {Path: path("c"), Fields: fields}})
		}},
		{"query three", 3, 0, func(ctx context.Context) error {
			_, err := s.Query(ctx, documents.Query{Name: "by_owner", Equal: map[string]any{"owner": "x"}, Limit: 10})
			return err
		}},
		{"query none", 1, 0, func(ctx context.Context) error {
			_, err := s.Query(ctx, documents.Query{Name: "by_owner", Equal: map[string]any{"owner": "y"}, Limit: 10})
			return err
		}},
		{"delete", 0, 1, func(ctx context.Context) error { return s.Delete(ctx, path("a"), version) }},
		{"transaction", 3, 3, func(ctx context.Context) error {
			return s.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
				_, one := tx.Get(path("b"))
				_, many := tx.GetMany([]documents.Path{path("c"), path("d")})
				return errors.Join(one, many, tx.Put(path("b"), fields), tx.Delete(path("c")), tx.Create(path("d"), fields))
			})
		}},
		{"in a namespace", 1, 0, func(ctx context.Context) error {
			_, err := s.Namespace("n").GetMany(ctx, []documents.Path{path("b")})
			return err
		}},
	} {
		reads, writes := s.Reads(), s.Writes()
		if err := step.do(t.Context()); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if r, w := s.Reads()-reads, s.Writes()-writes; r != step.reads || w != step.writes {
			t.Errorf("%s: %d reads and %d writes, want %d and %d", step.name, r, w, step.reads, step.writes)
		}
	}
	if s.Operations() != s.Reads()+s.Writes() {
		t.Errorf("%d operations, want the reads and the writes", s.Operations())
	}
}
