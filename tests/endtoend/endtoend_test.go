// Package endtoend shows the whole of it: a setup is imported, a deck and
// records are dropped, the clock is moved to the first of the next month, and
// the invoices are those of try, byte for byte. Everything goes over HTTP and
// events, on each pair of stores.
package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/emulator/cloud"
	"github.com/tollbook/tollbook/emulator/local"
	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents/firestoredb"
	"github.com/tollbook/tollbook/shared/documents/firestoredb/firestoretest"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/objects/gcs"
	"github.com/tollbook/tollbook/shared/objects/gcs/gcstest"
	"github.com/tollbook/tollbook/shared/period"
)

var emulator firestoretest.Emulator

func month(t *testing.T, text string) ledger.Key {
	t.Helper()
	m, err := period.ParseMonth(text)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Key{Cycle: "monthly", Month: m}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := emulator.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// pair is two stores that an installation may have.
type pair struct {
	name string
	open func(t *testing.T, dir string, m functions.Manifest) (functions.Stores, string)
}

var pairs = []pair{
	{"bbolt and folders", openEmbedded},
	{"Firestore and Cloud Storage", openCloud},
}

func openEmbedded(t *testing.T, dir string, m functions.Manifest) (functions.Stores, string) {
	s, err := functions.OpenFolders(dir, m, objects.WithoutSync())
	if err != nil {
		t.Fatal(err)
	}
	return s, ""
}

const prefix = "acme-"

func openCloud(t *testing.T, _ string, m functions.Manifest) (functions.Stores, string) {
	address := emulator.Address(t)
	project := fmt.Sprintf("endtoend-%d", time.Now().UnixNano())
	docs, err := firestoredb.Open(t.Context(), project, functions.Model(), firestoredb.Emulator(address))
	if err != nil {
		t.Fatal(err)
	}
	client := gcstest.Client(t, gcstest.Transport(gcstest.New(t, bucketNames(m)...)))
	s := functions.Stores{Docs: docs, Orders: map[string]objects.Bucket{}}
	if s.Buckets, err = gcs.OpenBuckets(t.Context(), client, prefix, gcs.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.OrderFunctions() {
		s.Orders[f] = gcs.Open(client, prefix+functions.OrdersBucket+f, gcs.Options{})
	}
	return s, prefix
}

// up is a local cloud that runs.
type up struct {
	*testing.T
	stores functions.Stores
	dir    string // of folders, where the pair has them
	url    string
	log    bytes.Buffer
}

func start(t *testing.T, p pair) *up {
	t.Helper()
	return startCutting(t, p, 0)
}

// startCutting cuts files above so many bytes; 0: the default.
func startCutting(t *testing.T, p pair, above int64) *up {
	t.Helper()
	m, err := functions.LoadManifest()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	u := &up{T: t, dir: dir}
	stores, prefix := p.open(t, dir, m)
	stores.Slice = above
	u.stores = stores
	c, err := local.New(local.Config{
		Manifest: m, Functions: functions.All(), Deps: functions.Deps{Stores: stores, BucketPrefix: prefix},
		DataDir: dir, Begin: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&u.log, nil)),
		Knobs: local.Knobs{
			Duplicates: 30, Shuffle: true, Seed: 1, FirstBackoff: time.Millisecond, LastBackoff: 50 * time.Millisecond,
			Look: 20 * time.Millisecond, Settle: time.Millisecond,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	u.url = c.URL()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, stores.Docs.Close()); err != nil {
			t.Error(err)
		}
	})
	return u
}

// post asks something of the local cloud, and fails when it does not do it.
func (u *up) post(path, body string) string {
	u.Helper()
	r, err := http.Post(u.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		u.Fatal(err)
	}
	answer, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		u.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		u.Fatalf("%s: %s: %s", path, r.Status, answer)
	}
	return string(answer)
}

func (u *up) drain() { u.Helper(); u.post("/drain", "") }

func (u *up) status() (s local.Status) {
	u.Helper()
	r, err := http.Get(u.url + "/status")
	if err != nil {
		u.Fatal(err)
	}
	err = json.NewDecoder(r.Body).Decode(&s)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		u.Fatal(err)
	}
	return s
}

func (u *up) drop(b objects.Bucket, name, path string) {
	u.Helper()
	f, err := os.Open(path)
	if err != nil {
		u.Fatal(err)
	}
	_, err = b.Create(u.Context(), name, f)
	if err := errors.Join(err, f.Close()); err != nil {
		u.Fatal(err)
	}
}

