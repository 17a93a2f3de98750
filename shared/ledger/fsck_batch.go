package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
)

// checkBookHead holds the newest book against the documents it is made of.
func (c *checker) checkBookHead(ctx context.Context) error {
	var head bookHead
	_, err := c.ledger.get(ctx, headBook, &head)
	if errors.Is(err, documents.ErrNotFound) || err == nil && (head.Book.IsZero() || head.Rules != book.RuleVersion) {
		return nil // nothing was planned since the last change, of these rules
	}
	if err != nil {
		return c.blame("head", headBook.String(), err)
	}
	kept, err := loadHashed(ctx, c.ledger.buckets.Rated, head.Book)
	if err != nil {
		return c.blame("book", head.Book.Name, err)
	}
	now, err := c.ledger.readBook(ctx)
	if err != nil {
		return c.blame("book", head.Book.Name, err)
	}
	image, err := c.ledger.directoryNow(ctx)
	if errors.Is(err, ErrNumbers) {
		c.add("head", headBook.String(), "%v", err)
		return nil
	}
	if err != nil {
		return c.blame("head", headBook.String(), err)
	}
	if image != nil {
		now.Directory = fmt.Sprintf("%s/%x", directoriesPrefix, sha256.Sum256(image))
	}
	data, err := now.Encode()
	if err != nil {
		return err
	}
	if !bytes.Equal(kept, data) || !slices.Equal(head.Cycles, now.Cycles) || head.Directory.Name != now.Directory {
		c.add("head", headBook.String(), "its book %s is not what the documents say, which have not changed since", head.Book.Name)
	}
	return nil
}

// checkBatches checks what a batch's document says of itself.
func (c *checker) checkBatches(context.Context) error {
	for _, id := range sortedKeys(c.batches) {
		b := c.batches[id]
		where := batchPath(id).String()
		if want := BatchID(b.Bucket, b.Object, b.Generation); id != want {
			c.add("batch", where, "its object and generation make the id %s", want)
		}
		pinned, worked := b.Rev > 0 && !b.Book.IsZero(), !b.Marker.IsZero()
		switch b.State {
		case Received:
			if pinned || worked {
				c.add("batch", where, "it is received, but has a book or a marker")
			}
		case Planned:
			if !pinned || worked {
				c.add("batch", where, "it is planned: want a book and no marker")
			}
		case Committed:
			if !pinned || !worked {
				c.add("batch", where, "it is committed: want a book and a marker")
			}
		case Failed:
			if b.Failure == "" || worked {
				c.add("batch", where, "it failed: want the reason and no marker")
			}
		case Withdrawn:
			if !pinned || !worked && b.Counts.Rows > 0 {
				c.add("batch", where, "it is withdrawn: want a book, and a marker if it was committed")
			}
		default:
			c.add("batch", where, "it is in state %q, which there is not", b.State)
		}
		if err := b.Counts.Check(); err != nil {
			c.add("counts", where, "%v", err)
		}
		if b.Attempts < 0 || b.Attempts > MaxAttempts {
			c.add("batch", where, "it counts %d attempts, want 0 to %d", b.Attempts, MaxAttempts)
		}
		c.checkRedo(b)
	}
	return nil
}

// checkRedo checks what a batch says of its other revisions.
func (c *checker) checkRedo(b Batch) {
	where := batchPath(b.ID).String()
	redo := b.Redo
	switch b.RedoState {
	case "":
		if redo != (Redo{}) || !b.RedoAt.IsZero() {
			c.add("batch", where, "it says of a redo, but not how it stands")
		}
	case Planned, Failed:
		if b.State != Committed || redo.Rev <= b.Rev || redo.Book.IsZero() || b.RedoAt.IsZero() ||
			redo.Attempts < 0 || redo.Attempts > MaxAttempts || (redo.Failure != "") != (b.RedoState == Failed) {
			c.add("batch", where, "it is %s, and its redo %s: want a committed batch, a later revision, its book, and the reason if it failed", b.State, b.RedoState)
		}
	default:
		c.add("batch", where, "its redo is in state %q, which there is not", b.RedoState)
	}
	last := int64(0)
	for _, old := range b.Superseded {
		if old.Rev <= last || old.Rev >= b.Rev || b.State != Committed && b.State != Withdrawn {
			c.add("batch", where, "it is %s as rev %d, and superseded rev %d, after rev %d", b.State, b.Rev, old.Rev, last)
		}
		last = old.Rev
	}
}

