package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// MarkedDeck is a refused deck with what is wrong with it, see deck.Marked.
type MarkedDeck struct {
	*deck.Marked
	source io.Closer
}

// Close ends the use of the deck.
func (m *MarkedDeck) Close() error { return errors.Join(m.Marked.Close(), m.source.Close()) }

// Mark opens a deck that was refused for what is wrong with its rows, as report
// says, to be written back. It is nil where no row is wrong, and where the deck or
// its card is gone or has changed since, so that nothing can be said of its rows.
func (c *Catalog) Mark(ctx context.Context, report *DeckReport) (_ *MarkedDeck, err error) {
	d := report.Deck
	if d.State != DeckRefused || len(report.Errors) == 0 {
		return nil, nil
	}
	def, err := c.Definition(ctx, d.Card)
	if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := def.options()
	if err != nil {
		return nil, fmt.Errorf("card %q: %w", d.Card, err)
	}
	src := &objectReader{ctx: ctx, bucket: c.buckets.Decks, name: d.Object, generation: d.Generation, size: d.Size}
	m, err := deck.Mark(src, d.Size, o, report.Errors, int64(len(report.Errors))+report.More)
	if err == nil {
		return &MarkedDeck{m, src}, nil
	}
	var file *deck.FileError
	if errors.As(err, &file) || errors.Is(err, objects.ErrLost) || errors.Is(err, objects.ErrNotFound) {
		err = nil
	}
	if err = errors.Join(err, src.Close()); err != nil {
		err = fmt.Errorf("reading deck %s for its errors: %w", d.Object, err)
	}
	return nil, err
}
