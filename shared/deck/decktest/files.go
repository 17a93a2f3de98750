// Package decktest has bad decks for tests, and such as look bad and are not. Only
// tests import it.
package decktest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/tollbook/tollbook/shared/xls/xlstest"
)

// File is a deck, and what becomes of it.
type File struct {
	Name string
	io.ReaderAt
	Size int64

	Refused string   // part of why it is no deck at all
	Errors  []string // of its rows, if it is one
	Rates   []string // of one that is taken: prefix and price, or prefix blocked
	Says    string   // part of what its report says

	Large bool // it takes seconds to read
}

// Files returns them all.
func Files() []File {
	files := append(append(append(cut(), text()...), rows()...), books()...)
	return append(append(files, bombs()...), large()...)
}

func refused(name string, file []byte, why string) File {
	return File{Name: name, ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Refused: why}
}

func wrong(name string, file []byte, errors ...string) File {
	return File{Name: name, ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Errors: errors}
}

func taken(name string, file []byte, says string, rates ...string) File {
	return File{Name: name, ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Says: says, Rates: rates}
}

const (
	wantPrice = "want a price such as 0.0123, with a currency before or behind it or none, or the word blocked"
	wantCode  = "want codes of digits only, a list of them such as 4915, 4916, or a range such as 4915-4917"
)

// plainXLS is a sound workbook of Excel 97.
func plainXLS() xlstest.Book {
	return xlstest.Book{Sheets: []xlstest.Sheet{{Name: "Rates", Rows: [][]any{{"Prefix", "Rate"}, {44, 0.5}, {45, 0.25}}}}}
}

// cut are files that end in the middle.
func cut() []File {
	xlsx, xls := Workbook(plain, nil), plainXLS().Write()
	json := `[{"prefix":"44","price":0.5},{"prefix":"45","price":0.25}]`
	files := []File{
		wrong("CSV cut in a quote", []byte("prefix,price,name\n44,0.5,UK\n45,0.25,\"Den"), `line 3: "45,0.25,\"Den": want every quote closed`),
		wrong("CSV cut in a row", []byte("prefix,price,interval 1,interval n\n44,0.5,1,1\n45,0.2"), `line 3: "45,0.2": want 4 cells as in the header, this row has 2`),
		taken("CSV cut where nobody can tell", []byte("prefix,price\n44,0.5\n45,0.2"), "the text does not end in a line break: its last row may be cut", "44 0.5", "45 0.2"),
		refused(".xlsx cut in the middle", xlsx[:len(xlsx)/2], "cut or damaged"),
		refused(".xlsx without its end", xlsx[:len(xlsx)-1], "cut or damaged"),
		refused(".xls cut in the middle", xls[:len(xls)/2], "the file is damaged"),
		refused("JSON cut in the middle", []byte(json[:len(json)/2]), "the JSON ends in the middle: send the file again, whole"),
		refused("JSON without its end", []byte(json[:len(json)-1]), "the JSON ends in the middle: send the file again, whole"),
	}
	return files
}

// text are files in an encoding that is none, or another than they say.
func text() []File {
	return []File{
		refused("nothing", nil, "the file is empty"),
		refused("a picture", []byte("\x89PNG\r\n\x1a\n"+strings.Repeat("\x00\x01\x02\xff", 100)), "the file is a picture: ask the carrier"),
		refused("a program", []byte("\x7fELF"+strings.Repeat("\x00\x01\x02\xff", 100)), "control characters"),
		refused("UTF-32", []byte("\xff\xfe\x00\x00p\x00\x00\x00"), "the text is UTF-32: save it as UTF-8"),
		refused("a web page", []byte("<html><table><tr><td>prefix</td><td>price</td></tr></table>"), "web page"),
		wrong("UTF-8 with bytes that are none", []byte("prefix,price,name\n44,0.5,Österreich, äöü\n44,0.5,Österreich äöü\n45,0.25,D\xe4nemark\n"),
			`line 2: "44,0.5,Österreich, äöü": want 3 cells as in the header, this row has 4; a cell with the delimiter in it needs quotes`,
			"line 4: \"45,0.25,D\uFFFDnemark\": want UTF-8 text without NUL bytes"),
		wrong("NUL", []byte("prefix,price\n44,0.5\n4\x005,0.25\n"), "line 3: \"4\\x005,0.25\": want UTF-8 text without NUL bytes"),
		taken("UTF-16 without a mark", utf16("prefix,price\r\n44,0.5\r\n"), "UTF-16LE", "44 0.5"),
		taken("windows-1252", []byte("prefix,price,name\n45,0.25,D\xe4nemark und F\xe4r\xf6er\n"), "windows-1252", "45 0.25"),
	}
}

func utf16(s string) []byte {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return b
}

