// Package portal is the HTTP API of an installation, for people and programs:
// it shows and edits what the functions work on, and asks for work. It computes
// no money itself.
package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/objects"
)

// Config is what a portal is made of. All but PublicURL and Verifier is
// required.
type Config struct {
	Docs    documents.Store // opened with Model beside those of Ledger, Catalog and Jobs
	Buckets objects.Buckets
	Ledger  *ledger.Ledger
	Catalog *catalog.Catalog
	Jobs    *jobs.Jobs
	Log     *slog.Logger
	// Now is the instant that is noted when a job is asked for or an activation
	// is recorded.
	Now func() time.Time
	// PublicURL is where people reach the portal, such as
	// https://example.com/portal: its links begin with the path, and pages from
	// there may call it. Empty: it is reached at the root of whatever host.
	PublicURL string
	Mail      bool // e-mail can be sent
	// Verifier decides who may call; nil: events.Open, callers of this machine.
	Verifier events.Verifier
}

// Model is the collection that the portal keeps for itself.
func Model() documents.Model {
	return documents.Model{
		Collections: []string{"idempotency"},
		Queries:     []documents.Declaration{{Name: "idempotency_by_expiry", Collection: "idempotency", Range: "expires_at"}},
		Expires:     map[string]string{"idempotency": "expires_at"},
	}
}

type portal struct {
	Config
	api    huma.API
	base   string          // path of PublicURL, without a slash at its end
	origin string          // of PublicURL; empty: no other than the portal's own
	keyed  map[string]bool // patterns whose answers are kept by Idempotency-Key
	images *images
	whole  chan struct{} // full while a request holds all rates of a revision
}

// New returns the handler of the portal.
func New(config Config) (http.Handler, error) {
	if config.Docs == nil || config.Ledger == nil || config.Catalog == nil || config.Jobs == nil || config.Log == nil || config.Now == nil ||
		config.Buckets.Bills == nil || config.Buckets.Cards == nil || config.Buckets.Rated == nil || config.Buckets.Work == nil {
		return nil, errors.New("make a portal: documents, buckets, ledger, catalog, jobs, a logger and a clock are needed")
	}
	if config.Verifier == nil {
		config.Verifier = events.Open{}
	}
	var base, origin string
	if config.PublicURL != "" {
		u, err := url.Parse(config.PublicURL)
		if err != nil || u.Scheme == "" || u.Host == "" {
			return nil, fmt.Errorf("make a portal: public URL %q: want one such as https://portal.example.com", config.PublicURL)
		}
		base, origin = strings.TrimRight(u.EscapedPath(), "/"), u.Scheme+"://"+u.Host
	}
	mux := http.NewServeMux()
	p := newPortal(config, base, origin, mux)
	spec, err := json.MarshalIndent(p.api.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("describe the portal: %w", err)
	}
	mux.HandleFunc("GET /v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) { write(w, "application/openapi+json", spec) })
	return p.serve(mux)
}

// newPortal registers every operation.
func newPortal(config Config, base, origin string, mux *http.ServeMux) *portal {
	p := &portal{Config: config, base: base, origin: origin, keyed: map[string]bool{}, whole: make(chan struct{}, 1), images: newImages(config.Buckets.Cards)}
	p.api = humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Tollbook", Version: "1",
				Description: "Accounts, cards, files of records, months and invoices. Amounts are decimal strings, exact; instants are RFC 3339. " +
					"Every list has a limit and a cursor: send next of one page as the cursor of the following one.",
			},
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)},
		},
		Formats:                      map[string]huma.Format{"application/json": strictJSON, "json": strictJSON},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{p.asProblem},
	})
	if config.PublicURL != "" {
		p.api.OpenAPI().Servers = []*huma.Server{{URL: strings.TrimRight(config.PublicURL, "/")}}
	}
	for _, add := range []func(){
		p.addAccounts, p.addNumbers, p.addCallTypes, p.addPlans, p.addFeeds, p.addCards, p.addRevisions, p.addRevisionStates, p.addEdits, p.addAudit, p.addSearch,
		p.addDecks, p.addChanges, p.addBatches, p.addPeriods, p.addInvoices, p.addJobs, p.addExports, p.addImpact, p.addMail, p.addUploads, p.addPrice, p.addProblems,
	} {
		add()
	}
	// Every operation answers errors as a Problem: huma's own model is not used.
	schemas := p.api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	return p
}

// operation is what the operations of this API are described with.
type operation struct {
	id, method, path, summary string
	tag                       string
	status                    int // of success; 0: 200
	also                      map[int]string
	content                   string // of success, when it is not JSON
	keyed                     bool   // its answer is kept by Idempotency-Key
}

// add registers an operation. What handle returns as an error is answered as
// explain says.
func add[I, O any](p *portal, o operation, handle func(context.Context, *I) (*O, error)) {
	registry := p.api.OpenAPI().Components.Schemas
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: "/v1" + o.path, Summary: o.summary, Tags: []string{o.tag},
		DefaultStatus: o.status,
		// The body has been read by serve: huma's deadline would end the
		// request with its handler still at work.
		BodyReadTimeout: -1,
		MaxBodyBytes:    maxBody + 1,
		Responses: map[string]*huma.Response{"default": {
			Description: "Error",
			Content: map[string]*huma.MediaType{
				"application/problem+json": {Schema: registry.Schema(reflect.TypeFor[Problem](), true, "Problem")},
			},
		}},
	}
	for status, description := range o.also {
		op.Responses[fmt.Sprint(status)] = &huma.Response{Description: description}
	}
	if o.content != "" {
		op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{o.content: {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}
	if o.keyed {
		p.keyed[o.method+" /v1"+o.path] = true
		op.Parameters = append(op.Parameters, keyParameter())
	}
	huma.Register(p.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, p.explain(ctx, o.id, err)
		}
		return out, nil
	})
}
