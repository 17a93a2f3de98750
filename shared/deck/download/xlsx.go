package download

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// xlsxEncoder writes a workbook of one sheet, row by row: texts stand in their
// cells, so nothing is kept.
type xlsxEncoder struct {
	zip   *zip.Writer
	sheet *bufio.Writer
	row   int
	at    int // column
	buf   bytes.Buffer
}

// The parts of a workbook beside its sheet (ECMA-376 part 1, 18; part 2, 9). Style
// 1 is text: what a person types into such a cell stays as it is.
var xlsxParts = [...]struct{ name, text string }{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Rates" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`},
}

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	sheetHead = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`
)

// newXLSX packs fast: in less than half of the time, to a fifth more bytes.
func newXLSX(w io.Writer) *xlsxEncoder {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	return &xlsxEncoder{zip: z}
}

func (e *xlsxEncoder) begin(f *File) error {
	for _, p := range xlsxParts {
		w, err := e.zip.Create(p.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, xmlHead+p.text); err != nil {
			return err
		}
	}
	w, err := e.zip.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	e.sheet = bufio.NewWriterSize(w, 1<<16)
	if _, err := e.sheet.WriteString(xmlHead + sheetHead); err != nil {
		return err
	}
	for i, c := range f.columns {
		style := 1
		if c.holds == number {
			style = 0
		}
		if _, err := fmt.Fprintf(e.sheet, `<col min="%d" max="%[1]d" width="%d" style="%d" customWidth="1"/>`, i+1, len(c.header)+6, style); err != nil {
			return err
		}
	}
	if _, err := e.sheet.WriteString("</cols><sheetData>\n"); err != nil {
		return err
	}
	for _, c := range f.columns {
		if err := e.cell(&column{}, []byte(c.header)); err != nil {
			return err
		}
	}
	return e.endRow()
}

// maxExact is how many digits a spreadsheet keeps of a number.
const maxExact = 15

// exactNumber reports whether a spreadsheet keeps all digits of a number.
func exactNumber(text []byte) bool {
	digits := 0
	for _, c := range text {
		if c != '.' && (c != '0' || digits > 0) {
			digits++
		}
	}
	return digits <= maxExact
}

// cell writes a number of at most 15 digits as one, anything else as text.
func (e *xlsxEncoder) cell(c *column, text []byte) error {
	if e.at == 0 {
		e.row++
		if _, err := fmt.Fprintf(e.sheet, `<row r="%d">`, e.row); err != nil {
			return err
		}
	}
	e.at++
	if len(text) == 0 {
		return nil
	}
	b := &e.buf
	b.Reset()
	b.WriteString(`<c r="`)
	b.Write(appendColumn(b.AvailableBuffer(), e.at))
	b.Write(strconv.AppendInt(b.AvailableBuffer(), int64(e.row), 10))
	if c.holds == number && exactNumber(text) {
		b.WriteString(`"><v>`)
		b.Write(text)
		b.WriteString("</v></c>")
	} else {
		b.WriteString(`" s="1" t="inlineStr"><is><t xml:space="preserve">`)
		if err := xml.EscapeText(b, escapeCell(text)); err != nil {
			return err
		}
		b.WriteString("</t></is></c>")
	}
	_, err := e.sheet.Write(b.Bytes())
	return err
}

// appendColumn appends the letters of a column, from 1: A … Z, AA …
func appendColumn(b []byte, n int) []byte {
	if n > 26 {
		b = appendColumn(b, (n-1)/26)
	}
	return append(b, byte('A'+(n-1)%26))
}

// escapeCell writes what XML cannot hold as _xFFFF_, and what looks like such an
// escape with its underscore escaped (ECMA-376 part 1, 22.9.2.19).
func escapeCell(text []byte) []byte {
	if bytes.IndexByte(text, '_') < 0 && !bytes.ContainsAny(text, "\uFFFE\uFFFF") {
		return text
	}
	var out []byte
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRune(text[i:])
		switch {
		case c == 0xFFFE || c == 0xFFFF:
			out = fmt.Appendf(out, "_x%04X_", c)
		case c == '_' && isEscape(text[i:]):
			out = append(out, "_x005F_"...)
		default:
			out = append(out, text[i:i+size]...)
		}
		i += size
	}
	return out
}

func isEscape(b []byte) bool {
	const escape = len("_x005F_")
	if len(b) < escape || b[1] != 'x' || b[escape-1] != '_' {
		return false
	}
	_, err := strconv.ParseUint(string(b[2:escape-1]), 16, 16)
	return err == nil
}

func (e *xlsxEncoder) endRow() error {
	e.at = 0
	_, err := e.sheet.WriteString("</row>\n")
	return err
}

func (e *xlsxEncoder) end() error {
	if _, err := e.sheet.WriteString("</sheetData></worksheet>"); err != nil {
		return err
	}
	if err := e.sheet.Flush(); err != nil {
		return err
	}
	return e.zip.Close()
}
