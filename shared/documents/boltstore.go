package documents

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// bulkBytes and bulkDocs bound one commit of a bulk write, and so its memory.
const (
	bulkBytes = MaxTxBytes
	bulkDocs  = 1000
)

func (s *boltStore) Get(ctx context.Context, p Path) (Doc, error) {
	docs, err := s.GetMany(ctx, []Path{p})
	if err != nil {
		return Doc{}, err
	}
	if !docs[0].Exists() {
		return Doc{}, fmt.Errorf("get %s: %w", p, ErrNotFound)
	}
	return docs[0], nil
}

func (s *boltStore) GetMany(ctx context.Context, ps []Path) ([]Doc, error) {
	if err := s.CheckPaths(ps); err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	var docs []Doc
	err := s.read(ctx, func(tx *bolt.Tx) (err error) {
		docs, err = s.findAll(tx, ps)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	return docs, nil
}

func (s *boltStore) Create(ctx context.Context, p Path, f Fields) (Version, error) {
	var v Version
	c, err := s.CheckDoc(p, f)
	if err == nil {
		err = s.write(ctx, func(tx *bolt.Tx) (err error) {
			v, err = s.entry(c).create(tx)
			return err
		})
	}
	if err != nil {
		return "", fmt.Errorf("create %s: %w", p, err)
	}
	return v, nil
}

func (s *boltStore) Replace(ctx context.Context, p Path, f Fields, v Version) (Version, error) {
	var next Version
	c, err := s.CheckDoc(p, f)
	if err == nil {
		err = s.write(ctx, func(tx *bolt.Tx) error {
			old, err := s.match(tx, p, v)
			if err != nil {
				return err
			}
			next, err = s.replace(tx, old, s.entry(c))
			return err
		})
	}
	if err != nil {
		return "", fmt.Errorf("replace %s: %w", p, err)
	}
	return next, nil
}

func (s *boltStore) Delete(ctx context.Context, p Path, v Version) error {
	err := s.checkPath(p)
	if err == nil {
		err = s.write(ctx, func(tx *bolt.Tx) error {
			old, err := s.match(tx, p, v)
			if err != nil {
				return err
			}
			return s.remove(tx, old)
		})
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", p, err)
	}
	return nil
}

// match returns the document at p if its version is v.
func (s *boltStore) match(tx *bolt.Tx, p Path, v Version) (Doc, error) {
	if v == "" {
		return Doc{}, fmt.Errorf("%w: no version given", ErrInvalid)
	}
	doc, err := s.find(tx, p)
	switch {
	case err != nil:
		return Doc{}, err
	case !doc.Exists():
		return Doc{}, ErrNotFound
	case doc.Version != v:
		return Doc{}, fmt.Errorf("%w: it has version %s, not %s", ErrConflict, doc.Version, clip(string(v)))
	}
	return doc, nil
}

func (s *boltStore) Query(ctx context.Context, q Query) (Page, error) {
	span, err := s.page(q)
	if err != nil {
		return Page{}, err
	}
	from := span.start
	if q.Cursor != "" {
		if from, err = span.resume(q.Cursor); err != nil {
			return Page{}, fmt.Errorf("query %s: %w", q.Name, err)
		}
	}
	var page Page
	err = s.read(ctx, func(tx *bolt.Tx) error {
		var last []byte
		c := tx.Bucket(bucketIndex).Cursor()
		for k, id := c.Seek(from); k != nil && bytes.Compare(k, span.end) < 0; k, id = c.Next() {
			if len(page.Docs) == q.Limit {
				page.Cursor = span.cursor(last)
				return nil
			}
			doc, err := s.find(tx, Path{span.Declaration.Collection, string(id)})
			if err != nil {
				return err
			}
			if !doc.Exists() {
				return fmt.Errorf("index names %s, which is not there: the file is damaged", doc.Path)
			}
			page.Docs, last = append(page.Docs, doc), k
		}
		return nil
	})
	if err != nil {
		return Page{}, fmt.Errorf("query %s: %w", q.Name, err)
	}
	return page, nil
}

func (s *boltStore) Count(ctx context.Context, q Query) (int64, error) {
	span, err := s.CheckQuery(q)
	if err != nil {
		return 0, err
	}
	var n int64
	err = s.read(ctx, func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketIndex).Cursor()
		for k, _ := c.Seek(span.start); k != nil && bytes.Compare(k, span.end) < 0; k, _ = c.Next() {
			if n++; n%1000 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", q.Name, err)
	}
	return n, nil
}

// BulkCreate refuses an invalid document before it writes any.
func (s *boltStore) BulkCreate(ctx context.Context, docs []Doc) error {
	for _, d := range docs {
		if _, err := s.CheckDoc(d.Path, d.Fields); err != nil {
			return fmt.Errorf("bulk create %s: %w", d.Path, err)
		}
	}
	b := bulk{store: s, keep: true}
	for _, d := range docs {
		c, err := s.CheckDoc(d.Path, d.Fields)
		if err == nil {
			err = b.add(ctx, c)
		}
		if err != nil {
			return fmt.Errorf("bulk create %s: %w", d.Path, err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("bulk create: %w", err)
	}
	return nil
}

// bulk creates documents a bounded number at a time.
type bulk struct {
	store   *boltStore
	keep    bool // leave documents that exist as they are; else they are ErrExists
	entries []entry
	size    int
}

func (b *bulk) add(ctx context.Context, c Checked) error {
	b.entries, b.size = append(b.entries, b.store.entry(c)), b.size+c.Size
	if len(b.entries) < bulkDocs && b.size < bulkBytes {
		return nil
	}
	return b.flush(ctx)
}

func (b *bulk) flush(ctx context.Context) error {
	err := b.store.write(ctx, func(tx *bolt.Tx) error {
		for _, e := range b.entries {
			if _, err := e.create(tx); err != nil && !(b.keep && errors.Is(err, ErrExists)) {
				return fmt.Errorf("%s: %w", e.Path, err)
			}
		}
		return nil
	})
	b.entries, b.size = nil, 0
	return err
}
