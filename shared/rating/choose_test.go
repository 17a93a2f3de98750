package rating_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/numbering"
	. "github.com/tollbook/tollbook/shared/rating"
)

// TestRowThatHolds: which of some rows a call to 1 212 555 0100 from 1 315 555
// 0100 (both New York) on 15 June 2026 at noon is priced by. The rows are told
// apart by their fees, of 1, 2, 3.
func TestRowThatHolds(t *testing.T) {
	none := func(*Terms) {}
	short := func(t *Terms) { t.ShortDigits = DefaultShortDigits }
	lrn := func(t *Terms) { t.ByLRN = true }
	groups := func(t *Terms) {
		t.Origins = []Origin{
			{Name: "us", Prefixes: []string{"1"}}, {Name: "ny", Prefixes: []string{"44", "1315"}}, {Name: "other", Prefixes: []string{"44"}},
			{Name: "bad", Invalid: true}, {Name: "all", Prefixes: []string{""}},
		}
	}
	always := func(t *Terms) {
		t.Presentation = LocalEEAInternational
		t.Bands = &band.Set{Names: []string{"Never", "All"}, Windows: []band.Window{{Band: "All", To: band.EndOfDay}}}
	}
	number := func(n string) func(*Usage) { return func(u *Usage) { u.Number = n } }
	caller := func(n string) func(*Usage) { return func(u *Usage) { u.Caller = n } }
	tagged := func(name string) func(*Usage) { return func(u *Usage) { u.Tag = name } }
	onnet := func(u *Usage) { u.Service = "onnet" }
	is := func(prefix string, changes ...func(*Rate)) Rate {
		return changed(Rate{Prefix: prefix}, changes...)
	}
	var (
		blocked = func(r *Rate) { r.Blocked = true }
		from    = func(s string) func(*Rate) { at := instant(t, s); return func(r *Rate) { r.From = at } }
		to      = func(s string) func(*Rate) { at := instant(t, s); return func(r *Rate) { r.To = at } }
		tag     = func(name string) func(*Rate) { return func(r *Rate) { r.Tag = name } }
		origin  = func(name string) func(*Rate) { return func(r *Rate) { r.Origin = name } }
		service = func(name string) func(*Rate) { return func(r *Rate) { r.Service = name } }
		kind    = func(k call.Kind) func(*Rate) { return func(r *Rate) { r.Kind = k } }
		class   = func(c Class) func(*Rate) { return func(r *Rate) { r.Class = c } }
		inBand  = func(name string) func(*Rate) { return func(r *Rate) { r.Band = name } }
		area    = func(name string) func(*Rate) { return func(r *Rate) { r.Area = name } }
		local   = func(r *Rate) { r.Local = true }
		digits  = func(least, most uint8) func(*Rate) { return func(r *Rate) { r.MinDigits, r.MaxDigits = least, most } }
	)
	const priced1, priced2, priced3 = "1.0000", "2.0000", "3.0000"
	noRate, isBlocked, isShort := string(call.NoRate), string(call.Blocked), string(call.ShortNumber)
	for _, tt := range []struct {
		name  string
		terms func(*Terms)
		usage func(*Usage)
		want  string // the fee, or why there is none
		rates []Rate
	}{
		// The prefix.
		{"the longest prefix", none, nil, priced2, []Rate{is("1"), is("12"), is("13")}},
		{"between two entries", none, nil, priced1, []Rate{is("1"), is("1211"), is("1213")}},
		{"the catch-all", none, nil, priced1, []Rate{is(""), is("13")}},
		{"no row", none, nil, noRate, []Rate{is("13"), is("121255501001")}},
		{"all digits of the longest prefix", none, number("123456789012345"), priced2, []Rate{is("12345678901234"), is("123456789012345")}},
		{"more digits than a prefix can have", none, number("12345678901234567890"), priced2, []Rate{is("12345678901234"), is("123456789012345")}},
		{"not that last digit", none, number("123456789012346"), priced1, []Rate{is("12345678901234"), is("123456789012345")}},
		{"a blocked row below a priced one", none, nil, isBlocked, []Rate{is("1"), is("1212", blocked)}}, // wiki.kolmisoft.com/index.php/Blocked_Rates
		{"a number with a letter", none, number("1212555x100"), noRate, []Rate{is(""), is("1212")}},
		{"a letter after the 15th digit", none, number("121255501001234x"), priced2, []Rate{is(""), is("1212")}},
		{"no number", none, number(""), priced1, []Rate{is(""), is("1")}},
		{"another kind", none, nil, priced1, []Rate{is("1"), is("1212", kind(call.SMS))}},

		// Short numbers.
		{"a short number", short, number("112"), isShort, []Rate{is(""), is("1"), is("11")}},
		{"a short number that has its row", short, number("112"), priced2, []Rate{is(""), is("112")}},
		{"a short number whose row is blocked", short, number("112"), isBlocked, []Rate{is(""), is("112", blocked)}},
		{"a short number whose row does not hold", short, number("112"), isShort, []Rate{is("11"), is("112", tag("gold"))}},
		{"a short number without any row", short, number("112"), isShort, []Rate{is("44")}},
		{"no number is a short one", short, number(""), isShort, []Rate{is("")}},
		{"one digit less than is asked for", short, number("112112"), isShort, []Rate{is("1")}},
		{"as many digits as are asked for", short, number("1121121"), priced1, []Rate{is("1")}},
		{"an extension where short numbers are priced", none, number("100"), priced1, []Rate{is("1")}},

		// Services.
		{"a service goes before the number", short, func(u *Usage) { u.Service, u.Number = "onnet", "100" }, priced2, []Rate{is("100"), is("", service("onnet"))}},
		{"a service without rows", none, func(u *Usage) { u.Service = "voicemail" }, priced1, []Rate{is("1212"), is("", service("onnet"))}},
		{"a service of another kind", none, onnet, priced1, []Rate{is("1212"), is("", service("onnet"), kind(call.SMS))}},
		{"a service whose rows do not hold", none, onnet, priced1, []Rate{is("1212"), is("", service("onnet"), tag("gold"))}},
		{"a service whose rows do not hold is no catch-all either", none, onnet, priced2, []Rate{is(""), is("1212"), is("", service("onnet"), tag("gold"))}},
		{"a service is no catch-all", none, nil, noRate, []Rate{is("", service("onnet"))}},
		{"a blocked service", none, onnet, isBlocked, []Rate{is("1212"), is("", service("onnet"), blocked)}},
		{"a service of what is no number", none, func(u *Usage) { u.Service, u.Number = "onnet", "*98" }, priced2, []Rate{is(""), is("", service("onnet"))}},
		{"one of two services", none, func(u *Usage) { u.Service = "voicemail" }, priced2, []Rate{is("", service("onnet")), is("", service("voicemail"))}},

		// Local routing numbers.
		{"by LRN", lrn, func(u *Usage) { u.LRN = "13135550100" }, priced2, []Rate{is("1212"), is("1313")}},
		{"by LRN without one", lrn, nil, priced1, []Rate{is("1212"), is("1313")}},
		{"not by LRN", none, func(u *Usage) { u.LRN = "13135550100" }, priced1, []Rate{is("1212"), is("1313")}},
		{"the caller by LRN, too", func(t *Terms) { groups(t); lrn(t) }, func(u *Usage) { u.CallerLRN = "442079460000" }, priced3,
			[]Rate{is("1212"), is("1212", origin("us")), is("1212", origin("other"))}},

		// From and to.
		{"from its instant on", none, nil, priced2, []Rate{is("1"), is("1212", from("2026-06-15T12:00:00Z"))}},
		{"not before it", none, nil, priced1, []Rate{is("1"), is("1212", from("2026-06-15T12:00:00.000000001Z"))}},
		{"not at its end", none, nil, priced1, []Rate{is("1"), is("1212", to("2026-06-15T12:00:00Z"))}},
		{"up to its end", none, nil, priced2, []Rate{is("1"), is("1212", to("2026-06-15T12:00:00.000000001Z"))}},
		{"the latest that has begun", none, nil, priced2, []Rate{is("1212"), is("1212", from("2026-06-01T00:00:00Z")), is("1212", from("2026-07-01T00:00:00Z"))}},
		{"the older again when the later has ended", none, nil, priced1, []Rate{is("1212", from("2026-01-01T00:00:00Z")),
			is("1212", from("2026-06-01T00:00:00Z"), to("2026-06-10T00:00:00Z"))}},
		{"no row of a prefix any more, nor of the one before", none, nil, noRate, []Rate{is("12", from("2027-01-01T00:00:00Z")), is("1212", to("2026-06-01T00:00:00Z"))}},

		// Tags and digits.
		{"its tag", none, tagged("gold"), priced2, []Rate{is("1212"), is("1212", tag("gold"))}},
		{"another tag", none, tagged("night"), priced1, []Rate{is("1212"), is("1212", tag("gold"))}},
		{"no tag", none, nil, priced1, []Rate{is("1212"), is("1212", tag("gold"))}},
		{"11 digits of 11", none, nil, priced2, []Rate{is("1212"), is("1212", digits(11, 11))}},
		{"too few digits", none, nil, priced1, []Rate{is("1212"), is("1212", digits(12, 0))}},
		{"too many digits", none, nil, priced1, []Rate{is("1212"), is("1212", digits(0, 10))}},

		// Callers.
		{"from a group", groups, nil, priced2, []Rate{is("1212"), is("1212", origin("us"))}},
		{"from another", groups, nil, priced1, []Rate{is("1212"), is("1212", origin("other"))}},
		{"from the group that knows more digits", groups, nil, priced3, []Rate{is("1212"), is("1212", origin("us")), is("1212", origin("ny"))}},
		{"from the group that knows one digit more", func(t *Terms) {
			t.Origins = []Origin{{Name: "us", Prefixes: []string{"1"}}, {Name: "east", Prefixes: []string{"13"}}}
		}, nil, priced2,
			[]Rate{is("1212", origin("us")), is("1212", origin("east"))}},
		{"longest prefix first, then the caller", groups, nil, priced2, []Rate{is("1", origin("ny")), is("1212")}},
		{"a caller without a number is in no group", groups, caller(""), priced1, []Rate{is("1212"), is("1212", origin("all"))}},
		{"a caller that is missing", groups, caller(""), priced2, []Rate{is("1212"), is("1212", origin("bad"))}},
		{"a caller that is no number", groups, caller("anonymous"), priced2, []Rate{is("1212"), is("1212", origin("bad"))}},
		{"an invalid caller before the tag", func(t *Terms) { t.Origins = []Origin{{Name: "bad", Invalid: true}} }, func(u *Usage) { u.Caller, u.Tag = "", "gold" }, priced2,
			[]Rate{is("1212", tag("gold")), is("1212", origin("bad"))}},
		{"a caller of 4 digits", groups, caller("1315"), priced2, []Rate{is("1212"), is("1212", origin("bad"))}},
		{"a caller of 16 digits", groups, caller("3312345678901234"), priced2, []Rate{is("1212"), is("1212", origin("bad"))}},
		{"a caller of 15 digits", groups, caller("331234567890123"), priced1, []Rate{is("1212"), is("1212", origin("bad"))}},
		{"a caller from nowhere", groups, caller("99955501001"), priced2, []Rate{is("1212"), is("1212", origin("bad"))}},
		{"digits outrank an invalid caller", groups, caller("1315"), priced3, []Rate{is("1212"), is("1212", origin("bad")), is("1212", origin("us"))}},
		{"no digits outrank it, too", groups, caller("3315"), priced3, []Rate{is("1212"), is("1212", origin("bad")), is("1212", origin("all"))}},

		// Areas (support.sippysoft.com/support/solutions/articles/107956-local).
		{"within the area", none, nil, priced2, []Rate{is("1212", area("ny")), is("1212", area("ny"), local), is("1315", area("ny"))}},
		{"from outside it", none, nil, priced1, []Rate{is("1212", area("ny")), is("1212", area("ny"), local), is("1315", area("upstate"))}},
		{"the area is known by any of its rows", none, nil, priced2, []Rate{is("1212", area("ny")), is("1212", area("ny"), local),
			is("1315", area("ny"), kind(call.SMS), blocked, to("2020-01-01T00:00:00Z"))}},
		{"a service has a price for each area", none, onnet, priced2, []Rate{is("", service("onnet"), area("upstate"), local), is("", service("onnet"), area("ny"), local), is("1315", area("ny"))}},
		{"local and from a group: the longer match", groups, nil, priced2, []Rate{is("1212", area("ny"), origin("us")), is("1212", area("ny"), local), is("1315", area("ny"))}},

		// What goes before what, one level only.
		{"the caller before the tag", groups, tagged("gold"), priced1, []Rate{is("1212", origin("us")), is("1212", tag("gold"))}},
		{"the tag before the class", always, tagged("gold"), priced1, []Rate{is("1212", tag("gold")), is("1212", class(numbering.Local))}},
		{"the class before the band", always, nil, priced1, []Rate{is("1212", class(numbering.Local)), is("1212", inBand("All"))}},
		{"the band before the digits", always, nil, priced1, []Rate{is("1212", inBand("All")), is("1212", digits(5, 12))}},
		{"the digits before the beginning", none, nil, priced1, []Rate{is("1212", digits(5, 12)), is("1212", from("2026-06-01T00:00:00Z"))}},
		{"another band does not hold", always, nil, priced1, []Rate{is("1"), is("1212", inBand("Never"))}},
		{"another class does not hold", always, nil, priced1, []Rate{is("1"), is("1212", class(numbering.EEACall))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.rates {
				tt.rates[i].ConnectionFee = price(t, "1") * money.Price(i+1)
			}
			terms := usual(func(t *Terms) { t.ShortDigits = 0 }, tt.terms)
			u := aCall(t, "60")
			if tt.usage != nil {
				tt.usage(&u)
			}
			card := mustCard(t, terms, tt.rates...)
			got := priced(t, card, u)
			if many := priced(t, card.Unpacked(), u); many != got {
				t.Errorf("with many groups of callers %+v, with few %+v", many, got)
			}
			text := string(got.Reason)
			if text == "" {
				text = got.Amount.String()
			}
			if text != tt.want {
				t.Errorf("%s, want %s: %+v", text, tt.want, got)
			}
			if noLRN := got.Flags.Has(call.NoLRN); noLRN != (terms.ByLRN && u.LRN == "") {
				t.Errorf("flags %v", got.Flags)
			}
		})
	}
}

