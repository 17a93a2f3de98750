package twin_test

import (
	"testing"
	"time"

	"github.com/tollbook/tollbook/tests/twin"
)

// vodafone is daytime Monday to Friday 07 to 19, weekend all day, evening
// else; bank holidays count as Sundays here.
func vodafone(zone string) twin.Bands {
	weekdays := []string{"mon", "tue", "wed", "thu", "fri"}
	return twin.Bands{
		Zone: zone, Names: []string{"Daytime", "Evening", "Weekend"},
		Windows: []twin.Window{
			{Band: "Daytime", Days: weekdays, From: "07:00", To: "19:00"},
			{Band: "Weekend", Days: []string{"sat", "sun", "holiday"}, From: "00:00", To: "24:00"},
			{Band: "Evening", From: "00:00", To: "24:00"},
		},
		Dates: []twin.Date{{On: "12-25", As: "sun"}, {On: "2026-12-28", As: "holiday"}, {On: "2026-12-25", As: "mon"}},
	}
}

func TestBandOfAnInstant(t *testing.T) {
	special := twin.Bands{Windows: []twin.Window{
		{Band: "last day", MonthDays: []int{-1}, From: "12:00", To: "13:00"},
		{Band: "summer", Months: []int{6, 7}, From: "00:00", To: "00:00:01"},
		{Band: "that year", Years: []int{2027}, From: "23:59:59", To: "24:00"},
		{Band: "15th", MonthDays: []int{15}, From: "08:00", To: "09:00"},
		{Band: "else", From: "00:00", To: "24:00"},
	}}
	small := twin.Bands{Windows: []twin.Window{{Band: "small", From: "01:00", To: "02:00"}, {Band: "else", From: "00:00", To: "24:00"}}}
	for _, tt := range []struct {
		bands twin.Bands
		when  string
		zone  string
		want  string
	}{
		{vodafone(""), "2026-06-15T06:59:59Z", "UTC", "Evening"}, {vodafone(""), "2026-06-15T07:00:00Z", "UTC", "Daytime"},
		{vodafone(""), "2026-06-15T18:59:59Z", "UTC", "Daytime"}, {vodafone(""), "2026-06-15T19:00:00Z", "UTC", "Evening"},
		{vodafone(""), "2026-06-13T12:00:00Z", "UTC", "Weekend"}, {vodafone(""), "2026-06-12T23:59:59Z", "UTC", "Evening"}, {vodafone(""), "2026-06-13T00:00:00Z", "UTC", "Weekend"},
		// Dates: one of every year, one of its own, and the one that goes before the other.
		{vodafone(""), "2025-12-25T12:00:00Z", "UTC", "Weekend"}, {vodafone(""), "2026-12-28T12:00:00Z", "UTC", "Weekend"}, {vodafone(""), "2026-12-25T12:00:00Z", "UTC", "Daytime"},
		// Summer time: 06:00 UTC is 07:00 in London.
		{vodafone(""), "2026-06-15T05:59:59Z", "Europe/London", "Evening"}, {vodafone(""), "2026-06-15T06:00:00Z", "Europe/London", "Daytime"},
		// The hour from 01:00 is there twice on 25 October, and not at all on 29 March.
		{small, "2026-10-25T00:30:00Z", "Europe/London", "small"}, {small, "2026-10-25T01:30:00Z", "Europe/London", "small"}, {small, "2026-10-25T02:00:00Z", "Europe/London", "else"},
		{small, "2026-03-29T00:59:59Z", "Europe/London", "else"}, {small, "2026-03-29T01:00:00Z", "Europe/London", "else"},
		{special, "2026-02-28T12:30:00Z", "UTC", "last day"}, {special, "2028-02-28T12:30:00Z", "UTC", "else"}, {special, "2028-02-29T12:30:00Z", "UTC", "last day"},
		{special, "2026-06-15T00:00:00.999999999Z", "UTC", "summer"}, {special, "2026-06-15T00:00:01Z", "UTC", "else"}, {special, "2026-05-31T00:00:00Z", "UTC", "else"},
		{special, "2027-06-15T23:59:59Z", "UTC", "that year"}, {special, "2026-06-15T23:59:59Z", "UTC", "else"}, {special, "2026-06-15T08:00:00Z", "UTC", "15th"},
	} {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.bands.At(time.Unix(0, instant(tt.when)).In(zone)); got != tt.want {
			t.Errorf("%s in %s: %s, want %s", tt.when, tt.zone, got, tt.want)
		}
	}
}

