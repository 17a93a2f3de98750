package ratecard

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/tollbook/tollbook/tests/twin/draw"
	"github.com/tollbook/tollbook/tests/twin/product"
	"pgregory.net/rapid"
)

// Rates come back as they were, whatever rules they use.
func TestRatesArePackedWhole(t *testing.T) {
	var all []rating.Rate
	for seed := range uint64(100) {
		for _, drawn := range draw.New(seed).Card().Rates {
			r, err := product.Rate(drawn)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
	}
	packed, err := Collect(Rows(all))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := collect(packed.All())
	if d := gocmp.Diff(all, got); d != "" || packed.Len() != len(all) {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// A rate is another as soon as one thing about it is, and its Id is another as
// soon as it holds for other usage, or from another instant on.
func TestEveryFieldTellsPackedRatesApart(t *testing.T) {
	names := map[string]bool{
		"Kind": true, "Prefix": true, "Service": true, "From": true, "Class": true, "Band": true, "Origin": true, "Local": true, "Tag": true,
		"MinDigits": true, "MaxDigits": true,
	}
	base := rating.Rate{Area: "a", Interval1: 3, IntervalN: 3, Tag: "t"}
	fields := reflect.TypeFor[rating.Rate]()
	for i := range fields.NumField() {
		p := newPool()
		plain, err := p.pack(&base)
		if err != nil {
			t.Fatal(err)
		}
		r := base
		switch f := reflect.ValueOf(&r).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("1")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int64:
			f.SetInt(1)
		case reflect.Slice:
			r.Tiers, r.Interval1, r.IntervalN = []rating.Tier{{From: 1}}, 0, 0
		default:
			f.SetUint(1)
		}
		name := fields.Field(i).Name
		if name == "MinDigits" {
			r.MaxDigits = 1
		}
		got, err := p.pack(&r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got == plain {
			t.Errorf("%s does not tell packed rates apart", name)
		}
		if (ID(&r) != ID(&base)) != names[name] || (p.keyOf(&got) != p.keyOf(&plain)) != (names[name] && name != "From") {
			t.Errorf("whether %s is part of Id and key is not %t", name, names[name])
		}
	}
	local := rating.Rate{Service: "s", Local: true, Area: "a"}
	other := local
	if other.Area = "b"; ID(&local) == ID(&other) {
		t.Error("local rates of a service in two areas have one Id")
	}
}

// An Id is the same everywhere and for ever: files that were downloaded are
// uploaded years later.
func TestID(t *testing.T) {
	for _, tc := range []struct {
		rate rating.Rate
		want string
	}{
		{rating.Rate{Prefix: "44"}, "rexnnp52vm25f"},
		{rating.Rate{Prefix: "44", From: 1, Tag: "vip"}, "rxrqmecbb725e"},
		{rating.Rate{Kind: call.SMS, Prefix: "44", Class: numbering.Interstate, Band: "Peak"}, "rxecgtfes2j4z"},
	} {
		got := ID(&tc.rate)
		if got != tc.want {
			t.Errorf("%s %s, want %s", tc.rate.Prefix, got, tc.want)
		}
		n, ok := parseID(got)
		if !ok || idText(n) != got {
			t.Errorf("%s is read as %s, %t", got, idText(n), ok)
		}
	}
	for _, s := range []string{"", "r", "rexnnp52vm25", "rexnnp52vm25ff", "xexnnp52vm25f", "rexnnp52vm25l", "REXNNP52VM25F"} {
		if _, ok := parseID(s); ok {
			t.Errorf("%q is an Id", s)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(0, 1<<idBits-1).Draw(t, "number")
		if got, ok := parseID(idText(n)); !ok || got != n {
			t.Errorf("%d is read as %d", n, got)
		}
	})
}

// Codes sort as prefixes do, and entries as by comparing them.
func TestOrderOfEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefixes := rapid.SliceOf(rapid.StringMatching(`[0-9]{0,15}`)).Draw(t, "prefixes")
		if rapid.Bool().Draw(t, "in order") {
			slices.SortFunc(prefixes, strings.Compare)
		}
		var list []entry
		for i, p := range prefixes {
			code, ok := codeOf(p)
			if !ok || prefixOf(code) != p {
				t.Fatalf("%q comes back as %q", p, prefixOf(code))
			}
			list = append(list, entry{code, rapid.Uint32Range(0, 3).Draw(t, "rank"), uint32(i)})
		}
		out := rapid.IntRange(-1, len(list)).Draw(t, "passed over")
		compare := func(a, b entry) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.at, b.at)) }
		want := slices.DeleteFunc(slices.Clone(list), func(e entry) bool { return out >= 0 && out < len(list) && e == list[out] })
		slices.SortFunc(want, func(a, b entry) int {
			return cmp.Or(strings.Compare(prefixes[a.at], prefixes[b.at]), compare(a, b))
		})
		c := newCursor(len(list), func(i int) (entry, bool) { return list[i], i != out }, compare)
		var got []entry
		for code, ok := c.code(); ok; code, ok = c.code() {
			if len(c.take(code+1)) > 0 {
				t.Fatalf("a code that does not come next is there")
			}
			got = append(got, c.take(code)...)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
	for _, s := range []string{"1234567890123456", "1a", "-", "１"} {
		if _, ok := codeOf(s); ok {
			t.Errorf("%q is a prefix", s)
		}
	}
}

// Without Ids one by one, many rates of one prefix are found, and too many
// refused.
func TestVersionsAreBounded(t *testing.T) {
	var card []rating.Rate
	for i := range maxVersions {
		card = append(card, changed(is("44", "1", 0, 0), func(r *rating.Rate) { r.From = int64(i + 1) }))
	}
	late := changed(is("44", "2", 0, 0), func(r *rating.Rate) { r.From = maxVersions + 1 })
	_, result := apply(t, card, []Command{{Line: 2, Rate: late}}, Options{})
	if len(result.Problems) != 1 || !strings.Contains(result.Problems[0].Want, fmt.Sprint(maxVersions)) {
		t.Errorf("%+v", result)
	}
	var deck []Command
	for i, r := range card {
		r.Destination = fmt.Sprint(i) // the same again would go on
		deck = append(deck, Command{Line: int64(i + 2), Rate: r})
	}
	deck = append(deck, Command{Line: 1 << 20, Rate: late})
	if next, result := apply(t, nil, deck, Options{}); len(next) != maxVersions || len(result.Problems) != 1 || result.Problems[0].Line != 1<<20 {
		t.Errorf("%d rates, %v", len(next), result.Problems)
	}
	if _, _, err := Apply(Rows(append(card, late)), Commands([]Command{{Line: 2, Rate: late}}), Options{}); err == nil || !strings.Contains(err.Error(), "one after another") {
		t.Errorf("%v", err)
	}
}
