package catalog_test

import (
	"context"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck/decktest"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// fileBucket has one file that is not held in memory, and sees how much is held
// while it is read.
type fileBucket struct {
	objects.Bucket
	name         string
	file         decktest.File
	before, most uint64
}

func (b *fileBucket) OpenRange(_ context.Context, name, _ string, offset, _ int64) (io.ReadCloser, error) {
	if name != b.name {
		return nil, objects.ErrNotFound
	}
	b.look()
	return io.NopCloser(&looking{io.NewSectionReader(b.file, offset, b.file.Size-offset), b, 0}), nil
}

func (b *fileBucket) look() {
	now := heldBytes()
	b.most = max(b.most, now-min(now, b.before))
}

// looking looks each 16 MiB.
type looking struct {
	io.Reader
	bucket *fileBucket
	read   int
}

func (l *looking) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.read += n; l.read > 16<<20 {
		l.bucket.look()
		l.read = 0
	}
	return n, err
}

func heldBytes() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Of a bad deck nothing is applied and nothing is lost: the card charges what it
// did, the deck says why it is refused, and its report has every error.
func TestBadDecksChangeNothing(t *testing.T) {
	const maxHeld = 48 << 20
	in := start(t)
	in.apply(in.drop("carrier/a.csv", deckOf("0.01"), noon))
	revisions, err := in.Revisions(ctx, "carrier")
	if err != nil {
		t.Fatal(err)
	}
	stores := in.buckets
	for i, f := range decktest.Files() {
		if len(f.Rates) > 0 {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			if f.Large && testing.Short() {
				t.Skip("it reads gigabytes")
			}
			bucket := &fileBucket{Bucket: stores.Decks, name: "carrier/bad", file: f, before: heldBytes()}
			buckets := stores
			buckets.Decks = bucket
			c := catalog.New(in.docs, buckets, ledger.New(in.docs, buckets))
			at := noon.Add(time.Duration(i+1) * time.Hour)
			id, err := c.Receive(ctx, catalog.Arrival{Object: bucket.name, Generation: f.Name, Size: f.Size, At: at})
			if err != nil {
				t.Fatal(err)
			}
			report, err := c.Apply(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if report.Deck.State != catalog.DeckRefused {
				t.Fatalf("it is %s", report.Deck.State)
			}
			if f.Refused != "" && !strings.Contains(report.Deck.Failure, f.Refused) {
				t.Errorf("it is refused, as %s\nwant %s", report.Deck.Failure, f.Refused)
			}
			for i, e := range f.Errors {
				if i >= len(report.Errors) || !strings.HasPrefix(report.Errors[i].Error(), e) || !strings.Contains(report.Deck.Failure, " errors, the first: "+f.Errors[0]) {
					t.Errorf("its errors are %v, it is refused, as %s\nwant %s", report.Errors, report.Deck.Failure, e)
				}
			}
			back := mark(t, c, report)
			if len(f.Errors) > 0 && !slices.ContainsFunc([]string{"Error Message", "PK"}, func(s string) bool { return strings.Contains(back, s) }) || len(f.Errors) == 0 && back != "" {
				t.Errorf("it comes back as %.200q", back)
			}
			if bucket.most > maxHeld {
				t.Errorf("%d MiB were held", bucket.most>>20)
			}
			if now, err := in.Revisions(ctx, "carrier"); err != nil || !cmp.Equal(revisions, now) {
				t.Errorf("the card's revisions are %+v, %v", now, err)
			}
			if log := in.card("carrier").Log; len(log) != 1 || in.price("carrier", at) != "0.01" {
				t.Errorf("the card's log is %+v", log)
			}
		})
	}
}

// mark returns a refused deck with its errors; "" is none.
func mark(t *testing.T, c *catalog.Catalog, report *catalog.DeckReport) string {
	t.Helper()
	m, err := c.Mark(ctx, report)
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		return ""
	}
	var b strings.Builder
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Good decks that look bad are applied.
func TestDecksThatLookBad(t *testing.T) {
	for _, f := range decktest.Files() {
		if len(f.Rates) == 0 {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			in := start(t)
			text := make([]byte, f.Size)
			if _, err := f.ReadAt(text, 0); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			d := in.apply(in.drop("carrier/a", string(text), noon))
			if d.State != catalog.DeckApplied {
				t.Fatalf("deck %+v, want it applied", d)
			}
			var rates []string
			for _, r := range in.rates("carrier") {
				if r.Blocked {
					rates = append(rates, r.Prefix+" blocked")
				} else {
					rates = append(rates, r.Prefix+" "+r.PriceN.String())
				}
			}
			if diff := cmp.Diff(f.Rates, rates); diff != "" {
				t.Errorf("rates (-want +got)\n%s", diff)
			}
		})
	}
}
