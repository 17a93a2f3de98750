package cases

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
)

// answers says which code of the product answers a kind.
func answers() map[string]func(*question) {
	return map[string]func(*question){
		"billed_seconds":       answerCall,
		"call_cost":            answerCall,
		"rounding_trap":        answerCall,
		"sum_of_rounded_calls": answerSum,
		"duration_rounding":    answerDurationRounding,
		"cost_rounding":        answerCostRounding,
		"prefix_match":         answerPrefixMatch,
		"blocked_prefix":       answerBlocked,
		"dynamic_tariff":       answerDynamic,
		"bundle_size":          answerBundleSize,
		"bundle_boundary":      answerBoundary,
		"bundle_draw":          answerBundleDraw,
		"prorata":              answerProrata,
		"prorata_allowance":    answerProrataAllowance,
		"prorata_change":       answerChange,
		"rating":               answerPeerRating,
		"money":                answerPeerRating,
		"bundle":               answerPeerBundle,
	}
}

// What a case may call the rounding of a charge.
var (
	precisionNames = []string{"cost_precision_dp", "precision_dp", "decimals"}
	methodNames    = []string{"cost_rounding", "rounding", "method"}
)

// terms returns rules with nothing left to a default but what a case may leave
// to it. Prefixes in cases are short, so the rule on short numbers is off.
func terms() rating.Terms {
	t := rating.DefaultTerms("GBP")
	t.ShortDigits = 0
	return t
}

// duration reads the seconds of a call, perhaps with a fraction.
func (f *fields) duration(names ...string) call.Duration {
	a, ok := f.amount(names...)
	if !ok {
		f.q.badf("%s%s: there is none", f.path, names[0])
		return call.Duration{}
	}
	nanos, err := a.Round(9, money.HalfUp)
	if !f.q.check(err) {
		return call.Duration{}
	}
	neg, hi, lo, _ := nanos.Bits()
	if neg || hi != 0 || lo > math.MaxInt64 || !nanos.Equal(a) {
		f.q.badf("%s%s: %s, want 0 or more with at most 9 decimals", f.path, names[0], a)
		return call.Duration{}
	}
	return call.Duration{Nanos: int64(lo), Decimals: uint8(min(a.Decimals(), 9))}
}

func whole(d call.Duration) bool { return d.Nanos%1_000_000_000 == 0 }

// intervals reads first block, pulse and model under the names that vendors
// give them: a minimum time with an increment is Kolmisoft's whole-call
// multiple (semantics 1.2, 10.35).
func (q *question) intervals(t *rating.Terms, r *rating.Rate, d call.Duration) {
	f := q.in
	first := f.countOr(0, "mcd_s", "min_s", "interval_1", "interval_1_s", "min_time_s", "initial_s")
	pulseNames := []string{"pulse_s", "interval_s", "interval_n", "interval_n_s", "increment_s", "increment", "charging"}
	pulse, perMultiple := uint64(1), f.read["min_time_s"]
	if text, ok := f.text(pulseNames...); ok {
		block, rest, two := strings.Cut(text, "/")
		switch n, err := strconv.ParseUint(text, 10, 32); {
		case text == "none", text == "continuous", err == nil && n == 0 && f.read["increment_s"]:
			if !whole(d) {
				q.need("increment")
			}
		case two && first == 0:
			a, errA := strconv.ParseUint(block, 10, 32)
			b, errB := strconv.ParseUint(rest, 10, 32)
			if errA != nil || errB != nil {
				q.badf("increment %q: want seconds/seconds", text)
			}
			first, pulse = a, b
		case err != nil:
			q.badf("pulse %q: %v", text, err)
		default:
			pulse = n
			perMultiple = perMultiple || f.read["increment_s"]
		}
	}
	t.Model = rating.FirstThenPulse
	if perMultiple {
		t.Model = rating.WholeCallMultiple
	}
	if model, ok := f.text("increment_model"); ok {
		switch model {
		case "first_then_pulse":
			t.Model = rating.FirstThenPulse
		case "whole_call_multiple":
			t.Model = rating.WholeCallMultiple
		default:
			q.badf("increment_model %q: want first_then_pulse or whole_call_multiple", model)
		}
	}
	r.Interval1, r.IntervalN = uint32(first), uint32(pulse)
}

// prices reads the price per minute, or what makes one.
func (q *question) prices(r *rating.Rate) {
	f := q.in
	zero := money.New(0, 0)
	both := f.amountOr(zero, "rate_per_min", "price_per_min", "rate")
	price1, priceN := f.amountOr(both, "price_1"), f.amountOr(both, "price_n")
	for _, p := range []struct {
		into *money.Price
		a    money.Amount
	}{{&r.Price1, price1}, {&r.PriceN, priceN}, {&r.ConnectionFee, f.amountOr(zero, "setup_fee", "connect_fee", "connection_fee")}} {
		var err error
		*p.into, err = money.PriceOf(p.a)
		q.check(err)
	}
	if given := f.read; (given["price_1"] || given["price_n"] || f.has("price_per_increment")) && !both.IsZero() {
		q.badf("a price per minute beside another price")
	}
	if a, ok := f.amount("price_per_increment"); ok {
		p, exact := perMinute(a, uint64(r.IntervalN))
		if !exact {
			q.need("price_per_increment")
		}
		r.Price1, r.PriceN = p, p
	}
}

