package table

import (
	"bytes"
	"fmt"
)

// kind is what the first bytes of a file say of it.
type kind uint8

const (
	text     kind = iota // or anything else without a mark of its own
	zipped               // a zip archive: .xlsx and others
	compound             // a compound file: .xls, an encrypted workbook and others
)

// headBytes are looked at to recognise a file, and to see that it is text.
const headBytes = 64 << 10

var errEmpty = &FileError{"the file is empty", "send the file again, whole"}

const (
	asXLSX = "open it in a spreadsheet program and save it as .xlsx or CSV"
	unpack = "unpack it and send the file that is in it"

	fromCarrier = "ask the carrier for the workbook or the CSV it was made from"
)

// marks are how files begin that are known, but not read.
var marks = []struct{ mark, problem, remedy string }{
	{"%PDF", "the file is a PDF", fromCarrier},
	{"\x89PNG\r\n", "the file is a picture", fromCarrier},
	{"\xff\xd8\xff", "the file is a picture", fromCarrier},
	{"GIF8", "the file is a picture", fromCarrier},
	{"\x1f\x8b", "the file is packed (gzip)", unpack},
	{"7z\xbc\xaf\x27\x1c", "the file is packed (7z)", unpack},
	{"Rar!", "the file is packed (RAR)", unpack},
	{"BZh", "the file is packed (bzip2)", unpack},
	{"\xfd7zXZ", "the file is packed (xz)", unpack},
	{"\x28\xb5\x2f\xfd", "the file is packed (zstd)", unpack},
	{`{\rtf`, "the file is a text document (RTF)", "copy its table to a spreadsheet and save that as .xlsx"},
	{"\x09\x08\x08\x00\x00\x05", "the workbook is of Excel 5 or 95", asXLSX},
	{"\x09\x08\x10\x00\x00\x06", "the workbook lacks the container of an .xls file", asXLSX},
	{"\x09\x04\x06\x00", "the workbook is older than Excel 5", asXLSX},
	{"\x09\x02\x06\x00", "the workbook is older than Excel 5", asXLSX},
	{"\x09\x00\x04\x00", "the workbook is older than Excel 5", asXLSX},
	{"\xff\xfe\x00\x00", "the text is UTF-32", "save it as UTF-8"},
	{"\x00\x00\xfe\xff", "the text is UTF-32", "save it as UTF-8"},
}

// recognise says what a file is whose first bytes are given.
func recognise(head []byte) (kind, error) {
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			return 0, &FileError{m.problem, m.remedy}
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipped, nil
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return compound, nil
	}
	return text, nil
}

// checkText refuses decoded text that is no table, by its beginning.
func checkText(sample []byte) error {
	if len(bytes.TrimSpace(sample)) == 0 {
		return &FileError{"the file holds nothing but blank lines", "send the file again, whole"}
	}
	controls := 0
	for _, c := range sample {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f {
			controls++
		}
	}
	if controls > 8 && controls > len(sample)/32 {
		return &FileError{fmt.Sprintf("the file is no text: %d of its first %d bytes are control characters", controls, len(sample)),
			"send a workbook (.xlsx, .xls), CSV or JSON"}
	}
	start := bytes.ToLower(bytes.TrimLeft(sample[:min(len(sample), 1024)], " \t\r\n"))
	switch {
	case bytes.HasPrefix(start, []byte("<?xml")) && bytes.Contains(start, []byte("urn:schemas-microsoft-com:office:spreadsheet")):
		return &FileError{"the file is an XML spreadsheet of Excel 2003", asXLSX}
	case bytes.HasPrefix(start, []byte("<html")), bytes.HasPrefix(start, []byte("<!doctype html")),
		bytes.HasPrefix(start, []byte("<table")), bytes.HasPrefix(start, []byte("<meta")), bytes.HasPrefix(start, []byte("<head")):
		return &FileError{"the file is a web page, whatever its name", asXLSX}
	case bytes.HasPrefix(start, []byte("<?xml")):
		return &FileError{"the file is XML", "send a workbook (.xlsx, .xls), CSV or JSON"}
	}
	return nil
}

// isJSON reports whether decoded text begins as an object does, or as a list of
// objects, lists or texts.
func isJSON(sample []byte) bool {
	b := bytes.TrimLeft(sample, " \t\r\n")
	if len(b) == 0 {
		return false
	}
	rest := bytes.TrimLeft(b[1:], " \t\r\n")
	switch b[0] {
	case '{':
		return len(rest) == 0 || rest[0] == '"' || rest[0] == '}'
	case '[':
		return len(rest) == 0 || bytes.IndexByte([]byte(`{["]`), rest[0]) >= 0
	}
	return false
}
