// Package delimited reads delimited text (CSV and its cousins) as a stream: in
// bounded memory, without allocating per row, and going on after a bad row.
package delimited

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	defaultMaxRecord = 1 << 20
	firstBuffer      = 64 << 10
	maxEmptyReads    = 100
)

// ErrUTF16 says that the file starts with a UTF-16 byte order mark.
var ErrUTF16 = errors.New("the file is UTF-16: save it as UTF-8")

// Options says how a file is written.
type Options struct {
	Comma     byte // the delimiter, any byte but a quote or a line break; 0 = ','
	MaxRecord int  // bytes of one record without its line break, 0 = 1 MiB
}

// Row is one record. A quoted field may hold line breaks and doubled quotes;
// a quote inside an unquoted field is literal.
type Row struct {
	Line   int64    // 1-based physical line where the record begins
	Fields [][]byte // UTF-8 without NUL, valid until the next Read
}

// Reader reads records from a stream. It holds at most about four times
// MaxRecord of the text, and the total work is linear in the text.
type Reader struct {
	src    io.Reader
	err    error // what ended src, io.EOF included
	comma  byte
	max    int
	begun  bool
	buf    []byte
	pos    int // the unread bytes are buf[pos:end]
	end    int
	off    int64 // of buf[pos] in the text
	line   int64 // of buf[pos]
	fields [][]byte
	trail  trail
	given  []byte // the record that was given up last
}

// trail is how far the last record that failed was scanned. Every line break
// on the way was inside quotes. So a record that begins later and meets one of
// these breaks inside quotes is bound to go the same way, and its scan goes on
// where the trail ends: without this, a file of bad quotes would be scanned
// MaxRecord bytes ahead for every line.
type trail struct {
	to    int64 // offset in the text; 0 = none
	state state
}

func (o Options) comma() byte {
	if o.Comma == 0 {
		return ','
	}
	return o.Comma
}

func (o Options) maxRecord() int {
	if o.MaxRecord <= 0 {
		return defaultMaxRecord
	}
	return o.MaxRecord
}

// NewReader returns a Reader of r. A UTF-8 byte order mark is skipped.
func NewReader(r io.Reader, o Options) *Reader {
	return &Reader{src: r, comma: o.comma(), max: o.maxRecord(), buf: make([]byte, firstBuffer), line: 1}
}

// Read returns the next record; lines of only spaces and tabs are passed over.
// A *RowError concerns one record only, and reading goes on: where a quote is
// not closed within MaxRecord or is followed by text, only the record's first
// line is given up, and the next record begins on the line after it. io.EOF is
// the end; ErrUTF16 and any other error end the reading.
func (r *Reader) Read() (Row, error) {
	if !r.begun {
		r.begun = true
		if err := r.skipMark(); err != nil {
			return Row{}, err
		}
	}
	r.given = nil
	n, quotes, problem, err := r.find()
	switch {
	case err != nil:
		return Row{}, err
	case n > r.max:
		return Row{}, r.skipLong()
	case problem != 0:
		return Row{}, r.reject(n, problem)
	}
	return r.accept(n, quotes)
}

// GivenUp returns the text of the record of the last *RowError, of a record with
// bad quotes its first line; nil after another Read, and where it is too long.
// It is valid until the next Read, and may be no UTF-8.
func (r *Reader) GivenUp() []byte { return r.given }

// find goes to the next record and returns its length without its line break,
// and whether it holds quotes; more than max for a line longer than that. With
// a problem, it is the length of the record's first line.
func (r *Reader) find() (n int, quotes bool, problem Problem, err error) {
	for {
		if n, err = r.findLine(); err != nil || n > r.max {
			return n, false, 0, err
		}
		text := r.buf[r.pos : r.pos+n]
		if blank(text) {
			r.consume(n)
			r.consumeBreak()
			continue
		}
		if quotes = bytes.IndexByte(text, '"') >= 0; quotes {
			n, problem, err = r.findRecord(n)
		}
		return n, quotes, problem, err
	}
}

// findLine returns the length of the line at hand without its break, or more
// than max for a longer one.
func (r *Reader) findLine() (int, error) {
	for n := 0; ; {
		if i := lineBreak(r.buf[r.pos+n : r.end]); i >= 0 {
			return n + i, nil
		}
		if n = r.end - r.pos; n > r.max {
			return n, nil
		}
		if !r.fill() {
			if n == 0 || r.err != io.EOF {
				return 0, r.err
			}
			return n, nil
		}
	}
}

