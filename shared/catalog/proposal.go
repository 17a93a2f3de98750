package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// Proposal is the rates of a card that past usage can be priced by, live or not:
// those of a revision, or those that a deck makes.
type Proposal struct {
	Card     Definition
	Revision int // whose rates they are; 0: they are none yet
	// Deck is the one that was named, with the revision Base that it is applied to
	// and the object Next of its rates; nil: a revision was named.
	Deck *Deck
	// Again is how many decks came in later and would be applied again upon the deck.
	Again int

	rates ratecard.Revision
}

// RevisionProposal returns the rates of a revision. ErrRefused: there is none.
func (c *Catalog) RevisionProposal(ctx context.Context, card string, number int) (p Proposal, err error) {
	p.Revision = number
	p.Card, err = c.Definition(ctx, card)
	if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
		return p, refusal("there is no card %q", short(card))
	}
	if err != nil {
		return p, err
	}
	err = c.read(ctx, revisionPath(card, number), &p.rates)
	if errors.Is(err, documents.ErrNotFound) {
		return p, refusal("card %s has no revision %d", card, number)
	}
	return p, err
}

// DeckProposal returns the rates that a deck makes of its card: those of its revision
// once it is applied, before that those that it would have if it was approved now, to
// the card as it is now. The rates are stored, as those of a deck that is held are; the
// deck and its card stay as they are.
//
// ErrRefused: there is no such deck, or nothing comes of it; the text says why.
func (c *Catalog) DeckProposal(ctx context.Context, id string) (Proposal, error) {
	for range maxMoves {
		d, err := c.Deck(ctx, id)
		if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
			return Proposal{}, refusal("there is no deck %q", short(id))
		}
		if err != nil {
			return Proposal{}, err
		}
		p, err := c.proposalOf(ctx, d)
		now, readErr := c.Deck(ctx, id)
		if readErr != nil {
			return Proposal{}, readErr
		}
		if now.State == d.State { // else what was made of it is not what it is
			return p, err
		}
	}
	return Proposal{}, fmt.Errorf("deck %s changed its state %d times meanwhile: %w", id, maxMoves, documents.ErrTransient)
}

// Proposes says by its state why nothing comes of a deck; nil: something does, or may.
// The error wraps ErrRefused.
func (d Deck) Proposes() error {
	switch d.State {
	case DeckRefused:
		return refusal("the deck is refused, and makes no rates: %s", d.Failure)
	case DeckUnchanged:
		return refusal("the deck changed nothing: its rates are those of revision %d of card %s", d.Revision, d.Card)
	}
	return nil
}

func (c *Catalog) proposalOf(ctx context.Context, d Deck) (p Proposal, err error) {
	if err := d.Proposes(); err != nil {
		return p, err
	}
	if d.State == DeckApplied {
		p, err = c.RevisionProposal(ctx, d.Card, d.Revision)
		p.Deck = &d
		return p, err
	}
	if d.State == DeckHeld {
		d.Approved = true
	}
	report := &DeckReport{Deck: d}
	list, m, err := c.stages(ctx, report)
	if errors.Is(err, ErrRefused) {
		return p, refusal("applied to its card as that is now, the deck would be refused: %s", strings.TrimSuffix(err.Error(), ": "+ErrRefused.Error()))
	}
	if err != nil {
		return p, fmt.Errorf("working out the rates of deck %s: %w", d.Object, err)
	}
	if says(list[0].rev, m.base) {
		return p, refusal("applied to its card as that is now, the deck would change nothing: its rates are those of revision %d of card %s", m.base.Number, d.Card)
	}
	return Proposal{Card: m.def, Deck: &report.Deck, Again: len(list) - 1, rates: list[0].rev}, nil
}

// name says for people whose rates they are.
func (p *Proposal) name() string {
	if p.Revision == 0 {
		return fmt.Sprintf("deck %s of %s", p.Deck.Object, p.Card.ID)
	}
	return fmt.Sprintf("revision %d of %s", p.Revision, p.Card.ID)
}
