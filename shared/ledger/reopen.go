package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/documents"
)

// Waive lets a period be closed though a batch that was received in time, or a
// redo of it, is not finished: by name, so that a person has seen which. What
// is then committed is late.
func (l *Ledger) Waive(ctx context.Context, key Key, batch string) error {
	if _, err := l.Batch(ctx, batch); err != nil {
		return fmt.Errorf("waiving for %s: %w", key, err)
	}
	err := l.periodTx(ctx, key, func(_ documents.Tx, p *Period) (bool, error) {
		if slices.Contains(p.Waived, batch) {
			return false, nil
		}
		if !p.State.TakesUsage() {
			return false, fmt.Errorf("it is %s: %w", p.State, ErrState)
		}
		p.Waived = append(p.Waived, batch)
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("waiving batch %s for %s: %w", batch, key, err)
	}
	return nil
}

// Reopen lets a period take usage again. It is possible until its first
// invoice has a number; the frozen manifest is dropped, and what the period
// was to correct in earlier ones is pending again. Batches that came late stay
// late.
func (l *Ledger) Reopen(ctx context.Context, key Key) error {
	p, err := l.Period(ctx, key)
	if err != nil {
		return fmt.Errorf("reopening %s: %w", key, err)
	}
	var frozen Frozen
	if !p.Frozen.IsZero() {
		if err := loadJSON(ctx, l.buckets.Rated, p.Frozen, &frozen); err != nil {
			return fmt.Errorf("reopening %s: %w", key, err)
		}
	}
	err = l.periodTx(ctx, key, func(tx documents.Tx, now *Period) (bool, error) {
		if now.State.TakesUsage() {
			return false, nil
		}
		if now.State == Issued || now.FirstNumber != 0 {
			return false, fmt.Errorf("its invoices have numbers: %w", ErrState)
		}
		if now.Frozen != p.Frozen {
			return false, fmt.Errorf("it was frozen meanwhile: %w", documents.ErrConflict)
		}
		var earlier []Period
		for _, a := range frozen.Adjustments {
			doc, err := tx.Get(a.Period.path())
			if err != nil {
				return false, err
			}
			var q Period
			if err := doc.Fields.Decode(&q); err != nil {
				return false, err
			}
			q.Basis = a.From
			earlier = append(earlier, q)
		}
		for _, q := range earlier {
			if err := putDoc(tx, q.Key.path(), q); err != nil {
				return false, err
			}
		}
		now.State, now.Frozen, now.Basis, now.Reopened = Open, Ref{}, Ref{}, now.Reopened+1
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("reopening %s: %w", key, err)
	}
	return nil
}
