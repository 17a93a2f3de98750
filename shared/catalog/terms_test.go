package catalog_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// ruled is terms in which nothing is as usual.
const ruled = `{"decimals": 0, "rounding": "up", "duration_rounding": "down", "keep_fractions": true, "model": "continuous", "charge_zero_seconds": true,
	"short_digits": 0, "grace": 5, "grace_mode": "up_to", "free": 10, "free_first": true, "minimum": 3, "min_charge": "0.05", "max_charge": "2.5",
	"surcharge": "0.1", "access": "0.13", "presentation": "local_eea_international", "dearer_indeterminate": true, "eea_from": ["FR"], "eea_to": ["DE"], "by_lrn": true,
	"bands": {"zone": "Europe/London", "split": true, "names": ["Peak", "Rest"], "windows": [
		{"band": "Peak", "days": ["mon", "tue"], "from": "08:00", "to": "18:00"}, {"band": "Rest", "from": "00:00", "to": "24:00"}], "dates": [{"on": "12-25", "as": "sun"}]},
	"origins": [{"name": "EER", "prefixes": ["33"]}, {"name": "none", "invalid": true}],
	"surcharges": [{"origin": "none", "to": ["44"], "per_minute": "0.25", "per_call": "0.01"}]}`

func TestTermsOfASetupReachTheCardAndComeBack(t *testing.T) {
	in := install(t, t.TempDir())
	t.Cleanup(in.close)
	in.load(strings.Replace(setupText, `{"decimals": 4, "rounding": "half-up"}`, ruled, 1))
	in.apply(in.drop("carrier/a.csv", "prefix,rate,billing,band\n44,0.50,1/1,Peak\n44,0.25,1/1,Rest\n", noon))
	in.compile(noon)
	info, err := in.buckets.Cards.Stat(ctx, in.card("retail").Images["1"])
	if err != nil {
		t.Fatal(err)
	}
	card, err := rating.Open(in.read(info.Name, info.Generation))
	if err != nil {
		t.Fatal(err)
	}
	var want rating.Terms
	if err := json.Unmarshal([]byte(ruled), &want); err != nil {
		t.Fatal(err)
	}
	want.Currency = "GBP"
	if diff := cmp.Diff(want, card.Terms()); diff != "" {
		t.Errorf("the card's terms (-want +got)\n%s", diff)
	}
	for i := range reflect.TypeFor[rating.Terms]().NumField() {
		if reflect.ValueOf(want).Field(i).IsZero() && !strings.Contains("Decimals ShortDigits", reflect.TypeFor[rating.Terms]().Field(i).Name) {
			t.Errorf("%s is not tried here", reflect.TypeFor[rating.Terms]().Field(i).Name)
		}
	}
	// Once more in, nothing is written.
	before, err := in.docs.Get(ctx, documents.Path{Collection: "definitions", ID: "retail"})
	if err != nil {
		t.Fatal(err)
	}
	in.load(strings.Replace(setupText, `{"decimals": 4, "rounding": "half-up"}`, ruled, 1))
	after, err := in.docs.Get(ctx, documents.Path{Collection: "definitions", ID: "retail"})
	if err != nil || after.Version != before.Version {
		t.Errorf("an equal setup changed the definition: %v", err)
	}
	if got := in.compile(noon); len(got) != 0 {
		t.Errorf("compiled again: %v", got)
	}
}

