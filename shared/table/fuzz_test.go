package table

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var small = Limits{Bytes: 1 << 20, Unpacked: 1 << 22, Rows: 5000, Columns: 64, Cell: 4096, Sheets: 8}

// anything opens a file and reads all of it: whatever it is, there are rows or
// an error that says what to do, and reading again gives the same.
func anything(t *testing.T, file []byte, o Options) {
	o.Limits = small
	f, err := Open(bytes.NewReader(file), int64(len(file)), o)
	var bad *FileError
	if err != nil {
		if !errors.As(err, &bad) || bad.Problem == "" || bad.Remedy == "" || !utf8.ValidString(err.Error()) {
			t.Fatalf("%q: not a FileError that says what to do", err)
		}
		return
	}
	for sheet := range f.Sheets() {
		first, err := tryRows(f, sheet)
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%v is no FileError", err)
		}
		line := int64(0)
		for _, g := range first {
			if g.Line <= line || len(g.Cells) > small.Columns {
				t.Fatalf("%+v after line %d", g, line)
			}
			line = g.Line
			for _, c := range g.Cells {
				if !utf8.ValidString(c) || strings.Contains(c, "\x00") || len(c) > small.Cell {
					t.Fatalf("line %d: cell %.100q", line, c)
				}
			}
		}
		again, _ := tryRows(f, sheet)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("read again: -first +second\n%s", diff)
		}
	}
}

func FuzzOpenCSV(f *testing.F) {
	for _, s := range []string{"prefix,rate\n44,\"0,1\"\n", "\xef\xbb\xbfa;b\r\n1;0,1\n", "R\xe9union;262\n", "\xff\xfea\x00;\x00", "a\x00b\x00\n\x00", "sep=|\na|b", "\x93\xfa\x96\x7b,81\n"} {
		f.Add([]byte(s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, file []byte, how uint8) {
		anything(t, file, Options{Delimiter: "\x00\x00,;\t|"[how%6], Charset: []string{"", "", "windows-1252", "shift_jis", "utf-16le", "gbk"}[how/6%6]})
	})
}

// FuzzOpenXLSX puts what it is given where a workbook has a sheet, its shared
// texts, its styles or its list of sheets, or takes it as the whole file.
func FuzzOpenXLSX(f *testing.F) {
	parts := []string{"xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
	sheet := cells(`<row r="1"><c r="A1" t="s"><v>1</v></c><c t="inlineStr"><is><r><t>a&amp;b</t></r></is></c><c s="1"><v>46288.5</v></c></row>`)
	f.Add([]byte(sheet), uint8(0))
	f.Add([]byte(`<sst><si><t>a</t></si><si><r><t>_x000A_</t></r><rPh><t>c</t></rPh></si></sst>`), uint8(1))
	f.Add([]byte(`<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy"/></numFmts><cellXfs><xf/><xf numFmtId="170"/></cellXfs></styleSheet>`), uint8(2))
	f.Add([]byte(`<workbook><workbookPr date1904="1"/><sheets><sheet name="a" r:id="rId1" state="hidden"/><sheet name="b" r:id="rId2"/></sheets></workbook>`), uint8(3))
	f.Add([]byte(`<Relationships><Relationship Id="rId1" Type="a/worksheet" Target="/xl/worksheets/sheet1.xml"/></Relationships>`), uint8(4))
	f.Add(handmade(f, sheet, nil), uint8(5))
	f.Fuzz(func(t *testing.T, part []byte, which uint8) {
		if int(which) >= len(parts) {
			anything(t, part, Options{})
			return
		}
		if len(part) == 0 {
			return
		}
		anything(t, handmade(t, sheet, map[string]string{parts[which]: string(part)}), Options{})
	})
}

func FuzzOpenJSON(f *testing.F) {
	for _, s := range []string{openCard, `[{"prefix":"44","a":{"b":[1,2]}}]`, `[["a"],[1]]`, `{"p":[{"prefixes":["1"],"current_price":1e5}],"price_unit":"USD"}`, `{"fields":[],"rates":[[]]}`, `[{"a":1,"a":2},{"":null}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) { anything(t, file, Options{}) })
}

// FuzzXML holds the reader of XML against encoding/xml, on what both read.
func FuzzXML(f *testing.F) {
	for _, s := range []string{cells(`<row r="1"><c r='A"1'><v a="&amp;>">1&#xE9;&lt;</v></c><!-- > --></row>`), "<a>x\r\ny\rz<![CDATA[<]]>&amp;]]></a>", `<x:a b = 'c' x:d="e"/>`, "<?xml version='1.0'?><a><b/></a>", "<![CDATA[]]>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		type event struct {
			Kind       xmlKind
			Name, Text string
			Attr       string // the one called "r"
		}
		merge := func(all []event, e event) []event {
			if e.Kind == xmlText && e.Text == "" {
				return all // encoding/xml says that nothing is there
			}
			if n := len(all); e.Kind == xmlText && n > 0 && all[n-1].Kind == xmlText {
				all[n-1].Text += e.Text
				return all
			}
			return append(all, e)
		}
		var want []event
		d := xml.NewDecoder(bytes.NewReader(text))
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			switch v := token.(type) {
			case xml.StartElement:
				e := event{Kind: xmlStart, Name: v.Name.Local}
				for _, a := range v.Attr {
					if a.Name.Local == "r" && e.Attr == "" {
						e.Attr = a.Value
					}
				}
				want = append(want, e)
			case xml.EndElement:
				want = append(want, event{Kind: xmlEnd, Name: v.Name.Local})
			case xml.CharData:
				want = merge(want, event{Kind: xmlText, Text: string(v)})
			}
		}
		for _, src := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text))} {
			var have []event
			x := newXMLReader(src)
			for {
				kind, err := x.next()
				if err == io.EOF {
					break
				}
				if err != nil {
					return // what encoding/xml is lenient with, or what no workbook has
				}
				e := event{Kind: kind, Name: string(x.name)}
				switch kind {
				case xmlStart:
					e.Attr = string(x.attr("r"))
				case xmlText:
					e.Name, e.Text = "", string(x.text)
				}
				have = merge(have, e)
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Fatalf("%q: -encoding/xml +here\n%s", text, diff)
			}
		}
	})
}
