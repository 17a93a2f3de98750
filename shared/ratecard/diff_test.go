package ratecard

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/rating"
	"pgregory.net/rapid"
)

// plain are terms without rules.
var plain = rating.Terms{Currency: "EUR", Decimals: 4, Rounding: money.HalfUp, DurationRounding: money.HalfUp, Model: rating.FirstThenPulse}

// diff returns differences as tests read them, and what they come to.
func diff(t interface{ Fatal(...any) }, old, new []rating.Rate, o DiffOptions) (out []string, s Summary) {
	for d, err := range Diff(Rows(old), Rows(new), o) {
		if err != nil {
			t.Fatal(err)
		}
		s.Add(&d)
		prefix := ""
		for _, r := range []*rating.Rate{d.Old, d.New} {
			if r != nil {
				prefix = r.Prefix
			}
		}
		text := fmt.Sprintf("%s %s", prefix, d.Class)
		if d.From != 0 {
			text += " " + fmt.Sprint((d.From-hour(1))/hours+1)
		}
		if d.Mixed {
			text += " mixed"
		}
		if d.Later {
			text += " later"
		}
		if d.Move.Quantity != 0 {
			text += fmt.Sprintf(" %s%% at %d", d.Move.Percent(), d.Move.Quantity)
		}
		if d.Days > 0 {
			text += fmt.Sprintf(" %d days", d.Days)
		}
		out = append(out, text)
	}
	return out, s
}

const hours = 3600 * 1_000_000_000

