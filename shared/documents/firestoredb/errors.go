package firestoredb

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/documents"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errContention: nothing was written because others were at the same documents.
var errContention = fmt.Errorf("%w: other writers were at the same documents", documents.ErrTransient)

// readError says what a failed read means. Nothing depends on it having
// happened, so whatever may pass is ErrTransient. NotFound is not the absence
// of a document, which is no error of the protocol, but of the database;
// FailedPrecondition is a missing index. They, a refused identity and the rest
// stay what the service says (status.Code tells them apart).
func readError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	switch status.Code(err) {
	case codes.Aborted:
		return fmt.Errorf("%w: %w", errContention, err)
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Internal, codes.Unknown:
		return fmt.Errorf("%w: %w", documents.ErrTransient, err)
	case codes.InvalidArgument, codes.OutOfRange:
		return fmt.Errorf("%w: %w", documents.ErrInvalid, err)
	}
	return err
}

// commitError says what a failed commit means. Only an answer with which the
// service turned the commit away says that nothing was written. NotFound may
// be the absence of a document that should be replaced, or of the database.
func commitError(ctx context.Context, err error) error {
	switch status.Code(err) {
	case codes.AlreadyExists:
		return fmt.Errorf("%w: %w", documents.ErrExists, err)
	case codes.FailedPrecondition:
		return fmt.Errorf("%w: %w", documents.ErrConflict, err)
	case codes.Aborted:
		return fmt.Errorf("%w: %w", errContention, err)
	case codes.ResourceExhausted:
		return fmt.Errorf("%w: %w", documents.ErrTransient, err)
	case codes.InvalidArgument, codes.OutOfRange:
		return fmt.Errorf("%w: %w", documents.ErrInvalid, err)
	case codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.NotFound:
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w: %w", documents.ErrCommitUnknown, ctx.Err(), err)
	}
	return fmt.Errorf("%w: %w", documents.ErrCommitUnknown, err)
}

// missed reports whether a commit failed because a document was not as expected.
func missed(err error) bool {
	return errors.Is(err, documents.ErrConflict) || status.Code(err) == codes.NotFound
}
