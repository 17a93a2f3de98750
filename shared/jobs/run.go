package jobs

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
)

// maxConflicts bounds how often a write is tried again that lost against
// another.
const maxConflicts = 20

// Work does a job and returns its report. An events.BadInput error says that a
// repeat would fail in the same way: the job is then failed, with the error as
// its report. It may be called again for a job that was done.
type Work func(ctx context.Context, job Job) (report string, err error)

// Run does the job that an order names, and notes how it ended. A failure that
// a repeat may mend is returned, so that the order comes again; the fifth ends
// the job.
func (j *Jobs) Run(ctx context.Context, id string, work Work) error {
	job, err := j.Get(ctx, id)
	if errors.Is(err, documents.ErrNotFound) {
		return &events.BadInput{Err: err}
	}
	if err != nil || job.State != Asked {
		return err
	}
	report, err := work(ctx, job)
	var bad *events.BadInput
	switch {
	case err == nil:
		return j.end(ctx, id, func(job *Job) { job.State, job.Report = Done, report })
	case errors.As(err, &bad):
		return j.end(ctx, id, func(job *Job) { job.State, job.Report = Failed, bad.Error() })
	case events.Status(err) == 503: // it passes
		return err
	}
	counted := j.end(ctx, id, func(job *Job) {
		job.Attempts++
		job.Report = fmt.Sprintf("attempt %d of %d: %v", job.Attempts, MaxAttempts, err)
		if job.Attempts >= MaxAttempts {
			job.State = Failed
		}
	})
	return errors.Join(err, counted)
}

func (j *Jobs) end(ctx context.Context, id string, change func(*Job)) error {
	for range maxConflicts {
		job, version, err := j.get(ctx, id)
		if err != nil || job.State != Asked {
			return err
		}
		change(&job)
		job.Report = cut(job.Report)
		fields, err := documents.Encode(job)
		if err != nil {
			return fmt.Errorf("job %s: %w", id, err)
		}
		_, err = j.docs.Replace(ctx, path(id), fields, version)
		if !errors.Is(err, documents.ErrConflict) {
			if err != nil {
				return fmt.Errorf("writing job %s: %w", id, err)
			}
			return nil
		}
	}
	return fmt.Errorf("writing job %s: %w", id, documents.ErrConflict)
}

func cut(s string) string {
	if len(s) <= MaxReport {
		return s
	}
	s = s[:MaxReport]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}
