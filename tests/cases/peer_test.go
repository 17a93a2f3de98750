package cases

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// secondly bills every second and charges nothing.
var secondly = rating.Rate{IntervalN: 1}

// peerCall reads the call of a peer's case; "*any" stands for no number in
// particular.
func (q *question) peerCall() (number string, d call.Duration) {
	f, ok := q.in.object("call")
	if !ok {
		q.badf("call: there is none")
		return "", d
	}
	number, _ = f.text("number")
	if start, ok := f.text("start"); ok {
		if _, err := time.Parse(time.RFC3339, start); err != nil {
			q.badf("call.start: %v", err)
		}
	}
	return strings.TrimPrefix(number, "*any"), f.duration("duration_s")
}

// step is a part of a call from a second on.
type step struct {
	from, perS, increment uint64
	rate                  money.Amount
}

// tariff reads a tariff of the peer as a card. Its steps are a first block and
// pulses, or the product has no word for them.
func (q *question) tariff(f *fields) *rating.Card {
	f.needs("max_cost")
	f.value("max_cost_strategy")
	prefix, _ := f.text("prefix")
	r := rating.Rate{Prefix: strings.TrimPrefix(prefix, "*any")}
	fee, err := money.PriceOf(f.amountOr(money.New(0, 0), "connect_fee"))
	q.check(err)
	r.ConnectionFee = fee
	t := terms()
	if rounding, ok := f.object("rounding"); ok {
		t.Rounding = rounding.rounding(money.HalfUp, "method")
		t.Decimals = int(rounding.countOr(uint64(q.decimals(nil, "cost")), "decimals"))
	} else {
		t.Decimals = q.decimals(nil, "cost")
	}
	var steps []step
	for _, s := range f.objects("steps") {
		steps = append(steps, step{
			from: s.countOr(0, "from_s"), perS: s.countOr(60, "per_s"), increment: s.countOr(1, "increment_s"),
			rate: s.amountOr(money.New(0, 0), "rate"),
		})
	}
	q.steps(&r, steps)
	if len(q.bad)+len(q.needs)+len(q.wrong) > 0 {
		return nil
	}
	return q.card(t, []rating.Rate{r})
}

// steps expresses the steps of a tariff as a rate.
func (q *question) steps(r *rating.Rate, steps []step) {
	if len(steps) == 0 || steps[0].from != 0 || slices.ContainsFunc(steps, func(s step) bool { return s.perS == 0 || s.increment == 0 }) {
		q.badf("steps: want the first from second 0, and per_s and increment_s above 0")
		return
	}
	// A step that goes on like the one before is no step.
	steps = slices.CompactFunc(steps, func(a, b step) bool {
		return a.rate.Equal(b.rate) && a.perS == b.perS && a.increment == b.increment && b.from%a.increment == 0
	})
	price := func(s step) money.Price {
		p, exact := perMinute(s.rate, s.perS)
		if !exact {
			q.need("per_s")
		}
		return p
	}
	last := steps[len(steps)-1]
	r.PriceN, r.IntervalN = price(last), uint32(last.increment)
	r.Price1 = r.PriceN
	switch {
	case len(steps) == 1:
	case len(steps) == 2 && last.from == steps[0].increment:
		r.Price1, r.Interval1 = price(steps[0]), uint32(last.from)
	default:
		q.need("steps")
	}
}

// answerPeerRating prices one call by a tariff. Prepaid balances apart, the
// peer's cases about money ask the same.
func answerPeerRating(q *question) {
	q.in.needs("time_bands", "asked_s")
	var card *rating.Card
	if f, ok := q.in.object("tariff"); ok {
		card = q.tariff(f)
	} else {
		card = q.card(terms(), nil) // a plan without this prefix
	}
	if v := q.in.values["asked_s"]; !isNone(v) {
		return // there is no call yet
	}
	number, d := q.peerCall()
	if card == nil {
		return // what the product has no word for is noted
	}
	charge := card.Price(number, d)
	q.wantText("error", outcome(charge.Reason)...)
	if !q.want.has("error") && charge.Reason != "" {
		q.wrongf("the call is not charged: %s", charge.Reason)
	}
	q.wantAmount(charge.Amount, "cost", "replayed_exact")
	q.wantAmount(money.New(int64(charge.Billed), 0), "billed_s", "billed_seconds")
}

