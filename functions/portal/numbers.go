package portal

import (
	"context"
	"fmt"
	"time"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
)

type number struct {
	Number string  `json:"number,omitempty" readOnly:"true" doc:"digits, with the country's code and without + or 00"`
	Owners []owner `json:"owners" minItems:"1" maxItems:"1000" doc:"whose it is, from an instant to the next, ascending"`
}

type owner struct {
	Account string `json:"account,omitempty" doc:"none: nobody's"`
	From    string `json:"from,omitempty" example:"2026-11-01T00:00:00Z" doc:"instant; none, of the first only: since ever"`
}

func showNumber(v book.Number) number {
	out := number{Number: v.Number, Owners: []owner{}}
	for _, o := range v.Owners {
		shown := owner{Account: o.Account}
		if !o.From.IsZero() {
			shown.From = o.From.UTC().Format(time.RFC3339Nano)
		}
		out.Owners = append(out.Owners, shown)
	}
	return out
}

// ByNumber names a number.
type ByNumber struct {
	Number string `path:"number" maxLength:"32" example:"442079460000"`
}

func (p *portal) addNumbers() {
	const tag = "accounts"
	add(p, operation{id: "list-numbers", method: "GET", path: "/numbers", tag: tag, summary: "Numbers whose owners pay where a record names no account"},
		func(ctx context.Context, in *Paging) (*pageOutput[number], error) {
			return list(ctx, p, *in, documents.Query{Name: "numbers_all"}, showNumber)
		})
	add(p, operation{id: "get-number", method: "GET", path: "/numbers/{number}", tag: tag, summary: "One number, and whose it is"},
		func(ctx context.Context, in *ByNumber) (*oneOutput[number], error) {
			v, version, err := read[book.Number](ctx, p, pathOf("numbers", in.Number), "number", in.Number)
			return oneOf(version, showNumber(v)), err
		})
	type putNumber struct {
		ByNumber
		Expects
		Body number
	}
	add(p, operation{id: "put-number", method: "PUT", path: "/numbers/{number}", tag: tag, also: created,
		summary: "Create or replace a number; files that are rated already follow when they are redone"},
		func(ctx context.Context, in *putNumber) (*oneOutput[number], error) {
			var bad inputs
			bad.same("body.number", in.Body.Number, in.Number)
			v := book.Number{Number: in.Number}
			for i, o := range in.Body.Owners {
				var from time.Time
				if o.From != "" {
					from = parsed(&bad, fmt.Sprintf("body.owners[%d].from", i), o.From, "an instant such as 2026-11-01T00:00:00Z, or none",
						func(s string) (time.Time, error) { return time.Parse(time.RFC3339Nano, s) })
				}
				v.Owners = append(v.Owners, book.Owner{Account: o.Account, From: from})
			}
			if err := bad.err(); err != nil {
				return nil, err
			}
			return put(in.Expects, showNumber(v), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutNumber(ctx, v, m) })
		})
}
