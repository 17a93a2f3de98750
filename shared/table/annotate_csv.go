package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"github.com/tollbook/tollbook/shared/delimited"
)

// linesOf returns how many lines of text a row takes.
func linesOf(row Row) int64 {
	n := int64(1)
	for _, c := range row.Cells {
		n += delimited.CountLines(c)
	}
	return n
}

// annotateCSV writes CSV in the same delimiter, charset and line breaks. Lines
// that are blank stay, so that every row keeps its line.
func (f *File) annotateCSV(w io.Writer, c *Column) error {
	out, err := f.newTextWriter(w, c, f.tables.(csvTable).c)
	if err != nil {
		return err
	}
	line := int64(1)
	err = f.each(c.Sheet, func(row Row) error {
		for ; line < row.Line; line++ {
			out.WriteString(out.end)
		}
		line += linesOf(row)
		return out.row(c.cells(row), f.delimiter)
	})
	return errors.Join(err, out.close())
}

// textWriter writes text in a charset. An error of writing comes with close, at
// the latest.
type textWriter struct {
	*bufio.Writer
	code io.Closer
	end  string // of a line
}

// newTextWriter returns a writer of text as that of the file, in charset from,
// is written.
func (f *File) newTextWriter(w io.Writer, c *Column, from charset) (*textWriter, error) {
	head, err := f.in.head(headBytes)
	if err != nil {
		return nil, err
	}
	out := &textWriter{end: "\n"}
	for _, crlf := range []string{"\r\n", "\r\x00\n", "\x00\r\x00\n"} {
		if bytes.Contains(head, []byte(crlf)) {
			out.end = "\r\n"
		}
	}
	if from.code != nil && !c.UTF8 {
		coded := transform.NewWriter(w, encoding.ReplaceUnsupported(from.code.NewEncoder()))
		w, out.code = coded, coded
	}
	out.Writer = bufio.NewWriterSize(w, 64<<10)
	if marked := from.code == nil && bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")); marked || c.UTF8 || strings.HasPrefix(strings.ToUpper(from.name), "UTF-16") {
		_, err = out.WriteString("\uFEFF")
	}
	return out, err
}

// row writes a row of CSV.
func (t *textWriter) row(cells [][]byte, delimiter byte) error {
	blank := len(cells) == 1 || delimiter == '\t' // such a line is passed over where it is read
	for _, c := range cells {
		blank = blank && len(bytes.Trim(c, " \t")) == 0
	}
	for i, c := range cells {
		if i > 0 {
			t.WriteByte(delimiter)
		}
		if t.code != nil {
			c = bytes.ReplaceAll(c, []byte("\uFFFD"), []byte{'?'})
		}
		if i == 0 && blank || bytes.IndexByte(c, delimiter) >= 0 || bytes.ContainsAny(c, "\"\r\n") {
			t.WriteByte('"')
			t.Write(bytes.ReplaceAll(c, []byte{'"'}, []byte(`""`)))
			t.WriteByte('"')
			continue
		}
		t.Write(c)
	}
	_, err := t.WriteString(t.end)
	return err
}

func (t *textWriter) close() error {
	err := t.Flush()
	if t.code != nil {
		err = errors.Join(err, t.code.Close())
	}
	if err != nil {
		return fmt.Errorf("writing text: %w", err)
	}
	return nil
}

// CanSay reports whether the text of the file, in the charset that it has, can
// hold a text; that of workbooks holds any.
func (f *File) CanSay(text string) bool {
	t, ok := f.tables.(csvTable)
	if !ok || t.c.code == nil {
		return true
	}
	_, err := t.c.code.NewEncoder().String(text)
	return err == nil
}
