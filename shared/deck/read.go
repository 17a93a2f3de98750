// Package deck reads a carrier's rate deck: CSV with a header row, in any of
// the spellings in circulation, into rates and every error at once.
package deck

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/delimited"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

const (
	maxRow          = 64 << 10 // bytes of a row
	sniffed         = 64 << 10 // bytes in which the delimiter is looked for
	defaultInterval = 60       // seconds: both intervals where nobody gives them
)

// Options says what a deck itself may not say. They are for voice.
type Options struct {
	// Interval1 and IntervalN are the increments, in seconds, of a deck without
	// columns for them or for one of them, 0 to rating.MaxInterval. Both 0 = not
	// given: 60/60 is assumed, and each rate and the report say so.
	Interval1, IntervalN uint32
	ConnectionFee        money.Price // of a deck without a column for it; 0 or more
	Per                  Unit        // what prices are for in a deck that does not say; empty = Minute
	Grace                uint32      // seconds; of a deck without grace periods, 0 to rating.MaxInterval
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
	return nil
}

// Read reads a deck from the beginning of r, twice: once to learn its decimal
// sign, once for its rates. It calls rate for each rate in the file's order (a
// row with several prices is several rates), and bad for each thing wrong with
// a row; it never stops at a bad row. A caller that was told of anything bad
// refuses the deck.
//
// Rows = Used + Merged + Bad in the report. The error is a *FileError for a
// file that is no deck, the first error of rate, or an error of reading.
func Read(r io.ReadSeeker, o Options, rate func(line int64, r rating.Rate) error, bad func(RowError)) (Report, error) {
	if err := o.Validate(); err != nil {
		return Report{}, err
	}
	comma, err := sniff(r)
	if err != nil {
		return Report{}, err
	}
	f := &file{r: r, comma: comma}
	ev, err := f.evidence()
	if err != nil {
		return Report{}, err
	}
	rows, err := f.open()
	if err != nil {
		return Report{}, err
	}
	d := newDeck(f.layout, ev, o, bad)
	d.report.Delimiter = string(rune(comma))
	for {
		row, err := rows.Read()
		var broken *delimited.RowError
		switch {
		case errors.Is(err, io.EOF):
			return d.finish()
		case errors.As(err, &broken):
			d.report.Rows++
			d.report.Bad++
			bad(RowError{Line: broken.Line, Value: broken.Raw, Want: wantOf(broken.Problem)})
			continue
		case err != nil:
			return d.report, fmt.Errorf("reading the deck: %w", err)
		case empty(row.Fields):
			d.report.Blank++
			continue
		}
		out, ok := d.row(row)
		if !ok {
			continue
		}
		d.report.Used++
		for _, r := range out {
			if d.report.Rates == rating.MaxRates {
				return d.report, f.layout.fail(fmt.Sprintf("more than %d rates", rating.MaxRates))
			}
			d.report.Rates++
			if err := rate(row.Line, r); err != nil {
				return d.report, fmt.Errorf("line %d: %w", row.Line, err)
			}
		}
	}
}

// file is a deck that is read more than once.
type file struct {
	r      io.ReadSeeker
	comma  byte
	layout *layout
}

func sniff(r io.ReadSeeker) (byte, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("going to the deck's beginning: %w", err)
	}
	sample, err := io.ReadAll(io.LimitReader(r, sniffed))
	if err != nil {
		return 0, fmt.Errorf("reading the deck: %w", err)
	}
	return delimited.Sniff(sample), nil
}

// open returns the rows below the header.
func (f *file) open() (*delimited.Reader, error) {
	if _, err := f.r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("going to the deck's beginning: %w", err)
	}
	rows := delimited.NewReader(f.r, delimited.Options{Comma: f.comma, MaxRecord: maxRow})
	for {
		row, err := rows.Read()
		var broken *delimited.RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil, &FileError{Problem: "the file is empty"}
		case errors.Is(err, delimited.ErrUTF16):
			return nil, &FileError{Problem: delimited.ErrUTF16.Error()}
		case errors.As(err, &broken):
			return nil, &FileError{Problem: fmt.Sprintf("the header row, line %d, is %q: want %s", broken.Line, broken.Raw, wantOf(broken.Problem))}
		case err != nil:
			return nil, fmt.Errorf("reading the deck: %w", err)
		case empty(row.Fields):
			continue
		}
		f.layout, err = readHeader(row.Fields)
		return rows, err
	}
}

// evidence is what a file says as a whole.
type evidence struct {
	decimals
	graceSeconds bool // grace periods are lengths, not switches
}

// evidence looks at every price and grace period of the file. A bad row is no evidence; it is
// reported when the rates are read.
func (f *file) evidence() (evidence, error) {
	var d evidence
	rows, err := f.open()
	if err != nil {
		return d, err
	}
	for {
		row, err := rows.Read()
		var broken *delimited.RowError
		switch {
		case errors.Is(err, io.EOF):
			return d, nil
		case errors.As(err, &broken):
			continue
		case err != nil:
			return d, fmt.Errorf("reading the deck: %w", err)
		}
		for _, m := range amounts {
			if at := f.layout.at[m]; at >= 0 && at < len(row.Fields) {
				d.see(row.Line, row.Fields[at])
			}
		}
		if at := f.layout.at[grace]; at >= 0 && at < len(row.Fields) {
			switch string(unwrap(row.Fields[at])) {
			case "", "0", "1":
			default:
				d.graceSeconds = true
			}
		}
	}
}

// empty reports whether a row has nothing in any cell: spreadsheets leave such
// rows at the end.
func empty(fields [][]byte) bool {
	for _, f := range fields {
		if len(bytes.TrimSpace(f)) > 0 {
			return false
		}
	}
	return true
}
