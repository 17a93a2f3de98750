package jobs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
)

// MailOf is which revision of a card is mailed, and to whom.
type MailOf struct {
	Card     string    `doc:"card" json:"card"`
	Revision int       `doc:"revision" json:"revision"`
	Format   string    `doc:"format" json:"format"`
	To       []string  `doc:"to" json:"to"`
	By       string    `doc:"by,omitempty" json:"by,omitempty"` // who asked
	State    MailState `doc:"state,omitempty" json:"state,omitempty"`
	Attempt  int64     `doc:"attempt,omitempty" json:"attempt,omitempty"` // of the job in which it was begun
}

// MailState is how far a message is: "" → sending → sent. One that was begun and
// refused goes back to "".
type MailState string

// The states of a message.
const (
	Sending MailState = "sending" // it is being given to a server, or was when whatever did so ended
	Sent    MailState = "sent"
)

// ErrElsewhere is returned by work on a job that another call is doing: the job stays as
// it is, and its end is left to that call, or to a sweep.
var ErrElsewhere = errors.New("another call is doing the job")

// AskMail is Ask for a revision of a card to be mailed. The target is the card and the
// revision's number: carrier/2. Its message is known by the job's id.
func (j *Jobs) AskMail(ctx context.Context, of MailOf, key string, at time.Time) (Job, error) {
	job := Job{Kind: Mail, Target: of.Card + "/" + strconv.Itoa(of.Revision), Mail: of, AskedAt: at}
	if key != "" {
		key = idOf(key, of.Format, strings.Join(of.To, " "))
	}
	return j.ask(ctx, job, key)
}

// BeginMail notes that a job's message is being sent: after this, nobody sends it again.
// Where that was noted before, it returns how it stands instead: Sent, or Sending when
// an earlier attempt began it and did not say how it ended, so that it may have been
// sent. ErrElsewhere: another call of the same attempt began it, or ended the job.
func (j *Jobs) BeginMail(ctx context.Context, id string) (before MailState, err error) {
	err = j.mail(ctx, id, func(job *Job) error {
		switch before = job.Mail.State; {
		case before == Sending && job.Mail.Attempt == job.Attempts:
			return ErrElsewhere
		case before == "":
			job.Mail.State, job.Mail.Attempt = Sending, job.Attempts
		}
		return nil
	})
	return before, err
}

// EndMail notes what became of a message that was being sent: Sent, or "" when nobody
// got it.
func (j *Jobs) EndMail(ctx context.Context, id string, state MailState) error {
	return j.mail(ctx, id, func(job *Job) error {
		job.Mail.State = state
		return nil
	})
}

func (j *Jobs) mail(ctx context.Context, id string, change func(*Job) error) error {
	for range maxConflicts {
		job, version, err := j.get(ctx, id)
		if err != nil {
			return err
		}
		if job.State != Asked {
			return fmt.Errorf("job %s is %s: %w", id, job.State, ErrElsewhere)
		}
		if err := change(&job); err != nil {
			return err
		}
		fields, err := documents.Encode(job)
		if err != nil {
			return fmt.Errorf("job %s: %w", id, err)
		}
		if _, err = j.docs.Replace(ctx, path(id), fields, version); err == nil {
			return nil
		} else if !errors.Is(err, documents.ErrConflict) {
			return fmt.Errorf("writing job %s: %w", id, err)
		}
	}
	return fmt.Errorf("writing job %s: %w", id, documents.ErrConflict)
}
