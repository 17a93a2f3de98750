package ratecard

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// lines are the rows that one notice is about.
type lines struct{ count, first int64 }

func (l *lines) add(line uint32) {
	if l.count++; l.first == 0 || int64(line) < l.first {
		l.first = int64(line)
	}
}

// deckNotes gathers what becomes the notices of a result.
type deckNotes struct {
	past, superseded, ended, cut, kept, short, shifted, absent lines
}

// problem notes what is wrong with a command, which is not done.
func (a *applier) problem(s *step, column, value, want string) status {
	s.status = bad
	a.result.Problems = append(a.result.Problems, RowProblem{int64(s.line), column, value, want})
	return bad
}

// count makes the result of what became of the commands.
func (a *applier) count() {
	r := &a.result
	for i := range a.steps.len {
		s := a.steps.at(i)
		if r.Processed++; s.action != Skip {
			r.Recognised++
		}
		if s.status == undone {
			a.vain(s)
		}
		switch s.status {
		case added:
			r.Added++
		case updated:
			r.Updated++
		case deleted:
			r.Deleted++
		case closed:
			r.Closed++
		case unchanged:
			r.Unchanged++
		case bad:
			r.Bad++
		default:
			r.Ignored++
		}
	}
	slices.SortStableFunc(r.Problems, func(x, y RowProblem) int { return cmp.Compare(x.Line, y.Line) })
	r.Notices = a.notes.sentences(a)
}

// vain is about a command that found nothing to do.
func (a *applier) vain(s *step) {
	switch s.action {
	case Close:
		a.notes.absent.add(s.line)
		s.status = ignored
	case Delete, Update:
		if s.place >= 0 {
			a.problem(s, "id", a.idText(s), "a rate that no row before has taken away")
			return
		}
		a.problem(s, "prefix", prefixOf(s.row.code), "a prefix that the card has a rate of then")
	}
}

func (n *deckNotes) sentences(a *applier) []string {
	var out []string
	add := func(l lines, format string, args ...any) {
		if l.count > 0 {
			rows := "1 row"
			if l.count > 1 {
				rows = fmt.Sprintf("%d rows", l.count)
			}
			out = append(out, fmt.Sprintf("%s (first line %d): %s", rows, l.first, fmt.Sprintf(format, args...)))
		}
	}
	add(n.past, "the effective date is past, so the rate holds from %s on.", a.date(a.at))
	add(n.superseded, "a later row of the same prefix is in effect already, and this one was not applied.")
	add(n.ended, "the rate ended before the deck takes effect, and was not applied.")
	add(n.cut, "the rate ends where the next one of the prefix begins, before its own end.")
	add(n.kept, "calls were rated by the rate, so it was not deleted: it ends.")
	add(n.short, "the price changes with less notice than agreed.")
	add(n.shifted, "the price changes when the notice period is over, not before.")
	add(n.absent, "withdrawn, and the card has no such rate.")
	if a.result.Missing > 0 {
		rates := "1 rate"
		if a.result.Missing > 1 {
			rates = fmt.Sprintf("%d rates", a.result.Missing)
		}
		out = append(out, fmt.Sprintf("The deck does not list %s of the card: closed, or dropped where not yet in effect.", rates))
	}
	return out
}

// date writes an instant; nothing for an open one.
func (a *applier) date(at int64) string {
	switch at {
	case math.MinInt64, math.MaxInt64:
		return ""
	}
	return time.Unix(0, at).UTC().Format(time.RFC3339Nano)
}
