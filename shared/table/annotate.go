package table

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// Column is one that a file gets beside those that it has.
type Column struct {
	Sheet int   // that has it, as Sheets counts
	Begin int64 // the line of its header; of a sheet without one, the line before its first row
	Bare  bool  // there is no header
	Width int   // how many columns there are
	Place int   // from 0: Width of a new one; else the one that is written anew
	Name  string
	// UTF8 has text written as UTF-8 with a byte order mark, whatever it was.
	UTF8 bool
	// Text returns the cell of a row, in one line. It is called for ascending lines, for each
	// row below Begin once.
	Text func(line int64) string
}

// mark begins a cell that stands below no header: what it is has to be seen
// from itself.
func (c *Column) mark() string { return c.Name + ": " }

// cells returns a row with its cell of the column. One with more cells than the
// columns keeps them all: what is wrong with it stands behind them.
func (c *Column) cells(row Row) [][]byte {
	cells := row.Cells
	switch {
	case row.Line < c.Begin || row.Line == c.Begin && c.Bare:
		return cells
	case row.Line == c.Begin:
		return put(cells, c.Place, c.Name)
	}
	if n := len(cells); n > 0 && bytes.HasPrefix(cells[n-1], []byte(c.mark())) {
		cells = cells[:n-1]
	}
	text := c.Text(row.Line)
	switch wide := len(cells) > c.Width; {
	case wide && text == "":
		return cells
	case wide:
		return put(cells, len(cells), c.mark()+text)
	case c.Bare && text != "":
		text = c.mark() + text
	}
	return put(cells, c.Place, text)
}

// put sets a cell, behind empty ones where the row is shorter.
func put(cells [][]byte, at int, text string) [][]byte {
	cells = slices.Clone(cells)
	for len(cells) <= at {
		cells = append(cells, nil)
	}
	cells[at] = []byte(text)
	return cells
}

// Annotate writes the file again with a column more. Every row is there, on the
// line where it was, also one that cannot be read; its cells are the same, those
// of workbooks as text. The format is that of the file, but for XLS, which becomes
// XLSX. Hidden sheets are left out.
func (f *File) Annotate(w io.Writer, c Column) error {
	switch f.format {
	case CSV:
		return f.annotateCSV(w, &c)
	case JSON:
		return f.annotateJSON(w, &c)
	}
	return f.annotateBook(w, &c)
}

// each calls do for every row of a sheet, also for those that cannot be read.
func (f *File) each(sheet int, do func(Row) error) (err error) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		row, err := rows.Next()
		if _, bad := errors.AsType[*RowError](err); bad {
			err = nil
		}
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = do(row)
		}
		if err != nil {
			return err
		}
	}
}
