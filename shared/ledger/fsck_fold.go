package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
)

// errUnproved ends the check of a result that relies on something damaged,
// which has been named.
var errUnproved = errors.New("it relies on something damaged")

// refold folds a result's period again, by loops of its own.
type refold struct {
	*checker
	res      *Result
	name     string
	book     *ownBook
	zone     *time.Location
	parts    [][]*part // by batch of the manifest
	foreign  [][]*part // by its foreign entries
	lost     map[rowID]call.Status
	out      *outcomeRows // nil: none to compare with, and why is named
	left     int64        // outcome rows not yet compared
	accounts map[string]*AccountResult
	seen     map[string]bool // accounts with rows
	month    *ownMonth
	counts   MonthCounts
}

type rowID struct {
	batch uint32
	line  int64
}

// checkResults folds every result that a period relies on again.
func (c *checker) checkResults(ctx context.Context) error {
	done := map[string]bool{}
	for _, w := range c.results {
		if w.ref.IsZero() {
			c.add("result", "results", "a frozen period or a fold names no result")
			continue
		}
		res, err := c.ledger.result(ctx, w.ref)
		if err != nil {
			if err := c.blame("result", w.ref.Name, err); err != nil {
				return err
			}
			continue
		}
		if w.draft {
			if slices.ContainsFunc(slices.Concat(res.Manifest.Entries, res.Manifest.Foreign), func(e Entry) bool { return !hasEntry(c.entries[e.Period], e) }) {
				continue // made of what was withdrawn since: nothing relies on it
			}
		} else {
			c.sameManifest("result", w.ref.Name, res.Manifest.Entries, w.entries)
			c.sameManifest("result", w.ref.Name, res.Manifest.Foreign, w.foreign)
			if res.Book.Name != w.book {
				c.add("result", w.ref.Name, "it is folded by %s, want %s", res.Book.Name, w.book)
			}
		}
		if done[w.ref.Name] {
			continue
		}
		done[w.ref.Name] = true
		f := &refold{checker: c, res: res, name: w.ref.Name, lost: map[rowID]call.Status{}, accounts: map[string]*AccountResult{}, seen: map[string]bool{}}
		if err := f.run(ctx); err != nil && !errors.Is(err, errUnproved) {
			return fmt.Errorf("%s: %w", w.ref.Name, err)
		}
	}
	return nil
}

func (f *refold) run(ctx context.Context) error {
	hash, err := inputs{Manifest: f.res.Manifest, Book: f.res.Book}.hash()
	if err != nil {
		return err
	}
	if f.name != "results/"+hash || f.res.Period != f.res.Manifest.Period {
		f.add("result", f.name, "its inputs make the name results/%s", hash)
	}
	if f.book, err = f.checker.book(ctx, f.res.Book); err != nil {
		return err
	}
	if f.book == nil {
		return errUnproved
	}
	if f.zone = f.book.zones[f.res.Period.Cycle]; f.zone == nil || f.res.Zone != f.zone.String() {
		f.add("result", f.name, "zone %q: want the one of cycle %q in the book", f.res.Zone, f.res.Period.Cycle)
		return errUnproved
	}
	if err := f.open(ctx); err != nil {
		return err
	}
	if err := f.distinct(ctx); err != nil {
		return err
	}
	for shard := range call.Shards {
		if err := f.foldShard(ctx, uint8(shard)); err != nil {
			return err
		}
	}
	f.finish()
	return nil
}

// open opens the parts of the manifest and of the outcome, and counts.
func (f *refold) open(ctx context.Context) error {
	var rows int64
	for _, e := range f.res.Manifest.Entries {
		m, parts, err := f.partsOf(ctx, e)
		if err != nil {
			return err
		}
		f.parts = append(f.parts, parts)
		for _, n := range m.Periods {
			if n.Period == f.res.Period {
				rows += n.Accepted + n.Unrated
			}
		}
	}
	for _, e := range f.res.Manifest.Foreign {
		_, parts, err := f.partsOf(ctx, e)
		if err != nil {
			return err
		}
		f.foreign = append(f.foreign, parts)
	}
	if rows != f.res.Counts.Rows {
		f.add("result", f.name, "it counts %d rows, its batches %d", f.res.Counts.Rows, rows)
	}
	for i := range f.res.Accounts {
		a := &f.res.Accounts[i]
		if f.accounts[a.Account] != nil {
			f.add("result", f.account(a.Account), "it is there twice")
		}
		f.accounts[a.Account] = a
	}
	f.out = f.ledger.outcomes(ctx, f.res)
	for _, ref := range f.res.Parts {
		p, err := f.part(ctx, ref)
		if err != nil {
			return err
		}
		if p == nil {
			f.out = nil
			return nil
		}
		for _, b := range p.dir.Blocks {
			if b.Kind != call.OutcomeBlock {
				f.add("outcome", ref.Name, "a block of kind %d, want outcome rows only", b.Kind)
			}
			f.left += int64(b.Rows)
		}
	}
	return nil
}

