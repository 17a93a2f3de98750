package ratecard

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// when returns when a command takes effect, and whether it says an earlier
// instant.
func (a *applier) when(s *step) (at int64, past bool) {
	if s.row.from == math.MinInt64 {
		return a.at, false
	}
	return max(s.row.from, a.at), s.row.from < a.at
}

// unlisted ends or drops what a full deck does not list of a key.
func (a *applier) unlisted(k *slot, rows, steps []entry) {
	full := len(rows) > 0 && a.full(rows[0])
	if full && len(steps) == 0 {
		a.result.Missing += int64(k.stop(a.at))
		return
	}
	if !full && !a.o.DropLater {
		return
	}
	for _, e := range steps {
		if a.steps.at(int(e.at)).status == bad {
			return // who knows what it lists
		}
	}
	for i := len(k.spans) - 1; i >= 0 && k.spans[i].from > a.at; i-- {
		lists := func(e entry) bool {
			s := a.steps.at(int(e.at))
			at, _ := a.when(s)
			return s.place == k.spans[i].place && s.place >= 0 || s.place < 0 && at == k.spans[i].from
		}
		if !slices.ContainsFunc(steps, lists) {
			k.cancel(i)
			a.result.Missing++
		}
	}
}

// full reports whether the deck replaces all of what a row is one of.
func (a *applier) full(e entry) bool {
	of := a.pool.of[a.byRank[e.rank]]
	switch a.o.Kind {
	case FullAZ:
		services := 0
		if of.service != "" {
			services = 1
		}
		return a.listed[of.kind][services]
	case FullCountry:
		return of.service == "" && a.listed[of.kind][0] && a.countries[a.o.CountryOf(prefixOf(e.code))]
	}
	return false
}

// inOrder queues the commands of a key that are still to be done. In a deck
// without actions the last of several past instants is the one that counts.
func (a *applier) inOrder(steps []entry) {
	a.queue = a.queue[:0]
	plain := true
	for _, e := range steps {
		s := a.steps.at(int(e.at))
		switch {
		case s.status == bad || s.action == Update && s.status == updated || s.is(itself) && s.status == unchanged:
		case s.action == Skip:
			s.status = ignored
		default:
			a.queue = append(a.queue, int32(e.at))
			plain = plain && (s.action == Put || s.action == Close)
		}
	}
	if !plain || len(a.queue) < 2 {
		return
	}
	slices.SortStableFunc(a.queue, func(x, y int32) int {
		s, t := a.steps.at(int(x)), a.steps.at(int(y))
		return cmp.Or(cmp.Compare(a.said(s), a.said(t)), cmp.Compare(t.action, s.action)) // Close before Put
	})
	out := a.queue[:0]
	last := -1 // in out: the Put before
	for _, i := range a.queue {
		s := a.steps.at(int(i))
		if s.action != Put || s.row.to <= a.at {
			out = append(out, i)
			continue
		}
		if last >= 0 {
			p := a.steps.at(int(out[last]))
			now, _ := a.when(s)
			before, _ := a.when(p)
			switch {
			case now != before:
			case p.row == s.row && p.keep == s.keep:
				s.status = unchanged
				continue
			case p.row.from != s.row.from && p.row.from != math.MinInt64 && s.row.from != math.MinInt64:
				p.status = ignored
				a.notes.superseded.add(p.line)
				out = slices.Delete(out, last, last+1)
			default:
				a.problem(s, "prefix", prefixOf(s.row.code), fmt.Sprintf("one rate for a prefix: line %d has another from the same instant", p.line))
				continue
			}
		}
		last = len(out)
		out = append(out, i)
	}
	a.queue = out
}

// said is the instant that a command gives.
func (a *applier) said(s *step) int64 {
	if s.row.from == math.MinInt64 {
		return a.at
	}
	return s.row.from
}

// do does one command, and returns what became of it.
func (a *applier) do(k *slot, s *step) status {
	switch {
	case s.action == Update:
		return a.update(k, s)
	case s.action == Delete && s.place >= 0:
		return a.deleteNamed(k, s)
	case s.action == Delete:
		return a.deleteFrom(k, s)
	case s.action == Close:
		at, _ := a.when(s)
		if k.stop(at) > 0 {
			return closed
		}
		ends := slices.ContainsFunc(k.spans, func(p span) bool { return p.to > a.at }) // before it
		switch {
		case !ends && s.is(priced) && at > a.at && a.ranks[a.pool.keyOf(&s.row).asks] == a.rank:
			k.insert(len(k.spans), span{packed{content: s.row.content, from: a.at, to: at}, -1, s.line})
			return added
		case len(k.spans) > 0:
			return unchanged
		}
		return undone
	}
	return a.hold(k, s)
}

