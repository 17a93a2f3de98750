package ledger

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/period"
)

// rater prices units of a file, a block of rows at a time, and writes their
// parts. It is used by one goroutine; what it has worked out for accounts and
// cards it keeps.
type rater struct {
	*slice
	payers    *book.Payers
	prices    blockPricer
	alone     *pricer
	accounts  accounts
	strangers *accountState // of those who are not in the book
	periods   map[Key]*openPeriod
	out       *partWriter
	part      int // number of the one that is written, from one
	unit      int // number of the one at work, from one
	opened    int // periods with rows of it
	tally     tally

	rows    call.Columns
	writer  call.RowWriter // of rows
	hashes  []uint64       // of their identities
	owners  []uint32       // of a block: places of accounts in the book
	states  []*accountState
	single  *openPeriod // that all rows of a block are in
	asking  bool        // a row of it may be priced alone
	shards  []uint8
	further []further  // whom the feed's records charge beside who pays
	gather  gather     // rows of the part that is written
	reports []call.Row // rejected and ignored rows of a block, by line
	row     []byte     // reused
}

// accountState is what holds for the rows of an account from one instant to
// another.
type accountState struct {
	from, to int64 // Unix nanoseconds, half-open
	next     *accountState
	period   *openPeriod
	card     *blockCard // nil: none
	why      call.Reason
	shard    uint8
	// alone: rows are priced one by one. fallbacks: those that card leaves
	// without a price are.
	alone, fallbacks bool
}

// accounts are the states of accounts, by the place of these in the book.
type accounts struct {
	pages [][]*accountState
}

const accountPage = 1024

// states returns where an account's first state is.
func (a *accounts) states(place uint32) **accountState {
	page := int(place / accountPage)
	for page >= len(a.pages) {
		a.pages = append(a.pages, nil)
	}
	if a.pages[page] == nil {
		a.pages[page] = make([]*accountState, accountPage)
	}
	return &a.pages[page][place%accountPage]
}

// first returns an account's first state; nil if there is none yet.
func (a *accounts) first(place uint32) *accountState {
	if page := int(place / accountPage); page < len(a.pages) && a.pages[page] != nil {
		return a.pages[page][place%accountPage]
	}
	return nil
}

// openPeriod is a period that rows fell in.
type openPeriod struct {
	periodTally
	unit int // that the tally is of
	part int // the part in whose table it is
	at   int // its place there
}

func (s *slice) newRater(ctx context.Context) (*rater, error) {
	payers, err := s.ledger.payers(ctx, s.book, s.feed)
	if err != nil {
		return nil, err
	}
	out := newPartWriter(s.ledger.buckets.Rated, partPrefix(s.batch.ID, s.batch.Rev))
	out.feed = s.feed.Source.ID
	out.reset()
	return &rater{
		slice: s, payers: payers, further: furtherOf(s.feed, s.book.Levels()), prices: blockPricer{cards: s.cards, open: map[cardKey]*blockCard{}},
		alone: newPricerOf(s.book, s.cards), periods: map[Key]*openPeriod{},
		out: out, part: 1,
	}, nil
}

// rate prices a unit. When that fails, it still takes all chunks.
func (r *rater) rate(ctx context.Context, u *unit, chunks *cdr.Chunks) {
	r.unit++
	r.opened, r.tally = 0, tally{reasons: map[string]int64{}, charges: map[string]int64{}}
	for k := range u.chunks {
		if u.err == nil {
			u.err = r.chunk(ctx, k)
		}
		chunks.Free(k)
	}
	// A part of less than the unit would be named by nothing, and kept with the
	// revision.
	if u.err == nil && !u.short {
		u.err = r.seal(ctx)
	}
	for _, p := range r.periods {
		if p.unit == r.unit {
			r.tally.periods = append(r.tally.periods, p.periodTally)
		}
	}
	slices.SortFunc(r.tally.periods, func(a, b periodTally) int {
		return cmp.Or(cmp.Compare(a.line, b.line), compareKeys(a.Period, b.Period))
	})
	r.tally.parts, r.out.parts = r.out.parts, nil
	u.tally = r.tally
}

func (r *rater) seal(ctx context.Context) error {
	r.gather.flush(r.out)
	if err := r.out.seal(ctx); err != nil {
		return err
	}
	r.part++
	return nil
}

