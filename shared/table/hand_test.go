package table

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// handmade returns a workbook of the parts of its one sheet, and of others that
// are given instead of the usual ones; "" leaves a part out.
func handmade(t failer, sheet string, others map[string]string) []byte {
	t.Helper()
	const relation = `<Relationship Id="%s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/>`
	parts := map[string]string{
		"_rels/.rels": `<Relationships>` + fmt.Sprintf(relation, "rId1", "officeDocument", "xl/workbook.xml") + `</Relationships>`,
		"xl/_rels/workbook.xml.rels": `<Relationships>` + fmt.Sprintf(relation, "rId1", "worksheet", "worksheets/sheet1.xml") +
			fmt.Sprintf(relation, "rId2", "worksheet", "/xl/worksheets/sheet2.xml") + fmt.Sprintf(relation, "rId3", "styles", "styles.xml") +
			fmt.Sprintf(relation, "rId4", "sharedStrings", "sharedStrings.xml") + `</Relationships>`,
		"xl/workbook.xml":          `<workbook><sheets><sheet name="Rates" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/styles.xml":            `<styleSheet><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml":     `<sst><si><t>one</t></si><si><t>two</t></si></sst>`,
		"xl/worksheets/sheet1.xml": sheet,
	}
	maps.Copy(parts, others)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if parts[name] == "" {
			continue
		}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, parts[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cells returns a sheet whose rows are given as XML.
func cells(rows ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\r\n" + "<worksheet>\n<sheetData>\n\t" + strings.Join(rows, "\n") + "\n</sheetData>\n</worksheet>"
}

// bomb returns a zip archive of one part of zeros, which says that it is as
// large as declared.
func bomb(t failer, name string, size, declared int64) []byte {
	t.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for left := size; left > 0; left -= int64(len(zeros)) {
		if _, err := w.Write(zeros[:min(left, int64(len(zeros)))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	raw, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(declared)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