func TestDiff(t *testing.T) {
	base := is("44", "1", 0, 0)
	with := func(f func(*rating.Rate)) rating.Rate { return changed(base, f) }
	blocked := with(func(r *rating.Rate) { r.Blocked = true })
	for _, tc := range []struct {
		name     string
		old, new []rating.Rate
		o        DiffOptions
		want     []string
	}{
		{name: "nothing", old: nil, new: nil},
		{name: "the same", old: []rating.Rate{base}, new: []rating.Rate{base}, want: []string{"44 unchanged"}},
		{name: "new and closed", old: []rating.Rate{base}, new: []rating.Rate{is("45", "1", 0, 0)}, want: []string{"44 closed", "45 new"}},
		{name: "dearer and cheaper", old: []rating.Rate{base, is("45", "3", 0, 0)}, new: []rating.Rate{is("44", "1.1", 0, 0), is("45", "1", 0, 0)},
			want: []string{"44 increase 10.00% at 1", "45 decrease -66.67% at 1"}},
		{name: "dearer by less than a charge shows", old: []rating.Rate{base}, new: []rating.Rate{with(func(r *rating.Rate) { r.Price1 += 1 })}, want: []string{"44 increase 0.00% at 1"}},
		{name: "a longer first block costs more where the call is short", old: []rating.Rate{with(func(r *rating.Rate) { r.Interval1, r.IntervalN = 1, 1 })}, new: []rating.Rate{base},
			want: []string{"44 increase 5900.00% at 1"}},
		{name: "cheaper by the minute, dearer for a second", old: []rating.Rate{with(func(r *rating.Rate) { r.Interval1, r.IntervalN = 1, 1 })}, new: []rating.Rate{is("44", "0.5", 0, 0)},
			want: []string{"44 increase mixed 2900.00% at 1"}},
		{name: "a fee", old: []rating.Rate{base}, new: []rating.Rate{with(func(r *rating.Rate) { r.ConnectionFee = price("1") })}, want: []string{"44 increase 100.00% at 1"}},
		{name: "no longer free", old: []rating.Rate{is("44", "0", 0, 0)}, new: []rating.Rate{base}, want: []string{"44 increase % at 1"}},
		{name: "a price where it makes no difference", old: []rating.Rate{base}, new: []rating.Rate{with(func(r *rating.Rate) { r.MinDigits, r.Area = 0, "Leeds" })}, want: []string{"44 terms_changed"}},
		{name: "another name", old: []rating.Rate{base}, new: []rating.Rate{with(func(r *rating.Rate) { r.Destination = "UK" })}, want: []string{"44 name_only"}},
		{name: "another name and price", old: []rating.Rate{base}, new: []rating.Rate{with(func(r *rating.Rate) { r.Destination = "UK"; r.PriceN = price("2") })}, want: []string{"44 increase 66.67% at 180"}},
		{name: "blocked and not", old: []rating.Rate{base, changed(blocked, func(r *rating.Rate) { r.Prefix = "45" })}, new: []rating.Rate{blocked, is("45", "1", 0, 0)},
			want: []string{"44 blocked", "45 unblocked"}},
		{name: "blocked both, at another price", old: []rating.Rate{blocked}, new: []rating.Rate{changed(blocked, func(r *rating.Rate) { r.Price1 = 0 })}, want: []string{"44 terms_changed"}},
		{name: "by the terms of the card", old: []rating.Rate{base}, new: []rating.Rate{is("44", "2", 0, 0)}, o: DiffOptions{Notice: Notice{Terms: func() rating.Terms {
			t := plain
			t.MinCharge = price("50")
			return t
		}()}}, want: []string{"44 terms_changed"}},
		{name: "other kinds of usage", old: []rating.Rate{with(func(r *rating.Rate) { r.Kind = call.Data; r.Interval1, r.IntervalN = 1, 1 })}, new: []rating.Rate{with(func(r *rating.Rate) { r.Kind = call.Data; r.Interval1, r.IntervalN = 1, 1; r.Price1 = price("2") })},
			want: []string{"44 increase 0.00% at 1000000"}},
		{name: "tiers", old: []rating.Rate{{Prefix: "44", Tiers: []rating.Tier{{From: 1, Length: 60}, {From: 61, Price: price("1")}}}}, new: []rating.Rate{{Prefix: "44", Tiers: []rating.Tier{{From: 1, Length: 30}, {From: 31, Price: price("1")}}}},
			want: []string{"44 increase % at 60"}},
		{name: "from a later instant", old: []rating.Rate{base}, new: []rating.Rate{is("44", "1", 0, 20), is("44", "2", 20, 0)}, want: []string{"44 increase 20 100.00% at 1"}},
		{name: "twice", old: []rating.Rate{base}, new: []rating.Rate{is("44", "1", 0, 15), is("44", "2", 15, 20), is("44", "0.5", 20, 0)}, want: []string{"44 increase 15 100.00% at 1", "44 decrease 20 later -50.00% at 1"}},
		{name: "an increase that will not come", old: []rating.Rate{is("44", "1", 0, 20), is("44", "2", 20, 0)}, new: []rating.Rate{base}, want: []string{"44 decrease 20 -50.00% at 1"}},
		{name: "closed from a later instant", old: []rating.Rate{base}, new: []rating.Rate{is("44", "1", 0, 20)}, want: []string{"44 closed 20"}},
		{name: "an end that both have", old: []rating.Rate{is("44", "1", 0, 20)}, new: []rating.Rate{is("44", "1", 0, 20)}, want: []string{"44 unchanged"}},
		{name: "what is past does not count", old: []rating.Rate{is("44", "3", 0, 5), is("44", "1", 5, 0), is("45", "1", 0, 5)}, new: []rating.Rate{base}, o: DiffOptions{At: hour(now)}, want: []string{"44 unchanged 10", "45 unchanged 10"}},
		{name: "it says from when on", old: []rating.Rate{base}, new: []rating.Rate{is("44", "2", 0, 0)}, o: DiffOptions{At: hour(now)}, want: []string{"44 increase 10 100.00% at 1"}},
		{name: "rows that overlap", old: []rating.Rate{base, is("44", "2", 15, 20)}, new: []rating.Rate{is("44", "1", 0, 15), is("44", "2", 15, 20), is("44", "1", 20, 0)}, want: []string{"44 unchanged"}},
		{name: "in another order", old: []rating.Rate{is("44", "1", 0, 0), is("44", "2", 20, 30)}, new: []rating.Rate{is("44", "2", 20, 30), is("44", "1", 0, 0)}, want: []string{"44 unchanged"}},
		{name: "notice", old: []rating.Rate{base, is("45", "1", 0, 0), is("46", "1", 0, 0)}, new: []rating.Rate{is("44", "2", 0, 0), is("45", "1", 0, 300), is("45", "2", 300, 0), is("46", "0.5", 0, 0)},
			o: DiffOptions{At: hour(now), Notice: week}, want: []string{"44 increase 10 100.00% at 1 7 days", "45 increase 300 100.00% at 1", "46 decrease 10 -50.00% at 1"}},
		{name: "in the order of prefixes", old: []rating.Rate{is("9", "1", 0, 0), is("1", "1", 0, 0), is("10", "1", 0, 0)}, new: []rating.Rate{is("10", "1", 0, 0), is("2", "1", 0, 0), is("", "1", 0, 0)},
			want: []string{" new", "1 closed", "10 unchanged", "2 new", "9 closed"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.o.Terms.Currency == "" {
				tc.o.Terms = plain
			}
			got, s := diff(t, tc.old, tc.new, tc.o)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if s.Rates()+s.Later != int64(len(got)) {
				t.Errorf("the counts do not add up: %+v of %d", s, len(got))
			}
		})
	}
}

