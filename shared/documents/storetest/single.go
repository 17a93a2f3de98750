package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
)

func testCreate(t *testing.T, s documents.Store) {
	_, err := s.Get(t.Context(), item("a"))
	wantErr(t, "get of a missing document", err, documents.ErrNotFound)
	v := create(t, s, "a", documents.Fields{"n": int64(1)})
	doc := get(t, s, "a")
	if doc.Path != item("a") || doc.Version != v || v == "" || !doc.Exists() {
		t.Errorf("got %+v, want items/a with version %q", doc, v)
	}
	wantFields(t, doc.Fields, documents.Fields{"n": int64(1)})

	_, err = s.Create(t.Context(), item("a"), documents.Fields{"n": int64(2)})
	wantErr(t, "create of an existing document", err, documents.ErrExists)
	if again := get(t, s, "a"); !cmp.Equal(again, doc) {
		t.Errorf("the refused create left %+v, want %+v", again, doc)
	}
	other := documents.Path{Collection: "plain", ID: "a"}
	if _, err := s.Create(t.Context(), other, nil); err != nil {
		t.Errorf("the same id in another collection: %v", err)
	}
	empty := must[documents.Doc](t)(s.Get(t.Context(), other))
	if !empty.Exists() || len(empty.Fields) != 0 {
		t.Errorf("a document without fields came back as %+v", empty)
	}
	doc.Fields["n"] = int64(9)
	wantFields(t, get(t, s, "a").Fields, documents.Fields{"n": int64(1)})
}

func testGetMany(t *testing.T, s documents.Store) {
	create(t, s, "a", documents.Fields{"n": int64(1)})
	create(t, s, "b", documents.Fields{"n": int64(2)})
	docs := must[[]documents.Doc](t)(s.GetMany(t.Context(), []documents.Path{item("b"), item("x"), item("a"), item("b")}))
	if got := strings.Join(ids(docs), " "); got != "b x a b" {
		t.Fatalf("got %s, want b x a b", got)
	}
	if docs[1].Exists() || docs[1].Version != "" {
		t.Errorf("the missing document came back as %+v", docs[1])
	}
	for _, i := range []int{0, 2, 3} {
		if !docs[i].Exists() {
			t.Errorf("%s does not exist", docs[i].Path)
		}
	}
	if docs, err := s.GetMany(t.Context(), nil); err != nil || len(docs) != 0 {
		t.Errorf("get of no documents: %v, %v", docs, err)
	}
	many := make([]documents.Path, documents.MaxGetMany+1)
	for i := range many {
		many[i] = item(fmt.Sprint(i))
	}
	if docs, err := s.GetMany(t.Context(), many[1:]); err != nil || len(docs) != documents.MaxGetMany {
		t.Errorf("get of %d documents: %d, %v", documents.MaxGetMany, len(docs), err)
	}
	_, err := s.GetMany(t.Context(), many)
	wantErr(t, "get of too many", err, documents.ErrInvalid)
}

func testConcurrentCreate(t *testing.T, s documents.Store) {
	errs := together(12, func(i int) error {
		return retry(func() error {
			_, err := s.Create(t.Context(), item("once"), documents.Fields{"by": int64(i)})
			return err
		})
	})
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("creators %d and %d both won", winner, i)
		default:
			wantErr(t, fmt.Sprint("creator ", i), err, documents.ErrExists)
		}
	}
	if winner < 0 {
		t.Fatal("no creator won")
	}
	wantFields(t, get(t, s, "once").Fields, documents.Fields{"by": int64(winner)})
}

func testVersions(t *testing.T, s documents.Store) {
	ctx := t.Context()
	_, err := s.Replace(ctx, item("a"), nil, "1")
	wantErr(t, "replace of a missing document", err, documents.ErrNotFound)
	wantErr(t, "delete of a missing document", s.Delete(ctx, item("a"), "1"), documents.ErrNotFound)

	v1 := create(t, s, "a", documents.Fields{"n": int64(1), "gone": true})
	v2 := must[documents.Version](t)(s.Replace(ctx, item("a"), documents.Fields{"n": int64(2)}, v1))
	doc := get(t, s, "a")
	if doc.Version != v2 || v2 == v1 || v2 == "" {
		t.Errorf("version %q after %q, want %q, a new one", doc.Version, v1, v2)
	}
	wantFields(t, doc.Fields, documents.Fields{"n": int64(2)})

	_, err = s.Replace(ctx, item("a"), documents.Fields{"n": int64(3)}, v1)
	wantErr(t, "replace of an old version", err, documents.ErrConflict)
	wantErr(t, "delete of an old version", s.Delete(ctx, item("a"), v1), documents.ErrConflict)
	_, err = s.Replace(ctx, item("a"), nil, "")
	wantErr(t, "replace without a version", err, documents.ErrInvalid)
	wantErr(t, "delete without a version", s.Delete(ctx, item("a"), ""), documents.ErrInvalid)
	if again := get(t, s, "a"); !cmp.Equal(again, doc) {
		t.Errorf("the refused writes left %+v, want %+v", again, doc)
	}
	if err := s.Delete(ctx, item("a"), v2); err != nil {
		t.Fatal(err)
	}
	_, err = s.Get(ctx, item("a"))
	wantErr(t, "get of a deleted document", err, documents.ErrNotFound)
}

