package documents

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf8"
)

// MaxIndexed is the longest string, in bytes, that a field of a declared query
// may hold (Firestore cuts what it indexes there).
const MaxIndexed = 1500

// Tags order values of different types as Firestore does; a range with a bound
// holds only values of the bound's type.
const (
	tagBool   = 1
	tagInt    = 2
	tagTime   = 3
	tagString = 4
)

// appendKey appends a value so that keys sort as values do and no value's key
// begins another's.
func appendKey(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case bool:
		if v {
			return append(dst, tagBool, 1), nil
		}
		return append(dst, tagBool, 0), nil
	case int64:
		return appendOrdered(append(dst, tagInt), v), nil
	case time.Time:
		t, err := RoundTime(v)
		return appendOrdered(append(dst, tagTime), t.UnixMicro()), err
	case string:
		if len(v) > MaxIndexed || !utf8.ValidString(v) {
			return nil, fmt.Errorf("%w: string %q of %d bytes, want UTF-8 of at most %d in a query", ErrInvalid, clip(v), len(v), MaxIndexed)
		}
		dst = append(dst, tagString)
		for i := range len(v) {
			dst = append(dst, v[i])
			if v[i] == 0 {
				dst = append(dst, 0xff)
			}
		}
		return append(dst, 0, 0), nil
	default:
		return nil, fmt.Errorf("%w: %T, want string, int64, bool or time.Time in a query", ErrInvalid, v)
	}
}

func appendOrdered(dst []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(v)^1<<63)
}

// documentKey returns the key of a document; an empty path gives the prefix of
// all keys of the namespace. No name and no id holds a zero byte.
func documentKey(space string, p Path) []byte {
	key := append([]byte(space), 0)
	if p == (Path{}) {
		return key
	}
	key = append(append(key, p.Collection...), 0)
	return append(key, p.ID...)
}

// indexKeys returns the keys under which the declared queries find a document.
func (r *rules) indexKeys(space string, p Path, f Fields) ([][]byte, error) {
	var keys [][]byte
	for _, d := range r.collections[p.Collection] {
		key, missing := append(append([]byte(space), 0), d.Name...), false
		key = append(key, 0)
		for _, name := range d.fields() {
			v, ok := f[name]
			if !ok {
				missing = true
				continue
			}
			var err error
			if key, err = appendKey(key, v); err != nil {
				return nil, fmt.Errorf("field %s of query %s: %w", name, d.Name, err)
			}
		}
		if !missing {
			keys = append(keys, append(key, p.ID...))
		}
	}
	return keys, nil
}

// Span is what a query asks for: the documents from From up to To. In an index
// these are the keys from start up to end.
type Span struct {
	Declaration Declaration
	Equal       []any // a value per equality field of the declaration, in its order
	From, To    any   // of one type; nil = open. Instants are rounded, here and in Equal

	prefix      []byte // of the namespace, the query and its equalities
	start, end  []byte
	fingerprint [8]byte // of all of these: a cursor of another query is refused
}

func (r *rules) span(space string, q Query) (Span, error) {
	d, ok := r.queries[q.Name]
	if !ok {
		return Span{}, fmt.Errorf("%w: query %q is not declared", ErrInvalid, clip(q.Name))
	}
	if len(q.Equal) != len(d.Equal) {
		return Span{}, fmt.Errorf("%w: query %s: %d equalities, want exactly %q", ErrInvalid, d.Name, len(q.Equal), d.Equal)
	}
	key := append(append(append([]byte(space), 0), d.Name...), 0)
	equal := make([]any, len(d.Equal))
	var err error
	for i, name := range d.Equal {
		v, ok := q.Equal[name]
		if !ok {
			return Span{}, fmt.Errorf("%w: query %s: no value for %s, want exactly %q", ErrInvalid, d.Name, name, d.Equal)
		}
		if key, err = appendKey(key, v); err != nil {
			return Span{}, fmt.Errorf("query %s: %s: %w", d.Name, name, err)
		}
		equal[i] = rounded(v)
	}
	s := Span{Declaration: d, Equal: equal, From: rounded(q.From), To: rounded(q.To), prefix: key, start: key, end: after(key)}
	if d.Range == "" && (q.From != nil || q.To != nil) {
		return Span{}, fmt.Errorf("%w: query %s has no range field, want no From and no To", ErrInvalid, d.Name)
	}
	at := len(key) // of the tag of a bound
	if q.To != nil {
		if s.end, err = appendKey(bytes.Clone(key), q.To); err != nil {
			return Span{}, fmt.Errorf("query %s: To: %w", d.Name, err)
		}
		s.start = s.end[: at+1 : at+1]
	}
	if q.From != nil {
		if s.start, err = appendKey(bytes.Clone(key), q.From); err != nil {
			return Span{}, fmt.Errorf("query %s: From: %w", d.Name, err)
		}
		if q.To == nil {
			s.end = after(s.start[:at+1])
		} else if s.start[at] != s.end[at] {
			return Span{}, fmt.Errorf("%w: query %s: From is a %T and To a %T, want one type", ErrInvalid, d.Name, q.From, q.To)
		}
	}
	h := sha256.New()
	for _, b := range [][]byte{s.prefix, s.start, s.end} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	copy(s.fingerprint[:], h.Sum(nil))
	return s, nil
}

