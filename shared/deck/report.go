package deck

import (
	"fmt"
	"slices"

	"github.com/tollbook/tollbook/shared/rating"
)

// Report says how a deck was understood. The same bytes and options give the
// same report.
type Report struct {
	Rows   int64 `json:"rows"`   // records below the header that have something in them: Used + Merged + Bad
	Used   int64 `json:"used"`   // rows that became rates
	Rates  int64 `json:"rates"`  // one for each price of a row that is for other calls than the rest
	Merged int64 `json:"merged"` // rows that repeat an earlier one exactly
	Bad    int64 `json:"bad"`    // rows with an error
	Blank  int64 `json:"blank"`  // records of empty cells only

	Columns          map[string]string `json:"columns"`           // what a column means → its header
	Ignored          []string          `json:"ignored_columns"`   // headers that mean nothing here
	Delimiter        string            `json:"delimiter"`         // "," ";" "\t" or "|"
	DecimalComma     bool              `json:"decimal_comma"`     // prices are written 0,0123
	AssumedIntervals bool              `json:"assumed_intervals"` // neither file nor caller gave the increments of some rate
	Notices          []string          `json:"notices"`           // what a person should know, in sentences
}

const maxStatuses = 8

// notes gathers what becomes the report's notices.
type notes struct {
	lack1, lackN, lackBoth int64 // rows whose intervals are the default
	uneven, firstUneven    int64
	repeat, repeated       int64 // lines of the first merged row
	statuses               []string
	moreStatuses           bool
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

func (n *notes) status(cell []byte) {
	s := clip(string(unwrap(cell)))
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
	if d.report.Rows == 0 {
		return d.report, d.layout.fail("there is no row below the header")
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
		notice(1, "Column %q blocks no prefix where it says %s%s: only the words blocked and forbidden do.",
			clip(d.header(status)), quotedList(n.statuses), more)
	}
	if len(r.Ignored) > 0 {
		notice(1, "Columns that were not read: %s.", quotedList(r.Ignored))
	}
	return *r, nil
}

func rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}
