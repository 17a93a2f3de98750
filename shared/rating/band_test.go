package rating_test

import (
	"testing"
	"time"

	"github.com/tollbook/tollbook/shared/band"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/money"
	. "github.com/tollbook/tollbook/shared/rating"
)

// eveningBands are Day from 07:00 to 19:00 and Evening, in UTC, each second by
// its own band.
func eveningBands(t testing.TB) *band.Set {
	t.Helper()
	return &band.Set{Zone: "UTC", Split: true, Names: []string{"Day", "Evening"}, Windows: []band.Window{
		{Band: "Day", From: clock(t, "07:00"), To: clock(t, "19:00")}, {Band: "Evening", To: band.EndOfDay},
	}}
}

func clock(t testing.TB, s string) band.TimeOfDay {
	t.Helper()
	v, err := band.ParseTimeOfDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestBandAtTheInstant: the band at the call's instant prices all of it, in the
// card's zone, else the customer's; on the days that the clocks change, too.
func TestBandAtTheInstant(t *testing.T) {
	weekdays := []band.Day{band.Monday, band.Tuesday, band.Wednesday, band.Thursday, band.Friday}
	bands := func(in string) *band.Set {
		return &band.Set{
			Zone: in, Names: []string{"Daytime", "Evening", "Weekend"},
			Windows: []band.Window{
				{Band: "Daytime", Days: weekdays, From: clock(t, "07:00"), To: clock(t, "19:00")},
				{Band: "Weekend", Days: []band.Day{band.Saturday, band.Sunday, band.Holiday}, To: band.EndOfDay},
				{Band: "Evening", To: band.EndOfDay},
			},
			Dates: []band.Date{{On: band.On{Month: time.December, Day: 25}, As: band.Holiday}},
		}
	}
	small := &band.Set{Names: []string{"Small", "Else"}, Windows: []band.Window{{Band: "Small", From: clock(t, "01:00"), To: clock(t, "02:00")}, {Band: "Else", To: band.EndOfDay}}}
	london, utc := zone(t, "Europe/London"), time.UTC
	for _, tt := range []struct {
		bands *band.Set
		when  string
		zone  *time.Location
		want  string
	}{
		{bands(""), "2026-06-15T06:59:59.999999999Z", utc, "Evening"}, {bands(""), "2026-06-15T07:00:00Z", utc, "Daytime"},
		{bands(""), "2026-06-15T18:59:59Z", utc, "Daytime"}, {bands(""), "2026-06-15T19:00:00Z", utc, "Evening"},
		{bands(""), "2026-06-13T12:00:00Z", utc, "Weekend"}, {bands(""), "2026-06-13T00:00:00Z", utc, "Weekend"}, {bands(""), "2026-06-12T23:59:59Z", utc, "Evening"},
		{bands(""), "2026-12-25T12:00:00Z", utc, "Weekend"}, {bands(""), "2026-12-25T12:00:00Z", nil, "Weekend"},
		// Summer time: 06:00 UTC is 07:00 in London.
		{bands(""), "2026-06-15T06:00:00Z", london, "Daytime"}, {bands(""), "2026-06-15T05:59:59Z", london, "Evening"},
		{bands("America/New_York"), "2026-06-15T18:30:00Z", london, "Daytime"}, {bands("America/New_York"), "2026-06-15T10:30:00Z", london, "Evening"},
		// The hour from 01:00 is there twice on 25 October, and not at all on 29 March.
		{small, "2026-10-25T00:30:00Z", london, "Small"}, {small, "2026-10-25T01:30:00Z", london, "Small"}, {small, "2026-10-25T02:00:00Z", london, "Else"},
		{small, "2026-03-29T00:59:59Z", london, "Else"}, {small, "2026-03-29T01:00:00Z", london, "Else"},
	} {
		terms := usual(func(terms *Terms) { terms.Bands = tt.bands })
		var rates []Rate
		for i, name := range tt.bands.Names {
			rates = append(rates, Rate{Band: name, ConnectionFee: price(t, "1") * money.Price(i+1)})
		}
		u := aCall(t, "60")
		u.Instant, u.Zone = instant(t, tt.when), tt.zone
		c := mustCard(t, terms, rates...)
		tr := c.NewPricer().Trace(&u)
		if priced(t, c, u); tr.Band != tt.want {
			t.Errorf("%s in %v: %s, want %s", tt.when, tt.zone, tr.Band, tt.want)
		}
	}
}

// TestZonesTakeTurns: one pricer serves customers of several zones.
func TestZonesTakeTurns(t *testing.T) {
	bands := eveningBands(t)
	bands.Zone, bands.Split = "", false
	c := mustCard(t, usual(func(t *Terms) { t.Bands = bands }), Rate{Band: "Day", ConnectionFee: price(t, "2")}, Rate{ConnectionFee: price(t, "1")})
	p := c.NewPricer()
	u := aCall(t, "60")
	u.Instant = instant(t, "2026-06-15T06:30:00Z") // 07:30 in London, 02:30 in New York
	for range 3 {
		for _, tt := range []struct{ zone, amount string }{{"Europe/London", "2.0000"}, {"America/New_York", "1.0000"}, {"UTC", "1.0000"}} {
			u.Zone = zone(t, tt.zone)
			if got := p.Price(&u); got.Amount.String() != tt.amount {
				t.Errorf("%s: %v, want %s", tt.zone, got.Amount, tt.amount)
			}
		}
	}
}

// TestSplitCalls: each second by its own band. Peak is 1 a second until 18:00
// on weekdays, with a fee, Off 0.5 a second, as in
// github.com/cgrates/cgrates/blob/master/engine/calldesc_test.go, L620.
// 23:50 on 7 February 2012, a Tuesday, unless said otherwise.
func TestSplitCalls(t *testing.T) {
	const ten, edge = "2012-02-07T23:50:00Z", "2012-02-07T23:59:57Z" // edge is 3 s before the dear seconds
	p := func(s string) money.Price { return price(t, s) }
	block := func(_ *Terms, r []Rate) { // 5 s first, then pulses of 4; price 1 is the tenfold
		r[0].Price1, r[0].Interval1, r[0].IntervalN = p("10"), 5, 4
		r[1].Price1, r[1].Interval1, r[1].IntervalN = p("5"), 5, 4
	}
	for _, tt := range []struct {
		name    string
		when    string
		seconds string
		change  func(*Terms, []Rate)
		billed  uint64
		want    string // the amount, or why there is none
	}{
		{"600 s at a half, 1800 at one, no fee", ten, "2400", nil, 2400, "2100.0000"},
		{"within one band", ten, "30", nil, 30, "15.0000"},
		{"the fee of the first band", "2012-02-07T17:59:58Z", "5", nil, 5, "4.5000"}, // 1 + 2 + 3/2
		// 3 s at 5 and 2 s at 10, then 4 s at 1.
		{"prices 1 and N of both", edge, "6", block, 9, "39.0000"},
		{"the first interval runs into the next band", edge, "1", block, 5, "35.0000"},
		{"there and back", "2012-02-07T17:59:00Z", "86400", nil, 86400, "75601.0000"}, // 18 h in Peak, 6 h in Off, and the fee
		// The free seconds are none of those billed: 1 first, 2 free, 4 after them, two of which are dear.
		{"free seconds after the first interval", "2012-02-07T23:59:55Z", "7", func(t *Terms, _ []Rate) { t.Free = 2 }, 5, "3.5000"},
		{"free seconds first", edge, "7", func(t *Terms, _ []Rate) { t.Free, t.FreeFirst = 2, true }, 5, "3.5000"},
		{"all of it free", edge, "2", func(t *Terms, _ []Rate) { t.Free, t.FreeFirst = 2, true }, 0, "0.0000"},
		{"a fraction counts by its part", edge, "3.5", func(t *Terms, _ []Rate) { t.KeepFractions, t.Model = true, Continuous }, 4, "2.0000"},
		{"an instant within a second", "2012-02-07T23:59:58.5Z", "4", nil, 4, "3.0000"}, // seconds begin at :58.5, :59.5, :00.5, :01.5
		{"the other row's own unit", edge, "6", func(_ *Terms, r []Rate) { r[0].Per = 2 }, 6, "3.0000"},
		{"the limits of the row that begins", edge, "6", func(_ *Terms, r []Rate) { r[0].MaxCharge, r[1].MaxCharge = p("1"), p("4") }, 6, "4.0000"},
		{"the access charge of the row that begins", edge, "6", func(t *Terms, r []Rate) { t.Access, r[1].Access = p("0.6"), true }, 6, "4.5600"},
		{"a surcharge on all of it", edge, "6", func(t *Terms, _ []Rate) { t.Surcharge = p("0.1") }, 6, "4.9500"},
		{"no row in the next band", edge, "6", func(_ *Terms, r []Rate) { r[0].Prefix = "44" }, 0, "no_rate"},
		{"not reached", edge, "3", func(_ *Terms, r []Rate) { r[0].Prefix = "44" }, 3, "1.5000"},
		{"a shorter prefix in the next band", edge, "6", func(_ *Terms, r []Rate) { r[1].Prefix = "1212" }, 6, "4.5000"},
		{"blocked in the next band", edge, "6", func(_ *Terms, r []Rate) { r[0].Blocked = true }, 0, "blocked"},
		{"blocked and per call in the next band", edge, "6", func(_ *Terms, r []Rate) { r[0].Blocked, r[0].Per, r[0].PriceN = true, PerCall, 0 }, 0, "blocked"},
		{"per call in the next band", edge, "6", func(_ *Terms, r []Rate) { r[0].Per, r[0].PriceN = PerCall, 0 }, 0, "no_rate"},
		{"tiers in the next band", edge, "6", func(_ *Terms, r []Rate) { r[0] = Rate{Band: "Peak", Tiers: []Tier{{From: 1}}} }, 0, "no_rate"},
		{"per call in its own", edge, "6", func(_ *Terms, r []Rate) { r[1].Per, r[1].PriceN = PerCall, 0 }, 6, "0.5000"},
		{"grace looks at no other band", edge, "6", func(t *Terms, r []Rate) { t.Grace, r[0].Blocked = 7, true }, 0, "0.0000"},
		{"a row that began at midnight does not hold", edge, "6", func(_ *Terms, r []Rate) { r[0].From = instant(t, "2012-02-08T00:00:00Z") }, 0, "no_rate"},
		{"messages are not split", edge, "6", func(_ *Terms, r []Rate) { r[0].Kind, r[1].Kind = call.SMS, call.SMS }, 6, "3.0000"},
	} {
		terms := usual(func(terms *Terms) {
			terms.Bands = &band.Set{Zone: "UTC", Split: true, Names: []string{"Peak", "Off"}, Windows: []band.Window{
				{Band: "Peak", Days: []band.Day{band.Monday, band.Tuesday, band.Wednesday, band.Thursday, band.Friday}, To: clock(t, "18:00")},
				{Band: "Off", To: band.EndOfDay},
			}}
		})
		rates := []Rate{
			{Band: "Peak", Price1: p("1"), PriceN: p("1"), Per: 1, Interval1: 1, IntervalN: 1, ConnectionFee: p("1")},
			{Band: "Off", Price1: p("0.5"), PriceN: p("0.5"), Per: 1, Interval1: 1, IntervalN: 1},
		}
		if tt.change != nil {
			tt.change(&terms, rates)
		}
		u := aCall(t, tt.seconds)
		u.Instant = instant(t, tt.when)
		if u.Kind = rates[1].Kind; u.Kind != call.Voice {
			u.Quantity /= 1e9
		}
		got := priced(t, mustCard(t, terms, rates...), u)
		text := string(got.Reason)
		if text == "" {
			text = got.Amount.String()
		}
		if got.Billed != tt.billed || text != tt.want {
			t.Errorf("%s: %d billed, %s; want %d, %s", tt.name, got.Billed, text, tt.billed, tt.want)
		}
	}
}

// TestSplitCallThatIsBlocked: charge and trace name the row that blocks it.
func TestSplitCallThatIsBlocked(t *testing.T) {
	terms := usual(func(terms *Terms) { terms.Bands = eveningBands(t) })
	c := mustCard(t, terms, Rate{Prefix: "1212", Band: "Day", Destination: "New York by day", IntervalN: 1}, Rate{Prefix: "12", Destination: "somewhere", Blocked: true})
	u := aCall(t, "36000")
	if got := priced(t, c, u); got.Reason != call.Blocked || got.Prefix != 2 {
		t.Errorf("%+v, want blocked by 12", got)
	}
	const want = "Call of 36000 s to 12125550100 (somewhere, prefix 12): not charged, calls like this are blocked."
	if got := c.NewPricer().Trace(&u).Sentence(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestSplitOverASummerTime: Small is from 01:00 to 02:00 in London, an hour
// that lasts two on 25 October.
func TestSplitOverASummerTime(t *testing.T) {
	terms := usual(func(terms *Terms) {
		terms.Bands = &band.Set{Split: true, Names: []string{"Small", "Else"}, Windows: []band.Window{{Band: "Small", From: clock(t, "01:00"), To: clock(t, "02:00")}, {Band: "Else", To: band.EndOfDay}}}
	})
	second := Rate{Price1: price(t, "1"), PriceN: price(t, "1"), Per: 1, IntervalN: 1, Interval1: 1}
	c := mustCard(t, terms, second, changed(second, func(r *Rate) { r.Band, r.Price1, r.PriceN = "Small", 0, 0 }))
	for _, tt := range []struct{ when, want string }{
		{"2026-10-24T23:59:00Z", "3660.0000"}, // a minute, two hours of Small, an hour
		{"2026-03-29T00:59:00Z", "10860.0000"},
		{"2026-06-14T23:59:00Z", "7260.0000"},
	} {
		u := aCall(t, "10860")
		u.Instant, u.Zone = instant(t, tt.when), zone(t, "Europe/London")
		if got := priced(t, c, u); got.Amount.String() != tt.want {
			t.Errorf("%s: %v, want %s", tt.when, got.Amount, tt.want)
		}
	}
}