func (r *rater) chunk(ctx context.Context, k *cdr.Chunk) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("rating: %w", err)
	}
	if r.prices.forget() {
		r.accounts, r.strangers = accounts{}, nil
	}
	for more := true; more; {
		if r.out.full(len(r.gather.rows)) {
			if err := r.seal(ctx); err != nil {
				return err
			}
		}
		r.rows.Reset()
		r.reports = r.reports[:0]
		more = k.Parse(&r.rows, func(row cdr.Row) { r.reports = append(r.reports, reported(&row)) })
		if err := r.block(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reported is a row that was rejected or ignored.
func reported(r *cdr.Row) call.Row {
	return call.Row{Record: r.Record, Line: r.Line, Status: r.Status, Reason: r.Reason, Column: r.Column, Value: r.Value, Want: r.Want}
}

// block prices and stores the rows that were parsed together.
func (r *rater) block(ctx context.Context) error {
	if err := r.route(ctx); err != nil {
		return err
	}
	r.prices.price(&r.rows, r.states, r.part, r.out)
	if err := r.priceFurther(ctx); err != nil {
		return err
	}
	if err := r.store(ctx); err != nil {
		return err
	}
	r.count(r.states, r.single, r.prices.priced)
	for k := range r.further {
		r.count(r.further[k].states, nil, r.further[k].priced)
	}
	if r.gather.full() {
		r.gather.flush(r.out)
	}
	r.report()
	return nil
}

// route finds who pays for the rows of a block, and what holds for them.
func (r *rater) route(ctx context.Context) error {
	n := r.rows.Len()
	r.owners = slices.Grow(r.owners[:0], n)[:n]
	r.payers.Block(&r.rows, r.owners)
	r.payers.Set(&r.rows, r.owners)
	for i, owner := range r.owners {
		if owner >= book.NamedPayer {
			var known bool
			if r.owners[i], known = r.book.Place(r.rows.Bytes(r.rows.Account[i])); !known {
				r.owners[i] = book.NoPayer
			}
		}
	}
	r.states, r.shards = slices.Grow(r.states[:0], n)[:n], slices.Grow(r.shards[:0], n)[:n]
	r.single, r.asking = nil, false
	several := false
	for i, at := range r.rows.Instant {
		if r.only && (at < r.from || at >= r.to) {
			r.states[i] = nil
			r.ignore(i)
			continue
		}
		s := r.accounts.first(r.owners[i])
		if s != nil && s.from <= at && at < s.to && s.period.unit == r.unit {
			r.shards[i] = s.shard
		} else {
			var err error
			known := r.owners[i] != book.NoPayer
			if s, r.shards[i], err = r.find(ctx, i, r.owners[i], known, r.rows.Bytes(r.rows.Account[i])); err != nil {
				return err
			}
		}
		r.states[i] = s
		several = several || r.single != nil && r.single != s.period
		r.single, r.asking = s.period, r.asking || s.alone || s.fallbacks
	}
	if several {
		r.single = nil
	}
	return nil
}

// find returns what holds for an account at the instant of a row, and its shard.
func (r *rater) find(ctx context.Context, i int, place uint32, known bool, id []byte) (s *accountState, shard uint8, err error) {
	instant, first := r.rows.Instant[i], &r.strangers
	if known {
		first = r.accounts.states(place)
	}
	for s = *first; s != nil; s = s.next {
		if s.from <= instant && instant < s.to {
			break
		}
	}
	if s == nil {
		if s, err = r.newState(ctx, place, known, instant, id); err != nil {
			return nil, 0, err
		}
		s.next, *first = *first, s
	}
	if shard = s.shard; !known {
		shard = call.ShardOf(id)
	}
	if s.period.unit != r.unit {
		err = r.begin(s.period, r.rows.Line[i])
	}
	return s, shard, err
}

// newState works out what holds for an account around an instant.
func (r *rater) newState(ctx context.Context, place uint32, known bool, instant int64, id []byte) (s *accountState, err error) {
	route := r.book.Unknown(r.feed, instant)
	if known {
		route = r.book.Route(place, instant)
	}
	key := Key{route.Cycle, route.Month}
	if r.periods[key] == nil {
		r.periods[key] = &openPeriod{periodTally: periodTally{PeriodCount: PeriodCount{Period: key}}}
	}
	s = &accountState{
		from: route.From, to: route.To, shard: call.ShardOf(id), period: r.periods[key], why: route.Why, alone: route.Alone, fallbacks: route.Fallbacks,
	}
	if route.Image != "" && !s.alone {
		if s.card, err = r.prices.card(ctx, route); err != nil {
			return nil, fmt.Errorf("account %q: %w", id, err)
		}
	}
	return s, nil
}

// begin counts a period anew for the unit at work.
func (r *rater) begin(p *openPeriod, line int64) error {
	p.periodTally = periodTally{PeriodCount{Period: p.Period}, line}
	p.unit = r.unit
	if r.opened++; r.opened > MaxPeriods {
		return tooManyPeriods(p.Period, line)
	}
	return nil
}

// ignore reports a row of another month than the feed's.
func (r *rater) ignore(i int) {
	m := period.Of(time.Unix(0, r.rows.Instant[i]), r.zone)
	row := call.Row{Record: r.rows.Record(i), Line: r.rows.Line[i], Status: call.Ignored, Reason: call.OtherMonth + call.Reason(":"+m.String())}
	at, _ := slices.BinarySearchFunc(r.reports, row.Line, func(o call.Row, line int64) int { return cmp.Compare(o.Line, line) })
	r.reports = slices.Insert(r.reports, at, row)
}

// lastWord reports whether a fallback may have the last word.
func lastWord(why call.Reason) bool {
	return why == call.NoRate || why == call.ShortNumber || why == call.NoCard
}

// store adds the charges of a block's rows to the part, row by row.
func (r *rater) store(ctx context.Context) error {
	n := r.rows.Len()
	r.writer = r.rows.RowWriter()
	r.hashes = slices.Grow(r.hashes[:0], n)[:n]
	r.rows.IdentityHashes(r.hashes)
	if r.single != nil && !r.asking && r.further == nil { // as most are
		for i, state := range r.states {
			if state != nil {
				r.put(i, r.single, r.shards[i], &r.prices.priced[i])
			}
		}
		return nil
	}
	for i, state := range r.states {
		if state == nil {
			continue
		}
		if err := r.charge(ctx, i, state, r.shards[i], &r.prices.priced[i]); err != nil {
			return err
		}
		if r.further == nil {
			continue
		}
		if err := r.chargeFurther(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// charge stores a charge of a row. What the card of the state has no last word
// on is priced first.
func (r *rater) charge(ctx context.Context, i int, s *accountState, shard uint8, p *call.Priced) error {
	if s.alone || s.fallbacks && lastWord(p.Reason) {
		if err := r.priceAlone(ctx, i, p); err != nil {
			return err
		}
	}
	r.put(i, s.period, shard, p)
	return nil
}

// put adds a charge of a row to the part.
func (r *rater) put(i int, at *openPeriod, shard uint8, p *call.Priced) {
	if len(r.gather.all) == mostRows { // records may have many charges
		r.gather.flush(r.out)
	}
	if at.part != r.part {
		at.part, at.at = r.part, r.out.period(at.Period)
	}
	r.gather.add(r.writer.AppendFramed(r.gather.rows, i, p), at.at, call.Identity{Hash: r.hashes[i], Line: r.rows.Line[i], Shard: shard})
}

// priceAlone prices a charge of a row by all that the book chooses by.
func (r *rater) priceAlone(ctx context.Context, i int, p *call.Priced) error {
	row := call.Row{Record: r.rows.Record(i), Line: r.rows.Line[i], Role: p.Role, Level: p.Level}
	image, err := r.alone.price(ctx, &row)
	if err != nil {
		return fmt.Errorf("line %d: %w", row.Line, err)
	}
	*p = call.Priced{
		Role: row.Role, Level: row.Level, Status: row.Status, Reason: row.Reason, Flags: row.Flags, Image: r.out.image(image), Prefix: row.Prefix, Billed: row.Billed, Charge: row.Charge,
	}
	return nil
}

// count counts charges of a block, in their periods, or in the one that all are
// in; and of who pays as rows.
func (r *rater) count(states []*accountState, single *openPeriod, priced []call.Priced) {
	var at *openPeriod // of the charges of n
	var n PeriodCount
	for i, s := range states {
		if s == nil {
			continue
		}
		of := single
		if of == nil {
			of = s.period
		}
		if of != at {
			if at != nil {
				at.PeriodCount = at.plus(n)
			}
			at = of
			n = PeriodCount{Period: at.Period, First: math.MaxInt64, Last: math.MinInt64}
		}
		instant := r.rows.Instant[i]
		n.First, n.Last = min(n.First, instant), max(n.Last, instant)
		switch p := &priced[i]; {
		case p.Status != call.Rated:
			n.Unrated++
			r.tally.count(p)
		case p.Role != call.Payer:
			n.Accepted++
			r.tally.count(p)
		default:
			n.Accepted++
			r.tally.counts.Accepted++
			r.tally.counts.Rows++
		}
	}
	if at != nil {
		at.PeriodCount = at.plus(n)
	}
}

// report counts the rows of a block that are not charged, and adds them to the
// part.
func (r *rater) report() {
	for i := range r.reports {
		row := &r.reports[i]
		r.tally.counts.Rows++
		if row.Status == call.Rejected {
			r.tally.counts.Rejected++
		} else {
			r.tally.counts.Ignored++
		}
		r.tally.reasons[reasonKey(row.Status, row.Reason)]++
		r.row = call.AppendRow(r.row[:0], row)
		r.out.add(call.ReportBlock, 0, 0, r.row)
	}
}

func reasonKey(s call.Status, r call.Reason) string { return s.String() + ":" + string(r) }
