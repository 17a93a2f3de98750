package cases

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
	"github.com/tollbook/tollbook/shared/rating"
)

// answerChargeable asks what is left to charge of a call, by the second, after
// grace and free seconds.
func answerChargeable(q *question) {
	t, r, d := terms(), secondly, q.in.duration("duration_s")
	q.grace(&t, &r)
	q.free(&t)
	q.wantAmount(q.chargeable(t, r, d), "chargeable_s", "billed_s")
}

// answerLimits asks what a call costs that has a minimum or a maximum charge;
// in pence the figures are the same.
func answerLimits(q *question) {
	f, t := q.in, terms()
	p := f.price("rate_p_per_min", "rate_per_min")
	r := rating.Rate{
		Price1: p, PriceN: p, IntervalN: 1, ConnectionFee: f.price("setup_fee_p", "setup_fee", "connection_fee_p", "connection_fee"),
		MinCharge: f.price("minimum_cost_p", "minimum_cost", "min_cost_p", "min_cost"),
		MaxCharge: f.price("maximum_cost_p", "maximum_cost", "max_cost_p", "max_cost"),
	}
	d := f.duration("duration_s")
	t.Decimals = q.decimals(precisionNames, "cost", "cost_p")
	_, cost, err := t.Charge(r, d)
	q.check(err)
	q.wantAmount(cost, "cost", "cost_p")
}

// answerAdvanced prices calls by details, which are tiers.
func answerAdvanced(q *question) {
	var r rating.Rate
	for _, f := range q.in.objects("details") {
		t := rating.Tier{From: uint32(f.countOr(1, "from")), Price: f.price("price"), RoundUp: uint32(f.countOr(0, "round_by"))}
		if text, ok := f.text("duration"); ok && text != "-1" {
			n, _ := f.count("duration")
			t.Length = uint32(n)
		}
		switch kind, _ := f.text("type"); kind {
		case "minute", "":
		case "event":
			t.Event, t.Length, t.RoundUp = true, 0, 0
		default:
			q.badf("details: type %q, want minute or event", kind)
		}
		r.Tiers = append(r.Tiers, t)
	}
	calls, _ := q.in.list("calls_s", "duration_s")
	want, _ := q.want.list("costs", "cost")
	if len(calls) != len(want) {
		q.badf("%d calls and %d answers", len(calls), len(want))
		return
	}
	for i, v := range calls {
		seconds, ok := q.in.number("calls_s", v)
		figure, wanted := q.want.number("costs", want[i])
		if !ok || !wanted {
			return
		}
		t := terms()
		t.Decimals = int(q.in.countOr(uint64(figure.Decimals()), precisionNames...))
		_, got, err := t.Charge(r, q.in.nanos("calls_s", seconds))
		if q.check(err) && !got.Equal(figure) {
			q.wrongf("a call of %s s: got %s, want %s", seconds, got, figure)
		}
	}
}

// fullNumber makes a number of a prefix, as cases have them: to 11 digits in
// North America, else to 12, by digits that a subscriber's number may have.
func fullNumber(digits string) string {
	const us, other = "2125550100", "234567890123"
	switch {
	case digits == "" || strings.Trim(digits, "0123456789") != "":
		return "" // unknown, withheld, missing
	case digits[0] == '1' && len(digits) < 11:
		return digits + us[len(digits)-1:]
	case digits[0] != '1' && len(digits) < 12:
		return digits + other[:12-len(digits)]
	}
	return digits
}

// eerCodes are the country codes of the European Economic Area.
var eerCodes = strings.Fields("30 31 32 33 34 351 352 353 354 356 357 358 359 36 370 371 372 385 386 39 40 420 421 423 43 45 46 47 48 49")

// outside returns the shortest prefixes of all numbers that begin with none of
// the codes.
func outside(codes []string, under string) (out []string) {
	for d := '0'; d <= '9'; d++ {
		p := under + string(d)
		switch {
		case slices.Contains(codes, p):
		case slices.ContainsFunc(codes, func(c string) bool { return strings.HasPrefix(c, p) }):
			out = append(out, outside(codes, p)...)
		default:
			out = append(out, p)
		}
	}
	return out
}

