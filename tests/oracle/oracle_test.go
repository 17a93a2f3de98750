package oracle

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/tollbook/tollbook/tests/twin"
)

// A month small enough to be worked out by hand, so that the oracle itself is
// held to something.
func TestBill(t *testing.T) {
	terms := twin.Terms{Decimals: 4, Rounding: "half-up", DurationRounding: "half-up", ShortDigits: 7}
	old := []twin.Rate{{Prefix: "44", Price1: "0.60", PriceN: "0.60", ConnectionFee: "0", Interval1: 1, IntervalN: 1}}
	dear := []twin.Rate{{Prefix: "44", Price1: "1.20", PriceN: "1.20", ConnectionFee: "0", Interval1: 1, IntervalN: 1}}
	nov := Period{"monthly", "2026-11"}
	settings := Settings{
		Zones: map[string]string{"monthly": "Europe/London"},
		Feeds: map[string]Feed{"sw": {Cycle: "monthly"}},
		Cards: map[string][]Revision{"retail": {
			{From: math.MinInt64, Terms: terms, Rates: old},
			{From: at("2026-11-16T00:00:00Z"), Terms: terms, Rates: dear},
		}},
		Accounts: map[string]Account{
			"ann": {Cycle: "monthly", Digits: 2, Cards: []Assignment{{From: "2026-11", Card: "retail"}}, Features: []Feature{
				{ID: "line", Recurring: "10", Start: "2026-11-16"},
				{ID: "mins", Grants: true, Minutes: 1, Recurring: "0", Start: "2026-11-10", End: "2026-11-30"},
			}},
			"bob": {Cycle: "monthly", Digits: 2, Cards: []Assignment{{From: "2026-12", Card: "retail"}}},
		},
	}
	call := func(id, account, when string, version uint64, seconds int64) Record {
		return Record{Feed: "sw", CallID: id, Version: version, Instant: at(when), Nanos: seconds * 1e9, Account: account, B: "442079460000"}
	}
	first := call("a", "ann", "2026-11-09T23:59:59Z", 0, 30)   // 0.30, before the minutes begin
	bundled := call("b", "ann", "2026-11-10T00:00:00Z", 0, 45) // 0.45, wholly inside them
	split := call("c", "ann", "2026-11-16T00:00:00Z", 0, 60)   // 1.20, of which 15 s are inside: 0.90 due
	older := call("d", "ann", "2026-11-20T10:00:00Z", 1, 600)  // superseded by:
	newer := call("d", "ann", "2026-11-20T10:00:00Z", 2, 10)   // 0.20
	anonymous := call("", "ann", "2026-11-21T10:00:00Z", 0, 5) // 0.10 each
	bob := call("e", "bob", "2026-11-21T10:00:00Z", 0, 5)      // no card yet
	ghost := call("f", "eve", "2026-11-21T10:00:00Z", 0, 5)    // no such account
	short := call("g", "ann", "2026-11-22T10:00:00Z", 0, 5)
	short.B = "441"
	files := []File{
		{Records: []Record{newer, bundled, anonymous, anonymous, bob, first}},
		{Records: []Record{older, anonymous, first, split, ghost, short, older}},
	}
	got := Bill(settings, files, []Period{nov, {"monthly", "2026-12"}})

	want := map[Line]string{
		{"ann", nov, "usage"}: "1.6", // 0.30 + 0.90 + 0.20 + 2 × 0.10
		// 15 of 30 days.
		{"ann", nov, "recurring:line"}:                          "5",
		{"ann", Period{"monthly", "2026-12"}, "recurring:line"}: "10",
	}
	for line, text := range want {
		amount, _ := new(big.Rat).SetString(text)
		if sum := got.Lines[line]; sum == nil || sum.Cmp(amount) != 0 {
			t.Errorf("%v: %v, want %s", line, sum, text)
		}
	}
	if len(got.Lines) != len(want) {
		t.Errorf("%d lines, want %d: %v", len(got.Lines), len(want), got.Lines)
	}
	if c, want := got.Counts[nov], (Counts{Rows: 13, Charged: 6, Unrated: 3, Duplicate: 3, Superseded: 1}); c != want {
		t.Errorf("counts %+v, want %+v", c, want)
	}
}

// The months of London begin at its midnight, which is 23:00 UTC in summer.
func TestPeriodOf(t *testing.T) {
	o := oracle{settings: Settings{
		Zones: map[string]string{"c": "Europe/London"}, Feeds: map[string]Feed{"sw": {Cycle: "c"}},
	}}
	for when, want := range map[string]string{
		"2026-06-30T22:59:59Z": "2026-06", "2026-06-30T23:00:00Z": "2026-07", "2026-11-30T23:30:00Z": "2026-11",
	} {
		if p := o.periodOf(charge{Record: Record{Feed: "sw", Instant: at(when)}}); p.Month != want {
			t.Errorf("%s is in %s, want %s", when, p.Month, want)
		}
	}
}

func TestCoverInBlocks(t *testing.T) {
	p := pool{left: 10_000, block: 6000} // 100 s, in minutes
	if got := p.cover(90); got != 60 || p.left != 4000 {
		t.Errorf("90 s: covered %d, left %d; want 60, 4000", got, p.left)
	}
	if got := p.cover(10); got != 0 || p.left != 4000 {
		t.Errorf("10 s: covered %d, left %d; want 0, 4000", got, p.left)
	}
}

func at(s string) int64 {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return v.UnixNano()
}
