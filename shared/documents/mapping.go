package documents

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"
)

var (
	timeType      = reflect.TypeFor[time.Time]()
	marshalText   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshalText = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// kind says how a Go type is kept in a document.
type kind int

const (
	kindString kind = iota + 1
	kindInt
	kindUint
	kindBool
	kindTime
	kindBytes
	kindText
	kindList
	kindMap
	kindStruct
	kindPointer
)

// kindOf decides for both directions, so that what Encode takes Decode returns.
func kindOf(t reflect.Type) (kind, error) {
	if t.Kind() == reflect.Pointer {
		return kindPointer, nil
	}
	if t == timeType {
		return kindTime, nil
	}
	writes, reads := reflect.PointerTo(t).Implements(marshalText), reflect.PointerTo(t).Implements(unmarshalText)
	if writes && reads {
		return kindText, nil
	}
	if writes || reads {
		return 0, fmt.Errorf("%w: %s: want both MarshalText and UnmarshalText, or neither", ErrInvalid, t)
	}
	switch t.Kind() {
	case reflect.String:
		return kindString, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return kindInt, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return kindUint, nil
	case reflect.Bool:
		return kindBool, nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return kindBytes, nil
		}
		return kindList, nil
	case reflect.Map:
		if t.Key().Kind() == reflect.String && !t.Key().Implements(marshalText) {
			return kindMap, nil
		}
	case reflect.Struct:
		return kindStruct, nil
	}
	return 0, fmt.Errorf("%w: %s cannot be kept in a document, want strings, integers, bools, times, bytes, texts, structs, and slices, maps by string and pointers of these", ErrInvalid, t)
}

// field is a struct field with its doc tag.
type field struct {
	name      string
	index     int
	omitEmpty bool
}

// fieldsOf reads the doc tags of a struct type. Nothing is left out silently:
// an exported field has a tag, `doc:"-"` if it is not to be kept.
func fieldsOf(t reflect.Type) ([]field, error) {
	var fields []field
	seen := map[string]bool{}
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, tagged := sf.Tag.Lookup("doc")
		if tag == "-" || !sf.IsExported() && !tagged {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		switch {
		case !sf.IsExported():
			return nil, fmt.Errorf("%w: %s.%s has a doc tag and is not exported", ErrInvalid, t, sf.Name)
		case name == "":
			return nil, fmt.Errorf("%w: %s.%s has no name in a doc tag, want `doc:\"name\"` or `doc:\"-\"`", ErrInvalid, t, sf.Name)
		case option != "" && option != "omitempty":
			return nil, fmt.Errorf("%w: %s.%s: doc tag option %q, want omitempty", ErrInvalid, t, sf.Name, option)
		case seen[name]:
			return nil, fmt.Errorf("%w: %s: two fields with the doc tag %q", ErrInvalid, t, name)
		}
		seen[name] = true
		fields = append(fields, field{name, i, option != ""})
	}
	return fields, nil
}
