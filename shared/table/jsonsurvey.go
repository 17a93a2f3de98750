package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tollbook/tollbook/shared/delimited"
)

const (
	maxFacts     = 1000
	maxFact      = 1024 // bytes of a fact, and of its path
	maxJSONLists = 1000
)

// jsonShapes says what is read.
const jsonShapes = `send a rate card of "fields" and "rates", price lists with prefixes, or a list of objects`

// jsonList is a list that may be a table.
type jsonList struct {
	path     string // of the list; "" is the whole text
	lists    bool   // its rows are lists, not objects
	rows     int64
	columns  *jsonColumns // of objects
	fields   []string     // of lists: what their values are, if it is said
	header   []string     // of objects: the columns as they are given
	currency string       // of all objects, "" = none or their own
}

// jsonSurvey goes once through a whole text: names of columns, and what holds
// for all rows, may come behind them.
type jsonSurvey struct {
	j      *jsonReader
	limits Limits
	lists  []*jsonList
	fields map[string][]string // by the path of the object that has them
	facts  map[string]string
	missed int // facts that were not kept
}

// openJSON finds the tables in a JSON text.
func (f *File) openJSON(c charset) error {
	j, err := newJSONReader(f.text(c), f.limits.Cell)
	if err != nil {
		return err
	}
	s := &jsonSurvey{j: j, limits: f.limits, fields: map[string][]string{}, facts: map[string]string{}}
	if err := s.all(); err != nil {
		return f.badJSON(c, j.dec.InputOffset(), err)
	}
	tables, err := s.choose(f)
	if err != nil {
		return err
	}
	if s.missed > 0 {
		f.warn("%d values beside the rows are not kept: lists of unlike values, texts of more than %d bytes, or more than %d", s.missed, maxFact, maxFacts)
	}
	f.format, f.facts = JSON, s.facts
	f.tables = &jsonTables{f: f, c: c, list: tables}
	return nil
}

// badJSON says where a JSON text cannot be read.
func (f *File) badJSON(c charset, offset int64, err error) error {
	_, known := errors.AsType[*FileError](err)
	switch {
	case known || f.in.err != nil:
		return err
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return &FileError{"the JSON ends in the middle", "send the file again, whole"}
	case errors.Is(err, errJSONLong):
		err = fmt.Errorf("a value, a row, or what is between two, is longer than %d bytes", f.limits.Cell)
	}
	line := int64(1)
	text, buf := io.LimitReader(f.text(c), offset), make([]byte, 64<<10)
	for {
		n, readErr := text.Read(buf)
		line += delimited.CountLines(buf[:n])
		if readErr == io.EOF {
			break
		}
		if readErr != nil {
			return readErr
		}
	}
	return &FileError{fmt.Sprintf("line %d: the JSON cannot be read: %v", line, err), jsonShapes}
}

func (s *jsonSurvey) all() error {
	t, err := s.j.token()
	if err != nil {
		return err
	}
	if err := s.value(t, ""); err != nil {
		return err
	}
	switch _, err := s.j.token(); {
	case err == nil:
		return &FileError{"the JSON goes on behind its first value", "put all rows into one list, as in [{…}, {…}]"}
	case err != io.EOF:
		return err
	}
	return nil
}

