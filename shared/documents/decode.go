package documents

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Decode reads the fields into what v points to, as Encode wrote them; what
// was there before is replaced. A field that the struct does not have, a value
// of another type, and a number that does not fit are errors, and v is left as
// it was; a missing field is the zero value.
func (f Fields) Decode(v any) error {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("decode into %T: want a pointer", v)
	}
	fresh := reflect.New(p.Type().Elem())
	if err := decodeValue(map[string]any(f), fresh.Elem()); err != nil {
		return fmt.Errorf("decode into %T: %w", v, err)
	}
	p.Elem().Set(fresh.Elem())
	return nil
}

// Decode reads the document's fields as Fields.Decode does. A document that
// does not exist is ErrNotFound.
func (d Doc) Decode(v any) error {
	if !d.Exists() {
		return fmt.Errorf("%s: %w", d.Path, ErrNotFound)
	}
	if err := d.Fields.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", d.Path, err)
	}
	return nil
}

// decodeValue sets v, which is zero, to a document value.
func decodeValue(value any, v reflect.Value) error {
	k, err := kindOf(v.Type())
	if err != nil {
		return err
	}
	if value == nil {
		switch k {
		case kindPointer, kindList, kindMap, kindBytes:
			return nil
		}
	}
	switch k {
	case kindPointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decodeValue(value, v.Elem())
	case kindTime:
		return decodeAs(value, func(t time.Time) error { v.Set(reflect.ValueOf(t)); return nil })
	case kindText:
		return decodeAs(value, func(s string) error {
			return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s))
		})
	case kindString:
		return decodeAs(value, func(s string) error { v.SetString(s); return nil })
	case kindBool:
		return decodeAs(value, func(b bool) error { v.SetBool(b); return nil })
	case kindBytes:
		return decodeAs(value, func(b []byte) error { v.SetBytes(append([]byte{}, b...)); return nil })
	case kindInt:
		return decodeAs(value, func(n int64) error {
			if v.OverflowInt(n) {
				return fmt.Errorf("%d does not fit into %s", n, v.Type())
			}
			v.SetInt(n)
			return nil
		})
	case kindUint:
		return decodeAs(value, func(n int64) error {
			if n < 0 || v.OverflowUint(uint64(n)) {
				return fmt.Errorf("%d does not fit into %s", n, v.Type())
			}
			v.SetUint(uint64(n))
			return nil
		})
	case kindList:
		return decodeAs(value, func(list []any) error { return decodeList(list, v) })
	case kindMap:
		return decodeAs(value, func(m map[string]any) error { return decodeMap(m, v) })
	default:
		return decodeAs(value, func(m map[string]any) error { return decodeStruct(m, v) })
	}
}

// decodeAs hands a value of the wanted document type on.
func decodeAs[T any](value any, set func(T) error) error {
	typed, ok := value.(T)
	if !ok {
		return fmt.Errorf("got %T, want %T", value, typed)
	}
	return set(typed)
}

func decodeList(list []any, v reflect.Value) error {
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i := range list {
		if err := decodeValue(list[i], v.Index(i)); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

func decodeMap(m map[string]any, v reflect.Value) error {
	v.Set(reflect.MakeMapWithSize(v.Type(), len(m)))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := decodeValue(m[name], elem); err != nil {
			return fmt.Errorf("%s: %w", clip(name), err)
		}
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), elem)
	}
	return nil
}

func decodeStruct(m map[string]any, v reflect.Value) error {
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(fields))
	for _, f := range fields {
		known[f.name] = true
		value, ok := m[f.name]
		if !ok {
			continue
		}
		if err := decodeValue(value, v.Field(f.index)); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !known[name] {
			return fmt.Errorf("field %q is unknown to %s", clip(name), v.Type())
		}
	}
	return nil
}
