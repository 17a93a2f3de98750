package simulation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// tending is what persons and schedules know, who see to the batches.
type tending struct {
	mended   map[string]bool  // feeds
	redone   map[*file]bool   // read again by the mended feed
	refused  map[*file]int    // how often the store refused to open it
	before   map[revision]int // what could count an attempt before the revision was asked for
	found    map[*file]bool   // brought into the bucket
	clock    time.Time        // of the sweeps
	sweeps   int              // begun
	swept    int              // ended, however
	reading  int              // calls that read what a period holds
	sweeping int              // sweeps that run
	waiting  int              // sweeps that wait for all of these to end

	frozen   map[ledger.Key]bool // months, as they were when so much was written
	frozenAt int
}

type revision struct {
	file *file
	rev  int64
}

// tend does for a file what a person would, one step at a time, until nothing
// of it is left to do.
func (r *run) tend(f *file) error {
	b, err := r.ledger.Batch(r.ctx, r.batch[f])
	if err != nil {
		return err
	}
	mend, wrong := r.w.mends[f.feed]
	wrong = wrong && !r.mended[f.feed]
	switch {
	case b.State == ledger.Withdrawn, r.lose[f] && (b.State == ledger.Failed || b.RedoState == ledger.Failed):
		return nil
	case b.State == ledger.Failed && wrong && mend.zone == "":
		return errWait
	case b.State == ledger.Failed:
		if err := r.mayFail(f, b.Rev, b.Failure); err != nil {
			return err
		}
		r.begin(f, b.Rev+1)
		r.met["retried"]++
		err = r.ledger.Retry(r.ctx, b.ID)
	case b.RedoState == ledger.Failed:
		if err := r.mayFail(f, b.Redo.Rev, b.Redo.Failure); err != nil {
			return err
		}
		r.met["redo failed"]++
		err = r.redo(f)
	case b.State != ledger.Committed || b.RedoState == ledger.Planned:
		if r.yields() && r.rng.IntN(3) > 0 {
			return errWait // someone may be at it
		}
		if _, lost := r.lost[b.ID]; lost {
			err = r.sweep(max(f.at.Sub(r.clock), 0) + 16*time.Minute)
			break
		}
		err = r.process(f)
	case wrong:
		return errWait
	case r.mended[f.feed] && !r.redone[f]:
		if err = r.redo(f); err == nil {
			r.redone[f] = true
		}
	default:
		return nil
	}
	if errors.Is(err, ledger.ErrState) {
		err = nil // others were at it: look again
	}
	if err == nil {
		err = errWait
	}
	return err
}

// mayFail reports a failure that nothing explains: fewer attempts came to
// nothing than a batch has.
func (r *run) mayFail(f *file, rev int64, why string) error {
	if strings.Contains(why, "is not configured") || r.lose[f] {
		return nil
	}
	r.met["failed by its attempts"]++
	if n := r.refused[f] + r.sweeps - r.before[revision{f, rev}]; n < ledger.MaxAttempts {
		return fmt.Errorf("rev %d of %s failed after %d attempts: %s", rev, f.object, n, why)
	}
	return nil
}

// begin notes that a revision may be planned from now on: its attempts are
// counted from 0.
func (r *run) begin(f *file, rev int64) {
	at := revision{f, rev}
	if _, ok := r.before[at]; !ok {
		r.before[at] = r.refused[f] + r.swept
	}
}

func (r *run) redo(f *file) error {
	b, err := r.ledger.Batch(r.ctx, r.batch[f])
	if err != nil {
		return err
	}
	if b.Rev > 0 { // else what it counts so far is of its first revision
		r.begin(f, max(b.Rev, b.Redo.Rev)+1)
	}
	if r.closedWith(f) {
		r.met["redo after a close"]++
	}
	r.met["redo"]++
	if r.w.first.wrong && r.mended[f.feed] && !r.redone[f] {
		r.met["redo of who is charged"]++
	}
	f.refuse, f.refused = f.refuse+f.refused, 0
	return r.ledger.Redo(r.ctx, r.batch[f], r.clock)
}

