package deck

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/bojanz/currency"
)

// meaning is what a column holds.
type meaning int

const (
	prefix meaning = iota
	destination
	country // serves as destination where no other column does
	price   // price 1 and price N in one
	price1
	priceN
	interval1
	intervalN
	interval         // both intervals, one number
	increments       // both, as in 60/1
	billingIncrement // as increments, or interval N alone
	connectionFee
	blocked
	status
	kind
	service
	unit
	inter
	intra
	indeterminate
	minimum
	minCharge
	maxCharge
	grace
	free
	access
	from
	to
	band
	origin
	tag
	area
	localPrice // local price 1 and price N in one
	local1
	localN
	localInterval1
	localIntervalN
	meanings int = iota
)

const maxColumns = 512

// columns names each meaning as the report does, with the headers that claim
// it: those of the switches and billing systems whose decks are in circulation
// (ASTPP, A2Billing, OV500, IVOZ Provider, Asterisell, Sippy, ConnexCS, 46labs).
var columns = [meanings]struct {
	name    string
	aliases []string
}{
	prefix: {"prefix", []string{"prefix", "prefixes", "code", "codes", "dial code", "dial codes", "destination code",
		"area code", "dial prefix", "number prefix"}},
	destination: {"destination", []string{"destination", "destination name", "name", "description", "target pattern name"}},
	country:     {"country", []string{"country"}},
	price: {"price", []string{"price", "price min", "price per min", "price per minute", "rate", "rate min", "rate per min",
		"rate per minute", "cost", "cost min", "cost per min", "cost per minute", "per minute charge", "ppm"}},
	price1: {"price_1", []string{"price 1"}},
	priceN: {"price_n", []string{"price n"}},
	interval1: {"interval_1", []string{"interval 1", "first interval", "mcd", "initial", "initial increment", "init block",
		"min", "minimum", "minimal", "minimum time"}},
	intervalN: {"interval_n", []string{"interval n", "pulse", "increment", "next increment", "subsequent", "resolution",
		"resolution time"}},
	interval:         {"interval", []string{"charge period"}},
	increments:       {"increments", []string{"increments", "billing", "billing increments"}},
	billingIncrement: {"billing_increment", []string{"billing increment"}},
	connectionFee: {"connection_fee", []string{"connection fee", "connection charge", "connection cost", "connect", "connect fee",
		"connect cost", "rate connect", "setup", "setup fee", "ppc"}},
	blocked: {"blocked", []string{"blocked", "forbidden"}},
	status:  {"status", []string{"status"}},

	kind:           {"kind", []string{"kind", "kind of usage", "usage kind"}},
	service:        {"service", []string{"service"}},
	unit:           {"price_unit", []string{"price unit", "priced per", "per"}},
	inter:          {"inter", []string{"inter", "inter rate", "inter price", "interstate", "interstate rate", "interstate price"}},
	intra:          {"intra", []string{"intra", "intra rate", "intra price", "intrastate", "intrastate rate", "intrastate price"}},
	indeterminate:  {"indeterminate", []string{"indeterminate", "indeterminate rate", "indeterminate price"}},
	minimum:        {"minimum_seconds", []string{"minimum seconds", "min seconds", "minimum billed seconds", "minimum units"}},
	minCharge:      {"minimum_charge", []string{"minimum charge", "min charge", "minimum cost", "min cost"}},
	maxCharge:      {"maximum_charge", []string{"maximum charge", "max charge", "maximum cost", "max cost"}},
	grace:          {"grace_period", []string{"grace period", "grace", "grace seconds", "grace period seconds"}},
	free:           {"free_seconds", []string{"free seconds", "included seconds", "free units"}},
	access:         {"access_charge", []string{"access charge", "access"}},
	from:           {"effective_from", []string{"effective from", "effective date", "valid from", "activation date"}},
	to:             {"effective_to", []string{"effective to", "effective until", "valid to", "valid until", "expiration date", "expiry date"}},
	band:           {"band", []string{"band", "time band"}},
	origin:         {"origin", []string{"origin", "origin group"}},
	tag:            {"tag", []string{"tag"}},
	area:           {"area", []string{"area", "area name"}},
	localPrice:     {"local_price", []string{"local price", "local rate"}},
	local1:         {"local_price_1", []string{"local price 1"}},
	localN:         {"local_price_n", []string{"local price n"}},
	localInterval1: {"local_interval_1", []string{"local interval 1"}},
	localIntervalN: {"local_interval_n", []string{"local interval n"}},
}

// Column is a column that decks may have.
type Column struct {
	Name    string   // in reports
	Headers []string // that stand for it; case, spaces, _ - / . and a unit in parentheses do not matter
}

