package local

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/objects"
)

// reportSuffix ends the names of what functions write beside a file that came
// in; such an object is no file that came in.
const reportSuffix = ".report.json"

// settler is a bucket whose files people write: one is complete when two looks
// find it alike.
type settler interface {
	Settled(name string) (bool, error)
}

var _ settler = (*objects.Folder)(nil)

const (
	listPage = 1000
	// maxNamed bounds the names that a look returns.
	maxNamed = 20
)

// watcher finds objects that came in and offers them to the queues of the
// functions that listen.
type watcher struct {
	buckets []*watchedBucket
	prefix  string // of bucket names in events
	journal *journal
	now     func() time.Time // local time
	settle  time.Duration    // between the two looks
	log     *slog.Logger
	offers  *atomic.Int64 // counts what is put on its way
	// sawFolder is called with each folder met, so that it can be watched.
	sawFolder func(path string)

	mu sync.Mutex // a look at a time
}

// watchedBucket is a bucket and who listens to it.
type watchedBucket struct {
	name    string // in the manifest
	bucket  objects.Bucket
	queues  []*queue
	dir     string // where a bucket of people's files lies; empty: List names its objects
	settler settler

	done  map[nameHash]fileState // files whose events have all been delivered
	asked map[string]time.Time   // files that are not settled: when they were last looked at
	look  int64                  // counts the looks
}

type nameHash [16]byte

// fileState tells whether a file is still what it was, without reading it.
type fileState struct {
	inode          uint64
	size, modified int64
	look           int64 // that found it last
}

// sight is what a look found.
type sight struct {
	full      bool     // a queue was full: there is more
	unsettled []string // files that may still be written, the first of them
	problems  []string // files that cannot be read, the first of them
}

func (s *sight) note(list *[]string, bucket, name string) {
	if len(*list) < maxNamed {
		*list = append(*list, bucket+"/"+name)
	}
}

// lookAll looks at every bucket once. An error is of a whole bucket; the others
// have been looked at.
func (w *watcher) lookAll(ctx context.Context) (sight, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s sight
	var errs []error
	for _, b := range w.buckets {
		var err error
		if b.dir != "" {
			err = w.lookFolder(ctx, b, &s)
		} else {
			err = w.lookList(ctx, b, &s)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("looking at the bucket %s: %w", b.name, err))
		}
	}
	return s, errors.Join(errs...)
}

// lookList asks the bucket for its objects, page by page.
func (w *watcher) lookList(ctx context.Context, b *watchedBucket, s *sight) error {
	after := ""
	for {
		infos, err := b.bucket.List(ctx, "", after, listPage)
		if err != nil {
			return err
		}
		for _, info := range infos {
			if strings.HasSuffix(info.Name, reportSuffix) {
				continue
			}
			if _, full := w.offer(b, info, s); full {
				return nil
			}
		}
		if len(infos) < listPage {
			return nil
		}
		after = infos[len(infos)-1].Name
	}
}

// lookFolder walks the files itself: List would make a generation of a file
// that is half written.
func (w *watcher) lookFolder(ctx context.Context, b *watchedBucket, s *sight) error {
	b.look++
	err := fs.WalkDir(os.DirFS(b.dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) && name != "." {
			return nil // removed meanwhile
		}
		if err != nil && name != "." {
			s.note(&s.problems, b.name, name)
			return fs.SkipDir
		}
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && objects.CheckName(name) != nil {
				return fs.SkipDir
			}
			w.sawFolder(filepath.Join(b.dir, filepath.FromSlash(name)))
			return nil
		}
		if !entry.Type().IsRegular() || objects.CheckName(name) != nil || strings.HasSuffix(name, reportSuffix) {
			return nil
		}
		if w.lookFile(ctx, b, name, entry, s) {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.full {
		return nil // the rest was not looked at
	}
	for h, state := range b.done {
		if state.look != b.look {
			delete(b.done, h)
		}
	}
	return nil
}

// lookFile offers a file if it is complete and new; full: a queue was full.
func (w *watcher) lookFile(ctx context.Context, b *watchedBucket, name string, entry fs.DirEntry, s *sight) (full bool) {
	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		s.note(&s.problems, b.name, name)
		return false
	}
	state := fileState{
		inode: info.Sys().(*syscall.Stat_t).Ino, size: info.Size(), modified: info.ModTime().UnixNano(), look: b.look,
	}
	sum := sha256.Sum256([]byte(name))
	h := nameHash(sum[:len(nameHash{})])
	if was, ok := b.done[h]; ok {
		was.look = b.look
		if was == state {
			b.done[h] = state
			return false
		}
	}
	object, err := w.complete(ctx, b, name)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return false
	case errors.Is(err, errUnsettled) || errors.Is(err, objects.ErrTransient):
		s.note(&s.unsettled, b.name, name)
		return false
	case err != nil:
		w.log.Debug("a file cannot be read", "bucket", b.name, "error", events.Redact(err.Error()))
		s.note(&s.problems, b.name, name)
		return false
	}
	done, full := w.offer(b, object, s)
	// A file changed in the last tick of its file system's clock could change
	// again without a trace, so a young one is looked at again.
	if done && time.Since(info.ModTime()) > youth {
		b.done[h] = state
	}
	return full
}

