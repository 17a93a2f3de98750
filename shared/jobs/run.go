package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"
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
	return j.RunFiles(ctx, id, func(ctx context.Context, job Job) (string, []File, error) {
		report, err := work(ctx, job)
		return report, nil, err
	})
}

// RunFiles is Run for work that makes files beside its report, at most MaxFiles.
func (j *Jobs) RunFiles(ctx context.Context, id string, work func(context.Context, Job) (string, []File, error)) error {
	job, err := j.Get(ctx, id)
	if errors.Is(err, documents.ErrNotFound) {
		return &events.BadInput{Err: err}
	}
	if err != nil || job.State != Asked {
		return err
	}
	report, files, err := work(ctx, job)
	if len(files) > MaxFiles {
		err = errors.Join(err, &events.BadInput{Err: fmt.Errorf("%d files, want at most %d", len(files), MaxFiles)})
	}
	var bad *events.BadInput
	switch {
	case errors.Is(err, ErrElsewhere):
		return nil
	case err == nil:
		return j.end(ctx, id, func(job *Job) { job.State, job.Report, job.Files = Done, report, files })
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

// Note says on a job that is asked for how far it is, for a person.
func (j *Jobs) Note(ctx context.Context, id, progress string) error {
	return j.end(ctx, id, func(job *Job) { job.Report = progress })
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

// unendedAfter is how long a job is left to its order, and to what does it.
const unendedAfter = 15 * time.Minute

// maxSwept bounds the jobs that one sweep orders again.
const maxSwept = 100

// Sweep orders again what was asked for more than 15 minutes before at and has
// not ended: its order's event was lost, or the process died that did it. Each
// time is an attempt, so that a job that kills its process ends as failed. It
// returns how many jobs it ordered.
func (j *Jobs) Sweep(ctx context.Context, at time.Time) (int, error) {
	page, err := j.docs.Query(ctx, documents.Query{
		Name: "jobs_by_state", Equal: map[string]any{"state": string(Asked)}, To: at.Add(-unendedAfter), Limit: maxSwept,
	})
	if err != nil {
		return 0, fmt.Errorf("looking for jobs that did not end: %w", err)
	}
	ordered := 0
	var errs []error
	for _, doc := range page.Docs {
		var job Job
		if err := doc.Fields.Decode(&job); err != nil {
			errs = append(errs, fmt.Errorf("reading %s: %w", doc.Path, err))
			continue
		}
		err := j.end(ctx, job.ID, func(now *Job) {
			now.Attempts++
			if now.Attempts >= MaxAttempts {
				now.State, now.Report = Failed, fmt.Sprintf("it came to no end in %d attempts; the last said: %s", now.Attempts, now.Report)
			}
			job = *now
		})
		if err == nil && job.State == Asked {
			err = j.order(ctx, job)
			ordered++
		}
		errs = append(errs, err)
	}
	return ordered, errors.Join(errs...)
}
