package draw

import (
	"slices"
	"strings"
	"time"

	"github.com/tollbook/tollbook/tests/twin"
)

const second = int64(time.Second)

// stems are beginnings of numbers; regions knows where they are.
var stems = []string{"1212", "1315", "1224", "1787", "1204", "1242", "1800", "44", "4420", "447", "441481", "33", "336", "43", "354", "800"}

var shortNumbers = []string{"112", "100", "999", "121", "1", "4"}

var regions = map[string]string{
	"1212": "US-NY", "1315": "US-NY", "1224": "US-IL", "1787": "US-PR", "1204": "CA", "1242": "BS",
	"44": "GB", "441481": "GG", "33": "FR", "43": "AT", "354": "IS", "800": twin.World,
}

// Region returns where a number is; empty: nobody knows. An American number
// that belongs to no state is nowhere.
func Region(number string) string {
	if strings.Trim(number[:min(len(number), twin.MaxPrefix)], "0123456789") != "" {
		return ""
	}
	for n := min(len(number), twin.MaxPrefix); n > 0; n-- {
		if region := regions[number[:n]]; region != "" {
			return region
		}
	}
	return ""
}

// turns are the instants at which rows begin and end.
var turns = []int64{
	at("2026-01-01T00:00:00Z"), at("2026-03-29T01:00:00Z"), at("2026-06-15T12:00:00.5Z"), at("2026-10-25T00:30:00Z"),
}

// hours are instants at which something turns: the year, a leap day, the
// clocks of London, New York and Lord Howe, and the day that Apia left out.
var hours = slices.Concat(turns, []int64{
	0, at("2026-03-08T07:00:00Z"), at("2026-03-29T00:00:00Z"), at("2026-04-04T15:00:00Z"), at("2026-10-03T15:30:00Z"), at("2026-10-25T01:00:00Z"),
	at("2026-11-01T06:00:00Z"), at("2026-12-25T00:00:00Z"), at("2026-12-31T23:59:59Z"), at("2028-02-29T07:00:00Z"), at("2011-12-30T10:00:00Z"), at("2199-12-30T00:00:00Z"),
})

func at(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

// Usage draws usage that a card may well have rows for.
func (s *Source) Usage(c Card) twin.Usage {
	row := twin.Rate{Kind: twin.Voice}
	if len(c.Rates) > 0 {
		row = one(s, c.Rates...)
	}
	u := twin.Usage{
		Kind: row.Kind, Number: s.number(c, row.Prefix), Caller: s.caller(c),
		Service: maybe(s, 8, services...), Tag: one(s, "", "", row.Tag, tags[0]),
		Instant: s.instant(), Zone: one(s, "Europe/London", "America/New_York", "Australia/Lord_Howe", "UTC"),
	}
	if row.Service != "" && !s.oneIn(4) {
		u.Service = row.Service
	}
	if s.oneIn(20) {
		u.Kind = one(s, kinds...)
	}
	if s.oneIn(8) || c.Terms.ByLRN && s.oneIn(2) {
		u.LRN = s.number(c, row.Prefix)
	}
	if s.oneIn(8) || c.Terms.ByLRN && s.oneIn(2) {
		u.CallerLRN = s.caller(c)
	}
	rated, caller := u.Number, u.Caller
	if c.Terms.ByLRN && u.LRN != "" {
		rated = u.LRN
	}
	if c.Terms.ByLRN && u.CallerLRN != "" {
		caller = u.CallerLRN
	}
	u.NumberRegion, u.CallerRegion = Region(rated), Region(caller)
	u.Quantity = s.quantity(c, u.Kind, row)
	return u
}

// number draws a number, mostly under a prefix.
func (s *Source) number(c Card, prefix string) string {
	switch s.IntN(16) {
	case 0:
		return prefix // no more than the prefix
	case 1:
		return prefix[:s.IntN(len(prefix)+1)]
	case 2:
		return one(s, "", "0", "112", "1000", "*100", "12x5", "442079460000#", "44207946000012345", "44207946000012x", "442079460000123x")
	case 3, 4:
		prefix = one(s, stems...)
	case 5:
		if len(c.Rates) > 0 {
			prefix = one(s, c.Rates...).Prefix
		}
	}
	return s.extended(prefix, one(s, 5, 6, 7, 10, 11, 11, 12, 12, 13, 15, 17))
}

func (s *Source) caller(c Card) string {
	var prefixes []string
	for _, o := range c.Terms.Origins {
		prefixes = append(prefixes, o.Prefixes...)
	}
	switch {
	case s.oneIn(6):
		return one(s, "", "", "100", "1212", "12125", "4420794600001234", "anonymous", "0000000", "442079460000x")
	case len(prefixes) > 0 && s.oneIn(2):
		return s.extended(one(s, prefixes...), 11)
	}
	return s.number(c, one(s, stems...))
}

// extended returns a prefix with digits behind it, of which there are few.
func (s *Source) extended(prefix string, to int) string {
	b := []byte(prefix)
	for len(b) < to {
		b = append(b, one(s, '0', '1', '2', '2', '7', byte('0'+s.IntN(10))))
	}
	return string(b)
}

func (s *Source) instant() int64 {
	near := one(s, hours...)
	switch s.IntN(5) {
	case 0:
		return near
	case 1:
		near += s.Int64N(2*second) - second // this side or that
	case 2:
		near += s.Int64N(240)*second - 120*second
	case 3:
		near += s.Int64N(48*3600*second) - 24*3600*second
	default:
		near = hours[0] + s.Int64N(365*24*3600)*second
	}
	return max(near, 0)
}

// quantity draws one close to where a rule begins, or any. What a split card
// prices second by second is short.
func (s *Source) quantity(c Card, kind string, row twin.Rate) int64 {
	marks := []int64{
		0, 1, 59, 60, 61, row.Interval1, row.Interval1 + row.IntervalN, row.Interval1 + row.Free, row.Interval1 + c.Terms.Free,
		row.Grace, c.Terms.Grace, row.Minimum, c.Terms.Minimum, row.Free, c.Terms.Free,
	}
	for _, tier := range row.Tiers {
		marks = append(marks, tier.From, tier.From+tier.Length, tier.From+tier.Every)
	}
	units := one(s, marks...)
	split := c.Terms.Bands != nil && c.Terms.Bands.Split
	if split {
		units %= 4000
	}
	if s.oneIn(2) {
		units = s.Int64N(one[int64](s, 10, 100, 100, 600, 4000))
	}
	if kind != twin.Voice {
		if s.oneIn(10) {
			return s.Int64N(1e16 + 1)
		}
		return units + one[int64](s, 0, 0, 1)
	}
	switch {
	case !split && s.oneIn(20):
		return s.Int64N(10_000_000*second + 1)
	case split && s.oneIn(500):
		units = 36_000 + s.Int64N(50_000) // into the next day
	}
	return min(max(0, units*second+one(s, 0, 0, 0, 1, -1, second/2, -second/2, second/10, s.Int64N(second))), 10_000_000*second)
}
