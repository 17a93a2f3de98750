package deck

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/rating"
	"github.com/xuri/excelize/v2"
)

// sheet is one of a workbook: its rows, with ; between cells.
type sheet struct {
	name string
	rows []string
}

// workbook writes sheets as .xlsx.
func workbook(t testing.TB, sheets ...sheet) *bytes.Reader {
	t.Helper()
	book := excelize.NewFile()
	for i, s := range sheets {
		err := error(nil)
		if i == 0 {
			err = book.SetSheetName("Sheet1", s.name)
		} else {
			_, err = book.NewSheet(s.name)
		}
		for r, row := range s.rows {
			for c, cell := range strings.Split(row, ";") {
				at, _ := excelize.CoordinatesToCellName(c+1, r+1)
				if err == nil && cell != "" {
					err = book.SetCellValue(s.name, at, cell)
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out.Bytes())
}

func list(t testing.TB, text string) *Destinations {
	t.Helper()
	l, _, err := ReadDestinations(strings.NewReader(text), int64(len(text)), nil, func(e RowError) { t.Error(e) })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// period shows an entry with its end.
func period(e Entry) string {
	s := shown(e)
	if e.Rate.To != 0 {
		s += " to " + shown(Entry{Rate: rating.Rate{From: e.Rate.To}})[len(" [] 0 0 0/0 0 from "):]
	}
	return s
}

func TestSheetsAreJoinedByName(t *testing.T) {
	rates := sheet{"Rates", []string{"Rates of Carrier X", "Code Name;Rate;Min Time;Interval;Effective Date", "UK;0.01;60;1;", "Côte d'Ivoire - Mobile;0.2;1;1;2026-12-01"}}
	codes := sheet{"Codes", []string{"Code;Code Name", "44;UK", "225 05;Cote d’Ivoire Mobile", "22507;Cote d’Ivoire Mobile", "33;France"}}
	for _, tc := range []struct {
		name    string
		sheets  []sheet
		opts    Options
		entries []string
		bad     []string
		notices []string // parts of them
		refused string
		origins map[string][]string
	}{
		{name: "rates and codes", sheets: []sheet{rates, codes, {"Contact", []string{"Call us"}}},
			entries: []string{"44 [UK] 0.01 0.01 60/1 0", "22505 [Côte d'Ivoire - Mobile] 0.2 0.2 1/1 0 from 2026-12-01T00:00:00Z", "22507 [Côte d'Ivoire - Mobile] 0.2 0.2 1/1 0 from 2026-12-01T00:00:00Z"},
			notices: []string{`Names of sheet "Codes" that have no rate: 1, "France".`, `Names that sheet "Codes" spells another way: 1 row, the first "Cote d’Ivoire Mobile" for "Côte d'Ivoire - Mobile".`, `no rates, and were not read: "Contact"`}},
		{name: "the codes come first, in lists", sheets: []sheet{{"Codes", []string{"Destination;Country code;Area codes", "UK;44;20, 161", "UK Mobile;44;7400-7402"}}, {"Prices", []string{"Destination;Price", "UK Mobile;2", "UK;1"}}},
			entries: []string{"447400 [UK Mobile] 2 2 60/60 0 assumed", "447401 [UK Mobile] 2 2 60/60 0 assumed", "447402 [UK Mobile] 2 2 60/60 0 assumed", "4420 [UK] 1 1 60/60 0 assumed", "44161 [UK] 1 1 60/60 0 assumed"}},
		{name: "a name without a code, and a code without a name", sheets: []sheet{{"Rates", []string{"Destination;Rate", "Atlantis;1", "UK;1", ";2"}}, {"Codes", []string{"Destination;Code", "UK;44", ";45", "Mars;x"}}},
			entries: []string{"44 [UK] 1 1 60/60 0 assumed"},
			bad: []string{
				`sheet "Codes", line 3, column Destination: "": want the name that the codes belong to`,
				`sheet "Codes", line 4, column Code: "x": want codes of digits only, a list of them such as 4915, 4916, or a range such as 4915-4917`,
				`line 2, column Destination: "Atlantis": want a name that sheet "Codes" has codes for`,
				`line 4, column Destination: "": want the name of a destination`,
			}},
		{name: "two spellings in the list", sheets: []sheet{{"Rates", []string{"Destination;Rate", "UK - Mobile;1", "U.K. mobile;2"}}, {"Codes", []string{"Destination;Code", "UK Mobile;447", "U.K. mobile;4475"}}},
			entries: []string{"4475 [U.K. mobile] 2 2 60/60 0 assumed"},
			bad:     []string{`line 2, column Destination: "UK - Mobile": want a name as sheet "Codes" spells it: "UK Mobile" in line 2, or "U.K. mobile" in line 3`}},
		{name: "a code of two names that both have a price", sheets: []sheet{{"Rates", []string{"Destination;Rate", "A;1", "B;2"}}, {"Codes", []string{"Destination;Code", "A;44", "B;44", "A;45"}}},
			entries: []string{"44 [A] 1 1 60/60 0 assumed", "45 [A] 1 1 60/60 0 assumed"},
			bad:     []string{`line 3, column Destination: "B": want one rate for a prefix: line 2 has another for 44`}},
		{name: "codes that move", sheets: []sheet{{"Rates", []string{"Destination;Rate;Effective", "A;1;2026-11-01", "B;2;"}},
			{"Codes", []string{"Destination;Code;Valid from;Valid to;Status", "A;44;;2026-12-01;", "B;44;2026-12-01;;", "A;45;;2026-10-01;", "B;46;2027-01-01;;closed", "B;47;;;deleted", "B;48;;;"}}},
			entries: []string{"44 [A] 1 1 60/60 0 assumed from 2026-11-01T00:00:00Z to 2026-12-01T00:00:00Z", "44 [B] 2 2 60/60 0 assumed from 2026-12-01T00:00:00Z",
				"46 [B] 2 2 60/60 0 assumed to 2027-01-01T00:00:00Z", "48 [B] 2 2 60/60 0 assumed"},
			notices: []string{"Codes that belong to their name only when its rate does not hold: 1.", `Sheet "Codes": Codes that are closed at once were passed over: 1 row.`}},
		{name: "two sheets of codes", sheets: []sheet{rates, codes, {"Old codes", codes.rows}}, refused: `sheets "Codes", "Old codes" both have the codes of names: want a file of one, or a template that says which with "codes_sheet"`},
		{name: "two sheets of codes, and a template", sheets: []sheet{rates, codes, {"Old codes", []string{"Code;Name", "1;UK", "2;Cote d’Ivoire Mobile"}}}, opts: Options{Template: &Template{CodesSheet: "Old codes"}},
			entries: []string{"1 [UK] 0.01 0.01 60/1 0", "2 [Côte d'Ivoire - Mobile] 0.2 0.2 1/1 0 from 2026-12-01T00:00:00Z"}},
		{name: "two sheets of rates by name", sheets: []sheet{rates, codes, {"Rates 2", rates.rows}}, refused: `sheets "Rates", "Rates 2" both have rates by name: want a file of one, or a template that says which with "sheet"`},
		{name: "a template with other headers", sheets: []sheet{{"R", []string{"Ort;Kosten", "UK;1"}}, {"C", []string{"Ort;Nummern", "UK;44"}}},
			opts:    Options{Template: &Template{Columns: map[string]string{"destination": "Ort", "price": "Kosten"}, CodesSheet: "C"}},
			refused: `sheet "C", which the template asks for: no prefix column`},
		{name: "a template with other headers for both", sheets: []sheet{{"R", []string{"Ort;Kosten", "UK;1"}}, {"C", []string{"Ort;Code", "UK;44"}}},
			opts:    Options{Template: &Template{Columns: map[string]string{"destination": "Ort", "price": "Kosten"}}},
			entries: []string{"44 [UK] 1 1 60/60 0 assumed"}},
		{name: "no codes at all", sheets: []sheet{rates}, refused: `sheet "Rates": no prefix column`},
		{name: "a list that is given", sheets: []sheet{{"Rates", []string{"Destination;Rate", "uk;1"}}}, opts: Options{Destinations: list(t, "Name;Codes\nUK;44,45\n")},
			entries: []string{"44 [uk] 1 1 60/60 0 assumed", "45 [uk] 1 1 60/60 0 assumed"},
			notices: []string{`Names that the list of destinations spells another way: 1 row, the first "UK" for "uk".`}},
		{name: "the codes of the file go before a list that is given", sheets: []sheet{{"Rates", []string{"Destination;Rate", "UK;1"}}, {"Codes", []string{"Name;Code", "UK;44"}}}, opts: Options{Destinations: list(t, "Name;Codes\nUK;45\n")},
			entries: []string{"44 [UK] 1 1 60/60 0 assumed"}, notices: []string{"The list of destinations was not used"}},
		{name: "rates by caller, whose codes have a sheet", sheets: []sheet{{"Rates", []string{"Dst Code Name;Src Code Name;Rate", "UK;;1", "UK;EEA;0.5", "UK;others;2", "UK;All;3"}}, {"Codes", codes.rows}, {"Src codes", []string{"Src Code;Src Code Name", "49;EEA", "33;EEA", "7;Russia"}}},
			entries: []string{"44 [UK] 1 1 60/60 0 assumed", "44 [UK] 0.5 0.5 60/60 0 assumed for EEA"},
			bad: []string{`line 4, column Src Code Name: "others": want a name that sheet "Src codes" has codes for`,
				`line 5, column Dst Code Name: "UK": want one rate for a prefix: line 2 has another for 44`},
			notices: []string{`Groups of callers of sheet "Src codes" that no rate is for: 1, "Russia".`}, origins: map[string][]string{"EEA": {"33", "49"}}},
		{name: "rates, origin rates and origin dial codes", sheets: []sheet{
			{"Rates", []string{"Destination;Dial codes;Price/min", "Germany;49;0.01", "Germany Mobile;4915, 4916;0.03"}},
			{"Origin rates", []string{"Destination;Origin;Price/min", "Germany Mobile;Non EEA;0.2", "Germany;Non EEA;0.1"}},
			{"Origin dial codes", []string{"Origin;Dial codes", "Non EEA;1, 7, 86", "Non EEA;44"}}},
			entries: []string{"49 [Germany] 0.01 0.01 60/60 0 assumed", "4915 [Germany Mobile] 0.03 0.03 60/60 0 assumed", "4916 [Germany Mobile] 0.03 0.03 60/60 0 assumed",
				"4915 [Germany Mobile] 0.2 0.2 60/60 0 assumed for Non EEA", "4916 [Germany Mobile] 0.2 0.2 60/60 0 assumed for Non EEA", "49 [Germany] 0.1 0.1 60/60 0 assumed for Non EEA"},
			origins: map[string][]string{"Non EEA": {"1", "7", "44", "86"}}},
		{name: "errors of the second sheet say so", sheets: []sheet{
			{"Rates", []string{"Destination;Code;Price", "A;49;1"}},
			{"Origin rates", []string{"Destination;Origin;Price", "B;X;1", "A;Y;1", "A;X;x", "A;X;1", "A;X;2"}},
			{"Origin codes", []string{"Origin;Code", "X;1"}}},
			entries: []string{"49 [A] 1 1 60/60 0 assumed", "49 [A] 1 1 60/60 0 assumed for X"},
			bad: []string{
				`sheet "Origin rates", line 2, column Destination: "B": want a name that sheet "Rates" has codes for`,
				`sheet "Origin rates", line 3, column Origin: "Y": want a name that sheet "Origin codes" has codes for`,
				`sheet "Origin rates", line 4, column Price: "x": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked`,
				`sheet "Origin rates", line 6, column Destination: "A": want one rate for a prefix: line 5 has another for 49`,
			}},
		{name: "callers of two groups", sheets: []sheet{{"Rates", []string{"Destination;Code;Origin;Price", "A;49;X;1", "B;48;X;1", "C;48;Z;1", "A;49;Y;2"}}, {"Origin codes", []string{"Origin;Code", "X;1", "Y;1", "Z;2"}}},
			entries: []string{"49 [A] 1 1 60/60 0 assumed for X", "48 [B] 1 1 60/60 0 assumed for X", "48 [C] 1 1 60/60 0 assumed for Z"},
			bad:     []string{`line 5: "A,49,Y,2": want one rate for a caller: line 2 has another for 49, and groups "Y" and "X" have callers in common`}},
		{name: "the sheet that a template asks for is joined, too", opts: Options{Template: &Template{Sheet: "Rates"}},
			sheets:  []sheet{{"Old", []string{"Destination;Code;Price", "A;49;9"}}, {"Rates", []string{"Destination;Code;Origin;Price", "A;49;X;1"}}, {"Origin codes", []string{"Origin;Code", "X;1"}}},
			entries: []string{"49 [A] 1 1 60/60 0 assumed for X"}, origins: map[string][]string{"X": {"1"}}},
		{name: "surcharges", sheets: []sheet{{"Rates", []string{"Destination;Code;Price;Origin surcharge", "A;49;1;0.2"}}},
			entries: []string{"49 [A] 1 1 60/60 0 assumed"}, notices: []string{`Surcharges in column "Origin surcharge" were not read`}},
		{name: "rates by name beside a deck are said to be unread", sheets: []sheet{{"A-Z", []string{"Destination;Code;Price", "A;49;1"}}, {"Summary", []string{"Destination;Price", "A;1"}}},
			entries: []string{"49 [A] 1 1 60/60 0 assumed"}, notices: []string{`Sheets of rates by name beside those with codes, which were not read: "Summary".`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := workbook(t, tc.sheets...)
			var got, bad []string
			rep, err := ReadFile(file, file.Size(), tc.opts, func(e Entry) error { got = append(got, period(e)); return nil }, func(e RowError) { bad = append(bad, e.Error()) })
			if tc.refused != "" {
				var file *FileError
				if !errors.As(err, &file) || !strings.Contains(err.Error(), tc.refused) {
					t.Errorf("got %v, want it refused for %q", err, tc.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.entries, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.bad, bad); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			for _, want := range tc.notices {
				if !slices.ContainsFunc(append(rep.Notices, rep.Warnings...), func(s string) bool { return strings.Contains(s, want) }) {
					t.Errorf("no notice with %q in %q, %q", want, rep.Notices, rep.Warnings)
				}
			}
			if diff := cmp.Diff(tc.origins, rep.Origins); tc.origins != nil && diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
			if rep.Rows != rep.Used+rep.Merged+rep.Notes+rep.Idle+rep.Bad || rep.Bad != int64(len(tc.bad)) || rep.Rates != int64(len(got)) {
				t.Errorf("the counts do not add up: %+v", rep)
			}
		})
	}
}

// The price list of a reseller in Italy has no codes at all. With a list of its
// names, each with a code made for this, every row is a rate of its code.
func TestARealDeckByNameAndAListOfDestinations(t *testing.T) {
	const name = "interconn_it_rates.csv"
	rows, err := csv.NewReader(openReal(t, name)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	codes, text := map[string]string{}, "Destination,Code\n"
	bands := map[string]int{}
	for _, row := range rows[1:] {
		bands[row[2]]++
		if codes[row[0]] == "" {
			codes[row[0]] = fmt.Sprint(100_000 + len(codes))
			text += fmt.Sprintf("%q,%s\n", strings.ToUpper(row[0]), codes[row[0]])
		}
	}
	file, n := openReal(t, name), 1
	rep, err := ReadFile(file, file.Size(), Options{Destinations: list(t, text)}, func(e Entry) error {
		row := rows[n]
		want := strings.Join([]string{codes[row[0]], row[0], strings.TrimRight(strings.TrimRight(row[1], "0"), "."), strings.TrimPrefix(row[2], "flat")}, "|")
		if got := strings.Join([]string{e.Rate.Prefix, e.Rate.Destination, e.Rate.PriceN.String(), e.Rate.Band}, "|"); got != want && n < len(rows) {
			t.Errorf("line %d is %s, want %s", e.Line, got, want)
		}
		n++
		return e.Rate.Validate()
	}, func(e RowError) { t.Error(e) })
	if err != nil {
		t.Fatal(err)
	}
	if rep.Rows != 1162 || rep.Rates != 1162 || rep.Rates != int64(len(rows)-1) || bands["flat"] != 978 {
		t.Errorf("%d rows, %d rates; want 1162 of each", rep.Rows, rep.Rates)
	}
	if all := strings.Join(rep.Notices, "\n"); !strings.Contains(all, "A price at all times, as its band says: 978 rows.") || !strings.Contains(all, "spells another way") {
		t.Errorf("notices:\n%s", all)
	}
	// A list that lacks a name.
	var bad []string
	file = openReal(t, name)
	if _, err = ReadFile(file, file.Size(), Options{Destinations: list(t, strings.Replace(text, `"AFGHANISTAN",`, `"PERSIA",`, 1))}, func(Entry) error { return nil },
		func(e RowError) { bad = append(bad, e.Error()) }); err != nil || !slices.Equal(bad, []string{`line 3, column traffic_direction: "Afghanistan": want a name that the list of destinations has codes for`}) {
		t.Errorf("%v, %q", err, bad)
	}
}

func TestListsOfDestinations(t *testing.T) {
	for text, want := range map[string]string{
		"Destination,Code\nUK,44\n":                  "1 names, 1 codes",
		"Name;Dial codes\nUK;44, 45\nUK;45\nDE;49\n": "2 names, 3 codes",
		"UK;44\nDE;49\n":                             "2 names, 2 codes",
		"Destination,Rate\nUK,0.5\n":                 "not a readable list of destinations: no prefix column",
		"Code\n44\n":                                 "not a readable list of destinations: no destination column",
		"Destination,Code,Price\nUK,44,1\n":          "it has prices",
		"":                                           "not a readable list of destinations",
	} {
		l, rep, err := ReadDestinations(strings.NewReader(text), int64(len(text)), nil, func(e RowError) { t.Error(e) })
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprintf("%d names, %d codes", l.Len(), rep.Codes)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSpellingsOfANameAreFolded(t *testing.T) {
	for a, b := range map[string]string{"Côte d'Ivoire-Mobile": "COTE D IVOIRE MOBILE", "Afghanistan, AWCC": "Afghanistan AWCC", "Italy (TIM)": "Italy TIM"} {
		if foldName(a) != foldName(b) {
			t.Errorf("%q and %q differ: %q, %q", a, b, foldName(a), foldName(b))
		}
	}
	for a, b := range map[string]string{"Italy 848.1155": "Italy 848.115 5", "Area 1-2": "Area 12", "A+B": "AB", "UK": "UAE"} {
		if foldName(a) == foldName(b) {
			t.Errorf("%q and %q are one: %q", a, b, foldName(a))
		}
	}
}
