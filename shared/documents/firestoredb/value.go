package firestoredb

import (
	"errors"
	"fmt"
	"strings"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/tollbook/tollbook/shared/documents"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// replaces is the field that holds the version which a document replaced.
// Firestore leaves the update time as it is when a write changes nothing; this
// field makes every write a change, so that no version comes back.
const replaces = "_replaces"

// storedName keeps field names apart from replaces: that name, with any number
// of underscores behind it, gets one more.
func storedName(name string) string {
	if strings.TrimRight(name, "_") == replaces {
		return name + "_"
	}
	return name
}

// version is the update time, in a text that loses none of it.
func version(t *timestamppb.Timestamp) documents.Version {
	return documents.Version(t.AsTime().Format(time.RFC3339Nano))
}

// updateTime is the inverse of version; ok is false for what version never writes.
func updateTime(v documents.Version) (t *timestamppb.Timestamp, ok bool) {
	at, err := time.Parse(time.RFC3339Nano, string(v))
	if err != nil {
		return nil, false
	}
	t = timestamppb.New(at)
	return t, t.IsValid() && version(t) == v
}

func toFields(f documents.Fields) (map[string]*pb.Value, error) {
	out := make(map[string]*pb.Value, len(f)+1)
	for name, v := range f {
		var err error
		if out[storedName(name)], err = toValue(v); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

func toValue(v any) (*pb.Value, error) {
	switch v := v.(type) {
	case nil:
		return &pb.Value{ValueType: &pb.Value_NullValue{NullValue: structpb.NullValue_NULL_VALUE}}, nil
	case bool:
		return &pb.Value{ValueType: &pb.Value_BooleanValue{BooleanValue: v}}, nil
	case int64:
		return &pb.Value{ValueType: &pb.Value_IntegerValue{IntegerValue: v}}, nil
	case string:
		return &pb.Value{ValueType: &pb.Value_StringValue{StringValue: v}}, nil
	case time.Time:
		at, err := documents.RoundTime(v)
		return &pb.Value{ValueType: &pb.Value_TimestampValue{TimestampValue: timestamppb.New(at)}}, err
	case []byte:
		return &pb.Value{ValueType: &pb.Value_BytesValue{BytesValue: v}}, nil
	case []any:
		list := make([]*pb.Value, len(v))
		for i := range v {
			var err error
			if list[i], err = toValue(v[i]); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return &pb.Value{ValueType: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: list}}}, nil
	case map[string]any:
		m := make(map[string]*pb.Value, len(v))
		for name := range v {
			var err error
			if m[name], err = toValue(v[name]); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		return &pb.Value{ValueType: &pb.Value_MapValue{MapValue: &pb.MapValue{Fields: m}}}, nil
	}
	return nil, fmt.Errorf("%w: a %T is no document value", documents.ErrInvalid, v)
}

// toDoc reads a document. What this store never writes, a float above all, is
// an error: another program wrote it.
func toDoc(p documents.Path, d *pb.Document) (documents.Doc, error) {
	f := make(documents.Fields, len(d.Fields))
	for name, v := range d.Fields {
		if name == replaces {
			continue
		}
		if strings.TrimRight(name, "_") == replaces {
			name = name[:len(name)-1]
		}
		var err error
		if f[name], err = fromValue(v); err != nil {
			return documents.Doc{}, fmt.Errorf("%s: field %s: %w", p, name, err)
		}
	}
	return documents.Doc{Path: p, Version: version(d.UpdateTime), Fields: f}, nil
}

func fromValue(v *pb.Value) (any, error) {
	switch v := v.GetValueType().(type) {
	case *pb.Value_NullValue:
		return nil, nil
	case *pb.Value_BooleanValue:
		return v.BooleanValue, nil
	case *pb.Value_IntegerValue:
		return v.IntegerValue, nil
	case *pb.Value_StringValue:
		return v.StringValue, nil
	case *pb.Value_TimestampValue:
		return documents.RoundTime(v.TimestampValue.AsTime())
	case *pb.Value_BytesValue:
		return append([]byte{}, v.BytesValue...), nil
	case *pb.Value_ArrayValue:
		list := make([]any, len(v.ArrayValue.GetValues()))
		for i, elem := range v.ArrayValue.GetValues() {
			var err error
			if list[i], err = fromValue(elem); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return list, nil
	case *pb.Value_MapValue:
		m := make(map[string]any, len(v.MapValue.GetFields()))
		for name, elem := range v.MapValue.GetFields() {
			var err error
			if m[name], err = fromValue(elem); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		return m, nil
	case *pb.Value_DoubleValue:
		return nil, errors.New("a floating-point number, which no document of ours holds")
	default:
		return nil, fmt.Errorf("a %T, which no document of ours holds", v)
	}
}