// TestBandOfACard: the band at the instant prices all of a call, unless the
// card splits it; the zone is the card's, else the customer's.
func TestBandOfACard(t *testing.T) {
	day, evening := is("1", band("Daytime")), is("1", band("Evening"))
	day.Price1, day.PriceN, evening.Price1, evening.PriceN = "2", "2", "1", "1"
	bands := func(zone string, split bool) twin.Terms {
		return with(four, func(t *twin.Terms) { b := vodafone(zone); b.Split = split; t.Bands = &b })
	}
	for _, tt := range []struct {
		name   string
		terms  twin.Terms
		when   string
		zone   string
		amount string
	}{
		{"all of it by its beginning", bands("", false), "2026-06-15T18:59:00Z", "", "4.0000"},
		{"split", bands("", true), "2026-06-15T18:59:00Z", "", "3.0000"},
		{"split at a part of a minute", bands("", true), "2026-06-15T18:59:30Z", "", "2.5000"},
		{"the customer's zone", bands("", false), "2026-06-15T18:00:00Z", "Europe/London", "2.0000"},
		{"the card's zone", bands("America/New_York", false), "2026-06-15T18:00:00Z", "Europe/London", "4.0000"},
	} {
		u := call("120")
		u.Instant, u.Zone = instant(tt.when), tt.zone
		if got := twin.Price(tt.terms, []twin.Rate{day, evening}, u); got.Amount != tt.amount {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.amount)
		}
	}
}

// peak is 0.5 a second until 00:00 and 1 a second after it, as in
// github.com/cgrates/cgrates/blob/master/engine/calldesc_test.go#L620, with a
// fee on the dear one.
func peak() (twin.Terms, []twin.Rate) {
	terms := with(four, func(t *twin.Terms) {
		t.Bands = &twin.Bands{Zone: "UTC", Split: true, Names: []string{"Peak", "Off"}, Windows: []twin.Window{
			{Band: "Peak", Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "00:00", To: "18:00"}, {Band: "Off", From: "00:00", To: "24:00"},
		}}
	})
	return terms, []twin.Rate{
		{Band: "Peak", Price1: "1", PriceN: "1", Per: 1, Interval1: 1, IntervalN: 1, ConnectionFee: "1"},
		{Band: "Off", Price1: "0.5", PriceN: "0.5", Per: 1, Interval1: 1, IntervalN: 1},
	}
}

