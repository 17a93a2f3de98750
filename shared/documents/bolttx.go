package documents

import (
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// RunTx runs f once, alone among the writers of the file.
func (s *boltStore) RunTx(ctx context.Context, f func(ctx context.Context, tx Tx) error) error {
	err := s.write(ctx, func(btx *bolt.Tx) error {
		return s.Scope.RunTx(ctx, boltTx{s, btx}, f)
	})
	if err != nil {
		return fmt.Errorf("transaction: %w", err)
	}
	return nil
}

type boltTx struct {
	store *boltStore
	btx   *bolt.Tx
}

func (t boltTx) GetMany(ps []Path) ([]Doc, error) { return t.store.findAll(t.btx, ps) }

func (t boltTx) Create(c Checked) error {
	_, err := t.store.entry(c).create(t.btx)
	return err
}

func (t boltTx) Replace(old Doc, c Checked) error {
	_, err := t.store.replace(t.btx, old, t.store.entry(c))
	return err
}

func (t boltTx) Delete(old Doc) error { return t.store.remove(t.btx, old) }
