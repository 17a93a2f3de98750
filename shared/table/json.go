package table

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const jsonDepth = 32 // objects and lists in each other

// jsonReader reads JSON token by token. A decoder holds a text whole, whatever
// its length, so what it may read for one token is bounded.
type jsonReader struct {
	src   *bufio.Reader
	dec   *json.Decoder
	most  int // bytes read for a token
	left  int
	long  bool
	depth int
}

// errJSONLong says that a value is too long; the decoder reports it as its own.
var errJSONLong = errors.New("a value is too long")

func newJSONReader(r io.Reader, cell int) (*jsonReader, error) {
	j := &jsonReader{src: bufio.NewReader(r), most: cell + 64<<10}
	if mark, err := j.src.Peek(3); err == nil && string(mark) == "\uFEFF" {
		if _, err := j.src.Discard(3); err != nil {
			return nil, err
		}
	}
	j.left = j.most
	j.dec = json.NewDecoder(j)
	j.dec.UseNumber()
	return j, nil
}

// Read gives the decoder text, within the bounds of one token.
func (j *jsonReader) Read(p []byte) (int, error) {
	if j.left <= 0 {
		j.long = true
		return 0, errJSONLong
	}
	n, err := j.src.Read(p[:min(len(p), j.left)])
	j.left -= n
	return n, err
}

// token returns the next token: json.Delim, string, json.Number, bool or nil.
func (j *jsonReader) token() (json.Token, error) {
	j.left = j.most
	t, err := j.dec.Token()
	if err != nil {
		if j.long {
			err = errJSONLong
		}
		return nil, err
	}
	switch t {
	case json.Delim('{'), json.Delim('['):
		if j.depth++; j.depth > jsonDepth {
			return nil, fmt.Errorf("values more than %d deep", jsonDepth)
		}
	case json.Delim('}'), json.Delim(']'):
		j.depth--
	}
	return t, nil
}

// key returns the next member's name.
func (j *jsonReader) key() (string, error) {
	t, err := j.token()
	if err != nil {
		return "", err
	}
	name, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("want the name of a member, got %v", t)
	}
	return name, nil
}

// skip passes over the rest of the value that began with t.
func (j *jsonReader) skip(t json.Token) error {
	if d, ok := t.(json.Delim); !ok || d == '}' || d == ']' {
		return nil
	}
	for depth := j.depth; j.depth >= depth; {
		if _, err := j.token(); err != nil {
			return err
		}
	}
	return nil
}

// scalar returns the text of a value that is no object or list: numbers as they
// are written, null as nothing.
func scalar(t json.Token) string {
	switch v := t.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// jsonRow is one row as it is read, by its columns.
type jsonRow struct {
	columns *jsonColumns
	cells   []string
	set     []bool
	size    int // bytes
	most    int
	twice   string // a member that is there twice
	nested  string // a list of more than values
}

// jsonColumns is the names of the columns, in the order of appearance.
type jsonColumns struct {
	names []string
	at    map[string]int
	most  int
}

func (c *jsonColumns) of(name string) (int, error) {
	i, ok := c.at[name]
	if !ok {
		if i = len(c.names); i == c.most {
			return 0, fmt.Errorf("the rows have more than %d members", c.most)
		}
		c.at[name] = i
		c.names = append(c.names, name)
	}
	return i, nil
}

func (r *jsonRow) reset() {
	clear(r.cells)
	clear(r.set)
	r.size, r.twice, r.nested = 0, "", ""
}

func (r *jsonRow) put(name, value string) error {
	i, err := r.columns.of(name)
	if err != nil {
		return err
	}
	for len(r.cells) <= i {
		r.cells, r.set = append(r.cells, ""), append(r.set, false)
	}
	if r.set[i] {
		r.twice = name
	}
	r.cells[i], r.set[i] = value, true
	if r.size += len(value); r.size > r.most {
		return errJSONLong
	}
	return nil
}

// object reads the members of an object whose "{" was read. Those of an object
// in it are columns named by their path.
func (r *jsonRow) object(j *jsonReader, prefix string) error {
	for j.dec.More() {
		name, err := j.key()
		if err != nil {
			return err
		}
		name = prefix + name
		t, err := j.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'):
			err = r.object(j, name+".")
		case json.Delim('['):
			var list string
			if list, err = r.list(j, name); err == nil {
				err = r.put(name, list)
			}
		default:
			err = r.put(name, scalar(t))
		}
		if err != nil {
			return err
		}
	}
	_, err := j.token()
	return err
}

// list reads a list of values whose "[" was read: they are one cell, joined.
func (r *jsonRow) list(j *jsonReader, name string) (string, error) {
	var b strings.Builder
	for j.dec.More() {
		t, err := j.token()
		if err != nil {
			return "", err
		}
		if _, ok := t.(json.Delim); ok {
			r.nested = name
			if err := j.skip(t); err != nil {
				return "", err
			}
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		if b.WriteString(scalar(t)); b.Len() > r.most {
			return "", errJSONLong
		}
	}
	_, err := j.token()
	return b.String(), err
}
