package table

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	xmlHead      = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	ooxmlMain    = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	ooxmlOffice  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	ooxmlPackage = "http://schemas.openxmlformats.org/package/2006/"
)

// annotateBook writes a workbook of the visible sheets, every cell of them as
// text: no program runs it as a formula, and none makes a number of a code.
func (f *File) annotateBook(w io.Writer, c *Column) error {
	z := zip.NewWriter(w)
	names := f.tables.sheets()
	types := xmlHead + `<Types xmlns="` + ooxmlPackage + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>`
	book := xmlHead + `<workbook xmlns="` + ooxmlMain + `" xmlns:r="` + ooxmlOffice + `"><sheets>`
	relations := xmlHead + `<Relationships xmlns="` + ooxmlPackage + `relationships">`
	for i, name := range names {
		types += fmt.Sprintf(`<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, i+1)
		book += fmt.Sprintf(`<sheet name="%s" sheetId="%d" r:id="rId%[2]d"/>`, xmlAttribute(name), i+1)
		relations += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%[1]d.xml"/>`, i+1, ooxmlOffice)
	}
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", types + `</Types>`},
		{"_rels/.rels", xmlHead + `<Relationships xmlns="` + ooxmlPackage + `relationships"><Relationship Id="rId1" Type="` + ooxmlOffice + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", book + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", relations + `</Relationships>`},
	} {
		out, err := z.Create(part.name)
		if err == nil {
			_, err = io.WriteString(out, part.text)
		}
		if err != nil {
			return fmt.Errorf("writing a workbook: %w", err)
		}
	}
	for i := range names {
		out, err := z.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1))
		if err != nil {
			return fmt.Errorf("writing a workbook: %w", err)
		}
		if err := f.annotateSheet(out, i, c); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("writing a workbook: %w", err)
	}
	return nil
}

// annotateSheet writes a sheet, each row under its number.
func (f *File) annotateSheet(w io.Writer, sheet int, c *Column) error {
	out := &sheetWriter{Writer: bufio.NewWriterSize(w, 64<<10)}
	out.WriteString(xmlHead + `<worksheet xmlns="` + ooxmlMain + `"><sheetData>`)
	if err := f.each(sheet, func(row Row) error {
		if sheet == c.Sheet {
			row.Cells = c.cells(row)
		}
		return out.row(row)
	}); err != nil {
		return err
	}
	out.WriteString(`</sheetData></worksheet>`)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing a workbook: %w", err)
	}
	return nil
}

// sheetWriter writes the cells of a sheet. An error of writing comes with Flush,
// at the latest.
type sheetWriter struct {
	*bufio.Writer
	text []byte
}

func (s *sheetWriter) row(row Row) error {
	fmt.Fprintf(s, `<row r="%d">`, row.Line)
	for i, cell := range row.Cells {
		if len(cell) == 0 {
			continue
		}
		s.text = appendCellText(s.text[:0], cell)
		fmt.Fprintf(s, `<c r="%s%d" t="inlineStr"><is><t xml:space="preserve">`, columnName(i), row.Line)
		s.Write(s.text)
		s.WriteString(`</t></is></c>`)
	}
	_, err := s.WriteString("</row>\n")
	return err
}

// columnName returns the letters of a column, from 0: A … Z, AA …
func columnName(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

// appendCellText appends the text of a cell as a part has it: characters that XML
// cannot hold, and texts that look like what stands for one, as _x0001_ (ECMA-376
// part 1, 22.9.2.19).
func appendCellText(to, cell []byte) []byte {
	for len(cell) > 0 {
		r, n := utf8.DecodeRune(cell)
		switch {
		case r == '&':
			to = append(to, "&amp;"...)
		case r == '<':
			to = append(to, "&lt;"...)
		case r == '>':
			to = append(to, "&gt;"...)
		case r == '_' && len(cell) > 1 && cell[1] == 'x':
			to = append(to, "_x005F_"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			to = fmt.Appendf(to, "_x%04X_", r)
		default:
			to = append(to, cell[:n]...)
		}
		cell = cell[n:]
	}
	return to
}

func xmlAttribute(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a builder takes everything
	}
	return b.String()
}
