// Command card compiles the card image of a deck, or of each deck in a folder:
// prices in GBP, to 4 decimals, by the terms of one rule.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata" // bands are of London

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "card:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("card", flag.ContinueOnError)
	from := flags.String("deck", "", "the `deck`, CSV, or a folder of decks")
	to := flags.String("out", "", "the image to write, or a `folder` of them: as the decks are called")
	name := flags.String("rule", "plain", "the `rule` that the card uses")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r, ok := rules[*name]
	if !ok {
		return fmt.Errorf("-rule %q: there is no such rule", *name)
	}
	info, err := os.Stat(*from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return compile(*from, *to, r)
	}
	decks, err := os.ReadDir(*from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*to, 0o755); err != nil {
		return err
	}
	for _, d := range decks {
		if err := compile(filepath.Join(*from, d.Name()), filepath.Join(*to, d.Name()), r); err != nil {
			return err
		}
	}
	return nil
}

// compile writes the card image of a deck.
func compile(from, to string, r rule) (err error) {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var rates []rating.Rate
	var bad error
	info, err := f.Stat()
	if err != nil {
		return err
	}
	report, err := deck.ReadFile(f, info.Size(), deck.Options{}, func(e deck.Entry) error {
		if r.rate != nil {
			r.rate(&e.Rate)
		}
		rates = append(rates, e.Rate)
		return nil
	}, func(e deck.RowError) { bad = e })
	if err == nil && len(report.Ignored) > 0 {
		bad = errors.Join(bad, fmt.Errorf("no column is called %q", report.Ignored))
	}
	if err := errors.Join(err, bad); err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	terms := rating.DefaultTerms("GBP")
	if r.terms != nil {
		r.terms(&terms)
	}
	image, err := rating.BuildImage(terms, ratecard.Rows(rates))
	if err != nil {
		return fmt.Errorf("building the card of %s: %w", from, err)
	}
	return os.WriteFile(to, image, 0o644)
}
