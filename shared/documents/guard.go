package documents

import (
	"context"
	"errors"
	"fmt"
)

// TxStore is what a store does for a transaction whose rules are kept: GetMany
// returns a Doc per path; Replace and Delete get the document as it was read.
type TxStore interface {
	GetMany(ps []Path) ([]Doc, error)
	Create(c Checked) error
	Replace(old Doc, c Checked) error
	Delete(old Doc) error
}

// RunTx calls f once with a Tx over a store, and holds f to the rules of a
// transaction. The context given to f is refused by every Store. It returns
// f's error, or else the first one of the transaction.
func (s Scope) RunTx(ctx context.Context, store TxStore, f func(ctx context.Context, tx Tx) error) error {
	g := &guard{scope: s, store: store, ctx: ctx, read: map[Path]Doc{}, written: map[Path]bool{}}
	defer func() { g.err = errors.New("the transaction is over") }()
	if err := f(context.WithValue(ctx, inTx{}, true), g); err != nil {
		return err
	}
	return g.err
}

// guard is a Tx. The first error other than a document not found stays: the
// transaction fails with it even if its function goes on.
type guard struct {
	scope   Scope
	store   TxStore
	ctx     context.Context
	read    map[Path]Doc // every document found
	written map[Path]bool
	size    int
	err     error
}

func (g *guard) fail(doing string, err error) error {
	g.err = fmt.Errorf("%s: %w", doing, err)
	return g.err
}

// begin returns why nothing more may be done, if so.
func (g *guard) begin() error {
	if g.err != nil {
		return fmt.Errorf("%w: the transaction has failed or ended: %w", ErrInvalid, g.err)
	}
	if err := g.ctx.Err(); err != nil {
		return g.fail("transaction", err)
	}
	return nil
}

func (g *guard) Get(p Path) (Doc, error) {
	docs, err := g.GetMany([]Path{p})
	if err != nil {
		return Doc{}, err
	}
	if !docs[0].Exists() {
		return Doc{}, fmt.Errorf("get %s: %w", p, ErrNotFound)
	}
	return docs[0], nil
}

func (g *guard) GetMany(ps []Path) ([]Doc, error) {
	if err := g.begin(); err != nil {
		return nil, err
	}
	if len(g.written) > 0 {
		return nil, g.fail("get", fmt.Errorf("%w: a read after a write in a transaction", ErrInvalid))
	}
	if err := g.scope.checkPaths(ps); err != nil {
		return nil, g.fail("get", err)
	}
	docs, err := g.store.GetMany(ps)
	if err != nil {
		return nil, g.fail("get", err)
	}
	for _, d := range docs {
		if d.Exists() {
			g.read[d.Path] = d
		}
	}
	return docs, nil
}

func (g *guard) Create(p Path, f Fields) error {
	return g.change("create", p, f, false, g.store.Create)
}

func (g *guard) Put(p Path, f Fields) error {
	return g.change("put", p, f, true, func(c Checked) error { return g.store.Replace(g.read[p], c) })
}

func (g *guard) Delete(p Path) error {
	return g.change("delete", p, nil, true, func(Checked) error { return g.store.Delete(g.read[p]) })
}

// change makes one write if the rules of a transaction allow it.
func (g *guard) change(verb string, p Path, f Fields, mustRead bool, write func(Checked) error) error {
	if err := g.begin(); err != nil {
		return err
	}
	doing := verb + " " + p.String()
	c, err := g.scope.CheckDoc(p, f)
	if err != nil {
		return g.fail(doing, err)
	}
	if _, found := g.read[p]; mustRead && !found {
		return g.fail(doing, fmt.Errorf("%w: this transaction has not read and found it", ErrInvalid))
	}
	if g.written[p] {
		return g.fail(doing, fmt.Errorf("%w: a second write of a document in a transaction", ErrInvalid))
	}
	if len(g.written) == MaxTxWrites {
		return g.fail(doing, fmt.Errorf("%w: more than %d writes in a transaction", ErrInvalid, MaxTxWrites))
	}
	if g.size += c.Size; g.size > MaxTxBytes {
		return g.fail(doing, fmt.Errorf("%w: %d encoded bytes in a transaction, want at most %d", ErrInvalid, g.size, MaxTxBytes))
	}
	g.written[p] = true
	if err := write(c); err != nil {
		return g.fail(doing, err)
	}
	return nil
}
