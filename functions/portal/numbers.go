package portal

import (
	"context"
	"fmt"
	"strings"

	"github.com/tollbook/tollbook/shared/book"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

type number struct {
	Number string  `json:"number,omitempty" readOnly:"true" doc:"digits, with the country's code and without + or 00; of a range the first"`
	Last   string  `json:"last,omitempty" readOnly:"true" doc:"of a range"`
	Owners []owner `json:"owners" minItems:"1" maxItems:"1000" doc:"whose it is, from an instant to the next, ascending"`
}

type owner struct {
	Account string `json:"account,omitempty" doc:"none: nobody's"`
	From    string `json:"from,omitempty" example:"2026-11-01T00:00:00Z" doc:"instant; none, of the first only: since ever"`
}

func showNumber(v book.Number) number {
	return number{Number: v.Number, Last: v.Last, Owners: showOwners(v.Owners)}
}

func showOwners(owners []book.Owner) []owner {
	out := []owner{}
	for _, o := range owners {
		out = append(out, owner{Account: o.Account, From: showInstant(o.From)})
	}
	return out
}

// readOwners reads what showOwners shows.
func readOwners(bad *inputs, field string, owners []owner) []book.Owner {
	var out []book.Owner
	for i, o := range owners {
		out = append(out, book.Owner{Account: o.Account, From: readInstant(bad, fmt.Sprintf("%s[%d].from", field, i), o.From)})
	}
	return out
}

// ByNumber names a number or a range.
type ByNumber struct {
	Number string `path:"number" maxLength:"41" example:"442079460000" doc:"of a range: first-last"`
}

func (n ByNumber) book() book.Number {
	first, last, _ := strings.Cut(n.Number, "-")
	return book.Number{Number: first, Last: last}
}

type numberList struct {
	ID   string `json:"id"`
	Rows int64  `json:"rows"`
}

func (p *portal) addNumbers() {
	const tag = "accounts"
	add(p, operation{id: "list-numbers", method: "GET", path: "/numbers", tag: tag, summary: "Numbers and ranges that tell who pays, but for those of lists"},
		func(ctx context.Context, in *Paging) (*pageOutput[number], error) {
			return list(ctx, p, *in, documents.Query{Name: "numbers_all"}, showNumber)
		})
	add(p, operation{id: "get-number", method: "GET", path: "/numbers/{number}", tag: tag, summary: "One number or range, and whose it is"},
		func(ctx context.Context, in *ByNumber) (*oneOutput[number], error) {
			v, version, err := read[book.Number](ctx, p, ledger.NumberPath(in.book()), "number", in.Number)
			return oneOf(version, showNumber(v)), err
		})
	type putNumber struct {
		ByNumber
		Expects
		Body number
	}
	add(p, operation{id: "put-number", method: "PUT", path: "/numbers/{number}", tag: tag, also: created,
		summary: "Create or replace a number or range; files that are rated already follow when they are redone"},
		func(ctx context.Context, in *putNumber) (*oneOutput[number], error) {
			var bad inputs
			v := in.book()
			bad.same("body.number", in.Body.Number, v.Number)
			bad.same("body.last", in.Body.Last, v.Last)
			v.Owners = readOwners(&bad, "body.owners", in.Body.Owners)
			if err := bad.err(); err != nil {
				return nil, err
			}
			return put(in.Expects, showNumber(v), func(m catalog.Match) (documents.Version, error) { return p.Catalog.PutNumber(ctx, v, m) })
		})
	add(p, operation{id: "list-number-lists", method: "GET", path: "/number-lists", tag: tag, summary: "Lists of numbers, which are imported"},
		func(ctx context.Context, in *Paging) (*pageOutput[numberList], error) {
			return list(ctx, p, *in, documents.Query{Name: "number_lists_all"}, func(l ledger.NumberList) numberList { return numberList{l.ID, l.Rows} })
		})
}
