package deck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/shared/table"
)

// Report says how a deck was understood. The same bytes and options give the
// same report.
type Report struct {
	Rows   int64 `json:"rows"`   // rows below the header that have something in them: Used + Merged + Notes + Idle + Bad, of all sheets of rates
	Used   int64 `json:"used"`   // rows that became rates
	Rates  int64 `json:"rates"`  // one for each code and for each price of a row that is for other calls than the rest
	Closed int64 `json:"closed"` // of them, those that are withdrawn
	// Optimised counts rates that went into others, of shorter codes.
	Optimised int64 `json:"optimised,omitempty"`
	// Surcharged counts rates with a surcharge of callers in their price.
	Surcharged int64 `json:"surcharged,omitempty"`
	Merged     int64 `json:"merged"` // rows that repeat an earlier one exactly
	Notes      int64 `json:"notes"`  // rows of text, without a code and a price
	Idle       int64 `json:"idle"`   // rows without an action, in a deck that has actions
	Bad        int64 `json:"bad"`    // rows with an error; those of sheets of codes are among them, and among Rows
	Blank      int64 `json:"blank"`  // rows of empty cells only

	Format    string `json:"format"`            // csv, xlsx, xls or json
	Charset   string `json:"charset,omitempty"` // of text
	Delimiter string `json:"delimiter"`         // of text: "," ";" "\t" or "|"
	Sheet     string `json:"sheet,omitempty"`   // of a workbook
	Header    int64  `json:"header"`            // line of the header row; 0: there is none
	// Fingerprint is that of the header, for a template.
	Fingerprint string `json:"fingerprint,omitempty"`

	Columns          map[string]string   `json:"columns"`           // what a column means → its header
	Ignored          []string            `json:"ignored_columns"`   // headers that mean nothing here
	DecimalComma     bool                `json:"decimal_comma"`     // prices are written 0,0123
	AssumedIntervals bool                `json:"assumed_intervals"` // neither file nor caller gave the increments of some rate
	Actions          bool                `json:"actions"`           // the deck says what is to be done with each rate
	Currency         string              `json:"currency,omitempty"`
	Origins          map[string][]string `json:"origins,omitempty"` // groups of callers → their prefixes
	Sheets           []SheetReport       `json:"sheets,omitempty"`  // that were read beside that of the rates, and the list of destinations

	Guesses  []Guess  `json:"guesses"`  // what the file does not say itself
	Notices  []string `json:"notices"`  // what a person should know, in sentences
	Warnings []string `json:"warnings"` // what may have got lost before the file came
}

// SheetReport says how a list of names and codes was understood, or a further sheet
// of rates, whose rows are counted in the report of the deck.
type SheetReport struct {
	Sheet   string            `json:"sheet,omitempty"`
	Holds   string            `json:"holds"` // rates by name, codes by name or codes of callers by name
	Header  int64             `json:"header"`
	Columns map[string]string `json:"columns"` // as in the report of the deck
	Ignored []string          `json:"ignored_columns"`

	Rows  int64 `json:"rows"`  // that have something in them: Used + Notes + Bad, and those whose code is closed
	Used  int64 `json:"used"`  // rows that gave codes
	Notes int64 `json:"notes"` // rows of text
	Bad   int64 `json:"bad"`   // rows with an error
	Names int64 `json:"names"`
	Codes int64 `json:"codes"`

	Guesses  []Guess  `json:"guesses"`
	Notices  []string `json:"notices"`
	Warnings []string `json:"warnings"`
}

// Guess is what was found out from a file. A template says otherwise.
type Guess struct {
	What     string `json:"what"`
	Value    string `json:"value"`
	Evidence string `json:"evidence"`
}

// begin fills in what is known before the rows are read.
func (d *deck) begin(f *table.File, p *place) {
	r := &d.report
	r.Format, r.Charset, r.Delimiter = string(f.Format()), f.Charset(), f.Delimiter()
	r.Sheet = f.Sheets()[p.sheet]
	d.facts = factsOf(f, p.sheet)
	d.padded = f.Format() == table.XLSX || f.Format() == table.XLS
	if !p.bare {
		r.Header, r.Fingerprint = p.line, Fingerprint(p.headers)
	}
	r.DecimalComma, r.Actions = d.priceRules.DecimalComma, d.has(action)
	r.Ignored, r.Notices, r.Warnings, r.Guesses = []string{}, []string{}, []string{}, []Guess{} // in JSON lists, never null
	r.Ignored = append(r.Ignored, d.ignored...)
	if extra := slices.DeleteFunc(slices.Clone(d.ignored), func(h string) bool {
		return !slices.Contains(d.unread, h) && !strings.Contains(squeeze(h), "surcharge")
	}); len(extra) > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("Surcharges in column %s were not read, as whose they are is open: want the callers in the header, as in %q, or in a column of the rows, "+
			"or a template that names them under %q; or among the terms of the cards that charge.", quotedList(extra), "Origin surcharge EEA", "surcharges"))
	}
	if len(p.unread) > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("Sheets of rates by name beside those with codes, which were not read: %s.", quotedList(p.unread)))
	}
	if len(p.others) > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("Sheets that have no rates, and were not read: %s.", quotedList(p.others)))
	}
	for _, g := range f.Guesses() {
		r.Guesses = append(r.Guesses, Guess{What: "file", Value: r.Format, Evidence: g})
	}
	r.Guesses = append(append(r.Guesses, p.guesses...), d.evidence.guesses...)
	r.Columns = d.columnNames()
}

// columnNames returns what each column means that is read → its header.
func (l *layout) columnNames() map[string]string {
	out := make(map[string]string)
	for m, at := range l.at {
		if at >= 0 {
			out[columns[m].name] = l.headers[at]
		}
	}
	for _, s := range l.surcharges {
		out[strings.TrimSpace("surcharge "+s.group)] = l.headers[s.at]
	}
	return out
}