// youth is longer than a tick of any file system's clock.
const youth = 2 * time.Second

// errUnsettled: a file may still be written.
var errUnsettled = errors.New("the file may still be written")

// complete returns the object of a file that two looks, some time apart, found
// alike, or that was taken before.
func (w *watcher) complete(ctx context.Context, b *watchedBucket, name string) (objects.Info, error) {
	now := time.Now()
	if at, ok := b.asked[name]; ok && now.Sub(at) < w.settle {
		return objects.Info{}, errUnsettled
	}
	settled, err := b.settler.Settled(name)
	if err != nil {
		delete(b.asked, name)
		return objects.Info{}, err
	}
	if !settled {
		b.forgetAsked(now, w.settle)
		b.asked[name] = now
		return objects.Info{}, errUnsettled
	}
	delete(b.asked, name)
	return b.bucket.Stat(ctx, name)
}

// forgetAsked keeps the names of files that went away from piling up.
func (b *watchedBucket) forgetAsked(now time.Time, settle time.Duration) {
	if len(b.asked) < maxQueue {
		return
	}
	for name, at := range b.asked {
		if now.Sub(at) > 10*max(settle, time.Second) {
			delete(b.asked, name)
		}
	}
}

// offer hands an object to the queues of all functions that listen and have not
// had it. Done: all have had it.
func (w *watcher) offer(b *watchedBucket, info objects.Info, s *sight) (done, full bool) {
	done = true
	for _, q := range b.queues {
		k := keyOf(q.entry.Name, b.name, info.Name, info.Generation)
		// Looked up in this order: a delivery is noted before it leaves the queue.
		if q.pending(k) {
			done = false
			continue
		}
		if w.journal.isDone(k) {
			continue
		}
		done = false
		d, err := w.arrival(b, info, k)
		if err != nil {
			w.log.Error("an object cannot be announced", "bucket", b.name, "error", events.Redact(err.Error()))
			s.note(&s.problems, b.name, info.Name)
			continue
		}
		// Counted first: what is delivered at once has been counted by its end.
		w.offers.Add(1)
		if q.offer(d) {
			s.full = true
			return false, true
		}
	}
	return done, false
}

func (w *watcher) arrival(b *watchedBucket, info objects.Info, k key) (*delivery, error) {
	at, err := w.journal.firstSeen(k, w.now())
	if err != nil {
		// It is delivered all the same: after a crash it would come at another instant.
		w.log.Error("noting an arrival failed", "error", events.Redact(err.Error()))
	}
	e, err := events.NewObjectFinalized(events.ObjectFinalized{
		Bucket: w.prefix + b.name, Name: info.Name, Generation: info.Generation, Size: info.Size, At: at,
	})
	if err != nil {
		return nil, err
	}
	return &delivery{event: e, key: k}, nil
}

// watch looks again and again until ctx ends: when woken, and now and then.
// Unsettled files are looked at sooner.
func (w *watcher) watch(ctx context.Context, wake <-chan struct{}, every time.Duration, after func(sight, error)) {
	const calm = 100 * time.Millisecond // between two looks, however many wake-ups
	for {
		began := time.Now()
		s, err := w.lookAll(ctx)
		if ctx.Err() != nil {
			return
		}
		after(s, err)
		wait := every
		if len(s.unsettled) > 0 {
			wait = min(every, w.settle)
		}
		// Looking must not become all that the machine does.
		wait = max(wait, 10*time.Since(began))
		if !sleep(ctx, wake, wait) || !sleep(ctx, nil, min(calm, wait)) {
			return
		}
	}
}

// sleep waits until woken or for a time; false: ctx has ended.
func sleep(ctx context.Context, wake <-chan struct{}, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}
