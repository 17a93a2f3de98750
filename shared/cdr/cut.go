package cdr

import (
	"bytes"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/delimited"
)

// Range is a part of a file: whole lines, which begin at First.
type Range struct {
	First int64 `json:"first"` // offset of its first byte
	Last  int64 `json:"last"`  // offset behind its last byte
	Line  int64 `json:"line"`  // number of its first line in the file, from one
	Lines int64 `json:"lines"` // how many lines it has
}

// cutBuffer is how many bytes of a file are looked at together to cut it.
const cutBuffer = 128 << 10

// Cut reads a plain file from its beginning and cuts what is behind its header
// into at most n ranges of about equal size; size is the file's in bytes, as
// far as it is known. A file without lines there has no ranges. ErrQuoted: there
// is a quote, so that a line break need not end a record.
func (l Layout) Cut(r io.Reader, size int64, n int) ([]Range, error) {
	return l.cut(r, size, n, cutBuffer)
}

func (l Layout) cut(r io.Reader, size int64, n, buffer int) ([]Range, error) {
	if l.Packing != Plain {
		return nil, fmt.Errorf("cutting a %s file: want a plain one", l.Packing)
	}
	if _, err := io.CopyN(io.Discard, r, l.First); err != nil {
		return nil, fmt.Errorf("reading the header again: %w", err)
	}
	c := cutter{Range: Range{First: l.First, Last: l.First, Line: l.Lines + 1}}
	each := max((size-l.First+int64(n)-1)/int64(n), 1)
	buf, held := make([]byte, buffer+1), 0
	for {
		got, err := io.ReadFull(r, buf[held:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("reading the file to cut it: %w", err)
		}
		text := buf[:held+got]
		if bytes.IndexByte(text, '"') >= 0 {
			return nil, ErrQuoted
		}
		if held = 0; err == nil && text[len(text)-1] == '\r' {
			held = 1 // a line feed may follow
		}
		last := text[len(text)-held:]
		text = text[:len(text)-held]
		for len(c.out) < n-1 {
			// The first line that begins at next or later begins a range.
			next := l.First + ((c.First-l.First)/each+1)*each
			if c.Last+int64(len(text)) < next {
				break
			}
			end := afterBreak(text, int(max(next-1-c.Last, 0)))
			if end == 0 || text[end-1] != '\n' && text[end-1] != '\r' {
				break
			}
			c.take(text[:end])
			c.end()
			text = text[end:]
		}
		c.take(text)
		if err != nil {
			c.end()
			return c.out, nil
		}
		copy(buf, last)
	}
}

// cutter is the range that is being made, and those before it.
type cutter struct {
	Range
	open bool // its last line has no end yet
	out  []Range
}

// take adds text to the range. Line breaks are whole.
func (c *cutter) take(text []byte) {
	if len(text) == 0 {
		return
	}
	c.Last += int64(len(text))
	c.Lines += delimited.CountLines(text)
	c.open = text[len(text)-1] != '\n' && text[len(text)-1] != '\r'
}

// end ends the range, if it has a line.
func (c *cutter) end() {
	if c.open {
		c.Lines++
	}
	if c.Lines > 0 {
		c.out = append(c.out, c.Range)
	}
	c.Range = Range{First: c.Last, Last: c.Last, Line: c.Line + c.Lines}
	c.open = false
}
