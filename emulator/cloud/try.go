package cloud

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// The ids that try gives what it sets up.
const (
	feedID       = "try"
	cycleID      = "monthly"
	providerCard = "provider"
	customerCard = "customer"
	bundleID     = "bundle"
	deckObject   = "provider/deck.csv"
	listName     = "destinations.csv"
	cdrsObject   = feedID + "/records.csv"
)

// maxAccounts bounds the accounts that try sets up from a file.
const maxAccounts = 250_000

func runTry(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	a, err := parseTry(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	t := &try{tryArgs: a, stdout: stdout, progress: newProgress(stderr), open: openStores}
	return t.run(ctx)
}

// try is one run: the whole job on a user's own two files.
type try struct {
	tryArgs
	stdout   io.Writer
	progress *progress
	open     func(dir string) (stores, error)

	in     inputs
	report deck.Report   // how the deck was understood
	rates  []rating.Rate // of it, until they are checked
	found  found
	stores stores
	ledger *ledger.Ledger
}

func (t *try) run(ctx context.Context) (err error) {
	if err := t.read(ctx); err != nil {
		return err
	}
	if err := claim(t.out, t.in); err != nil {
		return err
	}
	if t.stores, err = t.open(filepath.Join(t.out, stateDir)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stores.docs.Close()) }()
	counted := t.stores.buckets
	counted.CDRs = countingBucket{counted.CDRs, t.progress}
	t.ledger = ledger.New(t.stores.docs, counted)
	if err := clearScratch(ctx, t.stores.buckets.Work); err != nil {
		return err
	}
	if err := clearTemps(t.out, filepath.Join(t.out, stateDir), filepath.Join(t.out, invoiceDir)); err != nil {
		return err
	}
	if err := t.setUp(ctx); err != nil {
		return err
	}
	batch, err := t.rate(ctx)
	if err != nil {
		return err
	}
	if err := t.bill(ctx, batch); err != nil {
		return err
	}
	sum, err := t.write(ctx, batch)
	if err != nil {
		return err
	}
	t.progress.done()
	if t.json {
		return sum.writeJSON(t.stdout)
	}
	return sum.writeTable(t.stdout, t.out)
}

// found is what the records say before they are rated: whom and which months
// there are to bill.
type found struct {
	accounts []string
	months   []period.Month
}

// read reads both files before anything is kept: a file that is refused leaves
// no trace.
func (t *try) read(ctx context.Context) error {
	var err error
	t.progress.phase("reading the deck", 0)
	if t.in.Deck, err = hashFile(t.deck); err != nil {
		return err
	}
	if t.destinations != "" {
		if t.in.Destinations, err = hashFile(t.destinations); err != nil {
			return err
		}
	}
	if t.in.CDRs, err = hashFile(t.cdrs); err != nil {
		return err
	}
	t.in.Options = t.TryOptions
	if err := t.readDeck(); err != nil {
		return err
	}
	t.progress.phase("reading the records", t.in.CDRs.Bytes)
	return t.discover(ctx)
}

func (t *try) readDeck() (err error) {
	f, err := os.Open(t.deck)
	if err != nil {
		return &refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	o, err := t.deckOptions()
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("reading the deck: %w", err)
	}
	bad := 0
	say := func(e deck.RowError) {
		bad++
		t.progress.say("%s: %v", t.deck, e)
	}
	t.report, err = deck.ReadFile(f, info.Size(), o, func(e deck.Entry) error {
		if !e.Closed {
			t.rates = append(t.rates, e.Rate)
		}
		return nil
	}, say)
	if err == nil && t.report.Actions {
		return refuse("%s says what is to be done with the rates of a card (column %q); try has none yet: want a deck of rates", t.deck, t.report.Columns["action"])
	}
	var file *deck.FileError
	switch {
	case errors.As(err, &file):
		return refuse("%s: %w", t.deck, err)
	case err != nil:
		return fmt.Errorf("reading the deck: %w", err)
	}
	if bad == 0 {
		for _, err := range ratecard.Build(ratecard.Rows(t.rates), t.markups()) {
			if err != nil {
				bad++
				t.progress.say("%s: %v", t.deck, err)
			}
		}
	}
	if bad == 0 && slices.ContainsFunc(t.rates, asks) {
		terms, err := t.terms().WithOrigins(t.report.OriginGroups())
		if err == nil {
			_, err = rating.BuildImage(terms, ratecard.Build(ratecard.Rows(t.rates), t.markups()))
		}
		if err != nil {
			return refuse("%s does not go with the terms: %w", t.deck, err)
		}
	}
	if bad > 0 {
		return refuse("%s is refused: the %d errors above; nothing was charged", t.deck, bad)
	}
	return nil
}

