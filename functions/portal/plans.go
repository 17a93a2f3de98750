package portal

import (
	"context"

	"github.com/tollbook/tollbook/shared/bundle"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/money"
	"github.com/tollbook/tollbook/shared/period"
)

type plan struct {
	ID      string `json:"id,omitempty" readOnly:"true"`
	Name    string `json:"name,omitempty" doc:"at most 256 bytes"`
	Minutes uint64 `json:"minutes" doc:"of one grant, per month; 0: unlimited"`
	RoundBy uint32 `json:"round_by,omitempty" maximum:"86400" doc:"seconds of a drawing block; 0 or 1: by the second"`
}

func showPlan(v bundle.Plan) plan {
	return plan{ID: v.ID, Name: v.Name, Minutes: v.Minutes, RoundBy: v.RoundBy}
}

type feature struct {
	ID               string `json:"id,omitempty" readOnly:"true"`
	Account          string `json:"account,omitempty" readOnly:"true"`
	Plan             string `json:"plan,omitempty" doc:"whose minutes it grants; none: no minutes"`
	Name             string `json:"name,omitempty" doc:"on the invoice; at most 256 bytes"`
	Multiplier       uint64 `json:"multiplier,omitempty" doc:"of the minutes; 0: 1"`
	Count            uint64 `json:"count,omitempty" doc:"of the charge and of the minutes; 0: 1. Multiplier × count is at most 30,000,000"`
	Start            string `json:"start" example:"2026-11-01" doc:"first day"`
	End              string `json:"end,omitempty" example:"2026-11-30" doc:"last day, included; none: open"`
	Recurring        string `json:"recurring" example:"5.00" doc:"charge of a month, for each of count; negative: a credit"`
	Currency         string `json:"currency,omitempty" readOnly:"true" doc:"the account's"`
	ProrateAllowance bool   `json:"prorate_allowance,omitempty" doc:"a part of a month grants that part of the minutes"`
}

func showFeature(currency string) func(bundle.Feature) feature {
	return func(v bundle.Feature) feature {
		out := feature{
			ID: v.ID, Account: v.Account, Plan: v.Plan, Name: v.Name, Multiplier: v.Multiplier, Count: v.Count, Start: v.Start.String(),
			Recurring: v.Recurring.String(), Currency: currency, ProrateAllowance: v.ProrateAllowance,
		}
		if v.End != (period.Date{}) {
			out.End = v.End.String()
		}
		return out
	}
}

// ByFeature names a feature.
type ByFeature struct {
	ID      string `path:"id" maxLength:"256" doc:"account"`
	Feature string `path:"feature" maxLength:"256"`
}

func (p *portal) addPlans() {
	const tag = "bundles"
	add(p, operation{id: "list-plans", method: "GET", path: "/plans", tag: tag, summary: "Discount plans, by id"},
		func(ctx context.Context, in *Paging) (*pageOutput[plan], error) {
			return list(ctx, p, *in, documents.Query{Name: "plans_all"}, showPlan)
		})
	add(p, operation{id: "get-plan", method: "GET", path: "/plans/{id}", tag: tag, summary: "One discount plan"},
		func(ctx context.Context, in *ByID) (*oneOutput[plan], error) {
			v, version, err := read[bundle.Plan](ctx, p, pathOf("plans", in.ID), "plan", in.ID)
			return oneOf(version, showPlan(v)), err
		})
	type putPlan struct {
		ByID
		Expects
		Body plan
	}
	add(p, operation{id: "put-plan", method: "PUT", path: "/plans/{id}", tag: tag, summary: "Create or replace a discount plan", also: created},
		func(ctx context.Context, in *putPlan) (*oneOutput[plan], error) {
			var bad inputs
			bad.same("body.id", in.Body.ID, in.ID)
			if err := bad.err(); err != nil {
				return nil, err
			}
			v := bundle.Plan{ID: in.ID, Name: in.Body.Name, Minutes: in.Body.Minutes, RoundBy: in.Body.RoundBy}
			return put(in.Expects, showPlan(v), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutPlan(ctx, v, m) })
		})
	p.addFeatures(tag)
}

func (p *portal) addFeatures(tag string) {
	add(p, operation{id: "list-features", method: "GET", path: "/accounts/{id}/features", tag: tag, summary: "The subscriptions of an account, by id"},
		func(ctx context.Context, in *accountListInput) (*pageOutput[feature], error) {
			a, _, err := p.account(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return list(ctx, p, in.Paging, of(documents.Query{Name: "features_all"}, in.ID), showFeature(a.Currency))
		})
	add(p, operation{id: "get-feature", method: "GET", path: "/accounts/{id}/features/{feature}", tag: tag, summary: "One subscription"},
		func(ctx context.Context, in *ByFeature) (*oneOutput[feature], error) {
			a, _, err := p.account(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			v, version, err := read[bundle.Feature](ctx, p, pathOf("features", in.ID, in.Feature), "feature", in.Feature)
			return oneOf(version, showFeature(a.Currency)(v)), err
		})
	type putFeature struct {
		ByFeature
		Expects
		Body feature
	}
	add(p, operation{id: "put-feature", method: "PUT", path: "/accounts/{id}/features/{feature}", tag: tag, summary: "Create or replace a subscription", also: created},
		func(ctx context.Context, in *putFeature) (*oneOutput[feature], error) {
			a, _, err := p.account(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			v, err := in.Body.read(in.ByFeature, a.Currency)
			if err != nil {
				return nil, err
			}
			return put(in.Expects, showFeature(a.Currency)(v), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutFeature(ctx, v, m) })
		})
}

func (f feature) read(path ByFeature, currency string) (bundle.Feature, error) {
	var bad inputs
	bad.same("body.id", f.ID, path.Feature)
	bad.same("body.account", f.Account, path.ID)
	if f.Currency != "" && f.Currency != currency {
		bad.refuse("body.currency", f.Currency, "want "+currency+", as the account is, or none")
	}
	v := bundle.Feature{
		ID: path.Feature, Account: path.ID, Plan: f.Plan, Name: f.Name, Multiplier: f.Multiplier, Count: f.Count,
		Start:     parsed(&bad, "body.start", f.Start, "YYYY-MM-DD", period.ParseDate),
		Recurring: parsed(&bad, "body.recurring", f.Recurring, `a decimal number such as "5.00"`, money.Parse), ProrateAllowance: f.ProrateAllowance,
	}
	if f.End != "" {
		v.End = parsed(&bad, "body.end", f.End, "YYYY-MM-DD, or none", period.ParseDate)
	}
	return v, bad.err()
}
