package table

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/tollbook/tollbook/shared/xls"
)

// openXLS opens a workbook of Excel 97 to 2003.
func (f *File) openXLS() error {
	l := f.limits
	book, err := xls.Open(f.in, f.in.size, xls.Limits{Bytes: l.Bytes, Sheets: l.Sheets, Columns: l.Columns, Cell: l.Cell, Strings: maxStrings})
	if err != nil {
		return badXLS(err)
	}
	b := &xlsBook{f: f, book: book}
	for i, s := range book.Sheets() {
		if s.Hidden {
			f.warn("sheet %.40q is passed over: it is hidden", s.Name)
			continue
		}
		b.names, b.at = append(b.names, s.Name), append(b.at, i)
	}
	if len(b.names) == 0 {
		return errNoSheet
	}
	f.format, f.tables = XLS, b
	return nil
}

// badXLS tells what the file says wrong from an error of reading it.
func badXLS(err error) error {
	bad, ok := errors.AsType[*xls.Error](err)
	if !ok {
		return err
	}
	text := bad.Error()
	if i := strings.LastIndex(text, ": "); i > len(text)-len(bad.Problem) {
		return &FileError{text[:i], text[i+2:]} // it says what to do
	}
	return &FileError{text, asXLSX}
}

// xlsBook is the visible sheets of an .xls file.
type xlsBook struct {
	f     *File
	book  *xls.Book
	names []string
	at    []int // of each in the book
}

func (b *xlsBook) sheets() []string { return b.names }

func (b *xlsBook) rows(sheet int) (rowReader, error) {
	next, stop := iter.Pull2(b.book.Rows(b.at[sheet]))
	return &xlsRows{f: b.f, pull: next, stop: stop}, nil
}

type xlsRows struct {
	f     *File
	pull  func() (xls.Row, error, bool)
	stop  func()
	cells [][]byte
	data  []byte
	parts []int // cells that are shown as percentages
}

func (x *xlsRows) next() (Row, error) {
	r, err, ok := x.pull()
	switch {
	case !ok:
		return Row{}, io.EOF
	case err != nil:
		return Row{}, badXLS(err)
	}
	x.cells, x.data, x.parts = x.cells[:0], x.data[:0], x.parts[:0]
	for _, c := range r.Cells {
		for len(x.cells) < c.Column {
			x.cells = append(x.cells, nil)
		}
		from := len(x.data)
		x.data = append(x.data, c.Text...)
		x.cells = append(x.cells, x.data[from:len(x.data):len(x.data)])
		if c.Percent {
			x.parts = append(x.parts, c.Column)
		}
		if len(x.data) > x.f.limits.row() {
			return Row{Line: int64(r.Number), Cells: x.cells}, &RowError{Line: int64(r.Number), Want: fmt.Sprintf("a row of at most %d bytes", x.f.limits.row())}
		}
	}
	return Row{int64(r.Number), x.cells, x.parts}, nil
}

func (x *xlsRows) close() error {
	x.stop()
	return nil
}
