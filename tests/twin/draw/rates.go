package draw

import (
	"fmt"

	"github.com/tollbook/tollbook/tests/twin"
)

// drawRate adds a row, unless there is one with the same selectors.
func (c *card) drawRate() {
	r := twin.Rate{Kind: one(c.Source, c.kinds...)}
	if c.oneIn(7) {
		r.Service = one(c.Source, services...)
	} else {
		r.Prefix = one(c.Source, c.prefixes...)
		r.Area = c.areas[r.Prefix]
	}
	r.Destination = "to " + r.Service + r.Prefix
	odd := c.isOdd(r)
	c.drawSelectors(&r, odd)
	key := fmt.Sprintf("%q", []any{r.Kind, r.Service, r.Prefix, r.Class, r.Band, r.Origin, r.Local, r.Area, r.Tag, r.MinDigits, r.MaxDigits, r.From})
	if c.seen[key] {
		return
	}
	c.seen[key] = true

	r.AssumedPulse, r.Blocked = c.oneIn(4), c.oneIn(12)
	r.ConnectionFee = maybe(c.Source, 2, c.price())
	r.Minimum, r.Free = maybe[int64](c.Source, 6, 1, 10, 61), maybe[int64](c.Source, 6, 1, 10, 61)
	r.MinCharge, r.MaxCharge = c.limits()
	if r.NoGrace = c.oneIn(6); !r.NoGrace {
		r.Grace = maybe[int64](c.Source, 6, 1, 5, 61)
	}
	r.Access = r.Kind == twin.Voice && c.oneIn(3)
	c.drawPrices(&r, odd)
	c.rates = append(c.rates, r)
}

// split reports whether usage of a kind is priced second by second.
func (c *card) split(kind string) bool {
	return c.terms.Bands != nil && c.terms.Bands.Split && kind == twin.Voice
}

// isOdd says whether a row has tiers or a price per call. Those have no price
// for a second, so on a split card all rows of a prefix are odd and without
// bands, or none is odd.
func (c *card) isOdd(r twin.Rate) bool {
	odd, known := c.odd[r.Service+"/"+r.Prefix]
	if !known || !c.split(r.Kind) {
		odd = c.oneIn(4)
	}
	if c.split(r.Kind) {
		c.odd[r.Service+"/"+r.Prefix] = odd
	}
	return odd
}

// drawSelectors says which usage a row is for. Limits of digits do not
// overlap, so that two rows with different ones never both hold.
func (c *card) drawSelectors(r *twin.Rate, odd bool) {
	s := c.Source
	r.From = maybe(s, 3, turns...)
	if r.To = maybe(s, 4, turns...); r.To != 0 && r.To <= r.From {
		r.To = 0
	}
	switch c.terms.Presentation {
	case twin.InterIntra:
		r.Class = one(s, "", twin.Interstate, twin.Intrastate)
	case twin.InterIntraIndeterminate:
		r.Class = one(s, "", twin.Interstate, twin.Intrastate, twin.Indeterminate)
	case twin.LocalEEAInternational:
		r.Class = one(s, "", twin.Local, twin.EEA, twin.International)
	}
	if c.terms.Bands != nil && !(odd && c.split(r.Kind)) {
		r.Band = maybe(s, 2, c.terms.Bands.Names...)
	}
	switch {
	case r.Service != "" && s.oneIn(6):
		r.Area, r.Local = one(s, "north", "south"), true
	case r.Area != "" && s.oneIn(3):
		r.Local = true
	case len(c.terms.Origins) > 0 && s.oneIn(2):
		r.Origin = one(s, c.terms.Origins...).Name
	}
	r.Tag = maybe(s, 4, tags...)
	digits := maybe(s, 5, [2]int{0, 6}, [2]int{7, 11}, [2]int{12, 12}, [2]int{13, 0})
	r.MinDigits, r.MaxDigits = digits[0], digits[1]
}

// drawPrices says what a row costs: by tiers, by the call or by intervals.
func (c *card) drawPrices(r *twin.Rate, odd bool) {
	s := c.Source
	split := c.split(r.Kind)
	switch {
	case odd && s.oneIn(2):
		c.drawTiers(r)
		r.Per = c.per(r.Kind)
	case odd:
		r.Per, r.Price1 = twin.PerCall, c.price()
		r.Interval1, r.IntervalN = c.interval(r.Kind, split), c.interval(r.Kind, split)
	default:
		r.Per, r.Price1, r.PriceN = c.per(r.Kind), c.price(), c.price()
		r.Interval1, r.IntervalN = c.interval(r.Kind, split), c.interval(r.Kind, split)
		if r.IntervalN == 0 && c.terms.Model != twin.Continuous {
			r.PriceN = "0"
		}
		if r.IntervalN == 0 && r.Interval1 == 0 {
			r.Price1 = "0"
		}
	}
}

func (c *card) per(kind string) int64 {
	if kind == twin.Voice {
		return one[int64](c.Source, 0, 0, 0, 1, 30, 60, 1_000_000)
	}
	return one[int64](c.Source, 0, 0, 1, 10, 1024, 1<<30)
}

// interval draws short ones where each second is priced on its own.
func (c *card) interval(kind string, split bool) int64 {
	switch {
	case kind != twin.Voice:
		return one[int64](c.Source, 0, 1, 1, 2, 10, 1024, 1<<30)
	case !split && c.oneIn(40):
		return 1_000_000
	case c.oneIn(50):
		return 3600
	}
	return one[int64](c.Source, 0, 1, 1, 6, 8, 10, 25, 30, 60, 60)
}

// drawTiers draws minute tiers without a gap, and events anywhere.
func (c *card) drawTiers(r *twin.Rate) {
	s := c.Source
	for range s.IntN(3) {
		e := twin.Tier{From: one[int64](s, 1, 2, 10, 61, 1_000_000), Event: true, Price: c.price()}
		if e.Every = maybe[int64](s, 2, 1, 7, 60); e.Every > 0 {
			e.Length = maybe[int64](s, 2, 1, 7, 8, 100)
		}
		r.Tiers = append(r.Tiers, e)
	}
	if len(r.Tiers) > 0 && s.oneIn(6) {
		return // events only
	}
	from := int64(1)
	for range s.IntN(3) {
		tier := c.minuteTier(r.Kind, from)
		tier.Length = one[int64](s, 1, 10, 15, 50, 60)
		from += tier.Length
		r.Tiers = append(r.Tiers, tier)
	}
	r.Tiers = append(r.Tiers, c.minuteTier(r.Kind, from))
}

func (c *card) minuteTier(kind string, from int64) twin.Tier {
	return twin.Tier{From: from, RoundUp: maybe[int64](c.Source, 2, 1, 6, 10, 60), Price: c.price(), Per: maybe(c.Source, 3, max(c.per(kind), 1))}
}
