package storetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
)

func testBulkCreate(t *testing.T, s documents.Store) {
	const n = 1203 // more than one commit of any implementation
	v := create(t, s, "0005", documents.Fields{"kept": true})
	var docs []documents.Doc
	for i := range n {
		docs = append(docs, documents.Doc{Path: item(fmt.Sprintf("%04d", i)), Fields: documents.Fields{"size": int64(i)}})
	}
	for range 2 {
		if err := s.BulkCreate(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
	}
	if doc := get(t, s, "0005"); doc.Version != v || doc.Fields["kept"] != true {
		t.Errorf("bulk create changed an existing document to %+v", doc)
	}
	for query, want := range map[string]int64{"all": n, "by_size": n - 1} {
		if got, err := s.Count(t.Context(), documents.Query{Name: query}); err != nil || got != want {
			t.Errorf("%s: %d documents, %v, want %d", query, got, err, want)
		}
	}
	wantFields(t, get(t, s, "1202").Fields, documents.Fields{"size": int64(1202)})
	if err := s.BulkCreate(t.Context(), nil); err != nil {
		t.Errorf("bulk create of nothing: %v", err)
	}
}

func testNamespaces(t *testing.T, s documents.Store) {
	a, b, ab := s.Namespace("a"), s.Namespace("b"), s.Namespace("a").Namespace("b")
	spaces := map[string]documents.Store{"": s, "a": a, "b": b, "a/b": ab}
	for name, space := range spaces {
		create(t, space, "same", documents.Fields{"owner": name, "size": int64(len(name))})
	}
	for name, space := range spaces {
		wantIDs(t, space, documents.Query{Name: "all"}, "same")
		wantIDs(t, space, documents.Query{Name: "by_owner", Equal: map[string]any{"owner": name}}, "same")
		wantFields(t, get(t, space, "same").Fields, documents.Fields{"owner": name, "size": int64(len(name))})
		var out bytes.Buffer
		if err := space.Export(t.Context(), &out); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("namespace %q exports %q, %v, want its own document", name, out.String(), err)
		}
	}
	if err := a.RunTx(t.Context(), func(_ context.Context, tx documents.Tx) error {
		if _, err := tx.Get(item("same")); err != nil {
			return err
		}
		return tx.Delete(item("same"))
	}); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, s.Namespace("a"), documents.Query{Name: "all"})
	wantIDs(t, ab, documents.Query{Name: "all"}, "same")
	wantIDs(t, s, documents.Query{Name: "all"}, "same")

	if err := a.Close(); err != nil {
		t.Errorf("close of a namespace: %v", err)
	}
	get(t, s, "same")
	for _, name := range []string{"", ".", "a/b", "a.b", "__a__", "_a", "-a", "a b", "ü", "a\x00b", strings.Repeat("a", 65)} {
		for call, err := range calls(t.Context(), s.Namespace(name).Namespace("good"), item("x"), "all") {
			wantErr(t, fmt.Sprintf("%s in namespace %q", call, name), err, documents.ErrInvalid)
		}
	}
}

func testExportImport(t *testing.T, s documents.Store) {
	var empty bytes.Buffer
	if err := s.Export(t.Context(), &empty); err != nil || empty.Len() != 0 {
		t.Errorf("an empty store exports %q, %v", empty.String(), err)
	}
	create(t, s, "b", documents.Fields{"z": "<\u2028\x01>", "a": int64(1<<63 - 1), "list": []any{nil, map[string]any{"b": []byte{1}}}})
	create(t, s, "a:b", documents.Fields{"at": instant("2026-11-01T00:00:00.000001Z"), "size": int64(4)})
	create(t, s, "a", nil)
	if _, err := s.Create(t.Context(), documents.Path{Collection: "plain", ID: "0"}, documents.Fields{"no": false}); err != nil {
		t.Fatal(err)
	}
	const want = `{"collection":"items","id":"a","fields":{}}
{"collection":"items","id":"a:b","fields":{"at":{"time":"2026-11-01T00:00:00.000001Z"},"size":4}}
{"collection":"items","id":"b","fields":{"a":9223372036854775807,"list":[null,{"map":{"b":{"bytes":"AQ=="}}}],"z":"<` + "\u2028" + `\u0001>"}}
{"collection":"plain","id":"0","fields":{"no":false}}
`
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("exported\n%swant\n%s", out.String(), want)
	}
	other := s.Namespace("copy")
	if err := other.Import(t.Context(), strings.NewReader(out.String())); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "a:b", "b"} {
		wantFields(t, get(t, other, id).Fields, get(t, s, id).Fields)
	}
	wantIDs(t, other, documents.Query{Name: "by_size"}, "a:b")
	var again bytes.Buffer
	if err := other.Export(t.Context(), &again); err != nil || again.String() != want {
		t.Errorf("exported again\n%s%v, want\n%s", again.String(), err, want)
	}
	wantErr(t, "import over existing documents", other.Import(t.Context(), strings.NewReader(want)), documents.ErrExists)
	if err := s.Namespace("none").Import(t.Context(), strings.NewReader("")); err != nil {
		t.Errorf("import of nothing: %v", err)
	}
}

func testImportRefused(t *testing.T, s documents.Store) {
	line := func(fields string) string { return `{"collection":"items","id":"a","fields":` + fields + `}` }
	for name, text := range map[string]string{
		"no JSON": "hello", "blank line": "\n", "cut line": `{"collection":"items","id":"a"`,
		"no fields": `{"collection":"items","id":"a"}`, "null fields": line("null"), "list of fields": line("[]"),
		"unknown collection": `{"collection":"x","id":"a","fields":{}}`, "bad id": `{"collection":"items","id":"a/b","fields":{}}`,
		"another key": `{"collection":"items","id":"a","fields":{},"more":1}`, "spaces": line(`{"a": 1}`),
		"other order": line(`{"b":1,"a":1}`), "key twice": line(`{"a":1,"a":1}`), "two values": line(`{}}{`),
		"float": line(`{"a":1.5}`), "exponent": line(`{"a":1e3}`), "too large a number": line(`{"a":9223372036854775808}`),
		"minus zero": line(`{"a":-0}`), "unknown tag": line(`{"a":{"float":1}}`), "two tags": line(`{"a":{"bytes":"","map":{}}}`),
		"bad time": line(`{"a":{"time":"2026"}}`), "bad bytes": line(`{"a":{"bytes":"?"}}`), "half a character": line(`{"a":"\ud800"}`),
		"not UTF-8": line("{\"a\":\"\xff\"}"), "list in a list": line(`{"a":[[]]}`),
		"list in a query's field": line(`{"size":[]}`), "too long": line(`{"a":"` + strings.Repeat("a", 2*documents.MaxDocument) + `"}`),
	} {
		wantErr(t, name, s.Import(t.Context(), strings.NewReader(text)), documents.ErrInvalid)
	}
	wantIDs(t, s, documents.Query{Name: "all"})
}
