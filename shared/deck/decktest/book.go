package decktest

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Workbook writes an .xlsx of the part of its one sheet, and of others that are
// given beside the usual ones or instead of them.
func Workbook(sheet string, others map[string]string) []byte {
	parts := map[string]string{
		"_rels/.rels":                `<Relationships>` + relation("rId1", "officeDocument", "xl/workbook.xml") + `</Relationships>`,
		"xl/_rels/workbook.xml.rels": relations(),
		"xl/workbook.xml":            `<workbook><sheets><sheet name="Rates" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/worksheets/sheet1.xml":   sheet,
	}
	maps.Copy(parts, others)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if parts[name] == "" {
			continue
		}
		w, err := z.Create(name)
		must(err)
		_, err = io.WriteString(w, parts[name])
		must(err)
	}
	must(z.Close())
	return b.Bytes()
}

func relation(id, kind, target string) string {
	return fmt.Sprintf(`<Relationship Id="%s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/>`, id, kind, target)
}

// relations are those of a workbook of one sheet, and others.
func relations(others ...string) string {
	return `<Relationships>` + relation("rId1", "worksheet", "worksheets/sheet1.xml") + strings.Join(others, "") + `</Relationships>`
}

func sheet(rows ...string) string {
	return `<worksheet><sheetData>` + strings.Join(rows, "") + `</sheetData></worksheet>`
}

var plain = sheet(`<row><c t="str"><v>Prefix</v></c><c t="str"><v>Rate</v></c></row>`, `<row><c><v>44</v></c><c><v>0.5</v></c></row>`, `<row><c><v>45</v></c><c><v>0.25</v></c></row>`)

// must ends a test whose file cannot be made.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// bombs are archives that unpack to much more than they are.
func bombs() []File {
	return []File{
		refused("a zip bomb", bomb(64<<20, 64<<20), "grows to more than 500 times its size, unpacked"),
		refused("a zip bomb of many gigabytes", bomb(1<<20, 5<<30), "unpacked, the file has more than 2147483648 bytes"),
		refused("a zip bomb that does not say so", bomb(64<<20, 1000), "the workbook is damaged"),
	}
}

// bomb returns a workbook whose sheet has so many blanks, and says another number.
func bomb(size, says int64) []byte {
	head, tail := `<worksheet><sheetData><row><c t="str"><v>Prefix`, `</v></c></row></sheetData></worksheet>`
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	must(err)
	_, err = io.WriteString(w, head)
	must(err)
	blanks := bytes.Repeat([]byte{' '}, 1<<20)
	for range size / int64(len(blanks)) {
		_, err = w.Write(blanks)
		must(err)
	}
	_, err = io.WriteString(w, tail)
	must(err)
	must(w.Close())
	return withPart(Workbook("", nil), "xl/worksheets/sheet1.xml", packed.Bytes(), 0, uint64(says))
}

// withPart adds a part to an archive as it is packed.
func withPart(archive []byte, name string, packed []byte, sum uint32, size uint64) []byte {
	old, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	must(err)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range old.File {
		must(z.Copy(p))
	}
	w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: sum, CompressedSize64: uint64(len(packed)), UncompressedSize64: size})
	must(err)
	_, err = w.Write(packed)
	must(err)
	must(z.Close())
	return b.Bytes()
}

// large are files with a cell of a gigabyte, or of all that a file may have.
func large() []File {
	csv := newPattern("prefix,price\n44,0.5\n45,", "1234567")
	quoted := newPattern("prefix,price\n44,0.5\n45,\"", "1234567")
	json := newPattern(`[{"prefix":"44","price":"`, "1234567")
	const most = 100 << 20 // below what an installation takes
	files := []File{
		{Name: "a cell of 100 MiB", ReaderAt: csv, Size: most, Errors: []string{`line 3: "45,` + strings.Repeat("1234567", 11) + `": want a row of at most 1048576 bytes`}},
		{Name: "a cell of 100 MiB in quotes", ReaderAt: quoted, Size: most, Errors: []string{`line 3: "45,\"` + strings.Repeat("1234567", 10) + `123456": want a row of at most 1048576 bytes`}},
		{Name: "a cell of 100 MiB in JSON", ReaderAt: json, Size: most, Refused: "longer than 262144 bytes"},
		{Name: "a cell of a gigabyte", ReaderAt: csv, Size: 1 << 30, Refused: "1073741824 bytes"},
		{Name: "a cell of a gigabyte in JSON", ReaderAt: json, Size: 1 << 30, Refused: "1073741824 bytes"},
		wrong("a cell of a gigabyte, packed", gigabyte(), `line 3, column Rate: "`),
	}
	for i := range files {
		files[i].Large = true
	}
	return files
}

// pattern is a file of any size that repeats a text behind a head.
type pattern struct{ head, body string }

func newPattern(head, body string) pattern {
	return pattern{head, strings.Repeat(body, 1+(1<<16)/len(body))}
}

// ReadAt gives as much as is asked for.
func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	for n := 0; n < len(b); {
		at := off + int64(n)
		if at < int64(len(p.head)) {
			n += copy(b[n:], p.head[at:])
		} else {
			n += copy(b[n:], p.body[(at-int64(len(p.head)))%int64(len(p.body)):])
		}
	}
	return len(b), nil
}

// gigabyte returns a workbook with a cell of a gigabyte. Each mebibyte of it is
// packed for itself, so that packing one is enough.
func gigabyte() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	digits := make([]byte, 16<<10)
	for i := range digits {
		digits[i] = "0123456789"[random.IntN(10)]
	}
	middle := bytes.Repeat(digits, 64)
	rows := `<row><c t="str"><v>Prefix</v></c><c t="str"><v>Rate</v></c></row><row><c><v>44</v></c><c><v>0.5</v></c></row>`
	size, sum := 0, crc32.NewIEEE()
	var packed bytes.Buffer
	pack := func(text []byte, times int, finish func(*flate.Writer) error) {
		from := packed.Len()
		w, err := flate.NewWriter(&packed, flate.DefaultCompression)
		must(err)
		_, err = w.Write(text)
		must(err)
		must(finish(w))
		one := bytes.Clone(packed.Bytes()[from:])
		for i := range times {
			size += len(text)
			sum.Write(text)
			if i > 0 {
				packed.Write(one)
			}
		}
	}
	pack([]byte(`<worksheet><sheetData>`+rows+`<row><c><v>45</v></c><c t="str"><v>`), 1, (*flate.Writer).Flush)
	pack(middle, 1<<30/len(middle), (*flate.Writer).Flush)
	pack([]byte(`</v></c></row></sheetData></worksheet>`), 1, (*flate.Writer).Close)
	return withPart(Workbook("", nil), "xl/worksheets/sheet1.xml", packed.Bytes(), sum.Sum32(), uint64(size))
}
