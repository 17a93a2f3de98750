package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
)

func compareKeys(a, b Key) int {
	if c := strings.Compare(a.Cycle, b.Cycle); c != 0 {
		return c
	}
	return a.Month.Compare(b.Month)
}

// commit makes a worked revision count: one transaction writes the batch and
// one entry a period, and takes back those of the revision it replaces. The
// first commit wins; a repeat changes nothing. It returns the batch as it
// stands.
func (l *Ledger) commit(ctx context.Context, todo Batch, markerRef Ref) (Batch, error) {
	m, err := l.marker(ctx, markerRef)
	if err != nil {
		return Batch{}, err
	}
	if err := m.Counts.Check(); err != nil {
		return Batch{}, fmt.Errorf("batch %s: %w: %w", todo.ID, ErrDamaged, err)
	}
	ix, err := l.openBook(ctx, todo.Book)
	if err != nil {
		return Batch{}, err
	}
	z, err := zonesOf(ix.Cycles())
	if err != nil {
		return Batch{}, err
	}
	var done Batch
	err = l.placesTx(ctx, func(p *places) (err error) {
		done, err = commitTx(p, todo, m, markerRef, z)
		return err
	})
	if err != nil {
		return Batch{}, fmt.Errorf("committing: %w", err)
	}
	return done, nil
}

func commitTx(p *places, todo Batch, m Marker, markerRef Ref, z zones) (Batch, error) {
	keys, add := make([]Key, len(m.Periods)), make([]Entry, len(m.Periods))
	var read []Key
	for i, n := range m.Periods {
		keys[i] = n.Period
		add[i] = Entry{Kind: Adds, Period: n.Period, Batch: todo.ID, Rev: todo.Rev, Marker: markerRef, First: n.First, Last: n.Last}
		read = append(append(read, n.Period), z.foreignTo(add[i])...)
	}
	b, err := p.batch(todo.ID, read)
	if err != nil {
		return Batch{}, err
	}
	if now, ok := b.todo(); !ok || now.Rev != todo.Rev {
		return b, nil // committed, withdrawn, failed or planned anew meanwhile
	}
	var t taken
	if b.State == Committed {
		if t, err = p.takeBack(b, z); err != nil {
			return Batch{}, err
		}
	}
	if len(t.counter) > 0 {
		until := map[string]Key{}
		for _, e := range t.counter {
			until[e.Period.String()] = e.Into
			for _, f := range e.Foreign {
				until[f.Period.String()] = f.Into
			}
		}
		b.Superseded = append(b.Superseded, Revision{b.Rev, b.Book, b.Marker, b.Counts, b.Charges, b.Periods, until})
	}
	for i, key := range keys {
		if add[i].Into, err = p.into(b.after(key), z); err != nil {
			return Batch{}, err
		}
		if add[i].Foreign, _, err = p.foreign(add[i], z, b.after); err != nil {
			return Batch{}, err
		}
	}
	if err := p.touch(add); err != nil {
		return Batch{}, err
	}
	if err := p.missing(); err != nil {
		return Batch{}, err
	}
	if n := len(t.remove) + len(t.counter) + len(add) + 1; n > documents.MaxTxWrites {
		return Batch{}, &unreadableError{fmt.Errorf(
			"its rows fell in %d months and now fall in %d, which is too many to change at once: withdraw it and deliver the file under another name",
			len(b.Periods), len(keys))}
	}
	b.State, b.Rev, b.Book, b.Marker, b.Counts, b.Charges, b.Content, b.Periods = Committed, todo.Rev, todo.Book, markerRef, m.Counts, m.Charges, m.Content, nil
	b.Attempts, b.LastError, b.RedoState, b.RedoAt, b.Redo = 0, "", "", time.Time{}, Redo{}
	for _, key := range keys {
		b.Periods = append(b.Periods, key.String())
	}
	t.counter = append(t.counter, add...)
	return b, p.write(b, t)
}

// after returns the period from which on a new revision may enter a period: no
// invoice is to carry two. A period that was reopened still counts a revision
// that was taken back while it did not take usage.
func (b Batch) after(key Key) Key {
	from := key
	for _, old := range b.Superseded {
		if until, ok := old.Until[key.String()]; ok && until.Month.Compare(from.Month) > 0 {
			from = until
		}
	}
	return from
}

func newPeriod(key Key, zone string) Period {
	return Period{Key: key, Cycle: key.Cycle, Month: key.Month, Zone: zone, State: Open}
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
// A planned redo of it is withdrawn with it.
func (l *Ledger) Withdraw(ctx context.Context, id string) error {
	_, z, err := l.pinBookZones(ctx)
	if err != nil {
		return fmt.Errorf("withdrawing batch %s: %w", id, err)
	}
	err = l.placesTx(ctx, func(p *places) error {
		b, err := p.batch(id, nil)
		if err != nil {
			return err
		}
		var t taken
		switch b.State {
		case Withdrawn:
			return nil
		case Planned:
		case Committed:
			if t, err = p.takeBack(b, z); err != nil {
				return err
			}
			if err := p.missing(); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the batch is %s: %w", b.State, ErrState)
		}
		b.State, b.RedoState, b.RedoAt, b.Redo = Withdrawn, "", time.Time{}, Redo{}
		return p.write(b, t)
	})
	if err != nil {
		return fmt.Errorf("withdrawing batch %s: %w", id, err)
	}
	return nil
}
