package firestoredb_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/firestoredb"
	"github.com/tollbook/tollbook/shared/documents/firestoredb/firestoretest"
	"github.com/tollbook/tollbook/shared/documents/storetest"
)

var (
	emulator firestoretest.Emulator
	projects atomic.Int64
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := emulator.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the emulator:", err)
		code = 1
	}
	os.Exit(code)
}

// newProject names a project that no other test uses.
func newProject() string { return fmt.Sprint("test-", projects.Add(1)) }

func open(t *testing.T, project string, opts ...firestoredb.Option) documents.Store {
	t.Helper()
	opts = append([]firestoredb.Option{firestoredb.Emulator(emulator.Address(t))}, opts...)
	s, err := firestoredb.Open(t.Context(), project, storetest.Model(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestConformance holds the store to the suite of every store.
func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) documents.Store { return open(t, newProject()) })
}
