package deck

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/deck/cells"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
	"github.com/xuri/excelize/v2"
)

// shown is an entry in short: what line shows, from when on, what is to be done.
func shown(e Entry) string {
	s := line(e.Rate)
	if e.Rate.From > 0 {
		s += " from " + time.Unix(0, e.Rate.From).UTC().Format(time.RFC3339)
	}
	if e.Rate.Origin != "" {
		s += " for " + e.Rate.Origin
	}
	if e.Closed {
		s += " closed"
	}
	if e.Action != cells.None || e.ID != "" {
		s += fmt.Sprintf(" %s %s", e.Action, e.ID)
	}
	return s
}

func TestDecksAsTheyCome(t *testing.T) {
	given := Options{Interval1: 1, IntervalN: 1}
	with := func(t Template) Options { o := given; o.Template = &t; return o }
	for _, tc := range []struct {
		name, deck string
		opts       Options
		entries    []string
		guesses    []string // what = value
		bad        []string
		notes      int64
		currency   string
	}{
		{name: "a notice above and a sentence below", opts: given, notes: 2, currency: "EUR",
			deck:    "Carrier X\nValid from:,23/09/2026\nCurrency:,EUR\n\nPrefix,Rate,Remark\n44,0.01,x\n\nPrices exclude tax\n45,0.02\nCall us,,\n",
			entries: []string{"44 [] 0.01 0.01 1/1 0 from 2026-09-23T00:00:00Z", "45 [] 0.02 0.02 1/1 0 from 2026-09-23T00:00:00Z"},
			guesses: []string{"currency = EUR", "effective from = 2026-09-23T00:00:00Z"}},
		{name: "a row of rates that lacks its price is no sentence", opts: given,
			deck: "Prefix,Rate,Remark\n44,,\n", bad: []string{`line 2, column Rate: "": want a price, or the word blocked`}},
		{name: "a code without a price in the first column", opts: given,
			deck: "Prefix,Rate,Remark\nabc,0.1,\n", bad: []string{`line 2, column Prefix: "abc": want codes of digits only, a list of them such as 4915, 4916, or a range such as 4915-4917`}},
		{name: "country and network", opts: given, deck: "Country,Network,Code,Price\nGermany,Fixed,49,1\nGermany,Germany Mobile,4915,1\nKosovo,,383,1\n",
			entries: []string{"49 [Germany Fixed] 1 1 1/1 0", "4915 [Germany Mobile] 1 1 1/1 0", "383 [Kosovo] 1 1 1/1 0"}},
		{name: "codes behind a country code", opts: given, deck: "Country Code,Area Code,Rate\n44,20,1\n44,161,2\n33,1,3\n",
			entries: []string{"4420 [] 1 1 1/1 0", "44161 [] 2 2 1/1 0", "331 [] 3 3 1/1 0"}, guesses: []string{"codes = behind the country code"}},
		{name: "whole codes beside a country code", opts: given, deck: "Country Code,Prefix,Rate\n44,4420,1\n44,44161,2\n",
			entries: []string{"4420 [] 1 1 1/1 0", "44161 [] 2 2 1/1 0"}, guesses: []string{"codes = whole"}},
		{name: "the template says that codes are never whole", opts: with(Template{CountryCode: "always"}), deck: "Country Code,Prefix,Rate\n44,4420,1\n",
			entries: []string{"444420 [] 1 1 1/1 0"}},
		{name: "two columns of codes are a range", opts: given, deck: "code1,code2,price\n9370,,1\n9381,9383,2\n",
			entries: []string{"9370 [] 1 1 1/1 0", "9381 [] 2 2 1/1 0", "9382 [] 2 2 1/1 0", "9383 [] 2 2 1/1 0"}},
		{name: "words for what has changed", opts: given, deck: "code,price,change,effective\n1,1,Increase,2026-12-01\n2,1,Closed,2026-12-01\n3,,gelöscht,\n4,1,Blocked,\n",
			entries: []string{"1 [] 1 1 1/1 0 from 2026-12-01T00:00:00Z", "2 [] 1 1 1/1 0 from 2026-12-01T00:00:00Z closed", "3 [] 0 0 0/0 0 closed", "4 [] 0 0 1/1 0 blocked"},
			guesses: []string{"dates = year/month/day"}},
		{name: "actions", opts: given, deck: "Action,Id,Prefix,Country,Interval 1,Interval N,Price 1,Price N,Forbidden,Grace Period\n" +
			"A,,44,UK,60,1,0.1,0.2,0,0\nD,abc,,,,,,,,\nu,x1,45,DK,1,1,1,1,0,0\n,x2,46,SE,1,1,1,1,0,0\nQ,,47,NO,1,1,1,1,0,0\n",
			entries: []string{"44 [UK] 0.1 0.2 60/1 0 A ", " [] 0 0 0/0 0 D abc", "45 [DK] 1 1 1/1 0 U x1"},
			bad:     []string{`line 6, column Action: "Q": want A (add), D (delete), U (update by id), S (set by prefix), SA (set or add), or nothing to leave the rate alone`}},
		{name: "prices by the caller's prefix", opts: given, deck: "prefix,price,origin prefixes\n44,1,\n44,2,\"33, 49\"\n44,3,all others\n",
			entries: []string{"44 [] 1 1 1/1 0", "44 [] 2 2 1/1 0 for 33+49"},
			bad:     []string{`line 4, column origin prefixes: "all others": want codes of digits only, a list of them such as 4915, 4916, or a range such as 4915-4917`}},
		{name: "no header, and columns that can only be one thing", opts: given, deck: "001;usa;0,12\n0044;uk;0,5\n",
			entries: []string{"1 [usa] 0.12 0.12 1/1 0", "44 [uk] 0.5 0.5 1/1 0"},
			guesses: []string{"column 1 = prefix", "column 2 = destination", "column 3 = price", "decimal sign = comma"}},
		{name: "columns by place, from a row on", opts: with(Template{StartRow: 3, Columns: map[string]string{"prefix": "#2", "price": "#4"}}),
			deck:    "x,44,y,0.1\nx,45,y,0.2\nx,46,y,0.3\n",
			entries: []string{"46 [] 0.3 0.3 1/1 0"}},
		{name: "columns by other headers", opts: with(Template{Columns: map[string]string{"prefix": "Où", "price_1": "Q1", "price_n": "Q2"}, Ignore: []string{"setup"}}),
			deck:    "OU,q1,q2,setup\n44,1,2,3\n",
			entries: []string{"44 [] 1 2 1/1 0"}},
		{name: "day and month", opts: with(Template{DateOrder: "mdy", Zone: "Europe/London"}), deck: "code,price,effective\n1,1,07/01/2026\n",
			entries: []string{"1 [] 1 1 1/1 0 from 2026-06-30T23:00:00Z"}},
		{name: "day or month", opts: given, deck: "code,price,effective\n1,1,07/01/2026\n",
			bad:     []string{`line 2, column effective: "07/01/2026": want the order of day and month to be known: this is day 7 of month 1, or month 7 and day 1; write 30-Nov-2026 or 2026-11-30, or say the order of the deck's dates`},
			guesses: []string{"dates = not known"}},
		{name: "pence", opts: with(Template{Hundredths: true, Currency: "GBP"}), currency: "GBP", deck: "code,ppm,setup\n1,1.5,10\n",
			entries: []string{"1 [] 0.015 0.015 1/1 0.1"}},
		{name: "increments the other way, with a grace period", opts: with(Template{Increments: "next/first", Third: "grace"}), deck: "code,price,billing\n1,1,6/30/5\n",
			entries: []string{"1 [] 1 1 30/6 0"}},
		{name: "words of a notice that are currencies, too", opts: given, currency: "USD", deck: "ALL PRICES ARE USD PER MINUTE\nPrefix,Rate\n44,1\n",
			entries: []string{"44 [] 1 1 1/1 0"}, guesses: []string{"currency = USD"}},
		{name: "a notice that only speaks of a date", opts: given, deck: "Effective:,9 weeks\nPrefix,Rate\n44,1\n",
			entries: []string{"44 [] 1 1 1/1 0"}},
		{name: "JSON says its currency", opts: given, currency: "USD", deck: `{"price_unit":"USD","rates":[{"prefix":"44","price":"1"}]}`,
			entries: []string{"44 [] 1 1 1/1 0"}, guesses: []string{"currency = USD"}},
		{name: "a currency a row", opts: given, currency: "USD", deck: "code,price,currency\n1,1,USD\n2,1,usd\n3,1,EUR\n4,1,X\n",
			entries: []string{"1 [] 1 1 1/1 0", "2 [] 1 1 1/1 0"},
			bad: []string{`line 4, column currency: "EUR": want USD as the rest of the file: a deck has one currency`,
				`line 5, column currency: "X": want a code of ISO 4217, such as GBP`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got, bad, guesses []string
			rep, err := ReadFile(strings.NewReader(tc.deck), int64(len(tc.deck)), tc.opts,
				func(e Entry) error { got = append(got, shown(e)); return nil },
				func(e RowError) { bad = append(bad, e.Error()) })
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range rep.Guesses {
				if g.What != "file" {
					guesses = append(guesses, g.What+" = "+g.Value)
				}
			}
			for what, diff := range map[string]string{"entries": cmp.Diff(tc.entries, got), "errors": cmp.Diff(tc.bad, bad), "guesses": cmp.Diff(tc.guesses, guesses)} {
				if diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
			if rep.Notes != tc.notes || rep.Currency != tc.currency || rep.Rows != rep.Used+rep.Merged+rep.Notes+rep.Idle+rep.Bad {
				t.Errorf("report %+v, want %d notes, currency %q", rep, tc.notes, tc.currency)
			}
		})
	}
}

// A template that was made for a header reads every file that has it.
func TestATemplateIsRecognised(t *testing.T) {
	text := "Wo,Wieviel\n44,1\n"
	made := Template{Columns: map[string]string{"prefix": "wo", "price": "wieviel"}, Fingerprint: Fingerprint([]string{" WO", "wieviel"}), Currency: "CHF"}
	var got []string
	rep, err := ReadFile(strings.NewReader(text), int64(len(text)), Options{IntervalN: 1, Templates: []Template{{Fingerprint: "other"}, made}},
		func(e Entry) error { got = append(got, shown(e)); return nil }, func(e RowError) { t.Error(e) })
	if err != nil || !slices.Equal(got, []string{"44 [] 1 1 0/1 0"}) || rep.Currency != "CHF" || rep.Fingerprint != made.Fingerprint || rep.Guesses[len(rep.Guesses)-1].What != "template" {
		t.Errorf("%q, %v, %+v", got, err, rep)
	}
}

// What is recognised may also say in which encoding the file is: it is read again.
func TestARecognisedTemplateSaysTheEncoding(t *testing.T) {
	text := "Code,Pays,Prix\n44,\x8a,1\n"
	made := Template{Fingerprint: Fingerprint([]string{"Code", "Pays", "Prix"}), Charset: "macintosh"}
	var got []string
	_, err := ReadFile(strings.NewReader(text), int64(len(text)), Options{IntervalN: 1, Templates: []Template{made}},
		func(e Entry) error { got = append(got, shown(e)); return nil }, func(e RowError) { t.Error(e) })
	if err != nil || !slices.Equal(got, []string{"44 [ä] 1 1 0/1 0"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// What a file has besides the rates that are read is never passed over in silence.
func TestFilesOfSeveralTables(t *testing.T) {
	none := func(Entry) error { return nil }
	for text, want := range map[string]string{
		`{"currency":"USD","more":{"currency":"GBP"},"rates":[{"prefix":"44","price":"1"}]}`: "its currencies are USD and GBP",
		`{"currency":"dollars","rates":[{"prefix":"44","price":"1"}]}`:                       "want a code of ISO 4217",
		"Effective:,02/03/2026\nPrefix,Rate\n44,1\n":                                         "date_order dmy or mdy",
	} {
		var file *FileError
		if _, err := ReadFile(strings.NewReader(text), int64(len(text)), Options{}, none, func(RowError) {}); !errors.As(err, &file) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestBadTemplates(t *testing.T) {
	for text, want := range map[string]string{
		`{"columns":{"prefx":"Code"}}`:                "the name of a column",
		`{"columns":{"prefix":"#0"}}`:                 "#1 to #512",
		`{"columns":{"prefix":" "}}`:                  "the header of column prefix",
		`{"header_row":1,"start_row":2}`:              "one of them",
		`{"start_row":2,"columns":{"prefix":"Code"}}`: "a deck without a header",
		`{"delimiter":"x"}`:                           "a tab",
		`{"decimal_sign":"'"}`:                        ". or ,",
		`{"date_order":"dym"}`:                        "ymd, dmy or mdy",
		`{"increments":"1/2"}`:                        "first/next",
		`{"third":"x"}`:                               "grace or ignored",
		`{"country_code":"x"}`:                        "always, never or missing",
		`{"currency":"XXQ"}`:                          "ISO 4217",
		`{"zone":"Nowhere"}`:                          "IANA zone",
		`{"zone":"Local"}`:                            "IANA zone",
		`{"colums":{}}`:                               "colums",
		`{} x`:                                        "text behind it",
	} {
		if _, err := ReadTemplate(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	text := "a,b\n1,2\n"
	for _, tp := range []Template{{HeaderRow: 2}, {HeaderRow: 9}, {Columns: map[string]string{"prefix": "c", "price": "b"}}, {Sheet: "Rates"}} {
		var file *FileError
		_, err := ReadFile(strings.NewReader(text), int64(len(text)), Options{Template: &tp}, func(Entry) error { return nil }, func(RowError) {})
		if !errors.As(err, &file) {
			t.Errorf("%+v: %v, want a FileError", tp, err)
		}
	}
}

// A workbook: the rates are in the second sheet, whose codes are numbers, whose
// dates are dates, and whose prices have more digits than they show.
func TestAWorkbook(t *testing.T) {
	book := excelize.NewFile()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(book.SetSheetRow("Sheet1", "A1", &[]any{"Dear customer"}))
	_, err := book.NewSheet("Rates")
	check(err)
	for i, row := range [][]any{
		{"Issued", time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)},
		{},
		{"Destination", "Code", "Rate (USD)", "Effective"},
		{"UK", 44, 0.0495, time.Date(2026, 9, 23, 0, 0, 0, 0, time.UTC)},
		{"Germany", "49, 4915", 1e-3, nil},
		{"France", "0033", 0.1},
	} {
		check(book.SetSheetRow("Rates", fmt.Sprintf("A%d", i+1), &row))
	}
	var file bytes.Buffer
	check(book.Write(&file))
	var got []string
	rep, err := ReadFile(bytes.NewReader(file.Bytes()), int64(file.Len()), Options{Interval1: 1, IntervalN: 1},
		func(e Entry) error { got = append(got, shown(e)); return nil }, func(e RowError) { t.Error(e) })
	check(err)
	want := []string{"44 [UK] 0.0495 0.0495 1/1 0 from 2026-09-23T00:00:00Z", "49 [Germany] 0.001 0.001 1/1 0", "4915 [Germany] 0.001 0.001 1/1 0", "33 [France] 0.1 0.1 1/1 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(rep.Warnings) != 1 || !strings.Contains(rep.Warnings[0], `no rates, and were not read: "Sheet1"`) {
		t.Errorf("warnings %q", rep.Warnings)
	}
	if rep.Sheet != "Rates" || rep.Format != "xlsx" || rep.Header != 3 || rep.Currency != "USD" {
		t.Errorf("report %+v", rep)
	}
	// Two sheets of rates: one of them would be lost.
	check(book.SetSheetRow("Sheet1", "A1", &[]any{"Code", "Rate"}))
	check(book.SetSheetRow("Sheet1", "A2", &[]any{"46", "1"}))
	file.Reset()
	check(book.Write(&file))
	var refused *FileError
	if _, err := ReadFile(bytes.NewReader(file.Bytes()), int64(file.Len()), Options{}, func(Entry) error { return nil }, func(RowError) {}); !errors.As(err, &refused) || !strings.Contains(err.Error(), `"Sheet1", "Rates" both have rates`) {
		t.Errorf("%v", err)
	}
}

// What takes effect at an instant is at once by then.
func TestEntriesAtAnInstant(t *testing.T) {
	var e Entry
	e.Rate.From = 100
	if got := e.AsOf(99); got.Rate.From != 100 {
		t.Errorf("before its instant: %+v", got)
	}
	if got := e.AsOf(100); got.Rate.From != 0 {
		t.Errorf("at its instant: %+v", got)
	}
}

// Workbooks come with sheets that nobody has used: what is missing is missing in
// the one that has something.
func TestAnEmptySheetSaysNothingOfWhyThereAreNoRates(t *testing.T) {
	book := xlstest.Book{Sheets: []xlstest.Sheet{{Name: "Codes", Rows: [][]any{{"Region", "Remark"}, {"North", "old"}}}, {Name: "Sheet2"}}}
	_, _, _, err := read(string(book.Write()), Options{})
	if err == nil || !strings.Contains(err.Error(), `sheet "Codes": `) || strings.Contains(err.Error(), "empty") {
		t.Errorf("error %v, want what the sheet Codes lacks", err)
	}
}
