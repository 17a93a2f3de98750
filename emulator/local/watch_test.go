package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/objects"
)

// gaze is a watcher of one bucket and the queues of functions f and g.
type gaze struct {
	*watcher
	dir    string // of the bucket, if it is a folder
	bucket objects.Bucket
	path   string // of the journal
	clock  time.Time
}

func newGaze(t testing.TB, folder bool) *gaze {
	t.Helper()
	root := t.TempDir()
	g := &gaze{path: filepath.Join(root, "journal"), clock: november, bucket: objects.NewMemory()}
	b := &watchedBucket{name: "cdrs", bucket: g.bucket, done: map[nameHash]fileState{}, asked: map[string]time.Time{}}
	if folder {
		g.dir = filepath.Join(root, "cdrs")
		f, err := objects.OpenFolder(g.dir, objects.WithoutSync())
		must(t, err)
		g.bucket, b.bucket, b.settler, b.dir = f, f, f, g.dir
	}
	j, _ := reopen(t, g.path)
	for _, name := range []string{"f", "g"} {
		b.queues = append(b.queues, newBench(functions.Entry{Name: name, Concurrency: 1}, Knobs{}, nil).queue)
	}
	g.watcher = &watcher{
		buckets: []*watchedBucket{b}, prefix: "acme-", journal: j, now: func() time.Time { return g.clock },
		settle: time.Second, log: slog.New(slog.DiscardHandler), offers: &atomic.Int64{}, sawFolder: func(string) {},
	}
	return g
}

// look looks once and returns the objects that are on their way, by function.
func (g *gaze) look(t testing.TB) sight {
	t.Helper()
	s, err := g.lookAll(t.Context())
	must(t, err)
	return s
}

// waiting are the events that wait for function n.
func (g *gaze) waiting(t testing.TB, n int) (found []events.ObjectFinalized) {
	t.Helper()
	for _, d := range g.buckets[0].queues[n].ready {
		f, err := events.ParseObjectFinalized(d.event)
		must(t, err)
		found = append(found, f)
	}
	return found
}

func (g *gaze) names(t testing.TB, n int) (names []string) {
	t.Helper()
	for _, f := range g.waiting(t, n) {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// deliverAll notes all that waits as done.
func (g *gaze) deliverAll(t testing.TB) {
	t.Helper()
	for _, q := range g.buckets[0].queues {
		for _, d := range q.ready {
			must(t, g.journal.noteDone(d.key))
		}
		q.ready, q.copies = nil, map[key]int{}
	}
}

func (g *gaze) drop(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(g.dir, name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600))
}

func TestAnObjectIsAnEventForEachFunctionThatListens(t *testing.T) {
	g := newGaze(t, false)
	info, err := g.bucket.Create(t.Context(), "main/a.csv", strings.NewReader("rows"))
	must(t, err)
	g.look(t)
	for n := range 2 {
		got := g.waiting(t, n)
		if len(got) != 1 {
			t.Fatalf("function %d has %d events", n, len(got))
		}
		want := events.ObjectFinalized{Bucket: "acme-cdrs", Name: "main/a.csv", Generation: info.Generation, Size: 4, At: november, ID: got[0].ID}
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnObjectIsDeliveredOnceOverRestartsAndAgainOnlyInAnotherGeneration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGaze(t, true)
		g.drop(t, "main/a.csv", "one")
		g.look(t)
		time.Sleep(time.Second)
		g.look(t)
		if diff := cmp.Diff([]string{"main/a.csv"}, g.names(t, 0)); diff != "" {
			t.Fatal(diff)
		}
		g.deliverAll(t)
		restarted := func() {
			g.journal, _ = reopen(t, g.path)
			g.buckets[0].done = map[nameHash]fileState{}
		}
		for range 3 {
			if g.look(t); g.names(t, 0) != nil {
				t.Errorf("delivered again: %v", g.names(t, 0))
			}
			restarted()
		}
		g.drop(t, "main/a.csv", "two!")
		g.look(t)
		time.Sleep(time.Second)
		if g.look(t); len(g.names(t, 0)) != 1 || len(g.names(t, 1)) != 1 {
			t.Errorf("the new generation is an event for %v and %v", g.names(t, 0), g.names(t, 1))
		}
	})
}

func TestAnEventThatIsSentAgainAfterACrashHasTheInstantOfTheFirstSight(t *testing.T) {
	g := newGaze(t, false)
	_, err := g.bucket.Create(t.Context(), "main/a.csv", strings.NewReader("rows"))
	must(t, err)
	g.look(t)
	first := g.waiting(t, 0)
	// The process is killed before the event is delivered; the clock goes on.
	g.journal, _ = reopen(t, g.path)
	g.clock = november.Add(48 * time.Hour)
	g.buckets[0].queues[0].ready, g.buckets[0].queues[0].copies = nil, map[key]int{}
	g.look(t)
	if diff := cmp.Diff(first, g.waiting(t, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatIsBeingWrittenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGaze(t, true)
		text := ""
		for i := range 5 {
			text += fmt.Sprintln("row", i)
			g.drop(t, "main/a.csv", text)
			for range 3 { // many looks at once are no two looks
				if s := g.look(t); !slices.Equal(s.unsettled, []string{"cdrs/main/a.csv"}) {
					t.Fatalf("unsettled are %v", s.unsettled)
				}
			}
			time.Sleep(time.Second)
		}
		if g.look(t); g.waiting(t, 0) == nil {
			t.Fatal("the complete file is no event")
		}
		if got := g.waiting(t, 0)[0].Size; got != int64(len(text)) {
			t.Errorf("the event is of %d bytes, the file has %d", got, len(text))
		}
		// No generation was made of the file half written.
		copies := 0
		must(t, filepath.WalkDir(filepath.Join(g.dir, ".gen"), func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() && !strings.HasSuffix(path, ".journal") {
				copies++
			}
			return err
		}))
		if copies != 1 {
			t.Errorf("%d generations were made", copies)
		}
	})
}

func TestWhatCannotBeAnObjectIsNoEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGaze(t, true)
		g.drop(t, "main/good.csv", "x")
		g.drop(t, "main/good.csv.report.json", "{}")
		g.drop(t, "main/bad\nname.csv", "x")
		g.drop(t, ".tmp-mine/a.csv", "x")
		g.drop(t, "main/"+strings.Repeat("x", 250)+".csv", "x")
		must(t, os.MkdirAll(filepath.Join(g.dir, "main/folder.csv"), 0o755))
		must(t, os.Symlink(filepath.Join(g.dir, "main/good.csv"), filepath.Join(g.dir, "main/link.csv")))
		must(t, os.Symlink(filepath.Join(g.dir, "main"), filepath.Join(g.dir, "linked")))
		for range 3 {
			g.look(t)
			time.Sleep(time.Second)
		}
		want := []string{"main/good.csv", "main/" + strings.Repeat("x", 250) + ".csv"}
		if diff := cmp.Diff(want, g.names(t, 0)); diff != "" {
			t.Error(diff)
		}
	})
}

// denying refuses to look at one file, as a folder does that belongs to another.
type denying struct {
	settler
	name string
}

func (d denying) Settled(name string) (bool, error) {
	if name == d.name {
		return false, objects.ErrDenied
	}
	return d.settler.Settled(name)
}

func TestAFileThatCannotBeReadIsNamedAndTheOthersAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGaze(t, true)
		g.drop(t, "main/a.csv", "x")
		g.buckets[0].settler = denying{g.buckets[0].settler, "main/a.csv"}
		g.drop(t, "main/b.csv", "x")
		g.look(t)
		time.Sleep(time.Second)
		s := g.look(t)
		if !slices.Equal(s.problems, []string{"cdrs/main/a.csv"}) || !slices.Equal(g.names(t, 0), []string{"main/b.csv"}) {
			t.Errorf("problems %v, events %v", s.problems, g.names(t, 0))
		}
	})
}

func TestFilesWaitUntilAQueueHasRoom(t *testing.T) {
	g := newGaze(t, false)
	const n = maxQueue + 500
	for i := range n {
		_, err := g.bucket.Create(t.Context(), fmt.Sprintf("main/%05d.csv", i), strings.NewReader("x"))
		must(t, err)
	}
	seen := map[string]bool{}
	for looks := 1; ; looks++ {
		s := g.look(t)
		for _, name := range g.names(t, 1) {
			if seen[name] {
				t.Fatalf("%s came twice", name)
			}
			seen[name] = true
		}
		g.deliverAll(t)
		if !s.full {
			if looks != 2 || len(seen) != n {
				t.Errorf("%d looks found %d of %d", looks, len(seen), n)
			}
			return
		}
	}
}

type brokenBucket struct{ objects.Bucket }

func (brokenBucket) List(context.Context, string, string, int) ([]objects.Info, error) {
	return nil, objects.ErrTransient
}

func TestABucketThatCannotBeLookedAtDoesNotHideTheOthers(t *testing.T) {
	g := newGaze(t, false)
	_, err := g.bucket.Create(t.Context(), "main/a.csv", strings.NewReader("rows"))
	must(t, err)
	g.buckets = append([]*watchedBucket{{name: "decks", bucket: brokenBucket{}}}, g.buckets...)
	_, err = g.lookAll(t.Context())
	if !errors.Is(err, objects.ErrTransient) || !strings.Contains(err.Error(), "bucket decks") {
		t.Errorf("%v", err)
	}
	if len(g.buckets[1].queues[0].ready) != 1 {
		t.Error("the other bucket's object is no event")
	}
}

func TestTheWatcherLooksWhenItIsWokenAndNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGaze(t, true)
		began := time.Now()
		var looks []time.Duration
		wake := make(chan struct{}, 1)
		ctx, stop := context.WithCancel(t.Context())
		go g.watch(ctx, wake, 10*time.Second, func(sight, error) { looks = append(looks, time.Since(began)) })
		time.Sleep(25 * time.Second)
		wake <- struct{}{}
		time.Sleep(time.Second)
		g.drop(t, "main/a.csv", "x")
		wake <- struct{}{}
		time.Sleep(5 * time.Second)
		stop()
		synctest.Wait()
		ms := time.Millisecond
		// Every 10 s and the time that wake-ups are gathered; when woken; and once
		// more as soon as the new file may have settled.
		want := []time.Duration{0, 10100 * ms, 20200 * ms, 25100 * ms, 26100 * ms, 27200 * ms}
		if diff := cmp.Diff(want, looks); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"main/a.csv"}, g.names(t, 0)); diff != "" {
			t.Error(diff)
		}
	})
}
