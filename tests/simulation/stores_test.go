package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// docStore is a documents.Store under the scheduler. Export, Import, Count
// and Namespace, which the pipeline does not use, pass through.
type docStore struct {
	documents.Store
	s *scheduler
}

// write makes a call with an effect; what names no effect of its own is told.
func (d docStore) write(op, key string, effect func() error) error {
	f := d.s.point(op, key, before, crash, unknown, lost)
	switch f {
	case before:
		return fmt.Errorf("simulated: %w", documents.ErrTransient)
	case lost:
		return fmt.Errorf("simulated, not done: %w", documents.ErrCommitUnknown)
	}
	d.s.writes++
	err := effect()
	if f == crash {
		panic(crashed{})
	}
	if err == nil && f == unknown {
		return fmt.Errorf("simulated, done: %w", documents.ErrCommitUnknown)
	}
	return err
}

func (d docStore) read(op, key string) error {
	switch d.s.point(op, key, before, crash) {
	case before:
		return fmt.Errorf("simulated: %w", documents.ErrTransient)
	case crash:
		panic(crashed{})
	}
	return nil
}

func (d docStore) Get(ctx context.Context, p documents.Path) (documents.Doc, error) {
	if err := d.read("Get", p.String()); err != nil {
		return documents.Doc{}, err
	}
	return d.Store.Get(ctx, p)
}

func (d docStore) GetMany(ctx context.Context, ps []documents.Path) ([]documents.Doc, error) {
	if err := d.read("GetMany", paths(ps)); err != nil {
		return nil, err
	}
	return d.Store.GetMany(ctx, ps)
}

func paths(ps []documents.Path) string {
	if len(ps) == 1 {
		return ps[0].String()
	}
	return fmt.Sprintf("%d documents", len(ps))
}

func (d docStore) Create(ctx context.Context, p documents.Path, f documents.Fields) (v documents.Version, err error) {
	err = d.write("Create", p.String(), func() (err error) {
		v, err = d.Store.Create(ctx, p, f)
		return err
	})
	return v, err
}

func (d docStore) Replace(ctx context.Context, p documents.Path, f documents.Fields, old documents.Version) (v documents.Version, err error) {
	err = d.write("Replace", p.String(), func() (err error) {
		v, err = d.Store.Replace(ctx, p, f, old)
		return err
	})
	return v, err
}

func (d docStore) Delete(ctx context.Context, p documents.Path, v documents.Version) error {
	return d.write("Delete", p.String(), func() error { return d.Store.Delete(ctx, p, v) })
}

func (d docStore) Query(ctx context.Context, q documents.Query) (documents.Page, error) {
	if err := d.read("Query", q.Name); err != nil {
		return documents.Page{}, err
	}
	return d.Store.Query(ctx, q)
}

func (d docStore) BulkCreate(ctx context.Context, docs []documents.Doc) error {
	f := d.s.point("BulkCreate", fmt.Sprintf("%d documents", len(docs)), before, crash, unknown, lost, cut)
	d.s.writes++
	switch f {
	case before:
		return fmt.Errorf("simulated: %w", documents.ErrTransient)
	case lost:
		return fmt.Errorf("simulated, not done: %w", documents.ErrCommitUnknown)
	case cut: // it is not atomic
		return errors.Join(d.Store.BulkCreate(ctx, docs[:len(docs)/2]), fmt.Errorf("simulated, half done: %w", documents.ErrCommitUnknown))
	}
	err := d.Store.BulkCreate(ctx, docs)
	if f == crash {
		panic(crashed{})
	}
	if err == nil && f == unknown {
		return fmt.Errorf("simulated, done: %w", documents.ErrCommitUnknown)
	}
	return err
}

var errAgain = errors.New("simulated: the transaction runs again")

