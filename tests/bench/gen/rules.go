package gen

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Rule is a way to write a deck: plain, or with the columns of one rule that a
// card may use, so that every row of every prefix uses it. A rule's prices
// follow from the plain one, so all the decks of a seed have the same prefixes.
type Rule struct {
	Name    string
	columns string
	rows    func(e *entry, row func(cells ...any))
}

// Rules are the rules that a deck can be written for, the plain one first.
// Cells are amounts in millionths, or text.
var Rules = []Rule{
	{"plain", "rate", func(e *entry, row func(...any)) { row(e.PerMinute) }},
	{"bands", "rate,band", func(e *entry, row func(...any)) {
		row(e.PerMinute, "peak")
		row(e.PerMinute*3/4, "offpeak")
		row(e.PerMinute/2, "weekend")
	}},
	{"classes", "inter,intra,indeterminate", func(e *entry, row func(...any)) {
		row(e.PerMinute, e.PerMinute*5/4, e.PerMinute*3/2)
	}},
	// A price changes once in the month of the records, each on a day of its
	// own; every other one will change again after it.
	{"dates", "rate,effective_from,effective_to", func(e *entry, row func(...any)) {
		change := fmt.Sprintf("2026-11-%02d", 2+e.value%27)
		row(e.PerMinute, "2026-01-01", change)
		row(e.PerMinute*4/5, change, "")
		if e.value%2 == 0 {
			row(e.PerMinute*9/10, "2026-12-01", "")
		}
	}},
	{"origins", "rate,origin", func(e *entry, row func(...any)) {
		row(e.PerMinute, "")
		row(e.PerMinute*3/5, "eea")
		row(e.PerMinute*3, "invalid")
	}},
}

// EEACodes returns the country codes of the callers that the group eea is of.
func EEACodes() []string { return eeaCodes }

// kinds are how networks are called.
var kinds = [...]string{"Mobile", "Fixed", "Special", "Mobile", "Premium"}

// WriteCSV writes the deck with the columns of a rule.
func (d *Deck) WriteCSV(w io.Writer, r Rule) error {
	out := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprintf(out, "prefix,destination,%s,interval_1,interval_n,connection_fee\n", r.columns)
	columns := 1 + strings.Count(r.columns, ",")
	var line []byte
	for i := range d.entries {
		e := &d.entries[i]
		r.rows(e, func(cells ...any) {
			if len(cells) != columns {
				panic("a row that is not as the header of rule " + r.Name)
			}
			line = e.append(line[:0])
			line = append(line, ',')
			line = d.appendName(line, e)
			for _, cell := range cells {
				line = append(line, ',')
				switch v := cell.(type) {
				case uint64:
					line = appendMillionths(line, v)
				case string:
					line = append(line, v...)
				}
			}
			line = append(line, ',')
			line = strconv.AppendUint(line, e.Interval1, 10)
			line = append(line, ',')
			line = strconv.AppendUint(line, e.IntervalN, 10)
			line = append(line, ',')
			line = append(appendMillionths(line, e.Fee), '\n')
			out.Write(line) // a failure stays with out until Flush
		})
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing a deck: %w", err)
	}
	return nil
}

// appendName appends the destination: the country's, or the network's.
func (d *Deck) appendName(dst []byte, e *entry) []byte {
	country := -1 - e.network
	if e.network >= 0 {
		country = d.networks[e.network]
	}
	dst = append(append(dst, "Zone "...), d.codes[country]...)
	if e.network >= 0 {
		dst = append(dst, ' ')
		dst = append(dst, kinds[int(e.network)%len(kinds)]...)
		dst = strconv.AppendInt(append(dst, ' '), int64(e.network), 10)
	}
	return dst
}

// appendMillionths appends an amount with six decimals.
func appendMillionths(dst []byte, v uint64) []byte {
	dst = strconv.AppendUint(dst, v/1e6, 10)
	dst = append(dst, '.')
	for unit := uint64(1e5); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+v/unit%10))
	}
	return dst
}
