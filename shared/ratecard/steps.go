package ratecard

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/tollbook/tollbook/shared/rating"
)

// status is what became of a command; of several that of the highest.
type status uint8

const (
	undone status = iota
	ignored
	unchanged
	added
	updated
	deleted
	closed
	bad
)

// step is a command on its way.
type step struct {
	row    packed
	line   uint32
	place  int32 // of the row that it names; -1: none
	keep   uint16
	action Action
	status status
	marks  uint8
}

// The marks of a step.
const (
	named  uint8 = 1 << iota // it has an Id
	all                      // it is for all rates of the prefix
	lost                     // nobody knows what it is for
	itself                   // it has the Id of the rate that it states
	priced                   // it says what is withdrawn costs until then
)

func (s *step) is(mark uint8) bool { return s.marks&mark != 0 }

func (s *step) mark(mark uint8, on bool) {
	if on {
		s.marks |= mark
	}
}

// keeps returns what the command does not say.
func (s *step) keeps() Fields { return Fields(s.keep) }

// namedStep is the Id that a step names a row by.
type namedStep struct {
	id   uint64
	step uint32
}

// idText returns the Id that a step has found its row by.
func (a *applier) idText(s *step) string {
	r := a.base.rows.at(int(s.place))
	return idText(a.idOf(r))
}

// idOf returns the number of a row's Id.
func (a *applier) idOf(r *row) uint64 {
	var buf [128]byte
	return idOf(buf[:0], prefixOf(r.code), a.pool.asks.list[a.pool.rests[r.rest].asks], a.pool.from(r))
}

// read packs the commands.
func (a *applier) read(commands iter.Seq2[Command, error]) error {
	a.countries = map[string]bool{}
	country, last := "", "-"
	for c, err := range commands {
		switch {
		case err != nil:
			return fmt.Errorf("reading the deck's rows after %d: %w", a.steps.len, err)
		case a.steps.len == rating.MaxRates:
			return fmt.Errorf("a deck of more than %d rates", rating.MaxRates)
		case c.Action >= actions:
			return fmt.Errorf("line %d: no such action: %d", c.Line, c.Action)
		case c.Line < 0 || c.Line > math.MaxUint32:
			return fmt.Errorf("line %d: want 0 to %d", c.Line, math.MaxUint32)
		}
		s := step{line: uint32(c.Line), action: c.Action, keep: uint16(c.Keep), place: -1}
		s.mark(named, c.ID != "" && (c.Action == Update || c.Action == Delete))
		s.mark(priced, c.Priced)
		if c.Action == Delete || c.Action == Close {
			r := rating.Rate{Kind: c.Rate.Kind, Service: c.Rate.Service}
			s.mark(all, string(appendAsks(nil, &r)) == string(appendAsks(nil, &c.Rate)))
			c.Rate.To = 0
		}
		s.row, err = a.pool.pack(&c.Rate)
		s.mark(lost, err != nil)
		if err == nil && c.Action != Skip && c.Action != Delete && (c.Action != Close || c.Priced) {
			err = c.Rate.Validate()
		}
		if err != nil {
			a.problem(&s, "", c.Rate.Prefix, "a rate that a card can hold: "+err.Error())
		} else if s.is(named) {
			n, ok := parseID(c.ID)
			if !ok {
				a.problem(&s, "id", clip(c.ID), "an Id as the card's download has it")
			}
			a.ids = append(a.ids, namedStep{n, uint32(a.steps.len)})
		} else if c.Action == Update {
			a.problem(&s, "id", "", "the Id of a rate: U finds it by that, S by its prefix")
		}
		s.mark(itself, !s.is(lost) && isItself(&c))
		a.steps.add(s)
		services := 0
		if c.Rate.Service != "" {
			services = 1
		}
		if c.Rate.Kind.Valid() {
			a.listed[c.Rate.Kind][services] = true
		}
		if a.o.Kind == FullCountry && services == 0 {
			if c.Rate.Prefix != last {
				country, last = a.o.CountryOf(c.Rate.Prefix), c.Rate.Prefix
			}
			a.countries[country] = true
		}
	}
	delete(a.countries, "")
	return nil
}

// identify finds the rows that commands name.
func (a *applier) identify() {
	a.gone = make([]bool, a.card.rows.len)
	wanted := slices.DeleteFunc(a.ids, func(n namedStep) bool { return a.steps.at(int(n.step)).status == bad })
	a.ids = nil
	if len(wanted) == 0 {
		return
	}
	slices.SortFunc(wanted, func(x, y namedStep) int { return cmp.Or(cmp.Compare(x.id, y.id), cmp.Compare(x.step, y.step)) })
	for i := range a.card.rows.len {
		id := a.idOf(a.card.rows.at(i))
		at, ok := slices.BinarySearchFunc(wanted, id, func(n namedStep, id uint64) int { return cmp.Compare(n.id, id) })
		for ; ok && at < len(wanted) && wanted[at].id == id; at++ {
			if s := a.steps.at(int(wanted[at].step)); s.place >= 0 {
				a.problem(s, "id", idText(id), "the prefix instead, with S or D: two rates of the card have this Id")
			} else {
				s.place = int32(i)
			}
		}
	}
	for _, n := range wanted {
		if s := a.steps.at(int(n.step)); s.place < 0 && s.status != bad {
			a.problem(s, "id", idText(n.id), "the Id of a rate that the card has")
		}
	}
}

// key is the key of the rates that a command is about.
func (a *applier) key(s *step) key {
	if s.place >= 0 {
		r := a.row(s.place)
		return a.pool.keyOf(&r)
	}
	return a.pool.keyOf(&s.row)
}

// move gives another prefix to rates whose update says so.
func (a *applier) move() {
	for i := range a.steps.len {
		s := a.steps.at(i)
		if s.action != Update || s.place < 0 || s.status == bad {
			continue
		}
		row := a.row(s.place)
		to := a.pool.keyOf(&s.row)
		if to == a.pool.keyOf(&row) {
			continue
		}
		c, ok := a.merge(s, &row)
		switch {
		case !ok:
			continue
		case s.row.from != math.MinInt64 && s.row.from != row.from, s.keeps()&FieldTo == 0 && s.row.to != row.to:
			a.problem(s, "effective_from", a.date(s.row.from), "the dates that it has: its prefix changes")
			continue
		case row.to <= a.at:
			a.problem(s, "id", a.idText(s), "a rate that has not ended")
			continue
		case a.hasWithin(to, row.from, row.to):
			a.problem(s, "prefix", prefixOf(s.row.code), "a prefix that has no rate at that time")
			continue
		}
		a.own()
		moved := packed{c, s.row.code, row.from, row.to}
		at := a.card.rows.at(int(s.place))
		if row.from < a.at && a.used(&row) {
			row.to, moved.from = a.at, a.at
			*at = a.pool.row(&row)
			s.place = int32(a.card.rows.len)
			a.card.rows.add(a.pool.row(&moved))
			a.gone = append(a.gone, false)
		} else {
			*at = a.pool.row(&moved)
		}
		s.status = updated
	}
}

// hasWithin reports whether the card has a rate of a key within a time.
func (a *applier) hasWithin(k key, from, to int64) bool {
	for i := range a.card.rows.len {
		if a.card.rows.at(i).code != k.code {
			continue
		}
		if r := a.row(int32(i)); a.pool.keyOf(&r) == k && r.from < to && from < r.to {
			return true
		}
	}
	return false
}

// used reports whether calls were rated by a row.
func (a *applier) used(r *packed) bool { return a.o.Used != nil && a.o.Used(a.pool.rate(r)) }
