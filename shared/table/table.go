// Package table reads the rows of any file of tables that carriers send: text
// with delimiters in any encoding, workbooks, JSON. Everything comes out as
// rows of UTF-8 cells; what a cell means is for others to say. What had to be
// guessed is said with its evidence, and can be given instead.
package table

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// Format is what a file is, found by its bytes.
type Format string

// The formats that are read.
const (
	CSV  Format = "csv"  // text with delimiters
	XLSX Format = "xlsx" // Office Open XML, with macros (.xlsm) too
	XLS  Format = "xls"  // BIFF8, Excel 97 to 2003
	JSON Format = "json" // a rate card, price lists, a list of objects
)

// Options says what need not be guessed.
type Options struct {
	Delimiter byte   // of CSV, ASCII but no quote or line break; 0 = found from the text
	Charset   string // of CSV and JSON, by its name in WHATWG's Encoding standard; "" = found from the text
	Limits    Limits
}

// Limits bounds what a file may take. Zero fields have the defaults given.
type Limits struct {
	Bytes    int64 // of the file: 512 MiB
	Unpacked int64 // of all that a workbook holds, unpacked: 2 GiB
	Rows     int64 // of a sheet: 10,000,000
	Columns  int   // of a row: 1024
	Cell     int   // bytes of a cell: 256 KiB; a row may have four times that
	Sheets   int   // of a workbook, hidden ones included: 256
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes:    cmp.Or(l.Bytes, 512<<20),
		Unpacked: cmp.Or(l.Unpacked, 2<<30),
		Rows:     cmp.Or(l.Rows, 10_000_000),
		Columns:  cmp.Or(l.Columns, 1024),
		Cell:     cmp.Or(l.Cell, 256<<10),
		Sheets:   cmp.Or(l.Sheets, 256),
	}
}

// row is how many bytes a row may have.
func (l Limits) row() int { return 4 * l.Cell }

// tables is what a format's reader knows of a file.
type tables interface {
	sheets() []string
	rows(sheet int) (rowReader, error)
}

// rowReader reads one sheet, as Rows does.
type rowReader interface {
	next() (Row, error)
	close() error
}

// File is an open file of tables. It is for one goroutine.
type File struct {
	in        *input
	limits    Limits
	format    Format
	tables    tables
	delimiter byte
	charset   string
	guesses   []string
	warnings  []string
	facts     map[string]string
}

// Open recognises a file by its bytes, never by its name. A *FileError says
// that it can never be read, and what a person can do about it; any other
// error is one of reading r.
func Open(r io.ReaderAt, size int64, o Options) (*File, error) {
	if d := o.Delimiter; d == '"' || d == '\n' || d == '\r' || d >= utf8.RuneSelf {
		return nil, fmt.Errorf("delimiter %q: want a character of ASCII that is no quote or line break", d)
	}
	f := &File{in: &input{r: r, size: size, left: -1}, limits: o.Limits.withDefaults()}
	if err := f.open(o); err != nil {
		return nil, f.in.judge(err)
	}
	return f, nil
}

func (f *File) open(o Options) error {
	switch {
	case f.in.size == 0:
		return errEmpty
	case f.in.size > f.limits.Bytes:
		return &FileError{fmt.Sprintf("the file has %d bytes, more than %d", f.in.size, f.limits.Bytes), "split it into files of fewer rows"}
	}
	head, err := f.in.head(headBytes)
	if err != nil {
		return err
	}
	kind, err := recognise(head)
	if err != nil {
		return err
	}
	switch kind {
	case zipped:
		return f.openXLSX()
	case compound:
		return f.openCompound()
	}
	return f.openText(o)
}

// Format returns what the file is.
func (f *File) Format() Format { return f.format }

// Delimiter returns what stands between the cells of CSV; "" for other formats.
func (f *File) Delimiter() string {
	if f.format != CSV {
		return ""
	}
	return string(rune(f.delimiter))
}

// Charset returns the encoding of CSV and JSON: "UTF-8", "windows-1252" …; ""
// for workbooks, which say themselves.
func (f *File) Charset() string { return f.charset }

// Guesses returns sentences: what the file does not say itself, and by what
// evidence it was taken so.
func (f *File) Guesses() []string { return slices.Clone(f.guesses) }

// Warnings returns sentences: what was passed over, and what looks as if
// something got lost before. All are there once every sheet was read to its end.
func (f *File) Warnings() []string { return slices.Clone(f.warnings) }

// Sheets returns the names of the visible sheets, in order. CSV, and JSON with
// one table, have one, "".
func (f *File) Sheets() []string { return slices.Clone(f.tables.sheets()) }

// Facts returns what JSON says beside its rows: the path of each value, such as
// "cards.default.currency", and its text. It has at most 1000, has no lists of
// objects, and never a password or another secret. It is nil for other formats.
func (f *File) Facts() map[string]string { return f.facts }

// Close ends the use of the file. The bytes it was opened on stay open.
func (f *File) Close() error {
	f.tables = closed{}
	return nil
}

// closed is what a closed file has.
type closed struct{}

func (closed) sheets() []string { return nil }

func (closed) rows(int) (rowReader, error) { return nil, fmt.Errorf("the file is closed") }

const maxWarnings = 100

// warn keeps a warning once, however often a sheet is read.
func (f *File) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if len(f.warnings) < maxWarnings && !slices.Contains(f.warnings, w) {
		f.warnings = append(f.warnings, w)
	}
}

func (f *File) guess(format string, args ...any) {
	f.guesses = append(f.guesses, fmt.Sprintf(format, args...))
}
