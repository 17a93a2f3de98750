package ratecard

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
)

// Apply returns what the rates of a card are after the commands of a deck. At
// each instant at most one rate of a prefix holds (and class, band and so on: see
// ID): a rate from a later instant on ends the one before it there. Rates that no
// command touches stay as they are, in their order; new ones come behind them in
// the order of the deck.
//
// Commands for the same rates are done in the order of the deck, those of a deck
// without actions (Put, Close) in the order of their instants; others do not
// depend on each other. A command with a problem is not done, all others are: who
// wants all or nothing looks for Problems before taking next. It fails on options
// that are none, on an error of current or commands, and on rates that no card
// can hold.
//
// Memory: some 80 bytes for each rate, 110 for each command, 130 for each new rate.
func Apply(current iter.Seq2[rating.Rate, error], commands iter.Seq2[Command, error], o Options) (next *Rates, result Result, err error) {
	fail := func(err error) (*Rates, Result, error) {
		return nil, Result{}, fmt.Errorf("applying a deck: %w", err)
	}
	if err := o.validate(); err != nil {
		return fail(err)
	}
	a := &applier{o: o, at: o.At, pool: newPool()}
	if o.At == 0 {
		a.at = math.MinInt64
	}
	if o.IncreaseDays > 0 || o.DecreaseDays > 0 {
		if a.classifier, err = newClassifier(o.Terms); err != nil {
			return fail(err)
		}
	}
	if a.card, err = a.pool.collect(current, 0); err != nil {
		return fail(fmt.Errorf("reading the card's rates: %w", err))
	}
	if err := a.read(commands); err != nil {
		return fail(err)
	}
	if o.Kind != Partial && len(a.steps) == 0 {
		return fail(errors.New("a full deck without rows would close the whole card"))
	}
	a.identify()
	a.move()
	if err := a.join(); err != nil {
		return fail(err)
	}
	a.count()
	return a.finish(), a.result, nil
}

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
}

type applier struct {
	o          Options
	at         int64 // math.MinInt64: the card's beginning
	pool       *pool
	card       *Rates
	gone       []bool   // rows of the card
	more       [][]span // new rows, in lists of which none grows: there may be as many as the card has
	steps      []step
	ranks      []uint32 // of asks
	byRank     []uint32
	classifier *classifier
	listed     [call.Kinds][2]bool // kinds of usage, and their services, that the deck has rows of
	countries  map[string]bool
	slot       slot
	queue      []int32 // of one key: its steps in order
	notes      deckNotes
	result     Result
	err        error
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
		s := step{line: c.Line, action: c.Action, keep: c.Keep, place: -1, named: c.ID != "" && (c.Action == Update || c.Action == Delete)}
		if c.Action == Delete || c.Action == Close {
			r := rating.Rate{Kind: c.Rate.Kind, Service: c.Rate.Service}
			s.all = string(appendAsks(nil, &r)) == string(appendAsks(nil, &c.Rate))
			c.Rate.To = 0
		}
		s.row, err = a.pool.pack(&c.Rate)
		if err == nil && c.Action != Skip && c.Action != Delete && c.Action != Close {
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

// join brings commands and rates of each prefix together.
func (a *applier) join() error {
	a.ranks, a.byRank = a.pool.ranks()
	rows := a.card.sorted(a.ranks)
	steps := make([]entry, len(a.steps))
	for i := range a.steps {
		k := a.key(&a.steps[i])
		steps[i] = entry{k.code, a.ranks[k.asks], uint32(i)}
	}
	steps = sortEntries(steps, func(x, y entry) int { return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(x.at, y.at)) })
	for len(rows) > 0 || len(steps) > 0 {
		code := uint64(math.MaxUint64)
		if len(rows) > 0 {
			code = rows[0].code
		}
		if len(steps) > 0 {
			code = min(code, steps[0].code)
		}
		of := func(list []entry) int {
			n := 0
			for n < len(list) && list[n].code == code {
				n++
			}
			return n
		}
		n, m := of(rows), of(steps)
		a.prefix(rows[:n], steps[:m])
		if a.err != nil {
			return a.err
		}
		rows, steps = rows[n:], steps[m:]
	}
	return nil
}

// prefix applies the commands of one prefix to its rates.
func (a *applier) prefix(rows, steps []entry) {
	if slices.ContainsFunc(steps, func(e entry) bool { s := &a.steps[e.at]; return s.all && s.place < 0 }) {
		steps = a.spread(rows, steps)
	}
	for len(rows) > 0 || len(steps) > 0 {
		var first *entry
		if len(rows) > 0 {
			first = &rows[0]
		}
		if len(steps) > 0 && (first == nil || steps[0].rank < first.rank) {
			first = &steps[0]
		}
		of := func(list []entry) int {
			n := 0
			for n < len(list) && list[n].sameKey(first) {
				n++
			}
			return n
		}
		n, m := of(rows), of(steps)
		a.one(rows[:n], steps[:m])
		rows, steps = rows[n:], steps[m:]
	}
}

// spread gives commands for all rates of a prefix to each key that it has rates
// or commands of.
func (a *applier) spread(rows, steps []entry) []entry {
	var ranks []uint32
	for _, list := range [...][]entry{rows, steps} {
		for _, e := range list {
			if len(ranks) == 0 || ranks[len(ranks)-1] != e.rank {
				ranks = append(ranks, e.rank)
			}
		}
	}
	slices.Sort(ranks)
	ranks = slices.Compact(ranks)
	var out []entry
	for _, e := range steps {
		s := &a.steps[e.at]
		if !s.all || s.place >= 0 {
			out = append(out, e)
			continue
		}
		for _, rank := range ranks {
			if a.pool.of[a.byRank[rank]] == a.pool.of[a.pool.rests[s.row.rest].asks] {
				out = append(out, entry{e.code, rank, e.at})
			}
		}
	}
	slices.SortFunc(out, func(x, y entry) int { return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(x.at, y.at)) })
	return out
}

