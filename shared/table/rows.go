package table

import (
	"errors"
	"fmt"
	"io"
)

// Row is one row of a sheet.
type Row struct {
	// Line is where the row is, from 1: of CSV the physical line on which it
	// begins, of a workbook the number of the row, of JSON the place in the
	// list, the header being 1.
	Line int64
	// Cells are UTF-8 without NUL, valid until the next Next. A workbook's rows
	// have no empty cells at their end.
	Cells [][]byte
	// Percent are the cells, by index and ascending, whose number a workbook shows as
	// a percentage: what is shown as 10% is stored, and read, as 0.1.
	Percent []int
}

// Rows reads the rows of a sheet in order.
type Rows struct {
	f     *File
	sheet int
	rows  rowReader
	count int64
	last  int64 // line of the last row
	err   error // what ended the reading
}

// Rows reads a sheet, of those that Sheets names, from its beginning, as often
// as asked. Close one Rows before the next is asked for.
func (f *File) Rows(sheet int) (*Rows, error) {
	if n := len(f.tables.sheets()); sheet < 0 || sheet >= n && n > 0 {
		return nil, fmt.Errorf("sheet %d: want one of 0 to %d", sheet, n-1)
	}
	f.in.err = nil // what failed to be read may be read now
	rows, err := f.tables.rows(sheet)
	if err != nil {
		return nil, f.in.judge(err)
	}
	return &Rows{f: f, sheet: sheet, rows: rows}, nil
}

// Next returns the next row; blank lines, and rows of a workbook without any
// value, are passed over. A *RowError concerns one
// row, which comes with what could be read of it, and reading goes on; io.EOF is
// the end, and any other error ends the reading, too: a *FileError if the file
// can never be read further.
func (r *Rows) Next() (Row, error) {
	if r.err != nil {
		return Row{}, r.err
	}
	row, err := r.rows.next()
	bad, isBad := errors.AsType[*RowError](err)
	switch {
	case isBad:
		row.Line = bad.Line
	case err == io.EOF:
		r.err = io.EOF
		r.warnOfCut()
		return Row{}, r.err
	case err != nil:
		r.err = r.f.in.judge(err)
		return Row{}, r.err
	}
	if r.count++; r.count > r.f.limits.Rows {
		r.err = &FileError{fmt.Sprintf("more than %d rows", r.f.limits.Rows), "split the file into files of fewer rows"}
		return Row{}, r.err
	}
	if r.last = row.Line; isBad {
		return row, bad
	}
	if bad := r.f.limits.check(row); bad != nil {
		return row, bad
	}
	return row, nil
}

// check returns what is too large in a row.
func (l Limits) check(row Row) *RowError {
	if len(row.Cells) > l.Columns {
		return &RowError{Line: row.Line, Value: fmt.Sprintf("%d columns", len(row.Cells)), Want: fmt.Sprintf("at most %d columns", l.Columns)}
	}
	for i, c := range row.Cells {
		if len(c) > l.Cell {
			return &RowError{row.Line, i + 1, clip(c), fmt.Sprintf("a cell of at most %d bytes", l.Cell)}
		}
	}
	return nil
}

// warnOfCut says where a sheet ends exactly where spreadsheet programs cut.
func (r *Rows) warnOfCut() {
	for _, most := range []int64{1 << 16, 1 << 20} {
		if r.count == most || r.last == most {
			in := "the file"
			if name := r.f.tables.sheets()[r.sheet]; name != "" {
				in = fmt.Sprintf("sheet %q", name)
			}
			r.f.warn("%s ends at row %d, the most that some spreadsheet programs hold: rows may be missing", in, most)
		}
	}
}

// Close ends the reading.
func (r *Rows) Close() error {
	if r.err == nil {
		r.err = errors.New("the rows are closed")
	}
	return r.rows.close()
}
