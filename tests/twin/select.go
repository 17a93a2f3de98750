package twin

import (
	"fmt"
	"math"
	"slices"
)

// choice is the row that holds, or why none does. A blocked row is both.
type choice struct {
	reason string
	index  int
}

// rowIn chooses the row for the usage, as if its instant were in that band:
// first among the rows of its service, then by the longest prefix of the
// number at which any row holds.
func (p pricing) rowIn(band string) choice {
	if p.usage.Service != "" {
		if i := p.best(band, func(r Rate) bool { return r.Service == p.usage.Service }); i >= 0 {
			return p.chosen(i)
		}
	}
	if !isNumber(p.number) {
		return choice{NoRate, -1}
	}
	for n := min(len(p.number), MaxPrefix); n >= 0; n-- {
		short := len(p.number) < p.ShortDigits
		if short && (n < len(p.number) || n == 0) {
			return choice{ShortNumber, -1}
		}
		prefix := p.number[:n]
		if i := p.best(band, func(r Rate) bool { return r.Service == "" && r.Prefix == prefix }); i >= 0 {
			return p.chosen(i)
		}
	}
	return choice{NoRate, -1}
}

func (p pricing) chosen(i int) choice {
	if p.rates[i].Blocked {
		return choice{Blocked, i}
	}
	return choice{"", i}
}

// best returns the row that wins of those on a level, or -1. Where a call is
// looked up in two columns, the dearer winner wins.
func (p pricing) best(band string, onLevel func(Rate) bool) int {
	best := -1
	for _, column := range columns(p.Terms, p.class) {
		if i := p.bestOf(band, column, onLevel); i >= 0 && (best < 0 || dearer(p.rates[i], p.rates[best])) {
			best = i
		}
	}
	return best
}

func (p pricing) bestOf(band, column string, onLevel func(Rate) bool) int {
	best := -1
	for i, r := range p.rates {
		if !onLevel(r) || !p.holds(r, band, column) {
			continue
		}
		if best < 0 {
			best = i
			continue
		}
		switch slices.Compare(p.rank(r), p.rank(p.rates[best])) {
		case 1:
			best = i
		case 0:
			panic(fmt.Sprintf("twin: rows %d and %d hold alike: no card has both", best, i))
		}
	}
	return best
}

// holds reports whether a row is for such usage at all, wherever its prefix
// stands.
func (p pricing) holds(r Rate, band, column string) bool {
	_, forCaller := p.callerMatch(r)
	digits := 0
	if isNumber(p.number) {
		digits = len(p.number)
	}
	return kindOf(r.Kind) == kindOf(p.usage.Kind) &&
		(r.From == 0 || r.From <= p.usage.Instant) &&
		(r.To == 0 || p.usage.Instant < r.To) &&
		(r.Class == AnyClass || r.Class == column) &&
		(r.Band == "" || r.Band == band) &&
		forCaller &&
		(r.Tag == "" || r.Tag == p.usage.Tag) &&
		digits >= r.MinDigits &&
		(r.MaxDigits == 0 || digits <= r.MaxDigits)
}

// rank says which of the rows that hold on one level wins: the one with the
// longest match of the caller, then with a tag, a class, a band, limits of
// digits, and the latest beginning.
func (p pricing) rank(r Rate) []int64 {
	caller, _ := p.callerMatch(r)
	from := r.From
	if from == 0 {
		from = math.MinInt64
	}
	return []int64{
		int64(caller),
		oneIf(r.Tag != ""),
		oneIf(r.Class != AnyClass),
		oneIf(r.Band != ""),
		oneIf(r.MinDigits != 0 || r.MaxDigits != 0),
		from,
	}
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// dearer compares the prices as the rows state them: price N, then price 1,
// then the fee.
func dearer(a, b Rate) bool {
	for _, pair := range [][2]string{{a.PriceN, b.PriceN}, {a.Price1, b.Price1}, {a.ConnectionFee, b.ConnectionFee}} {
		if c := decimal(pair[0]).Cmp(decimal(pair[1])); c != 0 {
			return c > 0
		}
	}
	return false
}
