package table

import (
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/delimited"
)

// FileError says that a file can never be read as it is. Any other error of
// Open or Rows is one of reading its bytes, and may pass.
type FileError struct {
	Problem string // what is wrong with the file
	Remedy  string // what a person can do about it
}

// Error gives the problem and what can be done about it.
func (e *FileError) Error() string { return e.Problem + ": " + e.Remedy }

// RowError concerns one row; reading goes on after it.
type RowError struct {
	Line   int64  // of the row: see Row
	Column int    // from 1; 0 = the row as a whole
	Value  string // what is there, shortened, valid UTF-8
	Want   string // what would be right
}

// Error names the row, the column, the value and what would be right.
func (e *RowError) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("line %d: %q: want %s", e.Line, e.Value, e.Want)
	}
	return fmt.Sprintf("line %d, column %d: %q: want %s", e.Line, e.Column, e.Value, e.Want)
}

// damaged is the error of a workbook that no spreadsheet program wrote so.
func damaged(format string, args ...any) *FileError {
	return &FileError{"the workbook is damaged: " + fmt.Sprintf(format, args...), "save it again as .xlsx in a spreadsheet program, or send it as CSV"}
}

// wantOf says what a record of delimited text should have been.
func wantOf(p delimited.Problem, charset string, most int) string {
	switch p {
	case delimited.UnclosedQuote:
		return "every quote closed"
	case delimited.TextAfterQuote:
		return "a delimiter after the closing quote"
	case delimited.TooLong:
		return fmt.Sprintf("a row of at most %d bytes", most)
	default:
		return charset + " text without NUL bytes"
	}
}

const maxShown = 80 // bytes of a value in a message

// clip keeps a message short, and valid UTF-8, whatever the input was.
func clip(b []byte) string {
	s := string(b[:min(len(b), maxShown)])
	if len(b) > maxShown {
		return strings.ToValidUTF8(s, "") + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