func TestDiffRefuses(t *testing.T) {
	bad := is("44", "1", 0, 0)
	other := bad
	other.PriceN, bad.IntervalN = price("2"), 0
	for _, tc := range []struct {
		name     string
		old, new []rating.Rate
		err      error
		o        DiffOptions
		want     string
	}{
		{"terms that are none", nil, nil, nil, DiffOptions{}, "comparing prices"},
		{"a source that fails", nil, nil, errSource, DiffOptions{Notice: Notice{Terms: plain}}, "the old ones: after 0 rates: " + errSource.Error()},
		{"a rate that the terms cannot charge", []rating.Rate{other}, []rating.Rate{bad}, nil, DiffOptions{Notice: Notice{Terms: plain}}, `prefix "44"`},
		{"a prefix that is none", []rating.Rate{is("4-4", "1", 0, 0)}, nil, nil, DiffOptions{Notice: Notice{Terms: plain}}, `prefix "4-4"`},
	} {
		var got error
		for _, err := range Diff(rows(tc.old, tc.err), Rows(tc.new), tc.o) {
			got = errors.Join(got, err)
		}
		if got == nil || !strings.Contains(got.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", tc.name, got, tc.want)
		}
	}
	n := 0
	for range Diff(Rows([]rating.Rate{is("44", "1", 0, 0), is("45", "1", 0, 0)}), Rows(nil), DiffOptions{Notice: Notice{Terms: plain}}) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d differences after the first was enough", n)
	}
}