func (r *run) closedWith(f *file) bool {
	for _, c := range f.usage.Records {
		cycle := r.w.settings.Feeds[c.Feed].Cycle
		if a, ok := r.w.settings.Accounts[c.Account]; ok {
			cycle = a.Cycle
		}
		if r.closed[cycle+":"+time.Unix(0, c.Instant).UTC().Format("2006-01")] {
			return true
		}
	}
	return false
}

// again has a file read again for no reason.
func (r *run) again(f *file) error {
	err := r.redo(f)
	if !errors.Is(err, ledger.ErrState) {
		return err
	}
	b, err := r.ledger.Batch(r.ctx, r.batch[f])
	if err == nil && b.State != ledger.Withdrawn && !(b.State == ledger.Failed && r.lose[f]) {
		err = errWait
	}
	return err
}

// refuseOpen says whether the store refuses to open a file now.
func (r *run) refuseOpen(object, generation string) bool {
	for _, f := range r.w.files {
		if f.object == object && f.refuse > 0 && generationOf(f) == generation {
			f.refuse--
			r.refused[f]++
			return true
		}
	}
	return false
}

// reader runs a call that goes on reading what a period held when it began: it
// takes less time than a part is kept after nothing refers to it any more.
func (r *run) reader(call func() error) error {
	for r.waiting > 0 && r.yields() {
		r.sleep(5)
	}
	r.reading++
	defer func() { r.reading-- }()
	return call()
}

func (r *run) yields() bool { return r.cur != nil && r.cur.yield != nil }

// sweep runs the sweeper once, some time after the last. No call lasts for a
// day: before the clock goes so far, those that read and the sweeps that run,
// with their older instants, have ended.
func (r *run) sweep(wait time.Duration) error {
	if wait >= 24*time.Hour {
		r.waiting++
		for r.reading > 0 || r.sweeping > 0 {
			r.sleep(5)
		}
		r.waiting--
	} else {
		for r.waiting > 0 && r.yields() {
			r.sleep(5)
		}
	}
	r.sweeping++
	defer func() { r.sweeping-- }()
	r.clock = r.clock.Add(wait)
	r.sweeps++
	defer func() { r.swept++ }()
	swept, err := r.ledger.Sweep(r.ctx, r.clock, func(object string) (string, bool) {
		feed, _, ok := strings.Cut(object, "/")
		return feed, ok
	})
	r.met["swept: file received"] += swept.Received
	r.met["swept: no feed's file skipped"] += swept.Skipped
	r.met["swept: batch resumed"] += swept.Resumed
	r.met["swept: batch failed"] += swept.Failed
	r.met["swept: part noted"] += swept.Noted
	r.met["swept: part deleted"] += swept.Deleted
	for _, f := range r.w.files {
		if !f.silent || !r.found[f] || r.batch[f] != "" {
			continue
		}
		id := ledger.BatchID("cdrs", f.object, generationOf(f))
		if _, err := r.docs.Get(r.ctx, documents.Path{Collection: "batches", ID: id}); err == nil {
			r.batch[f] = id
		} else if !errors.Is(err, documents.ErrNotFound) {
			return err
		}
	}
	if err == nil {
		err = r.followOrders()
	}
	if all, ok := errors.Unwrap(err).(interface{ Unwrap() []error }); ok {
		for _, one := range all.Unwrap() {
			if !isTransient(one) {
				return fmt.Errorf("not to be expected of a sweep: %v", one)
			}
		}
	}
	return err
}

// allFound reports whether every file that nobody is told of is in the bucket.
func (r *run) allFound() bool {
	return !slices.ContainsFunc(r.w.files, func(f *file) bool { return f.silent && !r.found[f] })
}

