package xlstest

import (
	"encoding/binary"
	"unicode/utf16"
)

// text appends a text with its length in lengthBytes bytes.
func text(out []byte, s string, lengthBytes int) []byte {
	units := utf16.Encode([]rune(s))
	if out = append(out, byte(len(units))); lengthBytes == 2 {
		out = append(out, byte(len(units)>>8))
	}
	isWide := !narrow(units)
	return appendUnits(append(out, truth(isWide)), units, isWide)
}

func narrow(units []uint16) bool {
	for _, u := range units {
		if u > 0xFF {
			return false
		}
	}
	return true
}

func appendUnits(out []byte, units []uint16, isWide bool) []byte {
	for _, u := range units {
		if isWide {
			out = u16(out, u)
		} else {
			out = append(out, byte(u))
		}
	}
	return out
}

// sst appends the table of shared texts. It goes on in further records; within
// a text, the width is that of the characters that the record still takes.
func (w *writer) sst(out []byte) []byte {
	split := w.book.Split
	if split == 0 {
		split = 8224
	}
	count := uint32(len(w.shared))
	id := uint16(0x00FC)
	d := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, count), count)
	flush := func() {
		out = Record{id, d}.Append(out)
		id, d = 0x003C, nil
	}
	for _, shared := range w.shared {
		s, isString := shared.(string)
		options, behind := byte(0), 0
		head := 3
		if !isString {
			s = string(shared.(Rich))
			options, behind, head = 0x0C, 2*4+10, 9
		}
		units := utf16.Encode([]rune(s))
		// What stands in front of the characters is never split.
		if len(d)+head > split {
			flush()
		}
		d = u16(d, uint16(len(units)))
		part, isWide := fit(units, split-len(d)-head+2)
		d = append(d, options|truth(isWide))
		if !isString {
			d = binary.LittleEndian.AppendUint32(u16(d, 2), 10)
		}
		for {
			d = appendUnits(d, units[:part], isWide)
			if units = units[part:]; len(units) == 0 {
				break
			}
			flush()
			part, isWide = fit(units, split-1)
			d = append(d, truth(isWide))
		}
		for range behind {
			if len(d) == split {
				flush()
			}
			d = append(d, 0xEE)
		}
	}
	flush()
	return out
}

// fit returns how many characters fit into so many bytes, and how wide.
func fit(units []uint16, room int) (int, bool) {
	if n := min(len(units), room); narrow(units[:n]) {
		return n, false
	}
	return min(len(units), room/2), true
}
