package delimited

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Problem says why a record could not be read.
type Problem uint8

// The problems of a record.
const (
	UnclosedQuote  Problem = iota + 1 // a quote is not closed within MaxRecord or the file
	TextAfterQuote                    // a closing quote is followed by text
	TooLong                           // the record is longer than MaxRecord
	BadEncoding                       // not UTF-8, or with NUL bytes
)

var problemNames = [...]string{
	"unknown problem", "a quote is not closed", "text after a closing quote", "the line is too long", "the text is not UTF-8",
}

// String returns the problem in words.
func (p Problem) String() string {
	if int(p) < len(problemNames) {
		return problemNames[p]
	}
	return problemNames[0]
}

// RowError concerns one record; reading goes on after it.
type RowError struct {
	Line    int64 // 1-based physical line where the record begins
	Problem Problem
	Raw     string // the record's beginning, valid UTF-8, at most 80 bytes
}

// Error names the line, the problem and the text.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s: %q", e.Line, e.Problem, e.Raw) }

// clip returns the beginning of b, at most 80 bytes of valid UTF-8.
func clip(b []byte) string {
	const most = 80
	s := strings.ToValidUTF8(string(b[:min(len(b), most+utf8.UTFMax)]), "\uFFFD")
	if len(s) <= most {
		return s
	}
	n := most
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
