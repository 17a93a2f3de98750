package ledger

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// ownMonth is one account's month.
type ownMonth struct {
	account  string
	counts   MonthCounts
	gross    *big.Int
	lines    map[string]*ownLine
	pools    []*ownPool
	features []bundle.Feature
}

type ownLine struct {
	description    string
	calls, seconds uint64
	exact          *big.Int
}

// ownPool is a feature's allowance: everything in hundredths of a second.
type ownPool struct {
	Pool      bundle.Pool // what a result says of it, without the discount
	from, to  int64       // Unix nanoseconds
	block     uint64
	discount  *big.Int
	unlimited bool
}

func (f *refold) beginMonth(account string) {
	f.seen[account] = true
	m := &ownMonth{account: account, gross: new(big.Int), lines: map[string]*ownLine{}}
	if a := f.book.accounts[account]; a != nil {
		m.features = a.features
	}
	month := f.res.Period.Month
	start, end := month.Bounds(f.zone)
	for _, feature := range m.features {
		days := daysIn(feature, month)
		if feature.Plan == "" || days == 0 {
			continue
		}
		plan := f.book.plans[feature.Plan]
		all := new(big.Int).SetUint64(plan.Minutes)
		for _, n := range []uint64{60 * 100, max(feature.Count, 1), max(feature.Multiplier, 1)} {
			all.Mul(all, new(big.Int).SetUint64(n))
		}
		if feature.ProrateAllowance {
			all.Mul(all, big.NewInt(days)).Quo(all, big.NewInt(int64(month.Days())))
		}
		p := &ownPool{from: start.UnixNano(), to: end.UnixNano(), block: max(uint64(plan.RoundBy)*100, 1), discount: new(big.Int), unlimited: plan.Minutes == 0}
		if plan.RoundBy == 1 {
			p.block = 1
		}
		p.Pool = bundle.Pool{Feature: feature.ID, Plan: plan.ID, Unlimited: p.unlimited, Allowance: all.Uint64(), Left: all.Uint64()}
		if feature.Start.Compare(month.First()) > 0 {
			p.from = period.StartOfDay(feature.Start, f.zone).UnixNano()
		}
		if feature.End != (period.Date{}) && feature.End.Compare(month.Last()) < 0 {
			p.to = period.StartOfDay(period.Date{Year: feature.End.Year, Month: feature.End.Month, Day: feature.End.Day + 1}, f.zone).UnixNano()
		}
		m.pools = append(m.pools, p)
	}
	f.month = m
}

// daysIn returns how many days of a month a feature has.
func daysIn(feature bundle.Feature, month period.Month) (days int64) {
	for d := month.First(); d.Day <= month.Days(); d.Day++ {
		if feature.Start.Compare(d) <= 0 && (feature.End == period.Date{} || d.Compare(feature.End) <= 0) {
			days++
		}
	}
	return days
}

// take draws a rated row on the pools, one after the other, and adds it to its
// line. It sets the flags that say so.
func (m *ownMonth) take(r *call.Row, p ownPrice) (covered uint64, due *big.Int) {
	seconds, off := p.billed, new(big.Int)
	key, description := usageKey, "Calls"
	if name := [...]string{"", "Messages", "Data", "Events"}[r.Kind]; name != "" {
		key, description, seconds = usageKey+":"+r.Kind.String(), name, 0
	} else {
		covered, off = m.draw(r.Instant, seconds, p)
	}
	due = new(big.Int).Sub(p.charge, off)
	switch {
	case covered > 0 && covered < seconds:
		r.Flags |= call.PartlyBundled
	case covered > 0:
		r.Flags |= call.Bundled
		key, description = bundledKey, "Calls inside the bundle"
	}
	line := m.lines[key]
	if line == nil {
		line = &ownLine{description: description, exact: new(big.Int)}
		m.lines[key] = line
	}
	line.calls++
	line.seconds += seconds
	line.exact.Add(line.exact, due)
	m.gross.Add(m.gross, p.charge)
	return covered, due
}

// draw returns the seconds that the pools pay, and how much that is off.
func (m *ownMonth) draw(instant int64, seconds uint64, p ownPrice) (covered uint64, off *big.Int) {
	off = new(big.Int)
	if p.charge.Sign() == 0 {
		return 0, off
	}
	for _, pool := range m.pools {
		if instant < pool.from || instant >= pool.to || covered == seconds {
			continue
		}
		n := seconds - covered
		if room := (pool.Pool.Left - pool.Pool.Left%pool.block) / 100; !pool.unlimited && blocks(n*100, pool.block) > pool.Pool.Left {
			n = room
		}
		if n == 0 {
			continue
		}
		covered += n
		share := new(big.Rat).Mul(unitsRat(p.charge), new(big.Rat).SetFrac(new(big.Int).SetUint64(covered), new(big.Int).SetUint64(seconds)))
		now := roundUnits(share, p.decimals, money.Down)
		pool.discount.Add(pool.discount, new(big.Int).Sub(now, off))
		off = now
		drawn := blocks(n*100, pool.block)
		pool.Pool.Drawn += drawn
		if !pool.unlimited {
			pool.Pool.Left -= drawn
		}
		pool.Pool.Calls++
		pool.Pool.Covered += n
	}
	return covered, off
}

