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
	line   int64
	id     uint64
	place  int32 // of the row that it names; -1: none
	keep   Fields
	action Action
	status status
	named  bool // it has an Id
	all    bool // it is for all rates of the prefix
	lost   bool // nobody knows what it is for
	priced bool // it says what is withdrawn costs until then
}

// read packs the commands.
func (a *applier) read(commands iter.Seq2[Command, error]) error {
	a.countries = map[string]bool{}
	country, last := "", "-"
	for c, err := range commands {
		switch {
		case err != nil:
			return fmt.Errorf("reading the deck's rows after %d: %w", len(a.steps), err)
		case len(a.steps) == rating.MaxRates:
			return fmt.Errorf("a deck of more than %d rates", rating.MaxRates)
		case c.Action >= actions:
			return fmt.Errorf("line %d: no such action: %d", c.Line, c.Action)
		}
		s := step{line: c.Line, action: c.Action, keep: c.Keep, place: -1, priced: c.Priced, named: c.ID != "" && (c.Action == Update || c.Action == Delete)}
		if c.Action == Delete || c.Action == Close {
			r := rating.Rate{Kind: c.Rate.Kind, Service: c.Rate.Service}
			s.all = string(appendAsks(nil, &r)) == string(appendAsks(nil, &c.Rate))
			c.Rate.To = 0
		}
		s.row, err = a.pool.pack(&c.Rate)
		s.lost = err != nil
		if err == nil && c.Action != Skip && c.Action != Delete && (c.Action != Close || c.Priced) {
			err = c.Rate.Validate()
		}
		if err != nil {
			a.problem(&s, "", c.Rate.Prefix, "a rate that a card can hold: "+err.Error())
		} else if s.named {
			var ok bool
			if s.id, ok = parseID(c.ID); !ok {
				a.problem(&s, "id", clip(c.ID), "an Id as the card's download has it")
			}
		} else if c.Action == Update {
			a.problem(&s, "id", "", "the Id of a rate: U finds it by that, S by its prefix")
		}
		a.steps = append(a.steps, s)
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
	a.gone = make([]bool, len(a.card.rows))
	var wanted []int32
	for i := range a.steps {
		if a.steps[i].named && a.steps[i].status != bad {
			wanted = append(wanted, int32(i))
		}
	}
	if len(wanted) == 0 {
		return
	}
	slices.SortFunc(wanted, func(x, y int32) int { return cmp.Compare(a.steps[x].id, a.steps[y].id) })
	var buf []byte
	var prefix string
	for i := range a.card.rows {
		r := &a.card.rows[i]
		if i == 0 || r.code != a.card.rows[i-1].code {
			prefix = prefixOf(r.code)
		}
		id := idOf(buf, prefix, a.pool.asks.list[a.pool.rests[r.rest].asks], r.from)
		at, ok := slices.BinarySearchFunc(wanted, id, func(x int32, id uint64) int { return cmp.Compare(a.steps[x].id, id) })
		for ; ok && at < len(wanted) && a.steps[wanted[at]].id == id; at++ {
			if s := &a.steps[wanted[at]]; s.place >= 0 {
				a.problem(s, "id", idText(id), "the prefix instead, with S or D: two rates of the card have this Id")
			} else {
				s.place = int32(i)
			}
		}
	}
	for _, i := range wanted {
		if s := &a.steps[i]; s.place < 0 && s.status != bad {
			a.problem(s, "id", idText(s.id), "the Id of a rate that the card has")
		}
	}
}

// key is the key of the rates that a command is about.
func (a *applier) key(s *step) key {
	if s.place >= 0 {
		return a.pool.keyOf(&a.card.rows[s.place])
	}
	return a.pool.keyOf(&s.row)
}

// move gives another prefix to rates whose update says so.
func (a *applier) move() {
	for i := range a.steps {
		s := &a.steps[i]
		if s.action != Update || s.place < 0 || s.status == bad {
			continue
		}
		row := &a.card.rows[s.place]
		to := a.pool.keyOf(&s.row)
		if to == a.pool.keyOf(row) {
			continue
		}
		c, ok := a.merge(s, row)
		switch {
		case !ok:
			continue
		case s.row.from != math.MinInt64 && s.row.from != row.from, s.keep&FieldTo == 0 && s.row.to != row.to:
			a.problem(s, "effective_from", a.date(s.row.from), "the dates that it has: its prefix changes")
			continue
		case row.to <= a.at:
			a.problem(s, "id", idText(s.id), "a rate that has not ended")
			continue
		case slices.ContainsFunc(a.card.rows, func(r packed) bool {
			return r.code == s.row.code && a.pool.keyOf(&r) == to && r.from < row.to && row.from < r.to
		}):
			a.problem(s, "prefix", prefixOf(s.row.code), "a prefix that has no rate at that time")
			continue
		}
		moved := packed{c, s.row.code, row.from, row.to}
		if row.from < a.at && a.used(row) {
			row.to, moved.from = a.at, a.at
			s.place = int32(len(a.card.rows))
			a.card.rows, a.gone = append(a.card.rows, moved), append(a.gone, false)
		} else {
			*row = moved
		}
		s.status = updated
	}
}

// used reports whether calls were rated by a row.
func (a *applier) used(r *packed) bool { return a.o.Used != nil && a.o.Used(a.pool.rate(r)) }
