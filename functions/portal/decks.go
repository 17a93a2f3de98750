package portal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// rateDeck is a file of rates that came in.
type rateDeck struct {
	ID         string      `json:"id"`
	Object     string      `json:"object" doc:"the file"`
	Generation string      `json:"generation" doc:"of the file"`
	Size       int64       `json:"size" doc:"bytes"`
	Card       string      `json:"card"`
	State      string      `json:"state" enum:"received,applied,unchanged,held,refused"`
	ReceivedAt time.Time   `json:"received_at"`
	Revision   int         `json:"revision,omitempty" doc:"that it became, or that it equals"`
	Rows       int64       `json:"rows,omitempty"`
	Rates      int64       `json:"rates,omitempty"`
	Progress   int64       `json:"progress,omitempty" doc:"of a large deck: rates read so far"`
	Failure    string      `json:"failure,omitempty" doc:"why it is refused, or held"`
	Approved   bool        `json:"approved,omitempty" doc:"a person approved it when it was held"`
	Bad        int64       `json:"bad,omitempty" doc:"errors of rows that were left out, as a person chose"`
	After      string      `json:"again_after,omitempty" doc:"the file after whose late arrival the deck was applied again, the last time that it was"`
	Outcome    string      `json:"outcome,omitempty" doc:"what became of the card's rates, in a sentence"`
	Report     *deckReport `json:"report,omitempty" doc:"of one deck: how it was understood, and every error"`
}

type deckReport struct {
	Read   *deck.Report    `json:"read,omitempty"`
	Errors []deck.RowError `json:"errors,omitempty" doc:"the first 1,000"`
	More   int64           `json:"more_errors,omitempty"`

	Actions *ratecard.Result  `json:"actions,omitempty" doc:"what became of its rows"`
	From    int               `json:"from_revision,omitempty" doc:"that the deck was held against"`
	Changes *ratecard.Summary `json:"changes,omitempty" doc:"what becomes of the card's rates"`
	Holds   []string          `json:"holds,omitempty" doc:"why a person has to approve it"`
	Already string            `json:"already,omitempty" doc:"the card was given the same bytes before"`
	Again   int               `json:"applied_again,omitempty" doc:"decks that came in later and were applied again, upon this one"`

	ErrorFile   string `json:"error_file,omitempty" doc:"where the deck can be fetched with its errors"`
	NoErrorFile string `json:"no_error_file,omitempty" doc:"why it cannot"`
	ChangesFile string `json:"changes_file,omitempty" doc:"where every change of the card's rates can be fetched as CSV"`
	Impact      string `json:"impact,omitempty" doc:"where it can be asked what past usage would have cost by the deck"`
}

func showDeck(d catalog.Deck) rateDeck {
	return rateDeck{
		ID: d.ID, Object: d.Object, Generation: d.Generation, Size: d.Size, Card: d.Card, State: string(d.State), ReceivedAt: d.ReceivedAt,
		Revision: d.Revision, Rows: d.Rows, Rates: d.Rates, Failure: d.Failure, Outcome: outcome(d), Approved: d.Approved, Bad: d.Bad, Progress: d.Progress, After: d.After,
	}
}

func outcome(d catalog.Deck) string {
	switch d.State {
	case catalog.DeckApplied:
		return fmt.Sprintf("They are revision %d of the card.", d.Revision)
	case catalog.DeckUnchanged:
		return fmt.Sprintf("Nothing changed: they are those of revision %d of the card already.", d.Revision)
	case catalog.DeckHeld:
		return "Nothing changed yet: the deck waits for a person."
	case catalog.DeckRefused:
		return "Nothing changed: the deck was refused."
	}
	return ""
}

type deckListInput struct {
	Paging
	State string `query:"state" enum:"received,applied,unchanged,held,refused" doc:"only decks in this state"`
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
	type applyInput struct {
		ByID
		Key
		Body struct {
			GoodRows bool `json:"good_rows,omitempty" doc:"of a refused deck: apply its rows without errors, and close no rate for not being listed"`
		}
	}
	add(p, operation{id: "apply-deck", method: "POST", path: "/decks/{id}/apply", tag: tag, summary: "Approve a held deck, apply the good rows of a refused one, or apply an unchanged one again", status: 202},
		func(ctx context.Context, in *applyInput) (*jobOutput, error) {
			what := catalog.Approve
			if in.Body.GoodRows {
				what = catalog.GoodRows
			}
			if _, err := p.decide(ctx, in.ID, what); err != nil {
				return nil, err
			}
			return p.ask(ctx, jobs.Deck, in.ID, in.IdempotencyKey)
		})
	add(p, operation{id: "reject-deck", method: "POST", path: "/decks/{id}/reject", tag: tag, summary: "Refuse a held deck", keyed: true},
		func(ctx context.Context, in *ByID) (*oneOutput[rateDeck], error) {
			d, err := p.decide(ctx, in.ID, catalog.Reject)
			if err == nil {
				err = report.SettleDeck(ctx, p.Catalog, p.Buckets.Decks, d)
			}
			return oneOf("", showDeck(d)), err
		})
	p.addDeckErrors()
}

func (p *portal) decide(ctx context.Context, id string, what catalog.Decision) (catalog.Deck, error) {
	d, err := p.Catalog.Decide(ctx, id, what)
	if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
		return d, missing("deck", id)
	}
	return d, err
}

// deckReport returns the report of a deck, nil when there is none.
func (p *portal) deckReport(ctx context.Context, d catalog.Deck) (*deckReport, error) {
	found, err := report.ReadDeck(ctx, p.Buckets.Decks, d)
	if found == nil || err != nil {
		return nil, err
	}
	out := &deckReport{Read: found.Read, Errors: found.Errors, More: found.More, Actions: found.Actions, From: found.From, Changes: found.Changes, Holds: found.Holds, Already: found.Already, Again: found.Again}
	out.NoErrorFile = found.NoErrorFile
	at := p.base + "/v1/decks/" + d.ID
	if found.ErrorFile != nil {
		out.ErrorFile = at + "/errors"
	}
	if d.Next != "" {
		out.ChangesFile = at + "/changes.csv"
	}
	if d.Proposes() == nil {
		out.Impact = at + "/impact"
	}
	return out, nil
}
