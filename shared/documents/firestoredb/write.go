package firestoredb

import (
	"context"
	"fmt"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/tollbook/tollbook/shared/documents"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// createWrite, replaceWrite and deleteWrite are all that ever changes a
// document. Each says what it expects to find.
func (s *store) createWrite(c documents.Checked) (*pb.Write, error) {
	f, err := toFields(c.Fields)
	return &pb.Write{
		Operation:       &pb.Write_Update{Update: &pb.Document{Name: s.name(c.Path), Fields: f}},
		CurrentDocument: &pb.Precondition{ConditionType: &pb.Precondition_Exists{Exists: false}},
	}, err
}

func (s *store) replaceWrite(c documents.Checked, at *timestamppb.Timestamp) (*pb.Write, error) {
	f, err := toFields(c.Fields)
	if err != nil {
		return nil, err
	}
	f[replaces] = &pb.Value{ValueType: &pb.Value_StringValue{StringValue: string(version(at))}}
	return &pb.Write{
		Operation:       &pb.Write_Update{Update: &pb.Document{Name: s.name(c.Path), Fields: f}},
		CurrentDocument: updatedAt(at),
	}, nil
}

func (s *store) deleteWrite(p documents.Path, at *timestamppb.Timestamp) *pb.Write {
	return &pb.Write{Operation: &pb.Write_Delete{Delete: s.name(p)}, CurrentDocument: updatedAt(at)}
}

func updatedAt(at *timestamppb.Timestamp) *pb.Precondition {
	return &pb.Precondition{ConditionType: &pb.Precondition_UpdateTime{UpdateTime: at}}
}

// commit makes the writes, all or none, inside a transaction if one is named.
func (s *store) commit(ctx context.Context, transaction []byte, writes ...*pb.Write) (*pb.CommitResponse, error) {
	r, err := s.client.Commit(ctx, &pb.CommitRequest{Database: s.database.name, Transaction: transaction, Writes: writes})
	if err != nil {
		return nil, commitError(ctx, err)
	}
	return r, nil
}

// write makes one write on its own and returns the document's version.
func (s *store) write(ctx context.Context, w *pb.Write) (v documents.Version, err error) {
	err = s.repeat(ctx, func() error {
		r, err := s.commit(ctx, nil, w)
		if err != nil {
			return err
		}
		if len(r.WriteResults) != 1 {
			return fmt.Errorf("%w: %d results of one write", documents.ErrCommitUnknown, len(r.WriteResults))
		}
		v = version(r.WriteResults[0].GetUpdateTime())
		return nil
	})
	return v, err
}

func (s *store) Create(ctx context.Context, p documents.Path, f documents.Fields) (documents.Version, error) {
	v, err := s.create(ctx, p, f)
	if err != nil {
		return "", fmt.Errorf("create %s: %w", p, err)
	}
	return v, nil
}

func (s *store) create(ctx context.Context, p documents.Path, f documents.Fields) (documents.Version, error) {
	ctx, err := s.begin(ctx)
	if err != nil {
		return "", err
	}
	c, err := s.CheckDoc(p, f)
	if err != nil {
		return "", err
	}
	w, err := s.createWrite(c)
	if err != nil {
		return "", err
	}
	return s.write(ctx, w)
}

func (s *store) Replace(ctx context.Context, p documents.Path, f documents.Fields, v documents.Version) (documents.Version, error) {
	next, err := s.change(ctx, p, f, v, s.replaceWrite)
	if err != nil {
		return "", fmt.Errorf("replace %s: %w", p, err)
	}
	return next, nil
}

func (s *store) Delete(ctx context.Context, p documents.Path, v documents.Version) error {
	_, err := s.change(ctx, p, nil, v, func(_ documents.Checked, at *timestamppb.Timestamp) (*pb.Write, error) {
		return s.deleteWrite(p, at), nil
	})
	if err != nil {
		return fmt.Errorf("delete %s: %w", p, err)
	}
	return nil
}

// change makes a write of a document that must have version v.
func (s *store) change(ctx context.Context, p documents.Path, f documents.Fields, v documents.Version,
	write func(documents.Checked, *timestamppb.Timestamp) (*pb.Write, error),
) (documents.Version, error) {
	ctx, err := s.begin(ctx)
	if err != nil {
		return "", err
	}
	c, err := s.CheckDoc(p, f)
	if err != nil {
		return "", err
	}
	if v == "" {
		return "", fmt.Errorf("%w: no version given", documents.ErrInvalid)
	}
	at, ok := updateTime(v)
	if !ok {
		return "", s.mismatch(ctx, p, v)
	}
	w, err := write(c, at)
	if err != nil {
		return "", err
	}
	next, err := s.write(ctx, w)
	if missed(err) {
		return "", s.mismatch(ctx, p, v)
	}
	return next, err
}

// mismatch tells a document that has changed from one that is not there: the
// service answers both alike.
func (s *store) mismatch(ctx context.Context, p documents.Path, v documents.Version) error {
	docs, err := s.batchGet(ctx, []documents.Path{p}, &pb.BatchGetDocumentsRequest{}, func([]byte) {})
	if err != nil {
		return err
	}
	if !docs[0].Exists() {
		return documents.ErrNotFound
	}
	return fmt.Errorf("%w: it has version %s, not %.40q", documents.ErrConflict, docs[0].Version, v)
}