// hold does Put, Add, Set and SetOrAdd: from an instant on that is the rate.
func (a *applier) hold(k *slot, s *step) status {
	if s.row.to <= a.at {
		if slices.ContainsFunc(k.spans, func(p span) bool { return p.from == s.row.from && p.to == s.row.to && p.content == s.row.content }) {
			return unchanged
		}
		a.notes.ended.add(s.line)
		return ignored
	}
	at, past := a.when(s)
	for shifted := false; ; {
		i := k.find(at)
		var was *packed
		if i >= 0 {
			was = &k.spans[i].packed
		}
		if was == nil && s.action == Set {
			return a.problem(s, "prefix", prefixOf(s.row.code), "a prefix with a rate at that time; SA adds one where there is none")
		}
		c, ok := a.merge(s, was)
		if !ok {
			return bad
		}
		to, end := s.row.to, k.end(at)
		if was != nil && s.keeps()&FieldTo != 0 {
			to = was.to
		}
		cut := to > end && to != math.MaxInt64
		to = min(to, end)
		switch {
		case to <= at:
			return a.problem(s, "effective_to", a.date(to), "an instant after "+a.date(at)+", from which the rate holds")
		case s.action == Add && was != nil && (was.content != c || was.to != to):
			if s.row.from == math.MinInt64 {
				return a.problem(s, "prefix", prefixOf(s.row.code), "a prefix without a rate, or a later instant from which the rate holds; S changes the one there is")
			}
			if was.from == at {
				return a.problem(s, "effective_from", a.date(s.row.from), "another instant than that of the rate there is; S changes it")
			}
		}
		later, st := a.notice(s, was, c, at)
		switch {
		case st == bad:
			return bad
		case later > at && !shifted:
			at, shifted = later, true
			continue
		}
		if cut {
			a.notes.cut.add(s.line)
		}
		if shifted {
			a.notes.shifted.add(s.line)
		}
		changes := s.action == Set || s.action == SetOrAdd
		stay := changes && was != nil && at == a.at && (was.from == at || !a.used(was))
		st = k.put(c, at, to, stay, s.line)
		if past && st != unchanged {
			a.notes.past.add(s.line)
		}
		return st
	}
}

// update does Update.
func (a *applier) update(k *slot, s *step) status {
	pieces := 0
	first := -1
	for i := range k.spans {
		if k.spans[i].place == s.place {
			if pieces++; first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		return undone
	}
	c, ok := a.merge(s, &k.spans[first].packed)
	if !ok {
		return bad
	}
	row := a.row(s.place)
	dates := s.row.from != math.MinInt64 && s.row.from != row.from || s.keeps()&FieldTo == 0 && s.row.to != row.to
	switch {
	case !dates && row.content == c:
		return unchanged
	case row.to <= a.at:
		return a.problem(s, "id", a.idText(s), "a rate that has not ended")
	case dates && pieces > 1:
		return a.problem(s, "effective_from", a.date(s.row.from), "the dates that it has: another rate of the prefix lies within them")
	}
	if dates {
		if st := a.redate(k, s, first); st != undone {
			return st
		}
	}
	out := unchanged
	for i := len(k.spans) - 1; i >= 0; i-- {
		last := k.spans[i]
		if last.place != s.place || last.to <= a.at {
			continue
		}
		at := max(last.from, a.at)
		later, st := a.notice(s, &last.packed, c, at)
		if st == bad {
			return bad
		}
		stay := later <= at && (last.from == at || !a.used(&row))
		if later > at {
			a.notes.shifted.add(s.line)
		}
		if at = max(at, later); at < last.to {
			out = max(out, k.put(c, at, last.to, stay, s.line))
		}
	}
	if dates {
		out = updated
	}
	return out
}

// redate gives a span that has not ended the dates of an update; undone: it did.
func (a *applier) redate(k *slot, s *step, i int) status {
	p := &k.spans[i]
	from, to := p.from, p.to
	if s.row.from != math.MinInt64 && s.row.from != from {
		if from < a.at {
			return a.problem(s, "effective_from", a.date(s.row.from), "the instant that it had, "+a.date(from)+": it is past")
		}
		var past bool
		if from, past = a.when(s); past {
			a.notes.past.add(s.line)
		}
	}
	end := int64(math.MaxInt64)
	if i+1 < len(k.spans) {
		end = k.spans[i+1].from
	}
	if s.keeps()&FieldTo == 0 {
		if to = s.row.to; to > end && to != math.MaxInt64 {
			a.notes.cut.add(s.line)
		}
		to = min(to, end)
	}
	switch {
	case i > 0 && from <= k.spans[i-1].from, from >= end:
		return a.problem(s, "effective_from", a.date(s.row.from), "an instant between those of the rates before and after it")
	case to <= from || to < a.at:
		return a.problem(s, "effective_to", a.date(s.row.to), "an instant after the one from which the rate holds, and not past")
	}
	if i > 0 && (k.spans[i-1].to == p.from || k.spans[i-1].to > from) {
		k.spans[i-1].to = from
	}
	p.from, p.to, k.changed = from, to, true
	return undone
}

// deleteNamed deletes the row of an Id.
func (a *applier) deleteNamed(k *slot, s *step) (out status) {
	row := a.row(s.place)
	prefix := s.row.code
	if prefix != 0 && prefix != row.code {
		return a.problem(s, "prefix", prefixOf(prefix), "the prefix of the rate with the Id: "+prefixOf(row.code))
	}
	used := a.used(&row)
	for i := len(k.spans) - 1; i >= 0; i-- {
		p := &k.spans[i]
		switch {
		case p.place != s.place:
		case used && p.to <= a.at:
			a.notes.kept.add(s.line)
			out = max(out, ignored)
		case used && p.from < a.at:
			p.to, k.changed = a.at, true
			a.notes.kept.add(s.line)
			out = max(out, closed)
		case p.from < a.at:
			k.remove(i)
			out = max(out, deleted)
		default:
			k.cancel(i)
			out = max(out, deleted)
		}
	}
	return out
}

// deleteFrom deletes what there is of a key from an instant on.
func (a *applier) deleteFrom(k *slot, s *step) (out status) {
	at, _ := a.when(s)
	i := k.find(at)
	if i >= 0 && k.spans[i].from < at {
		// What held before a later instant goes on until then.
		if used := a.used(&k.spans[i].packed); used || at > a.at {
			if out = closed; used {
				a.notes.kept.add(s.line)
			}
		} else {
			k.remove(i)
			out = deleted
		}
	}
	for _, p := range k.spans {
		if p.from >= at {
			out = max(out, deleted)
		}
	}
	k.stop(at)
	return out
}
