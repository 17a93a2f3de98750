package storetest

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
)

func testValues(t *testing.T, s documents.Store) {
	kathmandu := time.FixedZone("", 5*3600+45*60)
	f := documents.Fields{
		"text": "ä\x00\"\\\u2028<&>\n", "empty": "", "none": nil, "yes": true, "no": false,
		"min": int64(math.MinInt64), "max": int64(math.MaxInt64), "above a float": int64(1<<53 + 1),
		"at":    instant("2026-11-01T05:45:00.0000015+05:45").In(kathmandu),
		"below": instant("2026-11-01T00:00:00.000001499Z"), "first": time.Time{},
		"last":  instant("9999-12-31T23:59:59.999999Z"),
		"bytes": []byte{0, 255, '\n'}, "no bytes": []byte{}, "empty list": []any{}, "empty map": map[string]any{},
		"list": []any{"a", int64(1), nil, []byte{7}, instant("2026-01-01T00:00:00Z"), map[string]any{"in": []any{int64(2)}}},
		"map":  map[string]any{"map": map[string]any{"time": "2026", "bytes": map[string]any{}}, "a.b/ü": int64(3)},
		"name": "a\x00b", "owner": "o",
	}
	create(t, s, "a", f)
	f["at"] = instant("2026-11-01T00:00:00.000002Z")
	f["below"] = instant("2026-11-01T00:00:00.000001Z")
	got := get(t, s, "a").Fields
	wantFields(t, got, f)
	if zone, _ := got["at"].(time.Time).Zone(); zone != "UTC" {
		t.Errorf("the instant came back in zone %q, want UTC", zone)
	}
	page := must[documents.Page](t)(s.Query(t.Context(), documents.Query{Name: "all", Limit: 1}))
	wantFields(t, page.Docs[0].Fields, f)

	deepest := documents.Fields{"v": deep(documents.MaxDepth - 1)}
	create(t, s, "deep", deepest)
	wantFields(t, get(t, s, "deep").Fields, deepest)
}

// deep returns n maps in one another.
func deep(n int) any {
	var v any = "bottom"
	for range n {
		v = map[string]any{"v": v}
	}
	return v
}

func testBadValues(t *testing.T, s documents.Store) {
	cyclic := map[string]any{}
	cyclic["v"] = cyclic
	create(t, s, "a", nil)
	for name, v := range map[string]any{
		"float64": 1.5, "float32": float32(1), "int": 1, "uint64": uint64(1), "[]string": []string{"a"},
		"struct": struct{}{}, "pointer": new(int64), "Fields": documents.Fields{}, "channel": make(chan int),
		"text that is not UTF-8": "\xff", "float in a list": []any{1.5}, "float in a map": map[string]any{"f": 1.5},
		"list in a list": []any{[]any{}}, "too deep": deep(documents.MaxDepth), "cyclic": cyclic,
		"year 10000": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "year 0": time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		"rounds to the year 10000": instant("9999-12-31T23:59:59.9999995Z"),
		"empty key":                map[string]any{"": nil}, "reserved key": map[string]any{"__a__": nil},
		"long key":              map[string]any{strings.Repeat("a", documents.MaxField+1): nil},
		"key that is not UTF-8": map[string]any{"\xff": nil},
	} {
		wantBadFields(t, s, name, documents.Fields{"v": v})
	}
	wantBadFields(t, s, "empty field name", documents.Fields{"": nil})
	wantBadFields(t, s, "reserved field name", documents.Fields{"__name__": "a"})
	for name, v := range map[string]any{
		"nil": nil, "bytes": []byte("a"), "list": []any{}, "map": map[string]any{},
		"long string": strings.Repeat("a", documents.MaxIndexed+1),
	} {
		wantBadFields(t, s, name+" in a field of a query", documents.Fields{"size": v})
	}
	create(t, s, "b", documents.Fields{"size": strings.Repeat("a", documents.MaxIndexed)})
	wantFields(t, get(t, s, "a").Fields, documents.Fields{})
}

// wantBadFields checks that no way of writing takes the fields.
func wantBadFields(t *testing.T, s documents.Store, name string, f documents.Fields) {
	t.Helper()
	_, err := s.Create(t.Context(), item("new"), f)
	wantErr(t, name+": create", err, documents.ErrInvalid)
	_, err = s.Replace(t.Context(), item("a"), f, get(t, s, "a").Version)
	wantErr(t, name+": replace", err, documents.ErrInvalid)
	err = s.BulkCreate(t.Context(), []documents.Doc{{Path: item("good")}, {Path: item("new"), Fields: f}})
	wantErr(t, name+": bulk create", err, documents.ErrInvalid)
	err = runTx(t, s, func(tx documents.Tx) error { return tx.Create(item("new"), f) })
	wantErr(t, name+": create in a transaction", err, documents.ErrInvalid)
	err = runTx(t, s, func(tx documents.Tx) error {
		if _, err := tx.Get(item("a")); err != nil {
			return err
		}
		return tx.Put(item("a"), f)
	})
	wantErr(t, name+": put", err, documents.ErrInvalid)
}

func testDocumentLimit(t *testing.T, s documents.Store) {
	_, err := s.Create(t.Context(), item("a"), documents.Fields{"v": bytes.Repeat([]byte{1}, documents.MaxDocument)})
	wantErr(t, "bytes over the limit", err, documents.ErrInvalid)
	_, err = s.Create(t.Context(), item("a"), documents.Fields{"v": strings.Repeat("a", documents.MaxDocument)})
	wantErr(t, "text over the limit", err, documents.ErrInvalid)
	// Firestore counts 8 bytes for each number, however few digits it has.
	numbers := make([]any, documents.MaxDocument/8)
	for i := range numbers {
		numbers[i] = int64(0)
	}
	_, err = s.Create(t.Context(), item("a"), documents.Fields{"v": numbers})
	wantErr(t, "numbers over the limit", err, documents.ErrInvalid)

	f := documents.Fields{"v": strings.Repeat("a", documents.MaxDocument-4096)}
	create(t, s, "a", f)
	wantFields(t, get(t, s, "a").Fields, f)
}
