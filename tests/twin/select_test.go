package twin_test

import (
	"slices"
	"testing"

	"github.com/tollbook/tollbook/tests/twin"
)

// is returns a row of a prefix, changed.
func is(prefix string, changes ...func(*twin.Rate)) twin.Rate {
	r := flat("1", 60, 60)
	r.Prefix = prefix
	for _, change := range changes {
		change(&r)
	}
	return r
}

func blocked(r *twin.Rate) { r.Blocked = true }
func from(when string) func(*twin.Rate) {
	return func(r *twin.Rate) { r.From = instant(when) }
}
func to(when string) func(*twin.Rate)      { return func(r *twin.Rate) { r.To = instant(when) } }
func tag(name string) func(*twin.Rate)     { return func(r *twin.Rate) { r.Tag = name } }
func origin(group string) func(*twin.Rate) { return func(r *twin.Rate) { r.Origin = group } }
func service(name string) func(*twin.Rate) { return func(r *twin.Rate) { r.Service = name } }
func kind(name string) func(*twin.Rate)    { return func(r *twin.Rate) { r.Kind = name } }
func class(name string) func(*twin.Rate)   { return func(r *twin.Rate) { r.Class = name } }
func band(name string) func(*twin.Rate)    { return func(r *twin.Rate) { r.Band = name } }
func area(name string) func(*twin.Rate)    { return func(r *twin.Rate) { r.Area = name } }
func local(r *twin.Rate)                   { r.Local = true }
func digits(least, most int) func(*twin.Rate) {
	return func(r *twin.Rate) { r.MinDigits, r.MaxDigits = least, most }
}

