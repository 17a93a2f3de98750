package objects_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/objects/buckettest"
)

func openFolder(t *testing.T, dir string, options ...objects.Option) *objects.Folder {
	t.Helper()
	f, err := objects.OpenFolder(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMemory(t *testing.T) {
	buckettest.Run(t, func(*testing.T) objects.Bucket { return objects.NewMemory() })
}

func TestFolder(t *testing.T) {
	buckettest.Run(t, func(t *testing.T) objects.Bucket { return openFolder(t, t.TempDir()) })
}

func TestFolderWithoutSync(t *testing.T) {
	buckettest.Run(t, func(t *testing.T) objects.Bucket { return openFolder(t, t.TempDir(), objects.WithoutSync()) })
}

func TestFolderOfQuickGenerations(t *testing.T) {
	buckettest.Run(t, func(t *testing.T) objects.Bucket { return openFolder(t, t.TempDir(), objects.QuickGenerations()) })
}

func TestOpenFoldersMakesAFolderForEachBucket(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new", "root")
	b, err := objects.OpenFolders(root)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]objects.Bucket{
		"decks": b.Decks, "cdrs": b.CDRs, "cards": b.Cards, "rated": b.Rated, "bills": b.Bills, "work": b.Work,
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(want) {
		t.Errorf("%d folders, want %d", len(entries), len(want))
	}
	for name, bucket := range want {
		if err := os.WriteFile(filepath.Join(root, name, "dropped"), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		info, err := bucket.Stat(t.Context(), "dropped")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(int64(len(name)), info.Size); diff != "" {
			t.Errorf("%s is another folder: %s", name, diff)
		}
	}
}

func TestOpenFoldersNamesTheBucketThatFails(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "bills"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := objects.OpenFolders(root)
	if err == nil || !cmp.Equal(err.Error()[:18], "open bucket bills:") {
		t.Errorf("error %v, want one that names the bucket bills", err)
	}
}

func TestMemoryBucketsAreApart(t *testing.T) {
	b := objects.MemoryBuckets()
	all := []objects.Bucket{b.Decks, b.CDRs, b.Cards, b.Rated, b.Bills, b.Work}
	for i, bucket := range all {
		infos, err := bucket.List(t.Context(), "", "", 10)
		if err != nil || len(infos) != 0 {
			t.Fatalf("bucket %d: %v, %v", i, infos, err)
		}
		put(t, bucket, "name", "content")
	}
}
