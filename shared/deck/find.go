package deck

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/tollbook/tollbook/shared/table"
)

// maxSearched is how many rows may come before the header: a notice has some
// dozens at most.
const maxSearched = 100

// place is where the rates of a file are.
type place struct {
	sheet int
	line  int64 // of the header row; of a deck without one, the line before its first rate
	*layout
	notice notice
	others []string // sheets without rates
	unread []string // sheets with rates by name, beside one that has codes

	// Sheets that go with it, nil if there is none: the codes of names, those of
	// groups of callers, and more rates, by name and by who calls.
	codes, callers, more *place
}

// ofNothing are the columns of a sheet without rows: any other says more of why the
// file is no deck.
const ofNothing = -1

// find looks for the rates of a file: the sheet with a header that says enough, or
// with columns that can only be one thing. Two such sheets are an error: the rates of
// one would be lost. listed: the codes of destinations are given by their names.
func find(f *table.File, t *Template, templates []Template, listed bool) (*place, *Template, error) {
	var closest *FileError
	var found *place
	var by *Template
	var others []string
	seen := ofNothing // meanings that the closest header has
	for i, name := range f.Sheets() {
		if t != nil && t.Sheet != "" && name != t.Sheet {
			continue
		}
		rows, err := head(f, i)
		if err != nil {
			return nil, nil, err
		}
		p, used, err := findIn(rows, t, templates, rateRows, true)
		switch {
		case p != nil && found == nil:
			found, by = p, used
			found.sheet = i
			continue
		case p != nil:
			names := quotedList([]string{f.Sheets()[found.sheet], name})
			return nil, nil, &FileError{Problem: "sheets " + names + " both have rates: want a file of one, or a template that says which sheet is meant"}
		}
		var file *FileError
		if !errors.As(err, &file) {
			return nil, nil, err
		}
		if file.columns >= seen {
			closest, seen = file, file.columns
			if name != "" {
				closest.Problem = fmt.Sprintf("sheet %q: %s", name, closest.Problem)
			}
		}
		others = append(others, name)
	}
	if found != nil {
		found.others = others
		return found, by, found.joinSheets(f, t)
	}
	named, used, err := findNamed(f, t, templates, listed)
	if named == nil {
		countries, by, other := findCountries(f, t, templates)
		if countries != nil || other != nil {
			return countries, by, other
		}
	}
	switch file := new(FileError); {
	case named != nil:
		return named, used, nil
	case errors.As(err, &file) && (closest == nil || file.columns >= seen):
		closest = file
	case err != nil && !errors.As(err, &file):
		return nil, nil, err
	}
	if closest == nil {
		closest = &FileError{Problem: "it has no sheet with rows"}
		if t != nil && t.Sheet != "" {
			closest.Problem = fmt.Sprintf("it has no sheet %q, which the template asks for; its sheets: %s", t.Sheet, quotedList(f.Sheets()))
		}
	}
	return nil, nil, closest
}

// headRow is one of the first rows of a sheet, kept.
type headRow struct {
	line  int64
	cells [][]byte
}

// head returns the first rows of a sheet. Rows that cannot be read are left
// out: they are reported when the rates are read.
func head(f *table.File, sheet int) (out []headRow, err error) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return nil, fileError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var first *table.RowError
	for range maxSearched {
		row, err := rows.Next()
		var bad *table.RowError
		switch {
		case errors.Is(err, io.EOF) && len(out) == 0 && first != nil:
			return nil, &FileError{Problem: "no row of it can be read: " + first.Error()}
		case errors.Is(err, io.EOF):
			return out, nil
		case errors.As(err, &bad):
			first = cmp.Or(first, bad)
			continue
		case err != nil:
			return nil, fileError(err)
		case empty(row.Cells):
			continue
		}
		kept := headRow{line: row.Line, cells: make([][]byte, len(row.Cells))}
		for i, c := range row.Cells {
			kept.cells[i] = bytes.Clone(c)
		}
		out = append(out, kept)
	}
	return out, nil
}

