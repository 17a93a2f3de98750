package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
)

// Frozen is what a period was closed with: a later change of the book, or a
// late batch, changes nothing of it.
type Frozen struct {
	Period      Key          `json:"period"`
	Manifest    Manifest     `json:"manifest"`
	Book        Ref          `json:"book"`
	Result      Ref          `json:"result"`
	Adjustments []Adjustment `json:"adjustments"`
}

// Adjustment says that a period's invoices carry what changed in an earlier,
// issued period: the result To, where everything issued so far adds up to From.
type Adjustment struct {
	Period Key `json:"period"`
	From   Ref `json:"from"`
	To     Ref `json:"to"`
}

// foldHead is the newest published result of a period that is not closed.
type foldHead struct {
	Period string `doc:"period"`
	Inputs string `doc:"inputs"`
	Result Ref    `doc:"result"`
}

func foldPath(key Key) documents.Path { return documents.Path{Collection: "folds", ID: key.String()} }

// Period returns a period as it stands.
func (l *Ledger) Period(ctx context.Context, key Key) (Period, error) {
	var p Period
	_, err := l.get(ctx, key.path(), &p)
	return p, err
}

// OpenPeriod opens a period early; one that is there is left as it is.
func (l *Ledger) OpenPeriod(ctx context.Context, key Key, zone string) error {
	fields, err := documents.Encode(newPeriod(key, zone))
	if err != nil {
		return fmt.Errorf("period %s: %w", key, err)
	}
	if _, err := l.docs.Create(ctx, key.path(), fields); err != nil && !errors.Is(err, documents.ErrExists) {
		return fmt.Errorf("opening period %s: %w", key, err)
	}
	return nil
}

// Fold folds a period with everything known now and publishes the result: the
// head is written only if nobody published meanwhile.
func (l *Ledger) Fold(ctx context.Context, key Key) (*Result, error) {
	path := foldPath(key)
	for range maxConflicts {
		var head foldHead
		version, err := l.get(ctx, path, &head)
		if err != nil && !errors.Is(err, documents.ErrNotFound) {
			return nil, err
		}
		in, err := l.inputsNow(ctx, key, allEntries)
		if err != nil {
			return nil, err
		}
		hash, err := in.hash()
		if err != nil {
			return nil, err
		}
		ref, err := l.fold(ctx, in)
		if err != nil {
			return nil, err
		}
		if head.Inputs != hash {
			err = l.publish(ctx, path, foldHead{Period: key.String(), Inputs: hash, Result: ref}, version)
			if errors.Is(err, documents.ErrConflict) || errors.Is(err, documents.ErrExists) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("publishing the fold of %s: %w", key, err)
			}
		}
		return l.result(ctx, ref)
	}
	return nil, fmt.Errorf("publishing the fold of %s: %w", key, documents.ErrConflict)
}

// publish writes a head over the version that was read; none = it was not there.
func (l *Ledger) publish(ctx context.Context, path documents.Path, head any, version documents.Version) error {
	if version != "" {
		return l.replace(ctx, path, head, version)
	}
	fields, err := documents.Encode(head)
	if err != nil {
		return err
	}
	_, err = l.docs.Create(ctx, path, fields)
	return err
}

// inputsNow returns what a fold of the period would read now.
func (l *Ledger) inputsNow(ctx context.Context, key Key, keep func(into Key) bool) (inputs, error) {
	ref, z, err := l.pinBookZones(ctx)
	if err != nil {
		return inputs{}, err
	}
	m, err := l.manifest(ctx, key, z, keep)
	return inputs{Manifest: m, Book: ref}, err
}

// Close brings a period from wherever it stands to issued: the flip after
// which no commit enters it, the frozen manifest and its fold, the invoices.
// It can be repeated after a crash at any point, and run by several at once.
// cutoff is the instant before which an unfinished arrival, or a redo that was
// asked for and is not finished, holds the close.
func (l *Ledger) Close(ctx context.Context, key Key, cutoff time.Time) error {
	for range maxConflicts {
		p, err := l.Period(ctx, key)
		if err != nil {
			return fmt.Errorf("closing %s: %w", key, err)
		}
		switch p.State {
		case Open, Draft:
			err = l.flip(ctx, p, cutoff)
		case Closing:
			err = l.freeze(ctx, p)
		case Closed:
			err = l.issue(ctx, p)
		default:
			return nil
		}
		if err != nil && !errors.Is(err, documents.ErrConflict) {
			return fmt.Errorf("closing %s: %w", key, err)
		}
	}
	return fmt.Errorf("closing %s: %w", key, documents.ErrConflict)
}

