package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
)

func testQueries(t *testing.T, s documents.Store) {
	day := func(n int) any { return instant(fmt.Sprintf("2026-11-%02dT00:00:00Z", n)) }
	for id, f := range map[string]documents.Fields{
		"a": {"owner": "x", "size": int64(30), "name": "b", "live": true, "at": day(3)},
		"b": {"owner": "x", "size": int64(-5), "name": "c", "live": true, "at": day(2)},
		"c": {"owner": "y", "size": int64(30), "name": "a", "live": true, "at": day(1)},
		"d": {"owner": "x", "size": int64(7), "name": "b", "live": false, "at": day(2)},
		"e": {"owner": "x"},
		"f": {"size": int64(0)},
	} {
		create(t, s, id, f)
	}
	if _, err := s.Create(t.Context(), documents.Path{Collection: "plain", ID: "z"}, documents.Fields{"owner": "x"}); err != nil {
		t.Fatal(err)
	}
	type eq = map[string]any
	wantIDs(t, s, documents.Query{Name: "all"}, "a", "b", "c", "d", "e", "f")
	wantIDs(t, s, documents.Query{Name: "by_owner", Equal: eq{"owner": "x"}}, "a", "b", "d", "e")
	wantIDs(t, s, documents.Query{Name: "by_owner", Equal: eq{"owner": "nobody"}})
	wantIDs(t, s, documents.Query{Name: "by_owner", Equal: eq{"owner": int64(1)}})
	wantIDs(t, s, documents.Query{Name: "by_owner", Equal: eq{"owner": ""}})

	wantIDs(t, s, documents.Query{Name: "by_size"}, "b", "f", "d", "a", "c")
	wantIDs(t, s, documents.Query{Name: "by_size", From: int64(0)}, "f", "d", "a", "c")
	wantIDs(t, s, documents.Query{Name: "by_size", To: int64(30)}, "b", "f", "d")
	wantIDs(t, s, documents.Query{Name: "by_size", From: int64(-5), To: int64(7)}, "b", "f")
	wantIDs(t, s, documents.Query{Name: "by_size", From: int64(7), To: int64(7)})
	wantIDs(t, s, documents.Query{Name: "by_size", From: int64(30), To: int64(7)})

	wantIDs(t, s, documents.Query{Name: "by_owner_name", Equal: eq{"owner": "x"}}, "a", "d", "b")
	wantIDs(t, s, documents.Query{Name: "by_owner_name", Equal: eq{"owner": "x"}, From: "b", To: "c"}, "a", "d")
	wantIDs(t, s, documents.Query{Name: "by_owner_name", Equal: eq{"owner": "x"}, From: "b\x00"}, "b")

	live := eq{"owner": "x", "live": true}
	wantIDs(t, s, documents.Query{Name: "by_owner_live_at", Equal: live}, "b", "a")
	wantIDs(t, s, documents.Query{Name: "by_owner_live_at", Equal: live, From: day(2), To: day(3)}, "b")
	wantIDs(t, s, documents.Query{Name: "by_owner_live_at", Equal: eq{"owner": "x", "live": false}}, "d")
}

func testStringOrder(t *testing.T, s documents.Store) {
	names := []string{"", "\x00", "\x00\x00", "\x00a", "\x01", "A", "a", "a\x00", "a\x00\x00", "a\x00b", "a\x01", "aa", "ab", "b", "ä", "\uffff", "\U0001f4de"}
	for i, name := range names {
		create(t, s, fmt.Sprintf("%02d", len(names)-i), documents.Fields{"owner": "o\x00", "name": name})
		create(t, s, fmt.Sprintf("other%02d", i), documents.Fields{"owner": "o", "name": name})
	}
	q := documents.Query{Name: "by_owner_name", Equal: map[string]any{"owner": "o\x00"}}
	want := []string{}
	for i := range names {
		want = append(want, fmt.Sprintf("%02d", len(names)-i))
	}
	wantIDs(t, s, q, want...)
	for i, from := range names {
		for j := i; j < len(names); j++ {
			q.From, q.To = from, names[j]
			wantIDs(t, s, q, want[i:j]...)
		}
	}
}

