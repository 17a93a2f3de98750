package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// jobFile is a file that a job has made.
type jobFile struct {
	Name  string `json:"name"`
	URL   string `json:"url" doc:"where it can be fetched"`
	Bytes int64  `json:"bytes"`
	Rows  int64  `json:"rows"`
}

func (p *portal) showFiles(j jobs.Job) []jobFile {
	var out []jobFile
	for _, f := range j.Files {
		out = append(out, jobFile{Name: f.Name(), URL: p.base + "/v1/jobs/" + j.ID + "/files/" + f.Name(), Bytes: f.Bytes, Rows: f.Rows})
	}
	return out
}

type exportInput struct {
	ID string `path:"id" maxLength:"256"`
	Key
	Body struct {
		Format string `json:"format" enum:"parquet,csv,csv_raw" doc:"In csv, text that a spreadsheet would run as a formula gets a leading apostrophe; csv_raw has it as it is."`
	}
}

type jobFileInput struct {
	ID   string `path:"id" maxLength:"128"`
	Name string `path:"name" maxLength:"255"`
}

func (p *portal) addExports() {
	add(p, operation{id: "export-batch", method: "POST", path: "/batches/{id}/exports", tag: "batches", status: 202,
		summary: "Write the rated and unrated records of a committed batch as files, as it priced them"},
		func(ctx context.Context, in *exportInput) (*jobOutput, error) {
			b, _, err := p.batch(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			// With a key it may be a job that was asked for before the state changed.
			if b.State != ledger.Committed && in.IdempotencyKey == "" {
				return nil, wrongState.problem("The batch is %s; want %s.", b.State, ledger.Committed)
			}
			return p.askExport(ctx, b.ID, in)
		})
	add(p, operation{id: "export-period", method: "POST", path: "/periods/{id}/exports", tag: "periods", status: 202,
		summary: "Write the records of the month as files, with what is due: of what was issued, or before it is closed of a fold of it now"},
		func(ctx context.Context, in *exportInput) (*jobOutput, error) {
			v, _, err := p.period(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return p.askExport(ctx, v.Key.String(), in)
		})
	add(p, operation{id: "get-job-file", method: "GET", path: "/jobs/{id}/files/{name}", tag: "jobs", content: "application/octet-stream",
		summary: "One file that a job has made; it is kept for a week"}, p.jobFile)
}

func (p *portal) askExport(ctx context.Context, target string, in *exportInput) (*jobOutput, error) {
	j, err := p.Jobs.AskExport(ctx, target, in.Body.Format, in.IdempotencyKey, p.Now())
	if err != nil {
		return nil, err
	}
	return p.accepted(j), nil
}

func (p *portal) jobFile(ctx context.Context, in *jobFileInput) (*fileOutput, error) {
	j, _, err := read[jobs.Job](ctx, p, pathOf("jobs", in.ID), "job", in.ID)
	if err != nil {
		return nil, err
	}
	for _, f := range j.Files {
		if f.Name() != in.Name {
			continue
		}
		r, err := p.Buckets.Work.OpenRange(ctx, f.Object, f.Generation, 0, -1)
		if errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrLost) {
			return nil, notFound.problem("The file is kept no longer: ask for it again.")
		}
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", f.Object, err)
		}
		return &fileOutput{func(out huma.Context) { p.sendFile(ctx, out, f, r) }}, nil
	}
	return nil, missing("file", in.Name)
}

func (p *portal) sendFile(ctx context.Context, out huma.Context, f jobs.File, r io.ReadCloser) {
	content := export.CSV.ContentType()
	switch path.Ext(f.Object) {
	case export.Parquet.Suffix():
		content = export.Parquet.ContentType()
	case ".json":
		content = "application/json"
	}
	out.SetHeader("Content-Type", content)
	out.SetHeader("Content-Length", strconv.FormatInt(f.Bytes, 10))
	out.SetHeader("Content-Disposition", attachment(f.Name()))
	out.SetStatus(http.StatusOK)
	_, err := io.Copy(out.BodyWriter(), r)
	if err := errors.Join(err, r.Close()); err != nil {
		_ = p.explain(ctx, "get-job-file", fmt.Errorf("sending %s: %w", f.Object, err)) // logged: the answer has begun
		panic(http.ErrAbortHandler)
	}
}
