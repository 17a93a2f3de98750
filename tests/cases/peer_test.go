package cases

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// peerCall reads the usage of a peer's case; "*any" stands for no number in
// particular. Where it is of another kind, its duration is its units.
func (q *question) peerCall() (u rating.Usage) {
	f, ok := q.in.object("call")
	if !ok {
		q.badf("call: there is none")
		return u
	}
	number, _ := f.text("number")
	u.Number = strings.TrimPrefix(number, "*any")
	if start, ok := f.text("start"); ok {
		at, err := time.Parse(time.RFC3339, start)
		if err != nil {
			q.badf("call.start: %v", err)
		}
		u.Instant = at.UnixNano()
	}
	u.Quantity = f.duration("duration_s")
	if kind, ok := f.text("kind"); ok {
		u.Kind = q.kindOf(kind)
		u.Quantity /= 1_000_000_000
	}
	return u
}

func (q *question) kindOf(name string) call.Kind {
	k, err := call.ParseKind(name)
	if err != nil {
		q.badf("kind: %v", err)
	}
	return k
}

// step is a part of a call from a second on.
type step struct {
	from, perS, increment uint64
	rate                  money.Price
}

// tariff reads a tariff of the peer as a card, with the bands of the case,
// if it has any.
func (q *question) tariff(f *fields, k call.Kind) *rating.Card {
	prefix, _ := f.text("prefix")
	r := rating.Rate{Kind: k, Prefix: strings.TrimPrefix(prefix, "*any"), MaxCharge: f.price("max_cost")}
	t := terms()
	if rounding, ok := f.object("rounding"); ok {
		t.Rounding = rounding.rounding(money.HalfUp, "method")
		t.Decimals = int(rounding.countOr(uint64(q.decimals(nil, "cost")), "decimals"))
	} else {
		t.Decimals = q.decimals(nil, "cost")
	}
	q.priced(f, &r)
	rates := []rating.Rate{r}
	if !isNone(q.in.values["time_bands"]) {
		t.Bands, rates = q.bands(r)
	}
	if len(q.bad)+len(q.needs)+len(q.wrong) > 0 {
		return nil
	}
	return q.card(t, rates)
}

// priced reads fee and steps of a tariff or of a band of it.
func (q *question) priced(f *fields, r *rating.Rate) {
	r.ConnectionFee = f.price("connect_fee")
	var steps []step
	for _, s := range f.objects("steps") {
		steps = append(steps, step{
			from: s.countOr(0, "from_s"), perS: s.countOr(60, "per_s"), increment: s.countOr(1, "increment_s"), rate: s.price("rate"),
		})
	}
	q.steps(r, steps)
}

// steps expresses the steps of a tariff as a rate: pulses, a first block and
// pulses, or tiers.
func (q *question) steps(r *rating.Rate, steps []step) {
	if len(steps) == 0 || steps[0].from != 0 || slices.ContainsFunc(steps, func(s step) bool { return s.perS == 0 || s.increment == 0 }) {
		q.badf("steps: want the first from second 0, and per_s and increment_s above 0")
		return
	}
	first, last := steps[0], steps[len(steps)-1]
	r.PriceN, r.IntervalN, r.Per = last.rate, uint32(last.increment), uint32(last.perS)
	r.Price1 = r.PriceN
	switch {
	case len(steps) == 1:
	case len(steps) == 2 && last.from == first.increment && first.perS == last.perS:
		r.Price1, r.Interval1 = first.rate, uint32(last.from)
	default:
		r.Price1, r.PriceN, r.IntervalN, r.Per = 0, 0, 0, 0
		for i, s := range steps {
			t := rating.Tier{From: uint32(s.from) + 1, RoundUp: uint32(s.increment), Price: s.rate, Per: uint32(s.perS)}
			if i+1 < len(steps) {
				t.Length = uint32(steps[i+1].from - s.from)
			}
			r.Tiers = append(r.Tiers, t)
		}
	}
}

