package table

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func TestFilesThatAreRefused(t *testing.T) {
	zipOf := func(names ...string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range names {
			w, err := z.Create(n)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(n, "/") {
				continue
			}
			if _, err := io.WriteString(w, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	good := string(handmade(t, cells(`<row><c><v>1</v></c></row>`), nil))
	encrypted := func() string {
		x := excelize.NewFile()
		defer x.Close()
		var b bytes.Buffer
		if err := x.Write(&b, excelize.Options{Password: "secret"}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}()
	locked := strings.Replace(good, "PK\x01\x02\x14\x00\x14\x00\x08", "PK\x01\x02\x14\x00\x14\x00\x09", 1)
	hidden := string(handmade(t, cells(), map[string]string{"xl/workbook.xml": `<workbook><sheets><sheet name="a" r:id="rId1" state="veryHidden"/></sheets></workbook>`}))
	for _, tc := range []struct {
		name, file string
		words      []string
	}{
		{"nothing", "", []string{"empty", "send the file again"}},
		{"only a mark", "\xef\xbb\xbf", []string{"blank lines"}},
		{"only a mark of UTF-16", "\xff\xfe", []string{"blank lines"}},
		{"only blank lines", "\r\n \r\n", []string{"blank lines"}},
		{"only NUL", strings.Repeat("\x00", 100), []string{"control characters"}},
		{"a picture", "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\x01\x02\xff", 100), []string{"a picture", "ask the carrier"}},
		{"a photograph", "\xff\xd8\xff\xe0\x00\x10JFIF\x00", []string{"a picture", "ask the carrier"}},
		{"a drawing", "GIF89a\x01\x00", []string{"a picture", "ask the carrier"}},
		{"a program", "\x7fELF" + strings.Repeat("\x00\x01\x02\xff", 100), []string{"control characters"}},
		{"PDF", "%PDF-1.7\n", []string{"PDF", "ask the carrier"}},
		{"gzip", "\x1f\x8b\x08", []string{"unpack"}},
		{"web page", "\n<HTML><table><tr><td>44", []string{"web page", "save it as .xlsx"}},
		{"XML of Excel 2003", `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">`, []string{"Excel 2003"}},
		{"RTF", `{\rtf1 a}`, []string{"RTF"}},
		{"UTF-32", "\xff\xfe\x00\x00a\x00\x00\x00", []string{"UTF-32", "UTF-8"}},
		{"Excel 4", "\x09\x04\x06\x00\x00\x00\x10\x00", []string{"older than Excel 5"}},
		{"encrypted", encrypted, []string{"encrypted", "remove the password"}},
		{"encrypted zip", locked, []string{"encrypted", "remove the password"}},
		{"zip of CSV", zipOf("rates.csv", "readme.txt"), []string{"2 files", "not a workbook", "unpack"}},
		{"empty zip", zipOf(), []string{"0 files", "not a workbook"}},
		{"folders in a zip", zipOf("a/", "a/b/"), []string{"not a workbook"}},
		{"xlsb", zipOf("_rels/.rels", "xl/workbook.bin"), []string{".xlsb", "save it as .xlsx"}},
		{"ods", zipOf("mimetype", "content.xml"), []string{".ods", "save it as .xlsx"}},
		{"docx", zipOf("_rels/.rels", "word/document.xml"), []string{".docx"}},
		{"a part twice", zipOf("_rels/.rels", "a", "A"), []string{"damaged", "twice"}},
		{"cut", good[:len(good)/2], []string{"cut or damaged", "send the file again"}},
		{"many parts", zipOf(manyNames(30_000)...), []string{"more parts"}},
		{"only hidden sheets", hidden, []string{"no visible sheet", "unhide"}},
		{"a zip bomb that says so", string(bomb(t, "xl/a", 20<<20, 20<<20)), []string{"times its size"}},
		{"a zip bomb that says a lot", string(bomb(t, "xl/a", 1<<20, 5<<30)), []string{"unpacked", "more than 2147483648 bytes"}},
		{"JSON lines", "{\"prefix\":1}\n{\"prefix\":2}\n", []string{"goes on behind its first value", "one list"}},
		{"JSON, cut", `[{"prefix":"44","price":`, []string{"ends in the middle"}},
		{"JSON, broken", "[\n{\"prefix\":\"44\"},\n{\"prefix\":\"45\" \"price\":1}]", []string{"line 3", "cannot be read"}},
		{"JSON of another shape", `{"name":"a","price":1}`, []string{"no list of rows", `"fields" and "rates"`}},
		{"JSON of several lists", `{"a":[{"x":1}],"b":[{"x":1}]}`, []string{"2 lists", `"fields" and "rates"`}},
		{"JSON, deep", strings.Repeat(`{"a":`, 10_000), []string{"more than 32 deep"}},
		{"JSON, deep lists", strings.Repeat(`[`, 10_000), []string{"more than 32 deep"}},
		{"JSON of many members", "[\n{\"" + strings.Join(manyNames(2000), `":1,"`) + `":1}]`, []string{"line 2", "more than 1024 members"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Open(strings.NewReader(tc.file), int64(len(tc.file)), Options{})
			refused(t, err, tc.words...)
		})
	}
}

func manyNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("xl/media/picture%d.png", i)
	}
	return names
}

// A directory that says that it is huge sets no memory aside.
func TestDirectoryThatCountsInBillions(t *testing.T) {
	end := make([]byte, 56+20+22)
	copy(end, "PK\x06\x06")
	binary.LittleEndian.PutUint64(end[4:], 44)
	binary.LittleEndian.PutUint64(end[24:], 1<<33)
	binary.LittleEndian.PutUint64(end[32:], 1<<33)
	copy(end[56:], "PK\x06\x07")
	binary.LittleEndian.PutUint64(end[56+8:], 4)
	binary.LittleEndian.PutUint32(end[56+16:], 1)
	copy(end[76:], "PK\x05\x06")
	for i := 76 + 8; i < 76+20; i++ {
		end[i] = 0xFF
	}
	file := "PK\x03\x04" + string(end)
	_, err := Open(strings.NewReader(file), int64(len(file)), Options{})
	refused(t, err, "more parts")
}

func TestSheetsThatAreDamaged(t *testing.T) {
	for _, tc := range []struct{ name, sheet, words string }{
		{"rows out of order", cells(`<row r="2"><c><v>1</v></c></row>`, `<row r="1"><c><v>1</v></c></row>`), `row "1" after row 2`},
		{"a row beyond the last", cells(`<row r="1048577"/>`), `row "1048577"`},
		{"cut", cells(`<row><c><v>1</v></c></row>`)[:80], "unexpected EOF"},
		{"an element that does not end", `<worksheet><sheetData><row><c></row></sheetData></worksheet>`, `element "c" ends as "row"`},
		{"a document type", `<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>`, "a document type"},
		{"an unknown reference", cells(`<row><c t="str"><v>&b;</v></c></row>`), `the reference "&b;"`},
		{"elements without end", `<worksheet>` + strings.Repeat("<a>", 1_000_000), "more than 64 deep"},
		{"a tag without end", `<worksheet><sheetData a="` + strings.Repeat("x", 1<<20) + `"/>`, "a tag of more than 65536 bytes"},
		{"no sheet", `<chartsheet/>`, "no sheet of cells"},
		{"UTF-16", "\xff\xfe<\x00a\x00>\x00", "unexpected EOF"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := open(t, handmade(t, tc.sheet, nil), Options{})
			_, err := tryRows(f, 0)
			refused(t, err, "damaged", tc.words)
		})
	}
}

