package bundle

import (
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"time"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// hundredths of a second in a second: the unit of allowances, exact for every
// weight in whole percent.
const hundredths = 100

// Usage is one priced call, as a fold needs it.
type Usage struct {
	Instant int64        // Unix nanoseconds; within the month
	Seconds uint64       // billed
	Weight  uint32       // percent drawn per billed second: 100 is 1:1, 200 draws two minutes a minute; not 0
	Charge  money.Amount // rounded charge before discounts; not negative
}

// Draw is what the bundles did for one usage. Discount + Due = Charge, to the
// last digit.
type Draw struct {
	Covered  uint64       // billed seconds that bundles pay for
	Drawn    uint64       // taken from the pools, hundredths of a second
	Discount money.Amount // at the charge's decimals
	Due      money.Amount // at the charge's decimals
	Split    bool         // some of the seconds are covered, not all
}

// Pool sums up what the allowance of one feature came to. Unlimited pools have
// no Allowance and no Left.
type Pool struct {
	Feature   string       `json:"feature"`
	Plan      string       `json:"plan"`
	Unlimited bool         `json:"unlimited,omitzero"`
	Allowance uint64       `json:"allowance"` // hundredths of a second
	Drawn     uint64       `json:"drawn"`     // hundredths of a second
	Left      uint64       `json:"left"`      // hundredths of a second
	Calls     uint64       `json:"calls"`     // usages that drew, a split one in each of its pools
	Covered   uint64       `json:"covered"`   // billed seconds
	Discount  money.Amount `json:"discount"`
}

// State is a month being folded. It keeps one pool per feature and nothing per
// call. It is not safe for concurrent use.
type State struct {
	month    period.Month
	zone     *time.Location
	from, to int64 // Unix nanoseconds, half-open
	pools    []pool
	drawing  []pool // scratch: the pools of one usage, before it is sure to succeed
}

type pool struct {
	Pool
	from, to int64  // Unix nanoseconds, half-open
	block    uint64 // hundredths of a second
	index    int    // in State.pools
}

// Open begins the fold of a month in a zone. Every feature with a plan and a
// day in the month gets a pool; several pools are drawn in the order of their
// features, what one leaves uncovered going to the next. Usage may draw on a
// pool from local midnight of the feature's start to local midnight after its
// end.
func Open(month period.Month, zone *time.Location, features []Feature, plans []Plan) (*State, error) {
	if _, err := period.ParseMonth(month.String()); err != nil {
		return nil, fmt.Errorf("opening bundles: %w", err)
	}
	if zone == nil {
		return nil, fmt.Errorf("opening bundles of %s: no time zone", month)
	}
	byID := make(map[string]Plan, len(plans))
	for _, p := range plans {
		if _, twice := byID[p.ID]; twice || p.ID == "" {
			return nil, fmt.Errorf("opening bundles of %s: plan id %q is missing or used twice", month, p.ID)
		}
		byID[p.ID] = p
	}
	s := &State{month: month, zone: zone}
	from, to := month.Bounds(zone)
	s.from, s.to = from.UnixNano(), to.UnixNano()
	seen := make(map[string]bool, len(features))
	for _, f := range features {
		if err := s.add(f, byID); err != nil {
			return nil, fmt.Errorf("opening bundles of %s: %w", month, err)
		}
		if seen[f.ID] {
			return nil, fmt.Errorf("opening bundles of %s: feature id %q is used twice", month, f.ID)
		}
		seen[f.ID] = true
	}
	return s, nil
}

// add opens the pool of a feature, if it grants anything in the month.
func (s *State) add(f Feature, plans map[string]Plan) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if f.Plan == "" {
		return nil
	}
	plan, ok := plans[f.Plan]
	if !ok {
		return fmt.Errorf("feature %q grants plan %q, which does not exist", f.ID, f.Plan)
	}
	allowance, err := f.allowance(plan, s.month)
	if err != nil || s.month.Overlap(f.Start, f.End) == 0 {
		return err
	}
	p := pool{
		Pool: Pool{
			Feature: f.ID, Plan: plan.ID, Unlimited: plan.Minutes == 0,
			Allowance: allowance, Left: allowance,
		},
		from: s.from, to: s.to, block: 1, index: len(s.pools),
	}
	if plan.RoundBy > 1 {
		p.block = uint64(plan.RoundBy) * hundredths
	}
	if f.Start.Compare(s.month.First()) > 0 {
		p.from = period.StartOfDay(f.Start, s.zone).UnixNano()
	}
	if f.End != (period.Date{}) && f.End.Compare(s.month.Last()) < 0 {
		after := f.End
		after.Day++ // still in the month: the end is before its last day
		p.to = period.StartOfDay(after, s.zone).UnixNano()
	}
	s.pools = append(s.pools, p)
	return nil
}