// perMinute turns a price of so many seconds into a price per minute, if it is
// one exactly.
func perMinute(a money.Amount, seconds uint64) (money.Price, bool) {
	down, err := a.MulDiv(60, seconds, money.PriceDecimals, money.Down)
	if err != nil {
		return 0, false
	}
	up, err := a.MulDiv(60, seconds, money.PriceDecimals, money.Up)
	if err != nil || !up.Equal(down) {
		return 0, false
	}
	p, err := money.PriceOf(down)
	return p, err == nil
}

// call reads the call that a case describes. Decimals are left to the figure
// that is asked for.
func (q *question) call() (t rating.Terms, r rating.Rate, d call.Duration) {
	f := q.in
	t, d = terms(), f.duration("duration_s")
	q.intervals(&t, &r, d)
	q.prices(&r)
	t.Rounding = f.rounding(money.HalfUp, methodNames...)
	q.durationRounding(&t, d, "duration_rounding")
	// Sippy's formula, known by its two intervals, charges a connected call
	// of 0 s (semantics 1.4).
	t.ChargeZeroSeconds = f.read["interval_1"]
	return t, r, d
}

// durationRounding reads how a fraction of a second is rounded. None at all
// is nothing the product can do, unless there is no fraction.
func (q *question) durationRounding(t *rating.Terms, d call.Duration, name string) {
	if v, there := q.in.values[name]; there && v == "none" {
		q.in.read[name] = true
		if !whole(d) {
			q.need(name)
		}
		return
	}
	t.DurationRounding = q.in.rounding(money.HalfUp, name)
}

func answerCall(q *question) {
	f := q.in
	f.needs("grace_s", "free_seconds", "included_seconds", "post_call_surcharge", "cost_before_surcharge", "min_cost", "max_cost")
	for _, explains := range []string{"grace_rule", "grace_mode", "free_seconds_position"} {
		f.value(explains)
	}
	if !f.has("grace_enabled") || f.flag("grace_enabled") {
		f.needs("grace_period_s")
	} else {
		f.value("grace_period_s")
	}
	if !isNone(f.values["cost_before_surcharge"]) {
		for _, name := range slices.Concat(precisionNames, methodNames) {
			f.value(name)
		}
		return // there is no call, only the sum of one
	}
	t, r, d := q.call()
	billed, _, err := t.Charge(r, d)
	q.check(err)
	seconds := money.New(int64(billed), 0)
	q.wantAmount(seconds, "billed_s")
	q.wantTimes(seconds, 60, "billed_minutes")
	q.wantTimes(seconds, int64(r.IntervalN), "increments")
	for _, name := range slices.Sorted(maps.Keys(q.want.values)) {
		places, isCost := q.decimals(precisionNames, name), name == "cost" || name == "right_cost"
		if m := costOfDecimals.FindStringSubmatch(name); m != nil {
			places, err = strconv.Atoi(m[1])
			q.check(err)
			isCost = true
		}
		if isCost {
			t.Decimals = places
			_, cost, err := t.Charge(r, d)
			q.check(err)
			q.wantAmount(cost, name)
		}
	}
}

// costOfDecimals is a cost whose name says how it was rounded: cost_4dp.
var costOfDecimals = regexp.MustCompile(`^cost_(\d+)dp$`)

// answerSum prices one call and adds up so many of them: each is rounded, then
// they are added.
func answerSum(q *question) {
	n, ok := q.in.count("calls")
	if !ok || n == 0 || n > 1_000_000 {
		q.badf("calls: want 1 to 1,000,000")
		return
	}
	t, r, d := q.call()
	t.Decimals = q.decimals(precisionNames, "per_call")
	_, each, err := t.Charge(r, d)
	q.check(err)
	total := money.New(0, 0)
	for range n {
		if total, err = total.Add(each); !q.check(err) {
			return
		}
	}
	q.wantAmount(each, "per_call")
	q.wantAmount(total, "total")
}

// answerDurationRounding asks for the billed seconds of a call that is charged
// by the second.
func answerDurationRounding(q *question) {
	t, d := terms(), q.in.duration("duration_s")
	q.durationRounding(&t, d, "method")
	seconds, _, err := t.Charge(rating.Rate{IntervalN: 1}, d)
	q.check(err)
	q.wantAmount(money.New(int64(seconds), 0), "rounded_s")
}

func answerCostRounding(q *question) {
	raw, _ := q.in.list("raw", "raw_cost")
	want, _ := q.want.list("rounded", "cost")
	if len(raw) != len(want) {
		q.badf("%d figures and %d answers", len(raw), len(want))
		return
	}
	method := q.in.rounding(money.HalfUp, methodNames...)
	for i, v := range raw {
		figure, ok := q.want.number("rounded", want[i])
		if !ok {
			return
		}
		places := int(q.in.countOr(uint64(figure.Decimals()), precisionNames...))
		text, _ := plain(v)
		got, err := roundText(text, places, method)
		if q.check(err) && !got.Equal(figure) {
			q.wrongf("%s: got %s, want %s", text, got, figure)
		}
	}
}

// roundText rounds a figure that may have more decimals than an amount holds:
// its point is moved and the one rounding divides by as much.
func roundText(text string, places int, method money.Rounding) (money.Amount, error) {
	units, fraction, _ := strings.Cut(text, ".")
	divisor := uint64(1)
	for len(fraction) > money.MaxDecimals && divisor < 1e18 {
		units, fraction, divisor = units+fraction[:1], fraction[1:], divisor*10
	}
	if fraction != "" {
		units += "." + fraction
	}
	a, err := money.Parse(units)
	if err != nil {
		return money.Amount{}, err
	}
	return a.MulDiv(1, divisor, places, method)
}
