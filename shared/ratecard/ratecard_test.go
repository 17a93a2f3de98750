package ratecard

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

var errSource = errors.New("the source failed")

// rows yields rates and then, if it is not nil, err.
func rows(rates []rating.Rate, err error) iter.Seq2[rating.Rate, error] {
	return func(yield func(rating.Rate, error) bool) {
		for _, r := range rates {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(rating.Rate{}, err)
		}
	}
}

// collect returns what a sequence yields.
func collect(seq iter.Seq2[rating.Rate, error]) (rates []rating.Rate, errs []error) {
	for r, err := range seq {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		rates = append(rates, r)
	}
	return rates, errs
}

func TestBuild(t *testing.T) {
	m, err := ParseMarkup("+0.01")
	if err != nil {
		t.Fatal(err)
	}
	provider := []rating.Rate{
		{Prefix: "9", Destination: "Nine", Price1: price("0.5"), PriceN: price("0.05"), Interval1: 30, IntervalN: 6, ConnectionFee: price("0.1"), AssumedPulse: true},
		{Prefix: "1", Destination: "Flat", Price1: price("0.5"), Interval1: 60},
		{Prefix: "1900", Blocked: true, Price1: price("3"), PriceN: price("3"), Interval1: 1, IntervalN: 1},
		{Prefix: "", Destination: "Elsewhere", Interval1: 1, IntervalN: 1},
	}
	before := cmp.Diff(nil, provider)
	got, errs := collect(Build(rows(provider, nil), Markups{Prices: m}))
	want := []rating.Rate{
		{Prefix: "9", Destination: "Nine", Price1: price("0.51"), PriceN: price("0.06"), Interval1: 30, IntervalN: 6, ConnectionFee: price("0.1"), AssumedPulse: true},
		{Prefix: "1", Destination: "Flat", Price1: price("0.51"), Interval1: 60},
		{Prefix: "1900", Blocked: true, Interval1: 1, IntervalN: 1},
		{Prefix: "", Destination: "Elsewhere", Price1: price("0.01"), PriceN: price("0.01"), Interval1: 1, IntervalN: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(errs) > 0 {
		t.Errorf("%v (-want +got)\n%s", errs, diff)
	}
	if cmp.Diff(nil, provider) != before {
		t.Error("building changed the provider's rates")
	}
}

// A percentage is on every price; an amount is on what is charged by the
// minute, or by the call, whatever length the provider's price is for.
func TestBuildByEveryMarkup(t *testing.T) {
	tiers := []rating.Tier{
		{From: 1, Length: 60, Price: price("0.02")}, {From: 61, Price: price("0.001"), Per: 1},
		{From: 1, Event: true, Price: price("0.5")},
	}
	provider := []rating.Rate{
		{Prefix: "1", Price1: price("0.001"), PriceN: price("0.002"), Per: 1, IntervalN: 1},
		{Prefix: "2", Price1: price("0.4"), Per: rating.PerCall},
		{Prefix: "3", Tiers: tiers},
		{Prefix: "4", PriceN: price("0.1")}, // continuous: no intervals
		{Prefix: "5", ConnectionFee: price("1"), MinCharge: price("2"), MaxCharge: price("3")},
		{Kind: call.SMS, Prefix: "6", Price1: price("0.03"), PriceN: price("0.03"), Interval1: 1, IntervalN: 1},
		{Prefix: "7", Blocked: true, Tiers: tiers},
	}
	for text, want := range map[string][]string{
		"50%":   {"0.0015 0.003 per 1", "0.6 0 per call", "0.03 0.0015/1 0.75 per 0", "0 0.15 per 0", "0 0 per 0", "0.045 0.045 per 0", "0 0 per 0"},
		"+0.01": {"0.07 0.13 per 0", "0.41 0 per call", "0.03 0.07 0.5 per 0", "0 0.11 per 0", "0 0 per 0", "0.04 0.04 per 0", "0 0 per 0"},
		"=0.05": {"0.05 0.05 per 0", "0.05 0 per call", "0.05 0.05 0.5 per 0", "0 0.05 per 0", "0 0 per 0", "0.05 0.05 per 0", "0 0 per 0"},
		"none":  {"0.001 0.002 per 1", "0.4 0 per call", "0.02 0.001/1 0.5 per 0", "0 0.1 per 0", "0 0 per 0", "0.03 0.03 per 0", "0 0 per 0"},
	} {
		m, err := ParseMarkup(text)
		if err != nil {
			t.Fatal(err)
		}
		rates, errs := collect(Build(rows(provider, nil), Markups{Prices: m}))
		if len(errs) > 0 || len(rates) != len(provider) {
			t.Fatal(rates, errs)
		}
		var got []string
		for i, r := range rates {
			line := fmt.Sprintf("%s %s", r.Price1, r.PriceN)
			if len(r.Tiers) > 0 {
				line = ""
			}
			for _, tier := range r.Tiers {
				line += tier.Price.String()
				if tier.Per > 0 {
					line += fmt.Sprintf("/%d", tier.Per)
				}
				line += " "
			}
			per := fmt.Sprint(r.Per)
			if r.Per == rating.PerCall {
				per = "call"
			}
			got = append(got, strings.TrimSuffix(line, " ")+" per "+per)
			if r.MinCharge != provider[i].MinCharge || r.MaxCharge != provider[i].MaxCharge || r.ConnectionFee != provider[i].ConnectionFee {
				t.Errorf("%s: a fee or a limit was marked up: %+v", text, r)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
	if tiers[0].Price != price("0.02") {
		t.Error("building changed the provider's tiers")
	}
	m, err := ParseMarkup("+0.01")
	if err != nil {
		t.Fatal(err)
	}
	_, errs := collect(Build(rows([]rating.Rate{{Service: "x", Price1: price("0.1"), Per: 7, IntervalN: 1}}, nil), Markups{Prices: m}))
	if len(errs) != 1 || !errors.Is(errs[0], money.ErrInexact) || !strings.Contains(errs[0].Error(), `service "x"`) {
		t.Errorf("a price for 7 s and an amount per minute: %v", errs)
	}
}

// Events with a markup of their own follow it and no other, and so do fees: what
// is not there is not made.
func TestBuildByAMarkupOfEvents(t *testing.T) {
	provider := []rating.Rate{
		{Prefix: "1", Tiers: []rating.Tier{{From: 1, Price: price("0.1")}, {From: 1, Event: true, Price: price("0.5")}, {From: 61, Event: true}}},
		{Prefix: "2", Price1: price("0.1"), Interval1: 60, ConnectionFee: price("0.04")},
		{Prefix: "3", Price1: price("0.1"), Interval1: 60},
		{Prefix: "4", Blocked: true},
	}
	for _, tt := range []struct {
		prices, events string
		want           []string // prices of tiers, price 1, fee
	}{
		{"50%", "none", []string{"0.15 0.75 0 0 0", "0.15 0.04", "0.15 0", "0 0"}},
		{"50%", "100%", []string{"0.15 1 0 0 0", "0.15 0.08", "0.15 0", "0 0"}},
		{"50%", "+0.01", []string{"0.15 0.51 0.01 0 0", "0.15 0.05", "0.15 0", "0 0"}},
		{"50%", "+0", []string{"0.15 0.5 0 0 0", "0.15 0.04", "0.15 0", "0 0"}},
		{"+0.01", "10%", []string{"0.11 0.55 0 0 0", "0.11 0.044", "0.11 0", "0 0"}},
		{"none", "=0.2", []string{"0.1 0.2 0.2 0 0", "0.1 0.2", "0.1 0", "0 0"}},
	} {
		var m Markups
		if err := errors.Join(m.Prices.UnmarshalText([]byte(tt.prices)), m.Events.UnmarshalText([]byte(tt.events))); err != nil {
			t.Fatal(err)
		}
		rates, errs := collect(Build(rows(provider, nil), m))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		var got []string
		for _, r := range rates {
			line := ""
			for _, tier := range r.Tiers {
				line += tier.Price.String() + " "
			}
			got = append(got, line+r.Price1.String()+" "+r.ConnectionFee.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s, events %s (-want +got)\n%s", tt.prices, tt.events, diff)
		}
	}
	var m Markups
	if err := m.Events.UnmarshalText([]byte("-0.05")); err != nil {
		t.Fatal(err)
	}
	if _, errs := collect(Build(rows(provider[1:2], nil), m)); len(errs) != 1 || !strings.Contains(errs[0].Error(), `prefix "2", connection fee: markup -0.05`) {
		t.Errorf("a fee below zero: %v", errs)
	}
}

// What a row holds for passes a build, and so does whatever is no price.
func TestBuildKeepsEverythingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRate(t)
		text := rapid.SampledFrom([]string{"none", "100%", "=0"}).Draw(t, "markup")
		m, err := ParseMarkup(text)
		if err != nil {
			t.Fatal(err)
		}
		got, errs := collect(Build(rows([]rating.Rate{r}, nil), Markups{Prices: m}))
		if len(errs) > 0 {
			if !errors.Is(errs[0], money.ErrInexact) && !errors.Is(errs[0], money.ErrOverflow) {
				t.Fatal(errs)
			}
			return
		}
		if err := got[0].Validate(); err != nil {
			t.Fatalf("%+v became %+v: %v", r, got[0], err)
		}
		prices := func(r rating.Rate) rating.Rate {
			r.Price1, r.PriceN, r.Per, r.Tiers = 0, 0, 0, nil
			return r
		}
		if diff := cmp.Diff(prices(r), prices(got[0])); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(r, got[0]); text == "none" && !r.Blocked && diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestBuildListsEveryRateThatCannotBePriced(t *testing.T) {
	m, err := ParseMarkup("-0.02")
	if err != nil {
		t.Fatal(err)
	}
	got, errs := collect(Build(rows([]rating.Rate{
		{Prefix: "44", Price1: price("0.01"), PriceN: price("0.05"), IntervalN: 1},
		{Prefix: "45", Price1: price("0.05"), PriceN: price("0.05"), IntervalN: 1},
		{Prefix: "46", Price1: price("0.05"), PriceN: price("0.01"), IntervalN: 1},
	}, errSource), Markups{Prices: m}))
	if len(got) != 1 || got[0].Prefix != "45" || len(errs) != 3 ||
		!strings.Contains(errs[0].Error(), `prefix "44", price 1: markup -0.02 on price 0.01`) ||
		!strings.Contains(errs[1].Error(), `prefix "46", price N`) || !errors.Is(errs[2], errSource) {
		t.Errorf("got %v, %v", got, errs)
	}
	for range Build(rows(make([]rating.Rate, 3), nil), Markups{}) {
		break // a consumer may stop
	}
}

func TestInputHash(t *testing.T) {
	quarter, err := ParseMarkup("25%")
	if err != nil {
		t.Fatal(err)
	}
	m := Markups{Prices: quarter}
	terms := rating.DefaultTerms("GBP")
	hash := func(parent string, revision int, rates string, m Markups, t rating.Terms) string {
		h, err := InputHash(parent, revision, rates, m, t)
		if err != nil {
			panic(err)
		}
		return h
	}
	base := hash("carrier", 1, "abc", m, terms)
	if again := hash("carrier", 1, "abc", m, terms); again != base || len(base) != 64 {
		t.Fatalf("the same inputs give %s and %s", base, again)
	}
	if Stale(Revision{Inputs: base}, base) || !Stale(Revision{Inputs: base}, "other") || !Stale(Revision{}, base) {
		t.Error("stale is not: built from other inputs")
	}
	if _, err := InputHash("carrier", 1, "abc", m, rating.Terms{}); err == nil {
		t.Error("terms that are none have a hash")
	}
	changed := map[string]string{
		"card":     hash("carrie", 1, "abc", m, terms),
		"revision": hash("carrier", 2, "abc", m, terms),
		"rates":    hash("carrier", 1, "abd", m, terms),
		"shift":    hash(`carrier" 1 "abc`, 1, "", m, terms),
		"markup":   hash("carrier", 1, "abc", Markups{}, terms),
		"events":   hash("carrier", 1, "abc", Markups{Events: quarter}, terms),
		"both":     hash("carrier", 1, "abc", Markups{Prices: quarter, Events: quarter}, terms),
	}
	// Every term counts, also one that is added later.
	for i := range reflect.TypeFor[rating.Terms]().NumField() {
		other := terms
		f := reflect.ValueOf(&other).Elem().Field(i)
		switch {
		case f.CanInt():
			f.SetInt(f.Int() + 1)
		case f.CanUint():
			f.SetUint(f.Uint() + 1)
		case f.Kind() == reflect.Bool:
			f.SetBool(!f.Bool())
		case f.Kind() == reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case f.Kind() == reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		default:
			f.SetString("EUR")
		}
		changed[reflect.TypeFor[rating.Terms]().Field(i).Name] = hash("carrier", 1, "abc", m, other)
	}
	seen := map[string]string{base: "nothing"}
	for what, h := range changed {
		if seen[h] != "" {
			t.Errorf("a change of %s gives the same hash as of %s", what, seen[h])
		}
		seen[h] = what
	}
}

func at(s string) time.Time {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return v
}

func TestLog(t *testing.T) {
	var l Log
	if _, ok := l.At(at("2026-01-01T00:00:00Z")); ok {
		t.Error("a card without activations has a live revision")
	}
	recorded := at("2026-01-10T00:00:00Z")
	for _, a := range []Activation{
		{Revision: 1, RecordedAt: recorded},
		{Revision: 2, From: at("2026-02-01T00:00:00Z"), RecordedAt: recorded},
		{Revision: 3, From: at("2026-03-01T00:00:00Z"), RecordedAt: recorded.Add(time.Hour)},
		{Revision: 4, From: at("2026-02-01T01:00:00+01:00"), RecordedAt: recorded.Add(2 * time.Hour)}, // the same instant as 2
		{Revision: 1, From: at("2026-04-01T00:00:00Z"), RecordedAt: recorded.Add(2 * time.Hour)},      // back to the first
	} {
		longer, err := l.Append(a)
		if err != nil {
			t.Fatal(err)
		}
		if len(longer) != len(l)+1 {
			t.Fatalf("%d entries after %d", len(longer), len(l))
		}
		l = longer
	}
	for instant, want := range map[string]int{
		"0001-01-01T00:00:00Z": 1, "2026-01-31T23:59:59Z": 1, "2026-02-01T00:00:00Z": 4, "2026-02-28T23:59:59Z": 4,
		"2026-03-01T00:00:00Z": 3, "2026-04-01T00:00:00+02:00": 3, "2026-04-01T00:00:00Z": 1, "2999-01-01T00:00:00Z": 1,
	} {
		if got, ok := l.At(at(instant)); !ok || got != want {
			t.Errorf("at %s revision %d is live (%v), want %d", instant, got, ok, want)
		}
	}
}

func TestLogRefuses(t *testing.T) {
	day := at("2026-01-10T00:00:00Z")
	l := Log{{Revision: 1, RecordedAt: day}}
	for _, tc := range []struct {
		log  Log
		a    Activation
		want string
	}{
		{nil, Activation{Revision: 1, From: day, RecordedAt: day}, "from its beginning"},
		{nil, Activation{Revision: 0, RecordedAt: day}, "want 1 or more"},
		{nil, Activation{Revision: 1}, "want the instant it was recorded"},
		{l, Activation{Revision: 2, RecordedAt: day}, "revision 1 is, want an instant"},
		{l, Activation{Revision: 2, From: day, RecordedAt: day.Add(-1)}, "before the last entry"},
	} {
		if _, err := tc.log.Append(tc.a); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: got %v, want %q", tc.a, err, tc.want)
		}
	}
}

// What was appended stays: two logs grown from one do not write over each other.
func TestLogGrowsApart(t *testing.T) {
	day := at("2026-01-10T00:00:00Z")
	l := append(make(Log, 0, 8), Activation{Revision: 1, RecordedAt: day})
	a, errA := l.Append(Activation{Revision: 2, From: day, RecordedAt: day})
	b, errB := l.Append(Activation{Revision: 3, From: day, RecordedAt: day})
	if errA != nil || errB != nil || a[1].Revision != 2 || b[1].Revision != 3 {
		t.Errorf("%v %v, %v %v", a, b, errA, errB)
	}
}

// At agrees with sorting the log by (from, place in the log).
func TestLogAtIsTheLatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := at("2026-01-01T00:00:00Z")
		l := Log{{Revision: 1, RecordedAt: start}}
		days := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 8).Draw(t, "days")
		for i, d := range days {
			var err error
			if l, err = l.Append(Activation{Revision: i + 2, From: start.AddDate(0, 0, d), RecordedAt: start}); err != nil {
				t.Fatal(err)
			}
		}
		for day := -1; day < 11; day++ {
			want, latest := 1, -1
			for i, d := range days {
				if d <= day && d >= latest {
					want, latest = i+2, d
				}
			}
			if got, ok := l.At(start.AddDate(0, 0, day)); !ok || got != want {
				t.Fatalf("day %d: %d (%v), want %d", day, got, ok, want)
			}
		}
	})
}

func drawRate(t *rapid.T) rating.Rate {
	p := rapid.Custom(func(t *rapid.T) money.Price { return money.Price(rapid.Int64Min(0).Draw(t, "price")) })
	few := func(what string, limit uint32) uint32 {
		if rapid.Bool().Draw(t, what+" is there") {
			return rapid.Uint32Range(0, limit).Draw(t, what)
		}
		return 0
	}
	yes := func(what string) bool { return rapid.IntRange(0, 3).Draw(t, what) == 0 }
	name := func(what string) string {
		if !yes(what) {
			return ""
		}
		return rapid.StringMatching(`[A-Za-zÀ-ž0-9 ,;"'=-]{1,20}`).Draw(t, what)
	}
	r := rating.Rate{
		Kind:        call.Kind(rapid.IntRange(0, call.Kinds-1).Draw(t, "kind")),
		Prefix:      rapid.StringMatching(`[0-9]{0,15}`).Draw(t, "prefix"),
		Destination: name("destination"), Band: name("band"), Tag: name("tag"), Area: name("area"),
		ConnectionFee: p.Draw(t, "fee"), Minimum: few("minimum", rating.MaxInterval), Grace: few("grace", rating.MaxInterval),
		Free: few("free", rating.MaxInterval), Access: yes("access"),
		Blocked: yes("blocked"), AssumedPulse: yes("assumed"),
		Class: rating.Class(rapid.IntRange(0, 6).Draw(t, "class")),
	}
	if r.Local = r.Area != "" && yes("local"); !r.Local {
		r.Origin = name("origin")
	}
	if r.Prefix == "" {
		r.Service = name("service")
	}
	r.NoGrace = r.Grace == 0 && yes("no grace")
	if yes("limits") {
		r.MinCharge, r.MaxCharge = p.Draw(t, "min"), p.Draw(t, "max")
		if r.MaxCharge < r.MinCharge {
			r.MinCharge, r.MaxCharge = r.MaxCharge, r.MinCharge
		}
	}
	if yes("dates") {
		r.From, r.To = rapid.Int64().Draw(t, "from"), rapid.Int64().Draw(t, "to")
		if r.From > r.To {
			r.From, r.To = r.To, r.From
		}
		if r.From == r.To {
			r.To = 0
		}
	}
	if yes("digits") {
		r.MinDigits = rapid.Uint8().Draw(t, "min digits")
		r.MaxDigits = rapid.Uint8Min(r.MinDigits).Draw(t, "max digits")
	}
	switch rapid.IntRange(0, 3).Draw(t, "priced") {
	case 0:
		r.Tiers = drawTiers(t, p)
		r.Per = few("per", 3600)
		return r
	case 1:
		r.Per, r.Price1 = rating.PerCall, p.Draw(t, "price 1")
		return r
	}
	r.Per, r.Price1 = few("per", rating.MaxInterval), p.Draw(t, "price 1")
	r.Interval1, r.IntervalN = few("interval 1", rating.MaxInterval), few("interval n", rating.MaxInterval)
	r.PriceN = p.Draw(t, "price n")
	if r.Interval1 == 0 && r.IntervalN == 0 {
		r.Price1 = 0
	}
	return r
}

func drawTiers(t *rapid.T, p *rapid.Generator[money.Price]) []rating.Tier {
	var tiers []rating.Tier
	from := uint32(1)
	for range rapid.IntRange(0, 4).Draw(t, "tiers") {
		length := rapid.Uint32Range(1, 1000).Draw(t, "length")
		tiers = append(tiers, rating.Tier{
			From: from, Length: length, RoundUp: rapid.Uint32Range(0, 60).Draw(t, "round"),
			Price: p.Draw(t, "tier price"), Per: rapid.Uint32Range(0, 60).Draw(t, "tier per"),
		})
		from += length
	}
	tiers = append(tiers, rating.Tier{From: from, Price: p.Draw(t, "last price")})
	for range rapid.IntRange(0, 2).Draw(t, "events") {
		e := rating.Tier{Event: true, From: rapid.Uint32Range(1, 1000).Draw(t, "event"), Price: p.Draw(t, "event price")}
		if e.Every = rapid.Uint32Range(0, 9).Draw(t, "every"); e.Every > 0 {
			e.Length = rapid.Uint32Range(0, 99).Draw(t, "event length")
		}
		tiers = append(tiers, e)
	}
	return tiers
}

func written(t interface{ Fatal(...any) }, rates []rating.Rate) string {
	var b strings.Builder
	n, err := WriteRates(&b, rows(rates, nil))
	if err != nil || n != int64(len(rates)) {
		t.Fatal(n, err)
	}
	return b.String()
}

func TestRatesStoredForm(t *testing.T) {
	got := written(t, []rating.Rate{
		{Prefix: "44", Destination: `United "Kingdom", GB`, Price1: price("0.50"), PriceN: price("0.01"), Interval1: 60, IntervalN: 1, ConnectionFee: price("0.1")},
		{Prefix: "", Blocked: true, AssumedPulse: true},
		{
			Kind: call.SMS, Service: "alerts", Price1: price("0.05"), Per: rating.PerCall, Minimum: 1, MinCharge: price("0.1"), MaxCharge: price("2"),
			Grace: 3, Free: 4, Access: true, From: 1_764_547_200_000_000_000, To: 1_764_547_200_000_000_001, Class: numbering.EEACall,
			Band: "Peak", Origin: "outside = EER", Area: "X", Tag: "t", MinDigits: 8, MaxDigits: 11,
		},
		{Prefix: "1", NoGrace: true, Area: "X", Local: true, Per: 60, Tiers: []rating.Tier{
			{From: 1, Length: 15, RoundUp: 5}, {From: 16, Price: price("0.01"), Per: 1}, {From: 31, Event: true, Every: 60, Length: 600, Price: price("0.2")},
		}},
	})
	want := "prefix\tdestination\tprice_1\tprice_n\tinterval_1\tinterval_n\tconnection_fee\n" +
		"44\tUnited \"Kingdom\", GB\t0.5\t0.01\t60\t1\t0.1\n" +
		"\t\t0\t0\t0\t0\t0\tblocked=1\tassumed=1\n" +
		"\t\t0.05\t0\t0\t0\t0\tkind=sms\tservice=alerts\tper=call\tminimum=1\tmin_charge=0.1\tmax_charge=2\tgrace=3\tfree=4\taccess=1\t" +
		"from=2025-12-01T00:00:00Z\tto=2025-12-01T00:00:00.000000001Z\tclass=eea\tband=Peak\torigin=outside = EER\tarea=X\ttag=t\tmin_digits=8\tmax_digits=11\n" +
		"1\t\t0\t0\t0\t0\t0\tper=60\tno_grace=1\ttiers=m1,15,5,0,0;m16,0,0,0.01,1;e31,600,60,0.2,0\tarea=X\tlocal=1\n" +
		"end\t4\t"
	if !strings.HasPrefix(got, want) || len(got) != len(want)+65 {
		t.Errorf("got\n%s", got)
	}
}

// Whatever a rate may hold at most has a line that is read again.
func TestLongestRateComesBack(t *testing.T) {
	most := money.Price(math.MaxInt64)
	name := strings.Repeat("é", rating.MaxName/2)
	r := rating.Rate{
		Kind: call.Data, Prefix: "", Service: name, Destination: strings.Repeat("é", rating.MaxDestination/2), Band: name, Origin: name, Area: name, Tag: name,
		Per: rating.MaxUnits, ConnectionFee: most, MinCharge: most, MaxCharge: most, Minimum: rating.MaxUnits, Grace: rating.MaxUnits, Free: rating.MaxUnits,
		Access: true, Blocked: true, AssumedPulse: true, From: math.MinInt64, To: math.MaxInt64, Class: numbering.Indeterminate, MinDigits: 255, MaxDigits: 255,
	}
	for range rating.MaxTiers {
		r.Tiers = append(r.Tiers, rating.Tier{From: rating.MaxUnits, Length: rating.MaxUnits, Event: true, Every: rating.MaxUnits, Price: most})
	}
	got, errs := collect(ReadRates(strings.NewReader(written(t, []rating.Rate{r}))))
	if diff := cmp.Diff([]rating.Rate{r}, got); diff != "" || len(errs) > 0 {
		t.Errorf("%v (-want +got)\n%s", errs, diff)
	}
}

// What is read is what was written, and a change of any byte or a cut at any
// place is refused.
func TestRatesComeBackOrAreRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rates := rapid.SliceOfN(rapid.Custom(drawRate), 0, 6).Draw(t, "rates")
		text := written(t, rates)
		got, errs := collect(ReadRates(strings.NewReader(text)))
		if diff := cmp.Diff(rates, got); len(errs) > 0 || len(rates) > 0 && diff != "" {
			t.Fatalf("%v (-want +got)\n%s", errs, diff)
		}
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		changed := []byte(text)
		changed[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		for what, broken := range map[string]string{"cut": text[:at], "changed": string(changed), "longer": text + text[at:]} {
			if _, errs := collect(ReadRates(strings.NewReader(broken))); len(errs) != 1 {
				t.Fatalf("a text %s at %d gives the errors %v, want one\n%q", what, at, errs, broken)
			}
		}
	})
}

func TestWriteRatesRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		rate rating.Rate
		want string
	}{
		"an invalid rate":   {rating.Rate{Prefix: "4x"}, "want digits only"},
		"a tab in a name":   {rating.Rate{Destination: "a\tb"}, "want no control characters"},
		"a line in a name":  {rating.Rate{Destination: "a\nb"}, "want no control characters"},
		"a name of 5000":    {rating.Rate{Destination: strings.Repeat("x", 5000)}, "want at most 256"},
		"a negative amount": {rating.Rate{Price1: -1}, "want 0 or more"},
	} {
		var b strings.Builder
		_, err := WriteRates(&b, rows([]rating.Rate{{Prefix: "1"}, tc.rate}, nil))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
		if _, errs := collect(ReadRates(strings.NewReader(b.String()))); len(errs) != 1 {
			t.Errorf("%s: what was written is accepted: %q", name, b.String())
		}
	}
	if _, err := WriteRates(&strings.Builder{}, rows(nil, errSource)); !errors.Is(err, errSource) {
		t.Errorf("an error of the rates became %v", err)
	}
	for _, room := range []int{0, 120} {
		if _, err := WriteRates(&full{room}, rows([]rating.Rate{{Prefix: "1"}}, nil)); !errors.Is(err, errSource) {
			t.Errorf("a full disk became %v", err)
		}
	}
}

