package endtoend

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/emulator/cloud"
	"github.com/tollbook/tollbook/emulator/local"
	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/objects/gcs"
	"github.com/tollbook/tollbook/shared/objects/gcs/gcstest"
)

// TestUpOnEmulatorsBillsTheSample: the command itself, told by the environment
// where the emulators of Firestore and Cloud Storage are.
func TestUpOnEmulatorsBillsTheSample(t *testing.T) {
	t.Setenv("FIRESTORE_EMULATOR_HOST", emulator.Address(t))
	m, err := functions.LoadManifest()
	if err != nil {
		t.Fatal(err)
	}
	fake := gcstest.New(t, bucketNames(m)...)
	t.Setenv("STORAGE_EMULATOR_HOST", gcstest.Serve(t, fake))

	want, _ := try(t, "../../emulator/sample/deck.csv", "../../emulator/sample/cdrs.csv", "--markup", "25%", "--bundle", "10")
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- cloud.Main(ctx, []string{
			"up", "--data", dir, "--listen", "127.0.0.1:0", "--begin", "2026-11-30", "--sample", "--firestore", "sample", "--gcs", prefix,
		}, io.Discard, &stderr)
	}()
	defer func() {
		stop()
		if code := <-ended; code != 0 || t.Failed() {
			t.Errorf("exit %d\n%s", code, &stderr)
		}
	}()
	u := &up{T: t}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if address, err := local.ReadAddress(dir); err == nil {
			u.url = address.URL
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not serve:\n%s", &stderr)
		}
	}
	has := func(name string) bool {
		_, err := fake.GetObject(prefix+"cdrs", name)
		return err == nil
	}
	for deadline := time.Now().Add(time.Minute); !has("switch/cdrs.csv"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the sample's records do not come in")
		}
	}
	u.post("/clock", `{"to":"2026-12-01"}`)
	u.stores.Buckets.Bills = gcs.Open(gcstest.Client(t, http.DefaultTransport), prefix+"bills", gcs.Options{})
	if diff := cmp.Diff(want, u.bills()); diff != "" {
		t.Error(diff)
	}
}

// bucketNames are those of an installation in Cloud Storage.
func bucketNames(m functions.Manifest) []string {
	names := []string{"decks", "cdrs", "cards", "rated", "bills", "work"}
	for _, f := range m.OrderFunctions() {
		names = append(names, functions.OrdersBucket+f)
	}
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}
