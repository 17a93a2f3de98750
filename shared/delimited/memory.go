package delimited

import (
	"bytes"
	"errors"
	"io"
)

// errMore says that the text at hand ends before a record does.
var errMore = errors.New("the text goes on")

// NewMemory returns a Reader of text in memory: see Reset.
func NewMemory(o Options) *Reader {
	r := &Reader{comma: o.comma(), max: o.maxRecord()}
	r.Reset(nil, 1)
	return r
}

// Reset has r read text, a part of a file that begins with a record on the
// given line: no byte order mark is looked for. Reading takes quotes off in the
// text itself.
func (r *Reader) Reset(text []byte, line int64) {
	r.src, r.err, r.begun = nil, io.EOF, true
	r.buf, r.pos, r.end, r.off, r.line = text, 0, len(text), 0, line
	r.trail = trail{}
}

// Seek goes on, after Reset, at an offset of the text where a record begins,
// not before what was read; line is its line.
func (r *Reader) Seek(offset int, line int64) {
	r.pos, r.off, r.line = offset, int64(offset), line
}

// Next returns, after Reset, the offset in the text behind the last record and
// its line break, and the line there.
func (r *Reader) Next() (offset int, line int64) { return r.pos, r.line }

// Whole returns how many bytes of text are whole records, whatever follows the
// text, and how many lines they take. The text begins with a record, and r
// reads it no further: it needs a Reset after. Where text has quotes, those
// records have to be read with all of text at hand: what is wrong with a quote
// that is not closed is decided by what comes behind the record's line.
func (r *Reader) Whole(text []byte) (n int, lines int64) {
	r.Reset(text, 0)
	r.err = errMore
	for r.skip() && (r.pos < r.end || text[r.end-1] != '\r') { // else a line feed may follow
		n, lines = r.pos, r.line
	}
	return n, lines
}

// skip passes over the next record, good or bad, as Read does; false = its end
// is not certain.
func (r *Reader) skip() bool {
	n, quotes, problem, err := r.find()
	if err != nil {
		return false
	}
	if n > r.max {
		return r.skipLong() != r.err
	}
	if quotes && problem == 0 {
		r.line += CountLines(r.buf[r.pos : r.pos+n])
	}
	r.consume(n)
	r.consumeBreak()
	return true
}

// WholeLines is Whole, but quicker, for a text without quotes: there every line
// is a record.
func WholeLines(text []byte) (n int, lines int64) {
	if len(text) > 0 && text[len(text)-1] == '\r' {
		text = text[:len(text)-1] // a line feed may follow
	}
	n = bytes.LastIndexByte(text, '\n') + 1
	n += bytes.LastIndexByte(text[n:], '\r') + 1
	return n, CountLines(text[:n])
}

// CountLines returns how many line breaks text holds; CR LF is one.
func CountLines(text []byte) int64 {
	n := bytes.Count(text, []byte{'\n'})
	if bytes.IndexByte(text, '\r') >= 0 {
		n += bytes.Count(text, []byte{'\r'}) - bytes.Count(text, []byte("\r\n"))
	}
	return int64(n)
}