// full has room for so many bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errSource
	}
	return len(b), nil
}

func TestReadRatesRefuses(t *testing.T) {
	good := written(t, []rating.Rate{{Prefix: "1", Price1: price("0.5"), Interval1: 60}})
	for name, tc := range map[string]struct{ old, new, want string }{
		"another header":      {"prefix\t", "code\t", "line 1: want the header"},
		"a price spelled out": {"\t0.5\t", "\t0.50\t", "is not how the rate is written"},
		"a flag of 2":         {"\t0\nend", "\t0\tblocked=2\nend", "is not how the rate is written"},
		"a flag twice":        {"\t0\nend", "\t0\tblocked=1\tblocked=1\nend", "is not how the rate is written"},
		"cells out of order":  {"\t0\nend", "\t0\tassumed=1\tblocked=1\nend", "is not how the rate is written"},
		"an empty cell":       {"\t0\nend", "\t0\ttag=\nend", "is not how the rate is written"},
		"an unknown cell":     {"\t0\nend", "\t0\tmoon=1\nend", "nothing of that name"},
		"no instant":          {"\t0\nend", "\t0\tfrom=2026\nend", "parsing time"},
		"a far instant":       {"\t0\nend", "\t0\tfrom=9999-01-01T00:00:00Z\nend", "is not how the rate is written"},
		"no tier":             {"\t0\nend", "\t0\ttiers=m1,2\nend", "want tiers such as"},
		"a cell too few":      {"\t0\nend", "\nend", "line 2: 6 cells, want at least 7"},
		"no number":           {"\t0.5\t", "\tx\t", `line 2: amount "x"`},
		"a row more":          {"end", "2\t\t0\t0\t0\t0\t0\nend", "rates are missing or were changed"},
		"a row less":          {"1\t\t0.5\t0\t60\t0\t0\n", "", "rates are missing or were changed"},
		"a long line":         {"1\t", strings.Repeat("1", 9999), "longer than 4096 bytes"},
	} {
		_, errs := collect(ReadRates(strings.NewReader(strings.Replace(good, tc.old, tc.new, 1))))
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, errs, tc.want)
		}
	}
	for range ReadRates(strings.NewReader(good)) {
		break // a consumer may stop
	}
}

