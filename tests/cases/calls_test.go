package cases

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
		"grace":                answerChargeable,
		"included_seconds":     answerChargeable,
		"min_cost":             answerLimits,
		"max_cost":             answerLimits,
		"advanced_rate":        answerAdvanced,
		"origin_surcharge":     answerOrigin,
		"eea_class":            answerEEA,
		"us_jurisdiction":      answerJurisdiction,
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

// duration reads the seconds of a call, perhaps with a fraction, as
// nanoseconds.
func (f *fields) duration(names ...string) int64 {
	a, ok := f.amount(names...)
	if !ok {
		f.q.badf("%s%s: there is none", f.path, names[0])
		return 0
	}
	return f.nanos(names[0], a)
}

func (f *fields) nanos(name string, a money.Amount) int64 {
	nanos, err := a.Round(9, money.HalfUp)
	if !f.q.check(err) {
		return 0
	}
	neg, hi, lo, _ := nanos.Bits()
	if neg || hi != 0 || lo > math.MaxInt64 || !nanos.Equal(a) {
		f.q.badf("%s%s: %s, want 0 or more with at most 9 decimals", f.path, name, a)
		return 0
	}
	return int64(lo)
}

// secondly is a price of 1 a second.
var secondly = rating.Rate{Price1: 1_000_000_000_000, PriceN: 1_000_000_000_000, Per: 1, IntervalN: 1}

// chargeable returns what of a call is billed, in seconds and fractions of one: its
// charge at 1 a second, without all that is charged besides.
func (q *question) chargeable(t rating.Terms, r rating.Rate, d int64) money.Amount {
	if r.Per == rating.PerCall {
		seconds, _, err := t.Charge(r, d)
		q.check(err)
		return money.New(int64(seconds), 0)
	}
	t.Decimals, t.Rounding, t.MinCharge, t.MaxCharge, t.Surcharge = 9, money.HalfUp, 0, 0, 0
	r.Price1, r.PriceN, r.Per = secondly.Price1, secondly.PriceN, secondly.Per
	r.ConnectionFee, r.MinCharge, r.MaxCharge = 0, 0, 0
	if r.IntervalN == 0 && t.Model != rating.Continuous {
		r.PriceN = 0
	}
	if r.Interval1 == 0 && r.IntervalN == 0 {
		r.Price1 = 0 // without a first block there is only the rest
	}
	_, amount, err := t.Charge(r, d)
	q.check(err)
	return amount
}