// Columns returns all columns that are read.
func Columns() []Column {
	out := make([]Column, len(columns))
	for i, c := range columns {
		out[i] = Column{c.name, slices.Clone(c.aliases)}
	}
	return out
}

// amounts are the columns that hold prices and fees.
var amounts = [...]meaning{price, price1, priceN, connectionFee, inter, intra, indeterminate, minCharge, maxCharge, localPrice, local1, localN}

// layout says where in a row each meaning is.
type layout struct {
	at      [meanings]int // index of the field, -1 = no such column
	headers []string      // as in the file, trimmed
	ignored []string
	last    int // highest index of a column that is read
}

func (l *layout) has(m meaning) bool        { return l.at[m] >= 0 }
func (l *layout) header(m meaning) string   { return l.headers[l.at[m]] }
func (l *layout) claim(m meaning, at int)   { l.at[m] = at; l.last = max(l.last, at) }
func (l *layout) fail(problem string) error { return &FileError{Problem: problem, Headers: l.headers} }

// readHeader finds the meanings in a header row.
func readHeader(fields [][]byte) (*layout, error) {
	l := &layout{headers: make([]string, len(fields))}
	for m := range l.at {
		l.at[m] = -1
	}
	for i, f := range fields {
		l.headers[i] = strings.Join(strings.Fields(string(f)), " ")
	}
	if len(fields) > maxColumns {
		return nil, l.fail(fmt.Sprintf("%d columns, want at most %d", len(fields), maxColumns))
	}
	hasName := slices.ContainsFunc(l.headers, func(h string) bool { return meaningOf(h) == destination })
	for i, h := range l.headers {
		m := meaningOf(h)
		switch {
		case m == country && !hasName:
			m = destination
		case m == country || m < 0:
			if h != "" {
				l.ignored = append(l.ignored, h)
			}
			continue
		}
		if l.has(m) {
			return nil, l.fail(fmt.Sprintf("columns %q and %q are both the %s, want one", clip(l.header(m)), clip(h), columns[m].name))
		}
		l.claim(m, i)
	}
	return l, l.check()
}

// meaningOf returns the meaning of a header, -1 for none.
func meaningOf(header string) meaning {
	key := squeeze(header)
	for m, c := range columns {
		if slices.ContainsFunc(c.aliases, func(alias string) bool { return squeeze(alias) == key }) {
			return meaning(m)
		}
	}
	return -1
}

// rivals are columns that give the same value: a deck has at most one of each
// pair.
var rivals = [][2]meaning{
	{price, price1}, {price, priceN},
	{interval, interval1}, {interval, intervalN}, {interval, increments}, {interval, billingIncrement},
	{increments, interval1}, {increments, intervalN}, {increments, billingIncrement}, {billingIncrement, intervalN},
	{localPrice, local1}, {localPrice, localN},
}

func (l *layout) check() error {
	for _, r := range rivals {
		if l.has(r[0]) && l.has(r[1]) {
			return l.fail(fmt.Sprintf("columns %q and %q both give the %s, want one of them",
				clip(l.header(r[0])), clip(l.header(r[1])), columns[r[1]].name))
		}
	}
	var missing []string
	need := func(m meaning) {
		missing = append(missing, fmt.Sprintf("no %s column (%s)", columns[m].name, strings.Join(columns[m].aliases, ", ")))
	}
	if !l.has(prefix) {
		need(prefix)
	}
	switch { // a card of two or three classes may have a price for all as well
	case l.has(price1) && !l.has(priceN):
		need(priceN)
	case l.has(priceN) && !l.has(price1):
		need(price1)
	case l.has(inter) && !l.has(intra):
		need(intra)
	case l.has(intra) && !l.has(inter):
		need(inter)
	case !l.has(price) && !l.has(price1) && !l.has(inter):
		need(price)
	}
	for _, pair := range [][2]meaning{{local1, localN}, {localN, local1}, {localPrice, area}, {local1, area}} {
		if l.has(pair[0]) && !l.has(pair[1]) {
			need(pair[1])
		}
	}
	if len(missing) > 0 {
		return l.fail(strings.Join(missing, ", ") +
			"; in the header, which is the first row, case, spaces, _ - / . and a unit in parentheses do not matter")
	}
	return nil
}

// squeeze returns a header in lower case without spaces, signs between words
// and units in parentheses: "Cost / Min (USD)" is costmin. Parentheses around
// anything else stay, so that "rate (inter)" is not taken for the rate.
func squeeze(header string) string {
	if open := strings.LastIndexByte(header, '('); open >= 0 && strings.HasSuffix(header, ")") &&
		isUnit(header[open+1:len(header)-1]) {
		header = header[:open]
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || strings.ContainsRune("_-/.", c) {
			return -1
		}
		return unicode.ToLower(c)
	}, header)
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
