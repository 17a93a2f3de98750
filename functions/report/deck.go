package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/objects"
)

// Deck is the report that lies beside a deck.
type Deck struct {
	*catalog.DeckReport
	ErrorFile *ErrorFile `json:"error_file,omitempty"`
	// NoErrorFile says why a refused deck does not come back with its errors.
	NoErrorFile string `json:"no_error_file,omitempty"`
}

// WriteDeck puts beside a deck what became of it and, where rows of it are wrong,
// the deck with its errors. What lay there of an earlier file goes. Beside the decks
// that were applied again after it their reports are written anew.
func WriteDeck(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, done *catalog.DeckReport) error {
	errs := []error{writeDeck(ctx, c, bucket, done)}
	for _, later := range done.Later {
		errs = append(errs, writeDeck(ctx, c, bucket, later))
	}
	return errors.Join(errs...)
}

// SettleDeck sees to it that a deck, and those that were applied again after it,
// have the report that says what is so: whoever applied it may have ended before
// writing that.
func SettleDeck(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, d catalog.Deck) error {
	ids, err := c.Later(ctx, d)
	if err != nil {
		return err
	}
	for _, id := range append(ids, d.ID) {
		d, err := c.Deck(ctx, id)
		if err != nil {
			return err
		}
		if d.State == catalog.DeckReceived {
			continue
		}
		beside, err := ReadDeck(ctx, bucket, d)
		if err != nil {
			return err
		}
		if beside != nil && beside.Deck.Same(d) {
			continue
		}
		var done *catalog.DeckReport
		if beside != nil && d.State == catalog.DeckRefused { // a person rejected it: nothing becomes of it
			done = &catalog.DeckReport{Deck: d, Read: beside.Read}
		} else if done, err = c.Report(ctx, id); err != nil {
			return err
		}
		if err := writeDeck(ctx, c, bucket, done); err != nil {
			return err
		}
	}
	return nil
}

// writeDeck writes the report of one deck. Others may apply the deck again
// meanwhile: the last one to write says what is so.
func writeDeck(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, done *catalog.DeckReport) error {
	for range maxRaces {
		if err := write(ctx, c, bucket, done); err != nil {
			return err
		}
		now, err := c.Deck(ctx, done.Deck.ID)
		if err != nil || now.Same(done.Deck) || now.State == catalog.DeckReceived {
			return err
		}
		if done, err = c.Report(ctx, now.ID); err != nil {
			return err
		}
	}
	return fmt.Errorf("writing the report of deck %s: it was applied again %d times meanwhile", done.Deck.Object, maxRaces)
}

func write(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, done *catalog.DeckReport) error {
	d := done.Deck
	out := Deck{DeckReport: done}
	now, err := bucket.Stat(ctx, d.Object)
	switch {
	case errors.Is(err, objects.ErrNotFound):
	case err != nil:
		return fmt.Errorf("looking for deck %s: %w", d.Object, err)
	case now.Generation != d.Generation:
		return nil // what lies there is of the newer file
	}
	if d.GoodRows && d.State != catalog.DeckRefused {
		// The rows that are wrong can still be put right.
		beside, err := ReadDeck(ctx, bucket, d)
		if err != nil {
			return err
		}
		if beside != nil {
			out.ErrorFile = beside.ErrorFile
		}
	} else if out.ErrorFile, err = writeErrors(ctx, c, bucket, done); err != nil {
		return err
	}
	if err := clearErrors(ctx, c, bucket, d.Object, out.ErrorFile); err != nil {
		return err
	}
	if d.State == catalog.DeckRefused && out.ErrorFile == nil {
		out.NoErrorFile = noErrorFile(done)
	}
	return Write(ctx, bucket, d.Object, out)
}

// maxReport is more than a report of 1,000 errors has, in bytes.
const maxReport = 4 << 20

// ReadDeck returns the report that lies beside a deck; nil when there is none, or
// that of another file of the same name.
func ReadDeck(ctx context.Context, bucket objects.Bucket, d catalog.Deck) (*Deck, error) {
	name := d.Object + Suffix
	if objects.CheckName(name) != nil {
		return nil, nil
	}
	info, err := bucket.Stat(ctx, name)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the report of a deck: %w", err)
	}
	if info.Size > maxReport {
		return nil, nil
	}
	r, err := bucket.OpenRange(ctx, name, info.Generation, 0, -1)
	if errors.Is(err, objects.ErrLost) || errors.Is(err, objects.ErrNotFound) {
		return nil, nil // a new one takes its place
	}
	if err != nil {
		return nil, fmt.Errorf("opening the report of a deck: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxReport))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("reading the report of a deck: %w", err)
	}
	var found Deck
	if json.Unmarshal(data, &found) != nil || found.DeckReport == nil || found.Deck.ID != d.ID {
		return nil, nil // anyone may put a file there
	}
	return &found, nil
}
