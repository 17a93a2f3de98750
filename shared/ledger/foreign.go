package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/period"
)

// A call may be delivered twice for accounts of different billing cycles: its
// account was corrected, or its number moved. It is charged once, so a period
// decides among its own rows and those of other cycles at the same instants:
// the entries of these are foreign to it. It reads their identities, and
// neither counts nor charges them.

// zones are the zones of billing cycles, by cycle.
type zones map[string]*time.Location

func zonesOf(cycles []book.Cycle) (zones, error) {
	out := make(zones, len(cycles))
	for _, c := range cycles {
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			return nil, fmt.Errorf("cycle %s: %w", c.ID, err)
		}
		out[c.ID] = zone
	}
	return out, nil
}

// others returns the periods of the other cycles that hold an instant between
// two, both included, sorted.
func (z zones) others(cycle string, first, last time.Time) []Key {
	var out []Key
	for id, zone := range z {
		if id == cycle {
			continue
		}
		for m, end := period.Of(first, zone), period.Of(last, zone); m.Compare(end) <= 0; m = m.Next() {
			out = append(out, Key{id, m})
		}
	}
	slices.SortFunc(out, compareKeys)
	return out
}

// foreignTo returns the periods that an entry is foreign to.
func (z zones) foreignTo(e Entry) []Key {
	return z.others(e.Period.Cycle, time.Unix(0, e.First), time.Unix(0, e.Last))
}

// ForeignInto says which invoices carry what an entry changes in a period that
// it is foreign to: those of Into.
type ForeignInto struct {
	Period Key `doc:"period" json:"period"`
	Into   Key `doc:"into" json:"into"`
}

// into returns the period whose invoices carry what the entry changes in one
// that it belongs or is foreign to.
func (e Entry) into(key Key) Key {
	if e.Period == key {
		return e.Into
	}
	for _, f := range e.Foreign {
		if f.Period == key {
			return f.Into
		}
	}
	return key
}

// equal reports whether two entries are the same.
func (e Entry) equal(o Entry) bool {
	return e.Kind == o.Kind && e.Period == o.Period && e.revision() == o.revision() && e.Into == o.Into && e.Marker == o.Marker &&
		e.First == o.First && e.Last == o.Last && slices.Equal(e.Foreign, o.Foreign)
}

func hasEntry(list []Entry, e Entry) bool { return slices.ContainsFunc(list, e.equal) }

// foreignEntries returns the entries that are foreign to a period.
func (l *Ledger) foreignEntries(ctx context.Context, key Key, z zones) ([]Entry, error) {
	zone := z[key.Cycle]
	if zone == nil || len(z) == 1 {
		return nil, nil
	}
	from, to := key.Month.Bounds(zone)
	var out []Entry
	for _, other := range z.others(key.Cycle, from, to.Add(-1)) {
		entries, err := l.entries(ctx, other)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Kind != Touches && e.First < to.UnixNano() && e.Last >= from.UnixNano() {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// foreign says into which periods an entry goes that is foreign to others: for
// each of them itself while it takes usage, else the next one that does. From
// is the least that it may be. Those that are themselves are left out; moved
// says that one is later than from.
func (p *places) foreign(e Entry, z zones, from func(Key) Key) (out []ForeignInto, moved bool, err error) {
	keys := z.foreignTo(e)
	var read []Key
	for _, key := range keys {
		read = append(read, from(key))
	}
	if err := p.read(read); err != nil {
		return nil, false, err
	}
	for i, key := range keys {
		least := read[i]
		into := least
		if p.periods[least] != nil { // what is not open yet will take usage
			if into, err = p.into(least, nil); err != nil {
				return nil, false, err
			}
		}
		moved = moved || into != least
		if into != key {
			out = append(out, ForeignInto{key, into})
		}
	}
	return out, moved, nil
}

// touch sees to it that the periods that entries are late for are folded again
// when those are closed that carry the differences.
func (p *places) touch(entries []Entry) error {
	var marks []Entry
	var paths []documents.Path
	for _, e := range entries {
		for _, f := range e.Foreign {
			mark := Entry{Kind: Touches, Period: f.Period, Into: f.Into}
			if path := mark.path(); !slices.Contains(paths, path) {
				marks, paths = append(marks, mark), append(paths, path)
			}
		}
	}
	for len(paths) > 0 {
		n := min(len(paths), documents.MaxGetMany)
		docs, err := p.tx.GetMany(paths[:n])
		if err != nil {
			return err
		}
		for i, doc := range docs {
			if !doc.Exists() {
				p.marks = append(p.marks, marks[i])
			}
		}
		marks, paths = marks[n:], paths[n:]
	}
	return nil
}
