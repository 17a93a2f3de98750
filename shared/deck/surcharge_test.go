package deck

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/money"
)

func TestSurchargesOfCallers(t *testing.T) {
	given := Options{Interval1: 1, IntervalN: 1}
	with := func(t Template) Options { o := given; o.Template = &t; return o }
	rated := given
	rated.Rated = func(prefix, group string) bool { return prefix == "45" && group == "EEA" }
	long := "prefix,price,EEA surcharge\n44,"
	for _, tc := range []struct {
		name, deck string
		opts       Options
		entries    []string
		bad        []string
		columns    map[string]string // of surcharges
		warning    string            // a part
		counted    int64
		currency   string
		refused    string
	}{
		{name: "a column for a group", opts: given, deck: "prefix,name,price,Surcharge EEA\n44,UK,0.02,0.15\n45,DK,0.03,\n46,SE,0.04,0\n",
			entries: []string{"44 [UK] 0.02 0.02 1/1 0", "44 [UK] 0.17 0.17 1/1 0 for EEA", "45 [DK] 0.03 0.03 1/1 0", "46 [SE] 0.04 0.04 1/1 0"},
			columns: map[string]string{"surcharge EEA": "Surcharge EEA"}, counted: 1},
		{name: "two groups, and all else as the row", opts: given, deck: "prefix,price 1,price n,interval 1,interval n,setup,effective date,EEA surcharge,Origin surcharge non-EEA\n44,0.5,0.02,60,6,0.1,2026-12-01,0.000000000001,1\n",
			entries: []string{"44 [] 0.5 0.02 60/6 0.1 from 2026-12-01T00:00:00Z", "44 [] 0.500000000001 0.020000000001 60/6 0.1 from 2026-12-01T00:00:00Z for EEA",
				"44 [] 1.5 1.02 60/6 0.1 from 2026-12-01T00:00:00Z for non-EEA"},
			columns: map[string]string{"surcharge EEA": "EEA surcharge", "surcharge non-EEA": "Origin surcharge non-EEA"}, counted: 2},
		{name: "headers of carriers", opts: given, deck: "prefix;price;OBR-Surcharge rest of world;Toeslag niet-EER;Zuschlag außerhalb EWR (EUR/min)\n44;0,02;0,1;;0,3\n",
			entries: []string{"44 [] 0.02 0.02 1/1 0", "44 [] 0.12 0.12 1/1 0 for rest of world", "44 [] 0.32 0.32 1/1 0 for außerhalb EWR"},
			columns: map[string]string{"surcharge rest of world": "OBR-Surcharge rest of world", "surcharge außerhalb EWR": "Zuschlag außerhalb EWR (EUR/min)"}, counted: 2,
			warning: `"Toeslag niet-EER"`, currency: "EUR"},
		{name: "percentages", opts: given, deck: "prefix,price,EEA surcharge,EU surcharge %\n44,0.02,10%,12.5\n45,0.000000000001,1%,\n46,0.01,0 %,0\n",
			entries: []string{"44 [] 0.02 0.02 1/1 0", "44 [] 0.022 0.022 1/1 0 for EEA", "44 [] 0.0225 0.0225 1/1 0 for EU", "46 [] 0.01 0.01 1/1 0"},
			bad:     []string{`line 3, column EEA surcharge: "1%": want a surcharge whose sum with the price 0.000000000001 has at most 12 decimals`},
			columns: map[string]string{"surcharge EEA": "EEA surcharge", "surcharge EU": "EU surcharge %"}, counted: 2},
		{name: "pence, as the prices", opts: with(Template{Hundredths: true}), deck: "prefix,price,EEA surcharge\n44,2p,15p\n45,2,10%\n",
			entries: []string{"44 [] 0.02 0.02 1/1 0", "44 [] 0.17 0.17 1/1 0 for EEA", "45 [] 0.02 0.02 1/1 0", "45 [] 0.022 0.022 1/1 0 for EEA"}, counted: 2},
		{name: "blocked callers, and a blocked prefix", opts: given, deck: "prefix,price,EEA surcharge\n44,0.02,blocked\n45,-1,0.1\n",
			entries: []string{"44 [] 0.02 0.02 1/1 0", "44 [] 0 0 1/1 0 blocked for EEA", "45 [] 0 0 1/1 0 blocked", "45 [] 0 0 1/1 0 blocked for EEA"}, counted: 2},
		{name: "cells that are no surcharge", opts: given, deck: "prefix,price,EEA surcharge\n44,1,-0.1\n45,1,-1\n46,1,yes\n47,1,5 EUR%\n48,1,1.5.5\n49,9000000,9000000\n",
			bad: []string{
				`line 2, column EEA surcharge: "-0.1": want a surcharge of 0 or more, or the word blocked for callers who have no price: nothing is taken off a price`,
				`line 3, column EEA surcharge: "-1": want a surcharge of 0 or more, or the word blocked for callers who have no price: nothing is taken off a price`,
				`line 4, column EEA surcharge: "yes": want a surcharge: an amount such as 0.15, which is added to the price, a percentage of it such as 10%, nothing where there is none, or the word blocked`,
				`line 5, column EEA surcharge: "5 EUR%": want a percentage such as 10%, without a currency`,
				`line 6, column EEA surcharge: "1.5.5": want one decimal sign and no thousands separators`,
				`line 7, column EEA surcharge: "9000000": want a surcharge whose sum with the price 9000000 is at most 9223372.036854775807`,
			}},
		{name: "a rate of the group beside its surcharge", opts: given, deck: "prefix,price,origin,EEA surcharge\n44,1,,0.2\n44,1.2,EEA,\n45,2,EEA,\n45,1,,0.5\n",
			entries: []string{"44 [] 1 1 1/1 0", "44 [] 1.2 1.2 1/1 0 for EEA", "45 [] 2 2 1/1 0 for EEA"}, counted: 1,
			bad: []string{
				`line 3, column prefix: "44": want one rate for a prefix: line 2 has another for 44 and callers "EEA", whose surcharge is in column "EEA surcharge"`,
				`line 5, column prefix: "45": want one rate for a prefix: line 4 has another for 45 and callers "EEA", whose surcharge is in column "EEA surcharge"`,
			}},
		{name: "a row of callers has no surcharge of others", opts: given, deck: "prefix,price,origin,EEA surcharge\n44,1,US,0.2\n",
			bad: []string{`line 2, column EEA surcharge: "0.2": want nothing, as the row is for callers "US": a surcharge is added to the price for all`}},
		{name: "rows with the callers and their surcharge", opts: given, deck: "prefix,price,origin,Surcharge\n44,1,,\n44,1,EEA,0.2\n45,1,,0.1\n46,,EEA,0.2\n",
			entries: []string{"44 [] 1 1 1/1 0", "44 [] 1.2 1.2 1/1 0 for EEA"}, counted: 1,
			bad: []string{
				`line 4, column Surcharge: "0.1": want nothing, or the group of callers in their column, whose price this is added to`,
				`line 5, column price: "": want the price of these callers, which their surcharge is added to: on the price of another row nothing is added`,
			}, columns: map[string]string{"surcharge": "Surcharge"}},
		{name: "rows that say they are surcharges", opts: given, deck: "prefix,price,origin,status\n44,1,,\n44,0.2,EEA,Surcharge\n",
			entries: []string{"44 [] 1 1 1/1 0"},
			bad:     []string{`line 3, column status: "Surcharge": want rows whose price is all that is paid: a surcharge stands in a column of its own, beside the price that it is added to`}},
		{name: "classes of calls", opts: given, deck: "prefix,inter,intra,EEA surcharge\n1212,0.01,0.02,0.1\n",
			entries: []string{"1212 [] 0.01 0.01 1/1 0", "1212 [] 0.02 0.02 1/1 0", "1212 [] 0.11 0.11 1/1 0 for EEA", "1212 [] 0.12 0.12 1/1 0 for EEA"}, counted: 2},
		{name: "callers of an area have their own price", opts: given, deck: "prefix,price,area,local price,EEA surcharge\n4420,0.02,London,0.01,0.1\n",
			entries: []string{"4420 [] 0.02 0.02 1/1 0", "4420 [] 0.01 0.01 1/1 0", "4420 [] 0.12 0.12 1/1 0 for EEA"}, counted: 1},
		{name: "a flat block, and a price per call", opts: given, deck: "prefix,price 1,price n,interval 1,interval n,per,EEA surcharge\n44,1,0,60,0,,0.5\n45,1,0,60,60,call,0.5\n",
			entries: []string{"44 [] 1 0 60/0 0", "44 [] 1.5 0 60/0 0 for EEA", "45 [] 1 0 0/0 0", "45 [] 1.5 0 0/0 0 for EEA"}, counted: 2},
		{name: "per minute, and a price per second", opts: given, deck: "prefix,price,per,EEA surcharge per minute\n44,1,second,0.5\n45,1,minute,0.5\n",
			entries: []string{"45 [] 1 1 1/1 0", "45 [] 1.5 1.5 1/1 0 for EEA"}, counted: 1,
			bad: []string{`line 2, column EEA surcharge per minute: "0.5": want a surcharge per second, as the price of the row is: the column's header says per minute`}},
		{name: "withdrawn rows", opts: given, deck: "prefix,price,EEA surcharge,status,effective date\n44,1,0.5,closed,2026-12-01\n45,,0.5,closed,\n46,,,closed,\n",
			entries: []string{"44 [] 1 1 1/1 0 from 2026-12-01T00:00:00Z closed", "44 [] 1.5 1.5 1/1 0 from 2026-12-01T00:00:00Z for EEA closed", "45 [] 0 0 0/0 0 closed", "45 [] 0 0 0/0 0 for EEA closed", "46 [] 0 0 0/0 0 closed"}, counted: 2},
		{name: "a card that has another rate of the group", opts: rated, deck: "prefix,price,EEA surcharge\n\"44,45\",1,\n46,1,0.1\n",
			entries: []string{"44 [] 1 1 1/1 0", "45 [] 1 1 1/1 0", "45 [] 1 1 1/1 0 for EEA", "46 [] 1 1 1/1 0", "46 [] 1.1 1.1 1/1 0 for EEA"}, counted: 1},
		{name: "its rows that block and withdraw", opts: rated, deck: "prefix,price,EEA surcharge,status,effective date\n45,,,closed,2026-12-01\n45,-1,,,2026-11-01\n",
			entries: []string{"45 [] 0 0 0/0 0 from 2026-12-01T00:00:00Z closed", "45 [] 0 0 0/0 0 from 2026-12-01T00:00:00Z for EEA closed",
				"45 [] 0 0 1/1 0 blocked from 2026-11-01T00:00:00Z", "45 [] 0 0 1/1 0 blocked from 2026-11-01T00:00:00Z for EEA"}},
		{name: "actions", opts: rated, deck: "action,id,prefix,price,EEA surcharge\nS,1,44,1,0.1\nU,2,45,1,\nA,,46,1,0.1\nD,,47,,\n,,48,1,0.1\nSA,,49,1,0.1\n",
			entries: []string{"44 [] 1 1 1/1 0 S 1", "44 [] 1.1 1.1 1/1 0 for EEA SA ", "45 [] 1 1 1/1 0 U 2", "45 [] 1 1 1/1 0 for EEA SA ", "46 [] 1 1 1/1 0 A ", "46 [] 1.1 1.1 1/1 0 for EEA A ",
				"47 [] 0 0 0/0 0 D ", "49 [] 1 1 1/1 0 SA ", "49 [] 1.1 1.1 1/1 0 for EEA SA "}, counted: 3},
		{name: "a template names the group", opts: with(Template{Surcharges: map[string]string{"outside": "Extra", "inside": "#4"}}), deck: "prefix,price,Extra,Cost\n44,1,0.2,0.3\n",
			entries: []string{"44 [] 1 1 1/1 0", "44 [] 1.2 1.2 1/1 0 for outside", "44 [] 1.3 1.3 1/1 0 for inside"}, counted: 2,
			columns: map[string]string{"surcharge outside": "Extra", "surcharge inside": "Cost"}},
		{name: "and beside other columns", opts: with(Template{Columns: map[string]string{"prefix": "A", "price": "B"}, Surcharges: map[string]string{"outside": "C"}}), deck: "A,B,C,Price\n44,1,0.2,9\n",
			entries: []string{"44 [] 1 1 1/1 0", "44 [] 1.2 1.2 1/1 0 for outside"}, counted: 1},
		{name: "of a deck without a header", opts: with(Template{Columns: map[string]string{"prefix": "#1", "price": "#2"}, Surcharges: map[string]string{"outside": "#3"}}), deck: "44,1,0.2\n45,1,\n",
			entries: []string{"44 [] 1 1 1/1 0", "44 [] 1.2 1.2 1/1 0 for outside", "45 [] 1 1 1/1 0"}, counted: 1},
		{name: "a template whose column is not there", opts: with(Template{Surcharges: map[string]string{"outside": "Extra"}}), deck: "prefix,price\n44,1\n",
			refused: `no column "Extra", in which the template says that the surcharges of callers "outside" are`},
		{name: "a template that passes over a column", opts: with(Template{Ignore: []string{"EEA surcharge"}}), deck: long + "1,1\n", warning: `"EEA surcharge"`,
			entries: []string{"44 [] 1 1 1/1 0"}},
		{name: "whose surcharge it is, nothing says", opts: given, deck: "prefix,price,Surcharge,Ocean surcharge,EEA surcharge per call,Fuel surcharge\n44,1,1,2,3,4\n", entries: []string{"44 [] 1 1 1/1 0"},
			warning: `Surcharges in column "EEA surcharge per call", "Fuel surcharge", "Surcharge", "Ocean surcharge" were not read, as whose they are is open: want the callers in the header, as in "Origin surcharge EEA", or in a column of the rows, or a template that names them under "surcharges"`},
		{name: "one group twice", deck: "prefix,price,Surcharge EEA,OBR surcharge eea\n44,1,1,1\n", refused: `columns "Surcharge EEA" and "OBR surcharge eea" are both the surcharge of callers "eea", want one`},
		{name: "another currency", deck: "prefix,price (USD),Surcharge EEA (EUR/min)\n44,1,1\n", refused: `the surcharges in column "Surcharge EEA (EUR/min)" are in EUR and the prices in USD`},
		{name: "a surcharge alone is no rate", deck: "prefix,EEA surcharge\n44,1\n", refused: "no price column"},
		{name: "a surcharge without a code is no row of text", opts: given, deck: "prefix,name,price,EEA surcharge\n44,UK,1,1\n,,,0.5\n", entries: []string{"44 [UK] 1 1 1/1 0", "44 [UK] 2 2 1/1 0 for EEA"}, counted: 1,
			bad: []string{`line 3, column prefix: "": want digits: a row without a prefix would price every number`, `line 3, column price: "": want a price, or the word blocked`}},
	} {
		var got, bad []string
		rep, err := ReadFile(strings.NewReader(tc.deck), int64(len(tc.deck)), tc.opts, func(e Entry) error {
			got = append(got, shown(e))
			return nil
		}, func(e RowError) { bad = append(bad, e.Error()) })
		if tc.refused != "" {
			if file := new(FileError); !errors.As(err, &file) || !strings.Contains(err.Error(), tc.refused) {
				t.Errorf("%s: %v, want %q", tc.name, err, tc.refused)
			}
			continue
		}
		if diff := cmp.Diff(tc.entries, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", tc.name, err, diff)
		}
		checkTexts(t, tc.name, tc.bad, bad)
		for name, header := range tc.columns {
			if rep.Columns[name] != header {
				t.Errorf("%s: columns %v, want %s = %s", tc.name, rep.Columns, name, header)
			}
		}
		if warnings := strings.Join(rep.Warnings, "\n"); !strings.Contains(warnings, tc.warning) || tc.warning == "" && warnings != "" {
			t.Errorf("%s: warnings %s, want %q", tc.name, warnings, tc.warning)
		}
		if rep.Surcharged != tc.counted || tc.currency != "" && rep.Currency != tc.currency {
			t.Errorf("%s: %d surcharged, want %d; currency %q", tc.name, rep.Surcharged, tc.counted, rep.Currency)
		}
	}
}

