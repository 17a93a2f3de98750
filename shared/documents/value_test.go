package documents

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// FuzzStored: whatever bytes a file holds, they are refused or they are exactly
// what the store would have written for the values that they were read as.
func FuzzStored(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1}`, `{"a":-9223372036854775808,"b":[null,true,{"bytes":"AQ=="}],"c":{"map":{"time":{"time":"2026-11-01T00:00:00.000001Z"}}}}`,
		`{"a":"\u0000\"\\"}`, `{"a":1,"a":2}`, `{"a":1.5}`, `{"a":{"map":{},"bytes":""}}`, `[`, `{"a":"\ud800"}`, `{"a":-0}`,
		`{"a":[[]]}`, `{"a":"\u001F\"ü\\"}`, `{"a":"\u001f"}`, `{"a":{"time":"2026-02-30T00:00:00.000000Z"}}`, `{"a":{"bytes":"AR=="},"b":false}`,
		`{"b":1,"a":2}`, `{"a":1,}`, `{"__a__":1}`, `{"":1}`, `{"a":01}`, `{"a":{"map":{"b":{"map":{}}},"x":1}}`, `{"a":9223372036854775808}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := decodeFields(data)
		if slow, slowErr := slowDecode(data); (err == nil) != (slowErr == nil) || err == nil && !reflect.DeepEqual(fields, slow) {
			t.Fatalf("%q was read as %v, %v; want %v, %v", data, fields, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		again, _, err := encodeFields(Path{}, fields)
		if err == nil && !bytes.Equal(again, data) {
			t.Fatalf("%q was read as %v, which is written %q", data, fields, again)
		}
	})
}

// FuzzImportLine: a line is refused or is exactly what Export writes.
func FuzzImportLine(f *testing.F) {
	for _, s := range []string{
		`{"collection":"items","id":"a","fields":{}}`, `{"collection":"items","id":"a:%C3%BC","fields":{"n":1}}`,
		`{"collection":"items","id":"a"}`, `{"ID":"a","collection":"items","fields":{}}`, `null`, `{"collection":"items","id":"a","fields":null}`,
		`{"collection":"items","id":"a","fields":{},"fields":{}}`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		doc, err := parseLine(line)
		if err != nil {
			return
		}
		data, _, err := encodeFields(doc.Path, doc.Fields)
		if written := appendLine(nil, doc.Path, data); err == nil && !bytes.Equal(written, append(bytes.Clone(line), '\n')) {
			t.Fatalf("%q was read as %+v, which is written %q", line, doc, written)
		}
	})
}

// FuzzCursor: a cursor is refused or leads to a place inside its query.
func FuzzCursor(f *testing.F) {
	r, err := newRules(Model{Collections: []string{"a"}, Queries: []Declaration{{Name: "q", Collection: "a", Range: "n"}}})
	if err != nil {
		f.Fatal(err)
	}
	s, err := r.span("", Query{Name: "q", From: int64(1), To: int64(5)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("", []byte{})
	f.Add(s.cursor(s.start), []byte("x"))
	f.Add(s.cursor(append(bytes.Clone(s.start), "a:b"...)), []byte("x"))
	f.Fuzz(func(t *testing.T, cursor string, rest []byte) {
		for _, c := range []string{cursor, s.cursor(append(bytes.Clone(s.prefix), rest...))} {
			from, err := s.resume(c)
			if err == nil && (bytes.Compare(from, s.start) <= 0 || bytes.Compare(from, s.end) > 0) {
				t.Fatalf("cursor %q leads to %q, outside %q to %q", c, from, s.start, s.end)
			}
			at, err := s.place(c)
			if err != nil {
				continue
			}
			again, err := s.Cursor(Doc{Path: Path{"a", at.ID}, Fields: Fields{"n": at.Value}})
			if err != nil {
				t.Fatalf("cursor %q leads to %v, which has none: %v", c, at, err)
			}
			if next, err := s.resume(again); err != nil || !bytes.Equal(next, from) {
				t.Fatalf("cursor %q leads to %v, which is written %q: %q, %v, want %q", c, at, again, next, err, from)
			}
		}
	})
}

// TestDamagedFile: what bbolt itself does not notice is never handed out as a
// document.
func TestDamagedFile(t *testing.T) {
	m := Model{Collections: []string{"a"}, Queries: []Declaration{{Name: "all", Collection: "a"}}}
	p := Path{"a", "x"}
	for name, damage := range map[string]func(tx *bolt.Tx) error{
		"short value": func(tx *bolt.Tx) error { return tx.Bucket(bucketDocuments).Put(documentKey("", p), []byte("1")) },
		"no JSON": func(tx *bolt.Tx) error {
			return tx.Bucket(bucketDocuments).Put(documentKey("", p), []byte("12345678{"))
		},
		"document gone": func(tx *bolt.Tx) error { return tx.Bucket(bucketDocuments).Delete(documentKey("", p)) },
	} {
		s, err := OpenBolt(filepath.Join(t.TempDir(), "db"), m, NoSync())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Create(t.Context(), p, Fields{"n": int64(1)}); err != nil {
			t.Fatal(err)
		}
		if err := s.(*boltStore).db.Update(damage); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), p); err == nil {
			t.Errorf("%s: get returned a document", name)
		}
		if _, err := s.Query(t.Context(), Query{Name: "all", Limit: 1}); err == nil {
			t.Errorf("%s: query returned a page", name)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUnknownFormat: a file of a later release is not touched.
func TestUnknownFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s, err := OpenBolt(path, Model{}, NoSync())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.(*boltStore).db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(metaFormat, []byte("2")) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBolt(path, Model{Collections: []string{"a"}}, NoSync()); err == nil {
		t.Error("a file of format 2 was opened")
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the refused file was changed, %v", err)
	}
}

// slowDecode reads what encodeFields wrote as any JSON, and writes it again to
// see that it was in the one form.
func slowDecode(data []byte) (Fields, error) {
	raw, err := parseJSON(data)
	if err != nil {
		return nil, err
	}
	object, ok := raw.(map[string]any)
	if !ok {
		return nil, errors.New("document is not a JSON object")
	}
	f, err := untagFields(object)
	if err != nil {
		return nil, err
	}
	var e encoder
	if err := e.fields(f, 1); err != nil {
		return nil, err
	}
	if !bytes.Equal(e.buf, data) {
		return nil, errors.New("document is not in the form that Export writes (sorted, without spaces, no key twice)")
	}
	return f, nil
}

func parseJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("read JSON: more after the end of the value")
	}
	return v, nil
}

func untagFields(object map[string]any) (Fields, error) {
	f := make(Fields, len(object))
	for name, raw := range object {
		v, err := untag(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", clip(name), err)
		}
		f[name] = v
	}
	return f, nil
}

func untag(raw any) (any, error) {
	switch raw := raw.(type) {
	case json.Number:
		return strconv.ParseInt(raw.String(), 10, 64)
	case []any:
		vs := make([]any, len(raw))
		for i := range raw {
			var err error
			if vs[i], err = untag(raw[i]); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return vs, nil
	case map[string]any:
		if object, ok := raw["map"].(map[string]any); ok {
			f, err := untagFields(object)
			return map[string]any(f), err
		}
		if text, ok := raw["time"].(string); ok {
			return time.Parse(timeLayout, text)
		}
		if text, ok := raw["bytes"].(string); ok {
			return base64.StdEncoding.DecodeString(text)
		}
		return nil, errors.New(`JSON object without "map", "time" or "bytes"`)
	default:
		return raw, nil // string, bool, nil
	}
}
