package portal

import (
	"context"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/catalog"
)

// cardRates are the rates of a card that were looked for.
type cardRates struct {
	Card     string `json:"card"`
	Kind     string `json:"kind"`
	Currency string `json:"currency" doc:"of the prices"`
	Revision int    `json:"revision" doc:"that is live"`
	Rates    []rate `json:"rates" nullable:"false" doc:"one for each class, band and so on"`
}

type searchInput struct {
	Paging
	Number string    `query:"number" maxLength:"15" pattern:"^[0-9]*$" doc:"in E.164, without plus: the rates that it is charged by"`
	Prefix string    `query:"prefix" maxLength:"15" pattern:"^[0-9]*$" doc:"instead of a number: rates of just this prefix"`
	At     time.Time `query:"at" doc:"an instant; none: now"`
}

// cardUse is an account, or a number of it, that has a card.
type cardUse struct {
	Account   string `json:"account"`
	Number    string `json:"number,omitempty" doc:"of the account; none: all of them"`
	Direction string `json:"direction,omitempty"`
	Class     string `json:"class,omitempty" doc:"tariff class"`
	From      string `json:"from" example:"2026-11"`
}

type cardFallback struct {
	Class     string `json:"class,omitempty"`
	Direction string `json:"direction,omitempty"`
	From      string `json:"from" example:"2026-11"`
}

type cardUses struct {
	Assignments int64              `json:"assignments" doc:"how many: of accounts and numbers"`
	First       []cardUse          `json:"first" nullable:"false" doc:"at most 100 of them"`
	Fallbacks   []cardFallback     `json:"fallbacks" nullable:"false"`
	Children    []catalog.Follower `json:"children" nullable:"false" doc:"cards that are built from it"`
}

func (p *portal) addSearch() {
	const tag = "cards"
	add(p, operation{id: "find-rates", method: "GET", path: "/rates", tag: tag, summary: "The cards whose live revision has a rate for a number or a prefix; a page may be short before the last"},
		func(ctx context.Context, in *searchInput) (*pageOutput[cardRates], error) {
			if (in.Number == "") == (in.Prefix == "") {
				return nil, invalid.problem("number and prefix are both there, or none is.").with("query.number", in.Number, "want a number, or a prefix")
			}
			s := catalog.Search{Number: in.Number, Prefix: in.Prefix, At: in.At, Limit: in.Limit}
			name := fmt.Sprintf("find-rates %q %q %s", in.Number, in.Prefix, in.At)
			var err error
			if s.After, err = openCursor(name, in.Cursor); err != nil {
				return nil, err
			}
			if err := p.instant(&s.At); err != nil {
				return nil, err
			}
			found, next, err := p.Catalog.FindRates(ctx, s)
			if err != nil {
				return nil, err
			}
			out := &pageOutput[cardRates]{page[cardRates]{Items: make([]cardRates, len(found)), Next: sealCursor(name, next)}}
			for i, f := range found {
				one := cardRates{Card: f.Card.ID, Kind: string(f.Card.Kind), Currency: f.Card.Currency, Revision: f.Revision}
				for _, r := range f.Rates {
					one.Rates = append(one.Rates, showRate(r))
				}
				out.Body.Items[i] = one
			}
			return out, nil
		})
	type usesOutput struct{ Body cardUses }
	add(p, operation{id: "list-uses", method: "GET", path: "/cards/{id}/uses", tag: tag, summary: "Where a card is used"},
		func(ctx context.Context, in *ByID) (*usesOutput, error) {
			if _, _, err := p.definition(ctx, in.ID); err != nil {
				return nil, err
			}
			u, err := p.Catalog.Uses(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := &usesOutput{cardUses{Assignments: u.Assignments, First: []cardUse{}, Fallbacks: []cardFallback{}, Children: []catalog.Follower{}}}
			for _, a := range u.First {
				out.Body.First = append(out.Body.First, cardUse{a.Account, a.Number, string(a.Direction), a.Class, a.From.String()})
			}
			for _, f := range u.Fallbacks {
				out.Body.Fallbacks = append(out.Body.Fallbacks, cardFallback{f.Class, string(f.Direction), f.From.String()})
			}
			out.Body.Children = append(out.Body.Children, u.Children...)
			return out, nil
		})
}
