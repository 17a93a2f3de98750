package xls

import (
	"encoding/binary"
	"strings"
)

// readGlobals reads the records in front of the sheets' own.
func (b *Book) readGlobals(r *records) error {
	if err := begin(r); err != nil {
		return err
	}
	formats := map[uint16]shows{} // by number
	var cells []uint16            // the number format of each cell format
	texts := false
	for {
		if err := r.next(); err != nil {
			return err
		}
		var err error
		switch r.id {
		case idFilePass:
			return encrypted()
		case idBOF:
			return damage("its first part has no end")
		case idBoundSheet:
			err = b.addSheet(r)
		case id1904:
			if err = r.load(2); err == nil {
				b.epoch = binary.LittleEndian.Uint16(r.data) == 1
			}
		case idFormat:
			err = addFormat(formats, r)
		case idXF:
			// Formats say only how a cell looks, and cells name them by 16 bits.
			if err = r.load(4); err == nil && len(cells) < 1<<16 {
				cells = append(cells, binary.LittleEndian.Uint16(r.data[2:]))
			}
		case idSST:
			if texts {
				return damage("it has two tables of texts")
			}
			texts = true
			err = b.readTexts(r)
		case idEOF:
			return b.finish(cells, formats)
		}
		if err != nil {
			return err
		}
	}
}

// begin reads the record that a part of the stream begins with, and refuses
// another version of the format.
func begin(r *records) error {
	if err := r.next(); err != nil {
		return err
	}
	switch r.id {
	case idBOF:
	case 0x0009, 0x0209, 0x0409: // of BIFF2 to 4
		return tooOld()
	default:
		return damage("a part begins with record %04X", r.id)
	}
	if err := r.load(4); err != nil {
		return err
	}
	if v := binary.LittleEndian.Uint16(r.data); v < biff8 {
		return tooOld()
	} else if v > biff8 {
		return damage("version %04X of the format is unknown", v)
	}
	return nil
}

// addSheet reads where a sheet is, and what: [MS-XLS] 2.4.28.
func (b *Book) addSheet(r *records) error {
	if err := r.load(8); err != nil {
		return err
	}
	at, state, kind := binary.LittleEndian.Uint32(r.data), r.data[4], r.data[5]
	r.data = r.data[6:]
	name, err := r.appendText(nil, 1, 4*255)
	if err != nil {
		return err
	}
	if kind != 0 {
		return nil // a chart, or a sheet of macros
	}
	switch {
	case len(name) == 0:
		return damage("a sheet has no name")
	case len(b.sheets) == b.limits.Sheets:
		return refusal("it has more than %d sheets: split it", b.limits.Sheets)
	}
	b.sheets = append(b.sheets, sheet{Sheet{string(name), state&3 != 0}, at})
	return nil
}

// shows is what a number format makes of a number.
type shows struct{ date, percent bool }

func addFormat(formats map[uint16]shows, r *records) error {
	if err := r.load(5); err != nil {
		return err
	}
	id := binary.LittleEndian.Uint16(r.data)
	r.data = r.data[2:]
	code, err := r.appendText(nil, 2, 4<<10)
	if err != nil {
		return err
	}
	formats[id] = shows{IsDateFormat(int(id), string(code)), IsPercentFormat(int(id), string(code))}
	return nil
}

// finish puts together what cells ask for.
func (b *Book) finish(cells []uint16, formats map[uint16]shows) error {
	if len(b.sheets) == 0 {
		return refusal("it has no worksheet")
	}
	b.dates, b.parts = make([]bool, len(cells)), make([]bool, len(cells))
	for i, id := range cells {
		f, written := formats[id]
		b.dates[i] = f.date || !written && IsDateFormat(int(id), "")
		b.parts[i] = f.percent || !written && IsPercentFormat(int(id), "")
	}
	return nil
}

// chunkSize is what texts are kept in: one allocation holds many of them.
const chunkSize = 256 << 10

// textOverhead is the memory that a text takes beside its bytes.
const textOverhead = 16

// readTexts reads the texts that cells share, [MS-XLS] 2.4.265. Their number is
// only believed as far as there are texts.
func (b *Book) readTexts(r *records) error {
	if err := r.load(8); err != nil {
		return err
	}
	count := binary.LittleEndian.Uint32(r.data[4:])
	r.data = r.data[8:]
	var chunk strings.Builder
	var scratch []byte
	taken := int64(0)
	for range count {
		var err error
		if scratch, err = r.appendText(scratch[:0], 2, b.limits.Cell); err != nil {
			return err
		}
		if taken += int64(len(scratch)) + textOverhead; taken > b.limits.Strings {
			return refusal("its texts take more than %d bytes of memory: split it, or save it as CSV", b.limits.Strings)
		}
		if chunk.Len()+len(scratch) > chunk.Cap() {
			chunk = strings.Builder{}
			chunk.Grow(max(len(scratch), int(min(chunkSize, b.size))))
		}
		from := chunk.Len()
		chunk.Write(scratch)
		b.texts = append(b.texts, chunk.String()[from:])
	}
	return nil
}
