package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/ledger/extsort"
)

func charged(r *call.Row) bool { return r.Status == call.Rated }

// lineMemory is what sorting a batch's rows by line holds, in bytes.
const lineMemory = 32 << 20

// Rows calls each with every charge of every row of a committed batch, in the
// order of its file and of who pays first, with what became of it in its period's
// newest issued result. Rows that were not accepted have no period.
func (l *Ledger) Rows(ctx context.Context, id string, each func(r *call.Row, key *Key) error) (err error) {
	b, err := l.Batch(ctx, id)
	if err != nil {
		return err
	}
	if b.State != Committed {
		return fmt.Errorf("batch %s is %s, want committed: %w", id, b.State, ErrState)
	}
	sorter := extsort.New(l.buckets.Work, "rows/"+id, lineMemory)
	defer func() { err = errors.Join(err, sorter.Close(ctx)) }()
	if err := l.addReportRows(ctx, b, sorter); err != nil {
		return err
	}
	keys := make([]Key, len(b.Periods))
	for i, p := range b.Periods {
		if keys[i], err = ParseKey(p); err != nil {
			return err
		}
		if err := l.addOutcomes(ctx, b, keys[i], i+1, sorter); err != nil {
			return err
		}
	}
	var r call.Row
	rows := int64(0)
	err = sorter.Each(ctx, func(_, value []byte) error {
		if err := call.ParseRow(string(value[1:]), &r); err != nil {
			return fmt.Errorf("a sorted row: %w: %w", ErrDamaged, err)
		}
		var key *Key
		if value[0] > 0 {
			key = &keys[value[0]-1]
		}
		if r.Role == call.Payer {
			rows++
		}
		return each(&r, key)
	})
	if err != nil {
		return err
	}
	if rows != b.Counts.Rows {
		return fmt.Errorf("batch %s has %d rows, but %d were found: %w", id, b.Counts.Rows, rows, ErrDamaged)
	}
	return nil
}

// addLine gives a row to a sorter by line and charge; period counts from one, as
// there are at most MaxPeriods.
func addLine(ctx context.Context, sorter *extsort.Sorter, r *call.Row, period int, row []byte) error {
	var key [10]byte
	binary.BigEndian.PutUint64(key[:], uint64(r.Line))
	binary.BigEndian.PutUint16(key[8:], uint16(chargeOrder(r)))
	return sorter.Add(ctx, key[:], append([]byte{byte(period)}, row...))
}

func (l *Ledger) addReportRows(ctx context.Context, b Batch, sorter *extsort.Sorter) error {
	m, err := l.marker(ctx, b.Marker)
	if err != nil {
		return err
	}
	for _, ref := range m.Parts {
		p, err := openPart(ctx, l.buckets.Rated, ref)
		if err != nil {
			return err
		}
		for _, block := range p.dir.Blocks {
			if block.Kind != call.ReportBlock {
				continue
			}
			err := p.rows(ctx, block, func(row string) error {
				var r call.Row
				if err := p.parse(row, &r); err != nil {
					return err
				}
				return addLine(ctx, sorter, &r, 0, []byte(row))
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Ledger) addOutcomes(ctx context.Context, b Batch, key Key, period int, sorter *extsort.Sorter) error {
	p, err := l.Period(ctx, key)
	if err != nil {
		return err
	}
	if p.Basis.IsZero() {
		return fmt.Errorf("period %s is %s, not yet folded for good: %w", key, p.State, ErrState)
	}
	res, err := l.result(ctx, p.Basis)
	if err != nil {
		return err
	}
	revision := revisionID{b.ID, b.Rev}
	if !slices.ContainsFunc(res.Manifest.Entries, func(e Entry) bool { return e.revision() == revision }) {
		return fmt.Errorf("batch %s, revision %d, came after %s was closed, and no later period has issued it yet: %w", b.ID, b.Rev, key, ErrState)
	}
	rows := l.outcomes(ctx, res)
	var buf []byte
	for range res.Counts.Rows {
		r, err := rows.next()
		if err != nil {
			return err
		}
		if int64(r.Batch) >= int64(len(res.Manifest.Entries)) || res.Manifest.Entries[r.Batch].revision() != revision {
			continue
		}
		buf = call.AppendRow(buf[:0], r)
		if err := addLine(ctx, sorter, r, period, buf); err != nil {
			return err
		}
	}
	return nil
}
