package gcs

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/storage"

	"github.com/tollbook/tollbook/shared/objects"
)

// maxObject is the size in bytes of the largest object of Cloud Storage, 5 TiB
// (cloud.google.com/storage/quotas).
const maxObject = 5 << 40

// SignedUpload signs a V4 policy of Cloud Storage with the account of the
// client's credentials: its key, or else a request to the IAM credentials API,
// which the context does not end. The content type is fixed, so that a browser
// shows nothing of what was uploaded. Cloud Storage takes a policy for at most
// seven days (cloud.google.com/storage/docs/authentication/signatures).
func (b *Bucket) SignedUpload(ctx context.Context, name string, min, max int64, expires time.Time) (objects.Upload, error) {
	if err := objects.CheckCall(ctx, "sign an upload of", name); err != nil {
		return objects.Upload{}, err
	}
	// A range of 0 to 0 would be left out of the policy.
	if min < 0 || max < min || max < 1 || max > maxObject {
		return objects.Upload{}, fmt.Errorf("sign an upload of object %q: %w: %d to %d bytes, want a range within 0 to %d that is not 0 to 0",
			name, objects.ErrInvalid, min, max, int64(maxObject))
	}
	policy, err := b.handle.GenerateSignedPostPolicyV4(name, &storage.PostPolicyV4Options{
		Expires:    expires.UTC(),
		Fields:     &storage.PolicyV4Fields{ContentType: "application/octet-stream"},
		Conditions: []storage.PostPolicyV4Condition{storage.ConditionContentLengthRange(uint64(min), uint64(max))},
	})
	if err != nil {
		return objects.Upload{}, b.fail(ctx, "sign an upload of", name, err)
	}
	return objects.Upload{URL: policy.URL, Fields: policy.Fields}, nil
}
