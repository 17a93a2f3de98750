package ratecard

import (
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/money"
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
	got, errs := collect(Build(rows(provider, nil), m))
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

func TestBuildListsEveryRateThatCannotBePriced(t *testing.T) {
	m, err := ParseMarkup("-0.02")
	if err != nil {
		t.Fatal(err)
	}
	got, errs := collect(Build(rows([]rating.Rate{
		{Prefix: "44", Price1: price("0.01"), PriceN: price("0.05"), IntervalN: 1},
		{Prefix: "45", Price1: price("0.05"), PriceN: price("0.05"), IntervalN: 1},
		{Prefix: "46", Price1: price("0.05"), PriceN: price("0.01"), IntervalN: 1},
	}, errSource), m))
	if len(got) != 1 || got[0].Prefix != "45" || len(errs) != 3 ||
		!strings.Contains(errs[0].Error(), `prefix "44", price 1: markup -0.02 on price 0.01`) ||
		!strings.Contains(errs[1].Error(), `prefix "46", price N`) || !errors.Is(errs[2], errSource) {
		t.Errorf("got %v, %v", got, errs)
	}
	for range Build(rows(make([]rating.Rate, 3), nil), Markup{}) {
		break // a consumer may stop
	}
}

func TestInputHash(t *testing.T) {
	m, err := ParseMarkup("25%")
	if err != nil {
		t.Fatal(err)
	}
	terms := rating.DefaultTerms("GBP")
	base := InputHash("carrier", 1, "abc", m, terms)
	if again := InputHash("carrier", 1, "abc", m, terms); again != base || len(base) != 64 {
		t.Fatalf("the same inputs give %s and %s", base, again)
	}
	if Stale(Revision{Inputs: base}, base) || !Stale(Revision{Inputs: base}, "other") || !Stale(Revision{}, base) {
		t.Error("stale is not: built from other inputs")
	}
	changed := map[string]string{
		"card":     InputHash("carrie", 1, "abc", m, terms),
		"revision": InputHash("carrier", 2, "abc", m, terms),
		"rates":    InputHash("carrier", 1, "abd", m, terms),
		"shift":    InputHash(`carrier" 1 "abc`, 1, "", m, terms),
		"markup":   InputHash("carrier", 1, "abc", Markup{}, terms),
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
		default:
			f.SetString("EUR")
		}
		changed[reflect.TypeFor[rating.Terms]().Field(i).Name] = InputHash("carrier", 1, "abc", m, other)
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
	r := rating.Rate{
		Prefix:      rapid.StringMatching(`[0-9]{0,16}`).Draw(t, "prefix"),
		Destination: rapid.StringMatching(`[A-Za-zÀ-ž0-9 ,;"'=-]{0,20}`).Draw(t, "destination"),
		Price1:      p.Draw(t, "price 1"), ConnectionFee: p.Draw(t, "fee"),
		Interval1: rapid.Uint32Range(0, rating.MaxInterval).Draw(t, "interval 1"),
		IntervalN: rapid.Uint32Range(0, rating.MaxInterval).Draw(t, "interval n"),
		Blocked:   rapid.Bool().Draw(t, "blocked"), AssumedPulse: rapid.Bool().Draw(t, "assumed"),
	}
	if r.IntervalN > 0 {
		r.PriceN = p.Draw(t, "price n")
	} else if r.Interval1 == 0 {
		r.Price1 = 0
	}
	return r
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
	})
	want := "prefix\tdestination\tprice_1\tprice_n\tinterval_1\tinterval_n\tconnection_fee\tblocked\tassumed\n" +
		"44\tUnited \"Kingdom\", GB\t0.5\t0.01\t60\t1\t0.1\t0\t0\n" +
		"\t\t0\t0\t0\t0\t0\t1\t1\n" +
		"end\t2\t"
	if !strings.HasPrefix(got, want) || len(got) != len(want)+65 {
		t.Errorf("got\n%s", got)
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
		"a flag of 2":         {"\t0\t0\nend", "\t0\t2\nend", "is not how the rate is written"},
		"a cell too few":      {"\t0\t0\nend", "\t0\nend", "line 2: 8 cells, want 9"},
		"no number":           {"\t0.5\t", "\tx\t", `line 2: amount "x"`},
		"a row more":          {"end", "2\t\t0\t0\t0\t0\t0\t0\t0\nend", "rates are missing or were changed"},
		"a row less":          {"1\t\t0.5\t0\t60\t0\t0\t0\t0\n", "", "rates are missing or were changed"},
		"a long line":         {"1\t", strings.Repeat("1", 9999), "longer than 1024 bytes"},
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
	})
}
