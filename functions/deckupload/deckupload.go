// Package deckupload is the function that a rate deck calls when it comes in.
package deckupload

import (
	"context"
	"fmt"
	"net/http"

	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/objects"
)

// Config is what the function is made of.
type Config struct {
	Catalog *catalog.Catalog
	Decks   objects.Bucket // <card>/<any name>
	Compile objects.Bucket // work orders of cardcompile
	Prefix  string         // of bucket names in events
	Events  events.Config
}

// New returns the function.
func New(c Config) (http.Handler, error) {
	f := function{c}
	return events.New(c.Events, events.Router{ObjectFinalized: events.ByBucket(c.Prefix, map[string]func(context.Context, events.ObjectFinalized) error{
		"decks": f.deck,
	})})
}

type function struct{ Config }

// deck applies a deck, says beside it what became of it, and has the cards
// built that follow from it.
func (f function) deck(ctx context.Context, e events.ObjectFinalized) error {
	if err := objects.CheckName(e.Name); err != nil {
		return &events.BadInput{Err: err} // a folder that a console made, say: nobody can read it
	}
	is, err := report.IsDeck(ctx, f.Catalog, f.Decks, objects.Info{Name: e.Name, Generation: e.Generation, Size: e.Size})
	if err != nil || !is {
		return err
	}
	id, err := f.Catalog.Receive(ctx, catalog.Arrival{Object: e.Name, Generation: e.Generation, Size: e.Size, At: e.At})
	if err != nil {
		return err
	}
	done, err := f.Catalog.Apply(ctx, id)
	if err != nil {
		return err
	}
	d, err := f.Catalog.Deck(ctx, id)
	if err != nil {
		return err
	}
	if done != nil {
		err = report.WriteDeck(ctx, f.Catalog, f.Decks, done)
	} else {
		err = report.SettleDeck(ctx, f.Catalog, f.Decks, d)
	}
	if err != nil || d.State == catalog.DeckRefused || d.State == catalog.DeckHeld {
		return err
	}
	// Ordered again by every repeat: the one before may have died right here.
	if err := events.Place(ctx, f.Compile, events.Order{Kind: "deck", ID: id}); err != nil {
		return fmt.Errorf("ordering the cards of deck %s: %w", e.Name, err)
	}
	return nil
}
