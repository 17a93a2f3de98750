package deck

import (
	"fmt"
	"strings"
)

// RowError is one thing wrong with one row. A deck with any is refused whole,
// after all of them were listed.
type RowError struct {
	Line   int64  `json:"line"`            // where the row begins, from 1
	Sheet  string `json:"sheet,omitempty"` // it is in; empty: that of the rates
	Column string `json:"column"`          // its header in the file; empty for the row as a whole
	Value  string `json:"value"`           // as in the file, shortened
	Want   string `json:"want"`            // what would be right
}

// Error names the line, the column, the value and what would be right.
func (e RowError) Error() string {
	where := fmt.Sprintf("line %d", e.Line)
	if e.Sheet != "" {
		where = fmt.Sprintf("sheet %q, line %d", e.Sheet, e.Line)
	}
	if e.Column != "" {
		where += ", column " + e.Column
	}
	return fmt.Sprintf("%s: %q: want %s", where, e.Value, e.Want)
}

// FileError says that a file is no rate deck at all, or no list of destinations.
type FileError struct {
	Problem string   // what is missing or wrong, and what is accepted
	Headers []string // found in the file; none if it has no header row

	columns int  // how many of them mean something
	list    bool // it is a list of destinations that was wanted
}

// Error gives the problem and the headers that were found.
func (e *FileError) Error() string {
	what := "rate deck"
	if e.list {
		what = "list of destinations"
	}
	if len(e.Headers) == 0 {
		return fmt.Sprintf("not a readable %s: %s", what, e.Problem)
	}
	return fmt.Sprintf("not a readable %s: %s; headers found: %s", what, e.Problem, quotedList(e.Headers))
}

const maxListed = 30

// quotedList writes at most maxListed texts, each shortened.
func quotedList(texts []string) string {
	var b strings.Builder
	for i, s := range texts {
		if i == maxListed {
			fmt.Fprintf(&b, " and %d more", len(texts)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", clip(s))
	}
	return b.String()
}

const maxShown = 80

// clip keeps a message short, and valid UTF-8, whatever the input was.
func clip(s string) string {
	if len(s) > maxShown {
		return strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return s
}
