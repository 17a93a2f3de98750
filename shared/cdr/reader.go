package cdr

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/delimited"
)

const (
	// maxRecord is far above any row whose fields are of use, and keeps the
	// search for a closing quote short.
	maxRecord = 64 << 10
	sniffed   = 4 << 10
)

// Unassigned is the account of a record that names none.
const Unassigned = call.Unassigned

// FileError says that a file can never be read as it is.
type FileError struct {
	Problem string
	Found   string // may be empty
	Want    string
}

// Error names the problem, what was found and what would be right.
func (e *FileError) Error() string {
	s := e.Problem
	if e.Found != "" {
		s += ": found " + e.Found
	}
	return s + "; want " + e.Want
}

// Row is one row of a file: a header and blank lines are none.
type Row struct {
	Line   int64       // 1-based, where the row begins
	Status call.Status // 0 = accepted, else call.Rejected or call.Ignored
	Reason call.Reason // of a rejected or ignored row
	Column string      // of a rejected row: the column's name, empty when it is the whole row
	Value  string      // of a rejected row: the text at fault, at most 80 bytes
	Want   string      // of a rejected row: what would be right
	Record call.Record // as far as it could be read, whatever the status
}

// reject notes the first thing that is wrong with a row not yet judged.
func (r *Row) reject(reason call.Reason, column string, value []byte, want string) {
	if r.Status == 0 {
		r.Status, r.Reason, r.Column, r.Value, r.Want = call.Rejected, reason, column, clip(value), want
	}
}

// Reader reads the rows of one file of a feed.
type Reader struct {
	feed   Feed
	rows   *delimited.Reader
	layout layout
	ruled  bool // the feed has rules for numbers
	clock  clock
	text   []byte // scratch
}

// Open returns a Reader of a file, which may be packed with gzip or zstd. A
// *FileError says that the file can never be read: it is UTF-16, it is damaged, or a generic file's header row is missing or names
// too few columns or one twice.
func Open(r io.Reader, feed Feed) (*Reader, error) {
	zone, err := feed.location()
	if err != nil {
		return nil, err
	}
	text, _, err := unpack(r, Limits{})
	if err != nil {
		return nil, err
	}
	ahead, _, comma, err := look(text, feed.Format)
	if err != nil {
		return nil, err
	}
	reader := &Reader{
		feed:  feed,
		rows:  delimited.NewReader(ahead, delimited.Options{Comma: comma, MaxRecord: maxRecord}),
		clock: clock{zone: zone},
		ruled: !feed.Numbers.IsZero(),
	}
	switch feed.Format {
	case Asterisk:
		reader.layout = feed.limit(asteriskLayout())
	case FreeSWITCH:
		reader.layout = feed.limit(freeSWITCHLayout())
	default:
		if err := reader.readHeader(); err != nil {
			return nil, err
		}
	}
	return reader, nil
}

// look returns a reader of a file with its first bytes, and its delimiter.
func look(r io.Reader, format Format) (ahead *bufio.Reader, sample []byte, comma byte, err error) {
	ahead = bufio.NewReaderSize(r, sniffed)
	if sample, err = ahead.Peek(sniffed); err != nil && err != io.EOF {
		return nil, nil, 0, fmt.Errorf("reading the first line: %w", err)
	}
	comma, err = begins(sample, format)
	return ahead, sample, comma, err
}

// mark is the UTF-8 byte order mark.
var mark = []byte{0xEF, 0xBB, 0xBF}

// begins returns the delimiter of a file, from its first bytes.
func begins(sample []byte, format Format) (comma byte, err error) {
	if bytes.HasPrefix(sample, []byte{0xFF, 0xFE}) || bytes.HasPrefix(sample, []byte{0xFE, 0xFF}) {
		return 0, &FileError{Problem: "the file is UTF-16", Want: "it saved as UTF-8"}
	}
	if format == Generic {
		return delimited.Sniff(sample), nil
	}
	return ',', nil
}

func (r *Reader) readHeader() error {
	header, err := r.rows.Read()
	r.layout, err = layoutOf(r.feed, header, err)
	return err
}

// layoutOf returns the layout of a feed's generic file, from what reading its
// header row gave.
func layoutOf(feed Feed, header delimited.Row, err error) (layout, error) {
	const want = "a header row that names the columns, such as call_id,account,a_number,b_number,start_time,duration"
	var bad *delimited.RowError
	switch {
	case err == io.EOF:
		return layout{}, &FileError{Problem: "the file is empty", Want: want}
	case errors.As(err, &bad):
		return layout{}, &FileError{Problem: "the header row cannot be read", Found: bad.Error(), Want: want}
	case err != nil:
		return layout{}, fmt.Errorf("reading the header row: %w", err)
	}
	return headerLayout(header.Fields, feed)
}

// Next returns the next row, or io.EOF after the last. Any other error is one
// of the input and ends the reading; what is wrong with a row is in the Row.
func (r *Reader) Next() (Row, error) {
	fields, err := r.rows.Read()
	if err == nil {
		return r.read(fields), nil
	}
	var bad *delimited.RowError
	if errors.As(err, &bad) {
		return r.broken(bad), nil
	}
	if err == io.EOF {
		return Row{}, io.EOF
	}
	return Row{}, fmt.Errorf("reading records of feed %s: %w", r.feed.ID, err)
}

// broken returns the row of text that is no record at all.
func (r *Reader) broken(e *delimited.RowError) Row {
	row := Row{Line: e.Line, Record: call.Record{Feed: r.feed.ID}}
	raw := []byte(e.Raw)
	switch e.Problem {
	case delimited.TooLong:
		row.reject(call.TooLong, "", raw, fmt.Sprintf("a line of at most %d bytes", maxRecord))
	case delimited.BadEncoding:
		row.reject(call.BadEncoding, "", raw, "UTF-8 text without NUL bytes")
	case delimited.UnclosedQuote:
		row.reject(call.BadCSV, "", raw, "a closing quote for every opening one")
	default:
		row.reject(call.BadCSV, "", raw, "the delimiter or the end of the line after a closing quote")
	}
	return row
}

// clip returns the beginning of UTF-8 text, at most 80 bytes.
func clip(b []byte) string {
	const most = 80
	n := len(b)
	if n > most {
		for n = most; n > 0 && !utf8.RuneStart(b[n]); n-- {
		}
	}
	return strings.ToValidUTF8(string(b[:n]), "?")
}
