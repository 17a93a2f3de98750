package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
)

// Problems calls each with the rows of a committed batch that were rejected, and
// the charges that no card priced, in the order of its file, from the line after
// the one given, until each returns false. A part of the file at a time is held. What
// the batch found stands here: a later fold may price a row that it could not.
func (l *Ledger) Problems(ctx context.Context, id string, after int64, each func(*call.Row) (more bool, err error)) error {
	b, err := l.Batch(ctx, id)
	if err != nil {
		return err
	}
	if b.State != Committed {
		return fmt.Errorf("batch %s is %s, want committed: %w", id, b.State, ErrState)
	}
	m, err := l.marker(ctx, b.Marker)
	if err != nil {
		return err
	}
	for _, ref := range m.Parts { // each holds the lines that follow those of the one before
		rows, err := l.problemRows(ctx, ref, after)
		if err != nil {
			return err
		}
		for i := range rows {
			if more, err := each(&rows[i]); err != nil || !more {
				return err
			}
		}
	}
	return nil
}

func (l *Ledger) problemRows(ctx context.Context, ref Ref, after int64) ([]call.Row, error) {
	p, err := openPart(ctx, l.buckets.Rated, ref)
	if err != nil {
		return nil, err
	}
	var out []call.Row
	for _, b := range p.dir.Blocks {
		if b.Kind != call.ReportBlock && b.Kind != call.UsageBlock {
			continue
		}
		err := p.rows(ctx, b, func(stored string) error {
			var r call.Row
			if err := p.parse(stored, &r); err != nil {
				return err
			}
			if r.Line > after && (r.Status == call.Rejected || r.Status == call.Unrated) {
				out = append(out, r)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b call.Row) int { return cmp.Or(cmp.Compare(a.Line, b.Line), chargeOrder(&a)-chargeOrder(&b)) })
	return out, nil
}
