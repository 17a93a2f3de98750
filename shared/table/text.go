package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tollbook/tollbook/shared/delimited"
)

const sampled = 256 << 10 // decoded bytes by which a text is judged

// openText opens CSV or JSON.
func (f *File) openText(o Options) error {
	head, err := f.in.head(headBytes)
	if err != nil {
		return err
	}
	var c charset
	if o.Charset != "" {
		c, err = charsetNamed(o.Charset)
	} else {
		c, f.guesses, err = findCharset(f.in, head)
	}
	if err != nil {
		return err
	}
	f.charset = c.name
	sample, err := io.ReadAll(io.LimitReader(f.text(c), sampled))
	if err != nil {
		return err
	}
	if i := bytes.LastIndexByte(sample, '\n'); len(sample) == sampled && i > 0 {
		sample = sample[:i] // the last line is cut
	}
	sample = bytes.TrimPrefix(sample, []byte("\uFEFF"))
	if err := checkText(sample); err != nil {
		return err
	}
	if isJSON(sample) {
		return f.openJSON(c)
	}
	f.format, f.delimiter = CSV, o.Delimiter
	if f.delimiter == 0 {
		var evidence string
		f.delimiter, evidence = findDelimiter(sample, f.limits.row())
		if evidence != "" {
			f.guess("%s", evidence)
		}
	}
	f.tables = csvTable{f, c}
	return f.checkEnd()
}

// checkEnd warns of text that ends in the middle of a line: a price that is cut
// is a price.
func (f *File) checkEnd() error {
	last := make([]byte, min(2, f.in.size))
	if _, err := f.in.ReadAt(last, f.in.size-int64(len(last))); err != nil && err != io.EOF {
		return err
	}
	if !strings.HasPrefix(strings.ToUpper(f.charset), "UTF-16") {
		last = last[len(last)-1:]
	}
	if !bytes.ContainsAny(last, "\r\n") {
		f.warn("the text does not end in a line break: its last row may be cut")
	}
	return nil
}

// text returns the decoded text from its beginning.
func (f *File) text(c charset) io.Reader { return c.decode(f.in.stream(0)) }

// csvTable is the one sheet of a CSV file.
type csvTable struct {
	f *File
	c charset
}

func (csvTable) sheets() []string { return []string{""} }

func (t csvTable) rows(int) (rowReader, error) {
	o := delimited.Options{Comma: t.f.delimiter, MaxRecord: t.f.limits.row()}
	return &csvRows{delimited.NewReader(t.f.text(t.c), o), t}, nil
}

type csvRows struct {
	r *delimited.Reader
	t csvTable
}

func (c *csvRows) next() (Row, error) {
	row, err := c.r.Read()
	bad, isBad := errors.AsType[*delimited.RowError](err)
	switch {
	case isBad:
		return c.givenUp(bad), &RowError{Line: bad.Line, Value: bad.Raw, Want: wantOf(bad.Problem, c.t.c.name, c.t.f.limits.row())}
	case errors.Is(err, delimited.ErrUTF16):
		return Row{}, &FileError{fmt.Sprintf("the text is UTF-16, not %s", c.t.c.name), "give no charset, or the right one"}
	case err != nil:
		return Row{}, err
	}
	return Row{Line: row.Line, Cells: row.Fields}, nil
}

// givenUp returns a row that cannot be parted into cells: its text is one.
func (c *csvRows) givenUp(bad *delimited.RowError) Row {
	text := bytes.ReplaceAll(bytes.ToValidUTF8(c.r.GivenUp(), []byte("\uFFFD")), []byte{0}, []byte("\uFFFD"))
	if text == nil || len(text) > c.t.f.limits.row() {
		text = []byte(bad.Raw + "…")
	}
	return Row{Line: bad.Line, Cells: [][]byte{text}}
}

func (c *csvRows) close() error { return nil }
