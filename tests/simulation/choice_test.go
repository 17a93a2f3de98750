package simulation

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/period"
	"github.com/tollbook/tollbook/tests/oracle"
	"github.com/tollbook/tollbook/tests/twin"
)

// choices draws call types, cards that are for some usage only, and fallbacks.
func (g *generator) choices() {
	s := &g.w.settings
	s.Cards["none"] = nil // it has no revision, so it is never live
	for _, id := range sorted(s.Cards) {
		for i := range s.Cards[id] {
			if g.oneIn(2) {
				s.Cards[id][i].Rates = append(s.Cards[id][i].Rates, twin.Rate{Service: "voicemail", Price1: "0.3", PriceN: "0.3", ConnectionFee: "0", Interval1: 1, IntervalN: 1})
			}
		}
	}
	g.callTypes()
	for _, id := range sorted(s.Accounts) {
		a := s.Accounts[id]
		for range g.IntN(4) {
			x := oracle.Assignment{Number: one(g, "", g.caller(), g.number()), Usage: g.usage(), From: g.since(a.Cycle), Card: g.cardIn(a.Currency)}
			if !slices.ContainsFunc(a.Cards, func(y oracle.Assignment) bool { y.Card = x.Card; return y == x }) {
				a.Cards = append(a.Cards, x)
			}
		}
		s.Accounts[id] = a
	}
	for range 1 + g.IntN(4) {
		of := s.Accounts[one(g, sorted(s.Accounts)...)]
		x := oracle.Fallback{Usage: g.usage(), Currency: of.Currency, From: g.since(of.Cycle), Card: g.cardIn(of.Currency)}
		if !slices.ContainsFunc(s.Fallbacks, func(y oracle.Fallback) bool { y.Card = x.Card; return y == x }) {
			s.Fallbacks = append(s.Fallbacks, x)
		}
	}
}

func (g *generator) usage() oracle.Usage {
	return oracle.Usage{Way: one(g, "", "", oracle.Out, oracle.In), Class: one(g, "", "", "mobile", "far")}
}

// since draws the month from which something is so: one that is billed, or the
// one before all.
func (g *generator) since(cycle string) string {
	months := g.w.months[cycle]
	return addMonths(months[0], g.IntN(len(months)+1)-1)
}

func (g *generator) cardIn(currency string) string {
	return one(g, slices.DeleteFunc(sorted(g.w.settings.Cards), func(c string) bool { return c != "none" && g.w.currencies[c] != currency })...)
}

// callTypes draws call types, no two of which nothing tells apart.
func (g *generator) callTypes() {
	s := &g.w.settings
	rateAs := []string{""} // a book that has any is asked record by record
	if g.oneIn(2) {
		rateAs = []string{"", "", "447911123456", "4420", "voicemail"}
	}
	same := map[string]bool{}
	for range g.IntN(6) {
		t := oracle.CallType{
			ID: "type" + strconv.Itoa(len(s.CallTypes)+1), Way: one(g, "", "", oracle.Out, oracle.In), Tag: one(g, "", "", "", "gold"),
			Class: one(g, "mobile", "far", "other"), RateAs: one(g, rateAs...),
		}
		if g.oneIn(2) {
			t.From = g.moment()
		}
		if g.oneIn(3) {
			t.To = max(t.From, g.from) + 3600e9*(1+g.Int64N(40*24))
			g.instants = append(g.instants, t.To)
		}
		for _, p := range []string{"", "44", "447", "4420", "33", "1", "100"} {
			if key := fmt.Sprint(p, t.Way, t.Tag, t.From); g.oneIn(3) && !same[key] {
				same[key] = true
				t.Prefixes = append(t.Prefixes, p)
			}
		}
		if len(t.Prefixes) > 0 {
			s.CallTypes = append(s.CallTypes, t)
		}
	}
}

// moment draws an instant of a whole second, near which records are drawn, too.
func (g *generator) moment() int64 {
	at := (g.from + g.Int64N(g.to-g.from)) / 1e9 * 1e9
	g.instants = append(g.instants, at)
	return at
}

func assignmentOf(account string, a oracle.Assignment) book.Assignment {
	return book.Assignment{
		Account: account, Number: a.Number, Direction: book.Direction(a.Way), Class: a.Class, From: must(period.ParseMonth(a.From)), Card: a.Card,
	}
}

func fallbackOf(f oracle.Fallback) book.Fallback {
	return book.Fallback{Class: f.Class, Direction: book.Direction(f.Way), Currency: f.Currency, From: must(period.ParseMonth(f.From)), Card: f.Card}
}

func callTypeOf(t oracle.CallType) book.CallType {
	return book.CallType{
		ID: t.ID, Prefixes: t.Prefixes, Direction: book.Direction(t.Way), Band: t.Tag, Class: t.Class, RateAs: t.RateAs, From: instantOf(t.From), To: instantOf(t.To),
	}
}

// instantOf returns a time, none for 0.
func instantOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
