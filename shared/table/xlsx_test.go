package table

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// written returns what build writes as .xlsx, by a library that knows nothing
// of this reader.
func written(t failer, build func(x *excelize.File) error) []byte {
	t.Helper()
	x := excelize.NewFile()
	defer x.Close()
	if err := build(x); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func setAll(x *excelize.File, sheet string, cells map[string]any) error {
	for at, v := range cells {
		if err := x.SetCellValue(sheet, at, v); err != nil {
			return err
		}
	}
	return nil
}

func TestWorkbookGivesWhatIsStored(t *testing.T) {
	day := time.Date(2026, 9, 23, 0, 0, 0, 0, time.UTC)
	file := written(t, func(x *excelize.File) error {
		percent, err := x.NewStyle(&excelize.Style{NumFmt: 10})
		if err != nil {
			return err
		}
		if err := setAll(x, "Sheet1", map[string]any{
			"A1": "Prefix", "B1": "Rate", "C1": "From",
			"A3": 49152, "B3": 0.0495, "C3": day,
			"A4": "00447", "B4": 0.1 + 0.2, "C4": day.Add(12*time.Hour + 30*time.Minute),
			"A5": true, "B5": 1.4e10, "D5": " two\nlines & <more> ",
			"A6": -0.5, "B6": 0.25, "F6": "",
		}); err != nil {
			return err
		}
		if err := x.SetCellStyle("Sheet1", "B6", "B6", percent); err != nil {
			return err
		}
		return x.SetCellRichText("Sheet1", "A7", []excelize.RichTextRun{{Text: "Ger"}, {Text: "many", Font: &excelize.Font{Bold: true}}})
	})
	f := open(t, file, Options{})
	want := []got{
		row(1, "Prefix", "Rate", "From"),
		row(3, "49152", "0.0495", "2026-09-23"),
		row(4, "00447", "0.3", "2026-09-23 12:30:00"),
		row(5, "TRUE", "14000000000", "", " two\nlines & <more> "),
		row(6, "-0.5", "0.25"),
		row(7, "Germany"),
	}
	if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
		t.Errorf("read again: -want +got\n%s", diff)
	}
	if f.Format() != XLSX || f.Delimiter() != "" || f.Charset() != "" || f.Facts() != nil {
		t.Errorf("%s, %q, %q, %v", f.Format(), f.Delimiter(), f.Charset(), f.Facts())
	}
}

