package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// baseOf returns the revision that a deck is held against: the one that is live
// at its arrival, where decks go live by themselves, else the newest. Its Number
// is 0 when there is none.
func (c *Catalog) baseOf(ctx context.Context, def Definition, at time.Time) (was ratecard.Revision, err error) {
	if def.Activate == AtArrival {
		var card book.Card
		if err := c.read(ctx, cardPath(def.ID), &card); err != nil {
			return was, err
		}
		was.Number, _ = card.Log.At(at)
	} else {
		var head revisionHead
		if err := c.read(ctx, revisionHeadPath(def.ID), &head); err != nil && !errors.Is(err, documents.ErrNotFound) {
			return was, err
		}
		was.Number = head.Last
	}
	if was.Number == 0 {
		return was, nil
	}
	return was, c.read(ctx, revisionPath(def.ID, was.Number), &was)
}

// act does what the rows of a deck ask for to the rates that a card has, and
// returns what they are then. What cannot be done is an error of its row.
func act(report *DeckReport, current []rating.Rate, entries []deck.Entry) ([]rating.Rate, error) {
	keep := keptBy(report.Read)
	next, result, err := ratecard.Apply(ratecard.Rows(current), func(yield func(ratecard.Command, error) bool) {
		for _, e := range entries {
			if !yield(commandOf(e, keep), nil) {
				return
			}
		}
	}, ratecard.Options{At: report.Deck.ReceivedAt.UnixNano()})
	if err != nil {
		return nil, err
	}
	for _, p := range result.Problems {
		if len(report.Errors) == maxErrors {
			report.More++
			continue
		}
		column := p.Column
		if header := report.Read.Columns[column]; header != "" {
			column = header
		}
		report.Errors = append(report.Errors, deck.RowError{Line: p.Line, Column: column, Value: p.Value, Want: p.Want})
	}
	result.Problems = nil // each is among the errors
	result.Ignored += report.Read.Idle
	result.Processed += report.Read.Idle
	report.Actions = &result
	var out []rating.Rate
	for r, err := range next.All() {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// ratesOf returns the rates of a revision; none of number 0.
func (c *Catalog) ratesOf(ctx context.Context, rev ratecard.Revision) ([]rating.Rate, error) {
	if rev.Number == 0 {
		return nil, nil
	}
	return c.rates(ctx, rev)
}

func commandOf(e deck.Entry, keep ratecard.Fields) ratecard.Command {
	out := ratecard.Command{Line: e.Line, ID: e.ID, Rate: e.Rate, Keep: keep}
	switch e.Action {
	case cells.Add:
		out.Action = ratecard.Add
	case cells.Delete:
		out.Action = ratecard.Delete
	case cells.Update:
		out.Action = ratecard.Update
	case cells.Set:
		out.Action = ratecard.Set
	case cells.SetOrAdd:
		out.Action = ratecard.SetOrAdd
	}
	if e.Closed && e.Action != cells.Delete {
		out.Action = ratecard.Close
	}
	return out
}

// keptBy returns what the rows of a deck say nothing of, as it has no column for
// it: a rate that is changed keeps that.
func keptBy(r *deck.Report) (keep ratecard.Fields) {
	for field, names := range map[ratecard.Fields][]string{
		ratecard.FieldName:      {"destination", "country", "network"},
		ratecard.FieldUnit:      {"price_unit"},
		ratecard.FieldIntervals: {"interval_1", "interval_n", "interval", "increments", "billing_increment"},
		ratecard.FieldFee:       {"connection_fee"},
		ratecard.FieldMinimum:   {"minimum_seconds"},
		ratecard.FieldLimits:    {"minimum_charge", "maximum_charge"},
		ratecard.FieldGrace:     {"grace_period"},
		ratecard.FieldFree:      {"free_seconds"},
		ratecard.FieldAccess:    {"access_charge"},
		ratecard.FieldBlocked:   {"blocked", "status", "change"},
		ratecard.FieldArea:      {"area"},
		ratecard.FieldTo:        {"effective_to"},
	} {
		if !slices.ContainsFunc(names, func(name string) bool { return r.Columns[name] != "" }) {
			keep |= field
		}
	}
	return keep
}

// compare counts what becomes of the rates that a card has, of revision from.
func compare(report *DeckReport, currency string, from int, current, rates []rating.Rate) error {
	report.From, report.Changes = from, &ratecard.Summary{}
	at := report.Deck.ReceivedAt.UnixNano()
	for d, err := range ratecard.Diff(ratecard.Rows(current), ratecard.Rows(rates), ratecard.DiffOptions{
		At: at, Notice: ratecard.Notice{Terms: rating.DefaultTerms(currency), Received: at},
	}) {
		if err != nil {
			return fmt.Errorf("comparing the deck with revision %d: %w", from, err)
		}
		report.Changes.Add(&d)
	}
	return nil
}
