package deck

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/shared/table"
)

// Destinations is a list of destinations: the codes that each name stands for.
// Any number of decks may be read by one, also at once.
type Destinations struct {
	what  string // for messages: which list it is
	names map[string][]*codeSet
	sets  []*codeSet // in the order of the list
	codes int
}

// codeSet is what one name stands for, as it is spelt.
type codeSet struct {
	name  string
	line  int64 // where it is first
	index int   // among all of the list
	codes []uint64
	spans []span // of each code; nil: all at all times
}

// span is when a code belongs to its name: Unix nanoseconds, half-open, 0 = open.
type span struct{ from, to int64 }

// Limits of a list. It has at most as many codes as a card has rates.
const (
	maxNames     = 200_000
	maxNameCodes = 250_000 // of one name: the United States have 180,000 of seven digits
)

// Len returns how many names the list has.
func (l *Destinations) Len() int { return len(l.sets) }

// ReadDestinations reads a list of destinations: any file of tables with a column
// of names and one of codes, or of many codes in a cell. It calls bad for each
// thing wrong with a row; a caller that was told of anything bad refuses the list.
// The error is a *FileError for a file that is no such list, or one of reading.
func ReadDestinations(r io.ReaderAt, size int64, t *Template, bad func(RowError)) (_ *Destinations, _ SheetReport, err error) {
	defer func() {
		if file := new(FileError); errors.As(err, &file) {
			file.list = true
		}
	}()
	f, err := table.Open(r, size, Options{Template: t}.TableOptions())
	if err != nil {
		return nil, SheetReport{}, fileError(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var found *place
	var closest error = &FileError{Problem: "it has no sheet with rows"}
	for i, name := range f.Sheets() {
		if want, _, _ := t.sheets(); want != "" && want != name {
			continue
		}
		rows, err := head(f, i)
		if err != nil {
			return nil, SheetReport{}, err
		}
		p, err := findList(rows, t, namedCodes, "")
		if err != nil && len(f.Sheets()) == 1 && len(rows) > 0 {
			if bare, other := infer(rows, namedCodes); other == nil {
				p, err = bare, nil
			}
		}
		if file := new(FileError); err != nil && !errors.As(err, &file) {
			return nil, SheetReport{}, err
		} else if err != nil {
			closest = err
			continue
		}
		if p.sheet = i; found != nil {
			return nil, SheetReport{}, both(f, found, p, "the codes of names", "sheet")
		}
		found = p
	}
	if found == nil {
		return nil, SheetReport{}, closest
	}
	return readList(f, found, t, "the list of destinations", bad)
}

// readList reads the codes of names.
func readList(f *table.File, p *place, t *Template, what string, bad func(RowError)) (*Destinations, SheetReport, error) {
	rules := Template{}
	if t != nil {
		rules = *t
	}
	ev, err := p.gather(f, &rules)
	if err != nil {
		return nil, SheetReport{}, err
	}
	d, err := newDeck(f, p, ev, Options{})
	if err != nil {
		return nil, SheetReport{}, err
	}
	d.bad = bad
	l := &Destinations{what: what, names: map[string][]*codeSet{}}
	var closed, dated int64
	err = p.each(f, func(row table.Row, broken *table.RowError) error {
		switch {
		case broken != nil:
			d.broken(broken)
			return nil
		case empty(row.Cells):
			d.report.Blank++
			return nil
		}
		name, at, ok := d.listRow(row)
		switch {
		case !ok:
			return nil
		case d.closed && at.to == 0:
			closed++
			return nil
		case at != (span{}) && p.role == callerCodes:
			dated++
			at = span{}
		}
		d.report.Used++
		return l.add(d, name, at)
	})
	if err != nil {
		return nil, SheetReport{}, err
	}
	repeated := l.sort()
	report, err := d.finish()
	if err != nil {
		return nil, SheetReport{}, err
	}
	note := func(n int64, format string, args ...any) {
		if n > 0 {
			report.Notices = append(report.Notices, fmt.Sprintf(format, args...))
		}
	}
	note(closed, "Codes that are closed at once were passed over: %s.", rows(closed))
	note(dated, "Groups of callers hold at all times: the dates of %s were passed over.", rows(dated))
	note(repeated, "Codes that a name has more than once: %d.", repeated)
	return l, SheetReport{
		Sheet: report.Sheet, Holds: roleNames[p.role], Header: report.Header, Columns: report.Columns, Ignored: report.Ignored,
		Rows: report.Rows, Used: report.Used, Notes: report.Notes, Bad: report.Bad, Names: int64(len(l.sets)), Codes: int64(l.codes),
		Guesses: report.Guesses, Notices: report.Notices, Warnings: report.Warnings,
	}, nil
}

// listRow reads a row of a list: its codes are in d.codes.
func (d *deck) listRow(row table.Row) (name string, at span, ok bool) {
	d.line, d.fields, d.failed, d.action, d.closed = row.Line, row.Cells, false, cells.None, false
	d.report.Rows++
	if d.isNote() {
		d.report.Notes++
		d.notes.note(d.line)
		return "", at, false
	}
	if d.width(); !d.failed {
		var r rating.Rate
		if d.readStatus(&r); r.Blocked {
			d.fail(RowError{Value: d.text(), Want: "a name and its codes: what is blocked stands with the prices"})
		}
		if name = d.destination(); name == "" && !d.failed {
			d.want(destination, "the name that the codes belong to")
		}
		d.readCodes(false)
		if at = (span{d.instant(from), d.instant(to)}); at.from == 0 && !d.has(from) {
			at.from = d.defaultFrom
		}
		if d.closed {
			at = span{0, at.from}
		}
		if at.from != 0 && at.to != 0 && at.from >= at.to && !d.failed {
			d.want(to, "an instant after the one from which the code holds")
		}
	}
	if d.failed {
		d.report.Bad++
	}
	return name, at, !d.failed
}

// add adds the codes of the row at hand to a name.
func (l *Destinations) add(d *deck, name string, at span) error {
	key := foldName(name)
	i := slices.IndexFunc(l.names[key], func(s *codeSet) bool { return s.name == name })
	if i < 0 {
		if len(l.sets) == maxNames {
			return d.layout.fail(fmt.Sprintf("more than %d names", maxNames))
		}
		i = len(l.names[key])
		s := &codeSet{name: name, line: d.line, index: len(l.sets)}
		l.names[key], l.sets = append(l.names[key], s), append(l.sets, s)
	}
	s := l.names[key][i]
	if l.codes += len(d.codes); l.codes > rating.MaxRates || len(s.codes)+len(d.codes) > maxNameCodes {
		return d.layout.fail(fmt.Sprintf("more than %d codes, or %d of one name", rating.MaxRates, maxNameCodes))
	}
	if at != (span{}) && s.spans == nil {
		s.spans = make([]span, len(s.codes))
	}
	for _, code := range d.codes {
		s.codes = append(s.codes, digitsOf(code))
		if s.spans != nil {
			s.spans = append(s.spans, at)
		}
	}
	return nil
}

// sort takes codes out that a name has more than once for one time, and returns how
// many there were.
func (l *Destinations) sort() (repeated int64) {
	type dated struct {
		code uint64
		span
	}
	for _, s := range l.sets {
		before := len(s.codes)
		if s.spans == nil {
			slices.Sort(s.codes)
			s.codes = slices.Clip(slices.Compact(s.codes))
		} else {
			all := make([]dated, before)
			for i := range all {
				all[i] = dated{s.codes[i], s.spans[i]}
			}
			slices.SortFunc(all, func(a, b dated) int {
				return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
			})
			s.codes, s.spans = s.codes[:0], s.spans[:0]
			for _, c := range slices.Compact(all) {
				s.codes, s.spans = append(s.codes, c.code), append(s.spans, c.span)
			}
		}
		repeated += int64(before - len(s.codes))
	}
	l.codes -= int(repeated)
	return repeated
}

// find returns the codes of a name. One that is spelt as in the list goes before one
// of other case and accents, and this before one of other spaces and signs. The error
// says that there is none, or which it may be.
func (l *Destinations) find(name string) (*codeSet, error) {
	alike := l.names[foldName(name)]
	for _, s := range alike {
		if s.name == name {
			return s, nil
		}
	}
	if len(alike) > 1 {
		var closer []*codeSet
		for _, s := range alike {
			if plain(s.name) == plain(name) {
				closer = append(closer, s)
			}
		}
		if len(closer) > 0 {
			alike = closer
		}
	}
	switch len(alike) {
	case 0:
		return nil, &cells.Want{Text: "a name that " + l.what + " has codes for"}
	case 1:
		return alike[0], nil
	}
	return nil, &cells.Want{Text: fmt.Sprintf("a name as %s spells it: %q in line %d, or %q in line %d", l.what, clip(alike[0].name), alike[0].line, clip(alike[1].name), alike[1].line)}
}

// foldName returns what two spellings of a name have in common: letters and digits
// without case and accents. What stands between two digits is kept as a space, so
// that 848 1 and 84 81 differ.
func foldName(name string) string {
	var b strings.Builder
	gap, last := false, ' '
	for _, c := range norm.NFD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, c):
			continue
		case !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '+' && c != '&':
			gap = true
			continue
		}
		if gap && unicode.IsDigit(c) && unicode.IsDigit(last) {
			b.WriteByte(' ')
		}
		c = unicode.ToLower(c)
		b.WriteRune(c)
		gap, last = false, c
	}
	return b.String()
}

// plain returns a name without case and accents.
func plain(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return unicode.ToLower(c)
	}, norm.NFD.String(name))
}

// digitsOf packs a code: its digits behind a 1, so that 07 and 7 differ.
func digitsOf(code string) uint64 {
	n := uint64(1)
	for i := range len(code) {
		n = n*10 + uint64(code[i]-'0')
	}
	return n
}

// codeText is the code that digitsOf packed.
func codeText(n uint64) string { return strconv.FormatUint(n, 10)[1:] }