func TestCellsAsTheyAreStored(t *testing.T) {
	for _, tc := range []struct{ name, row, want string }{
		{"the nearest double", `<c><v>4.9500000000000002E-2</v></c>`, "0.0495"},
		{"a sum of doubles", `<c><v>0.30000000000000004</v></c>`, "0.3"},
		{"15 digits", `<c><v>123456789012345</v></c>`, "123456789012345"},
		{"digits that were lost", `<c><v>1.2345678901234568E+17</v></c>`, "123456789012346000"},
		{"exponent", `<c><v>1.4E+10</v></c>`, "14000000000"},
		{"beyond plain digits", `<c><v>1e300</v></c>`, "1e+300"},
		{"zeros", `<c><v>0012.5000</v></c>`, "12.5"},
		{"minus nothing", `<c><v>-0</v></c>`, "0"},
		{"day", `<c s="1"><v>46288</v></c>`, "2026-09-23"},
		{"instant", `<c s="1"><v>46288.520833333336</v></c>`, "2026-09-23 12:30:00"},
		{"time of day", `<c s="1"><v>0.5</v></c>`, "12:00:00"},
		{"date as text", `<c t="d"><v>2026-09-23T12:30:00</v></c>`, "2026-09-23 12:30:00"},
		{"day as text", `<c t="d"><v>2026-09-23T00:00:00Z</v></c>`, "2026-09-23"},
		{"shared", `<c t="s"><v>1</v></c>`, "two"},
		{"inline", `<c t="inlineStr"><is><t>a </t><rPh><t>no</t></rPh><r><t>b&#233;</t></r></is></c>`, "a bé"},
		{"escaped", `<c t="inlineStr"><is><t>a_x000A_b_x005F_x0041_</t></is></c>`, "a\nb_x0041_"},
		{"CDATA and comments", `<!-- c --><c t="str"><v>a<![CDATA[<b>]]]]><!-- no -->c</v></c>`, "a<b>]]c"},
		{"formula of a number", `<c><f>1+1</f><v>2</v></c>`, "2"},
		{"formula of a text", `<c t="str"><f>"a"&amp;"b"</f><v>ab</v></c>`, "ab"},
		{"formula of nothing", `<c t="str"><f>""</f><v></v></c>`, ""},
		{"true", `<c t="b"><v>1</v></c>`, "TRUE"},
		{"error", `<c t="e"><v>#N/A</v></c>`, "#N/A"},
		{"namespace", `<x:c t="str"><x:v>a</x:v></x:c>`, "a"},
		{"line break of Windows", "<c t=\"str\"><v>a\r\nb</v></c>", "a\nb"},
		{"formula without its value", `<c><f>1+1</f></c>`, `line 1, column 1: "": want the value of the formula: open the workbook in a spreadsheet program and save it`},
		{"no such text", `<c t="s"><v>2</v></c>`, `line 1, column 1: "2": want the number of one of the workbook's texts`},
		{"no number", `<c><v>NaN</v></c>`, `line 1, column 1: "NaN": want a number`},
		{"no date", `<c s="1"><v>-5</v></c>`, "-5"},
		{"a day that never was", `<c s="1"><v>60</v></c>`, "60"},
		{"unknown type", `<c t="x"><v>1</v></c>`, `line 1, column 1: "1": want a cell that is a number, a text, a date, true or false`},
		{"no UTF-8", "<c t=\"str\"><v>Per\xfa</v></c>", `line 1, column 1: "Per�": want UTF-8 text without NUL`},
		{"NUL", `<c t="str"><v>a_x0000_</v></c>`, `line 1, column 1: "a\x00": want UTF-8 text without NUL`},
		{"twice", `<c r="B1"><v>1</v></c><c r="B1"><v>2</v></c>`, `line 1, column 2: "B1": want each cell once, from left to right`},
		{"of another row", `<c r="B2"><v>1</v></c>`, `line 1, column 2: "B2": want a cell of the row that it is in`},
		{"no address", `<c r="B"><v>1</v></c>`, `line 1: "B": want the address of a cell in one of the columns A to XFD`},
		{"long, but for escapes", `<c t="inlineStr"><is><t>` + strings.Repeat("_x000A_", 200) + `</t></is></c>`,
			`line 1, column 1: "` + strings.Repeat("_x000A_", 11) + `_x0…": want a cell of at most 1000 bytes`},
		{"beyond XFD", `<c r="XFE1"><v>1</v></c>`, `line 1: "XFE1": want the address of a cell in one of the columns A to XFD`},
		{"beyond the limit", `<c r="ALL1"><v>1</v></c>`, `line 1: "a value in column 1000": want at most 999 columns`},
		{"nothing beyond the limit", `<c r="A1"><v>1</v></c><c r="ALL1" s="1"/>`, "1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := open(t, handmade(t, cells(`<row r="1">`+tc.row+`</row>`, `<row><c r="A2"><v>7</v></c></row>`), nil), Options{Limits: Limits{Columns: 999, Cell: 1000}})
			want := []got{row(1, tc.want), row(2, "7")}
			switch {
			case strings.HasPrefix(tc.want, "line 1"):
				want[0] = got{Line: 1, Bad: tc.want}
			case tc.want == "":
				want = want[1:]
			}
			if diff := cmp.Diff(want, readRows(t, f, 0)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestDatesOf1904(t *testing.T) {
	f := open(t, handmade(t, cells(`<row r="1"><c s="1"><v>44826</v></c><c s="1"><v>1</v></c></row>`),
		map[string]string{"xl/workbook.xml": `<workbook><workbookPr date1904="1"/><sheets><sheet name="Rates" sheetId="1" r:id="rId1"/></sheets></workbook>`}), Options{})
	if diff := cmp.Diff([]got{row(1, "2026-09-23", "1904-01-02")}, readRows(t, f, 0)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A number of at most 15 digits is the same text in any way that it is stored.
func TestNumbersKeep15Digits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.Int64Range(1, 999_999_999_999_999).Draw(t, "digits")
		scale := rapid.IntRange(0, 18).Draw(t, "decimals")
		want := decimal.New(digits, int32(-scale)).String()
		if rapid.Bool().Draw(t, "negative") {
			want = "-" + want
		}
		v, err := strconv.ParseFloat(want, 64)
		if err != nil {
			t.Fatal(err)
		}
		stored := []string{want, strconv.FormatFloat(v, 'E', 16, 64), strconv.FormatFloat(v, 'g', 17, 64)}
		if strings.Contains(want, ".") {
			stored = append(stored, want+"000")
		}
		for _, stored := range stored {
			text, ok := appendStored(nil, []byte(stored))
			if string(text) != want || !ok {
				t.Fatalf("%s is %s, want %s", stored, text, want)
			}
		}
	})
}

func TestSheetsAreThoseThatCanBeSeen(t *testing.T) {
	file := written(t, func(x *excelize.File) error {
		for _, name := range []string{"Codes", "Old", "Rates"} {
			if _, err := x.NewSheet(name); err != nil {
				return err
			}
			if err := x.SetCellValue(name, "A1", name); err != nil {
				return err
			}
		}
		if err := x.SetSheetVisible("Old", false); err != nil {
			return err
		}
		if err := x.DeleteSheet("Sheet1"); err != nil {
			return err
		}
		if err := x.MergeCell("Rates", "A1", "B2"); err != nil {
			return err
		}
		if err := x.SetRowVisible("Rates", 1, false); err != nil {
			return err
		}
		return x.MoveSheet("Rates", "Codes")
	})
	f := open(t, file, Options{})
	if diff := cmp.Diff([]string{"Rates", "Codes"}, f.Sheets()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for i, name := range f.Sheets() {
		if all := readRows(t, f, i); len(all) != 1 || all[0].Cells[0] != name {
			t.Errorf("sheet %d: %v, want %s", i, all, name)
		}
	}
	want := []string{`sheet "Old" is passed over: it is hidden`, `sheet "Rates" has 1 hidden rows: they are read like the others`,
		`sheet "Rates" has 1 merged areas: only the first cell of each has a value`}
	if diff := cmp.Diff(want, f.Warnings()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := f.Rows(2); err == nil {
		t.Error("there is no sheet 2")
	}
}

func TestMacrosAreSaid(t *testing.T) {
	parts := map[string]string{"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"/></Relationships>`}
	f := open(t, handmade(t, cells(`<row><c><v>1</v></c></row>`), parts), Options{})
	if len(f.Warnings()) != 1 || !strings.Contains(f.Warnings()[0], "macros are passed over") {
		t.Errorf("%q", f.Warnings())
	}
}

// A sheet that ends where old programs cut may have been cut.
func TestCutSheetsAreSaid(t *testing.T) {
	for last, want := range map[int]bool{65_535: false, 65_536: true, 65_537: false, 1_048_576: true} {
		f := open(t, handmade(t, cells(`<row r="1"><c><v>1</v></c></row>`, fmt.Sprintf(`<row r="%d"><c><v>1</v></c></row>`, last)), nil), Options{})
		readRows(t, f, 0)
		readRows(t, f, 0)
		if said := len(f.Warnings()) == 1 && strings.Contains(f.Warnings()[0], fmt.Sprintf(`sheet "Rates" ends at row %d`, last)); said != want {
			t.Errorf("%d rows: %q", last, f.Warnings())
		}
	}
	f := open(t, bytes.Repeat([]byte("44,1\n"), 65_536), Options{})
	if readRows(t, f, 0); len(f.Warnings()) != 1 || !strings.Contains(f.Warnings()[0], "the file ends at row 65536") {
		t.Errorf("%q", f.Warnings())
	}
	f = open(t, []byte("\"prefix\ncode\",1\n"+strings.Repeat("44,1\n", 65_535)), Options{})
	if readRows(t, f, 0); len(f.Warnings()) != 1 {
		t.Errorf("with a header of two lines: %q", f.Warnings())
	}
}

func TestSharedTextsAreBounded(t *testing.T) {
	s := &sharedStrings{shift: chunkBits}
	text := bytes.Repeat([]byte("x"), 1000)
	n := 0
	for s.add(text) {
		n++
	}
	if n != maxStrings/1004 {
		t.Errorf("%d texts of %d bytes", n, len(text))
	}
	for _, i := range []uint64{0, 1, 1047, 1048, uint64(n - 1)} {
		if got, ok := s.get(i); !ok || !bytes.Equal(got, text) {
			t.Errorf("text %d: %d bytes, %v", i, len(got), ok)
		}
	}
	if _, ok := s.get(uint64(n)); ok {
		t.Error("there is one more")
	}
}

func TestRowsOfManyBytes(t *testing.T) {
	cell := `<c t="str"><v>` + strings.Repeat("x", 100) + `</v></c>`
	f := open(t, handmade(t, cells(`<row>`+strings.Repeat(cell, 4)+`</row>`, `<row>`+strings.Repeat(cell, 9)+`</row>`, `<row>`+cell+`</row>`), nil), Options{Limits: Limits{Cell: 100}})
	all := readRows(t, f, 0)
	if len(all) != 3 || all[0].Bad != "" || all[1].Bad != `line 2: "": want a row of at most 400 bytes` || all[2].Bad != "" {
		t.Errorf("%+v", all)
	}
}

// What a library writes comes back: every kind of cell, shared texts and
// inline ones.
func TestWhatIsWrittenAsXLSXComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab01 \n<>&\"'é€日😀;,=")))
		cell := rapid.Custom(func(t *rapid.T) any {
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				return nil
			case 1:
				return rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(t, "number")
			case 2:
				return rapid.Bool().Draw(t, "bool")
			}
			return text.Draw(t, "text")
		})
		records := rapid.SliceOfN(rapid.SliceOfN(cell, 0, 5), 1, 20).Draw(t, "records")
		var want []got
		for i, r := range records {
			g := got{Line: int64(i + 1)}
			for _, v := range r {
				switch v := v.(type) {
				case nil:
					g.Cells = append(g.Cells, "")
				case bool:
					g.Cells = append(g.Cells, strings.ToUpper(strconv.FormatBool(v)))
				default:
					g.Cells = append(g.Cells, fmt.Sprint(v))
				}
			}
			for len(g.Cells) > 0 && g.Cells[len(g.Cells)-1] == "" {
				g.Cells = g.Cells[:len(g.Cells)-1]
			}
			if len(g.Cells) > 0 {
				want = append(want, g)
			}
		}
		stream := rapid.Bool().Draw(t, "inline")
		file := written(t, func(x *excelize.File) error {
			if !stream {
				for i, r := range records {
					if err := x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
						return err
					}
				}
				return nil
			}
			w, err := x.NewStreamWriter("Sheet1")
			if err != nil {
				return err
			}
			for i, r := range records {
				if err := w.SetRow(fmt.Sprintf("A%d", i+1), r); err != nil {
					return err
				}
			}
			return w.Flush()
		})
		if diff := cmp.Diff(want, readRows(t, open(t, file, Options{}), 0)); diff != "" {
			t.Fatalf("-written +read\n%s", diff)
		}
	})
}