// Draw charges one usage to the bundles. The caller's order of usage is the
// order of drawing. A usage without a charge, or without billed seconds, draws
// nothing. After an error the state is what it was before.
//
// The drawn quantity is seconds × weight, rounded up to the plan's blocks. The
// call that crosses the end of a pool is split at the second: the pool covers
// as many whole seconds as it can pay with what is left of it, in whole
// blocks, and keeps the rest, which a later, shorter call may use
// (PortaBilling: 2 of 8 minutes left, 6 charged). The discount is charge ×
// covered ÷ seconds, rounded down at the charge's decimals; a wholly covered
// call is due nothing.
func (s *State) Draw(u Usage) (Draw, error) {
	d, err := s.draw(u)
	if err != nil {
		return Draw{}, fmt.Errorf("bundles of %s: usage at %s of %d s, weight %d %%, charge %s: %w",
			s.month, time.Unix(0, u.Instant).UTC().Format(time.RFC3339Nano), u.Seconds, u.Weight, u.Charge, err)
	}
	return d, nil
}

func (s *State) draw(u Usage) (Draw, error) {
	switch {
	case u.Instant < s.from || u.Instant >= s.to:
		return Draw{}, fmt.Errorf("outside the month in %s", s.zone)
	case u.Weight == 0:
		return Draw{}, errors.New("want a weight of 1 % or more")
	case u.Charge.Sign() < 0:
		return Draw{}, errors.New("want a charge of 0 or more")
	}
	d := Draw{Discount: money.New(0, u.Charge.Decimals()), Due: u.Charge}
	if u.Charge.IsZero() {
		return d, nil
	}
	s.drawing = s.drawing[:0]
	for _, p := range s.pools {
		if u.Instant < p.from || u.Instant >= p.to {
			continue
		}
		covered, drawn, err := p.cover(u.Seconds-d.Covered, uint64(u.Weight))
		if err != nil {
			return Draw{}, err
		}
		if covered == 0 {
			continue
		}
		var over uint64
		if d.Drawn, over = bits.Add64(d.Drawn, drawn, 0); over != 0 {
			return Draw{}, errQuantity
		}
		d.Covered += covered
		discount, err := u.Charge.MulDiv(d.Covered, u.Seconds, u.Charge.Decimals(), money.Down)
		if err != nil {
			return Draw{}, err
		}
		if err := p.take(covered, drawn, discount, d.Discount); err != nil {
			return Draw{}, err
		}
		d.Discount = discount
		s.drawing = append(s.drawing, p)
		if d.Covered == u.Seconds {
			break
		}
	}
	var err error
	if d.Due, err = u.Charge.Sub(d.Discount); err != nil {
		return Draw{}, err
	}
	d.Split = d.Covered > 0 && d.Covered < u.Seconds
	for _, p := range s.drawing {
		s.pools[p.index] = p
	}
	return d, nil
}

var errQuantity = errors.New("the drawn quantity is out of range")