// value reads the value that begins with t.
func (s *jsonSurvey) value(t json.Token, path string) error {
	switch t {
	case json.Delim('{'):
		for s.j.dec.More() {
			name, err := s.j.key()
			if err != nil {
				return err
			}
			t, err := s.j.token()
			if err != nil {
				return err
			}
			if err := s.value(t, join(path, name)); err != nil {
				return err
			}
		}
		_, err := s.j.token()
		return err
	case json.Delim('['):
		return s.list(path)
	}
	s.fact(path, scalar(t))
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// parent splits a path at its last name.
func parent(path string) (of, name string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}

// fact keeps what the text says beside its rows.
func (s *jsonSurvey) fact(path, value string) {
	switch {
	case value == "" || secret(path):
	case len(s.facts) == maxFacts || len(path) > maxFact || len(value) > maxFact:
		s.missed++
	default:
		s.facts[path] = value
	}
}

// secret reports whether a path is one of what nobody should see in a report.
func secret(path string) bool {
	_, name := parent(strings.ToLower(path))
	for _, s := range []string{"password", "passwd", "secret", "token", "apikey", "api_key", "username"} {
		if strings.Contains(name, s) {
			return true
		}
	}
	return false
}

// list reads the list whose "[" was read. What its first element is decides
// what it may be.
func (s *jsonSurvey) list(path string) error {
	of, name := parent(path)
	if isFields(name) {
		return s.fieldNames(of)
	}
	l := &jsonList{path: path, columns: &jsonColumns{at: map[string]int{}, most: s.limits.Columns}}
	row := &jsonRow{columns: l.columns, most: s.limits.row()}
	var values []string // of a list of values
	size, mixed := 0, false
	for ; s.j.dec.More(); l.rows++ {
		t, err := s.j.token()
		if err != nil {
			return err
		}
		if l.rows >= s.limits.Rows {
			return &FileError{fmt.Sprintf("more than %d rows", s.limits.Rows), "split the file into files of fewer rows"}
		}
		d, _ := t.(json.Delim)
		if l.rows == 0 {
			l.lists = d == '['
		}
		switch {
		case d == 0 && (l.rows == 0 || values != nil):
			if size += len(scalar(t)); size <= maxFact {
				values = append(values, scalar(t))
			}
		case values != nil || l.lists != (d == '['):
			mixed = true
			err = s.j.skip(t)
		case d == '[':
			_, err = row.list(s.j, "")
		default:
			row.reset()
			err = row.object(s.j, "")
		}
		if err != nil {
			return err
		}
	}
	if _, err := s.j.token(); err != nil {
		return err
	}
	switch {
	case mixed || size > maxFact || len(s.lists) == maxJSONLists:
		s.missed++
	case values != nil:
		s.fact(path, strings.Join(values, ", "))
	case l.rows > 0:
		if slices.ContainsFunc(s.lists, func(o *jsonList) bool { return o.path == path }) {
			return &FileError{fmt.Sprintf("the JSON has the list %.80q twice", path), "keep one of them"}
		}
		s.lists = append(s.lists, l)
	}
	return nil
}

func isFields(name string) bool {
	return slices.Contains([]string{"fields", "columns", "header", "headers"}, strings.ToLower(name))
}

// fieldNames reads a list of names, or of objects with a name, that says what
// the values of the rows beside it are.
func (s *jsonSurvey) fieldNames(of string) error {
	names := []string{}
	for s.j.dec.More() {
		if len(names) == s.limits.Columns {
			return fmt.Errorf("more than %d fields", s.limits.Columns)
		}
		t, err := s.j.token()
		if err != nil {
			return err
		}
		name := scalar(t)
		switch t {
		case json.Delim('{'):
			c := &jsonColumns{at: map[string]int{}, most: s.limits.Columns}
			row := &jsonRow{columns: c, most: s.limits.row()}
			if err := row.object(s.j, ""); err != nil {
				return err
			}
			if i, ok := c.at["name"]; ok {
				name = row.cells[i]
			}
		case json.Delim('['):
			if err := s.j.skip(t); err != nil {
				return err
			}
		}
		names = append(names, name)
	}
	s.fields[of] = names
	_, err := s.j.token()
	return err
}

// choose returns the lists that are tables of prices.
func (s *jsonSurvey) choose(f *File) ([]*jsonList, error) {
	var named, prefixed, objects []*jsonList
	for _, l := range s.lists {
		of, _ := parent(l.path)
		l.fields = s.fields[of]
		switch {
		case l.lists && l.fields != nil:
			named = append(named, l)
		case !l.lists && l.hasPrefix():
			prefixed = append(prefixed, l)
		case !l.lists:
			objects = append(objects, l)
		}
	}
	chosen := append(named, prefixed...)
	switch {
	case len(chosen) > 0:
	case len(objects) == 1:
		chosen = objects
	case len(s.lists) == 1:
		chosen = s.lists
	case len(s.lists) == 0:
		return nil, &FileError{"the JSON has no list of rows", jsonShapes}
	default:
		return nil, &FileError{fmt.Sprintf("the JSON has %d lists, none of them with prefixes", len(s.lists)), jsonShapes}
	}
	if len(chosen) > s.limits.Sheets {
		return nil, &FileError{fmt.Sprintf("the JSON has more than %d tables", s.limits.Sheets), "split it into files of fewer tables"}
	}
	for _, l := range s.lists {
		if !slices.Contains(chosen, l) {
			f.warn("%.80q, a list of %d, is passed over: it has no prefixes", l.path, l.rows)
		}
	}
	for _, l := range chosen {
		if !l.lists {
			s.rename(f, l)
		}
	}
	return chosen, nil
}

// hasPrefix reports whether the rows say what numbers they are for.
func (l *jsonList) hasPrefix() bool {
	return slices.ContainsFunc(l.columns.names, func(name string) bool {
		_, name = parent(strings.ToLower(name))
		return strings.Contains(name, "prefix") || slices.Contains([]string{"code", "codes", "dialcode", "dial_code", "dialcodes", "dial_codes"}, name)
	})
}

// spellings are names of price lists that are given as columns have them.
var spellings = []struct{ in, out string }{
	{"friendly_name", "destination"}, {"destination_prefixes", "prefixes"}, {"current_price", "price"}, {"price_unit", "currency"},
}

// rename gives a list of objects the names of columns, and the currency that is
// said once for all of its rows.
func (s *jsonSurvey) rename(f *File, l *jsonList) {
	l.header = slices.Clone(l.columns.names)
	for _, n := range spellings {
		if i := slices.Index(l.header, n.in); i >= 0 && !slices.Contains(l.header, n.out) {
			l.header[i] = n.out
			f.guess("column %q is %q in the file", n.out, n.in)
		}
	}
	if slices.Contains(l.header, "currency") {
		return
	}
	for of := l.path; of != ""; {
		of, _ = parent(of)
		for _, name := range []string{"currency", "price_unit"} {
			if code, ok := s.facts[join(of, name)]; ok {
				l.header, l.currency = append(l.header, "currency"), code
				f.guess("column \"currency\" is %q in all rows: the file says it as %q", code, join(of, name))
				return
			}
		}
	}
}
