package documents

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	bolt "go.etcd.io/bbolt"
)

// maxLine bounds one line of an Export: a document and its path.
const maxLine = MaxDocument + 4096

// appendLine appends a document as Export writes it. Versions are not written:
// they mean nothing to another store.
func appendLine(dst []byte, p Path, data []byte) []byte {
	dst = appendString(append(dst, `{"collection":`...), p.Collection)
	dst = appendString(append(dst, `,"id":`...), p.ID)
	dst = append(append(dst, `,"fields":`...), data...)
	return append(dst, "}\n"...)
}

// parseLine reads a line of Export, without its end, and accepts only the form
// that appendLine writes.
func parseLine(line []byte) (Doc, error) {
	var raw struct {
		Collection string          `json:"collection"`
		ID         string          `json:"id"`
		Fields     json.RawMessage `json:"fields"`
	}
	if err := json.Unmarshal(line, &raw); err != nil {
		return Doc{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	p := Path{raw.Collection, raw.ID}
	if written := appendLine(nil, p, raw.Fields); !bytes.Equal(written[:len(written)-1], line) {
		return Doc{}, fmt.Errorf(`%w: %q: want {"collection":…,"id":…,"fields":…} as Export writes it`, ErrInvalid, clip(string(line)))
	}
	f, err := decodeFields(raw.Fields)
	if err != nil {
		return Doc{}, fmt.Errorf("%s: %w: %w", p, ErrInvalid, err)
	}
	return Doc{Path: p, Fields: f}, nil
}

// Export writes the documents of this namespace, all as they were at one
// instant.
func (s *boltStore) Export(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriter(w)
	err := s.read(ctx, func(tx *bolt.Tx) error {
		prefix, line := documentKey(s.space, Path{}), []byte(nil)
		c := tx.Bucket(bucketDocuments).Cursor()
		for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			_, p, err := splitDocumentKey(k)
			if err != nil {
				return err
			}
			if _, err := readValue(p, v); err != nil {
				return err
			}
			line = appendLine(line[:0], p, v[8:])
			if _, err := out.Write(line); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return out.Flush()
	})
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// Import writes some documents at a time. If it fails, those of the lines
// before may have been written: import into an empty namespace, and empty it
// before the next try.
func (s *boltStore) Import(ctx context.Context, r io.Reader) error {
	b := bulk{store: s}
	if err := s.ReadLines(r, func(c Checked) error { return b.add(ctx, c) }); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return nil
}

func splitDocumentKey(key []byte) (space string, p Path, err error) {
	parts := bytes.Split(key, []byte{0})
	if len(parts) != 3 {
		return "", Path{}, fmt.Errorf("document key %q is damaged", clip(string(key)))
	}
	return string(parts[0]), Path{string(parts[1]), string(parts[2])}, nil
}
