// Package cardcompile is the function that builds and compiles customer cards:
// after a deck, on a schedule, and when a person asks.
package cardcompile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/objects"
)

// Config is what the function is made of.
type Config struct {
	Catalog *catalog.Catalog
	Jobs    *jobs.Jobs
	Decks   objects.Bucket
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
	built, err := f.Catalog.Compile(ctx, at)
	for _, c := range built {
		if c.Failure != "" {
			f.Events.Log.Warn("a card cannot be built", slog.String("card", c.Card), slog.String("why", events.Redact(c.Failure)))
		}
	}
	return err
}

// CardsSuffix ends, behind a deck's name, the name of the report of the cards
// that follow the deck's.
const CardsSuffix = ".cards"

// afterDeck builds the cards that follow a deck, and says beside it what became
// of them.
func (f function) afterDeck(ctx context.Context, deck string, at time.Time) error {
	if err := f.compile(ctx, at); err != nil {
		return err
	}
	d, err := f.Catalog.Deck(ctx, deck)
	if errors.Is(err, documents.ErrNotFound) {
		return &events.BadInput{Err: err}
	}
	if err != nil {
		return err
	}
	cards, err := f.Catalog.Followers(ctx, d.Card)
	if err != nil || len(cards) == 0 {
		return err
	}
	return report.Write(ctx, f.Decks, d.Object+CardsSuffix, cards)
}

func (f function) order(ctx context.Context, e events.ObjectFinalized) error {
	order, err := events.ReadOrder(ctx, f.Orders, e)
	if err != nil {
		return err
	}
	if order.Kind == "deck" {
		return f.afterDeck(ctx, order.ID, e.At)
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
