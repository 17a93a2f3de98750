package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/objects"
)

// errorSuffixes end the names of decks that lie beside themselves with what is
// wrong with them, by their format.
var errorSuffixes = []string{".errors.csv", ".errors.xlsx", ".errors.json"}

// IsBesideDeck reports whether an object's name is that of a report, or of a deck
// with its errors: neither is taken for a deck.
func IsBesideDeck(name string) bool {
	return Is(name) || slices.ContainsFunc(errorSuffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}

// ErrorFile is the deck with its errors that lies beside a refused deck.
type ErrorFile struct {
	Name       string `json:"name"`
	Generation string `json:"generation"`
	Bytes      int64  `json:"bytes"`
	Errors     int    `json:"errors"` // that are in it
}

// Deck is the report that lies beside a deck.
type Deck struct {
	*catalog.DeckReport
	ErrorFile *ErrorFile `json:"error_file,omitempty"`
}

// WriteDeck puts beside a deck what became of it and, where rows of it are wrong,
// the deck with its errors. What lay there of an earlier file goes.
func WriteDeck(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, done *catalog.DeckReport) error {
	out := Deck{DeckReport: done}
	now, err := bucket.Stat(ctx, done.Deck.Object)
	gone := errors.Is(err, objects.ErrNotFound)
	if err != nil && !gone {
		return fmt.Errorf("looking for deck %s: %w", done.Deck.Object, err)
	}
	if gone || now.Generation == done.Deck.Generation { // else that of the newer file stays
		if out.ErrorFile, err = writeErrors(ctx, c, bucket, done); err != nil {
			return err
		}
		if err := ClearErrors(ctx, bucket, done.Deck.Object, out.ErrorFile); err != nil {
			return err
		}
	}
	return Write(ctx, bucket, done.Deck.Object, out)
}

// ClearErrors removes what lies beside a deck with errors, but for the file given.
func ClearErrors(ctx context.Context, bucket objects.Bucket, object string, but *ErrorFile) error {
	for _, suffix := range errorSuffixes {
		name := object + suffix
		if but != nil && but.Name == name || objects.CheckName(name) != nil {
			continue
		}
		if err := remove(ctx, bucket, name); err != nil {
			return err
		}
	}
	return nil
}

func remove(ctx context.Context, bucket objects.Bucket, name string) error {
	old, err := bucket.Stat(ctx, name)
	if err == nil {
		err = bucket.Delete(ctx, name, old.Generation)
	}
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		return fmt.Errorf("removing %s: %w", name, err)
	}
	return nil
}

// writeErrors writes a deck with its errors, in place of the file that is there;
// nil: no row of it is wrong, or its name leaves no room.
func writeErrors(ctx context.Context, c *catalog.Catalog, bucket objects.Bucket, done *catalog.DeckReport) (_ *ErrorFile, err error) {
	m, err := c.Mark(ctx, done)
	if m == nil || err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	name := done.Deck.Object + ".errors." + string(m.Format())
	if objects.CheckName(name) != nil {
		return nil, nil
	}
	var info objects.Info
	for range maxRaces {
		if err := remove(ctx, bucket, name); err != nil {
			return nil, err
		}
		r, w := io.Pipe()
		ended := make(chan struct{})
		go func() {
			w.CloseWithError(m.Write(w))
			close(ended)
		}()
		info, err = bucket.Create(ctx, name, r)
		r.CloseWithError(errors.New("nobody reads on"))
		<-ended
		if !errors.Is(err, objects.ErrExists) {
			break
		}
	}
	var file *deck.FileError
	switch {
	case errors.As(err, &file), errors.Is(err, objects.ErrLost):
		return nil, nil // the report says why the deck is refused
	case err != nil:
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return &ErrorFile{Name: info.Name, Generation: info.Generation, Bytes: info.Size, Errors: m.Errors()}, nil
}
