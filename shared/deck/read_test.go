package deck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/rating"
)

// read returns the rates of a deck, its errors in words, and its report.
func read(text string, o Options) (rates []rating.Rate, bad []string, rep Report, err error) {
	rep, err = Read(strings.NewReader(text), o,
		func(_ int64, r rating.Rate) error { rates = append(rates, r); return nil },
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
			rates: []string{"44 [] 1 1 60/1 0", "45 [] 1 1 30/6 0"},
			bad: []string{
				`line 4, column Billing: "per second": want first interval and pulse in seconds, such as 60/1 or 60+1`,
				`line 5, column Billing: "60": want first interval and pulse in seconds, such as 60/1 or 60+1`,
				`line 6, column Billing: "30/6/6": want first interval and pulse in seconds, such as 60/1 or 60+1`,
				`line 7, column Billing: "60-1": want first interval and pulse in seconds, such as 60/1 or 60+1`,
			}},
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
			bad:   []string{`line 4, column price: "1,234": want a decimal point as in line 2: one decimal sign in the whole file`}},
		{name: "the odd decimal point is an error", deck: "prefix;price\n44;0,01\n45;0.02\n46;0,03\n",
			rates: []string{"44 [] 0.01 0.01 60/60 0 assumed", "46 [] 0.03 0.03 60/60 0 assumed"},
			bad:   []string{`line 3, column price: "0.02": want a decimal comma as in line 2: one decimal sign in the whole file`}},
		{name: "thousands separators", deck: "prefix;price\n44;1,234.5\n45;1,234\n46;1,2,3\n",
			bad: []string{
				`line 2, column price: "1,234.5": want one decimal sign and no thousands separators`,
				`line 3, column price: "1,234": want a decimal point as in line 2: one decimal sign in the whole file`,
				`line 4, column price: "1,2,3": want one decimal sign and no thousands separators`,
			}},
		{name: "prices that are none", deck: "prefix,price\n1,$0.01\n2,0.01 USD\n3,\n4,1E-05\n5,-0.01\n6,0.1234567890123\n7,9223373\n8,1.\n9,+0.010000000000000\n",
			rates: []string{"9 [] 0.01 0.01 60/60 0 assumed"},
			bad: []string{
				`line 2, column price: "$0.01": want a plain number such as 0.0123, without currency sign, unit or spaces`,
				`line 3, column price: "0.01 USD": want a plain number such as 0.0123, without currency sign, unit or spaces`,
				`line 4, column price: "": want a price, or the word blocked`,
				`line 5, column price: "1E-05": want all digits of the price, not powers of ten; format the column as a number and export again`,
				`line 6, column price: "-0.01": want 0 or more, or -1 to block the prefix`,
				`line 7, column price: "0.1234567890123": want at most 12 decimals`,
				`line 8, column price: "9223373": want at most 9223372.036854775807`,
				`line 9, column price: "1.": want a number such as 0.0123 of at most 12 decimals`,
			}},
		{name: "prefixes as spreadsheets write them", deck: "prefix,price\n+44,1\n0045,1\n'46,1\n\"=\"\"47\"\"\",1\n=\"48\",1\n\u00a04 9\u00a0,1\n+0050,1\n0800,1\n",
			rates: []string{"44 [] 1 1 60/60 0 assumed", "45 [] 1 1 60/60 0 assumed", "46 [] 1 1 60/60 0 assumed", "47 [] 1 1 60/60 0 assumed",
				"48 [] 1 1 60/60 0 assumed", "49 [] 1 1 60/60 0 assumed", "50 [] 1 1 60/60 0 assumed", "0800 [] 1 1 60/60 0 assumed"}},
		{name: "prefixes that are none", deck: "prefix;price\n1.4E+10;1\n1,4E+10;1\n;1\n+;1\n44-45;1\n43, 431;1\n12345678901234567;1\n44.0;1\n",
			bad: []string{
				`line 2, column prefix: "1.4E+10": want all digits of the prefix: a spreadsheet has rounded it, and digits are lost; format the column as text and export again`,
				`line 3, column prefix: "1,4E+10": want all digits of the prefix: a spreadsheet has rounded it, and digits are lost; format the column as text and export again`,
				`line 4, column prefix: "": want digits: a row without a prefix would price every number`,
				`line 5, column prefix: "+": want digits: a row without a prefix would price every number`,
				`line 6, column prefix: "44-45": want one prefix of digits only`,
				`line 7, column prefix: "43, 431": want one prefix of digits only`,
				`line 8, column prefix: "12345678901234567": want at most 15 digits`,
				`line 9, column prefix: "44.0": want one prefix of digits only`,
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
				`line 7, column price: "x": want a plain number such as 0.0123, without currency sign, unit or spaces`,
			}},
		{name: "a blocked row needs no increments", deck: "prefix,price,billing\n1,-1,\n2,1,\n",
			rates: []string{"1 [] 0 0 0/0 0 blocked"},
			bad:   []string{`line 3, column billing: "": want first interval and pulse in seconds, such as 60/1 or 60+1`}},
		{name: "a status of 1 is not blocked", deck: "prefix,price,status\n1,0.5,1\n2,0.5,BLOCKED\n3,0.5,Increase\n",
			rates: []string{"1 [] 0.5 0.5 60/60 0 assumed", "2 [] 0 0 60/60 0 blocked assumed", "3 [] 0.5 0.5 60/60 0 assumed"}},
		{name: "fees", deck: "prefix,price,setup\n1,1,\n2,1,-1\n3,1,blocked\n4,1,0.2\n",
			rates: []string{"1 [] 1 1 60/60 0 assumed", "4 [] 1 1 60/60 0.2 assumed"},
			bad: []string{
				`line 3, column setup: "-1": want 0 or more`,
				`line 4, column setup: "blocked": want a plain number such as 0.0123, without currency sign, unit or spaces`,
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
				`line 6: "�8,1": want UTF-8 text (save a workbook or a UTF-16 file as CSV UTF-8)`,
			}},
		{name: "rows and cells without end", deck: "prefix,price,note\n44,1," + strings.Repeat("x", maxRow) + "\n45," + strings.Repeat("1", 99) + ",\n46," + strings.Repeat("x", 99) + "\n",
			bad: []string{
				`line 2: "44,1,` + strings.Repeat("x", 75) + `": want a row of at most 65536 bytes`,
				`line 3, column price: "` + strings.Repeat("1", 80) + `…": want a plain number such as 0.0123, without currency sign, unit or spaces`,
				`line 4, column price: "` + strings.Repeat("x", 80) + `…": want a plain number such as 0.0123, without currency sign, unit or spaces`,
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
			if rep.Rates != int64(len(rates)) || rep.Rows != rep.Used+rep.Merged+rep.Bad {
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
	want := `{"rows":4,"used":2,"rates":2,"merged":1,"bad":1,"blank":1,` +
		`"columns":{"destination":"Country","grace_period":"Grace","interval_1":"Mcd","interval_n":"Pulse","prefix":"Dial_Code","price":"Rate (EUR/min)","status":"Status"},` +
		`"ignored_columns":["Notice"],"delimiter":";","decimal_comma":true,"assumed_intervals":false,` +
		`"notices":["Interval 1 is no multiple of interval N in 1 row (first line 2): the card's increment model decides what they bill.",` +
		`"An earlier row is repeated by 1 row and was merged (first line 3, as line 2).",` +
		`"Column \"Grace\" is a switch, as it has 0 and 1 only: 1 is the card's grace period, 0 is none.",` +
		`"Column \"Status\" blocks no prefix where it says \"1\", \"closed\": only the words blocked and forbidden do.",` +
		`"Columns that were not read: \"Notice\"."]}`
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
		{"no rows", "prefix,rate\n\n,\n", "no row below the header"},
		{"UTF-16", "\xff\xfep\x00", "UTF-16"},
		{"a workbook", "PK\x03\x04\x00\x00\n", "CSV UTF-8"},
		{"no price", "Prefix,Destination\n44,UK\n", `no price column (price, price min,`},
		{"no price N", "Prefix,Price 1\n44,1\n", `no price_n column (price n)`},
		{"no price 1", "Prefix,Price N\n44,1\n", `no price_1 column (price 1)`},
		{"no prefix", "Country,Rate\nUK,1\n", `no prefix column (prefix, prefixes, code`},
		{"headers are named", "Foo,Bar (x)\n1,2\n", `headers found: "Foo", "Bar (x)"`},
		{"two prices", "Prefix,Rate,Cost\n44,1,2\n", `columns "Rate" and "Cost" are both the price`},
		{"price and price 1", "Prefix,Rate,Price1,PriceN\n44,1,2,3\n", `columns "Rate" and "Price1" both give the price_1`},
		{"two intervals", "Prefix,Rate,Charge period,Pulse\n44,1,2,3\n", `columns "Charge period" and "Pulse" both give the interval_n`},
		{"only one class of a price", "prefix,rate (inter),intrastate\n1,1,1\n", "no inter column"},
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
		"Rate (per minute)": price, "Price\u00a0(€)": price, "rate (inter)": -1, "rate initial": -1, "Minimum Time (sec)": interval1,
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
	_, err := Read(strings.NewReader("prefix,rate\n1,1\n2,1\n"), Options{},
		func(int64, rating.Rate) error { return full }, func(RowError) {})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want line 2 and the caller's error", err)
	}
	for failAt := range 3 {
		f := &failing{Reader: strings.NewReader("prefix,rate\n1,1\n"), seeks: failAt}
		if _, err := Read(f, Options{}, func(int64, rating.Rate) error { return nil }, func(RowError) {}); !errors.Is(err, errDisk) {
			t.Errorf("seek %d fails: got %v", failAt, err)
		}
		f = &failing{Reader: strings.NewReader("prefix,rate\n1,1\n"), seeks: 9, reads: failAt}
		if _, err := Read(f, Options{}, func(int64, rating.Rate) error { return nil }, func(RowError) {}); !errors.Is(err, errDisk) {
			t.Errorf("read after pass %d fails: got %v", failAt, err)
		}
	}
}

var errDisk = errors.New("disk failed")

// failing fails a seek, or every read after some seeks more than the first.
type failing struct {
	*strings.Reader
	seeks, reads, done int
}

func (f *failing) Seek(o int64, w int) (int64, error) {
	if f.done++; f.done > f.seeks {
		return 0, errDisk
	}
	return f.Reader.Seek(o, w)
}

func (f *failing) Read(b []byte) (int, error) {
	if f.seeks == 9 && f.done > f.reads {
		return 0, errDisk
	}
	return f.Reader.Read(b)
}

// realDecks is where the decks are that other systems ship as samples.
const realDecks = "../../../shared/data/decks"

func openReal(t *testing.T, name string) io.ReadSeeker {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(realDecks, name))
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("the real decks are not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}

func TestRealDecks(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rates int64
		comma bool
		spots map[int64]string // line → rate
	}{
		{"asterisell_international_call_rates.csv", 11894, true, map[int64]string{
			2:     "88299 [AeroMobile - GSM aircraft] 1.9989 1.9989 60/60 0 assumed",
			8:     "355 [Albania] 0.097 0.097 60/60 0 assumed",
			11895: "26373 [Zimbabwe Mobile - Telecel] 0.2236 0.2236 60/60 0 assumed"}},
		{"ivozprovider_pricesSample.csv", 4743, false, map[int64]string{
			2:    "9377 [Afghanistan] 0.273 0.273 1/1 0.273",
			11:   "35589 [Albania] 0.204 0.204 1/1 0.204",
			4744: "263 [Zimbabwe] 0.136 0.136 1/1 0.136"}},
		{"astpp_originationrates_sample.csv", 2, false, map[int64]string{2: "1 [USA] 0.01 0.01 30/60 0", 3: "44 [UK] 0.05 0.05 30/30 0"}},
		{"astpp_terminationrates_sample.csv", 2, false, map[int64]string{2: "1 [USA] 0.05 0.05 30/60 0"}},
		{"ov500_rates_outgoing.csv", 2, false, map[int64]string{2: "93 [Afghanistan] 0.1232 0.1232 1/1 0"}},
		{"ov500_rates_incoming.csv", 3, false, map[int64]string{4: "21 [21 dest] 0.01 0.01 2/3 1"}},
		{"tcxc_acme_expected.csv", 25, false, map[int64]string{2: "49152 [] 0.0495 0.0495 60/1 0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rep, err := Read(openReal(t, tc.name), Options{}, func(n int64, r rating.Rate) error {
				if want, ok := tc.spots[n]; ok && line(r) != want {
					t.Errorf("line %d is %s, want %s", n, line(r), want)
				}
				delete(tc.spots, n)
				return r.Validate()
			}, func(e RowError) { t.Error(e) })
			if err != nil {
				t.Fatal(err)
			}
			if rep.Rates != tc.rates || rep.Rows != tc.rates || rep.DecimalComma != tc.comma || len(tc.spots) > 0 {
				t.Errorf("report %+v, lines never seen %v", rep, tc.spots)
			}
		})
	}
	for name, want := range map[string]string{
		"a2billing_import_example_semicolon.csv": `headers found: "dialprefix", "destination", "rate initial", "buyrate", "initblock"`,
		"ov500_did.csv":                          "no prefix column",
		"tcxc_acme_rate_notice.csv":              "in the header, which is the first row",
	} {
		_, err := Read(openReal(t, name), Options{}, func(int64, rating.Rate) error { return nil }, func(RowError) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}