// findRecord returns the length of the record whose first line has n bytes. If
// it fails, it returns n and the problem.
func (r *Reader) findRecord(n int) (int, Problem, error) {
	_, s := scan(r.buf[r.pos:r.pos+n], 0, fieldStart, r.comma)
	switch s {
	case failed:
		return n, TextAfterQuote, nil
	case quoted:
	default:
		return n, 0, nil
	}
	i := n
	if to := r.trail.to - r.off; to > int64(n) {
		i, s = int(to), r.trail.state
	}
	for s != failed {
		window := r.buf[r.pos:min(r.end, r.pos+r.max+1)]
		i, s = scan(window, i, s, r.comma)
		if s == ended {
			return i, 0, nil
		}
		if s == failed || i > r.max {
			break
		}
		if !r.fill() {
			if r.err != io.EOF {
				return 0, 0, r.err
			}
			if s != quoted {
				return i, 0, nil
			}
			break
		}
	}
	r.trail = trail{r.off + int64(i), s}
	switch s {
	case failed:
		return n, TextAfterQuote, nil
	case quoted:
		return n, UnclosedQuote, nil
	default:
		return n, TooLong, nil
	}
}

// accept hands out the n bytes at hand as a record.
func (r *Reader) accept(n int, quotes bool) (Row, error) {
	line := r.line
	r.needBreak(n)
	record := r.buf[r.pos : r.pos+n]
	r.consume(n)
	r.consumeBreak()
	if quotes {
		r.line += CountLines(record)
	}
	if !utf8.Valid(record) || bytes.IndexByte(record, 0) >= 0 {
		r.given = record
		return Row{}, &RowError{line, BadEncoding, clip(record)}
	}
	if quotes {
		r.fields = splitQuoted(r.fields[:0], record, r.comma)
	} else {
		r.fields = split(r.fields[:0], record, r.comma)
	}
	return Row{line, r.fields}, nil
}

// reject gives up the line at hand, of n bytes.
func (r *Reader) reject(n int, p Problem) error {
	r.needBreak(n)
	if r.given = r.buf[r.pos : r.pos+n]; p == TooLong {
		r.given = nil
	}
	err := &RowError{r.line, p, clip(r.buf[r.pos : r.pos+n])}
	r.consume(n)
	r.consumeBreak()
	return err
}

// skipLong gives up the line at hand, which is longer than max.
func (r *Reader) skipLong() error {
	tooLong := &RowError{r.line, TooLong, clip(r.buf[r.pos:r.end])}
	for {
		if i := lineBreak(r.buf[r.pos:r.end]); i >= 0 {
			r.consume(i)
			break
		}
		r.consume(r.end - r.pos)
		if !r.fill() {
			if r.err != io.EOF {
				return r.err
			}
			break
		}
	}
	r.consumeBreak()
	return tooLong
}

func (r *Reader) consume(n int) {
	r.pos += n
	r.off += int64(n)
}

// consumeBreak takes the line break at hand, if the text does not end here.
func (r *Reader) consumeBreak() {
	r.line++
	r.needBreak(0)
	if rest := r.buf[r.pos:r.end]; bytes.HasPrefix(rest, []byte("\r\n")) {
		r.consume(2)
	} else if len(rest) > 0 {
		r.consume(1)
	}
}

// needBreak has the whole line break behind the next n bytes in the buffer,
// so that taking it moves no byte.
func (r *Reader) needBreak(n int) {
	if r.pos+n < r.end && r.buf[r.pos+n] == '\r' {
		for r.end-r.pos < n+2 && r.fill() {
		}
	}
}

// skipMark passes over a UTF-8 byte order mark.
func (r *Reader) skipMark() error {
	for r.end-r.pos < 3 && r.fill() {
	}
	if r.err != nil && r.err != io.EOF {
		return r.err
	}
	head := r.buf[r.pos:r.end]
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		r.pos, r.end, r.err = 0, 0, ErrUTF16
		return r.err
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		r.consume(3)
	}
	return nil
}

// fill reads more behind the unread bytes; false says that r.err ended it.
// Bytes are moved only when at least half the buffer becomes free.
func (r *Reader) fill() bool {
	if r.err != nil {
		return false
	}
	if r.pos == r.end {
		r.pos, r.end = 0, 0
	}
	if r.end == len(r.buf) {
		to := r.buf
		if r.pos <= len(r.buf)/2 {
			to = make([]byte, 2*len(r.buf))
		}
		r.end = copy(to, r.buf[r.pos:r.end])
		r.pos, r.buf = 0, to
	}
	for range maxEmptyReads {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if err != nil {
			r.err = err
		}
		if n > 0 || err != nil {
			return n > 0
		}
	}
	r.err = fmt.Errorf("reading: %w", io.ErrNoProgress)
	return false
}
