package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/deck/download"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// Mailed: a revision was asked to be sent by e-mail, or that ended; see Mailing.
const Mailed Action = "mailed"

// maxResult is how many bytes of a mailing's result are kept.
const maxResult = 1000

// Mailing is what the audit log says of a revision that is sent by e-mail: once when it
// is asked for, and once when it has ended.
type Mailing struct {
	Job      string
	Card     string
	Revision int
	Format   string
	To       []string
	Result   string // empty: it is asked for
}

// NoteMailing adds a mailing to the audit log of its card. The same job's request, and
// its end, are there once, however often they are noted.
func (c *Catalog) NoteMailing(ctx context.Context, by Actor, m Mailing) error {
	stage := "asked"
	after := map[string]string{"job": m.Job, "format": m.Format, "to": strings.Join(m.To, ", ")}
	if m.Result != "" {
		stage, after["result"] = "ended", m.Result
		if len(m.Result) > maxResult {
			after["result"] = strings.ToValidUTF8(m.Result[:maxResult], "") + "…"
		}
	}
	err := c.docs.RunTx(ctx, func(_ context.Context, tx documents.Tx) error {
		var noted struct {
			Card string `doc:"card"`
		}
		at := pathOf("heads", "mailed", m.Job, stage)
		missing, err := find(tx, at, &noted)
		if err != nil || !missing {
			return err
		}
		audit, err := newAuditor(tx, m.Card)
		if err != nil {
			return err
		}
		noted.Card = m.Card
		return errors.Join(create(tx, at, noted), audit.add(by, Mailed, m.Revision, nil, after))
	})
	if err != nil {
		return fmt.Errorf("noting that revision %d of %s was mailed: %w", m.Revision, m.Card, err)
	}
	return nil
}

// WriteDownload writes the rates of a revision as a file of a format, and returns its
// name and how many rates it has. An error of ErrRefused is for a person.
func (c *Catalog) WriteDownload(ctx context.Context, w io.Writer, card string, number int, format download.Format, at time.Time) (name string, rates int64, err error) {
	var rev ratecard.Revision
	if err := c.read(ctx, pathOf("revisions", card, strconv.Itoa(number)), &rev); err != nil {
		return "", 0, fmt.Errorf("revision %d of card %s: %w", number, card, err)
	}
	d, err := c.Definition(ctx, card)
	if err != nil && !errors.Is(err, documents.ErrNotFound) {
		return "", 0, err
	}
	file, err := download.New(format, download.About{Card: card, Revision: number, Currency: d.Currency, Date: at}, c.storedRates(ctx, rev))
	if errors.Is(err, download.ErrTooMany) {
		return "", 0, refusal("the revision has %d rates, and %v", rev.Rows, download.ErrTooMany)
	}
	if err != nil {
		return "", 0, err
	}
	return file.Name(), rev.Rows, file.Write(w, c.storedRates(ctx, rev))
}
