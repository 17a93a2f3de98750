package ledger

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/period"
)

// outcomeRows reads the outcome rows of a result in the order of its accounts,
// and of each as the month is folded: the days beside each other, of each a block
// at a time.
type outcomeRows struct {
	ctx  context.Context
	days []*dayRows
	part *part    // of the last row
	last *dayRows // whose row it is; nil: before the first
	err  error
}

// dayRows reads the outcomes of a day.
type dayRows struct {
	ctx    context.Context
	ledger *Ledger
	day    period.Date       // zero: all of the month
	places map[string]uint32 // of the manifest's entries, by name
	refs   []Ref
	part   *part
	batch  []uint32 // of the part's table, the place in the manifest; none: rows have it
	block  int
	rows   []string
	row    call.Row // the next one
	shard  uint8    // of its account
	more   bool     // there is one
}

// outcomes begins to read. A result that does not add up is damaged: next says so.
func (l *Ledger) outcomes(ctx context.Context, r *Result) *outcomeRows {
	places := make(map[string]uint32, len(r.Manifest.Entries))
	for i, e := range r.Manifest.Entries {
		places[e.name()] = uint32(i)
	}
	o, refs := &outcomeRows{ctx: ctx}, r.Parts
	add := func(day period.Date, n int) {
		o.days = append(o.days, &dayRows{ctx: ctx, ledger: l, day: day, places: places, refs: refs[:n]})
		refs = refs[n:]
	}
	for _, d := range r.Days {
		if d.Parts < 0 || d.Parts > len(refs) {
			o.err = fmt.Errorf("the result of %s has fewer parts than its days: %w", r.Period, ErrDamaged)
			return o
		}
		add(d.Day, d.Parts)
	}
	if len(r.Days) == 0 {
		add(period.Date{}, len(refs))
	}
	if len(refs) > 0 {
		o.err = fmt.Errorf("the result of %s has more parts than its days: %w", r.Period, ErrDamaged)
	}
	return o
}

// next returns the next row, valid until the call after; its batch is the place
// in the manifest. Running out is damage: the caller counts, and so did the
// result.
func (o *outcomeRows) next() (*call.Row, error) {
	if o.err == nil {
		o.err = o.advance()
	}
	if o.err != nil {
		return nil, o.err
	}
	o.part = o.last.part
	return &o.last.row, nil
}

// advance finds the day that has the next row: the one of the last row while
// that account goes on there, then the earliest of those with the least account.
func (o *outcomeRows) advance() error {
	if o.last == nil {
		for _, d := range o.days {
			if err := d.next(); err != nil {
				return err
			}
		}
	} else {
		account := o.last.row.Account
		if err := o.last.next(); err != nil {
			return err
		}
		if o.last.more && o.last.row.Account == account {
			return nil
		}
	}
	o.last = nil
	for _, d := range o.days {
		if d.more && (o.last == nil || d.compare(o.last) < 0) {
			o.last = d
		}
	}
	if o.last == nil {
		return fmt.Errorf("fewer outcome rows than the result counts: %w", ErrDamaged)
	}
	return nil
}

// compare compares the accounts of the next rows of two days.
func (d *dayRows) compare(o *dayRows) int {
	return cmp.Or(cmp.Compare(d.shard, o.shard), strings.Compare(d.row.Account, o.row.Account))
}

// next reads the day's next row.
func (d *dayRows) next() error {
	for len(d.rows) == 0 {
		if more, err := d.fill(); err != nil || !more {
			d.more = false
			return err
		}
	}
	if err := d.part.parse(d.rows[0], &d.row); err != nil {
		return err
	}
	d.rows, d.more = d.rows[1:], true
	if len(d.batch) > 0 {
		if int64(d.row.Batch) >= int64(len(d.batch)) {
			return fmt.Errorf("part %s: a row names a batch that is not there: %w", d.part.ref.Name, ErrDamaged)
		}
		d.row.Batch = d.batch[d.row.Batch]
	}
	return nil
}

// open opens the next part.
func (d *dayRows) open() error {
	p, err := openPart(d.ctx, d.ledger.buckets.Rated, d.refs[0])
	if err != nil {
		return err
	}
	p.ahead = &readAhead{bucket: p.bucket, ref: p.ref, most: leastAhead}
	d.part, d.block, d.refs, d.batch = p, 0, d.refs[1:], d.batch[:0]
	for _, name := range p.dir.Batches {
		at, ok := d.places[name]
		if !ok {
			return fmt.Errorf("part %s: batch %s is not in the manifest: %w", p.ref.Name, name, ErrDamaged)
		}
		d.batch = append(d.batch, at)
	}
	return nil
}

// fill reads the next block that there is.
func (d *dayRows) fill() (more bool, err error) {
	for d.part == nil || d.block == len(d.part.dir.Blocks) {
		if len(d.refs) == 0 {
			return false, nil
		}
		if err := d.open(); err != nil {
			return false, err
		}
	}
	b := d.part.dir.Blocks[d.block]
	d.block, d.shard, d.rows = d.block+1, b.Shard, d.rows[:0]
	return true, d.part.rows(d.ctx, b, func(row string) error {
		d.rows = append(d.rows, row)
		return nil
	})
}
