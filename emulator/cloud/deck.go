package cloud

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// deckArgs is a command line of deck.
type deckArgs struct {
	file, out, report, template, errors string
	destinations                        string
	asOf                                time.Time
	increment                           string
}

const destinationsHelp = "the codes of destinations, for a deck of rates by name: any `file` with names and codes"

func parseDeck(args []string, stderr io.Writer) (a deckArgs, err error) {
	var asOf string
	f := flag.NewFlagSet("deck", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&a.out, "out", "", "the `file` for the rates as they were understood, CSV")
	f.StringVar(&a.report, "report", "", "the `file` for what was guessed, counted and refused, JSON")
	f.StringVar(&a.errors, "errors", "", "the `file` for a refused deck with what is wrong with its rows, in its own format (of .xls, .xlsx)")
	f.StringVar(&a.template, "template", "", "how the deck is written: a JSON `file`")
	f.StringVar(&a.destinations, "destinations", "", destinationsHelp)
	f.StringVar(&asOf, "as-of", "", "the `date`, 2026-11-30, or instant at which the deck is looked at: what took effect by then does so at once")
	f.StringVar(&a.increment, "increment", "", "`first/next` seconds for decks without intervals (default 60/60, flagged)")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return a, err
		}
		return a, &refusal{err}
	}
	// The file may stand before its options.
	if a.file = f.Arg(0); f.NArg() > 1 {
		if err := f.Parse(f.Args()[1:]); err != nil {
			return a, &refusal{err}
		}
		if f.NArg() > 0 {
			return a, refuse("unexpected %q: want one deck", f.Arg(0))
		}
	}
	if a.file == "" {
		return a, refuse("the deck is missing: emulator deck FILE, see deck -h")
	}
	for _, to := range []string{a.out, a.report, a.errors} {
		if to != "" && sameFile(to, a.file) {
			return a, refuse("%s is the deck itself: want the name of another file for what is made of it", to)
		}
	}
	if asOf != "" {
		if a.asOf, err = time.Parse(time.DateOnly, asOf); err != nil {
			a.asOf, err = time.Parse(time.RFC3339, asOf)
		}
		if err != nil {
			return a, refuse("--as-of %q: want a date such as 2026-11-30, or an instant such as 2026-11-30T18:00:00Z", asOf)
		}
	}
	return a, nil
}

func (a *deckArgs) options() (o deck.Options, err error) {
	if a.increment != "" {
		if o.Interval1, o.IntervalN, err = deck.ParseIncrements(a.increment); err != nil {
			return o, refuse("--increment: %w", err)
		}
	}
	if a.destinations != "" {
		if o.Destinations, err = readDestinations(a.destinations); err != nil {
			return o, err
		}
	}
	if a.template == "" {
		return o, nil
	}
	f, err := os.Open(a.template)
	if err != nil {
		return o, &refusal{err}
	}
	t, err := deck.ReadTemplate(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return o, refuse("%s: %w", a.template, err)
	}
	o.Template = &t
	return o, nil
}

// readDestinations reads a list of destinations. One with any error is refused.
func readDestinations(name string) (_ *deck.Destinations, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var first *deck.RowError
	bad := 0
	list, _, err := deck.ReadDestinations(f, info.Size(), nil, func(e deck.RowError) {
		if bad++; first == nil {
			first = &e
		}
	})
	var file *deck.FileError
	switch {
	case errors.As(err, &file):
		return nil, refuse("%s: %w", name, err)
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", name, err)
	case bad > 0:
		return nil, refuse("%s is refused: %d errors, the first: %w", name, bad, *first)
	}
	return list, nil
}

// deckReport is what was made of a deck.
type deckReport struct {
	File    string          `json:"file"`
	Applied bool            `json:"applied"` // it can be; else nothing of it is
	Failure string          `json:"failure,omitempty"`
	Read    *deck.Report    `json:"read,omitempty"`
	Errors  []deck.RowError `json:"errors"`
	More    int64           `json:"more_errors,omitempty"`
}

// maxDeckErrors is how many errors a report lists; the rest is counted.
const maxDeckErrors = 10_000

// runDeck reads a deck, and writes what was understood.
func runDeck(_ context.Context, args []string, stdout, stderr io.Writer) error {
	a, err := parseDeck(args, stderr)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	o, err := a.options()
	if err != nil {
		return err
	}
	report := &deckReport{File: filepath.Base(a.file), Errors: []deck.RowError{}}
	if err := a.read(o, report); err != nil {
		return err
	}
	if a.report != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(a.report), 0o777); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := os.WriteFile(a.report, append(text, '\n'), 0o666); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	if err := a.show(report, stdout); err != nil {
		return err
	}
	if a.errors != "" {
		if err := a.writeErrors(o, report); err != nil {
			return err
		}
	}
	if !report.Applied {
		return refuse("%s is refused: %s", a.file, report.Failure)
	}
	return nil
}

