package portal

import (
	"context"
	"slices"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
	"github.com/tollbook/tollbook/shared/period"
)

type callType struct {
	ID        string   `json:"id,omitempty" readOnly:"true"`
	Name      string   `json:"name,omitempty" doc:"for the customer; at most 256 bytes"`
	Prefixes  []string `json:"prefixes" minItems:"1" maxItems:"1000" nullable:"false" example:"[\"447\"]" doc:"of the called number: digits, the longest goes first; an empty one is of every number"`
	Direction string   `json:"direction,omitempty" enum:"outbound,inbound" doc:"of the usage it is for; none: both"`
	Band      string   `json:"band,omitempty" doc:"the carrier's own, which records have as their tag; none: any"`
	Class     string   `json:"class" example:"mobile" doc:"tariff class, by which assignments and fallbacks choose a card"`
	Group     string   `json:"group,omitempty" doc:"under which bills show it"`
	RateAs    string   `json:"rate_as,omitempty" doc:"what to look up on the card in place of the called number: digits (fewer than 7: a row of just these), or a service"`
	Itemise   string   `json:"itemise,omitempty" enum:"yes,masked,no" doc:"how bills list it; none: yes"`
	Weight    uint32   `json:"weight,omitempty" maximum:"10000" doc:"percent of its length that it draws from a bundle; none: 100"`
	From      string   `json:"from,omitempty" example:"2026-11-01T00:00:00Z" doc:"instant; none: since ever. Of several the latest holds"`
	To        string   `json:"to,omitempty" example:"2027-11-01T00:00:00Z" doc:"instant at which it ends; none: open"`
}

func showInstant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// readInstant reads what showInstant shows.
func readInstant(bad *inputs, location, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	return parsed(bad, location, s, "an instant such as 2026-11-01T00:00:00Z, or none", func(s string) (time.Time, error) { return time.Parse(time.RFC3339Nano, s) })
}

func showCallType(v book.CallType) callType {
	return callType{
		ID: v.ID, Name: v.Name, Prefixes: v.Prefixes, Direction: string(v.Direction), Band: v.Band, Class: v.Class, Group: v.Group, RateAs: v.RateAs,
		Itemise: string(v.Itemise), Weight: v.Weight, From: showInstant(v.From), To: showInstant(v.To),
	}
}

func (t callType) book(bad *inputs, id string) book.CallType {
	return book.CallType{
		ID: id, Name: t.Name, Prefixes: slices.Sorted(slices.Values(t.Prefixes)), Direction: book.Direction(t.Direction), Band: t.Band, Class: t.Class, Group: t.Group, RateAs: t.RateAs,
		Itemise: book.Itemise(t.Itemise), Weight: t.Weight, From: readInstant(bad, "body.from", t.From), To: readInstant(bad, "body.to", t.To),
	}
}

type fallback struct {
	Currency  string `json:"currency,omitempty" readOnly:"true" doc:"of the card, and of the accounts it is for"`
	From      string `json:"from,omitempty" readOnly:"true" doc:"month: YYYY-MM"`
	Class     string `json:"class,omitempty" readOnly:"true" doc:"tariff class of the usage that it is for; none: any"`
	Direction string `json:"direction,omitempty" readOnly:"true" doc:"of the usage that it is for; none: both"`
	Card      string `json:"card" doc:"customer card that prices what those assigned have no rate for, from the first of the month; one with a markup charges that on its provider's prices"`
}

func showFallback(v book.Fallback) fallback {
	return fallback{Currency: v.Currency, From: v.From.String(), Class: v.Class, Direction: string(v.Direction), Card: v.Card}
}

// ByFallback names a fallback.
type ByFallback struct {
	Currency  string `path:"currency" maxLength:"20" example:"GBP"`
	Month     string `path:"month" maxLength:"20" example:"2026-11"`
	Direction string `query:"direction" enum:"outbound,inbound" doc:"of the fallback for usage that way"`
	Class     string `query:"class" maxLength:"32" doc:"tariff class, of the fallback for usage of it"`
}

func (f ByFallback) book(bad *inputs) book.Fallback {
	return book.Fallback{
		Currency: f.Currency, Direction: book.Direction(f.Direction), Class: f.Class, From: parsed(bad, "path.month", f.Month, "YYYY-MM", period.ParseMonth),
	}
}

func (p *portal) addCallTypes() {
	const tag = "call types"
	add(p, operation{id: "list-call-types", method: "GET", path: "/call-types", tag: tag, summary: "What usage means to customers, by id"},
		func(ctx context.Context, in *Paging) (*pageOutput[callType], error) {
			return list(ctx, p, *in, documents.Query{Name: "call_types_all"}, showCallType)
		})
	add(p, operation{id: "get-call-type", method: "GET", path: "/call-types/{id}", tag: tag, summary: "One call type"},
		func(ctx context.Context, in *ByID) (*oneOutput[callType], error) {
			v, version, err := read[book.CallType](ctx, p, pathOf("call_types", in.ID), "call type", in.ID)
			return oneOf(version, showCallType(v)), err
		})
	type putCallType struct {
		ByID
		Expects
		Body callType
	}
	add(p, operation{id: "put-call-type", method: "PUT", path: "/call-types/{id}", tag: tag, also: created,
		summary: "Create or replace a call type; no two may be alike in a prefix, direction, band and from"},
		func(ctx context.Context, in *putCallType) (*oneOutput[callType], error) {
			var bad inputs
			bad.same("body.id", in.Body.ID, in.ID)
			v := in.Body.book(&bad, in.ID)
			if err := bad.err(); err != nil {
				return nil, err
			}
			return put(in.Expects, showCallType(v), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutCallType(ctx, v, m) })
		})
	p.addFallbacks(tag)
}

func (p *portal) addFallbacks(tag string) {
	add(p, operation{id: "list-fallbacks", method: "GET", path: "/fallbacks", tag: tag, summary: "Cards for what those assigned have no rate for, by currency"},
		func(ctx context.Context, in *Paging) (*pageOutput[fallback], error) {
			return list(ctx, p, *in, documents.Query{Name: "fallbacks_all"}, showFallback)
		})
	add(p, operation{id: "get-fallback", method: "GET", path: "/fallbacks/{currency}/{month}", tag: tag, summary: "One fallback"},
		func(ctx context.Context, in *ByFallback) (*oneOutput[fallback], error) {
			var bad inputs
			named := in.book(&bad)
			if bad.err() != nil {
				return nil, missing("fallback", in.Month)
			}
			v, version, err := read[book.Fallback](ctx, p, ledger.FallbackPath(named), "fallback", in.Month)
			return oneOf(version, showFallback(v)), err
		})
	type putFallback struct {
		ByFallback
		Expects
		Body fallback
	}
	add(p, operation{id: "put-fallback", method: "PUT", path: "/fallbacks/{currency}/{month}", tag: tag, also: created,
		summary: "Name the card for what those assigned have no rate for, from a month on"},
		func(ctx context.Context, in *putFallback) (*oneOutput[fallback], error) {
			var bad inputs
			bad.same("body.currency", in.Body.Currency, in.Currency)
			bad.same("body.from", in.Body.From, in.Month)
			bad.same("body.direction", in.Body.Direction, in.Direction)
			bad.same("body.class", in.Body.Class, in.Class)
			v := in.book(&bad)
			v.Card = in.Body.Card
			if err := bad.err(); err != nil {
				return nil, err
			}
			return put(in.Expects, showFallback(v), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutFallback(ctx, v, m) })
		})
}
