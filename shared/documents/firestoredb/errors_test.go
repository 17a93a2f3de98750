package firestoredb

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tollbook/tollbook/shared/documents"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestErrorTable: what each answer of the service means to a reader and to a
// committer. "own" is none of the store's errors.
func TestErrorTable(t *testing.T) {
	own := errors.New("own")
	all := []error{documents.ErrNotFound, documents.ErrExists, documents.ErrConflict, documents.ErrCommitUnknown,
		documents.ErrTransient, documents.ErrInvalid, errContention}
	for _, row := range []struct {
		code         codes.Code
		read, commit error
	}{
		{codes.Canceled, own, documents.ErrCommitUnknown},
		{codes.Unknown, documents.ErrTransient, documents.ErrCommitUnknown},
		{codes.InvalidArgument, documents.ErrInvalid, documents.ErrInvalid},
		{codes.DeadlineExceeded, documents.ErrTransient, documents.ErrCommitUnknown},
		{codes.NotFound, own, own},
		{codes.AlreadyExists, own, documents.ErrExists},
		{codes.PermissionDenied, own, own},
		{codes.ResourceExhausted, documents.ErrTransient, documents.ErrTransient},
		{codes.FailedPrecondition, own, documents.ErrConflict},
		{codes.Aborted, errContention, errContention},
		{codes.OutOfRange, documents.ErrInvalid, documents.ErrInvalid},
		{codes.Unimplemented, own, own},
		{codes.Internal, documents.ErrTransient, documents.ErrCommitUnknown},
		{codes.Unavailable, documents.ErrTransient, documents.ErrCommitUnknown},
		{codes.DataLoss, own, documents.ErrCommitUnknown},
		{codes.Unauthenticated, own, own},
	} {
		answer := status.Error(row.code, "as the service says")
		for name, c := range map[string]struct{ got, want error }{
			"read": {readError(t.Context(), answer), row.read}, "commit": {commitError(t.Context(), answer), row.commit},
		} {
			for _, e := range all {
				want := e == c.want || e == documents.ErrTransient && c.want == errContention
				if errors.Is(c.got, e) != want {
					t.Errorf("%s answered %s: %v; is it %q: %t, want %t", name, row.code, c.got, e, !want, want)
				}
			}
			if status.Code(c.got) != row.code {
				t.Errorf("%s answered %s: %v does not say so", name, row.code, c.got)
			}
		}
	}
}

// TestErrorsOfAnEndedContext: a reader is told that its context has ended, a
// committer also that the commit may have happened.
func TestErrorsOfAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	answer := status.Error(codes.Canceled, "")
	if err := readError(ctx, answer); !errors.Is(err, context.Canceled) || errors.Is(err, documents.ErrTransient) {
		t.Errorf("read: %v, want only that the context was cancelled", err)
	}
	if err := commitError(ctx, answer); !errors.Is(err, context.Canceled) || !errors.Is(err, documents.ErrCommitUnknown) {
		t.Errorf("commit: %v, want a cancelled context and an unknown commit", err)
	}
	if err := backoff(ctx, attempts); !errors.Is(err, context.Canceled) {
		t.Errorf("backoff: %v, want that the context was cancelled", err)
	}
}

// TestRepeatEnds: contention is met a bounded number of times, everything else once.
func TestRepeatEnds(t *testing.T) {
	var pauses []int
	db := &database{pause: func(_ context.Context, n int) error { pauses = append(pauses, n); return nil }}
	calls := 0
	err := db.repeat(t.Context(), func() error { calls++; return fmt.Errorf("busy: %w", errContention) })
	if !errors.Is(err, documents.ErrTransient) || calls != attempts || len(pauses) != attempts-1 || pauses[0] != 1 || pauses[attempts-2] != attempts-1 {
		t.Errorf("%d calls, pauses %v, %v; want %d calls, then ErrTransient", calls, pauses, err, attempts)
	}
	for _, once := range []error{nil, documents.ErrTransient, documents.ErrCommitUnknown, documents.ErrExists} {
		calls = 0
		if err := db.repeat(t.Context(), func() error { calls++; return once }); calls != 1 || !errors.Is(err, once) {
			t.Errorf("%v: %d calls and %v, want one", once, calls, err)
		}
	}
	stop := errors.New("stop")
	db.pause = func(context.Context, int) error { return stop }
	if err := db.repeat(t.Context(), func() error { return errContention }); !errors.Is(err, stop) || !errors.Is(err, documents.ErrTransient) {
		t.Errorf("a pause that ended: %v, want its error and what was repeated", err)
	}
}
