package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// outcome returns what the rates of a revision are after a deck, stored: base
// itself if the deck changes nothing of it. A base without rates is that of a card
// that has none. An error that wraps ErrRefused is for a person.
//
// The new rates count from the deck's arrival on. What holds then, holds from the
// beginning of the new rates, so that they say the same whenever they were made. The
// first rates of a card are for all time before, too.
func (c *Catalog) outcome(ctx context.Context, def Definition, report *DeckReport, base ratecard.Revision) (ratecard.Revision, error) {
	d := &report.Deck
	received := d.ReceivedAt.UnixNano()
	terms := rating.DefaultTerms(def.Currency)
	o, err := def.Decks.options(terms, received)
	if err != nil {
		return base, fmt.Errorf("card %q: %w", def.ID, err)
	}
	if base.Rates == "" {
		o.At = 0
	}
	current, err := c.packedRates(ctx, base)
	if err != nil {
		return base, err
	}
	next, result, err := c.applyDeck(ctx, def, report, current, o)
	if err != nil {
		return base, err
	}
	if n := int64(len(report.Errors)) + report.More; n > 0 {
		if !d.GoodRows {
			return base, refusal("%d errors, the first: %w", n, report.Errors[0])
		}
		if o.Kind != ratecard.Partial {
			// What the bad rows are about would be closed as not listed.
			report.Errors, report.More = nil, 0
			o.Kind = ratecard.Partial
			if next, result, err = c.applyDeck(ctx, def, report, current, o); err != nil {
				return base, err
			}
		}
		d.Bad = n
		report.Read.Notices = append(report.Read.Notices, fmt.Sprintf("%d errors: a person chose to apply the other rows. No rate was closed for not being listed.", n))
	}
	report.Actions = &result
	since := received
	if base.Rates == "" {
		since = math.MinInt64
	}
	next = next.Since(since)
	if n := next.BeginAfter(received); n > 0 && base.Rates == "" {
		report.Read.Notices = append(report.Read.Notices, fmt.Sprintf("Rates that begin after the deck came: %d. The card has no others: before that, calls have no price.", n))
	}
	if next.Len() == 0 {
		return base, refusal("the card would have no rates after the deck")
	}
	if err := compare(report, base, current.Diff(next, ratecard.DiffOptions{At: received, Notice: o.Notice})); err != nil {
		return base, err
	}
	rev := ratecard.Revision{Card: d.Card, Rates: base.Rates}
	if rev.Origins, err = originsOf(report.Read, base.Origins, next); err != nil {
		return base, err
	}
	if base.Rates != "" && result.Same() && says(rev, base) {
		return base, nil
	}
	rev.Rows = int64(next.Len())
	rev.Rates, err = c.storeRates(ctx, next)
	return rev, err
}

// storeRates stores the rates of a revision, and returns the object's name.
func (c *Catalog) storeRates(ctx context.Context, rates *ratecard.Rates) (string, error) {
	return c.ledger.WriteRates(ctx, func(w io.Writer) error {
		_, err := rates.Write(w)
		return err
	})
}

func refusal(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrRefused)...)
}

// definitionOf returns how the card of a deck is made.
func (c *Catalog) definitionOf(ctx context.Context, d *Deck) (Definition, error) {
	if d.Card == "" {
		return Definition{}, refusal("the deck is not in a card's folder: want %s/%s", "<card>", d.Object)
	}
	def, err := c.Definition(ctx, d.Card)
	switch {
	case errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid):
		return def, refusal("card %q is not defined: define it as a provider card, or move the deck to the folder of one", d.Card)
	case err != nil:
		return def, err
	case def.Kind != Provider:
		return def, refusal("card %q is a %s card, which is built from %q: decks are for provider cards", d.Card, def.Kind, def.Parent)
	case d.Size > MaxDeck:
		return def, refusal("the deck has %d bytes, want at most %d", d.Size, MaxDeck)
	}
	return def, nil
}

// charges refuses a deck in another currency than the card's; "" is that.
func (d *Definition) charges(currency string) error {
	if currency == "" || currency == d.Currency {
		return nil
	}
	return refusal("the deck's prices are in %s and the card's in %s: define a card in %s, or correct the deck", currency, d.Currency, currency)
}

