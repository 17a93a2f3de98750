package draw_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/tests/twin"
	"github.com/tollbook/tollbook/tests/twin/draw"
)

// TestSeedDrawsTheSame: what a seed has shown is shown again by it.
func TestSeedDrawsTheSame(t *testing.T) {
	a, b, c := draw.New(7), draw.New(7), draw.New(8)
	differ := false
	for range 50 {
		x, y, z := a.Card(), b.Card(), c.Card()
		if diff := cmp.Diff(x, y); diff != "" {
			t.Fatalf("one seed, two cards:\n%s", diff)
		}
		if diff := cmp.Diff(a.Usage(x), b.Usage(y)); diff != "" {
			t.Fatalf("one seed, two usages:\n%s", diff)
		}
		c.Usage(z)
		differ = differ || !cmp.Equal(x, z)
	}
	if !differ {
		t.Error("another seed drew the same cards")
	}
}

// TestCardsCanBeBuilt holds the cards to the limits of rates and terms, said
// again here. That no two rows hold alike, the twin says itself: it panics.
func TestCardsCanBeBuilt(t *testing.T) {
	for seed := range uint64(1500) {
		s := draw.New(seed)
		c := s.Card()
		for i := range c.Rates {
			if problem := refused(c, i); problem != "" {
				t.Fatalf("seed %d, row %d: %s\n%s", seed, i, problem, text(c))
			}
		}
		for range 10 {
			twin.Price(c.Terms, c.Rates, s.Usage(c))
		}
	}
}

// refused says why a card cannot have a row, if so.
func refused(c draw.Card, i int) string {
	r := c.Rates[i]
	limit := int64(1_000_000)
	if r.Kind != twin.Voice {
		limit = 1 << 30
	}
	none := func(s string) bool { return s == "" || s == "0" }
	switch {
	case r.Service != "" && r.Prefix != "" || len(r.Prefix) > twin.MaxPrefix:
		return "prefix"
	case max(r.Interval1, r.IntervalN, r.Minimum, r.Grace, r.Free) > limit || r.Per > limit && r.Per != twin.PerCall:
		return "an interval is too long"
	case r.Access && r.Kind != twin.Voice:
		return "access to what is no call"
	case r.NoGrace && r.Grace > 0:
		return "grace and none"
	case r.From != 0 && r.To != 0 && r.From >= r.To:
		return "ends before it begins"
	case r.Local && (r.Area == "" || r.Origin != ""):
		return "local"
	case r.MaxDigits != 0 && r.MaxDigits < r.MinDigits:
		return "digits"
	case r.Band != "" && (c.Terms.Bands == nil || !slices.Contains(c.Terms.Bands.Names, r.Band)):
		return "no such band"
	case r.Origin != "" && !slices.ContainsFunc(c.Terms.Origins, func(o twin.Origin) bool { return o.Name == r.Origin }):
		return "no such origin"
	case len(r.Tiers) > 0:
		return refusedTiers(r, limit)
	case r.Per == twin.PerCall:
		if !none(r.PriceN) {
			return "a price N of a call"
		}
	case r.IntervalN == 0 && !none(r.PriceN) && c.Terms.Model != twin.Continuous:
		return "price N without pulses"
	case r.IntervalN == 0 && r.Interval1 == 0 && !none(r.Price1):
		return "price 1 is never charged"
	}
	return ""
}

func refusedTiers(r twin.Rate, limit int64) string {
	next, open := int64(1), true
	for _, tier := range r.Tiers {
		switch {
		case tier.From < 1 || max(tier.From, tier.Length, tier.Every, tier.RoundUp, tier.Per) > limit:
			return "a tier is too long"
		case tier.Event:
			if tier.RoundUp != 0 || tier.Per != 0 || tier.Every == 0 && tier.Length != 0 {
				return "an event by the quantity"
			}
		case tier.Every != 0 || !open || tier.From != next:
			return "tiers do not follow each other"
		default:
			next, open = tier.From+tier.Length, tier.Length != 0
		}
	}
	if open && next != 1 || r.Per == twin.PerCall || r.Price1+r.PriceN != "" || r.Interval1+r.IntervalN != 0 {
		return "tiers without an end, or other prices besides"
	}
	return ""
}

// TestEveryRuleIsDrawn: each rule decides some charge of a thousand cards.
func TestEveryRuleIsDrawn(t *testing.T) {
	const cards = 1500
	seen := map[string]int{}
	for seed := range uint64(cards) {
		s := draw.New(seed)
		c := s.Card()
		for range 8 {
			u := s.Usage(c)
			got := twin.Price(c.Terms, c.Rates, u)
			seen["reason:"+got.Reason]++
			seen["class:"+got.Class]++
			for _, f := range got.Flags {
				seen["flag:"+f]++
			}
			for _, rule := range rules(c, u, got) {
				seen[rule]++
			}
		}
	}
	for _, want := range []string{
		"reason:", "reason:no_rate", "reason:blocked", "reason:short_number",
		"class:", "class:intra", "class:inter", "class:indeterminate", "class:local", "class:eea", "class:international",
		"flag:default_increment", "flag:no_lrn", "flag:no_caller_country",
		"service", "tag", "band", "origin", "local", "digits", "from", "tiers", "per call", "split", "access", "surcharge of callers",
		"maximum", "minimum", "free", "kind:voice", "kind:sms", "kind:data", "kind:event", "other than its plain prefix",
	} {
		if seen[want] < cards/200 {
			t.Errorf("%q is drawn %d times in %d cards", want, seen[want], cards)
		}
	}
}

// rules names the rules that a charge was made by.
func rules(c draw.Card, u twin.Usage, got twin.Result) []string {
	if got.Reason != "" {
		return nil
	}
	r := c.Rates[got.Index]
	split := c.Terms.Bands != nil && c.Terms.Bands.Split && u.Kind == twin.Voice && len(r.Tiers) == 0 && r.Per != twin.PerCall
	most, least, callers := c, c, c
	most.Terms.MaxCharge, most.Rates = "", changed(c.Rates, func(r *twin.Rate) { r.MaxCharge = "" })
	least.Terms.MinCharge, least.Rates = "", changed(c.Rates, func(r *twin.Rate) { r.MinCharge = "" })
	callers.Terms.Surcharges = nil
	differs := func(other draw.Card) bool {
		return twin.Price(other.Terms, other.Rates, u).Exact.Cmp(got.Exact) != 0
	}
	out := []string{"kind:" + u.Kind}
	for rule, holds := range map[string]bool{
		"service": r.Service != "", "tag": r.Tag != "", "band": r.Band != "", "origin": r.Origin != "", "local": r.Local,
		"digits": r.MinDigits+r.MaxDigits > 0, "from": r.From != 0, "tiers": len(r.Tiers) > 0, "per call": r.Per == twin.PerCall, "split": split,
		"access": r.Access && c.Terms.Access != "" && got.Billed > 0, "maximum": differs(most), "minimum": differs(least),
		"surcharge of callers": differs(callers), "free": got.Exact.Sign() == 0 && got.Billed == 0,
		"other than its plain prefix": r.Class+r.Band+r.Origin+r.Tag != "",
	} {
		if holds {
			out = append(out, rule)
		}
	}
	return out
}

func changed(rates []twin.Rate, change func(*twin.Rate)) []twin.Rate {
	out := slices.Clone(rates)
	for i := range out {
		change(&out[i])
	}
	return out
}

func text(c draw.Card) string {
	b, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(b)
}
