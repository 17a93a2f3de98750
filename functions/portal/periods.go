package portal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/jobs"
	"github.com/tollbook/tollbook/shared/ledger"
)

// month is a billing cycle's month.
type month struct {
	ID       string   `json:"id" example:"monthly:2026-11"`
	Cycle    string   `json:"cycle"`
	Month    string   `json:"month"`
	Zone     string   `json:"zone"`
	State    string   `json:"state" enum:"open,draft,closing,closed,issued" doc:"open and draft take usage"`
	Invoices int64    `json:"invoices,omitempty" doc:"how many were issued"`
	Waived   []string `json:"waived,omitempty" doc:"unfinished batches that do not hold its close"`
}

func showPeriod(v ledger.Period) month {
	return month{
		ID: v.Key.String(), Cycle: v.Cycle, Month: v.Month.String(), Zone: v.Zone, State: string(v.State), Invoices: v.Invoices, Waived: v.Waived,
	}
}

// difference is what a line of an account's month gained since it was issued.
type difference struct {
	Account     string `json:"account"`
	Line        string `json:"line" example:"usage"`
	Description string `json:"description"`
	Exact       string `json:"exact" doc:"not rounded"`
	Currency    string `json:"currency"`
}

func showDifference(d ledger.Difference) difference {
	return difference{Account: d.Account, Line: d.Key, Description: d.Description, Exact: d.Exact.String(), Currency: d.Currency}
}

type periodListInput struct {
	Paging
	Cycle string `query:"cycle" maxLength:"128" doc:"only months of this cycle, by month; none: all, by cycle and month"`
}

type periodPageInput struct {
	ID string `path:"id" maxLength:"512" example:"monthly:2026-11"`
	Paging
}

type waiveInput struct {
	ByID
	Body struct {
		Batch string `json:"batch" minLength:"1" maxLength:"128"`
	}
}

func (p *portal) addPeriods() {
	const tag = "periods"
	add(p, operation{id: "list-periods", method: "GET", path: "/periods", tag: tag, summary: "Months of the billing cycles"},
		func(ctx context.Context, in *periodListInput) (*pageOutput[month], error) {
			q := documents.Query{Name: "periods_all"}
			if in.Cycle != "" {
				q = documents.Query{Name: "periods_by_cycle", Equal: map[string]any{"cycle": in.Cycle}}
			}
			return list(ctx, p, in.Paging, q, showPeriod)
		})
	add(p, operation{id: "get-period", method: "GET", path: "/periods/{id}", tag: tag, summary: "One month of a billing cycle"}, p.getPeriod)
	add(p, operation{id: "list-pending", method: "GET", path: "/periods/{id}/pending", tag: tag, summary: "What the month would bill now beyond what was issued for it, by account and line"}, p.pending)
	add(p, operation{id: "list-period-accounts", method: "GET", path: "/periods/{id}/accounts", tag: tag,
		summary: "What every account owes for the month: as issued, or as the newest fold has it"}, p.periodAccounts)
	for _, o := range []struct {
		id, path, summary string
		kind              jobs.Kind
	}{
		{"close-period", "close", "Close the month and issue its invoices, whatever the day", jobs.Close},
		{"fold-period", "fold", "Work out what the month would bill now", jobs.Fold},
	} {
		add(p, operation{id: o.id, method: "POST", path: "/periods/{id}/" + o.path, tag: tag, summary: o.summary, status: 202},
			func(ctx context.Context, in *jobInput) (*jobOutput, error) {
				v, _, err := p.period(ctx, in.ID)
				if err != nil {
					return nil, err
				}
				// With a key it may be the job that has changed the state since.
				if o.kind == jobs.Close && v.State == ledger.Issued && in.IdempotencyKey == "" {
					return nil, wrongState.problem("The period is issued already.")
				}
				return p.ask(ctx, o.kind, v.Key.String(), in.IdempotencyKey)
			})
	}
	add(p, operation{id: "waive-batch", method: "POST", path: "/periods/{id}/waive", tag: tag, summary: "Let the month be closed though a batch is not finished: what it brings is late", keyed: true},
		func(ctx context.Context, in *waiveInput) (*oneOutput[month], error) {
			v, _, err := p.period(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if _, _, err := p.batch(ctx, in.Body.Batch); err != nil {
				var none *Problem
				if errors.As(err, &none) && none.Code == notFound.Code {
					return nil, refused.problem("There is no such batch.").with("body.batch", in.Body.Batch, "want the id of a batch")
				}
				return nil, err
			}
			if err := p.Ledger.Waive(ctx, v.Key, in.Body.Batch); err != nil {
				return nil, p.periodState(ctx, in.ID, err)
			}
			return p.getPeriod(ctx, &in.ByID)
		})
	add(p, operation{id: "reopen-period", method: "POST", path: "/periods/{id}/reopen", tag: tag, summary: "Let a closed month take usage again; possible until its invoices have numbers", keyed: true},
		func(ctx context.Context, in *ByID) (*oneOutput[month], error) {
			v, _, err := p.period(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if err := p.Ledger.Reopen(ctx, v.Key); err != nil {
				return nil, p.periodState(ctx, in.ID, err)
			}
			return p.getPeriod(ctx, in)
		})
}

func (p *portal) getPeriod(ctx context.Context, in *ByID) (*oneOutput[month], error) {
	v, version, err := p.period(ctx, in.ID)
	return oneOf(version, showPeriod(v)), err
}

func (p *portal) period(ctx context.Context, id string) (ledger.Period, documents.Version, error) {
	key, err := ledger.ParseKey(id)
	if err != nil {
		return ledger.Period{}, "", missing("period", id)
	}
	return read[ledger.Period](ctx, p, documents.Path{Collection: "periods", ID: key.String()}, "period", id)
}

// periodState says which state a period is in when that is what stood in the way.
func (p *portal) periodState(ctx context.Context, id string, err error) error {
	if !errors.Is(err, ledger.ErrState) {
		return err
	}
	v, _, readErr := p.period(ctx, id)
	if readErr != nil {
		return readErr
	}
	return wrongState.problem("The period is %s.", v.State)
}

func (p *portal) pending(ctx context.Context, in *periodPageInput) (*pageOutput[difference], error) {
	name := "pending " + in.ID
	place, err := openCursor(name, in.Cursor)
	if err != nil {
		return nil, err
	}
	v, _, err := p.period(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	found, err := p.Ledger.Pending(ctx, v.Key)
	if err != nil {
		return nil, fmt.Errorf("working out what is pending: %w", err)
	}
	out := &pageOutput[difference]{page[difference]{Items: []difference{}}}
	last := ""
	for _, d := range found { // sorted by account and line
		at := placeOf(d.Account, d.Key)
		if place != "" && at <= place {
			continue
		}
		if len(out.Body.Items) == in.Limit {
			out.Body.Next = sealCursor(name, last)
			break
		}
		last = at
		out.Body.Items = append(out.Body.Items, showDifference(d))
	}
	return out, nil
}

// placeOf sorts as its parts do: neither holds a control character.
func placeOf(parts ...string) string { return strings.Join(parts, "\x00") }
