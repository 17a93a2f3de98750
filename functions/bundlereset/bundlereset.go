// Package bundlereset is the function that opens months when they begin: each
// has its minute bundles afresh, as bundles belong to months.
package bundlereset

import (
	"context"
	"net/http"

	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/ledger"
)

// Config is what the function is made of.
type Config struct {
	Ledger *ledger.Ledger
	Events events.Config
}

// New returns the function.
func New(c Config) (http.Handler, error) {
	return events.New(c.Events, events.Router{Scheduled: func(ctx context.Context, s events.Scheduled) error {
		return c.Ledger.OpenDue(ctx, s.At)
	}})
}
