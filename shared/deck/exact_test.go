package deck

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/numbering"
	"github.com/tollbook/tollbook/shared/rating"
)

const downloadHeader = "Action,Id,Prefix,Destination,Interval 1,Interval N,Price 1,Price N,Price Unit,Connection Fee,Forbidden,Grace Period Seconds,Effective From,Effective To"

// downloaded returns a download with one row, and more columns.
func downloadOf(row, headers string) string { return downloadHeader + headers + "\n" + row + "\n" }

// A person changes a download as carriers write decks; what was written is exact.
func TestRowsOfADownload(t *testing.T) {
	plain := rating.Rate{Prefix: "44", Destination: "UK", Price1: amount("0.01"), PriceN: amount("0.02"), Interval1: 60, IntervalN: 6}
	with := func(changes ...func(*rating.Rate)) []rating.Rate {
		r := plain
		for _, c := range changes {
			c(&r)
		}
		return []rating.Rate{r}
	}
	name := func(s string) func(*rating.Rate) { return func(r *rating.Rate) { r.Destination = s } }
	per := func(n uint32) func(*rating.Rate) { return func(r *rating.Rate) { r.Per = n } }
	for text, want := range map[string][]rating.Rate{
		"SA,,44,UK,60,6,0.01,0.02,minute,0,0,,,":    with(),
		"SA,,+44,UK,60,6,0.01,0.02,minute,0,0,,,":   with(),
		`SA,,"=""0044""",UK,60,6,0.01,0.02,,0,0,,,`: with(func(r *rating.Rate) { r.Prefix = "0044" }),
		"SA,,011,UK,60,6,0.01,0.02,,0,0,,,":         with(func(r *rating.Rate) { r.Prefix = "011" }),
		"SA,, * ,UK,60,6,0.01,0.02,,0,0,,,":         with(func(r *rating.Rate) { r.Prefix = "" }),
		"SA,,44,'=UK,60,6,0.01,0.02,,0,0,,,":        with(name("=UK")),
		"SA,,44,''=UK,60,6,0.01,0.02,,0,0,,,":       with(name("'=UK")),
		"SA,,44,''t Zand,60,6,0.01,0.02,,0,0,,,":    with(name("'t Zand")),
		"SA,,44,'UK  x ,60,6,0.01,0.02,,0,0,,,":     with(name("UK  x ")),
		"SA,,44, UK  x ,60,6,0.01,0.02,,0,0,,,":     with(name("UK x")),
		"SA,,44,UK,60,6,0.01,0.02,second,0,0,,,":    with(per(1)),
		"SA,,44,UK,60,6,0.01,0.02,60,0,0,,,":        with(per(60)),
		"SA,,44,UK,60,6,0.01,0.02,increment,0,0,,,": with(per(6)),
		"SA,,44,UK,,,0.01,0,call,0,0,,,":            with(per(rating.PerCall), func(r *rating.Rate) { r.Interval1, r.IntervalN, r.PriceN = 0, 0, 0 }),
		"SA,,44,UK,60,0,0.01,0.02,,0,0,,,":          with(func(r *rating.Rate) { r.IntervalN = 0 }), // for a card without pulses
		"SA,,44,UK,60,6,0.01,0.02,,0,1,,,":          with(func(r *rating.Rate) { r.Blocked = true }),
		"SA,,44,UK,,,,,,0,yes,,,":                   {{Prefix: "44", Destination: "UK", Blocked: true}},
		"SA,,44,UK,,,blocked,blocked,,0,,,,":        {{Prefix: "44", Destination: "UK", Blocked: true}},
		"SA,,44,UK,60,6,0.01,0.02,,0.5,0,1,,":       with(func(r *rating.Rate) { r.ConnectionFee, r.Grace = amount("0.5"), 1 }),
		"SA,,44,UK,60,6,0.01,0.02,,,,0,,":           with(func(r *rating.Rate) { r.NoGrace = true }),
		"SA,,44,UK,60,6,0.01,0.02,,,,,2026-12-01,2026-12-31T23:59:59.000000001Z": with(func(r *rating.Rate) {
			r.From, r.To = day("2026-12-01T00:00:00Z"), day("2026-12-31T23:59:59.000000001Z")
		}),
		"SA,,44,UK,60,6,0.01,0.02,,,,,1969-01-01T00:00:00Z,": with(func(r *rating.Rate) { r.From = day("1969-01-01T00:00:00Z") }),
		"SA,,\"44, 45\",UK,60,6,0.01,0.02,minute,0,0,,,":     append(with(), with(func(r *rating.Rate) { r.Prefix = "45" })...),
	} {
		// What the card says of its carrier's decks is not said of its own.
		o := Options{Interval1: 1, IntervalN: 1, ConnectionFee: amount("9"), Per: Second, Grace: 7,
			Template: &Template{Columns: map[string]string{"prefix": "#1", "price": "#2"}, Hundredths: true, DecimalSign: ",", Strip: []string{"4"}, Increments: "next/first"}}
		rates, bad, _, err := read(downloadOf(text, ""), o)
		if diff := cmp.Diff(want, rates); diff != "" || err != nil || len(bad) > 0 {
			t.Errorf("%s: %v %v (-want +got)\n%s", text, err, bad, diff)
		}
	}
	more := ",Service,Kind,Call Class,Area,Local Callers Only,Minimum Digits,Maximum Digits,Price Tiers,Assumed Intervals"
	for text, want := range map[string]rating.Rate{
		"SA,,,,1,1,1,1,,0,0,,,,voicemail,,,,,,,,":            {Service: "voicemail", Interval1: 1, IntervalN: 1, Price1: amount("1"), PriceN: amount("1")},
		"SA,,44,,1,1,1,1,,0,0,,,,,,EEA,West,1,3,8,,1":        {Prefix: "44", Interval1: 1, IntervalN: 1, Price1: amount("1"), PriceN: amount("1"), Class: numbering.EEACall, Area: "West", Local: true, MinDigits: 3, MaxDigits: 8, AssumedPulse: true},
		`SA,,44,,0,0,,,minute,0,0,,,,,,,,,,,"m1,0,6,0.5,0",`: {Prefix: "44", Tiers: []rating.Tier{{From: 1, RoundUp: 6, Price: amount("0.5")}}},
		"SA,,44,,1,1,1,1,1073741824,0,0,,,,,Data,,,,,,,":     {Kind: 2, Prefix: "44", Interval1: 1, IntervalN: 1, Price1: amount("1"), PriceN: amount("1"), Per: 1 << 30},
	} {
		rates, bad, _, err := read(downloadOf(text, more), Options{})
		if diff := cmp.Diff([]rating.Rate{want}, rates); diff != "" || err != nil || len(bad) > 0 {
			t.Errorf("%s: %v %v (-want +got)\n%s", text, err, bad, diff)
		}
	}
	for text, want := range map[string]string{
		"SA,r1,,UK,60,6,1,1,,0,0,,,":                                "column Prefix: \"\": want digits",
		"U,r1,,UK,60,6,1,1,,0,0,,,":                                 "column Prefix: \"\": want digits",
		"SA,,4.4E+10,UK,60,6,1,1,,0,0,,,":                           "digits are lost",
		"SA,,44,UK,60,6,,,,0,0,,,":                                  "column Price 1: \"\": want a price, or the word blocked, or price tiers in a column of their own",
		"SA,,44,UK,60,6,1,,,0,0,,,":                                 "column Price N: \"\": want a price",
		"SA,,44,UK,60,6,1,x,,0,0,,,":                                "column Price N: \"x\": want a price",
		"SA,,44,UK,,6,1,1,,0,0,,,":                                  "column Interval 1: \"\": want whole seconds",
		"SA,,44,UK,60,6,1,1,hour,0,0,,,":                            "column Price Unit: \"hour\": want call, increment",
		"SA,,44,UK,60,0,1,0,increment,0,0,,,":                       "column Interval N: \"0\": want 1 or more",
		"SA,,44,UK,60,6,1,1,,0,0,card,,":                            "column Grace Period Seconds: \"card\": want whole seconds",
		"SA,,44,UK,60,6,1,1,,0,0,,2026-12-02,2026-12-01":            "column Effective To: \"2026-12-01\": want an instant after 2026-12-02",
		"SA,,44,UK,60,6,1,1,,0,0,,1677-01-01T00:00:00Z,":            "want a year from 1970",
		"SA,,44,UK,60,6,1,1,,0,0,,,,,,national":                     `column Call Class: "national": want intrastate`,
		"SA,,44,UK,60,6,1,1,,0,0,,,,,,,,1":                          "a local rate without an area",
		"SA,,44,UK,60,6,1,1,,0,0,,,,,,,,,256":                       `column Minimum Digits: "256": want how many digits`,
		"SA,,44,UK,60,6,1,1,,0,0,,,,,fax":                           `column Kind: "fax": want voice`,
		`SA,,44,,0,0,1,1,,0,0,,,,,,,,,,,"m1,0,6,1,0"`:               `column Price Tiers: "m1,0,6,1,0": want nothing`,
		"SA,,44,,0,0,,,,0,0,,,,,,,,,,,m1":                           `column Price Tiers: "m1": want tiers such as`,
		"SA,,44," + strings.Repeat("x", 257) + ",60,6,1,1,,0,0,,,":  "want a name of at most 256 bytes",
		"SA,,44,'" + strings.Repeat("x", 257) + ",60,6,1,1,,0,0,,,": "want a name of at most 256 bytes",
	} {
		columns := strings.Count(downloadHeader+more, ",") - strings.Count(strings.NewReplacer(`"m1,0,6,1,0"`, "").Replace(text), ",")
		_, bad, _, err := read(downloadOf(text+strings.Repeat(",", columns), more), Options{})
		if err != nil || len(bad) != 1 || !strings.Contains(bad[0], want) {
			t.Errorf("%s: %v %q, want %q", text, err, bad, want)
		}
	}
}