func TestWorkbooksThatAreDamaged(t *testing.T) {
	for _, tc := range []struct{ name, part, content, words string }{
		{"no relations", "xl/_rels/workbook.xml.rels", "", `lacks part "xl/_rels/workbook.xml.rels"`},
		{"a sheet without part", "xl/workbook.xml", `<workbook><sheets><sheet name="Rates" r:id="rId9"/></sheets></workbook>`, `sheet "Rates" is in no part`},
		{"no workbook", "_rels/.rels", `<Relationships/>`, "which part is the workbook"},
		{"no styles", "xl/styles.xml", "", `lacks part "xl/styles.xml"`},
		{"broken styles", "xl/styles.xml", "<styleSheet><a></styleSheet>", `part "xl/styles.xml"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := handmade(t, cells(`<row><c><v>1</v></c></row>`), map[string]string{tc.part: tc.content})
			_, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
			refused(t, err, "damaged", tc.words)
		})
	}
	f := open(t, handmade(t, cells(), map[string]string{"xl/worksheets/sheet1.xml": ""}), Options{})
	_, err := tryRows(f, 0)
	refused(t, err, `lacks part "xl/worksheets/sheet1.xml"`)
}

// Cut anywhere, with any byte changed, a workbook gives its rows or an error.
func TestNoByteOfAWorkbookMakesItPanic(t *testing.T) {
	good := handmade(t, cells(`<row r="1"><c t="s"><v>1</v></c><c s="1"><v>46288</v></c></row>`), nil)
	for i := range good {
		for _, file := range [][]byte{good[:i], append(append(bytes.Clone(good[:i]), good[i]^0x55), good[i+1:]...)} {
			f, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
			if err == nil {
				for sheet := range f.Sheets() {
					if _, err = tryRows(f, sheet); err != nil {
						break
					}
				}
			}
			var bad *FileError
			if err != nil && !errors.As(err, &bad) {
				t.Fatalf("at byte %d: %v is no FileError", i, err)
			}
		}
	}
}

// A part that is larger than it says is found out when it is.
func TestBombThatIsNotDeclared(t *testing.T) {
	file := handmade(t, cells(), map[string]string{"xl/worksheets/sheet1.xml": ""})
	old, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	large := bomb(t, "xl/worksheets/sheet1.xml", 1<<26, 1000)
	hidden, err := zip.NewReader(bytes.NewReader(large), int64(len(large)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range append(old.File, hidden.File...) {
		if err := z.Copy(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = tryRows(open(t, b.Bytes(), Options{}), 0)
	refused(t, err, "damaged", "sheet1.xml")
}

func TestAMillionColumns(t *testing.T) {
	wide := strings.Repeat("1,", 500_000)
	f := open(t, []byte("44,1\n"+wide+"\n45,1\n"), Options{})
	all := readRows(t, f, 0)
	if len(all) != 3 || all[1].Bad != `line 2: "500001 columns": want at most 1024 columns` || all[2].Bad != "" {
		t.Errorf("%+v", all)
	}
	wider := strings.Repeat("1,", 1_000_000)
	f = open(t, []byte("44,1\n"+wider+"\n45,1\n"), Options{})
	all = readRows(t, f, 0)
	if len(all) != 3 || !strings.Contains(all[1].Bad, "want a row of at most 1048576 bytes") || all[2].Bad != "" {
		t.Errorf("%+v", all)
	}
	f = open(t, handmade(t, cells(`<row>`+strings.Repeat("<c><v>1</v></c>", 1_000_000)+`</row>`, `<row><c><v>1</v></c></row>`), nil), Options{})
	all = readRows(t, f, 0)
	if len(all) != 2 || !strings.Contains(all[0].Bad, "want at most 1024 columns") || all[1].Bad != "" {
		t.Errorf("%+v", all)
	}
}

func TestMoreRowsThanAllowed(t *testing.T) {
	for name, file := range map[string][]byte{
		"csv":  []byte("1,2\n3,4\n5,6\n"),
		"xlsx": handmade(t, cells(`<row><c><v>1</v></c></row>`, `<row><c><v>1</v></c></row>`, `<row><c><v>1</v></c></row>`), nil),
	} {
		f := open(t, file, Options{Limits: Limits{Rows: 2}})
		all, err := tryRows(f, 0)
		refused(t, err, "more than 2 rows")
		if len(all) != 2 {
			t.Errorf("%s: %v", name, all)
		}
	}
	_, err := Open(strings.NewReader(`[{"prefix":1},{"prefix":2},{"prefix":3}]`), 40, Options{Limits: Limits{Rows: 2}})
	refused(t, err, "more than 2 rows")
}

func TestDelimitersThatCannotBe(t *testing.T) {
	for _, d := range []byte("\"\n\r\xe9") {
		if _, err := Open(strings.NewReader("a"), 1, Options{Delimiter: d}); err == nil || !strings.Contains(err.Error(), "want a character of ASCII") {
			t.Errorf("%q: %v", d, err)
		}
	}
}

func TestClosedFile(t *testing.T) {
	f := open(t, []byte("1,2\n"), Options{})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Rows(0); err == nil || len(f.Sheets()) != 0 {
		t.Error("a closed file is read")
	}
}
