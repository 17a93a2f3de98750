package deck

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/bojanz/currency"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/table"
)

// evidence is what a file says as a whole.
type evidence struct {
	template     *Template
	prices       cells.PriceEvidence
	dates        cells.DateEvidence
	graceSeconds bool // grace periods are lengths, not switches
	graceLine    int64
	// Of the rows with a country code: how many codes begin with it.
	with, without         int64
	firstWith, firstOther int64

	priceRules cells.PriceRules
	dateOrder  cells.DateOrder
	codeRules  cells.CodeRules
	increments cells.IncrementRules
	zone       *time.Location
	guesses    []Guess
}

// see looks at a row. A bad row is no evidence; it is reported when the rates
// are read.
func (ev *evidence) see(l *layout, row table.Row) {
	for _, m := range amounts {
		if at := l.at[m]; at >= 0 && at < len(row.Cells) {
			ev.prices.See(row.Line, row.Cells[at])
		}
	}
	for _, s := range l.surcharges {
		if s.at < len(row.Cells) {
			ev.prices.See(row.Line, bytes.TrimRight(row.Cells[s.at], " %"))
		}
	}
	for _, m := range [...]meaning{from, to} {
		if at := l.at[m]; at >= 0 && at < len(row.Cells) {
			ev.dates.See(row.Line, row.Cells[at])
		}
	}
	if at := l.at[grace]; at >= 0 && at < len(row.Cells) && !ev.graceSeconds {
		switch string(cells.Unwrap(row.Cells[at])) {
		case "", "0", "1":
		default:
			ev.graceSeconds, ev.graceLine = true, row.Line
		}
	}
	if at, cc := l.at[prefix], l.at[countryCode]; at >= 0 && cc >= 0 && max(at, cc) < len(row.Cells) {
		country := bytes.TrimLeft(cells.Unwrap(row.Cells[cc]), "+0")
		code := bytes.TrimLeft(cells.Unwrap(row.Cells[at]), "+0")
		switch {
		case len(country) == 0 || len(code) == 0:
		case bytes.HasPrefix(code, country):
			if ev.with++; ev.firstWith == 0 {
				ev.firstWith = row.Line
			}
		default:
			if ev.without++; ev.firstOther == 0 {
				ev.firstOther = row.Line
			}
		}
	}
}

func (ev *evidence) guess(what, value, why string) {
	ev.guesses = append(ev.guesses, Guess{What: what, Value: value, Evidence: why})
}

// settle decides what the template leaves open. An error says that the file does
// not decide it either.
func (ev *evidence) settle(p *place) (err error) {
	t := ev.template
	if ev.zone, err = t.zone(); err != nil {
		return err
	}
	ev.codeRules.Strip, ev.increments = t.Strip, t.increments()
	ev.priceRules.Hundredths = t.Hundredths
	comma, why := ev.prices.DecimalComma()
	switch t.DecimalSign {
	case "":
		ev.priceRules.DecimalComma = comma
		if comma {
			ev.guess("decimal sign", "comma", why)
		}
	default:
		ev.priceRules.DecimalComma = t.DecimalSign == ","
	}
	if p.named(from, to) {
		order, why, ambiguous := ev.dates.Order()
		switch ev.dateOrder = t.dateOrder(); {
		case ev.dateOrder != cells.Unknown:
		case ambiguous: // an error of each row that has such a date
			ev.guess("dates", "not known", why+"; a template with date_order dmy or mdy says it")
		default:
			if ev.dateOrder = order; order != cells.Unknown {
				ev.guess("dates", order.String(), why)
			}
		}
	}
	return ev.settleCodes(p)
}

// guessCurrency looks for the currency in the headers of prices, and beside the
// prices themselves. $ is the sign of many.
func (d *deck) guessCurrency() {
	found := func(code, why string) {
		if d.report.Currency == "" {
			d.report.Currency = code
			d.report.Guesses = append(d.report.Guesses, Guess{"currency", code, why})
		}
	}
	for _, m := range amounts {
		if !d.has(m) {
			continue
		}
		header := d.header(m)
		for _, word := range strings.FieldsFunc(header, func(c rune) bool { return !unicode.IsLetter(c) && c != '€' && c != '£' }) {
			if code := currencyOf(word); code != "" {
				found(code, fmt.Sprintf("the header of column %q has it", clip(header)))
			}
		}
	}
	for _, c := range d.evidence.prices.Currencies() {
		if code := currencyOf(c.Text); code != "" {
			found(code, fmt.Sprintf("%q stands beside a price in line %d", c.Text, c.Line))
		}
	}
}

// currencyOf returns the currency of a sign or a code in capitals; empty: it
// tells none.
func currencyOf(s string) string {
	switch s {
	case "€":
		return "EUR"
	case "£":
		return "GBP"
	}
	switch {
	case s == "ALL" || s == "TOP" || s == "TRY": // words of a sentence in capitals, too
	case len(s) == 3 && s == strings.ToUpper(s) && currency.IsValid(s):
		return s
	}
	return ""
}

// readFacts takes the currency that JSON says beside its rows.
func (d *deck) readFacts(p *place) error {
	for _, name := range slices.Sorted(maps.Keys(d.facts.facts)) {
		last := name[strings.LastIndexByte(name, '.')+1:]
		code := d.facts.facts[name]
		switch {
		case d.facts.isOther(name):
		case last != "currency" && last != "currency_code" && last != "price_unit":
		case !currency.IsValid(code):
			return p.fail(fmt.Sprintf("%s is %q, want a code of ISO 4217, such as GBP", name, clip(code)))
		case d.report.Currency == "":
			d.report.Currency = code
			d.report.Guesses = append(d.report.Guesses, Guess{"currency", code, fmt.Sprintf("%q says so", name)})
		case d.report.Currency != code:
			return p.fail(fmt.Sprintf("its currencies are %s and %s: want a file of one currency, or a template that says which", d.report.Currency, code))
		}
	}
	return nil
}

// settleCodes decides whether the codes of a deck with a column of country
// codes have these in front already.
func (ev *evidence) settleCodes(p *place) error {
	if !p.has(countryCode) || !p.has(prefix) {
		return nil
	}
	switch ev.template.CountryCode {
	case "always":
		ev.codeRules.CountryRule = cells.Always
	case "never":
		ev.codeRules.CountryRule = cells.Never
	case "missing":
		ev.codeRules.CountryRule = cells.WhenMissing
	default:
		header, of := clip(p.layout.header(countryCode)), clip(p.layout.header(prefix))
		switch {
		case ev.without == 0 && ev.with > 0:
			ev.codeRules.CountryRule = cells.Never
			ev.guess("codes", "whole", fmt.Sprintf("column %q begins with what column %q has in every row", of, header))
		case ev.with == 0 && ev.without > 0:
			ev.codeRules.CountryRule = cells.Always
			ev.guess("codes", "behind the country code", fmt.Sprintf("column %q begins with what column %q has in no row", of, header))
		}
	}
	return nil
}
