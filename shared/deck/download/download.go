// Package download writes the rates of a card as a file that a person changes and
// uploads again: the package deck has every rate back from it as it was, and
// without a change the upload changes nothing.
package download

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// Format is a kind of file.
type Format string

// The formats. JSON is the open rate card (github.com/connexcs/open-rate-card).
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
	JSON Format = "json"
)

// ContentType is the media type of the format.
func (f Format) ContentType() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case JSON:
		return "application/json"
	}
	return "application/octet-stream"
}

// About says whose rates they are.
type About struct {
	Card     string
	Revision int       // from 1
	Currency string    // ISO 4217; empty: not known, and the file does not say
	Date     time.Time // of the download
}

// ErrTooMany says that a workbook has no room for the rates.
var ErrTooMany = errors.New("a sheet of a workbook holds 1,048,575 rates and a header: download CSV or JSON")

const maxSheetRates = 1<<20 - 1 // rows of a sheet, without the header

// File is a download about to be written: what has to be known of all rates
// before the first is written.
type File struct {
	format  Format
	about   About
	columns []*column
	count   int64

	// Of the open rate card.
	decimals             int // of the prices
	interval1, intervalN uint32
	uneven               bool  // the intervals differ
	from, to             int64 // of the first rate that begins, of the last that ends; 0: open
}

// New goes through the rates once. An error of rates, or a rate that cannot be
// had back from a file, is an error, so that nothing is written of it.
func New(format Format, about About, rates iter.Seq2[rating.Rate, error]) (*File, error) {
	f := &File{format: format, about: about}
	switch format {
	case CSV, XLSX, JSON:
	default:
		return nil, fmt.Errorf("a download as %.20q: want csv, xlsx or json", string(format))
	}
	needed := make([]bool, len(columns))
	same := true // price 1 is price N
	for r, err := range rates {
		if err != nil {
			return nil, fmt.Errorf("reading the rates to download after %d: %w", f.count, err)
		}
		if err := check(&r); err != nil {
			return nil, fmt.Errorf("downloading the rate of prefix %.20q: %w", r.Prefix, err)
		}
		for i := range columns {
			needed[i] = needed[i] || columns[i].used == nil || columns[i].used(&r)
		}
		if format == JSON {
			same = same && r.Price1 == r.PriceN
			f.look(&r)
		}
		if f.count++; f.count > maxSheetRates && format == XLSX {
			return nil, ErrTooMany
		}
	}
	for i := range columns {
		if c := &columns[i]; needed[i] || c.used == nil {
			f.columns = append(f.columns, c)
		}
	}
	if format == JSON && same {
		f.onePrice()
	}
	if format != JSON && about.Currency != "" {
		f.columns = append(f.columns, &column{header: "Currency", holds: text, cell: func(b []byte, _ *rating.Rate) []byte { return append(b, about.Currency...) }})
	}
	return f, nil
}

// look keeps what the head of an open rate card says of its rates.
func (f *File) look(r *rating.Rate) {
	for _, p := range [...]money.Price{r.Price1, r.PriceN} {
		f.decimals = max(f.decimals, p.Amount().Trim().Decimals())
	}
	if r.Kind == call.Voice && len(r.Tiers) == 0 {
		switch {
		case f.intervalN == 0 && f.interval1 == 0:
			f.interval1, f.intervalN = r.Interval1, r.IntervalN
		case f.interval1 != r.Interval1 || f.intervalN != r.IntervalN:
			f.uneven = true
		}
	}
	first := f.count == 0
	if r.From == 0 || first || f.from != 0 && r.From < f.from {
		f.from = r.From
	}
	if r.To == 0 || first || f.to != 0 && r.To > f.to {
		f.to = r.To
	}
}

// onePrice makes the two columns of prices one, named as the open rate card has it.
func (f *File) onePrice() {
	i := slices.IndexFunc(f.columns, func(c *column) bool { return c.field == "price_1" })
	rate := *f.columns[i]
	rate.field = "rate"
	f.columns = slices.Replace(f.columns, i, i+2, &rate)
}

// Name is what the file is called.
func (f *File) Name() string {
	return fmt.Sprintf("%s-%d.%s", f.about.Card, f.about.Revision, f.format)
}

// encoder writes the rows of a format.
type encoder interface {
	begin(*File) error
	// cell writes a cell; the text is good until it returns.
	cell(c *column, text []byte) error
	endRow() error
	end() error
}

// Write writes the same rates again. Other rates are an error: then what was
// written is no file.
func (f *File) Write(w io.Writer, rates iter.Seq2[rating.Rate, error]) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var e encoder
	switch f.format {
	case CSV:
		e = &csvEncoder{out: out}
	case XLSX:
		e = newXLSX(out)
	default:
		e = &jsonEncoder{out: out}
	}
	err := f.write(e, rates)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.Name(), err)
	}
	return nil
}

var errChanged = errors.New("the rates are others than before")

func (f *File) write(e encoder, rates iter.Seq2[rating.Rate, error]) error {
	if err := e.begin(f); err != nil {
		return err
	}
	var count int64
	var buf, shown []byte
	for r, err := range rates {
		if err != nil {
			return err
		}
		if count++; count > f.count || !f.fits(&r) {
			return errChanged
		}
		for _, c := range f.columns {
			buf = c.cell(buf[:0], &r)
			cell := buf
			if c.holds == name && f.format != JSON {
				shown = appendName(shown[:0], buf)
				cell = shown
			}
			if err := e.cell(c, cell); err != nil {
				return err
			}
		}
		if err := e.endRow(); err != nil {
			return err
		}
	}
	if count != f.count {
		return errChanged
	}
	return e.end()
}

// fits reports whether the columns hold all of a rate.
func (f *File) fits(r *rating.Rate) bool {
	for i := range columns {
		if c := &columns[i]; c.used != nil && c.used(r) && !slices.Contains(f.columns, c) {
			return false
		}
	}
	return true
}
