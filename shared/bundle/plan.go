// Package bundle folds one account's month of usage through its bundles: plans
// of so many minutes, granted by features. It is pure: the caller brings the
// usage in its order, one call at a time, and nothing of it is kept.
package bundle

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// Plan is a discount plan: usage that draws on it is 100 % off until its
// minutes are used up.
type Plan struct {
	ID      string `doc:"id" json:"id"`
	Name    string `doc:"name,omitempty" json:"name,omitzero"`
	Minutes uint64 `doc:"minutes" json:"minutes"`                      // of one grant, per month; 0 = unlimited
	RoundBy uint32 `doc:"round_by,omitempty" json:"round_by,omitzero"` // seconds of a drawing block; 0 or 1 = by the second
}

// Feature is a subscription: a monthly charge, and the grant of a plan.
//
// Count multiplies the charge and the allowance, Multiplier the allowance only
// (BillingPlatform UK: a count of 9000 on a £50 feature charges £450,000, a
// multiplier of 9000 charges £50). Both are 1 when they are 0.
type Feature struct {
	ID               string       `doc:"id" json:"id"`
	Account          string       `doc:"account" json:"account"`
	Plan             string       `doc:"plan,omitempty" json:"plan,omitzero"` // id; empty: the feature grants no minutes
	Name             string       `doc:"name,omitempty" json:"name,omitzero"`
	Multiplier       uint64       `doc:"multiplier,omitempty" json:"multiplier,omitzero"`
	Count            uint64       `doc:"count,omitempty" json:"count,omitzero"`
	Start            period.Date  `doc:"start" json:"start"`                // first day
	End              period.Date  `doc:"end,omitempty" json:"end,omitzero"` // last day, included; zero = open
	Recurring        money.Amount `doc:"recurring" json:"recurring"`        // per month and Count; negative is a credit
	ProrateAllowance bool         `doc:"prorate_allowance,omitempty" json:"prorate_allowance,omitzero"`
}

func (f Feature) count() uint64      { return max(f.Count, 1) }
func (f Feature) multiplier() uint64 { return max(f.Multiplier, 1) }

// Validate reports the first thing in f that cannot be billed.
func (f Feature) Validate() error {
	if f.ID == "" {
		return errors.New("a feature has no id")
	}
	if err := realDay(f.Start); err != nil {
		return fmt.Errorf("feature %q: start: %w", f.ID, err)
	}
	if f.End == (period.Date{}) {
		return nil
	}
	if err := realDay(f.End); err != nil {
		return fmt.Errorf("feature %q: end: %w", f.ID, err)
	}
	if f.End.Compare(f.Start) < 0 {
		return fmt.Errorf("feature %q ends on %s, before it starts on %s", f.ID, f.End, f.Start)
	}
	return nil
}

// realDay refuses the zero date and days such as 31 February, which would
// otherwise be read as another day.
func realDay(d period.Date) error {
	_, err := period.ParseDate(d.String())
	return err
}

// allowance returns the hundredths of a second that f grants of p in m. A part
// month grants all of it, or with ProrateAllowance its inclusive days over the
// days of the month, rounded down to the hundredth (Rogers: 15 of 30 days of
// 100 minutes are 50).
func (f Feature) allowance(p Plan, m period.Month) (uint64, error) {
	all := uint64(60 * hundredths)
	for _, n := range []uint64{p.Minutes, f.multiplier(), f.count()} {
		var hi uint64
		if hi, all = bits.Mul64(all, n); hi != 0 {
			return 0, fmt.Errorf("feature %q: %d minutes of plan %q × multiplier %d × count %d is out of range",
				f.ID, p.Minutes, p.ID, f.multiplier(), f.count())
		}
	}
	if !f.ProrateAllowance {
		return all, nil
	}
	hi, lo := bits.Mul64(all, uint64(m.Overlap(f.Start, f.End)))
	part, _ := bits.Div64(hi, lo, uint64(m.Days())) // at most all: it fits
	return part, nil
}

// Recurring returns what f charges for m: the monthly charge × Count × days ÷
// of, where days of the month's of days are f's, both ends included, rounded
// half-up to the given decimals (0 to money.MaxDecimals) once. £50 from 12
// February 2026 is 17 of 28 days: £30.36 (inclusive days: Billingbooth, Zuora).
// A feature with no day in m charges 0.
func Recurring(f Feature, m period.Month, decimals int) (amount money.Amount, days, of int, err error) {
	if err := f.Validate(); err != nil {
		return money.Amount{}, 0, 0, err
	}
	days, of = m.Overlap(f.Start, f.End), m.Days()
	hi, times := bits.Mul64(f.count(), uint64(days))
	if hi != 0 {
		return money.Amount{}, 0, 0, fmt.Errorf("feature %q: count %d: %w", f.ID, f.Count, money.ErrOverflow)
	}
	amount, err = f.Recurring.MulDiv(times, uint64(of), decimals, money.HalfUp)
	if err != nil {
		return money.Amount{}, 0, 0, fmt.Errorf("feature %q: %s × %d, %d of %d days: %w", f.ID, f.Recurring, f.count(), days, of, err)
	}
	return amount, days, of, nil
}
