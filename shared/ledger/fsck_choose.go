package ledger

import (
	"math"
	"slices"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/rating"
)

// row returns the row that holds for the usage in a band: one of its service,
// else of the longest prefix of its number that has one. A row with a reason
// is a blocked one.
func (u *ownUsage) row(band string) (r *rating.Rate, digits int, reason call.Reason) {
	if u.Service != "" {
		r = u.best(ownPlace{kind: u.Kind, service: u.Service}, band)
	}
	if r == nil && !isNumber(u.number) {
		return nil, 0, call.NoRate
	}
	short := len(u.number) < u.terms.ShortDigits
	for n := min(len(u.number), rating.MaxPrefix); r == nil && n >= 0; n-- {
		if short && (n < len(u.number) || n == 0) {
			return nil, 0, call.ShortNumber
		}
		r, digits = u.best(ownPlace{kind: u.Kind, prefix: u.number[:n]}, band), n
	}
	switch {
	case r == nil:
		return nil, 0, call.NoRate
	case r.Blocked:
		return r, digits, call.Blocked
	}
	return r, digits, ""
}

// best returns the row of a place that wins; nil: none holds.
func (u *ownUsage) best(at ownPlace, band string) (best *rating.Rate) {
	for _, column := range u.columns {
		var here *rating.Rate
		for _, r := range u.rows[at] {
			if u.holds(r, band, column) && (here == nil || slices.Compare(u.rank(r), u.rank(here)) > 0) {
				here = r
			}
		}
		if best == nil || here != nil && dearerRow(here, best) {
			best = here
		}
	}
	return best
}

// dearerRow compares the prices as the rows state them.
func dearerRow(a, b *rating.Rate) bool {
	prices := func(r *rating.Rate) []int64 { return []int64{int64(r.PriceN), int64(r.Price1), int64(r.ConnectionFee)} }
	return slices.Compare(prices(a), prices(b)) > 0
}

func (u *ownUsage) holds(r *rating.Rate, band string, column rating.Class) bool {
	digits := 0
	if isNumber(u.number) {
		digits = len(u.number)
	}
	_, forCaller := u.callerMatch(r)
	return forCaller &&
		(r.From == 0 || r.From <= u.Instant) && (r.To == 0 || u.Instant < r.To) &&
		(r.Class == rating.AnyClass || r.Class == column) &&
		(r.Band == "" || r.Band == band) && (r.Tag == "" || r.Tag == u.Tag) &&
		digits >= int(r.MinDigits) && (r.MaxDigits == 0 || digits <= int(r.MaxDigits))
}

// callerMatch returns how well the caller is in the group or area that a row
// asks for: as an invalid number 1, else 2 and the digits of the longest
// prefix; 0 where the row asks for none.
func (u *ownUsage) callerMatch(r *rating.Rate) (match int64, holds bool) {
	switch {
	case r.Local:
		return u.longest(func(p string) bool { area, ok := u.areas[p]; return ok && area == r.Area })
	case r.Origin != "":
		return u.inGroup(r.Origin)
	}
	return 0, true
}

func (u *ownUsage) inGroup(name string) (match int64, in bool) {
	if match, in = u.longest(func(p string) bool { return u.groups[ownMember{name, p}] }); in {
		return match, true
	}
	for _, o := range u.terms.Origins {
		if o.Name == name && o.Invalid && u.invalid {
			return 1, true
		}
	}
	return 0, false
}

func (u *ownUsage) longest(has func(prefix string) bool) (match int64, ok bool) {
	if u.caller == "" || !isNumber(u.caller) {
		return 0, false
	}
	for n := min(len(u.caller), rating.MaxPrefix); n >= 0; n-- {
		if has(u.caller[:n]) {
			return 2 + int64(n), true
		}
	}
	return 0, false
}

// rank orders the rows of one place that hold: by caller, tag, class, band,
// limits of digits, beginning.
func (u *ownUsage) rank(r *rating.Rate) []int64 {
	caller, _ := u.callerMatch(r)
	rank := []int64{caller}
	for _, asks := range [...]bool{r.Tag != "", r.Class != rating.AnyClass, r.Band != "", r.MinDigits != 0 || r.MaxDigits != 0} {
		n := int64(0)
		if asks {
			n = 1
		}
		rank = append(rank, n)
	}
	if r.From == 0 {
		return append(rank, math.MinInt64)
	}
	return append(rank, r.From)
}