// one applies the commands of one key to its rates.
func (a *applier) one(rows, steps []entry) {
	if len(steps) == 0 && !a.o.DropLater && a.o.Kind == Partial {
		return
	}
	if len(rows) > maxVersions {
		a.err = fmt.Errorf("prefix %q has %d rates one after another, want at most %d", prefixOf(rows[0].code), len(rows), maxVersions)
		return
	}
	for i := 1; i < len(rows); i++ {
		if a.card.rows[rows[i].at].from == a.card.rows[rows[i-1].at].from {
			a.err = fmt.Errorf("prefix %q: the card has two rates from the same instant, want one", prefixOf(rows[i].code))
			return
		}
	}
	k := &a.slot
	k.load(a.card.rows, rows)
	a.unlisted(k, rows, steps)
	a.inOrder(steps)
	for _, i := range a.queue {
		s := &a.steps[i]
		if len(k.spans) >= maxVersions {
			a.problem(s, "effective_from", a.date(s.row.from), fmt.Sprintf("at most %d rates of a prefix one after another", maxVersions))
			continue
		}
		if now := a.do(k, s); s.status != bad {
			s.status = max(s.status, now)
		}
	}
	if k.changed {
		code := uint64(0)
		if len(rows) > 0 {
			code = rows[0].code
		} else if len(steps) > 0 {
			code = steps[0].code
		}
		a.store(k, rows, code)
	}
}

// store takes the spans of a key into the rates.
func (a *applier) store(k *slot, rows []entry, code uint64) {
	for _, e := range rows {
		a.gone[e.at] = true
	}
	for _, s := range k.spans {
		if s.place >= 0 && a.gone[s.place] {
			a.gone[s.place] = false
			a.card.rows[s.place] = s.packed
			continue
		}
		s.code = code
		last := len(a.more) - 1
		if last < 0 || len(a.more[last]) == cap(a.more[last]) {
			last++
			a.more = append(a.more, make([]span, 0, moreRows))
		}
		a.more[last] = append(a.more[last], s)
	}
}

const moreRows = 1 << 12

// finish puts the rates together.
func (a *applier) finish() *Rates {
	a.steps = nil // they are as large as the rates
	out := a.card.rows[:0]
	for i, r := range a.card.rows {
		if !a.gone[i] {
			out = append(out, r)
		}
	}
	more := slices.Concat(a.more...)
	a.more = nil
	slices.SortStableFunc(more, func(x, y span) int { return cmp.Compare(x.line, y.line) })
	out = slices.Grow(out, len(more))
	for _, s := range more {
		out = append(out, s.packed)
	}
	return &Rates{a.pool, out}
}

func (a *applier) date(at int64) string {
	switch at {
	case math.MinInt64, math.MaxInt64:
		return ""
	}
	return time.Unix(0, at).UTC().Format(time.RFC3339Nano)
}