// revisions returns a batch as each of its revisions had it: those that a redo
// superseded look like withdrawn batches.
func (b Batch) revisions() []Batch {
	out := []Batch{b}
	for _, old := range b.Superseded {
		r := b
		r.State, r.Rev, r.Book, r.Marker, r.Counts, r.Charges, r.Periods = Withdrawn, old.Rev, old.Book, old.Marker, old.Counts, old.Charges, old.Periods
		out = append(out, r)
	}
	return out
}

// checkEntries holds the entries against the batches, both ways.
func (c *checker) checkEntries(context.Context) error {
	known := map[revisionID]bool{}
	for _, id := range sortedKeys(c.batches) {
		for _, b := range c.batches[id].revisions() {
			known[revisionID{id, b.Rev}] = true
			c.checkBatchEntries(b)
		}
		for _, old := range c.batches[id].Superseded {
			c.checkUntil(id, old)
		}
	}
	for at, entries := range c.byRevision {
		if known[at] {
			continue
		}
		for _, e := range entries {
			c.add("entry", e.path().String(), "there is no batch %s of rev %d", at.batch, at.rev)
		}
	}
	return nil
}

// checkUntil holds what a batch says of a superseded revision against the
// entries that take it back.
func (c *checker) checkUntil(id string, old Revision) {
	found := map[string]Key{}
	for _, e := range c.byRevision[revisionID{id, old.Rev}] {
		if e.Kind == Withdraws {
			found[e.Period.String()] = e.Into
			for _, f := range e.Foreign {
				found[f.Period.String()] = f.Into
			}
		}
	}
	if !maps.Equal(found, old.Until) {
		c.add("batch", batchPath(id).String(), "rev %d was taken back from %v on, says its document; from %v on, say the entries", old.Rev, old.Until, found)
	}
}

func (c *checker) checkBatchEntries(b Batch) {
	found := map[EntryKind]map[Key]Entry{Adds: {}, Withdraws: {}}
	for _, e := range c.byRevision[revisionID{b.ID, b.Rev}] {
		where := e.path().String()
		switch {
		case found[e.Kind] == nil:
			c.add("entry", where, "kind %q: want %s or %s", e.Kind, Adds, Withdraws)
			continue
		case b.State != Committed && b.State != Withdrawn:
			c.add("entry", where, "batch %s is %s, want committed", b.ID, b.State)
		case !slices.Contains(b.Periods, e.Period.String()):
			c.add("entry", where, "batch %s has no rows in %s, says its document", b.ID, e.Period)
		case e.Marker != b.Marker:
			c.add("entry", where, "marker %s, but the batch has marker %s", e.Marker.Name, b.Marker.Name)
		}
		found[e.Kind][e.Period] = e
		c.checkForeign(e)
	}
	for _, p := range b.Periods {
		key, err := ParseKey(p)
		if err != nil {
			c.add("batch", batchPath(b.ID).String(), "%v", err)
			continue
		}
		adds, added := found[Adds][key]
		withdraws, withdrawn := found[Withdraws][key]
		where := Entry{Kind: Adds, Period: key, Batch: b.ID, Rev: b.Rev}.path().String()
		switch {
		case b.State == Committed && !added:
			c.add("entry", where, "it is missing: batch %s is committed and has rows in %s", b.ID, key)
		case b.State == Committed && withdrawn:
			c.add("entry", withdraws.path().String(), "batch %s is committed, not withdrawn", b.ID)
		case b.State == Withdrawn && added && !withdrawn:
			c.add("entry", where, "rev %d of batch %s is withdrawn or was redone, but nothing takes this back", b.Rev, b.ID)
		case withdrawn && !added:
			c.add("entry", withdraws.path().String(), "it takes back what was not added")
		}
		if added {
			c.checkInto(adds.path().String(), key, adds.Into)
		}
		if added && withdrawn {
			c.checkTakenBack(adds, withdraws)
		}
	}
}

