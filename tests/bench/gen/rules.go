package gen

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Rule is a way to write a deck: plain, or with the columns of one rule that a
// card may use. A rule's prices follow from the plain one, so all the decks of
// a seed have the same prefixes.
type Rule struct {
	Name    string
	columns string
	rows    func(e *entry, row func(columns ...uint64))
}

// Rules are the rules that a deck can be written for, the plain one first.
//
// Columns are filled from left to right; amounts in millionths, a date as
// yyyymmdd. A rule may give a prefix several rows.
var Rules = []Rule{
	{"plain", "rate", func(e *entry, row func(...uint64)) { row(e.PerMinute) }},
	{"bands", "rate_peak,rate_offpeak,rate_weekend", func(e *entry, row func(...uint64)) {
		row(e.PerMinute, e.PerMinute*3/4, e.PerMinute/2)
	}},
	{"classes", "rate_international,rate_national,rate_local", func(e *entry, row func(...uint64)) {
		row(e.PerMinute, e.PerMinute*4/5, e.PerMinute*3/5)
	}},
	{"dates", "rate,effective_from", func(e *entry, row func(...uint64)) {
		row(e.PerMinute, 20260101)
		if e.value%4 == 0 { // a change in the month of the records
			row(e.PerMinute+1_000, 20261116)
		}
	}},
	{"tiers", "rate,tier_2_seconds,tier_2_rate,tier_3_seconds,tier_3_rate", func(e *entry, row func(...uint64)) {
		row(e.PerMinute, 180, e.PerMinute*9/10, 600, e.PerMinute*4/5)
	}},
}

// kinds are how networks are called.
var kinds = [...]string{"Mobile", "Fixed", "Special", "Mobile", "Premium"}

// WriteCSV writes the deck with the columns of a rule.
func (d *Deck) WriteCSV(w io.Writer, r Rule) error {
	out := bufio.NewWriterSize(w, 1<<20)
	columns := strings.Split(r.columns, ",")
	fmt.Fprintf(out, "prefix,destination,%s,interval_1,interval_n,connection_fee\n", r.columns)
	var line []byte
	for i := range d.entries {
		e := &d.entries[i]
		r.rows(e, func(values ...uint64) {
			line = e.append(line[:0])
			line = append(line, ',')
			line = d.appendName(line, e)
			for i, v := range values {
				line = append(line, ',')
				line = appendValue(line, columns[i], v)
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
	dst = append(append(dst, "Zone "...), countryCodes[country]...)
	if e.network >= 0 {
		dst = append(dst, ' ')
		dst = append(dst, kinds[int(e.network)%len(kinds)]...)
		dst = strconv.AppendInt(append(dst, ' '), int64(e.network), 10)
	}
	return dst
}

// appendValue appends a value as its column has it.
func appendValue(dst []byte, column string, v uint64) []byte {
	switch {
	case column == "effective_from":
		return fmt.Appendf(dst, "%04d-%02d-%02d", v/10000, v/100%100, v%100)
	case strings.HasSuffix(column, "_seconds"):
		return strconv.AppendUint(dst, v, 10)
	}
	return appendMillionths(dst, v)
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
