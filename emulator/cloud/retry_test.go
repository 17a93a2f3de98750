package cloud

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// fullBucket takes nothing, as a full disk.
type fullBucket struct{ objects.Bucket }

func (fullBucket) Create(context.Context, string, io.Reader) (objects.Info, error) {
	return objects.Info{}, errors.New("no space left on device")
}

// TestARunThatFailedForTheMachineIsMendedByAnother: however often it failed,
// the same command does it when there is room again.
func TestARunThatFailedForTheMachineIsMendedByAnother(t *testing.T) {
	sample := filepath.Join("..", "sample")
	args := []string{"--deck", filepath.Join(sample, "deck.csv"), "--cdrs", filepath.Join(sample, "cdrs.csv"), "--out", filepath.Join(t.TempDir(), "out")}
	once := func(full bool) error {
		a, err := parseTry(args, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		run := &try{tryArgs: a, stdout: io.Discard, progress: newProgress(io.Discard), open: func(dir string) (stores, error) {
			s, err := openStores(dir)
			if full {
				s.buckets.Rated = fullBucket{s.buckets.Rated}
			}
			return s, err
		}}
		return run.run(t.Context())
	}
	if err := once(false); err != nil {
		t.Fatal(err)
	}
	args[len(args)-1] = filepath.Join(t.TempDir(), "out")
	for range ledger.MaxAttempts + 1 {
		if err := once(true); err == nil {
			t.Fatal("a run on a full disk was done")
		}
	}
	if err := once(false); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
