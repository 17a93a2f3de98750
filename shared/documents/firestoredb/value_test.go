package firestoredb

import (
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"
	"github.com/tollbook/tollbook/shared/documents"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func double() *pb.Value {
	return &pb.Value{ValueType: &pb.Value_DoubleValue{DoubleValue: 1}}
}

// TestForeignValues: what another program wrote is refused, not guessed at.
func TestForeignValues(t *testing.T) {
	for name, v := range map[string]*pb.Value{
		"float":         double(),
		"float in list": {ValueType: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: []*pb.Value{double()}}}},
		"float in map":  {ValueType: &pb.Value_MapValue{MapValue: &pb.MapValue{Fields: map[string]*pb.Value{"f": double()}}}},
		"reference":     {ValueType: &pb.Value_ReferenceValue{ReferenceValue: "projects/p/databases/d/documents/a/b"}},
		"geo point":     {ValueType: &pb.Value_GeoPointValue{}},
		"nothing":       {},
		"late year": {ValueType: &pb.Value_TimestampValue{
			TimestampValue: timestamppb.New(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)),
		}},
	} {
		d := &pb.Document{Fields: map[string]*pb.Value{"price": v}, UpdateTime: timestamppb.New(time.Unix(1, 0))}
		doc, err := toDoc(documents.Path{Collection: "items", ID: "a"}, d)
		if err == nil || !strings.Contains(err.Error(), "items/a: field price") {
			t.Errorf("%s was read as %v, %v; want an error that names the field", name, doc.Fields, err)
		}
	}
}

// TestFieldNamesAreKeptApart: no field of a document meets the store's own.
func TestFieldNamesAreKeptApart(t *testing.T) {
	f := documents.Fields{replaces: "a", replaces + "_": "b", replaces + "__": "c", "_": "d", "replaces": "e", replaces + "x": "f"}
	stored, err := toFields(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, taken := stored[replaces]; taken || len(stored) != len(f) {
		t.Errorf("stored as %v", stored)
	}
	stored[replaces] = double() // read by nobody
	doc, err := toDoc(documents.Path{}, &pb.Document{Fields: stored, UpdateTime: timestamppb.New(time.Unix(1, 0))})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, doc.Fields); diff != "" {
		t.Errorf("fields differ (-want +got):\n%s", diff)
	}
}

// FuzzVersion: a text is no version, or it is the one of the time it stands for.
func FuzzVersion(f *testing.F) {
	for _, s := range []string{"", "1", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00.000001Z", "2026-11-01T00:00:00.123456789Z",
		"2026-11-01T00:00:00.10Z", "2026-11-01T01:00:00+01:00", "0000-01-01T00:00:00Z", "2026-11-01T00:00:00,5Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, ok := updateTime(documents.Version(text))
		if ok && string(version(at)) != text {
			t.Fatalf("%q was read as %v, which is written %q", text, at, version(at))
		}
	})
}

func TestVersionLosesNothing(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(1763790000, 1000), time.Unix(1763790000, 123456789), time.Unix(1763790000, 100)} {
		v := version(timestamppb.New(at))
		if back, ok := updateTime(v); !ok || !back.AsTime().Equal(at) {
			t.Errorf("%v is version %q, which is read as %v, %t", at, v, back, ok)
		}
	}
}
