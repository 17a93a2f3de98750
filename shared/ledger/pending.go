package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/money"
)

// Difference is what one line of one account's month gained from one result to
// another.
type Difference struct {
	Account     string
	Currency    string
	Key         string // of the line
	Description string
	Exact       money.Amount // not zero
}

// differences lists what to adds to from, by account and line, sorted. Either
// may be nil: nothing.
func differences(from, to *Result) ([]Difference, error) {
	type lineKey struct{ account, key string }
	lines := map[lineKey]*Difference{}
	add := func(r *Result, sign func(money.Amount) money.Amount) error {
		if r == nil {
			return nil
		}
		for _, a := range r.Accounts {
			for _, line := range a.Lines {
				k := lineKey{a.Account, line.Key}
				d := lines[k]
				if d == nil {
					d = &Difference{Account: a.Account, Currency: a.Currency, Key: line.Key, Description: line.Description}
					lines[k] = d
				}
				if d.Currency != a.Currency {
					return fmt.Errorf("account %q was billed in %s and is billed in %s: %w", a.Account, d.Currency, a.Currency, ErrState)
				}
				sum, err := d.Exact.Add(sign(line.Exact))
				if err != nil {
					return fmt.Errorf("account %q, line %s: %w", a.Account, line.Key, err)
				}
				d.Exact = sum
			}
		}
		return nil
	}
	if err := add(from, money.Amount.Neg); err != nil {
		return nil, err
	}
	if err := add(to, func(a money.Amount) money.Amount { return a }); err != nil {
		return nil, err
	}
	var out []Difference
	for _, d := range lines {
		if !d.Exact.IsZero() {
			out = append(out, *d)
		}
	}
	slices.SortFunc(out, func(a, b Difference) int {
		if c := strings.Compare(a.Account, b.Account); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out, nil
}

// Pending returns what a period's fold, with everything known now, differs by
// from what has been issued for it: all of it before the first invoice. The
// issued amounts and the pending ones always add up to the fold.
func (l *Ledger) Pending(ctx context.Context, key Key) ([]Difference, error) {
	p, err := l.Period(ctx, key)
	if err != nil {
		return nil, err
	}
	in, err := l.inputsNow(ctx, key, allEntries)
	if err != nil {
		return nil, err
	}
	ref, err := l.fold(ctx, in)
	if err != nil {
		return nil, err
	}
	if ref.Name == p.Basis.Name {
		return nil, nil
	}
	now, err := l.result(ctx, ref)
	if err != nil {
		return nil, err
	}
	var issued *Result
	if !p.Basis.IsZero() {
		if issued, err = l.result(ctx, p.Basis); err != nil {
			return nil, err
		}
	}
	out, err := differences(issued, now)
	if err != nil {
		return nil, fmt.Errorf("what is pending for %s: %w", key, err)
	}
	return out, nil
}