func TestWhatIsADownload(t *testing.T) {
	row := "SA,,0044,UK,60,6,0.01,0.01,minute,0,0,,,"
	for name, tc := range map[string]struct{ text, want string }{
		"a title above, notes beside": {"Rates of November\n" + downloadOf(row+",dear", ",My Notes"), "0044 [UK] 0.01 0.01 60/6 0"},
		"in another order, and case":  {"id,price_n,price_1,ID of ours,PREFIX,destination,interval 1,interval n,price unit,connection fee,forbidden,grace period seconds,effective from,effective to\n,2,1,x,0044,UK,60,6,,0,0,,,\n", "0044 [UK] 1 2 60/6 0"},
		"one price":                   {strings.ReplaceAll(downloadOf("SA,,0044,UK,60,6,1,minute,0,0,,,", ""), "Price 1,Price N", "Rate"), "0044 [UK] 1 1 60/6 0"},
		"a column is missing":         {strings.ReplaceAll(downloadOf("SA,,0044,UK,60,6,1,1,0,0,,,", ""), "Price Unit,", ""), "44 [UK] 1 1 60/6 0"},
	} {
		rates, bad, _, err := read(tc.text, Options{Interval1: 1, IntervalN: 1})
		if err != nil || len(bad) > 0 || len(rates) != 1 || line(rates[0]) != tc.want {
			t.Errorf("%s: %v %v %v, want %s", name, rates, bad, err, tc.want)
		}
	}
	for name, tc := range map[string]struct{ text, want string }{
		"a column that only carriers have": {downloadOf(row+",x", ",Country"), `column "Country" is not read in a download of a card: remove it`},
		"a column of downloads elsewhere":  {"Prefix,Rate,Call Class\n44,1,eea\n", `column "Call Class" is read in a download of a card only, and this file lacks its columns "id", "destination"`},
		"two of one column":                {downloadOf(row+",1", ",Price 1"), `columns "Price 1" and "Price 1" are both the price_1`},
	} {
		if _, _, _, err := read(tc.text, Options{}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}

// A template says how a carrier's files are opened; a download is opened as it is.
func TestATemplateDoesNotOpenADownload(t *testing.T) {
	file := "\ufeff" + downloadOf("SA,,44,Côte,60,6,0.01,0.01,minute,0,0,,,", "")
	for _, template := range []Template{{Delimiter: ";"}, {Charset: "windows-1252"}, {Sheet: "Prices"}, {HeaderRow: 7}, {StartRow: 3, Columns: map[string]string{"prefix": "#3", "price": "#7"}}} {
		rates, bad, report, err := read(file, Options{Template: &template})
		if err != nil || len(bad) > 0 || len(rates) != 1 || rates[0].Destination != "Côte" || !report.Actions {
			t.Errorf("%+v: %v %v %v", template, rates, bad, err)
		}
		if len(report.Guesses) == 0 || report.Guesses[len(report.Guesses)-1].Value != "a download of a card" {
			t.Errorf("%+v: the report says %+v", template, report.Guesses)
		}
	}
}

// A row that names its rate by an Id alone would price every number.
func TestOnlyADeletionNeedsNoPrefix(t *testing.T) {
	for action, want := range map[string]int{"D": 0, "U": 1, "S": 1, "SA": 1, "A": 1} {
		_, bad, _, err := read("Action,Id,Prefix,Price\n"+action+",r123,,1\n", Options{Interval1: 1, IntervalN: 1})
		if err != nil || len(bad) != want {
			t.Errorf("%s: %v %v, want %d errors", action, err, bad, want)
		}
	}
}

// Rows that are for other calls stand beside each other; for the same they do not.
func TestRowsBesideEachOther(t *testing.T) {
	head := downloadHeader + ",Service,Area,Local Callers Only,Minimum Digits,Maximum Digits\n"
	for name, tc := range map[string]struct {
		rows string
		bad  int
	}{
		"a service in two areas":     {"SA,,,,1,1,1,1,,0,0,,,,onnet,East,1,,\nSA,,,,1,1,2,2,,0,0,,,,onnet,West,1,,\n", 0},
		"a prefix is in one area":    {"SA,,44,,1,1,1,1,,0,0,,,,,East,1,,\nSA,,44,,1,1,2,2,,0,0,,,,,West,1,,\n", 1},
		"numbers of so many digits":  {"SA,,44,,1,1,1,1,,0,0,,,,,,,3,\nSA,,44,,1,1,2,2,,0,0,,,,,,,4,\n", 0},
		"numbers of at most so many": {"SA,,44,,1,1,1,1,,0,0,,,,,,,,7\nSA,,44,,1,1,2,2,,0,0,,,,,,,,8\n", 0},
		"the same":                   {"SA,,44,,1,1,1,1,,0,0,,,,,,,3,7\nSA,,44,,1,1,2,2,,0,0,,,,,,,3,7\n", 1},
	} {
		_, bad, _, err := read(head+tc.rows, Options{})
		if err != nil || len(bad) != tc.bad || tc.bad > 0 && !strings.Contains(bad[0], "one rate for a prefix") {
			t.Errorf("%s: %v %v", name, err, bad)
		}
	}
}