func testMixedTypes(t *testing.T, s documents.Store) {
	values := []any{false, true, int64(-1 << 63), int64(-1), int64(0), int64(1<<63 - 1),
		instant("0001-01-01T00:00:00Z"), instant("1969-12-31T23:59:59.999999Z"), instant("2026-11-01T00:00:00Z"), "", "1"}
	want := []string{}
	for i, v := range values {
		id := fmt.Sprintf("%02d", len(values)-i)
		want = append(want, id)
		create(t, s, id, documents.Fields{"size": v})
	}
	q := func(from, to any) documents.Query { return documents.Query{Name: "by_size", From: from, To: to} }
	wantIDs(t, s, q(nil, nil), want...)
	wantIDs(t, s, q(true, nil), want[1])
	wantIDs(t, s, q(nil, true), want[0])
	wantIDs(t, s, q(int64(-1), nil), want[3:6]...)
	wantIDs(t, s, q(nil, int64(0)), want[2:4]...)
	wantIDs(t, s, q(values[7], nil), want[7:9]...)
	wantIDs(t, s, q(nil, values[8]), want[6:8]...)
	wantIDs(t, s, q("", nil), want[9:]...)
	wantIDs(t, s, q(nil, "1"), want[9])
	// A bound is rounded as the stored values are.
	wantIDs(t, s, q(instant("2026-11-01T00:00:00.0000004Z"), nil), want[8])
}

func testQueryFollowsWrites(t *testing.T, s documents.Store) {
	q := documents.Query{Name: "by_size"}
	v := create(t, s, "a", documents.Fields{"size": int64(1)})
	create(t, s, "b", documents.Fields{"size": int64(2)})
	wantIDs(t, s, q, "a", "b")
	v = must[documents.Version](t)(s.Replace(t.Context(), item("a"), documents.Fields{"size": int64(3)}, v))
	wantIDs(t, s, q, "b", "a")
	must[documents.Version](t)(s.Replace(t.Context(), item("a"), documents.Fields{"other": int64(3)}, v))
	wantIDs(t, s, q, "b")
	put := func(f documents.Fields) {
		t.Helper()
		if err := runTx(t, s, func(tx documents.Tx) error {
			if _, err := tx.Get(item("a")); err != nil {
				return err
			}
			if f == nil {
				return tx.Delete(item("a"))
			}
			return tx.Put(item("a"), f)
		}); err != nil {
			t.Fatal(err)
		}
	}
	put(documents.Fields{"size": int64(0)})
	wantIDs(t, s, q, "a", "b")
	put(documents.Fields{"size": int64(9)})
	wantIDs(t, s, q, "b", "a")
	put(nil)
	wantIDs(t, s, q, "b")
	if err := s.Delete(t.Context(), item("b"), get(t, s, "b").Version); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, s, q)
	wantIDs(t, s, documents.Query{Name: "all"})
}

