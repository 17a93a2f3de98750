package documents

import (
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// RunTx runs f once, alone among the writers of the file.
func (s *boltStore) RunTx(ctx context.Context, f func(ctx context.Context, tx Tx) error) error {
	err := s.write(ctx, func(btx *bolt.Tx) error {
		tx := &boltTx{store: s, btx: btx, ctx: ctx, read: map[Path]Doc{}, written: map[Path]bool{}}
		defer func() { tx.err = errors.New("the transaction is over") }()
		if err := f(context.WithValue(ctx, inTx{}, true), tx); err != nil {
			return err
		}
		return tx.err
	})
	if err != nil {
		return fmt.Errorf("transaction: %w", err)
	}
	return nil
}

// boltTx is a Tx. The first error other than a document not found stays: the
// transaction fails with it even if its function goes on.
type boltTx struct {
	store   *boltStore
	btx     *bolt.Tx
	ctx     context.Context
	read    map[Path]Doc // every document found
	written map[Path]bool
	size    int
	err     error
}

func (t *boltTx) fail(doing string, err error) error {
	t.err = fmt.Errorf("%s: %w", doing, err)
	return t.err
}

// begin returns why nothing more may be done, if so.
func (t *boltTx) begin() error {
	if t.err != nil {
		return fmt.Errorf("%w: the transaction has failed or ended: %w", ErrInvalid, t.err)
	}
	if err := t.ctx.Err(); err != nil {
		return t.fail("transaction", err)
	}
	return nil
}

func (t *boltTx) Get(p Path) (Doc, error) {
	docs, err := t.GetMany([]Path{p})
	if err != nil {
		return Doc{}, err
	}
	if !docs[0].Exists() {
		return Doc{}, fmt.Errorf("get %s: %w", p, ErrNotFound)
	}
	return docs[0], nil
}

func (t *boltTx) GetMany(ps []Path) ([]Doc, error) {
	if err := t.begin(); err != nil {
		return nil, err
	}
	if len(t.written) > 0 {
		return nil, t.fail("get", fmt.Errorf("%w: a read after a write in a transaction", ErrInvalid))
	}
	if err := t.store.rules.checkPaths(ps); err != nil {
		return nil, t.fail("get", err)
	}
	docs := make([]Doc, len(ps))
	for i, p := range ps {
		var err error
		if docs[i], err = t.store.find(t.btx, p); err != nil {
			return nil, t.fail("get", err)
		}
		if docs[i].Exists() {
			t.read[p] = docs[i]
		}
	}
	return docs, nil
}

func (t *boltTx) Create(p Path, f Fields) error {
	return t.change("create", p, f, false, func(e entry) error {
		_, err := e.create(t.btx)
		return err
	})
}

func (t *boltTx) Put(p Path, f Fields) error {
	return t.change("put", p, f, true, func(e entry) error {
		_, err := t.store.replace(t.btx, t.read[p], e)
		return err
	})
}

func (t *boltTx) Delete(p Path) error {
	return t.change("delete", p, nil, true, func(entry) error {
		return t.store.remove(t.btx, t.read[p])
	})
}

// change makes one write if the rules of a transaction allow it.
func (t *boltTx) change(verb string, p Path, f Fields, mustRead bool, write func(entry) error) error {
	if err := t.begin(); err != nil {
		return err
	}
	doing := verb + " " + p.String()
	e, err := t.store.entry(p, f)
	if err != nil {
		return t.fail(doing, err)
	}
	if _, found := t.read[p]; mustRead && !found {
		return t.fail(doing, fmt.Errorf("%w: this transaction has not read and found it", ErrInvalid))
	}
	if t.written[p] {
		return t.fail(doing, fmt.Errorf("%w: a second write of a document in a transaction", ErrInvalid))
	}
	if len(t.written) == MaxTxWrites {
		return t.fail(doing, fmt.Errorf("%w: more than %d writes in a transaction", ErrInvalid, MaxTxWrites))
	}
	if t.size += e.size; t.size > MaxTxBytes {
		return t.fail(doing, fmt.Errorf("%w: %d encoded bytes in a transaction, want at most %d", ErrInvalid, t.size, MaxTxBytes))
	}
	t.written[p] = true
	if err := write(e); err != nil {
		return t.fail(doing, err)
	}
	return nil
}
