package ledger

import (
	"math/big"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// Quantities are fractions of a unit: seconds of voice, messages, bytes,
// pieces.

// priceOf returns a price as a fraction of a currency unit.
func priceOf(p money.Price) *big.Rat { return big.NewRat(int64(p), 1_000_000_000_000) }

// or returns the row's value, or the card's where the row has none.
func or[T uint32 | money.Price](row, card T) T {
	if row != 0 {
		return row
	}
	return card
}

// quantity returns what is counted of the usage, before intervals.
func (u *ownUsage) quantity() *big.Rat {
	if u.Kind != call.Voice {
		return whole(u.Quantity)
	}
	seconds := big.NewRat(u.Quantity, 1_000_000_000)
	if u.terms.KeepFractions {
		return seconds
	}
	return rounded(seconds, u.terms.DurationRounding)
}

// ownLengths is what of the usage a row charges.
type ownLengths struct {
	free    bool     // nothing at all, not even the fee
	covered bool     // the free units cover all of it: only the fee
	q       *big.Rat // for tiers and prices per call
	first   *big.Rat // at price 1
	rest    *big.Rat // at price N
	restAt  uint32   // units from the start to the first of the rest
}

func (u *ownUsage) lengths(r *rating.Rate) ownLengths {
	t, q := &u.terms, u.quantity()
	if q.Sign() == 0 && !t.ChargeZeroSeconds {
		return ownLengths{free: true}
	}
	if grace := whole(or(r.Grace, t.Grace)); !r.NoGrace && grace.Sign() > 0 {
		compared := q.Cmp(grace)
		if compared < 0 || compared == 0 && t.GraceMode != rating.GraceUnder {
			return ownLengths{free: true}
		}
		if t.GraceMode == rating.GraceDeducted {
			q = minus(q, grace)
		}
	}
	q = larger(q, whole(or(r.Minimum, t.Minimum)))
	free := or(r.Free, t.Free)
	if free > 0 && (t.FreeFirst || len(r.Tiers) > 0) {
		if q.Cmp(whole(free)) <= 0 {
			return ownLengths{covered: true}
		}
		q, free = minus(q, whole(free)), 0
	}
	if len(r.Tiers) > 0 || r.Per == rating.PerCall {
		return ownLengths{q: q}
	}
	l := ownLengths{first: whole(r.Interval1), restAt: r.Interval1 + free}
	l.rest = larger(minus(q, whole(l.restAt)), new(big.Rat))
	switch {
	case t.Model == rating.Continuous:
	case r.IntervalN == 0 && r.Interval1 > 0: // one flat block
		l.rest = new(big.Rat)
	case r.IntervalN == 0: // as it was, at price N, which is 0
		l.rest, l.restAt = q, 0
	case t.Model == rating.WholeCallMultiple:
		l.rest = minus(multiple(plus(l.first, l.rest), r.IntervalN), l.first)
	default:
		l.rest = multiple(l.rest, r.IntervalN)
	}
	return l
}

// charge returns the units billed and the charge of the usage at a row, before
// it is rounded. A reason says that a band it goes on in has no price; the
// blocked row there has so many digits.
func (u *ownUsage) charge(r *rating.Rate) (billed *big.Int, exact *big.Rat, digits int, reason call.Reason) {
	t, l := &u.terms, u.lengths(r)
	if l.free {
		return new(big.Int), new(big.Rat), 0, ""
	}
	length, sum := new(big.Rat), new(big.Rat)
	switch {
	case l.covered:
	case len(r.Tiers) > 0:
		length, sum = u.tiers(r, l.q)
	case r.Per == rating.PerCall:
		length, sum = l.q, priceOf(r.Price1)
	case u.bands != nil && t.Bands.Split && u.Kind == call.Voice:
		length = plus(l.first, l.rest)
		if sum, digits, reason = u.split(l); reason != "" {
			return nil, nil, digits, reason
		}
	default:
		length = plus(l.first, l.rest)
		sum = plus(times(priceOf(r.Price1), l.first), times(priceOf(r.PriceN), l.rest))
		sum = over(sum, whole(u.per(r.Per)))
	}
	billed = roundRat(length, money.Up)
	minutes := new(big.Rat)
	if u.Kind == call.Voice {
		minutes.SetFrac(billed, big.NewInt(60))
	}
	sum = plus(sum, priceOf(r.ConnectionFee))
	if r.Access {
		sum = plus(sum, times(priceOf(t.Access), minutes))
	}
	for _, s := range t.Surcharges {
		if _, in := u.inGroup(s.Origin); in && (len(s.To) == 0 || u.beginsWith(s.To)) {
			sum = plus(sum, plus(priceOf(s.PerCall), times(priceOf(s.PerMinute), minutes)))
		}
	}
	sum = times(sum, plus(whole(1), priceOf(t.Surcharge)))
	sum = larger(sum, priceOf(or(r.MinCharge, t.MinCharge)))
	if most := or(r.MaxCharge, t.MaxCharge); most > 0 {
		sum = smaller(sum, priceOf(most))
	}
	return billed, sum, 0, ""
}

func (u *ownUsage) beginsWith(prefixes []string) bool {
	for _, p := range prefixes {
		if isNumber(u.number) && strings.HasPrefix(u.number, p) {
			return true
		}
	}
	return false
}

// per returns how many units a price is for.
func (u *ownUsage) per(own uint32) uint32 {
	return or(own, [call.Kinds]uint32{call.Voice: 60, call.SMS: 1, call.Data: 1_000_000, call.Event: 1}[u.Kind])
}

// tiers returns the units that tiers bill of q, and what they and the events
// cost.
func (u *ownUsage) tiers(r *rating.Rate, q *big.Rat) (length, sum *big.Rat) {
	length, sum = new(big.Rat), new(big.Rat)
	for _, t := range r.Tiers {
		if t.Event {
			sum = plus(sum, times(priceOf(t.Price), reached(t, q)))
			continue
		}
		part := larger(minus(q, whole(t.From-1)), new(big.Rat))
		if t.RoundUp > 0 || u.terms.Model != rating.Continuous || !u.terms.KeepFractions {
			part = multiple(part, max(t.RoundUp, 1))
		}
		if t.Length > 0 {
			part = smaller(part, whole(t.Length))
		}
		length = plus(length, part)
		sum = plus(sum, over(times(priceOf(t.Price), part), whole(u.per(or(t.Per, r.Per)))))
	}
	return length, sum
}

// reached returns how often usage of q reaches an event: at From, and after
// every so many units within its length.
func reached(t rating.Tier, q *big.Rat) *big.Rat {
	if q.Cmp(whole(t.From)) < 0 {
		return new(big.Rat)
	}
	if t.Every == 0 {
		return whole(1)
	}
	if t.Length > 0 {
		q = smaller(q, whole(t.From+t.Length-1))
	}
	again := over(minus(q, whole(t.From)), whole(t.Every))
	return plus(rounded(again, money.Down), whole(1))
}

// split prices each second by the row that holds in its band: at price 1 in
// the first interval, then at price N.
func (u *ownUsage) split(l ownLengths) (sum *big.Rat, digits int, reason call.Reason) {
	sum = new(big.Rat)
	rows := map[string]*rating.Rate{}
	for _, part := range [...]struct {
		length *big.Rat
		at     uint32
		first  bool
	}{{l.first, 0, true}, {l.rest, l.restAt, false}} {
		left := part.length
		for second := u.second() + int64(part.at); left.Sign() > 0; {
			band, same := u.bands.at(second, u.zone)
			if rows[band] == nil {
				if rows[band], digits, reason = u.splitRow(band); reason != "" {
					return nil, digits, reason
				}
			}
			price := rows[band].PriceN
			if part.first {
				price = rows[band].Price1
			}
			now := smaller(left, whole(same))
			sum = plus(sum, over(times(priceOf(price), now), whole(u.per(rows[band].Per))))
			left, second = minus(left, now), second+same
		}
	}
	return sum, 0, ""
}

// splitRow returns the row that prices seconds in a band: one with tiers or a
// price per call does not.
func (u *ownUsage) splitRow(band string) (*rating.Rate, int, call.Reason) {
	r, digits, reason := u.row(band)
	if reason == "" && (len(r.Tiers) > 0 || r.Per == rating.PerCall) {
		return nil, 0, call.NoRate
	}
	return r, digits, reason
}

// second returns the Unix second that the usage begins in.
func (u *ownUsage) second() int64 {
	s := u.Instant / 1_000_000_000
	if u.Instant%1_000_000_000 < 0 {
		s--
	}
	return s
}