// TestRow: which of some rows a call to 1 212 555 0100 from 1 315 555 0100 on 15
// June 2026 is priced by.
func TestRow(t *testing.T) {
	short := with(four, func(t *twin.Terms) { t.ShortDigits = 7 })
	lrn := with(four, func(t *twin.Terms) { t.ByLRN = true })
	eea := with(four, func(t *twin.Terms) { t.Presentation = twin.LocalEEAInternational })
	always := with(eea, func(t *twin.Terms) {
		t.Bands = &twin.Bands{Names: []string{"All"}, Windows: []twin.Window{{Band: "All", From: "00:00", To: "24:00"}}}
	})
	groups := with(four, func(t *twin.Terms) {
		t.Origins = []twin.Origin{
			{Name: "us", Prefixes: []string{"1"}}, {Name: "ny", Prefixes: []string{"44", "1315"}}, {Name: "other", Prefixes: []string{"44"}},
			{Name: "bad", Invalid: true},
		}
	})
	number := func(n string) func(*twin.Usage) { return func(u *twin.Usage) { u.Number = n } }
	caller := func(n, region string) func(*twin.Usage) {
		return func(u *twin.Usage) { u.Caller, u.CallerRegion = n, region }
	}
	for _, tt := range []struct {
		name   string
		terms  twin.Terms
		change func(*twin.Usage)
		reason string
		row    int
		rates  []twin.Rate
	}{
		// The prefix.
		{"the longest prefix", four, nil, "", 1, []twin.Rate{is("1"), is("12"), is("13")}},
		{"the catch-all", four, nil, "", 0, []twin.Rate{is(""), is("13")}},
		{"no row", four, nil, "no_rate", -1, []twin.Rate{is("13"), is("121255501001")}},
		{"a blocked row below a priced one", four, nil, "blocked", 1, []twin.Rate{is("1"), is("1212", blocked)}}, // as wiki.kolmisoft.com/index.php/Blocked_Rates
		{"a number with a letter", four, number("1212555x100"), "no_rate", -1, []twin.Rate{is(""), is("1212")}},
		{"a letter after the 15th digit", four, number("121255501001234x"), "", 1, []twin.Rate{is(""), is("1212")}},
		{"no number", four, number(""), "", 0, []twin.Rate{is(""), is("1")}},
		{"another kind", four, nil, "", 0, []twin.Rate{is("1"), is("1212", kind(twin.SMS))}},

		// Short numbers.
		{"a short number", short, number("112"), "short_number", -1, []twin.Rate{is(""), is("1"), is("11")}},
		{"a short number that has its row", short, number("112"), "", 1, []twin.Rate{is(""), is("112")}},
		{"a short number whose row is blocked", short, number("112"), "blocked", 1, []twin.Rate{is(""), is("112", blocked)}},
		{"a short number whose row does not hold", short, number("112"), "short_number", -1, []twin.Rate{is("11"), is("112", tag("gold"))}},
		{"no number is a short one", short, number(""), "short_number", -1, []twin.Rate{is("")}},
		{"as many digits as are asked for", short, number("1121121"), "", 0, []twin.Rate{is("")}},

		// Services.
		{"a service goes before the number", short, func(u *twin.Usage) { u.Service, u.Number = "onnet", "100" }, "", 1, []twin.Rate{is("100"), is("", service("onnet"))}},
		{"a service without rows", four, func(u *twin.Usage) { u.Service = "voicemail" }, "", 0, []twin.Rate{is("1212"), is("", service("onnet"))}},
		{"a service whose rows do not hold", four, func(u *twin.Usage) { u.Service = "onnet" }, "", 0, []twin.Rate{is("1212"), is("", service("onnet"), tag("gold"))}},
		{"a service is no catch-all", four, nil, "no_rate", -1, []twin.Rate{is("", service("onnet"))}},
		{"a blocked service", four, func(u *twin.Usage) { u.Service = "onnet" }, "blocked", 1, []twin.Rate{is("1212"), is("", service("onnet"), blocked)}},

		// Local routing numbers.
		{"by LRN", lrn, func(u *twin.Usage) { u.LRN = "13135550100" }, "", 1, []twin.Rate{is("1212"), is("1313")}},
		{"by LRN without one", lrn, nil, "", 0, []twin.Rate{is("1212"), is("1313")}},
		{"not by LRN", four, func(u *twin.Usage) { u.LRN = "13135550100" }, "", 0, []twin.Rate{is("1212"), is("1313")}},
		{"the caller by LRN, too", with(groups, func(t *twin.Terms) { t.ByLRN = true }), func(u *twin.Usage) { u.CallerLRN = "442079460000" }, "", 2,
			[]twin.Rate{is("1212"), is("1212", origin("us")), is("1212", origin("other"))}},

		// From and to.
		{"from its instant on", four, nil, "", 1, []twin.Rate{is("1"), is("1212", from("2026-06-15T12:00:00Z"))}},
		{"not before it", four, nil, "", 0, []twin.Rate{is("1"), is("1212", from("2026-06-15T12:00:00.000000001Z"))}},
		{"not at its end", four, nil, "", 0, []twin.Rate{is("1"), is("1212", to("2026-06-15T12:00:00Z"))}},
		{"up to its end", four, nil, "", 1, []twin.Rate{is("1"), is("1212", to("2026-06-15T12:00:00.000000001Z"))}},
		{"the latest that has begun", four, nil, "", 1, []twin.Rate{is("1212"), is("1212", from("2026-06-01T00:00:00Z")), is("1212", from("2026-07-01T00:00:00Z"))}},
		{"the older again when the later has ended", four, nil, "", 0, []twin.Rate{is("1212", from("2026-01-01T00:00:00Z")),
			is("1212", from("2026-06-01T00:00:00Z"), to("2026-06-10T00:00:00Z"))}},

		// Tags and digits.
		{"its tag", four, func(u *twin.Usage) { u.Tag = "gold" }, "", 1, []twin.Rate{is("1212"), is("1212", tag("gold"))}},
		{"another tag", four, func(u *twin.Usage) { u.Tag = "night" }, "", 0, []twin.Rate{is("1212"), is("1212", tag("gold"))}},
		{"11 digits of 11", four, nil, "", 1, []twin.Rate{is("1212"), is("1212", digits(11, 11))}},
		{"too few digits", four, nil, "", 0, []twin.Rate{is("1212"), is("1212", digits(12, 0))}},
		{"too many digits", four, nil, "", 0, []twin.Rate{is("1212"), is("1212", digits(0, 10))}},

		// Callers.
		{"from a group", groups, nil, "", 1, []twin.Rate{is("1212"), is("1212", origin("us"))}},
		{"from another", groups, nil, "", 0, []twin.Rate{is("1212"), is("1212", origin("other"))}},
		{"from the group that knows more digits", groups, nil, "", 2, []twin.Rate{is("1212"), is("1212", origin("us")), is("1212", origin("ny"))}},
		{"longest prefix first, then the caller", groups, nil, "", 1, []twin.Rate{is("1", origin("ny")), is("1212")}},
		{"a caller that is missing", groups, caller("", ""), "", 1, []twin.Rate{is("1212"), is("1212", origin("bad"))}},
		{"a caller of 4 digits", groups, caller("1315", "US-NY"), "", 1, []twin.Rate{is("1212"), is("1212", origin("bad"))}},
		{"a caller of 16 digits", groups, caller("1315555010012345", "US-NY"), "", 1, []twin.Rate{is("1212"), is("1212", origin("bad"))}},
		{"a caller from nowhere", groups, caller("99955501001", ""), "", 1, []twin.Rate{is("1212"), is("1212", origin("bad"))}},
		{"a caller of 15 digits", groups, caller("131555501001234", "US-NY"), "", 0, []twin.Rate{is("1212"), is("1212", origin("bad"))}},
		{"digits outrank an invalid caller", groups, caller("1315", "US-NY"), "", 2, []twin.Rate{is("1212"), is("1212", origin("bad")), is("1212", origin("us"))}},

		// Areas (support.sippysoft.com/support/solutions/articles/107956-local).
		{"within the area", four, nil, "", 1, []twin.Rate{is("1212", area("ny")), is("1212", area("ny"), local), is("1315", area("ny"))}},
		{"from outside it", four, nil, "", 0, []twin.Rate{is("1212", area("ny")), is("1212", area("ny"), local), is("1315", area("upstate"))}},
		{"the area is known by any of its rows", four, nil, "", 1, []twin.Rate{is("1212", area("ny")), is("1212", area("ny"), local),
			is("1315", area("ny"), kind(twin.SMS), blocked, to("2020-01-01T00:00:00Z"))}},

		// What goes before what, one level only.
		{"the caller before the tag", groups, func(u *twin.Usage) { u.Tag = "gold" }, "", 0, []twin.Rate{is("1212", origin("us")), is("1212", tag("gold"))}},
		{"the tag before the class", always, func(u *twin.Usage) { u.Tag = "gold" }, "", 0, []twin.Rate{is("1212", tag("gold")), is("1212", class(twin.International))}},
		{"the class before the band", always, nil, "", 0, []twin.Rate{is("1212", class(twin.International)), is("1212", band("All"))}},
		{"the band before the digits", always, nil, "", 0, []twin.Rate{is("1212", band("All")), is("1212", digits(5, 12))}},
		{"the digits before the beginning", four, nil, "", 0, []twin.Rate{is("1212", digits(5, 12)), is("1212", from("2026-06-01T00:00:00Z"))}},
		{"another class does not hold", eea, nil, "", 0, []twin.Rate{is("1"), is("1212", class(twin.EEA))}},
	} {
		u := call("60")
		u.CallerRegion = "US-NY"
		if tt.change != nil {
			tt.change(&u)
		}
		got := twin.Price(tt.terms, tt.rates, u)
		if got.Reason != tt.reason || got.Index != tt.row {
			t.Errorf("%s: %q by row %d, want %q by row %d", tt.name, got.Reason, got.Index, tt.reason, tt.row)
		}
		if got.Index >= 0 && got.Prefix != len(tt.rates[got.Index].Prefix) {
			t.Errorf("%s: %d digits of %+v", tt.name, got.Prefix, tt.rates[got.Index])
		}
		if (got.Reason == "") != (got.Exact != nil) || (got.Reason == "") != (got.Amount != "") {
			t.Errorf("%s: %q with %v, %q", tt.name, got.Reason, got.Exact, got.Amount)
		}
		if flagged := slices.Contains(got.Flags, twin.FlagNoLRN); flagged != (tt.terms.ByLRN && u.LRN == "") {
			t.Errorf("%s: flags %v", tt.name, got.Flags)
		}
	}
}

// TestAssumedPulse: a price by intervals that nobody stated says so.
func TestAssumedPulse(t *testing.T) {
	got := twin.Price(four, []twin.Rate{is("1", func(r *twin.Rate) { r.AssumedPulse = true })}, call("60"))
	if !slices.Equal(got.Flags, []string{twin.FlagDefaultIncrement}) {
		t.Errorf("flags %v", got.Flags)
	}
}

// TestAlike: a card with two rows that hold alike has no answer.
func TestAlike(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("one of two rows that hold alike was chosen")
		}
	}()
	twin.Price(four, []twin.Rate{is("1212"), is("1212")}, call("60"))
}
