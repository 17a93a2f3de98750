// Package indexes_test keeps the index definitions of a deployment current.
package indexes_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/functions"
)

const file = "../../infra/firestore.indexes.json"

// TestIndexFileIsCurrent: what is deployed serves every query of an installation.
// UPDATE=1 writes the file anew.
func TestIndexFileIsCurrent(t *testing.T) {
	want, err := functions.Model().Indexes()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what functions.Model needs; run UPDATE=1 go test ./tests/indexes (-want +got):\n%s", file, diff)
	}
}
