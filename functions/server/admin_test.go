package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/functions/environ"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// newAdmin works on an installation of its own, with buckets in memory.
func newAdmin(t *testing.T) (*admin, *bytes.Buffer) {
	t.Helper()
	manifest, err := functions.LoadManifest()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := documents.OpenBolt(t.TempDir()+"/documents.db", functions.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	out := &bytes.Buffer{}
	return &admin{functions.Deps{
		Stores:       functions.Stores{Docs: docs, Buckets: objects.MemoryBuckets(), Orders: map[string]objects.Bucket{}},
		Events:       events.Config{Verifier: nobody{}, Log: environ.NewLogger(t.Output(), 0)},
		BucketPrefix: "acme-",
	}, manifest, out}, out
}

// nobody lets nobody in, as a deployed function does without a token.
type nobody struct{ events.Verifier }

func put(t *testing.T, b objects.Bucket, name string) objects.Info {
	t.Helper()
	info, err := b.Create(t.Context(), name, strings.NewReader("call_id,account,b_number,start_time,duration\n"))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestEveryObjectOfABucketIsReplayed(t *testing.T) {
	a, out := newAdmin(t)
	for i := range page + 2 {
		put(t, a.deps.Buckets.CDRs, fmt.Sprintf("switch/%d.report.json", i))
	}
	if err := replay(t.Context(), a, []string{"cdrs"}); err != nil {
		t.Error(err)
	}
	if got := strings.Count(out.String(), "\t204\n"); got != page+2 {
		t.Errorf("%d objects were taken, want %d", got, page+2)
	}
}

func TestWhatIsNotTakenInAReplayIsTold(t *testing.T) {
	a, out := newAdmin(t)
	put(t, a.deps.Buckets.CDRs, "switch/a.csv")
	put(t, a.deps.Buckets.CDRs, "switch/b.csv.report.json")
	a.deps.Docs = unavailable{a.deps.Docs}
	err := replay(t.Context(), a, []string{"cdrs"})
	if err == nil || exitCode(err) != exitBroke || !strings.Contains(err.Error(), "1 of 2 objects") {
		t.Errorf("error %v, want one of 1 of 2 objects", err)
	}
	if want := "switch/a.csv\t503\nswitch/b.csv.report.json\t204\n"; out.String() != want {
		t.Errorf("it says %q, want %q", out, want)
	}
}

// unavailable is a store that takes no new document.
type unavailable struct{ documents.Store }

func (unavailable) Create(context.Context, documents.Path, documents.Fields) (documents.Version, error) {
	return "", documents.ErrTransient
}

func TestARetryThatIsNotFinishedIsNoSuccess(t *testing.T) {
	a, out := newAdmin(t)
	info := put(t, a.deps.Buckets.CDRs, "switch/a.csv")
	l := a.deps.Ledger()
	id, err := l.Receive(t.Context(), ledger.Arrival{Bucket: "cdrs", Object: info.Name, Generation: info.Generation, Feed: "switch", At: time.Unix(1_793_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	// Its feed is not there.
	if b, err := l.Process(t.Context(), id); err != nil || b.State != ledger.Failed {
		t.Fatalf("%+v, %v", b, err)
	}
	if err := l.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	a.deps.Docs = stuck{a.deps.Docs}
	err = retry(t.Context(), a, []string{id})
	if err == nil || exitCode(err) != exitBroke || !strings.Contains(err.Error(), "was not finished: 503") || out.Len() > 0 {
		t.Errorf("error %v, output %q", err, out)
	}
}

// stuck is a store in which no document changes.
type stuck struct{ documents.Store }

func (stuck) Replace(context.Context, documents.Path, documents.Fields, documents.Version) (documents.Version, error) {
	return "", documents.ErrTransient
}
