package gcs

import (
	"bufio"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"

	"cloud.google.com/go/storage"

	"github.com/tollbook/tollbook/shared/objects"
)

// Create sends content in chunks; no more than one is held. What was sent
// becomes the object with the last chunk, so what fails before leaves nothing.
//
// The answer to the last chunk may be lost, and the chunk sent again then meets
// the object that the first one made. So after a repeat an object that has the
// size and the CRC32C of the content is taken for the one just made, and any
// other is ErrExists. This cannot tell two creators of the same bytes apart,
// both may then win; a name determines its bytes, so both have the same object.
func (b *Bucket) Create(ctx context.Context, name string, content io.Reader) (objects.Info, error) {
	if err := objects.CheckCall(ctx, "create", name); err != nil {
		return objects.Info{}, err
	}
	// A writer whose context ends creates nothing; one that is closed might.
	writing, cancel := context.WithCancel(ctx)
	defer cancel()

	src := &source{content: content, table: crc32.MakeTable(crc32.Castagnoli)}
	head := bufio.NewReaderSize(src, smallest)
	chunk := b.chunk
	if _, err := head.Peek(smallest); err == io.EOF {
		chunk = smallest
	}
	tries := &tries{most: b.tries}
	w := b.handle.Object(name).If(storage.Conditions{DoesNotExist: true}).
		Retryer(storage.WithErrorFunc(tries.again)).NewWriter(writing)
	w.ChunkSize, w.ContentType = chunk, "application/octet-stream"

	_, err := io.Copy(w, head)
	switch {
	case ctx.Err() != nil:
		return objects.Info{}, b.fail(ctx, "create", name, ctx.Err())
	case src.err != nil && src.err != io.EOF:
		return objects.Info{}, fmt.Errorf("create object %q: read its content: %w", name, src.err)
	case err == nil:
		err = w.Close()
	}
	switch {
	case err == nil:
		return infoOf(w.Attrs()), nil
	case status(err) == http.StatusPreconditionFailed && tries.repeated && src.err == io.EOF:
		return b.made(ctx, name, src, err)
	}
	return objects.Info{}, b.failCreate(ctx, name, err)
}

// made returns the object that is there, if it is the one of src.
func (b *Bucket) made(ctx context.Context, name string, src *source, exists error) (objects.Info, error) {
	attrs, err := b.handle.Object(name).Attrs(ctx)
	if err != nil {
		return objects.Info{}, b.failCreate(ctx, name, err)
	}
	if attrs.Size != src.size || attrs.CRC32C != src.sum {
		return objects.Info{}, b.failCreate(ctx, name, exists)
	}
	return infoOf(attrs), nil
}

// failCreate is fail where "not found" can only be the session of an upload, or
// the object that was in the way: what a new Create may not meet again.
func (b *Bucket) failCreate(ctx context.Context, name string, err error) error {
	as := kind(err)
	switch {
	case status(err) == http.StatusPreconditionFailed:
		as = objects.ErrExists
	case as == objects.ErrNotFound, status(err) == http.StatusGone:
		as = objects.ErrTransient
	}
	return b.failAs(ctx, "create", name, as, err)
}

// source reads content and remembers how it ended.
type source struct {
	content io.Reader
	table   *crc32.Table
	size    int64
	sum     uint32
	err     error // io.EOF: all was read
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.content.Read(p)
	s.size += int64(n)
	s.sum = crc32.Update(s.sum, s.table, p[:n])
	s.err = err
	return n, err
}

// tries bounds how often one request of an upload is sent: the client's own
// bound does not reach uploads.
type tries struct {
	most, failed int
	repeated     bool
}

// again is asked after every request.
func (t *tries) again(err error) bool {
	if !storage.ShouldRetry(err) {
		t.failed = 0
		return false
	}
	t.failed++
	if t.failed >= t.most {
		return false
	}
	t.repeated = true
	return true
}
