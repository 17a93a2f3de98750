// Package xlstest writes workbooks of Excel 97 to 2003 for tests: sound ones,
// and such as no program would write. Only tests import it.
package xlstest

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Book is a workbook to be written.
type Book struct {
	Sheets    []Sheet
	Epoch1904 bool
	Split     int      // data bytes of a record of texts, before the next one goes on; 0 = 8,224, the most there may be
	Globals   []Record // further records, in front of the sheets' names
	Version   uint16   // of the format; 0 = 0x0600, BIFF8
}

// Sheet is a sheet to be written.
type Sheet struct {
	Name   string
	State  byte     // 0 shown, 1 hidden, 2 very hidden
	Kind   byte     // 0 worksheet, 1 macros, 2 chart, 6 module
	Rows   [][]any  // by row and column; see Write for what a cell may be
	Before []Record // records in front of the cells
	After  []Record // records behind the cells
	NoEnd  bool     // without its last record
}

// Record is one record of the stream.
type Record struct {
	ID   uint16
	Data []byte
}

// A cell of a row is nil (none), one of these, or a string (a shared text), an
// int (a number of 30 bits), a float64 or a bool.
type (
	Label string // a text in the cell itself
	Rich  string // a shared text with runs of fonts and a reading
	RK    uint32 // a number of 4 bytes
	RKs   []RK   // a run of them: one record for so many columns
	Error byte   // an error's number
	Blank int    // so many blank cells with a format
	Date  struct {
		Serial float64
		Format string // its code; empty: the built-in format 14
	}
	Formula struct {
		Value  any  // what it came to: nil (an empty text), float64, string, bool, Error, Date
		Shared bool // it is one of several cells that share a formula
	}
)

// Write writes the workbook into a container.
func (b Book) Write() []byte {
	return Container(Entry{"Workbook", b.Stream()})
}

// Stream writes the workbook's stream of records.
func (b Book) Stream() []byte {
	w := &writer{book: b, texts: map[any]uint32{}, formats: map[string]uint16{}}
	// The first part tells where the sheets begin, so its length has to be known.
	sheets := make([][]byte, len(b.Sheets))
	for i, s := range b.Sheets {
		sheets[i] = w.sheet(s)
	}
	places := make([]uint32, len(b.Sheets))
	at := uint32(len(w.globals(places)))
	for i, s := range sheets {
		places[i] = at
		at += uint32(len(s))
	}
	out := w.globals(places)
	for _, s := range sheets {
		out = append(out, s...)
	}
	return out
}

// writer collects what cells share.
type writer struct {
	book    Book
	shared  []any // string or Rich, in order
	texts   map[any]uint32
	codes   []string
	formats map[string]uint16 // number of the cell format by code
}

func (w *writer) globals(places []uint32) []byte {
	out := w.begin(0x0005)
	for _, r := range w.book.Globals {
		out = r.Append(out)
	}
	if w.book.Epoch1904 {
		out = Record{0x0022, []byte{1, 0}}.Append(out)
	}
	const firstCode = 164
	for i, code := range w.codes {
		out = Record{0x041E, text(u16(nil, uint16(firstCode+i)), code, 2)}.Append(out)
	}
	// Cell format 0 is general, 1 the built-in date, the rest the codes.
	for i := range 2 + len(w.codes) {
		number := uint16(firstCode + i - 2)
		if i < 2 {
			number = uint16(14 * i)
		}
		xf := make([]byte, 20)
		binary.LittleEndian.PutUint16(xf[2:], number)
		out = Record{0x00E0, xf}.Append(out)
	}
	for i, s := range w.book.Sheets {
		d := binary.LittleEndian.AppendUint32(nil, places[i])
		out = Record{0x0085, text(append(d, s.State, s.Kind), s.Name, 1)}.Append(out)
	}
	out = w.sst(out)
	return Record{0x000A, nil}.Append(out)
}

func (w *writer) begin(kind uint16) []byte {
	version := w.book.Version
	if version == 0 {
		version = 0x0600
	}
	return Record{0x0809, append(u16(u16(nil, version), kind), make([]byte, 12)...)}.Append(nil)
}

// Append appends the record to a stream.
func (r Record) Append(out []byte) []byte {
	if len(r.Data) > math.MaxUint16 {
		panic(fmt.Sprintf("xlstest: a record of %d bytes", len(r.Data)))
	}
	return append(u16(u16(out, r.ID), uint16(len(r.Data))), r.Data...)
}