// asks reports whether a rate names what only the terms of a card can have.
func asks(r rating.Rate) bool { return r.Band != "" || r.Origin != "" || r.Class != rating.AnyClass }

// discover finds the accounts and months of the records that will be billed.
func (t *try) discover(ctx context.Context) (err error) {
	f, err := os.Open(t.cdrs)
	if err != nil {
		return &refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	zone, err := t.zone()
	if err != nil {
		return err
	}
	in, err := cdr.Open(t.progress.reader(f), cdr.Feed{ID: feedID, Format: t.Feed, Zone: t.Timezone})
	if err != nil {
		return refuse("%s: %w", t.cdrs, err)
	}
	accounts, months := map[string]bool{}, map[period.Month]bool{}
	for {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refuse("%s: %w", t.cdrs, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if row.Status != 0 {
			continue
		}
		m := period.Of(row.Record.At(), zone)
		if t.Month != "" && t.Month != m.String() {
			continue
		}
		months[m], accounts[row.Record.Account] = true, true
		if len(accounts) > maxAccounts {
			return refuse("%s has more than %d accounts by line %d: is the account column right?", t.cdrs, maxAccounts, row.Line)
		}
		if len(months) > ledger.MaxPeriods {
			return refuse("%s has more than %d months by line %d: are the times right?", t.cdrs, ledger.MaxPeriods, row.Line)
		}
	}
	t.found.accounts = slices.Sorted(maps.Keys(accounts))
	t.found.months = slices.SortedFunc(maps.Keys(months), period.Month.Compare)
	return nil
}

// setUp writes the setup, also as text, and applies the deck as a drop would.
func (t *try) setUp(ctx context.Context) error {
	t.progress.phase("building the card", 0)
	t.rates = nil // the catalog reads the deck for itself
	setup := t.setup()
	err := writeFile(filepath.Join(t.out, setupFile), func(w io.Writer) error {
		_, err := setup.WriteTo(w)
		return err
	})
	if err != nil {
		return err
	}
	c := catalog.New(t.stores.docs, t.stores.buckets, t.ledger)
	if err := c.Import(ctx, setup); err != nil {
		return err
	}
	if t.destinations != "" {
		if _, err := store(ctx, t.stores.buckets.Decks, catalog.DestinationsFolder+"/"+listName, t.destinations, t.in.Destinations); err != nil {
			return err
		}
	}
	deck, err := store(ctx, t.stores.buckets.Decks, deckObject, t.deck, t.in.Deck)
	if err != nil || len(t.found.months) == 0 {
		return err
	}
	id, err := c.Receive(ctx, catalog.Arrival{Object: deck.Name, Generation: deck.Generation, Size: deck.Size, At: t.now()})
	if err != nil {
		return err
	}
	if _, err := c.Apply(ctx, id); err != nil {
		return err
	}
	d, err := c.Deck(ctx, id)
	if err != nil {
		return err
	}
	if d.State != catalog.DeckApplied {
		return refuse("%s: %s", t.deck, d.Failure)
	}
	if _, err := c.Compile(ctx, t.now()); err != nil {
		return fmt.Errorf("building the customer card: %w", err)
	}
	builds, err := c.Builds(ctx)
	if err != nil {
		return err
	}
	for _, b := range builds {
		if b.Failure != "" {
			return refuse("%s: card %s cannot be built: %s", t.deck, b.Card, b.Failure)
		}
	}
	return nil
}

// setup is what a run sets up: every account found on one card, which is built
// from the deck, from the first month found.
func (t *try) setup() catalog.Setup {
	s := catalog.Setup{
		Format: catalog.SetupFormat,
		Cycles: []book.Cycle{{ID: cycleID, Zone: t.Timezone}},
		Feeds:  []catalog.Feed{{ID: feedID, Format: t.Feed, Timezone: t.Timezone, Cycle: cycleID, Only: t.Month}},
		Cards: []catalog.Definition{
			{ID: providerCard, Kind: catalog.Provider, Currency: t.Currency, Activate: catalog.AtArrival, Increment: t.Increment},
			{
				ID: customerCard, Kind: catalog.Customer, Currency: t.Currency, Activate: catalog.AtArrival,
				Parent: providerCard, Markup: t.Markup, EventMarkup: t.Events, Terms: t.cardTerms(),
			},
		},
		Plans: []bundle.Plan{}, Accounts: []book.Account{}, Assignments: []book.Assignment{}, Features: []bundle.Feature{},
	}
	if t.destinations != "" {
		s.Cards[0].Destinations = listName
	}
	if len(t.found.months) == 0 {
		return s
	}
	first := t.found.months[0]
	if t.Bundle > 0 {
		s.Plans = []bundle.Plan{{ID: bundleID, Name: fmt.Sprintf("%d minutes", t.Bundle), Minutes: t.Bundle}}
	}
	for _, id := range t.found.accounts {
		s.Accounts = append(s.Accounts, book.Account{ID: id, Cycle: cycleID, Currency: t.Currency})
		s.Assignments = append(s.Assignments, book.Assignment{Account: id, From: first, Card: customerCard})
		if t.Bundle > 0 {
			s.Features = append(s.Features, bundle.Feature{
				ID: bundleID, Account: id, Plan: bundleID, Name: "Minute bundle", Start: first.First(), Recurring: money.New(0, 2),
			})
		}
	}
	return s
}

// rate brings the records in as one batch and sees it committed.
func (t *try) rate(ctx context.Context) (ledger.Batch, error) {
	t.progress.phase("rating", t.in.CDRs.Bytes)
	info, err := store(ctx, t.stores.buckets.CDRs, cdrsObject, t.cdrs, t.in.CDRs)
	if err != nil {
		return ledger.Batch{}, err
	}
	id, err := t.ledger.Receive(ctx, ledger.Arrival{Bucket: "cdrs", Object: info.Name, Generation: info.Generation, Feed: feedID, At: t.now()})
	if err != nil {
		return ledger.Batch{}, err
	}
	b, err := t.ledger.Batch(ctx, id)
	if err == nil && b.State == ledger.Failed {
		err = t.ledger.Retry(ctx, id) // runs before this one met a full disk, say, too often
	}
	if err != nil {
		return b, err
	}
	if b, err = t.ledger.Process(ctx, id); err != nil {
		return b, err
	}
	if b.State != ledger.Committed {
		return b, refuse("%s: %s", t.cdrs, b.Failure)
	}
	return b, nil
}

// now is the run's clock: the start of the first month found. Nothing that is
// written depends on when a run is made.
func (t *try) now() time.Time {
	first := period.Month{Year: 2000, Month: time.January}
	if len(t.found.months) > 0 {
		first = t.found.months[0]
	}
	return time.Date(first.Year, first.Month, 1, 0, 0, 0, 0, time.UTC)
}

// bill closes every month found, the earliest first.
func (t *try) bill(ctx context.Context, b ledger.Batch) error {
	for _, m := range t.found.months {
		t.progress.phase("billing "+m.String(), 0)
		key := ledger.Key{Cycle: cycleID, Month: m}
		p, err := t.ledger.Period(ctx, key)
		if err != nil {
			return fmt.Errorf("batch %s: %w", b.ID, err)
		}
		at, err := p.IssueInstant()
		if err != nil {
			return err
		}
		if err := t.ledger.Close(ctx, key, at); err != nil {
			return err
		}
	}
	return nil
}
