package ledger

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/period"
)

// wantedResult is a result that something relies on, and what it must be made
// of.
type wantedResult struct {
	ref     Ref
	entries []Entry // of its manifest
	foreign []Entry // of its manifest
	book    string
	draft   bool // of an open period: it may be older than the entries
}

func (c *checker) sortedPeriods() []Key { return slices.SortedFunc(maps.Keys(c.periods), compareKeys) }

// checkPeriods checks each period's state, what it was frozen with, and that
// the basis is where the adjustments have moved it.
func (c *checker) checkPeriods(ctx context.Context) error {
	for _, key := range c.sortedPeriods() {
		p := c.periods[key]
		where := key.path().String()
		if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "" || p.Cycle != key.Cycle || p.Month != key.Month {
			c.add("period", where, "it is of cycle %q, month %s, zone %q", p.Cycle, p.Month, p.Zone)
		}
		closed := !p.Frozen.IsZero() && !p.Basis.IsZero()
		switch p.State {
		case Open, Draft, Closing:
			if !p.Frozen.IsZero() || !p.Basis.IsZero() || p.FirstNumber != 0 || p.Invoices != 0 {
				c.add("period", where, "it is %s, but has a frozen object, a basis or invoice numbers", p.State)
			}
			if err := c.checkDraft(ctx, p); err != nil {
				return err
			}
		case Closed, Issued:
			if !closed || p.State == Issued && p.FirstNumber < 1 || p.Invoices < 0 {
				c.add("period", where, "it is %s: want a frozen object, a basis and a block of invoice numbers", p.State)
			}
		default:
			c.add("period", where, "it is in state %q, which there is not", p.State)
		}
		if !p.Frozen.IsZero() {
			if err := c.checkFrozen(ctx, p); err != nil {
				return err
			}
		}
	}
	for _, key := range c.sortedPeriods() {
		if _, ok := c.frozen[key]; ok && !c.unknown[key.Cycle] {
			c.checkBasis(key)
		}
	}
	return nil
}

// checkDraft checks the published fold of a period that is not closed.
func (c *checker) checkDraft(ctx context.Context, p Period) error {
	path := documents.Path{Collection: "folds", ID: p.Key.String()}
	var head foldHead
	if _, err := c.ledger.get(ctx, path, &head); errors.Is(err, documents.ErrNotFound) {
		return nil
	} else if err != nil {
		return c.blame("head", path.String(), err)
	}
	if head.Period != p.Key.String() || head.Result.Name != "results/"+head.Inputs {
		c.add("head", path.String(), "it names %s of %s, made of %s", head.Result.Name, head.Period, head.Inputs)
		return nil
	}
	c.results = append(c.results, wantedResult{ref: head.Result, draft: true})
	return nil
}

// held returns the entries that count for a period on invoices up to a month:
// what was added by then and not taken back by then.
func (c *checker) held(key Key, to period.Month) []Entry {
	by := map[revisionID]Entry{}
	for _, e := range c.entries[key] {
		if e.Kind == Adds && e.Into.Month.Compare(to) <= 0 {
			by[e.revision()] = e
		}
	}
	for _, e := range c.entries[key] {
		if e.Kind == Withdraws && e.Into.Month.Compare(to) <= 0 {
			delete(by, e.revision())
		}
	}
	return slices.SortedFunc(maps.Values(by), compareEntries)
}

