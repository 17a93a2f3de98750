// Package jobs keeps the long pieces of work that people ask for: each is a
// document with its state and report, and a work order for the function that
// does it.
package jobs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/events"
	"github.com/tollbook/tollbook/shared/objects"
	"github.com/tollbook/tollbook/shared/period"
)

// Kind says what a job does to its target.
type Kind string

// The kinds of jobs.
const (
	Close   Kind = "close"   // a period, whatever the day: to issued
	Fold    Kind = "fold"    // a period: what it would bill now
	Redo    Kind = "redo"    // a committed batch: its file is read and priced again
	Retry   Kind = "retry"   // a failed batch, after what it failed for was mended
	Compile Kind = "compile" // every customer card whose parent has changed; the target is empty
	Sweep   Kind = "sweep"   // what lost its event or did not end; the target is empty
	Fsck    Kind = "fsck"    // everything is proved again; the target is empty
	Deck    Kind = "deck"    // one that a person decided to apply
	Export  Kind = "export"  // a committed batch or a period: its records as files; see AskExport
	Impact  Kind = "impact"  // a revision of a card, or a deck: what past usage would have cost by it; see AskImpact
	Mail    Kind = "mail"    // a revision of a card: sent by e-mail; see AskMail
)

// does says which function does a kind.
var does = map[Kind]string{
	Close: "billrun", Fold: "billrun", Redo: "cdrrating", Retry: "cdrrating",
	Compile: "cardcompile", Sweep: "sweeper", Fsck: "sweeper", Deck: "sweeper", Export: "sweeper", Impact: "sweeper", Mail: "sweeper",
}

// State is where a job stands: asked → done or failed.
type State string

// The states of a job.
const (
	Asked  State = "asked"
	Done   State = "done"
	Failed State = "failed"
)

// Job is a piece of work that a person asked for.
type Job struct {
	ID      string    `doc:"id" json:"id"`
	Kind    Kind      `doc:"kind" json:"kind"`
	Target  string    `doc:"target,omitempty" json:"target,omitempty"`
	State   State     `doc:"state" json:"state"`
	AskedAt time.Time `doc:"asked_at" json:"asked_at"`
	// Report is for a person: what was done, or why it was not, or how far it is.
	// At most MaxReport bytes.
	Report   string `doc:"report,omitempty" json:"report,omitempty"`
	Attempts int64  `doc:"attempts,omitempty" json:"attempts,omitempty"` // that failed, or came to no end
	// Format is what an export is written as.
	Format string `doc:"format,omitempty" json:"format,omitempty"`
	// Asks is what an impact is to be of.
	Asks ImpactOf `doc:"asks,omitempty" json:"asks,omitzero"`
	// Mail is what is to be mailed, and how far that is.
	Mail MailOf `doc:"mail,omitempty" json:"mail,omitzero"`
	// Files are what a job that is done has made, in the work bucket, at most
	// MaxFiles. They are not kept for good.
	Files []File `doc:"files,omitempty" json:"files,omitempty"`
}

// ImpactOf is what an impact compares: by a revision of a card, or by a deck.
type ImpactOf struct {
	Card     string    `doc:"card,omitempty" json:"card,omitempty"`
	Revision int       `doc:"revision,omitempty" json:"revision,omitempty"`
	Deck     string    `doc:"deck,omitempty" json:"deck,omitempty"` // its id
	Months   []string  `doc:"months" json:"months"`                 // YYYY-MM
	AsOf     time.Time `doc:"as_of,omitempty" json:"as_of,omitzero"`
	Rebuilt  bool      `doc:"rebuilt,omitempty" json:"rebuilt,omitzero"`
}

// File is a file that a job has made.
type File struct {
	Object     string `doc:"object" json:"object"` // its last part names the file among the job's
	Generation string `doc:"generation" json:"generation"`
	Bytes      int64  `doc:"bytes" json:"bytes"`
	Rows       int64  `doc:"rows" json:"rows"`
}

// Name returns the last part of the object's name.
func (f File) Name() string { return f.Object[strings.LastIndexByte(f.Object, '/')+1:] }

// Limits of jobs.
const (
	MaxTarget   = 256       // bytes
	MaxReport   = 100 << 10 // bytes; a longer one is cut
	MaxAttempts = 5         // failed attempts after which a job is failed
	MaxFiles    = 500
)

// ErrUnknown: no such kind of job.
var ErrUnknown = errors.New("unknown kind of job")

// Jobs works on one set of documents and order buckets.
type Jobs struct {
	docs   documents.Store
	orders map[string]objects.Bucket // by function
}

// New returns jobs over a store opened with Model. Orders are the order buckets
// by function; without that of a kind's function, the kind cannot be asked for.
func New(docs documents.Store, orders map[string]objects.Bucket) *Jobs {
	return &Jobs{docs, orders}
}

// Model is the collections and queries of the jobs.
func Model() documents.Model {
	return documents.Model{
		Collections: []string{"jobs"},
		Queries: []documents.Declaration{
			{Name: "jobs_all", Collection: "jobs", Range: "asked_at"},
			{Name: "jobs_by_state", Collection: "jobs", Equal: []string{"state"}, Range: "asked_at"},
		},
	}
}

