package xls

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// cells adds the cells of the record at hand.
func (s *rows) cells() error {
	d := s.data
	column, format := int(binary.LittleEndian.Uint16(d[2:])), binary.LittleEndian.Uint16(d[4:])
	switch s.id {
	case idMulRK:
		return s.mulRK(column)
	case idRK:
		return s.number(column, format, rk(binary.LittleEndian.Uint32(d[6:])))
	case idNumber:
		return s.number(column, format, math.Float64frombits(binary.LittleEndian.Uint64(d[6:])))
	case idLabelSST:
		i := binary.LittleEndian.Uint32(d[6:])
		if i >= uint32(len(s.book.texts)) {
			return s.damaged(column, "it has text %d of %d", i, len(s.book.texts))
		}
		return s.add(column, KindText, s.book.texts[i])
	case idLabel, idRString:
		s.data = d[6:]
		return s.text(column)
	case idBoolErr:
		return s.boolErr(column, d[6], d[7])
	default:
		return s.formula(column, format)
	}
}

// mulRK adds a run of numbers, [MS-XLS] 2.4.175.
func (s *rows) mulRK(first int) error {
	d := s.data[4:]
	last := int(binary.LittleEndian.Uint16(d[len(d)-2:]))
	if (len(d)-2)%6 != 0 || last-first+1 != (len(d)-2)/6 {
		return s.damaged(first, "a run of numbers up to column %d has %d bytes", last+1, len(d))
	}
	for i := range last - first + 1 {
		v := rk(binary.LittleEndian.Uint32(d[6*i+2:]))
		if err := s.number(first+i, binary.LittleEndian.Uint16(d[6*i:]), v); err != nil {
			return err
		}
	}
	return nil
}

// formula adds what a formula last came to, [MS-XLS] 2.5.133.
func (s *rows) formula(column int, format uint16) error {
	value := s.data[6:14]
	if binary.LittleEndian.Uint16(value[6:]) != 0xFFFF {
		return s.number(column, format, math.Float64frombits(binary.LittleEndian.Uint64(value)))
	}
	switch value[0] {
	case 0:
		return s.formulaText(column)
	case 1, 2:
		return s.boolErr(column, value[2], value[0]-1)
	case 3:
		return nil // an empty text
	default:
		return s.damaged(column, "its formula came to a value of kind %d", value[0])
	}
}

// formulaText adds the text of the record that follows a formula.
func (s *rows) formulaText(column int) error {
	for {
		if err := s.records.next(); err != nil {
			return err
		}
		switch s.id {
		case idContinue, idSharedFmla, idArray, idTable, idTable2:
		case idString:
			if err := s.load(3); err != nil {
				return err
			}
			return s.text(column)
		default:
			return s.damaged(column, "the text that its formula came to is missing")
		}
	}
}

// text adds the text at hand.
func (s *rows) text(column int) error {
	var err error
	if s.scratch, err = s.appendText(s.scratch[:0], 2, s.book.limits.Cell); err != nil {
		return err
	}
	return s.add(column, KindText, string(s.scratch))
}

func (s *rows) number(column int, format uint16, v float64) error {
	// Programs that write no formats at all mean plain numbers.
	if len(s.book.dates) > 0 {
		if int(format) >= len(s.book.dates) {
			return s.damaged(column, "it has format %d of %d", format, len(s.book.dates))
		}
		if s.book.dates[format] {
			if text, ok := DateText(v, s.book.epoch); ok {
				return s.add(column, KindDate, text)
			}
		}
		if s.book.parts[format] {
			return s.put(Cell{column, KindNumber, Number(v), true})
		}
	}
	return s.add(column, KindNumber, Number(v))
}

// errorNames are those of [MS-XLS] 2.5.10.
var errorNames = map[byte]string{
	0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}

func (s *rows) boolErr(column int, v, isError byte) error {
	if isError != 0 {
		name, ok := errorNames[v]
		if !ok {
			return s.damaged(column, "it holds error %d, which does not exist", v)
		}
		return s.add(column, KindError, name)
	}
	if v > 1 {
		return s.damaged(column, "it is a boolean of %d", v)
	}
	return s.add(column, KindBool, [...]string{"FALSE", "TRUE"}[v])
}

// add puts a cell into its row.
func (s *rows) add(column int, k Kind, text string) error {
	return s.put(Cell{Column: column, Kind: k, Text: text})
}

// put puts a cell into its row. Some programs write the cells of a row in the
// order in which they were set.
func (s *rows) put(c Cell) error {
	l, column := s.book.limits, c.Column
	switch {
	case s.row.Number > l.Rows:
		return s.fault(s.row.Number, column, "only %d rows are read: split the sheet", l.Rows)
	case column >= l.Columns:
		return s.fault(s.row.Number, column, "only %d columns are read: delete those that are not needed", l.Columns)
	case len(c.Text) > l.Cell:
		return s.fault(s.row.Number, column, "its text has more than %d bytes: shorten it", l.Cell)
	case c.Text == "":
		return nil
	}
	i := len(s.row.Cells)
	if i > 0 && s.row.Cells[i-1].Column >= column {
		var there bool
		i, there = slices.BinarySearchFunc(s.row.Cells, column, func(c Cell, column int) int { return c.Column - column })
		if there {
			return s.damaged(column, "it is there twice")
		}
	}
	s.row.Cells = slices.Insert(s.row.Cells, i, c)
	return nil
}

// fault returns an *Error for a cell; the row is from 1, the column from 0.
func (s *rows) fault(row, column int, format string, args ...any) error {
	return &Error{Cell: columnName(column) + strconv.Itoa(row), Problem: fmt.Sprintf(format, args...)}
}

// damaged returns an *Error for a cell of the row at hand.
func (s *rows) damaged(column int, format string, args ...any) error {
	err := damage(format, args...).(*Error)
	err.Cell = columnName(column) + strconv.Itoa(s.row.Number)
	return err
}

// columnName returns A for 0, Z for 25, AA for 26.
func columnName(column int) string {
	name := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}