// RunTx is one call for the others: a transaction is alone. It may have run
// before for nothing, as an optimistic store has it.
func (d docStore) RunTx(ctx context.Context, f func(context.Context, documents.Tx) error) error {
	how := d.s.point("RunTx", "", before, crash, unknown, lost, again)
	run := func(end error) error {
		d.s.writes++
		return d.Store.RunTx(ctx, func(ctx context.Context, tx documents.Tx) error {
			if d.s.cur != nil {
				d.s.cur.inTx = true
				defer func(t *task) { t.inTx = false }(d.s.cur)
			}
			if err := f(ctx, docTx{tx, d.s}); err != nil {
				return err
			}
			return end
		})
	}
	switch how {
	case before:
		return fmt.Errorf("simulated: %w", documents.ErrTransient)
	case lost:
		if err := run(errAgain); !errors.Is(err, errAgain) {
			return err
		}
		return fmt.Errorf("simulated, not done: %w", documents.ErrCommitUnknown)
	case again:
		if err := run(errAgain); !errors.Is(err, errAgain) {
			return err
		}
		if d.s.point("RunTx again", "", crash) == crash {
			panic(crashed{})
		}
	}
	err := run(nil)
	if how == crash {
		panic(crashed{})
	}
	if err == nil && how == unknown {
		return fmt.Errorf("simulated, done: %w", documents.ErrCommitUnknown)
	}
	return err
}

// docTx is a transaction: a fault in it undoes all of it.
type docTx struct {
	documents.Tx
	s *scheduler
}

func (t docTx) call(op, key string) error {
	switch t.s.point(op, key, before, crash) {
	case before:
		return fmt.Errorf("simulated: %w", documents.ErrTransient)
	case crash:
		panic(crashed{})
	}
	return nil
}

func (t docTx) Get(p documents.Path) (documents.Doc, error) {
	if err := t.call("tx.Get", p.String()); err != nil {
		return documents.Doc{}, err
	}
	return t.Tx.Get(p)
}

func (t docTx) GetMany(ps []documents.Path) ([]documents.Doc, error) {
	if err := t.call("tx.GetMany", paths(ps)); err != nil {
		return nil, err
	}
	return t.Tx.GetMany(ps)
}

func (t docTx) Create(p documents.Path, f documents.Fields) error {
	if err := t.call("tx.Create", p.String()); err != nil {
		return err
	}
	return t.Tx.Create(p, f)
}

func (t docTx) Put(p documents.Path, f documents.Fields) error {
	if err := t.call("tx.Put", p.String()); err != nil {
		return err
	}
	return t.Tx.Put(p, f)
}

func (t docTx) Delete(p documents.Path) error {
	if err := t.call("tx.Delete", p.String()); err != nil {
		return err
	}
	return t.Tx.Delete(p)
}

// versioned keeps the generations that are no longer live, as an inbound
// bucket in production does.
type versioned struct {
	objects.Bucket
	old objects.Bucket // by generation
}

func (b versioned) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	r, err := b.Bucket.OpenRange(ctx, name, generation, offset, length)
	if errors.Is(err, objects.ErrLost) || errors.Is(err, objects.ErrNotFound) {
		if kept, keptErr := b.old.OpenRange(ctx, name+"/"+generation, generation, offset, length); keptErr == nil {
			return kept, nil
		}
	}
	return r, err
}

func (b versioned) Delete(ctx context.Context, name, generation string) error {
	r, err := b.Bucket.OpenRange(ctx, name, generation, 0, -1)
	if err == nil {
		_, err = b.old.Create(ctx, name+"/"+generation, r)
		err = errors.Join(err, r.Close())
	}
	if err != nil && !errors.Is(err, objects.ErrExists) && !errors.Is(err, objects.ErrNotFound) {
		return err
	}
	return b.Bucket.Delete(ctx, name, generation)
}

// bucket is an objects.Bucket under the scheduler.
type bucket struct {
	objects.Bucket
	s    *scheduler
	name string
}

func wrapBuckets(b objects.Buckets, s *scheduler) objects.Buckets {
	wrap := func(b objects.Bucket, name string) objects.Bucket { return bucket{b, s, name} }
	return objects.Buckets{
		Decks: wrap(b.Decks, "decks"), CDRs: wrap(b.CDRs, "cdrs"), Cards: wrap(b.Cards, "cards"),
		Rated: wrap(b.Rated, "rated"), Bills: wrap(b.Bills, "bills"), Work: wrap(b.Work, "work"),
	}
}