// flip ends a period's taking of usage, when nothing holds it.
func (l *Ledger) flip(ctx context.Context, p Period, cutoff time.Time) error {
	err := l.query(ctx, documents.Query{Name: "periods_by_cycle", Equal: map[string]any{"cycle": p.Cycle}, To: p.Month.String()}, func(d documents.Doc) error {
		var earlier Period
		if err := d.Fields.Decode(&earlier); err != nil {
			return fmt.Errorf("period %s: %w: %w", d.Path.ID, ErrDamaged, err)
		}
		if earlier.State != Issued {
			return fmt.Errorf("%s is %s and must be issued first: %w", earlier.Key, earlier.State, ErrState)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, held := range []struct {
		what string
		by   documents.Query
	}{
		{"received", documents.Query{Name: "batches_by_state", Equal: map[string]any{"state": string(Received)}, To: cutoff}},
		{"planned", documents.Query{Name: "batches_by_state", Equal: map[string]any{"state": string(Planned)}, To: cutoff}},
		{"to be redone", documents.Query{Name: "batches_by_redo", Equal: map[string]any{"redo_state": string(Planned)}, To: cutoff}},
	} {
		err := l.query(ctx, held.by, func(d documents.Doc) error {
			if slices.Contains(p.Waived, d.Path.ID) {
				return nil
			}
			return fmt.Errorf("batch %s is %s: %w", d.Path.ID, held.what, ErrHeld)
		})
		if err != nil {
			return err
		}
	}
	return l.periodTx(ctx, p.Key, func(_ documents.Tx, now *Period) (bool, error) {
		if !now.State.TakesUsage() {
			return false, nil
		}
		now.State = Closing
		return true, nil
	})
}

// periodTx changes a period in a transaction; change says whether it did.
func (l *Ledger) periodTx(ctx context.Context, key Key, change func(tx documents.Tx, p *Period) (bool, error)) error {
	return l.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		doc, err := tx.Get(key.path())
		if err != nil {
			return err
		}
		var p Period
		if err := doc.Fields.Decode(&p); err != nil {
			return err
		}
		changed, err := change(tx, &p)
		if err != nil || !changed {
			return err
		}
		return putDoc(tx, key.path(), p)
	})
}

// freeze folds what the period holds and pins all of it. Two that freeze at
// once may fold by different books; the first to write wins.
func (l *Ledger) freeze(ctx context.Context, p Period) error {
	bookRef, z, err := l.pinBookZones(ctx)
	if err != nil {
		return err
	}
	m, err := l.manifest(ctx, p.Key, z, upTo(p.Key))
	if err != nil {
		return err
	}
	result, err := l.fold(ctx, inputs{Manifest: m, Book: bookRef})
	if err != nil {
		return err
	}
	adjustments, err := l.adjustments(ctx, p.Key, bookRef, z)
	if err != nil {
		return err
	}
	ref, err := putJSON(ctx, l.buckets.Rated, "frozen", Frozen{
		Period: p.Key, Manifest: m, Book: bookRef, Result: result, Adjustments: adjustments,
	})
	if err != nil {
		return err
	}
	return l.periodTx(ctx, p.Key, func(tx documents.Tx, now *Period) (bool, error) {
		if now.State != Closing {
			return false, nil
		}
		if now.Reopened != p.Reopened {
			return false, fmt.Errorf("it took usage again meanwhile: %w", documents.ErrConflict)
		}
		var moved []Period
		for _, a := range adjustments {
			doc, err := tx.Get(a.Period.path())
			if err != nil {
				return false, err
			}
			var q Period
			if err := doc.Fields.Decode(&q); err != nil {
				return false, err
			}
			if q.Basis != a.From {
				return false, fmt.Errorf("the basis of %s: %w", a.Period, documents.ErrConflict)
			}
			q.Basis = a.To
			moved = append(moved, q)
		}
		for _, q := range moved {
			if err := putDoc(tx, q.Key.path(), q); err != nil {
				return false, err
			}
		}
		now.State, now.Frozen, now.Basis = Closed, ref, result
		return true, nil
	})
}

// adjustments folds again every earlier period that an entry into this one
// belongs to, or touches.
func (l *Ledger) adjustments(ctx context.Context, key Key, bookRef Ref, z zones) ([]Adjustment, error) {
	late := map[Key]bool{}
	err := l.query(ctx, documents.Query{Name: "entries_by_into", Equal: map[string]any{"into": key.String()}}, func(d documents.Doc) error {
		var e Entry
		if err := d.Fields.Decode(&e); err != nil {
			return fmt.Errorf("entry %s: %w: %w", d.Path.ID, ErrDamaged, err)
		}
		if e.Period != key {
			late[e.Period] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := []Adjustment{}
	for _, q := range slices.SortedFunc(maps.Keys(late), compareKeys) {
		p, err := l.Period(ctx, q)
		if err != nil {
			return nil, err
		}
		m, err := l.manifest(ctx, q, z, upTo(key))
		if err != nil {
			return nil, err
		}
		to, err := l.fold(ctx, inputs{Manifest: m, Book: bookRef})
		if err != nil {
			return nil, err
		}
		out = append(out, Adjustment{Period: q, From: p.Basis, To: to})
	}
	return out, nil
}

// IssueInstant is when a period's invoices are issued: local midnight of the
// first day after it.
func (p Period) IssueInstant() (time.Time, error) {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("period %s: %w", p.Key, err)
	}
	_, to := p.Month.Bounds(zone)
	return to, nil
}

// Issued returns the result that everything issued for a period adds up to.
func (l *Ledger) Issued(ctx context.Context, key Key) (*Result, error) {
	p, err := l.Period(ctx, key)
	if err != nil {
		return nil, err
	}
	if p.Basis.IsZero() {
		return nil, fmt.Errorf("period %s is %s: %w", key, p.State, ErrState)
	}
	return l.result(ctx, p.Basis)
}
