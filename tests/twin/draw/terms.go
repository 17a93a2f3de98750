package draw

import (
	"slices"

	"github.com/tollbook/tollbook/tests/twin"
)

var roundings = []string{"half-up", "half-down", "up", "down"}

func (c *card) drawTerms() {
	s := c.Source
	c.terms = twin.Terms{
		Currency: "GBP", Decimals: one(s, 0, 2, 4, 4, 6, 12, 20), Rounding: one(s, roundings...), DurationRounding: one(s, roundings...),
		KeepFractions: s.oneIn(3), Model: one(s, twin.FirstThenPulse, twin.WholeCallMultiple, twin.Continuous),
		ChargeZeroSeconds: s.oneIn(3), ShortDigits: one(s, 0, 0, 3, 7, 7, 15),
		Grace: maybe[int64](s, 3, 1, 3, 10, 60), GraceMode: one(s, twin.GraceUnder, twin.GraceUpTo, twin.GraceDeducted),
		Free: maybe[int64](s, 4, 1, 5, 30, 60), FreeFirst: s.oneIn(2), Minimum: maybe[int64](s, 4, 1, 10, 30, 61),
		Surcharge: maybe(s, 4, "0.1", "0.015", "1"), Access: maybe(s, 3, "0.05", "0.123456789012"),
		Presentation:        maybe(s, 2, twin.InterIntra, twin.InterIntraIndeterminate, twin.LocalEEAInternational),
		DearerIndeterminate: s.oneIn(2), ByLRN: s.oneIn(4),
	}
	c.extreme = c.terms.Decimals <= 12 && s.oneIn(8)
	c.terms.MinCharge, c.terms.MaxCharge = c.limits()
	if s.oneIn(3) {
		c.terms.EEAFrom, c.terms.EEATo = some(s, "FR", "AT", "GB", "US"), some(s, "FR", "AT", "IS", "GG", "CA")
	}
	if s.oneIn(2) {
		c.terms.Bands = s.bands()
	}
	if s.oneIn(2) {
		c.drawOrigins()
	}
}

// limits draws a minimum and a maximum charge that is not below it.
func (c *card) limits() (least, most string) {
	return maybe(c.Source, 5, "0.02", "0.1"), maybe(c.Source, 5, "0.1", "0.5", "3")
}

// drawOrigins draws groups of callers that are never as far in two of them, or
// in one and in an area: no prefix is twice among groups and areas, and only
// callers that are in no other group by the empty prefix are invalid.
func (c *card) drawOrigins() {
	prefixes := slices.Concat(stems, c.prefixes, []string{"1", "3", "4"})
	for i, name := range []string{"abroad", "dear", "dubious"}[:1+c.IntN(3)] {
		group := twin.Origin{Name: name, Invalid: i == 0 && c.oneIn(2)}
		for range c.IntN(4) {
			prefix := one(c.Source, prefixes...)
			taken := slices.ContainsFunc(c.terms.Origins, func(o twin.Origin) bool { return slices.Contains(o.Prefixes, prefix) })
			if prefix != "" && !taken && c.areas[prefix] == "" && !slices.Contains(group.Prefixes, prefix) {
				group.Prefixes = append(group.Prefixes, prefix)
			}
		}
		if group.Invalid && c.oneIn(6) {
			group.Prefixes = append(group.Prefixes, "")
		}
		c.terms.Origins = append(c.terms.Origins, group)
	}
	for range c.IntN(4) {
		c.terms.Surcharges = append(c.terms.Surcharges, twin.OriginSurcharge{
			Origin: one(c.Source, c.terms.Origins...).Name, To: some(c.Source, prefixes...),
			PerMinute: maybe(c.Source, 2, "0.25", "0.15"), PerCall: maybe(c.Source, 2, "0.1", "0.000000000001"),
		})
	}
}

// bands draws bands that cover every day: the last window always holds.
func (s *Source) bands() *twin.Bands {
	names := []string{"Peak", "Off-peak", "Weekend", "Night"}[:1+s.IntN(4)]
	b := &twin.Bands{
		Zone:  one(s, "", "", "UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"),
		Split: s.oneIn(2), Names: names,
	}
	clock := []string{"00:00", "00:00:01", "00:30", "01:00", "01:30", "02:00", "06:59:59", "07:00", "12:00", "19:00", "23:59:59", "24:00"}
	for range s.IntN(5) {
		from := s.IntN(len(clock) - 1)
		w := twin.Window{Band: one(s, names...), From: clock[from], To: clock[from+1+s.IntN(len(clock)-1-from)]}
		if s.oneIn(2) {
			w.Days = some(s, "mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
		}
		if s.oneIn(8) {
			w.Months = some(s, 3, 4, 10, 12)
		}
		if s.oneIn(8) {
			w.MonthDays = some(s, 1, 25, 29, 30, 31, -1, -2)
		}
		if s.oneIn(8) {
			w.Years = some(s, 1970, 2011, 2026)
		}
		b.Windows = append(b.Windows, w)
	}
	b.Windows = append(b.Windows, twin.Window{Band: one(s, names...), From: "00:00", To: "24:00"})
	for _, on := range some(s, "2026-12-25", "12-25", "2026-03-29", "10-25", "01-01", "02-29", "2011-12-30") {
		b.Dates = append(b.Dates, twin.Date{On: on, As: one(s, "holiday", "sun", "mon")})
	}
	return b
}
