package twin_test

import (
	"slices"
	"testing"

	"github.com/tollbook/tollbook/tests/twin"
)

// TestJurisdiction: the matrix of docs.connexcs.com/routing-usa/, where 1212
// and 1315 are New York and 1224 is Illinois.
func TestJurisdiction(t *testing.T) {
	const ny, il, unknown, britain = "US-NY", "US-IL", "", "GB"
	terms := with(four, func(t *twin.Terms) { t.Presentation = twin.InterIntraIndeterminate })
	rates := []twin.Rate{classRow(twin.Intrastate, "1"), classRow(twin.Interstate, "2"), classRow(twin.Indeterminate, "3")}
	for _, tt := range []struct {
		caller, called string
		class          string
		row            int
	}{
		{ny, ny, twin.Intrastate, 0}, {il, il, twin.Intrastate, 0},
		{ny, il, twin.Interstate, 1}, {il, ny, twin.Interstate, 1},
		{britain, il, twin.Indeterminate, 2}, {unknown, ny, twin.Indeterminate, 2}, {"CA", ny, twin.Indeterminate, 2},
		{ny, britain, twin.International, 2}, {unknown, britain, twin.International, 2}, {ny, "CA", twin.International, 2}, {ny, "BS", twin.International, 2},
		// Territories count as states; a number that is of no state is no state's.
		{"US-PR", "US-PR", twin.Intrastate, 0}, {ny, "US-PR", twin.Interstate, 1}, {ny, unknown, twin.International, 2}, {"US", ny, twin.Indeterminate, 2}, {ny, "US", twin.Indeterminate, 2},
	} {
		u := call("60")
		u.CallerRegion, u.NumberRegion = tt.caller, tt.called
		if got := twin.Price(terms, rates, u); got.Class != tt.class || got.Index != tt.row {
			t.Errorf("%q to %q: %s by row %d, want %s by row %d", tt.caller, tt.called, got.Class, got.Index, tt.class, tt.row)
		}
	}
}

func classRow(class, price string) twin.Rate {
	r := flat(price, 60, 60)
	r.Class = class
	return r
}

// TestTwoColumns: without a column of its own, what is neither inter- nor
// intrastate is charged as inter (docs.connexcs.com/provider-ratecard/), or
// the dearer of the two.
func TestTwoColumns(t *testing.T) {
	plain := with(four, func(t *twin.Terms) { t.Presentation = twin.InterIntra })
	dearer := with(plain, func(t *twin.Terms) { t.DearerIndeterminate = true })
	cheapIntra := []twin.Rate{classRow(twin.Intrastate, "1"), classRow(twin.Interstate, "2")}
	dearIntra := []twin.Rate{classRow(twin.Intrastate, "3"), classRow(twin.Interstate, "2")}
	same := []twin.Rate{classRow(twin.Intrastate, "2"), classRow(twin.Interstate, "2")}
	fee := []twin.Rate{classRow(twin.Intrastate, "2"), classRow(twin.Interstate, "2")}
	fee[0].ConnectionFee = "0.01"
	only := []twin.Rate{classRow(twin.Intrastate, "1")}
	deeper := []twin.Rate{classRow(twin.Intrastate, "1"), classRow(twin.Interstate, "2")}
	deeper[0].Prefix = "1212"
	for _, tt := range []struct {
		name   string
		terms  twin.Terms
		rates  []twin.Rate
		called string
		row    int
	}{
		{"intrastate", plain, dearIntra, "US-NY", 0},
		{"interstate", plain, dearIntra, "US-IL", 1},
		{"abroad is inter", plain, dearIntra, "GB", 1},
		{"the dearer: inter", dearer, cheapIntra, "GB", 1},
		{"the dearer: intra", dearer, dearIntra, "GB", 0},
		{"interstate is never the dearer", dearer, dearIntra, "US-IL", 1},
		{"inter on a tie", dearer, same, "GB", 1},
		{"equal prices, dearer fee", dearer, fee, "GB", 0},
		{"the one that there is", dearer, only, "GB", 0},
		{"of the longest prefix that has one", dearer, deeper, "GB", 0},
		{"no column", plain, only, "GB", -1},
	} {
		u := call("60")
		u.CallerRegion, u.NumberRegion = "US-NY", tt.called
		if got := twin.Price(tt.terms, tt.rates, u); got.Index != tt.row {
			t.Errorf("%s: row %d, want %d", tt.name, got.Index, tt.row)
		}
	}
}

// TestDistance: docs.connexcs.com/customer-ratecard/, the rows 33 to 43, 33 to
// 44 and 43 to 43, and the two lists.
func TestDistance(t *testing.T) {
	usual := with(four, func(t *twin.Terms) { t.Presentation = twin.LocalEEAInternational })
	lists := with(usual, func(t *twin.Terms) { t.EEAFrom, t.EEATo = []string{"GB", "IN", "US"}, []string{"AF", "IN", "US"} })
	rates := []twin.Rate{classRow(twin.Local, "1"), classRow(twin.EEA, "2"), classRow(twin.International, "3")}
	for _, tt := range []struct {
		terms          twin.Terms
		caller, called string
		class          string
		row            int
	}{
		{usual, "FR", "AT", twin.EEA, 1}, {usual, "FR", "GB", twin.International, 2}, {usual, "AT", "AT", twin.Local, 0},
		{usual, "GB", "GB", twin.Local, 0}, {usual, "GB", "GG", twin.International, 2}, {usual, "IS", "NO", twin.EEA, 1},
		{usual, "", "AT", twin.International, 2}, {usual, "", "", twin.International, 2}, {usual, twin.World, "AT", twin.International, 2}, {usual, twin.World, twin.World, twin.International, 2},
		{usual, "AT", twin.World, twin.International, 2}, {usual, "US-NY", "US-IL", twin.Local, 0},
		{lists, "GB", "IN", twin.EEA, 1}, {lists, "IN", "GB", twin.International, 2}, {lists, "FR", "AT", twin.International, 2}, {lists, "US-NY", "AF", twin.EEA, 1},
	} {
		u := call("60")
		u.CallerRegion, u.NumberRegion = tt.caller, tt.called
		got := twin.Price(tt.terms, rates, u)
		if got.Class != tt.class || got.Index != tt.row {
			t.Errorf("%q to %q: %s by row %d, want %s by row %d", tt.caller, tt.called, got.Class, got.Index, tt.class, tt.row)
		}
		if flagged := slices.Contains(got.Flags, twin.FlagNoCallerCountry); flagged != (tt.caller == "" || tt.caller == twin.World) {
			t.Errorf("%q to %q: flags %v", tt.caller, tt.called, got.Flags)
		}
	}
}
