package portal

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tollbook/tollbook/functions/report"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/objects"
)

// uploadTime is how long a form is good for.
const uploadTime = 15 * time.Minute

// maxRecords is the largest file of records that a form takes, in bytes.
const maxRecords = 5 << 30

type upload struct {
	URL     string            `json:"url"`
	Fields  map[string]string `json:"fields" doc:"send each in multipart/form-data, and then the file as \"file\""`
	Most    int64             `json:"max_bytes"`
	Expires time.Time         `json:"expires"`
}

type uploadInput struct {
	Body struct {
		Bucket string `json:"bucket" enum:"decks,cdrs"`
		Name   string `json:"name" minLength:"3" maxLength:"1024" example:"carrier/2026-11.csv" doc:"of the file: for a deck <card>/<name>, for records <feed>/<name>"`
	}
}

type uploadOutput struct {
	Status int
	Body   upload
}

func (p *portal) addUploads() {
	add(p, operation{id: "create-upload", method: "POST", path: "/uploads", tag: "uploads", summary: "A form with which a browser uploads one file", status: 201},
		func(ctx context.Context, in *uploadInput) (*uploadOutput, error) {
			bucket, most, collection, what := p.Buckets.Decks, int64(catalog.MaxDeck), "definitions", "card"
			if in.Body.Bucket == "cdrs" {
				bucket, most, collection, what = p.Buckets.CDRs, maxRecords, "feeds", "feed"
			}
			folder, _, ok := strings.Cut(in.Body.Name, "/")
			if err := objects.CheckName(in.Body.Name); err != nil || !ok || report.Is(in.Body.Name) {
				return nil, invalid.problem("The file cannot have this name.").
					with("body.name", in.Body.Name, "want <"+what+">/<name>, without control characters, empty parts, . or .., and not ending in "+report.Suffix)
			}
			uploader, ok := bucket.(objects.Uploader)
			if !ok {
				return nil, notOffered.problem("The bucket %s takes no uploads by form: put the file into its folder.", in.Body.Bucket)
			}
			_, err := p.Docs.Get(ctx, pathOf(collection, folder))
			if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
				return nil, refused.problem("There is no %s %q.", what, clip(folder)).with("body.name", in.Body.Name, "want a file in the folder of a "+what+" that is there")
			}
			if err != nil {
				return nil, err
			}
			expires := p.Now().Add(uploadTime)
			form, err := uploader.SignedUpload(ctx, in.Body.Name, 1, most, expires)
			if err != nil {
				return nil, err
			}
			return &uploadOutput{201, upload{URL: form.URL, Fields: form.Fields, Most: most, Expires: expires.UTC()}}, nil
		})
}
