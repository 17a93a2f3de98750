package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/objects"
)

// DestinationsFolder is where the lists of destinations are, among the decks: the
// codes of the names in decks of rates by name.
const DestinationsFolder = "destinations"

// IsList reports whether an object among the decks is a list of destinations.
func IsList(object string) bool { return strings.HasPrefix(object, DestinationsFolder+"/") }

// destinationsOf reads the list of destinations of a name. An error that wraps
// ErrRefused is for a person.
func (c *Catalog) destinationsOf(ctx context.Context, name string) (_ *deck.Destinations, err error) {
	object := DestinationsFolder + "/" + name
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("the list of destinations %s: "+format+": %w", append(append([]any{object}, args...), ErrRefused)...)
	}
	if err := CheckID("list of destinations", name); err != nil {
		return nil, err
	}
	info, err := c.buckets.Decks.Stat(ctx, object)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return nil, refuse("there is none: put it among the decks")
	case err != nil:
		return nil, fmt.Errorf("the list of destinations %s: %w", object, err)
	case info.Size > MaxDeck:
		return nil, refuse("it has %d bytes, want at most %d", info.Size, MaxDeck)
	}
	src := &objectReader{ctx: ctx, bucket: c.buckets.Decks, name: object, generation: info.Generation, size: info.Size}
	defer func() { err = errors.Join(err, src.Close()) }()
	var first *deck.RowError
	bad := 0
	list, _, err := deck.ReadDestinations(src, info.Size, nil, func(e deck.RowError) {
		if bad++; first == nil {
			first = &e
		}
	})
	var file *deck.FileError
	switch {
	case errors.Is(err, objects.ErrLost), errors.Is(err, objects.ErrNotFound):
		return nil, refuse("it was replaced or removed while it was read: send the deck again")
	case errors.As(err, &file):
		return nil, refuse("%s", file.Error())
	case err != nil:
		return nil, fmt.Errorf("the list of destinations %s: %w", object, err)
	case bad > 0:
		return nil, refuse("%d errors, the first: %w", bad, *first)
	}
	return list, nil
}
