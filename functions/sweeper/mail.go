package sweeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/deck/download"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/mail"
)

// errTooLarge stops the writing of a file that is not to be attached.
var errTooLarge = fmt.Errorf("it would have more than %d MiB, which no mail takes: download it instead", mail.MaxAttachment>>20)

// attachment keeps a file of at most mail.MaxAttachment bytes.
type attachment struct {
	data bytes.Buffer
	full bool
}

// Write fails with errTooLarge.
func (a *attachment) Write(b []byte) (int, error) {
	if a.full = a.full || a.data.Len()+len(b) > mail.MaxAttachment; a.full {
		return 0, errTooLarge
	}
	return a.data.Write(b)
}

// unknown is how a mailing ends of which nobody can say whether it was sent.
const unknown = "unknown: it may have been sent, so it is not sent again. Ask who it was for, and mail it anew if they have not got it."

// mail sends a revision of a card. A message that was begun and did not say how it ended
// is not sent again.
func (f function) mail(ctx context.Context, job jobs.Job) (string, error) {
	if job.Mail.State == "" {
		return f.send(ctx, job)
	}
	before, err := f.Jobs.BeginMail(ctx, job.ID)
	switch {
	case err != nil:
		return "", err
	case before == jobs.Sent:
		return f.mailed(ctx, job)
	}
	return f.unsent(ctx, job, unknown)
}

// send makes the message, and sends it.
func (f function) send(ctx context.Context, job jobs.Job) (string, error) {
	// Whoever asked notes that, too, but may do so later than this ends.
	if err := f.note(ctx, job, ""); err != nil {
		return "", err
	}
	if f.Mail == nil {
		return f.unsent(ctx, job, "not sent: mail is not set up")
	}
	of := job.Mail
	format := download.Format(of.Format)
	var file attachment
	name, rates, err := f.Catalog.WriteDownload(ctx, &file, of.Card, of.Revision, format, job.AskedAt)
	switch {
	case file.full:
		return f.unsent(ctx, job, fmt.Sprintf("not sent: %v: GET /v1/cards/%s/revisions/%d/rates.%s", errTooLarge, of.Card, of.Revision, of.Format))
	case errors.Is(err, catalog.ErrRefused), errors.Is(err, documents.ErrNotFound):
		return f.unsent(ctx, job, "not sent: "+err.Error())
	case err != nil:
		return "", err
	}
	before, err := f.Jobs.BeginMail(ctx, job.ID)
	if err == nil && before != "" {
		err = jobs.ErrElsewhere
	}
	if err != nil {
		return "", err
	}
	err = f.Mail.Send(ctx, mail.Message{
		ID: "tollbook-" + job.ID, To: of.To, Date: job.AskedAt,
		Subject: fmt.Sprintf("Rates of %s, revision %d", of.Card, of.Revision),
		Text:    fmt.Sprintf("Attached are the rates of card %s, revision %d: %d rates, in the file %s.\n", of.Card, of.Revision, rates, name),
		File:    mail.File{Name: name, Type: format.ContentType(), Data: file.data.Bytes()},
	})
	var failed *mail.Failure
	switch {
	case err == nil:
		if err := f.Jobs.EndMail(ctx, job.ID, jobs.Sent); err != nil {
			return "", err
		}
		return f.mailed(ctx, job)
	case !errors.As(err, &failed) || failed.Outcome == mail.Unknown:
		return f.unsent(ctx, job, unknown+" "+err.Error())
	}
	if err := f.Jobs.EndMail(ctx, job.ID, ""); err != nil {
		return "", err
	}
	if failed.Outcome == mail.Refused || job.Attempts+1 >= jobs.MaxAttempts {
		return f.unsent(ctx, job, "not sent: "+failed.Problem)
	}
	return "", fmt.Errorf("mailing %s: %w", job.Target, failed)
}

// mailed notes that a message was sent.
func (f function) mailed(ctx context.Context, job jobs.Job) (string, error) {
	return fmt.Sprintf("sent to %d", len(job.Mail.To)), f.note(ctx, job, "sent")
}

// unsent notes why a message was not sent, or that nobody knows. The job ends with it.
func (f function) unsent(ctx context.Context, job jobs.Job, why string) (string, error) {
	if err := f.note(ctx, job, why); err != nil {
		return "", err
	}
	return "", &events.BadInput{Err: errors.New(why)}
}

func (f function) note(ctx context.Context, job jobs.Job, result string) error {
	of := job.Mail
	return f.Catalog.NoteMailing(ctx, catalog.Actor{By: of.By, At: job.AskedAt},
		catalog.Mailing{Job: job.ID, Card: of.Card, Revision: of.Revision, Format: of.Format, To: of.To, Result: result})
}