func path(id string) documents.Path {
	return documents.Path{Collection: "jobs", ID: documents.ID(id)}
}

// Ask notes a job and places its order. The same kind, target and key is the
// same job, however often it is asked for; without a key each call is a new one.
func (j *Jobs) Ask(ctx context.Context, kind Kind, target, key string, at time.Time) (Job, error) {
	return j.ask(ctx, Job{Kind: kind, Target: target, AskedAt: at}, key)
}

// AskExport is Ask for the records of a batch or a period as files of a format.
func (j *Jobs) AskExport(ctx context.Context, target, format, key string, at time.Time) (Job, error) {
	return j.ask(ctx, Job{Kind: Export, Target: target, Format: format, AskedAt: at}, key)
}

// AskImpact is Ask for what a revision of a card, or a deck, would have cost. The
// target is the card and the revision's number, carrier/2, or the deck's id. Without
// months they are those of at and the one before, in UTC.
func (j *Jobs) AskImpact(ctx context.Context, of ImpactOf, key string, at time.Time) (Job, error) {
	job := Job{Kind: Impact, Target: of.Deck, AskedAt: at}
	if of.Deck == "" {
		job.Target = of.Card + "/" + strconv.Itoa(of.Revision)
	}
	of.AsOf = of.AsOf.UTC().Round(time.Microsecond)
	if key != "" { // what is asked again is asked as it was, though a month has ended
		key = idOf(key, strings.Join(of.Months, " "), of.AsOf.Format(time.RFC3339Nano), strconv.FormatBool(of.Rebuilt))
	}
	if job.Asks = of; len(of.Months) == 0 {
		this := period.Of(at, time.UTC)
		job.Asks.Months = []string{this.Add(-1).String(), this.String()}
	}
	return j.ask(ctx, job, key)
}

func (j *Jobs) ask(ctx context.Context, job Job, key string) (Job, error) {
	function, ok := does[job.Kind]
	if !ok || j.orders[function] == nil {
		return Job{}, fmt.Errorf("job %q: %w", job.Kind, ErrUnknown)
	}
	if n := max(len(job.Target), len(job.Format)); n > MaxTarget {
		return Job{}, fmt.Errorf("job %s: a target or format of %d bytes, want at most %d: %w", job.Kind, n, MaxTarget, ErrUnknown)
	}
	if key == "" {
		key = rand.Text()
	}
	if job.ID = idOf(string(job.Kind), job.Target, key); job.Format != "" {
		job.ID = idOf(string(job.Kind), job.Target, key, job.Format)
	}
	job.State, job.AskedAt = Asked, job.AskedAt.UTC().Round(time.Microsecond)
	fields, err := documents.Encode(job)
	if err != nil {
		return Job{}, fmt.Errorf("job %s: %w", job.Kind, err)
	}
	_, err = j.docs.Create(ctx, path(job.ID), fields)
	if errors.Is(err, documents.ErrExists) {
		if job, err = j.Get(ctx, job.ID); err != nil || job.State != Asked {
			return job, err
		}
	}
	if err != nil {
		return Job{}, fmt.Errorf("noting a job: %w", err)
	}
	return job, j.order(ctx, job)
}

func idOf(parts ...string) string {
	h := sha256.New()
	for _, s := range parts {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// order places the job's order: once for each attempt. Placed again it is the
// same object, and no event follows.
func (j *Jobs) order(ctx context.Context, job Job) error {
	payload, err := json.Marshal(job.Attempts)
	if err != nil {
		return fmt.Errorf("ordering job %s: %w", job.ID, err)
	}
	err = events.Place(ctx, j.orders[does[job.Kind]], events.Order{Kind: string(job.Kind), ID: job.ID, Payload: payload})
	if err != nil {
		return fmt.Errorf("ordering job %s: %w", job.ID, err)
	}
	return nil
}

// Get returns a job as it stands.
func (j *Jobs) Get(ctx context.Context, id string) (Job, error) {
	job, _, err := j.get(ctx, id)
	return job, err
}

func (j *Jobs) get(ctx context.Context, id string) (Job, documents.Version, error) {
	var job Job
	doc, err := j.docs.Get(ctx, path(id))
	if err != nil {
		return job, "", fmt.Errorf("reading job %s: %w", id, err)
	}
	if err := doc.Fields.Decode(&job); err != nil {
		return job, "", fmt.Errorf("reading job %s: %w", id, err)
	}
	return job, doc.Version, nil
}

// List returns jobs, the oldest first, a page at a time.
func (j *Jobs) List(ctx context.Context, cursor string, limit int) ([]Job, string, error) {
	page, err := j.docs.Query(ctx, documents.Query{Name: "jobs_all", Limit: limit, Cursor: cursor})
	if err != nil {
		return nil, "", fmt.Errorf("listing jobs: %w", err)
	}
	out := make([]Job, len(page.Docs))
	for i, doc := range page.Docs {
		if err := doc.Fields.Decode(&out[i]); err != nil {
			return nil, "", fmt.Errorf("listing jobs: %w", err)
		}
	}
	return out, page.Cursor, nil
}
