package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollbook/tollbook/shared/deck/download"
	"github.com/tollbook/tollbook/shared/ratecard"
)

// addDownloads registers the files of rates that a person changes and uploads
// again.
func (p *portal) addDownloads() {
	for _, f := range []struct {
		format  download.Format
		summary string
		content string
	}{
		{download.CSV, "All rates of a revision as CSV, to be changed and uploaded again", "text/csv"},
		{download.XLSX, "The same as a workbook, of at most 1,048,575 rates", download.XLSX.ContentType()},
		{download.JSON, "The same as an open rate card", "application/json"},
	} {
		id := "download-rates"
		if f.format != download.CSV {
			id += "-" + string(f.format)
		}
		add(p, operation{id: id, method: "GET", path: "/cards/{id}/revisions/{n}/rates." + string(f.format), tag: "cards", summary: f.summary, content: f.content},
			func(ctx context.Context, in *ByRevision) (*fileOutput, error) {
				return p.downloadRates(ctx, id, f.format, *in)
			})
	}
}

// downloadRates reads the rates twice: once for what they need, and whether all of
// them can be written, before the answer begins.
func (p *portal) downloadRates(ctx context.Context, id string, format download.Format, in ByRevision) (*fileOutput, error) {
	d, _, err := p.definition(ctx, in.ID)
	if err != nil && !isProblem(err, notFound) {
		return nil, err
	}
	rev, r, err := p.openRates(ctx, in)
	if err != nil {
		return nil, err
	}
	file, err := download.New(format, download.About{Card: rev.Card, Revision: rev.Number, Currency: d.Currency, Date: p.Now()}, ratecard.ReadRates(r))
	if err := errors.Join(err, r.Close()); errors.Is(err, download.ErrTooMany) {
		return nil, wrongState.problem("The revision has %d rates, and %v.", rev.Rows, download.ErrTooMany)
	} else if err != nil {
		return nil, err
	}
	if _, r, err = p.openRates(ctx, in); err != nil {
		return nil, err
	}
	return &fileOutput{func(out huma.Context) { p.sendRates(ctx, id, out, file, format, r) }}, nil
}

func (p *portal) sendRates(ctx context.Context, id string, out huma.Context, file *download.File, format download.Format, r io.ReadCloser) {
	out.SetHeader("Content-Type", format.ContentType())
	out.SetHeader("Content-Disposition", attachment(file.Name()))
	out.SetStatus(http.StatusOK)
	err := file.Write(out.BodyWriter(), ratecard.ReadRates(r))
	if err := errors.Join(err, r.Close()); err != nil {
		_ = p.explain(ctx, id, fmt.Errorf("downloading rates: %w", err)) // logged: the answer has begun
		panic(http.ErrAbortHandler)
	}
}