// bands reads the bands of a case: each holds on its days from its time to
// that of the next band of the same days, in UTC; each second of a call has the
// price of the band that it lies in.
func (q *question) bands(r rating.Rate) (*band.Set, []rating.Rate) {
	list := q.in.objects("time_bands")
	set := &band.Set{Zone: "UTC", Split: true}
	var rates []rating.Rate
	days := make([]string, len(list))
	for i, f := range list {
		days[i], _ = f.text("days")
		from, ok := f.text("from_time")
		if !ok {
			from = "00:00:00"
		}
		w := band.Window{Band: strconv.Itoa(i + 1), Days: q.days(days[i]), To: band.EndOfDay}
		q.check(w.From.UnmarshalText([]byte(from)))
		// The one before it on the same days ends here.
		if before := slices.Index(days[:i], days[i]); before >= 0 {
			for j := range set.Windows {
				if days[j] == days[i] && set.Windows[j].To == band.EndOfDay {
					set.Windows[j].To = w.From
				}
			}
		}
		set.Names = append(set.Names, w.Band)
		set.Windows = append(set.Windows, w)
		one := r
		one.Band, one.Tiers = w.Band, nil
		q.priced(f, &one)
		rates = append(rates, one)
	}
	return set, rates
}

// days reads Mon-Fri, Sat, or *any.
func (q *question) days(text string) (days []band.Day) {
	if text == "" || strings.HasPrefix(text, "*") {
		return nil
	}
	for part := range strings.SplitSeq(strings.ToLower(text), ",") {
		from, to, ok := strings.Cut(part, "-")
		if !ok {
			to = from
		}
		var a, b band.Day
		if err := errors.Join(a.UnmarshalText([]byte(from)), b.UnmarshalText([]byte(to))); err != nil {
			q.badf("days %q: %v", text, err)
		}
		for d := a; d <= b; d++ {
			days = append(days, d)
		}
	}
	return days
}

// answerPeerRating prices one call by a tariff. Prepaid balances apart, the
// peer's cases about money ask the same.
func answerPeerRating(q *question) {
	asked, asks := q.in.count("asked_s")
	f, ok := q.in.object("tariff")
	var u rating.Usage
	if !asks {
		u = q.peerCall()
	}
	strategy, maximum := "", false
	var card *rating.Card
	if ok {
		strategy, _ = f.text("max_cost_strategy")
		maximum = !isNone(f.values["max_cost"])
		if asks {
			u.Number, _ = f.text("prefix")
			u.Number = strings.TrimPrefix(u.Number, "*any")
		}
		card = q.tariff(f, u.Kind)
	} else {
		card = q.card(terms(), nil) // a plan without this prefix
	}
	switch {
	case strategy != "" && strategy != "free" && strategy != "disconnect":
		q.badf("max_cost_strategy %q: want free or disconnect", strategy)
	case asks && (strategy != "disconnect" || !maximum):
		q.need("asked_s")
	}
	if card == nil || len(q.bad)+len(q.needs) > 0 {
		return
	}
	p := card.NewPricer()
	if asks {
		q.wantAmount(money.New(int64(p.CutOff(u, asked)), 0), "max_seconds")
		return
	}
	if strategy == "disconnect" && u.Kind == call.Voice {
		// The call ends where the next second would cost too much.
		u.Quantity = min(u.Quantity, int64(p.CutOff(u, call.MaxDuration))*1_000_000_000)
	}
	charge := p.Price(&u)
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
	u := q.peerCall()
	pools, all := q.peerPools(u.Number)
	seconds, _, err := terms().Charge(secondly, u.Quantity)
	q.check(err)
	charge, priced := money.New(1, 0), false // something to take off where nothing has a price
	if f, ok := q.in.object("overflow_tariff"); ok {
		if !isNone(f.values["connect_fee"]) {
			q.need("connect_fee")
		}
		if card := q.tariff(f, call.Voice); card != nil {
			c := card.NewPricer().Price(&u)
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
			if prefix, ok := card.Longest(call.Voice, number); ok {
				p.matched = len(prefix)
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
