package firestoredb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/tollbook/tollbook/shared/documents"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// exportPage is how many documents Export holds at a time.
const exportPage = 100

// batch gathers documents to be created, as many at a time as a transaction
// may write.
type batch struct {
	store  *store
	send   func(writes []*pb.Write) error
	writes []*pb.Write
	in     map[documents.Path]bool // of this batch: a path twice may not be in one call
	size   int
}

func (b *batch) add(c documents.Checked) error {
	if len(b.writes) == documents.MaxTxWrites || b.size+c.Size > documents.MaxTxBytes || b.in[c.Path] {
		if err := b.flush(); err != nil {
			return err
		}
	}
	w, err := b.store.createWrite(c)
	if err != nil {
		return err
	}
	if b.in == nil {
		b.in = map[documents.Path]bool{}
	}
	b.writes, b.size, b.in[c.Path] = append(b.writes, w), b.size+c.Size, true
	return nil
}

func (b *batch) flush() error {
	if len(b.writes) == 0 {
		return nil
	}
	err := b.send(b.writes)
	b.writes, b.in, b.size = nil, nil, 0
	return err
}

// BulkCreate refuses an invalid document before it writes any.
func (s *store) BulkCreate(ctx context.Context, docs []documents.Doc) error {
	if err := s.bulkCreate(ctx, docs); err != nil {
		return fmt.Errorf("bulk create: %w", err)
	}
	return nil
}

func (s *store) bulkCreate(ctx context.Context, docs []documents.Doc) error {
	ctx, err := s.begin(ctx)
	if err != nil {
		return err
	}
	for _, d := range docs {
		if _, err := s.CheckDoc(d.Path, d.Fields); err != nil {
			return fmt.Errorf("%s: %w", d.Path, err)
		}
	}
	b := batch{store: s, send: func(ws []*pb.Write) error { return s.createEach(ctx, ws) }}
	for _, d := range docs {
		c, err := s.CheckDoc(d.Path, d.Fields)
		if err == nil {
			err = b.add(c)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", d.Path, err)
		}
	}
	return b.flush()
}

// createEach makes the writes, each for itself; one whose document exists is done.
func (s *store) createEach(ctx context.Context, writes []*pb.Write) error {
	return s.repeat(ctx, func() error {
		r, err := s.client.BatchWrite(ctx, &pb.BatchWriteRequest{Database: s.database.name, Writes: writes})
		if err != nil {
			return commitError(ctx, err)
		}
		if len(r.Status) != len(writes) {
			return fmt.Errorf("%w: %d results of %d writes", documents.ErrCommitUnknown, len(r.Status), len(writes))
		}
		var left []*pb.Write
		var errs []error
		for i, st := range r.Status {
			code := codes.Code(st.GetCode())
			if code == codes.OK || code == codes.AlreadyExists {
				continue
			}
			err := fmt.Errorf("%s: %w", writes[i].GetUpdate().GetName(), commitError(ctx, status.ErrorProto(st)))
			if !errors.Is(err, errContention) {
				return err
			}
			left, errs = append(left, writes[i]), append(errs, err)
		}
		writes = left
		return errors.Join(errs...)
	})
}

// Export writes the documents of this namespace, all as they were at one
// instant. The service answers for an instant for one hour.
func (s *store) Export(ctx context.Context, w io.Writer) error {
	ctx, err := s.begin(ctx)
	if err == nil {
		out := bufio.NewWriter(w)
		err = errors.Join(s.export(ctx, out), out.Flush())
	}
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func (s *store) export(ctx context.Context, out *bufio.Writer) error {
	var at *timestamppb.Timestamp
	var line []byte
	for _, collection := range s.Collections() {
		query := all(collection)
		query.Limit = wrapperspb.Int32(exportPage)
		for {
			docs, readTime, err := s.run(ctx, collection, query, at)
			if err != nil {
				return err
			}
			at = readTime
			for _, d := range docs {
				c, err := s.CheckDoc(d.Path, d.Fields)
				if err != nil {
					return fmt.Errorf("%s: %w", d.Path, err)
				}
				line = c.AppendLine(line[:0])
				if _, err := out.Write(line); err != nil {
					return err
				}
			}
			if len(docs) < exportPage {
				break
			}
			query.StartAt = &pb.Cursor{Values: []*pb.Value{s.reference(docs[len(docs)-1].Path)}}
		}
	}
	return nil
}

// Import writes some documents at a time, those of one time all or none. If it
// fails, those of the lines before may have been written: import into an empty
// namespace, and empty it before the next try.
func (s *store) Import(ctx context.Context, r io.Reader) error {
	ctx, err := s.begin(ctx)
	if err == nil {
		b := batch{store: s, send: func(ws []*pb.Write) error {
			return s.repeat(ctx, func() error {
				_, err := s.commit(ctx, nil, ws...)
				return err
			})
		}}
		if err = s.ReadLines(r, b.add); err == nil {
			err = b.flush()
		}
	}
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return nil
}
