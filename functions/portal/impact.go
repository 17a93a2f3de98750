package portal

import (
	"context"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/period"
)

// impactOf is what an impact compares.
type impactOf struct {
	Months  []string   `json:"months,omitempty" maxItems:"12" uniqueItems:"true" example:"[\"2026-10\",\"2026-11\"]" doc:"whose usage is priced again, in every billing cycle; none: this month and the one before, in UTC"`
	AsOf    *time.Time `json:"as_of,omitempty" doc:"all usage is priced by the rates that hold at this instant, so that what begins later shows; none: by those that hold at its own"`
	Rebuilt bool       `json:"rebuilt,omitempty" doc:"of a provider card: compare customers' charges, too, as if their cards were built from the revision; otherwise they stay as charged, and the cost at suppliers is compared"`
}

func showImpact(j jobs.Job) *impactOf {
	if j.Kind != jobs.Impact {
		return nil
	}
	out := &impactOf{Months: j.Asks.Months, Rebuilt: j.Asks.Rebuilt}
	if !j.Asks.AsOf.IsZero() {
		out.AsOf = &j.Asks.AsOf
	}
	return out
}

type impactInput struct {
	ByRevision
	Key
	Body impactOf
}

func (p *portal) addImpact() {
	add(p, operation{id: "ask-impact", method: "POST", path: "/cards/{id}/revisions/{n}/impact", tag: "cards", status: 202,
		summary: "Work out what past usage would have cost by a revision, live or not: by destination and account, with margins"}, p.askImpact)
}

func (p *portal) askImpact(ctx context.Context, in *impactInput) (*jobOutput, error) {
	if _, _, err := p.revision(ctx, in.ID, in.Number); err != nil {
		return nil, err
	}
	var bad inputs
	of := jobs.ImpactOf{Card: in.ID, Revision: in.Number, Rebuilt: in.Body.Rebuilt}
	for i, s := range in.Body.Months {
		of.Months = append(of.Months, parsed(&bad, fmt.Sprintf("body.months[%d]", i), s, "YYYY-MM", period.ParseMonth).String())
	}
	if in.Body.AsOf != nil {
		if of.AsOf = *in.Body.AsOf; of.AsOf.Before(earliest) || !of.AsOf.Before(latest) {
			bad.refuse("body.as_of", of.AsOf.Format(time.RFC3339), "want an instant from 1970 to 2199")
		}
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	j, err := p.Jobs.AskImpact(ctx, of, in.IdempotencyKey, p.Now())
	if err != nil {
		return nil, err
	}
	return p.accepted(j), nil
}

// earliest and latest are what usage lies between.
var earliest, latest = time.Unix(0, 0), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
