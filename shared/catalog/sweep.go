package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// What one sweep does at most; the next one goes on.
const (
	sweepPages = 20
	sweepPage  = documents.MaxGetMany
	sweepDecks = 50
)

// leftAlone is how long a deck is left to the event that brought it.
const leftAlone = 15 * time.Minute

// sweepHead is the name after which the next sweep lists the decks.
type sweepHead struct {
	After string `doc:"after,omitempty"`
}

var headSweep = documents.Path{Collection: "heads", ID: documents.ID("sweep", "decks")}

// Sweep applies the decks whose event was lost, as of at, and those that were
// received more than 15 minutes before at and came to no end. isDeck tells what
// is a deck. It returns what it applied or refused.
func (c *Catalog) Sweep(ctx context.Context, at time.Time, isDeck func(objects.Info) (bool, error)) ([]*DeckReport, error) {
	var errs []error
	ids, err := c.lostDecks(ctx, at, isDeck)
	if err != nil {
		errs = append(errs, err)
	}
	page, err := c.docs.Query(ctx, documents.Query{
		Name: "decks_by_state", Equal: map[string]any{"state": string(DeckReceived)}, To: at.Add(-leftAlone), Limit: sweepDecks,
	})
	if err != nil {
		errs = append(errs, fmt.Errorf("looking for decks that came to no end: %w", err))
	}
	var out []*DeckReport
	for _, doc := range page.Docs {
		ended, err := c.attempt(ctx, doc.Path)
		switch {
		case err != nil:
			errs = append(errs, err)
		case ended != nil:
			out = append(out, ended)
		default:
			ids = append(ids, doc.Path.ID)
		}
	}
	for _, id := range ids {
		report, err := c.Apply(ctx, id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if report != nil {
			out = append(out, report)
		}
	}
	return out, errors.Join(errs...)
}

// attempt counts that a deck came to no end; one that did so too often, as it
// may kill the process that reads it, is refused.
func (c *Catalog) attempt(ctx context.Context, p documents.Path) (ended *DeckReport, err error) {
	err = c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		ended = nil
		var d Deck
		if err := get(tx, p, &d); err != nil || d.State != DeckReceived {
			return err
		}
		if d.Attempts++; d.Attempts >= MaxAttempts {
			d.State, d.Failure = DeckRefused, fmt.Sprintf("it came to no end in %d attempts: deliver it in pieces, or under another name when it is mended", d.Attempts)
			ended = &DeckReport{Deck: d}
		}
		return put(tx, p, d)
	})
	if err != nil {
		return nil, fmt.Errorf("counting an attempt at %s: %w", p, err)
	}
	return ended, nil
}

// lostDecks receives the decks that nobody has noted.
func (c *Catalog) lostDecks(ctx context.Context, at time.Time, isDeck func(objects.Info) (bool, error)) (ids []string, err error) {
	var head sweepHead
	doc, err := c.docs.Get(ctx, headSweep)
	if err == nil {
		err = doc.Fields.Decode(&head)
	}
	if err != nil && !errors.Is(err, documents.ErrNotFound) {
		return nil, fmt.Errorf("reading where the last sweep ended: %w", err)
	}
	for range sweepPages {
		page, err := c.buckets.Decks.List(ctx, "", head.After, sweepPage)
		if err != nil {
			return ids, fmt.Errorf("listing decks: %w", err)
		}
		var paths []documents.Path
		for _, o := range page {
			paths = append(paths, deckPath(deckID(o.Name, o.Generation)))
		}
		found, err := c.docs.GetMany(ctx, paths)
		if err != nil {
			return ids, fmt.Errorf("looking for decks: %w", err)
		}
		for i, o := range page {
			if found[i].Exists() {
				continue
			}
			if is, err := isDeck(o); err != nil || !is {
				if err != nil {
					return ids, err
				}
				continue
			}
			id, err := c.Receive(ctx, Arrival{Object: o.Name, Generation: o.Generation, Size: o.Size, At: at})
			if err != nil {
				return ids, err
			}
			ids = append(ids, id)
		}
		if head.After = ""; len(page) == sweepPage {
			head.After = page[len(page)-1].Name
		}
		if head.After == "" || len(ids) >= sweepDecks {
			break
		}
	}
	return ids, c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		var was sweepHead
		isNew, err := find(tx, headSweep, &was)
		if err != nil || !isNew && was == head {
			return err
		}
		return write(tx, isNew, headSweep, head)
	})
}
