package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// Same reports whether two reads of a deck say the same of what became of it.
func (d Deck) Same(other Deck) bool {
	for _, one := range []*Deck{&d, &other} {
		// None of them says anything of that.
		one.ReceivedAt, one.Progress, one.Attempts = time.Time{}, 0, 0
	}
	return d == other
}

// Report works out again what Apply said of a deck that came to its end, from the
// revisions that the deck stands between. How the file was read is in it where it is
// still there, and is still understood alike.
func (c *Catalog) Report(ctx context.Context, id string) (*DeckReport, error) {
	d, err := c.Deck(ctx, id)
	if err != nil {
		return nil, err
	}
	report := &DeckReport{Deck: d}
	if d.Next == "" {
		return report, nil // nothing became of it, and why is in the deck
	}
	wrap := func(err error) error {
		if err != nil {
			err = fmt.Errorf("saying again what became of deck %s: %w", d.Object, err)
		}
		return err
	}
	if report.Already, err = c.alreadyOf(ctx, d); err != nil || report.Already != "" {
		return report, wrap(err)
	}
	def, err := c.definitionOf(ctx, &d)
	if errors.Is(err, ErrRefused) {
		return report, nil
	}
	if err != nil {
		return nil, wrap(err)
	}
	base := ratecard.Revision{Card: d.Card}
	if d.Base > 0 {
		if err := c.read(ctx, revisionPath(d.Card, d.Base), &base); err != nil {
			return nil, wrap(err)
		}
	}
	again := &DeckReport{Deck: d}
	rev, err := c.outcome(ctx, def, again, base)
	switch {
	case errors.Is(err, ErrRefused) || err == nil && rev.Rates != d.Next:
		changes, err := c.DeckChanges(ctx, d)
		if err != nil {
			return nil, wrap(err)
		}
		return report, wrap(compare(report, base, changes))
	case err != nil:
		return nil, wrap(err)
	}
	if again.Deck = d; d.State == DeckHeld {
		again.Holds = def.Decks.holds(again.Changes)
	}
	return again, nil
}

// alreadyOf returns what is said of a deck that is the same file as the one before
// it; "" of another.
func (c *Catalog) alreadyOf(ctx context.Context, d Deck) (string, error) {
	if d.Approved || d.State != DeckUnchanged {
		return "", nil
	}
	head, i, err := c.arrivalOf(ctx, d)
	if err != nil || i < 1 || head.Arrivals[i-1].Content != d.Content {
		return "", err
	}
	return already(head.Arrivals[i-1]), nil
}

func already(last arrival) string {
	return fmt.Sprintf("The card was given this file at %s already: approve it to have it applied again.", last.At.Format(time.RFC3339))
}

// Later returns the decks that came in after one that was applied, and were applied
// again after it as far as that is remembered.
func (c *Catalog) Later(ctx context.Context, d Deck) (ids []string, err error) {
	head, i, err := c.arrivalOf(ctx, d)
	if err != nil || i < 0 {
		return nil, err
	}
	for _, a := range head.Arrivals[i+1 : min(i+1+maxAgain, len(head.Arrivals))] {
		if a.Deck != d.ID { // one that a person had applied again came twice
			ids = append(ids, a.Deck)
		}
	}
	return ids, nil
}

// arrivalOf returns the place of a deck among the arrivals of its card; -1: it was
// not applied, or that is forgotten.
func (c *Catalog) arrivalOf(ctx context.Context, d Deck) (head revisionHead, i int, err error) {
	if d.Card == "" {
		return head, -1, nil
	}
	if err := c.read(ctx, revisionHeadPath(d.Card), &head); err != nil && !errors.Is(err, documents.ErrNotFound) && !errors.Is(err, documents.ErrInvalid) {
		return head, -1, fmt.Errorf("reading the arrivals of card %q: %w", d.Card, err)
	}
	return head, slices.IndexFunc(head.Arrivals, func(a arrival) bool { return a.Deck == d.ID }), nil
}