// What was understood is said, with its evidence.
func TestTheReportNamesSurcharges(t *testing.T) {
	text := "prefix,price,Surcharge EEA,EU surcharge %\n44,1,0.2,\n45,1,0.2,5\n46,1,,\n"
	_, bad, rep, err := read(text, Options{Rated: func(prefix, group string) bool { return prefix == "46" && group == "EU" }})
	if err != nil || len(bad) > 0 {
		t.Fatal(err, bad)
	}
	var said []string
	for _, g := range rep.Guesses {
		if g.What == "surcharge" {
			said = append(said, g.Value+": "+g.Evidence)
		}
	}
	want := []string{
		`callers "EEA": column "Surcharge EEA" names them; each cell is an amount in the unit of the prices, or a percentage such as 10%, that is added to them`,
		`callers "EU": column "EU surcharge %" names them; each cell is a percentage of the row's prices, which is added to them`,
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{
		`Column "Surcharge EEA" is the surcharge of callers "EEA": it is in the price of 2 rates.`,
		`Column "EU surcharge %" is the surcharge of callers "EU": it is in the price of 1 rate.`,
		`The card has a price of callers' own where the deck has no surcharge for them: 1 rate gets the price for all.`,
	} {
		if !slices.Contains(rep.Notices, want) {
			t.Errorf("%q is not among %q", want, rep.Notices)
		}
	}
}

// A workbook shows 10% and stores 0.1; its sheets of callers say who they are.
func TestSurchargesInAWorkbook(t *testing.T) {
	codes := sheet{"Src codes", []string{"Src Code Name;Src Code", "EEA;33,49", "Ocean;1", "Germany;49"}}
	for _, tc := range []struct {
		name    string
		rates   []string
		entries []string
		bad     []string
		refused string
		origins map[string][]string
	}{
		{"groups that the file knows", []string{"Code;Price;Ocean surcharge;eea surcharge", "44;1;0.5;0.2", "45;1;;0.1"},
			[]string{"44 [] 1 1 60/60 0 assumed", "44 [] 1.5 1.5 60/60 0 assumed for Ocean", "44 [] 1.2 1.2 60/60 0 assumed for EEA", "45 [] 1 1 60/60 0 assumed", "45 [] 1.1 1.1 60/60 0 assumed for EEA"},
			nil, "", map[string][]string{"EEA": {"33", "49"}, "Ocean": {"1"}}},
		{"one that it does not know", []string{"Code;Price;Sea surcharge", "44;1;0.5"}, nil, nil,
			`column "Sea surcharge" is the surcharge of callers "Sea": want a name that sheet "Src codes" has codes for`, nil},
		{"one spelt two ways", []string{"Code;Price;Ocean surcharge;Surcharge océan", "44;1;0.5;1"}, nil, nil, `are both the surcharge of callers "océan"`, nil},
		{"groups with a caller in common", []string{"Code;Price;EEA surcharge;Germany surcharge", "44;1;0.5;", "45;1;;0.5", "46;1;0.1;0.5"},
			[]string{"44 [] 1 1 60/60 0 assumed", "44 [] 1.5 1.5 60/60 0 assumed for EEA", "45 [] 1 1 60/60 0 assumed", "45 [] 1.5 1.5 60/60 0 assumed for Germany"},
			[]string{`line 4, column Germany surcharge: "0.5": want one price for a caller: column "EEA surcharge" has a surcharge, too, and groups "EEA" and "Germany" have callers in common`},
			"", map[string][]string{"EEA": {"33", "49"}, "Germany": {"49"}}},
	} {
		book := workbook(t, sheet{"Rates", tc.rates}, codes)
		var got, bad []string
		rep, err := ReadFile(book, book.Size(), Options{}, func(e Entry) error {
			got = append(got, shown(e))
			return nil
		}, func(e RowError) { bad = append(bad, e.Error()) })
		if tc.refused != "" {
			if err == nil || !strings.Contains(err.Error(), tc.refused) {
				t.Errorf("%s: %v, want %q", tc.name, err, tc.refused)
			}
			continue
		}
		if diff := cmp.Diff(tc.entries, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", tc.name, err, diff)
		}
		checkTexts(t, tc.name, tc.bad, bad)
		if diff := cmp.Diff(tc.origins, rep.Origins); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestAPercentageOfAWorkbook(t *testing.T) {
	book := excelize.NewFile()
	percent, err := book.NewStyle(&excelize.Style{NumFmt: 10})
	if err != nil {
		t.Fatal(err)
	}
	for at, v := range map[string]any{"A1": "Code", "B1": "Price", "C1": "EEA surcharge", "D1": "EU surcharge %", "A2": 44, "B2": 2, "C2": 0.1, "D2": 0.1, "A3": 45, "B3": 2, "C3": 0.1, "D3": 10, "A4": 46, "B4": 2, "C4": "10%", "D4": "10%"} {
		if err := book.SetCellValue("Sheet1", at, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []string{"C2", "D2"} {
		if err := book.SetCellStyle("Sheet1", at, at, percent); err != nil {
			t.Fatal(err)
		}
	}
	var file strings.Builder
	if err := book.Write(&file); err != nil {
		t.Fatal(err)
	}
	var got []string
	if _, err := ReadFile(strings.NewReader(file.String()), int64(file.Len()), Options{Interval1: 1, IntervalN: 1}, func(e Entry) error {
		if e.Rate.Origin != "" {
			got = append(got, shown(e))
		}
		return nil
	}, func(e RowError) { t.Error(e) }); err != nil {
		t.Fatal(err)
	}
	want := []string{"44 [] 2.2 2.2 1/1 0 for EEA", "44 [] 2.2 2.2 1/1 0 for EU", "45 [] 2.1 2.1 1/1 0 for EEA", "45 [] 2.2 2.2 1/1 0 for EU", "46 [] 2.2 2.2 1/1 0 for EEA", "46 [] 2.2 2.2 1/1 0 for EU"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A deck with surcharges is the deck that has the sums in rows of their own.
func TestSurchargesAreSumsWrittenOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := func(label string) money.Price {
			return money.Price(rapid.Int64Range(0, 9_000_000).Draw(t, label) * rapid.SampledFrom([]int64{1, 1e6, 1e10, 1e12 / 4}).Draw(t, "scale"))
		}
		groups := rapid.SampledFrom([][]string{{"EEA"}, {"EEA", "outside EEA"}}).Draw(t, "groups")
		percent := rapid.Bool().Draw(t, "percent")
		columns, rows := "prefix,price 1,price n,billing,setup", "prefix,price 1,price n,billing,setup,origin\n"
		for _, g := range groups {
			columns += ",Surcharge " + g
		}
		columns += "\n"
		for i := range rapid.IntRange(1, 5).Draw(t, "rows") {
			p1, pn := amount("price 1"), amount("price n")
			if percent { // hundredths of tenths stay within 12 decimals
				p1, pn = p1%1e18/1e6*1e6, pn%1e18/1e6*1e6
			}
			rest := fmt.Sprintf("%d/%d,%s", rapid.IntRange(1, 60).Draw(t, "first"), rapid.IntRange(1, 60).Draw(t, "next"), amount("fee"))
			columns += fmt.Sprintf("%d,%s,%s,%s", 40+i, p1, pn, rest)
			rows += fmt.Sprintf("%d,%s,%s,%s,\n", 40+i, p1, pn, rest)
			for _, g := range groups {
				cell := ""
				if rapid.Bool().Draw(t, "surcharged") {
					s1, sn := p1, pn
					if percent {
						tenths := rapid.Int64Range(1, 5000).Draw(t, "tenths of a percent")
						cell = fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
						s1, sn = p1+money.Price(int64(p1)/1000*tenths), pn+money.Price(int64(pn)/1000*tenths)
					} else {
						add := 1 + amount("surcharge")
						cell = add.String()
						s1, sn = p1+add, pn+add
					}
					rows += fmt.Sprintf("%d,%s,%s,%s,%s\n", 40+i, s1, sn, rest, g)
				}
				columns += "," + cell
			}
			columns += "\n"
		}
		want, bad, _, err := read(rows, Options{})
		if err != nil || len(bad) > 0 {
			t.Fatalf("%v %q\n%s", err, bad, rows)
		}
		got, bad, rep, err := read(columns, Options{})
		if err != nil || len(bad) > 0 {
			t.Fatalf("%v %q\n%s", err, bad, columns)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-rows +columns):\n%s\n%s\n%s", diff, rows, columns)
		}
		if n := int64(strings.Count(rows, "EEA\n")); rep.Surcharged != n {
			t.Errorf("%d surcharged, want %d in\n%s", rep.Surcharged, n, columns)
		}
	})
}
