package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// maxCandidates bounds the images that Candidates returns, in bytes together.
const maxCandidates = 256 << 20

// Candidate is a card as it would charge by a proposal.
type Candidate struct {
	Card    string
	Image   []byte // nil where there is a Failure
	Failure string // why the card cannot be built of the proposal, for a person: it would go on as it is
	// Latest is when the last of its rates begins: Unix nanoseconds, 0 where all
	// hold since ever.
	Latest int64
}

// Candidates compiles what charges by the rates of a proposal: a customer card
// itself; of a provider card, which charges nothing, the cards that are built from
// it and wanted, by their markups and terms as they are now. Where asOf is given
// they have the rates that hold then, at any instant.
//
// Nothing is stored. ErrRefused: the images are too large together; the text says
// what to do.
func (c *Catalog) Candidates(ctx context.Context, p Proposal, asOf time.Time, wanted func(card string) bool) ([]Candidate, error) {
	d, card := p.Card, p.Card.ID
	latest := int64(0)
	rates := func(yield func(rating.Rate, error) bool) {
		for r, err := range c.storedRates(ctx, p.rates) {
			latest = max(latest, r.From)
			if !yield(r, err) {
				return
			}
		}
	}
	if !asOf.IsZero() {
		rates = ratecard.AsOf(rates, asOf.UnixNano())
	}
	if d.Kind == Customer {
		terms, err := c.termsOf(ctx, d, p.rates)
		if err != nil {
			return nil, err
		}
		image, err := rating.BuildImage(terms, rates)
		if err != nil {
			return nil, fmt.Errorf("compiling %s: %w", p.name(), err)
		}
		return []Candidate{{Card: card, Image: image, Latest: latest}}, nil
	}
	definitions, err := c.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	var out []Candidate
	size := 0
	for _, child := range definitions {
		if child.Parent != card || !wanted(child.ID) {
			continue
		}
		built := Candidate{Card: child.ID}
		if built.Image, err = buildCandidate(rates, child, p.rates); err != nil {
			var failed *buildError
			if !errors.As(err, &failed) {
				return nil, fmt.Errorf("building card %s of %s: %w", child.ID, p.name(), err)
			}
			built.Failure = clip(failed.Error())
		}
		if size += len(built.Image); size > maxCandidates {
			return nil, fmt.Errorf("the cards that are built from %s have more than %d bytes together: ask for its suppliers' cost alone, or for revisions of the customer cards one by one: %w",
				card, maxCandidates, ErrRefused)
		}
		built.Latest = latest
		out = append(out, built)
	}
	return out, nil
}

// termsOf returns the terms that a customer card's revision was built by, or,
// of one that was not compiled, those of the card.
func (c *Catalog) termsOf(ctx context.Context, d Definition, rev ratecard.Revision) (rating.Terms, error) {
	if rev.Image == "" {
		return d.Terms.Rating(d.Currency), nil
	}
	p, err := c.ledger.NewPricers().Of(ctx, rev.Image)
	if err != nil {
		return rating.Terms{}, fmt.Errorf("opening revision %d of %s: %w", rev.Number, rev.Card, err)
	}
	return p.Card().Terms(), nil
}

// buildCandidate returns the image of a customer card of the rates of its parent's
// revision. A buildError says that the card cannot be built of them.
func buildCandidate(rates iter.Seq2[rating.Rate, error], d Definition, parent ratecard.Revision) ([]byte, error) {
	terms, err := d.termsOver(parent)
	if err != nil {
		return nil, &buildError{err}
	}
	var broken error // of reading, which says nothing of the card
	watched := func(yield func(rating.Rate, error) bool) {
		for r, err := range rates {
			broken = errors.Join(broken, err)
			if !yield(r, err) {
				return
			}
		}
	}
	image, err := rating.BuildImage(terms, ratecard.Build(watched, d.markups()))
	switch {
	case broken != nil:
		return nil, broken
	case err != nil:
		return nil, &buildError{err}
	}
	return image, nil
}

// storedRates yields the rates of a revision from where they are stored, each
// time that they are asked for.
func (c *Catalog) storedRates(ctx context.Context, rev ratecard.Revision) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		if rev.Rates == "" {
			return // a card that has none
		}
		r, err := c.openRates(ctx, rev)
		if err != nil {
			yield(rating.Rate{}, fmt.Errorf("the rates of %s revision %d: %w", rev.Card, rev.Number, err))
			return
		}
		stopped := false
		for rate, err := range ratecard.ReadRates(r) {
			if !yield(rate, err) || err != nil {
				stopped = true
				break
			}
		}
		if err := r.Close(); err != nil && !stopped {
			yield(rating.Rate{}, fmt.Errorf("the rates of %s revision %d: %w", rev.Card, rev.Number, err))
		}
	}
}

func (c *Catalog) openRates(ctx context.Context, rev ratecard.Revision) (io.ReadCloser, error) {
	info, err := c.buckets.Cards.Stat(ctx, rev.Rates)
	if err != nil {
		return nil, err
	}
	return c.buckets.Cards.OpenRange(ctx, info.Name, info.Generation, 0, -1)
}
