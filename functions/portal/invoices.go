package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollbook/tollbook/shared/billing"
	"github.com/tollbook/tollbook/shared/documents"
	"github.com/tollbook/tollbook/shared/ledger"
)

// invoice is what a list says of one.
type invoice struct {
	Number   string `json:"number" example:"2026-11-0001" doc:"with an S before it: a statement of what a supplier cost, which nobody is sent"`
	Account  string `json:"account"`
	Period   string `json:"period"`
	Currency string `json:"currency"`
	Exact    string `json:"exact_total" doc:"before rounding"`
	Total    string `json:"total" doc:"to pay; of a statement: the cost"`
}

func showInvoice(h ledger.InvoiceHead) invoice {
	return invoice{
		Number: h.Number, Account: h.Account, Period: h.Period.String(), Currency: h.Currency, Exact: h.Exact.String(), Total: h.Total.String(),
	}
}

type invoiceListInput struct {
	Paging
	Period string `query:"period" maxLength:"512" example:"monthly:2026-11" doc:"only invoices of this period; none: all"`
}

type invoiceInput struct {
	Number string `path:"number" maxLength:"64" example:"2026-11-0001"`
}

func (p *portal) addInvoices() {
	const tag = "invoices"
	add(p, operation{id: "list-invoices", method: "GET", path: "/invoices", tag: tag, summary: "Issued invoices, and statements of what suppliers cost, by number"},
		func(ctx context.Context, in *invoiceListInput) (*pageOutput[invoice], error) {
			q := documents.Query{Name: "invoices_all"}
			if in.Period != "" {
				key, err := ledger.ParseKey(in.Period)
				if err != nil {
					return nil, invalid.problem("period is not one").with("query.period", in.Period, "want cycle:YYYY-MM")
				}
				q = documents.Query{Name: "invoices_by_period", Equal: map[string]any{"period": key.String()}}
			}
			return list(ctx, p, in.Paging, q, showInvoice)
		})
	for _, f := range []struct {
		id, path, summary, content string
		name                       func(billing.Files) string
		download                   bool
	}{
		{"get-invoice", "", "One invoice, byte for byte as it was issued", "application/json", func(f billing.Files) string { return f.JSON }, false},
		{"get-invoice-page", "/page", "One invoice as a page to print", "text/html; charset=utf-8", func(f billing.Files) string { return f.HTML }, false},
		{"get-invoice-usage", "/usage", "The calls of one invoice as CSV", "text/csv; charset=utf-8", func(f billing.Files) string { return f.Usage }, true},
	} {
		add(p, operation{id: f.id, method: "GET", path: "/invoices/{number}" + f.path, tag: tag, summary: f.summary, content: f.content},
			func(ctx context.Context, in *invoiceInput) (*fileOutput, error) {
				return p.invoiceFile(ctx, f.id, in.Number, f.content, f.name, f.download)
			})
	}
}

// pagePolicy lets a page show itself and nothing else.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (p *portal) invoiceFile(ctx context.Context, operation, number, content string, name func(billing.Files) string, download bool) (*fileOutput, error) {
	head, v, err := read[ledger.InvoiceHead](ctx, p, pathOf("invoices", number), "invoice", number)
	if err != nil {
		return nil, err
	}
	object := name(billing.FileNames(head.Number))
	r, err := openObject(ctx, p.Buckets.Bills, object)
	if err != nil {
		return nil, err
	}
	return &fileOutput{func(out huma.Context) {
		out.SetHeader("Content-Type", content)
		out.SetHeader("Content-Security-Policy", pagePolicy)
		out.SetHeader("ETag", etag(v)) // nothing issued changes
		if download {
			out.SetHeader("Content-Disposition", attachment(object))
		}
		out.SetStatus(http.StatusOK)
		_, err := io.Copy(out.BodyWriter(), r)
		if err := errors.Join(err, r.Close()); err != nil {
			_ = p.explain(ctx, operation, fmt.Errorf("sending %s: %w", object, err)) // logged: the answer has begun
			panic(http.ErrAbortHandler)
		}
	}}, nil
}
