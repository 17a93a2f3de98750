package documents_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/storetest"
	"pgregory.net/rapid"
)

// TestBoltAgainstMap drives the bbolt store and a plain map with the same random
// calls, reopening the file now and then, and compares everything they say.
func TestBoltAgainstMap(t *testing.T) {
	dir, runs := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		m := &machine{path: filepath.Join(dir, fmt.Sprint(runs)), docs: map[key]documents.Doc{}, used: map[documents.Version]bool{}}
		m.open(t)
		t.Repeat(rapid.StateMachineActions(m))
		if err := m.store.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

type key struct{ space, id string }

type machine struct {
	path  string
	store documents.Store
	docs  map[key]documents.Doc
	used  map[documents.Version]bool
}

func (m *machine) open(t *rapid.T) {
	s, err := documents.OpenBolt(m.path, storetest.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	m.store = s
}

func (m *machine) space(name string) documents.Store {
	if name == "" {
		return m.store
	}
	return m.store.Namespace(name)
}

func drawKey(t *rapid.T) key {
	return key{rapid.SampledFrom([]string{"", "n"}).Draw(t, "space"), rapid.SampledFrom([]string{"a", "a:b", "b", "c"}).Draw(t, "id")}
}

func drawFields(t *rapid.T) documents.Fields {
	f := documents.Fields{"v": rapid.Int64().Draw(t, "v")}
	if rapid.Bool().Draw(t, "has owner") {
		f["owner"] = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "owner")
	}
	if rapid.Bool().Draw(t, "has size") {
		f["size"] = rapid.Int64Range(-2, 2).Draw(t, "size")
	}
	if rapid.Bool().Draw(t, "has name") {
		f["name"] = rapid.SampledFrom([]string{"", "a", "a\x00", "b"}).Draw(t, "name")
	}
	return f
}

// drawVersion draws the stored version, or one that is not.
func (m *machine) drawVersion(t *rapid.T, k key) documents.Version {
	if rapid.Bool().Draw(t, "right version") {
		return m.docs[k].Version
	}
	return "0"
}

// wrote notes that k now holds f, under a version that never was before.
func (m *machine) wrote(t *rapid.T, k key, f documents.Fields) {
	doc, err := m.space(k.space).Get(context.Background(), item(k.id))
	if err != nil {
		t.Fatal(err)
	}
	if m.used[doc.Version] {
		t.Fatalf("version %s came back", doc.Version)
	}
	m.used[doc.Version] = true
	m.docs[k] = documents.Doc{Path: item(k.id), Version: doc.Version, Fields: f}
}

func (m *machine) Create(t *rapid.T) {
	k, f := drawKey(t), drawFields(t)
	_, err := m.space(k.space).Create(context.Background(), item(k.id), f)
	if _, exists := m.docs[k]; exists {
		expect(t, err, documents.ErrExists)
		return
	}
	expect(t, err, nil)
	m.wrote(t, k, f)
}

// expected says how Replace and Delete of a version end.
func (m *machine) expected(k key, v documents.Version) error {
	switch doc, exists := m.docs[k]; {
	case v == "":
		return documents.ErrInvalid
	case !exists:
		return documents.ErrNotFound
	case doc.Version != v:
		return documents.ErrConflict
	}
	return nil
}

func (m *machine) Replace(t *rapid.T) {
	k, f := drawKey(t), drawFields(t)
	v := m.drawVersion(t, k)
	want := m.expected(k, v)
	_, err := m.space(k.space).Replace(context.Background(), item(k.id), f, v)
	expect(t, err, want)
	if want == nil {
		m.wrote(t, k, f)
	}
}

func (m *machine) Delete(t *rapid.T) {
	k := drawKey(t)
	v := m.drawVersion(t, k)
	want := m.expected(k, v)
	expect(t, m.space(k.space).Delete(context.Background(), item(k.id), v), want)
	if want == nil {
		delete(m.docs, k)
	}
}

func (m *machine) Tx(t *rapid.T) {
	space := drawKey(t).space
	puts, abort := map[key]documents.Fields{}, rapid.Bool().Draw(t, "abort")
	removes := map[key]bool{}
	for range rapid.IntRange(0, 4).Draw(t, "writes") {
		k := key{space, drawKey(t).id}
		delete(puts, k)
		if removes[k] = rapid.Bool().Draw(t, "remove"); !removes[k] {
			puts[k] = drawFields(t)
		}
	}
	stop := errors.New("stop")
	err := m.space(space).RunTx(context.Background(), func(_ context.Context, tx documents.Tx) error {
		for k := range removes {
			if _, err := tx.Get(item(k.id)); err != nil && !errors.Is(err, documents.ErrNotFound) {
				return err
			}
		}
		for k, remove := range removes {
			_, exists := m.docs[k]
			var err error
			switch {
			case remove && exists:
				err = tx.Delete(item(k.id))
			case !remove && exists:
				err = tx.Put(item(k.id), puts[k])
			case !remove:
				err = tx.Create(item(k.id), puts[k])
			}
			if err != nil {
				return err
			}
		}
		if abort {
			return stop
		}
		return nil
	})
	if abort {
		expect(t, err, stop)
		return
	}
	expect(t, err, nil)
	for k, remove := range removes {
		if remove {
			delete(m.docs, k)
		} else {
			m.wrote(t, k, puts[k])
		}
	}
}

func (m *machine) Reopen(t *rapid.T) {
	if err := m.store.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

func (m *machine) Query(t *rapid.T) {
	space := drawKey(t).space
	q := documents.Query{Name: rapid.SampledFrom([]string{"all", "by_owner", "by_size", "by_owner_name"}).Draw(t, "query")}
	switch q.Name {
	case "by_owner", "by_owner_name":
		q.Equal = map[string]any{"owner": "x"}
	case "by_size":
		if rapid.Bool().Draw(t, "bounded") {
			q.From, q.To = rapid.Int64Range(-2, 2).Draw(t, "from"), rapid.Int64Range(-2, 3).Draw(t, "to")
		}
	}
	q.Limit = rapid.IntRange(1, 3).Draw(t, "limit")
	var got []documents.Doc
	for {
		page, err := m.space(space).Query(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Docs...)
		if q.Cursor = page.Cursor; q.Cursor == "" {
			break
		}
	}
	if diff := gocmp.Diff(m.answer(space, q), got); diff != "" {
		t.Fatalf("%+v (-want +got):\n%s", q, diff)
	}
}

// answer scans and sorts what the store finds by its index.
func (m *machine) answer(space string, q documents.Query) []documents.Doc {
	var out []documents.Doc
	for k, d := range m.docs {
		size, sized := d.Fields["size"].(int64)
		_, named := d.Fields["name"]
		in := k.space == space && (q.Equal == nil || d.Fields["owner"] == "x")
		switch q.Name {
		case "by_size":
			in = in && sized && (q.From == nil || size >= q.From.(int64) && size < q.To.(int64))
		case "by_owner_name":
			in = in && named
		}
		if in {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b documents.Doc) int {
		byID := cmp.Compare(a.Path.ID, b.Path.ID)
		switch q.Name {
		case "by_size":
			return cmp.Or(cmp.Compare(a.Fields["size"].(int64), b.Fields["size"].(int64)), byID)
		case "by_owner_name":
			return cmp.Or(cmp.Compare(a.Fields["name"].(string), b.Fields["name"].(string)), byID)
		}
		return byID
	})
	return out
}

// Check compares every document of both namespaces.
func (m *machine) Check(t *rapid.T) {
	n := int64(0)
	for _, space := range []string{"", "n"} {
		for _, id := range []string{"a", "a:b", "b", "c"} {
			want, exists := m.docs[key{space, id}]
			got, err := m.space(space).Get(context.Background(), item(id))
			if !exists {
				expect(t, err, documents.ErrNotFound)
				continue
			}
			expect(t, err, nil)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("%s in %q (-want +got):\n%s", id, space, diff)
			}
		}
		count, err := m.space(space).Count(context.Background(), documents.Query{Name: "all"})
		expect(t, err, nil)
		n += count
	}
	if n != int64(len(m.docs)) {
		t.Fatalf("%d documents, want %d", n, len(m.docs))
	}
}

func expect(t *rapid.T, err, want error) {
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}
