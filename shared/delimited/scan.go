package delimited

import (
	"bytes"
	"strings"
)

// state is where a scan stands in a record.
type state uint8

const (
	fieldStart state = iota
	unquoted
	quoted
	quoteSeen // a quote inside quotes: the closing one, or half of a doubled one
	closed    // spaces after the closing quote
	ended     // at the line break after the record
	failed    // at text after a closing quote
)

// scan follows a record through b from i until it ends, fails, or b does.
func scan(b []byte, i int, s state, comma byte) (int, state) {
	for i < len(b) {
		if s == quoted {
			j := bytes.IndexByte(b[i:], '"')
			if j < 0 {
				return len(b), quoted
			}
			i, s = i+j+1, quoteSeen
			continue
		}
		switch c := b[i]; {
		case c == '"' && (s == fieldStart || s == quoteSeen):
			s = quoted
		case c == comma:
			s = fieldStart
		case c == '\n' || c == '\r':
			return i, ended
		case s == fieldStart || s == unquoted:
			s = unquoted
		case c == ' ' || c == '\t':
			s = closed
		default:
			return i, failed
		}
		i++
	}
	return i, s
}

// split appends the fields of a record without quotes.
func split(fields [][]byte, record []byte, comma byte) [][]byte {
	for {
		i := bytes.IndexByte(record, comma)
		if i < 0 {
			return append(fields, record)
		}
		fields = append(fields, record[:i:i])
		record = record[i+1:]
	}
}

// splitQuoted appends the fields of a well-formed record, taking quotes off in
// place.
func splitQuoted(fields [][]byte, record []byte, comma byte) [][]byte {
	for {
		var field []byte
		rest := record
		if len(record) > 0 && record[0] == '"' {
			field, rest = unquote(record)
		}
		i := bytes.IndexByte(rest, comma)
		last := i < 0
		if last {
			i = len(rest)
		}
		if field == nil {
			field = rest[:i:i]
		}
		fields = append(fields, field)
		if last {
			return fields
		}
		record = rest[i+1:]
	}
}

// unquote returns the field that begins with the quote at b[0], and what
// follows its closing quote.
func unquote(b []byte) (field, rest []byte) {
	to := 0
	for from := 1; ; {
		n := bytes.IndexByte(b[from:], '"')
		to += copy(b[to:], b[from:from+n])
		from += n + 1
		if from == len(b) || b[from] != '"' {
			return b[:to:to], b[from:]
		}
		b[to] = '"'
		to++
		from++
	}
}

// lineBreak returns the index of the first LF or CR, or -1. It looks at a few
// hundred bytes at a time, so that a file that uses only one of the two is not
// searched to its end for the other at every line.
func lineBreak(b []byte) int {
	const step = 512
	for from := 0; from < len(b); from += step {
		part := b[from:min(from+step, len(b))]
		lf := bytes.IndexByte(part, '\n')
		if lf >= 0 {
			part = part[:lf]
		}
		if cr := bytes.IndexByte(part, '\r'); cr >= 0 {
			return from + cr
		}
		if lf >= 0 {
			return from + lf
		}
	}
	return -1
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' {
			return false
		}
	}
	return true
}

// Sniff returns the delimiter of the first line of sample that is not blank:
// the most frequent of comma, semicolon, tab and bar outside quotes, the
// earlier of them on a tie, ',' if there is none.
func Sniff(sample []byte) byte {
	const candidates = ",;\t|"
	var counts [len(candidates)]int
	inQuotes, isBlank, previous := false, true, byte(',')
	for _, c := range bytes.TrimPrefix(sample, []byte{0xEF, 0xBB, 0xBF}) {
		i := strings.IndexByte(candidates, c)
		switch {
		case c == '"':
			inQuotes = !inQuotes && strings.IndexByte(candidates, previous) >= 0
		case inQuotes:
		case c == '\n' || c == '\r':
			if !isBlank {
				return mostFrequent(candidates, counts[:])
			}
			counts, previous = [len(candidates)]int{}, ','
			continue
		case i >= 0:
			counts[i]++
		}
		isBlank = isBlank && (c == ' ' || c == '\t')
		previous = c
	}
	return mostFrequent(candidates, counts[:])
}

func mostFrequent(candidates string, counts []int) byte {
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return candidates[best]
}
