package cases

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/money"
)

// fields is an object of a case; what nobody reads of it fails the case.
// Where a method takes several names, they are other names of one field.
type fields struct {
	q      *question
	path   string
	values map[string]any
	read   map[string]bool
}

func (q *question) fieldsOf(path string, values map[string]any) *fields {
	f := &fields{q: q, path: path, values: values, read: map[string]bool{}}
	q.all = append(q.all, f)
	return f
}

func (f *fields) value(names ...string) (v any, name string, ok bool) {
	for _, n := range names {
		got, there := f.values[n]
		if !there {
			continue
		}
		if ok {
			f.q.badf("%s%s and %s%s say the same", f.path, name, f.path, n)
		}
		f.read[n] = true
		v, name, ok = got, n, true
	}
	return v, name, ok
}

func (f *fields) has(name string) bool {
	_, there := f.values[name]
	return there
}

// plain returns a string or a number as its text.
func plain(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

func (f *fields) text(names ...string) (string, bool) {
	v, name, ok := f.value(names...)
	if !ok {
		return "", false
	}
	s, isText := plain(v)
	if !isText {
		f.q.badf("%s%s: %v, want a text or a number", f.path, name, v)
	}
	return s, isText
}

func (f *fields) amount(names ...string) (money.Amount, bool) {
	v, name, ok := f.value(names...)
	if !ok {
		return money.Amount{}, false
	}
	return f.number(name, v)
}

func (f *fields) number(name string, v any) (money.Amount, bool) {
	s, _ := plain(v)
	a, err := money.Parse(s)
	if err != nil {
		f.q.badf("%s%s: %v: %v", f.path, name, v, err)
	}
	return a, err == nil
}

func (f *fields) amountOr(otherwise money.Amount, names ...string) money.Amount {
	if a, ok := f.amount(names...); ok {
		return a
	}
	return otherwise
}

// count reads a whole number, 0 or more.
func (f *fields) count(names ...string) (uint64, bool) {
	s, ok := f.text(names...)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		f.q.badf("%s%s: %v", f.path, names[0], err)
	}
	return n, err == nil
}

func (f *fields) countOr(otherwise uint64, names ...string) uint64 {
	if n, ok := f.count(names...); ok {
		return n
	}
	return otherwise
}

func (f *fields) flag(names ...string) bool {
	v, name, ok := f.value(names...)
	switch {
	case !ok || v == false || v == json.Number("0"):
		return false
	case v == true || v == json.Number("1"):
		return true
	}
	f.q.badf("%s%s: %v, want true or false", f.path, name, v)
	return false
}

// list reads a list, or a single value as a list of one.
func (f *fields) list(names ...string) ([]any, bool) {
	v, _, ok := f.value(names...)
	if l, many := v.([]any); many {
		return l, ok
	}
	return []any{v}, ok
}

func (f *fields) object(names ...string) (*fields, bool) {
	v, name, ok := f.value(names...)
	if !ok {
		return nil, false
	}
	m, isObject := v.(map[string]any)
	if !isObject {
		f.q.badf("%s%s: want an object", f.path, name)
		return nil, false
	}
	return f.q.fieldsOf(f.path+name+".", m), true
}

func (f *fields) objects(names ...string) []*fields {
	v, name, ok := f.value(names...)
	if !ok {
		return nil
	}
	l, _ := v.([]any)
	var out []*fields
	for i, item := range l {
		if m, isObject := item.(map[string]any); isObject {
			out = append(out, f.q.fieldsOf(f.path+name+"["+strconv.Itoa(i)+"].", m))
		}
	}
	if len(l) == 0 || len(out) != len(l) {
		f.q.badf("%s%s: want a list of objects", f.path, name)
	}
	return out
}

// needs reads fields that the product has no word for. With a value that says
// "none of it" they ask nothing.
func (f *fields) needs(names ...string) {
	for _, name := range names {
		if v, _, ok := f.value(name); ok && !isNone(v) {
			f.q.need(name)
		}
	}
}

func isNone(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	s, _ := plain(v)
	a, err := money.Parse(s)
	return s == "" || s == "none" || err == nil && a.IsZero()
}

// rounding reads a method by any of its names.
func (f *fields) rounding(otherwise money.Rounding, names ...string) money.Rounding {
	s, ok := f.text(names...)
	if !ok {
		return otherwise
	}
	switch s = strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(strings.TrimPrefix(s, "*"))); s {
	case "middle", "round", "halfup": // CGRateS, Sippy
		s = "half-up"
	case "halfdown":
		s = "half-down"
	case "round-up", "roundup", "full-up":
		s = "up"
	case "round-down", "rounddown", "full-down":
		s = "down"
	}
	r, err := money.ParseRounding(s)
	if err != nil {
		f.q.badf("%s%s: %v", f.path, names[0], err)
	}
	return r
}

// wantAmount compares an answer, as a number, with what is expected of it.
func (q *question) wantAmount(got money.Amount, names ...string) { q.wantTimes(got, 1, names...) }

// wantTimes compares an answer with what is expected in a unit so many times
// as large.
func (q *question) wantTimes(got money.Amount, unit int64, names ...string) {
	for _, name := range names {
		want, ok := q.want.amount(name)
		if !ok {
			continue
		}
		inUnits, err := want.Mul(money.New(unit, 0))
		if q.check(err) && !inUnits.Equal(got) {
			q.wrongf("%s: got %s, want %s (in units of %d)", name, got, want, unit)
		}
	}
}

// wantText compares texts; other spellings of the same answer may be given.
func (q *question) wantText(name string, spellings ...string) {
	v, _, ok := q.want.value(name)
	if !ok {
		return
	}
	q.sameText(name, v, spellings)
}

func (q *question) sameText(name string, v any, spellings []string) {
	s, _ := plain(v)
	s = strings.ReplaceAll(strings.ToLower(s), "_", " ")
	if !slices.Contains(spellings, s) {
		q.wrongf("%s: got %q, want %v", name, spellings, v)
	}
}

// decimals returns how many decimals an answer is rounded to: those asked for,
// else those of the expected figure (semantics 10.35).
func (q *question) decimals(asked []string, expected ...string) int {
	if n, ok := q.in.count(asked...); ok {
		return int(n)
	}
	most := 0
	for _, name := range expected {
		if v, there := q.want.values[name]; there {
			if a, ok := q.want.number(name, v); ok {
				most = max(most, a.Decimals())
			}
		}
	}
	return most
}