// TestSplit: each second by its own band; 23:50 on 7 February 2012, a Tuesday,
// unless said otherwise.
func TestSplit(t *testing.T) {
	const ten = "2012-02-07T23:50:00Z"
	const edge = "2012-02-07T23:59:57Z"           // 3 s before the dear ones
	block := func(_ *twin.Terms, r []twin.Rate) { // 5 s first, then pulses of 4; price 1 is the tenfold
		for i, price := range []string{"10", "5"} {
			r[i].Price1, r[i].Interval1, r[i].IntervalN = price, 5, 4
		}
	}
	for _, tt := range []struct {
		name    string
		when    string
		seconds string
		change  func(*twin.Terms, []twin.Rate)
		reason  string
		row     int
		billed  int64
		amount  string
	}{
		{"600 s at a half, 1800 at one, no fee", ten, "2400", nil, "", 1, 2400, "2100.0000"},
		{"within one band", ten, "30", nil, "", 1, 30, "15.0000"},
		{"the fee of the first band", "2012-02-07T17:59:58Z", "5", nil, "", 0, 5, "4.5000"}, // 1 + 2 + 3/2
		// 3 s at 5 and 2 s at 10, then 4 s at 1.
		{"prices 1 and N of both", edge, "6", block, "", 1, 9, "39.0000"},
		{"the first interval runs into the next band", edge, "1", block, "", 1, 5, "35.0000"},
		// The free second is none of those billed: 1 first, 2 free, 4 after it, two of which are dear.
		{"free seconds after the first interval", "2012-02-07T23:59:55Z", "7", func(t *twin.Terms, _ []twin.Rate) { t.Free = 2 }, "", 1, 5, "3.5000"},
		{"free seconds first", edge, "7", func(t *twin.Terms, _ []twin.Rate) { t.Free, t.FreeFirst = 2, true }, "", 1, 5, "3.5000"},
		{"a fraction counts by its part", edge, "3.5", func(t *twin.Terms, _ []twin.Rate) { t.KeepFractions, t.Model = true, twin.Continuous }, "", 1, 4, "2.0000"},
		{"an instant within a second", "2012-02-07T23:59:58.5Z", "4", nil, "", 1, 4, "3.0000"}, // seconds begin at :58.5, :59.5, :00.5, :01.5
		{"the other row's own unit", edge, "6", func(_ *twin.Terms, r []twin.Rate) { r[0].Per = 2 }, "", 1, 6, "3.0000"},
		{"the limits of the row that begins", edge, "6", func(_ *twin.Terms, r []twin.Rate) { r[0].MaxCharge, r[1].MaxCharge = "1", "4" }, "", 1, 6, "4.0000"},
		{"no row in the next band", edge, "6", func(_ *twin.Terms, r []twin.Rate) { r[0].Prefix = "44" }, "no_rate", -1, 0, ""},
		{"not reached", edge, "3", func(_ *twin.Terms, r []twin.Rate) { r[0].Prefix = "44" }, "", 1, 3, "1.5000"},
		{"blocked in the next band", edge, "6", func(_ *twin.Terms, r []twin.Rate) { r[0].Blocked = true }, "blocked", 0, 0, ""},
		{"per call in the next band", edge, "6", func(_ *twin.Terms, r []twin.Rate) { r[0].Per, r[0].PriceN = twin.PerCall, "" }, "no_rate", -1, 0, ""},
		{"per call in its own", edge, "6", func(_ *twin.Terms, r []twin.Rate) { r[1].Per, r[1].PriceN = twin.PerCall, "" }, "", 1, 6, "0.5000"},
		{"grace looks at no other band", edge, "6", func(t *twin.Terms, r []twin.Rate) { t.Grace, r[0].Blocked = 7, true }, "", 1, 0, "0.0000"},
		{"a row that began at midnight does not hold", edge, "6", func(_ *twin.Terms, r []twin.Rate) { r[0].From = instant("2012-02-08T00:00:00Z") }, "no_rate", -1, 0, ""},
	} {
		terms, rates := peak()
		if tt.change != nil {
			tt.change(&terms, rates)
		}
		u := call(tt.seconds)
		u.Instant = instant(tt.when)
		got := twin.Price(terms, rates, u)
		if got.Reason != tt.reason || got.Index != tt.row || got.Billed != tt.billed || got.Amount != tt.amount {
			t.Errorf("%s: %+v, want %q by row %d, %d billed, %s", tt.name, got, tt.reason, tt.row, tt.billed, tt.amount)
		}
	}
}

// TestCutOffSplit: a call is ended in the band that it has come to.
func TestCutOffSplit(t *testing.T) {
	terms, rates := peak()
	rates[1].MaxCharge = "4"
	u := call("1")
	u.Instant = instant("2012-02-07T23:59:57Z")
	if seconds, ok := twin.CutOff(terms, rates, u, 100); seconds != 5 || !ok { // 3/2 + 2 = 3.5, then 4.5
		t.Errorf("%d, %v; want 5", seconds, ok)
	}
	rates[0].Blocked = true
	if seconds, ok := twin.CutOff(terms, rates, u, 100); ok {
		t.Errorf("%d s, though the call has no price", seconds)
	}
}

// TestSplitCallsOnly: messages of one record are not spread over the seconds
// that follow it.
func TestSplitCallsOnly(t *testing.T) {
	terms, rates := peak()
	rates[0].Kind, rates[1].Kind = twin.SMS, twin.SMS
	u := call("0")
	u.Kind, u.Quantity, u.Instant = twin.SMS, 6, instant("2012-02-07T23:59:57Z")
	if got := twin.Price(terms, rates, u); got.Amount != "3.0000" || got.Index != 1 {
		t.Errorf("%+v, want 6 messages at 0.5", got)
	}
}
