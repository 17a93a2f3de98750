package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
)

// DeckState is where a deck stands: received → applied, unchanged, held or refused.
// A refused one is tried again when its event comes again, unless a person rejected
// it, and a held one when a person approves it.
type DeckState string

// The states of a deck.
const (
	DeckReceived  DeckState = "received"
	DeckApplied   DeckState = "applied"   // it is a revision of its card
	DeckUnchanged DeckState = "unchanged" // it says what its card's newest revision says
	DeckHeld      DeckState = "held"      // it goes beyond the limits of its card
	DeckRefused   DeckState = "refused"   // nothing of it was applied
)

// Deck is one generation of a rate deck that came in.
type Deck struct {
	ID         string    `doc:"id" json:"id"`
	Object     string    `doc:"object" json:"object"` // <card>/<any name>
	Generation string    `doc:"generation" json:"generation"`
	Size       int64     `doc:"size" json:"size"` // bytes
	Card       string    `doc:"card" json:"card"`
	State      DeckState `doc:"state" json:"state"`
	ReceivedAt time.Time `doc:"received_at" json:"received_at"`
	Revision   int       `doc:"revision,omitempty" json:"revision,omitempty"` // applied: the one made; unchanged: the one it equals
	Rows       int64     `doc:"rows,omitempty" json:"rows,omitempty"`         // below the header, with something in them
	Rates      int64     `doc:"rates,omitempty" json:"rates,omitempty"`
	Failure    string    `doc:"failure,omitempty" json:"failure,omitempty"` // why it is refused, for a person
	Content    string    `doc:"content,omitempty" json:"content,omitempty"` // SHA-256 of its bytes, once they were read
	// Base is the revision that the deck was held against, 0: none, and Next the object
	// of the rates that it makes of that.
	Base int    `doc:"base,omitempty" json:"base,omitempty"`
	Next string `doc:"next,omitempty" json:"next,omitempty"`
	// Progress is how many rates of it had been read when that was last noted.
	Progress int64 `doc:"progress,omitempty" json:"progress,omitempty"`
	// Approved: a person has seen why it was held. GoodRows: a person chose to apply
	// the rows that are right, without the Bad ones.
	Approved bool  `doc:"approved,omitempty" json:"approved,omitempty"`
	Rejected bool  `doc:"rejected,omitempty" json:"rejected,omitempty"` // by a person: no event has it applied any more
	GoodRows bool  `doc:"good_rows,omitempty" json:"good_rows,omitempty"`
	Bad      int64 `doc:"bad,omitempty" json:"bad,omitempty"` // errors of rows that were left out
	// After is the object of the deck after whose late arrival this one was applied
	// again, the last time that it was.
	After string `doc:"after,omitempty" json:"again_after,omitempty"`
	// Attempts counts how often a sweep found the deck at no end: 0 to MaxAttempts.
	Attempts int64 `doc:"attempts,omitempty" json:"attempts,omitempty"`
}

// MaxAttempts is how often a deck is brought on that came to no end, before it
// is refused.
const MaxAttempts = 5

// Arrival is one generation of a deck that came in, as its event says.
type Arrival struct {
	Object     string
	Generation string
	Size       int64     // bytes
	At         time.Time // the event's
}

// deckID names one generation of an object: a new one is a new deck.
func deckID(object, generation string) string {
	h := sha256.New()
	for _, s := range []string{"decks", object, generation} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func deckPath(id string) documents.Path {
	return documents.Path{Collection: "decks", ID: documents.ID(id)}
}

// Receive notes a deck's arrival and returns its id. The same generation again
// is the same deck.
func (c *Catalog) Receive(ctx context.Context, a Arrival) (string, error) {
	card, _, _ := strings.Cut(a.Object, "/")
	if path.Dir(a.Object) == "." {
		card = ""
	}
	d := Deck{
		ID: deckID(a.Object, a.Generation), Object: a.Object, Generation: a.Generation, Size: a.Size,
		Card: card, State: DeckReceived, ReceivedAt: a.At.UTC().Round(time.Microsecond),
	}
	fields, err := documents.Encode(d)
	if err != nil {
		return "", fmt.Errorf("deck %s: %w", d.ID, err)
	}
	if _, err := c.docs.Create(ctx, deckPath(d.ID), fields); err != nil && !errors.Is(err, documents.ErrExists) {
		return "", fmt.Errorf("noting the arrival of deck %s: %w", a.Object, err)
	}
	return d.ID, nil
}

// Deck returns a deck as it stands.
func (c *Catalog) Deck(ctx context.Context, id string) (Deck, error) {
	var d Deck
	doc, err := c.docs.Get(ctx, deckPath(id))
	if err != nil {
		return d, fmt.Errorf("reading deck %s: %w", id, err)
	}
	if err := doc.Fields.Decode(&d); err != nil {
		return d, fmt.Errorf("reading deck %s: %w", id, err)
	}
	return d, nil
}

// Decks returns decks in the order of their arrival, a page at a time.
func (c *Catalog) Decks(ctx context.Context, cursor string, limit int) ([]Deck, string, error) {
	page, err := c.docs.Query(ctx, documents.Query{Name: "decks_all", Limit: limit, Cursor: cursor})
	if err != nil {
		return nil, "", fmt.Errorf("listing decks: %w", err)
	}
	out := make([]Deck, len(page.Docs))
	for i, doc := range page.Docs {
		if err := doc.Fields.Decode(&out[i]); err != nil {
			return nil, "", fmt.Errorf("reading %s: %w", doc.Path, err)
		}
	}
	return out, page.Cursor, nil
}
