package documents

import (
	"encoding/binary"
	"fmt"
	"strconv"

	bolt "go.etcd.io/bbolt"
)

// entry is a document ready to be written.
type entry struct {
	Checked
	key []byte
}

func (s *boltStore) entry(c Checked) entry { return entry{c, documentKey(s.space, c.Path)} }

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
	if err := documents.Put(e.key, append(binary.BigEndian.AppendUint64(nil, n), e.json...)); err != nil {
		return "", err
	}
	for _, k := range e.index {
		if err := index.Put(k, []byte(e.Path.ID)); err != nil {
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
	keys, err := s.indexKeys(s.space, old.Path, old.Fields)
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

// findAll returns a Doc per path.
func (s *boltStore) findAll(tx *bolt.Tx, ps []Path) (docs []Doc, err error) {
	docs = make([]Doc, len(ps))
	for i, p := range ps {
		if docs[i], err = s.find(tx, p); err != nil {
			return nil, err
		}
	}
	return docs, nil
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
