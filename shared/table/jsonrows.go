package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonTables is the tables of a JSON text that was surveyed.
type jsonTables struct {
	f    *File
	c    charset
	list []*jsonList
}

// sheets names several tables by their paths.
func (t *jsonTables) sheets() []string {
	if len(t.list) == 1 {
		return []string{""}
	}
	names := make([]string, len(t.list))
	for i, l := range t.list {
		names[i] = l.path
	}
	return names
}

func (t *jsonTables) rows(sheet int) (rowReader, error) {
	j, err := newJSONReader(t.f.text(t.c), t.f.limits.Cell)
	if err != nil {
		return nil, err
	}
	l := t.list[sheet]
	r := &jsonRows{t: t, l: l, j: j, row: &jsonRow{columns: l.columns, most: t.f.limits.row()}}
	first, err := j.token()
	if err != nil {
		return nil, r.changed(err)
	}
	found, err := j.find(first, "", l.path)
	if err != nil || !found {
		return nil, r.changed(err)
	}
	return r, nil
}

// find goes to the list of a path; t began the value at hand.
func (j *jsonReader) find(t json.Token, path, target string) (bool, error) {
	if path == target && t == json.Delim('[') {
		return true, nil
	}
	if t != json.Delim('{') || path != "" && !strings.HasPrefix(target, path+".") {
		return false, j.skip(t)
	}
	for j.dec.More() {
		name, err := j.key()
		if err != nil {
			return false, err
		}
		t, err := j.token()
		if err != nil {
			return false, err
		}
		if found, err := j.find(t, join(path, name), target); found || err != nil {
			return found, err
		}
	}
	_, err := j.token()
	return false, err
}

// jsonRows reads the rows of a table, its header first.
type jsonRows struct {
	t     *jsonTables
	l     *jsonList
	j     *jsonReader
	row   *jsonRow
	line  int64
	cells [][]byte
	data  []byte
}

// changed is the error of a text that was read before and cannot be now.
func (r *jsonRows) changed(err error) error {
	if r.t.f.in.err != nil {
		return err
	}
	if err == nil {
		err = errors.New("its rows are gone")
	}
	return fmt.Errorf("the file has changed since it was opened: %w", err)
}

func (r *jsonRows) next() (Row, error) {
	r.line++
	if header := r.header(); r.line == 1 && header != nil {
		r.begin()
		for _, name := range header {
			r.add(name)
		}
		return Row{Line: r.line, Cells: r.cells}, nil
	}
	if !r.j.dec.More() {
		if _, err := r.j.token(); err != nil {
			return Row{}, r.changed(err)
		}
		return Row{}, io.EOF
	}
	t, err := r.j.token()
	if err != nil {
		return Row{}, r.changed(err)
	}
	r.begin()
	var bad *RowError
	if t == json.Delim('[') {
		bad, err = r.list()
	} else {
		bad, err = r.object()
	}
	switch {
	case err != nil:
		return Row{}, r.changed(err)
	case bad != nil:
		return Row{}, bad
	}
	return Row{Line: r.line, Cells: r.cells}, nil
}

// header returns the names of the columns, nil if nothing says them.
func (r *jsonRows) header() []string {
	if r.l.lists {
		return r.l.fields
	}
	return r.l.header
}

func (r *jsonRows) begin() { r.cells, r.data = r.cells[:0], r.data[:0] }

func (r *jsonRows) add(s string) {
	from := len(r.data)
	r.data = append(r.data, s...)
	r.cells = append(r.cells, r.data[from:len(r.data):len(r.data)])
}

// list reads a row that is a list of values.
func (r *jsonRows) list() (*RowError, error) {
	var bad *RowError
	for r.j.dec.More() {
		t, err := r.j.token()
		if err != nil {
			return nil, err
		}
		if d, ok := t.(json.Delim); ok {
			if bad == nil {
				bad = &RowError{r.line, len(r.cells) + 1, d.String(), "a value, not a list or an object"}
			}
			if err := r.j.skip(t); err != nil {
				return nil, err
			}
		}
		if r.add(scalar(t)); len(r.data) > r.row.most {
			return nil, errJSONLong
		}
	}
	_, err := r.j.token()
	return r.check(bad), err
}

// object reads a row that is an object. A member that it lacks is empty.
func (r *jsonRows) object() (*RowError, error) {
	r.row.reset()
	if err := r.row.object(r.j, ""); err != nil {
		return nil, err
	}
	var bad *RowError
	switch {
	case r.row.twice != "":
		bad = &RowError{r.line, 0, clip([]byte(r.row.twice)), "each member once"}
	case r.row.nested != "":
		bad = &RowError{r.line, 0, clip([]byte(r.row.nested)), "values, or lists of values, not lists of lists or objects"}
	}
	for i := range r.l.columns.names {
		value := ""
		if i < len(r.row.cells) {
			value = r.row.cells[i]
		}
		r.add(value)
	}
	if r.l.currency != "" {
		r.add(r.l.currency)
	}
	return r.check(bad), nil
}

// check returns what else is wrong with the cells of a row.
func (r *jsonRows) check(bad *RowError) *RowError {
	for i := 0; i < len(r.cells) && bad == nil; i++ {
		if strings.ContainsRune(string(r.cells[i]), 0) {
			bad = &RowError{r.line, i + 1, clip(r.cells[i]), "text without NUL"}
		}
	}
	return bad
}

func (r *jsonRows) close() error { return nil }
