package portal

import (
	"context"
	"slices"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/mail"
)

// mailOf is what is mailed, and to whom.
type mailOf struct {
	To     []string `json:"to" minItems:"1" maxItems:"20" example:"[\"rates@example.com\"]" doc:"addresses, without names"`
	Format string   `json:"format" enum:"csv,xlsx,json" doc:"of the attached file, which is that of the download"`
}

func showMail(j jobs.Job) *mailOf {
	if j.Kind != jobs.Mail {
		return nil
	}
	return &mailOf{To: slices.Clone(j.Mail.To), Format: j.Mail.Format}
}

type mailInput struct {
	ByRevision
	Key
	Body mailOf
}

func (p *portal) addMail() {
	add(p, operation{id: "mail-revision", method: "POST", path: "/cards/{id}/revisions/{n}/mail", tag: "cards", status: 202,
		summary: "Send all rates of a revision by e-mail, as an attached file of at most 20 MiB"}, p.askMail)
}

func (p *portal) askMail(ctx context.Context, in *mailInput) (*jobOutput, error) {
	if _, _, err := p.revision(ctx, in.ID, in.Number); err != nil {
		return nil, err
	}
	if !p.Mail {
		return nil, wrongState.problem("Mail is not set up: the installation has no mail server. Set TOLLBOOK_SMTP and TOLLBOOK_SMTP_FROM, or download the rates.")
	}
	to, err := mail.ParseRecipients(in.Body.To)
	if err != nil {
		return nil, invalid.problem("The recipients are not right.").with("body.to", "", err.Error())
	}
	by := p.actor(ctx)
	of := jobs.MailOf{Card: in.ID, Revision: in.Number, Format: in.Body.Format, To: to, By: by.By}
	j, err := p.Jobs.AskMail(ctx, of, in.IdempotencyKey, by.At)
	if err != nil {
		return nil, err
	}
	by.At = j.AskedAt
	if err := p.Catalog.NoteMailing(ctx, by, catalog.Mailing{Job: j.ID, Card: of.Card, Revision: of.Revision, Format: of.Format, To: of.To}); err != nil {
		return nil, err
	}
	return p.accepted(j), nil
}
