package environ_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/documents/firestoredb/firestoretest"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/objects/gcs/gcstest"
)

var emulator firestoretest.Emulator

func TestMain(m *testing.M) {
	code := m.Run()
	if err := emulator.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the emulator:", err)
		code = 1
	}
	os.Exit(code)
}

// write creates a document and an object in every bucket that calls a function.
func write(t *testing.T, deps functions.Deps) {
	t.Helper()
	path := documents.Path{Collection: "cycles", ID: documents.ID("monthly")}
	if _, err := deps.Docs.Create(t.Context(), path, documents.Fields{"id": "monthly"}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"decks", "cdrs", "orders-cdrrating", "orders-billrun", "orders-cardcompile", "orders-sweeper"} {
		b, err := deps.Bucket(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Create(t.Context(), "a/b", strings.NewReader("x")); err != nil {
			t.Error(err)
		}
	}
}

func TestAFolderIsAnInstallationAndOneProcessHoldsIt(t *testing.T) {
	config := environ.Config{Data: t.TempDir(), PublicURL: "http://localhost", LogTo: t.Output()}
	deps, closeAll, err := environ.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, deps)
	if deps.PublicURL != config.PublicURL || deps.BucketPrefix != "" {
		t.Errorf("%+v", deps)
	}
	if _, _, err := environ.Open(t.Context(), config); !errors.Is(err, documents.ErrTransient) || !strings.Contains(err.Error(), config.Data) {
		t.Errorf("opened twice: error %v, want ErrTransient with the folder's name", err)
	}
	if err := closeAll(); err != nil {
		t.Fatal(err)
	}
	_, closeAll, err = environ.Open(t.Context(), config)
	if err != nil {
		t.Fatalf("after it was closed: %v", err)
	}
	if err := closeAll(); err != nil {
		t.Error(err)
	}
}

// fakeStorage is Cloud Storage on this machine, with these buckets.
func fakeStorage(t *testing.T, buckets ...string) {
	t.Helper()
	t.Setenv("STORAGE_EMULATOR_HOST", gcstest.Serve(t, gcstest.New(t, buckets...)))
}

var acme = []string{
	"acme-decks", "acme-cdrs", "acme-cards", "acme-rated", "acme-bills", "acme-work",
	"acme-orders-cdrrating", "acme-orders-billrun", "acme-orders-cardcompile", "acme-orders-sweeper",
}

func TestAProjectIsAnInstallation(t *testing.T) {
	config := environ.Config{Project: "acme", Database: "(default)", Buckets: "acme-", Firestore: emulator.Address(t), LogTo: t.Output()}
	fakeStorage(t, acme...)
	deps, closeAll, err := environ.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, deps)
	if deps.BucketPrefix != "acme-" {
		t.Errorf("the prefix is %q", deps.BucketPrefix)
	}
	if err := closeAll(); err != nil {
		t.Error(err)
	}
}

func TestABucketThatIsNotThereIsNamedAtTheStart(t *testing.T) {
	fakeStorage(t, acme[1:]...)
	config := environ.Config{Project: "acme", Database: "(default)", Buckets: "acme-", Firestore: "127.0.0.1:1", LogTo: t.Output()}
	if _, _, err := environ.Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "acme-decks") {
		t.Errorf("error %v, want one that names acme-decks", err)
	}
}

// Without tokens only this machine may call; with them only their owners.
func TestWhoMayCall(t *testing.T) {
	for _, test := range []struct {
		config environ.Config
		want   error
	}{
		{environ.Config{}, nil},
		{environ.Config{Audience: "https://x", Callers: []string{"a@b"}}, events.ErrUnauthenticated},
	} {
		test.config.Data, test.config.LogTo = t.TempDir(), new(bytes.Buffer)
		deps, closeAll, err := environ.Open(t.Context(), test.config)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "http://localhost/", nil)
		r.RemoteAddr = "127.0.0.1:4000"
		if err := deps.Events.Verifier.Authorize(t.Context(), r); !errors.Is(err, test.want) {
			t.Errorf("%+v: %v, want %v", test.config, err, test.want)
		}
		r.RemoteAddr = "10.0.0.1:4000"
		if err := deps.Events.Verifier.Authorize(t.Context(), r); err == nil {
			t.Errorf("%+v lets in a stranger", test.config)
		}
		if err := closeAll(); err != nil {
			t.Error(err)
		}
	}
}
