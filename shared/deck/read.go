// Package deck reads a carrier's rate deck, whatever its format and spelling,
// into rates and every error at once. What the file does not say is found out
// from all of it, said with its evidence in the report, and can be given by a
// template instead. What is open in money (which of two dates, which of two
// prices) is never guessed: the deck is refused with the choice that is to be made.
package deck

import (
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/shared/table"
)

const defaultInterval = 60 // seconds: both intervals where nobody gives them

// Options says what a deck itself may not say. Intervals, fees, units and grace
// are for voice.
type Options struct {
	// Interval1 and IntervalN are the increments, in seconds, of a deck without
	// columns for them or for one of them, 0 to rating.MaxInterval. Both 0 = not
	// given: 60/60 is assumed, and each rate and the report say so.
	Interval1, IntervalN uint32
	ConnectionFee        money.Price // of a deck without a column for it; 0 or more
	Per                  Unit        // what prices are for in a deck that does not say; empty = Minute
	Grace                uint32      // seconds; of a deck without grace periods, 0 to rating.MaxInterval

	Template  *Template  // how the file is written; nil: found out, or
	Templates []Template // the one whose fingerprint is that of the file's header

	// Destinations has the codes of the names in decks of rates by name whose file
	// has none.
	Destinations *Destinations

	// Rated reports whether the card has a rate of a prefix that is only for callers of
	// a group: one that a row without a surcharge for them has to take the place of.
	// nil: it has none.
	Rated func(prefix, group string) bool
}

// Unit is what a price is for.
type Unit string

// The units. An increment is interval N, a call is charged once.
const (
	Minute    Unit = "minute"
	Second    Unit = "second"
	Increment Unit = "increment"
	Call      Unit = "call"
)

// Valid reports whether u is one of the units, or empty.
func (u Unit) Valid() bool {
	switch u {
	case "", Minute, Second, Increment, Call:
		return true
	}
	return false
}

// Validate reports the first option that no deck can be read by.
func (o Options) Validate() error {
	switch {
	case o.Interval1 > rating.MaxInterval || o.IntervalN > rating.MaxInterval || o.IntervalN == 0 && o.Interval1 != 0:
		return fmt.Errorf("deck increments %d/%d: want a first interval of 0 to %d s and a pulse of 1 to %d s",
			o.Interval1, o.IntervalN, rating.MaxInterval, rating.MaxInterval)
	case o.ConnectionFee < 0:
		return fmt.Errorf("connection fee %s of decks: want 0 or more", o.ConnectionFee)
	case !o.Per.Valid():
		return fmt.Errorf("price unit %.20q of decks: want minute, second, increment or call", string(o.Per))
	case o.Grace > rating.MaxInterval:
		return fmt.Errorf("grace period of %d s of decks: want at most %d", o.Grace, rating.MaxInterval)
	}
	if o.Template != nil {
		return o.Template.Validate()
	}
	return nil
}

// Entry is one rate of a row, and what is to be done with it.
type Entry struct {
	Line int64 // where its row begins
	Rate rating.Rate
	// Closed: the prefix is withdrawn from Rate.From on; 0 = at once. Unpriced: its
	// row does not say what it costs until then.
	Closed, Unpriced bool
	// Action is what a row of a deck with a column of actions asks for, ID the rate
	// that it means (Sippy, tariff uploads).
	Action cells.Action
	ID     string
}

// TableOptions is how a file of the template is opened.
func (o Options) TableOptions() table.Options {
	t := o.Template
	if t == nil {
		return table.Options{}
	}
	out := table.Options{Charset: t.Charset}
	if t.Delimiter != "" {
		out.Delimiter = t.Delimiter[0]
	}
	return out
}

// ReadFile opens a file and reads the deck in it, as Reader.Each does. The error is
// a *FileError for a file that is no deck, the first error of entry, or an error of
// reading.
func ReadFile(r io.ReaderAt, size int64, o Options, entry func(Entry) error, bad func(RowError)) (_ Report, err error) {
	d, err := Open(r, size, o)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Each(entry, bad)
}

// Reader reads the deck in a file.
type Reader struct {
	file  *table.File
	place *place
	deck  *deck
	by    *Template
}

