package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tollbook/tollbook/shared/objects"
)

// objectReader reads a pinned generation from anywhere. What is read one after
// the other comes from one stream; a jump opens another.
type objectReader struct {
	ctx              context.Context
	bucket           objects.Bucket
	name, generation string
	size             int64
	open             io.ReadCloser
	at               int64 // of the stream
}

// shortJump is how many bytes are rather read than jumped over: a new stream is
// a request to the store.
const shortJump = 256 << 10

// ReadAt reads as io.ReaderAt says. It is for one goroutine.
func (o *objectReader) ReadAt(p []byte, off int64) (n int, err error) {
	switch {
	case off < 0:
		return 0, fmt.Errorf("reading at %d", off)
	case off >= o.size:
		return 0, io.EOF
	}
	if o.open != nil && off != o.at {
		if ahead := off - o.at; ahead > 0 && ahead <= shortJump {
			skipped, err := io.CopyN(io.Discard, o.open, ahead)
			if o.at += skipped; err != nil {
				return 0, err
			}
		} else if err := o.Close(); err != nil {
			return 0, err
		}
	}
	if o.open == nil {
		if o.open, err = o.bucket.OpenRange(o.ctx, o.name, o.generation, off, -1); err != nil {
			return 0, err
		}
		o.at = off
	}
	n, err = io.ReadFull(o.open, p)
	if o.at += int64(n); errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

func (o *objectReader) Close() error {
	if o.open == nil {
		return nil
	}
	err := o.open.Close()
	o.open = nil
	return err
}
