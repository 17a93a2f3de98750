// Package ledger turns delivered files into committed batches, and months of
// them into invoices: the one commit point, the fold of a month, freezing,
// closing and issuing, and the check of it all.
package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// Ledger works on one set of documents and buckets. It keeps nothing else but
// immutable objects that it has opened: any number of them, on any number of
// machines, may work on the same stores.
type Ledger struct {
	docs    documents.Store
	buckets objects.Buckets

	orders    objects.Bucket // of slices; nil: no file is cut
	sliceSize int64

	compactFrom    int
	checkpointFrom int64
	refused        func(context.Context, error) // nil: nobody is told

	directories directories
}

// New returns a ledger over stores opened with Model.
func New(docs documents.Store, buckets objects.Buckets, options ...Option) *Ledger {
	l := &Ledger{docs: docs, buckets: buckets, compactFrom: compactFrom, checkpointFrom: checkpointFrom}
	l.directories.turn = make(chan struct{}, 1)
	for _, set := range options {
		set(l)
	}
	return l
}

// Option changes how a ledger works.
type Option func(*Ledger)

// Slices has files of more than size bytes, of feeds whose files have no
// quotes, cut into slices of about that size, at most MaxSlices. Each is a work
// order in the bucket for ProcessSlice, so that several are rated at a time.
// Without it files are rated uncut.
func Slices(orders objects.Bucket, size int64) Option {
	return func(l *Ledger) { l.orders, l.sliceSize = orders, max(size, 1) }
}

// CompactFrom has a fold gather the parts of a period where there are so many,
// not only from 48 on. 0: as always.
func CompactFrom(parts int) Option {
	return func(l *Ledger) {
		if parts > 0 {
			l.compactFrom = parts
		}
	}
}

// CheckpointFrom has a fold keep what the settled part of a month came to where
// that spares the next one so many rows, not only from 20,000 on. 0: as always.
func CheckpointFrom(rows int) Option {
	return func(l *Ledger) {
		if rows > 0 {
			l.checkpointFrom = int64(rows)
		}
	}
}

// OnRefused has each told why a checkpoint cannot be used: it is damaged, or was
// deleted while it was read. The fold then starts from an older one or from
// nothing, and comes to the same.
func OnRefused(each func(ctx context.Context, why error)) Option {
	return func(l *Ledger) { l.refused = each }
}

// source returns the inbound bucket of that name.
func (l *Ledger) source(name string) (objects.Bucket, error) {
	switch name {
	case "cdrs":
		return l.buckets.CDRs, nil
	case "decks":
		return l.buckets.Decks, nil
	}
	return nil, fmt.Errorf("bucket %q: want cdrs or decks", name)
}

// put stores bytes under a name that their hash makes. Bytes that are there
// already are the same bytes.
func put(ctx context.Context, b objects.Bucket, prefix string, data []byte) (Ref, error) {
	sum := sha256.Sum256(data)
	return putNamed(ctx, b, prefix+"/"+hex.EncodeToString(sum[:]), data)
}

// putNamed stores bytes under a name that determines them.
func putNamed(ctx context.Context, b objects.Bucket, name string, data []byte) (Ref, error) {
	return createNamed(ctx, b, name, bytes.NewReader(data))
}

// createNamed stores what is read under a name that determines it.
func createNamed(ctx context.Context, b objects.Bucket, name string, content io.Reader) (Ref, error) {
	info, err := b.Create(ctx, name, content)
	if errors.Is(err, objects.ErrExists) {
		info, err = b.Stat(ctx, name)
	}
	if err != nil {
		return Ref{}, fmt.Errorf("storing %s: %w", name, err)
	}
	return refOf(info), nil
}

// maxLoad bounds an object that is read whole (books, markers, results, card
// images): far above any real one.
const maxLoad = 1 << 30

// load reads a whole object.
func load(ctx context.Context, b objects.Bucket, ref Ref) ([]byte, error) {
	if ref.Size < 0 || ref.Size > maxLoad {
		return nil, fmt.Errorf("%s has %d bytes, want 0 to %d: %w", ref.Name, ref.Size, maxLoad, ErrDamaged)
	}
	return loadRange(ctx, b, ref, 0, ref.Size)
}

// loadRange reads a part of an object; fewer bytes than asked for is damage.
func loadRange(ctx context.Context, b objects.Bucket, ref Ref, offset, length int64) (data []byte, err error) {
	r, err := b.OpenRange(ctx, ref.Name, ref.Generation, offset, length)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", ref.Name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	data = objects.Buffer(int(length))
	if _, err := io.ReadFull(r, data); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%s is shorter than %d bytes: %w", ref.Name, offset+length, ErrDamaged)
		}
		return nil, fmt.Errorf("reading %s: %w", ref.Name, err)
	}
	return data, nil
}

// loadHashed reads a whole object whose name ends in its hash, and checks it.
func loadHashed(ctx context.Context, b objects.Bucket, ref Ref) ([]byte, error) {
	data, err := load(ctx, b, ref)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if want := hex.EncodeToString(sum[:]); len(ref.Name) < len(want) || ref.Name[len(ref.Name)-len(want):] != want {
		return nil, fmt.Errorf("the bytes of %s do not have the hash it is named by: %w", ref.Name, ErrDamaged)
	}
	return data, nil
}

// putJSON stores a value as JSON under its hash; loadJSON reads it back.
func putJSON(ctx context.Context, b objects.Bucket, prefix string, v any) (Ref, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return Ref{}, fmt.Errorf("encoding %s: %w", prefix, err)
	}
	return put(ctx, b, prefix, data)
}

func loadJSON(ctx context.Context, b objects.Bucket, ref Ref, v any) error {
	data, err := loadHashed(ctx, b, ref)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decoding %s: %w: %w", ref.Name, ErrDamaged, err)
	}
	return nil
}

// get reads a document into v and returns its version.
func (l *Ledger) get(ctx context.Context, p documents.Path, v any) (documents.Version, error) {
	doc, err := l.docs.Get(ctx, p)
	if err != nil {
		return "", fmt.Errorf("reading %s/%s: %w", p.Collection, p.ID, err)
	}
	if err := doc.Fields.Decode(v); err != nil {
		return "", fmt.Errorf("reading %s/%s: %w: %w", p.Collection, p.ID, ErrDamaged, err)
	}
	return doc.Version, nil
}

// replace writes v over the version that was read.
func (l *Ledger) replace(ctx context.Context, p documents.Path, v any, version documents.Version) error {
	fields, err := documents.Encode(v)
	if err != nil {
		return fmt.Errorf("encoding %s/%s: %w", p.Collection, p.ID, err)
	}
	if _, err := l.docs.Replace(ctx, p, fields, version); err != nil {
		return fmt.Errorf("writing %s/%s: %w", p.Collection, p.ID, err)
	}
	return nil
}

// query calls each with every document of a declared query, page by page.
func (l *Ledger) query(ctx context.Context, q documents.Query, each func(documents.Doc) error) error {
	q.Limit = documents.MaxPage
	for {
		page, err := l.docs.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("query %s: %w", q.Name, err)
		}
		for _, doc := range page.Docs {
			if err := each(doc); err != nil {
				return err
			}
		}
		if page.Cursor == "" {
			return nil
		}
		q.Cursor = page.Cursor
	}
}

func isNotFound(err error) bool { return errors.Is(err, objects.ErrNotFound) }
