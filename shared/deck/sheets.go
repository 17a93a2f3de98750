package deck

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/table"
)

// role is what the rows of a sheet are for.
type role int

const (
	rateRows     role = iota // rates, each with its codes
	namedRates               // rates of destinations by their names; the codes are elsewhere
	namedCodes               // the codes of destinations by their names
	callerCodes              // the codes of groups of callers by their names
	countryRates             // rates of countries, by their calling codes
)

var roleNames = [...]string{"rates", "rates by name", "codes by name", "codes of callers by name", "rates by country code"}

// nameColumns are the columns of the name by which rows are joined.
func (l *layout) nameColumns() []meaning {
	if l.role == callerCodes {
		return []meaning{origin, destination, country, network}
	}
	return []meaning{destination, country, network}
}

// byName reports whether the rates have names instead of codes.
func (l *layout) byName() bool { return l.role == namedRates }

// meaningOf returns what a header means, by the template's word before any other;
// -1: nothing.
func (t *Template) meaningOf(header string) meaning {
	if t != nil {
		for name, at := range t.Columns {
			if squeeze(at) == squeeze(header) {
				return meaningNamed(name)
			}
		}
	}
	return meaningOf(header)
}

// joinSheets finds the sheets that go with rates that were found: those of
// callers' codes, where the rates ask who calls, and rates by name and by who
// calls, as carriers have them in a sheet of their own.
func (p *place) joinSheets(f *table.File, t *Template) error {
	others := slices.Delete(f.Sheets(), p.sheet, p.sheet+1)
	parts, err := survey(f, t, nil, others)
	if err != nil {
		return err
	}
	var named []string
	for _, r := range parts.rates {
		if !r.has(origin) {
			named = append(named, f.Sheets()[r.sheet])
			continue
		}
		if p.more != nil {
			return both(f, p.more, r, "rates by name and by who calls", "sheet")
		}
		p.more = r
	}
	if p.more != nil && parts.codes == nil {
		if !p.named(p.nameColumns()...) || !p.has(prefix) {
			return &FileError{Problem: fmt.Sprintf("sheet %q has rates by name, and no sheet has the codes of its names", f.Sheets()[p.more.sheet]), Headers: p.more.headers}
		}
		own := *p.layout
		own.role = namedCodes
		parts.codes = &place{sheet: p.sheet, line: p.line, layout: &own}
	}
	if p.more != nil {
		p.codes = parts.codes
	}
	if err := p.joinCallers(parts.callers); err != nil {
		return err
	}
	p.drop(f, p.codes, p.callers, p.more)
	if named = slices.DeleteFunc(named, func(s string) bool { return !slices.Contains(p.others, s) }); len(named) > 0 {
		p.unread = named
		p.others = slices.DeleteFunc(p.others, func(s string) bool { return slices.Contains(named, s) })
	}
	return nil
}

// joinCallers gives rates by who calls the codes of groups of callers, if there are any.
func (p *place) joinCallers(codes *place) error {
	if p.has(origin) || p.more != nil || len(p.surcharges) > 0 {
		p.callers = codes
	}
	if p.more != nil {
		if err := p.more.settleSurcharges(codes != nil); err != nil {
			return err
		}
	}
	return p.settleSurcharges(codes != nil)
}

// findCountries finds the one card of the open rate card that has no codes but those
// of countries, as its cards for messages do; nil: there is none. In any other file
// such prices may be for a part of the country.
func findCountries(f *table.File, t *Template, templates []Template) (found *place, by *Template, err error) {
	ratesIn, _, _ := t.sheets()
	for i, name := range f.Sheets() {
		if ratesIn != "" && ratesIn != name || factsOf(f, i).card == "" {
			continue
		}
		rows, err := head(f, i)
		if err != nil {
			return nil, nil, err
		}
		p, used, err := findIn(rows, t, templates, countryRates, false)
		if file := new(FileError); err != nil && !errors.As(err, &file) {
			return nil, nil, err
		}
		switch {
		case p == nil:
		case found != nil:
			return nil, nil, both(f, found, p, "rates by country code", "sheet")
		default:
			found, by = p, used
			found.sheet, found.role = i, rateRows
			found.at[prefix], found.at[countryCode] = found.at[countryCode], -1
			found.guess("prefix", clip(found.header(prefix)), "no other column has codes")
		}
	}
	if found != nil {
		if err := found.settleSurcharges(false); err != nil {
			return nil, nil, err
		}
		found.others = f.Sheets()
		found.drop(f, found)
	}
	return found, by, nil
}

// drop takes sheets that are read off those that are not.
func (p *place) drop(f *table.File, read ...*place) {
	for _, r := range read {
		if r != nil {
			p.others = slices.DeleteFunc(p.others, func(s string) bool { return s == f.Sheets()[r.sheet] })
		}
	}
}