// peerPool is a bundle of the peer's, and how it comes before others.
type peerPool struct {
	pool
	weight  money.Amount
	matched int
}

// answerPeerBundle draws a call from bundles, the heavier first, and prices
// what they leave.
func answerPeerBundle(q *question) {
	q.in.needs("time_bands")
	number, d := q.peerCall()
	pools, all := q.peerPools(number)
	seconds, _, err := terms().Charge(secondly, d)
	q.check(err)
	charge, priced := money.New(1, 0), false // something to take off where nothing has a price
	if f, ok := q.in.object("overflow_tariff"); ok {
		f.needs("connect_fee")
		if card := q.tariff(f); card != nil {
			c := card.Price(number, d)
			if priced = c.Reason == ""; !priced {
				q.wrongf("the call is not charged: %s", c.Reason)
			}
			seconds, charge = c.Billed, c.Amount
		}
	}
	draw, used := q.draw(pools, seconds, charge)
	if !priced && draw.Covered < seconds {
		if q.want.has("cost") {
			q.wrongf("cost: %d of %d s are not covered and have no price", seconds-draw.Covered, seconds)
		}
	}
	q.wantAmount(draw.Due, "cost", "replayed_exact")
	q.wantAmount(money.New(int64(draw.Covered), 0), "seconds_covered", "units_covered")
	for _, word := range []string{"seconds", "units"} {
		usedWant, _ := q.want.object("bundle_" + word + "_used")
		leftWant, _ := q.want.object("bundle_" + word + "_left")
		for _, p := range all {
			left, err := money.New(int64(p.units), 0).Sub(used[p.id])
			q.check(err)
			q.comparePool(usedWant, p.id, used[p.id])
			q.comparePool(leftWant, p.id, left)
		}
	}
}

func (q *question) comparePool(want *fields, id string, got money.Amount) {
	if want == nil {
		return
	}
	if figure, ok := want.amount(id); ok && !figure.Equal(got) {
		q.wrongf("%s%s: got %s, want %s", want.path, id, got, figure)
	}
}

// peerPools reads the bundles: those that the number may draw on, in their
// order, and all of them.
func (q *question) peerPools(number string) (drawn, all []pool) {
	var qualify []peerPool
	for _, f := range q.in.objects("bundles") {
		f.needs("connect_fee", "cash", "money", "steps", "tariff", "rate")
		p := peerPool{weight: f.amountOr(money.New(0, 0), "weight"), matched: -1}
		p.id, _ = f.text("id")
		p.units = f.countOr(0, "seconds", "units")
		p.block = f.countOr(1, "charge_block_s", "charge_block_units")
		var rates []rating.Rate
		prefixes, _ := f.list("prefixes")
		for _, v := range prefixes {
			prefix, _ := plain(v)
			rates = append(rates, rating.Rate{Prefix: strings.TrimPrefix(prefix, "*any"), IntervalN: 1})
		}
		if card := q.card(terms(), rates); card != nil {
			if at, ok := card.Lookup(number); ok {
				p.matched = len(card.At(at).Prefix)
			}
		}
		all = append(all, p.pool)
		if p.matched >= 0 {
			qualify = append(qualify, p)
		}
	}
	slices.SortStableFunc(qualify, func(a, b peerPool) int {
		return cmp.Or(b.weight.Cmp(a.weight), cmp.Compare(b.matched, a.matched))
	})
	for _, p := range qualify {
		drawn = append(drawn, p.pool)
	}
	return drawn, all
}
