package rating_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/prefix"
	. "github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin/draw"
	"github.com/tollbook/tollbook/tests/twin/product"
)

func mustImage(t testing.TB, terms Terms, rates ...Rate) []byte {
	t.Helper()
	image, err := BuildImage(terms, listed(rates...))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// ratesOf lists the rates of a card.
func ratesOf(t testing.TB, c *Card) []Rate {
	t.Helper()
	var out []Rate
	for r, err := range c.All() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// everyField are terms and rates that use all there is: nested prefixes, names
// and prices that are shared and that are not, every kind and field.
func everyField(t testing.TB) (Terms, []Rate) {
	p := func(s string) money.Price { return price(t, s) }
	terms := Terms{
		Currency: "EUR", Decimals: 5, Rounding: money.Down, DurationRounding: money.Up, KeepFractions: true,
		Model: WholeCallMultiple, ChargeZeroSeconds: true, ShortDigits: 4, Grace: 2, GraceMode: GraceUpTo, Free: 3, FreeFirst: true, Minimum: 4,
		MinCharge: p("0.001"), MaxCharge: p("50"), Surcharge: p("0.05"), Access: p("0.07"), Presentation: InterIntra, DearerIndeterminate: true,
		EEAFrom: []string{"GB"}, EEATo: []string{"FR", "AT"}, ByLRN: true, Bands: eveningBands(t),
		Origins:    []Origin{{Name: "us", Prefixes: []string{"1", "1212"}}, {Name: "bad", Invalid: true}},
		Surcharges: []OriginSurcharge{{Origin: "us", To: []string{"44"}, PerMinute: p("0.01"), PerCall: p("0.02")}},
	}
	terms.Bands.Dates = []band.Date{{On: band.On{Month: 12, Day: 25}, As: band.Holiday}}
	uk := Rate{Price1: p("0.01"), PriceN: p("0.01"), Interval1: 60, IntervalN: 60}
	with := func(r Rate, prefix, name string, changes ...func(*Rate)) Rate {
		r = changed(r, changes...)
		r.Prefix, r.Destination = prefix, name
		return r
	}
	return terms, []Rate{
		with(uk, "44", "UK"), with(uk, "442", "UK"),
		with(Rate{Price1: p("0.1"), PriceN: p("0.05"), Interval1: 30, IntervalN: 6, ConnectionFee: p("0.02")}, "447", "UK mobile"),
		with(uk, "447", "UK mobile, later", func(r *Rate) { r.From, r.To = 1_800_000_000e9, 1_900_000_000e9 }),
		with(uk, "447", "UK mobile by day", func(r *Rate) { r.Band, r.Per = "Day", 1 }),
		with(uk, "447", "UK mobile from the US", func(r *Rate) { r.Origin, r.MinCharge, r.MaxCharge = "us", p("0.1"), p("0.2") }),
		with(uk, "447", "gold", func(r *Rate) { r.Tag, r.Grace, r.Free, r.Minimum = "gold", 5, 6, 7 }),
		with(uk, "447", "12 digits", func(r *Rate) { r.MinDigits, r.MaxDigits = 12, 12 }),
		with(Rate{Blocked: true}, "449", "UK premium"),
		with(Rate{Per: PerCall, Price1: p("9000000"), Interval1: 7, Access: true}, "448", ""),
		with(Rate{Price1: p("9"), PriceN: p("9"), Interval1: 1, IntervalN: 1, AssumedPulse: true, NoGrace: true}, "", "Rest of the world"),
		with(uk, "442079460000", "one number"), with(uk, "0", "Zürich"),
		with(uk, "1212", "in New York", func(r *Rate) { r.Class = numbering.Intrastate }),
		with(uk, "1212", "to New York", func(r *Rate) { r.Class, r.Price1 = numbering.Interstate, p("9223372.036854775807") }),
		with(uk, "1315", "local", func(r *Rate) { r.Area, r.Local = "ny", true }),
		with(Rate{Per: 30, Tiers: []Tier{{From: 1, Length: 60, RoundUp: 6, Price: p("1")}, {From: 61, Price: p("0.5"), Per: 1}, {From: 9, Event: true, Every: 7, Length: 70, Price: p("0.1")}}}, "33", "tiers"),
		with(uk, "", "on net", func(r *Rate) { r.Service = "onnet" }),
		with(uk, "", "on net, gold", func(r *Rate) { r.Service, r.Tag = "onnet", "gold" }),
		{Kind: call.SMS, Prefix: "44", Destination: "UK", PriceN: p("0.04"), IntervalN: 1},
		{Kind: call.Data, Destination: "data", PriceN: p("0.5"), IntervalN: 1024, Per: 1 << 20},
		{Kind: call.Event, Service: "voicemail", PriceN: p("1"), IntervalN: 1},
	}
}

// plainly says a rate as a card gives it back: a unit that is the usual one is
// not said.
func plainly(r Rate) Rate {
	usual := map[call.Kind]uint32{call.Voice: 60, call.SMS: 1, call.Data: 1_000_000, call.Event: 1}[r.Kind]
	own := r.Per
	if own == 0 {
		own = usual
	}
	if r.Per == usual {
		r.Per = 0
	}
	r.Tiers = slices.Clone(r.Tiers)
	for i := range r.Tiers {
		if r.Tiers[i].Per == own {
			r.Tiers[i].Per = 0
		}
	}
	if r.Per == PerCall && len(r.Tiers) > 0 {
		panic("no such rate")
	}
	return r
}

var anyOrder = cmp.Options{cmpopts.SortSlices(func(a, b Rate) bool { return fmt.Sprintf("%#v", a) < fmt.Sprintf("%#v", b) }), cmpopts.EquateEmpty()}

// TestCardHoldsWhatItWasBuiltFrom: terms and rates come back as they were, by
// kind and prefix.
func TestCardHoldsWhatItWasBuiltFrom(t *testing.T) {
	terms, rates := everyField(t)
	c := mustCard(t, terms, rates...)
	if diff := cmp.Diff(terms, c.Terms()); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	got := ratesOf(t, c)
	if diff := cmp.Diff(rates, got, anyOrder); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
	if got[0].Service == "" || !slices.IsSortedFunc(got[3:], func(a, b Rate) int {
		return strings.Compare(strconv.Itoa(int(a.Kind))+a.Prefix, strconv.Itoa(int(b.Kind))+b.Prefix)
	}) {
		t.Errorf("the services do not come first, or prefixes are not in their order: %+v", got)
	}
	if c.Len() != 15 { // 11 prefixes of voice, 1 of SMS, 1 of data and 2 services
		t.Errorf("%d prefixes and services", c.Len())
	}
	for r := range c.All() {
		if first := r; first.Destination != "on net, gold" { // the narrower first
			t.Errorf("the first is %+v", first)
		}
		break
	}
}

// TestRandomCardsHoldWhatTheyWereBuiltFrom, and build from that again, in any
// order, to the same bytes.
func TestRandomCardsHoldWhatTheyWereBuiltFrom(t *testing.T) {
	for seed := range uint64(120) {
		d := draw.New(seed).Card()
		var rates []Rate
		for _, r := range d.Rates {
			rate, err := product.Rate(r)
			if err != nil {
				t.Fatal(err)
			}
			rates = append(rates, plainly(rate))
		}
		terms, err := product.Terms(d.Terms)
		if err != nil {
			t.Fatal(err)
		}
		image := mustImage(t, terms, rates...)
		c, err := Open(image)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got := ratesOf(t, c)
		if diff := cmp.Diff(rates, got, anyOrder); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
		if !bytes.Equal(mustImage(t, c.Terms(), got...), image) {
			t.Fatalf("seed %d: built again, the card has another image", seed)
		}
	}
}

func TestEmptyCard(t *testing.T) {
	c := mustCard(t, usual())
	if c.Len() != 0 || len(ratesOf(t, c)) != 0 {
		t.Errorf("%d rates, want 0", c.Len())
	}
	for _, kind := range []call.Kind{call.Voice, call.SMS, call.Data, call.Event} {
		if got := priced(t, c, Usage{Kind: kind, Number: "442079460000"}); got != (Charge{Reason: call.NoRate}) {
			t.Errorf("%v: %+v, want no_rate", kind, got)
		}
	}
}

// TestNamesOfPrefixes: what a card says of a prefix or a number without usage.
func TestNamesOfPrefixes(t *testing.T) {
	c := mustCard(t, usual(), Rate{Prefix: "44", Destination: "UK"}, Rate{Prefix: "447", Destination: "later", From: 5}, Rate{Prefix: "447", Destination: "UK mobile", Tag: "gold"}, Rate{Destination: "else"})
	for _, tt := range []struct{ number, longest, destination string }{
		{"447700900123", "447", ""}, {"447", "447", "UK mobile"}, {"442079460000", "44", ""}, {"44", "44", "UK"}, {"33", "", ""}, {"", "", "else"},
	} {
		if got, ok := c.Longest(call.Voice, tt.number); got != tt.longest || !ok {
			t.Errorf("Longest(%s) = %q, %v; want %q", tt.number, got, ok, tt.longest)
		}
		if got := c.Destination(call.Voice, tt.number); got != tt.destination {
			t.Errorf("Destination(%s) = %q, want %q", tt.number, got, tt.destination)
		}
	}
	if _, ok := c.Longest(call.Voice, "4x"); ok {
		t.Error("4x has a longest prefix")
	}
	if _, ok := c.Longest(call.SMS, "44"); ok || c.Destination(call.SMS, "44") != "" {
		t.Error("there are rates of messages")
	}
}

func TestImageDoesNotDependOnOrder(t *testing.T) {
	terms, rates := everyField(t)
	want := mustImage(t, terms, rates...)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		rng.Shuffle(len(rates), func(i, j int) { rates[i], rates[j] = rates[j], rates[i] })
		if !bytes.Equal(mustImage(t, terms, rates...), want) {
			t.Fatalf("another image for the order %v", rates)
		}
	}
}

// TestSameRatesAreStoredOnce: prices, lists of rows and names.
func TestSameRatesAreStoredOnce(t *testing.T) {
	var rates []Rate
	for i := range 1000 {
		r := Rate{Prefix: fmt.Sprint(1000 + i), Destination: fmt.Sprint("name ", i%7), Interval1: 60, IntervalN: 6, PriceN: price(t, "0.01") * money.Price(1+i%5)}
		r.Price1 = r.PriceN
		rates = append(rates, r, changed(r, func(r *Rate) { r.From = 1; r.PriceN = 0; r.Price1 = 0 }))
	}
	image := mustImage(t, usual(), rates...)
	sections := Sections(image)
	for _, tt := range []struct {
		section string
		size    int
		want    int
	}{
		// Two costs in their list, with its pattern; four more prices, each with a
		// list of places since the other cost is there already.
		{"rates", 4, 3 + 4*4}, {"shapes", ShapeSize, 1}, {"conds", CondSize, 2}, {"patterns", 4, 2 * 3},
		{"names", 4, 1}, {"text", 1, len("name 0") + 7*2 + 6*len("0")}, {"tiers", TierSize, 0}, {"sms", 1, 0}, {"regions", 1, 0}, {"origins", 1, 0},
	} {
		if got := len(sections[tt.section]) / tt.size; got != tt.want {
			t.Errorf("%d of %s are stored, want %d", got, tt.section, tt.want)
		}
	}
	// Of prices that differ much, one may not fit beside its shape: then it is in
	// words of its own.
	wide := []Rate{{Prefix: "1", PriceN: price(t, "9000000"), Price1: price(t, "9000000"), IntervalN: 1, Interval1: 1}, {Prefix: "2", PriceN: 1, Price1: 1, IntervalN: 1, Interval1: 1}}
	image = mustImage(t, usual(), wide...)
	if diff := cmp.Diff(wide, ratesOf(t, mustCard(t, usual(), wide...)), anyOrder); diff != "" {
		t.Errorf("a price as wide as can be (-want +got):\n%s", diff)
	}
	if rates, shapes := len(Sections(image)["rates"])/4, len(Sections(image)["shapes"])/ShapeSize; rates != 4 || shapes != 1 {
		t.Errorf("%d words of rates and %d shapes, want 4 and 1", rates, shapes)
	}
}

// TestARowHoldsWithinItsTime, from the first instant that there is to the last.
func TestARowHoldsWithinItsTime(t *testing.T) {
	ends := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}
	for _, from := range ends {
		for _, to := range ends {
			r := Rate{Prefix: "44", From: from, To: to}
			if r.Validate() != nil {
				continue
			}
			c := mustCard(t, usual(), r)
			if diff := cmp.Diff([]Rate{r}, ratesOf(t, c)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, instant := range ends {
				want := (from == 0 || from <= instant) && (to == 0 || instant < to)
				if got := priced(t, c, Usage{Number: "442079460000", Instant: instant, Quantity: 1e9}); (got.Reason == "") != want {
					t.Errorf("from %d to %d, at %d: %+v", from, to, instant, got)
				}
			}
		}
	}
}

// TestEveryRowOfAPrefixIsFound, however many it has and however long their costs
// are: with the list, or elsewhere.
func TestEveryRowOfAPrefixIsFound(t *testing.T) {
	rows := map[string]func(*Rate, int){
		"one price":   func(r *Rate, i int) { r.Price1 = price(t, "0.01") * money.Price(i+1); r.PriceN = r.Price1 },
		"two prices":  func(r *Rate, i int) { r.Price1, r.PriceN = price(t, "0.01")*money.Price(i+1), price(t, "0.02") },
		"mixed":       func(r *Rate, i int) { r.Price1, r.PriceN = price(t, "1"), price(t, "1")*money.Price(1+i%2) },
		"wide prices": func(r *Rate, i int) { r.Price1 = 1 + price(t, "9000")*money.Price(i+1); r.PriceN = r.Price1 },
		"tiers": func(r *Rate, i int) {
			*r = Rate{Prefix: r.Prefix, Tiers: []Tier{{From: 1, Length: 60, Price: price(t, "0.1")}, {From: 61, Price: price(t, "0.01") * money.Price(i+1)}}}
		},
		"the same price": func(r *Rate, _ int) { r.Price1, r.PriceN = price(t, "0.5"), price(t, "0.5") },
	}
	for name, row := range rows {
		for _, n := range []int{1, 2, 3, 8, 9, 40} {
			var rates []Rate
			for _, prefix := range []string{"44", "447", "33"} { // the last two have what the first has
				for i := range n {
					r := Rate{Prefix: prefix, Interval1: 60, IntervalN: 60}
					row(&r, i)
					r.Prefix, r.Destination, r.From = prefix, fmt.Sprint("row ", i%3), int64(1+i)
					rates = append(rates, r)
				}
			}
			c := mustCard(t, usual(), rates...)
			if diff := cmp.Diff(rates, ratesOf(t, c), anyOrder); diff != "" {
				t.Errorf("%s, %d rows (-want +got):\n%s", name, n, diff)
			}
			b := Block{Charges: make([]Charge, 3*n)}
			for i := range b.Charges {
				key, _ := prefix.KeyOf(rates[i].Prefix + "0123456789")
				b.Numbers, b.Quantities, b.Instants = append(b.Numbers, key), append(b.Quantities, 120e9), append(b.Instants, rates[i].From)
			}
			c.NewPricer().PriceBlock(&b)
			for i, got := range b.Charges {
				r := rates[i]
				_, want, err := c.Terms().Charge(r, 120e9)
				if err != nil || got.Amount != want || got.Prefix != len(r.Prefix) {
					t.Errorf("%s, %d rows: row %d costs %+v, want %v, error %v", name, n, i, got, want, err)
				}
			}
		}
	}
}

func TestBuildImageRefuses(t *testing.T) {
	ok := Rate{Prefix: "44", IntervalN: 1}
	bands := usual(func(terms *Terms) { terms.Bands = eveningBands(t) })
	groups := usual(func(t *Terms) { t.Origins = []Origin{{Name: "us", Prefixes: []string{"1"}}} })
	long := strings.Repeat("n", MaxName+1)
	of := func(change func(*Rate)) iter.Seq2[Rate, error] { return listed(changed(ok, change)) }
	tiers := func(tiers ...Tier) iter.Seq2[Rate, error] { return listed(Rate{Prefix: "44", Tiers: tiers}) }
	for _, tt := range []struct {
		name  string
		terms Terms
		rates iter.Seq2[Rate, error]
		want  []string
	}{
		{"a prefix twice", usual(), listed(ok, Rate{Prefix: "1"}, ok), []string{`"44"`, "more than once"}},
		{"the lowest of those", usual(), listed(ok, ok, Rate{Prefix: "1"}, Rate{Prefix: "1"}), []string{`"1"`, "more than once"}},
		{"the catch-all twice", usual(), listed(Rate{}, Rate{}), []string{`""`, "more than once"}},
		{"a service twice", usual(), listed(Rate{Service: "onnet"}, Rate{Service: "onnet"}), []string{`service "onnet"`, "more than once"}},
		{"a tag twice", usual(), listed(changed(ok, func(r *Rate) { r.Tag = "gold" }), ok, changed(ok, func(r *Rate) { r.Tag = "gold" })), []string{"more than once"}},
		{"from the same instant, to different ones", usual(), listed(changed(ok, func(r *Rate) { r.From, r.To = 5, 9 }), changed(ok, func(r *Rate) { r.From, r.To = 5, 8 })), []string{"more than once"}},
		{"local to one area from the same instant", usual(), listed(
			Rate{Service: "onnet", Area: "a", Local: true, From: 5, To: 7}, Rate{Service: "onnet", Area: "b", Local: true, From: 5, To: 8}, Rate{Service: "onnet", Area: "a", Local: true, From: 5, To: 9},
		), []string{`service "onnet"`, "more than once"}},
		{"a prefix in two areas", usual(), listed(changed(ok, func(r *Rate) { r.Area = "a" }), changed(ok, func(r *Rate) { r.Area, r.Tag = "b", "gold" })), []string{`"a"`, `"b"`}},
		{"letters", usual(), listed(ok, Rate{Prefix: "4x"}), []string{"rate 2", `"4x"`, "digits"}},
		{"16 digits", usual(), listed(Rate{Prefix: "1234567890123456"}), []string{"1234567890123456", "16 digits", "at most 15"}},
		{"a long name", usual(), of(func(r *Rate) { r.Destination = strings.Repeat("n", MaxDestination+1) }), []string{`"44"`, "257", "256"}},
		{"a name that is no text", usual(), of(func(r *Rate) { r.Destination = "\xff" }), []string{"UTF-8"}},
		{"a long tag", usual(), of(func(r *Rate) { r.Tag = long }), []string{"64 bytes"}},
		{"a long area", usual(), of(func(r *Rate) { r.Area = long }), []string{"64 bytes"}},
		{"a long service", usual(), listed(Rate{Service: long}), []string{"64 bytes"}},
		{"a tag that is no text", usual(), of(func(r *Rate) { r.Tag = "\xff" }), []string{"UTF-8"}},
		{"a kind that is none", usual(), of(func(r *Rate) { r.Kind = 4 }), []string{"kind"}},
		{"a service with a prefix", usual(), of(func(r *Rate) { r.Service = "onnet" }), []string{"one of them"}},
		{"an end before the beginning", usual(), of(func(r *Rate) { r.From, r.To = 5, 5 }), []string{"ends before it begins"}},
		{"local to nowhere", usual(), of(func(r *Rate) { r.Local = true }), []string{"without an area"}},
		{"local and from a group", groups, of(func(r *Rate) { r.Local, r.Area, r.Origin = true, "a", "us" }), []string{"not an origin"}},
		{"fewer digits at most", usual(), of(func(r *Rate) { r.MinDigits, r.MaxDigits = 9, 8 }), []string{"9 to 8 digits"}},
		{"no such band", bands, of(func(r *Rate) { r.Band = "Night" }), []string{`"Night"`}},
		{"no bands", usual(), of(func(r *Rate) { r.Band = "Night" }), []string{`"Night"`}},
		{"no such origin", groups, of(func(r *Rate) { r.Origin = "uk" }), []string{`"uk"`}},
		{"no such class", usual(), of(func(r *Rate) { r.Class = numbering.Local }), []string{"class"}},
		{"a class of another presentation", usual(func(t *Terms) { t.Presentation = InterIntra }), of(func(r *Rate) { r.Class = numbering.Indeterminate }), []string{"indeterminate"}},
		{"access to messages", usual(), of(func(r *Rate) { r.Kind, r.Access = call.SMS, true }), []string{"voice"}},

		{"a price that no interval bills", usual(), listed(Rate{Price1: 1}), []string{"price 1 would never be charged"}},
		{"a negative price", usual(), listed(Rate{Price1: -1}), []string{"negative"}},
		{"a negative fee", usual(), of(func(r *Rate) { r.ConnectionFee = -1 }), []string{"negative"}},
		{"a maximum below the minimum", usual(), of(func(r *Rate) { r.MinCharge, r.MaxCharge = 2, 1 }), []string{"below"}},
		{"no pulse", usual(), listed(Rate{PriceN: 1}), []string{"interval N"}},
		{"a long interval", usual(), of(func(r *Rate) { r.Interval1 = MaxInterval + 1 }), []string{"1000000"}},
		{"a long interval of bytes", usual(), of(func(r *Rate) { r.Kind, r.IntervalN = call.Data, MaxUnits+1 }), []string{"1073741824"}},
		{"a large unit", usual(), of(func(r *Rate) { r.Per = MaxInterval + 1 }), []string{"1000001"}},
		{"grace and none", usual(), of(func(r *Rate) { r.Grace, r.NoGrace = 1, true }), []string{"at once"}},
		{"a price N of a call", usual(), of(func(r *Rate) { r.Per, r.PriceN = PerCall, 1 }), []string{"price N 0"}},

		{"33 tiers", usual(), tiers(make([]Tier, MaxTiers+1)...), []string{"33 tiers"}},
		{"tiers and a price", usual(), listed(Rate{Price1: 1, Tiers: []Tier{{From: 1}}}), []string{"in them"}},
		{"a tier from 0", usual(), tiers(Tier{}), []string{"tier 1"}},
		{"a tier that leaves the first second", usual(), tiers(Tier{From: 2}), []string{"tier 1 begins at 2, want 1"}},
		{"a gap", usual(), tiers(Tier{From: 1, Length: 9}, Tier{From: 11}), []string{"tier 2 begins at 11, want 10"}},
		{"no end", usual(), tiers(Tier{From: 1, Length: 9}), []string{"end at 9"}},
		{"two ends", usual(), tiers(Tier{From: 1}, Tier{From: 1}), []string{"tier 2", "goes to the end"}},
		{"a negative tier", usual(), tiers(Tier{From: 1, Price: -1}), []string{"negative"}},
		{"an event by the second", usual(), tiers(Tier{From: 1, Event: true, Per: 1}), []string{"an event is charged once"}},
		{"a tier again and again", usual(), tiers(Tier{From: 1, Every: 1}), []string{"only an event"}},

		{"no currency", usual(func(t *Terms) { t.Currency = "" }), listed(), []string{"currency"}},
		{"21 decimals", usual(func(t *Terms) { t.Decimals = 21 }), listed(), []string{"21 decimals"}},
		{"no rounding", Terms{Currency: "GBP", Model: FirstThenPulse}, listed(), []string{"rounding"}},
		{"no model", usual(func(t *Terms) { t.Model = 0 }), listed(), []string{"increment model"}},
		{"16 short digits", usual(func(t *Terms) { t.ShortDigits = 16 }), listed(), []string{"short numbers"}},
		{"a grace mode", usual(func(t *Terms) { t.GraceMode = 3 }), listed(), []string{"grace mode"}},
		{"a presentation", usual(func(t *Terms) { t.Presentation = 4 }), listed(), []string{"presentation"}},
		{"a negative surcharge", usual(func(t *Terms) { t.Surcharge = -1 }), listed(), []string{"negative"}},
		{"the card's maximum", usual(func(t *Terms) { t.MinCharge, t.MaxCharge = 2, 1 }), listed(), []string{"below"}},
		{"a long grace", usual(func(t *Terms) { t.Grace = MaxInterval + 1 }), listed(), []string{"1000000 s"}},
		{"bands with a gap", usual(func(terms *Terms) { terms.Bands = eveningBands(t); terms.Bands.Windows = terms.Bands.Windows[:1] }), listed(), []string{"bands"}},
		{"a country that is none", usual(func(t *Terms) { t.Presentation, t.EEAFrom = LocalEEAInternational, []string{"gb"} }), listed(), []string{`"gb"`}},
		{"a group without a name", usual(func(t *Terms) { t.Origins = []Origin{{}} }), listed(), []string{"origin group 1"}},
		{"a group twice", usual(func(t *Terms) { t.Origins = []Origin{{Name: "a"}, {Name: "a"}} }), listed(), []string{"twice"}},
		{"letters of a group", usual(func(t *Terms) { t.Origins = []Origin{{Name: "a", Prefixes: []string{"x"}}} }), listed(), []string{`"x"`}},
		{"a surcharge of no group", usual(func(t *Terms) { t.Surcharges = []OriginSurcharge{{Origin: "a"}} }), listed(), []string{`"a"`}},
		{"a negative surcharge of callers", usual(func(t *Terms) {
			t.Origins, t.Surcharges = []Origin{{Name: "a"}}, []OriginSurcharge{{Origin: "a", PerCall: -1}}
		}), listed(), []string{"negative"}},
		{"letters of where to", usual(func(t *Terms) {
			t.Origins, t.Surcharges = []Origin{{Name: "a"}}, []OriginSurcharge{{Origin: "a", To: []string{"x"}}}
		}), listed(), []string{`"x"`}},

		// No sum of parts this fine fits.
		{"prices for parts that have no common one", usual(), listed(Rate{Prefix: "1", Per: 999_983}, Rate{Prefix: "2", Per: 999_979}), []string{"999979", "a multiple above 4294967296"}},
		{"a reader's error", usual(), func(yield func(Rate, error) bool) {
			_ = yield(ok, nil) && yield(Rate{}, errors.New("line 3 is torn"))
		}, []string{"rate 2", "line 3 is torn"}},
		{"too many", usual(), func(yield func(Rate, error) bool) {
			r := Rate{IntervalN: 1}
			for range MaxRates + 1 {
				if !yield(r, nil) {
					return
				}
			}
		}, []string{"more than 4000000 rates"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			image, err := BuildImage(tt.terms, tt.rates)
			if err == nil || image != nil {
				t.Fatalf("%d bytes, error %v; want an error only", len(image), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %s", err, want)
				}
			}
		})
	}
}

// TestLimitsAreWithin: what is at its limit is taken.
func TestLimitsAreWithin(t *testing.T) {
	name := strings.Repeat("n", MaxName)
	terms := usual(func(t *Terms) {
		t.Origins, t.ShortDigits = []Origin{{Name: name, Prefixes: []string{"123456789012345"}}}, MaxPrefix
	})
	tiers := make([]Tier, MaxTiers)
	for i := range tiers {
		tiers[i] = Tier{From: uint32(i + 1), Length: 1, Price: 1}
	}
	tiers[MaxTiers-1].Length = 0
	mustCard(t, terms,
		Rate{Prefix: "123456789012345", Destination: strings.Repeat("n", MaxDestination), Tag: name, Area: name, Origin: name, Interval1: MaxInterval, IntervalN: MaxInterval, Per: MaxInterval},
		Rate{Service: name, Tiers: tiers}, Rate{Kind: call.Data, Interval1: MaxUnits, IntervalN: MaxUnits, Per: MaxUnits})
}

// TestOpenRefusesEveryDamage: every cut and every flipped bit.
func TestOpenRefusesEveryDamage(t *testing.T) {
	terms, rates := everyField(t)
	terms.Presentation, terms.Origins, terms.Surcharges = SingleRate, terms.Origins[:1], nil // without the regions, which are large
	rates = slices.DeleteFunc(rates, func(r Rate) bool { return r.Class != AnyClass || len(r.Prefix) > 9 })
	image := mustImage(t, terms, rates...)
	refused := func(what string, at int, damaged []byte) {
		if c, err := Open(damaged); err == nil || c != nil {
			t.Errorf("%s %d: card %v, error %v; want an error only", what, at, c != nil, err)
		}
	}
	for n := range len(image) {
		refused("cut to", n, image[:n])
	}
	refused("one byte more than", len(image), append(bytes.Clone(image), 0))
	for bit := range 8 * len(image) {
		damaged := bytes.Clone(image)
		damaged[bit/8] ^= 1 << (bit % 8)
		refused("flipped bit", bit, damaged)
	}
	if len(image) > 20_000 {
		t.Errorf("%d bytes: too many to flip each bit of", len(image))
	}
}

// metaOf is what an image says in JSON.
func metaOf(t testing.TB, image []byte) map[string]any {
	t.Helper()
	var meta map[string]any
	if err := json.Unmarshal(Sections(image)["meta"], &meta); err != nil {
		t.Fatal(err)
	}
	return meta
}