// cover returns how many of a call's seconds p can pay, and the hundredths
// that takes.
func (p *pool) cover(seconds, weight uint64) (covered, drawn uint64, err error) {
	need, err := p.quantity(seconds, weight)
	if err != nil {
		return 0, 0, err
	}
	if p.Unlimited || need <= p.Left {
		return seconds, need, nil
	}
	// Fewer than all: rounded up to blocks, all of them need more than is left.
	covered = (p.Left - p.Left%p.block) / weight
	drawn, err = p.quantity(covered, weight)
	return covered, drawn, err
}

// quantity returns seconds × weight in hundredths of a second, rounded up to
// whole blocks: a weight of 1 % draws 1 hundredth a second.
func (p *pool) quantity(seconds, weight uint64) (uint64, error) {
	hi, n := bits.Mul64(seconds, weight)
	up, carry := bits.Add64(n, p.block-1, 0)
	if hi != 0 || carry != 0 {
		return 0, errQuantity
	}
	return up - up%p.block, nil
}

// take books a draw. The pool's part of the discount is what it adds to the
// discount of the pools before it.
func (p *pool) take(covered, drawn uint64, discount, before money.Amount) error {
	part, err := discount.Sub(before)
	if err != nil {
		return err
	}
	if p.Discount, err = p.Discount.Add(part); err != nil {
		return fmt.Errorf("discount of feature %q: %w", p.Feature, err)
	}
	var over, over2 uint64
	p.Drawn, over = bits.Add64(p.Drawn, drawn, 0)
	p.Covered, over2 = bits.Add64(p.Covered, covered, 0)
	if over|over2 != 0 {
		return fmt.Errorf("feature %q: %w", p.Feature, errQuantity)
	}
	if !p.Unlimited {
		p.Left -= drawn
	}
	p.Calls++
	return nil
}

// Summary returns the pools as they stand, in the order of their features.
func (s *State) Summary() []Pool {
	out := make([]Pool, len(s.pools))
	for i, p := range s.pools {
		out[i] = p.Pool
	}
	return out
}

// Resume sets the pools to what Summary gave of a state that was opened with the
// same month, features and plans: usage then draws as it would have there. An
// error says that they are not the pools of such a state; nothing is changed.
func (s *State) Resume(pools []Pool) error {
	if len(pools) != len(s.pools) {
		return fmt.Errorf("resuming bundles of %s: %d pools, want %d", s.month, len(pools), len(s.pools))
	}
	for i, p := range pools {
		now := s.pools[i].Pool
		left := now.Allowance // before anything was drawn
		switch {
		case p.Feature != now.Feature || p.Plan != now.Plan || p.Unlimited != now.Unlimited || p.Allowance != now.Allowance:
			return fmt.Errorf("resuming bundles of %s: pool %d is of feature %q, plan %q, want %q, %q, and as much granted",
				s.month, i+1, p.Feature, p.Plan, now.Feature, now.Plan)
		case !p.Unlimited && (p.Drawn > left || p.Left != left-p.Drawn), p.Unlimited && p.Left != left, p.Discount.Sign() < 0:
			return fmt.Errorf("resuming bundles of %s: pool of feature %q: %d drawn and %d left of %d, a discount of %s",
				s.month, p.Feature, p.Drawn, p.Left, p.Allowance, p.Discount)
		}
	}
	for i, p := range pools {
		p.Feature, p.Plan = s.pools[i].Feature, s.pools[i].Plan // not what holds the memory of others
		s.pools[i].Pool = p
	}
	return nil
}

// Fold draws a stream of usage, in its order, and yields one Draw for each. It
// ends at the first error, its own or the stream's. Folding a month in several
// pieces over one State is the same as folding it at once.
func Fold(s *State, usage iter.Seq2[Usage, error]) iter.Seq2[Draw, error] {
	return func(yield func(Draw, error) bool) {
		for u, err := range usage {
			if err != nil {
				yield(Draw{}, fmt.Errorf("reading usage of %s for its bundles: %w", s.month, err))
				return
			}
			d, err := s.Draw(u)
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}