// heldForeign returns the entries of other cycles that count for a period, for
// their identities, on its invoices up to a month.
func (c *checker) heldForeign(key Key, to period.Month, b *ownBook) []Entry {
	zone := b.zones[key.Cycle]
	if zone == nil {
		return nil // the result has no zone, which is named
	}
	from, end := key.Month.Bounds(zone)
	when := func(e Entry) period.Month {
		for _, f := range e.Foreign {
			if f.Period == key {
				return f.Into.Month
			}
		}
		return key.Month
	}
	var out []Entry
	for other, entries := range c.entries {
		if other.Cycle == key.Cycle || b.zones[other.Cycle] == nil {
			continue
		}
		for _, e := range entries {
			if e.Kind != Adds || when(e).Compare(to) > 0 || e.Last < from.UnixNano() || e.First >= end.UnixNano() {
				continue
			}
			back := slices.ContainsFunc(c.byRevision[e.revision()], func(w Entry) bool {
				return w.Kind == Withdraws && w.Period == e.Period && when(w).Compare(to) <= 0
			})
			if !back {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, compareEntries)
	return out
}

// sameManifest reports, under kind, every entry that is in one list only.
func (c *checker) sameManifest(kind, where string, got, want []Entry) bool {
	ok := true
	for _, e := range got {
		if !hasEntry(want, e) {
			ok = false
			c.add(kind, where, "its manifest has batch %s, rev %d, into %s, which the entries have not", e.Batch, e.Rev, e.Into)
		}
	}
	for _, e := range want {
		if !hasEntry(got, e) {
			ok = false
			c.add(kind, where, "its manifest lacks batch %s, rev %d, into %s, which the entries have", e.Batch, e.Rev, e.Into)
		}
	}
	for i, e := range got {
		if i > 0 && got[i-1].Batch == e.Batch && got[i-1].Rev != e.Rev {
			c.add(kind, where, "its manifest has batch %s twice, as rev %d and rev %d", e.Batch, got[i-1].Rev, e.Rev)
			return false
		}
	}
	if ok && (len(got) != len(want) || !slices.IsSortedFunc(got, compareEntries)) {
		c.add(kind, where, "its manifest has an entry twice, or is not in order")
		return false
	}
	return ok
}

// checkFrozen holds what a period was closed with against the entries.
func (c *checker) checkFrozen(ctx context.Context, p Period) error {
	where := p.Frozen.Name
	var f Frozen
	if err := loadJSON(ctx, c.ledger.buckets.Rated, p.Frozen, &f); err != nil {
		c.unknown[p.Key.Cycle] = true
		return c.blame("frozen", where, err)
	}
	if f.Period != p.Key || f.Manifest.Period != p.Key {
		c.unknown[p.Key.Cycle] = true
		c.add("frozen", where, "it is of %s, want %s", f.Period, p.Key)
		return nil
	}
	c.frozen[p.Key] = f
	b, err := c.book(ctx, f.Book)
	if err != nil || b == nil {
		return err
	}
	c.sameManifest("frozen", where, f.Manifest.Entries, c.held(p.Key, p.Key.Month))
	c.sameManifest("frozen", where, f.Manifest.Foreign, c.heldForeign(p.Key, p.Key.Month, b))
	c.results = append(c.results, wantedResult{ref: f.Result, entries: f.Manifest.Entries, foreign: f.Manifest.Foreign, book: f.Book.Name})
	late := map[Key]bool{}
	for _, list := range c.entries {
		for _, e := range list {
			if e.Into == p.Key && e.Period != p.Key {
				late[e.Period] = true
			}
			for _, f := range e.Foreign {
				if f.Into == p.Key {
					late[f.Period] = true
				}
			}
		}
	}
	for _, a := range f.Adjustments {
		// A mark is made before the entry that it is for, which may then go into
		// another period, when this one closes meanwhile: it may be adjusted for
		// nothing, and need not be.
		if !late[a.Period] && !c.touched[ForeignInto{a.Period, p.Key}] {
			c.add("frozen", where, "it adjusts %s, of which nothing came late into it", a.Period)
		}
		delete(late, a.Period)
		c.results = append(c.results, wantedResult{
			ref: a.To, entries: c.held(a.Period, p.Key.Month), foreign: c.heldForeign(a.Period, p.Key.Month, b), book: f.Book.Name,
		})
	}
	for _, q := range slices.SortedFunc(maps.Keys(late), compareKeys) {
		c.add("frozen", where, "it does not adjust %s, of which entries came late into it", q)
	}
	return nil
}

// checkBasis follows a period's result from adjustment to adjustment.
func (c *checker) checkBasis(key Key) {
	at := c.frozen[key].Result
	var left []Adjustment
	for _, carrier := range slices.SortedFunc(maps.Keys(c.frozen), compareKeys) {
		for _, a := range c.frozen[carrier].Adjustments {
			if a.Period == key {
				left = append(left, a)
			}
		}
	}
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(a Adjustment) bool { return a.From == at })
		if i < 0 {
			c.add("frozen", c.periods[key].Frozen.Name, "adjustments of %s begin at %s, but it was billed as %s by then", key, left[0].From.Name, at.Name)
			return
		}
		at = left[i].To
		left = slices.Delete(left, i, i+1)
	}
	if basis := c.periods[key].Basis; basis != at {
		c.add("period", key.path().String(), "its basis is %s, but its invoices add up to %s", basis.Name, at.Name)
	}
}
