package cloud

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// TryOptions are the options of try that decide its outputs. Two runs with
// equal files and options write equal bytes.
type TryOptions struct {
	Feed      cdr.Format      `json:"feed"`
	Timezone  string          `json:"timezone"`              // IANA name: of local times and of months
	Markup    ratecard.Markup `json:"markup"`                // from the provider's prices to the customer's
	Events    ratecard.Markup `json:"event_markup,omitzero"` // of events and connection fees; zero = as Markup says
	Bundle    uint64          `json:"bundle"`                // minutes a month for each account; 0 = none
	Increment string          `json:"increment"`             // for decks without intervals; empty = 60/60, flagged
	Currency  string          `json:"currency"`
	Decimals  int             `json:"decimals"`        // of each call's charge
	Rounding  money.Rounding  `json:"rounding"`        // of each call's charge
	Month     string          `json:"month"`           // YYYY-MM: ignore all others; empty = bill every month found
	Terms     *catalog.Terms  `json:"terms,omitempty"` // all other rules of the customer card; nil = as usual
}

func (o TryOptions) markups() ratecard.Markups {
	return ratecard.Markups{Prices: o.Markup, Events: o.Events}
}

// tryArgs is a command line of try.
type tryArgs struct {
	TryOptions
	deck, cdrs, out string
	destinations    string // empty: none
	parquet         string // empty: none
	json            bool
}

const maxBundle = 100_000_000 // minutes

func parseTry(args []string, stderr io.Writer) (tryArgs, error) {
	var a tryArgs
	var feed, markup, events, rounding, terms string
	var bundle int64
	f := flag.NewFlagSet("try", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&a.deck, "deck", "", "the rate deck: a `file`, see emulator deck")
	f.StringVar(&a.destinations, "destinations", "", destinationsHelp)
	f.StringVar(&a.cdrs, "cdrs", "", "the call records: a CSV `file`")
	f.StringVar(&a.out, "out", "", "the `folder` for the results")
	f.StringVar(&feed, "feed", string(cdr.Generic), "format of the records: generic, asterisk or freeswitch")
	f.StringVar(&a.Timezone, "timezone", "UTC", "IANA `zone` of local times and of months")
	f.StringVar(&markup, "markup", "", "on the deck's prices: `25%`, +0.01 or =0.05")
	f.StringVar(&events, "event-markup", "", "on its connection fees and events: `25%`, +0.01 or =0.05")
	f.Int64Var(&bundle, "bundle", 0, "free `minutes` a month for each account")
	f.StringVar(&a.Increment, "increment", "", "`first/next` seconds for decks without intervals (default 60/60, flagged)")
	f.StringVar(&a.Currency, "currency", "GBP", "ISO 4217 `code`")
	f.IntVar(&a.Decimals, "decimals", 4, "decimals of each call's charge, 0 to 20")
	f.StringVar(&rounding, "rounding", "half-up", "of each call's charge: half-up, half-down, up or down")
	f.StringVar(&terms, "terms", "", "rules of the customer card: a JSON `file`, instead of --decimals and --rounding")
	f.StringVar(&a.Month, "month", "", "bill only this month, `YYYY-MM`")
	f.StringVar(&a.parquet, "parquet", "", "also write the records as a Parquet `file`")
	f.BoolVar(&a.json, "json", false, "print counts and totals as JSON")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return a, err
		}
		return a, &refusal{err}
	}
	if f.NArg() > 0 {
		return a, refuse("unexpected %q: every option has a name, see try -h", f.Arg(0))
	}
	for _, p := range []struct{ name, value string }{{"deck", a.deck}, {"cdrs", a.cdrs}, {"out", a.out}} {
		if p.value == "" {
			return a, refuse("--%s is missing, see try -h", p.name)
		}
	}
	var err error
	if a.Markup, err = ratecard.ParseMarkup(markup); err != nil {
		return a, refuse("--markup: %w", err)
	}
	if a.Events, err = ratecard.ParseMarkup(events); err != nil {
		return a, refuse("--event-markup: %w", err)
	}
	if a.Rounding, err = money.ParseRounding(rounding); err != nil {
		return a, refuse("--rounding: %w", err)
	}
	if terms != "" {
		if err := a.readTerms(terms, f); err != nil {
			return a, err
		}
	}
	if bundle < 0 || bundle > maxBundle {
		return a, refuse("--bundle %d: want 0 to %d minutes", bundle, maxBundle)
	}
	a.Bundle, a.Feed = uint64(bundle), cdr.Format(feed)
	if err := a.checkParquet(); err != nil {
		return a, err
	}
	return a, a.check()
}

// readTerms takes the rules of a file instead of those of the command line.
func (o *TryOptions) readTerms(name string, given *flag.FlagSet) (err error) {
	given.Visit(func(f *flag.Flag) {
		if err == nil && (f.Name == "decimals" || f.Name == "rounding") {
			err = refuse("--%s and --terms: the terms say it, want one of them", f.Name)
		}
	})
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return refuse("--terms: %w", err)
	}
	t, err := catalog.ReadTerms(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return refuse("--terms %s: %w", name, err)
	}
	o.Terms, o.Decimals, o.Rounding = &t, t.Decimals, t.Rounding
	return nil
}

// check reports the first option that means nothing.
func (o *TryOptions) check() error {
	if err := (cdr.Feed{ID: feedID, Format: o.Feed, Zone: o.Timezone}).Validate(); err != nil {
		return refuse("--feed, --timezone: %w", err)
	}
	o.Currency = strings.ToUpper(o.Currency)
	if _, err := billing.Digits(o.Currency); err != nil {
		return refuse("--currency: %w", err)
	}
	terms := o.terms()
	if err := terms.Validate(); err != nil {
		return refuse("--decimals, --rounding: %w", err)
	}
	if o.Month != "" {
		if _, err := period.ParseMonth(o.Month); err != nil {
			return refuse("--month: %w", err)
		}
	}
	if o.Increment != "" {
		if _, _, err := deck.ParseIncrements(o.Increment); err != nil {
			return refuse("--increment: %w", err)
		}
	}
	return nil
}

// cardTerms are the rules of the customer card.
func (o *TryOptions) cardTerms() catalog.Terms {
	if o.Terms != nil {
		return *o.Terms
	}
	t := catalog.DefaultTerms()
	t.Decimals, t.Rounding = o.Decimals, o.Rounding
	return t
}

func (o *TryOptions) terms() rating.Terms { return o.cardTerms().Rating(o.Currency) }

func (a *tryArgs) deckOptions() (o deck.Options, err error) {
	if a.Increment != "" {
		if o.Interval1, o.IntervalN, err = deck.ParseIncrements(a.Increment); err != nil {
			return o, fmt.Errorf("increment: %w", err)
		}
	}
	if a.destinations != "" {
		o.Destinations, err = readDestinations(a.destinations)
	}
	return o, err
}

func (o *TryOptions) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(o.Timezone)
	if err != nil {
		return nil, fmt.Errorf("time zone: %w", err)
	}
	return zone, nil
}
