package deck

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/bojanz/currency"
	"golang.org/x/text/unicode/norm"
)

// layout says where in a row each meaning is.
type layout struct {
	at      [meanings]int // index of the field, -1 = no such column
	headers []string      // as in the file, trimmed; of a deck without a header "column 1" …
	ignored []string
	last    int     // highest index of a column that is read
	guesses []Guess // about columns
	bare    bool    // the deck has no header
	exact   bool    // it is a download of a card
	role    role    // what the rows are for
	message int     // index of what was wrong with the deck before, -1 = no such column

	surcharges []surcharge
	unread     []string // headers of surcharges that are not read
}

func (l *layout) has(m meaning) bool        { return l.at[m] >= 0 }
func (l *layout) header(m meaning) string   { return l.headers[l.at[m]] }
func (l *layout) claim(m meaning, at int)   { l.at[m] = at; l.last = max(l.last, at) }
func (l *layout) fail(problem string) error { return &FileError{Problem: problem, Headers: l.headers} }

func newLayout(headers []string) *layout {
	l := &layout{headers: headers, message: -1}
	for m := range l.at {
		l.at[m] = -1
	}
	return l
}

// trimmed returns cells with one space for each run of white space.
func trimmed(fields [][]byte) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = strings.Join(strings.Fields(string(f)), " ")
	}
	return out
}

// readHeader finds the meanings in a header row, by what a template says of them
// first; nil: there is none.
func readHeader(fields [][]byte, as role, t *Template) (*layout, error) {
	l := newLayout(trimmed(fields))
	l.role = as
	if len(fields) > maxColumns {
		return nil, l.fail(fmt.Sprintf("%d columns, want at most %d", len(fields), maxColumns))
	}
	for i, h := range l.headers {
		m := t.meaningOf(h)
		if m < 0 || t.surchargeOf(h, i) != "" {
			if isMessages(h) && l.message < 0 {
				l.message = i
			} else if !l.surchargeAt(i, t) && h != "" {
				l.ignored = append(l.ignored, h)
			}
			continue
		}
		if l.has(m) {
			if m == intra && squeeze(h) == squeeze(l.header(intra)) && !l.has(indeterminate) {
				l.claim(indeterminate, i)
				l.guess("column "+fmt.Sprint(i+1), "indeterminate", fmt.Sprintf("it is the second column called %q; calls whose states are not known have a price of their own in such decks", clip(h)))
				continue
			}
			return l, l.fail(fmt.Sprintf("columns %q and %q are both the %s, want one", clip(l.header(m)), clip(h), columns[m].name))
		}
		l.claim(m, i)
	}
	if err := l.check(); err != nil {
		return l, err
	}
	return l, l.surchargesAsked(t)
}

func (l *layout) guess(what, value, evidence string) {
	l.guesses = append(l.guesses, Guess{What: what, Value: value, Evidence: evidence})
}

// meaningOf returns the meaning of a header, -1 for none.
func meaningOf(header string) meaning {
	if m, ok := byHeader[squeeze(header)]; ok {
		return m
	}
	return -1
}

var byHeader = func() map[string]meaning {
	out := map[string]meaning{}
	for m, c := range columns {
		for _, alias := range c.aliases {
			out[squeeze(alias)] = meaning(m)
		}
	}
	return out
}()

// rivals are columns that give the same value: a deck has at most one of each
// pair.
var rivals = [][2]meaning{
	{price, price1}, {price, priceN},
	{interval, interval1}, {interval, intervalN}, {interval, increments}, {interval, billingIncrement},
	{increments, interval1}, {increments, intervalN}, {increments, billingIncrement}, {billingIncrement, intervalN},
	{localPrice, local1}, {localPrice, localN}, {origin, originPrefix},
}

// check reports what the columns lack for what the rows are for.
func (l *layout) check() error {
	if l.role == rateRows {
		if err := l.checkDownload(); err != nil {
			return err
		}
	}
	for _, r := range rivals {
		if r[0] == origin && l.role == callerCodes {
			continue // the one has the names, the other the codes
		}
		if l.has(r[0]) && l.has(r[1]) {
			return l.fail(fmt.Sprintf("columns %q and %q both give the %s, want one of them",
				clip(l.header(r[0])), clip(l.header(r[1])), columns[r[1]].name))
		}
	}
	var missing []string
	need := func(m meaning) { missing = append(missing, lacks(m)) }
	switch {
	case l.role == countryRates && l.has(countryCode) && !l.has(prefix):
	case !l.has(prefix) && l.role != namedRates && l.role != callerCodes:
		need(prefix)
	}
	if l.role != rateRows && l.role != countryRates && !l.named(l.nameColumns()...) {
		need(destination)
	}
	switch { // a card of two or three classes may have a price for all as well
	case l.role == namedCodes || l.role == callerCodes:
		if l.named(price, price1, inter) {
			missing = append(missing, "it has prices")
		}
		if l.role == callerCodes && !l.named(originPrefix, prefix) {
			need(originPrefix)
		}
	case l.has(price1) && !l.has(priceN):
		need(priceN)
	case l.has(priceN) && !l.has(price1):
		need(price1)
	case l.has(inter) && !l.has(intra):
		need(intra)
	case l.has(intra) && !l.has(inter):
		need(inter)
	case !l.has(price) && !l.has(price1) && !l.has(inter) && !l.has(action): // rates may be deleted without
		need(price)
	}
	for _, pair := range [][2]meaning{{local1, localN}, {localN, local1}, {localPrice, area}, {local1, area}} {
		if l.has(pair[0]) && !l.has(pair[1]) {
			need(pair[1])
		}
	}
	if len(missing) == 0 && l.role == namedRates && l.has(prefix) {
		missing = append(missing, "it has codes")
	}
	if len(missing) > 0 {
		return l.fail(strings.Join(missing, ", ") +
			"; in the header, case, accents, spaces, _ - / . and a unit in parentheses do not matter")
	}
	return nil
}

// lacks says that there is no column of a meaning.
func lacks(m meaning) string {
	return fmt.Sprintf("no %s column (%s)", columns[m].name, strings.Join(columns[m].aliases[:min(len(columns[m].aliases), maxAliases)], ", "))
}

// maxAliases is how many names of a missing column an error lists.
const maxAliases = 8

// squeeze returns a header in lower case without accents, spaces, signs between
// words and units in parentheses: "Cost / Min (USD)" is costmin. Parentheses
// around anything else stay, so that "rate (inter)" is not taken for the rate.
func squeeze(header string) string {
	if open := strings.LastIndexByte(header, '('); open >= 0 && strings.HasSuffix(header, ")") &&
		isUnit(header[open+1:len(header)-1]) {
		header = header[:open]
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || unicode.Is(unicode.Mn, c) || strings.ContainsRune("_-/.'’", c) {
			return -1
		}
		return unicode.ToLower(c)
	}, norm.NFD.String(header))
}

// isUnit reports whether s is a currency, a time, or one per the other.
func isUnit(s string) bool {
	words := strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return unicode.IsSpace(c) || c == '/' })
	for _, w := range words {
		switch w {
		case "s", "sec", "secs", "second", "seconds", "min", "mins", "minute", "minutes", "per", "call", "$", "€", "£":
		default:
			if !currency.IsValid(strings.ToUpper(w)) {
				return false
			}
		}
	}
	return len(words) > 0
}

// named reports whether any of some meanings is a column.
func (l *layout) named(meanings ...meaning) bool { return slices.ContainsFunc(meanings, l.has) }