// TestChargeSaysItsPrefix: how many digits matched, which row, what is odd.
func TestChargeSaysItsPrefix(t *testing.T) {
	minute := Rate{Price1: price(t, "0.1"), PriceN: price(t, "0.1"), Interval1: 60, IntervalN: 60}
	of := func(prefix string, changes ...func(*Rate)) Rate {
		r := changed(minute, changes...)
		r.Prefix = prefix
		return r
	}
	c := mustCard(t, usual(), of(""), of("1"), of("12"), of("3370", func(r *Rate) { r.AssumedPulse = true }), of("3399", func(r *Rate) { r.Blocked, r.AssumedPulse = true, true }))
	for _, tt := range []struct {
		number string
		want   Charge
	}{
		{"1234567890", Charge{Prefix: 2, Billed: 120}}, {"1134567890", Charge{Prefix: 1, Billed: 120}}, {"2234567890", Charge{Billed: 120}},
		{"33701234567", Charge{Prefix: 4, Billed: 120, Flags: call.DefaultIncrement}},
		{"33991234567", Charge{Prefix: 4, Reason: call.Blocked}},
		{"339912", Charge{Reason: call.ShortNumber}},
	} {
		got := priced(t, c, Usage{Number: tt.number, Quantity: 61e9})
		if tt.want.Billed > 0 {
			tt.want.Amount, _ = price(t, "0.2").Amount().Round(4, 1)
		}
		if (got.Row != 0) != (tt.want.Reason != call.ShortNumber) {
			t.Errorf("%s: row %d", tt.number, got.Row)
		}
		got.Row = 0
		if diff := cmp.Diff(tt.want, got, amounts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.number, diff)
		}
	}
}

