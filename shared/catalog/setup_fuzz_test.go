package catalog_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/catalog"
)

// FuzzSetup: a text is refused, or is read and written as one that reads the
// same.
func FuzzSetup(f *testing.F) {
	f.Add(setupText)
	f.Add(strings.Replace(setupText, `"10%"`, `"=0.05"`, 1))
	f.Add(`{"format": "tollbook setup 1"}`)
	f.Add(rulesText)
	f.Add(strings.Replace(setupText, `"2026-01"`, `"2026-13"`, 1))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := catalog.ParseSetup(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, catalog.ErrRefused) {
				t.Fatalf("error %v, want it to say that it is refused", err)
			}
			return
		}
		var first, second bytes.Buffer
		if _, err := s.WriteTo(&first); err != nil {
			t.Fatal(err)
		}
		again, err := catalog.ParseSetup(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, &first)
		}
		if _, err := again.WriteTo(&second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.String(), second.String()); diff != "" {
			t.Error(diff)
		}
	})
}
