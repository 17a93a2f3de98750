package cases

import (
	"time"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

// A month for cases that name none, and an instant in it.
var (
	someMonth   = period.Month{Year: 2026, Month: time.June}
	someInstant = time.Date(2026, time.June, 10, 12, 0, 0, 0, time.UTC).UnixNano()
)

// pool is a bundle of seconds, or of other units.
type pool struct {
	id           string
	units, block uint64
}

// unitsWeight lets a minute of a plan stand for one unit of a case, since plans
// are of whole minutes and cases of seconds: 60 times everything is drawn.
const unitsWeight = 60 * 100

// draw charges a usage to pools in their order, and returns what is used of
// each.
func (q *question) draw(pools []pool, units uint64, charge money.Amount) (d bundle.Draw, used map[string]money.Amount) {
	var plans []bundle.Plan
	var features []bundle.Feature
	used = map[string]money.Amount{}
	for _, p := range pools {
		used[p.id] = money.New(0, 0)
		if p.units == 0 {
			continue // a plan of no minutes would be unlimited
		}
		plans = append(plans, bundle.Plan{ID: p.id, Minutes: p.units, RoundBy: uint32(60 * p.block)})
		features = append(features, bundle.Feature{ID: p.id, Plan: p.id, Start: someMonth.First()})
	}
	state, err := bundle.Open(someMonth, time.UTC, features, plans)
	if !q.check(err) {
		return d, used
	}
	d, err = state.Draw(bundle.Usage{Instant: someInstant, Seconds: units, Weight: unitsWeight, Charge: charge})
	q.check(err)
	for _, p := range state.Summary() {
		drawn, err := money.New(int64(p.Drawn), 0).MulDiv(1, unitsWeight, 4, money.HalfUp)
		q.check(err)
		used[p.Feature] = drawn
	}
	return d, used
}

// answerBundleSize asks for a feature's allowance and its monthly charge.
func answerBundleSize(q *question) {
	f := q.in
	f.needs("cash_limit")
	minutes, ok := f.count("discounted_minutes")
	if !ok {
		q.badf("discounted_minutes: there is none")
		return
	}
	feature := bundle.Feature{
		ID: "f", Plan: "p", Start: someMonth.First(),
		Multiplier: f.countOr(1, "discount_plan_multiplier", "multiplier"),
		Count:      f.countOr(1, "feature_count", "count"),
		Recurring:  f.amountOr(money.New(0, 0), "recurring"),
	}
	q.wantAmount(q.allowance(feature, minutes, someMonth), "allowance_min")
	charge, _, _, err := bundle.Recurring(feature, someMonth, q.decimals(precisionNames, "charge"))
	q.check(err)
	q.wantAmount(charge, "charge")
}

const minuteHundredths = 60 * 100

// allowance returns what a feature grants of so many minutes, in minutes, as
// fine as the case expects them.
func (q *question) allowance(f bundle.Feature, minutes uint64, m period.Month) money.Amount {
	state, err := bundle.Open(m, time.UTC, []bundle.Feature{f}, []bundle.Plan{{ID: f.Plan, Minutes: minutes}})
	if !q.check(err) {
		return money.Amount{}
	}
	pools := state.Summary()
	if len(pools) != 1 || pools[0].Unlimited {
		q.wrongf("the product opens no limited pool: %v", pools)
		return money.Amount{}
	}
	minutesGranted, err := money.New(int64(pools[0].Allowance), 0).MulDiv(1, minuteHundredths, q.decimals(nil, "allowance_min"), money.HalfUp)
	q.check(err)
	return minutesGranted
}

// answerBoundary asks what the call costs that crosses the end of a bundle. One
// record with a part discount and two records come to the same.
func answerBoundary(q *question) {
	f := q.in
	switch boundary, _ := f.text("boundary"); boundary {
	case "split", "single_xdr", "":
	case "whole_call":
		q.need("boundary")
	default:
		q.badf("boundary %q: want split, single_xdr or whole_call", boundary)
	}
	left, length := f.minutes("quota_left"), f.minutes("call")
	rate, ok := f.amount("rate_per_min")
	if !ok {
		q.badf("rate_per_min: there is none")
	}
	charge, err := rate.MulDiv(length, 60, money.MaxDecimals, money.HalfUp)
	q.check(err)
	if charge, err = charge.Round(max(q.decimals(precisionNames, "cost"), rate.Decimals()), money.HalfUp); !q.check(err) {
		return
	}
	d, _ := q.draw([]pool{{id: "quota", units: left, block: 1}}, length, charge)
	q.wantAmount(d.Due, "cost")
	q.wantAmount(d.Discount, "discount")
	covered, charged := money.New(int64(d.Covered), 0), money.New(int64(length)-int64(d.Covered), 0)
	q.wantTimes(covered, 60, "covered_min")
	q.wantTimes(charged, 60, "charged_min")
	q.wantAmount(covered, "covered_s")
	q.wantAmount(charged, "charged_s")
	if percent, ok := q.want.amount("aggregate_discount_pct"); ok && !charge.IsZero() {
		share, err := charge.Mul(percent)
		q.check(err)
		hundredfold, err := d.Discount.Mul(money.New(100, 0))
		if q.check(err) && !share.Equal(hundredfold) {
			q.wrongf("aggregate_discount_pct: got %s of %s, want %s %%", d.Discount, charge, percent)
		}
	}
}

// minutes reads a length in minutes or in seconds, and returns seconds.
func (f *fields) minutes(name string) uint64 {
	if f.has(name + "_s") {
		n, _ := f.count(name + "_s")
		return n
	}
	a, ok := f.amount(name + "_min")
	if !ok {
		f.q.badf("%s%s_min: there is none", f.path, name)
		return 0
	}
	seconds, err := a.Mul(money.New(60, 0))
	if !f.q.check(err) {
		return 0
	}
	rounded, err := seconds.Round(0, money.HalfUp)
	if !f.q.check(err) {
		return 0
	}
	neg, hi, lo, _ := rounded.Bits()
	if neg || hi != 0 || lo > 1e9 || !rounded.Equal(seconds) {
		f.q.badf("%s%s_min: %s, want whole seconds", f.path, name, a)
		return 0
	}
	return lo
}

// answerBundleDraw asks what a call takes from a bundle that has enough.
func answerBundleDraw(q *question) {
	f := q.in
	d := f.duration("duration_s")
	seconds, _, err := terms().Charge(secondly, d)
	q.check(err)
	plan := bundle.Plan{ID: "p", RoundBy: uint32(f.countOr(1, "round_by_s", "round_by"))}
	state, err := bundle.Open(someMonth, time.UTC, []bundle.Feature{{ID: "f", Plan: "p", Start: someMonth.First()}}, []bundle.Plan{plan})
	if !q.check(err) {
		return
	}
	drawn, err := state.Draw(bundle.Usage{
		Instant: someInstant, Seconds: seconds, Charge: money.New(1, 0),
		Weight: uint32(f.countOr(100, "weight_pct", "weight")),
	})
	q.check(err)
	got := money.New(int64(drawn.Drawn), 0)
	q.wantTimes(got, minuteHundredths, "minutes_drawn")
	q.wantTimes(got, 100, "seconds_drawn", "drawn_s")
}
