package documents

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// errForm says that bytes are not in the one form that encoder writes.
var errForm = errors.New("document is not in the form that Export writes (sorted, without spaces, no key twice)")

// decodeFields reads what encodeFields wrote, and nothing else: a repeated key,
// a float, another spelling of the same value are errors.
func decodeFields(data []byte) (Fields, error) {
	r := reader{string(data)} // of which all strings are parts
	f, err := r.fields(1)
	if err == nil && r.rest != "" {
		err = errForm
	}
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", len(data)-len(r.rest), err)
	}
	return f, nil
}

// reader reads the one form that encoder writes. Documents are read far more
// often than written, so it goes over the bytes once.
type reader struct{ rest string }

// take takes a text off the front, if it is there.
func (r *reader) take(text string) bool {
	rest, ok := strings.CutPrefix(r.rest, text)
	if ok {
		r.rest = rest
	}
	return ok
}

func (r *reader) fields(depth int) (map[string]any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d", ErrInvalid, MaxDepth)
	}
	if !r.take("{") {
		return nil, errForm
	}
	f, last := map[string]any{}, ""
	for !r.take("}") {
		if len(f) > 0 && !r.take(",") {
			return nil, errForm
		}
		name, err := r.text()
		switch {
		case err != nil:
			return nil, err
		case name <= last || !r.take(":"): // the first is after the empty one, which none is
			return nil, errForm
		}
		if err := checkName(name); err != nil {
			return nil, err
		}
		if f[name], err = r.value(depth, false); err != nil {
			return nil, fmt.Errorf("%s: %w", clip(name), err)
		}
		last = name
	}
	return f, nil
}

func (r *reader) value(depth int, inList bool) (any, error) {
	switch {
	case r.rest == "":
		return nil, errForm
	case r.rest[0] == '"':
		return r.text()
	case r.take(`{"map":`):
		f, err := r.fields(depth + 1)
		return f, r.closed(err)
	case r.take(`{"time":`):
		return r.instant()
	case r.take(`{"bytes":`):
		return r.binary()
	case r.take("["):
		return r.list(depth+1, inList)
	case r.take("null"):
		return nil, nil
	case r.take("true"):
		return true, nil
	case r.take("false"):
		return false, nil
	}
	return r.number()
}

// closed takes the end of what a type is told by.
func (r *reader) closed(err error) error {
	if err == nil && !r.take("}") {
		return errForm
	}
	return err
}

func (r *reader) list(depth int, inList bool) (any, error) {
	if inList {
		return nil, fmt.Errorf("%w: a list directly in a list, want a map between them", ErrInvalid)
	}
	if depth > MaxDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d", ErrInvalid, MaxDepth)
	}
	vs := []any{}
	for !r.take("]") {
		if len(vs) > 0 && !r.take(",") {
			return nil, errForm
		}
		v, err := r.value(depth, true)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", len(vs), err)
		}
		vs = append(vs, v)
	}
	return vs, nil
}

func (r *reader) number() (any, error) {
	n := 0
	for n < len(r.rest) && (r.rest[n] == '-' || '0' <= r.rest[n] && r.rest[n] <= '9') {
		n++
	}
	digits := r.rest[:n]
	v, err := strconv.ParseInt(digits, 10, 64)
	if zeros := strings.TrimPrefix(digits, "-"); err != nil || zeros[0] == '0' && digits != "0" {
		return nil, errForm
	}
	r.rest = r.rest[n:]
	return v, nil
}

func (r *reader) instant() (any, error) {
	text, err := r.text()
	if err = r.closed(err); err != nil {
		return nil, err
	}
	t, err := time.Parse(timeLayout, text)
	if err != nil {
		return nil, err
	}
	var again [len(timeLayout) + 4]byte
	if rounded, err := RoundTime(t); err != nil || string(rounded.AppendFormat(again[:0], timeLayout)) != text {
		return nil, errForm
	}
	return t, nil
}

func (r *reader) binary() (any, error) {
	text, err := r.text()
	if err = r.closed(err); err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errForm
	}
	return b, nil
}

// text reads a string. Only quotes, backslashes and what is below a space are
// escaped.
func (r *reader) text() (string, error) {
	if !r.take(`"`) {
		return "", errForm
	}
	n := 0
	for n < len(r.rest) && r.rest[n] != '"' && r.rest[n] != '\\' && r.rest[n] >= ' ' {
		n++
	}
	text := r.rest[:n]
	if r.rest = r.rest[n:]; !r.take(`"`) {
		var err error
		if text, err = r.escaped(text); err != nil {
			return "", err
		}
	}
	if !utf8.ValidString(text) {
		return "", errForm
	}
	return text, nil
}

// escaped reads the rest of a string behind its beginning.
func (r *reader) escaped(begin string) (string, error) {
	b := bytes.NewBufferString(begin)
	for !r.take(`"`) {
		switch {
		case r.take(`\"`):
			b.WriteByte('"')
		case r.take(`\\`):
			b.WriteByte('\\')
		case r.take(`\u00`):
			c := strings.IndexByte(hexDigits, at(r.rest, 0))<<4 | strings.IndexByte(hexDigits, at(r.rest, 1))
			if c < 0 || c >= ' ' {
				return "", errForm
			}
			b.WriteByte(byte(c))
			r.rest = r.rest[2:]
		case at(r.rest, 0) < ' ' || r.rest[0] == '\\':
			return "", errForm
		default:
			b.WriteByte(r.rest[0])
			r.rest = r.rest[1:]
		}
	}
	return b.String(), nil
}

// at returns a byte of s, 0 behind its end.
func at(s string, i int) byte {
	if i >= len(s) {
		return 0
	}
	return s[i]
}
