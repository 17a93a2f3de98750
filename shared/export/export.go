// Package export writes rated records as files for other programs: CSV, and
// Parquet for analysis. Both have the same columns in the same order; amounts
// and instants are exact, and a file is written as its records come.
package export

import (
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/call"
)

// Format is what a file is written as.
type Format string

// The formats. A text in CSV that a spreadsheet would run gets a leading
// apostrophe; raw CSV, for programs, has every text as it is.
const (
	Parquet Format = "parquet"
	CSV     Format = "csv"
	RawCSV  Format = "csv_raw"
)

// Valid reports whether f is one of the formats.
func (f Format) Valid() bool { return f == Parquet || f == CSV || f == RawCSV }

// Suffix returns what names of files of f end in.
func (f Format) Suffix() string {
	if f == Parquet {
		return ".parquet"
	}
	return ".csv"
}

// ContentType returns the media type of files of f.
func (f Format) ContentType() string {
	if f == Parquet {
		return "application/vnd.apache.parquet"
	}
	return "text/csv; charset=utf-8"
}

// Record is a rated or unrated row and what a file says of it beside. Its Row
// has the statuses rated, unrated, duplicate and superseded.
type Record struct {
	Row         *call.Row
	Batch       string // id of the batch that brought it
	Period      string // id of the period it falls in
	Image       string // card image it was priced under; may be empty
	Destination string // name that the card gives where it was matched; may be empty
	Currency    string // of the amounts; of rated rows
	// Folded says that the month was folded: Row.Covered and Row.Due of a rated
	// row then are what bundles left.
	Folded bool
}

// Writer writes records to one file.
type Writer interface {
	// Write adds a record, which it does not keep. After an error it returns
	// that error again.
	Write(*Record) error
	// Close writes what is left: a file without it is not whole. It does not
	// close what is written to.
	Close() error
}

// New begins a file. Decimals, 0 to money.MaxDecimals, is how finely its
// amounts are counted: that of the finest card among its records. In Parquet an
// amount with more, or with more than 38 digits in all, is an error, never
// rounded.
func New(f Format, w io.Writer, decimals int) (Writer, error) {
	switch f {
	case Parquet:
		return newParquet(w, decimals)
	case CSV, RawCSV:
		return newCSV(w, decimals, f == RawCSV)
	}
	return nil, fmt.Errorf("format %q: want %s, %s or %s", f, Parquet, CSV, RawCSV)
}
