package portal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
)

// Paging is what every list takes.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"300" default:"100" doc:"most items of a page"`
	Cursor string `query:"cursor" maxLength:"8192" doc:"next of the page before"`
}

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"cursor of the following page; none on the last"`
}

type pageOutput[T any] struct{ Body page[T] }

// sealCursor hides where a page of a list ended, and of which list it was.
func sealCursor(list, place string) string {
	if place == "" {
		return ""
	}
	of := sha256.Sum256([]byte(list))
	return base64.RawURLEncoding.EncodeToString(append(of[:6], place...))
}

func openCursor(list, cursor string) (place string, err error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	of := sha256.Sum256([]byte(list))
	place, ok := strings.CutPrefix(string(raw), string(of[:6]))
	if err != nil || !ok || place == "" {
		return "", badCursorProblem()
	}
	return place, nil
}

func badCursorProblem() *Problem {
	return badCursor.problem("The cursor is not one that this list gave.").with("query.cursor", "", "want next of the page before, of the same list")
}

// list returns a page of a declared query. D is how the documents are kept.
func list[D, T any](ctx context.Context, p *portal, in Paging, q documents.Query, show func(D) T) (*pageOutput[T], error) {
	name := fmt.Sprintf("%s %q %q %q", q.Name, q.Equal, q.From, q.To)
	place, err := openCursor(name, in.Cursor)
	if err != nil {
		return nil, err
	}
	q.Limit, q.Cursor = in.Limit, place
	found, err := p.Docs.Query(ctx, q)
	if place != "" && errors.Is(err, documents.ErrInvalid) {
		return nil, badCursorProblem()
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", q.Name, err)
	}
	out := &pageOutput[T]{page[T]{Items: make([]T, len(found.Docs)), Next: sealCursor(name, found.Cursor)}}
	for i, doc := range found.Docs {
		var d D
		if err := doc.Decode(&d); err != nil {
			return nil, fmt.Errorf("listing %s: %w", q.Name, err)
		}
		out.Body.Items[i] = show(d)
	}
	return out, nil
}

// of bounds a query's range to one value of a string.
func of(q documents.Query, value string) documents.Query {
	q.From, q.To = value, value+"\x00"
	return q
}

// read returns a document; what and id are for the caller who named it.
func read[D any](ctx context.Context, p *portal, path documents.Path, what, id string) (d D, v documents.Version, err error) {
	doc, err := p.Docs.Get(ctx, path)
	if errors.Is(err, documents.ErrNotFound) || errors.Is(err, documents.ErrInvalid) {
		return d, "", missing(what, id)
	}
	if err != nil {
		return d, "", fmt.Errorf("reading %s: %w", path, err)
	}
	return d, doc.Version, doc.Decode(&d)
}

func pathOf(collection string, id ...string) documents.Path {
	return documents.Path{Collection: collection, ID: documents.ID(id...)}
}

// oneOutput is a resource with its version.
type oneOutput[T any] struct {
	Status int
	ETag   string `header:"ETag"`
	Body   T
}

func oneOf[T any](v documents.Version, body T) *oneOutput[T] {
	return &oneOutput[T]{Status: 200, ETag: etag(v), Body: body}
}

func etag(v documents.Version) string {
	if v == "" {
		return ""
	}
	return `"` + string(v) + `"`
}

// Expects says what a change expects to find.
type Expects struct {
	IfMatch     string `header:"If-Match" maxLength:"256" doc:"ETag of the resource as it was read: it is replaced if it is still so"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"256" doc:"* creates the resource, which must not be there"`
}

func (e Expects) match() (catalog.Match, error) {
	switch {
	case e.IfMatch == "" && e.IfNoneMatch == "":
		return catalog.Match{}, preconditioned.problem("Neither If-Match nor If-None-Match is there.")
	case e.IfMatch != "" && e.IfNoneMatch != "":
		return catalog.Match{}, badRequest.problem("If-Match and If-None-Match are both there.").with("header.If-Match", e.IfMatch, "want one of the two")
	case e.IfNoneMatch != "" && e.IfNoneMatch != "*":
		return catalog.Match{}, badRequest.problem("If-None-Match creates only.").with("header.If-None-Match", e.IfNoneMatch, "want *")
	case e.IfNoneMatch != "":
		return catalog.Match{Create: true}, nil
	}
	tag, opened := strings.CutPrefix(e.IfMatch, `"`)
	tag, closed := strings.CutSuffix(tag, `"`)
	if !opened || !closed || tag == "" || strings.Contains(tag, `"`) {
		return catalog.Match{}, badRequest.problem("If-Match is not one ETag.").with("header.If-Match", e.IfMatch, `want the ETag as it was read, such as "12"`)
	}
	return catalog.Match{Version: documents.Version(tag)}, nil
}

// put makes an edit and answers with what was written.
func put[T any](e Expects, body T, edit func(catalog.Match) (documents.Version, error)) (*oneOutput[T], error) {
	m, err := e.match()
	if err != nil {
		return nil, err
	}
	v, err := edit(m)
	switch {
	case errors.Is(err, documents.ErrExists):
		return nil, exists.problem("It is there already.")
	case errors.Is(err, documents.ErrConflict):
		return nil, noMatch.problem("It is not, or no longer, what If-Match names.")
	case err != nil:
		return nil, err
	}
	out := oneOf(v, body)
	if m.Create {
		out.Status = 201
	}
	return out, nil
}

var created = map[int]string{201: "Created"}

// inputs collects what is wrong with the texts of a body.
type inputs struct{ problem *Problem }

func (in *inputs) refuse(location, value, message string) {
	if in.problem == nil {
		in.problem = invalid.problem("%s: %s", location, message)
	}
	in.problem.with(location, value, message)
}

// parsed reads a text of the body; wants says what would be right.
func parsed[T any](in *inputs, location, s, want string, parse func(string) (T, error)) T {
	v, err := parse(s)
	if err != nil {
		in.refuse(location, s, "want "+want)
	}
	return v
}

// same refuses a body that names another resource than its path.
func (in *inputs) same(location, body, path string) {
	if body != "" && body != path {
		in.refuse(location, body, fmt.Sprintf("want %q, as in the path, or none", clip(path)))
	}
}

func (in *inputs) err() error {
	if in.problem == nil {
		return nil
	}
	return in.problem
}
