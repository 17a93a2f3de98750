package catalog

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// Changes yields what becomes of the rates of a card between two of its revisions,
// from an instant on; from revision 0: of a card that had none. It fails with
// documents.ErrNotFound where there is no such card or revision.
func (c *Catalog) Changes(ctx context.Context, card string, from, to int, at time.Time) (iter.Seq2[ratecard.Difference, error], error) {
	def, err := c.Definition(ctx, card)
	if err != nil {
		return nil, err
	}
	revisions := [2]ratecard.Revision{}
	for i, n := range []int{from, to} {
		if n == 0 {
			continue
		}
		if err := c.read(ctx, revisionPath(card, n), &revisions[i]); err != nil {
			return nil, fmt.Errorf("revision %d of card %s: %w", n, short(card), err)
		}
	}
	return c.differences(ctx, def, revisions[0], revisions[1], at)
}

// DeckChanges yields what a deck makes of the rates of its card: what it made, or
// for a held one would make. A deck that was refused makes nothing.
func (c *Catalog) DeckChanges(ctx context.Context, d Deck) (iter.Seq2[ratecard.Difference, error], error) {
	if d.Next == "" {
		return func(func(ratecard.Difference, error) bool) {}, nil
	}
	def, err := c.Definition(ctx, d.Card)
	if err != nil {
		return nil, err
	}
	base := ratecard.Revision{Card: d.Card, Number: d.Base}
	if d.Base > 0 {
		if err := c.read(ctx, revisionPath(d.Card, d.Base), &base); err != nil {
			return nil, err
		}
	}
	return c.differences(ctx, def, base, ratecard.Revision{Card: d.Card, Rates: d.Next}, d.ReceivedAt)
}

func (c *Catalog) differences(ctx context.Context, def Definition, old, new ratecard.Revision, at time.Time) (iter.Seq2[ratecard.Difference, error], error) {
	notice, err := def.Decks.notice(rating.DefaultTerms(def.Currency), at.UnixNano())
	if err != nil {
		return nil, fmt.Errorf("card %q: %w", def.ID, err)
	}
	return ratecard.Diff(c.storedRates(ctx, old), c.storedRates(ctx, new), ratecard.DiffOptions{At: at.UnixNano(), Notice: notice}), nil
}