func TestTermsThatAreLeftOutAreAsUsual(t *testing.T) {
	for text, change := range map[string]func(*rating.Terms){
		``:                                func(*rating.Terms) {},
		`, "terms": {}`:                   func(*rating.Terms) {},
		`, "terms": {"decimals": 0}`:      func(t *rating.Terms) { t.Decimals = 0 },
		`, "terms": {"short_digits": 0}`:  func(t *rating.Terms) { t.ShortDigits = 0 },
		`, "terms": {"rounding": "down"}`: func(t *rating.Terms) { t.Rounding = money.Down },
	} {
		s, err := catalog.ParseSetup(strings.NewReader(strings.Replace(setupText, ",\n     \"terms\": {\"decimals\": 4, \"rounding\": \"half-up\"}", text, 1)))
		if err != nil {
			t.Fatal(err)
		}
		want := rating.DefaultTerms("GBP")
		change(&want)
		if diff := cmp.Diff(want, s.Cards[1].Terms.Rating("GBP")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
}

func TestTermsThatAreNoneAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"currency": "EUR"}`:           "the currency is the card's",
		`{"whole_call_multiple": true}`: "unknown field",
		`{"model": "first"}`:            "want first_then_pulse, whole_call_multiple, continuous",
		`{"model": 1}`:                  "cannot unmarshal",
		`{"grace_mode": ""}`:            "want under, up_to, deducted",
		`{"presentation": "us"}`:        "want single_rate, inter_intra",
		`{"decimals": 21}`:              "21 decimals",
		`{"eea_to": ["Austria"]}`:       "Austria",
		`{"bands": {"names": ["a"], "windows": [], "splitt": true}}`: "unknown field",
		`[]`:    "cannot unmarshal",
		`{} {}`: "after top-level value",
		strings.Repeat(" ", catalog.MaxTerms) + `{}`: "more than",
	} {
		if _, err := catalog.ReadTerms(strings.NewReader(text)); !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %q", text, err, want)
		}
	}
	large := catalog.DefaultTerms()
	large.Origins = []rating.Origin{{Name: "all", Prefixes: slices.Repeat([]string{"1234567"}, 60_000)}}
	if err := large.Check(); err == nil || !strings.Contains(err.Error(), "fewer prefixes") {
		t.Errorf("terms that no document can hold: %v", err)
	}
	got, err := catalog.ReadTerms(strings.NewReader(ruled))
	if err != nil || got.Grace != 5 || got.GraceMode != rating.GraceUpTo {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever terms are, as JSON and as a document they come back.
func TestTermsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := catalog.Definition{ID: "x", Kind: catalog.Customer, Currency: "GBP", Activate: catalog.AtArrival, Parent: "y", Terms: drawTerms(t)}
		for _, m := range []*ratecard.Markup{&d.Markup, &d.EventMarkup} {
			if err := m.UnmarshalText([]byte(rapid.SampledFrom([]string{"none", "12.5%", "+0", "=0.1"}).Draw(t, "markup"))); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Check(); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var fromJSON, fromDoc catalog.Definition
		if err := json.Unmarshal(b, &fromJSON); err != nil {
			t.Fatal(err)
		}
		fields, err := documents.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := fields.Decode(&fromDoc); err != nil {
			t.Fatal(err)
		}
		same := cmp.AllowUnexported(d.Markup)
		if diff := cmp.Diff(d, fromJSON, same); diff != "" {
			t.Fatalf("by JSON (-want +got)\n%s\n%s", diff, b)
		}
		if diff := cmp.Diff(d, fromDoc, same); diff != "" {
			t.Fatalf("by a document (-want +got)\n%s", diff)
		}
	})
}

func drawTerms(t *rapid.T) catalog.Terms {
	out := catalog.DefaultTerms()
	yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
	amount := func(what string) money.Price { return money.Price(rapid.Int64Range(0, 1e15).Draw(t, what)) }
	method := func(what string) money.Rounding { return money.Rounding(rapid.IntRange(1, 4).Draw(t, what)) }
	seconds := func(what string) uint32 { return rapid.Uint32Range(0, rating.MaxInterval).Draw(t, what) }
	out.Decimals, out.Rounding, out.DurationRounding = rapid.IntRange(0, 20).Draw(t, "decimals"), method("rounding"), method("duration rounding")
	out.Model = rating.IncrementModel(rapid.IntRange(1, 3).Draw(t, "model"))
	out.KeepFractions, out.ChargeZeroSeconds, out.ShortDigits = yes("fractions"), yes("zero"), rapid.IntRange(0, 15).Draw(t, "short")
	out.Grace, out.GraceMode = seconds("grace"), rating.GraceMode(rapid.IntRange(0, 2).Draw(t, "grace mode"))
	out.Free, out.FreeFirst, out.Minimum = seconds("free"), yes("free first"), seconds("minimum")
	if out.MinCharge = amount("min"); yes("limited") {
		out.MaxCharge = out.MinCharge + amount("max")
	}
	out.Surcharge, out.Access = amount("surcharge"), amount("access")
	out.Presentation, out.DearerIndeterminate = rating.Presentation(rapid.IntRange(0, 3).Draw(t, "presentation")), yes("dearer")
	countries := rapid.SliceOfN(rapid.SampledFrom([]string{"GB", "FR", "US"}), 1, 3)
	if yes("countries") {
		out.EEAFrom, out.EEATo = countries.Draw(t, "from"), countries.Draw(t, "to")
	}
	out.ByLRN = yes("lrn")
	if yes("bands") {
		from := band.TimeOfDay(rapid.IntRange(0, 86398).Draw(t, "from"))
		out.Bands = &band.Set{
			Zone: rapid.SampledFrom([]string{"", "Europe/London"}).Draw(t, "zone"), Split: yes("split"), Names: []string{"a", "b"},
			Windows: []band.Window{
				{Band: "a", Days: []band.Day{band.Monday, band.Holiday}, From: from, To: from + 1, Months: []int{2, 3}, MonthDays: []int{-1}, Years: []int{2026}},
				{Band: "b", To: band.EndOfDay},
			},
			Dates: []band.Date{{On: band.On{Month: time.December, Day: 25}, As: band.Holiday}, {On: band.On{Year: 2026, Month: time.May, Day: 1}, As: band.Sunday}},
		}
	}
	for _, name := range []string{"one", "two"} {
		if !yes(name) {
			continue
		}
		out.Origins = append(out.Origins, rating.Origin{Name: name, Prefixes: rapid.SliceOfN(rapid.StringMatching(`[0-9]{1,15}`), 1, 3).Draw(t, "prefixes"), Invalid: yes("invalid")})
		out.Surcharges = append(out.Surcharges, rating.OriginSurcharge{Origin: name, To: []string{"44"}, PerMinute: amount("minute"), PerCall: amount("call")})
	}
	return out
}

func TestDefaultsOfACarrierAreUsedWhereItsDeckSaysNothing(t *testing.T) {
	in := install(t, t.TempDir())
	t.Cleanup(in.close)
	in.load(strings.Replace(setupText, `"activate": "at_arrival"}`, `"activate": "at_arrival", "increment": "1/1", "defaults": {"connection_fee": "0.05", "per": "second", "grace": 3}}`, 1))
	in.apply(in.drop("carrier/a.csv", deckOf("0.01"), noon))
	rates := in.rates("carrier")
	want := rating.Rate{Prefix: "44", Price1: 1e10, PriceN: 1e10, Interval1: 1, IntervalN: 1, Per: 1, ConnectionFee: 5e10, Grace: 3}
	if len(rates) != 1 {
		t.Fatal(rates)
	}
	if diff := cmp.Diff(want, rates[0]); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"activate": "at_arrival"}`, `"activate": "at_arrival", "defaults": {"per": "hour"}}`, "want minute, second, increment or call"},
		{`"activate": "at_arrival"}`, `"activate": "at_arrival", "defaults": {"connection_fee": "-1"}}`, "want 0 or more"},
		{`"markup": "10%"`, `"markup": "10%", "defaults": {"grace": 1}`, "no increment or defaults"},
	} {
		if _, err := catalog.ParseSetup(strings.NewReader(strings.Replace(setupText, c.old, c.new, 1))); !errors.Is(err, catalog.ErrRefused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		}
	}
}

