package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// rateDeck is a file of rates that came in.
type rateDeck struct {
	ID         string      `json:"id"`
	Object     string      `json:"object" doc:"the file"`
	Generation string      `json:"generation" doc:"of the file"`
	Size       int64       `json:"size" doc:"bytes"`
	Card       string      `json:"card"`
	State      string      `json:"state" enum:"received,applied,unchanged,refused"`
	ReceivedAt time.Time   `json:"received_at"`
	Revision   int         `json:"revision,omitempty" doc:"that it became, or that it equals"`
	Rows       int64       `json:"rows,omitempty"`
	Rates      int64       `json:"rates,omitempty"`
	Failure    string      `json:"failure,omitempty" doc:"why it is refused"`
	Outcome    string      `json:"outcome,omitempty" doc:"what became of the card's rates, in a sentence"`
	Report     *deckReport `json:"report,omitempty" doc:"of one deck: how it was understood, and every error"`
}

type deckReport struct {
	Read   *deck.Report    `json:"read,omitempty"`
	Errors []deck.RowError `json:"errors,omitempty" doc:"the first 1,000"`
	More   int64           `json:"more_errors,omitempty"`

	Actions *ratecard.Result  `json:"actions,omitempty" doc:"of a deck with actions: what became of its rows"`
	From    int               `json:"from_revision,omitempty" doc:"that the deck was held against"`
	Changes *ratecard.Summary `json:"changes,omitempty" doc:"what becomes of the card's rates"`
}

func showDeck(d catalog.Deck) rateDeck {
	return rateDeck{
		ID: d.ID, Object: d.Object, Generation: d.Generation, Size: d.Size, Card: d.Card, State: string(d.State), ReceivedAt: d.ReceivedAt,
		Revision: d.Revision, Rows: d.Rows, Rates: d.Rates, Failure: d.Failure, Outcome: outcome(d),
	}
}

func outcome(d catalog.Deck) string {
	switch d.State {
	case catalog.DeckApplied:
		return fmt.Sprintf("They are revision %d of the card.", d.Revision)
	case catalog.DeckUnchanged:
		return fmt.Sprintf("Nothing changed: they are those of revision %d of the card already.", d.Revision)
	case catalog.DeckRefused:
		return "Nothing changed: the deck was refused."
	}
	return ""
}

type deckListInput struct {
	Paging
	State string `query:"state" enum:"received,applied,unchanged,refused" doc:"only decks in this state"`
}

func (p *portal) addDecks() {
	const tag = "decks"
	add(p, operation{id: "list-decks", method: "GET", path: "/decks", tag: tag, summary: "Rate decks, in the order of their arrival"},
		func(ctx context.Context, in *deckListInput) (*pageOutput[rateDeck], error) {
			q := documents.Query{Name: "decks_all"}
			if in.State != "" {
				q = documents.Query{Name: "decks_by_state", Equal: map[string]any{"state": in.State}}
			}
			return list(ctx, p, in.Paging, q, showDeck)
		})
	add(p, operation{id: "get-deck", method: "GET", path: "/decks/{id}", tag: tag, summary: "One rate deck, with the report of how it was read"},
		func(ctx context.Context, in *ByID) (*oneOutput[rateDeck], error) {
			d, v, err := read[catalog.Deck](ctx, p, pathOf("decks", in.ID), "deck", in.ID)
			if err != nil {
				return nil, err
			}
			out := oneOf(v, showDeck(d))
			out.Body.Report, err = p.deckReport(ctx, d)
			return out, err
		})
}

// maxReport is more than a report of 1,000 errors has, in bytes.
const maxReport = 4 << 20

// deckReport returns the report that lies beside a deck; nil when there is none,
// or that of a later file of the same name.
func (p *portal) deckReport(ctx context.Context, d catalog.Deck) (*deckReport, error) {
	name := d.Object + report.Suffix
	if objects.CheckName(name) != nil {
		return nil, nil
	}
	info, err := p.Buckets.Decks.Stat(ctx, name)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the report of a deck: %w", err)
	}
	if info.Size > maxReport {
		return nil, nil
	}
	r, err := p.Buckets.Decks.OpenRange(ctx, name, info.Generation, 0, -1)
	if errors.Is(err, objects.ErrLost) {
		return nil, nil // a new one takes its place
	}
	if err != nil {
		return nil, fmt.Errorf("opening the report of a deck: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxReport))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("reading the report of a deck: %w", err)
	}
	var found catalog.DeckReport
	if json.Unmarshal(data, &found) != nil || found.Deck.ID != d.ID {
		return nil, nil // anyone may put a file there
	}
	return &deckReport{Read: found.Read, Errors: found.Errors, More: found.More, Actions: found.Actions, From: found.From, Changes: found.Changes}, nil
}