// sweepUntilDone sweeps until every file that nobody was told of has a batch
// that is finished.
func (r *run) sweepUntilDone() error {
	for _, f := range r.w.files {
		if !f.silent {
			continue
		}
		if r.batch[f] != "" {
			b, err := r.ledger.Batch(r.ctx, r.batch[f])
			if err != nil {
				return err
			}
			if b.State != ledger.Received && b.State != ledger.Planned {
				continue
			}
		}
		if err := r.sweep(16 * time.Minute); err != nil {
			return err
		}
		return errWait
	}
	return nil
}

// isClosed reports whether a month is frozen and has no invoices, or is past it.
// It is asked at every step, so it looks only when something was written.
func (r *run) isClosed(key ledger.Key) bool {
	if r.frozenAt != r.writes || r.frozen == nil {
		r.frozen, r.frozenAt = map[ledger.Key]bool{}, r.writes
	}
	is, ok := r.frozen[key]
	if !ok {
		doc, err := r.docs.Get(r.ctx, documents.Path{Collection: "periods", ID: key.String()})
		state, _ := doc.Fields["state"].(string)
		is = err == nil && (state == string(ledger.Closed) || state == string(ledger.Issued))
		r.frozen[key] = is
	}
	return is
}

// reopen lets a month take usage again, if it can be.
func (r *run) reopen(cycle, month string) error {
	err := r.ledger.Reopen(r.ctx, keyOf(cycle, month))
	switch {
	case errors.Is(err, ledger.ErrState), errors.Is(err, documents.ErrNotFound):
		return nil
	case errors.Is(err, documents.ErrConflict):
		return errWait
	case err == nil:
		r.met["reopened"]++
	}
	return err
}

// waive lets a month be closed without a batch.
func (r *run) waive(cycle, month string, f *file) error {
	err := r.ledger.Waive(r.ctx, keyOf(cycle, month), r.batch[f])
	switch {
	case errors.Is(err, ledger.ErrState), errors.Is(err, documents.ErrNotFound):
		return nil
	case err == nil:
		r.met["waived"]++
	}
	return err
}

// foldStale publishes the drafts that are stale.
func (r *run) foldStale() error {
	before, err := r.usable()
	if err != nil {
		return err
	}
	seen := map[ledger.Key][]ledger.Entry{}
	for _, cycle := range sorted(r.w.months) {
		for _, month := range r.w.months[cycle] {
			entries, err := entriesOf(r.ctx, r.docs, keyOf(cycle, month))
			if err != nil {
				return err
			}
			seen[keyOf(cycle, month)] = entries
		}
	}
	var failed error
	err = r.ledger.FoldStale(r.ctx, func(key ledger.Key, err error) {
		failed = errors.Join(failed, err)
		r.met["stale draft folded"]++
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	after, err := r.usable()
	for key, reopened := range before {
		if again, ok := after[key]; ok && again == reopened { // it took usage all the time
			r.noteDraft(key, seen[key])
		}
	}
	return err
}

// usable returns the periods that take usage, and how often they were reopened.
func (r *run) usable() (map[ledger.Key]int64, error) {
	page, err := r.docs.Query(r.ctx, documents.Query{Name: "periods_all", Limit: documents.MaxPage})
	if err != nil {
		return nil, err
	}
	out := map[ledger.Key]int64{}
	for _, doc := range page.Docs {
		var p ledger.Period
		if err := doc.Fields.Decode(&p); err != nil {
			return nil, err
		}
		if p.State.TakesUsage() {
			out[p.Key] = p.Reopened
		}
	}
	return out, nil
}

// draft says that a month is over.
func (r *run) draft(cycle, month string) error {
	err := r.ledger.Draft(r.ctx, keyOf(cycle, month))
	if errors.Is(err, ledger.ErrState) || errors.Is(err, documents.ErrNotFound) {
		return nil
	}
	return err
}

// isTransient reports whether a step is simply done again.
func isTransient(err error) bool {
	for _, passing := range []error{documents.ErrTransient, documents.ErrCommitUnknown, objects.ErrTransient, errRefused} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}
