package portal

import (
	"context"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/period"
)

type cycle struct {
	ID        string `json:"id,omitempty" readOnly:"true"`
	Zone      string `json:"zone" example:"Europe/London" doc:"IANA name; the months of the cycle are months there. It cannot change"`
	DraftDays int    `json:"draft_days,omitempty" minimum:"0" maximum:"27" doc:"how long after its end a month still takes usage, before it is invoiced"`
	Kind      string `json:"kind,omitempty" enum:"suppliers" doc:"none: of customers, who are invoiced; suppliers: what they cost us, in statements with numbers of their own. It cannot change"`
}

func showCycle(c book.Cycle) cycle {
	return cycle{ID: c.ID, Zone: c.Zone, DraftDays: c.DraftDays, Kind: string(c.Kind)}
}

type account struct {
	ID       string `json:"id,omitempty" readOnly:"true" doc:"as records name it"`
	Name     string `json:"name,omitempty" doc:"at most 256 bytes"`
	Cycle    string `json:"cycle" doc:"billing cycle; it cannot change"`
	Currency string `json:"currency" example:"GBP" doc:"ISO 4217 code of its invoices; it cannot change"`
	Parent   string `json:"parent,omitempty" maxLength:"256" doc:"the reseller above it, who is charged, too, by the reseller's own cards, where the feed charges resellers; none: nobody is above it"`
}

func showAccount(a book.Account) account {
	return account{ID: a.ID, Name: a.Name, Cycle: a.Cycle, Currency: a.Currency, Parent: a.Parent}
}

type assignment struct {
	Account   string `json:"account,omitempty" readOnly:"true"`
	From      string `json:"from,omitempty" readOnly:"true" doc:"month: YYYY-MM"`
	Number    string `json:"number,omitempty" readOnly:"true" doc:"of the account, whose usage it is for; none: all of them"`
	Direction string `json:"direction,omitempty" readOnly:"true" doc:"of the usage that it is for; none: both"`
	Class     string `json:"class,omitempty" readOnly:"true" doc:"tariff class of the usage that it is for; none: any"`
	Card      string `json:"card" doc:"customer card in the account's currency, from the first of the month until the next assignment for the same"`
}

func showAssignment(a book.Assignment) assignment {
	return assignment{Account: a.Account, From: a.From.String(), Number: a.Number, Direction: string(a.Direction), Class: a.Class, Card: a.Card}
}

// ByID names one resource by its id.
type ByID struct {
	ID string `path:"id" maxLength:"256"`
}

type accountListInput struct {
	ID string `path:"id" maxLength:"256" doc:"account"`
	Paging
}

// ByMonth names an assignment.
type ByMonth struct {
	ID    string `path:"id" maxLength:"256" doc:"account"`
	Month string `path:"month" maxLength:"20" example:"2026-11"`
	// What it is for, if not for all usage.
	Number    string `query:"number" maxLength:"32" doc:"of the account, of the assignment for its usage"`
	Direction string `query:"direction" enum:"outbound,inbound" doc:"of the assignment for usage that way"`
	Class     string `query:"class" maxLength:"32" doc:"tariff class, of the assignment for usage of it"`
}

// book returns what is named.
func (m ByMonth) book(bad *inputs) book.Assignment {
	return book.Assignment{
		Account: m.ID, Number: m.Number, Direction: book.Direction(m.Direction), Class: m.Class,
		From: parsed(bad, "path.month", m.Month, "YYYY-MM", period.ParseMonth),
	}
}

