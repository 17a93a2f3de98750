package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/documents"
)

// Stale reports whether a fold of the period would read other inputs now than
// its newest result was made of: entries, or the book. That result is the
// published draft while the period is not closed, and then what all its
// invoices add up to. It folds nothing.
func (l *Ledger) Stale(ctx context.Context, key Key) (bool, error) {
	p, err := l.Period(ctx, key)
	if err != nil {
		return false, err
	}
	in, err := l.inputsNow(ctx, key, allEntries)
	if err != nil {
		return false, err
	}
	hash, err := in.hash()
	if err != nil {
		return false, err
	}
	if !p.Basis.IsZero() {
		return p.Basis.Name != resultName(hash), nil
	}
	var head foldHead
	_, err = l.get(ctx, foldPath(key), &head)
	if errors.Is(err, documents.ErrNotFound) {
		return true, nil
	}
	return head.Inputs != hash, err
}

// FoldStale folds every period that takes usage and is stale, and publishes
// the drafts. What is current costs a few reads and no fold. It calls each with
// every period it folded, or could not, and why; one that cannot be folded does
// not stop the others. A schedule that calls it is all the debouncing there is.
// An error is returned only if it could not list the periods or ctx has ended.
func (l *Ledger) FoldStale(ctx context.Context, each func(Key, error)) error {
	periods, err := l.Periods(ctx)
	if err != nil {
		return fmt.Errorf("folding what is stale: %w", err)
	}
	for _, p := range periods {
		if !p.State.TakesUsage() {
			continue
		}
		stale, err := l.Stale(ctx, p.Key)
		if err == nil && stale {
			_, err = l.Fold(ctx, p.Key)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("folding what is stale: %w", ctx.Err())
		}
		if stale || err != nil {
			each(p.Key, err)
		}
	}
	return nil
}

// Draft says of an open period that its month is over, as the caller knows: it
// still takes usage, and its bills can be looked at before they are issued. A
// draft stays one; ErrState: it has begun to close.
func (l *Ledger) Draft(ctx context.Context, key Key) error {
	err := l.periodTx(ctx, key, func(_ documents.Tx, p *Period) (bool, error) {
		if !p.State.TakesUsage() {
			return false, fmt.Errorf("it is %s: %w", p.State, ErrState)
		}
		changed := p.State != Draft
		p.State = Draft
		return changed, nil
	})
	if err != nil {
		return fmt.Errorf("making a draft of %s: %w", key, err)
	}
	return nil
}