// read reads the deck into the report and the file of rates.
func (a *deckArgs) read(o deck.Options, report *deckReport) (err error) {
	f, err := os.Open(a.file)
	if err != nil {
		return &refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	out, err := newRatesFile(a.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.end(report.Applied)) }()
	read, err := deck.ReadFile(f, info.Size(), o, func(e deck.Entry) error {
		if !a.asOf.IsZero() {
			e = e.AsOf(a.asOf.UnixNano())
		}
		return out.write(e)
	}, func(e deck.RowError) {
		if len(report.Errors) == maxDeckErrors {
			report.More++
			return
		}
		report.Errors = append(report.Errors, e)
	})
	var file *deck.FileError
	switch {
	case errors.As(err, &file):
		report.Failure = file.Error()
		return nil
	case err != nil:
		return fmt.Errorf("reading %s: %w", a.file, err)
	}
	report.Read = &read
	if n := int64(len(report.Errors)) + report.More; n > 0 {
		report.Failure = fmt.Sprintf("%d errors, the first: %v", n, report.Errors[0])
		return nil
	}
	report.Applied = true
	return nil
}

// show says in some lines what the report says in full.
func (a *deckArgs) show(r *deckReport, w io.Writer) error {
	var text []byte
	say := func(format string, args ...any) { text = fmt.Appendf(text, format+"\n", args...) }
	if d := r.Read; d != nil {
		say("%s: %s, %d rows, %d rates (%d withdrawn), %d errors", r.File, d.Format, d.Rows, d.Rates, d.Closed, int64(len(r.Errors))+r.More)
		for _, g := range d.Guesses {
			say("  guessed %s = %s: %s", g.What, g.Value, g.Evidence)
		}
		for _, s := range d.Sheets {
			say("  sheet %q has %s: %d rows", s.Sheet, s.Holds, s.Rows)
			for _, g := range s.Guesses {
				say("    guessed %s = %s: %s", g.What, g.Value, g.Evidence)
			}
		}
		for _, n := range append(d.Notices, d.Warnings...) {
			say("  %s", n)
		}
	}
	for i, e := range r.Errors {
		if i == 10 {
			say("  … and %d more errors: see the report", int64(len(r.Errors)-i)+r.More)
			break
		}
		say("  %v", e)
	}
	_, err := w.Write(text)
	return err
}

// ratesFile is the file of rates as they were understood. It appears when the
// deck is good.
type ratesFile struct {
	name string
	file *os.File // a temporary one beside it
	buf  *bufio.Writer
	csv  *csv.Writer

	begun, actions bool
}

// ratesColumns are the columns of a file of rates. The first ten stay as they
// are; rules has all else that a rate may have, as name=value, place and
// number_type what the numbering plan says of the prefix. Rows that ask for
// something have two more, action and id.
var ratesColumns = []string{
	"prefix", "destination", "price_1", "price_n", "interval_1", "interval_n", "connection_fee", "effective_from", "effective_to", "status", "rules", "place", "number_type",
}

func newRatesFile(name string) (*ratesFile, error) {
	if name == "" {
		return nil, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return nil, fmt.Errorf("creating the file of rates: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return nil, fmt.Errorf("creating the file of rates: %w", err)
	}
	r := &ratesFile{name: name, file: f, buf: bufio.NewWriter(f)}
	r.csv = csv.NewWriter(r.buf)
	return r, nil
}

// begin writes the header, when it is known whether rows ask for something.
func (f *ratesFile) begin(actions bool) error {
	if f.begun {
		return nil
	}
	f.begun, f.actions = true, actions
	header := ratesColumns
	if actions {
		header = append(slices.Clone(header), "action", "id")
	}
	return f.csv.Write(header)
}

// write writes a rate; prices are in the unit that rules has as per, else a minute.
func (f *ratesFile) write(e deck.Entry) error {
	if f == nil {
		return nil
	}
	if err := f.begin(e.Action != cells.None); err != nil {
		return err
	}
	r := e.Rate
	status := "active"
	switch {
	case e.Closed:
		status = "closed"
	case r.Blocked:
		status = "blocked"
	}
	row := []string{
		r.Prefix, r.Destination, r.Price1.String(), r.PriceN.String(), strconv.FormatUint(uint64(r.Interval1), 10), strconv.FormatUint(uint64(r.IntervalN), 10),
		r.ConnectionFee.String(), instantText(r.From), instantText(r.To), status,
	}
	if e.Unpriced {
		row[2], row[3] = "", ""
	}
	r.From, r.To, r.Blocked = 0, 0, false
	rules := ""
	for name, value := range ratecard.Rules(&r) {
		if rules != "" {
			rules += "; "
		}
		rules += name + "=" + value
	}
	place := numbering.EmbeddedPlaces().Of(r.Prefix)
	if row = append(row, rules, place.EnglishName(), place.Type.String()); f.actions {
		row = append(row, e.Action.String(), e.ID)
	}
	return f.csv.Write(row)
}

func instantText(at int64) string {
	if at == 0 {
		return ""
	}
	return time.Unix(0, at).UTC().Format(time.RFC3339Nano)
}

// end has the file appear under its name, or go.
func (f *ratesFile) end(good bool) error {
	if f == nil {
		return nil
	}
	err := f.begin(false)
	f.csv.Flush()
	err = errors.Join(err, f.csv.Error(), f.buf.Flush(), f.file.Chmod(0o644), f.file.Close())
	if err == nil && good {
		err = os.Rename(f.file.Name(), f.name)
	} else {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.name, err)
	}
	return nil
}