func (p *portal) addAccounts() {
	const tag = "accounts"
	add(p, operation{id: "list-cycles", method: "GET", path: "/cycles", tag: tag, summary: "Billing cycles, by id"},
		func(ctx context.Context, in *Paging) (*pageOutput[cycle], error) {
			return list(ctx, p, *in, documents.Query{Name: "cycles_all"}, showCycle)
		})
	add(p, operation{id: "get-cycle", method: "GET", path: "/cycles/{id}", tag: tag, summary: "One billing cycle"},
		func(ctx context.Context, in *ByID) (*oneOutput[cycle], error) {
			c, v, err := read[book.Cycle](ctx, p, pathOf("cycles", in.ID), "cycle", in.ID)
			return oneOf(v, showCycle(c)), err
		})
	type putCycle struct {
		ByID
		Expects
		Body cycle
	}
	add(p, operation{id: "put-cycle", method: "PUT", path: "/cycles/{id}", tag: tag, summary: "Create or replace a billing cycle", also: created},
		func(ctx context.Context, in *putCycle) (*oneOutput[cycle], error) {
			var bad inputs
			bad.same("body.id", in.Body.ID, in.ID)
			if err := bad.err(); err != nil {
				return nil, err
			}
			c := book.Cycle{ID: in.ID, Zone: in.Body.Zone, DraftDays: in.Body.DraftDays, Kind: book.CycleKind(in.Body.Kind)}
			return put(in.Expects, showCycle(c), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutCycle(ctx, c, m) })
		})
	add(p, operation{id: "list-accounts", method: "GET", path: "/accounts", tag: tag, summary: "Accounts, by id"},
		func(ctx context.Context, in *Paging) (*pageOutput[account], error) {
			return list(ctx, p, *in, documents.Query{Name: "accounts_all"}, showAccount)
		})
	add(p, operation{id: "get-account", method: "GET", path: "/accounts/{id}", tag: tag, summary: "One account"},
		func(ctx context.Context, in *ByID) (*oneOutput[account], error) {
			a, v, err := p.account(ctx, in.ID)
			return oneOf(v, showAccount(a)), err
		})
	type putAccount struct {
		ByID
		Expects
		Body account
	}
	add(p, operation{id: "put-account", method: "PUT", path: "/accounts/{id}", tag: tag, summary: "Create or replace an account", also: created},
		func(ctx context.Context, in *putAccount) (*oneOutput[account], error) {
			var bad inputs
			bad.same("body.id", in.Body.ID, in.ID)
			if err := bad.err(); err != nil {
				return nil, err
			}
			a := book.Account{ID: in.ID, Name: in.Body.Name, Cycle: in.Body.Cycle, Currency: in.Body.Currency, Parent: in.Body.Parent}
			return put(in.Expects, showAccount(a), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutAccount(ctx, a, m) })
		})
	p.addAssignments(tag)
}

func (p *portal) account(ctx context.Context, id string) (book.Account, documents.Version, error) {
	return read[book.Account](ctx, p, pathOf("accounts", id), "account", id)
}

func (p *portal) addAssignments(tag string) {
	add(p, operation{id: "list-assignments", method: "GET", path: "/accounts/{id}/assignments", tag: tag, summary: "The cards that an account has had, by month"},
		func(ctx context.Context, in *accountListInput) (*pageOutput[assignment], error) {
			if _, _, err := p.account(ctx, in.ID); err != nil {
				return nil, err
			}
			return list(ctx, p, in.Paging, of(documents.Query{Name: "assignments_all"}, in.ID), showAssignment)
		})
	add(p, operation{id: "get-assignment", method: "GET", path: "/accounts/{id}/assignments/{month}", tag: tag, summary: "The card that an account has from a month on"},
		func(ctx context.Context, in *ByMonth) (*oneOutput[assignment], error) {
			var bad inputs
			named := in.book(&bad)
			if bad.err() != nil {
				return nil, missing("assignment", in.Month)
			}
			a, v, err := read[book.Assignment](ctx, p, ledger.AssignmentPath(named), "assignment", in.Month)
			return oneOf(v, showAssignment(a)), err
		})
	type putAssignment struct {
		ByMonth
		Expects
		Body assignment
	}
	add(p, operation{id: "put-assignment", method: "PUT", path: "/accounts/{id}/assignments/{month}", tag: tag, also: created,
		summary: "Give an account a card from a month on, for all its usage or, by the query, for some of it"},
		func(ctx context.Context, in *putAssignment) (*oneOutput[assignment], error) {
			var bad inputs
			bad.same("body.account", in.Body.Account, in.ID)
			bad.same("body.from", in.Body.From, in.Month)
			bad.same("body.number", in.Body.Number, in.Number)
			bad.same("body.direction", in.Body.Direction, in.Direction)
			bad.same("body.class", in.Body.Class, in.Class)
			a := in.book(&bad)
			a.Card = in.Body.Card
			if err := bad.err(); err != nil {
				return nil, err
			}
			return put(in.Expects, showAssignment(a), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutAssignment(ctx, a, m) })
		})
}
