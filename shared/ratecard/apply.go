package ratecard

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

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
	rank       uint32 // of what the key at hand asks for
	slot       slot
	queue      []int32 // of one key: its steps in order
	notes      deckNotes
	result     Result
	err        error
}

// join brings commands and rates of each prefix together.
func (a *applier) join() error {
	a.ranks, a.byRank = a.pool.ranks()
	rows := a.card.sorted(a.ranks)
	steps := make([]entry, 0, len(a.steps))
	for i := range a.steps {
		if s := &a.steps[i]; !s.lost {
			k := a.key(s)
			steps = append(steps, entry{k.code, a.ranks[k.asks], uint32(i)})
		}
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
		if len(out) > rating.MaxRates {
			a.err = fmt.Errorf("prefix %q: rows that delete all rates of it are about more than %d rates", prefixOf(e.code), rating.MaxRates)
			return nil
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
	if len(steps) > maxVersions {
		for _, e := range steps[maxVersions:] {
			s := &a.steps[e.at]
			a.problem(s, "prefix", prefixOf(e.code), fmt.Sprintf("at most %d rows for one prefix", maxVersions))
		}
		steps = steps[:maxVersions]
	}
	var code uint64
	if len(rows) > 0 {
		code, a.rank = rows[0].code, rows[0].rank
	} else {
		code, a.rank = steps[0].code, steps[0].rank
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
