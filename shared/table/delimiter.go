package table

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/delimited"
)

// delimiters are those that are looked for, the likelier first.
const delimiters = ",;\t|"

const sniffedRows = 500

// columns is how a sample falls into columns by one delimiter.
type columns struct {
	delimiter byte
	rows      int // records that can be read
	most      int // the commonest number of columns, of those above 1
	regular   int // records that have it
	hard      int // the commonest number of delimiters that can be nothing else, of those above 0
}

// findDelimiter finds the delimiter of decoded text by how regular it makes the
// columns: a block of notices above the table has none, and a decimal comma
// seldom comes in the same number everywhere. Where it does, as in "44;0,12",
// commas between digits, and commas and semicolons before a space, do not count.
func findDelimiter(sample []byte, maxRecord int) (byte, string) {
	if d, ok := saysDelimiter(sample); ok {
		return d, fmt.Sprintf("delimiter %s: the first line says sep=%c", delimiterName(d), d)
	}
	var found [len(delimiters)]columns
	best := &found[0]
	for i := range delimiters {
		found[i] = countColumns(sample, delimiters[i], maxRecord)
	}
	for i := range found[1:] {
		if c := &found[i+1]; c.better(best) {
			best = c
		}
	}
	if best.most == 0 {
		return best.delimiter, ""
	}
	sentence := fmt.Sprintf("delimiter %s: it parts %d of the first %d rows into %d columns", delimiterName(best.delimiter), best.regular, best.rows, best.most)
	for i := range found {
		if c := &found[i]; c != best && c.most > 0 {
			sentence += fmt.Sprintf(", %s %d into %d", delimiterName(c.delimiter), c.regular, c.most)
		}
	}
	return best.delimiter, sentence
}

// better reports whether c is the likelier. Where both part nine rows in ten of
// what the other does, what can be nothing but a delimiter decides.
func (c *columns) better(d *columns) bool {
	near := 10*c.regular >= 9*d.regular && 10*d.regular >= 9*c.regular
	if !near || c.hard == d.hard && c.most == d.most {
		return c.regular > d.regular
	}
	if c.hard != d.hard {
		return c.hard > d.hard
	}
	return c.most > d.most
}

// saysDelimiter reads the line "sep=;" that Excel understands.
func saysDelimiter(sample []byte) (byte, bool) {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(sample, []byte("\uFEFF")), []byte{'\n'})
	line = bytes.Trim(line, "\" \r")
	if len(line) == 5 && bytes.EqualFold(line[:4], []byte("sep=")) && bytes.IndexByte([]byte(delimiters), line[4]) >= 0 {
		return line[4], true
	}
	return 0, false
}

func delimiterName(d byte) string {
	switch d {
	case ',':
		return "comma"
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	}
	return fmt.Sprintf("%q", string(rune(d)))
}

func countColumns(sample []byte, delimiter byte, maxRecord int) columns {
	c := columns{delimiter: delimiter}
	r := delimited.NewReader(bytes.NewReader(sample), delimited.Options{Comma: delimiter, MaxRecord: maxRecord})
	widths, hard := map[int]int{}, map[int]int{}
	for seen := 0; seen < sniffedRows; seen++ {
		row, err := r.Read()
		if _, bad := errors.AsType[*delimited.RowError](err); bad {
			c.rows++
			continue
		}
		if err != nil {
			break // the end: the sample is in memory
		}
		c.rows++
		if n := len(row.Fields); n > 1 {
			widths[n]++
			if n := hardDelimiters(row.Fields, delimiter); n > 0 {
				hard[n]++
			}
		}
	}
	c.most, c.regular = commonest(widths)
	c.hard, _ = commonest(hard)
	return c
}

// hardDelimiters counts the delimiters of a row that cannot be part of a number
// or of a list in a cell.
func hardDelimiters(fields [][]byte, delimiter byte) int {
	n := 0
	for i, f := range fields[1:] {
		before := fields[i]
		switch {
		case delimiter == ',' && len(before) > 0 && len(f) > 0 && digit(before[len(before)-1]) && digit(f[0]):
		case (delimiter == ',' || delimiter == ';') && len(f) > 1 && f[0] == ' ':
		default:
			n++
		}
	}
	return n
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// commonest returns the key with the greatest count, the greater of two, and
// its count.
func commonest(counts map[int]int) (key, count int) {
	for k, n := range counts {
		if n > count || n == count && k > key {
			key, count = k, n
		}
	}
	return key, count
}