func testPages(t *testing.T, s documents.Store) {
	const n = 25
	var docs []documents.Doc
	for i := range n {
		docs = append(docs, documents.Doc{Path: item(fmt.Sprintf("%03d", i)), Fields: documents.Fields{"size": int64(i / 4), "owner": "o"}})
	}
	if err := s.BulkCreate(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	for _, q := range []documents.Query{
		{Name: "all"}, {Name: "by_size"}, {Name: "by_size", From: int64(1), To: int64(5)}, {Name: "by_owner", Equal: map[string]any{"owner": "o"}},
	} {
		q.Limit = documents.MaxPage
		want := ids(must[documents.Page](t)(s.Query(t.Context(), q)).Docs)
		for _, limit := range []int{1, 2, 7, len(want) - 1, len(want)} {
			q.Limit, q.Cursor = limit, ""
			var got []string
			for {
				page := must[documents.Page](t)(s.Query(t.Context(), q))
				got = append(got, ids(page.Docs)...)
				if len(page.Docs) > limit {
					t.Fatalf("%s: a page of %d, want at most %d", q.Name, len(page.Docs), limit)
				}
				if page.Cursor == "" {
					break
				}
				if len(page.Docs) == 0 {
					t.Fatalf("%s: an empty page with a cursor", q.Name)
				}
				q.Cursor = page.Cursor
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s by %d: %q, want %q", q.Name, limit, got, want)
			}
		}
	}

	// A cursor stays good when the documents before, at and after it go.
	q := documents.Query{Name: "by_size", Limit: 10}
	page := must[documents.Page](t)(s.Query(t.Context(), q))
	for _, id := range []string{"000", "009", "010"} {
		if err := s.Delete(t.Context(), item(id), get(t, s, id).Version); err != nil {
			t.Fatal(err)
		}
	}
	q.Cursor, q.Limit = page.Cursor, 3
	if got := strings.Join(ids(must[documents.Page](t)(s.Query(t.Context(), q)).Docs), " "); got != "011 012 013" {
		t.Errorf("after deletes the cursor leads to %s, want 011 012 013", got)
	}
	for name, bad := range map[string]documents.Query{
		"of another query":  {Name: "all", Limit: 1, Cursor: page.Cursor},
		"of other bounds":   {Name: "by_size", From: int64(6), Limit: 1, Cursor: page.Cursor},
		"that is no cursor": {Name: "by_size", Limit: 1, Cursor: "?"},
		"cut short":         {Name: "by_size", Limit: 1, Cursor: page.Cursor[:4]},
	} {
		_, err := s.Query(t.Context(), bad)
		wantErr(t, "cursor "+name, err, documents.ErrInvalid)
	}
}

func testQueryRefused(t *testing.T, s documents.Store) {
	type eq = map[string]any
	for name, q := range map[string]documents.Query{
		"undeclared":                   {Name: "by_weather"},
		"no name":                      {},
		"no value for an equality":     {Name: "by_owner"},
		"value for a wrong field":      {Name: "by_owner", Equal: eq{"size": int64(1)}},
		"an equality too many":         {Name: "by_owner", Equal: eq{"owner": "x", "size": int64(1)}},
		"an equality where none is":    {Name: "by_size", Equal: eq{"owner": "x"}},
		"From without a range field":   {Name: "all", From: "a"},
		"To without a range field":     {Name: "by_owner", Equal: eq{"owner": "x"}, To: "a"},
		"bounds of two types":          {Name: "by_size", From: int64(1), To: "a"},
		"equality to a float":          {Name: "by_owner", Equal: eq{"owner": 1.5}},
		"equality to nil":              {Name: "by_owner", Equal: eq{"owner": nil}},
		"equality to a list":           {Name: "by_owner", Equal: eq{"owner": []any{}}},
		"bound of a wrong kind":        {Name: "by_size", From: 1},
		"upper bound of a wrong kind":  {Name: "by_size", To: []byte("a")},
		"text that is not UTF-8":       {Name: "by_owner", Equal: eq{"owner": "\xff"}},
		"longer than any indexed text": {Name: "by_owner", Equal: eq{"owner": strings.Repeat("a", documents.MaxIndexed+1)}},
	} {
		_, err := s.Count(t.Context(), q)
		wantErr(t, name+": count", err, documents.ErrInvalid)
		q.Limit = 1
		_, err = s.Query(t.Context(), q)
		wantErr(t, name+": query", err, documents.ErrInvalid)
	}
	for _, limit := range []int{-1, 0, documents.MaxPage + 1} {
		_, err := s.Query(t.Context(), documents.Query{Name: "all", Limit: limit})
		wantErr(t, fmt.Sprint("limit ", limit), err, documents.ErrInvalid)
	}
}