// intervals reads first block, pulse and model under the names that vendors
// give them: a minimum time with an increment is Kolmisoft's whole-call
// multiple (semantics 1.2, 10.35).
func (q *question) intervals(t *rating.Terms, r *rating.Rate) {
	f := q.in
	first := f.countOr(0, "mcd_s", "min_s", "interval_1", "interval_1_s", "min_time_s", "initial_s")
	pulseNames := []string{"pulse_s", "interval_s", "interval_n", "interval_n_s", "increment_s", "increment", "charging"}
	pulse, perMultiple, continuous := uint64(1), f.read["min_time_s"], false
	text, pulsed := f.text(pulseNames...)
	if pulsed {
		block, rest, two := strings.Cut(text, "/")
		switch n, err := strconv.ParseUint(text, 10, 32); {
		case text == "none", text == "continuous", err == nil && n == 0 && f.read["increment_s"]:
			continuous = true
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
	q.durationRounding(t, "duration_rounding")
	switch {
	case continuous, t.KeepFractions && !pulsed:
		t.Model, pulse = rating.Continuous, 0
		t.KeepFractions = t.KeepFractions || !f.has("duration_rounding")
	case perMultiple:
		t.Model = rating.WholeCallMultiple
	}
	if model, ok := f.text("increment_model"); ok {
		q.check(t.Model.UnmarshalText([]byte(model)))
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
		p, err := money.PriceOf(a)
		q.check(err)
		if r.Price1, r.PriceN, r.Per = p, p, r.IntervalN; r.Per == 0 {
			q.badf("a price per increment without increments")
		}
	}
	if unit, ok := f.text("price_unit"); ok {
		switch unit {
		case "minute":
		case "second":
			r.Per = 1
		case "increment":
			r.Per = r.IntervalN
		case "call":
			r.Per, r.PriceN = rating.PerCall, 0
		default:
			q.badf("price_unit %q: want minute, second, increment or call", unit)
		}
	}
}

// call reads the call that a case describes. Decimals are left to the figure
// that is asked for.
func (q *question) call() (t rating.Terms, r rating.Rate, d int64) {
	f := q.in
	t, d = terms(), f.duration("duration_s")
	q.intervals(&t, &r)
	q.prices(&r)
	if r.Interval1 == 0 && r.IntervalN == 0 {
		r.Price1 = 0
	}
	t.Rounding = f.rounding(money.HalfUp, methodNames...)
	// Sippy's formula, known by its two intervals, charges a connected call
	// of 0 s (semantics 1.4).
	t.ChargeZeroSeconds = f.read["interval_1"]
	q.grace(&t, &r)
	q.free(&t)
	r.MinCharge, r.MaxCharge = f.price("min_cost", "minimum_cost"), f.price("max_cost", "maximum_cost")
	t.Surcharge = f.price("post_call_surcharge")
	return t, r, d
}

// price reads an amount that may be missing.
func (f *fields) price(names ...string) money.Price {
	p, err := money.PriceOf(f.amountOr(money.New(0, 0), names...))
	f.q.check(err)
	return p
}

// grace reads the grace period and what it does, in the words of its vendor.
func (q *question) grace(t *rating.Terms, r *rating.Rate) {
	f := q.in
	t.Grace = uint32(f.countOr(0, "grace_s", "grace_period_s"))
	r.NoGrace = f.has("grace_enabled") && !f.flag("grace_enabled")
	rule, ok := f.text("grace_mode", "grace_rule")
	if !ok || t.Grace == 0 {
		return
	}
	switch word := strings.ReplaceAll(strings.ToLower(rule), " ", ""); {
	case strings.Contains(word, "deduct"):
		t.GraceMode = rating.GraceDeducted
	case word == "le" || word == "up_to" || strings.Contains(word, "<=") || strings.Contains(word, "≤"):
		t.GraceMode = rating.GraceUpTo
	case word == "lt" || word == "under" || strings.Contains(word, "<"):
		t.GraceMode = rating.GraceUnder
	default:
		q.badf("grace_mode %q: want lt, le or deduct", rule)
	}
}

// free reads seconds that are not charged: Sippy's free seconds come after the
// first interval, ASTPP's included seconds before it.
func (q *question) free(t *rating.Terms) {
	f := q.in
	if f.has("included_seconds") {
		t.FreeFirst = true
	}
	t.Free = uint32(f.countOr(0, "free_seconds", "included_seconds"))
	if where, ok := f.text("free_seconds_position", "position"); ok {
		switch before, after := strings.HasPrefix(where, "before_first"), strings.HasPrefix(where, "after_first"); {
		case before || after:
			t.FreeFirst = before
		default:
			q.badf("position %q: want before_first or after_first", where)
		}
	}
}

// durationRounding reads how a fraction of a second is rounded, if it is.
func (q *question) durationRounding(t *rating.Terms, name string) {
	if v, there := q.in.values[name]; there && v == "none" {
		q.in.read[name] = true
		t.KeepFractions = true
		return
	}
	t.DurationRounding = q.in.rounding(money.HalfUp, name)
}

func answerCall(q *question) {
	if cost, ok := q.in.amount("cost_before_surcharge"); ok && !cost.IsZero() {
		// There is no call, only what one costs: a fee comes to the same.
		fee, err := money.PriceOf(cost)
		q.check(err)
		t := terms()
		t.Rounding = q.in.rounding(money.HalfUp, methodNames...)
		t.Surcharge = q.in.price("post_call_surcharge")
		t.Decimals = q.decimals(precisionNames, "cost")
		_, got, err := t.Charge(rating.Rate{ConnectionFee: fee, IntervalN: 1}, minute)
		q.check(err)
		q.wantAmount(got, "cost")
		return
	}
	t, r, d := q.call()
	seconds := q.chargeable(t, r, d)
	q.wantAmount(seconds, "billed_s")
	q.wantTimes(seconds, 60, "billed_minutes")
	q.wantTimes(seconds, int64(r.IntervalN), "increments")
	for _, name := range slices.Sorted(maps.Keys(q.want.values)) {
		places, isCost := q.decimals(precisionNames, name), name == "cost" || name == "right_cost"
		if m := costOfDecimals.FindStringSubmatch(name); m != nil {
			var err error
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
	t, r, d := terms(), secondly, q.in.duration("duration_s")
	q.durationRounding(&t, "method")
	if t.KeepFractions {
		t.Model, r.IntervalN = rating.Continuous, 0
	}
	q.wantAmount(q.chargeable(t, r, d), "rounded_s")
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
