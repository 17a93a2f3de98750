package table

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// annotated writes a file again with the texts of lines.
func annotated(t failer, file []byte, c Column, texts map[int64]string) []byte {
	t.Helper()
	last := int64(0)
	c.Name = "Error Message"
	c.Text = func(line int64) string {
		if line <= last {
			t.Fatalf("line %d is asked for after line %d", line, last)
		}
		last = line
		return texts[line]
	}
	f := open(t, file, Options{})
	var b bytes.Buffer
	if err := f.Annotate(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTextIsAnnotatedAsItIsWritten(t *testing.T) {
	head := Column{Begin: 1, Width: 2, Place: 2}
	for _, tc := range []struct {
		name, file string
		c          Column
		texts      map[int64]string
		want       string
	}{
		{"CSV", "code,rate\n44,x\n45,1\n", head, map[int64]string{2: "want a price; soon"}, "code,rate,Error Message\n44,x,want a price; soon\n45,1,\n"},
		{"semicolons, a mark, CRLF and quotes", "\ufeffcode;rate\r\n44;\"0;1\"\r\n45;a\"b\r\n", head, map[int64]string{2: `"0;1": no`},
			"\ufeffcode;rate;Error Message\r\n44;\"0;1\";\"\"\"0;1\"\": no\"\r\n45;\"a\"\"b\";\r\n"},
		{"above the header nothing is changed", "sep=;\n\nCarrier;;;\ncode;rate\n44;1\n", Column{Begin: 4, Width: 2, Place: 2}, map[int64]string{5: "no"},
			"sep=;\n\nCarrier;;;\ncode;rate;Error Message\n44;1;no\n"},
		{"blank lines and lines in cells", "code,rate\n\n\"4\n4\",1\n  \n45,1\n", head, map[int64]string{3: "a", 6: "b"}, "code,rate,Error Message\n\n\"4\n4\",1,a\n\n45,1,b\n"},
		{"short rows, and long ones", "code,rate,x\n44\n45,1,2,3\n", Column{Begin: 1, Width: 3, Place: 3}, map[int64]string{2: "short", 3: "long"},
			"code,rate,x,Error Message\n44,,,short\n45,1,2,3,Error Message: long\n"},
		{"long rows, again", "code,rate,x,Error Message\n45,1,2,3,Error Message: long\n46,1,2,3,4,Error Message: long\n", Column{Begin: 1, Width: 4, Place: 3}, map[int64]string{3: "still"},
			"code,rate,x,Error Message\n45,1,2,\n46,1,2,3,4,Error Message: still\n"},
		{"rows that cannot be parted", "code,rate\n44,\"1\n\"45\"x,2\n46,1\n", head, map[int64]string{2: "a", 3: "b"},
			"code,rate,Error Message\n\"44,\"\"1\",,a\n\"\"\"45\"\"x,2\",,b\n46,1,\n"},
		{"anew", "code,Error Message,rate\n44,old,x\n45,old,1\n", Column{Begin: 1, Width: 3, Place: 1}, map[int64]string{2: "new"}, "code,Error Message,rate\n44,new,x\n45,,1\n"},
		{"without a header", "44,1\n45,x\n", Column{Bare: true, Width: 2, Place: 2}, map[int64]string{2: "no"}, "44,1,\n45,x,Error Message: no\n"},
		{"without a header, anew", "44,1,\n45,x,Error Message: no\n46,1,Error Message: no\n", Column{Bare: true, Width: 3, Place: 2}, map[int64]string{2: "again"},
			"44,1,\n45,x,Error Message: again\n46,1,\n"},
		{"a line of nothing but a cell", "\"\"\ncode,rate\n44,1\n", Column{Begin: 2, Width: 2, Place: 2}, nil, "\"\"\ncode,rate,Error Message\n44,1,\n"},
		{"as UTF-8", "code,rate\n44,x\n", Column{Begin: 1, Width: 2, Place: 2, UTF8: true}, map[int64]string{2: "→"}, "\ufeffcode,rate,Error Message\n44,x,→\n"},

		{"objects", "[{\"prefix\":\"44\", \"rate\":1.50},\n {\"prefix\":\"45\",\"rate\":\"x\"}, {}]\n", head, map[int64]string{3: `want "é"`, 4: "empty"},
			"[{\"prefix\":\"44\", \"rate\":1.50},\n {\"prefix\":\"45\",\"rate\":\"x\", \"Error Message\": \"want \\\"\\u00e9\\\"\"}, {\"Error Message\": \"empty\"}]\n"},
		{"objects, anew", `{"currency":"EUR","rates":[{"Error Message":"old","prefix":"44"},{"prefix":"45","Error Message":"old"}],"end":[1]}`, Column{Begin: 1, Width: 2, Place: 0}, map[int64]string{3: "new"},
			`{"currency":"EUR","rates":[{"Error Message": "","prefix":"44"},{"prefix":"45", "Error Message": "new"}],"end":[1]}`},
		{"lists and their fields", `{"rates":[["44",1],["45"],["46",1,2]],"fields":["prefix","rate"]}`, head, map[int64]string{3: "short", 4: "long"},
			`{"rates":[["44",1, ""],["45", null, "short"],["46",1,2, "Error Message: long"]],"fields":["prefix","rate", "Error Message"]}`},
		{"lists, anew", `{"fields":["prefix","Error Message","rate"],"rates":[["44","old",1],["45",null,2],["46","",1,2,"Error Message: long"],["47","",1,2,"Error Message: x"]]}`, Column{Begin: 1, Width: 3, Place: 1}, map[int64]string{3: "new", 4: "still"},
			`{"fields":["prefix","Error Message","rate"],"rates":[["44", "",1],["45", "new",2],["46","",1,2, "Error Message: still"],["47","",1,2]]}`},
		{"lists, anew at their end", `{"fields":["prefix","Error Message"],"rates":[["44","old"],["45","old"]]}`, Column{Begin: 1, Width: 2, Place: 1}, map[int64]string{3: "new"},
			`{"fields":["prefix","Error Message"],"rates":[["44", ""],["45", "new"]]}`},
		{"fields that are objects", `{"fields":[{"name":"prefix"},{"name":"rate"}],"rates":[["44","x"]]}`, head, map[int64]string{2: "no"},
			`{"fields":[{"name":"prefix"},{"name":"rate"}, {"name": "Error Message"}],"rates":[["44","x", "no"]]}`},
		{"lists whose first is the header", `[["prefix","rate"],["44","x"]]`, head, map[int64]string{2: "no"}, `[["prefix","rate", "Error Message"],["44","x", "no"]]`},
		{"lists without a header", `[["44",1],["45","x"]]`, Column{Bare: true, Width: 2, Place: 2}, map[int64]string{2: "no"}, `[["44",1, ""],["45","x", "Error Message: no"]]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, string(annotated(t, []byte(tc.file), tc.c, tc.texts))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAnnotatedTextKeepsItsCharset(t *testing.T) {
	text := "Land,Vorwahl\r\nÖsterreich,43\r\nGrönland und Färöer,299\r\n"
	want := "Land,Vorwahl,Error Message\r\nÖsterreich,43,schön\r\nGrönland und Färöer,299,\r\n"
	for name, code := range map[string]interface{ String(string) (string, error) }{
		"windows-1252": charmap.Windows1252.NewEncoder(),
		"UTF-16LE":     unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(),
		"UTF-16BE":     unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder(),
	} {
		file, err := code.String(text)
		if err != nil {
			t.Fatal(err)
		}
		out, err := code.String(want)
		if err != nil {
			t.Fatal(err)
		}
		got := annotated(t, []byte(file), Column{Begin: 1, Width: 2, Place: 2}, map[int64]string{2: "schön"})
		if diff := cmp.Diff([]byte(out), got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	file, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, []byte(file), Options{})
	if !f.CanSay("schön …") || f.CanSay("→") {
		t.Error("windows-1252 can say schön … and no arrow")
	}
}

// Workbooks have every cell of every visible sheet as text, where it was.
func TestWorkbooksAreAnnotated(t *testing.T) {
	old := xlstest.Book{Sheets: []xlstest.Sheet{
		{Name: "Notes & <more>", Rows: [][]any{{"=1+1", "_x0041_ _X", "\uffff", "a\rb\nc\x01"}}},
		{Name: "Hidden", State: 1, Rows: [][]any{{"x"}}},
		{Name: "Rates", Rows: [][]any{{"A title"}, nil, {"code", "rate", "from"}, {441, 0.0495, xlstest.Date{Serial: 46_288}}, nil, {true, xlstest.Error(0x07)}, {1, 2, 3, 4}}},
	}}.Write()
	formula := cells(`<row r="3"><c t="str"><v>code</v></c></row>`, `<row r="4"><c><v>44</v></c><c><f>A1*2</f></c><c><v>1E400</v></c></row>`)
	for _, tc := range []struct {
		name string
		file []byte
		c    Column
		want [][]got
	}{
		{"xls", old, Column{Sheet: 1, Begin: 3, Width: 3, Place: 3}, [][]got{{row(1, "=1+1", "_x0041_ _X", "\uffff", "a\rb\nc\x01")}, {
			row(1, "A title"), row(3, "code", "rate", "from", "Error Message"), row(4, "441", "0.0495", "2026-09-23", "first & <second>"),
			row(6, "TRUE", "#DIV/0!"), row(7, "1", "2", "3", "4", "Error Message: long"),
		}}},
		{"xlsx", handmade(t, formula, nil), Column{Begin: 3, Width: 1, Place: 1}, [][]got{{row(3, "code", "Error Message"), row(4, "44", "", "1E400", "Error Message: first & <second>")}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := open(t, annotated(t, tc.file, tc.c, map[int64]string{4: "first & <second>", 7: "long"}), Options{})
			if f.Format() != XLSX {
				t.Errorf("it is %s", f.Format())
			}
			var all [][]got
			for i := range f.Sheets() {
				all = append(all, readRows(t, f, i))
			}
			if diff := cmp.Diff(tc.want, all); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	f := open(t, annotated(t, old, Column{Sheet: 1, Begin: 3, Width: 3, Place: 3}, nil), Options{})
	if diff := cmp.Diff([]string{"Notes & <more>", "Rates"}, f.Sheets()); diff != "" {
		t.Errorf("sheets (-want +got)\n%s", diff)
	}
}

// Others read it, too, and none of its cells is a formula or a number.
func TestAnnotatedWorkbooksAreWorkbooks(t *testing.T) {
	old := xlstest.Book{Sheets: []xlstest.Sheet{{Name: "Rates & more", Rows: [][]any{{"code", "rate"}, {441, "=1+1"}, nil, {442, " <&> \n_x0041_"}}}}}.Write()
	file := annotated(t, old, Column{Begin: 1, Width: 2, Place: 2}, map[int64]string{2: "=HYPERLINK(1)"})
	x, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	got, err := x.GetRows("Rates & more")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"code", "rate", "Error Message"}, {"441", "=1+1", "=HYPERLINK(1)"}, nil, {"442", " <&> \n_x0041_"}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, cell := range []string{"A2", "B2", "C2"} {
		kind, err := x.GetCellType("Rates & more", cell)
		formula, err2 := x.GetCellFormula("Rates & more", cell)
		if err != nil || err2 != nil || kind != excelize.CellTypeInlineString || formula != "" {
			t.Errorf("%s: type %v, formula %q, %v, %v", cell, kind, formula, err, err2)
		}
	}
}

// Whatever is in the cells, it is read again as it was, with its line.
func TestAnnotatedCellsAreReadAgainAsTheyWere(t *testing.T) {
	cell := rapid.StringOfN(rapid.OneOf(rapid.RuneFrom([]rune("01.+=-@'_xA0d;,\t\n\r\" <&é世\ufeff\uffff\x01")), rapid.Rune().Filter(func(r rune) bool { return r != 0 })), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		var book xlstest.Book
		sheet := xlstest.Sheet{Name: "Rates", Rows: [][]any{{"code", "rate"}}}
		b.WriteString("code,rate\n")
		texts := map[int64]string{}
		for n := range rapid.IntRange(1, 5).Draw(t, "rows") {
			one, two := "4"+cell.Draw(t, "one"), cell.Draw(t, "two")
			fmt.Fprintf(&b, "\"%s\",\"%s\"\n", strings.ReplaceAll(one, `"`, `""`), strings.ReplaceAll(two, `"`, `""`))
			sheet.Rows = append(sheet.Rows, []any{one, two})
			if rapid.Bool().Draw(t, "wrong") {
				texts[int64(n)+2] = "want " + strings.Map(func(r rune) rune {
					if r == '\r' || r == '\n' {
						return ' '
					}
					return r
				}, cell.Draw(t, "text"))
			}
		}
		book.Sheets = []xlstest.Sheet{sheet}
		for _, file := range [][]byte{b.Bytes(), book.Write()} {
			before := open(t, file, Options{Delimiter: ',', Charset: charsetOf(file)})
			was := readRows(t, before, 0)
			byLine := map[int64]string{}
			for i, r := range was[1:] {
				byLine[r.Line] = texts[int64(i)+2]
			}
			c := Column{Begin: 1, Width: 2, Place: 2, Name: "Error Message", Text: func(line int64) string { return byLine[line] }}
			for range 2 { // the second time it is written anew
				var out bytes.Buffer
				if err := before.Annotate(&out, c); err != nil {
					t.Fatal(err)
				}
				before = open(t, out.Bytes(), Options{Delimiter: ',', Charset: charsetOf(out.Bytes())})
				want := []got{row(1, "code", "rate", "Error Message")}
				for _, r := range was[1:] {
					text := byLine[r.Line]
					for len(r.Cells) < 2 {
						r.Cells = append(r.Cells, "")
					}
					if text != "" || before.Format() == CSV {
						r.Cells = append(r.Cells[:2:2], text)
					} else if r.Cells[1] == "" {
						r.Cells = r.Cells[:1]
					}
					want = append(want, row(r.Line, r.Cells...))
				}
				again := readRows(t, before, 0)
				if diff := cmp.Diff(want, again); diff != "" {
					t.Fatalf("(-want +got)\n%s", diff)
				}
				c.Width = 3
			}
		}
	})
}

// charsetOf has text taken for UTF-8: a few letters by chance look like others.
func charsetOf(file []byte) string {
	if bytes.HasPrefix(file, []byte("code")) {
		return "utf-8"
	}
	return ""
}

// What is written is not held.
func TestAnnotatingTakesNoMemoryForRows(t *testing.T) {
	const head, body = `[{"prefix":"44"}`, `,{"prefix":"4412345"}`
	rows := int64(4<<20) / int64(len(body))
	for name, file := range map[string]struct {
		io.ReaderAt
		size int64
	}{
		"CSV":  {newPattern("code,rate\n", "4412345,0.0123\n"), 4 << 20},
		"JSON": {closing{newPattern(head, body), int64(len(head)) + rows*int64(len(body))}, int64(len(head)) + rows*int64(len(body)) + 1},
	} {
		most := memory(func(check func()) {
			f, err := Open(counting{file, 1 << 20, func() { runtime.GC(); check() }}, file.size, Options{})
			if err != nil {
				t.Fatal(err)
			}
			c := Column{Begin: 1, Width: 2, Place: 2, Name: "Error Message", Text: func(int64) string { return "no" }}
			if err := f.Annotate(io.Discard, c); err != nil {
				t.Fatal(err)
			}
		})
		if most > 3<<20 {
			t.Errorf("%s: %d KiB were held", name, most>>10)
		}
	}
}

// closing ends a list in JSON at an offset.
type closing struct {
	io.ReaderAt
	at int64
}

func (c closing) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, off)
	if i := c.at - off; i >= 0 && i < int64(n) {
		b[i] = ']'
	}
	return n, err
}
