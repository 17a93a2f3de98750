package deck

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/table"
)

// Sippy's uploads give a deck back so: with a column that says what is wrong.
const (
	messageHeader = "Error Message"
	messageMark   = messageHeader + ": " // begins a message that stands below no header
	// tornMark begins the message of a row that is torn. Such a row may look right
	// where it is shown, so that somebody has to say that it is.
	tornMark = "This row is not whole: put it right and empty this cell; "
)

func isMessages(header string) bool { return squeeze(header) == "errormessage" }

// unmark takes out of a row what was wrong with it when it was given back; torn:
// it was not whole, and nobody has said that it is now.
func (l *layout) unmark(row *table.Row) (torn bool) {
	if i := l.message; i >= 0 && i < len(row.Cells) && !l.bare {
		torn = bytes.HasPrefix(row.Cells[i], []byte(tornMark))
		row.Cells[i] = nil
	}
	i := len(row.Cells) - 1
	if i < 0 {
		return torn
	}
	said, ok := bytes.CutPrefix(row.Cells[i], []byte(messageMark))
	if !ok {
		return torn
	}
	if row.Cells[i] = nil; i != l.message {
		row.Cells = row.Cells[:i]
	}
	return torn || bytes.HasPrefix(said, []byte(tornMark))
}

// stillTorn is the error of a torn row that comes again with its message.
func stillTorn(line int64) RowError {
	return RowError{Line: line, Column: messageHeader, Value: strings.TrimSuffix(tornMark, "; "), Want: "this cell empty, when the row is right", Torn: true}
}

// maxMarked is how many errors of a deck are held with their text.
const maxMarked = 100_000

// maxMessage is how many bytes the message of a row has, about: spreadsheets
// hold 32,767 characters in a cell.
const maxMessage = 8 << 10

// Marked is a deck as it goes back to whoever sent it: in its own format, with
// all its rows and a column more, "Error Message". Uploaded again the column
// means nothing, so that putting the rows right is enough; but for rows that are
// torn, whose messages have to go.
type Marked struct {
	file     *table.File
	column   table.Column
	errors   []mark // by their lines
	unlisted int64
	charset  bool // a template says it
}

// mark is what is wrong with a row of the sheet of the rates.
type mark struct {
	line int64 // 0: another sheet has it, and it is said by the first rate
	text string
	torn bool
}

func markOf(e RowError) mark {
	if e.Sheet != "" {
		return mark{text: e.Error()}
	}
	return mark{e.Line, e.text(), e.Torn}
}

// Mark reads a deck for what is wrong with its rows. more are errors that reading
// does not find, or has found already, and total is how many there are of them,
// if more than those. It holds the texts of at most 100,000 errors. The deck is
// read from r until it is closed.
func Mark(r io.ReaderAt, size int64, o Options, more []RowError, total int64) (*Marked, error) {
	m := &Marked{}
	var found []RowError
	count := int64(0)
	if _, err := ReadFile(r, size, o, func(Entry) error { return nil }, func(e RowError) {
		if count++; len(found) < maxMarked {
			found = append(found, e)
		}
	}); err != nil {
		return nil, err
	}
	others := map[RowError]bool{}
	for _, e := range more {
		others[e] = true
	}
	for _, e := range found {
		delete(others, e)
	}
	for _, e := range more {
		if others[e] {
			found = append(found, e)
			count++
			delete(others, e)
		}
	}
	for _, e := range found {
		m.errors = append(m.errors, markOf(e))
	}
	slices.SortStableFunc(m.errors, func(a, b mark) int { return cmp.Compare(a.line, b.line) })
	m.unlisted = max(count, total) - int64(len(m.errors))
	f, p, _, err := open(r, size, &o)
	if err != nil {
		return nil, err
	}
	m.file, m.charset = f, o.TableOptions().Charset != ""
	m.column = table.Column{Sheet: p.sheet, Begin: p.line, Bare: p.bare, Width: len(p.headers), Place: len(p.headers), Name: messageHeader}
	if p.message >= 0 {
		m.column.Place = p.message
	}
	return m, nil
}

// Errors returns how many errors are in the file.
func (m *Marked) Errors() int { return len(m.errors) }

// Format returns that of the file as it is written: the deck's own, but XLSX of
// XLS.
func (m *Marked) Format() table.Format {
	if f := m.file.Format(); f != table.XLS {
		return f
	}
	return table.XLSX
}

// Write writes the file.
func (m *Marked) Write(w io.Writer) error {
	c := m.column
	// A template would take UTF-8 for the charset that it says.
	c.UTF8 = !m.charset && m.file.Format() == table.CSV && slices.ContainsFunc(m.errors, func(e mark) bool { return !m.file.CanSay(e.text) })
	rest, first := m.errors, true
	c.Text = func(line int64) string {
		n := 0
		for n < len(rest) && rest[n].line <= line {
			n++
		}
		if n == 0 {
			return ""
		}
		text := message(rest[:n])
		if first && m.unlisted > 0 {
			text += fmt.Sprintf("; and %s of the deck that this file does not list", plural(m.unlisted, "error", "errors"))
		}
		first, rest = false, rest[n:]
		return text
	}
	err := m.file.Annotate(w, c)
	var file *table.FileError
	if errors.As(err, &file) {
		return &FileError{Problem: file.Error()}
	}
	return err
}

// Close ends the use of the deck.
func (m *Marked) Close() error { return m.file.Close() }

// message returns what is wrong with one row.
func message(errs []mark) string {
	text := ""
	if slices.ContainsFunc(errs, func(e mark) bool { return e.torn }) {
		text = tornMark
	}
	for i, e := range errs {
		if i > 0 {
			text += "; "
		}
		if len(text) > maxMessage {
			return text + fmt.Sprintf("and %d more", len(errs)-i)
		}
		text += e.text
	}
	return strings.Join(strings.Fields(text), " ") // the rows below stay on their lines
}
