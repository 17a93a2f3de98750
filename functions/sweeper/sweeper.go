// Package sweeper is the function that finds what lost its event or did not
// end, and starts it again; and that, when a person asks, proves everything,
// applies a deck, writes the records of a batch or a month as files, says what past
// usage would have cost by a revision or a deck, or sends a revision by e-mail.
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
	"github.com/tollbook/tollbook/shared/mail"
	"github.com/tollbook/tollbook/shared/objects"
)

// Config is what the function is made of.
type Config struct {
	Ledger  *ledger.Ledger
	Catalog *catalog.Catalog
	Jobs    *jobs.Jobs
	Decks   objects.Bucket
	CDRs    objects.Bucket
	Compile objects.Bucket // work orders of cardcompile
	Orders  objects.Bucket
	Prefix  string      // of bucket names in events
	Mail    mail.Sender // nil: mail is not set up
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

// swept says what a sweep did, for a person.
type swept struct {
	Decks    int `json:"decks"`    // applied or refused
	Received int `json:"received"` // files whose event was lost
	Resumed  int `json:"resumed"`  // batches that were brought on
	Failed   int `json:"failed"`   // of these
	Jobs     int `json:"jobs"`     // ordered again
	Deleted  int `json:"deleted"`  // parts that nothing refers to
	Exports  int `json:"exports"`  // files of exports that were deleted, as they are kept no longer
}

func (f function) bringOn(ctx context.Context, at time.Time) (swept, error) {
	decks, err := f.Catalog.Sweep(ctx, at, func(o objects.Info) (bool, error) { return report.IsDeck(ctx, f.Catalog, f.Decks, o) })
	errs := []error{err}
	for _, d := range decks {
		errs = append(errs, report.WriteDeck(ctx, f.Catalog, f.Decks, d),
			events.Place(ctx, f.Compile, events.Order{Kind: "deck", ID: d.Deck.ID}))
	}
	files, err := f.Ledger.Sweep(ctx, at, cdrrating.FeedOf)
	errs = append(errs, err)
	for _, b := range files.Ended {
		errs = append(errs, cdrrating.WriteReport(ctx, f.Ledger, f.CDRs, b))
	}
	ordered, err := f.Jobs.Sweep(ctx, at)
	errs = append(errs, err)
	exports, err := f.Ledger.DeleteExports(ctx, at)
	errs = append(errs, err)
	return swept{
		Decks: len(decks), Received: files.Received, Resumed: files.Resumed, Failed: files.Failed, Jobs: ordered, Deleted: files.Deleted, Exports: exports,
	}, errors.Join(errs...)
}

func (f function) order(ctx context.Context, e events.ObjectFinalized) error {
	order, err := events.ReadOrder(ctx, f.Orders, e)
	if err != nil {
		return err
	}
	return f.Jobs.RunFiles(ctx, order.ID, func(ctx context.Context, job jobs.Job) (string, []jobs.File, error) {
		switch job.Kind {
		case jobs.Export:
			return f.export(ctx, job)
		case jobs.Impact:
			return f.impact(ctx, job)
		}
		report, err := f.work(ctx, job)
		return report, nil, err
	})
}

func (f function) work(ctx context.Context, job jobs.Job) (string, error) {
	switch job.Kind {
	case jobs.Fsck:
		problems, err := f.Catalog.Fsck(ctx)
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
	case jobs.Deck:
		return f.deck(ctx, job.Target)
	case jobs.Mail:
		return f.mail(ctx, job)
	default:
		return "", &events.BadInput{Err: fmt.Errorf("the sweeper does no %s", job.Kind)}
	}
}

// deck applies a deck that a person decided about, and orders the cards that
// follow from it.
func (f function) deck(ctx context.Context, id string) (string, error) {
	done, err := f.Catalog.Apply(ctx, id)
	if err != nil {
		return "", err
	}
	d, err := f.Catalog.Deck(ctx, id)
	if err != nil {
		return "", err
	}
	if done != nil {
		if err := report.WriteDeck(ctx, f.Catalog, f.Decks, done); err != nil {
			return "", err
		}
	}
	switch d.State {
	case catalog.DeckApplied, catalog.DeckUnchanged:
		return fmt.Sprintf("%s: revision %d", d.State, d.Revision), events.Place(ctx, f.Compile, events.Order{Kind: "deck", ID: id})
	}
	return "", &events.BadInput{Err: fmt.Errorf("the deck is %s: %s", d.State, d.Failure)}
}
