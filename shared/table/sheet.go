package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/xls"
)

const (
	maxSheetRows    = 1 << 20 // what .xlsx allows
	maxSheetColumns = 1 << 14
)

// sheetRows reads the cells of a sheet from its part.
type sheetRows struct {
	w      *workbook
	sheet  xlsxSheet
	part   io.ReadCloser
	x      *xmlReader
	begun  bool // inside the element of the rows
	ended  bool // behind it
	line   int64
	hidden int64 // rows
	merged int64 // areas
	cells  [][]byte
	data   []byte // what the cells of a row hold that is not shared
	stored []byte // what is stored of a cell
	parts  []int  // cells of a row that are shown as percentages
	bad    *RowError
}

func (s *sheetRows) close() error { return s.part.Close() }

func (s *sheetRows) next() (Row, error) {
	row, err := s.read()
	if _, bad := errors.AsType[*RowError](err); err == nil || err == io.EOF || bad {
		return row, err
	}
	return row, badPart(s.sheet.part, err)
}

// read returns the next row with cells. The part is read to its end, so that
// its checksum is known to be right.
func (s *sheetRows) read() (Row, error) {
	for {
		kind, err := s.x.next()
		switch {
		case err == io.EOF:
			s.warn()
			if !s.ended {
				return Row{}, errors.New("it is no sheet of cells")
			}
			return Row{}, io.EOF
		case err != nil:
			return Row{}, err
		}
		name := string(s.x.name)
		switch {
		case kind == xmlText: // between tags; the name is still that of the last one
		case name == "sheetData":
			s.begun, s.ended = kind == xmlStart, kind == xmlEnd
		case kind != xmlStart:
		case name == "mergeCell" && s.ended:
			s.merged++
		case name == "row" && s.begun:
			row, err := s.row()
			if err != nil {
				return row, err
			}
			if len(row.Cells) > 0 {
				return row, nil
			}
		}
	}
}

// warn says what the sheet has that its cells do not show.
func (s *sheetRows) warn() {
	if s.hidden > 0 {
		s.w.f.warn("sheet %.40q has %d hidden rows: they are read like the others", s.sheet.name, s.hidden)
	}
	if s.merged > 0 {
		s.w.f.warn("sheet %.40q has %d merged areas: only the first cell of each has a value", s.sheet.name, s.merged)
	}
}

// row reads the row whose start tag is at hand.
func (s *sheetRows) row() (Row, error) {
	if isTrue(s.x.attr("hidden")) {
		s.hidden++
	}
	line := s.line + 1
	if r := s.x.attr("r"); len(r) > 0 {
		n, err := strconv.ParseInt(string(r), 10, 64)
		if err != nil || n <= s.line || n > maxSheetRows {
			return Row{}, fmt.Errorf("row %.20q after row %d", r, s.line)
		}
		line = n
	} else if line > maxSheetRows {
		return Row{}, fmt.Errorf("more than %d rows", maxSheetRows)
	}
	s.line, s.bad = line, nil
	s.cells, s.data, s.parts = s.cells[:0], s.data[:0], s.parts[:0]
	for depth := len(s.x.ends); len(s.x.ends) >= depth; {
		kind, err := s.x.next()
		if err != nil {
			return Row{}, noEOF(err)
		}
		if kind == xmlStart {
			if string(s.x.name) == "c" {
				err = s.cell()
			} else {
				err = s.x.skip()
			}
			if err != nil {
				return Row{}, err
			}
		}
	}
	n := len(s.cells)
	for n > 0 && len(s.cells[n-1]) == 0 {
		n--
	}
	if s.bad != nil {
		return Row{Line: line, Cells: s.cells[:n]}, s.bad
	}
	return Row{line, s.cells[:n], s.parts}, nil
}

// refuse keeps the first thing that is wrong with the row.
func (s *sheetRows) refuse(column int, value []byte, want string) {
	if s.bad == nil {
		s.bad = &RowError{s.line, column, clip(value), want}
	}
}

// cell reads the cell whose start tag is at hand.
func (s *sheetRows) cell() error {
	column := len(s.cells) + 1
	if ref := s.x.attr("r"); len(ref) > 0 {
		n, line := addressOf(ref)
		switch {
		case n == 0:
			s.refuse(0, ref, "the address of a cell in one of the columns A to XFD")
			return s.x.skip()
		case line != s.line:
			s.refuse(n, ref, "a cell of the row that it is in")
			return s.x.skip()
		case n < column:
			s.refuse(n, ref, "each cell once, from left to right")
			return s.x.skip()
		}
		column = n
	}
	if column > s.w.f.limits.Columns {
		return s.beyond(column)
	}
	for len(s.cells) < column {
		s.cells = append(s.cells, nil)
	}
	kind := kindOf(s.x.attr("t"))
	style := 0
	if b := s.x.attr("s"); len(b) > 0 {
		n, err := strconv.Atoi(string(b))
		if err != nil {
			return fmt.Errorf("style %.20q of a cell", b)
		}
		style = n
	}
	formula, stored, err := s.content()
	switch {
	case err != nil:
		return err
	case !stored && formula:
		s.refuse(column, nil, "the value of the formula: open the workbook in a spreadsheet program and save it")
		return nil
	case !stored || len(s.stored) == 0:
		return nil
	case len(s.stored) > s.w.f.limits.Cell:
		s.refuse(column, s.stored, fmt.Sprintf("a cell of at most %d bytes", s.w.f.limits.Cell))
		s.show(column)
		return nil
	}
	value, want := s.value(kind, style)
	switch {
	case want != "":
		s.refuse(column, s.stored, want)
		s.show(column)
		return nil
	case !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0:
		s.refuse(column, value, "UTF-8 text without NUL")
		s.show(column)
		return nil
	}
	s.cells[column-1] = value
	if kind == numberCell && style < len(s.w.percents) && s.w.percents[style] {
		s.parts = append(s.parts, column-1)
	}
	if len(s.data) > s.w.f.limits.row() {
		s.refuse(0, nil, fmt.Sprintf("a row of at most %d bytes", s.w.f.limits.row()))
		clear(s.cells) // what they hold is written over
		s.data = s.data[:0]
	}
	return nil
}

