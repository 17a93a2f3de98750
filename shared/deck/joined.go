package deck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/table"
)

// joined is what a deck has besides the sheet of its rates.
type joined struct {
	list     *Destinations // of the codes of names
	callers  *Destinations // of the codes of groups of callers; nil: their names are the card's
	used     []bool        // names of list that have a rate
	own      bool          // list is the sheet of the rates itself
	sheet    string        // of the rates at hand, where it is not the first
	respelt  int64         // rows whose name the list spells another way
	firstOne [2]string     // the first of them: here, there
	lapsed   int64         // codes that belong to their name only when the rate does not hold
	always   int64         // rows of a band that is all of the time
	groups   groups
}

// join reads the lists that the rates are joined to.
func (d *deck) join(f *table.File, p *place, t *Template) (err error) {
	if p.byName() || p.more != nil {
		if d.list = d.options.Destinations; p.codes != nil {
			if d.list, err = d.readSheet(f, p.codes, t); err != nil {
				return err
			}
			if d.options.Destinations != nil {
				d.report.Notices = append(d.report.Notices, "The list of destinations was not used: the file has the codes of its names.")
			}
		}
		d.used = make([]bool, d.list.Len())
	}
	if p.callers != nil {
		d.callers, err = d.readSheet(f, p.callers, t)
	}
	return err
}

// readSheet reads a sheet of names and codes.
func (d *deck) readSheet(f *table.File, p *place, t *Template) (*Destinations, error) {
	sheet := f.Sheets()[p.sheet]
	own := sheet == d.report.Sheet
	d.own = d.own || own
	l, report, err := readList(f, p, t, fmt.Sprintf("sheet %q", sheet), func(e RowError) {
		if e.Sheet = sheet; !own {
			d.bad(e)
		}
	})
	if err == nil && !own {
		report.Guesses = ofSheet(report.Guesses)
		d.report.Sheets = append(d.report.Sheets, report)
		for _, n := range report.Notices {
			d.report.Notices = append(d.report.Notices, fmt.Sprintf("Sheet %q: %s", sheet, n))
		}
		d.report.Bad += report.Bad
		d.report.Rows += report.Bad
	}
	return l, err
}

// readMore reads the second sheet of rates.
func (d *deck) readMore(f *table.File, p *place, t *Template, entry func(Entry) error) error {
	if p.more == nil {
		return nil
	}
	ev, err := p.more.gather(f, t)
	if err != nil {
		return err
	}
	// What stands above and in the header of the second sheet is for its rows.
	second, err := newDeck(f, p.more, ev, d.options)
	if err != nil {
		return err
	}
	r, about := &d.report, second.report
	switch {
	case about.Currency == "" || about.Currency == r.Currency:
	case r.Currency == "":
		r.Currency = about.Currency
	default:
		return p.more.fail(fmt.Sprintf("the currencies of sheets %q and %q are %s and %s: want a deck of one currency, or a template that says which", r.Sheet, about.Sheet, r.Currency, about.Currency))
	}
	layout, evidence, isKey, from, before := d.layout, d.evidence, d.isKey, d.defaultFrom, *r
	d.layout, d.evidence, d.isKey, d.cached, d.alike, d.sheet = second.layout, second.evidence, second.isKey, lastCells{}, second.alike, about.Sheet
	if second.defaultFrom != 0 {
		d.defaultFrom = second.defaultFrom
	}
	if err := d.readRows(f, p.more, entry); err != nil {
		return err
	}
	d.layout, d.evidence, d.isKey, d.cached, d.alike, d.defaultFrom, d.sheet = layout, evidence, isKey, lastCells{}, alike{}, from, ""
	r.Sheets = append(r.Sheets, SheetReport{
		Sheet: about.Sheet, Holds: roleNames[p.more.role], Header: about.Header, Columns: about.Columns, Ignored: about.Ignored,
		Rows: r.Rows - before.Rows, Used: r.Used - before.Used, Notes: r.Notes - before.Notes, Bad: r.Bad - before.Bad,
		Guesses: ofSheet(about.Guesses), Notices: []string{}, Warnings: []string{},
	})
	return nil
}

// ofSheet returns the guesses that are not about the file as a whole.
func ofSheet(guesses []Guess) []Guess {
	return slices.DeleteFunc(guesses, func(g Guess) bool { return g.What == "file" })
}

// codesOfName takes the codes of the row's destination from the list.
func (d *deck) codesOfName(name string) {
	d.codes = d.codes[:0]
	if d.failed {
		return
	}
	if name == "" {
		d.want(destination, "the name of a destination")
		return
	}
	s, err := d.list.find(name)
	if err != nil {
		for _, m := range d.nameColumns() {
			if d.has(m) {
				d.check(m, err)
				return
			}
		}
	}
	d.used[s.index] = true
	if s.name != name {
		if d.respelt++; d.respelt == 1 {
			d.firstOne = [2]string{name, s.name}
		}
	}
	for _, code := range s.codes {
		d.codes = append(d.codes, codeText(code))
	}
	d.spans = append(d.spans, s.spans...)
}

// within has an entry hold only while its code belongs to its name; false: never.
func (d *deck) within(e *Entry, at span) bool {
	r := &e.Rate
	if e.Closed { // its instant is its end
		if r.From != 0 && at.to != 0 && at.to < r.From { // 0 is at once
			r.From = at.to
		}
		return true
	}
	r.From = max(r.From, at.from)
	if r.To == 0 || at.to != 0 && at.to < r.To {
		r.To = at.to
	}
	if r.From != 0 && r.To != 0 && r.From >= r.To {
		d.lapsed++
		return false
	}
	return true
}

// band reads the part of the week that the row is for. One that is all of it is
// none: flat beside peak and off-peak, say.
func (d *deck) band() string {
	name := d.name(band)
	switch strings.ToLower(name) {
	case "flat", "all day", "all", "any", "any time", "anytime", "24h", "24x7", "24/7":
		d.always++
		return ""
	}
	return name
}

// Lines of the second sheet of rates are kept as negative ones.

// at64 is where the row is, among all sheets of rates.
func (d *deck) at64() int64 {
	if d.sheet != "" {
		return -d.line
	}
	return d.line
}

// place says where a row is.
func (d *deck) place(line int64) string {
	switch {
	case line < 0 && d.sheet == "":
		return fmt.Sprintf("the other sheet's line %d", -line)
	case line < 0 || d.sheet == "":
		return fmt.Sprintf("line %d", max(line, -line))
	}
	return fmt.Sprintf("sheet %q, line %d,", d.report.Sheet, line)
}

// joinNotices says what was made of names.
func (d *deck) joinNotices(notice func(int64, string, ...any)) {
	if d.list != nil {
		var unused []string
		for i, s := range d.list.sets {
			if !d.own && !d.used[i] {
				unused = append(unused, s.name)
			}
		}
		notice(int64(len(unused)), "Names of %s that have no rate: %d, %s.", d.list.what, len(unused), quotedList(unused))
		notice(d.respelt, "Names that %s spells another way: %s, the first %q for %q.", d.list.what, rows(d.respelt), clip(d.firstOne[1]), clip(d.firstOne[0]))
		notice(d.lapsed, "Codes that belong to their name only when its rate does not hold: %d.", d.lapsed)
	}
	notice(d.always, "A price at all times, as its band says: %s.", rows(d.always))
	callerNotices(d.callers, d.report.Origins, notice)
}