func TestHolds(t *testing.T) {
	old := []rating.Rate{is("1", "1", 0, 0), is("2", "1", 0, 0), is("3", "1", 0, 0), is("4", "1", 0, 0), changed(is("5", "1", 0, 0), func(r *rating.Rate) { r.Blocked = true })}
	_, s := diff(t, old, []rating.Rate{is("1", "1.255", 0, 0), is("2", "1.2", 0, 0), is("3", "0.7", 0, 0), is("6", "1", 0, 0)}, DiffOptions{At: hour(now), Notice: week})
	want := map[ChangeClass]int64{New: 1, Increase: 2, Decrease: 1, Closed: 2, Blocked: 0, Unblocked: 0, TermsChanged: 0, NameOnly: 0, Unchanged: 0}
	if d := cmp.Diff(want, s.Counts); d != "" || s.Lost != 1 || s.Before != 4 || s.Short != 2 {
		t.Errorf("%+v (-want +got)\n%s", s, d)
	}
	for _, tc := range []struct {
		limits Sanity
		want   []string
	}{
		{Sanity{}, nil},
		{Sanity{MaxIncreasePercent: price("25.5"), MaxDecreasePercent: price("30"), MaxLostPercent: price("25")}, nil},
		{Sanity{MaxIncreasePercent: price("25.499999999999")}, []string{"The largest increase is 25.50%, from 1 to 1.255 for a quantity of 1: at most 25.499999999999% are applied without approval."}},
		{Sanity{MaxDecreasePercent: price("29.9")}, []string{"The largest decrease is 30.00%, from 1 to 0.7 for a quantity of 1: at most 29.9% are applied without approval."}},
		{Sanity{MaxLostPercent: price("24.9")}, []string{"1 of 4 rates are closed or blocked, 25.00%: at most 24.9% are applied without approval."}},
		{Sanity{NoShortNotice: true}, []string{"2 rates change their prices with less notice than agreed."}},
	} {
		if d := cmp.Diff(tc.want, s.Holds(tc.limits)); d != "" {
			t.Errorf("%+v (-want +got)\n%s", tc.limits, d)
		}
	}
	_, s = diff(t, []rating.Rate{is("1", "0", 0, 0), is("2", "1", 0, 0)}, []rating.Rate{is("1", "1", 0, 0), is("2", "9", 0, 0)}, DiffOptions{Notice: Notice{Terms: plain}})
	if got := s.Holds(Sanity{MaxIncreasePercent: price("1000000")}); len(got) != 1 || !strings.Contains(got[0], "from 0 to 1 ") {
		t.Errorf("a price of what was free is held by no limit: %v", got)
	}
}

// Many prices are compared one after another, more than costs are kept.
func TestDiffOfManyPrices(t *testing.T) {
	var old, new []rating.Rate
	for i := range 3 << knownBits {
		r := rating.Rate{Prefix: fmt.Sprint(1_000_000 + i), Price1: money.Price(i + 1), PriceN: money.Price(i + 1), Interval1: 1, IntervalN: 1}
		old = append(old, r)
		r.Price1++
		r.PriceN++
		new = append(new, r)
	}
	_, s := diff(t, old, new, DiffOptions{Notice: Notice{Terms: plain}})
	if s.Counts[Increase] != int64(len(old)) || s.LargestIncrease.Percent() != "100.00" {
		t.Errorf("%+v", s)
	}
}

// scale is how many units of the last decimal make 1.
var scale = new(big.Int).Exp(big.NewInt(10), big.NewInt(money.MaxDecimals), nil)

// The larger of two rises is the larger fraction.
func TestMoveOver(t *testing.T) {
	amount := rapid.Custom(func(t *rapid.T) money.Amount {
		word := rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64(), rapid.Uint64Range(math.MaxUint64-9, math.MaxUint64))
		a, err := money.FromBits(false, word.Draw(t, "hi"), word.Draw(t, "lo"), money.MaxDecimals)
		if err != nil {
			t.Fatal(err)
		}
		return a
	})
	rapid.Check(t, func(t *rapid.T) {
		a := Move{1, amount.Draw(t, "was"), amount.Draw(t, "is")}
		b := Move{1, amount.Draw(t, "other was"), amount.Draw(t, "other is")}
		if rat(a.Was).Sign() == 0 || rat(b.Was).Sign() == 0 {
			t.Skip("a rise from nothing")
		}
		_, hi, lo, _ := a.Is.Bits()
		_, hi2, lo2, _ := b.Is.Bits()
		product := new(big.Int)
		for _, word := range mul128(hi, lo, hi2, lo2) {
			product.Or(product.Lsh(product, 64), new(big.Int).SetUint64(word))
		}
		number := func(a money.Amount) *big.Int {
			return new(big.Int).Mul(rat(a).Num(), new(big.Int).Quo(scale, rat(a).Denom()))
		}
		if product.Cmp(new(big.Int).Mul(number(a.Is), number(b.Is))) != 0 {
			t.Errorf("the product is %s", product)
		}
		want := new(big.Rat).Quo(rat(a.Is), rat(a.Was)).Cmp(new(big.Rat).Quo(rat(b.Is), rat(b.Was)))
		if got := a.over(&b); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	})
}
