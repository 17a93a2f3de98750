// Package sweeper is the function that finds what lost its event or did not
// end, and starts it again; and that proves everything when a person asks.
package sweeper

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// Config is what the function is made of.
type Config struct {
	Ledger  *ledger.Ledger
	Catalog *catalog.Catalog
	Jobs    *jobs.Jobs
	Orders  objects.Bucket
	Prefix  string // of bucket names in events
	Events  events.Config
}

// New returns the function.
func New(c Config) (http.Handler, error) {
	f := function{c}
	return events.New(c.Events, events.Router{
		ObjectFinalized: events.ByBucket(c.Prefix, map[string]func(context.Context, events.ObjectFinalized) error{
			"orders-sweeper": f.order,
		}),
		Scheduled: f.sweep,
	})
}

type function struct{ Config }

func (f function) sweep(ctx context.Context, s events.Scheduled) error {
	return nil
}

func (f function) order(ctx context.Context, e events.ObjectFinalized) error {
	order, err := events.ReadOrder(ctx, f.Orders, e)
	if err != nil {
		return err
	}
	return f.Jobs.Run(ctx, order.ID, f.work)
}

func (f function) work(ctx context.Context, job jobs.Job) (string, error) {
	switch job.Kind {
	case jobs.Fsck:
		problems, err := f.Ledger.Fsck(ctx)
		if err != nil || len(problems) == 0 {
			return "clean: every row, charge, bundle and invoice was worked out again and is the same", err
		}
		var b strings.Builder
		for _, p := range problems {
			fmt.Fprintln(&b, p)
		}
		return "", &events.BadInput{Err: fmt.Errorf("%d problems:\n%s", len(problems), b.String())}
	default:
		return "", &events.BadInput{Err: fmt.Errorf("the sweeper does no %s", job.Kind)}
	}
}
