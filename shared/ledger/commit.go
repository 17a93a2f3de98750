package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/documents"
)

func compareKeys(a, b Key) int {
	if c := strings.Compare(a.Cycle, b.Cycle); c != 0 {
		return c
	}
	return a.Month.Compare(b.Month)
}

// sortedPeriods returns a set of periods in order, so that a crash in a repeat
// is a crash at the same place.
func sortedPeriods(set map[Key]bool) []Key { return slices.SortedFunc(maps.Keys(set), compareKeys) }

// maxAhead bounds the search for a period that still takes usage.
const maxAhead = 24

// commit makes a worked batch count: one transaction writes the batch and one
// entry a period. The first commit wins; a repeat changes nothing.
func (l *Ledger) commit(ctx context.Context, planned Batch, markerRef Ref) error {
	m, err := l.marker(ctx, markerRef)
	if err != nil {
		return err
	}
	if err := m.Counts.Check(); err != nil {
		return fmt.Errorf("batch %s: %w: %w", planned.ID, ErrDamaged, err)
	}
	zones, err := l.cycleZones(ctx, planned.Book)
	if err != nil {
		return err
	}
	err = l.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		return commitTx(tx, planned, m, markerRef, zones)
	})
	if err != nil {
		return fmt.Errorf("committing batch %s: %w", planned.ID, err)
	}
	return nil
}

// cycleZones returns the zone of each cycle in a pinned book.
func (l *Ledger) cycleZones(ctx context.Context, ref Ref) (map[string]string, error) {
	ix, err := l.openBook(ctx, ref)
	if err != nil {
		return nil, err
	}
	zones := map[string]string{}
	for _, c := range ix.Cycles() {
		zones[c.ID] = c.Zone
	}
	return zones, nil
}

func commitTx(tx documents.Tx, planned Batch, m Marker, markerRef Ref, zones map[string]string) error {
	doc, err := tx.Get(batchPath(planned.ID))
	if err != nil {
		return err
	}
	var b Batch
	if err := doc.Fields.Decode(&b); err != nil {
		return err
	}
	if b.State != Planned || b.Rev != planned.Rev {
		return nil // committed, withdrawn or failed meanwhile
	}
	var entries []Entry
	opened := map[Key]bool{}
	for _, n := range m.Periods {
		into, missing, err := takesUsage(tx, n.Period)
		if err != nil {
			return err
		}
		if missing {
			opened[into] = true
		}
		entries = append(entries, Entry{Kind: Adds, Period: n.Period, Batch: b.ID, Rev: b.Rev, Into: into, Marker: markerRef})
		b.Periods = append(b.Periods, n.Period.String())
	}
	for _, key := range sortedPeriods(opened) {
		if err := createDoc(tx, key.path(), newPeriod(key, zones[key.Cycle])); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := createDoc(tx, e.path(), e); err != nil {
			return err
		}
	}
	b.State, b.Marker, b.Counts = Committed, markerRef, m.Counts
	return putDoc(tx, batchPath(b.ID), b)
}

func newPeriod(key Key, zone string) Period {
	return Period{Key: key, Cycle: key.Cycle, Month: key.Month, Zone: zone, State: Open}
}

// takesUsage returns the period itself if it takes usage, else the next one
// that does; missing says that it has no document yet.
func takesUsage(tx documents.Tx, key Key) (into Key, missing bool, err error) {
	for ahead := range maxAhead {
		into := Key{key.Cycle, key.Month.Add(ahead)}
		docs, err := tx.GetMany([]documents.Path{into.path()})
		if err != nil {
			return Key{}, false, err
		}
		if !docs[0].Exists() {
			return into, true, nil
		}
		var p Period
		if err := docs[0].Fields.Decode(&p); err != nil {
			return Key{}, false, err
		}
		if p.State.TakesUsage() {
			return into, false, nil
		}
	}
	return Key{}, false, fmt.Errorf("no period within %d months of %s takes usage: %w", maxAhead, key, ErrState)
}

func createDoc(tx documents.Tx, p documents.Path, v any) error {
	fields, err := documents.Encode(v)
	if err != nil {
		return fmt.Errorf("encoding %s/%s: %w", p.Collection, p.ID, err)
	}
	return tx.Create(p, fields)
}

func putDoc(tx documents.Tx, p documents.Path, v any) error {
	fields, err := documents.Encode(v)
	if err != nil {
		return fmt.Errorf("encoding %s/%s: %w", p.Collection, p.ID, err)
	}
	return tx.Put(p, fields)
}

// Withdraw takes a batch out: what it added to a period that still takes usage
// is removed, and for any other a withdrawal enters the next period that does.
func (l *Ledger) Withdraw(ctx context.Context, id string) error {
	err := l.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		doc, err := tx.Get(batchPath(id))
		if err != nil {
			return err
		}
		var b Batch
		if err := doc.Fields.Decode(&b); err != nil {
			return err
		}
		switch b.State {
		case Withdrawn:
			return nil
		case Planned:
			b.State = Withdrawn
			return putDoc(tx, batchPath(id), b)
		case Committed:
		default:
			return fmt.Errorf("the batch is %s: %w", b.State, ErrState)
		}
		return withdrawTx(tx, b)
	})
	if err != nil {
		return fmt.Errorf("withdrawing batch %s: %w", id, err)
	}
	return nil
}

func withdrawTx(tx documents.Tx, b Batch) error {
	var remove, counter []Entry
	opened := map[Key]bool{}
	for _, p := range b.Periods {
		key, err := ParseKey(p)
		if err != nil {
			return err
		}
		e := Entry{Kind: Adds, Period: key, Batch: b.ID}
		doc, err := tx.Get(e.path())
		if err != nil {
			return err
		}
		if err := doc.Fields.Decode(&e); err != nil {
			return err
		}
		into, missing, err := takesUsage(tx, e.Into)
		if err != nil {
			return err
		}
		if into == e.Into {
			remove = append(remove, e)
			continue
		}
		if missing {
			opened[into] = true
		}
		e.Kind, e.Into = Withdraws, into
		counter = append(counter, e)
	}
	zones := map[string]string{}
	for _, key := range sortedPeriods(opened) {
		// The period behind the gap has the zone of the one that was left.
		if zones[key.Cycle] == "" {
			zone, err := zoneOf(tx, counter, key.Cycle)
			if err != nil {
				return err
			}
			zones[key.Cycle] = zone
		}
	}
	for _, key := range sortedPeriods(opened) {
		if err := createDoc(tx, key.path(), newPeriod(key, zones[key.Cycle])); err != nil {
			return err
		}
	}
	for _, e := range remove {
		if err := tx.Delete(e.path()); err != nil {
			return err
		}
	}
	for _, e := range counter {
		if err := createDoc(tx, e.path(), e); err != nil {
			return err
		}
	}
	b.State = Withdrawn
	return putDoc(tx, batchPath(b.ID), b)
}

// zoneOf returns the zone of a cycle's period that is known to exist.
func zoneOf(tx documents.Tx, entries []Entry, cycle string) (string, error) {
	for _, e := range entries {
		if e.Period.Cycle != cycle {
			continue
		}
		doc, err := tx.Get(e.Period.path())
		if err != nil {
			return "", err
		}
		var p Period
		if err := doc.Fields.Decode(&p); err != nil {
			return "", err
		}
		return p.Zone, nil
	}
	return "", fmt.Errorf("no period of cycle %s: %w", cycle, ErrDamaged)
}