// bills returns every object of the bills bucket.
func (u *up) bills() map[string]string {
	u.Helper()
	out := map[string]string{}
	found, err := u.stores.Buckets.Bills.List(u.Context(), "", "", 1000)
	if err != nil {
		u.Fatal(err)
	}
	for _, o := range found {
		r, err := u.stores.Buckets.Bills.OpenRange(u.Context(), o.Name, o.Generation, 0, -1)
		if err != nil {
			u.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			u.Fatal(err)
		}
		out[o.Name] = string(data)
	}
	return out
}

func (u *up) fsck() {
	u.Helper()
	problems, err := u.stores.Ledger().Fsck(u.Context())
	if err != nil || len(problems) > 0 {
		u.Errorf("fsck: %v %v", problems, err)
	}
}

// try runs try and returns its invoices and where its setup is.
func try(t *testing.T, deck, cdrs string, options ...string) (invoices map[string]string, setup string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	var stdout, stderr bytes.Buffer
	args := append([]string{"try", "--deck", deck, "--cdrs", cdrs, "--out", out}, options...)
	if code := cloud.Main(t.Context(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("try: exit %d\n%s", code, &stderr)
	}
	invoices = map[string]string{}
	entries, err := os.ReadDir(filepath.Join(out, "invoices"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(out, "invoices", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		invoices[e.Name()] = string(data)
	}
	if len(invoices) == 0 {
		t.Fatal("try made no invoices")
	}
	return invoices, filepath.Join(out, "setup.json")
}

func (u *up) load(path string, change ...func(*catalog.Setup)) {
	u.Helper()
	f, err := os.Open(path)
	if err != nil {
		u.Fatal(err)
	}
	s, err := catalog.ParseSetup(f)
	if err := errors.Join(err, f.Close()); err != nil {
		u.Fatal(err)
	}
	for _, f := range change {
		f(&s)
	}
	if err := u.stores.Catalog().Import(u.Context(), s); err != nil {
		u.Fatal(err)
	}
}

func TestTheInvoicesAreThoseOfTry(t *testing.T) {
	for _, job := range []struct {
		name, deck, cdrs string
		until            string
		options          []string
	}{
		{"the sample", "../../emulator/sample/deck.csv", "../../emulator/sample/cdrs.csv", "2026-12-01", []string{"--markup", "25%", "--bundle", "10"}},
		{"two hundred answered rows", "../answered/deck-generic.csv", "../answered/generic.csv", "2027-02-01", []string{"--timezone", "Europe/London", "--markup", "+0.01", "--bundle", "3"}},
	} {
		for _, p := range pairs {
			t.Run(job.name+" on "+p.name, func(t *testing.T) {
				want, setup := try(t, job.deck, job.cdrs, job.options...)
				u := start(t, p)
				u.load(setup)
				u.drop(u.stores.Buckets.Decks, "provider/deck.csv", job.deck)
				u.drop(u.stores.Buckets.CDRs, "try/records.csv", job.cdrs)
				u.drain()
				u.post("/clock", `{"to":"`+job.until+`"}`)
				if diff := cmp.Diff(want, u.bills()); diff != "" {
					t.Error(diff)
				}
				u.fsck()
			})
		}
	}
}

// TestTheInvoicesOfSlicesAreThoseOfTry: a file that is rated in slices, whose
// orders come twice and in any order, is billed as try bills it whole.
func TestTheInvoicesOfSlicesAreThoseOfTry(t *testing.T) {
	text := "call_id,account,b_number,start_time,duration\n"
	for i := range 400 {
		at := time.Date(2026, 11, 1+i%28, i%24, i%60, 0, 0, time.UTC)
		text += fmt.Sprintf("%d,a%d,%d,%s,%d\n", i%390, i%7, 442079460000+i, at.Format(time.RFC3339), i)
	}
	cdrs := filepath.Join(t.TempDir(), "records.csv")
	if err := os.WriteFile(cdrs, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	const deck = "../../emulator/sample/deck.csv"
	want, setup := try(t, deck, cdrs, "--markup", "25%", "--bundle", "10")
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			u := startCutting(t, p, 1000)
			u.load(setup, func(s *catalog.Setup) { s.Feeds[0].Unquoted = true })
			u.drop(u.stores.Buckets.Decks, "provider/deck.csv", deck)
			u.drop(u.stores.Buckets.CDRs, "try/records.csv", cdrs)
			u.drain()
			if placed, err := u.stores.Orders["cdrrating"].List(t.Context(), "slice/", "", 100); err != nil || len(placed) != (len(text)+999)/1000 {
				t.Errorf("%d slices were ordered of %d bytes, %v", len(placed), len(text), err)
			}
			u.post("/clock", `{"to":"2026-12-01"}`)
			if diff := cmp.Diff(want, u.bills()); diff != "" {
				t.Error(diff)
			}
			u.fsck()
		})
	}
}