// after returns the first key behind all that begin with prefix. A prefix ends
// in a byte below 0xff: a zero, a tag, or the end of a value.
func after(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	for i := len(next) - 1; i >= 0; i-- {
		next[i]++
		if next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil
}

// cursor names the place after a key of the span.
func (s Span) cursor(key []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(s.fingerprint[:], key[len(s.prefix):]...))
}

// resume returns the first key that may follow a cursor. The key that the
// cursor was made of need not exist any more.
func (s Span) resume(cursor string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < len(s.fingerprint) || !bytes.Equal(raw[:len(s.fingerprint)], s.fingerprint[:]) {
		return nil, fmt.Errorf("%w: cursor %q is not of this query, want the one of its page before", ErrInvalid, clip(cursor))
	}
	key := append(bytes.Clone(s.prefix), raw[len(s.fingerprint):]...)
	if bytes.Compare(key, s.start) < 0 || bytes.Compare(key, s.end) >= 0 {
		return nil, fmt.Errorf("%w: cursor %q lies outside its query", ErrInvalid, clip(cursor))
	}
	return append(key, 0), nil
}

// Place is where a page of a query ended.
type Place struct {
	Value any // of the range field; nil if the query has none
	ID    string
}

// Cursor names the place after a document of the span.
func (s Span) Cursor(d Doc) (string, error) {
	key := s.prefix
	if s.Declaration.Range != "" {
		var err error
		if key, err = appendKey(bytes.Clone(key), d.Fields[s.Declaration.Range]); err != nil {
			return "", fmt.Errorf("%s: field %s: %w", d.Path, s.Declaration.Range, err)
		}
	}
	return s.cursor(append(bytes.Clone(key), d.Path.ID...)), nil
}

// place returns what a cursor names.
func (s Span) place(cursor string) (Place, error) {
	key, err := s.resume(cursor)
	if err != nil {
		return Place{}, err
	}
	rest := key[len(s.prefix) : len(key)-1] // resume added a zero
	var at Place
	if s.Declaration.Range != "" {
		if at.Value, rest, err = cutKey(rest); err != nil {
			return Place{}, fmt.Errorf("%w: cursor %q is damaged", err, clip(cursor))
		}
	}
	at.ID = string(rest)
	if _, err := SplitID(at.ID); err != nil {
		return Place{}, fmt.Errorf("cursor %q is damaged: %w", clip(cursor), err)
	}
	return at, nil
}

// cutKey takes the value from the front of what appendKey made.
func cutKey(key []byte) (v any, rest []byte, err error) {
	if len(key) >= 2 && key[0] == tagBool && key[1] <= 1 {
		return key[1] == 1, key[2:], nil
	}
	if len(key) >= 9 && (key[0] == tagInt || key[0] == tagTime) {
		n := int64(binary.BigEndian.Uint64(key[1:]) ^ 1<<63)
		if key[0] == tagInt {
			return n, key[9:], nil
		}
		t, err := RoundTime(time.UnixMicro(n))
		return t, key[9:], err
	}
	if end := bytes.Index(key, []byte{0, 0}); end > 0 && key[0] == tagString {
		text := string(bytes.ReplaceAll(key[1:end], []byte{0, 0xff}, []byte{0}))
		if again, err := appendKey(nil, text); err == nil && bytes.Equal(again, key[:end+2]) {
			return text, key[end+2:], nil
		}
	}
	return nil, nil, ErrInvalid
}

// rounded returns a value that appendKey took as a document would hold it.
func rounded(v any) any {
	if t, ok := v.(time.Time); ok {
		return t.Round(time.Microsecond).UTC()
	}
	return v
}
