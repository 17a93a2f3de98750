package portal

import (
	"context"
	"time"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/jobs"
)

type job struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind" enum:"close,fold,redo,retry,compile,sweep,fsck,deck,export,impact,mail"`
	Target   string    `json:"target,omitempty" doc:"the period, batch or deck that it is about, or the card and revision: carrier/2"`
	State    string    `json:"state" enum:"asked,done,failed"`
	AskedAt  time.Time `json:"asked_at"`
	Report   string    `json:"report,omitempty" doc:"what was done, or why it was not; before it has ended, how far it is"`
	Attempts int64     `json:"attempts,omitempty" doc:"that failed"`
	Format   string    `json:"format,omitempty" doc:"of an export"`
	Impact   *impactOf `json:"impact,omitempty" doc:"what an impact compares"`
	Mail     *mailOf   `json:"mail,omitempty" doc:"what is mailed, and to whom"`
	Files    []jobFile `json:"files,omitempty" doc:"that an export or an impact has made; they are kept for a week"`
}

func (p *portal) showJob(j jobs.Job) job {
	return job{
		ID: j.ID, Kind: string(j.Kind), Target: j.Target, State: string(j.State), AskedAt: j.AskedAt, Report: j.Report, Attempts: j.Attempts,
		Format: j.Format, Impact: showImpact(j), Mail: showMail(j), Files: p.showFiles(j),
	}
}

// jobOutput says where to look after a job: 202 as long as it is asked.
type jobOutput struct {
	Status     int
	Location   string `header:"Location"`
	RetryAfter string `header:"Retry-After"`
	ETag       string `header:"ETag"`
	Body       job
}

func (p *portal) jobOf(j jobs.Job, v documents.Version) *jobOutput {
	out := &jobOutput{Status: 200, ETag: etag(v), Body: p.showJob(j)}
	if j.State == jobs.Asked {
		out.Status, out.RetryAfter = 202, "2"
	}
	return out
}

type newJob struct {
	Key
	Body struct {
		Kind string `json:"kind" enum:"compile,sweep,fsck" doc:"close, fold, redo, retry, deck, export, impact and mail are asked for where their period, batch, deck or revision is"`
	}
}

func (p *portal) addJobs() {
	const tag = "jobs"
	add(p, operation{id: "list-jobs", method: "GET", path: "/jobs", tag: tag, summary: "Work that was asked for, the oldest first"},
		func(ctx context.Context, in *Paging) (*pageOutput[job], error) {
			return list(ctx, p, *in, documents.Query{Name: "jobs_all"}, p.showJob)
		})
	add(p, operation{id: "get-job", method: "GET", path: "/jobs/{id}", tag: tag, summary: "One piece of work: 202 until it has ended", also: map[int]string{202: "Asked for"}},
		func(ctx context.Context, in *ByID) (*jobOutput, error) {
			j, v, err := read[jobs.Job](ctx, p, pathOf("jobs", in.ID), "job", in.ID)
			return p.jobOf(j, v), err
		})
	add(p, operation{id: "ask-job", method: "POST", path: "/jobs", tag: tag, summary: "Ask for work on the whole installation", status: 202},
		func(ctx context.Context, in *newJob) (*jobOutput, error) {
			return p.ask(ctx, jobs.Kind(in.Body.Kind), "", in.IdempotencyKey)
		})
}

// ask notes a job and places its order.
func (p *portal) ask(ctx context.Context, kind jobs.Kind, target, key string) (*jobOutput, error) {
	j, err := p.Jobs.Ask(ctx, kind, target, key, p.Now())
	if err != nil {
		return nil, err
	}
	return p.accepted(j), nil
}

func (p *portal) accepted(j jobs.Job) *jobOutput {
	out := p.jobOf(j, "")
	out.Status, out.Location = 202, p.base+"/v1/jobs/"+j.ID
	return out
}
