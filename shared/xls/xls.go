// Package xls reads workbooks of Excel 97 to 2003 (.xls, BIFF8): row by row, in
// bounded memory, the stored values and never what a format makes of them.
//
// The format is [MS-XLS]; the container around it is [MS-CFB]. Texts are
// UTF-16 or its lower half in BIFF8, whatever code page a workbook names.
// Macros, charts and pictures are passed over unread.
//
// [MS-XLS]: https://learn.microsoft.com/openspecs/office_file_formats/ms-xls
// [MS-CFB]: https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb
package xls

import (
	"fmt"
	"io"
)

// Limits bounds what a workbook may take. A field that is zero has its default.
type Limits struct {
	Bytes   int64 // of the file; default 128 MiB
	Sheets  int   // worksheets; default 1,000
	Columns int   // of a sheet; default 256, the most that the format has
	Rows    int   // the greatest number of a row; default 65,536, the most that the format has
	Cell    int   // bytes of one cell's text in UTF-8; default 128 KiB, more than Excel's 32,767 characters take
	Strings int64 // bytes in memory of the texts that cells share; default 64 MiB
}

// MaxRows and MaxColumns are what a sheet of the format can have. A sheet with
// MaxRows rows may have lost those behind them when it was saved.
const (
	MaxRows    = 65_536
	MaxColumns = 256
)

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 128 << 20
	}
	if l.Sheets <= 0 {
		l.Sheets = 1000
	}
	if l.Columns <= 0 || l.Columns > MaxColumns {
		l.Columns = MaxColumns
	}
	if l.Rows <= 0 || l.Rows > MaxRows {
		l.Rows = MaxRows
	}
	if l.Cell <= 0 {
		l.Cell = 128 << 10
	}
	if l.Strings <= 0 {
		l.Strings = 64 << 20
	}
	return l
}

// Error says that a workbook, or a sheet of it, can never be read as it is, and
// what a person can do about it. Any other error is one of reading the file.
type Error struct {
	Sheet   string // its name; empty for the workbook as a whole
	Cell    string // such as "C7"; empty where no cell is at hand
	Problem string // what is wrong, and what would be right
}

// Error names the sheet, the cell and the problem.
func (e *Error) Error() string {
	switch {
	case e.Sheet == "":
		return "not a readable workbook: " + e.Problem
	case e.Cell == "":
		return fmt.Sprintf("sheet %q: %s", e.Sheet, e.Problem)
	default:
		return fmt.Sprintf("sheet %q, cell %s: %s", e.Sheet, e.Cell, e.Problem)
	}
}

// refusal returns an *Error for the workbook as a whole.
func refusal(format string, args ...any) error {
	return &Error{Problem: fmt.Sprintf(format, args...)}
}

// damage returns an *Error for a file that breaks the rules of its format.
func damage(format string, args ...any) error {
	return &Error{Problem: "the file is damaged (" + fmt.Sprintf(format, args...) +
		"): open it in a spreadsheet program and save it again, or ask the sender for it once more"}
}

// Sheet is a worksheet of a workbook.
type Sheet struct {
	Name   string
	Hidden bool // by a person, or by a program so that no menu shows it
}

// Row is a row that has cells.
type Row struct {
	Number int    // from 1, as the spreadsheet shows it
	Cells  []Cell // by column, ascending; valid until the next row, but for their texts, which stay
}

// Cell is a cell that is not blank; an empty text is blank, too.
type Cell struct {
	Column int    // from 0, which is A
	Kind   Kind   // what the cell holds
	Text   string // valid UTF-8, never empty
	// Percent: its format shows a KindNumber as a percentage. Text is what is stored,
	// 0.1 of what is shown as 10%.
	Percent bool
}

// Kind is what a cell holds. A formula is what it last came to.
type Kind uint8

// The kinds of a cell.
const (
	KindText   Kind = iota + 1
	KindNumber      // as Number writes it; also where a format asks for a date and there is no such day
	KindDate        // a number that its format shows as a date or a time, as DateText writes it
	KindBool        // TRUE or FALSE
	KindError       // an error of the spreadsheet, such as #N/A
)

var kindNames = [...]string{"unknown", "text", "number", "date", "boolean", "error"}

// String returns the kind in a word.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[0]
}

// Book is an open workbook. It holds no more of it than its shared texts, and
// may be read by several goroutines at once if its io.ReaderAt may.
type Book struct {
	src    io.ReaderAt
	size   int64
	limits Limits
	sheets []sheet
	texts  []string // shared by cells; see appendText for those beyond Limits.Cell
	dates  []bool   // by cell format (XF): whether it shows a date
	parts  []bool   // by cell format, too: whether it shows a percentage
	epoch  bool     // days are counted from 1904
}

type sheet struct {
	Sheet
	at uint32 // where its records begin in the stream
}

// Open reads the workbook's directory, formats and shared texts from the size
// bytes of r, which stay in use until the book is done with. It returns an
// *Error for a file that can never be read: no workbook, one of Excel 95 or
// older, encrypted, damaged, or beyond a limit.
func Open(r io.ReaderAt, size int64, l Limits) (*Book, error) {
	b := &Book{src: r, size: size, limits: l.withDefaults()}
	if size > b.limits.Bytes {
		return nil, refusal("it has %d bytes, at most %d are read: split it, or save it as CSV", size, b.limits.Bytes)
	}
	s, err := b.open()
	if err != nil {
		return nil, err
	}
	if err := b.readGlobals(&records{stream: s}); err != nil {
		return nil, s.reason(err)
	}
	return b, nil
}

// Sheets returns the worksheets in the order of the workbook, hidden ones
// included; charts and macro sheets are none. There is at least one.
func (b *Book) Sheets() []Sheet {
	out := make([]Sheet, len(b.sheets))
	for i, s := range b.sheets {
		out[i] = s.Sheet
	}
	return out
}
