package ledger

import (
	"context"

	"github.com/tollbook/tollbook/shared/objects"
)

// readAhead reads an object from one end to the other, more at a time than is
// asked for.
type readAhead struct {
	bucket objects.Bucket
	ref    Ref
	most   int64
	failed func(error) error // what to say of an error; nil: it
	at     int64
	data   []byte
}

// load returns a range, valid until the next call.
func (r *readAhead) load(ctx context.Context, offset, size int64) ([]byte, error) {
	if offset < r.at || offset+size > r.at+int64(len(r.data)) {
		data, err := loadRange(ctx, r.bucket, r.ref, offset, min(max(size, r.most), r.ref.Size-offset))
		if err != nil && r.failed != nil {
			err = r.failed(err)
		}
		if err != nil {
			return nil, err
		}
		r.at, r.data = offset, data
	}
	return r.data[offset-r.at:][:size], nil
}
