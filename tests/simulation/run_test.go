package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// run is one world on its way through the pipeline.
type run struct {
	*scheduler
	w       *world
	ctx     context.Context
	docs    documents.Store
	buckets objects.Buckets
	ledger  *ledger.Ledger // every call of it goes through the scheduler
	cdrs    objects.Bucket
	batch   map[*file]string                // ids of what was received
	lose    map[*file]bool                  // overwritten: an unfinished batch fails
	changed int                             // changes that are made
	arrived int                             // files that came in time and are processed
	closed  map[string]bool                 // periods that were issued
	closing map[string]bool                 // periods that are being closed
	drafts  map[ledger.Key]map[string]int64 // batches that a published fold must hold, with their least revision
	tending
	ordering
}

// memoryDir is a folder in memory where there is one: the store's file is
// written thousands of times.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "tollbook-simulation")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// begin sets a world up on empty stores.
func begin(t *testing.T, w *world, s *scheduler) *run {
	t.Helper()
	docs, err := documents.OpenBolt(filepath.Join(memoryDir(t), "documents.db"), ledger.Model(), documents.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docs.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &run{
		scheduler: s, w: w, ctx: t.Context(), docs: docs, buckets: objects.MemoryBuckets(),
		batch: map[*file]string{}, lose: map[*file]bool{}, closed: map[string]bool{}, closing: map[string]bool{}, drafts: map[ledger.Key]map[string]int64{},
		tending: tending{
			mended: map[string]bool{}, redone: map[*file]bool{}, refused: map[*file]int{}, before: map[revision]int{}, found: map[*file]bool{},
			clock: w.files[0].at,
		},
	}
	s.refuse = r.refuseOpen
	if w.versioned {
		r.buckets.CDRs = versioned{r.buckets.CDRs, objects.NewMemory()}
	}
	if _, err := r.buckets.CDRs.Create(r.ctx, "readme.txt", bytes.NewReader([]byte("no feed's"))); err != nil {
		t.Fatal(err)
	}
	wrapped := wrapBuckets(r.buckets, s)
	r.cdrs = wrapped.CDRs
	r.ordering = ordering{placed: objects.NewMemory(), seen: map[string]bool{}, lost: map[string]round{}}
	options := []ledger.Option{ledger.CompactFrom(w.compactFrom), ledger.CheckpointFrom(w.keepFrom), ledger.OnRefused(func(context.Context, error) { r.met["checkpoint refused"]++ })}
	if w.slice > 0 {
		options = append(options, ledger.Slices(orders{bucket{r.placed, s, "orders"}, r}, w.slice))
	}
	r.ledger = ledger.New(docStore{docs, s}, wrapped, options...)
	if err := w.setup(r.ctx, r.ledger); err != nil {
		t.Fatalf("the setup: %v", err)
	}
	return r
}

// errWait says that a task has to wait for others.
var errWait = errors.New("waiting for others")

// maxAttempts bounds how often a task begins again.
const maxAttempts = 2000

// persist does a step until it succeeds: after a failure that passes, after
// waiting for others, and from the beginning when its task died.
func (r *run) persist(step func() error) error {
	for range maxAttempts {
		err, died := attempt(step)
		switch {
		case died:
			r.note("is started again")
			r.sleep(r.rng.IntN(30))
		case err == nil:
			return nil
		case errors.Is(err, errWait):
			r.sleep(50 + r.rng.IntN(50))
		case isTransient(err):
			r.note("tries again")
			r.sleep(r.rng.IntN(10))
		default:
			return err
		}
	}
	return fmt.Errorf("not done in %d attempts", maxAttempts)
}

// put brings a file's bytes into the inbound bucket.
func (r *run) put(f *file) error {
	if old := f.replaces; old != nil {
		info, err := r.cdrs.Stat(r.ctx, old.object)
		switch {
		case err == nil && info.Generation != generationOf(f):
			r.lose[old] = !r.w.versioned
			if err := r.cdrs.Delete(r.ctx, old.object, info.Generation); err != nil {
				return err
			}
		case err != nil && !errors.Is(err, objects.ErrNotFound):
			return err
		}
	}
	_, err := r.cdrs.Create(r.ctx, f.object, bytes.NewReader(f.data))
	if errors.Is(err, objects.ErrExists) {
		err = nil
	}
	if err == nil {
		r.found[f] = true
	}
	return err
}

// generationOf is known beforehand, as memory and folder name one by its bytes.
func generationOf(f *file) string {
	info, err := objects.NewMemory().Create(context.Background(), "x", bytes.NewReader(f.data))
	if err != nil {
		panic(err)
	}
	return info.Generation
}

func (r *run) receive(f *file) error {
	id, err := r.ledger.Receive(r.ctx, ledger.Arrival{Bucket: "cdrs", Object: f.object, Generation: generationOf(f), Size: int64(len(f.data)), Feed: f.feed, At: f.at})
	if err == nil {
		r.batch[f] = id
	}
	return err
}

func (r *run) process(f *file) error {
	_, err := r.ledger.Process(r.ctx, r.batch[f])
	return errors.Join(err, r.followOrders())
}

// withdraw waits until a batch can be withdrawn.
func (r *run) withdraw(f *file) error {
	err := r.ledger.Withdraw(r.ctx, r.batch[f])
	if !errors.Is(err, ledger.ErrState) {
		return err
	}
	b, err := r.ledger.Batch(r.ctx, r.batch[f])
	if err == nil && !(b.State == ledger.Failed && r.lose[f]) {
		err = errWait // it will be retried
	}
	return err
}

func keyOf(cycle, month string) ledger.Key {
	return ledger.Key{Cycle: cycle, Month: must(period.ParseMonth(month))}
}

// close brings a period to issued, as soon as nothing holds it.
func (r *run) close(cycle, month string) error {
	key, zone := keyOf(cycle, month), r.w.settings.Zones[cycle]
	if err := r.ledger.OpenPeriod(r.ctx, key, zone); err != nil {
		return err
	}
	cutoff := time.Unix(0, monthStart(addMonths(month, 1), zone)).UTC()
	r.closing[cycle+":"+month] = true
	err := r.reader(func() error { return r.ledger.Close(r.ctx, key, cutoff) })
	if errors.Is(err, ledger.ErrHeld) && len(r.lost) > 0 {
		return errors.Join(errWait, r.sweepLost()) // nobody else may come to it before the month is closed
	}
	switch {
	case errors.Is(err, ledger.ErrHeld), errors.Is(err, ledger.ErrState), errors.Is(err, documents.ErrConflict):
		return errors.Join(errWait, err)
	case err == nil:
		r.closed[cycle+":"+month] = true
	}
	return err
}

// fold publishes a draft, and notes what it must hold: whatever was there when
// it began.
func (r *run) fold(key ledger.Key) error {
	entries, err := entriesOf(r.ctx, r.docs, key)
	if err != nil {
		return err
	}
	if _, err := r.ledger.Fold(r.ctx, key); err != nil {
		return err
	}
	r.noteDraft(key, entries)
	return nil
}

func (r *run) noteDraft(key ledger.Key, entries []ledger.Entry) {
	if r.drafts[key] == nil {
		r.drafts[key] = map[string]int64{}
	}
	for _, e := range entries {
		if e.Kind == ledger.Touches {
			continue // it names no batch
		}
		r.drafts[key][e.Batch] = max(r.drafts[key][e.Batch], e.Rev)
	}
}

func entriesOf(ctx context.Context, docs documents.Store, key ledger.Key) ([]ledger.Entry, error) {
	page, err := docs.Query(ctx, documents.Query{
		Name: "entries_by_period", Equal: map[string]any{"period": key.String()}, Limit: documents.MaxPage,
	})
	if err != nil {
		return nil, err
	}
	var out []ledger.Entry
	for _, doc := range page.Docs {
		var e ledger.Entry
		if err := doc.Fields.Decode(&e); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// spawn makes the tasks of a world.
func (r *run) spawn() {
	for i, c := range r.w.changes {
		r.add("change"+strconv.Itoa(i+1), r.afterStep(300), func() error {
			err := r.persist(func() error { return r.w.apply(r.ctx, r.ledger, c) })
			r.changed++
			r.met["change of "+c.of()]++
			return err
		})
	}
	for _, feed := range sorted(r.w.mends) {
		soon, after := r.afterStep(800), r.w.mends[feed].after
		r.add("mend "+feed, func() bool { return soon() && (after == "" || r.closed[after]) }, func() error {
			err := r.persist(func() error { return r.w.mend(r.ctx, r.ledger, feed) })
			r.mended[feed] = true
			return err
		})
	}
	inTime := 0
	for i, f := range r.w.files {
		name := strconv.Itoa(i + 1)
		if f.late == "" && !f.silent {
			inTime++
		}
		known := func() bool { return r.batch[f] != "" }
		_, wrong := r.w.mends[f.feed]
		r.add("person"+name, func() bool { return known() && (!wrong || r.mended[f.feed]) }, func() error { return r.persist(func() error { return r.tend(f) }) })
		for range f.redo {
			soon := r.afterStep(3000)
			r.add("redo"+name, func() bool { return known() && soon() }, func() error {
				if err := r.persist(func() error { return r.again(f) }); err != nil {
					return err
				}
				return r.persist(func() error { return r.tend(f) })
			})
		}
		r.add("deliver"+name, r.deliverable(f), func() error { return r.deliver(f) })
		for range r.rng.IntN(3) {
			r.add("worker"+name, known, func() error {
				return r.persist(func() error { return r.process(f) })
			})
		}
		if f.withdraw != "" {
			r.add("withdraw"+name, func() bool {
				return r.batch[f] != "" && (f.withdraw == "now" || r.closed[f.withdraw])
			}, func() error { return r.persist(func() error { return r.withdraw(f) }) })
		}
	}
	for _, cycle := range sorted(r.w.months) {
		r.spawnMonths(cycle, inTime)
	}
	for i := range r.rng.IntN(6) {
		wait := []time.Duration{time.Minute, 20 * time.Minute, 24 * time.Hour, 8 * 24 * time.Hour}[r.rng.IntN(4)]
		r.add("sweep"+strconv.Itoa(i+1), r.afterStep(4000), func() error {
			return r.persist(func() error { return r.sweep(wait) })
		})
	}
	r.add("sweeper", r.allFound, func() error { return r.persist(r.sweepUntilDone) })
	for range r.rng.IntN(3) {
		r.add("fold stale", r.afterStep(2500), func() error {
			return r.persist(func() error { return r.reader(r.foldStale) })
		})
	}
}

func (r *run) spawnMonths(cycle string, inTime int) {
	months := r.w.months[cycle]
	closing := months
	if !r.w.closeLast[cycle] {
		closing = months[:len(months)-1]
	}
	for _, month := range closing {
		early := r.rng.IntN(3) == 0
		soon := r.afterStep(1500)
		ready := func() bool {
			return r.changed == len(r.w.changes) && (r.arrived == inTime || early && soon())
		}
		for range 1 + r.rng.IntN(3) {
			r.add("close "+cycle+" "+month, ready, func() error {
				return r.persist(func() error { return r.close(cycle, month) })
			})
		}
	}
	month := months[r.rng.IntN(len(months))]
	for range r.rng.IntN(5) {
		r.add("fold "+cycle+" "+month, r.afterStep(2000), func() error {
			return r.persist(func() error { return r.reader(func() error { return r.fold(keyOf(cycle, month)) }) })
		})
	}
	for range r.rng.IntN(3) {
		month := closing[r.rng.IntN(len(closing))]
		begun, later := func() bool { return r.closing[cycle+":"+month] }, r.rng.IntN(200)
		if r.rng.IntN(2) == 0 { // when its invoices are about to be made
			begun, later = func() bool { return r.closing[cycle+":"+month] && r.isClosed(keyOf(cycle, month)) }, 0
		}
		r.add("reopen "+cycle+" "+month, begun, func() error {
			r.sleep(later)
			return r.persist(func() error { return r.reopen(cycle, month) })
		})
	}
	for range r.rng.IntN(3) {
		month, f := closing[r.rng.IntN(len(closing))], r.w.files[r.rng.IntN(len(r.w.files))]
		r.add("waive "+cycle+" "+month, func() bool { return r.batch[f] != "" }, func() error {
			return r.persist(func() error { return r.waive(cycle, month, f) })
		})
	}
	if r.rng.IntN(2) == 0 {
		r.add("draft "+cycle+" "+month, r.afterStep(1500), func() error {
			return r.persist(func() error { return r.draft(cycle, month) })
		})
	}
}

// afterStep is ready somewhere within the first steps.
func (r *run) afterStep(most int) func() bool {
	at := r.rng.IntN(most)
	return func() bool { return r.steps >= at }
}

func (r *run) deliverable(f *file) func() bool {
	soon := r.afterStep(500)
	return func() bool {
		switch {
		case f.replaces != nil:
			return r.batch[f.replaces] != ""
		case f.late != "":
			return r.closed[f.late]
		}
		return soon()
	}
}

func (r *run) deliver(f *file) error {
	steps := []func() error{
		func() error { return r.put(f) },
		func() error { return r.receive(f) },
		func() error { return r.process(f) },
	}
	if f.silent {
		steps = steps[:1]
	} else if f.twice {
		steps = append(steps, func() error { return r.receive(f) }, func() error { return r.process(f) })
	}
	for _, step := range steps {
		if err := r.persist(step); err != nil {
			return err
		}
	}
	if f.late == "" && !f.silent {
		r.arrived++
	}
	return nil
}

// everyObject returns a bucket's objects and their bytes.
func everyObject(ctx context.Context, b objects.Bucket) (map[string][]byte, error) {
	out := map[string][]byte{}
	after := ""
	for {
		page, err := b.List(ctx, "", after, 1000)
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, info := range page {
			r, err := b.OpenRange(ctx, info.Name, info.Generation, 0, -1)
			if err != nil {
				return nil, err
			}
			data, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil {
				return nil, err
			}
			out[info.Name], after = data, info.Name
		}
	}
}
