package ratecard

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

// drawAlike draws rates that have names, terms and times in common, as those of a
// card have.
func drawAlike(t *rapid.T) []rating.Rate {
	few := rapid.SliceOfN(rapid.Custom(drawRate), 1, 4).Draw(t, "kinds of rates")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rating.Rate {
		r := rapid.SampledFrom(few).Draw(t, "terms")
		other := rapid.SampledFrom(few).Draw(t, "name and time")
		r.Destination, r.From, r.To = other.Destination, other.From, other.To
		if r.From == math.MinInt64 {
			r.From = 0 // packed rates are open there
		}
		if r.To == math.MaxInt64 {
			r.To = 0
		}
		if r.Service == "" {
			r.Prefix = rapid.StringMatching(`[0-9]{0,15}`).Draw(t, "prefix")
		}
		if len(r.Tiers) == 0 && (r.Interval1 > 0 || r.IntervalN > 0) {
			r.Price1 = drawPrice(t)
			if r.PriceN > 0 {
				r.PriceN = rapid.SampledFrom([]money.Price{r.PriceN, r.Price1}).Draw(t, "price N")
			}
		}
		return r
	}), 0, 12).Draw(t, "rates")
}

func drawPrice(t *rapid.T) money.Price {
	return money.Price(rapid.OneOf(rapid.Int64Range(0, 1<<63-1), rapid.Map(rapid.Int64Range(0, 9_999), func(n int64) int64 { return n * 100_000_000 })).Draw(t, "price"))
}

// Packed rates are written as any others, and what is read packed is what is read
// one by one: the same rates, or the same error.
func TestPackedRatesAreStoredAsOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rates := drawAlike(t)
		packed, err := Collect(Rows(rates))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if n, err := packed.Write(&b); err != nil || n != int64(len(rates)) {
			t.Fatalf("%d rates of %d are written: %v", n, len(rates), err)
		}
		text := b.String()
		if want := written(t, rates); text != want {
			t.Fatalf("written packed:\n%s\nwant\n%s", text, want)
		}
		sameRead(t, text)
		// A character that is another, with a checksum that is right.
		lines := strings.SplitAfter(text, "\n")
		body := []byte(strings.Join(lines[:len(lines)-2], ""))
		at := rapid.IntRange(0, len(body)-1).Draw(t, "at")
		body[at] = rapid.SampledFrom([]byte("019.\t\n-=aé\x00 ")).Draw(t, "character")
		sum := sha256.New()
		sum.Write(body)
		sameRead(t, string(body)+string(endLine(int64(len(rates)), sum)))
	})
}

func sameRead(t *rapid.T, text string) {
	t.Helper()
	one, oneErr := Collect(ReadRates(strings.NewReader(text)))
	all, err := Read(strings.NewReader(text))
	if (err == nil) != (oneErr == nil) {
		t.Fatalf("%q: read packed %v, one by one %v", text, err, oneErr)
	}
	if err != nil {
		if !strings.HasSuffix(oneErr.Error(), err.Error()) { // it says before how many rates there are
			t.Fatalf("%q: read packed %v, one by one %v", text, err, oneErr)
		}
		return
	}
	got, _ := collect(all.All())
	want, _ := collect(one.All())
	if d := gocmp.Diff(want, got); d != "" {
		t.Fatalf("%q (-want +got)\n%s", text, d)
	}
}

func TestPackedRatesAreWrittenOrRefused(t *testing.T) {
	good := rating.Rate{Prefix: "1", Destination: "a", Price1: 1, PriceN: 1, Interval1: 1, IntervalN: 1}
	bad := changed(good, func(r *rating.Rate) { r.Price1 = -1 })
	tab := changed(good, func(r *rating.Rate) { r.Destination = "a\tb" })
	both := changed(good, func(r *rating.Rate) { r.To = 1; r.From = 2 })
	for what, tt := range map[string]struct {
		rate rating.Rate
		want string
	}{"price": {bad, "want 0 or more"}, "name": {tab, "want no control characters"}, "times": {both, "it ends before it begins"}} {
		packed, err := Collect(Rows([]rating.Rate{good, good, tt.rate}))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := packed.Write(&strings.Builder{}); n != 2 || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %d rates, %v", what, n, err)
		}
	}
	var none Rates
	var b strings.Builder
	if n, err := none.Write(&b); n != 0 || err != nil || b.String() != written(t, nil) {
		t.Errorf("no rates: %d, %v, %q", n, err, b.String())
	}
	packed, err := Collect(Rows([]rating.Rate{good}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := packed.Write(&full{10}); err == nil {
		t.Error("a full disk is no error")
	}
}

func TestPricesAreWrittenWithoutZerosAtTheirEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := money.Price(rapid.Int64().Draw(t, "price"))
		if rapid.Bool().Draw(t, "usual") {
			p = drawPrice(t)
		}
		text := string(appendPrice(nil, p))
		if want := p.Amount().Trim().String(); text != want {
			t.Fatalf("%d is written %s, want %s", p, text, want)
		}
		if got, ok := priceOf([]byte(text)); ok != (p >= 0) || ok && got != p {
			t.Fatalf("%s is read as %d, %v", text, got, ok)
		}
		// Whatever is read quickly is what is written.
		other := []byte(text)
		other[rapid.IntRange(0, len(other)-1).Draw(t, "at")] = rapid.SampledFrom([]byte("019.x")).Draw(t, "character")
		if got, ok := priceOf(other); ok && string(appendPrice(nil, got)) != string(other) {
			t.Fatalf("%s is read as %d", other, got)
		}
	})
}

// The rates that a deck is applied to stay as they are, whatever it does to them,
// and what it made of them compares with them as with any others.
func TestApplyLeavesTheRatesThatItIsAppliedTo(t *testing.T) {
	before := []rating.Rate{is("44", "1", 0, 0), is("33", "2", 0, 0), is("49", "3", 0, 0)}
	card, err := Collect(Rows(before))
	if err != nil {
		t.Fatal(err)
	}
	deck := []Command{
		{Line: 2, Action: Update, ID: ID(&before[0]), Rate: is("45", "1", 0, 0)}, // another prefix
		{Line: 3, Action: Set, Rate: is("33", "5", 0, 0)},
		{Line: 4, Action: Delete, Rate: rating.Rate{Prefix: "49"}},
		{Line: 5, Action: Add, Rate: is("1", "7", 0, 0)},
	}
	next, result, err := card.Apply(Commands(deck), Options{At: hour(now)})
	if err != nil || len(result.Problems) > 0 {
		t.Fatalf("%v, %v", result.Problems, err)
	}
	after, _ := collect(card.All())
	if d := gocmp.Diff(before, after); d != "" {
		t.Errorf("the rates are others now (-want +got)\n%s", d)
	}
	o := DiffOptions{At: hour(now), Notice: Notice{Terms: plain}}
	text := func(differences func(func(Difference, error) bool)) (lines []string) {
		for d, err := range differences {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s %+v %+v %+v", d.Class, d.Old, d.New, d.Move))
		}
		return lines
	}
	shared, apart := text(card.Diff(next, o)), text(Diff(card.All(), next.All(), o))
	if d := gocmp.Diff(apart, shared); d != "" || len(shared) != 5 {
		t.Errorf("%d differences (-apart +shared)\n%s", len(shared), d)
	}
}
