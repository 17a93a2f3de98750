package portal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/period"
)

// impactOf is what an impact compares.
type impactOf struct {
	Months  []string   `json:"months,omitempty" maxItems:"12" uniqueItems:"true" example:"[\"2026-10\",\"2026-11\"]" doc:"whose usage is priced again, in every billing cycle; none: this month and the one before, in UTC"`
	AsOf    *time.Time `json:"as_of,omitempty" doc:"all usage is priced by the rates that hold at this instant, so that what begins later shows; none: by those that hold at its own"`
	Rebuilt bool       `json:"rebuilt,omitempty" doc:"of a provider card: compare customers' charges, too, as if their cards were built from the rates; otherwise they stay as charged, and the cost at suppliers is compared"`
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

type deckImpactInput struct {
	ByID
	Key
	Body impactOf
}

func (p *portal) addImpact() {
	add(p, operation{id: "ask-impact", method: "POST", path: "/cards/{id}/revisions/{n}/impact", tag: "cards", status: 202,
		summary: "Work out what past usage would have cost by a revision, live or not: by destination and account, with margins"},
		func(ctx context.Context, in *impactInput) (*jobOutput, error) {
			if _, _, err := p.revision(ctx, in.ID, in.Number); err != nil {
				return nil, err
			}
			return p.askImpact(ctx, jobs.ImpactOf{Card: in.ID, Revision: in.Number}, in.Body, in.IdempotencyKey)
		})
	add(p, operation{id: "ask-deck-impact", method: "POST", path: "/decks/{id}/impact", tag: "decks", status: 202,
		summary: "Work out what past usage would have cost by the rates that a deck makes of its card, or would make if it was approved now"},
		func(ctx context.Context, in *deckImpactInput) (*jobOutput, error) {
			d, _, err := read[catalog.Deck](ctx, p, pathOf("decks", in.ID), "deck", in.ID)
			if err != nil {
				return nil, err
			}
			if err := d.Proposes(); err != nil {
				return nil, wrongState.problem("%s", strings.TrimSuffix(err.Error(), ": "+catalog.ErrRefused.Error()))
			}
			return p.askImpact(ctx, jobs.ImpactOf{Deck: d.ID}, in.Body, in.IdempotencyKey)
		})
}

func (p *portal) askImpact(ctx context.Context, of jobs.ImpactOf, asked impactOf, key string) (*jobOutput, error) {
	var bad inputs
	of.Rebuilt = asked.Rebuilt
	for i, s := range asked.Months {
		of.Months = append(of.Months, parsed(&bad, fmt.Sprintf("body.months[%d]", i), s, "YYYY-MM", period.ParseMonth).String())
	}
	if asked.AsOf != nil {
		if of.AsOf = *asked.AsOf; of.AsOf.Before(earliest) || !of.AsOf.Before(latest) {
			bad.refuse("body.as_of", of.AsOf.Format(time.RFC3339), "want an instant from 1970 to 2199")
		}
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	j, err := p.Jobs.AskImpact(ctx, of, key, p.Now())
	if err != nil {
		return nil, err
	}
	return p.accepted(j), nil
}

// earliest and latest are what usage lies between.
var earliest, latest = time.Unix(0, 0), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
