package deck

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/rating"
)

// read returns the rates of a deck, its errors in words, and its report.
func read(text string, o Options) (rates []rating.Rate, bad []string, rep Report, err error) {
	rep, err = ReadFile(strings.NewReader(text), int64(len(text)), o,
		func(e Entry) error { rates = append(rates, e.Rate); return nil },
		func(e RowError) { bad = append(bad, e.Error()) })
	return rates, bad, rep, err
}

// line shows a rate in short: prefix name price1 priceN i1/iN fee flags.
func line(r rating.Rate) string {
	s := fmt.Sprintf("%s [%s] %s %s %d/%d %s", r.Prefix, r.Destination, r.Price1, r.PriceN, r.Interval1, r.IntervalN, r.ConnectionFee)
	if r.Blocked {
		s += " blocked"
	}
	if r.AssumedPulse {
		s += " assumed"
	}
	return s
}

func TestRead(t *testing.T) {
	for _, tc := range []struct {
		name, deck string
		opts       Options
		rates, bad []string
	}{
		{name: "the least a deck can be", deck: "Prefix,Rate\n44,0.01\n",
			rates: []string{"44 [] 0.01 0.01 60/60 0 assumed"}},
		{name: "the caller's increments are not assumed", deck: "Prefix,Rate\n44,0.01\n", opts: Options{Interval1: 1, IntervalN: 1},
			rates: []string{"44 [] 0.01 0.01 1/1 0"}},
		{name: "first interval 0 is an increment too", deck: "Prefix,Rate\n44,0.01\n", opts: Options{IntervalN: 6},
			rates: []string{"44 [] 0.01 0.01 0/6 0"}},
		{name: "price 1 and price N", deck: "code,Price 1,PRICE_N,Interval1,Interval N,Connect\n44,0.5,0.01,30,6,0.1\n",
			rates: []string{"44 [] 0.5 0.01 30/6 0.1"}},
		{name: "one interval column: the other is the default", deck: "code,rate,mcd\n44,1,30\n", opts: Options{Interval1: 7, IntervalN: 6},
			rates: []string{"44 [] 1 1 30/6 0"}},
		{name: "one interval column and no increments given", deck: "code,rate,pulse\n44,1,6\n",
			rates: []string{"44 [] 1 1 60/6 0 assumed"}},
		{name: "charge period is both intervals", deck: "Prefix,Per minute charge,Charge period\n+44,1,30\n",
			rates: []string{"44 [] 1 1 30/30 0"}},
		{name: "increments in one cell", deck: "Dial Codes,Rate/Min,Billing\n44,1,60/1\n45,1,30+6\n46,1,per second\n47,1,60\n48,1,30/6/6\n49,1,60-1\n",
			rates: []string{"44 [] 1 1 60/1 0", "45 [] 1 1 30/6 0", "46 [] 1 1 1/1 0", "47 [] 1 1 60/60 0", "49 [] 1 1 60/1 0"},
			bad:   []string{`line 6, column Billing: "30/6/6": want two numbers, or the meaning of a third to be chosen for the deck: a grace period, or to be ignored`}},
		{name: "billing increment is a pulse or both", deck: "code,rate,billing increment\n44,1,6\n45,1,30/6\n", opts: Options{Interval1: 60, IntervalN: 60},
			rates: []string{"44 [] 1 1 60/6 0", "45 [] 1 1 30/6 0"}},
		{name: "billing increment beside a first interval", deck: "code,rate,min,billing increment\n44,1,30,6\n45,1,30,30/6\n",
			rates: []string{"44 [] 1 1 30/6 0"},
			bad:   []string{`line 3, column billing increment: "30/6": want one number, as column min gives the first interval`}},
		{name: "intervals of 0", deck: "code,price 1,price n,interval 1,interval n\n44,1,1,0,1\n45,1,0,60,0\n46,1,1,60,0\n47,1,1,,1\n48,1,1,1.5,1000001\n",
			rates: []string{"44 [] 1 1 0/1 0", "45 [] 1 0 60/0 0"},
			bad: []string{
				`line 4, column interval n: "0": want 1 or more seconds, unless price N is 0 and the first interval is not`,
				`line 5, column interval 1: "": want whole seconds, 0 to 1000000`,
				`line 6, column interval 1: "1.5": want whole seconds, 0 to 1000000`,
				`line 6, column interval n: "1000001": want whole seconds, 0 to 1000000`,
			}},
		{name: "decimal commas in quotes", deck: "\ufeff\"DESTINATION\",\"PREFIX\",\"RATE\"\r\n\"Aero, Mobile\",88299,\"1,9989\"\r\nX,1,2\r\n",
			rates: []string{"88299 [Aero, Mobile] 1.9989 1.9989 60/60 0 assumed", "1 [X] 2 2 60/60 0 assumed"}},
		{name: "decimal commas between semicolons", deck: "prefix;price;setup fee\n44;0,01;0,5\n",
			rates: []string{"44 [] 0.01 0.01 60/60 0.5 assumed"}},
		{name: "tabs and bars", deck: "prefix\tprice\n44\t0.01\n",
			rates: []string{"44 [] 0.01 0.01 60/60 0 assumed"}},
		{name: "the odd decimal comma is an error", deck: "prefix;price\n44;0.01\n45;0.02\n46;1,234\n",
			rates: []string{"44 [] 0.01 0.01 60/60 0 assumed", "45 [] 0.02 0.02 60/60 0 assumed"},
			bad:   []string{`line 4, column price: "1,234": want a decimal point as in the rest of the file: one decimal sign in the whole file`}},
		{name: "the odd decimal point is an error", deck: "prefix;price\n44;0,01\n45;0.02\n46;0,03\n",
			rates: []string{"44 [] 0.01 0.01 60/60 0 assumed", "46 [] 0.03 0.03 60/60 0 assumed"},
			bad:   []string{`line 3, column price: "0.02": want a decimal comma as in the rest of the file: one decimal sign in the whole file`}},
		{name: "thousands separators", deck: "prefix;price\n44;1,234.5\n45;1,234\n46;1,2,3\n",
			bad: []string{
				`line 2, column price: "1,234.5": want one decimal sign and no thousands separators`,
				`line 3, column price: "1,234": want a decimal point as in the rest of the file: one decimal sign in the whole file`,
				`line 4, column price: "1,2,3": want one decimal sign and no thousands separators`,
			}},
		{name: "prices that are none", deck: "prefix,price\n1,$0.01\n2,0.01 USD\n3,\n4,1E-05\n5,-0.01\n6,0.1234567890123\n7,9223373\n8,1.\n9,+0.010000000000000\n",
			rates: []string{"1 [] 0.01 0.01 60/60 0 assumed", "2 [] 0.01 0.01 60/60 0 assumed", "4 [] 0.00001 0.00001 60/60 0 assumed", "9 [] 0.01 0.01 60/60 0 assumed"},
			bad: []string{
				`line 4, column price: "": want a price, or the word blocked`,
				`line 6, column price: "-0.01": want 0 or more, or -1 to block the prefix; what a carrier pays for calls (origination) stands as a positive price in a card that it is charged by`,
				`line 7, column price: "0.1234567890123": want at most 12 decimals`,
				`line 8, column price: "9223373": want at most 9223372.036854775807`,
				`line 9, column price: "1.": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked`,
			}},
		{name: "prefixes as spreadsheets write them", deck: "prefix,price\n+44,1\n0045,1\n'46,1\n\"=\"\"47\"\"\",1\n=\"48\",1\n\u00a04 9\u00a0,1\n+0050,1\n0800,1\n",
			rates: []string{"44 [] 1 1 60/60 0 assumed", "45 [] 1 1 60/60 0 assumed", "46 [] 1 1 60/60 0 assumed", "47 [] 1 1 60/60 0 assumed",
				"48 [] 1 1 60/60 0 assumed", "49 [] 1 1 60/60 0 assumed", "50 [] 1 1 60/60 0 assumed", "0800 [] 1 1 60/60 0 assumed"}},
		{name: "codes that are none", deck: "prefix;price\n1.4E+10;1\n1,4E+10;1\n;1\n+;1\n44-45;1\n43, 431;1\n12345678901234567;1\n46.0;1\n",
			rates: []string{"44 [] 1 1 60/60 0 assumed", "45 [] 1 1 60/60 0 assumed", "43 [] 1 1 60/60 0 assumed", "431 [] 1 1 60/60 0 assumed", "46 [] 1 1 60/60 0 assumed"},
			bad: []string{
				`line 2, column prefix: "1.4E+10": want all digits of the prefix: a spreadsheet has rounded it, and digits are lost; format the column as text and export again`,
				`line 3, column prefix: "1,4E+10": want all digits of the prefix: a spreadsheet has rounded it, and digits are lost; format the column as text and export again`,
				`line 4, column prefix: "": want digits: a row without a prefix would price every number`,
				`line 5, column prefix: "+": want digits: a row without a prefix would price every number`,
				`line 8, column prefix: "12345678901234567": want codes of at most 15 digits`,
			}},
		{name: "blocked by the price", deck: "prefix,price\n1,-1\n2,Blocked\n3,-1.00\n",
			rates: []string{"1 [] 0 0 60/60 0 blocked assumed", "2 [] 0 0 60/60 0 blocked assumed", "3 [] 0 0 60/60 0 blocked assumed"}},
		{name: "blocked by two prices", deck: "prefix,price 1,price n\n1,-1,\n2,,blocked\n3,-1,0.5\n4,0.5,-1\n5,,0.5\n6,-1,-1\n7,0.5,\n",
			rates: []string{"1 [] 0 0 60/60 0 blocked assumed", "2 [] 0 0 60/60 0 blocked assumed", "6 [] 0 0 60/60 0 blocked assumed"},
			bad: []string{
				`line 4, column price n: "0.5": want a price as in column price 1, or blocked in both`,
				`line 5, column price n: "-1": want a price as in column price 1, or blocked in both`,
				`line 6, column price 1: "": want a price, or the word blocked`,
				`line 8, column price n: "": want a price, or the word blocked`,
			}},
		{name: "blocked by its column", deck: "prefix,price,interval 1,interval n,Forbidden\n1,0.5,1,1,1\n2,,,,yes\n3,0.5,1,1,0\n4,0.5,1,1,\n5,0.5,1,1,maybe\n6,x,1,1,1\n",
			rates: []string{"1 [] 0 0 1/1 0 blocked", "2 [] 0 0 0/0 0 blocked", "3 [] 0.5 0.5 1/1 0", "4 [] 0.5 0.5 1/1 0"},
			bad: []string{
				`line 6, column Forbidden: "maybe": want 1 or 0, yes or no, true or false, or blocked`,
				`line 7, column price: "x": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked`,
			}},
		{name: "a blocked row needs no increments", deck: "prefix,price,billing\n1,-1,\n2,1,\n",
			rates: []string{"1 [] 0 0 0/0 0 blocked"},
			bad:   []string{`line 3, column billing: "": want first interval and pulse in seconds, such as 60/1 or 60+1, one number for both, "per second" or "per minute"`}},
		{name: "a status of 1 is not blocked", deck: "prefix,price,status\n1,0.5,1\n2,0.5,BLOCKED\n3,0.5,Increase\n",
			rates: []string{"1 [] 0.5 0.5 60/60 0 assumed", "2 [] 0 0 60/60 0 blocked assumed", "3 [] 0.5 0.5 60/60 0 assumed"}},
		{name: "fees", deck: "prefix,price,setup\n1,1,\n2,1,-1\n3,1,blocked\n4,1,0.2\n",
			rates: []string{"1 [] 1 1 60/60 0 assumed", "4 [] 1 1 60/60 0.2 assumed"},
			bad: []string{
				`line 3, column setup: "-1": want 0 or more`,
				`line 4, column setup: "blocked": want 0 or more`,
			}},
		{name: "the same prefix twice", deck: "prefix,price\n44,1\n+44,1.0\n44,2\n044,3\n",
			rates: []string{"44 [] 1 1 60/60 0 assumed", "044 [] 3 3 60/60 0 assumed"},
			bad:   []string{`line 4, column prefix: "44": want one rate for a prefix: line 2 has another for 44`}},
		{name: "blank lines and rows of empty cells", deck: "\n,,\nprefix,price,x\n\n44,1,\n,,\n   \n",
			rates: []string{"44 [] 1 1 60/60 0 assumed"}},
		{name: "rows of other widths", deck: "prefix,price,note\n44,1\n45\n46,1,a\n47,0,01,\n48,0,01,x\n",
			rates: []string{"44 [] 1 1 60/60 0 assumed", "46 [] 1 1 60/60 0 assumed"},
			bad: []string{
				`line 3: "45": want 3 cells as in the header, this row has 1`,
				`line 5: "47,0,01,": want 3 cells as in the header, this row has 4; a cell with the delimiter in it needs quotes`,
				`line 6: "48,0,01,x": want 3 cells as in the header, this row has 4; a cell with the delimiter in it needs quotes`,
			}},
		{name: "quotes that go wrong", deck: "prefix,price\n44,\"1\n45,1\n46,\"1\"2\n47,1\n\xff8,1\n",
			rates: []string{"45 [] 1 1 60/60 0 assumed", "47 [] 1 1 60/60 0 assumed"},
			bad: []string{
				`line 2: "44,\"1": want a delimiter after the closing quote`,
				`line 4: "46,\"1\"2": want a delimiter after the closing quote`,
				`line 6, column prefix: "ÿ8": want codes of digits only, a list of them such as 4915, 4916, or a range such as 4915-4917`,
			}},
		{name: "rows and cells without end", deck: "prefix,price,note\n44,1," + strings.Repeat("x", 300<<10) + "\n45," + strings.Repeat("1", 99) + ",\n46," + strings.Repeat("x", 99) + "\n",
			bad: []string{
				`line 2, column note: "` + strings.Repeat("x", 80) + `…": want a cell of at most 262144 bytes`,
				`line 3, column price: "` + strings.Repeat("1", 80) + `…": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked`,
				`line 4, column price: "` + strings.Repeat("x", 80) + `…": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked`,
			}},
		{name: "names", deck: "Name,prefix,price,country\n\" United\n Kingdom\t\",44,1,GB\n" + strings.Repeat("x", 257) + ",45,1,GB\n",
			rates: []string{"44 [United Kingdom] 1 1 60/60 0 assumed"},
			bad:   []string{`line 4, column Name: "` + strings.Repeat("x", 80) + `…": want a name of at most 256 bytes`}},
		{name: "country is a name where there is no other", deck: "country,prefix,price\nUK,44,1\n",
			rates: []string{"44 [UK] 1 1 60/60 0 assumed"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rates, bad, rep, err := read(tc.deck, tc.opts)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rates {
				got = append(got, line(r))
			}
			if diff := cmp.Diff(tc.rates, got); diff != "" {
				t.Errorf("rates (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.bad, bad); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if rep.Rates != int64(len(rates)) || rep.Rows != rep.Used+rep.Merged+rep.Notes+rep.Idle+rep.Bad {
				t.Errorf("the report's counts do not add up: %+v", rep)
			}
		})
	}
}

func TestReport(t *testing.T) {
	_, bad, rep, err := read("Dial_Code;Rate (EUR/min);Country;Status;Mcd;Pulse;Grace;Notice\n"+
		"44;0,5;UK;1;25;8;0;\n44;0,5;UK;1;25;8;0;\n;;;\n45;0,5;DK;closed;1;1;0;\n45;0,6;DK;1;1;1;0;\n", Options{})
	if err != nil || len(bad) != 1 {
		t.Fatal(err, bad)
	}
	got, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"rows":4,"used":2,"rates":2,"closed":1,"merged":1,"notes":0,"idle":0,"bad":1,"blank":1,` +
		`"format":"csv","charset":"UTF-8","delimiter":";","header":1,"fingerprint":"145cde68acf93f8b700ffa941682468f",` +
		`"columns":{"country":"Country","grace_period":"Grace","interval_1":"Mcd","interval_n":"Pulse","prefix":"Dial_Code","price":"Rate (EUR/min)","status":"Status"},` +
		`"ignored_columns":["Notice"],"decimal_comma":true,"assumed_intervals":false,"actions":false,"currency":"EUR",` +
		`"guesses":[{"what":"file","value":"csv","evidence":"delimiter semicolon: it parts 5 of the first 6 rows into 8 columns, comma 4 into 2"},` +
		`{"what":"decimal sign","value":"comma","evidence":"prices with a decimal comma: 4, the first in line 2"},` +
		`{"what":"currency","value":"EUR","evidence":"the header of column \"Rate (EUR/min)\" has it"}],` +
		`"notices":["Interval 1 is no multiple of interval N in 1 row (first line 2): the card's increment model decides what they bill.",` +
		`"An earlier row is repeated by 1 row and was merged (first line 3, as line 2).",` +
		`"Column \"Grace\" is a switch, as it has 0 and 1 only: 1 is the card's grace period, 0 is none.",` +
		`"Column \"Status\" blocks and closes no prefix where it says \"1\": only words such as blocked and closed do.",` +
		`"Withdrawn from their dates on: 1 of the rates.",` +
		`"Columns that were not read: \"Notice\"."],"warnings":[]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// A report and an error stay readable whatever the file holds.
func TestListsAreShort(t *testing.T) {
	var b strings.Builder
	b.WriteString("prefix,price,status" + strings.Repeat(",unknown", 40) + "\n")
	for i := range 20 {
		fmt.Fprintf(&b, "%d,1,s%d\n", i+1, i)
	}
	text := b.String()
	// Rows may end behind the last column that is read.
	_, bad, rep, err := read(text, Options{Interval1: 1, IntervalN: 1})
	if err != nil || len(bad) > 0 || len(rep.Notices) != 3 {
		t.Fatal(err, bad, rep.Notices)
	}
	if got := rep.Notices[1]; !strings.Contains(got, `"s7" and others:`) {
		t.Errorf("statuses: %s", got)
	}
	if got := rep.Notices[2]; strings.Count(got, "unknown") != maxListed || !strings.HasSuffix(got, "and 10 more.") {
		t.Errorf("columns: %s", got)
	}
}

func TestReportSaysWhereIncrementsComeFrom(t *testing.T) {
	for _, tc := range []struct {
		deck    string
		opts    Options
		assumed bool
		notice  string
	}{
		{"code,rate\n1,1\n2,1\n", Options{}, true, "The deck has no intervals for 2 rows: 60/60 seconds assumed."},
		{"code,rate\n1,1\n", Options{Interval1: 30, IntervalN: 6}, false, "The deck has no intervals for 1 row: 30/6 seconds taken as given."},
		{"code,rate,mcd\n1,1,60\n", Options{}, true, "The deck has no interval N for 1 row: 60 seconds assumed."},
		{"code,rate,pulse\n1,1,6\n", Options{Interval1: 30, IntervalN: 1}, false, "The deck has no interval 1 for 1 row: 30 seconds taken as given."},
	} {
		_, _, rep, err := read(tc.deck, tc.opts)
		if err != nil {
			t.Fatal(err)
		}
		if rep.AssumedIntervals != tc.assumed || !cmp.Equal(rep.Notices, []string{tc.notice}) {
			t.Errorf("%q: assumed %v, notices %q; want %v, %q", tc.deck, rep.AssumedIntervals, rep.Notices, tc.assumed, tc.notice)
		}
	}
}

func TestFileThatIsNoDeck(t *testing.T) {
	for _, tc := range []struct{ name, file, want string }{
		{"nothing", "", "the file is empty"},
		{"blank lines", "\n \n;;\n", "the file is empty"},
		{"no rows", "prefix,rate\n\n,\n", "no row of rates below the header"},
		{"one letter of UTF-16", "\xff\xfep\x00", "column 1 has names"},
		{"the beginning of a workbook", "PK\x03\x04\x00\x00\n", "cut or damaged"},
		{"no price", "Prefix,Destination\n44,UK\n", `no price column (price, price min,`},
		{"no price N", "Prefix,Price 1\n44,1\n", `no price_n column (price n)`},
		{"no price 1", "Prefix,Price N\n44,1\n", `no price_1 column (price 1)`},
		{"no prefix", "Country,Rate\nUK,1\n", `no prefix column (prefix, prefixes, code`},
		{"headers are named", "Foo,Bar (x)\n1,2\n", `headers found: "Foo", "Bar (x)"`},
		{"two prices", "Prefix,Rate,Cost\n44,1,2\n", `columns "Rate" and "Cost" are both the price`},
		{"price and price 1", "Prefix,Rate,Price1,PriceN\n44,1,2,3\n", `columns "Rate" and "Price1" both give the price_1`},
		{"two intervals", "Prefix,Rate,Charge period,Pulse\n44,1,2,3\n", `columns "Charge period" and "Pulse" both give the interval_n`},
		{"only one class of a price", "prefix,rate (local),intrastate\n1,1,1\n", "no inter column"},
		{"too many columns", strings.Repeat(",", maxColumns), "the file is empty"},
		{"too many headers", strings.Repeat("a,", maxColumns) + "b\n", "513 columns, want at most 512"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, _, err := read(tc.file, Options{})
			var fe *FileError
			if !errors.As(err, &fe) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want a FileError with %q", err, tc.want)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for header, want := range map[string]meaning{
		"Dial-Code": prefix, "DIALPREFIX": prefix, "area_code": prefix, "Cost / Min (USD)": price, "Rate/Min": price, "rate_per_min": price,
		"Rate (per minute)": price, "Price\u00a0(€)": price, "rate (inter)": inter, "Gültig ab": from, "Précio": price, "INDICATIF": prefix, "rate (local)": -1, "rate initial": -1, "Minimum Time (sec)": interval1,
		"Connection Cost (USD)": connectionFee, "Price 1": price1, "PriceN": priceN, "Target Pattern Name": destination, "": -1, "()": -1,
		"Setup Charge": -1, "next_increment": intervalN, "Billing": increments, "billing increment": billingIncrement,
	} {
		if got := meaningOf(header); got != want {
			t.Errorf("header %q means %d, want %d", header, got, want)
		}
	}
	seen := map[string]string{}
	for _, c := range columns {
		for _, a := range c.aliases {
			if other := seen[squeeze(a)]; other != "" {
				t.Errorf("header %q means %s and %s", a, other, c.name)
			}
			seen[squeeze(a)] = c.name
		}
	}
}

func TestBadOptionsAndFailures(t *testing.T) {
	for _, o := range []Options{{Interval1: 60}, {Interval1: rating.MaxInterval + 1, IntervalN: 1}, {IntervalN: rating.MaxInterval + 1}} {
		if _, _, _, err := read("prefix,rate\n1,1\n", o); err == nil {
			t.Errorf("options %+v were accepted", o)
		}
	}
	full := errors.New("disk full")
	text := "prefix,rate\n1,1\n2,1\n"
	_, err := ReadFile(strings.NewReader(text), int64(len(text)), Options{}, func(Entry) error { return full }, func(RowError) {})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want line 2 and the caller's error", err)
	}
	for failAt := range 8 {
		f := &failing{Reader: strings.NewReader(text), left: failAt}
		_, err := ReadFile(f, int64(len(text)), Options{}, func(Entry) error { return nil }, func(RowError) {})
		if err != nil && !errors.Is(err, errDisk) {
			t.Errorf("read %d fails: got %v", failAt, err)
		}
		if failAt == 0 && err == nil {
			t.Error("nothing could be read, and there is no error")
		}
	}
}

var errDisk = errors.New("disk failed")

// failing fails every read after some.
type failing struct {
	*strings.Reader
	left int
}

func (f *failing) ReadAt(b []byte, off int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errDisk
	}
	return f.Reader.ReadAt(b, off)
}

func itoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
