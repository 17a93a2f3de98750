package deck

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/shared/table"
	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// marked returns a deck with its errors, as it goes back.
func marked(t *testing.T, deck string, o Options, more ...RowError) string {
	t.Helper()
	m, err := Mark(strings.NewReader(deck), int64(len(deck)), o, more, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := errors.Join(m.Write(&b), m.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// lines returns the rates of a deck and its errors.
func linesOf(t *testing.T, deck string, o Options) (rates, bad []string) {
	t.Helper()
	got, bad, _, err := read(deck, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		rates = append(rates, line(r))
	}
	return rates, bad
}

const wantNoNegative = "0 or more, or -1 to block the prefix; what a carrier pays for calls (origination) stands as a positive price in a card that it is charged by"

func TestADeckComesBackWithItsErrors(t *testing.T) {
	for _, tc := range []struct {
		name, deck, want string
		o                Options
		more             []RowError
	}{
		{name: "all of a row, and rows that are right", deck: "Carrier Ltd\n\nPrefix,Rate,Setup\n44,cheap,free\n45,0.1,\nthe end\n",
			want: "Carrier Ltd\n\nPrefix,Rate,Setup,Error Message\n" +
				`44,cheap,free,"column Rate: ""cheap"": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked; column Setup: ""free"": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked"` + "\n" +
				"45,0.1,,\nthe end,,,\n"},
		{name: "what others found, once", deck: "Prefix;Rate\n44;-2\n45;1\n", more: []RowError{
			{Line: 3, Column: "Prefix", Value: "45", Want: "a prefix without a rate"},
			{Line: 2, Column: "Rate", Value: "-2", Want: wantNoNegative},
		}, want: "Prefix;Rate;Error Message\n" + `44;-2;"column Rate: ""-2"": want ` + wantNoNegative + `"` + "\n" + `45;1;"column Prefix: ""45"": want a prefix without a rate"` + "\n"},
		{name: "what is wrong in another sheet stands by the first rate", deck: "Prefix,Rate\n\n44,1\n45,1\n", more: []RowError{{Sheet: "Codes", Line: 7, Value: "x", Want: "a code"}},
			want: "Prefix,Rate,Error Message\n\n44,1,\"sheet \"\"Codes\"\", line 7: \"\"x\"\": want a code\"\n45,1,\n"},
		{name: "rows that are torn", deck: "Prefix,Rate\n44\n45,0,01\n46,\"1\n47,1\n",
			want: "Prefix,Rate,Error Message\n" +
				`44,,"This row is not whole: put it right and empty this cell; ""44"": want 2 cells as in the header, this row has 1"` + "\n" +
				`45,0,01,"Error Message: This row is not whole: put it right and empty this cell; ""45,0,01"": want 2 cells as in the header, this row has 3; a cell with the delimiter in it needs quotes"` + "\n" +
				`"46,""1",,"This row is not whole: put it right and empty this cell; ""46,\""1"": want every quote closed"` + "\n" +
				"47,1,\n"},
		{name: "without a header", deck: "44,UK,0.01\n45,DK,cheap\n46,SE,0.02\n", o: Options{Template: &Template{Columns: map[string]string{"prefix": "#1", "destination": "#2", "price": "#3"}}},
			want: "44,UK,0.01,\n45,DK,cheap," + `"Error Message: column column 3: ""cheap"": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked"` + "\n46,SE,0.02,\n"},
		{name: "JSON", deck: `[{"prefix":"44","price":"x"},{"prefix":"45","price":1}]`,
			want: `[{"prefix":"44","price":"x", "Error Message": "column price: \"x\": want a price such as 0.0123, with a currency before or behind it or none, or the word blocked"},{"prefix":"45","price":1}]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, marked(t, tc.deck, tc.o, tc.more...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Sent again as it is, a deck is refused for the same rows; with the rows put
// right, it is taken, whatever its column says.
func TestADeckThatCameBackIsSentAgain(t *testing.T) {
	bare := &Template{Columns: map[string]string{"prefix": "#1", "destination": "#2", "price": "#3"}}
	for _, tc := range []struct {
		name, deck  string
		o           Options
		right       *strings.Replacer // of the file that came back
		rates       []string
		wrong, torn int // rows
	}{
		{name: "CSV", deck: "Prefix,Rate\n44,cheap\n45,0.1\n46,1.2.3\n", wrong: 2, right: strings.NewReplacer("44,cheap", "44,0.01", "1.2.3", "0.3"),
			rates: []string{"44 [] 0.01 0.01 60/60 0 assumed", "45 [] 0.1 0.1 60/60 0 assumed", "46 [] 0.3 0.3 60/60 0 assumed"}},
		{name: "torn", deck: "Prefix,Rate,Note\n44\n45,0,01,\n46,\"1,\n47,1,x\n", wrong: 3, torn: 3,
			right: strings.NewReplacer("44,,", "44,0.1,", "\n45,0,01,", "\n45,0.01,,", `"46,""1,",,`, "46,1,", tornMark, ""),
			rates: []string{"44 [] 0.1 0.1 60/60 0 assumed", "45 [] 0.01 0.01 60/60 0 assumed", "46 [] 1 1 60/60 0 assumed", "47 [] 1 1 60/60 0 assumed"}},
		{name: "the name comes first", deck: "Name,Prefix,Rate,Interval 1,Interval N\nUK,44,0.1,60\nDK,45,x,1,1\n", wrong: 2, torn: 1,
			right: strings.NewReplacer("0.1,60,,", "0.1,60,1,", "45,x", "45,1", tornMark, ""),
			rates: []string{"44 [UK] 0.1 0.1 60/1 0", "45 [DK] 1 1 1/1 0"}},
		{name: "a template that knows the header", deck: "Vorwahl;Neu\n44;x\n45;0,2\n", wrong: 1,
			o:     Options{Templates: []Template{{Columns: map[string]string{"prefix": "Vorwahl", "price": "Neu"}, Fingerprint: Fingerprint([]string{"Vorwahl", "Neu"})}}},
			right: strings.NewReplacer("44;x", "44;0,1"), rates: []string{"44 [] 0.1 0.1 60/60 0 assumed", "45 [] 0.2 0.2 60/60 0 assumed"}},
		{name: "without a header", deck: "44,UK,0.01\n45,DK,-2\n46,SE,0.02\n47\n", o: Options{Template: bare}, wrong: 2, torn: 1,
			right: strings.NewReplacer("-2,", "2,", "47,,,", "47,NO,1,", tornMark, ""),
			rates: []string{"44 [UK] 0.01 0.01 60/60 0 assumed", "45 [DK] 2 2 60/60 0 assumed", "46 [SE] 0.02 0.02 60/60 0 assumed", "47 [NO] 1 1 60/60 0 assumed"}},
		{name: "without a header, by places", deck: "44,UK,0.01\n45,DK,-2\n", o: Options{Template: bare}, wrong: 1, right: strings.NewReplacer("-2,", "2,"),
			rates: []string{"44 [UK] 0.01 0.01 60/60 0 assumed", "45 [DK] 2 2 60/60 0 assumed"}},
		{name: "without a header, found out", deck: "44,UK,0.01\n45,DK,0.02\n46,SE,1.2\n45,DK,0.03\n", wrong: 1, right: strings.NewReplacer("45,DK,0.03", "47,NO,0.03"),
			rates: []string{"44 [UK] 0.01 0.01 60/60 0 assumed", "45 [DK] 0.02 0.02 60/60 0 assumed", "46 [SE] 1.2 1.2 60/60 0 assumed", "47 [NO] 0.03 0.03 60/60 0 assumed"}},
		{name: "JSON objects", deck: `{"currency":"GBP","rates":[{"prefix":"44","price":"x"},{"prefix":"45","price":1}]}`, wrong: 1, right: strings.NewReplacer(`:"x"`, ":2"),
			rates: []string{"44 [] 2 2 60/60 0 assumed", "45 [] 1 1 60/60 0 assumed"}},
		{name: "JSON lists", deck: `{"fields":["prefix","price"],"rates":[["44","x"],["45",1],["46"]]}`, wrong: 2, torn: 1, right: strings.NewReplacer(`"x"`, "2", "null", "3", tornMark, ""),
			rates: []string{"44 [] 2 2 60/60 0 assumed", "45 [] 1 1 60/60 0 assumed", "46 [] 3 3 60/60 0 assumed"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, before := linesOf(t, tc.deck, tc.o)
			once := marked(t, tc.deck, tc.o)
			_, after := linesOf(t, once, tc.o)
			if len(before) != tc.wrong || len(after) != tc.wrong {
				t.Errorf("sent again, its errors are\n%s\nthey were\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
			}
			if torn := strings.Count(once, tornMark); torn != tc.torn {
				t.Errorf("%d rows are torn, want %d:\n%s", torn, tc.torn, once)
			}
			// It goes back again with the same columns.
			if tc.torn == 0 {
				if diff := cmp.Diff(once, marked(t, once, tc.o)); diff != "" {
					t.Errorf("again (-want +got)\n%s", diff)
				}
			}
			right := tc.right.Replace(once)
			if !strings.Contains(right, messageHeader) && !strings.Contains(right, messageMark) {
				t.Errorf("the column is gone:\n%s", right)
			}
			rates, bad := linesOf(t, right, tc.o)
			if diff := cmp.Diff(tc.rates, rates); diff != "" || len(bad) > 0 {
				t.Errorf("put right, it has errors %q, rates (-want +got)\n%s\n%s", bad, diff, right)
			}
		})
	}
}

// A row that somebody emptied, but for its message, is blank.
func TestARowOfNothingButItsMessageIsBlank(t *testing.T) {
	deck := "Prefix,Rate,Error Message\n44,1,old\n,,old\n,," + tornMark + "old\n"
	_, bad, rep, err := read(deck, Options{})
	if err != nil || len(bad) > 0 || rep.Used != 1 || rep.Blank != 2 || len(rep.Ignored) != 0 {
		t.Errorf("%v, %q, %+v", err, bad, rep)
	}
}

// Workbooks come back as .xlsx, with every cell as text.
func TestAWorkbookComesBackAsText(t *testing.T) {
	book := xlstest.Book{Sheets: []xlstest.Sheet{
		{Name: "About", Rows: [][]any{{"A carrier"}}},
		{Name: "Rates", Rows: [][]any{{"Code", "Name", "Rate", "Valid from"}, {44, "=UK", 0.0495, xlstest.Date{Serial: 46_288}}, {45, "Denmark", "cheap", ""}, {46, "Sweden", 0.1, xlstest.Date{Serial: 46_289}}}},
	}}
	file := book.Write()
	before, bad, _, err := read(string(file), Options{})
	if err != nil || len(bad) != 1 {
		t.Fatal(bad, err)
	}
	back := marked(t, string(file), Options{})
	m, err := Mark(strings.NewReader(back), int64(len(back)), Options{}, nil, 0)
	if err != nil || m.Format() != table.XLSX {
		t.Fatalf("%v, %v", m, err)
	}
	after, again, rep, err := read(back, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("rates (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(bad, again); diff != "" {
		t.Errorf("errors (-want +got)\n%s", diff)
	}
	if rep.Format != "xlsx" || rep.Sheet != "Rates" || len(rep.Warnings) != 1 || !strings.Contains(rep.Warnings[0], `"About"`) {
		t.Errorf("%+v", rep)
	}
}

// A file in an old charset comes back in it where that can say what is wrong, else
// in UTF-8 that says it is.
func TestADeckComesBackInItsCharset(t *testing.T) {
	deck := "Vorwahl,Preis,Ziel\n43,x,\xd6sterreich und F\xe4r\xf6er\n"
	if got := marked(t, deck, Options{}); !strings.HasPrefix(got, "Vorwahl,Preis,Ziel,Error Message\n43,x,\xd6sterreich und F\xe4r\xf6er,") {
		t.Errorf("%q", got)
	}
	unsayable := RowError{Line: 2, Value: "→", Want: "something"}
	if got := marked(t, deck, Options{}, unsayable); !strings.HasPrefix(got, "\ufeffVorwahl,Preis,Ziel,Error Message\n43,x,Österreich und Färöer,") || !strings.Contains(got, "→") {
		t.Errorf("%q", got)
	}
	if got := marked(t, deck, Options{Template: &Template{Charset: "windows-1252"}}, unsayable); !strings.HasPrefix(got, "Vorwahl,Preis,Ziel,Error Message\n43,x,\xd6ster") {
		t.Errorf("%q", got)
	}
}

// Errors without number are counted, and one cell holds no more than it can.
func TestErrorsWithoutNumber(t *testing.T) {
	var b strings.Builder
	b.WriteString("Prefix,Rate\n")
	for range maxMarked + 10 {
		b.WriteString("4,x\n")
	}
	got := marked(t, b.String(), Options{})
	if n := strings.Count(got, `want a price`); n != maxMarked {
		t.Errorf("%d errors are listed", n)
	}
	if n := strings.Count(got, "\n"); n != maxMarked+11 {
		t.Errorf("%d lines", n)
	}
	if first, _, _ := strings.Cut(got[len("Prefix,Rate,Error Message\n"):], "\n"); !strings.HasSuffix(first, `blocked; and 10 errors of the deck that this file does not list"`) {
		t.Errorf("the first message is %s", first)
	}
	var many []RowError
	for i := range 5000 {
		many = append(many, RowError{Line: 2, Value: fmt.Sprint(i), Want: "something else"})
	}
	if got := marked(t, "Prefix,Rate\n44,1\n", Options{}, many...); len(got) > 2*maxMessage || !strings.Contains(got, "more\"\n") {
		t.Errorf("%d bytes: …%s", len(got), got[len(got)-40:])
	}
}

func TestAFileThatIsNoDeckDoesNotComeBack(t *testing.T) {
	_, err := Mark(strings.NewReader("colour,size\nred,1\n"), 18, Options{}, nil, 0)
	var file *FileError
	if !errors.As(err, &file) {
		t.Errorf("%v", err)
	}
}

// Every real deck with errors noted at each row is read again as it was.
func TestRealDecksComeBackAsTheyWere(t *testing.T) {
	openReal(t, "tcxc_acme_expected.csv")
	files, err := os.ReadDir(realDecks)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			o := Options{}
			if f.Name() == "voip-accelerator_npa_nxx.csv" {
				o.Template = npanxx
			}
			file := openReal(t, f.Name())
			text := make([]byte, file.Size())
			if _, err := file.ReadAt(text, 0); err != nil {
				t.Fatal(err)
			}
			before, bad, was, err := read(string(text), o)
			var no *FileError
			if errors.As(err, &no) {
				t.Skip(no)
			}
			if err != nil || len(bad) > 0 {
				t.Fatal(bad, err)
			}
			var more []RowError
			for i := range was.Rows {
				if i%3 != 1 {
					more = append(more, RowError{Line: was.Header + i + 1, Column: "rate, new", Value: "x;y", Want: `something; "else", 0,5 or 1.5`})
				}
			}
			back := marked(t, string(text), o, more...)
			after, bad, is, err := read(back, o)
			if err != nil || len(bad) > 0 {
				t.Fatal(bad, err)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("rates (-want +got)\n%s", diff)
			}
			if was.Fingerprint != is.Fingerprint || was.Header != is.Header || was.Rows != is.Rows || was.Notes != is.Notes || was.Delimiter != is.Delimiter || was.Charset != is.Charset || was.Currency != is.Currency {
				t.Errorf("it was\n%+v\nand is\n%+v", was, is)
			}
			if n := strings.Count(back, "else"); n < len(more)-int(was.Notes)-1 {
				t.Errorf("%d of %d errors are in it", n, len(more))
			}
		})
	}
}
