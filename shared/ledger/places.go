package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tollbook/tollbook/shared/documents"
)

// maxAhead bounds the search for a period that still takes usage, in months.
const maxAhead = 24

// places says, inside one transaction, which periods entries go into.
type places struct {
	tx      documents.Tx
	periods map[Key]*Period // as read; nil: not there
	open    map[Key]string  // periods that must be opened first, with their zones
	marks   []Entry         // of kind Touches, that must be there first
}

// missingDocs ends a transaction that needs documents that are not there. They
// are made before it runs again, not by it: so many fit into no transaction.
// A period that is open early is no harm, nor is one folded again for nothing.
type missingDocs struct {
	zones map[Key]string
	marks []Entry
}

func (e *missingDocs) Error() string {
	return fmt.Sprintf("%d periods are not open yet, and %d are not known to be touched", len(e.zones), len(e.marks))
}

// placesTx runs f in a transaction, again after it has opened what it missed.
func (l *Ledger) placesTx(ctx context.Context, f func(p *places) error) error {
	for range maxConflicts {
		err := l.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
			return f(&places{tx: tx, periods: map[Key]*Period{}, open: map[Key]string{}})
		})
		var missing *missingDocs
		if !errors.As(err, &missing) {
			return err
		}
		var docs []documents.Doc
		for _, key := range slices.SortedFunc(maps.Keys(missing.zones), compareKeys) {
			fields, err := documents.Encode(newPeriod(key, missing.zones[key]))
			if err != nil {
				return fmt.Errorf("period %s: %w", key, err)
			}
			docs = append(docs, documents.Doc{Path: key.path(), Fields: fields})
		}
		for _, mark := range missing.marks {
			fields, err := documents.Encode(mark)
			if err != nil {
				return fmt.Errorf("touching %s: %w", mark.Period, err)
			}
			docs = append(docs, documents.Doc{Path: mark.path(), Fields: fields})
		}
		if err := l.docs.BulkCreate(ctx, docs); err != nil {
			return fmt.Errorf("opening periods: %w", err)
		}
	}
	return fmt.Errorf("opening periods: %w", documents.ErrConflict)
}

// missing returns the error that has documents made, if any are needed.
func (p *places) missing() error {
	if len(p.open)+len(p.marks) > 0 {
		return &missingDocs{p.open, p.marks}
	}
	return nil
}

// read reads the periods that were not read yet.
func (p *places) read(keys []Key) error {
	var todo []Key
	for _, key := range keys {
		if _, ok := p.periods[key]; !ok {
			todo = append(todo, key)
		}
	}
	for chunk := range slices.Chunk(todo, documents.MaxGetMany) {
		var paths []documents.Path
		for _, key := range chunk {
			paths = append(paths, key.path())
		}
		docs, err := p.tx.GetMany(paths)
		if err != nil {
			return err
		}
		for i, key := range chunk {
			if err := p.take(key, docs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// batch reads a batch and periods that it will need, as many as fit at once.
func (p *places) batch(id string, keys []Key) (Batch, error) {
	slices.SortFunc(keys, compareKeys)
	keys = slices.Compact(keys)
	keys = keys[:min(len(keys), documents.MaxGetMany-1)]
	paths := []documents.Path{batchPath(id)}
	for _, key := range keys {
		paths = append(paths, key.path())
	}
	docs, err := p.tx.GetMany(paths)
	if err != nil {
		return Batch{}, err
	}
	if !docs[0].Exists() {
		return Batch{}, fmt.Errorf("batch %s: %w", id, documents.ErrNotFound)
	}
	var b Batch
	if err := docs[0].Fields.Decode(&b); err != nil {
		return Batch{}, fmt.Errorf("batch %s: %w: %w", id, ErrDamaged, err)
	}
	for i, key := range keys {
		if err := p.take(key, docs[1+i]); err != nil {
			return Batch{}, err
		}
	}
	return b, nil
}

// take keeps a period as read.
func (p *places) take(key Key, doc documents.Doc) error {
	p.periods[key] = nil
	if !doc.Exists() {
		return nil
	}
	var period Period
	if err := doc.Fields.Decode(&period); err != nil {
		return fmt.Errorf("period %s: %w: %w", key, ErrDamaged, err)
	}
	p.periods[key] = &period
	return nil
}

// into returns a period itself if it takes usage, else the next one that does.
// One that is not there is to be opened in the zone that z has for its
// cycle, or else in that of the period before it.
func (p *places) into(key Key, z zones) (Key, error) {
	zone := ""
	if known := z[key.Cycle]; known != nil {
		zone = known.String()
	}
	for ahead := range maxAhead {
		at := Key{key.Cycle, key.Month.Add(ahead)}
		if err := p.read([]Key{at}); err != nil {
			return Key{}, err
		}
		found := p.periods[at]
		switch {
		case found == nil && zone == "":
			return Key{}, fmt.Errorf("there is no period %s, and nothing says its zone: %w", at, ErrDamaged)
		case found == nil:
			p.open[at] = zone
			return at, nil
		case found.State.TakesUsage():
			return at, nil
		}
		if z[key.Cycle] == nil {
			zone = found.Zone
		}
	}
	return Key{}, fmt.Errorf("no period within %d months of %s takes usage: %w", maxAhead, key, ErrState)
}

// taken is what takes a revision's entries out: those that are removed, and
// those that are created to take back others.
type taken struct{ remove, counter []Entry }

// takeBack finds how the committed revision of a batch is taken out. An entry
// stays, and is taken back, too, while a closed period of another cycle relies
// on it.
func (p *places) takeBack(b Batch, z zones) (taken, error) {
	var paths []documents.Path
	for _, text := range b.Periods {
		key, err := ParseKey(text)
		if err != nil {
			return taken{}, err
		}
		paths = append(paths, Entry{Kind: Adds, Period: key, Batch: b.ID, Rev: b.Rev}.path())
	}
	var t taken
	if len(paths) == 0 {
		return t, nil
	}
	docs, err := p.tx.GetMany(paths)
	if err != nil {
		return taken{}, err
	}
	for _, doc := range docs {
		if !doc.Exists() {
			return taken{}, fmt.Errorf("entry %s is missing: %w", doc.Path.ID, ErrDamaged)
		}
		var e Entry
		if err := doc.Fields.Decode(&e); err != nil {
			return taken{}, fmt.Errorf("entry %s: %w: %w", doc.Path.ID, ErrDamaged, err)
		}
		into, err := p.into(e.Into, nil)
		if err != nil {
			return taken{}, err
		}
		foreign, moved, err := p.foreign(e, z, e.into)
		if err != nil {
			return taken{}, err
		}
		if into == e.Into && !moved {
			t.remove = append(t.remove, e)
			continue
		}
		e.Kind, e.Into, e.Foreign = Withdraws, into, foreign
		t.counter = append(t.counter, e)
	}
	return t, p.touch(t.counter)
}

// write removes and creates entries and writes the batch.
func (p *places) write(b Batch, t taken) error {
	for _, e := range t.remove {
		if err := p.tx.Delete(e.path()); err != nil {
			return err
		}
	}
	for _, e := range t.counter {
		if err := createDoc(p.tx, e.path(), e); err != nil {
			return err
		}
	}
	return putDoc(p.tx, batchPath(b.ID), b)
}
