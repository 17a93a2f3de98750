package documents

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	// MaxDepth is how deep values may be nested (Firestore: 20).
	MaxDepth = 20
	// MaxField is the longest field name or map key in bytes (Firestore: 1,500).
	MaxField = 1500
	// overhead bounds what Firestore adds to a document: its path, a namespace.
	overhead = 512

	timeLayout = "2006-01-02T15:04:05.000000Z"
)

// encoder writes values as JSON of one form only: keys sorted, no spaces,
// int64 as a number, and {"time":…}, {"bytes":…}, {"map":…} for the types that
// JSON does not have. Equal values are equal bytes.
type encoder struct {
	buf  []byte
	size int // what Firestore counts for the same values
}

// encodeFields returns the stored form of a document's content and how much of
// the limits it takes: the larger of its JSON and of what Firestore would
// count, so that all stores refuse the same documents.
func encodeFields(p Path, f Fields) (data []byte, size int, err error) {
	e := encoder{size: overhead + len(p.Collection) + len(p.ID)}
	if err := e.fields(f, 1); err != nil {
		return nil, 0, err
	}
	size = max(len(e.buf), e.size)
	if size > MaxDocument {
		return nil, 0, fmt.Errorf("%w: document of %d encoded bytes, want at most %d", ErrInvalid, size, MaxDocument)
	}
	return e.buf, size, nil
}

func (e *encoder) fields(f map[string]any, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("%w: nested deeper than %d", ErrInvalid, MaxDepth)
	}
	e.buf = append(e.buf, '{')
	for i, name := range slices.Sorted(maps.Keys(f)) {
		if err := checkName(name); err != nil {
			return err
		}
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = appendString(e.buf, name)
		e.buf = append(e.buf, ':')
		e.size += len(name) + 1
		if err := e.value(f[name], depth, false); err != nil {
			return fmt.Errorf("%s: %w", clip(name), err)
		}
	}
	e.buf = append(e.buf, '}')
	return nil
}

func checkName(name string) error {
	if name == "" || len(name) > MaxField || reserved(name) || !utf8.ValidString(name) {
		return fmt.Errorf("%w: field name %q: want UTF-8 of 1 to %d bytes, not __x__", ErrInvalid, clip(name), MaxField)
	}
	return nil
}

func (e *encoder) value(v any, depth int, inList bool) error {
	switch v := v.(type) {
	case nil:
		e.size++
		e.buf = append(e.buf, "null"...)
	case bool:
		e.size++
		e.buf = strconv.AppendBool(e.buf, v)
	case int64:
		e.size += 8
		e.buf = strconv.AppendInt(e.buf, v, 10)
	case string:
		if !utf8.ValidString(v) {
			return fmt.Errorf("%w: string %q is not UTF-8", ErrInvalid, clip(v))
		}
		e.size += len(v) + 1
		e.buf = appendString(e.buf, v)
	case time.Time:
		t, err := RoundTime(v)
		if err != nil {
			return err
		}
		e.size += 8
		e.buf = append(e.buf, `{"time":"`...)
		e.buf = t.AppendFormat(e.buf, timeLayout)
		e.buf = append(e.buf, `"}`...)
	case []byte:
		e.size += len(v)
		e.buf = append(e.buf, `{"bytes":"`...)
		e.buf = base64.StdEncoding.AppendEncode(e.buf, v)
		e.buf = append(e.buf, `"}`...)
	case map[string]any:
		e.buf = append(e.buf, `{"map":`...)
		if err := e.fields(v, depth+1); err != nil {
			return err
		}
		e.buf = append(e.buf, '}')
	case []any:
		return e.list(v, depth+1, inList)
	default:
		return fmt.Errorf("%w: a %T is no document value, want what Encode makes: string, int64, bool, time.Time, []byte, []any, map[string]any or nil", ErrInvalid, v)
	}
	return nil
}

// list refuses a list as the element of a list: Firestore cannot store it.
func (e *encoder) list(vs []any, depth int, inList bool) error {
	if inList {
		return fmt.Errorf("%w: a list directly in a list, want a map between them", ErrInvalid)
	}
	if depth > MaxDepth {
		return fmt.Errorf("%w: nested deeper than %d", ErrInvalid, MaxDepth)
	}
	e.buf = append(e.buf, '[')
	for i, v := range vs {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		if err := e.value(v, depth, true); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	e.buf = append(e.buf, ']')
	return nil
}

// RoundTime returns t as every store keeps it: in UTC, rounded to µs (half up).
// A year other than 1 to 9999 is an error wrapping ErrInvalid.
func RoundTime(t time.Time) (time.Time, error) {
	r := t.Round(time.Microsecond).UTC()
	if r.Year() < 1 || r.Year() > 9999 {
		return time.Time{}, fmt.Errorf("%w: instant in the year %d, want 1 to 9999", ErrInvalid, r.Year())
	}
	return r, nil
}

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