// checkTakenBack checks that an entry is taken back after it was on an invoice:
// of its own cycle, or of one that it is foreign to.
func (c *checker) checkTakenBack(adds, withdraws Entry) {
	where, later := withdraws.path().String(), withdraws.Into.Month.Compare(adds.Into.Month)
	for _, f := range withdraws.Foreign {
		before := adds.into(f.Period)
		if later == 0 && f.Into.Month.Compare(before.Month) > 0 {
			later = 1
		}
		c.checkInto(where, before, f.Into)
	}
	if later <= 0 {
		c.add("entry", where, "it goes into %s, want later than %s", withdraws.Into, adds.Into)
	}
	if withdraws.First != adds.First || withdraws.Last != adds.Last {
		c.add("entry", where, "its rows are not those of the entry that it takes back")
	}
	c.checkInto(where, adds.Into, withdraws.Into)
}

// checkForeign checks where an entry goes in other cycles.
func (c *checker) checkForeign(e Entry) {
	where := e.path().String()
	if e.First > e.Last {
		c.add("entry", where, "its first row is later than its last")
	}
	seen := map[Key]bool{}
	for _, f := range e.Foreign {
		if f.Period.Cycle == e.Period.Cycle || f.Into == f.Period || seen[f.Period] {
			c.add("entry", where, "it goes into %s for %s, want a later month, of another cycle, and once", f.Into, f.Period)
		}
		seen[f.Period] = true
		c.checkInto(where, f.Period, f.Into)
		if !c.touched[f] {
			c.add("entry", where, "it goes into %s for %s, but nothing has that folded again then", f.Into, f.Period)
		}
	}
}

// checkInto checks that an entry went into the first period, from one on, that
// took usage: only reopening puts a state back, so those before must be past it.
func (c *checker) checkInto(where string, from, into Key) {
	if ahead := months(from, into); into.Cycle != from.Cycle || ahead < 0 || ahead >= maxAhead {
		c.add("entry", where, "it goes into %s, want %s or up to %d months later", into, from, maxAhead)
		return
	}
	if _, ok := c.periods[into]; !ok {
		c.add("entry", where, "it goes into %s, which there is not", into)
	}
	for key := from; key != into; key.Month = key.Month.Next() {
		if p, ok := c.periods[key]; !ok || p.State.TakesUsage() && p.Reopened == 0 {
			c.add("entry", where, "it goes into %s, but %s takes usage", into, key)
			return
		}
	}
}

func months(from, to Key) int {
	return (to.Month.Year-from.Month.Year)*12 + int(to.Month.Month) - int(from.Month.Month)
}

// checkSources reads the file of every revision that counts, or once did, again.
func (c *checker) checkSources(ctx context.Context) error {
	for _, id := range sortedKeys(c.batches) {
		for _, b := range c.batches[id].revisions() {
			if b.Marker.IsZero() || b.State != Committed && len(c.byRevision[revisionID{id, b.Rev}]) == 0 {
				continue
			}
			m, err := c.marker(ctx, b.Marker)
			if err != nil {
				return err
			}
			if m == nil {
				continue
			}
			if m.Batch != id || m.Rev != b.Rev || m.Book != b.Book.Name {
				c.add("marker", b.Marker.Name, "it is of batch %s, rev %d, by %s; want batch %s, rev %d, by %s", m.Batch, m.Rev, m.Book, id, b.Rev, b.Book.Name)
				continue
			}
			for _, e := range c.byRevision[revisionID{id, b.Rev}] {
				n := slices.IndexFunc(m.Periods, func(n PeriodCount) bool { return n.Period == e.Period })
				if n >= 0 && (m.Periods[n].First != e.First || m.Periods[n].Last != e.Last) {
					c.add("entry", e.path().String(), "its rows are from %d to %d, says the marker, and from %d to %d, says the entry",
						m.Periods[n].First, m.Periods[n].Last, e.First, e.Last)
				}
			}
			if err := c.checkRows(ctx, b, m); err != nil {
				return fmt.Errorf("batch %s: %w", id, err)
			}
		}
	}
	return nil
}