// TestBadQuantities have no price, whatever the number.
func TestBadQuantities(t *testing.T) {
	c := mustCard(t, usual(), Rate{IntervalN: 1})
	for _, quantity := range []int64{-1, MaxQuantity + 1, math.MinInt64, math.MaxInt64} {
		for _, number := range []string{"442079460000", "100", "x"} {
			if got := priced(t, c, Usage{Number: number, Quantity: quantity}); got != (Charge{Reason: call.BadDuration}) {
				t.Errorf("%d ns: %+v, want bad_duration", quantity, got)
			}
		}
	}
}

// TestClassOfACall: the columns of docs.connexcs.com/routing-usa (1212 and 1315
// are New York, 1224 Illinois, 1787 Puerto Rico, 1204 Canada) and of
// docs.connexcs.com/customer-ratecard, Force Presentation.
func TestClassOfACall(t *testing.T) {
	const ny, upstate, il, pr, canada, britain, france, austria, withheld, tollFree = "12125550100", "13155550100", "12245550100", "17875550100", "12045550100",
		"442079460000", "33142685300", "4312345678", "", "18005550100"
	two := func(t *Terms) { t.Presentation = InterIntra }
	dearer := func(t *Terms) { t.Presentation, t.DearerIndeterminate = InterIntra, true }
	three := func(t *Terms) { t.Presentation = InterIntraIndeterminate }
	eea := func(t *Terms) { t.Presentation = LocalEEAInternational }
	ukIsIn := func(t *Terms) {
		t.Presentation, t.EEAFrom, t.EEATo = LocalEEAInternational, []string{"GB"}, []string{"FR"}
	}
	const intra, inter, indeterminate = numbering.Intrastate, numbering.Interstate, numbering.Indeterminate
	const local, eeaCall, abroad = numbering.Local, numbering.EEACall, numbering.International
	row := func(c Class, perMinute string) Rate {
		return Rate{Class: c, Price1: price(t, perMinute), PriceN: price(t, perMinute), Interval1: 60, IntervalN: 60}
	}
	usual2 := []Rate{row(intra, "1"), row(inter, "2")}
	usual3 := []Rate{row(intra, "1"), row(inter, "2"), row(indeterminate, "3")}
	dearIntra := []Rate{row(intra, "3"), row(inter, "2")}
	dearFee := []Rate{row(intra, "2"), row(inter, "2")}
	dearFee[0].ConnectionFee = price(t, "0.5")
	dearFirst := []Rate{row(intra, "2"), row(inter, "2")}
	dearFirst[0].Price1 = price(t, "2.5")
	dearAfter := []Rate{row(intra, "2"), row(inter, "2")} // price N goes before price 1
	dearAfter[0].PriceN, dearAfter[1].Price1 = price(t, "2.5"), price(t, "9")
	deeper := []Rate{row(intra, "1"), row(inter, "2")}
	deeper[0].Prefix = "44"
	ofEEA := []Rate{row(local, "1"), row(eeaCall, "2"), row(abroad, "3")}
	for _, tt := range []struct {
		name           string
		terms          func(*Terms)
		rates          []Rate
		caller, called string
		want           string
	}{
		{"in one state", three, usual3, upstate, ny, "1.0000"}, {"in another", three, usual3, il, il, "1.0000"},
		{"between states", three, usual3, ny, il, "2.0000"}, {"to a territory", three, usual3, ny, pr, "2.0000"}, {"in a territory", three, usual3, pr, pr, "1.0000"},
		{"from abroad", three, usual3, britain, il, "3.0000"}, {"withheld", three, usual3, withheld, ny, "3.0000"}, {"from Canada", three, usual3, canada, ny, "3.0000"},
		{"toll-free", three, usual3, tollFree, ny, "3.0000"}, {"to Canada", three, usual3, ny, canada, "3.0000"}, {"to abroad", three, usual3, ny, britain, "3.0000"},

		{"intrastate of two columns", two, usual2, upstate, ny, "1.0000"}, {"interstate of two", two, usual2, ny, il, "2.0000"},
		{"abroad is inter", two, dearIntra, ny, britain, "2.0000"}, {"withheld is inter", two, dearIntra, withheld, ny, "2.0000"},
		{"the dearer: inter", dearer, usual2, ny, britain, "2.0000"}, {"the dearer: intra", dearer, dearIntra, ny, britain, "3.0000"},
		{"interstate is never the dearer", dearer, dearIntra, ny, il, "2.0000"}, {"the dearer by its fee", dearer, dearFee, ny, britain, "2.5000"},
		{"the dearer by price 1", dearer, dearFirst, ny, britain, "2.5000"}, {"by price N before price 1", dearer, dearAfter, ny, britain, "2.0000"},
		{"the one that there is", dearer, usual2[:1], ny, britain, "1.0000"}, {"of the longest prefix that has one", dearer, deeper, ny, britain, "1.0000"},
		{"no column", two, usual2[:1], ny, britain, "no_rate"}, {"any class", two, []Rate{row(AnyClass, "4")}, ny, britain, "4.0000"},

		{"local", eea, ofEEA, britain, britain, "1.0000"}, {"within the EEA", eea, ofEEA, austria, france, "2.0000"}, {"into it", eea, ofEEA, britain, france, "3.0000"},
		{"withheld is international", eea, ofEEA, withheld, france, "3.0000"}, {"by the card's lists", ukIsIn, ofEEA, britain, france, "2.0000"},
		{"out of the card's lists", ukIsIn, ofEEA, austria, france, "3.0000"}, {"local whatever the lists", ukIsIn, ofEEA, france, france, "1.0000"},
	} {
		u := aCall(t, "60")
		u.Caller, u.Number = tt.caller, tt.called
		got := priced(t, mustCard(t, usual(tt.terms), tt.rates...), u)
		if text := string(got.Reason) + map[bool]string{true: got.Amount.String()}[got.Reason == ""]; text != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
		}
	}
}
