package firestoredb

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/tollbook/tollbook/shared/documents"
)

// rollbackWait bounds how long a failed transaction waits to let go of its locks.
const rollbackWait = 5 * time.Second

// RunTx runs f again, a bounded number of times, when the transaction loses
// against others. A transaction that loses every time is ErrTransient.
func (s *store) RunTx(ctx context.Context, f func(ctx context.Context, tx documents.Tx) error) error {
	rpc, err := s.begin(ctx)
	if err == nil {
		var previous []byte
		err = s.repeat(ctx, func() error {
			t := &transaction{store: s, ctx: rpc, previous: previous}
			err := t.run(ctx, f)
			previous = t.id
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("transaction: %w", err)
	}
	return nil
}

// transaction is one attempt. It begins with its first read; without a read it
// is nothing but its writes.
type transaction struct {
	store    *store
	ctx      context.Context
	previous []byte // the attempt before, to which the service gives precedence
	id       []byte
	writes   []*pb.Write
	lost     error // the read that failed by contention
}

func (t *transaction) run(ctx context.Context, f func(ctx context.Context, tx documents.Tx) error) error {
	err := t.store.Scope.RunTx(ctx, t, f)
	if t.lost != nil {
		err = t.lost
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = t.commit()
	}
	if err != nil {
		t.rollback()
	}
	return err
}

func (t *transaction) commit() error {
	if t.id == nil && len(t.writes) == 0 {
		return nil
	}
	_, err := t.store.commit(t.ctx, t.id, t.writes...)
	if t.id != nil && missed(err) {
		// Each version was read in this very transaction.
		err = fmt.Errorf("%w: %w", errContention, err)
	}
	return err
}

// rollback lets go of the locks, which a commit that did not arrive still
// holds; a commit that did arrive stays. If it fails, the service lets go by
// itself once the transaction has been idle for a minute.
func (t *transaction) rollback() {
	if t.id == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), rollbackWait)
	defer cancel()
	_ = t.store.client.Rollback(ctx, &pb.RollbackRequest{Database: t.store.database.name, Transaction: t.id})
}

func (t *transaction) GetMany(ps []documents.Path) ([]documents.Doc, error) {
	req := &pb.BatchGetDocumentsRequest{ConsistencySelector: &pb.BatchGetDocumentsRequest_Transaction{Transaction: t.id}}
	if t.id == nil {
		req.ConsistencySelector = &pb.BatchGetDocumentsRequest_NewTransaction{NewTransaction: &pb.TransactionOptions{
			Mode: &pb.TransactionOptions_ReadWrite_{ReadWrite: &pb.TransactionOptions_ReadWrite{RetryTransaction: t.previous}},
		}}
	}
	docs, err := t.store.batchGet(t.ctx, ps, req, func(id []byte) { t.id = id })
	if errors.Is(err, errContention) {
		t.lost = err
	}
	return docs, err
}

func (t *transaction) add(w *pb.Write, err error) error {
	t.writes = append(t.writes, w)
	return err
}

func (t *transaction) Create(c documents.Checked) error { return t.add(t.store.createWrite(c)) }

func (t *transaction) Replace(old documents.Doc, c documents.Checked) error {
	at, _ := updateTime(old.Version)
	return t.add(t.store.replaceWrite(c, at))
}

func (t *transaction) Delete(old documents.Doc) error {
	at, _ := updateTime(old.Version)
	return t.add(t.store.deleteWrite(old.Path, at), nil)
}
