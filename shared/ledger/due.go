package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/period"
)

// OpenDue opens, in every cycle, the months that have begun at an instant: that
// of the instant, and those that are missing between it and the ones that are
// there, so that a month without usage is billed too. It may be repeated.
func (l *Ledger) OpenDue(ctx context.Context, at time.Time) error {
	var cycles []book.Cycle
	if err := readAll(ctx, l, "cycles", &cycles); err != nil {
		return fmt.Errorf("opening what is due: %w", err)
	}
	var errs []error
	for _, c := range cycles {
		errs = append(errs, l.openCycle(ctx, c, at))
	}
	return errors.Join(errs...)
}

func (l *Ledger) openCycle(ctx context.Context, c book.Cycle, at time.Time) error {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return fmt.Errorf("cycle %s: %w", c.ID, err)
	}
	now := period.Of(at, zone)
	periods, err := l.cyclePeriods(ctx, c.ID)
	if err != nil {
		return err
	}
	for i, p := range periods {
		// The next month that is there, or has to be.
		next := now
		if i+1 < len(periods) && periods[i+1].Month.Compare(now) < 0 {
			next = periods[i+1].Month
		}
		if p.Month.Add(maxMissing).Compare(next) < 0 {
			continue
		}
		for m := p.Month.Add(1); m.Compare(next) < 0; m = m.Add(1) {
			if err := l.OpenPeriod(ctx, Key{c.ID, m}, c.Zone); err != nil {
				return err
			}
		}
	}
	if slices.ContainsFunc(periods, func(p Period) bool { return p.Month == now }) {
		return nil
	}
	return l.OpenPeriod(ctx, Key{c.ID, now}, c.Zone)
}

// maxMissing bounds the months that are opened between two: one far before all
// others is that of a record with a wrong date.
const maxMissing = 24

// cyclePeriods returns the periods of a cycle, by month.
func (l *Ledger) cyclePeriods(ctx context.Context, cycle string) ([]Period, error) {
	var out []Period
	err := l.query(ctx, documents.Query{Name: "periods_by_cycle", Equal: map[string]any{"cycle": cycle}}, func(d documents.Doc) error {
		var p Period
		if err := d.Fields.Decode(&p); err != nil {
			return fmt.Errorf("period %s: %w: %w", d.Path.ID, ErrDamaged, err)
		}
		out = append(out, p)
		return nil
	})
	return out, err
}

// Run is what BillDue did.
type Run struct {
	Closed []Key
	Held   []string // periods that are due, and what holds each
}

// BillDue brings every cycle to the state that is due at an instant: months
// that are over become drafts, and are closed and issued when their draft days
// are over, each cycle's earliest first. An arrival before the end of the draft
// days that is not finished holds its cycle's close: that is no error, the next
// run tries again. One cycle's error does not stop the others.
func (l *Ledger) BillDue(ctx context.Context, at time.Time) (Run, error) {
	var run Run
	var cycles []book.Cycle
	if err := readAll(ctx, l, "cycles", &cycles); err != nil {
		return run, fmt.Errorf("billing what is due: %w", err)
	}
	var errs []error
	for _, c := range cycles {
		if err := l.billCycle(ctx, c, at, &run); err != nil {
			errs = append(errs, fmt.Errorf("billing cycle %s: %w", c.ID, err))
		}
	}
	return run, errors.Join(errs...)
}

func (l *Ledger) billCycle(ctx context.Context, c book.Cycle, at time.Time, run *Run) error {
	if err := l.openCycle(ctx, c, at); err != nil {
		return err
	}
	periods, err := l.cyclePeriods(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, p := range periods {
		if p.State == Issued {
			continue
		}
		over, err := p.IssueInstant()
		if err != nil {
			return err
		}
		cutoff := over.AddDate(0, 0, c.DraftDays)
		switch {
		case over.After(at):
			return nil
		case cutoff.After(at):
			if err := l.makeDraft(ctx, p); err != nil {
				return err
			}
			continue
		}
		err = l.Close(ctx, p.Key, cutoff)
		if errors.Is(err, ErrHeld) {
			run.Held = append(run.Held, err.Error())
			return nil // the months after it wait too
		}
		if err != nil {
			return err
		}
		run.Closed = append(run.Closed, p.Key)
	}
	return nil
}

// makeDraft makes a draft of a month that is over, unless a person has begun to
// close it.
func (l *Ledger) makeDraft(ctx context.Context, p Period) error {
	err := l.Draft(ctx, p.Key)
	if errors.Is(err, ErrState) {
		return nil
	}
	return err
}
