package cloud

import (
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions/environ"
)

func TestUpRunsOnFoldersOrOnFirestoreAndCloudStorage(t *testing.T) {
	t.Setenv("FIRESTORE_EMULATOR_HOST", "localhost:8081")
	for _, test := range []struct {
		args  []string
		want  environ.Config
		decks string
	}{
		{nil, environ.Config{Data: "out/cloud", Watched: true}, "out/cloud/decks"},
		{[]string{"--data", "x"}, environ.Config{Data: "x", Watched: true}, "x/decks"},
		{
			[]string{"--firestore", "acme", "--gcs", "acme-"},
			environ.Config{Project: "acme", Database: "(default)", Buckets: "acme-", Firestore: "localhost:8081"}, "gs://acme-decks",
		},
		{
			[]string{"--firestore", "acme/billing", "--gcs", "acme-"},
			environ.Config{Project: "acme", Database: "billing", Buckets: "acme-", Firestore: "localhost:8081"}, "gs://acme-decks",
		},
	} {
		a, err := parseUp(test.args, io.Discard)
		if err != nil {
			t.Fatalf("%q: %v", test.args, err)
		}
		if diff := cmp.Diff(test.want, a.environment(nil)); diff != "" {
			t.Errorf("%q: %s", test.args, diff)
		}
		if got := a.bucket("decks"); got != test.decks {
			t.Errorf("%q: decks are dropped at %s, want %s", test.args, got, test.decks)
		}
	}
}
