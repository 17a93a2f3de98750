package oracle

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/tollbook/tollbook/tests/twin"
)

// flat is a card of so much a minute to 44, and of nothing else.
func flat(price string) []Revision {
	terms := twin.Terms{Decimals: 4, Rounding: "half-up", DurationRounding: "half-up", ShortDigits: 7}
	rate := twin.Rate{Prefix: "44", Price1: price, PriceN: price, ConnectionFee: "0", Interval1: 1, IntervalN: 1}
	return []Revision{{From: math.MinInt64, Terms: terms, Rates: []twin.Rate{rate}}}
}

// switched is ann below shop, bob who has numbers, and one more from the
// 16th on, and carl who carries: his trunk is dora's from then on.
func switched() Settings {
	always, sixteenth := int64(math.MinInt64), at("2026-11-16T00:00:00Z")
	return Settings{
		Zones: map[string]string{"monthly": "UTC", "bought": "UTC"}, Suppliers: map[string]bool{"bought": true},
		Feeds: map[string]Feed{"sw": {
			Cycle: "monthly", Both: true, Callee: true, Resellers: true, Supplier: true,
			OutTrunks: map[string][]Owner{"out": {{"carl", always}, {"dora", sixteenth}}},
		}},
		Cards: map[string][]Revision{"a": flat("0.60"), "b": flat("1.20"), "c": flat("6"), "d": {{From: always, Terms: flat("0")[0].Terms, Rates: []twin.Rate{{Prefix: "33", Price1: "9", PriceN: "9", Interval1: 1, IntervalN: 1}}}}},
		Accounts: map[string]Account{
			"ann":  {Cycle: "monthly", Parent: "shop", Currency: "GBP", Cards: []Assignment{{From: "2026-11", Card: "a"}, {From: "2026-11", Card: "b", Usage: Usage{Class: "mobile"}}}},
			"shop": {Cycle: "monthly", Currency: "GBP", Cards: []Assignment{{From: "2026-11", Card: "b"}}},
			"bob":  {Cycle: "monthly", Currency: "GBP", Cards: []Assignment{{From: "2026-11", Card: "c", Usage: Usage{Way: In}}, {From: "2026-11", Card: "a", Number: "442079460002"}}},
			"carl": {Cycle: "bought", Currency: "GBP", Cards: []Assignment{{From: "2026-11", Card: "a"}}},
			"dora": {Cycle: "bought", Currency: "GBP", Cards: []Assignment{{From: "2026-11", Card: "d"}}},
		},
		Numbers: []Number{
			{"442079460000", "442079460001", []Owner{{"bob", always}}}, {"442079460002", "442079460002", []Owner{{"ann", always}, {"bob", sixteenth}}},
		},
		CallTypes: []CallType{{Prefixes: []string{"447"}, Class: "mobile"}, {Prefixes: []string{"445"}, RateAs: "44"}},
		Fallbacks: []Fallback{{Currency: "GBP", From: "2026-11", Card: "c"}},
	}
}

// One minute at a time, charged to each: a 0.60, b 1.20, c 6.00.
func TestCharges(t *testing.T) {
	for _, c := range []struct {
		name                             string
		account, from, to, when, out, in string // in: any text, the record came in
		want                             string
	}{
		{"who is named, and above", "ann", "", "4420", "01", "", "", "[ann usage 0.6000 shop usage 1.2000]"},
		{"by class", "ann", "", "447911123456", "01", "", "", "[ann usage 1.2000 shop usage 1.2000]"},
		{"rated as other", "ann", "", "4455", "01", "", "", "[ann usage 0.6000 shop usage 1.2000]"},
		{"by the caller's number", "unassigned", "442079460002", "4420", "01", "", "", "[ann usage 0.6000 shop usage 1.2000]"},
		{"which has moved, and has its own card", "unassigned", "442079460002", "4420", "16", "", "", "[bob usage 0.6000]"},
		{"the fallback of what went out", "unassigned", "442079460001", "4420", "01", "", "", "[bob usage 6.0000]"},
		{"the callee, as usage that came in", "ann", "", "442079460000", "01", "", "", "[ann usage 0.6000 bob usage 6.0000 shop usage 1.2000]"},
		{"who receives pays, once", "unassigned", "", "442079460000", "01", "", "in", "[bob usage 6.0000]"},
		{"the supplier, by the number that was called", "ann", "", "4455", "01", "out", "", "[ann usage 0.6000 carl usage 0.6000 shop usage 1.2000]"},
		{"the trunk has moved, and suppliers have no fallback", "ann", "", "4420", "16", "out", "", "[ann usage 0.6000 shop usage 1.2000]"},
		{"a supplier does not pay", "carl", "", "4420", "01", "", "", "[]"},
		{"nobody pays", "unassigned", "", "442079460000", "01", "", "", "[bob usage 6.0000]"},
	} {
		// Short numbers stand for long ones of nobody's.
		r := Record{
			Feed: "sw", CallID: "1", Account: c.account, A: c.from, B: c.to + "000000000000"[len(c.to):], Inbound: c.in != "",
			OutTrunk: c.out, Instant: at("2026-11-" + c.when + "T00:00:00Z"), Nanos: 60e9,
		}
		bills := Bill(switched(), []File{{Records: []Record{r}}, {Records: []Record{r}}}, nil)
		got := []string{}
		for _, account := range []string{"ann", "bob", "carl", "dora", "shop"} {
			for line, amount := range bills.Lines {
				if line.Account == account {
					got = append(got, fmt.Sprintf("%s %s %s", account, line.Key, amount.FloatString(4)))
				}
			}
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// A copy is a duplicate of every charge; a later version with another payer
// takes all of them with it. What nobody known carried counts in the feed's cycle.
func TestChargesAreCountedTogether(t *testing.T) {
	first := Record{
		Feed: "sw", CallID: "1", Account: "unassigned", A: "442079460002", B: "442079460000", OutTrunk: "out", Instant: at("2026-11-01T00:00:00Z"), Nanos: 60e9,
	}
	other := first
	other.Version, other.A, other.OutTrunk = 1, "442079460001", "whose"
	bills := Bill(switched(), []File{{Records: []Record{first, other}}, {Records: []Record{other}}}, nil)
	// first: ann, bob, shop; carl. other: bob, bob, nobody.
	for period, want := range map[Period]Counts{
		{"monthly", "2026-11"}: {Rows: 9, Charged: 2, Unrated: 1, Duplicate: 3, Superseded: 3}, {"bought", "2026-11"}: {Rows: 1, Superseded: 1},
	} {
		if got := bills.Counts[period]; got != want {
			t.Errorf("%v counts %+v, want %+v", period, got, want)
		}
	}
	if got := bills.Lines[Line{"bob", Period{"monthly", "2026-11"}, "usage"}]; len(bills.Lines) != 1 || got.Cmp(big.NewRat(12, 1)) != 0 {
		t.Errorf("lines %v, want 12.00 of bob alone", bills.Lines)
	}
}
