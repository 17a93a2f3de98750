package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"

	"github.com/tollbook/tollbook/shared/objects"
)

// fail says what was being done and which error of a Bucket err is; what the
// end of the context caused is the context's error.
func (b *Bucket) fail(ctx context.Context, doing, name string, err error) error {
	return b.failAs(ctx, doing, name, kind(err), err)
}

func (b *Bucket) failAs(ctx context.Context, doing, name string, kind, err error) error {
	if end := ctx.Err(); end != nil {
		kind = end
	}
	if kind == nil {
		return fmt.Errorf("%s object %q in bucket %s: %w", doing, name, b.name, err)
	}
	return fmt.Errorf("%s object %q in bucket %s: %w: %w", doing, name, b.name, kind, err)
}

// status is the HTTP status that Cloud Storage answered with; 0: it did not.
func status(err error) int {
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		return answer.Code
	}
	return 0
}

// kind returns the error of a Bucket that err is; nil if it is none of them.
// The statuses: cloud.google.com/storage/docs/json_api/v1/status-codes.
func kind(err error) error {
	switch code := status(err); {
	case errors.Is(err, storage.ErrBucketNotExist), noBucket(err):
		return nil
	case code == http.StatusNotFound, errors.Is(err, storage.ErrObjectNotExist):
		return objects.ErrNotFound
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return objects.ErrDenied
	case code == http.StatusBadRequest:
		return objects.ErrInvalid
	case code == http.StatusConflict, code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return objects.ErrTransient
	case code == 0 && isConnection(err):
		return objects.ErrTransient
	}
	return nil
}

// noBucket reports whether a 404 is about the bucket. Cloud Storage tells this
// in words only.
func noBucket(err error) bool {
	var answer *googleapi.Error
	return errors.As(err, &answer) && answer.Code == http.StatusNotFound &&
		strings.Contains(answer.Message, "bucket does not exist")
}

// isConnection reports whether no answer came, or half of one.
func isConnection(err error) bool {
	var request *url.Error
	var network net.Error
	return errors.As(err, &request) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF)
}
