package firestoredb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/tollbook/tollbook/shared/documents"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// countAlias names the one number of a count.
const countAlias = "n"

// name is the resource name of a document.
func (s *store) name(p documents.Path) string { return s.parent + "/" + p.Collection + "/" + p.ID }

func (s *store) Get(ctx context.Context, p documents.Path) (documents.Doc, error) {
	docs, err := s.GetMany(ctx, []documents.Path{p})
	if err != nil {
		return documents.Doc{}, err
	}
	if !docs[0].Exists() {
		return documents.Doc{}, fmt.Errorf("get %s: %w", p, documents.ErrNotFound)
	}
	return docs[0], nil
}

// GetMany reads all documents in one call and as of one instant.
func (s *store) GetMany(ctx context.Context, ps []documents.Path) ([]documents.Doc, error) {
	ctx, err := s.begin(ctx)
	if err == nil {
		err = s.CheckPaths(ps)
	}
	var docs []documents.Doc
	if err == nil {
		docs, err = s.batchGet(ctx, ps, &pb.BatchGetDocumentsRequest{}, func([]byte) {})
	}
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	return docs, nil
}

// batchGet reads the documents, each once, and gives begun the transaction
// that the request may have asked for.
func (s *store) batchGet(ctx context.Context, ps []documents.Path, req *pb.BatchGetDocumentsRequest, begun func(id []byte)) ([]documents.Doc, error) {
	docs := make([]documents.Doc, len(ps))
	if len(ps) == 0 {
		return docs, nil
	}
	found := map[string]*pb.Document{}
	req.Database = s.database.name
	for _, p := range ps {
		name := s.name(p)
		if _, twice := found[name]; !twice {
			found[name], req.Documents = nil, append(req.Documents, name)
		}
	}
	stream, err := s.client.BatchGetDocuments(ctx, req)
	if err != nil {
		return nil, readError(ctx, err)
	}
	answers := 0
	err = receive(ctx, stream.Recv, func(r *pb.BatchGetDocumentsResponse) error {
		if len(r.Transaction) > 0 {
			begun(r.Transaction)
		}
		if r.Result == nil {
			return nil
		}
		answers++
		if d := r.GetFound(); d != nil {
			found[d.Name] = d
		}
		return nil
	})
	if err == nil && answers != len(req.Documents) {
		err = fmt.Errorf("%w: %d of %d documents answered", documents.ErrTransient, answers, len(req.Documents))
	}
	if err != nil {
		return nil, err
	}
	for i, p := range ps {
		docs[i].Path = p
		if d := found[s.name(p)]; d != nil {
			if docs[i], err = toDoc(p, d); err != nil {
				return nil, err
			}
		}
	}
	return docs, nil
}

// receive gives each every message of a stream.
func receive[T any](ctx context.Context, next func() (T, error), each func(T) error) error {
	for {
		r, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return readError(ctx, err)
		}
		if err := each(r); err != nil {
			return err
		}
	}
}

func (s *store) Query(ctx context.Context, q documents.Query) (documents.Page, error) {
	ctx, err := s.begin(ctx)
	if err != nil {
		return documents.Page{}, err
	}
	span, after, err := s.CheckPage(q)
	if err != nil {
		return documents.Page{}, err
	}
	query, err := s.structured(span)
	if err != nil {
		return documents.Page{}, err
	}
	if after != nil {
		if query.StartAt, err = s.cursor(span, *after); err != nil {
			return documents.Page{}, err
		}
	}
	// One more than asked for tells whether this is the last page.
	query.Limit = wrapperspb.Int32(int32(q.Limit) + 1)
	docs, _, err := s.run(ctx, span.Declaration.Collection, query, nil)
	if err != nil {
		return documents.Page{}, fmt.Errorf("query %s: %w", q.Name, err)
	}
	if len(docs) <= q.Limit {
		return documents.Page{Docs: docs}, nil
	}
	page := documents.Page{Docs: docs[:q.Limit]}
	if page.Cursor, err = span.Cursor(page.Docs[q.Limit-1]); err != nil {
		return documents.Page{}, fmt.Errorf("query %s: %w", q.Name, err)
	}
	return page, nil
}

// run returns the documents of a query and the instant they were read at, which
// is readTime if given.
func (s *store) run(ctx context.Context, collection string, query *pb.StructuredQuery, readTime *timestamppb.Timestamp) ([]documents.Doc, *timestamppb.Timestamp, error) {
	req := &pb.RunQueryRequest{Parent: s.parent, QueryType: &pb.RunQueryRequest_StructuredQuery{StructuredQuery: query}}
	if readTime != nil {
		req.ConsistencySelector = &pb.RunQueryRequest_ReadTime{ReadTime: readTime}
	}
	stream, err := s.client.RunQuery(ctx, req)
	if err != nil {
		return nil, nil, readError(ctx, err)
	}
	prefix := s.parent + "/" + collection + "/"
	var docs []documents.Doc
	err = receive(ctx, stream.Recv, func(r *pb.RunQueryResponse) error {
		if r.ReadTime != nil {
			readTime = r.ReadTime
		}
		if r.Document == nil {
			return nil
		}
		id, ok := strings.CutPrefix(r.Document.Name, prefix)
		if !ok {
			return fmt.Errorf("the service answered with %q, which is not in %s", r.Document.Name, prefix)
		}
		doc, err := toDoc(documents.Path{Collection: collection, ID: id}, r.Document)
		docs = append(docs, doc)
		return err
	})
	return docs, readTime, err
}

func (s *store) Count(ctx context.Context, q documents.Query) (int64, error) {
	ctx, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	span, err := s.CheckQuery(q)
	if err != nil {
		return 0, err
	}
	query, err := s.structured(span)
	if err != nil {
		return 0, err
	}
	n, err := s.count(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", q.Name, err)
	}
	return n, nil
}

func (s *store) count(ctx context.Context, query *pb.StructuredQuery) (int64, error) {
	stream, err := s.client.RunAggregationQuery(ctx, &pb.RunAggregationQueryRequest{
		Parent: s.parent,
		QueryType: &pb.RunAggregationQueryRequest_StructuredAggregationQuery{
			StructuredAggregationQuery: &pb.StructuredAggregationQuery{
				QueryType: &pb.StructuredAggregationQuery_StructuredQuery{StructuredQuery: query},
				Aggregations: []*pb.StructuredAggregationQuery_Aggregation{{
					Alias:    countAlias,
					Operator: &pb.StructuredAggregationQuery_Aggregation_Count_{Count: &pb.StructuredAggregationQuery_Aggregation_Count{}},
				}},
			},
		},
	})
	if err != nil {
		return 0, readError(ctx, err)
	}
	var answer *pb.Value
	err = receive(ctx, stream.Recv, func(r *pb.RunAggregationQueryResponse) error {
		if v := r.GetResult().GetAggregateFields()[countAlias]; v != nil {
			answer = v
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	n, ok := answer.GetValueType().(*pb.Value_IntegerValue)
	if !ok {
		return 0, fmt.Errorf("the service counted %v, want a whole number", answer)
	}
	return n.IntegerValue, nil
}