// A deck may say what holds from when: it is one revision, and each instant has
// its price.
func TestADeckOfSeveralDatesIsOneRevision(t *testing.T) {
	in := start(t)
	d := in.apply(in.drop("carrier/a.csv", "prefix,rate,billing,effective from\n442,1,60/60,\n442,2,60/60,2026-12-01\n442,3,60/60,2027-01-01T00:00:00Z\n", noon))
	if d.State != catalog.DeckApplied || d.Revision != 1 || d.Rates != 3 {
		t.Fatalf("deck %+v", d)
	}
	in.compile(noon)
	info, err := in.buckets.Cards.Stat(ctx, in.card("retail").Images["1"])
	if err != nil {
		t.Fatal(err)
	}
	card, err := rating.Open(in.read(info.Name, info.Generation))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"1999-01-01T00:00:00Z": "1.1000", "2026-11-30T23:59:59Z": "1.1000", "2026-12-01T00:00:00Z": "2.2000", "2027-01-01T00:00:00Z": "3.3000",
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		charge := card.NewPricer().Price(&rating.Usage{Number: "442079460000", Instant: instant.UnixNano(), Quantity: 60e9})
		if charge.Amount.String() != want {
			t.Errorf("at %s a minute costs %s (%s), want %s", at, charge.Amount, charge.Reason, want)
		}
	}
}

// What the rates of a deck ask of a card that does not have it is said, and
// the card goes on as it was.
func TestACardThatLacksWhatItsRatesAskForSaysSo(t *testing.T) {
	in := start(t)
	in.apply(in.drop("carrier/a.csv", deckOf("0.01"), noon))
	in.compile(noon)
	for i, c := range []struct{ deck, want string }{
		{"prefix,rate,band\n44,1,Peak\n", `band "Peak"`},
		{"prefix,rate,origin\n44,1,EER\n", `origin "EER"`},
		{"prefix,inter,intra\n44,1,2\n", `class "int`},
	} {
		at := noon.Add(time.Duration(i+1) * time.Hour)
		in.apply(in.drop("carrier/"+string(rune('b'+i))+".csv", c.deck, at))
		if got := in.compile(at); len(got) != 1 || !strings.Contains(got[0].Failure, c.want) {
			t.Errorf("compiled %v, want a failure with %s", got, c.want)
		}
	}
}
