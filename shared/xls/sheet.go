package xls

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Rows returns the rows of a sheet that have cells, by number, ascending, and
// from the beginning as often as it is asked. An error ends them; sheet is an
// index of Sheets.
func (b *Book) Rows(sheet int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if sheet < 0 || sheet >= len(b.sheets) {
			yield(Row{}, fmt.Errorf("the workbook has %d sheets, no sheet %d", len(b.sheets), sheet))
			return
		}
		s := &rows{book: b, sheet: b.sheets[sheet].Name}
		err := s.open(b.sheets[sheet].at)
		for err == nil {
			if err = s.next(); err == nil && !yield(s.row, nil) {
				return
			}
		}
		if err != io.EOF {
			yield(Row{}, s.reason(err))
		}
	}
}

// rows reads the rows of one sheet.
type rows struct {
	*records
	book    *Book
	sheet   string
	row     Row
	held    bool // the record at hand is of the row behind row
	ended   bool
	scratch []byte
}

// open goes to the sheet's records, which begin at an offset of the stream.
func (s *rows) open(at uint32) error {
	st, err := s.book.open()
	if err != nil {
		return err
	}
	s.records = &records{stream: st}
	if err := st.seek(int64(at)); err != nil {
		return err
	}
	if err := begin(s.records); err != nil {
		return err
	}
	if kind := binary.LittleEndian.Uint16(s.data[2:]); kind != worksheetType {
		return damage("where the sheet should be is a part of kind %04X", kind)
	}
	return nil
}

// reason says in which sheet an error came about.
func (s *rows) reason(err error) error {
	if s.records != nil {
		err = s.records.reason(err)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		e.Sheet = s.sheet
		return err
	}
	return fmt.Errorf("sheet %q: %w", s.sheet, err)
}

// next reads the next row that has cells; io.EOF says that there is none.
func (s *rows) next() error {
	s.row.Cells = s.row.Cells[:0]
	for !s.ended {
		if !s.held {
			if err := s.record(); err != nil {
				return err
			}
			if s.ended {
				break
			}
		}
		number := int(binary.LittleEndian.Uint16(s.data)) + 1
		if number != s.row.Number {
			if s.held = len(s.row.Cells) > 0; s.held {
				return nil
			}
			if number < s.row.Number {
				return s.fault(number, int(binary.LittleEndian.Uint16(s.data[2:])),
					"its row comes behind row %d: open the workbook in a spreadsheet program and save it again", s.row.Number)
			}
			s.row.Number = number
		}
		s.held = false
		if err := s.cells(); err != nil {
			return err
		}
	}
	if len(s.row.Cells) == 0 {
		return io.EOF
	}
	return nil
}

// leastSize returns the least size of a record of cells that are not blank; 0
// for any other record.
func leastSize(id uint16) int {
	switch id {
	case idBoolErr:
		return 8
	case idLabel, idRString:
		return 9
	case idRK, idLabelSST:
		return 10
	case idMulRK:
		return 12
	case idNumber, idFormula, idFormula3, idFormula4:
		return 14
	default:
		return 0
	}
}

// record goes to the next record; it is loaded if it is one of cells. Parts
// within the sheet, such as its charts, have cells of their own: no one sees them.
func (s *rows) record() error {
	for depth := 0; ; {
		if err := s.records.next(); err != nil {
			return err
		}
		switch s.id {
		case idBOF:
			depth++
			continue
		case idEOF:
			if depth == 0 {
				s.ended = true
				return nil
			}
			depth--
			continue
		}
		if depth > 0 {
			continue
		}
		if least := leastSize(s.id); least > 0 {
			return s.load(least)
		}
	}
}