// show gives the cell of a bad row what is stored there, shortened.
func (s *sheetRows) show(column int) {
	s.cells[column-1] = []byte(strings.ReplaceAll(clip(s.stored), "\x00", "\uFFFD"))
}

// beyond passes over a cell behind the last column that is allowed; one with
// nothing in it is no harm.
func (s *sheetRows) beyond(column int) error {
	_, stored, err := s.content()
	if err == nil && stored && len(s.stored) > 0 && s.bad == nil {
		s.refuse(0, fmt.Appendf(nil, "a value in column %d", column), fmt.Sprintf("at most %d columns", s.w.f.limits.Columns))
	}
	return err
}

// content reads what is stored of the cell at hand, at most one byte more than
// a cell may have.
func (s *sheetRows) content() (formula, stored bool, err error) {
	s.stored = s.stored[:0]
	most := s.w.f.limits.Cell + 1
	for depth := len(s.x.ends); len(s.x.ends) >= depth; {
		kind, err := s.x.next()
		switch {
		case err != nil:
			return false, false, noEOF(err)
		case kind != xmlStart:
			continue
		}
		switch string(s.x.name) {
		case "v":
			stored = true
			s.stored, err = s.x.elementText(s.stored[:0], most)
		case "is":
			stored = true
			s.stored, err = s.x.richText(s.stored[:0], most)
		case "f":
			formula = true
			err = s.x.skip()
		default:
			err = s.x.skip()
		}
		if err != nil {
			return false, false, err
		}
	}
	return formula, stored, nil
}

// addressOf returns the column, from 1, and the row of an address such as
// "AB12"; column 0 = it is none.
func addressOf(ref []byte) (column int, line int64) {
	n := 0
	for ; n < len(ref) && ref[n]|0x20 >= 'a' && ref[n]|0x20 <= 'z' && column <= maxSheetColumns; n++ {
		column = 26*column + int(ref[n]|0x20-'a') + 1
	}
	line, err := strconv.ParseInt(string(ref[n:]), 10, 64)
	if err != nil || column > maxSheetColumns {
		return 0, 0
	}
	return column, line
}

// cellKind is how a cell is stored (ECMA-376 part 1, 18.18.11).
type cellKind uint8

const (
	numberCell cellKind = iota
	sharedCell
	textCell
	inlineCell
	boolCell
	dateCell
	unknownCell
)

func kindOf(t []byte) cellKind {
	switch string(t) {
	case "", "n":
		return numberCell
	case "s":
		return sharedCell
	case "str", "e":
		return textCell
	case "inlineStr":
		return inlineCell
	case "b":
		return boolCell
	case "d":
		return dateCell
	}
	return unknownCell
}

// value returns the text of what is stored, or what should be there.
func (s *sheetRows) value(kind cellKind, style int) (value []byte, want string) {
	from := len(s.data)
	ok := true
	switch kind {
	case sharedCell:
		i, err := strconv.ParseUint(string(s.stored), 10, 32)
		if err == nil {
			value, ok = s.w.shared.get(i)
		}
		if err != nil || !ok {
			return nil, "the number of one of the workbook's texts"
		}
		return value, ""
	case textCell:
		s.data = append(s.data, plainText(s.stored)...)
	case inlineCell:
		s.data = append(s.data, s.stored...)
	case boolCell:
		if isTrue(s.stored) {
			s.data = append(s.data, "TRUE"...)
		} else {
			s.data = append(s.data, "FALSE"...)
		}
	case dateCell:
		if s.data, ok = appendISO(s.data, s.stored); !ok {
			return nil, "a date such as 2026-09-23"
		}
	case numberCell:
		stored := bytes.TrimSpace(s.stored)
		if style < len(s.w.dates) && s.w.dates[style] {
			serial, err := strconv.ParseFloat(string(stored), 64)
			if text, isDate := xls.DateText(serial, s.w.date1904); err == nil && isDate {
				s.data = append(s.data, text...)
				break
			}
		}
		if s.data, ok = appendStored(s.data, stored); !ok {
			return nil, "a number"
		}
	default:
		return nil, "a cell that is a number, a text, a date, true or false"
	}
	return s.data[from:len(s.data):len(s.data)], ""
}

// appendISO appends a date of ISO 8601 as xls.DateText writes one.
func appendISO(to, stored []byte) ([]byte, bool) {
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00"} {
		t, err := time.Parse(layout, string(stored))
		switch {
		case err != nil:
			continue
		case t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0:
			return t.AppendFormat(to, time.DateOnly), true
		}
		return t.AppendFormat(to, time.DateTime), true
	}
	return to, false
}