// partsOf opens the parts of an entry.
func (f *refold) partsOf(ctx context.Context, e Entry) (m *Marker, parts []*part, err error) {
	if m, err = f.marker(ctx, e.Marker); err != nil {
		return nil, nil, err
	}
	if m == nil {
		return nil, nil, errUnproved
	}
	for _, ref := range m.Parts {
		p, err := f.part(ctx, ref)
		if err != nil {
			return nil, nil, err
		}
		if p == nil {
			return nil, nil, errUnproved
		}
		parts = append(parts, p)
	}
	return m, parts, nil
}

func (f *refold) account(id string) string { return f.name + " account " + id }

// rowsOf calls each with the rows that entries have in their periods, as the
// batches priced them, of one shard, or of all (-1). The row is reused.
func rowsOf(ctx context.Context, entries []Entry, parts [][]*part, shard int, each func(batch uint32, r *call.Row) error) error {
	var r call.Row
	for batch, parts := range parts {
		for _, p := range parts {
			at := slices.Index(p.dir.Periods, entries[batch].Period)
			for _, b := range p.dir.Blocks {
				if b.Kind != call.UsageBlock || b.Period != at || shard >= 0 && int(b.Shard) != shard {
					continue
				}
				err := p.rows(ctx, b, func(data string) error {
					if err := p.parse(data, &r); err != nil {
						return errUnproved // the row check has named it
					}
					return each(uint32(batch), &r)
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// foldShard takes a shard's rows account by account, in the order of instant,
// feed and call id, then leg and content, batch and line, role and level.
func (f *refold) foldShard(ctx context.Context, shard uint8) (err error) {
	sorter := extsort.New(f.ledger.buckets.Work, "fsck/"+f.name, rowMemory)
	defer func() { err = errors.Join(err, sorter.Close(ctx)) }()
	var key, value []byte
	err = rowsOf(ctx, f.res.Manifest.Entries, f.parts, int(shard), func(batch uint32, r *call.Row) error {
		// No text that was read holds a NUL: it ends a field here.
		if strings.Contains(r.Account+r.Feed+r.CallID+r.Leg, "\x00") {
			return errUnproved
		}
		key = append(append(key[:0], r.Account...), 0)
		key = binary.BigEndian.AppendUint64(key, uint64(r.Instant)+1<<63)
		for _, s := range []string{r.Feed, r.CallID, r.Leg} {
			key = append(append(key, s...), 0)
		}
		content := r.ContentHash()
		key = append(key, content[:]...)
		key = binary.BigEndian.AppendUint32(key, batch)
		key = append(binary.BigEndian.AppendUint64(key, uint64(r.Line)), byte(r.Role), r.Level)
		value = binary.BigEndian.AppendUint32(value[:0], batch)
		value = call.AppendRow(binary.BigEndian.AppendUint64(value, uint64(r.Line)), r) // with its feed
		return sorter.Add(ctx, key, value)
	})
	if err != nil {
		return err
	}
	it, err := sorter.Sorted(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for r := (call.Row{}); it.Next(); {
		if err := call.ParseRow(string(it.Value()[12:]), &r); err != nil {
			return errUnproved
		}
		r.Batch = binary.BigEndian.Uint32(it.Value())
		if f.month == nil || f.month.account != r.Account {
			if err := f.endMonth(); err != nil {
				return err
			}
			f.beginMonth(r.Account)
		}
		if err := f.row(ctx, &r); err != nil {
			return err
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	return f.endMonth()
}
