package documents

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// lockWait is how long OpenBolt waits for another process to let go of a file.
const lockWait = 500 * time.Millisecond

// The buckets of the file. The sequence of documents counts the versions of the
// whole store, so that no version comes back for any path.
var (
	bucketDocuments = []byte("documents") // namespace 0 collection 0 id → version, JSON
	bucketIndex     = []byte("index")     // namespace 0 query 0 values id → id
	bucketMeta      = []byte("meta")

	metaFormat = []byte("format")
	metaModel  = []byte("model") // hash of the model that the index was made for
	format     = []byte("1")
)

// boltStore is a namespace of a bbolt file.
type boltStore struct {
	*boltFile
	Scope
	view bool // made by Namespace: Close leaves the file open
}

type boltFile struct {
	db *bolt.DB
	// turn is held by the one writer: unlike the lock inside bbolt, waiting for
	// it ends with the context.
	turn chan struct{}
}

// BoltOption is an option of OpenBolt.
type BoltOption func(*boltOptions)

type boltOptions struct{ noSync bool }

// NoSync leaves it to the operating system when writes reach the disk. What a
// call reported as written may be lost, and the file spoilt, when the machine
// stops: for tests and simulation only.
func NoSync() BoltOption {
	return func(o *boltOptions) { o.noSync = true }
}

// OpenBolt opens the store in the file at path, which is created if it does not
// exist (its folder must). One process holds a file at a time: another gets
// ErrTransient. A file written under another model is indexed anew; it is
// refused if it holds documents that the model does not allow. Close lets go.
func OpenBolt(path string, model Model, opts ...BoltOption) (Store, error) {
	scope, err := NewScope(model)
	if err != nil {
		return nil, fmt.Errorf("open document store %s: %w", path, err)
	}
	var o boltOptions
	for _, opt := range opts {
		opt(&o)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockWait, NoStatistics: true, NoSync: o.noSync, NoGrowSync: o.noSync,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open document store %s: another process has it open: %w", path, ErrTransient)
	}
	if err != nil {
		return nil, fmt.Errorf("open document store %s: %w", path, err)
	}
	s := &boltStore{boltFile: &boltFile{db: db, turn: make(chan struct{}, 1)}, Scope: scope}
	err = s.prepare(path, o.noSync)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open document store %s: %w", path, err), db.Close())
	}
	return s, nil
}

// prepare brings a new file, or one of another model, into shape.
func (s *boltStore) prepare(path string, noSync bool) error {
	err := s.db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucketIfNotExists(bucketMeta)
		if err != nil {
			return err
		}
		documents, err := tx.CreateBucketIfNotExists(bucketDocuments)
		if err != nil {
			return err
		}
		if got := meta.Get(metaFormat); got != nil && string(got) != string(format) {
			return fmt.Errorf("the file has format %q, want %q", clip(string(got)), format)
		}
		if string(meta.Get(metaModel)) == string(s.rules.hash[:]) {
			return nil
		}
		if err := tx.DeleteBucket(bucketIndex); err != nil && !errors.Is(err, bolterrors.ErrBucketNotFound) {
			return err
		}
		index, err := tx.CreateBucket(bucketIndex)
		if err != nil {
			return err
		}
		if err := s.rules.reindex(documents, index); err != nil {
			return err
		}
		return errors.Join(meta.Put(metaFormat, format), meta.Put(metaModel, s.rules.hash[:]))
	})
	if err != nil || noSync {
		return err
	}
	// A new file is only kept through a power cut once its folder is synced.
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (r *rules) reindex(documents, index *bolt.Bucket) error {
	return documents.ForEach(func(key, value []byte) error {
		space, p, err := splitDocumentKey(key)
		if err != nil {
			return err
		}
		if err := r.checkPath(p); err != nil {
			return err
		}
		doc, err := readValue(p, value)
		if err != nil {
			return err
		}
		keys, err := r.indexKeys(space, p, doc.Fields)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		for _, k := range keys {
			if err := index.Put(k, []byte(p.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *boltStore) Namespace(name string) Store {
	return &boltStore{boltFile: s.boltFile, Scope: s.Scope.Namespace(name), view: true}
}

// Close waits for running calls and lets go of the file. Close of a namespace
// does nothing: whoever opened the store closes it.
func (s *boltStore) Close() error {
	if s.view {
		return nil
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close document store: %w", err)
	}
	return nil
}

// read runs f on one consistent state of the file.
func (s *boltStore) read(ctx context.Context, f func(tx *bolt.Tx) error) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	return closed(s.db.View(f))
}

// write runs f, alone, and commits what it wrote unless it fails.
func (s *boltStore) write(ctx context.Context, f func(tx *bolt.Tx) error) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	committing := false
	err := s.db.Update(func(tx *bolt.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		err := ctx.Err()
		committing = err == nil
		return err
	})
	if err != nil && committing {
		return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
	}
	return closed(err)
}

func closed(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return fmt.Errorf("%w: the store is closed", ErrInvalid)
	}
	return err
}
