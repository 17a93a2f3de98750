// Package sweeper is the function that finds what lost its event or did not
// end, and starts it again; and that proves everything when a person asks.
package sweeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tollbook/tollbook/functions/cdrrating"
	"github.com/tollbook/tollbook/functions/report"
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
	Decks   objects.Bucket
	Compile objects.Bucket // work orders of cardcompile
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

// sweep brings on what was left behind, and orders the cards of decks that it
// found.
func (f function) sweep(ctx context.Context, s events.Scheduled) error {
	_, err := f.bringOn(ctx, s.At)
	return err
}

// swept says what a sweep did.
type swept struct {
	Decks int          `json:"decks"`
	Files ledger.Swept `json:"files"`
	Jobs  int          `json:"jobs"`
}

func (f function) bringOn(ctx context.Context, at time.Time) (swept, error) {
	var s swept
	var errs [4]error
	var decks []*catalog.DeckReport
	decks, errs[0] = f.Catalog.Sweep(ctx, at, func(object string) bool { return !report.Is(object) })
	for _, d := range decks {
		errs[1] = errors.Join(errs[1], report.Write(ctx, f.Decks, d.Deck.Object, d),
			events.Place(ctx, f.Compile, events.Order{Kind: "deck", ID: d.Deck.ID}))
	}
	s.Decks = len(decks)
	s.Files, errs[2] = f.Ledger.Sweep(ctx, at, cdrrating.FeedOf)
	s.Jobs, errs[3] = f.Jobs.Sweep(ctx, at)
	return s, errors.Join(errs[:]...)
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
	case jobs.Sweep:
		s, err := f.bringOn(ctx, job.AskedAt)
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(s)
		return string(text), err
	default:
		return "", &events.BadInput{Err: fmt.Errorf("the sweeper does no %s", job.Kind)}
	}
}