const maxStatuses = 8

// notes gathers what becomes the report's notices.
type notes struct {
	lack1, lackN, lackBoth int64 // rows whose intervals are the default
	uneven, firstUneven    int64
	repeat, repeated       int64 // lines of the first merged row
	statuses               []string
	statusColumn           string // its header
	moreStatuses           bool
	texts                  int64 // rows of text
	textLines              []int64
	noted                  [16]int64 // rows with each note about their codes
	firstNoted             [16]int64
}

// note keeps where rows of text are.
func (n *notes) note(line int64) {
	if n.texts++; len(n.textLines) < maxStatuses {
		n.textLines = append(n.textLines, line)
	}
}

// codes keeps what was done to the codes of a row.
func (n *notes) codes(line int64, note cells.CodeNote) {
	for i := range n.noted {
		if note&(1<<i) == 0 {
			continue
		}
		if n.noted[i]++; n.firstNoted[i] == 0 {
			n.firstNoted[i] = line
		}
	}
}

func (n *notes) defaults(lack1, lackN bool) {
	switch {
	case lack1 && lackN:
		n.lackBoth++
	case lack1:
		n.lack1++
	case lackN:
		n.lackN++
	}
}

// increments notes where the two increment models bill differently: the first
// interval is no multiple of the pulse.
func (n *notes) increments(d *deck, r rating.Rate) {
	if r.IntervalN > 0 && r.Interval1%r.IntervalN != 0 {
		if n.uneven++; n.firstUneven == 0 {
			n.firstUneven = d.line
		}
	}
}

func (n *notes) merged(line, before int64) {
	if n.repeat == 0 {
		n.repeat, n.repeated = line, before
	}
}

func (n *notes) status(header string, cell []byte) {
	s := clip(string(cells.Unwrap(cell)))
	n.statusColumn = header
	switch {
	case slices.Contains(n.statuses, s):
	case len(n.statuses) < maxStatuses:
		n.statuses = append(n.statuses, s)
	default:
		n.moreStatuses = true
	}
}

// finish returns the report of a deck read to its end.
func (d *deck) finish() (Report, error) {
	if d.report.Rows == d.report.Notes {
		return d.report, d.layout.fail("there is no row of " + roleNames[d.role] + " below the header")
	}
	r, n := &d.report, &d.notes
	r.AssumedIntervals = d.assumed && n.lack1+n.lackN+n.lackBoth > 0
	notice := func(count int64, format string, args ...any) {
		if count > 0 {
			r.Notices = append(r.Notices, fmt.Sprintf(format, args...))
		}
	}
	taken := "taken as given"
	if d.assumed {
		taken = "assumed"
	}
	notice(n.lackBoth, "The deck has no intervals for %s: %d/%d seconds %s.", rows(n.lackBoth), d.default1, d.defaultN, taken)
	notice(n.lack1, "The deck has no interval 1 for %s: %d seconds %s.", rows(n.lack1), d.default1, taken)
	notice(n.lackN, "The deck has no interval N for %s: %d seconds %s.", rows(n.lackN), d.defaultN, taken)
	notice(n.uneven, "Interval 1 is no multiple of interval N in %s (first line %d): the card's increment model decides what they bill.",
		rows(n.uneven), n.firstUneven)
	notice(r.Merged, "An earlier row is repeated by %s and was merged (first line %d, as line %d).", rows(r.Merged), n.repeat, n.repeated)
	if d.has(grace) && !d.graceSeconds {
		notice(1, "Column %q is a switch, as it has 0 and 1 only: 1 is the card's grace period, 0 is none.", clip(d.header(grace)))
	}
	if len(n.statuses) > 0 {
		more := ""
		if n.moreStatuses {
			more = " and others"
		}
		notice(1, "Column %q blocks and closes no prefix where it says %s%s: only words such as blocked and closed do.",
			clip(n.statusColumn), quotedList(n.statuses), more)
	}
	d.surchargeNotices()
	d.codeNotices(notice)
	d.joinNotices(notice)
	notice(r.Optimised, "Rates that went into those of shorter codes, as all ten that begin so cost the same: %d.", r.Optimised)
	notice(d.card.finer, "Prices with more decimals than the card's precision of %d: %s. They are kept as they are.", d.card.precision, rows(d.card.finer))
	notice(r.Closed, "Withdrawn from their dates on: %d of the rates.", r.Closed)
	if n.texts > 0 {
		lines := fmt.Sprint(n.textLines)
		notice(1, "Rows of text were passed over: %d, in line %s.", n.texts, strings.Trim(lines, "[]"))
	}
	notice(r.Idle, "%s without an action and left alone.", plural(r.Idle, "row is", "rows are"))
	if len(r.Ignored) > 0 {
		notice(1, "Columns that were not read: %s.", quotedList(r.Ignored))
	}
	return *r, nil
}

// codeNotices says what was done to codes.
func (d *deck) codeNotices(notice func(int64, string, ...any)) {
	n := &d.notes
	for i, text := range [...]string{
		"Cells with a list of codes", "Cells with a range of codes, which was written out", "Codes with a dash in them, which was passed over",
		"Codes that began with +, 00 or the like, which was taken off", "Codes that got their row's country code, or their list's, in front",
		"Codes that began with their row's country code already", "Codes that a spreadsheet had wrapped", "Lists of codes of several countries",
		"Codes with a 0 in front, or behind the country code: nearly nowhere is it dialled from abroad",
	} {
		notice(n.noted[i], "%s: %d, the first in line %d.", text, n.noted[i], n.firstNoted[i])
	}
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}
