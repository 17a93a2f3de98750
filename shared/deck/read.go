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
	"time"

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

// ReadFile opens a file and reads the deck in it. It calls entry for each rate in
// the file's order (a row with several prices or several codes is several rates),
// and bad for each thing wrong with a row; it never stops at a bad row. A caller
// that was told of anything bad refuses the deck.
//
// Rows = Used + Merged + Notes + Idle + Bad in the report. The error is a *FileError
// for a file that is no deck, the first error of entry, or an error of reading.
func ReadFile(r io.ReaderAt, size int64, o Options, entry func(Entry) error, bad func(RowError)) (_ Report, err error) {
	if err := o.Validate(); err != nil {
		return Report{}, err
	}
	if err := o.forDownload(r, size); err != nil {
		return Report{}, err
	}
	for {
		f, err := table.Open(r, size, o.TableOptions())
		if err != nil {
			return Report{}, fileError(err)
		}
		p, t, err := find(f, o.Template, o.Templates)
		if err == nil && o.Template == nil && t != nil && t.Charset+t.Delimiter != "" {
			// What was recognised says how the text is to be taken.
			if err := f.Close(); err != nil {
				return Report{}, err
			}
			o.Template = t
			continue
		}
		var report Report
		if err == nil {
			report, err = readTable(f, p, t, o, entry, bad)
		}
		return report, errors.Join(err, f.Close())
	}
}

// readTable reads a deck twice: once for what the file says as a whole, once for its
// rates.
func readTable(f *table.File, p *place, t *Template, o Options, entry func(Entry) error, bad func(RowError)) (_ Report, err error) {
	if t == nil {
		t = &Template{}
	}
	if err := t.Validate(); err != nil {
		return Report{}, err
	}
	ev := evidence{template: t}
	if err := p.each(f, func(row table.Row, bad *table.RowError) error {
		if bad == nil {
			ev.see(p.layout, row)
		}
		return nil
	}); err != nil {
		return Report{}, err
	}
	if err := ev.settle(p); err != nil {
		return Report{}, err
	}
	d, err := newDeck(f, p, ev, o, bad)
	if err != nil {
		return Report{}, err
	}
	err = p.each(f, func(row table.Row, broken *table.RowError) error {
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
	if err != nil {
		return d.report, err
	}
	d.report.Warnings = append(d.report.Warnings, f.Warnings()...)
	return d.finish()
}

// give reads a row and gives its rates.
func (d *deck) give(row table.Row, entry func(Entry) error) error {
	out, ok := d.row(row)
	if !ok {
		return nil
	}
	d.report.Used++
	for _, e := range out {
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

// Whole returns the rate of an entry where a deck is all there is, received at an
// instant: a closed one holds until it is withdrawn; false: it is withdrawn by then.
// The error says that a price is missing for the time until it is.
func (e Entry) Whole(at int64) (r rating.Rate, ok bool, err error) {
	r = e.Rate
	switch {
	case !e.Closed:
		return r, true, nil
	case r.From <= at || r.Blocked:
		return r, false, nil
	case e.Unpriced:
		return r, false, &cells.Want{Text: "a price, which holds until " + time.Unix(0, r.From).UTC().Format(time.RFC3339) + ", when it is withdrawn"}
	}
	r.From, r.To = 0, r.From
	return r, true, nil
}

// WholeRates is Whole for each entry of a deck: it gives its rates, and says what
// is missing as an error of its row.
func WholeRates(at int64, rate func(rating.Rate) error, bad func(RowError)) func(Entry) error {
	return func(e Entry) error {
		r, ok, err := e.Whole(at)
		var want *cells.Want
		switch {
		case errors.As(err, &want):
			bad(RowError{Line: e.Line, Value: e.Rate.Prefix, Want: want.Text})
			return nil
		case err != nil || !ok:
			return err
		}
		return rate(r)
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
