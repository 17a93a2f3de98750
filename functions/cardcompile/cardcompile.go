// Package cardcompile is the function that builds and compiles customer cards:
// after a deck, on a schedule, and when a person asks.
package cardcompile

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/objects"
)

// Config is what the function is made of.
type Config struct {
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
			"orders-cardcompile": f.order,
		}),
		Scheduled: func(ctx context.Context, s events.Scheduled) error { return f.compile(ctx, s.At) },
	})
}

type function struct{ Config }

func (f function) compile(ctx context.Context, at time.Time) error {
	_, err := f.Catalog.Compile(ctx, at)
	return err
}

func (f function) order(ctx context.Context, e events.ObjectFinalized) error {
	order, err := events.ReadOrder(ctx, f.Orders, e)
	if err != nil {
		return err
	}
	if order.Kind == "deck" {
		return f.compile(ctx, e.At)
	}
	return f.Jobs.Run(ctx, order.ID, func(ctx context.Context, job jobs.Job) (string, error) {
		if job.Kind != jobs.Compile {
			return "", &events.BadInput{Err: fmt.Errorf("cardcompile does no %s", job.Kind)}
		}
		built, err := f.Catalog.Compile(ctx, job.AskedAt)
		if err != nil {
			return "", err
		}
		report, err := json.Marshal(built)
		return string(report), err
	})
}
