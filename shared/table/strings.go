package table

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// sharedStrings is the texts that cells refer to, in one piece for many.
type sharedStrings struct {
	chunks [][]byte
	at     []uint32 // of each text: its chunk, and the offset in it
	shift  uint     // bits of the offset
	held   int      // bytes, with what it takes to find them
}

const (
	maxStrings = 64 << 20 // bytes of shared strings in memory
	chunkBits  = 20
)

func (s *sharedStrings) add(text []byte) bool {
	if s.held += len(text) + 4; s.held > maxStrings {
		return false
	}
	n := len(s.chunks)
	if n == 0 || cap(s.chunks[n-1])-len(s.chunks[n-1]) < len(text) {
		s.chunks = append(s.chunks, make([]byte, 0, 1<<s.shift))
		n++
	}
	last := &s.chunks[n-1]
	s.at = append(s.at, uint32(n-1)<<s.shift|uint32(len(*last)))
	*last = append(*last, text...)
	return true
}

// get returns text i, false if there is none.
func (s *sharedStrings) get(i uint64) ([]byte, bool) {
	if i >= uint64(len(s.at)) {
		return nil, false
	}
	from := s.at[i]
	chunk := s.chunks[from>>s.shift]
	mask := uint32(1)<<s.shift - 1
	to := uint32(len(chunk))
	if i+1 < uint64(len(s.at)) && s.at[i+1]>>s.shift == from>>s.shift {
		to = s.at[i+1] & mask
	}
	return chunk[from&mask : to : to], true
}

// readStrings reads the shared strings. One that is too long for a cell is kept
// one byte too long, for the row that has it.
func (w *workbook) readStrings() (*sharedStrings, error) {
	s := &sharedStrings{shift: chunkBits}
	for 1<<s.shift < w.f.limits.Cell+1 {
		s.shift++
	}
	if w.strings == "" {
		return s, nil
	}
	var text []byte
	err := w.parts.each(w.strings, func(x *xmlReader) error {
		if string(x.name) != "si" {
			return nil
		}
		var err error
		if text, err = x.richText(text[:0], w.f.limits.Cell+1); err != nil {
			return err
		}
		if !s.add(text) {
			return &FileError{fmt.Sprintf("the workbook has more than %d MiB of texts", maxStrings>>20), "split it into workbooks of fewer rows, or send CSV"}
		}
		return nil
	})
	return s, err
}

// richText appends the text of the element at hand, of its runs as one, without
// phonetic hints, to text, which holds at most most bytes of it.
func (x *xmlReader) richText(text []byte, most int) ([]byte, error) {
	for depth := len(x.ends); len(x.ends) >= depth; {
		kind, err := x.next()
		switch {
		case err != nil:
			return nil, noEOF(err)
		case kind != xmlStart:
		case string(x.name) == "rPh":
			if err := x.skip(); err != nil {
				return nil, err
			}
		case string(x.name) == "t":
			if text, err = x.elementText(text, most); err != nil {
				return nil, err
			}
		}
	}
	if len(text) < most { // one that is cut would not be seen to be
		text = plainText(text)
	}
	return text, nil
}

// elementText appends the text of the element at hand to text, which holds at
// most most bytes.
func (x *xmlReader) elementText(text []byte, most int) ([]byte, error) {
	for depth := len(x.ends); len(x.ends) >= depth; {
		kind, err := x.next()
		if err != nil {
			return nil, noEOF(err)
		}
		if kind == xmlText {
			text = append(text, x.text[:min(len(x.text), max(0, most-len(text)))]...)
		}
	}
	return text, nil
}

// plainText takes the escapes _x000D_ out of a text, in place: so a workbook
// writes characters that XML cannot hold (ECMA-376 part 1, 22.9.2.19).
func plainText(b []byte) []byte {
	const escape = len("_x000D_")
	from := bytes.IndexByte(b, '_')
	if from < 0 {
		return b
	}
	to := b[:from]
	for from < len(b) {
		if rest := b[from:]; len(rest) >= escape && rest[0] == '_' && rest[1] == 'x' && rest[escape-1] == '_' {
			if r, err := strconv.ParseUint(string(rest[2:escape-1]), 16, 16); err == nil && utf8.ValidRune(rune(r)) {
				to = append(to, string(rune(r))...)
				from += escape
				continue
			}
		}
		to = append(to, b[from])
		from++
	}
	return to
}