// Open opens a file, finds the rates in it and what it says as a whole, for which
// it reads all of it once. The error is a *FileError for a file that is no deck, or
// one of reading.
func Open(r io.ReaderAt, size int64, o Options) (_ *Reader, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	f, p, t, err := open(r, size, &o)
	if err != nil {
		return nil, err
	}
	if t == nil {
		t = &Template{}
	}
	d, err := look(f, p, t, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Reader{f, p, d, t}, nil
}

// open opens a file where its rates are, by the template that was found in o's
// for it, if any.
func open(r io.ReaderAt, size int64, o *Options) (*table.File, *place, *Template, error) {
	if err := o.forDownload(r, size); err != nil {
		return nil, nil, nil, err
	}
	for {
		f, err := table.Open(r, size, o.TableOptions())
		if err != nil {
			return nil, nil, nil, fileError(err)
		}
		p, t, err := find(f, o.Template, o.Templates, o.Destinations != nil)
		known := err == nil && o.Template == nil && t != nil && t.Charset+t.Delimiter != ""
		if err == nil && !known {
			return f, p, t, nil
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, nil, nil, err
		}
		o.Template = t // what was recognised says how the text is to be taken
	}
}

// look reads a deck for what it says as a whole.
func look(f *table.File, p *place, t *Template, o Options) (*deck, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	ev, err := p.gather(f, t)
	if err != nil {
		return nil, err
	}
	d, err := newDeck(f, p, ev, o)
	if err != nil {
		return nil, err
	}
	return d, d.planCodes(f, p, t)
}

// Report is what is known before the rates are read: columns, whether there are
// actions, currency, and what was guessed.
func (r *Reader) Report() Report { return r.deck.report }

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// Each reads the rates, once. It calls entry for each rate in the file's order (a
// row with several prices or several codes is several rates), and bad for each thing
// wrong with a row; it never stops at a bad row. A caller that was told of anything
// bad refuses the deck.
//
// Rows = Used + Merged + Notes + Idle + Bad in the report.
func (r *Reader) Each(entry func(Entry) error, bad func(RowError)) (Report, error) {
	d := r.deck
	d.bad = bad
	if err := d.readAll(r.file, r.place, r.by, entry); err != nil {
		return d.report, err
	}
	d.report.Warnings = append(d.report.Warnings, r.file.Warnings()...)
	return d.finish()
}

// gather finds out what the rows of a sheet say as a whole.
func (p *place) gather(f *table.File, t *Template) (evidence, error) {
	ev := evidence{template: t}
	if err := p.each(f, func(row table.Row, bad *table.RowError) error {
		if bad == nil {
			ev.see(p.layout, row)
		}
		return nil
	}); err != nil {
		return ev, err
	}
	return ev, ev.settle(p)
}

// readAll reads the lists that the rates are joined to, and then all rates.
func (d *deck) readAll(f *table.File, p *place, t *Template, entry func(Entry) error) error {
	if err := d.join(f, p, t); err != nil {
		return err
	}
	if err := d.readRows(f, p, entry); err != nil {
		return err
	}
	return d.readMore(f, p, t, entry)
}

// readRows reads the rates of a sheet.
func (d *deck) readRows(f *table.File, p *place, entry func(Entry) error) error {
	return p.each(f, func(row table.Row, broken *table.RowError) error {
		d.torn = p.unmark(&row)
		switch {
		case broken != nil:
			d.broken(broken)
			return nil
		case empty(row.Cells):
			d.report.Blank++
			return nil
		}
		return d.give(row, entry)
	})
}

// give reads a row and gives its rates.
func (d *deck) give(row table.Row, entry func(Entry) error) error {
	out, ok := d.row(row)
	if !ok {
		return nil
	}
	d.report.Used++
	for _, e := range out {
		if d.plan != nil && e.Rate.Prefix != "" {
			if e.Rate.Prefix, ok = d.plan.place(e.Rate.Prefix); !ok {
				d.report.Optimised++
				continue
			}
		}
		if d.report.Rates == rating.MaxRates {
			return d.layout.fail(fmt.Sprintf("more than %d rates", rating.MaxRates))
		}
		d.report.Rates++
		if e.Closed {
			d.report.Closed++
		}
		if err := entry(e); err != nil {
			return fmt.Errorf("line %d: %w", row.Line, err)
		}
	}
	return nil
}

// each reads the rows below the header.
func (p *place) each(f *table.File, do func(table.Row, *table.RowError) error) (err error) {
	rows, err := f.Rows(p.sheet)
	if err != nil {
		return fileError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		row, err := rows.Next()
		var bad *table.RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			row.Line = bad.Line
		case err != nil:
			return fileError(err)
		}
		if row.Line <= p.line {
			continue
		}
		if err := do(row, bad); err != nil {
			return err
		}
	}
}

// AsOf returns the entry as it stands at an instant, Unix nanoseconds: what took
// effect by then is in effect at once.
func (e Entry) AsOf(at int64) Entry {
	if e.Rate.From <= at {
		e.Rate.From = 0
	}
	return e
}