func FuzzReadRates(f *testing.F) {
	f.Add(written(f, nil))
	f.Add(written(f, []rating.Rate{{Prefix: "44", Destination: "UK", Price1: price("0.5"), PriceN: price("0.01"), Interval1: 60, IntervalN: 1}}))
	f.Add(written(f, []rating.Rate{{}, {Prefix: "1900", Blocked: true}}) + "x")
	f.Add(ratesHeader + "\nend\t0\t\n")
	f.Add(written(f, []rating.Rate{{Kind: call.SMS, Service: "s", Per: rating.PerCall, From: 1, Class: numbering.Local, NoGrace: true}, {Prefix: "1", Tiers: []rating.Tier{{From: 1}}}}))
	f.Fuzz(func(t *testing.T, text string) {
		rates, errs := collect(ReadRates(strings.NewReader(text)))
		if len(errs) > 1 {
			t.Fatalf("more than one error: %v", errs)
		}
		for _, r := range rates {
			if err := r.Validate(); err != nil {
				t.Fatalf("%+v: %v", r, err)
			}
		}
		if len(errs) == 0 && written(t, rates) != text {
			t.Fatalf("%q is another spelling of the same rates", text)
		}
		packed, err := Read(strings.NewReader(text))
		if (err == nil) != (len(errs) == 0) || err == nil && packed.Len() != len(rates) {
			t.Fatalf("packed %v, one by one %v", err, errs)
		}
	})
}