func (w *writer) sheet(s Sheet) []byte {
	kind := uint16(0x0010)
	switch s.Kind {
	case 1:
		kind = 0x0040
	case 2:
		kind = 0x0020
	}
	out := w.begin(kind)
	for _, r := range s.Before {
		out = r.Append(out)
	}
	for row, cells := range s.Rows {
		column := 0
		for _, c := range cells {
			var width int
			out, width = w.cell(out, row, column, c)
			column += width
		}
	}
	for _, r := range s.After {
		out = r.Append(out)
	}
	if s.NoEnd {
		return out
	}
	return Record{0x000A, nil}.Append(out)
}

// cell appends the records of a cell, and returns how many columns it takes.
func (w *writer) cell(out []byte, row, column int, c any) ([]byte, int) {
	put := func(id uint16, format uint16, data []byte) {
		out = Record{id, append(place(row, column, format), data...)}.Append(out)
	}
	switch c := c.(type) {
	case nil:
	case string, Rich:
		put(0x00FD, 0, binary.LittleEndian.AppendUint32(nil, w.share(c)))
	case Label:
		put(0x0204, 0, text(nil, string(c), 2))
	case float64:
		put(0x0203, 0, f64(c))
	case int:
		return w.cell(out, row, column, RK(uint32(c)<<2|2))
	case RK:
		put(0x027E, 0, binary.LittleEndian.AppendUint32(nil, uint32(c)))
	case RKs:
		d := u16(u16(nil, uint16(row)), uint16(column))
		for _, v := range c {
			d = binary.LittleEndian.AppendUint32(u16(d, 0), uint32(v))
		}
		out = Record{0x00BD, u16(d, uint16(column+len(c)-1))}.Append(out)
		return out, len(c)
	case Blank:
		d := u16(u16(nil, uint16(row)), uint16(column))
		for range int(c) {
			d = u16(d, 0)
		}
		out = Record{0x00BE, u16(d, uint16(column+int(c)-1))}.Append(out)
		return out, int(c)
	case bool:
		put(0x0205, 0, []byte{truth(c), 0})
	case Error:
		put(0x0205, 0, []byte{byte(c), 1})
	case Date:
		put(0x0203, w.format(c.Format), f64(c.Serial))
	case Formula:
		return w.formula(out, row, column, c), 1
	default:
		panic(fmt.Sprintf("xlstest: a cell of type %T", c))
	}
	return out, 1
}

// formula appends the records of a formula: its own bytes are of no use.
func (w *writer) formula(out []byte, row, column int, f Formula) []byte {
	value := make([]byte, 8)
	format := uint16(0)
	special := func(kind, v byte) {
		value[0], value[2] = kind, v
		value[6], value[7] = 0xFF, 0xFF
	}
	var str []byte
	switch v := f.Value.(type) {
	case nil:
		special(3, 0)
	case float64:
		value = f64(v)
	case Date:
		value, format = f64(v.Serial), w.format(v.Format)
	case string:
		special(0, 0)
		str = text(nil, v, 2)
	case bool:
		special(1, truth(v))
	case Error:
		special(2, byte(v))
	default:
		panic(fmt.Sprintf("xlstest: a formula of type %T", v))
	}
	d := append(place(row, column, format), value...)
	out = Record{0x0006, append(d, make([]byte, 8)...)}.Append(out)
	if f.Shared {
		out = Record{0x04BC, make([]byte, 10)}.Append(out)
	}
	if str != nil {
		out = Record{0x0207, str}.Append(out)
	}
	return out
}

// format returns the cell format of a code.
func (w *writer) format(code string) uint16 {
	if code == "" {
		return 1
	}
	n, ok := w.formats[code]
	if !ok {
		n = uint16(2 + len(w.codes))
		w.formats[code], w.codes = n, append(w.codes, code)
	}
	return n
}

// share returns the number of a shared text.
func (w *writer) share(c any) uint32 {
	n, ok := w.texts[c]
	if !ok {
		n = uint32(len(w.shared))
		w.texts[c], w.shared = n, append(w.shared, c)
	}
	return n
}

func place(row, column int, format uint16) []byte {
	return u16(u16(u16(nil, uint16(row)), uint16(column)), format)
}

func u16(b []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(b, v) }

func f64(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }

func truth(b bool) byte {
	if b {
		return 1
	}
	return 0
}