// findNamed finds rates by destination name, and the sheets with the codes of
// the names; nil: there are none. given: a list of destinations has them.
func findNamed(f *table.File, t *Template, templates []Template, given bool) (*place, *Template, error) {
	names := f.Sheets()
	var found *place
	parts, err := survey(f, t, templates, names)
	if err != nil || len(parts.rates) == 0 {
		return nil, nil, err
	}
	for _, r := range parts.rates {
		switch {
		case found == nil:
			found = r
		case r.has(origin) && !found.has(origin) && found.more == nil:
			found.more = r
		case found.has(origin) && !r.has(origin) && found.more == nil:
			r.more, found = found, r
		default:
			return nil, nil, both(f, found, r, "rates by name", "sheet")
		}
	}
	if parts.codes == nil && !given {
		problem := lacks(prefix) + ": its prices are for destinations by name; want a column of codes, a sheet with the codes of the names, or a list of destinations"
		if name := names[found.sheet]; name != "" {
			problem = fmt.Sprintf("sheet %q: %s", name, problem)
		}
		return nil, nil, &FileError{Problem: problem, Headers: found.headers, columns: found.count()}
	}
	found.codes = parts.codes
	if err := found.joinCallers(parts.callers); err != nil {
		return nil, nil, err
	}
	found.others = names
	found.drop(f, found, found.codes, found.callers, found.more)
	return found, parts.template, nil
}

// sheetParts are the sheets of a file that have names instead of codes or prices.
type sheetParts struct {
	rates          []*place
	codes, callers *place
	template       *Template // of the rates
}

// survey finds out what some sheets are for.
func survey(f *table.File, t *Template, templates []Template, names []string) (parts sheetParts, err error) {
	ratesIn, codesIn, callersIn := t.sheets()
	for i, name := range f.Sheets() {
		if !slices.Contains(names, name) {
			continue
		}
		rows, err := head(f, i)
		if err != nil {
			return parts, err
		}
		asked := name != "" && (name == codesIn || name == callersIn)
		if !asked && (ratesIn == "" || ratesIn == name) {
			r, by, err := findIn(rows, t, templates, namedRates, len(f.Sheets()) == 1)
			if r != nil {
				r.sheet = i
				if parts.rates = append(parts.rates, r); !r.has(origin) || parts.template == nil {
					parts.template = by
				}
				continue
			}
			if file := new(FileError); !errors.As(err, &file) {
				return parts, err
			}
		}
		if err := parts.list(f, t, i, rows); err != nil {
			return parts, err
		}
	}
	return parts, nil
}

// sheets returns the names of the sheets that the template asks for.
func (t *Template) sheets() (rates, codes, callers string) {
	if t == nil {
		return "", "", ""
	}
	return t.Sheet, t.CodesSheet, t.OriginsSheet
}

// list takes a sheet as a list of names and codes, if it is one.
func (parts *sheetParts) list(f *table.File, t *Template, sheet int, rows []headRow) error {
	name := f.Sheets()[sheet]
	_, codesIn, callersIn := t.sheets()
	as := namedCodes
	if callersIn == name && name != "" {
		as = callerCodes
	}
	r, err := findList(rows, t, as, name)
	if file := new(FileError); err != nil && !errors.As(err, &file) {
		return err
	} else if err != nil && name != "" && (name == codesIn || name == callersIn) {
		return &FileError{Problem: fmt.Sprintf("sheet %q, which the template asks for: %s", name, file.Problem), Headers: file.Headers, columns: meanings}
	} else if err != nil {
		return nil
	}
	r.sheet = sheet
	to, asked, what, key := &parts.codes, codesIn, "the codes of names", "codes_sheet"
	if r.role == callerCodes {
		to, asked, what, key = &parts.callers, callersIn, "the codes of groups of callers", "origins_sheet"
	}
	switch {
	case asked != "" && asked != name:
		return nil
	case *to != nil:
		return both(f, *to, r, what, key)
	}
	*to = r
	return nil
}

// both refuses two sheets for one thing.
func both(f *table.File, a, b *place, what, key string) error {
	names := quotedList([]string{f.Sheets()[a.sheet], f.Sheets()[b.sheet]})
	return &FileError{Problem: fmt.Sprintf("sheets %s both have %s: want a file of one, or a template that says which with %q", names, what, key), columns: meanings}
}

// findList finds the header of a list of names and codes. A list is one of
// callers' codes where its header says so, or the name of its sheet.
func findList(rows []headRow, t *Template, as role, sheet string) (*place, error) {
	var closest error = &FileError{Problem: "the file is empty"}
	most := -1
	for i, row := range rows {
		l, err := readHeader(row.cells, as, t)
		if err == nil && as == namedCodes && (l.named(originPrefix, origin) || ofCallers(sheet)) || err != nil && as == namedCodes {
			if c, other := readHeader(row.cells, callerCodes, t); other == nil && (err != nil || !l.has(destination) || ofCallers(sheet)) {
				l, err = c, nil
			}
		}
		if err == nil {
			l.joinBy()
			return &place{line: row.line, layout: l, notice: readNotice(rows[:i])}, nil
		}
		if l != nil && l.count() > most {
			closest, most = err, l.count()
		}
	}
	return nil, closest
}

// joinBy has a list of callers' codes read as any other: its names where
// destinations have theirs, its codes where these have theirs.
func (l *layout) joinBy() {
	if l.role != callerCodes {
		return
	}
	for _, m := range [][2]meaning{{originPrefix, prefix}, {origin, destination}} {
		if l.has(m[0]) {
			l.at[m[1]], l.at[m[0]] = l.at[m[0]], -1
		}
	}
}

// ofCallers reports whether the name of a sheet says that it is about callers.
func ofCallers(sheet string) bool {
	return slices.ContainsFunc([]string{"origin", "src", "source", "caller", "anumber"}, func(word string) bool {
		return strings.Contains(squeeze(sheet), word)
	})
}
