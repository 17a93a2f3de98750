package gcs_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/objects/buckettest"
	"github.com/tollbook/tollbook/shared/objects/gcs"
	"github.com/tollbook/tollbook/shared/objects/gcs/gcstest"
)

// quick has few and short pauses, and chunks that tests can fill.
var quick = gcs.Options{Tries: 3, Pause: time.Microsecond, Chunk: 256 << 10}

func newClient(t *testing.T, transport http.RoundTripper) *storage.Client {
	return gcstest.Client(t, transport)
}

func newFake(t *testing.T) *fakestorage.Server { return gcstest.New(t) }

func openFake(t *testing.T, options gcs.Options, versioned bool) *gcs.Bucket {
	t.Helper()
	fake := newFake(t)
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "cdrs", VersioningEnabled: versioned})
	return gcs.Open(newClient(t, gcstest.Transport(fake)), "cdrs", options)
}

func TestSuite(t *testing.T) {
	buckettest.Run(t, func(t *testing.T) objects.Bucket { return openFake(t, gcs.Options{}, false) })
}

func TestSuiteInSmallChunks(t *testing.T) {
	buckettest.Run(t, func(t *testing.T) objects.Bucket { return openFake(t, quick, false) })
}

func create(t *testing.T, b *gcs.Bucket, name, content string) objects.Info {
	t.Helper()
	info, err := b.Create(t.Context(), name, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// read reads a pinned generation whole; the error is that of any step.
func read(t *testing.T, b *gcs.Bucket, info objects.Info) (string, error) {
	t.Helper()
	r, err := b.OpenRange(t.Context(), info.Name, info.Generation, 0, -1)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(r)
	return string(content), errors.Join(err, r.Close())
}

func TestAVersionedBucketKeepsWhatIsPinned(t *testing.T) {
	b := openFake(t, quick, true)
	first := create(t, b, "name", "first")
	if err := b.Delete(t.Context(), "name", first.Generation); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Stat(t.Context(), "name"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("Stat of what was deleted: error %v, want ErrNotFound", err)
	}
	second := create(t, b, "name", "second")
	for range 2 {
		for want, info := range map[string]objects.Info{"first": first, "second": second} {
			if got, err := read(t, b, info); got != want || err != nil {
				t.Errorf("a pinned read of the %s: %q, %v", want, got, err)
			}
		}
		if err := b.Delete(t.Context(), "name", first.Generation); err != nil { // again, now noncurrent
			t.Error(err)
		}
	}
}

func TestWhatOthersStored(t *testing.T) {
	fake := newFake(t)
	add := func(name, encoding string, content []byte) {
		fake.CreateObject(fakestorage.Object{
			ObjectAttrs: fakestorage.ObjectAttrs{BucketName: "cdrs", Name: name, ContentEncoding: encoding}, Content: content,
		})
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte("a,b\n1,2\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	add("feed/", "", nil) // the console's idea of a folder
	add("feed/1//2", "", nil)
	add("feed/3", "gzip", packed.Bytes())
	add("feed/4/", "", nil)
	add("feed/5", "", []byte("five"))
	b := gcs.Open(newClient(t, fake.HTTPClient().Transport), "cdrs", quick)

	var names []string
	for after := ""; ; {
		page, err := b.List(t.Context(), "feed/", after, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		after = page[0].Name
		names = append(names, after)
	}
	if diff := cmp.Diff([]string{"feed/3", "feed/5"}, names); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	info, err := b.Stat(t.Context(), "feed/3")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, b, info); got != packed.String() || int64(len(got)) != info.Size || err != nil {
		t.Errorf("of the %d bytes that were stored %d were read: %q, %v", info.Size, len(got), got, err)
	}
}

func TestTheGenerationOfAFolderIsNotThere(t *testing.T) {
	b := openFake(t, quick, false)
	live := create(t, b, "name", "content")
	for _, generation := range []string{strings.Repeat("ab", 32), "none", "0", "-1", "+" + live.Generation, "0" + live.Generation, live.Generation + "0000000"} {
		if _, err := read(t, b, objects.Info{Name: "name", Generation: generation}); !errors.Is(err, objects.ErrLost) {
			t.Errorf("OpenRange of generation %q: error %v, want ErrLost", generation, err)
		}
		if _, err := read(t, b, objects.Info{Name: "other", Generation: generation}); !errors.Is(err, objects.ErrNotFound) {
			t.Errorf("OpenRange of generation %q of nothing: error %v, want ErrNotFound", generation, err)
		}
		if err := b.Delete(t.Context(), "name", generation); err != nil {
			t.Errorf("Delete of generation %q: %v", generation, err)
		}
	}
	if got, err := read(t, b, live); got != "content" || err != nil {
		t.Errorf("the object afterwards: %q, %v", got, err)
	}
}

func TestOpenBuckets(t *testing.T) {
	fake := newFake(t)
	for _, name := range []string{"decks", "cdrs", "cards", "rated", "bills"} {
		fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "acme-" + name})
	}
	client := newClient(t, via(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/acme-bills/") {
			return answer(r, 403, "no"), nil
		}
		return fake.HTTPClient().Transport.RoundTrip(r)
	}))
	if _, err := gcs.OpenBuckets(t.Context(), client, "acme-", quick); err == nil || !strings.Contains(err.Error(), "acme-work") {
		t.Errorf("error %v, want one that names the bucket acme-work, which is not there", err)
	}
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "acme-work"})
	all, err := gcs.OpenBuckets(t.Context(), client, "acme-", quick)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]objects.Bucket{"decks": all.Decks, "cdrs": all.CDRs, "cards": all.Cards, "rated": all.Rated, "work": all.Work} {
		if _, err := b.Create(t.Context(), "name", strings.NewReader(name)); err != nil {
			t.Fatal(err)
		}
		if got, err := fake.GetObject("acme-"+name, "name"); err != nil || string(got.Content) != name {
			t.Errorf("bucket acme-%s has %q, %v", name, got.Content, err)
		}
	}
	if _, err := all.Bills.Stat(t.Context(), "name"); !errors.Is(err, objects.ErrDenied) {
		t.Errorf("a bucket that may not be used: error %v, want ErrDenied", err)
	}
}
