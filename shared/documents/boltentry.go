package documents

import (
	"encoding/binary"
	"fmt"
	"strconv"

	bolt "go.etcd.io/bbolt"
)

// entry is a document ready to be written.
type entry struct {
	path  Path
	key   []byte
	data  []byte
	index [][]byte
	size  int // encoded bytes, as the limits count them
}

func (s *boltStore) entry(p Path, f Fields) (entry, error) {
	if err := s.rules.checkPath(p); err != nil {
		return entry{}, err
	}
	data, size, err := encodeFields(p, f)
	if err != nil {
		return entry{}, err
	}
	index, err := s.rules.indexKeys(s.space, p, f)
	return entry{p, documentKey(s.space, p), data, index, size}, err
}

// create, replace and remove are all that ever changes the file's documents,
// and keep the index in step.
func (e entry) create(tx *bolt.Tx) (Version, error) {
	if tx.Bucket(bucketDocuments).Get(e.key) != nil {
		return "", ErrExists
	}
	return e.put(tx)
}

func (e entry) put(tx *bolt.Tx) (Version, error) {
	documents, index := tx.Bucket(bucketDocuments), tx.Bucket(bucketIndex)
	n, err := documents.NextSequence()
	if err != nil {
		return "", err
	}
	if err := documents.Put(e.key, append(binary.BigEndian.AppendUint64(nil, n), e.data...)); err != nil {
		return "", err
	}
	for _, k := range e.index {
		if err := index.Put(k, []byte(e.path.ID)); err != nil {
			return "", err
		}
	}
	return version(n), nil
}

func (s *boltStore) replace(tx *bolt.Tx, old Doc, e entry) (Version, error) {
	if err := s.remove(tx, old); err != nil {
		return "", err
	}
	return e.put(tx)
}

func (s *boltStore) remove(tx *bolt.Tx, old Doc) error {
	keys, err := s.rules.indexKeys(s.space, old.Path, old.Fields)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := tx.Bucket(bucketIndex).Delete(k); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketDocuments).Delete(documentKey(s.space, old.Path))
}

// find returns the document at p, without a version if there is none.
func (s *boltStore) find(tx *bolt.Tx, p Path) (Doc, error) {
	value := tx.Bucket(bucketDocuments).Get(documentKey(s.space, p))
	if value == nil {
		return Doc{Path: p}, nil
	}
	return readValue(p, value)
}

func readValue(p Path, value []byte) (Doc, error) {
	if len(value) < 8 {
		return Doc{}, fmt.Errorf("%s is damaged: %d bytes", p, len(value))
	}
	f, err := decodeFields(value[8:])
	if err != nil {
		return Doc{}, fmt.Errorf("%s is damaged: %w", p, err)
	}
	return Doc{p, version(binary.BigEndian.Uint64(value)), f}, nil
}

func version(n uint64) Version { return Version(strconv.FormatUint(n, 10)) }
