package documents_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/storetest"
)

// TestCursorNamesAPlace: a cursor leads every implementation to the document
// that it was made of, and is the one that the bbolt store gives.
func TestCursorNamesAPlace(t *testing.T) {
	bolt := openBolt(t, filepath.Join(t.TempDir(), "db"), storetest.Model(), documents.NoSync())
	scope, err := documents.NewScope(storetest.Model())
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []any{
		false, true, int64(-1 << 63), int64(-1), int64(0), int64(1<<63 - 1), "", "\x00", "\x00\x00", "a\x00b", "\x00\xc3\xbf", "ä",
		strings.Repeat("a", documents.MaxIndexed), mustTime("0001-01-01T00:00:00Z"), mustTime("9999-12-31T23:59:59.999999Z"),
	} {
		space := string(rune('a' + i))
		for _, id := range []string{"a:b", "c"} {
			if _, err := bolt.Namespace(space).Create(t.Context(), item(id), documents.Fields{"size": v}); err != nil {
				t.Fatal(err)
			}
		}
		for name, want := range map[string]documents.Place{"by_size": {Value: v, ID: "a:b"}, "all": {ID: "a:b"}} {
			q := documents.Query{Name: name, Limit: 1}
			page, err := bolt.Namespace(space).Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			span, at, err := scope.Namespace(space).CheckPage(q)
			if err != nil || at != nil {
				t.Fatalf("%s: the first page begins at %v, %v", name, at, err)
			}
			if q.Cursor, err = span.Cursor(page.Docs[0]); err != nil || q.Cursor != page.Cursor {
				t.Errorf("%s after %q: cursor %q, %v, want %q", name, v, q.Cursor, err, page.Cursor)
			}
			_, at, err = scope.Namespace(space).CheckPage(q)
			if err != nil {
				t.Fatalf("%s after %q: %v", name, v, err)
			}
			if diff := cmp.Diff(want, *at); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func mustTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}
