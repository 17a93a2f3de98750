// Package catalog keeps what is sold and to whom: the definitions of cards,
// the decks that came in for them, the revisions built from these, and the
// whole setup as text.
package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// The errors of the catalog, beside those of the stores.
var (
	// ErrRefused: what was given breaks a rule; the text says which, and what
	// would be right. Nothing was changed.
	ErrRefused = errors.New("refused")
)

// Catalog works on one set of documents and buckets. It keeps nothing else.
type Catalog struct {
	docs    documents.Store
	buckets objects.Buckets
	ledger  *ledger.Ledger
}

// New returns a catalog over stores opened with the models of the catalog and
// of the ledger.
func New(docs documents.Store, buckets objects.Buckets, l *ledger.Ledger) *Catalog {
	return &Catalog{docs, buckets, l}
}

// Model is the collections and queries of the catalog.
func Model() documents.Model {
	return documents.Model{
		Collections: []string{"definitions", "decks", "builds", "revision_meta", "audit"},
		Queries: []documents.Declaration{
			{Name: "definitions_all", Collection: "definitions", Range: "id"},
			{Name: "builds_all", Collection: "builds", Range: "card"},
			{Name: "decks_all", Collection: "decks", Range: "received_at"},
			{Name: "decks_by_state", Collection: "decks", Equal: []string{"state"}, Range: "received_at"},
			{Name: "decks_by_revision", Collection: "decks", Equal: []string{"card", "revision"}, Range: "received_at"},
			{Name: "revision_meta_by_base", Collection: "revision_meta", Equal: []string{"card", "base"}, Range: "number"},
			{Name: "audit_by_card", Collection: "audit", Equal: []string{"card"}, Range: "number"},
		},
	}
}

func definitionPath(id string) documents.Path {
	return documents.Path{Collection: "definitions", ID: documents.ID(id)}
}

// Definition returns how a card is made.
func (c *Catalog) Definition(ctx context.Context, card string) (Definition, error) {
	var d Definition
	doc, err := c.docs.Get(ctx, definitionPath(card))
	if err != nil {
		return d, fmt.Errorf("reading the definition of card %q: %w", card, err)
	}
	if err := doc.Fields.Decode(&d); err != nil {
		return d, fmt.Errorf("reading the definition of card %q: %w", card, err)
	}
	return d, nil
}

// Definitions returns every definition, by id.
func (c *Catalog) Definitions(ctx context.Context) ([]Definition, error) {
	return all[Definition](ctx, c, "definitions")
}

// all reads a collection by its query of everything.
func all[T any](ctx context.Context, c *Catalog, collection string) ([]T, error) {
	out := []T{}
	q := documents.Query{Name: collection + "_all", Limit: documents.MaxPage}
	for {
		page, err := c.docs.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("reading the %s: %w", collection, err)
		}
		for _, doc := range page.Docs {
			var v T
			if err := doc.Fields.Decode(&v); err != nil {
				return nil, fmt.Errorf("reading %s: %w", doc.Path, err)
			}
			out = append(out, v)
		}
		if page.Cursor == "" {
			return out, nil
		}
		q.Cursor = page.Cursor
	}
}
