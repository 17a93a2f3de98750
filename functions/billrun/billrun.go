// Package billrun is the function that folds months that have changed, and
// closes and invoices those that are over: on a schedule, and when a person
// asks for one.
package billrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// Config is what the function is made of.
type Config struct {
	Ledger *ledger.Ledger
	Jobs   *jobs.Jobs
	Orders objects.Bucket
	Prefix string // of bucket names in events
	Events events.Config
}

// New returns the function.
func New(c Config) (http.Handler, error) {
	f := function{c}
	return events.New(c.Events, events.Router{
		ObjectFinalized: events.ByBucket(c.Prefix, map[string]func(context.Context, events.ObjectFinalized) error{
			"orders-billrun": f.order,
		}),
		Scheduled: f.run,
	})
}

type function struct{ Config }

// run brings every cycle to the state due at the schedule's instant, and folds
// what has changed in the months that still take usage.
func (f function) run(ctx context.Context, s events.Scheduled) error {
	done, err := f.Ledger.BillDue(ctx, s.At)
	for _, key := range done.Closed {
		f.Events.Log.Info("issued a period", slog.String("period", key.String()))
	}
	for _, held := range done.Held {
		f.Events.Log.Warn("a period is due and cannot be closed", slog.String("why", events.Redact(held)))
	}
	errs := []error{err}
	err = f.Ledger.FoldStale(ctx, func(key ledger.Key, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("folding %s: %w", key, err))
		}
	})
	return errors.Join(append(errs, err)...)
}

func (f function) order(ctx context.Context, e events.ObjectFinalized) error {
	order, err := events.ReadOrder(ctx, f.Orders, e)
	if err != nil {
		return err
	}
	return f.Jobs.Run(ctx, order.ID, f.work)
}

func (f function) work(ctx context.Context, job jobs.Job) (string, error) {
	key, err := ledger.ParseKey(job.Target)
	if err != nil {
		return "", &events.BadInput{Err: err}
	}
	switch job.Kind {
	case jobs.Close:
		err = f.Ledger.Close(ctx, key, job.AskedAt)
	case jobs.Fold:
		_, err = f.Ledger.Fold(ctx, key)
	default:
		err = fmt.Errorf("billrun does no %s: %w", job.Kind, ledger.ErrState)
	}
	for _, never := range []error{ledger.ErrState, ledger.ErrHeld, documents.ErrNotFound} {
		if errors.Is(err, never) {
			return "", &events.BadInput{Err: err}
		}
	}
	if err != nil {
		return "", err
	}
	p, err := f.Ledger.Period(ctx, key)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is %s, with %d invoices", key, p.State, p.Invoices), nil
}