func testVersionsNeverRepeat(t *testing.T, s documents.Store) {
	seen := map[documents.Version]bool{}
	note := func(v documents.Version) {
		if seen[v] || v == "" {
			t.Errorf("version %q came back", v)
		}
		seen[v] = true
	}
	same := documents.Fields{"n": int64(1)}
	for range 3 {
		v := create(t, s, "a", same)
		note(v)
		v = must[documents.Version](t)(s.Replace(t.Context(), item("a"), same, v))
		note(v)
		err := s.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
			if _, err := tx.Get(item("a")); err != nil {
				return err
			}
			return tx.Put(item("a"), same)
		})
		if err != nil {
			t.Fatal(err)
		}
		v = get(t, s, "a").Version
		note(v)
		if err := s.Delete(t.Context(), item("a"), v); err != nil {
			t.Fatal(err)
		}
	}
}

func testRefused(t *testing.T, s documents.Store) {
	for _, p := range []documents.Path{
		{}, item(""), item("."), item(".."), item("a/b"), item("__x__"), item("a b"), item("ü"), item("a:"),
		item(strings.Repeat("a", documents.MaxID+1)), {Collection: "nowhere", ID: "a"}, {Collection: "items/a/items", ID: "a"},
	} {
		for call, err := range calls(t.Context(), s, p, "all") {
			if call != "query" && call != "count" && call != "export" {
				wantErr(t, fmt.Sprintf("%s of %.40q", call, p.String()), err, documents.ErrInvalid)
			}
		}
	}
	longest := strings.Repeat("a", documents.MaxID)
	create(t, s, longest, nil)
	create(t, s, documents.ID("a/b c", "", "ü", "__x__"), nil)
	wantIDs(t, s, documents.Query{Name: "all"}, "a%2Fb%20c:%:%C3%BC:__x__", longest)
}

func testCancelled(t *testing.T, s documents.Store) {
	for call, err := range calls(cancelled(t), s, item("a"), "all") {
		wantErr(t, call, err, context.Canceled)
	}
	if n, err := s.Count(t.Context(), documents.Query{Name: "all"}); err != nil || n != 0 {
		t.Errorf("%d documents were written, %v", n, err)
	}
	for _, early := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
			defer cancel()
			if early {
				cancel()
			}
			if err := tx.Create(item("a"), nil); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("create when the context has ended: %v", err)
			}
			return nil
		})
		wantErr(t, "transaction whose context ended", err, context.Canceled)
	}
	wantIDs(t, s, documents.Query{Name: "all"})
}

// calls makes every call that takes a context, on a document or a query.
func calls(ctx context.Context, s documents.Store, p documents.Path, query string) map[string]error {
	errs := map[string]error{}
	_, errs["get"] = s.Get(ctx, p)
	_, errs["get many"] = s.GetMany(ctx, []documents.Path{p})
	_, errs["create"] = s.Create(ctx, p, nil)
	_, errs["replace"] = s.Replace(ctx, p, nil, "1")
	errs["delete"] = s.Delete(ctx, p, "1")
	errs["bulk create"] = s.BulkCreate(ctx, []documents.Doc{{Path: p}})
	_, errs["query"] = s.Query(ctx, documents.Query{Name: query, Limit: 1})
	_, errs["count"] = s.Count(ctx, documents.Query{Name: query})
	errs["export"] = s.Export(ctx, &bytes.Buffer{})
	errs["import"] = s.Import(ctx, strings.NewReader(fmt.Sprintf(`{"collection":%q,"id":%q,"fields":{}}`, p.Collection, p.ID)))
	errs["get in a transaction"] = s.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		_, err := tx.Get(p)
		return err
	})
	errs["create in a transaction"] = s.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		return tx.Create(p, nil)
	})
	return errs
}
