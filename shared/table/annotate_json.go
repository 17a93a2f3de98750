package table

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// annotateJSON writes the same text with the column in it: a member of the
// objects that are its rows, or a value more of lists and a name more of their
// fields. All else stays byte for byte.
func (f *File) annotateJSON(w io.Writer, c *Column) error {
	t := f.tables.(*jsonTables)
	out, err := f.newTextWriter(w, c, t.c)
	if err != nil {
		return err
	}
	source, err := newJSONReader(f.text(t.c), f.limits.Cell)
	if err != nil {
		return err
	}
	j, err := newJSONReader(f.text(t.c), f.limits.Cell)
	if err != nil {
		return err
	}
	a := &jsonAnnotator{j: j, l: t.list[c.Sheet], c: c, out: out, source: source.src}
	if a.line = 1; a.l.lists && a.l.fields == nil {
		a.line = 0
	}
	first, err := j.token()
	if err == nil {
		err = a.value(first, "")
	}
	if err != nil {
		return (&jsonRows{t: t}).changed(err)
	}
	if _, err := io.Copy(out, source.src); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return out.close()
}

// jsonAnnotator goes through a text, and copies it with its edits.
type jsonAnnotator struct {
	j      *jsonReader
	l      *jsonList
	c      *Column
	line   int64 // of the last row
	out    io.Writer
	source io.Reader
	copied int64 // bytes of source
}

// replace copies the text up to an offset, and writes text in place of what
// follows it up to another.
func (a *jsonAnnotator) replace(from, to int64, text string) error {
	if _, err := io.CopyN(a.out, a.source, from-a.copied); err != nil {
		return err
	}
	if _, err := io.WriteString(a.out, text); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, a.source, to-from)
	a.copied = to
	return err
}

// value goes through the value that t began.
func (a *jsonAnnotator) value(t json.Token, path string) error {
	of, name := parent(path)
	fields, _ := parent(a.l.path)
	switch {
	case t == json.Delim('[') && path == a.l.path:
		return a.rows()
	case t == json.Delim('[') && a.l.lists && of == fields && isFields(name):
		return a.fields()
	case t != json.Delim('{'):
		return a.j.skip(t)
	}
	for a.j.dec.More() {
		name, err := a.j.key()
		if err != nil {
			return err
		}
		t, err := a.j.token()
		if err == nil {
			err = a.value(t, join(path, name))
		}
		if err != nil {
			return err
		}
	}
	_, err := a.j.token()
	return err
}

// fields names the column behind the others, if it has no name yet.
func (a *jsonAnnotator) fields() error {
	n, object := 0, false
	for ; a.j.dec.More(); n++ {
		t, err := a.j.token()
		if err != nil {
			return err
		}
		object = object || t == json.Delim('{')
		if err := a.j.skip(t); err != nil {
			return err
		}
	}
	end := a.j.dec.InputOffset()
	if _, err := a.j.token(); err != nil || a.c.Place < a.c.Width {
		return err
	}
	text := jsonText(a.c.Name)
	if object {
		text = `{"name": ` + text + `}`
	}
	return a.replace(end, end, comma(n)+text)
}

func (a *jsonAnnotator) rows() error {
	for a.j.dec.More() {
		t, err := a.j.token()
		if err != nil {
			return err
		}
		a.line++
		switch list := t == json.Delim('['); {
		case a.line == a.c.Begin && !a.c.Bare && list:
			err = a.fields()
		case a.line <= a.c.Begin:
			err = a.j.skip(t)
		case list:
			err = a.list(a.c.Text(a.line))
		default:
			err = a.object(a.c.Text(a.line))
		}
		if err != nil {
			return err
		}
	}
	_, err := a.j.token()
	return err
}

// object gives a row that is an object its member; one that was right before
// loses what it had.
func (a *jsonAnnotator) object(text string) error {
	n, had := 0, false
	member := jsonText(a.c.Name) + ": " + jsonText(text)
	for ; a.j.dec.More(); n++ {
		from := a.j.dec.InputOffset()
		name, err := a.j.key()
		if err != nil {
			return err
		}
		t, err := a.j.token()
		if err != nil {
			return err
		}
		if err := a.j.skip(t); err != nil {
			return err
		}
		if !strings.EqualFold(name, a.c.Name) {
			continue
		}
		had = true
		if err := a.replace(from, a.j.dec.InputOffset(), comma(n)+member); err != nil {
			return err
		}
	}
	end := a.j.dec.InputOffset()
	if !had && text != "" {
		if err := a.replace(end, end, comma(n)+member); err != nil {
			return err
		}
	}
	_, err := a.j.token()
	return err
}

// list gives a row that is a list its value, as Column.cells does.
func (a *jsonAnnotator) list(text string) error {
	var own, last [2]int64 // where the value of the column is, and the last one
	n, marked := 0, false
	for ; a.j.dec.More(); n++ {
		last[0] = a.j.dec.InputOffset()
		t, err := a.j.token()
		if err != nil {
			return err
		}
		marked = strings.HasPrefix(scalar(t), a.c.mark())
		if err := a.j.skip(t); err != nil {
			return err
		}
		if last[1] = a.j.dec.InputOffset(); n == a.c.Place {
			own = last
		}
	}
	end := a.j.dec.InputOffset()
	if _, err := a.j.token(); err != nil {
		return err
	}
	from := end
	if marked {
		from = last[0]
		n--
	}
	wide := n > a.c.Width
	if text != "" && (wide || a.c.Bare) {
		text = a.c.mark() + text
	}
	switch {
	case wide && text == "":
		return a.replace(from, end, "")
	case wide:
		return a.replace(from, end, comma(n)+jsonText(text))
	case n > a.c.Place:
		return a.replace(own[0], own[1], comma(a.c.Place)+jsonText(text))
	}
	edit := ""
	for ; n < a.c.Place; n++ {
		edit += comma(n) + "null"
	}
	return a.replace(from, end, edit+comma(a.c.Place)+jsonText(text))
}

// comma returns what stands before the n-th of several values, from 0.
func comma(n int) string {
	if n == 0 {
		return ""
	}
	return ", "
}

// jsonText writes a text in ASCII, which every charset has.
func jsonText(s string) string {
	b := []byte{'"'}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ' || r >= 0x7F && r <= 0xFFFF:
			b = fmt.Appendf(b, `\u%04x`, r)
		case r >= utf8.RuneSelf:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = append(b, byte(r))
		}
	}
	return string(append(b, '"'))
}
