package documents_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
	"pgregory.net/rapid"
)

func TestID(t *testing.T) {
	for _, test := range []struct {
		want  string
		parts []string
	}{
		{"acme", []string{"acme"}},
		{"gb:2026-11:0a1b", []string{"gb", "2026-11", "0a1b"}},
		{"a._-~@+Z9", []string{"a._-~@+Z9"}},
		{"M%C3%BCller%20%26%20Co%2FKG", []string{"Müller & Co/KG"}},
		{"a%3Ab", []string{"a:b"}},
		{"100%25", []string{"100%"}},
		{"%", []string{""}},
		{"a:%:b", []string{"a", "", "b"}},
		{"%00%FF%0A", []string{"\x00\xff\n"}},
		{"%2E", []string{"."}},
		{"%2E.", []string{".."}},
		{"...", []string{"..."}},
		{".:.", []string{".", "."}},
		{"%5F_a__", []string{"__a__"}},
		{"%5F_a:b__", []string{"__a", "b__"}},
		{"%5F___", []string{"____"}},
		{"___", []string{"___"}},
	} {
		if got := documents.ID(test.parts...); got != test.want {
			t.Errorf("ID(%q) = %q, want %q", test.parts, got, test.want)
		}
		if got, err := documents.SplitID(test.want); err != nil || !slices.Equal(got, test.parts) {
			t.Errorf("SplitID(%q) = %q, %v, want %q", test.want, got, err, test.parts)
		}
	}
	if got := documents.ID(); got != "" {
		t.Errorf("ID() = %q, want the empty id, which every store refuses", got)
	}
}

func TestSplitIDRefusesWhatIDDoesNotWrite(t *testing.T) {
	for _, id := range []string{
		"", ".", "..", "__a__", "a/b", "a b", "ü", ":", "a:", ":a", "a%", "%%", "%2", "%4", "%2f", "%2F%", "%41", "a%2E",
		"%zz", "%5Fa", "%2E%2E", "%2Ea", strings.Repeat("a", documents.MaxID+1),
	} {
		if got, err := documents.SplitID(id); !errors.Is(err, documents.ErrInvalid) {
			t.Errorf("SplitID(%.40q) = %q, %v, want ErrInvalid", id, got, err)
		}
	}
	if _, err := documents.SplitID(documents.ID(strings.Repeat("ü", 249))); err != nil {
		t.Errorf("a part of 498 bytes: %v", err)
	}
}

func TestIDsOfFixedWidthPartsSortAsTheirParts(t *testing.T) {
	part := rapid.StringMatching(`[A-Za-z0-9._~@+-]{3}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(part, 2, 2).Draw(t, "a"), rapid.SliceOfN(part, 2, 2).Draw(t, "b")
		if slices.Compare(a, b) != strings.Compare(documents.ID(a...), documents.ID(b...)) {
			t.Fatalf("%q and %q sort otherwise than their ids %q and %q", a, b, documents.ID(a...), documents.ID(b...))
		}
	})
}

func FuzzID(f *testing.F) {
	f.Add("acme", "2026-11")
	f.Add("", "..")
	f.Add("__a", "b__")
	f.Add("a:b%", "ü/\x00\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, parts := range [][]string{{a}, {a, b}} {
			id := documents.ID(parts...)
			for _, c := range []byte(id) {
				if c <= ' ' || c >= 0x7f || c == '/' {
					t.Fatalf("ID(%q) = %q holds %q", parts, id, c)
				}
			}
			if id == "." || id == ".." || len(id) > 3 && strings.HasPrefix(id, "__") && strings.HasSuffix(id, "__") {
				t.Fatalf("ID(%q) = %q is not legal", parts, id)
			}
			got, err := documents.SplitID(id)
			if len(id) <= documents.MaxID && (err != nil || !slices.Equal(got, parts)) {
				t.Fatalf("SplitID(%q) = %q, %v, want %q", id, got, err, parts)
			}
		}
		if parts, err := documents.SplitID(a); err == nil && documents.ID(parts...) != a {
			t.Fatalf("SplitID(%q) = %q, which is the id %q", a, parts, documents.ID(parts...))
		}
	})
}
