package documents

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"time"
)

// Encode turns a struct, or a map by strings, into fields. A struct's fields
// are named by their tags, `doc:"name"`, or `doc:"name,omitempty"` to leave out
// zero values and empty slices and maps; `doc:"-"` is not kept. It takes
// strings, integers, bools, time.Time (rounded to µs), []byte, types with both
// MarshalText and UnmarshalText (as strings), and slices, maps by strings,
// structs and pointers of these. A nil pointer, slice or map in a struct is
// left out; elsewhere it is nil. Everything else, floats and interfaces too,
// and an integer above an int64, is an error wrapping ErrInvalid.
func Encode(v any) (Fields, error) {
	rv := reflect.ValueOf(v)
	for rv.Kind() == reflect.Pointer && !rv.IsNil() {
		rv = rv.Elem()
	}
	if rv.Kind() != reflect.Struct && rv.Kind() != reflect.Map {
		return nil, fmt.Errorf("%w: encode %T: want a struct or a map", ErrInvalid, v)
	}
	encoded, err := encodeValue(rv, 0)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	f, ok := encoded.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: encode %T: want a struct or a map that is not nil", ErrInvalid, v)
	}
	return f, nil
}

func encodeValue(v reflect.Value, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d", ErrInvalid, MaxDepth)
	}
	k, err := kindOf(v.Type())
	if err != nil {
		return nil, err
	}
	switch k {
	case kindPointer:
		if v.IsNil() {
			return nil, nil
		}
		return encodeValue(v.Elem(), depth+1)
	case kindTime:
		return RoundTime(v.Interface().(time.Time))
	case kindText:
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		text, err := p.Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		return string(text), nil
	case kindString:
		return v.String(), nil
	case kindBool:
		return v.Bool(), nil
	case kindInt:
		return v.Int(), nil
	case kindUint:
		if v.Uint() > math.MaxInt64 {
			return nil, fmt.Errorf("%w: %d does not fit into an int64", ErrInvalid, v.Uint())
		}
		return int64(v.Uint()), nil
	case kindStruct:
		return encodeStruct(v, depth)
	}
	if v.IsNil() {
		return nil, nil
	}
	switch k {
	case kindBytes:
		return append([]byte{}, v.Bytes()...), nil
	case kindList:
		list := make([]any, v.Len())
		for i := range list {
			if list[i], err = encodeValue(v.Index(i), depth+1); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return list, nil
	default:
		m := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			name := it.Key().String()
			if m[name], err = encodeValue(it.Value(), depth+1); err != nil {
				return nil, fmt.Errorf("%s: %w", clip(name), err)
			}
		}
		return m, nil
	}
}

func encodeStruct(v reflect.Value, depth int) (any, error) {
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return nil, err
	}
	m := make(map[string]any, len(fields))
	for _, f := range fields {
		fv := v.Field(f.index)
		if f.omitEmpty && empty(fv) {
			continue
		}
		encoded, err := encodeValue(fv, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if encoded != nil {
			m[f.name] = encoded
		}
	}
	return m, nil
}

func empty(v reflect.Value) bool {
	if v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}
