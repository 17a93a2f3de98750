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

// Apply is Rates.Apply for rates that are not packed. It fails on an error of
// current, too.
func Apply(current iter.Seq2[rating.Rate, error], commands iter.Seq2[Command, error], o Options) (*Rates, Result, error) {
	card, err := Collect(current)
	if err != nil {
		return nil, Result{}, fmt.Errorf("applying a deck: reading the card's rates: %w", err)
	}
	return card.Apply(commands, o)
}

// Apply returns what the rates of a card are after the commands of a deck; r
// stays as it is. At each instant at most one rate of a prefix holds (and class,
// band and so on: see ID): a rate from a later instant on ends the one before it
// there. Rates that no command touches stay as they are, in their order; new ones
// come behind them in the order of the deck.
//
// Commands for the same rates are done in the order of the deck, those of a deck
// without actions (Put, Close) in the order of their instants; others do not
// depend on each other. A command with a problem is not done, all others are: who
// wants all or nothing looks for Problems before taking next. It fails on options
// that are none, on an error of commands, and on rates that no card can hold.
//
// Memory: some 65 bytes for each command, 35 for each rate there will be, 40 for
// each that changes or is new; 12 for each command, and each rate, where those of
// a deck, or of the card, are not in the order of their prefixes.
func (r *Rates) Apply(commands iter.Seq2[Command, error], o Options) (next *Rates, result Result, err error) {
	fail := func(err error) (*Rates, Result, error) {
		return nil, Result{}, fmt.Errorf("applying a deck: %w", err)
	}
	if err := o.validate(); err != nil {
		return fail(err)
	}
	a := &applier{o: o, at: o.At, pool: r.pooled(), base: r, card: r}
	if o.At == 0 {
		a.at = math.MinInt64
	}
	if o.IncreaseDays > 0 || o.DecreaseDays > 0 {
		if a.classifier, err = newClassifier(o.Terms); err != nil {
			return fail(err)
		}
	}
	if err := a.read(commands); err != nil {
		return fail(err)
	}
	if o.Kind != Partial && a.steps.len == 0 {
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
	base       *Rates // as it was
	card       *Rates // base, until own
	owned      bool   // card is a copy
	gone       []bool // rows of the card
	changed    blocks[changedRow]
	more       blocks[newRow]
	steps      blocks[step]
	ids        []namedStep
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

// changedRow is a row that takes the place of one of the card's.
type changedRow struct {
	row
	place uint32
}

// newRow is one that no row of the card was.
type newRow struct {
	row
	line uint32 // of the command that made it
}

// own makes the card a copy, whose rows may be changed.
func (a *applier) own() {
	if a.owned {
		return
	}
	own := &Rates{pool: a.pool}
	for i := range a.card.rows.len {
		own.rows.add(*a.card.rows.at(i))
	}
	a.card, a.owned = own, true
}

// row returns a row of the card.
func (a *applier) row(place int32) packed { return a.pool.expand(a.card.rows.at(int(place))) }

// join brings commands and rates of each prefix together.
func (a *applier) join() error {
	a.ranks, a.byRank = a.pool.ranks()
	rows := a.card.cursor(a.ranks, nil)
	steps := newCursor(a.steps.len, func(i int) (entry, bool) {
		s := a.steps.at(i)
		if s.is(lost) {
			return entry{}, false
		}
		k := a.key(s)
		return entry{k.code, a.ranks[k.asks], uint32(i)}, true
	}, func(x, y entry) int { return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(x.at, y.at)) })
	for code, ok := nextCode(rows, steps); ok; code, ok = nextCode(rows, steps) {
		a.prefix(rows.take(code), steps.take(code))
		if a.err != nil {
			return a.err
		}
	}
	return nil
}

// prefix applies the commands of one prefix to its rates.
func (a *applier) prefix(rows, steps []entry) {
	if slices.ContainsFunc(steps, func(e entry) bool { s := a.steps.at(int(e.at)); return s.is(all) && s.place < 0 }) {
		steps = a.spread(rows, steps)
	}
	for len(rows)+len(steps) > 0 {
		first := firstOf(rows, steps)
		n, m := sameKeys(rows, first), sameKeys(steps, first)
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
		s := a.steps.at(int(e.at))
		if !s.is(all) || s.place >= 0 {
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
		if a.card.fromOf(rows[i]) == a.card.fromOf(rows[i-1]) {
			a.err = fmt.Errorf("prefix %q: the card has two rates from the same instant, want one", prefixOf(rows[i].code))
			return
		}
	}
	if len(steps) > maxVersions {
		for _, e := range steps[maxVersions:] {
			s := a.steps.at(int(e.at))
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
	k.load(a.card, rows)
	a.restate(rows, steps)
	a.unlisted(k, rows, steps)
	a.inOrder(steps)
	for _, i := range a.queue {
		s := a.steps.at(int(i))
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
	for i := range k.spans {
		s := &k.spans[i]
		s.code = code
		if s.place >= 0 && a.gone[s.place] {
			a.gone[s.place] = false
			a.changed.add(changedRow{a.pool.row(&s.packed), uint32(s.place)})
			continue
		}
		a.more.add(newRow{a.pool.row(&s.packed), uint32(s.line)})
	}
}

// finish puts the rates together.
func (a *applier) finish() *Rates {
	a.steps = blocks[step]{} // they are larger than the rates
	out := &Rates{pool: a.pool}
	changed := sortedBy(&a.changed, func(r *changedRow) uint32 { return r.place })
	for i := range a.card.rows.len {
		r := a.card.rows.at(i)
		if next, ok := changed.peek(); ok && next.place == uint32(i) {
			r = &next.row
			changed.next++
		}
		if !a.gone[i] {
			out.rows.add(*r)
		}
	}
	more := sortedBy(&a.more, func(r *newRow) uint32 { return r.line })
	for r, ok := more.peek(); ok; r, ok = more.peek() {
		out.rows.add(r.row)
		more.next++
	}
	return out
}
