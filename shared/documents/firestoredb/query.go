package firestoredb

import (
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/tollbook/tollbook/shared/documents"
)

// nameField is the document's name as a field of a query.
const nameField = "__name__"

// structured is the query of a span: its equalities and its range, in the
// order of the range field and then of the ids.
func (s *store) structured(span documents.Span) (*pb.StructuredQuery, error) {
	d := span.Declaration
	var filters []*pb.StructuredQuery_Filter
	filter := func(name string, op pb.StructuredQuery_FieldFilter_Operator, v any) error {
		value, err := toValue(v)
		filters = append(filters, &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_FieldFilter{
			FieldFilter: &pb.StructuredQuery_FieldFilter{Field: field(name), Op: op, Value: value},
		}})
		return err
	}
	for i, name := range d.Equal {
		if err := filter(name, pb.StructuredQuery_FieldFilter_EQUAL, span.Equal[i]); err != nil {
			return nil, err
		}
	}
	if span.From != nil {
		if err := filter(d.Range, pb.StructuredQuery_FieldFilter_GREATER_THAN_OR_EQUAL, span.From); err != nil {
			return nil, err
		}
	}
	if span.To != nil {
		if err := filter(d.Range, pb.StructuredQuery_FieldFilter_LESS_THAN, span.To); err != nil {
			return nil, err
		}
	}
	q := all(d.Collection)
	if d.Range != "" {
		q.OrderBy = append([]*pb.StructuredQuery_Order{ascending(field(d.Range))}, q.OrderBy...)
	}
	if len(filters) > 0 {
		q.Where = &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_CompositeFilter{
			CompositeFilter: &pb.StructuredQuery_CompositeFilter{Op: pb.StructuredQuery_CompositeFilter_AND, Filters: filters},
		}}
	}
	return q, nil
}

// all is the query of a whole collection in the order of its ids.
func all(collection string) *pb.StructuredQuery {
	return &pb.StructuredQuery{
		From:    []*pb.StructuredQuery_CollectionSelector{{CollectionId: collection}},
		OrderBy: []*pb.StructuredQuery_Order{ascending(&pb.StructuredQuery_FieldReference{FieldPath: nameField})},
	}
}

// cursor is the place behind a document, which need not exist any more.
func (s *store) cursor(span documents.Span, at documents.Place) (*pb.Cursor, error) {
	c := &pb.Cursor{}
	if span.Declaration.Range != "" {
		v, err := toValue(at.Value)
		if err != nil {
			return nil, err
		}
		c.Values = append(c.Values, v)
	}
	c.Values = append(c.Values, s.reference(documents.Path{Collection: span.Declaration.Collection, ID: at.ID}))
	return c, nil
}

func (s *store) reference(p documents.Path) *pb.Value {
	return &pb.Value{ValueType: &pb.Value_ReferenceValue{ReferenceValue: s.name(p)}}
}

func ascending(f *pb.StructuredQuery_FieldReference) *pb.StructuredQuery_Order {
	return &pb.StructuredQuery_Order{Field: f, Direction: pb.StructuredQuery_ASCENDING}
}

func field(name string) *pb.StructuredQuery_FieldReference {
	return &pb.StructuredQuery_FieldReference{FieldPath: documents.FieldPath(name)}
}