// applyDeck reads a deck and does to the rates of a revision what its rows say.
// What is wrong with a row is an error in the report, and only its row is left out.
func (c *Catalog) applyDeck(ctx context.Context, def Definition, report *DeckReport, current *ratecard.Rates, o ratecard.Options) (next *ratecard.Rates, result ratecard.Result, err error) {
	d := report.Deck
	options, err := def.options()
	if err != nil {
		return nil, result, fmt.Errorf("card %q: %w", d.Card, err)
	}
	options.Rated = ratedBy(current, o.At)
	if def.Destinations != "" {
		if options.Destinations, err = c.destinationsOf(ctx, def.Destinations); err != nil {
			return nil, result, err
		}
	}
	src := &objectReader{ctx: ctx, bucket: c.buckets.Decks, name: d.Object, generation: d.Generation, size: d.Size}
	defer func() { err = errors.Join(err, src.Close()) }()
	in, err := deck.Open(src, d.Size, options)
	if err != nil {
		return nil, result, deckError(err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	read := in.Report()
	report.Read = &read
	if err := def.charges(read.Currency); err != nil {
		return nil, result, err
	}
	keep := keptBy(&read)
	switch {
	case read.Actions:
		o.Kind, o.DropLater = ratecard.Partial, false
	case o.Kind == ratecard.FullAZ:
		keep = 0 // it is all there is
	default:
		keep &^= ratecard.FieldBlocked | ratecard.FieldTo
	}
	bad := func(e deck.RowError) {
		if len(report.Errors) == maxErrors {
			report.More++
			return
		}
		report.Errors = append(report.Errors, e)
	}
	var broken error // in reading the deck
	rates := int64(0)
	next, result, err = current.Apply(func(yield func(ratecard.Command, error) bool) {
		read, broken = in.Each(func(e deck.Entry) error {
			if rates++; rates%progressStep == 0 {
				if err := c.noteProgress(ctx, d.ID, rates); err != nil {
					return err
				}
			}
			if !yield(commandOf(e, keep, o.At), nil) {
				return errStopped
			}
			return nil
		}, bad)
	}, o)
	if broken != nil && !errors.Is(broken, errStopped) {
		return nil, result, deckError(broken)
	}
	if err := def.charges(read.Currency); err != nil { // its rows say it
		return nil, result, err
	}
	if err != nil {
		if len(report.Errors) > 0 && o.Kind != ratecard.Partial {
			return nil, result, nil // where all rows are bad, a full deck is none
		}
		return nil, result, err
	}
	for _, p := range result.Problems {
		if header := read.Columns[p.Column]; header != "" {
			p.Column = header
		}
		bad(deck.RowError{Line: p.Line, Column: p.Column, Value: p.Value, Want: p.Want})
	}
	result.Problems = nil // each is among the errors
	result.Ignored += read.Idle
	result.Processed += read.Idle
	return next, result, nil
}

// progressStep is how many rates of a deck are read before that is noted.
const progressStep = 100_000

// noteProgress lets who waits for a large deck see that it is read.
func (c *Catalog) noteProgress(ctx context.Context, id string, rates int64) error {
	err := c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		var d Deck
		if err := get(tx, deckPath(id), &d); err != nil || d.State == DeckHeld {
			return err // a held one is only looked at
		}
		d.Progress = rates
		return put(tx, deckPath(id), d)
	})
	if err != nil {
		return fmt.Errorf("noting how much of the deck is read: %w", err)
	}
	return nil
}

// errStopped ends the reading of a deck whose rates are not wanted any more.
var errStopped = errors.New("stopped")

// deckError tells what a person can mend from what is wrong with the storage.
func deckError(err error) error {
	var file *deck.FileError
	switch {
	case errors.Is(err, objects.ErrLost), errors.Is(err, objects.ErrNotFound):
		return refusal("the deck is gone: it was replaced or removed before it was read")
	case errors.As(err, &file):
		return refusal("%s", file.Error())
	}
	return err
}

// commandOf says what an entry does to the rates of a card, from an instant on; 0:
// of one that has none.
func commandOf(e deck.Entry, keep ratecard.Fields, at int64) ratecard.Command {
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
		out.Priced = !e.Unpriced && !e.Rate.Blocked && e.Rate.From > at
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

// compare counts what becomes of the rates of a revision.
func compare(report *DeckReport, base ratecard.Revision, changes iter.Seq2[ratecard.Difference, error]) error {
	report.From, report.Changes = base.Number, &ratecard.Summary{}
	for d, err := range changes {
		if err != nil {
			return fmt.Errorf("comparing the deck with revision %d: %w", base.Number, err)
		}
		report.Changes.Add(&d)
	}
	return nil
}