func (b bucket) read(op, name string, can ...fault) (fault, error) {
	if t := b.s.cur; t != nil && !t.inTx && b.name == "cards" && strings.HasPrefix(name, "directories/") {
		// It is opened under a lock: nobody else goes on, who could wait for that.
		t.inTx = true
		defer func() { t.inTx = false }()
	}
	f := b.s.point(op, b.name+"/"+name, can...)
	switch f {
	case before:
		return f, fmt.Errorf("simulated: %w", objects.ErrTransient)
	case crash:
		panic(crashed{})
	}
	return f, nil
}

func (b bucket) Stat(ctx context.Context, name string) (objects.Info, error) {
	if _, err := b.read("Stat", name, before, crash); err != nil {
		return objects.Info{}, err
	}
	return b.Bucket.Stat(ctx, name)
}

func (b bucket) OpenRange(ctx context.Context, name, generation string, offset, length int64) (io.ReadCloser, error) {
	f, err := b.read("OpenRange", fmt.Sprintf("%s %d+%d", name, offset, length), before, crash, cut)
	if err != nil {
		return nil, err
	}
	if b.name == "cdrs" && b.s.refuse != nil && b.s.refuse(name, generation) {
		return nil, errRefused
	}
	r, err := b.Bucket.OpenRange(ctx, name, generation, offset, length)
	if err == nil && offset == 0 && strings.HasPrefix(name, "checkpoints/") {
		b.s.met["fold that went on from a checkpoint"]++
	}
	if err != nil || f != cut {
		return r, err
	}
	half := length / 2
	if length < 0 {
		half = 40
	}
	return cutReader{io.LimitReader(r, half), r}, nil
}

// errRefused is an error that counts: nothing says that it will pass.
var errRefused = errors.New("simulated: refused")

// cutReader fails where its content is cut.
type cutReader struct {
	io.Reader
	io.Closer
}

func (r cutReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		err = fmt.Errorf("simulated, half read: %w", objects.ErrTransient)
	}
	return n, err
}

func (b bucket) Create(ctx context.Context, name string, content io.Reader) (objects.Info, error) {
	f, err := b.read("Create", name, before, unknown, lost)
	if err != nil {
		return objects.Info{}, err
	}
	if f == lost { // as a writer that dies half-way
		return objects.Info{}, fmt.Errorf("simulated, not done: %w", objects.ErrTransient)
	}
	info, err := b.Bucket.Create(ctx, name, content)
	if err == nil && strings.HasPrefix(name, "checkpoints/") {
		b.s.met["checkpoint made"]++
	}
	// The content may have been read from here: only now can the task die.
	switch b.s.point("Create done", b.name+"/"+name, crash) {
	case crash:
		panic(crashed{})
	}
	if err == nil && f == unknown {
		return objects.Info{}, fmt.Errorf("simulated, done: %w", objects.ErrTransient)
	}
	return info, err
}

func (b bucket) List(ctx context.Context, prefix, after string, limit int) ([]objects.Info, error) {
	if _, err := b.read("List", prefix, before, crash); err != nil {
		return nil, err
	}
	return b.Bucket.List(ctx, prefix, after, limit)
}

func (b bucket) Delete(ctx context.Context, name, generation string) error {
	f := b.s.point("Delete", b.name+"/"+name, before, crash, unknown)
	if f == before {
		return fmt.Errorf("simulated: %w", objects.ErrTransient)
	}
	err := b.Bucket.Delete(ctx, name, generation)
	if err == nil && strings.HasPrefix(name, "checkpoints/") {
		b.s.met["checkpoint deleted"]++
	}
	if f == crash {
		panic(crashed{})
	}
	if err == nil && f == unknown {
		return fmt.Errorf("simulated, done: %w", objects.ErrTransient)
	}
	return err
}