// findIn finds the header among the first rows of a sheet. bare: without one, the
// columns may say themselves what they are.
func findIn(rows []headRow, t *Template, templates []Template, as role, bare bool) (*place, *Template, error) {
	if len(rows) == 0 {
		return nil, nil, &FileError{Problem: "the file is empty", columns: ofNothing}
	}
	if as == rateRows {
		if p, err := findDownload(rows); p != nil || err != nil {
			return p, nil, err
		}
	}
	if t == nil {
		for i := range rows {
			for k := range templates {
				if m := templates[k].Fingerprint; m != "" && m == Fingerprint(trimmed(rows[i].cells)) {
					p, used, err := findIn(rows, &templates[k], nil, as, bare)
					if p != nil {
						p.guess("template", m, fmt.Sprintf("the header in line %d is the one that it was made for", rows[i].line))
					}
					return p, used, err
				}
			}
		}
	}
	if t != nil && (len(t.Columns) > 0 || t.HeaderRow > 0) {
		p, err := byTemplate(rows, t, as)
		return p, t, err
	}
	var closest error
	most, named := -1, false // meanings in the closest row; it has nothing but names
	for i, row := range rows {
		l, err := readHeader(row.cells, as, t)
		if err == nil {
			return &place{line: row.line, layout: l, notice: readNotice(rows[:i])}, t, nil
		}
		var file *FileError
		if errors.As(err, &file) && l != nil {
			if file.columns = l.count(); file.columns > most {
				file.Problem = fmt.Sprintf("line %d: %s", row.line, file.Problem)
				closest, most = file, file.columns
				named = !strings.ContainsAny(strings.Join(file.Headers, ""), "0123456789")
			}
		} else if closest == nil {
			closest = err
		}
	}
	if most >= 2 || most == 1 && named {
		return nil, nil, closest
	}
	if !bare {
		return nil, nil, &FileError{Problem: "it has no header"}
	}
	p, err := infer(rows, as)
	return p, t, err
}

func (l *layout) count() (n int) {
	for _, at := range l.at {
		if at >= 0 {
			n++
		}
	}
	return n
}

// byTemplate finds the header that a template asks for, or the first row of a
// deck without one.
func byTemplate(rows []headRow, t *Template, as role) (*place, error) {
	for i, row := range rows {
		if row.line < max(t.HeaderRow, t.StartRow) || t.HeaderRow > 0 && row.line > t.HeaderRow {
			continue
		}
		var l *layout
		var err error
		if len(t.Columns) > 0 {
			l, err = t.layout(row.cells, as)
		} else {
			l, err = readHeader(row.cells, as, t)
		}
		switch {
		case l == nil && err == nil:
			continue
		case err != nil:
			return nil, err
		case !l.bare:
			return &place{line: row.line, layout: l, notice: readNotice(rows[:i])}, nil
		case t.StartRow > 0 || isRate(l, row.cells):
			return &place{line: row.line - 1, layout: l, notice: readNotice(rows[:i])}, nil
		}
	}
	problem := fmt.Sprintf("no row among the first %d has the columns that the template asks for", maxSearched)
	if t.HeaderRow > 0 {
		problem = fmt.Sprintf("line %d is not the header that the template asks for", t.HeaderRow)
	}
	return nil, &FileError{Problem: problem, Headers: trimmed(rows[0].cells)}
}

// notice is what stands above a header: who the supplier is, in which currency
// its prices are, from when on they hold.
type notice struct {
	currency string // ISO 4217
	line     int64  // where it is said
	from     string // a date as written
	fromLine int64
}

var (
	currencyWord = regexp.MustCompile(`(?i)\b(currency|w[aä]hrung|devise|moneda|valuta|moeda)\b`)
	fromWord     = regexp.MustCompile(`(?i)\b(effective|valid from|g[uü]ltig ab|vigente desde|valable|decorrenza|valido)\b`)
	threeLetters = regexp.MustCompile(`\b[A-Z]{3}\b`)
)

func readNotice(rows []headRow) (n notice) {
	for _, row := range rows {
		text := strings.Join(trimmed(row.cells), " ")
		if n.currency == "" && (currencyWord.MatchString(text) || strings.Contains(strings.ToLower(text), "per min")) {
			for _, code := range threeLetters.FindAllString(text, -1) {
				if currencyOf(code) != "" {
					n.currency, n.line = code, row.line
					break
				}
			}
		}
		if n.from == "" && fromWord.MatchString(text) {
			for _, c := range trimmed(row.cells) {
				if c != "" && !fromWord.MatchString(c) && strings.ContainsAny(c, "0123456789") {
					n.from, n.fromLine = c, row.line
					break
				}
			}
		}
	}
	return n
}

// fileError tells what is wrong with a file from what is wrong with reading it.
func fileError(err error) error {
	var file *table.FileError
	if errors.As(err, &file) {
		return &FileError{Problem: file.Error()}
	}
	return fmt.Errorf("reading the deck: %w", err)
}

// empty reports whether a row has nothing in any cell: spreadsheets leave such
// rows at the end.
func empty(fields [][]byte) bool {
	for _, f := range fields {
		if len(bytes.TrimSpace(f)) > 0 {
			return false
		}
	}
	return true
}