// answerOrigin asks what a call costs to which its caller adds something: the
// countries of Europe are groups of prefixes, whoever is in none of them, or
// has no number that is one, pays more.
func answerOrigin(q *question) {
	f, t := q.in, terms()
	number := func(name string) string {
		switch where, _ := f.text(name); {
		case where == "outside EER":
			return fullNumber("1212")
		case where == "inside EER":
			return fullNumber("33")
		case strings.Trim(where, "0123456789") == "":
			return where // as it is: too short and too long are what is asked
		case where == "missing" || where == "withheld" || where == "unknown":
			return ""
		default:
			q.badf("%s %q: want inside EER, outside EER, digits, or missing", name, where)
			return ""
		}
	}
	t.Origins = []rating.Origin{{Name: "outside", Prefixes: outside(eerCodes, ""), Invalid: true}}
	t.Surcharges = []rating.OriginSurcharge{{
		Origin: "outside", To: eerCodes, PerMinute: f.price("surcharge_per_min"), PerCall: f.price("surcharge_per_call"),
	}}
	t.Decimals = q.decimals(precisionNames, "cost")
	base := f.price("base_rate_per_min")
	u := rating.Usage{Caller: number("cli_country"), Number: number("dialled"), Quantity: f.duration("duration_s")}
	if card := q.card(t, []rating.Rate{{Price1: base, PriceN: base, IntervalN: 1}}); card != nil {
		charge := card.NewPricer().Price(&u)
		if charge.Reason != "" {
			q.wrongf("the call is not charged: %s", charge.Reason)
		}
		q.wantAmount(charge.Amount, "cost")
	}
}

// countryCodes are the countries that cases name.
var countryCodes = map[string]string{
	"Afghanistan": "AF", "Australia": "AU", "Austria": "AT", "Belgium": "BE", "Canada": "CA", "China": "CN", "France": "FR", "Germany": "DE",
	"India": "IN", "Ireland": "IE", "Italy": "IT", "Japan": "JP", "Netherlands": "NL", "Norway": "NO", "Pakistan": "PK", "Poland": "PL",
	"Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "United Kingdom": "GB", "United States": "US",
}

// country returns the code of a country that a case names.
func (q *question) country(v any) string {
	name, _ := plain(v)
	code, ok := countryCodes[name]
	if !ok {
		q.badf("country %q: not in the list of countries here", name)
	}
	return code
}

func (q *question) countries(name string) (codes []string) {
	list, ok := q.in.list(name)
	if !ok {
		return nil
	}
	for _, v := range list {
		codes = append(codes, q.country(v))
	}
	return codes
}

// answerEEA asks which column of a card prices a call: local, EEA or
// international, by the prefixes or the countries of its ends.
func answerEEA(q *question) {
	f, t := q.in, terms()
	t.Presentation = rating.LocalEEAInternational
	f.value("eea_countries") // as the product has them
	t.EEAFrom, t.EEATo = q.countries("source_list"), q.countries("destination_list")
	end := func(prefixName, countryName string) string {
		if v, _, ok := f.value(countryName); ok {
			// The example number of a country, as its numbering plan gives it.
			n := phonenumbers.GetExampleNumber(q.country(v))
			return strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+")
		}
		digits, _ := f.text(prefixName)
		return fullNumber(digits)
	}
	u := rating.Usage{Caller: end("cli_prefix", "source_country"), Number: end("dialled_prefix", "destination_country"), Quantity: minute}
	class := q.column(t, &u, numbering.Local, numbering.EEACall, numbering.International)
	q.wantText("class", class)
	if v, _, ok := q.want.value("eea"); ok && v != (class == "eea") {
		q.wrongf("eea: got %s, want %v", class, v)
	}
}

// column returns the column of a card with these classes that prices a call.
func (q *question) column(t rating.Terms, u *rating.Usage, classes ...rating.Class) string {
	var rates []rating.Rate
	for i, c := range classes {
		p := money.Price(1+i) * 1_000_000_000_000
		rates = append(rates, rating.Rate{Class: c, Price1: p, PriceN: p, IntervalN: 1})
	}
	card := q.card(t, rates)
	if card == nil {
		return ""
	}
	trace := card.NewPricer().Trace(u)
	if trace.Reason != "" {
		q.wrongf("the call is not charged: %s", trace.Reason)
	}
	return trace.Class
}

// answerJurisdiction asks for the class of a call to or from the United
// States; a card charges the international ones as indeterminate.
func answerJurisdiction(q *question) {
	cli, _ := q.in.text("cli_prefix")
	dialled, _ := q.in.text("dialled_prefix")
	u := rating.Usage{Caller: fullNumber(cli), Number: fullNumber(dialled), Quantity: minute}
	regions, err := numbering.OpenRegions(numbering.Embedded())
	if !q.check(err) {
		return
	}
	of := func(number string, valid func(prefix.Key) bool) numbering.RegionID {
		key, ok := prefix.KeyOf(number)
		if !ok || !valid(key) {
			return 0
		}
		return regions.Of(key)
	}
	class := numbering.Jurisdiction(of(u.Caller, numbering.ValidCaller), of(u.Number, func(prefix.Key) bool { return true }))
	q.wantText("class", class.String())
	t := terms()
	t.Presentation = rating.InterIntraIndeterminate
	charged := class
	if class == numbering.International {
		charged = numbering.Indeterminate
	}
	if got := q.column(t, &u, numbering.Interstate, numbering.Intrastate, numbering.Indeterminate); got != charged.String() {
		q.wrongf("class: a card charges the call as %s, want %s", got, charged)
	}
}