// blocks returns n rounded up to whole blocks.
func blocks(n, block uint64) uint64 {
	if n%block != 0 {
		n += block - n%block
	}
	return n
}

func (f *refold) endMonth() error {
	if f.month != nil {
		f.compareMonth()
	}
	return nil
}

// compareMonth adds the recurring charges and compares the account's month with
// what the result has of it.
func (f *refold) compareMonth() {
	m, month := f.month, f.res.Period.Month
	f.month = nil
	digits := 0
	if len(m.features) > 0 {
		var err error
		if digits, err = billing.Digits(f.book.accounts[m.account].Currency); err != nil {
			f.add("result", f.account(m.account), "%v", err)
		}
	}
	for _, feature := range m.features {
		days, of := daysIn(feature, month), int64(month.Days())
		share := new(big.Rat).Mul(unitsRat(units(feature.Recurring)), big.NewRat(days, of))
		share.Mul(share, new(big.Rat).SetInt(new(big.Int).SetUint64(max(feature.Count, 1))))
		exact := roundUnits(share, digits, money.HalfUp)
		if exact.Sign() == 0 {
			continue
		}
		name := feature.Name
		if name == "" {
			name = feature.ID
		}
		if days != of {
			name += fmt.Sprintf(" (%d of %d days)", days, of)
		}
		m.lines[recurringKey+feature.ID] = &ownLine{description: name, exact: exact}
	}
	if m.counts.Rows == 0 && len(m.lines) == 0 {
		return
	}
	c, n := &f.counts, m.counts
	c.Rows, c.Charged, c.Unrated = c.Rows+n.Rows, c.Charged+n.Charged, c.Unrated+n.Unrated
	c.Duplicate, c.Superseded = c.Duplicate+n.Duplicate, c.Superseded+n.Superseded
	got, where := f.accounts[m.account], f.account(m.account)
	if got == nil {
		f.add("result", where, "it is missing")
		return
	}
	delete(f.accounts, m.account)
	currency := ""
	if a := f.book.accounts[m.account]; a != nil {
		currency = a.Currency
	}
	if got.Currency != currency || got.Counts != m.counts || !same(got.Gross, m.gross) {
		f.add("result", where, "%s, gross %s in %q; want %s, gross %s in %q", text(got.Counts), got.Gross, got.Currency, text(m.counts), show(m.gross), currency)
	}
	f.compareLines(where, got.Lines, m.lines)
	f.comparePools(where, got.Pools, m.pools)
}

func (f *refold) compareLines(where string, got []FoldLine, want map[string]*ownLine) {
	if !slices.IsSortedFunc(got, func(a, b FoldLine) int { return strings.Compare(a.Key, b.Key) }) {
		f.add("result", where, "its lines are not sorted")
	}
	for _, g := range got {
		w := want[g.Key]
		delete(want, g.Key)
		switch {
		case w == nil:
			f.add("result", where+" line "+g.Key, "it follows from nothing")
		case g.Calls != w.calls || g.Seconds != w.seconds || g.Description != w.description:
			f.add("result", where+" line "+g.Key, "%q, %d calls, %d s; want %q, %d, %d", g.Description, g.Calls, g.Seconds, w.description, w.calls, w.seconds)
		case !same(g.Exact, w.exact):
			f.add("result", where+" line "+g.Key, "%s, want %s", g.Exact, show(w.exact))
		}
	}
	for _, key := range sortedKeys(want) {
		f.add("result", where+" line "+key, "it is missing, want %s", show(want[key].exact))
	}
}

func (f *refold) comparePools(where string, got []bundle.Pool, want []*ownPool) {
	if len(got) != len(want) {
		f.add("result", where, "%d pools, want %d", len(got), len(want))
		return
	}
	for i, g := range got {
		w := want[i].Pool
		w.Discount = g.Discount
		if g != w || !same(g.Discount, want[i].discount) {
			f.add("result", where+" pool "+g.Feature, "%s, want %s with a discount of %s", text(g), text(w), show(want[i].discount))
		}
	}
}