// rows are decks whose cells are wrong.
func rows() []File {
	wide := strings.Repeat("1,", 999_999) + "1"
	return []File{
		refused("2,000 columns in every row", []byte(strings.Repeat(wide[:3999]+"\n", 3)), `line 1: "2000 columns": want at most 1024 columns`),
		wrong("a million columns", []byte("prefix,price\n44,0.5\n"+wide+"\n"), fmt.Sprintf("line 3: %q: want a row of at most 1048576 bytes", wide[:80])),
		refused("a million columns in the header", []byte(wide+"\n"+wide+"\n"), fmt.Sprintf("line 1: %q: want a row of at most 1048576 bytes", wide[:80])),
		wrong("rows that say otherwise", []byte("prefix,price\n44,0.5\n44,0.5\n44,0.6\n"), `line 4, column prefix: "44": want one rate for a prefix: line 2 has another for 44`),
		wrong("rows that overlap", []byte("prefix,price\n4415-4417,0.5\n4416,0.6\n"), `line 3, column prefix: "4416": want one rate for a prefix: line 2 has another for 4416`),
		wrong("codes rounded by a spreadsheet", []byte("prefix,price\n1.4E+10,0.5\n"),
			`line 2, column prefix: "1.4E+10": want all digits of the prefix: a spreadsheet has rounded it, and digits are lost; format the column as text and export again`),
		wrong("NaN, Inf and less than nothing", []byte("prefix,price\n44,NaN\n45,Inf\n46,-Infinity\n47,-0.5\n48,1E400\n49,0x1p-2\n"),
			`line 2, column price: "NaN": `+wantPrice, `line 3, column price: "Inf": `+wantPrice, `line 4, column price: "-Infinity": `+wantPrice,
			`line 5, column price: "-0.5": want 0 or more, or -1 to block the prefix`, `line 6, column price: "1E400": want a power of ten from -20 to 20`,
			`line 7, column price: "0x1p-2": `+wantPrice),
		wrong("the year 20226", []byte("prefix,price,effective date\n44,0.5,20226-01-01\n45,0.5,01/13/20226\n46,0.5,2026-02-30\n"),
			`line 2, column effective date: "20226-01-01": want a year from 1970 to 2199`, `line 3, column effective date: "01/13/20226": want a year from 1970 to 2199`, `line 4, column effective date: "2026-02-30": want a day that February 2026 has: there is no 30`),
		taken("rows of nothing", []byte("prefix,price\n\n,\n44,0.5\n , \n"+strings.Repeat("\n", 1000)), "", "44 0.5"),
		taken("rows twice", []byte("prefix,price\n44,0.5\n44,0.50\n+44,0.5\n"), "An earlier row is repeated by 2 rows and was merged (first line 3, as line 2).", "44 0.5"),
		taken("a blocked prefix", []byte("prefix,price\n44,-1\n"), "", "44 blocked"),
	}
}

// books are workbooks with more than values.
func books() []File {
	encrypted := plainXLS()
	encrypted.Globals = []xlstest.Record{{ID: 0x2F, Data: make([]byte, 54)}}
	formulas := plainXLS()
	formulas.Sheets[0].Rows = append(formulas.Sheets[0].Rows, []any{46, xlstest.Formula{Value: 0.125}}, []any{47, xlstest.Formula{Value: xlstest.Error(0x07)}})
	return []File{
		refused("encrypted .xlsx", xlstest.Container(xlstest.Entry{Name: "EncryptionInfo", Data: []byte{4}}, xlstest.Entry{Name: "EncryptedPackage", Data: []byte{1}}),
			"the workbook is encrypted: remove the password and save it again"),
		refused("encrypted .xls", encrypted.Write(), "it is encrypted: remove its password"),
		taken("formulas", Workbook(sheet(`<row><c t="str"><v>Prefix</v></c><c t="str"><v>Rate</v></c></row>`, `<row><c><v>44</v></c><c><f>1/2</f><v>0.5</v></c></row>`), nil), "", "44 0.5"),
		wrong("formulas without values", Workbook(sheet(`<row><c t="str"><v>Prefix</v></c><c t="str"><v>Rate</v></c></row>`, `<row><c><v>44</v></c><c><v>0.5</v></c></row>`,
			`<row><c><v>45</v></c><c><f>1/2</f></c></row>`), nil),
			`line 3, column Rate: "": want the value of the formula: open the workbook in a spreadsheet program and save it`),
		wrong("formulas of .xls", formulas.Write(), `line 5, column Rate: "#DIV/0!": `+wantPrice),
		taken("macros", Workbook(plain, map[string]string{
			"xl/vbaProject.bin": "Sub Auto_Open()", "xl/_rels/workbook.xml.rels": relations(relation("rId9", "vbaProject", "vbaProject.bin")),
		}), "macros are passed over: the values are those of the last time the workbook was saved", "44 0.5", "45 0.25"),
		wrong("codes and prices that are no numbers", Workbook(sheet(`<row><c t="str"><v>Prefix</v></c><c t="str"><v>Rate</v></c></row>`,
			`<row><c t="str"><v>1.4E+10</v></c><c><v>0.5</v></c></row>`, `<row><c><v>45</v></c><c><v>NaN</v></c></row>`, `<row><c><v>46</v></c><c><v>1E400</v></c></row>`,
			`<row><c><v>47.5</v></c><c><v>0.5</v></c></row>`), nil),
			`line 2, column Prefix: "1.4E+10": want all digits of the prefix: a spreadsheet has rounded it, and digits are lost; format the column as text and export again`,
			`line 3, column Rate: "NaN": want a number`, `line 4, column Rate: "1E400": want a number`, `line 5, column Prefix: "47.5": `+wantCode),
		wrong("a million columns in .xlsx", Workbook(sheet(`<row><c t="str"><v>Prefix</v></c><c t="str"><v>Rate</v></c></row>`, `<row>`+strings.Repeat("<c><v>1</v></c>", 1_000_000)+`</row>`), nil),
			`line 2: "a value in column 1025": want at most 1024 columns`),
	}
}
